/*
 * sched_int.h - what the files of sched.h share: sched.c takes what is recorded, sched_budget.c decides when that is, sched_chunks.c
 * keeps and writes it, sched_account.c adds up what the kernel counts itself.
 */
#ifndef CT_RUN_SCHED_INT_H
#define CT_RUN_SCHED_INT_H

#include "sched.h"

#define CT_SCHED_ACCOUNT_NS 100000000u /* between two times that the kernel's account is told */
#define CT_SCHED_ENOUGH	    (CT_STREAM_BLOCK_CHUNKS / 2) /* full chunks are worth a block */

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

/*
 * ct_sched_sample - read both clocks: the line between the last two samples gives the ticks of switches
 * Returns false: too soon after the sample before.
 */
bool ct_sched_sample(struct ct_sched *s);

/* ct_sched_take - take what the kernel has of all CPUs, up to the last sample */
void ct_sched_take(struct ct_sched *s);

/*
 * ct_sched_say, ct_sched_say_off - all switches are recorded from here on, or up to here: of CPUs that are on; of those that are off
 * @what: CT_SCHED_FROM or CT_SCHED_TO; what was said last is not said again
 */
void ct_sched_say(struct ct_sched *s, enum ct_sched_what what, uint64_t ns);
void ct_sched_say_off(struct ct_sched *s, enum ct_sched_what what, uint64_t ns);

/* ct_sched_tell_account - write what has come together of the kernel's account since the last time */
void ct_sched_tell_account(struct ct_sched *s);

/* ct_budget_open - learn what a record costs here; what is spent and earned counts from now on */
void ct_budget_open(struct ct_sched *s);

/* ct_budget_keep - pause when too much was spent, resume when that is made up for */
void ct_budget_keep(struct ct_sched *s, uint64_t now_ns);

#endif
