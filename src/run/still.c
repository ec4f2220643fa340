/*
 * still.c - see still.h.
 */
#include "still.h"

#include <time.h>

#include "capture/capture.h"

static struct ct_clock_sample still;

static int stopped_clock(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = (time_t)(still.ticks / 1000000000u);
	ts->tv_nsec = (long)(still.ticks % 1000000000u);
	return 0;
}

void ct_still(struct ct_clock_sample when)
{
	still = when;
	ct_cap.clock = (struct ct_clock_source){.kind = CT_CLOCK_MONOTONIC, .vdso = stopped_clock};
}

void ct_still_chunks(struct ct_arena *a)
{
	uint32_t n = atomic_load(&a->shared->limit[CT_REGION_CHUNKS]), i;

	for (i = 0; i < n; i++)
		if (atomic_load(&a->shared->chunk_sealed[i / 64]) >> (i % 64) & 1 &&
		    a->chunks[i].base_ticks == still.ticks)
			a->chunks[i].base_mono_ns = still.mono_ns;
}
