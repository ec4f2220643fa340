/*
 * sched.c - waiting for a CPU: how long, who had it meanwhile, when there were too few, and which locks' holders lost theirs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/cpus.h"
#include "views/analyze/delays.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define DECADES	  9u /* 1 us to 100 s */
#define LOCKS_MAX 10u

static char *name_tid(struct ct_view *v, uint32_t tid, uint64_t ticks, bool bare, char *buf,
		      size_t size)
{
	const struct ct_thread *t = ct_model_thread_outside(v->model, tid, ticks);

	if (t)
		return (bare ? ct_name_thread_bare : ct_name_thread)(v, t, buf, size);
	snprintf(buf, size, "thread %u", tid);
	return buf;
}

/* --- text --------------------------------------------------------------------------------------------------------------------------- */

static void print_delays(struct ct_view *v, const char *what, const struct ct_delay_sums *d)
{
	char n[6][CT_TEXT_NUMBER];

	if (!d->count) {
		fprintf(v->out, "%10s %9s %9s %9s %9s %9s  %s\n", "0", "-", "-", "-", "-", "-",
			what);
		return;
	}
	fprintf(v->out, "%10s %9s %9s %9s %9s %9s  %s\n", ct_text_count(n[0], d->count),
		ct_text_ns(n[1], ct_view_ns(v, d->total)),
		ct_text_ns(n[2], ct_view_ns(v, d->total / d->count)),
		ct_text_ns(n[3], ct_view_ns(v, ct_delays_percentile(d, 500))),
		ct_text_ns(n[4], ct_view_ns(v, ct_delays_percentile(d, 990))),
		ct_text_ns(n[5], ct_view_ns(v, d->max)), what);
}

/* Delays by powers of ten of a microsecond: below[i] are shorter than 10^i us, the last all others. */
static void decades(struct ct_view *v, const struct ct_delay_sums *d, uint64_t to[DECADES + 1])
{
	uint32_t i;

	memset(to, 0, (DECADES + 1) * sizeof(*to));
	for (i = 0; i < CT_HIST_BUCKETS; i++) {
		uint64_t ns = ct_view_ns(v, ct_hist_value(i)), edge = 1000;
		unsigned k = 0;

		for (; k < DECADES && ns >= edge; k++)
			edge *= 10;
		to[k] += d->hist[i];
	}
}

static void print_histogram(struct ct_view *v, const struct ct_delays *s)
{
	static const char *const names[] = {"1 us",   "10 us", "100 us", "1 ms", "10 ms",
					    "100 ms", "1 s",   "10 s",	 "100 s"};
	uint64_t woken[DECADES + 1], preempted[DECADES + 1], most = 0;
	unsigned i, k, first = DECADES, last = 0;
	char n[2][CT_TEXT_NUMBER];

	decades(v, &s->woken, woken);
	decades(v, &s->preempted, preempted);
	for (i = 0; i <= DECADES; i++) {
		uint64_t both = woken[i] + preempted[i];

		if (!both)
			continue;
		first = i < first ? i : first;
		last = i;
		most = both > most ? both : most;
	}
	if (!most)
		return;
	fprintf(v->out, "\n%s%10s %9s %9s%s\n", ct_dim(v), "shorter", "woken", "preempted",
		ct_plain(v));
	for (i = first; i <= last; i++) {
		fprintf(v->out, "%10s %9s %9s  ", i < DECADES ? names[i] : "longer",
			woken[i] ? ct_text_count(n[0], woken[i]) : "-",
			preempted[i] ? ct_text_count(n[1], preempted[i]) : "-");
		for (k = 0; k < (woken[i] + preempted[i]) * 40 / most; k++)
			fputc('#', v->out);
		fputc('\n', v->out);
	}
}

