/*
 * numbers.c - see numbers.h.
 *
 * A look goes through the slots for threads that have no number yet, through the threads of their processes for what these call themselves,
 * and through the slots again.
 */
#include "numbers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "capture/capture.h"
#include "run/outside.h"

#define LOOKS	    16
#define DONE	    LOOKS
#define PAUSE_TIMES 100u /* as long as looking took */

/* What a look has found. */
struct found {
	struct ct_set processes; /* to look into, by index + 1 */
	struct ct_set threads;	 /* process << 32 | what it calls itself -> our number */
};

static uint64_t key_of(uint32_t process, uint32_t tid)
{
	return (uint64_t)process << 32 | tid;
}

/* A thread whose number is to be looked for, NULL none; counts the looks. */
static const struct ct_slot *candidate(struct ct_numbers *n, uint32_t i)
{
	const struct ct_arena *a = &n->reap->store->arena;
	const struct ct_slot *s = ct_arena_slot(a, i);
	struct ct_set_row *row;

	if (atomic_load(&s->state) != CT_SLOT_CLAIMED || !s->thread || !s->tid)
		return NULL;
	row = ct_set_at(&n->seen, s->thread, NULL);
	if (!row || row->value >= DONE)
		return NULL;
	if (ct_reap_numbers(n->reap, s->process) ||
	    a->processes[s->process].flags & CT_PROC_UNREACHED)
		row->value = DONE;
	return row->value < DONE && ct_reap_pid(n->reap, s->process) ? s : NULL;
}

static void list_threads(struct found *f, uint32_t process, pid_t pid)
{
	const struct dirent *e;
	struct ct_set_row *row;
	char path[64];
	uint32_t tid, own;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return;
	/* cppcheck-suppress readdirCalled ; the stream is this function's own */
	while ((e = readdir(dir))) {
		tid = (uint32_t)strtoul(e->d_name, NULL, 10);
		own = tid ? ct_outside_own_tid(pid, tid) : 0;
		row = own ? ct_set_at(&f->threads, key_of(process, own), NULL) : NULL;
		if (row)
			row->value = tid;
	}
	closedir(dir);
}

static void tell(struct ct_numbers *n, const struct ct_slot *s, uint32_t tid)
{
	uint64_t v[CT_FIELDS_MAX] = {0};

	v[CT_F_outside_thread] = s->thread;
	v[CT_F_outside_tid] = tid;
	ct_emit(n->slot, CT_EV_outside, v, ct_now());
}

static void look(struct ct_numbers *n, struct found *f, uint32_t slots)
{
	size_t k;
	uint32_t i;

	for (k = 0; k < f->processes.room; k++) {
		uint32_t process = (uint32_t)f->processes.rows[k].key - 1;

		if (f->processes.rows[k].key)
			list_threads(f, process, ct_reap_pid(n->reap, process));
	}
	for (i = 0; i < slots; i++) {
		const struct ct_slot *s = candidate(n, i);
		struct ct_set_row *row, *has;

		if (!s)
			continue;
		row = ct_set_at(&n->seen, s->thread, NULL);
		has = ct_set_find(&f->threads, key_of(s->process, s->tid));
		row->value = has ? DONE : row->value + 1;
		if (has)
			tell(n, s, (uint32_t)has->value);
	}
}

void ct_numbers_look(struct ct_numbers *n, uint64_t now_ns)
{
	uint32_t slots = atomic_load(&n->reap->store->arena.shared->limit[CT_REGION_SLOTS]), i;
	uint64_t began = ct_clock_ns(&ct_cap.clock, CLOCK_THREAD_CPUTIME_ID);
	struct found f = {{0}, {0}};

	if (!n->slot || now_ns < n->next_ns)
		return;
	for (i = 0; i < slots; i++) {
		const struct ct_slot *s = candidate(n, i);

		if (s)
			ct_set_at(&f.processes, s->process + 1ull, NULL);
	}
	if (f.processes.used) {
		look(n, &f, slots);
		n->next_ns =
			now_ns +
			(ct_clock_ns(&ct_cap.clock, CLOCK_THREAD_CPUTIME_ID) - began) * PAUSE_TIMES;
	}
	ct_set_free(&f.processes);
	ct_set_free(&f.threads);
}

void ct_numbers_free(struct ct_numbers *n)
{
	ct_set_free(&n->seen);
}
