/*
 * storm.h - the page that a program under fire and the one who fires share.
 *
 * storm writes, killer reads.  A count goes up only after the wait it stands for has returned, so at
 * any moment at least that many waits of the thread were over, whatever is killed next.
 */
#ifndef CTRACE_FAULT_STORM_H
#define CTRACE_FAULT_STORM_H

#include <stdatomic.h>
#include <stdint.h>

enum { STORM_THREADS = 4, STORM_EXIT = 7 };

struct storm_page {
	_Atomic int32_t pid; /* of storm; 0 until all its threads are at work */
	struct {
		_Atomic int32_t tid;
		_Atomic uint64_t waits; /* ended, each at least one record */
		char pad[48];
	} thread[STORM_THREADS];
};

#endif
