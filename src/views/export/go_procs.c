/*
 * go_procs.c - see go_procs.h.
 */
#include "views/export/go_procs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ct_go_procs_init(struct ct_go_procs *p, uint32_t cpus)
{
	memset(p, 0, sizeof(*p));
	p->cpus = cpus;
	p->count = cpus;
	p->cpu_used = calloc(cpus + 1u, 1);
	p->cpu_known = calloc(cpus + 1u, 1);
	return p->cpu_used && p->cpu_known ? 0 : -ENOMEM;
}

void ct_go_procs_free(struct ct_go_procs *p)
{
	free(p->own);
	free(p->cpu_used);
	free(p->cpu_known);
	free(p->free);
}

static uint32_t pop(struct ct_go_procs *p)
{
	uint32_t top = p->free[0], x = p->free[--p->free_n], i = 0, child;

	for (; (child = 2 * i + 1) < p->free_n; i = child) {
		if (child + 1 < p->free_n && p->free[child + 1] < p->free[child])
			child++;
		if (x <= p->free[child])
			break;
		p->free[i] = p->free[child];
	}
	if (p->free_n)
		p->free[i] = x;
	return top;
}

/* There is room: as many as were made. */
static void push(struct ct_go_procs *p, uint32_t x)
{
	uint32_t i = p->free_n++;

	while (i && p->free[(i - 1) / 2] > x) {
		p->free[i] = p->free[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	p->free[i] = x;
}

/* The lowest that is free, or a new one; 0 when out of memory. */
static uint32_t any(struct ct_go_procs *p, bool *introduce)
{
	uint32_t *grown, room;

	if (p->free_n)
		return pop(p);
	if (p->count - p->cpus >= p->free_room) {
		room = p->free_room * 2 + 64;
		grown = realloc(p->free, room * sizeof(*grown));
		if (!grown)
			return 0;
		p->free = grown;
		p->free_room = room;
	}
	*introduce = true;
	return ++p->count;
}

static uint32_t own(struct ct_go_procs *p, uint32_t thread, bool *introduce)
{
	if (thread >= p->own_room) {
		uint32_t room = thread + thread / 2 + 64;
		uint32_t *grown = realloc(p->own, room * sizeof(*grown));

		if (!grown)
			return 0;
		memset(grown + p->own_room, 0, (room - p->own_room) * sizeof(*grown));
		p->own = grown;
		p->own_room = room;
	}
	if (!p->own[thread])
		p->own[thread] = any(p, introduce);
	return p->own[thread];
}

/* The P of the CPU that a state is on; 0: not known. */
static uint32_t of_cpu(const struct ct_go_procs *p, const struct ct_timeline_item *i)
{
	bool on = i->kind == CT_TIMELINE_STATE && i->source == CT_SOURCE_SWITCHES &&
		  (i->state == CT_STATE_RUNNING || i->state == CT_STATE_CALL);

	return on && i->cpu < p->cpus ? i->cpu + 1u : 0;
}

uint32_t ct_go_procs_take(struct ct_go_procs *p, uint32_t thread,
			  const struct ct_timeline_item *item, bool *introduce)
{
	uint32_t cpu;

	*introduce = false;
	if (!p->cpus)
		return own(p, thread, introduce);
	cpu = of_cpu(p, item);
	if (!cpu || p->cpu_used[cpu])
		return any(p, introduce);
	*introduce = !p->cpu_known[cpu];
	p->cpu_used[cpu] = p->cpu_known[cpu] = 1;
	return cpu;
}

void ct_go_procs_drop(struct ct_go_procs *p, uint32_t thread, uint32_t proc)
{
	(void)thread;
	if (!p->cpus)
		return;
	if (proc <= p->cpus)
		p->cpu_used[proc] = 0;
	else
		push(p, proc);
}

void ct_go_procs_end(struct ct_go_procs *p, uint32_t thread)
{
	if (p->cpus || thread >= p->own_room || !p->own[thread])
		return;
	push(p, p->own[thread]);
	p->own[thread] = 0;
}

bool ct_go_procs_other(const struct ct_go_procs *p, uint32_t proc,
		       const struct ct_timeline_item *item)
{
	uint32_t cpu = p->cpus ? of_cpu(p, item) : 0;

	return cpu && cpu != proc && !p->cpu_used[cpu];
}
