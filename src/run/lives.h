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
	uint32_t tid;
	uint32_t pid;	/* 0: not told */
	uint32_t maker; /* made: tid of the thread that did it, 0: not told */
	enum ct_life_what what;
};

struct ct_lives {
	struct ct_set last;	      /* by tid: ns of its last switch << 2, and what that was */
	struct ct_set made;	      /* by tid: ns */
	struct ct_life_event *events; /* not taken yet */
	size_t n, room;
};

/* ct_lives_take - one switch; those of one CPU in order */
void ct_lives_take(struct ct_lives *l, const struct ct_switch *w);

/*
 * ct_lives_sort - the events so far in order of time, for the caller to go through and then to set l->n to 0
 * Context: tools.
 */
void ct_lives_sort(struct ct_lives *l);

/* ct_lives_left - when a thread that is gone had left its CPU; 0 not told */
uint64_t ct_lives_left(const struct ct_lives *l, uint32_t tid);

/* ct_lives_made - when the newest thread of that number was made; 0 not told */
uint64_t ct_lives_made(const struct ct_lives *l, uint32_t tid);

/* ct_lives_gone - has it been told that a thread has ended, and no other has had its number since? */
bool ct_lives_gone(const struct ct_lives *l, uint32_t tid);

void ct_lives_free(struct ct_lives *l);

#endif
