/*
 * delays.h - waits for a CPU: of all of them how long they were, of the longest who they were and who ran there instead, and how many
 * threads ran and were ready over time.  Made from the spans of all threads (model/states.h); it prints nothing.
 */
#ifndef CT_VIEWS_DELAYS_H
#define CT_VIEWS_DELAYS_H

#include "views/analyze/view.h"

#define CT_SLICES  60u /* of the time of the trace */
#define CT_INSTEAD 3u  /* threads named for a delay */

/* One wait for a CPU. */
struct ct_delay {
	uint64_t from, to; /* ticks */
	uint32_t thread;   /* row in the model */
	uint32_t waker;	   /* serial, 0 unknown */
	uint32_t stranger; /* tid of a waker that is not traced, 0 none */
	uint16_t cpu;	   /* it got in the end */
	bool cpu_seen;	   /* else only waits tell, and not where it ran */
	uint8_t state;	   /* CT_STATE_WOKEN or CT_STATE_PREEMPTED */
};

/* All of a state. */
struct ct_delay_sums {
	uint64_t count, total, max; /* ticks */
	uint64_t hist[CT_HIST_BUCKETS];
};

struct ct_delays {
	struct ct_view *v;
	struct ct_delay_sums woken, preempted;
	struct ct_delay *longest; /* longest first, at most options.top */
	uint32_t longest_n;
	struct ct_delay open;			       /* it may go on in the next span */
	uint64_t begin, end;			       /* ticks */
	uint64_t slice;				       /* the last one may go on behind the end */
	uint64_t running[CT_SLICES], ready[CT_SLICES]; /* ticks in each slice, of all threads */
	uint64_t ran, was_ready, unseen;
	uint64_t migrations;
};

/*
 * ct_delays_find - from all threads the filter lets through; builds v->states
 * Returns 0, -ENOMEM or -EIO; then nothing has to be freed.
 * Context: tools.
 */
int ct_delays_find(struct ct_view *v, struct ct_delays *d);

void ct_delays_free(struct ct_delays *d);

/*
 * ct_delays_percentile - in ticks
 * Context: tools.
 */
uint64_t ct_delays_percentile(const struct ct_delay_sums *d, unsigned per_mille);

/* A thread that had the CPU, and how long. */
struct ct_had {
	uint32_t tid;
	uint64_t ticks;
};

/*
 * ct_delay_instead - the traced threads that had the CPU meanwhile, longest first
 * @rest: out: ticks in which it was others' or nobody's
 * Returns their number, at most CT_INSTEAD; those with less count in neither.
 * Context: tools.
 */
unsigned ct_delay_instead(struct ct_view *v, const struct ct_delay *d,
			  struct ct_had had[CT_INSTEAD], uint64_t *rest);

#endif
