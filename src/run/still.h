/*
 * still.h - the recorder's functions with a clock that stands still: what they write into an arena that nobody else writes any more happens at
 * the time up to which that is known, whenever it is done.
 */
#ifndef CT_RUN_STILL_H
#define CT_RUN_STILL_H

#include "capture/arena.h"
#include "sys/clock.h"

/*
 * ct_still - ct_now() is this time from here on
 * Context: tools; sets ct_cap.clock, for good.
 */
void ct_still(struct ct_clock_sample when);

/*
 * ct_still_chunks - chunks made since then are given the right time of day, before they are drained
 * With the clock that stands still they have ticks for nanoseconds.
 * Context: tools.
 */
void ct_still_chunks(struct ct_arena *a);

#endif
