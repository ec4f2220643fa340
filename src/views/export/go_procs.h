/*
 * go_procs.h - which P a thread holds while it runs.  Numbers are dense and begin with 1: the viewer draws a row for each up to the highest.
 *
 * Virtual: each thread has one of its own from its first run to its end; who comes later gets the lowest that is free.  By CPU: 1 + the CPU
 * that switch records tell; where they do not, or somebody has it by records that contradict each other, one of those above.
 */
#ifndef CT_VIEWS_GO_PROCS_H
#define CT_VIEWS_GO_PROCS_H

#include "model/timeline.h"

struct ct_go_procs {
	uint32_t cpus;		       /* 0: virtual */
	uint32_t count;		       /* that were ever used */
	uint32_t *own;		       /* virtual: by thread */
	uint8_t *cpu_used, *cpu_known; /* by P, those of CPUs */
	uint32_t *free;		       /* a heap, the lowest on top */
	uint32_t free_n, free_room, own_room;
};

/*
 * ct_go_procs_init, ct_go_procs_free - @cpus: 0: virtual ones
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_go_procs_init(struct ct_go_procs *p, uint32_t cpus);
void ct_go_procs_free(struct ct_go_procs *p);

/*
 * ct_go_procs_take - a P for a thread that has none
 * @item:      the state it needs it for
 * @introduce: out: it was never used before
 * Returns 0 when out of memory.
 * Context: tools.
 */
uint32_t ct_go_procs_take(struct ct_go_procs *p, uint32_t thread,
			  const struct ct_timeline_item *item, bool *introduce);

/*
 * ct_go_procs_drop - the thread has left it
 * ct_go_procs_end - the thread has ended, and holds none
 * Context: tools.
 */
void ct_go_procs_drop(struct ct_go_procs *p, uint32_t thread, uint32_t proc);
void ct_go_procs_end(struct ct_go_procs *p, uint32_t thread);

/* ct_go_procs_other - is the thread that holds this P on another CPU in a state? */
bool ct_go_procs_other(const struct ct_go_procs *p, uint32_t proc,
		       const struct ct_timeline_item *item);

#endif
