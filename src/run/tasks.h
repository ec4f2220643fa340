/*
 * tasks.h - the threads of a process as /proc has them: how often each left a CPU, how long it ran and how long it waited for a CPU.
 *
 * A walk goes through all of them, in parts where they are many; of each thread it is told what was read and what had been read before.
 */
#ifndef CT_RUN_TASKS_H
#define CT_RUN_TASKS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/set.h"

/*
 * Sums since the thread was made.  Of one that is on a CPU the kernel adds up at each tick (kernel/sched/core.c, sched_tick()), not when it is
 * asked from outside: run_ns lacks up to 1/HZ s (CONFIG_HZ, 4 ms in Debian), more where a tick is late.
 */
struct ct_task {
	uint32_t tid;			 /* as we see it */
	uint32_t voluntary, involuntary; /* context switches */
	uint64_t run_ns, delay_ns;	 /* on a CPU, and ready for one without having it */
	uint64_t turns;			 /* times it got a CPU */
	uint64_t ticks;			 /* when reading began, 0 never */
	uint32_t walk;
	bool timed; /* run_ns, delay_ns and turns were read */
};

struct ct_tasks {
	DIR *dir;	      /* where reading goes on; NULL: none to be had */
	struct ct_set by_tid; /* index + 1 in all */
	struct ct_task *all;
	size_t n, room;
	uint32_t walk;
};

/*
 * ct_tasks_open - the threads that have folders in a folder, such as /proc/PID/task
 * Context: tools.
 */
void ct_tasks_open(struct ct_tasks *t, const char *path);

/*
 * ct_tasks_walk - read on
 * @room:  at most so many threads
 * @timed: read run_ns and so on too
 * @take:  called for each with what was read before, all zero for one that is new, and now
 * Returns how many of @room are left when it has come to the end, and begins anew the next time; -1: it has not.
 * Context: tools.
 */
int ct_tasks_walk(struct ct_tasks *t, unsigned room, bool timed,
		  void (*take)(void *arg, const struct ct_task *was, const struct ct_task *is),
		  void *arg);

void ct_tasks_close(struct ct_tasks *t);

#endif
