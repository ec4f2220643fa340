/*
 * shared.c - which objects of different processes are one.
 *
 * An address says nothing in another process: a lock in memory that was shared before a fork is at one address in parent and child, a lock in
 * the heap is too and is two locks, and a segment that each process attached for itself is somewhere else in each.  What tells is the file
 * behind the address (anonymous shared memory has one too), and where in it.  mapping records say what ctrace-run saw mapped, look
 * by look; an object is joined with others when
 *
 *   its record says that it may be shared,
 *   the address was mapped shared at the last look before the record, or, if nothing was there then, at the first look after it,
 *   and the look after it did not find another file there: then nobody knows.
 *
 * A process that nobody looked at has what the one it was forked from was seen to have before that.
 *
 * Objects that are joined are one for good: what one process initialises anew, the others are not told of.
 *
 * System V identifiers are the same in all processes of an IPC namespace; there the first of these processes stands for all.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>

/* What one object of several processes is known by. */
struct share {
	uint64_t device, inode, offset, kind;
};

void ct_shared_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	struct ct_mapping *p;
	uint32_t i;

	if (who->thread) /* a thread of a program: who is traced does not say what others have mapped */
		return;
	i = ct_pool_add(&m->mappings);
	if (i == CT_NONE)
		return;
	p = ct_pool_at(&m->mappings, i);
	*p = (struct ct_mapping){
		.ticks = r->ticks,
		.process = (uint32_t)r->v[CT_F_mapping_process],
		.order = i,
		.from = r->v[CT_F_mapping_from],
		.bytes = r->v[CT_F_mapping_bytes],
		.device = r->v[CT_F_mapping_device],
		.inode = r->v[CT_F_mapping_inode],
		.offset = r->v[CT_F_mapping_offset],
	};
}

