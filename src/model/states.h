/*
 * states.h - the life of every thread without a gap: at each instant it runs, is ready to run, or is blocked, and on what.
 *
 *	switches   running |  off     | running | off (preempted) | running
 *	waits         ......|--wait------|.............................
 *	wakes                    ^release
 *	states     running |block|woken | running |   preempted    | running
 *
 * Where switches were recorded (turns.h) they say when a thread had a CPU; a wait that goes on while it has none says why, and what
 * parts being blocked from waiting for a CPU is the kernel's waking, or where it did not tell that the release that ended the wait.
 * Where they were not, waits and their releases are all there is: a wait up to its release is blocked, from there on woken, and what lies
 * between waits is "awake": running or ready, not known.
 *
 * Waits come once more, thread by thread, after ct_model_finish(); nothing is kept of them but sums, and spans for who asks.
 */
#ifndef CT_MODEL_STATES_H
#define CT_MODEL_STATES_H

#include <stdbool.h>
#include <stdint.h>

#include "model/hist.h"
#include "model/holders.h"
#include "model/model.h"

enum ct_state {
	CT_STATE_RUNNING,   /* on a CPU */
	CT_STATE_CALL,	    /* on a CPU in a recorded system call */
	CT_STATE_WOKEN,	    /* woken, released or new, and waiting for a CPU */
	CT_STATE_PREEMPTED, /* had to give the CPU away, or did by sched_yield, and waits for one */
	CT_STATE_BLOCKED,   /* in a recorded wait */
	CT_STATE_SHORT,	    /* off the CPU for less than what is recorded */
	CT_STATE_OUTSIDE, /* off the CPU in no recorded wait: page fault, a call that is not traced; stopped, where the kernel did not tell */
	CT_STATE_AWAKE,	  /* in no recorded wait, and nobody saw whether on a CPU */
	CT_STATE_PAUSED, /* not seen on a CPU, and waits were not recorded: the program had stopped that */
	CT_STATE_STOPPED, /* by a signal or a debugger, in a wait or not */
	CT_STATES
};

/* What a span rests on. */
enum ct_state_source { CT_SOURCE_SWITCHES, CT_SOURCE_WAITS };

struct ct_span {
	uint64_t from, to; /* ticks */
	uint32_t thread;   /* row in model->threads */
	uint8_t state;	   /* enum ct_state */
	uint8_t source;	   /* enum ct_state_source */
	uint16_t cpu;	   /* on a CPU: which; woken, preempted: the one it got at last */
	uint32_t
		cell; /* of the wait; CT_NONE outside of one, and of one that ended after the window */
	uint32_t
		waker; /* serial of who ended the wait; woken: of who woke it, in no wait too; 0 unknown */
	uint32_t waker_stack; /* where it did; 0 unknown */
	uint32_t stranger;    /* tid of one who is not traced, as the kernel told; 0 none */
	uint32_t wait;	      /* number of the wait among the thread's; 0: in none */
	uint32_t op, stack;   /* of the wait */
	const struct ct_record *
		record; /* of the wait, during the call; NULL: in none, or in one that has not ended */
};

/* Sums of a thread. */
struct ct_life {
	uint64_t state[CT_STATES];
	uint64_t blocked[CT_WHYS]; /* parts of state[CT_STATE_BLOCKED] */
	uint64_t awake_run,
		awake_ready;	   /* parts of state[CT_STATE_AWAKE], as the kernel's sums tell */
	uint64_t woken, preempted; /* times */
	uint64_t woken_max, preempted_max; /* the longest delay */
	uint64_t migrations;		   /* turns on another CPU than the one before */
};

struct ct_states;

/*
 * ct_states_new - for a finished model, which must outlive it
 * @span, @arg: called for every span of a thread, in order of time; NULL: only sums
 * Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_states *ct_states_new(struct ct_model *m,
				void (*span)(void *arg, const struct ct_span *s), void *arg);

/*
 * ct_states_no_holders - that will not be asked for, before the first record: it is a good part of the work
 * Context: tools.
 */
void ct_states_no_holders(struct ct_states *s);

/*
 * ct_states_take - every record again, in the order ct_model_take() had them
 * Context: tools.
 */
void ct_states_take(struct ct_states *s, const struct ct_who *who, const struct ct_record *r);

/*
 * ct_states_finish - waits that have not ended, and the rest of all lives
 * Returns 0, or -ENOMEM when memory ran out at any time since ct_states_new(): then the sums are not right.
 * Context: tools.
 */
int ct_states_finish(struct ct_states *s);

/*
 * ct_states_life - sums of the thread in this row
 * Context: tools.
 */
const struct ct_life *ct_states_life(const struct ct_states *s, uint32_t thread);

/*
 * ct_states_holders - what holders of locks did, after ct_states_finish(); NULL where switches were not recorded, or ct_states_no_holders()
 * Context: tools.
 */
const struct ct_holders *ct_states_holders(const struct ct_states *s);

void ct_states_free(struct ct_states *s);

/* ct_state_name - "running" */
const char *ct_state_name(enum ct_state state);

#endif
