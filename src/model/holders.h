/*
 * holders.h - what whoever kept the waiters of a lock waiting did meanwhile: it ran, it had lost its CPU, or it was blocked itself, and on what.
 *
 *	waiter      |--- waits for the lock -------------------|
 *	holder   run |  off  | run | preempted | run |  off  | |
 *	             |write--|                       |lock B-|  '- it has let go
 *
 * What a holder did comes from turns.h at once.  What it was blocked on is in its own waits, which may come later than those it kept
 * waiting: both are kept, and joined at the end.
 *
 * Memory: 24 bytes for each wait of a thread that holds what others wait for, and for each wait whose holder was blocked.
 */
#ifndef CT_MODEL_HOLDERS_H
#define CT_MODEL_HOLDERS_H

#include <stdint.h>

#include "model/model.h"

/* What holders did while others waited for their lock, over all recorded waits of a cell; the parts add up to the cell's total. */
struct ct_holder_did {
	uint64_t cell; /* key */
	uint64_t running;
	uint64_t preempted;
	uint64_t blocked; /* where the kernel does not tell of wakings: or woken */
	uint64_t woken;	  /* and waiting for a CPU */
	uint64_t handoff; /* nothing any more: from the release until the waiter was back */
	uint64_t unseen;  /* or nobody knows who it was, or it had ended */
};

/* A part of `blocked` of all cells of a bin: the holder was in a wait of its own.  What is in none of them was in no recorded wait. */
struct ct_holder_on {
	uint64_t
		key; /* bin << 32 | cell of the holder's wait; CT_NONE: not known, or not looked for because there were too many */
	uint64_t ticks;
};

static inline uint32_t ct_holder_on_cell(const struct ct_holder_on *on)
{
	return (uint32_t)on->key;
}

struct ct_holders {
	struct ct_model *model;
	struct ct_table did; /* struct ct_holder_did, by cell */
	struct ct_table
		on; /* struct ct_holder_on; after ct_holders_finish() in order of the keys */
	struct ct_pool
		waits; /* of threads that hold what others wait for; of each in order of time */
	struct ct_pool asks; /* waits for locks whose holders were blocked */
	uint8_t *holds;	     /* by row of the thread: does it? */
};

/*
 * ct_holders_init, ct_holders_free - for a finished model, in which switches were recorded; give the memory back
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_holders_init(struct ct_holders *h, struct ct_model *m);
void ct_holders_free(struct ct_holders *h);

/*
 * ct_holders_wait - a thread was in a wait; those of one thread in order of time, and not two at once
 * @thread: row in the model
 * @cell:   CT_NONE: nothing was counted for it
 * Context: tools.
 */
void ct_holders_wait(struct ct_holders *h, uint32_t thread, uint32_t cell, uint64_t from,
		     uint64_t to);

/*
 * ct_holders_watch - a wait for a lock that was counted in a cell
 * @who, @r: the record
 * @waker:   serial of who let the waiter go, 0 unknown
 * @release: when, in ticks; UINT64_MAX unknown
 * Context: tools.
 */
void ct_holders_watch(struct ct_holders *h, const struct ct_who *who, const struct ct_record *r,
		      uint32_t cell, uint32_t waker, uint64_t release);

/*
 * ct_holders_finish - everything was told: find what the blocked ones were blocked on
 * Returns 0, or -ENOMEM when memory ran out at any time since ct_holders_init().
 * Context: tools.
 */
int ct_holders_finish(struct ct_holders *h);

/*
 * ct_holders_did - of a cell of waits for a lock; NULL for others
 * ct_holders_on  - of a bin, after ct_holders_finish(); *n of them
 * Context: tools.
 */
const struct ct_holder_did *ct_holders_did(const struct ct_holders *h, uint32_t cell);
const struct ct_holder_on *ct_holders_on(const struct ct_holders *h, uint32_t bin, uint32_t *n);

#endif