static int by_process_ticks(const void *a, const void *b)
{
	const struct ct_mapping *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* All of them by process and time. */
struct looks {
	struct ct_mapping *all;
	uint32_t n;
	uint64_t
		steps; /* that may still be gone: a trace can be made to want more than anybody waits for */
};
#define STEPS_MAX (1ull << 30)

/* Number of mappings of processes before this one; or, with @ticks, of this one until then too. */
static uint32_t until(const struct looks *l, uint32_t process, uint64_t ticks)
{
	uint32_t lo = 0, hi = l->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct ct_mapping *p = &l->all[mid];

		if (p->process < process || (p->process == process && p->ticks <= ticks))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* What was last said of an address among [from, to), NULL when nothing, or that nothing is there. */
static const struct ct_mapping *last_said(struct looks *l, uint32_t from, uint32_t to,
					  uint64_t address)
{
	for (; to > from && l->steps; to--, l->steps--) {
		const struct ct_mapping *p = &l->all[to - 1];

		if (address >= p->from && address - p->from < p->bytes)
			return p->inode ? p : NULL;
	}
	return NULL;
}

static bool same_file(const struct ct_mapping *a, const struct ct_mapping *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->offset - a->from == b->offset - b->from;
}

/* The process that tells what one has: itself, or else those it was forked from; CT_NONE when none was looked at. */
static uint32_t teller(const struct ct_model *m, const struct looks *l, uint32_t process,
		       uint64_t *ticks)
{
	const struct ct_process_rec *p;

	while (until(l, process, UINT64_MAX) == (process ? until(l, process - 1, UINT64_MAX) : 0)) {
		p = m->tables.processes + process;
		/* a parent's row comes before its child's */
		if (process >= m->tables.process_count || !p->forked_from ||
		    p->forked_from > process)
			return CT_NONE;
		*ticks = p->begin_ticks;
		process = p->forked_from - 1;
	}
	return process;
}

static const struct ct_mapping *find_mapping(const struct ct_model *m, struct looks *l,
					     uint32_t process, uint64_t address, uint64_t ticks)
{
	uint32_t who = teller(m, l, process, &ticks), first, now, end, next;
	const struct ct_mapping *then, *later;

	if (who == CT_NONE)
		return NULL;
	first = who ? until(l, who - 1, UINT64_MAX) : 0;
	now = until(l, who, ticks);
	end = until(l, who, UINT64_MAX);
	then = last_said(l, first, now, address);
	if (now == end)
		return then;
	next = until(l, who, l->all[now].ticks);
	later = last_said(l, first, next, address);
	/* what its parent got only later may not be what it has */
	if (!then)
		return who == process ? later : NULL;
	return !later || same_file(then, later) ? then : NULL;
}

/* Returns 0 or -ENOMEM. */
static int find_share(struct ct_model *m, struct looks *l, struct ct_table *shares,
		      struct ct_object *o)
{
	const struct ct_place *place = ct_table_row(&m->places, o->place);
	const struct ct_mapping *p = find_mapping(m, l, place->process, place->address, o->since);
	struct share key;
	uint32_t row;

	if (!p)
		return 0;
	key = (struct share){p->device, p->inode, p->offset + (place->address - p->from),
			     place->kind};
	row = ct_table_put(shares, &key);
	o->share = row == CT_NONE ? 0 : row + 1;
	return row == CT_NONE ? -ENOMEM : 0;
}

int ct_shared_find(struct ct_model *m)
{
	struct looks l = {calloc(m->mappings.count + 1u, sizeof(*l.all)), m->mappings.count,
			  STEPS_MAX};
	struct ct_table shares;
	uint32_t i;
	int err = ct_table_init(&shares, sizeof(struct share), sizeof(struct share));

	if (!l.all)
		err = -ENOMEM;
	for (i = 0; i < l.n && !err; i++)
		l.all[i] = *(struct ct_mapping *)ct_pool_at(&m->mappings, i);
	if (!err)
		qsort(l.all, l.n, sizeof(*l.all), by_process_ticks);
	for (i = 0; i < m->object_count && !err; i++)
		if (m->objects[i].shared)
			err = find_share(m, &l, &shares, &m->objects[i]);
	m->share_count = shares.count;
	ct_table_free(&shares);
	free(l.all);
	return err;
}

/* What the trace knows of either. */
static void add_knowledge(struct ct_object *to, const struct ct_object *from)
{
	to->data = to->data ? to->data : from->data;
	to->init_stack = to->init_stack ? to->init_stack : from->init_stack;
}

/* Of each share the object of the oldest process, + 1. */
static uint32_t *choose(const struct ct_model *m)
{
	uint32_t *one = calloc(m->share_count + 1u, sizeof(*one)), i, share;

	for (i = 0; i < m->object_count && one; i++) {
		share = m->objects[i].share;
		if (share && (!one[share] || ct_model_place(m, i)->process <
						     ct_model_place(m, one[share] - 1)->process))
			one[share] = i + 1;
	}
	return one;
}

int ct_shared_join(struct ct_model *m)
{
	uint32_t *one = choose(m), i, before;
	struct ct_table pairs; /* share and process */
	int err = ct_table_init(&pairs, 8, 8);

	for (i = 0; i < m->object_count && one && !err; i++) {
		struct ct_object *o = &m->objects[i], *to;
		uint64_t pair = (uint64_t)o->share << 32 | ct_model_place(m, i)->process;

		if (!o->share)
			continue;
		o->same = one[o->share];
		to = &m->objects[o->same - 1];
		if (to != o)
			add_knowledge(to, o);
		before = pairs.count;
		ct_table_put(&pairs, &pair);
		to->processes += pairs.count != before;
	}
	if (!one || pairs.failed)
		err = -ENOMEM;
	ct_table_free(&pairs);
	free(one);
	return err;
}

int ct_shared_homes(struct ct_model *m)
{
	struct home {
		uint64_t namespace, process;
	} * home;
	uint32_t n = m->tables.process_count, i;
	struct ct_table homes;
	int err = ct_table_init(&homes, sizeof(*home), 8);

	m->ipc_homes = calloc(n + 1u, sizeof(*m->ipc_homes));
	for (i = 0; i < n && m->ipc_homes && !err; i++) {
		const struct ct_process_rec *p = &m->tables.processes[i];
		uint32_t before = homes.count;

		m->ipc_homes[i] = i;
		if (p->ipc_namespace) {
			home = ct_table_row(&homes, ct_table_put(&homes, &p->ipc_namespace));
			if (homes.count != before)
				home->process = i;
			m->ipc_homes[i] = (uint32_t)home->process;
		} else if (p->forked_from && p->forked_from - 1 < i) {
			m->ipc_homes[i] = m->ipc_homes[p->forked_from - 1];
		}
	}
	if (!m->ipc_homes || homes.failed)
		err = -ENOMEM;
	ct_table_free(&homes);
	return err;
}
