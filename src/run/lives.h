/*
 * lives.h - what the kernel's switches tell of threads one by one: when each was made, executed a program, last left a CPU, and was gone.
 *
 * For those who have to say it of threads that say nothing themselves; what is not known here is not guessed.
 */
#ifndef CT_RUN_LIVES_H
#define CT_RUN_LIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/set.h"
#include "run/switches.h"

enum ct_life_what { CT_LIFE_MADE, CT_LIFE_EXECUTED, CT_LIFE_GONE };

struct ct_life_event {
	uint64_t ns; /* CLOCK_MONOTONIC */
	uint32_t tid, pid;
	enum ct_life_what what;
};

struct ct_lives {
	struct ct_set
		last; /* by tid, of those that are watched: ns of its last switch << 1, and whether it got a CPU */
	size_t watched;		      /* 0: nobody asks when it was */
	struct ct_set life;	      /* by tid: ns when made << 1, and whether it is gone */
	struct ct_life_event *events; /* not taken yet */
	size_t n, room;
	uint64_t missing; /* events that had no room, ever */
};

/* ct_lives_take - one switch; those of one CPU in order.  Called for every one of them: it does next to nothing where nobody is watched. */
void ct_lives_take(struct ct_lives *l, const struct ct_switch *w);

/*
 * ct_lives_sort - the events so far in order of time, for the caller to go through and then to set l->n to 0
 * What the questions below answer is as of the last event.
 * Context: tools.
 */
void ct_lives_sort(struct ct_lives *l);

/*
 * ct_lives_watch, ct_lives_forget - from here on, or no longer, note when it leaves a CPU; each once for a thread
 * Context: tools.
 */
void ct_lives_watch(struct ct_lives *l, uint32_t tid);
void ct_lives_forget(struct ct_lives *l, uint32_t tid);

/* ct_lives_left - when a thread that is watched and has ended had left its CPU; 0 not told */
uint64_t ct_lives_left(const struct ct_lives *l, uint32_t tid);

/* ct_lives_made - when the newest thread of that number was made; 0 not told */
uint64_t ct_lives_made(const struct ct_lives *l, uint32_t tid);

/* ct_lives_gone - has it been told that a thread has ended, and no other has had its number since? */
bool ct_lives_gone(const struct ct_lives *l, uint32_t tid);

void ct_lives_free(struct ct_lives *l);

#endif
