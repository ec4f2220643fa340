/*
 * numbers.h - threads of other pid namespaces: what they call themselves is not what we call them, and the kernel's switches name them as
 * we do.  Both numbers are seen in /proc while a thread lives, and written into the trace as outside records.
 */
#ifndef CT_RUN_NUMBERS_H
#define CT_RUN_NUMBERS_H

#include <stdint.h>

#include "run/reap.h"
#include "run/set.h"

struct ct_slot;

struct ct_numbers {
	const struct ct_reap *reap;
	struct ct_slot *slot; /* ctrace-run's own, for the records */
	struct ct_set
		seen; /* thread serial -> how often it was looked for; DONE (numbers.c): no more */
	uint64_t next_ns;
};

/*
 * ct_numbers_look - look for threads whose numbers are not known yet, at most a hundredth of the time
 * @now_ns: CLOCK_MONOTONIC
 * Context: tools.
 */
void ct_numbers_look(struct ct_numbers *n, uint64_t now_ns);

void ct_numbers_free(struct ct_numbers *n);

#endif
