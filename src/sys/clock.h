/*
 * clock.h - the recorder's clock: counter ticks, and CLOCK_MONOTONIC where the counter cannot be trusted.
 *
 * Ticks are the hardware counter shifted right so that one is four to eight nanoseconds: finer times cost bytes in every
 * record and say nothing.  What ticks mean in nanoseconds is for readers to find out from the clock samples in the trace.
 * The vDSO is called by the address the kernel gave, not through libc, where something may have put a faked clock.
 */
#ifndef CT_SYS_CLOCK_H
#define CT_SYS_CLOCK_H

#include <stdint.h>
#include <time.h>

#include <ctrace/format.h>

#include "raw.h"

/* Both kinds of counter have this bit, the clock has not. */
#define CT_CLOCK_COUNTERS 1
_Static_assert((CT_CLOCK_TSC & CT_CLOCK_CNTVCT & CT_CLOCK_COUNTERS) &&
		       !(CT_CLOCK_MONOTONIC & CT_CLOCK_COUNTERS),
	       "told apart by one bit");

typedef int (*ct_clock_gettime_fn)(clockid_t, struct timespec *);

#define CT_CLOCK_STOPPED                                                                           \
	0 /* reading any would kill the program (ct_capture_stop): all times are 0 */

struct ct_clock_source {
	uint32_t kind; /* enum ct_clock, or CT_CLOCK_STOPPED */
	uint32_t shift;
	ct_clock_gettime_fn vdso; /* NULL: the system call */
};

static inline uint64_t ct_clock_ns(const struct ct_clock_source *c, clockid_t id)
{
	struct timespec ts = {0, 0};

	if (c->vdso)
		c->vdso(id, &ts);
	else
		ct_syscall2(__NR_clock_gettime, id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint64_t ct_counter(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#endif
}

/*
 * ct_clock_ticks - now, in ticks of the trace
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline uint64_t ct_clock_ticks(const struct ct_clock_source *c)
{
	if (__builtin_expect((c->kind & CT_CLOCK_COUNTERS) != 0, 1))
		return ct_counter() >> c->shift;
	return c->kind == CT_CLOCK_STOPPED ? 0 : ct_clock_ns(c, CLOCK_MONOTONIC) >> c->shift;
}

/*
 * ct_clock_sample - ticks and CLOCK_MONOTONIC nanoseconds of the same instant
 * The counter is read before and after the clock and the midpoint taken, so the error is half of what lies between, some 12 ns;
 * where a preemption fell in between, it is tried again, and the best of four tries is given.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline struct ct_clock_sample ct_clock_sample(const struct ct_clock_source *c)
{
	struct ct_clock_sample best = {0, 0};
	uint64_t best_width = ~0ull, ns, before, width;
	int tries;

	for (tries = 0; tries < 4 && best_width > 32; tries++) {
		before = ct_clock_ticks(c);
		ns = ct_clock_ns(c, CLOCK_MONOTONIC);
		width = ct_clock_ticks(c) - before;
		if (width < best_width) {
			best_width = width;
			best.ticks = before + width / 2;
			best.mono_ns = ns;
		}
	}
	return best;
}

/*
 * ct_clock_choose - find the best source of this machine
 * @vdso: address of the vDSO's clock_gettime, or NULL
 * The counter is used only where it is invariant and the kernel itself keeps time by it; a process that was forbidden the
 * counter (PR_SET_TSC, as a record-and-replay debugger does) gets the monotonic clock.
 * Context: start-up; no allocation, no libc.
 */
void ct_clock_choose(struct ct_clock_source *c, ct_clock_gettime_fn vdso);

/*
 * ct_clock_rate - ticks per second, measured over @ns nanoseconds of spinning
 * Context: start-up; no allocation, no libc.
 */
uint64_t ct_clock_rate(const struct ct_clock_source *c, uint64_t ns);

#endif