static void add_instead(struct ct_view *v, const struct ct_delay *d, char *text, size_t size)
{
	char n[CT_TEXT_NUMBER], name[CT_NAME_MAX];
	struct ct_had had[CT_INSTEAD];
	uint64_t rest;
	unsigned n_had = ct_delay_instead(v, d, had, &rest), k;

	ct_text_add(text, size, ", got CPU %u; meanwhile there:", d->cpu);
	for (k = 0; k < n_had; k++)
		ct_text_add(text, size, "%s %s %s", k ? "," : "",
			    name_tid(v, had[k].tid, d->from, false, name, sizeof(name)),
			    ct_text_ns(n, ct_view_ns(v, had[k].ticks)));
	if (rest * 20 > d->to - d->from || !n_had)
		ct_text_add(text, size, "%s others or nobody %s", n_had ? "," : "",
			    ct_text_ns(n, ct_view_ns(v, rest)));
}

static void print_longest(struct ct_view *v, struct ct_delays *s)
{
	char n[CT_TEXT_NUMBER], name[CT_NAME_MAX], text[4 * CT_NAME_MAX];
	uint32_t i;

	if (!s->longest_n)
		return;
	fprintf(v->out, "\n%sthe longest%s\n", ct_bold(v), ct_plain(v));
	for (i = 0; i < s->longest_n; i++) {
		const struct ct_delay *d = &s->longest[i];
		const struct ct_thread *waker = ct_model_thread(v->model, d->waker);

		text[0] = 0;
		fprintf(v->out, "%10s  ", ct_text_ns(n, ct_view_ns(v, d->to - d->from)));
		ct_text_add(text, sizeof(text), "%s",
			    ct_name_thread(v, ct_model_thread_at(v->model, d->thread), name,
					   sizeof(name)));
		ct_text_add(text, sizeof(text), " %s at %.6f s",
			    d->state == CT_STATE_WOKEN ? "woken" : "preempted",
			    (double)ct_view_when(v, d->from) / 1e9);
		if (d->state == CT_STATE_WOKEN && waker)
			ct_text_add(text, sizeof(text), " by %s",
				    ct_name_thread(v, waker, name, sizeof(name)));
		else if (d->state == CT_STATE_WOKEN && d->stranger)
			ct_text_add(text, sizeof(text), " by thread %u, which was not traced",
				    d->stranger);
		if (d->cpu_seen)
			add_instead(v, d, text, sizeof(text));
		ct_text_wrap(v->out, text, 12, v->o.width);
	}
}

/* A row of digits: how many threads on average, in each slice; "." for none to speak of, "+" for more than nine. */
static void print_digits(struct ct_view *v, const struct ct_delays *s, const uint64_t *slices,
			 unsigned n, const char *what)
{
	unsigned i;

	fprintf(v->out, "%10s  ", what);
	for (i = 0; i < n; i++) {
		uint64_t tenths = slices[i] * 10 / s->slice;

		fputc(tenths < 1	  ? '.'
		      : tenths < 5	  ? '-'
		      : tenths + 5 >= 100 ? '+'
					  : (char)('0' + (tenths + 5) / 10),
		      v->out);
	}
	fputc('\n', v->out);
}

static void print_over_time(struct ct_view *v, const struct ct_delays *s)
{
	char n[2][CT_TEXT_NUMBER];
	unsigned slices = CT_SLICES, i, short_of = 0;

	for (i = 0; i < CT_SLICES; i++)
		short_of += s->ready[i] * 2 > s->slice;
	fprintf(v->out,
		"\n%sover time%s   threads on a CPU and ready for one, %s a column; - is less than "
		"one "
		"half, . none\n",
		ct_bold(v), ct_plain(v), ct_text_ns(n[0], ct_view_ns(v, s->slice)));
	print_digits(v, s, s->running, slices, "run");
	print_digits(v, s, s->ready, slices, "ready");
	if (short_of)
		fprintf(v->out, "%12soversubscribed for %s of %s\n", "",
			ct_text_ns(n[0], ct_view_ns(v, s->slice * short_of)),
			ct_text_ns(n[1], ct_view_ns(v, s->end - s->begin)));
}

