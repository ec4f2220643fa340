/*
 * calls.c - the counters that each thread keeps of its calls, and what of them no record tells.
 *
 * The counters of a thread hold all its calls, its records only the long ones.  What is left gets a cell of its own, on the
 * object "no descriptor" and without a stack, so that adding up cells gives exact totals.  Its longest call is not known.
 */
#include "model_int.h"

void ct_calls_take(struct ct_model *m, uint32_t thread, const struct ct_record *r)
{
	struct {
		uint32_t thread, op;
	} key = {thread, (uint32_t)r->v[CT_F_opstat_op]};
	struct ct_calls *c = ct_table_row(&m->calls, ct_table_put(&m->calls, &key));

	if (r->type == CT_EV_ophist) {
		if (r->v[CT_F_ophist_bucket] < CT_OPSTAT_BUCKETS)
			c->bucket[r->v[CT_F_ophist_bucket]] += r->v[CT_F_ophist_count];
		return;
	}
	c->count += r->v[CT_F_opstat_count];
	c->total += r->v[CT_F_opstat_total];
	if (r->v[CT_F_opstat_max] > c->max)
		c->max = r->v[CT_F_opstat_max];
}

/* The shortest `count` calls of a thread go to the histogram of a cell, each at the middle of its power of two. */
static void spread_calls(struct ct_model *m, uint32_t bin, const struct ct_calls *k, uint64_t count)
{
	unsigned b;

	for (b = 0; b < CT_OPSTAT_BUCKETS && count; b++) {
		uint64_t n = k->bucket[b] < count ? k->bucket[b] : count;

		if (n)
			ct_cell_length(m, bin, b ? 3ull << b >> 1 : 1, n);
		count -= n;
	}
}

static void add_recorded(struct ct_model *m)
{
	uint32_t i;

	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		struct {
			uint32_t thread, op;
		} key = {c->thread, c->op};
		uint32_t row = ct_table_find(&m->calls, &key);

		if (row != CT_NONE) {
			struct ct_calls *k = ct_table_row(&m->calls, row);

			/* the counters have what was abandoned, too: with the length it has at most */
			k->recorded += c->waits + ct_cell_more(m, c)->abandoned;
			k->recorded_total += c->total + ct_cell_more(m, c)->abandoned_total;
		}
	}
}

void ct_calls_finish(struct ct_model *m)
{
	uint32_t i, object, cell;

	if (ct_has_window(m))
		return;
	add_recorded(m);
	for (i = 0; i < m->calls.count; i++) {
		const struct ct_calls *k = ct_table_row(&m->calls, i);
		struct ct_cell *c;

		if (k->count <= k->recorded)
			continue;
		object = ct_objects_at(m, ct_model_thread_at(m, k->thread)->process, k->op, 0,
				       m->end);
		if (object == CT_NONE)
			return;
		cell = ct_cell_at(m, k->thread, object, 0, k->op);
		c = ct_model_cell(m, cell);
		c->short_waits += k->count - k->recorded;
		c->short_total += k->total > k->recorded_total ? k->total - k->recorded_total : 0;
		spread_calls(m, c->bin, k, k->count - k->recorded);
	}
}
