/*
 * mappings.h - what the processes have mapped shared, written into the trace as mapping records, so that readers find out which objects of
 * different processes are one.  The processes themselves make no call for it.
 */
#ifndef CT_RUN_MAPPINGS_H
#define CT_RUN_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/maps.h"
#include "run/reap.h"

struct ct_slot;
struct ct_mappings_process;

struct ct_mappings {
	const struct ct_reap *reap;
	struct ct_slot *slot;		       /* ctrace-run's own, for the records */
	struct ct_mappings_process *processes; /* by index in the process table */
	size_t processes_n;
	struct ct_map *next; /* of the look that is going on */
	size_t next_n, next_room;
};

/*
 * ct_mappings_due - has a thread of the process met an object that may be shared since it was last looked at, and was that long enough ago?
 * Context: tools.
 */
bool ct_mappings_due(struct ct_mappings *m, size_t process, uint64_t now_ns);

/* ct_mappings_rested - was the last look long enough ago, whatever it has met? */
bool ct_mappings_rested(struct ct_mappings *m, size_t process, uint64_t now_ns);

/*
 * ct_mappings_begin, ct_mappings_add, ct_mappings_end - around a look at a process, and for each of its mappings but that of the arena
 * The records say what has changed since the last look.
 * Context: tools.
 */
void ct_mappings_begin(struct ct_mappings *m, size_t process);
void ct_mappings_add(struct ct_mappings *m, const struct ct_map *map);
void ct_mappings_end(struct ct_mappings *m, size_t process, uint64_t now_ns);

void ct_mappings_free(struct ct_mappings *m);

#endif
