/*
 * split.h - what a thread did in given stretches of time: how long it ran, was ready to run, or was blocked and on what kind of thing.
 *
 * Stretches may overlap and nest.  A thread's states are summed once, and a stretch takes the difference of the sums at its two ends; so its cost
 * does not depend on how much lies in it.
 */
#ifndef CT_MODEL_SPLIT_H
#define CT_MODEL_SPLIT_H

#include <stdint.h>

#include "model/states.h"

struct ct_trace;

/* Ticks; the parts add up to the length of the stretches, but for what lies outside of a thread's life or of the time that is looked at. */
struct ct_split {
	uint64_t running;  /* on a CPU, in recorded calls too */
	uint64_t runnable; /* woken or preempted */
	uint64_t blocked[CT_KINDS];
	uint64_t outside; /* off the CPU in no recorded wait */
	uint64_t awake;	  /* in no recorded wait, and nobody saw whether on a CPU */
	uint64_t unseen;  /* the program had stopped its recording */
};

/* One stretch. */
struct ct_stretch {
	uint64_t from, to;
	uint32_t thread; /* row in model->threads */
	uint32_t into;	 /* which split it is added to */
};

/*
 * ct_split_find - add up what threads did in stretches
 * @stretches, @n: in any order
 * @splits:        zeroed, as many as `into` names
 * Returns 0 or a negative error.
 * Context: tools.
 */
int ct_split_find(struct ct_trace *t, struct ct_model *m, const struct ct_stretch *stretches,
		  uint32_t n, struct ct_split *splits);

/*
 * ct_split_blocked, ct_split_known - all that it was blocked; all parts together
 * Context: tools.
 */
uint64_t ct_split_blocked(const struct ct_split *s);
uint64_t ct_split_known(const struct ct_split *s);

#endif
