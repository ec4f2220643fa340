/*
 * comms.c - see comms.h.
 */
#include "comms.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"

#define LOOKS 2 /* when it is first seen, and when it has had a second to be named */

static int read_comm(uint32_t pid, uint32_t tid, char name[16])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	memset(name, 0, 16);
	n = read(fd, name, 15);
	close(fd);
	if (n > 0 && name[n - 1] == '\n')
		name[n - 1] = 0;
	return n > 0 ? 0 : -1;
}

/* A thread is born with its process's name, which says nothing about it. */
static void name_thread(struct ct_comms *c, const struct ct_slot *s, uint32_t pid)
{
	uint64_t v[CT_FIELDS_MAX] = {s->thread};
	char name[16], process[16];

	if (s->name[0] || s->tid == pid || read_comm(pid, s->tid, name) < 0 ||
	    read_comm(pid, pid, process) < 0 || !strcmp(name, process))
		return;
	memcpy(&v[CT_F_thread_name_name_lo], name, 8);
	memcpy(&v[CT_F_thread_name_name_hi], name + 8, 8);
	ct_emit(c->slot, CT_EV_thread_name, v, ct_now());
}

void ct_comms_look(struct ct_comms *c, uint64_t now_ns)
{
	const struct ct_arena *a = &c->reap->store->arena;
	uint32_t n = atomic_load(&a->shared->limit[CT_REGION_SLOTS]), i,
		 second = (uint32_t)(now_ns / 1000000000u);

	for (i = 0; i < n && c->slot; i++) {
		const struct ct_slot *s = ct_arena_slot(a, i);
		struct ct_set_row *row;
		uint32_t looks;

		if (atomic_load(&s->state) != CT_SLOT_CLAIMED || !s->thread || !s->tid ||
		    !ct_reap_numbers(c->reap, s->process))
			continue;
		row = ct_set_at(&c->seen, s->thread, NULL);
		looks = row ? (uint32_t)row->value : LOOKS;
		if (looks >= LOOKS || (looks && second - (uint32_t)(row->value >> 32) < 1))
			continue;
		row->value = (uint64_t)second << 32 | (looks + 1);
		name_thread(c, s, a->processes[s->process].pid);
	}
}
