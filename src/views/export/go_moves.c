/*
 * go_moves.c - a goroutine from one state to another, by events that Go's reader takes in this order.
 */
#include <errno.h>

#include "views/analyze/names.h"
#include "views/export/go_int.h"

/* --- single events -------------------------------------------------------------------------------------------------------------- */

void ct_go_tell(struct export *x, uint32_t m, enum ct_go_event e, uint64_t a0, uint64_t a1,
		uint64_t a2)
{
	const uint64_t args[CT_GO_ARGS_MAX] = {a0, a1, a2, 0};

	if (!x->err)
		x->err = ct_go_event(x->w, m, x->now, e, args);
}

static void log_event(struct export *x, uint32_t m, const char *category, const char *text)
{
	const uint64_t args[CT_GO_ARGS_MAX] = {0, ct_go_string(x->w, category),
					       ct_go_string(x->w, text), 0};

	if (!x->err)
		x->err = ct_go_event(x->w, m, x->now, CT_GO_LOG, args);
}

void ct_go_take_p(struct export *x, struct goroutine *g)
{
	bool introduce;

	if (g->p)
		return;
	g->p = ct_go_procs_take(&x->procs, g->number, x->item, &introduce);
	if (!g->p) {
		x->err = -ENOMEM;
		return;
	}
	if (introduce)
		ct_go_tell(x, g->number, CT_GO_PROC_STATUS, g->p, CT_GO_PROC_IDLE, 0);
	ct_go_tell(x, g->number, CT_GO_PROC_START, g->p, ct_go_order_p_seq(ct_go_order(x->w), g->p),
		   0);
}

void ct_go_drop_p(struct export *x, struct goroutine *g)
{
	if (!g->p)
		return;
	ct_go_tell(x, g->number, CT_GO_PROC_STOP, 0, 0, 0);
	ct_go_procs_drop(&x->procs, g->number, g->p);
	g->p = 0;
}

static uint32_t g_seq(const struct export *x, const struct goroutine *g)
{
	return ct_go_order_g_seq(ct_go_order(x->w), g->number);
}

/* What can only be told by somebody who runs. */
void ct_go_tell_dues(struct export *x, struct goroutine *g)
{
	char name[CT_NAME_MAX];
	uint32_t i;

	if (!g->labelled) {
		g->labelled = true;
		ct_name_thread_apart(x->v, ct_model_thread_at(x->v->model, (uint32_t)(g - x->all)),
				     x->v->many_processes ? CT_NONE : 0, name, sizeof(name));
		ct_go_tell(x, g->number, CT_GO_LABEL, ct_go_string(x->w, name), 0, 0);
	}
	if (x->generation != x->gens) {
		x->generation = x->gens;
		ct_go_tell(x, g->number, CT_GO_PROCS_CHANGE, x->cpus, 0, 0);
	}
	if (x->memory_due) {
		x->memory_due = false;
		ct_go_tell(x, g->number, CT_GO_HEAP_ALLOC, x->memory, 0, 0);
	}
	if (g->dues.n || x->dues.n)
		ct_go_tell_notes(x, g);
	for (i = 0; i < x->notes_n; i++)
		log_event(x, g->number, "ctrace", x->notes[i]);
	x->notes_n = 0;
	if (x->notes_left_out) {
		snprintf(name, sizeof(name), "and %u messages of losses more", x->notes_left_out);
		x->notes_left_out = 0;
		log_event(x, g->number, "ctrace", name);
	}
}

static void start(struct export *x, struct goroutine *g)
{
	ct_go_take_p(x, g);
	ct_go_tell(x, g->number, CT_GO_START, g->number, g_seq(x, g), 0);
	g->status = CT_GO_RUNNING;
	g->wait = 0;
	x->newest = g;
	ct_go_tell_dues(x, g);
}

void ct_go_unblock(struct export *x, uint32_t by, struct goroutine *g, uint32_t stack)
{
	ct_go_tell(x, by, CT_GO_UNBLOCK, g->number, g_seq(x, g), stack);
	g->status = CT_GO_RUNNABLE;
}

/* --- ways between states -------------------------------------------------------------------------------------------------------- */

void ct_go_end_call(struct export *x, struct goroutine *g)
{
	if (g->p) {
		ct_go_tell(x, g->number, CT_GO_SYSCALL_END, 0, 0, 0);
		g->status = CT_GO_RUNNING;
		g->wait = 0;
		if (g->dues.n || x->dues.n)
			ct_go_tell_notes(x, g);
		return;
	}
	ct_go_tell(x, g->number, CT_GO_SYSCALL_END_BLOCKED, 0, 0, 0);
	g->status = CT_GO_RUNNABLE;
}

void ct_go_to_running(struct export *x, struct goroutine *g)
{
	if (g->status == CT_GO_SYSCALL)
		ct_go_end_call(x, g);
	if (g->status == CT_GO_WAITING) {
		ct_go_take_p(x, g);
		ct_go_unblock(x, g->number, g, g->stack);
	}
	if (g->status == CT_GO_RUNNABLE)
		start(x, g);
}

void ct_go_to_waiting(struct export *x, struct goroutine *g, uint32_t reason, uint32_t stack)
{
	if (g->status == CT_GO_WAITING && g->wait == x->item->wait && g->reason == reason)
		return;
	ct_go_to_running(x, g);
	ct_go_tell(x, g->number, CT_GO_BLOCK, reason, stack, 0);
	ct_go_drop_p(x, g);
	g->status = CT_GO_WAITING;
	g->reason = reason;
	g->stack = stack;
	g->wait = x->item->wait;
}

void ct_go_to_stopped(struct export *x, struct goroutine *g, uint32_t reason, uint32_t stack)
{
	if (g->status == CT_GO_RUNNABLE)
		return;
	ct_go_to_running(x, g);
	ct_go_tell(x, g->number, CT_GO_STOP, reason, stack, 0);
	ct_go_drop_p(x, g);
	g->status = CT_GO_RUNNABLE;
}

void ct_go_to_calling(struct export *x, struct goroutine *g, uint32_t stack, bool keep_p)
{
	if (g->status != CT_GO_SYSCALL || g->wait != x->item->wait) {
		ct_go_to_running(x, g);
		ct_go_tell(x, g->number, CT_GO_SYSCALL_BEGIN,
			   ct_go_order_p_seq(ct_go_order(x->w), g->p), stack, 0);
		g->status = CT_GO_SYSCALL;
		g->stack = stack;
		g->wait = x->item->wait;
	}
	if (!keep_p)
		ct_go_drop_p(x, g);
}
