/*
 * waits.c - single waits: the longest ones, and those that had not ended when the trace did (or have not now, in a live one).
 */
#include <errno.h>
#include <stdlib.h>

#include "views/analyze/deadlock.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

struct one {
	const struct ct_cell *cell;
	const struct ct_long *wait; /* NULL: not ended */
	uint64_t dur, end;
	bool abandoned; /* when it ended is not known: dur is the most it can have been */
};

static struct one open_wait(const struct ct_model *m, const struct ct_cell *c)
{
	return (struct one){c, NULL, c->open_total, ct_cell_more(m, c)->open_since + c->open_total,
			    false};
}

static int by_duration(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->abandoned != y->abandoned)
		return x->abandoned ? 1 : -1;
	if (x->dur != y->dur)
		return x->dur > y->dur ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* Those that ended, and after them those that were abandoned; *ended is the number of the first. */
static struct one *collect(struct ct_view *v, size_t *ended, size_t *count)
{
	struct ct_model *m = v->model;
	struct one *all;
	size_t n = 0;
	uint32_t i, k;

	for (i = 0; i < m->more.count; i++) {
		const struct ct_more *more = ct_pool_at(&m->more, i);

		n += more->longest_count + more->left_count + 1u;
	}
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return NULL;
	n = *ended = 0;
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		const struct ct_more *more = ct_cell_more(m, c);

		if ((c->why == CT_WHY_IDLE && !v->o.idle) ||
		    !ct_view_shows(v, ct_model_thread_at(m, c->thread)))
			continue;
		for (k = 0; k < more->longest_count; k++)
			all[n++] = (struct one){c, &more->longest[k], more->longest[k].dur,
						more->longest[k].end, false};
		for (k = 0; k < more->left_count; k++)
			all[n++] = (struct one){c, &more->left[k], more->left[k].dur,
						more->left[k].end, true};
		if (c->open)
			all[n++] = open_wait(m, c);
		*ended += more->longest_count + c->open;
	}
	qsort(all, n, sizeof(*all), by_duration);
	*count = n;
	return all;
}

static void print_stack(struct ct_view *v, const char *what, const char *text)
{
	fprintf(v->out, "%s%16s%s  ", ct_dim(v), what, ct_plain(v));
	ct_text_wrap(v->out, text, 18, v->o.width);
}

static uint32_t owner_of(const struct ct_view *v, const struct one *o)
{
	return o->wait ? o->wait->owner : ct_cell_more(v->model, o->cell)->open_owner;
}

/* @process: of the waiter */
static void print_owner(struct ct_view *v, const char *what, uint32_t process, uint32_t owner,
			uint64_t when)
{
	const struct ct_thread *t = ct_model_thread_by_tid(v->model, owner, when);
	char name[CT_NAME_MAX], text[CT_NAME_MAX] = "";

	if (owner && t) {
		print_stack(v, what, ct_name_thread_apart(v, t, process, name, sizeof(name)));
	} else if (owner) {
		ct_text_add(text, sizeof(text), "thread %u, which was not traced", owner);
		print_stack(v, what, text);
	}
}

/* Who held it when the wait began, who held it at the end of one that ran out, and who ended it. */
static void print_others(struct ct_view *v, const struct one *o)
{
	const struct ct_thread *waker = o->wait ? ct_model_thread(v->model, o->wait->waker) : NULL;
	uint32_t process = ct_model_thread_at(v->model, o->cell->thread)->process;
	char name[CT_NAME_MAX], text[2 * CT_NAME_MAX] = "", n[CT_TEXT_NUMBER];

	print_owner(v, o->wait ? "held then by" : "held by", process, owner_of(v, o),
		    o->end - (o->end > o->dur ? o->dur : 0));
	if (o->wait)
		print_owner(v, "held after by", process, o->wait->owner_last, o->end);
	if (!waker && !(o->wait && o->wait->stranger))
		return;
	text[0] = 0;
	if (waker)
		ct_text_add(text, sizeof(text), "%s%s", o->cell->op == CT_OP_join ? "end of " : "",
			    ct_name_thread_apart(v, waker, process, name, sizeof(name)));
	else
		ct_text_add(text, sizeof(text), "thread %u, which was not traced",
			    o->wait->stranger);
	if (o->wait->ago)
		ct_text_add(text, sizeof(text), ", %s before the wait was over",
			    ct_text_ns(n, ct_view_ns(v, o->wait->ago)));
	print_stack(v, "ended by", text);
	if (o->wait->waker_stack)
		print_stack(v, "in", ct_name_chain(v, o->wait->waker_stack, text, sizeof(text)));
}

static void print_one(struct ct_view *v, const struct one *o)
{
	const struct ct_thread *t = ct_model_thread_at(v->model, o->cell->thread);
	char n[CT_TEXT_NUMBER], name[CT_NAME_MAX], text[2 * CT_NAME_MAX] = "";
	uint64_t start = o->end > o->dur ? o->end - o->dur : 0;

	fprintf(v->out, "%9s %s", ct_text_ns(n, ct_view_ns(v, o->dur)), ct_bold(v));
	ct_text_add(text, sizeof(text), "%s%s",
		    o->abandoned		  ? "at most, abandoned: "
		    : o->wait			  ? ""
		    : o->cell->why == CT_WHY_IDLE ? "so far, idle: "
						  : "so far ",
		    ct_name_wait(v, o->cell, name, sizeof(name)));
	ct_text_wrap(v->out, text, 10, v->o.width);
	fputs(ct_plain(v), v->out);
	text[0] = 0;
	ct_text_add(text, sizeof(text), "%s, from %.6f s on",
		    ct_name_thread(v, t, name, sizeof(name)),
		    1e-9 * (double)ct_view_when(v, start));
	print_stack(v, "thread", text);
	print_stack(v, "waited in", ct_name_chain(v, o->cell->stack, text, sizeof(text)));
	print_others(v, o);
	fputc('\n', v->out);
}

