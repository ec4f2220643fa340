/*
 * tables_time.c - tables whose rows come in order of time: waits, states and switches.
 */
#include "tables_int.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"

int ct_tables_timeline(struct ct_tables *x)
{
	const struct ct_timeline_options o = {
		.notes = true, .shows = ct_view_shows_row, .arg = x->v};
	int err = ct_timeline_build(x->v->trace, x->v->model, &o, NULL, NULL, &x->timeline);

	return err ? err : ct_choice_measure(&x->choice, x->timeline);
}

/* --- waits --------------------------------------------------------------------------------------------------------------- */

/* The wait a thread is in: its states are added up until it is over. */
struct wait {
	struct ct_timeline_item last; /* of its states; wait 0: in none */
	uint64_t begin, off;
};

static void wait_row(struct ct_tables *x, const struct wait *w, uint64_t id)
{
	const struct ct_timeline_item *i = &w->last;
	const struct ct_model *m = x->v->model;
	const struct ct_cell *c = i->cell == CT_NONE ? NULL : ct_model_cell(m, i->cell);
	const struct ct_thread *waker = ct_model_thread(m, i->waker);
	uint64_t begin = ct_view_when(x->v, w->begin), end = ct_view_when(x->v, i->to);

	ct_put_int(x, id);
	ct_put_thread(x, i->thread);
	ct_put_int(x, i->wait);
	ct_put_text(x, ct_op_key(i->op));
	ct_put_id(x, c ? c->object : 0, c != NULL);
	ct_put_id(x, i->cell, c != NULL);
	ct_put_stack(x, i->stack);
	ct_put_text(x, c && c->why < CT_WHYS ? ct_why_name((enum ct_why)c->why) : "unknown");
	ct_put_int(x, begin);
	ct_put_int(x, end);
	ct_put_int(x, end - begin);
	ct_put_int(x, w->off);
	ct_put_int(x, i->open);
	ct_put_id(x, i->waker, waker != NULL);
	ct_put_stack(x, i->waker_stack);
	ct_put_id(x, i->stranger, i->stranger != 0);
	ct_put_id(x, i->owner, i->owner != 0);
	ct_put_int(x, (uint64_t)i->result);
	ct_end_row(x);
}

void ct_tables_waits(struct ct_tables *x)
{
	struct wait *all = calloc(x->v->model->threads.count + 1u, sizeof(*all)), *w;
	struct ct_timeline_item i;
	uint64_t rows = 0;

	if (!all) {
		x->sink->error = -ENOMEM;
		return;
	}
	ct_timeline_rewind(x->timeline);
	while (!x->sink->error && ct_timeline_next(x->timeline, &i)) {
		if (i.kind != CT_TIMELINE_STATE && i.kind != CT_TIMELINE_END)
			continue;
		w = &all[i.thread];
		if (w->last.wait && (i.kind == CT_TIMELINE_END || i.wait != w->last.wait)) {
			rows++;
			if (ct_choice_wait(&x->choice, &w->last))
				wait_row(x, w, rows);
			ct_tables_progress(x, 0);
			w->last.wait = 0;
		}
		if (i.kind == CT_TIMELINE_END || !i.wait)
			continue;
		if (!w->last.wait) {
			w->begin = i.ticks;
			w->off = 0;
		}
		if (i.state == CT_STATE_BLOCKED)
			w->off += ct_view_when(x->v, i.to) - ct_view_when(x->v, i.ticks);
		w->last = i;
	}
	free(all);
}

/* --- states -------------------------------------------------------------------------------------------------------------- */

void ct_tables_states(struct ct_tables *x)
{
	struct ct_timeline_item i;

	ct_timeline_rewind(x->timeline);
	while (!x->sink->error && ct_timeline_next(x->timeline, &i)) {
		x->sums->threads += i.kind == CT_TIMELINE_BEGIN;
		if (i.kind != CT_TIMELINE_STATE || !ct_choice_state(&x->choice, &i))
			continue;
		ct_put_thread(x, i.thread);
		ct_put_time(x, i.ticks);
		ct_put_time(x, i.to);
		ct_put_text(x, ct_state_name((enum ct_state)i.state));
		ct_put_int(x, i.source == CT_SOURCE_SWITCHES);
		ct_put_id(x, i.cpu, ct_timeline_cpu(&i) >= 0);
		ct_put_id(x, i.wait, i.wait != 0);
		ct_end_row(x);
		ct_tables_progress(x, 1);
	}
}

/* --- switches ------------------------------------------------------------------------------------------------------------ */

static void switch_row(struct ct_tables *x, const struct ct_turn *t, const struct ct_thread *thread)
{
	static const char *const ends[] = {"waits", "preempted", "stopped", "unseen"};

	ct_put_int(x, t->cpu);
	ct_put_id(x, thread ? thread->serial : 0, thread != NULL);
	ct_put_int(x, t->tid);
	ct_put_time(x, t->on);
	ct_put_id(x, t->off == UINT64_MAX ? 0 : ct_view_when(x->v, t->off), t->off != UINT64_MAX);
	ct_put_text(x, t->end <= CT_TURN_UNSEEN ? ends[t->end] : "unseen");
	ct_put_id(x, t->woken ? ct_view_when(x->v, t->woken) : 0, t->woken != 0);
	ct_put_id(x, t->waker, t->waker != 0);
	ct_end_row(x);
}

/* By thread, then by time. */
void ct_tables_switches(struct ct_tables *x)
{
	const struct ct_model *m = x->v->model;
	uint64_t from = ct_view_from(x->v), to = ct_view_to(x->v);
	const struct ct_thread *thread;
	uint32_t i;

	for (i = 0; m->turns.order && i < m->turns.all.count && !x->sink->error; i++) {
		const struct ct_turn *t = ct_turn_at(&m->turns, i);

		if (t->off < from || t->on > to)
			continue;
		thread = ct_model_thread_outside(m, t->tid, t->on);
		if (thread ? !ct_view_shows(x->v, thread) : x->v->o.thread || x->v->o.process)
			continue;
		switch_row(x, t, thread);
	}
}
