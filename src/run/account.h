/*
 * account.h - the kernel's account of threads, turn by turn, added up until it is told: how long each ran, and was ready before.
 */
#ifndef CT_RUN_ACCOUNT_H
#define CT_RUN_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "run/set.h"
#include "run/switches.h"

/* A thread. */
struct ct_account_row {
	uint32_t tid;
	uint32_t cpu;	    /* of its last turn; whoever adds says what that is */
	uint64_t on_ns;	    /* when it got a CPU last, as far as is known */
	uint64_t ready_all; /* 1024 ns each, by then */
	uint64_t gone_ns;   /* it has ended, 0: not yet */
	/* what is not told yet */
	uint64_t from_ns, to_ns; /* from before the first turn to the end of the last */
	uint64_t run_ns, ready, turns;
};

struct ct_account_rows {
	struct ct_account_row *at;
	uint32_t n, room;
};

struct ct_account {
	struct ct_set by_tid; /* index + 1 in rows */
	struct ct_account_rows rows;
	struct ct_account_rows done; /* what was before a pause: of use is only what is not told */
	bool failed;		     /* out of memory */
};

/*
 * ct_account_on - a thread got a CPU
 * CPUs may come one after another, each with half a second at most: what is older than what is known says nothing.
 * Returns how long it was ready before, ns.
 * Context: tools, as all of these.
 */
uint64_t ct_account_on(struct ct_account *a, const struct ct_switch *w);

/*
 * ct_account_off - and left it
 * @on_ns: when it got it
 * @ready_ns: what ct_account_on() said then
 */
void ct_account_off(struct ct_account *a, const struct ct_switch *w, uint32_t cpu, uint64_t on_ns,
		    uint64_t ready_ns);

/* ct_account_gone - a thread has ended, or is about to */
void ct_account_gone(struct ct_account *a, uint32_t tid, uint64_t ns);

/* ct_account_told - begin anew, and forget who ended */
void ct_account_told(struct ct_account *a, uint64_t now_ns);

void ct_account_free(struct ct_account *a);

#endif
