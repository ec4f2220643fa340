/*
 * looks.h - when what a process has mapped is read, for all who want to know: blind.h and mappings.h.
 */
#ifndef CT_RUN_LOOKS_H
#define CT_RUN_LOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/blind.h"
#include "run/mappings.h"
#include "run/reap.h"

struct ct_looks_process;

struct ct_looks {
	const struct ct_reap *reap;
	struct ct_blind_spots *blind;
	struct ct_mappings *mappings;
	struct ct_looks_process *processes; /* by index in the process table */
	size_t processes_n;
	bool learned;
	uint64_t arena_device, arena_inode; /* as in /proc/PID/maps; inode 0: not known */
};

/*
 * ct_looks_take - look at the processes that are due: when they are new, and then ever more seldom; and when they have met an object that
 * may be shared between processes
 * Context: tools.
 */
void ct_looks_take(struct ct_looks *l, uint64_t now_ns);

void ct_looks_free(struct ct_looks *l);

#endif
