/*
 * sums.h - the kernel's account of how long threads ran and were ready (schedstat) in views: what it does not cover, what it says otherwise than switches,
 * and the lines that say where figures are from.
 */
#ifndef CT_VIEWS_SUMS_H
#define CT_VIEWS_SUMS_H

#include "model/states.h"
#include "views/analyze/view.h"

/* Of the threads that are shown. */
struct ct_sums {
	bool switches; /* were recorded: sums only fill in what they do not tell */
	uint64_t awake_run, awake_ready; /* ticks: what they fill in */
	uint32_t unread;		 /* threads of which they were never read */
	uint64_t after;			 /* ticks that the others lived after the last reading */
	/* of those whose switches were all recorded, ticks, and what the kernel has for the same, ns */
	uint64_t run, ready, run_ns, ready_ns;
};

/* ct_sums_any - are there any in the trace? */
bool ct_sums_any(const struct ct_view *v);

/*
 * ct_sums_add - one more thread
 * @life: NULL: without switches
 * Context: tools.
 */
void ct_sums_add(struct ct_view *v, struct ct_sums *s, const struct ct_thread *t,
		 const struct ct_life *life);

/*
 * ct_sums_legend - the lines below a table
 * Context: tools.
 */
void ct_sums_legend(struct ct_view *v, const struct ct_sums *s);

/* ct_sums_ticks - ns of the kernel's in ticks */
uint64_t ct_sums_ticks(const struct ct_view *v, uint64_t ns);

#endif
