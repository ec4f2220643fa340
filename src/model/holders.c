/*
 * holders.c - see holders.h.
 */
#include "holders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_int.h"

struct wait {
	uint64_t from, to;
	uint32_t thread, cell;
};

struct ask {
	uint64_t from, to;
	uint32_t thread, bin; /* of the holder, of the waiter */
};

/*
 * A trace that anybody can write may have a million waits for locks of one holder that is in a million waits of its own meanwhile.  After
 * so many looks for each wait that there is, and pairs of who waited and what for, what is left is not known.
 */
#define LOOKS_FEW    4000000u
#define LOOKS_EACH   8u
#define PAIRS_ENOUGH 1000000u

/* Who holds is known by its serial, or just by its tid. */
static int find_holders(struct ct_holders *h)
{
	const struct ct_model *m = h->model;
	struct ct_table tids;
	uint32_t i;
	int err;

	if (ct_table_init(&tids, 8, 8) < 0)
		return -ENOMEM;
	for (i = 0; i < m->edges.count; i++) {
		const struct ct_edge *e = ct_model_edge(m, i);
		uint64_t who = e->who;
		uint32_t row;

		if (!who || ct_model_bin(m, e->bin)->op)
			continue;
		if (e->kind == CT_EDGE_WAKER) {
			row = ct_table_find(&m->threads, &who);
			if (row != CT_NONE)
				h->holds[row] = 1;
		} else if (e->kind == CT_EDGE_HELD || e->kind == CT_EDGE_OWNER) {
			ct_table_put(&tids, &who);
		}
	}
	for (i = 0; i < m->threads.count; i++) {
		uint64_t tid = ct_model_thread_at(m, i)->tid;

		if (ct_table_find(&tids, &tid) != CT_NONE)
			h->holds[i] = 1;
	}
	err = tids.failed ? -ENOMEM : 0;
	ct_table_free(&tids);
	return err;
}

int ct_holders_init(struct ct_holders *h, struct ct_model *m)
{
	memset(h, 0, sizeof(*h));
	h->model = m;
	h->waits.item_bytes = sizeof(struct wait);
	h->asks.item_bytes = sizeof(struct ask);
	h->holds = calloc(m->threads.count + 1u, 1);
	if (!h->holds || ct_table_init(&h->did, sizeof(struct ct_holder_did), 8) < 0 ||
	    ct_table_init(&h->on, sizeof(struct ct_holder_on), 8) < 0)
		return -ENOMEM;
	return find_holders(h);
}

void ct_holders_free(struct ct_holders *h)
{
	ct_table_free(&h->did);
	ct_table_free(&h->on);
	ct_pool_free(&h->waits);
	ct_pool_free(&h->asks);
	free(h->holds);
}

void ct_holders_wait(struct ct_holders *h, uint32_t thread, uint32_t cell, uint64_t from,
		     uint64_t to)
{
	uint32_t i;

	if (!h->holds[thread] || from >= to)
		return;
	i = ct_pool_add(&h->waits);
	if (i != CT_NONE)
		*(struct wait *)ct_pool_at(&h->waits, i) =
			(struct wait){.from = from, .to = to, .thread = thread, .cell = cell};
}

static void add(struct ct_holders *h, uint32_t bin, uint32_t cell, uint64_t ticks)
{
	uint64_t key = (uint64_t)bin << 32 | cell, unknown = (uint64_t)bin << 32 | CT_NONE;

	if (!ticks)
		return;
	if (h->on.count >= PAIRS_ENOUGH && ct_table_find(&h->on, &key) == CT_NONE)
		key = unknown;
	((struct ct_holder_on *)ct_table_row(&h->on, ct_table_put(&h->on, &key)))->ticks += ticks;
}

/* The holder was blocked for @off between two times: on what is found when all its waits are there. */
static void ask(struct ct_holders *h, const struct ct_thread *holder, uint32_t cell, uint64_t from,
		uint64_t to, uint64_t off)
{
	uint32_t bin = ct_model_cell(h->model, cell)->bin, i;
	uint32_t thread = holder ? ct_table_find(&h->model->threads, &holder->serial) : CT_NONE;

	if (thread == CT_NONE || !h->holds[thread]) {
		add(h, bin, CT_NONE, off);
		return;
	}
	i = ct_pool_add(&h->asks);
	if (i != CT_NONE)
		*(struct ask *)ct_pool_at(&h->asks, i) =
			(struct ask){.from = from, .to = to, .thread = thread, .bin = bin};
}

/*
 * What whoever kept a lock's waiter waiting did in a stretch of time: who let it go in the end, else who was seen to hold it.  When it
 * ended in between, it did nothing from there on.
 */
static struct ct_turns_split ask_holder(struct ct_holders *h, const struct ct_who *who,
					const struct ct_record *r, uint32_t cell, uint32_t waker,
					uint64_t from, uint64_t to)
{
	const struct ct_model *m = h->model;
	const struct ct_thread *t = ct_model_thread(m, waker);
	uint32_t last = (uint32_t)r->v[CT_F_wait_owner_last];
	uint32_t owner = last ? last : (uint32_t)r->v[CT_F_wait_owner], tid;
	bool ours = ct_tids_are_ours(m, who->process);
	uint64_t until = to;
	struct ct_turns_split did;

	if (!t)
		t = ours ? ct_model_thread_by_tid(m, owner, last ? to : from)
			 : ct_model_thread_only(m, who->process, owner);
	tid = t ? t->outside : ours ? owner : 0;
	if (!tid)
		return (struct ct_turns_split){.unseen = to - from};
	if (t && t->end < to)
		until = t->end > from ? t->end : from;
	did = ct_turns_split(&m->turns, tid, from, until);
	did.unseen += to - until;
	if (did.off)
		ask(h, t, cell, from, until, did.off);
	return did;
}

