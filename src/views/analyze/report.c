/*
 * report.c - the answer on one page: what was waited for, who held it, what was idle, and what could not be seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "views/analyze/deadlock.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/sentence.h"
#include "views/analyze/text.h"

static const struct ct_process_rec *first_process(struct ct_view *v)
{
	uint32_t i;

	for (i = 0; i < v->model->tables.process_count; i++)
		if (v->model->tables.processes[i].state >= CT_PROC_LIVE)
			return &v->model->tables.processes[i];
	return NULL;
}

static void print_ending(struct ct_view *v, const struct ct_process_rec *p)
{
	uint32_t status = p->exit_status;

	if (ct_trace_info(v->trace)->live)
		fprintf(v->out, ", still running");
	else if (status == CT_EXIT_UNKNOWN)
		fprintf(v->out, ", end not seen");
	else if (!p->end_ticks)
		fprintf(v->out, ", end not seen");
	else if (status & 0x7f)
		fprintf(v->out, ", killed by signal %u", status & 0x7f);
	else
		fprintf(v->out, ", exit status %u", status >> 8 & 0xff);
}

/* Wraps a sentence at the width. */
static void print_wrapped(struct ct_view *v, char *s)
{
	unsigned column = 0;
	char *word, *rest;

	fputs(ct_bold(v), v->out);
	for (word = strtok_r(s, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		unsigned n = (unsigned)strlen(word);

		if (column && column + 1 + n > v->o.width) {
			fputc('\n', v->out);
			column = 0;
		}
		column += (unsigned)fprintf(v->out, "%s%s", column ? " " : "", word);
	}
	fprintf(v->out, "%s\n\n", ct_plain(v));
}

static void print_program(struct ct_view *v, const struct ct_sums *sums)
{
	const struct ct_process_rec *p = first_process(v);
	char n[4][CT_TEXT_NUMBER], line[CT_NAME_MAX], when[64];
	const char *command = p ? ct_trace_string(v->trace, p->cmdline) : NULL;
	uint64_t real = ct_trace_realtime_ns(v->trace, v->start_ns) / 1000000000u;
	time_t seconds = (time_t)real;
	struct tm tm;

	if (p) {
		fprintf(v->out, "program   ");
		if (!command)
			command = ct_trace_string(v->trace, p->exe);
		ct_text_cut(v->out, ct_text_safe(line, sizeof(line), command ? command : "unknown"),
			    v->o.width > 40 ? v->o.width - 10 : 30);
		fprintf(v->out, "\n          pid %u", p->pid);
		print_ending(v, p);
		fputc('\n', v->out);
	}
	when[0] = 0;
	if (ct_trace_header(v->trace)->start_real_ns && gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), ", from %Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(v->out, "traced    %s%s\n", ct_text_ns(n[0], ct_view_when(v, v->model->end)), when);
	fprintf(v->out, "threads   %s in %s process%s\n", ct_text_count(n[0], sums->threads),
		ct_text_count(n[1], sums->processes), sums->processes == 1 ? "" : "es");
	fprintf(v->out, "waits     %s recorded, %s short ones summed",
		ct_text_count(n[2], v->model->waits), ct_text_count(n[3], v->model->short_waits));
	if (sums->abandoned)
		fprintf(v->out, ", %s abandoned", ct_text_count(n[2], sums->abandoned));
	fprintf(v->out, "\n\n");
}

static void print_reasons(struct ct_view *v, const struct ct_sums *sums)
{
	char n[3][CT_TEXT_NUMBER];
	int why;

	fprintf(v->out, "%s%10s %9s %8s%s\n", ct_dim(v), "waits", "total", "share", ct_plain(v));
	for (why = 0; why < CT_WHYS; why++) {
		if (!sums->waits[why])
			continue;
		fprintf(v->out, "%10s %9s %8s  %s\n", ct_text_count(n[0], sums->waits[why]),
			ct_text_ns(n[1], ct_view_ns(v, sums->total[why])),
			!(CT_WHY_BUSY >> why & 1)
				? "-"
				: ct_text_share(n[2], sums->total[why], sums->waited),
			ct_why_label((enum ct_why)why));
	}
	fputc('\n', v->out);
}

/* Rows whose every wait was abandoned, which are told in a line of their own. */
static void drop_abandoned(struct ct_rows *rows)
{
	while (rows->count && !rows->row[rows->count - 1].waits)
		rows->count--;
}

static int print_rows(struct ct_view *v, const char *title, uint32_t whys, unsigned top,
		      bool holders)
{
	struct ct_rows rows;
	char holder[CT_NAME_MAX], n[CT_TEXT_NUMBER];
	uint32_t i;
	int err = ct_rows_build(v, whys, CT_KINDS_ALL, &rows);

	if (err)
		return err;
	drop_abandoned(&rows);
	if (!rows.count) {
		ct_rows_free(&rows);
		return 0;
	}
	ct_line_head(v, title);
	for (i = 0; i < rows.count && i < top && !err; i++) {
		err = ct_line_row(v, &rows, i);
		if (!holders || rows.row[i].kind == CT_KIND_THREAD)
			continue;
		ct_line_holder(v, &rows, i, holder, sizeof(holder));
		if (!holder[0])
			continue;
		fprintf(v->out, "%49s%s%s%s ", "", ct_dim(v),
			CT_KINDS_LOCKS >> rows.row[i].kind & 1 ? "held by" : "woken by",
			ct_plain(v));
		ct_text_wrap(v->out, holder, 58, v->o.width);
	}
	if (i < rows.count) {
		uint64_t rest = 0, left = rows.count - i;

		for (; i < rows.count; i++)
			rest += rows.row[i].total;
		fprintf(v->out, "%10s %9s %26s  in %llu more\n", "",
			ct_text_ns(n, ct_view_ns(v, rest)), "", (unsigned long long)left);
	}
	fputc('\n', v->out);
	ct_rows_free(&rows);
	return err;
}

/* What holders of locks did takes another look at the trace, and is asked for where locks are what is told first. */
static int find_states(struct ct_view *v, const struct ct_sums *sums)
{
	return ct_sums_contended(sums) ? ct_view_states(v, NULL, NULL) : 0;
}

static int print_text(struct ct_view *v)
{
	struct ct_sums sums;
	struct ct_rows busy;
	char sentence[4 * CT_NAME_MAX];
	unsigned top = v->o.top;
	int err = ct_rows_build(v, CT_WHY_BUSY, CT_KINDS_ALL, &busy);

	if (err)
		return err;
	ct_sums_of(v, &sums);
	err = find_states(v, &sums);
	if (err) {
		ct_rows_free(&busy);
		return err;
	}
	ct_view_window(v);
	print_wrapped(v, ct_sentence(v, &sums, &busy, sentence, sizeof(sentence)));
	ct_rows_free(&busy);
	ct_deadlock_lines(v, "", true);
	print_program(v, &sums);
	print_reasons(v, &sums);
	err = print_rows(v, "contention", CT_WHY_BIT(CT_WHY_LOCK), top, true);
	err = err ? err : print_rows(v, "waiting for others", CT_WHY_BIT(CT_WHY_OTHERS), top, true);
	err = err ? err : print_rows(v, "input and output", CT_WHY_BIT(CT_WHY_IO), top, false);
	err = err ? err : print_rows(v, "short calls", CT_WHY_BIT(CT_WHY_CALLS), top, false);
	err = err ? err : print_rows(v, "sleep", CT_WHY_BIT(CT_WHY_SLEEP), top, false);
	err = err ? err
		  : print_rows(v, "idle (not waiting for anybody)", CT_WHY_BIT(CT_WHY_IDLE), top,
			       false);
	ct_view_blind(v, "");
	return err;
}

static int print_json(struct ct_view *v)
{
	const struct ct_process_rec *p = first_process(v);
	struct ct_sums sums;
	struct ct_rows busy, all;
	struct ct_json j;
	char sentence[4 * CT_NAME_MAX];
	uint32_t i;
	int why, err = ct_rows_build(v, CT_WHY_BUSY, CT_KINDS_ALL, &busy);

	if (err)
		return err;
	ct_sums_of(v, &sums);
	err = find_states(v, &sums);
	if (err) {
		ct_rows_free(&busy);
		return err;
	}
	ct_line_head_json(v, &j, "report");
	ct_json_text(&j, "answer", ct_sentence(v, &sums, &busy, sentence, sizeof(sentence)));
	ct_rows_free(&busy);
	ct_deadlock_json(v, &j);
	ct_json_text(&j, "program", p ? ct_trace_string(v->trace, p->cmdline) : NULL);
	ct_json_number(&j, "pid", p ? p->pid : 0);
	ct_json_number(&j, "duration_ns", ct_view_when(v, v->model->end));
	ct_json_number(&j, "threads", sums.threads);
	ct_json_number(&j, "processes", sums.processes);
	ct_json_number(&j, "recorded_waits", v->model->waits);
	ct_json_number(&j, "short_waits", v->model->short_waits);
	ct_json_number(&j, "abandoned", sums.abandoned);
	ct_json_number(&j, "abandoned_at_most_ns", ct_view_ns(v, sums.abandoned_total));
	ct_json_number(&j, "waited_ns", ct_view_ns(v, sums.waited));
	ct_json_object(&j, "by_reason");
	for (why = 0; why < CT_WHYS; why++) {
		ct_json_object(&j, ct_why_name((enum ct_why)why));
		ct_json_number(&j, "waits", sums.waits[why]);
		ct_json_number(&j, "total_ns", ct_view_ns(v, sums.total[why]));
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, '}');
	err = ct_rows_build(v, CT_WHY_ALL, CT_KINDS_ALL, &all);
	if (!err) {
		ct_json_array(&j, "objects");
		for (i = 0; i < all.count && i < v->o.top && !err; i++)
			err = ct_line_row_json(v, &j, &all, i, false);
		ct_json_close(&j, ']');
		ct_rows_free(&all);
	}
	ct_json_finish(&j);
	return err;
}

int ct_view_report(struct ct_view *v)
{
	return v->o.json ? print_json(v) : print_text(v);
}

/* --- the end of a run ------------------------------------------------------------------------------------------------------------ */

int ct_view_summary(FILE *out, const char *path)
{
	struct ct_view_options o = {
		.colour = ct_text_colour(out), .width = ct_text_width(out), .progress = isatty(2)};
	struct ct_view v;
	struct ct_rows rows;
	struct ct_sums sums;
	char text[4 * CT_NAME_MAX], n[4][CT_TEXT_NUMBER];
	uint64_t lost = 0, processes;
	unsigned i;
	int err = ct_view_open(&v, path, &o, out, text, sizeof(text));

	if (err)
		return err;
	err = ct_rows_build(&v, CT_WHY_BUSY, CT_KINDS_ALL, &rows);
	if (err)
		goto out;
	drop_abandoned(&rows);
	ct_sums_of(&v, &sums);
	ct_deadlock_lines(&v, "ctrace: ", false);
	fprintf(out, "ctrace: %s\n", ct_sentence(&v, &sums, &rows, text, sizeof(text)));
	if (rows.count)
		ct_line_head(&v, "object");
	for (i = 0; i < rows.count && i < 5 && !err; i++)
		err = ct_line_row(&v, &rows, i);
	for (i = CT_WHY_CALLS; i <= CT_WHY_IDLE; i++)
		if (sums.waits[i])
			fprintf(out, "%10s %9s %26s  %s, not counted\n",
				ct_text_count(n[0], sums.waits[i]),
				ct_text_ns(n[1], ct_view_ns(&v, sums.total[i])), "",
				ct_why_label((enum ct_why)i));
	if (sums.abandoned)
		fprintf(out,
			"%10s %9s %26s  abandoned (at most; by longjmp or cancellation), not "
			"counted\n",
			ct_text_count(n[0], sums.abandoned),
			ct_text_ns(n[1], ct_view_ns(&v, sums.abandoned_total)), "");
	for (i = 0; i < CT_LOSS_REASONS; i++)
		if (i != CT_LOSS_DICT_FULL && i != CT_LOSS_NO_CLOCK)
			lost += ct_trace_losses(v.trace)[i];
	if (lost)
		fprintf(out, "ctrace: %s records were lost; ctrace report says why\n",
			ct_text_count(n[2], lost));
	processes = ct_trace_losses(v.trace)[CT_LOSS_NO_CLOCK];
	if (processes)
		fprintf(out,
			"ctrace: %s process%s not recorded to the end; ctrace report says why\n",
			ct_text_count(n[2], processes), processes == 1 ? " was" : "es were");
	fprintf(out, "ctrace: %s recorded waits, %s; for more: ctrace report %s\n",
		ct_text_count(n[0], v.model->waits),
		ct_text_bytes(n[1], ct_trace_info(v.trace)->file_bytes),
		ct_text_safe(text, sizeof(text), path));
	ct_rows_free(&rows);
out:
	ct_view_close(&v, true);
	return err;
}
