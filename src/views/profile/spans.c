/*
 * spans.c - all profiles but that of locks: spans of the states of threads, those of a wait at the wait's stack.
 *
 *	net, sync   blocked in such a wait, up to its release: what follows is sched's
 *	syscall     in the call, blocked or on a CPU
 *	sched       woken or preempted
 *	offcpu      all but on a CPU
 *
 * These are Go's rules; exports to its format make the same of them.  Short waits have no spans, and are added from the model's sums.
 */
#include "views/profile/profile.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/text.h"

/* Of a thread: where its span before this one ended, in what, and in which wait.  A delay, or a wait, may come in pieces. */
struct last {
	uint64_t to;
	uint32_t state, wait;
};

struct spans {
	struct ct_profile *p;
	struct last *last; /* by row of the thread */
	uint8_t *wanted;   /* by cell */
	uint8_t *shown;	   /* by row of the thread */
	bool waits;	   /* net, sync, syscall */
	uint64_t unseen;   /* ticks */
};

static enum ct_leaf leaf_of(const struct ct_profile *p, const struct ct_span *s)
{
	switch (s->state) {
	case CT_STATE_PREEMPTED: return CT_LEAF_PREEMPTED;
	case CT_STATE_WOKEN:
		if (s->from == ct_model_thread_at(p->v->model, s->thread)->begin)
			return CT_LEAF_NEW;
		return p->o.kind == CT_PROFILE_OFFCPU || s->cell == CT_NONE ? CT_LEAF_WOKEN
									    : CT_LEAF_NONE;
	case CT_STATE_SHORT: return CT_LEAF_SHORT;
	case CT_STATE_OUTSIDE: return CT_LEAF_OUTSIDE;
	case CT_STATE_STOPPED: return CT_LEAF_STOPPED;
	default: return CT_LEAF_NONE;
	}
}

/* Is it a state that the profile is of? */
static bool is_of(const struct ct_profile *p, enum ct_state state)
{
	switch (state) {
	case CT_STATE_WOKEN:
	case CT_STATE_PREEMPTED:
		return p->o.kind == CT_PROFILE_SCHED || p->o.kind == CT_PROFILE_OFFCPU;
	case CT_STATE_BLOCKED: return p->o.kind != CT_PROFILE_SCHED;
	case CT_STATE_CALL: return p->o.kind == CT_PROFILE_SYSCALL;
	case CT_STATE_SHORT:
	case CT_STATE_STOPPED:
	case CT_STATE_OUTSIDE: return p->o.kind == CT_PROFILE_OFFCPU;
	default: return false;
	}
}

/* The wait's length, or what is left of it in the trace. */
static uint64_t length(const struct spans *w, const struct ct_span *s)
{
	if (!w->waits)
		return s->to - s->from;
	if (s->record)
		return s->record->v[CT_F_wait_dur];
	return s->cell == CT_NONE ? 0 : ct_model_cell(w->p->v->model, s->cell)->open_total;
}

static bool is_wanted(const struct spans *w, const struct ct_span *s)
{
	const struct ct_profile *p = w->p;

	if (p->o.min_ns && ct_view_ns(p->v, length(w, s)) < p->o.min_ns)
		return false;
	if (s->cell != CT_NONE)
		return w->wanted[s->cell];
	return !p->o.lock && (!w->waits || ct_profile_of(p->v->model, s->op, CT_NONE) == p->o.kind);
}

static struct ct_sample key_of_span(struct ct_profile *p, const struct ct_span *s)
{
	const struct ct_model *m = p->v->model;
	const struct ct_thread *t = ct_model_thread_at(m, s->thread);
	struct ct_sample key = {.stack = s->stack};
	uint64_t serial = s->waker;

