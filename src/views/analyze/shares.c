/*
 * shares.c - what a row consists of: see ct_row_shares() in rows.h.
 */
#include "views/analyze/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int more_time(const void *a, const void *b)
{
	const struct ct_share *x = a, *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static void add_share(struct ct_table *t, struct ct_shares *out, uint64_t id, uint64_t count,
		      uint64_t total)
{
	struct ct_share *s = ct_table_row(t, ct_table_put(t, &id));

	s->count += count;
	s->total += total;
	out->waits += count;
	out->total += total;
}

/* A holder that is known by its tid: the thread that had it, unless several had. */
static uint64_t holder_id(const struct ct_model *m, const struct ct_edge *e)
{
	const struct ct_thread *waiter = ct_model_thread_at(m, ct_model_bin(m, e->bin)->thread);
	const struct ct_thread *t = ct_model_thread_only(m, waiter->process, e->who);

	return t ? CT_SHARE_THREAD(t->serial) : CT_SHARE_TID(e->who);
}

/* What an edge counts for in a question; false: for nothing. */
static bool edge_share(const struct ct_model *m, const struct ct_edge *e, enum ct_share_by by,
		       uint64_t *id)
{
	const struct ct_thread *waiter = ct_model_thread_at(m, ct_model_bin(m, e->bin)->thread);
	bool stranger = e->kind == CT_EDGE_STRANGER;
	bool by_tid = e->kind == CT_EDGE_HELD || e->kind == CT_EDGE_HOLDS;
	uint64_t waker = e->kind == CT_EDGE_HELD || stranger ? 0 : e->who;

	switch (by) {
	case CT_BY_OWNER: *id = e->who; return e->kind == CT_EDGE_OWNER;
	case CT_BY_HOLDER_PLACE:
		if (by_tid)
			*id = holder_id(m, e);
		else if (stranger)
			*id = CT_SHARE_TID(e->who);
		else
			*id = e->kind == CT_EDGE_BARE ? CT_SHARE_THREAD(e->who) : e->who;
		return by_tid || stranger || e->kind == CT_EDGE_PLACE || e->kind == CT_EDGE_BARE ||
		       (e->kind == CT_EDGE_WAKER && !e->who);
	case CT_BY_HOLDER:
		*id = by_tid	 ? holder_id(m, e)
		      : stranger ? CT_SHARE_TID(e->who)
				 : CT_SHARE_THREAD(e->who);
		return by_tid || stranger || e->kind == CT_EDGE_WAKER;
	case CT_BY_WAKER: *id = stranger ? CT_SHARE_TID(e->who) : waker; break;
	case CT_BY_PAIR: *id = waiter->serial << 32 | waker; break;
	default: return false;
	}
	return e->kind == CT_EDGE_WAKER || e->kind == CT_EDGE_HELD || stranger;
}

int ct_row_shares(struct ct_view *v, const struct ct_rows *rows, uint32_t row, enum ct_share_by by,
		  struct ct_shares *out)
{
	const struct ct_row *r = &rows->row[row];
	struct ct_model *m = v->model;
	struct ct_table t;
	uint32_t i;

	memset(out, 0, sizeof(*out));
	if (ct_table_init(&t, sizeof(struct ct_share), 8) < 0)
		return -ENOMEM;
	if (by == CT_BY_WAITER_STACK || by == CT_BY_WAITER) {
		for (i = r->cells; i < r[1].cells; i++) {
			const struct ct_cell *c = ct_model_cell(m, rows->cell[i]);
			uint64_t id = by == CT_BY_WAITER ? ct_model_thread_at(m, c->thread)->serial
							 : c->stack;

			add_share(&t, out, id, ct_cell_waits(c), ct_cell_total(c));
		}
	} else {
		for (i = r->edges; i < r[1].edges; i++) {
			const struct ct_edge *e = ct_model_edge(m, rows->edge[i]);
			uint64_t id;

			if (edge_share(m, e, by, &id))
				add_share(&t, out, id, e->count, e->total);
		}
	}
	if (t.failed) {
		ct_table_free(&t);
		return -ENOMEM;
	}
	/* The table's rows are shares already: hand them over. */
	out->share = (struct ct_share *)(void *)t.rows;
	out->count = t.count;
	t.rows = NULL;
	ct_table_free(&t);
	qsort(out->share, out->count, sizeof(*out->share), more_time);
	return 0;
}
