/*
 * comms.h - names of threads that no wrapper saw: given by prctl, or to a thread that had not begun when its creator named it.
 * They are read from /proc while the threads live, and written into the trace as thread_name records.
 */
#ifndef CT_RUN_COMMS_H
#define CT_RUN_COMMS_H

#include <stdint.h>

#include "run/reap.h"
#include "run/set.h"

struct ct_slot;

struct ct_comms {
	const struct ct_reap *reap;
	struct ct_slot *slot; /* ctrace-run's own, for the records */
	struct ct_set seen;   /* thread serial -> how often it was looked at, and in which second */
};

/*
 * ct_comms_look - look at threads that are new, or a second old
 * @now_ns: CLOCK_MONOTONIC
 * Context: tools.
 */
void ct_comms_look(struct ct_comms *c, uint64_t now_ns);

#endif
