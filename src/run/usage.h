/*
 * usage.h - what the processes use over time: memory, processor time, page faults and context switches, written into the trace as usage
 * records; and where the kernel's switches do not tell all of it, how long each thread ran and waited for a CPU, as ran records.  All of it is read from /proc, which asks the processes for nothing and takes no lock that they wait for.
 */
#ifndef CT_RUN_USAGE_H
#define CT_RUN_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/reap.h"
#include "run/sched.h"
#include "run/tasks.h"

#define CT_USAGE_PROCESSES 64 /* at once; who comes later waits until one of them has ended */

#define CT_USAGE_PAUSE_NS 10000000u

struct ct_slot;

/* Sums since a process began, and the memory it has. */
struct ct_usage_sums {
	uint64_t cpu_ns, system_ns;
	uint64_t minor, major;		 /* page faults */
	uint64_t voluntary, involuntary; /* context switches */
	uint64_t resident, anonymous;	 /* bytes */
};

struct ct_usage_process {
	uint32_t index; /* in the process table */
	pid_t pid;
	int stat, statm; /* descriptors */
	struct ct_tasks tasks;
	bool there; /* at this look */
	struct ct_usage_sums now, told;
	uint64_t counted; /* cpu_ns when the switches of all threads had been read */
	uint64_t still;	  /* ticks: until then it has used nothing more */
	uint64_t looked;  /* ticks, at the last look */
};

struct ct_usage {
	const struct ct_reap *reap;
	const struct ct_sched *sched; /* NULL: nobody wants to know how long threads ran */
	struct ct_slot *slot;	      /* ctrace-run's own, for the records */
	struct ct_usage_process process[CT_USAGE_PROCESSES];
	unsigned n;
	size_t from;   /* all before this one in reap->watched are not to be looked at any more */
	unsigned turn; /* whose threads are read next */
	uint64_t pause_ns; /* between two looks, longer where the last saw nothing new */
	uint64_t sums_ns, switches_ns; /* when they may be read again */
};

/*
 * ct_usage_look - once in a while, look at all processes and write what has changed
 * All looks together take at most a hundredth of one CPU.
 * @now_ns: CLOCK_MONOTONIC
 * Context: tools.
 */
void ct_usage_look(struct ct_usage *u, uint64_t now_ns);

/*
 * ct_usage_last - look now: the program may have ended, and when it is waited for, what it used is gone
 * Context: tools.
 */
void ct_usage_last(struct ct_usage *u, uint64_t now_ns);

/* ct_usage_is_busy - did the last look see anything that was used?  Then the next is due soon */
static inline bool ct_usage_is_busy(const struct ct_usage *u)
{
	return u->pause_ns == CT_USAGE_PAUSE_NS;
}

void ct_usage_free(struct ct_usage *u);

#endif
