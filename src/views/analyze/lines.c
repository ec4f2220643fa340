/*
 * lines.c - see lines.h.
 */
#include "views/analyze/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/held.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define FIGURES_WIDTH 49 /* columns before the object */
#define SHARES_WIDTH  31 /* before the stack */

void ct_line_head(struct ct_view *v, const char *what)
{
	fprintf(v->out, "%s%10s %9s %8s %8s %8s  %s%s\n", ct_dim(v), "waits", "total", "p50", "p99",
		"max", what, ct_plain(v));
}

int ct_line_row(struct ct_view *v, struct ct_rows *rows, uint32_t row)
{
	const struct ct_row *r = &rows->row[row];
	char n[5][CT_TEXT_NUMBER], name[CT_NAME_MAX];
	unsigned room = v->o.width > FIGURES_WIDTH + 20 ? v->o.width - FIGURES_WIDTH : 20;

	if (ct_row_percentiles(v, rows, row) < 0)
		return -ENOMEM;
	fprintf(v->out, "%10s %9s %8s %8s %8s  %s", ct_text_count(n[0], r->waits),
		ct_text_ns(n[1], ct_view_ns(v, r->total)), ct_text_ns(n[2], ct_view_ns(v, r->p50)),
		ct_text_ns(n[3], ct_view_ns(v, r->p99)),
		r->how == CT_ROW_CALLS ? "-" : ct_text_ns(n[4], ct_view_ns(v, r->max)), ct_bold(v));
	ct_row_name(v, r, name, sizeof(name));
	if (v->o.cut) {
		ct_text_cut(v->out, name, room);
		fputc('\n', v->out);
	} else {
		ct_text_wrap(v->out, name, FIGURES_WIDTH, v->o.width);
	}
	fputs(ct_plain(v), v->out);
	return 0;
}

static bool is_lock(uint32_t kind)
{
	return CT_KINDS_LOCKS >> kind & 1;
}

static void print_share(struct ct_view *v, const char *what, const struct ct_share *s,
			const struct ct_shares *all, const char *text)
{
	char n[3][CT_TEXT_NUMBER];

	fprintf(v->out, "%s%12s %6s %9s%s  ", ct_dim(v), what,
		ct_text_share(n[0], s->total, all->total),
		ct_text_ns(n[1], ct_view_ns(v, s->total)), ct_plain(v));
	ct_text_wrap(v->out, text, SHARES_WIDTH, v->o.width);
}

/* A holder or waker: the stack it let go at, else who it is, else unknown. */
static void name_holder(struct ct_view *v, const struct ct_row *r, uint64_t id, bool place,
			char *buf, size_t size)
{
	const struct ct_thread *t = ct_model_thread(v->model, ct_share_serial(id));
	char name[CT_NAME_MAX];

	buf[0] = 0;
	if (ct_share_stack(id))
		ct_name_chain(v, ct_share_stack(id), buf, size);
	else if (t)
		ct_text_add(buf, size, "%s%s%s", place ? "thread " : "",
			    ct_name_thread_apart(v, t, r->shared ? CT_NONE : r->process, name,
						 sizeof(name)),
			    place ? ", place unknown" : "");
	else if (ct_share_tid(id))
		ct_text_add(buf, size, "thread %u, which was not traced", ct_share_tid(id));
	else
		ct_text_add(buf, size, "%s", place ? "unknown" : "unknown thread");
}

/* One kind of share, as stacks or as threads. */
static int print_shares(struct ct_view *v, const struct ct_rows *rows, uint32_t row,
			enum ct_share_by by, const char *what)
{
	struct ct_shares s;
	char text[2 * CT_NAME_MAX];
	size_t i;
	int err = ct_row_shares(v, rows, row, by, &s);

	if (err)
		return err;
	for (i = 0; i < s.count && i < v->o.stacks; i++) {
		if (by == CT_BY_WAITER_STACK)
			ct_name_chain(v, (uint32_t)s.share[i].id, text, sizeof(text));
		else
			name_holder(v, &rows->row[row], s.share[i].id, by == CT_BY_HOLDER_PLACE,
				    text, sizeof(text));
		if (by != CT_BY_WAITER_STACK && s.count == 1 && !s.share[0].id)
			break;
		print_share(v, i ? "" : what, &s.share[i], &s, text);
	}
	free(s.share);
	return 0;
}