	if (s->cell != CT_NONE)
		key = ct_profile_key(p, s->cell);
	key.leaf = leaf_of(p, s);
	if (p->o.by_waker && s->state == CT_STATE_WOKEN && s->waker) {
		key.stack = s->waker_stack; /* the kernel tells who it was, not where */
		key.leaf = CT_LEAF_NONE;
	}
	if (!key.stack && !key.leaf)
		key.leaf = CT_LEAF_NO_STACK;
	if (!key.stack && !t->main && t->routine && !p->o.by_waker)
		key.root = t->routine | CT_FRAME_EXACT;
	if (!p->o.labels)
		return key;
	key.thread = ct_profile_thread(p, s->thread);
	if (s->waker)
		key.holder = ct_profile_thread(p, ct_table_find(&m->threads, &serial));
	else
		key.holder = ct_profile_stranger(p, s->stranger);
	return key;
}

static void take_span(void *arg, const struct ct_span *s)
{
	struct spans *w = arg;
	struct ct_profile *p = w->p;
	struct last *last = &w->last[s->thread];
	bool goes_on = w->waits ? last->wait == s->wait
				: last->to == s->from && last->state == s->state + 1u;
	uint64_t part;
	struct ct_sample key;

	if (!w->waits)
		*last = (struct last){s->to, s->state + 1u, 0};
	part = w->shown[s->thread] ? ct_profile_task_part(p->task, s->thread, s->from, s->to) : 0;
	if (!part)
		return;
	if (s->state == CT_STATE_AWAKE)
		w->unseen += part;
	if (!is_of(p, (enum ct_state)s->state) || !is_wanted(w, s))
		return;
	last->wait = s->wait;
	key = key_of_span(p, s);
	ct_profile_add(p, &key, !goes_on, part);
}

/* Summed waits of a cell. */
static void take_short(struct ct_profile *p, uint32_t cell)
{
	const struct ct_cell *c = ct_model_cell(p->v->model, cell);
	struct ct_sample key;

	if (!ct_profile_sums_short(p) || c->op >= CT_OP_FIRST_CALL) {
		p->left_out += c->short_waits;
		p->left_out_total += c->short_total;
	} else if (c->short_waits) {
		key = ct_profile_key(p, cell);
		ct_profile_add(p, &key, c->short_waits, c->short_total);
	}
}

static void choose(struct spans *w)
{
	struct ct_profile *p = w->p;
	struct ct_model *m = p->v->model;
	uint32_t i;

	for (i = 0; i < m->threads.count; i++)
		w->shown[i] = ct_view_shows(p->v, ct_model_thread_at(m, i));
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		w->wanted[i] = (!w->waits || ct_profile_of(m, c->op, i) == p->o.kind) &&
			       ct_profile_wants(p, i);
		if (w->waits && w->wanted[i])
			take_short(p, i);
	}
}

static void say(struct spans *w)
{
	struct ct_profile *p = w->p;
	char n[CT_TEXT_NUMBER];

	if (w->waits)
		return;
	if (!ct_turns_any(&p->v->model->turns))
		ct_profile_comment(p,
				   "when threads had a CPU was not recorded: only the time from a "
				   "release to the end of the wait it ended counts as ready");
	if (w->unseen)
		ct_profile_comment(p,
				   "not known whether on a CPU: %s of the threads' time, which is "
				   "not here",
				   ct_text_ns(n, ct_view_ns(p->v, w->unseen)));
}

int ct_profile_spans(struct ct_profile *p)
{
	struct ct_model *m = p->v->model;
	struct spans w = {.p = p, .waits = p->o.kind < CT_PROFILE_SCHED};
	struct ct_states *states;
	int err = -ENOMEM;

	w.last = calloc(m->threads.count + 1u, sizeof(*w.last));
	w.shown = calloc(m->threads.count + 1u, 1);
	w.wanted = calloc(m->cells.count + 1u, 1);
	if (w.last && w.shown && w.wanted) {
		choose(&w);
		err = ct_states_build_with(p->v->trace, m, take_span, 0, NULL, &w, NULL, NULL,
					   &states);
	}
	if (!err) {
		ct_states_free(states);
		say(&w);
	}
	free(w.last);
	free(w.shown);
	free(w.wanted);
	return err;
}
