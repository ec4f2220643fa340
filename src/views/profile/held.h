/*
 * held.h - who held each mutex while others waited for it, as all waits for it tell together.
 *
 * What is known of a lock over time are moments, told by all waits for it: somebody was seen to hold it when a wait began (HELD), somebody
 * got it when a wait ended (GOT), and somebody let it go, at a stack (FREED).  While anybody waits no release goes by that the next
 * one to get it after a wait does not tell of; so between two moments it is mostly known who had it:
 *
 *      HELD A or GOT A ... HELD A or FREED A     A, exactly
 *      FREED A ........... GOT B                 nobody: the hand-off
 *      FREED A ........... HELD C or FREED C     C, from a time on that was not seen; at most all of it
 *      HELD A or GOT A ... anything of C         A and then C, one knows not until when: charged to neither
 *
 * The stretch is charged as often as there are waits in it, at the stack where the holder let go in the end.  All waits are gone through
 * at once in order of time, each thread's in their own order (a merge over threads), so the cost grows with the number of waits and
 * not with who waited beside whom.  Memory: 40 bytes for each wait for a mutex.
 */
#ifndef CT_VIEWS_PROFILE_HELD_H
#define CT_VIEWS_PROFILE_HELD_H

#include "views/profile/profile.h"

/* One wait for a mutex or spin lock.  Threads are rows + 1, 0 unknown. */
struct ct_held_wait {
	uint64_t start;
	uint32_t dur, ago; /* low halves */
	uint16_t dur_hi, ago_hi;
	uint32_t lock : 29; /* in ct_held.lock */
	uint32_t got : 1;
	uint32_t counted : 1;
	uint32_t told : 1; /* when it was let go, at start + dur - ago, and by whom */
	uint32_t waker;	   /* not got: who had it at the end */
	uint32_t stack;	   /* of the waker */
	uint32_t owner;
	uint32_t next; /* of the same thread, index + 1 */
};

/* A lock while time goes over it. */
struct ct_held_lock {
	uint64_t at;   /* up to here the area is made up */
	uint64_t area; /* counted waits times ticks, since the last moment something was known */
	uint64_t exact, assumed;  /* the same of the holder's run up to that moment */
	uint64_t run_count;	  /* waits in that run */
	uint32_t waiters, all;	  /* counted ones now; all */
	uint32_t before, arrived; /* counted ones at the last moment, and those that came since */
	uint32_t holder;
	uint32_t row; /* in p->rows, + 1 */
	uint16_t kind;
	uint8_t state; /* held.c */
	bool running;
};

/* The waits of a lock profile, and the time that was charged, by how well the holder is known. */
struct ct_held {
	struct ct_profile *p;
	uint8_t *wanted;   /* by cell */
	uint32_t *lock_of; /* by object: in lock, + 1 */
	uint32_t objects;
	struct ct_held_lock *lock;
	uint32_t locks;
	struct ct_pool waits;
	uint32_t *first, *last;	   /* by row of the thread, index + 1 */
	struct ct_held_item *heap; /* while it goes over them: one for each thread */
	uint32_t heap_n;
	uint64_t exact, assumed, changed, handoff, unknown, shorts; /* ticks */
};

/*
 * ct_held_key - key of a sample
 * @row, @kind: of the lock, as in struct ct_sample
 * @stack: for CT_LEAF_NONE
 * @holder: row of the thread + 1, 0 unknown
 * Context: tools.
 */
struct ct_sample ct_held_key(struct ct_held *s, uint32_t row, uint32_t kind, enum ct_leaf leaf,
			     uint32_t stack, uint32_t holder);

/*
 * ct_held_keep - a wait of a thread, in order of its ends
 * Context: tools.
 */
void ct_held_keep(struct ct_held *s, const struct ct_held_wait *w, uint32_t thread);

/*
 * ct_held_go - charge them all; once, when all are there
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_held_go(struct ct_held *s);

#endif
