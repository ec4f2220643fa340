/*
 * turns.h - when threads had a CPU, as the kernel's switches tell: a turn is one stretch of one thread on one CPU.
 *
 * It knows nothing of waits; what a thread did between two turns is states.h.
 */
#ifndef CT_MODEL_TURNS_H
#define CT_MODEL_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include <ctrace/format.h>

#include "file/decode.h"
#include "model/table.h"

/* How a turn ended. */
enum ct_turn_end {
	CT_TURN_WAITS,	   /* the thread had nothing to do */
	CT_TURN_PREEMPTED, /* it could have gone on */
	CT_TURN_STOPPED,   /* by a signal or a debugger, where the kernel told */
	CT_TURN_UNSEEN /* nobody looked: recording stopped, records are missing, or the thread is dead */
};

struct ct_turn {
	uint64_t on, off; /* ticks; off of one that did not end: UINT64_MAX */
	uint32_t tid;	  /* as ctrace-run sees it */
	uint16_t cpu;
	uint8_t end; /* enum ct_turn_end */
	/* after ct_turns_finish(), where the kernel told: since when it could have had the CPU, having been woken or made */
	uint8_t how;	/* enum ct_waking_how */
	uint64_t woken; /* 0: not told */
	uint32_t waker; /* tid of the thread that ran there, 0 none */
	uint32_t
		last_woken; /* place + 1 of the thread's last turn up to this one that has `woken`; 0: none */
};

struct ct_waking {
	uint64_t ticks;
	uint32_t tid, waker;
	uint32_t how;
	uint32_t pad;
};

/* A stretch of time, by what a thread did in it. */
struct ct_turns_split {
	uint64_t running;
	uint64_t preempted;
	uint64_t off;	 /* blocked; where the kernel does not tell of wakings: or woken */
	uint64_t woken;	 /* and waiting for a CPU */
	uint64_t unseen; /* not recorded, or it had ended */
};

/* Time in which not every switch was recorded. */
struct ct_hole {
	uint64_t from, to;
	uint64_t before; /* ticks in holes before this one, after ct_turns_finish() */
};

struct ct_turns_cpu {
	uint64_t cpu;	   /* key */
	uint64_t from, to; /* switches are recorded between them; to 0: still */
	uint64_t last;	   /* ticks of the newest record */
	uint32_t open;	   /* turn that has not ended, index + 1 */
	bool off;	   /* was when recording began: nobody could run there */
	uint64_t came; /* ticks in which it was on all the same, and nothing was recorded there */
};

struct ct_turns {
	struct ct_pool all;
	struct ct_pool wakings; /* until they are given to turns */
	struct ct_table cpus;
	uint32_t *order; /* turns by tid, then by time; those of a tid do not overlap */
	struct ct_table tids;
	struct ct_hole *holes; /* by time, apart from each other */
	uint32_t hole_n, hole_room;
	struct ct_turns_split
		*sums;	  /* of every so many places in order: of all before it (turns_split.c) */
	uint64_t missing; /* records the kernel had no room for */
	uint64_t error_ns;
	uint32_t source; /* enum ct_sched_source */
	int refused
		[CT_SCHED_BPF +
		 1u]; /* by source: errno of the kernel that would not tell; 0: it did, or was not asked */
	bool failed;
};

/* The turns of a tid, in ct_turns.order. */
struct ct_turns_row {
	uint64_t tid; /* key */
	uint32_t first, count;
};

/*
 * ct_turns_init, ct_turns_free - nothing yet; give the memory back
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_turns_init(struct ct_turns *t);
void ct_turns_free(struct ct_turns *t);

/*
 * ct_turns_take - one cpu_on, cpu_off, waking or sched record; those of one CPU in the order they were written
 * Context: tools.
 */
void ct_turns_take(struct ct_turns *t, const struct ct_record *r);

/*
 * ct_turns_finish - everything was taken: order by thread, part what overlaps, find holes
 * @begin, @end: of the trace
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_turns_finish(struct ct_turns *t, uint64_t begin, uint64_t end);

/* ct_turns_any - were switches recorded at all? */
static inline bool ct_turns_any(const struct ct_turns *t)
{
	return t->cpus.count != 0;
}

/*
 * ct_turns_cpus - CPUs that threads could have had
 * Context: tools.
 */
uint32_t ct_turns_cpus(const struct ct_turns *t);

/*
 * ct_turns_seen - how much of a stretch of time was recorded on all CPUs, after ct_turns_finish()
 * Context: tools.
 */
uint64_t ct_turns_seen(const struct ct_turns *t, uint64_t from, uint64_t to);

/*
 * ct_turns_hole - number of the first hole that ends after a time, after ct_turns_finish()
 * Context: tools.
 */
uint32_t ct_turns_hole(const struct ct_turns *t, uint64_t ticks);

/*
 * ct_turns_of - the turns of a tid by time, after ct_turns_finish()
 * @first: out: place in t->order
 * Returns their number.
 * Context: tools.
 */
uint32_t ct_turns_of(const struct ct_turns *t, uint32_t tid, uint32_t *first);

/*
 * ct_turns_waking - the last turn in a stretch of time that a tid got by being woken, NULL when none is known; after ct_turns_finish()
 * Context: tools.
 */
const struct ct_turn *ct_turns_waking(const struct ct_turns *t, uint32_t tid, uint64_t from,
				      uint64_t to);

static inline const struct ct_turn *ct_turn_at(const struct ct_turns *t, uint32_t place)
{
	return ct_pool_at(&t->all, t->order[place]);
}

/*
 * What is known of a thread between two turns: what it left the CPU for, until recording has a hole, behind which it may have come and gone; and
 * that it was woken for the next turn, when there is none until then.
 */
struct ct_turns_gap {
	uint64_t known; /* until then; 0: not at all */
	uint64_t woken; /* from then on; UINT64_MAX: not told, or not woken */
};

/*
 * ct_turns_gap - after ct_turns_finish()
 * @before, @next: neighbours in the order of a tid; NULL: there is none
 * Context: tools.
 */
struct ct_turns_gap ct_turns_gap(const struct ct_turns *t, const struct ct_turn *before,
				 const struct ct_turn *next);

/*
 * ct_turns_split - what the thread with a tid did between two times, after ct_turns_finish()
 * The parts add up to to - from.
 * Context: tools.
 */
struct ct_turns_split ct_turns_split(const struct ct_turns *t, uint32_t tid, uint64_t from,
				     uint64_t to);

/*
 * ct_turns_after - place of the first of a tid's turns that ends after a time
 * @first, @n: as ct_turns_of() gave them
 * Context: tools.
 */
uint32_t ct_turns_after(const struct ct_turns *t, uint32_t first, uint32_t n, uint64_t ticks);

#endif
