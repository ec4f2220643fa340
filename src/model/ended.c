/*
 * ended.c - see ended.h.
 */
#include "ended.h"

#include "model_int.h"

/* The record tells, or the model has looked for it. */
static void find_waker(struct ct_ended_walk *w, const struct ct_record *r, struct ct_ended *e)
{
	const struct ct_model *m = w->model;
	uint64_t ago = r->v[CT_F_wait_wake_ago];
	const struct ct_thread *joined;
	struct ct_kernel_waker kernel;

	e->waker = (uint32_t)r->v[CT_F_wait_waker];
	e->waker_stack = e->waker ? (uint32_t)r->v[CT_F_wait_waker_stack] : 0;
	if (e->cell != CT_NONE && ct_wait_is_pending(m, e->object, r) &&
	    w->pending < m->pending.count) {
		const struct ct_pending *p = ct_pool_at(&m->pending, w->pending++);

		e->waker = p->waker;
		e->waker_stack = p->waker ? p->waker_stack : 0;
		e->stranger = p->stranger;
		ago = p->waker && p->ago != CT_AGO_UNKNOWN ? p->ago : 0;
	} else if (e->op == CT_OP_join && !e->waker) {
		e->waker = (uint32_t)r->v[CT_F_wait_object];
		joined = ct_model_thread(m, e->waker);
		if (joined && joined->ended && joined->end < r->ticks)
			ago = r->ticks - joined->end;
	}
	if (ago && ago <= r->ticks)
		e->release = r->ticks - ago;
	if (!e->waker && w->kernel && e->cell != CT_NONE &&
	    ct_kernel_waker(m, e->thread, r->ticks, e->end - e->start, &kernel)) {
		e->waker = kernel.thread;
		e->stranger = kernel.stranger;
	}
}

bool ct_ended_take(struct ct_ended_walk *w, const struct ct_who *who, const struct ct_record *r,
		   struct ct_ended *out)
{
	struct ct_model *m = w->model;
	uint64_t serial = who->thread, dur;

	if (r->type != CT_EV_wait || (r->v[CT_F_wait_flags] & CT_WAIT_CANCELLED))
		return false;
	dur = r->v[CT_F_wait_dur] < r->ticks ? r->v[CT_F_wait_dur] : r->ticks;
	*out = (struct ct_ended){
		.cell = CT_NONE,
		.thread = ct_table_find(&m->threads, &serial),
		.object = CT_NONE,
		.op = (uint32_t)r->v[CT_F_wait_op],
		.start = r->ticks - dur,
		.end = r->ticks,
		.release = UINT64_MAX,
		.owner = (uint32_t)r->v[CT_F_wait_owner],
		.owner_last = (uint32_t)r->v[CT_F_wait_owner_last],
		.result = (int64_t)r->v[CT_F_wait_result],
	};
	if (out->thread == CT_NONE)
		return false;
	if (ct_model_counts(m, r))
		out->cell = ct_model_cell_of(m, who, out->thread, r);
	out->object = out->cell != CT_NONE ? ct_model_cell(m, out->cell)->object
					   : ct_objects_at(m, who->process, out->op,
							   r->v[CT_F_wait_object], r->ticks);
	if (out->object == CT_NONE)
		return false;
	find_waker(w, r, out);
	return true;
}
