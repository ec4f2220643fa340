/*
 * losses.c - see losses.h.
 */
#include "views/analyze/losses.h"

#include "views/analyze/json.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define LINES_MAX 20 /* threads that are listed */
#define NAMED_MAX 3  /* threads that a line names */

static const char *name_of(struct ct_view *v, const struct ct_trace_loss *l, char *name,
			   size_t size)
{
	if (!l->thread)
		return "several threads";
	return ct_name_thread(v, ct_model_thread(v->model, l->thread), name, size);
}

int ct_losses_print(struct ct_view *v)
{
	char n[CT_TEXT_NUMBER], name[CT_NAME_MAX];
	const struct ct_trace_loss *rows;
	uint64_t rest = 0;
	size_t count, i;
	int err = ct_trace_losses_by_thread(v->trace, &rows, &count);

	if (err || !count)
		return err;
	fprintf(v->out, "\nlost       by thread, and between which times (seconds)\n");
	for (i = 0; i < count && i < LINES_MAX; i++)
		fprintf(v->out, "%13s  %.6f to %.6f  %s: %s\n", ct_text_count(n, rows[i].records),
			1e-9 * (double)ct_view_when(v, rows[i].from_ticks),
			1e-9 * (double)ct_view_when(v, rows[i].to_ticks),
			name_of(v, &rows[i], name, sizeof(name)),
			ct_trace_loss_text(rows[i].reason));
	for (; i < count; i++)
		rest += rows[i].records;
	if (count > LINES_MAX) {
		fprintf(v->out, "%13s", ct_text_count(n, rest));
		fprintf(v->out, "  of %s more\n", ct_text_count(n, count - LINES_MAX));
	}
	return 0;
}

void ct_losses_line(struct ct_view *v, unsigned reason, const char *prefix)
{
	char n[CT_TEXT_NUMBER], name[CT_NAME_MAX];
	const struct ct_trace_loss *rows;
	size_t count, of_reason = 0, named = 0, i;

	if (ct_trace_losses_by_thread(v->trace, &rows, &count) < 0)
		return;
	for (i = 0; i < count; i++)
		of_reason += rows[i].reason == reason;
	if (of_reason < 2)
		return;
	fprintf(v->out, "%s      ", prefix);
	for (i = 0; i < count && named < NAMED_MAX; i++)
		if (rows[i].reason == reason)
			fprintf(v->out, "%s%s %s", named++ ? ", " : "",
				name_of(v, &rows[i], name, sizeof(name)),
				ct_text_count(n, rows[i].records));
	if (of_reason > named)
		fprintf(v->out, " and %s more", ct_text_count(n, of_reason - named));
	fputc('\n', v->out);
}

int ct_losses_json(struct ct_view *v, struct ct_json *j)
{
	const struct ct_trace_loss *rows;
	size_t count, i;
	int err = ct_trace_losses_by_thread(v->trace, &rows, &count);

	if (err)
		return err;
	ct_json_array(j, "losses");
	for (i = 0; i < count; i++) {
		const struct ct_thread *t = ct_model_thread(v->model, rows[i].thread);

		ct_json_object(j, NULL);
		ct_json_text(j, "reason", ct_trace_loss_name(rows[i].reason));
		ct_json_number(j, "thread", rows[i].thread);
		if (t)
			ct_json_number(j, "tid", t->tid);
		ct_json_number(j, "lost_records", rows[i].records);
		if (rows[i].thread && rows[i].reason == CT_LOSS_OVERWRITTEN)
			ct_json_number(j, "lost_waits", rows[i].waits);
		ct_json_number(j, "from_ns", ct_view_when(v, rows[i].from_ticks));
		ct_json_number(j, "to_ns", ct_view_when(v, rows[i].to_ticks));
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	return 0;
}
