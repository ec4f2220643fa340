/*
 * objects.c - what stood at an address when.
 *
 * Programs free a mutex and make another where it was, so an address names a place, not an object.  The recorder numbers the
 * initialisations it sees at a place (birth) and tells of an object when it is first waited for; from then on, until the next
 * one is told of, waits there belong to it.  The first object of a place also has the waits before its record, because a
 * record of another thread may be the older one by a hair.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t place_row(struct ct_model *m, uint32_t process, enum ct_kind kind, uint64_t address)
{
	const struct ct_place *p;
	struct {
		uint32_t process, kind;
		uint64_t address;
	} key = {process, kind, address};

	if (kind == CT_KIND_THREAD)
		key.process = 0;
	else if (kind == CT_KIND_IPC && address && process < m->tables.process_count)
		key.process = m->ipc_homes[process];
	if (m->last_place != CT_NONE) {
		p = ct_table_row(&m->places, m->last_place);
		if (p->address == key.address && p->process == key.process && p->kind == key.kind)
			return m->last_place;
	}
	return m->last_place = ct_table_put(&m->places, &key);
}

static uint32_t add_object(struct ct_model *m, uint32_t place)
{
	struct ct_object *o;

	if (m->object_count == m->object_room) {
		uint32_t room = m->object_room ? m->object_room * 2 : 64;

		o = realloc(m->objects, (size_t)room * sizeof(*o));
		if (!o) {
			m->error = -ENOMEM;
			return CT_NONE;
		}
		m->objects = o;
		m->object_room = room;
	}
	o = &m->objects[m->object_count];
	memset(o, 0, sizeof(*o));
	o->place = place;
	o->first_ticks = UINT64_MAX;
	return m->object_count++;
}

static void learn_fd(struct ct_model *m, const struct ct_record *r)
{
	uint32_t place =
		place_row(m, (uint32_t)r->v[CT_F_fd_process], CT_KIND_FD, r->v[CT_F_fd_fd] + 1);
	struct ct_place *p = ct_table_row(&m->places, place);
	uint32_t i = p->first, n;
	struct ct_fd_name *name;

	if (!p->objects) {
		i = add_object(m, place);
		if (i == CT_NONE)
			return;
		p->first = i;
		p->objects = 1;
	}
	n = ct_pool_add(&m->fd_names);
	if (n == CT_NONE)
		return;
	name = ct_pool_at(&m->fd_names, n);
	name->ticks = r->ticks;
	name->name = (uint32_t)r->v[CT_F_fd_name];
	name->next = m->objects[i].names;
	m->objects[i].names = n + 1;
}

void ct_objects_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint32_t place, i;
	struct ct_object *o;

	if (r->type == CT_EV_fd) {
		learn_fd(m, r);
		return;
	}
	if (r->type != CT_EV_object && r->type != CT_EV_shared)
		return;
	/* the fields of both are the same */
	place = place_row(m, who->process, ct_kind_of((uint32_t)r->v[CT_F_object_op]),
			  r->v[CT_F_object_object]);
	i = add_object(m, place);
	if (i == CT_NONE)
		return;
	o = &m->objects[i];
	o->birth = (uint32_t)r->v[CT_F_object_birth];
	o->since = r->ticks;
	o->data = r->v[CT_F_object_data];
	o->init_stack = (uint32_t)r->v[CT_F_object_stack];
	o->shared = r->type == CT_EV_shared;
}

static int by_place_birth(const void *a, const void *b)
{
	const struct ct_object *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->birth != y->birth)
		return x->birth < y->birth ? -1 : 1;
	return (x->since > y->since) - (x->since < y->since);
}

static int by_place_since(const void *a, const void *b)
{
	const struct ct_object *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return (x->since > y->since) - (x->since < y->since);
}

/* Two threads may have told of the same object: keep the earlier record and what either knew. */
static uint32_t drop_twins(struct ct_object *o, uint32_t n)
{
	uint32_t i, kept = 0;

	for (i = 0; i < n; i++) {
		struct ct_object *k = kept ? &o[kept - 1] : NULL;

		/* what is in other processes too may come and go: all records of it lead to the same one anyhow */
		if (k && k->place == o[i].place && k->birth == o[i].birth && !k->share &&
		    !o[i].share) {
			k->data = k->data ? k->data : o[i].data;
			k->init_stack = k->init_stack ? k->init_stack : o[i].init_stack;
			k->names = k->names ? k->names : o[i].names;
			k->shared |= o[i].shared;
		} else {
			o[kept++] = o[i];
		}
	}
	return kept;
}

void ct_objects_settle(struct ct_model *m)
{
	uint32_t i;

	m->placed = true;
	if (!m->object_count)
		return;
	if (ct_shared_find(m) < 0)
		m->error = -ENOMEM;
	qsort(m->objects, m->object_count, sizeof(*m->objects), by_place_birth);
	m->object_count = drop_twins(m->objects, m->object_count);
	qsort(m->objects, m->object_count, sizeof(*m->objects), by_place_since);
	for (i = 0; i < m->object_count; i++) {
		struct ct_place *p = ct_table_row(&m->places, m->objects[i].place);

		if (!i || m->objects[i - 1].place != m->objects[i].place) {
			p->first = i;
			p->objects = 0;
			m->objects[i].since = 0;
		}
		p->objects++;
	}
	if (ct_shared_join(m) < 0)
		m->error = -ENOMEM;
}

/* The one that stands for it in all processes. */
static uint32_t one_of(const struct ct_model *m, uint32_t object)
{
	return m->objects[object].same ? m->objects[object].same - 1 : object;
}

uint32_t ct_objects_at(struct ct_model *m, uint32_t process, uint32_t op, uint64_t address,
		       uint64_t ticks)
{
	uint32_t place = place_row(m, process, ct_kind_of(op), address);
	struct ct_place *p = ct_table_row(&m->places, place);
	uint32_t lo, hi;

	if (!p->objects) {
		lo = add_object(m, place);
		if (lo == CT_NONE)
			return CT_NONE;
		p->first = lo;
		p->objects = 1;
	}
	if (p->objects == 1)
		return one_of(m, p->first);
	lo = p->first;
	hi = p->first + p->objects;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->objects[mid].since <= ticks)
			lo = mid;
		else
			hi = mid;
	}
	return one_of(m, lo);
}

uint32_t *ct_model_object_ops(const struct ct_model *m)
{
	uint64_t *most = calloc(m->object_count + 1u, sizeof(*most));
	uint32_t *ops = calloc(m->object_count + 1u, sizeof(*ops)), i;

	for (i = 0; most && ops && i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		if (ops[c->object] && ct_cell_total(c) <= most[c->object])
			continue;
		ops[c->object] = c->op;
		most[c->object] = ct_cell_total(c);
	}
	if (!most) {
		free(ops);
		return NULL;
	}
	free(most);
	return ops;
}
