/*
 * mappings.c - see mappings.h.
 */
#include "mappings.h"

#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"

#define FIRST_PAUSE_NS                                                                             \
	20000000ull /* between two looks, and twice as long where the last was for nothing */
#define LAST_PAUSE_NS 1000000000ull
#define MAPPINGS_MAX  1024 /* of a process; graphics drivers have thousands */
#define SYSTEM_V      (1ull << 63)

struct ct_mappings_process {
	struct ct_map *now; /* at the last look */
	size_t now_n;
	uint32_t met;	/* shared_met then */
	uint64_t asked; /* an address that was met then */
	/* the next look that there is no hurry for, and the next one for an address that is in none of these */
	uint64_t next_ns, pause_ns;
	uint64_t find_ns, find_pause_ns;
	bool told; /* a record was written */
};

static struct ct_mappings_process *process_at(struct ct_mappings *m, size_t index)
{
	struct ct_mappings_process *rows;
	size_t n = m->processes_n;

	if (index < n)
		return &m->processes[index];
	n = index * 2 + 16;
	rows = realloc(m->processes, n * sizeof(*rows));
	if (!rows)
		return NULL;
	memset(rows + m->processes_n, 0, (n - m->processes_n) * sizeof(*rows));
	m->processes = rows;
	m->processes_n = n;
	return &rows[index];
}

static const struct ct_process_rec *row(const struct ct_mappings *m, size_t process)
{
	return &m->reap->store->arena.processes[process];
}

static bool lies_in(const struct ct_map *list, size_t n, uint64_t address)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (address >= list[i].from && address < list[i].to)
			return true;
	return false;
}

bool ct_mappings_rested(struct ct_mappings *m, size_t process, uint64_t now_ns)
{
	const struct ct_mappings_process *p = process_at(m, process);

	return p && now_ns >= p->next_ns;
}

bool ct_mappings_due(struct ct_mappings *m, size_t process, uint64_t now_ns)
{
	const struct ct_mappings_process *p = process_at(m, process);

	if (!p ||
	    atomic_load_explicit(&row(m, process)->shared_met, memory_order_acquire) == p->met)
		return false;
	return now_ns >= (lies_in(p->now, p->now_n, atomic_load(&row(m, process)->shared_last))
				  ? p->next_ns
				  : p->find_ns);
}

void ct_mappings_begin(struct ct_mappings *m, size_t process)
{
	struct ct_mappings_process *p = process_at(m, process);

	m->next_n = 0;
	if (!p)
		return;
	/* before anything is read: what is met meanwhile wants another look */
	p->met = atomic_load_explicit(&row(m, process)->shared_met, memory_order_acquire);
	p->asked = atomic_load_explicit(&row(m, process)->shared_last, memory_order_relaxed);
}

void ct_mappings_add(struct ct_mappings *m, const struct ct_map *map)
{
	if (!map->shared || !map->writable || !map->inode || m->next_n >= MAPPINGS_MAX)
		return;
	if (m->next_n == m->next_room) {
		size_t room = m->next_room ? m->next_room * 2 : 64;
		struct ct_map *rows = realloc(m->next, room * sizeof(*rows));

		if (!rows)
			return;
		m->next = rows;
		m->next_room = room;
	}
	m->next[m->next_n] = *map;
	/* their inodes are their identifiers, on the device whose other files are numbered on their own */
	if (!strncmp(map->path, "/SYSV", 5))
		m->next[m->next_n].device |= SYSTEM_V;
	m->next[m->next_n++].path = NULL;
}

/* Is every byte of it in the list as a byte of the same file?  Both are in order of address. */
static bool has(const struct ct_map *list, size_t n, const struct ct_map *map)
{
	uint64_t at = map->from;
	size_t i;

	for (i = 0; i < n && list[i].from <= at; i++) {
		if (list[i].to <= at)
			continue;
		if (list[i].inode != map->inode || list[i].device != map->device ||
		    list[i].offset - list[i].from != map->offset - map->from)
			return false;
		at = list[i].to;
		if (at >= map->to)
			return true;
	}
	return false;
}

static void write_one(const struct ct_mappings *m, size_t process, const struct ct_map *map,
		      bool gone, uint64_t ticks)
{
	uint64_t v[CT_FIELDS_mapping] = {process, map->from, map->to - map->from};

	if (!gone) {
		v[CT_F_mapping_device] = map->device;
		v[CT_F_mapping_inode] = map->inode;
		v[CT_F_mapping_offset] = map->offset;
	}
	ct_emit(m->slot, CT_EV_mapping, v, ticks);
}

/* Does it, or the process whose memory it copied, have or has it had anything to tell of?  Most have not. */
static bool is_of_interest(const struct ct_mappings *m, size_t process)
{
	uint32_t parent = row(m, process)->forked_from;

	return m->next_n || m->processes[process].told ||
	       (parent && parent - 1 < m->processes_n && m->processes[parent - 1].told);
}

static uint64_t longer(uint64_t pause_ns)
{
	if (!pause_ns)
		return FIRST_PAUSE_NS;
	return pause_ns * 2 < LAST_PAUSE_NS ? pause_ns * 2 : LAST_PAUSE_NS;
}

static void plan(struct ct_mappings_process *p, bool changed, bool found, uint64_t now_ns)
{
	p->pause_ns = changed ? FIRST_PAUSE_NS : longer(p->pause_ns);
	p->next_ns = now_ns + p->pause_ns;
	p->find_pause_ns = found ? 0 : longer(p->find_pause_ns);
	p->find_ns = now_ns + p->find_pause_ns;
}

void ct_mappings_end(struct ct_mappings *m, size_t process, uint64_t now_ns)
{
	struct ct_mappings_process *p = process_at(m, process);
	uint64_t ticks = ct_now();
	const struct ct_map looked = {0};
	bool changed = false;
	struct ct_map *now;
	size_t i;

	if (!p || !m->slot)
		return;
	if (!is_of_interest(m, process)) {
		plan(p, false, false, now_ns);
		return;
	}
	p->told = true;
	for (i = 0; i < p->now_n; i++) {
		if (has(m->next, m->next_n, &p->now[i]))
			continue;
		write_one(m, process, &p->now[i], true, ticks);
		changed = true;
	}
	for (i = 0; i < m->next_n; i++) {
		if (has(p->now, p->now_n, &m->next[i]))
			continue;
		write_one(m, process, &m->next[i], false, ticks);
		changed = true;
	}
	write_one(m, process, &looked, true, ticks);
	plan(p, changed, !p->asked || lies_in(m->next, m->next_n, p->asked), now_ns);
	now = realloc(p->now, (m->next_n + 1) * sizeof(*now));
	if (!now)
		return;
	if (m->next_n)
		memcpy(now, m->next, m->next_n * sizeof(*now));
	p->now = now;
	p->now_n = m->next_n;
}

void ct_mappings_free(struct ct_mappings *m)
{
	size_t i;

	for (i = 0; i < m->processes_n; i++)
		free(m->processes[i].now);
	free(m->processes);
	free(m->next);
	memset(m, 0, sizeof(*m));
}
