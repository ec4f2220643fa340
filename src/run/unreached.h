/*
 * unreached.h - programs that the preloaded object does not get into: their process rows and the beginnings and ends of their threads.
 *
 * A static program, one of another libc, one that was started without LD_PRELOAD: nothing in them records, but the kernel tells of their
 * switches as of any other's.  What is missing then is who there was, and that can be seen from outside: /proc has their executable and their
 * threads, and the source of the switches tells when a thread was made and gone, or at least when it last left a CPU.  What came
 * and went between two looks without being told of is counted, and said.
 */
#ifndef CT_RUN_UNREACHED_H
#define CT_RUN_UNREACHED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/lives.h"
#include "run/reap.h"
#include "run/sched.h"
#include "run/set.h"

struct ct_unreached_process;
struct ct_unreached_thread;

/* What the finished trace says of a row of ours. */
struct ct_unreached_told {
	uint32_t process;
	const char *what;
	uint64_t missed; /* threads that came and went unseen */
};

struct ct_unreached {
	struct ct_reap *reap;
	struct ct_lives lives; /* what the switches' source tells; see ct_sched.lives */
	const struct ct_sched *sched;
	bool no_follow;
	struct ct_unreached_process *processes; /* of the whole tree, reached or not */
	size_t processes_n, processes_room;
	struct ct_set by_pid; /* index + 1 in processes */
	struct ct_unreached_thread *threads;
	size_t threads_n, threads_room;
	struct ct_set by_tid; /* index + 1 in threads */
	struct ct_unreached_told *told;
	size_t told_n, told_room;
	size_t rows_seen;	/* of reap->watched */
	uint64_t begun;		/* threads, ever */
	uint64_t lives_missing; /* of lives.missing: looked into */
	uint64_t unknown;	/* programs that came and went without a row */
};

/*
 * ct_unreached_root - the program itself is out of reach, and has just been executed
 * @what: it is, such as "a static program"
 * Context: tools.
 */
void ct_unreached_root(struct ct_unreached *u, pid_t pid, const char *path, char *const *argv,
		       const char *what);

/*
 * ct_unreached_look - find who is out of reach, and which threads have come and gone; after ct_sched_look(), before ct_reap_look()
 * Context: tools.
 */
void ct_unreached_look(struct ct_unreached *u, uint64_t now_ns);

/*
 * ct_unreached_each - what the finished trace has to say of processes out of reach, row by row
 * Returns 0 or the first error of @add.
 * Context: tools.
 */
int ct_unreached_each(const struct ct_unreached *u,
		      int (*add)(void *arg, uint32_t process, enum ct_blind kind, uint32_t path,
				 const char *detail, uint64_t count),
		      void *arg);

void ct_unreached_free(struct ct_unreached *u);

#endif
