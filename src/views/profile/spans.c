/*
 * spans.c - sched and offcpu: spans of the states of threads, those of a wait at the wait's stack.
 */
#include "views/profile/profile.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/text.h"

/* Where a thread's span before this one ended, and in what: one delay may come in pieces. */
struct last {
	uint64_t to;
	uint32_t state;
};

struct spans {
	struct ct_profile *p;
	struct last *last; /* by row of the thread */
	uint64_t unseen;   /* ticks */
};

static enum ct_leaf leaf_of(const struct ct_profile *p, const struct ct_span *s)
{
	switch (s->state) {
	case CT_STATE_PREEMPTED: return CT_LEAF_PREEMPTED;
	case CT_STATE_WOKEN:
		return p->o.kind == CT_PROFILE_OFFCPU || s->cell == CT_NONE ? CT_LEAF_WOKEN
									    : CT_LEAF_NONE;
	case CT_STATE_SHORT: return CT_LEAF_SHORT;
	case CT_STATE_OUTSIDE: return CT_LEAF_OUTSIDE;
	case CT_STATE_STOPPED: return CT_LEAF_STOPPED;
	default: return CT_LEAF_NONE;
	}
}

static bool is_off(const struct ct_profile *p, enum ct_state state)
{
	if (state == CT_STATE_WOKEN || state == CT_STATE_PREEMPTED)
		return true;
	return p->o.kind == CT_PROFILE_OFFCPU &&
	       (state == CT_STATE_BLOCKED || state == CT_STATE_SHORT || state == CT_STATE_OUTSIDE ||
		state == CT_STATE_STOPPED);
}

static struct ct_sample key_of_span(struct ct_profile *p, const struct ct_span *s)
{
	const struct ct_model *m = p->v->model;
	const struct ct_thread *t = ct_model_thread_at(m, s->thread);
	struct ct_sample key = {0};
	uint64_t serial = s->waker;

	if (s->cell != CT_NONE)
		key = ct_profile_key(p, s->cell);
	key.leaf = leaf_of(p, s);
	if (!key.stack && !key.leaf)
		key.leaf = CT_LEAF_NO_STACK;
	if (!key.stack && !t->main && t->routine)
		key.root = t->routine | CT_FRAME_EXACT;
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
	bool goes_on = last->to == s->from && last->state == s->state + 1u;
	struct ct_sample key;

	*last = (struct last){s->to, s->state + 1u};
	if (!ct_view_shows(p->v, ct_model_thread_at(p->v->model, s->thread)))
		return;
	if (s->state == CT_STATE_AWAKE)
		w->unseen += s->to - s->from;
	if (!is_off(p, (enum ct_state)s->state) ||
	    (p->o.min_ns && ct_view_ns(p->v, s->to - s->from) < p->o.min_ns) ||
	    (s->cell == CT_NONE ? p->o.lock != NULL : !ct_profile_wants(p, s->cell)))
		return;
	key = key_of_span(p, s);
	ct_profile_add(p, &key, !goes_on, s->to - s->from);
}

int ct_profile_spans(struct ct_profile *p)
{
	struct ct_view *v = p->v;
	struct spans w = {.p = p, .last = calloc(v->model->threads.count + 1u, sizeof(*w.last))};
	struct ct_states *states;
	char n[CT_TEXT_NUMBER];
	int err = -ENOMEM;

	if (w.last)
		err = ct_states_build(v->trace, v->model, take_span, &w, NULL, NULL, &states);
	free(w.last);
	if (err)
		return err;
	ct_states_free(states);
	if (!ct_turns_any(&v->model->turns))
		ct_profile_comment(p,
				   "when threads had a CPU was not recorded: only the time from a "
				   "release to the end of the wait it ended counts as ready");
	if (w.unseen)
		ct_profile_comment(p,
				   "not known whether on a CPU: %s of the threads' time, which is "
				   "not here",
				   ct_text_ns(n, ct_view_ns(v, w.unseen)));
	return 0;
}