void ct_holders_watch(struct ct_holders *h, const struct ct_who *who, const struct ct_record *r,
		      uint32_t cell, uint32_t waker, uint64_t release)
{
	uint64_t key = cell, until = release < r->ticks ? release : r->ticks, start;
	struct ct_holder_did *d = ct_table_row(&h->did, ct_table_put(&h->did, &key));
	struct ct_turns_split part;

	start = r->ticks - (r->v[CT_F_wait_dur] < r->ticks ? r->v[CT_F_wait_dur] : r->ticks);
	if (until < start) /* it was free before it was asked for: a clock's grain */
		until = start;
	part = ask_holder(h, who, r, cell, waker, start, until);
	d->running += part.running;
	d->preempted += part.preempted;
	d->blocked += part.off;
	d->woken += part.woken;
	d->unseen += part.unseen;
	d->handoff += r->ticks - until;
}

/* --- on what ---------------------------------------------------------------------------------------------------------------------- */

/* Waits thread by thread, as places in h->waits; those of a thread begin at first[thread]. */
static int order_waits(const struct ct_holders *h, uint32_t **first, uint32_t **order)
{
	uint32_t threads = h->model->threads.count, n = h->waits.count, i;

	*first = calloc(threads + 2u, sizeof(**first));
	*order = malloc((n + 1u) * sizeof(**order));
	if (!*first || !*order)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		(*first)[((const struct wait *)ct_pool_at(&h->waits, i))->thread + 2]++;
	for (i = 1; i < threads; i++)
		(*first)[i + 1] += (*first)[i];
	for (i = 0; i < n; i++)
		(*order)[(*first)[((const struct wait *)ct_pool_at(&h->waits, i))->thread + 1]++] =
			i;
	return 0;
}

static uint64_t off_between(const struct ct_holders *h, uint32_t thread, uint64_t from, uint64_t to)
{
	return ct_turns_split(&h->model->turns, ct_model_thread_at(h->model, thread)->outside, from,
			      to)
		.off;
}

/* Returns how many waits it took a look at; never more than @most, and then the rest is not known. */
static uint64_t answer(struct ct_holders *h, const struct ask *a, const uint32_t *first,
		       const uint32_t *order, uint64_t most)
{
	uint32_t lo = first[a->thread], hi = first[a->thread + 1], end = hi;
	const struct wait *w;
	uint64_t looks = 0, at = a->from;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (((const struct wait *)ct_pool_at(&h->waits, order[mid]))->to <= a->from)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < end && looks < most; lo++) {
		uint64_t from, to;

		w = ct_pool_at(&h->waits, order[lo]);
		from = w->from > a->from ? w->from : a->from;
		to = w->to < a->to ? w->to : a->to;
		if (from >= to)
			break;
		looks++;
		add(h, a->bin, w->cell, off_between(h, a->thread, from, to));
		at = to;
	}
	if (looks == most)
		add(h, a->bin, CT_NONE, off_between(h, a->thread, at, a->to));
	return looks;
}

static int by_key(const void *a, const void *b)
{
	const struct ct_holder_on *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

int ct_holders_finish(struct ct_holders *h)
{
	uint64_t most = LOOKS_FEW + LOOKS_EACH * ((uint64_t)h->asks.count + h->waits.count);
	uint32_t *first = NULL, *order = NULL, i;
	int err = order_waits(h, &first, &order);

	for (i = 0; i < h->asks.count && !err; i++) {
		const struct ask *a = ct_pool_at(&h->asks, i);

		most -= answer(h, a, first, order, most);
	}
	free(first);
	free(order);
	ct_pool_free(&h->asks);
	ct_pool_free(&h->waits);
	if (err || h->did.failed || h->on.failed || h->waits.failed || h->asks.failed)
		return -ENOMEM;
	qsort(h->on.rows, h->on.count, sizeof(struct ct_holder_on), by_key);
	return 0;
}

/* --- questions -------------------------------------------------------------------------------------------------------------------- */

const struct ct_holder_did *ct_holders_did(const struct ct_holders *h, uint32_t cell)
{
	uint64_t key = cell;
	uint32_t row = ct_table_find(&h->did, &key);

	return row == CT_NONE ? NULL : ct_table_row(&h->did, row);
}

const struct ct_holder_on *ct_holders_on(const struct ct_holders *h, uint32_t bin, uint32_t *n)
{
	const struct ct_holder_on *all = (const struct ct_holder_on *)(const void *)h->on.rows;
	uint32_t lo = 0, hi = h->on.count, end;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (all[mid].key >> 32 < bin)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < h->on.count && all[end].key >> 32 == bin;)
		end++;
	*n = end - lo;
	return all + lo;
}