/* --- locks whose holders were preempted ---------------------------------------------------------------------------------------- */

struct lost {
	uint32_t row;
	uint64_t preempted, total;
};

static int by_lost(const void *a, const void *b)
{
	const struct lost *x = a, *y = b;

	if (x->preempted != y->preempted)
		return x->preempted > y->preempted ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Rows of locks by what waiters lost because the holder had lost its CPU.  Returns their number. */
static uint32_t find_lost(struct ct_view *v, const struct ct_rows *rows, struct lost *lost)
{
	uint32_t i, k, n = 0;

	for (i = 0; i < rows->count; i++) {
		struct lost l = {.row = i};

		for (k = rows->row[i].cells; k < rows->row[i + 1].cells; k++) {
			const struct ct_holder_did *d =
				ct_holders_did(ct_states_holders(v->states), rows->cell[k]);

			l.preempted += d ? d->preempted : 0;
		}
		l.total = rows->row[i].total;
		if (l.preempted)
			lost[n++] = l;
	}
	qsort(lost, n, sizeof(*lost), by_lost);
	return n;
}

static void print_lost(struct ct_view *v, const struct ct_rows *rows, const struct lost *lost,
		       uint32_t n)
{
	char text[2 * CT_NAME_MAX], holder[CT_NAME_MAX], t[2][CT_TEXT_NUMBER];
	uint32_t i;

	if (!n)
		return;
	fprintf(v->out,
		"\n%spreempted holders%s   what waiters of a lock lost while its holder had no "
		"CPU\n",
		ct_bold(v), ct_plain(v));
	for (i = 0; i < n && i < LOCKS_MAX; i++) {
		ct_row_name(v, &rows->row[lost[i].row], text, sizeof(text));
		ct_line_holder(v, rows, lost[i].row, holder, sizeof(holder));
		if (holder[0])
			ct_text_add(text, sizeof(text), ", mostly held by %s", holder);
		fprintf(v->out, "%10s of %9s  ", ct_text_ns(t[0], ct_view_ns(v, lost[i].preempted)),
			ct_text_ns(t[1], ct_view_ns(v, lost[i].total)));
		ct_text_wrap(v->out, text, 25, v->o.width);
	}
	if (n > LOCKS_MAX)
		fprintf(v->out, "%12sand %u more\n", "", n - LOCKS_MAX);
}

/* --- the view ------------------------------------------------------------------------------------------------------------------- */

static void print_text(struct ct_view *v, struct ct_delays *s, const struct ct_cpus *cpus,
		       const struct ct_rows *rows, const struct lost *lost, uint32_t n_lost)
{
	const struct ct_turns *t = &v->model->turns;
	uint64_t seen = ct_turns_seen(t, s->begin, s->end);
	char n[4][CT_TEXT_NUMBER];

	ct_view_window_states(v);
	fprintf(v->out, "%u CPUs, seen for %s of %s: threads ran %s, %s of what there was\n",
		ct_turns_cpus(t), ct_text_ns(n[0], ct_view_ns(v, seen)),
		ct_text_ns(n[1], ct_view_ns(v, s->end - s->begin)),
		ct_text_ns(n[2], ct_view_ns(v, s->ran)),
		ct_text_share(n[3], s->ran, seen * ct_turns_cpus(t)));
	fprintf(v->out, "and were ready to run for %s more; migrations to another CPU: %s\n\n",
		ct_text_ns(n[0], ct_view_ns(v, s->was_ready)), ct_text_count(n[1], s->migrations));
	fprintf(v->out, "%s%10s %9s %9s %9s %9s %9s  %s%s\n", ct_dim(v), "times", "total", "mean",
		"p50", "p99", "max", "until it had a CPU again after", ct_plain(v));
	print_delays(v, "being woken", &s->woken);
	print_delays(v, "being preempted", &s->preempted);
	print_histogram(v, s);
	print_longest(v, s);
	print_over_time(v, s);
	ct_cpus_print(v, cpus);
	print_lost(v, rows, lost, n_lost);
	fputc('\n', v->out);
	ct_view_blind(v, "");
}

static void delays_json(struct ct_view *v, struct ct_json *j, const char *key,
			const struct ct_delay_sums *d)
{
	uint32_t i;

	ct_json_object(j, key);
	ct_json_number(j, "count", d->count);
	ct_json_number(j, "total_ns", ct_view_ns(v, d->total));
	ct_json_number(j, "p50_ns", ct_view_ns(v, ct_delays_percentile(d, 500)));
	ct_json_number(j, "p99_ns", ct_view_ns(v, ct_delays_percentile(d, 990)));
	ct_json_number(j, "max_ns", ct_view_ns(v, d->max));
	ct_json_array(j, "histogram");
	for (i = 0; i < CT_HIST_BUCKETS; i++) {
		if (!d->hist[i])
			continue;
		ct_json_object(j, NULL);
		ct_json_number(j, "about_ns", ct_view_ns(v, ct_hist_value(i)));
		ct_json_number(j, "count", d->hist[i]);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	ct_json_close(j, '}');
}

static void instead_json(struct ct_view *v, struct ct_json *j, const struct ct_delay *d)
{
	char name[CT_NAME_MAX];
	struct ct_had had[CT_INSTEAD];
	uint64_t rest;
	unsigned n = ct_delay_instead(v, d, had, &rest), k;

	ct_json_number(j, "cpu", d->cpu);
	ct_json_array(j, "instead");
	for (k = 0; k < n; k++) {
		ct_json_object(j, NULL);
		ct_json_text(j, "thread",
			     name_tid(v, had[k].tid, d->from, true, name, sizeof(name)));
		ct_json_number(j, "tid", had[k].tid);
		ct_json_number(j, "ran_ns", ct_view_ns(v, had[k].ticks));
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	ct_json_number(j, "others_or_idle_ns", ct_view_ns(v, rest));
}

static void longest_json(struct ct_view *v, struct ct_json *j, const struct ct_delays *s)
{
	uint32_t i;

	ct_json_array(j, "longest");
	for (i = 0; i < s->longest_n; i++) {
		const struct ct_delay *d = &s->longest[i];

		ct_json_object(j, NULL);
		ct_name_thread_json(v, j, "", ct_model_thread_at(v->model, d->thread));
		ct_json_text(j, "state", ct_state_name((enum ct_state)d->state));
		ct_json_number(j, "from_ns", ct_view_when(v, d->from));
		ct_json_number(j, "delay_ns", ct_view_ns(v, d->to - d->from));
		ct_name_thread_json(v, j, "waker_", ct_model_thread(v->model, d->waker));
		ct_json_number(j, "waker_unseen_tid", d->stranger);
		if (d->cpu_seen)
			instead_json(v, j, d);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
}

static void print_json(struct ct_view *v, const struct ct_delays *s, const struct ct_cpus *cpus,
		       const struct ct_rows *rows, const struct lost *lost, uint32_t n_lost)
{
	const struct ct_turns *t = &v->model->turns;
	char name[CT_NAME_MAX];
	struct ct_json j;
	uint32_t i;

	ct_line_head_json(v, &j, "sched");
	ct_json_number(&j, "cpus", ct_turns_cpus(t));
	ct_json_number(&j, "seen_ns", ct_view_ns(v, ct_turns_seen(t, s->begin, s->end)));
	ct_json_number(&j, "ran_ns", ct_view_ns(v, s->ran));
	ct_json_number(&j, "ready_ns", ct_view_ns(v, s->was_ready));
	ct_json_number(&j, "not_seen_ns", ct_view_ns(v, s->unseen));
	ct_json_number(&j, "migrations", s->migrations);
	delays_json(v, &j, "woken", &s->woken);
	delays_json(v, &j, "preempted", &s->preempted);
	longest_json(v, &j, s);
	ct_json_number(&j, "over_time_from_ns", ct_view_when(v, s->begin));
	ct_json_number(&j, "slice_ns", ct_view_ns(v, s->slice));
	ct_json_array(&j, "over_time");
	for (i = 0; i < CT_SLICES; i++) {
		ct_json_object(&j, NULL);
		ct_json_real(&j, "running", (double)s->running[i] / (double)s->slice);
		ct_json_real(&j, "ready", (double)s->ready[i] / (double)s->slice);
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_cpus_json(v, &j, cpus);
	ct_json_array(&j, "preempted_holders");
	for (i = 0; i < n_lost; i++) {
		ct_json_object(&j, NULL);
		ct_json_text(&j, "name",
			     ct_row_object(v, &rows->row[lost[i].row], name, sizeof(name)));
		ct_json_number(&j, "lost_ns", ct_view_ns(v, lost[i].preempted));
		ct_json_number(&j, "total_ns", ct_view_ns(v, lost[i].total));
		ct_json_text(&j, "held_by",
			     ct_line_holder(v, rows, lost[i].row, name, sizeof(name)));
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_finish(&j);
}

static int show(struct ct_view *v, struct ct_delays *s)
{
	struct ct_cpus *cpus;
	struct ct_rows rows;
	struct lost *lost;
	uint32_t n;
	int err = ct_cpus_find(v, s, &cpus);

	if (err)
		return err;
	err = ct_rows_build(v, CT_WHY_BIT(CT_WHY_LOCK), CT_KINDS_ALL, &rows);
	if (err) {
		ct_cpus_free(cpus);
		return err;
	}
	lost = calloc(rows.count + 1u, sizeof(*lost));
	if (lost) {
		n = find_lost(v, &rows, lost);
		if (v->o.json)
			print_json(v, s, cpus, &rows, lost, n);
		else
			print_text(v, s, cpus, &rows, lost, n);
	}
	ct_rows_free(&rows);
	err = lost ? 0 : -ENOMEM;
	free(lost);
	ct_cpus_free(cpus);
	return err;
}

/* Nothing was recorded of switches: how long CPUs were idle may be known even so. */
static int show_nothing(struct ct_view *v)
{
	struct ct_delays d = {.begin = ct_view_from(v), .end = ct_view_to(v)};
	const int *refused = v->model->turns.refused;
	struct ct_cpus *cpus;
	struct ct_json j;
	int err;

	d.slice = (d.end - d.begin) / CT_SLICES + 1;
	err = ct_cpus_find(v, &d, &cpus);
	if (err)
		return err;
	if (v->o.json) {
		ct_line_head_json(v, &j, "sched");
		ct_json_number(&j, "cpus", 0);
		ct_json_number(&j, "slice_ns", ct_view_ns(v, d.slice));
		ct_cpus_json(v, &j, cpus);
		ct_json_finish(&j);
	} else {
		fprintf(v->out, "the trace does not tell when threads had a CPU%s\n",
			refused[CT_SCHED_PERF] || refused[CT_SCHED_BPF] || ct_cpus_counted(cpus)
				? ""
				: ": ctrace-run --sched=off, or no ctrace-run at all");
		if (ct_cpus_counted(cpus)) {
			ct_cpus_print(v, cpus);
			fputc('\n', v->out);
		}
		ct_view_blind(v, "");
	}
	ct_cpus_free(cpus);
	return 0;
}

int ct_view_sched(struct ct_view *v)
{
	struct ct_delays *d;
	int err;

	if (!ct_turns_any(&v->model->turns))
		return show_nothing(v);
	d = malloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	err = ct_delays_find(v, d);
	if (!err) {
		err = show(v, d);
		ct_delays_free(d);
	}
	free(d);
	return err;
}
