/*
 * sched_int.h - what the files of sched.h share: sched.c decides what is recorded, sched_chunks.c keeps and writes it.
 */
#ifndef CT_RUN_SCHED_INT_H
#define CT_RUN_SCHED_INT_H

#include "sched.h"

#define CT_SCHED_ENOUGH (CT_STREAM_BLOCK_CHUNKS / 2) /* full chunks are worth a block */

/*
 * ct_sched_add - one record of a CPU
 * @ns: its time, CLOCK_MONOTONIC, from which its ticks are made
 * Context: tools, as all of these.  What goes wrong is in s->error.
 */
void ct_sched_add(struct ct_sched *s, struct ct_sched_cpu *c, struct ct_record *r, uint64_t ns);

/* ct_sched_seal - the chunk at hand is full, if there is one */
void ct_sched_seal(struct ct_sched *s, struct ct_sched_cpu *c);

/* ct_sched_write_full - full chunks go to the file */
void ct_sched_write_full(struct ct_sched *s);

#endif
