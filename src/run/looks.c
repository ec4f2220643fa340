/*
 * looks.c - see looks.h.
 */
#include "looks.h"

#include <stdlib.h>
#include <string.h>

#include "run/maps.h"

#define FIRST_PAUSE_NS 50000000ull /* to the second look, and twice as long to each later one */
#define LAST_PAUSE_NS  5000000000ull

struct ct_looks_process {
	uint64_t next_ns, pause_ns;
};

static struct ct_looks_process *process_at(struct ct_looks *l, size_t index)
{
	struct ct_looks_process *rows;
	size_t n = l->processes_n;

	if (index < n)
		return &l->processes[index];
	n = index * 2 + 16;
	rows = realloc(l->processes, n * sizeof(*rows));
	if (!rows)
		return NULL;
	memset(rows + l->processes_n, 0, (n - l->processes_n) * sizeof(*rows));
	l->processes = rows;
	l->processes_n = n;
	return &rows[index];
}

/* The arena as /proc/PID/maps tells of it, learned from our own: fstat may name another device. */
static void learn_arena(struct ct_looks *l)
{
	uintptr_t arena = (uintptr_t)l->reap->store->memory;
	struct ct_maps maps;
	struct ct_map map;

	l->learned = true;
	if (!ct_maps_open(&maps, 0))
		return;
	while (ct_maps_next(&maps, &map)) {
		if (arena >= map.from && arena < map.to) {
			l->arena_device = map.device;
			l->arena_inode = map.inode;
		}
	}
	ct_maps_close(&maps);
}

static bool is_arena(const struct ct_looks *l, const struct ct_map *map)
{
	return map->inode && map->inode == l->arena_inode && map->device == l->arena_device;
}

static void look_at(struct ct_looks *l, size_t process, uint64_t now_ns)
{
	bool any = false, has_arena = !l->arena_inode;
	struct ct_maps maps;
	struct ct_map map;

	if (!ct_maps_open(&maps, l->reap->watched[process].pid))
		return;
	ct_blind_begin(l->blind, process);
	ct_mappings_begin(l->mappings, process);
	while (ct_maps_next(&maps, &map)) {
		any = true;
		ct_blind_add(l->blind, process, &map);
		if (is_arena(l, &map))
			has_arena = true;
		else
			ct_mappings_add(l->mappings, &map);
	}
	ct_maps_close(&maps);
	/* of a process that has ended there is nothing to read */
	if (!any)
		return;
	ct_blind_end(l->blind, process, has_arena);
	/* one that has executed another program has other mappings, and they are not this row's */
	if (has_arena)
		ct_mappings_end(l->mappings, process, now_ns);
}

static bool can_look(const struct ct_looks *l, size_t process)
{
	const struct ct_watched *w = &l->reap->watched[process];

	return w->trusted && !w->ended &&
	       !(l->reap->store->arena.processes[process].flags &
		 (CT_PROC_LEFT_OUT | CT_PROC_UNREACHED));
}

/* Those it was forked from have what its brothers will be born with. */
static void look_at_line(struct ct_looks *l, size_t process, uint64_t now_ns)
{
	const struct ct_process_rec *rows = l->reap->store->arena.processes;
	uint32_t parent;

	for (;;) {
		if (can_look(l, process))
			look_at(l, process, now_ns);
		parent = rows[process].forked_from;
		if (!parent || parent - 1 >= process ||
		    !ct_mappings_rested(l->mappings, parent - 1, now_ns))
			return;
		process = parent - 1;
	}
}

void ct_looks_take(struct ct_looks *l, uint64_t now_ns)
{
	size_t i;

	if (!l->learned)
		learn_arena(l);
	for (i = 0; i < l->reap->count; i++) {
		struct ct_looks_process *p;

		if (!can_look(l, i))
			continue;
		if (ct_mappings_due(l->mappings, i, now_ns)) {
			look_at_line(l, i, now_ns);
			continue;
		}
		p = process_at(l, i);
		if (!p || p->next_ns > now_ns)
			continue;
		look_at(l, i, now_ns);
		p->pause_ns = p->pause_ns ? p->pause_ns * 2 : FIRST_PAUSE_NS;
		if (p->pause_ns > LAST_PAUSE_NS)
			p->pause_ns = LAST_PAUSE_NS;
		p->next_ns = now_ns + p->pause_ns;
	}
}

void ct_looks_free(struct ct_looks *l)
{
	free(l->processes);
	memset(l, 0, sizeof(*l));
}