int ct_line_stacks(struct ct_view *v, const struct ct_rows *rows, uint32_t row)
{
	const struct ct_row *r = &rows->row[row];
	char n[2][CT_TEXT_NUMBER];
	int err;

	if (r->abandoned)
		fprintf(v->out,
			"%s%12s%s %6s %9s  at most; left by longjmp or cancellation, in no total\n",
			ct_dim(v), "abandoned", ct_plain(v), ct_text_count(n[0], r->abandoned),
			ct_text_ns(n[1], ct_view_ns(v, r->abandoned_total)));
	if (!v->o.stacks)
		return 0;
	err = print_shares(v, rows, row, CT_BY_WAITER_STACK, "waited in");
	if (!err && r->op < CT_OP_FIRST_CALL && r->kind != CT_KIND_THREAD)
		err = print_shares(v, rows, row, CT_BY_HOLDER_PLACE,
				   is_lock(r->kind) ? "held by" : "woken by");
	if (!err && r->op < CT_OP_FIRST_CALL)
		err = print_shares(v, rows, row, CT_BY_HOLDER,
				   r->kind == CT_KIND_THREAD ? "joined" : "of thread");
	return err ? err : ct_held_print(v, rows, row);
}

char *ct_line_holder(struct ct_view *v, const struct ct_rows *rows, uint32_t row, char *buf,
		     size_t size)
{
	struct ct_shares s;
	size_t i;

	buf[0] = 0;
	if (ct_row_shares(v, rows, row, CT_BY_HOLDER_PLACE, &s) < 0)
		return buf;
	for (i = 0; i < s.count && !s.share[i].id;)
		i++;
	if (i < s.count && s.share[i].total * 3 >= s.total) {
		if (ct_share_stack(s.share[i].id))
			ct_name_site(v, ct_share_stack(s.share[i].id), buf, size);
		else
			name_holder(v, &rows->row[row], s.share[i].id, false, buf, size);
	}
	free(s.share);
	return buf;
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------------- */

static void share_head(struct ct_view *v, struct ct_json *j, const struct ct_share *s)
{
	ct_json_object(j, NULL);
	ct_json_number(j, "waits", s->count);
	ct_json_number(j, "total_ns", ct_view_ns(v, s->total));
}

/* Who it was, where the place is not known. */
static void holder_json(struct ct_view *v, struct ct_json *j, uint64_t id)
{
	ct_name_thread_json(v, j, "", ct_model_thread(v->model, ct_share_serial(id)));
	if (ct_share_tid(id))
		ct_json_number(j, "unseen_tid", ct_share_tid(id));
}

static int stacks_json(struct ct_view *v, struct ct_json *j, const struct ct_rows *rows,
		       uint32_t row, enum ct_share_by by, const char *key)
{
	struct ct_shares s;
	char site[CT_NAME_MAX];
	size_t i;
	int err = ct_row_shares(v, rows, row, by, &s);

	if (err)
		return err;
	ct_json_array(j, key);
	for (i = 0; i < s.count && i < v->o.stacks; i++) {
		uint32_t stack = ct_share_stack(s.share[i].id);

		share_head(v, j, &s.share[i]);
		ct_json_text(j, "site", *ct_name_site(v, stack, site, sizeof(site)) ? site : NULL);
		ct_name_stack_json(v, j, "stack", stack);
		if (by == CT_BY_HOLDER_PLACE && !stack)
			holder_json(v, j, s.share[i].id);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	free(s.share);
	return 0;
}

static int threads_json(struct ct_view *v, struct ct_json *j, const struct ct_rows *rows,
			uint32_t row, enum ct_share_by by, const char *key)
{
	struct ct_shares s;
	size_t i;
	int err = ct_row_shares(v, rows, row, by, &s);

	if (err)
		return err;
	ct_json_array(j, key);
	for (i = 0; i < s.count; i++) {
		uint64_t id = s.share[i].id;

		share_head(v, j, &s.share[i]);
		if (by == CT_BY_OWNER) {
			const struct ct_thread *t =
				ct_model_thread_by_tid(v->model, (uint32_t)id, UINT64_MAX);

			ct_name_thread_json(v, j, "", t);
			if (!t)
				ct_json_number(j, "unseen_tid", id);
		} else if (by == CT_BY_PAIR) {
			ct_name_thread_json(v, j, "waiter_",
					    ct_model_thread(v->model, (uint32_t)(id >> 32)));
			ct_name_thread_json(v, j, "waker_",
					    ct_model_thread(v->model, (uint32_t)id));
		} else {
			uint32_t unseen = ct_share_tid(id);

			ct_name_thread_json(
				v, j, "", unseen ? NULL : ct_model_thread(v->model, (uint32_t)id));
			if (unseen)
				ct_json_number(j, "unseen_tid", unseen);
		}
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	free(s.share);
	return 0;
}

static void row_origin_json(struct ct_view *v, struct ct_json *j, const struct ct_row *r)
{
	const struct ct_object *o = &v->model->objects[r->object];
	struct ct_name_data d = {0};
	char site[CT_NAME_MAX];

	if (o->data)
		ct_name_data(v, o->data, &d);
	ct_json_text(j, "variable", d.name);
	ct_json_text(j, "file", d.file);
	ct_json_number(j, "line", d.line);
	ct_json_text(j, "created",
		     *ct_name_site(v, o->init_stack, site, sizeof(site)) ? site : NULL);
	ct_json_text(j, "first_waited",
		     *ct_name_site(v, o->first_stack, site, sizeof(site)) ? site : NULL);
}

int ct_line_row_json(struct ct_view *v, struct ct_json *j, struct ct_rows *rows, uint32_t row,
		     bool detail)
{
	const struct ct_row *r = &rows->row[row];
	char name[CT_NAME_MAX];
	int why, err;

	err = ct_row_percentiles(v, rows, row);
	if (err)
		return err;
	ct_json_object(j, NULL);
	ct_json_text(j, "kind",
		     r->op >= CT_OP_FIRST_CALL ? ct_op_key(r->op) : ct_kind_name(r->kind));
	ct_json_text(j, "name", ct_row_object(v, r, name, sizeof(name)));
	row_origin_json(v, j, r);
	ct_json_number(j, "objects", r->objects);
	ct_json_number(j, "shared_by", r->sharers > 1 ? r->sharers : 0);
	ct_json_number(j, "pid", ct_view_pid(v, r->process));
	ct_json_number(j, "waits", r->waits);
	ct_json_number(j, "short_waits", r->short_waits);
	ct_json_number(j, "unfinished", r->open);
	ct_json_number(j, "timeouts", r->timeouts);
	ct_json_number(j, "abandoned", r->abandoned);
	ct_json_number(j, "abandoned_at_most_ns", ct_view_ns(v, r->abandoned_total));
	ct_json_number(j, "total_ns", ct_view_ns(v, r->total));
	ct_json_number(j, "short_total_ns", ct_view_ns(v, r->short_total));
	ct_json_number(j, "p50_ns", ct_view_ns(v, r->p50));
	ct_json_number(j, "p99_ns", ct_view_ns(v, r->p99));
	ct_json_number(j, "max_ns", ct_view_ns(v, r->max));
	ct_json_object(j, "by_reason");
	for (why = 0; why < CT_WHYS; why++) {
		if (!r->part_waits[why])
			continue;
		ct_json_object(j, ct_why_name((enum ct_why)why));
		ct_json_number(j, "waits", r->part_waits[why]);
		ct_json_number(j, "total_ns", ct_view_ns(v, r->part_total[why]));
		ct_json_close(j, '}');
	}
	ct_json_close(j, '}');
	if (detail) {
		err = stacks_json(v, j, rows, row, CT_BY_WAITER_STACK, "waiter_stacks");
		err = err ? err : stacks_json(v, j, rows, row, CT_BY_HOLDER_PLACE, "holder_stacks");
		err = err ? err : threads_json(v, j, rows, row, CT_BY_WAITER, "waiters");
		err = err ? err : threads_json(v, j, rows, row, CT_BY_WAKER, "wakers");
		err = err ? err : threads_json(v, j, rows, row, CT_BY_OWNER, "owners");
		err = err ? err : threads_json(v, j, rows, row, CT_BY_PAIR, "pairs");
		err = err ? err : ct_held_json(v, j, rows, row);
	}
	ct_json_close(j, '}');
	return err;
}

void ct_line_head_json(struct ct_view *v, struct ct_json *j, const char *command)
{
	const struct ct_trace_info *info = ct_trace_info(v->trace);

	ct_json_start(j, v->out);
	ct_json_text(j, "command", command);
	ct_json_number(j, "version", 1);
	ct_json_text(j, "trace", info->path);
	ct_view_blind_json(v, j);
}