static void one_json(struct ct_view *v, struct ct_json *j, const struct one *o)
{
	const struct ct_thread *t = ct_model_thread_at(v->model, o->cell->thread);
	uint64_t start = o->end > o->dur ? o->end - o->dur : 0;
	const struct ct_thread *owner = ct_model_thread_by_tid(v->model, owner_of(v, o), start);
	char name[CT_NAME_MAX];

	ct_json_object(j, NULL);
	ct_json_text(j, "operation", ct_op_key(o->cell->op));
	ct_json_text(j, "object",
		     ct_name_object(v, o->cell->object, o->cell->op, name, sizeof(name)));
	ct_json_text(j, "reason", ct_why_name((enum ct_why)o->cell->why));
	ct_json_bool(j, "unfinished", !o->wait);
	ct_json_bool(j, "abandoned", o->abandoned);
	ct_json_number(j, "start_ns", ct_view_when(v, start));
	ct_json_number(j, "start_mono_ns", ct_trace_ns(v->trace, start));
	ct_json_number(j, "duration_ns", ct_view_ns(v, o->dur));
	if (o->wait && !o->abandoned)
		ct_json_signed(j, "result", o->wait->result);
	else
		ct_json_text(j, "result", NULL);
	ct_name_thread_json(v, j, "", t);
	ct_name_stack_json(v, j, "stack", o->cell->stack);
	ct_json_number(j, "owner_tid", owner_of(v, o));
	ct_json_number(j, "owner_pid", owner ? ct_view_pid(v, owner->process) : 0);
	if (o->wait) {
		ct_json_number(j, "owner_last_tid", o->wait->owner_last);
		ct_name_thread_json(v, j, "waker_", ct_model_thread(v->model, o->wait->waker));
		ct_json_number(j, "waker_unseen_tid", o->wait->stranger);
		ct_json_number(j, "wake_latency_ns", ct_view_ns(v, o->wait->ago));
		ct_name_stack_json(v, j, "waker_stack", o->wait->waker_stack);
	}
	ct_json_close(j, '}');
}

int ct_view_waits(struct ct_view *v)
{
	size_t ended, n, i;
	struct one *all = collect(v, &ended, &n);
	struct ct_json j;

	if (!all)
		return -ENOMEM;
	if (v->o.json) {
		ct_line_head_json(v, &j, "waits");
		ct_deadlock_json(v, &j);
		ct_json_array(&j, "waits");
		for (i = 0; i < ended && i < v->o.top; i++)
			one_json(v, &j, &all[i]);
		for (i = ended; i < n && i - ended < v->o.top; i++)
			one_json(v, &j, &all[i]);
		ct_json_close(&j, ']');
		ct_json_finish(&j);
	} else {
		ct_view_window(v);
		ct_deadlock_lines(v, "", true);
		if (!ended)
			fprintf(v->out, "No wait was recorded%s.\n",
				v->o.idle ? "" : " that was not idle (--idle lists those too)");
		for (i = 0; i < ended && i < v->o.top; i++)
			print_one(v, &all[i]);
		if (ended < n)
			fprintf(v->out, "%s, left by longjmp or cancellation:\n\n",
				n - ended > 1 ? "abandoned waits" : "an abandoned wait");
		for (i = ended; i < n && i - ended < v->o.top; i++)
			print_one(v, &all[i]);
		ct_view_blind(v, "");
	}
	free(all);
	return 0;
}

/* --- blocked now, or when the trace ended ------------------------------------------------------------------------------------ */

/* Who has nothing to do comes last. */
static int by_start(const void *a, const void *b)
{
	const struct one *x = a, *y = b;
	bool idle = x->cell->why == CT_WHY_IDLE;

	if (idle != (y->cell->why == CT_WHY_IDLE))
		return idle ? 1 : -1;
	return (x->end - x->dur > y->end - y->dur) - (x->end - x->dur < y->end - y->dur);
}

int ct_view_blocked(struct ct_view *v)
{
	struct ct_model *m = v->model;
	struct one *all = calloc(m->open_count + 1u, sizeof(*all));
	const struct ct_trace_slot *slots;
	size_t threads = ct_trace_slots(v->trace, &slots), i, n = 0;
	struct ct_json j;

	if (!all)
		return -ENOMEM;
	for (i = 0; i < m->open_count; i++) {
		const struct ct_open_wait *w = &m->open[i];
		const struct ct_cell *c = w->cell == CT_NONE ? NULL : ct_model_cell(m, w->cell);

		if (c && ct_view_shows(v, ct_model_thread_at(m, c->thread)))
			all[n++] = open_wait(m, c);
	}
	qsort(all, n, sizeof(*all), by_start);
	if (v->o.json) {
		ct_line_head_json(v, &j, "blocked");
		ct_json_bool(&j, "live", ct_trace_info(v->trace)->live);
		ct_json_number(&j, "threads", threads);
		ct_deadlock_json(v, &j);
		ct_json_array(&j, "waits");
		for (i = 0; i < n; i++)
			one_json(v, &j, &all[i]);
		ct_json_close(&j, ']');
		ct_json_finish(&j);
	} else {
		fprintf(v->out,
			"%zu of %zu threads %s blocked in a traced call, the longest first\n\n", n,
			threads,
			ct_trace_info(v->trace)->live ? "are" : "were, at the end of the trace,");
		ct_deadlock_lines(v, "", true);
		for (i = 0; i < n && i < v->o.top; i++)
			print_one(v, &all[i]);
		ct_view_blind(v, "");
	}
	free(all);
	return 0;
}
