/*
 * reap.h - the processes of a recording, seen from outside: which there are, when they end, and what their end leaves in the arena.
 */
#ifndef CT_RUN_REAP_H
#define CT_RUN_REAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/store.h"

struct ct_watched {
	uint32_t index; /* in the process table */
	int pidfd;	/* -1: gone, or not to be had */
	pid_t pid;	/* in our namespace */
	bool ended;
	bool trusted;	/* the pid is known */
	bool waiting;	/* ended, and how is not known yet */
	uint8_t looks;	/* for a process of another namespace */
	uint64_t alive; /* ticks, when it was last seen alive; 0: not yet */
};

struct ct_reap {
	struct ct_store *store;
	struct ct_watched *watched;
	size_t count, room;
	int ends; /* epoll: readable when a process has ended; -1 none */
	struct ct_slot *
		last_words; /* slots whose threads were blocked when their process ended; totals left out */
	size_t last_words_count, last_words_room;
	uint64_t namespace; /* inode of our pid namespace */
};

int ct_reap_open(struct ct_reap *r, struct ct_store *store);

/*
 * ct_reap_look - find new processes and those that have ended; write the totals of the dead and free their slots
 * Context: tools.
 */
void ct_reap_look(struct ct_reap *r);

/* ct_reap_exit - how a process ended, where that is known */
void ct_reap_exit(struct ct_reap *r, pid_t pid, int status);

/*
 * ct_reap_pid - a process's pid in our namespace, also of one that is not watched yet; 0 not known
 * @process: index
 */
pid_t ct_reap_pid(const struct ct_reap *r, uint32_t process);

/*
 * ct_reap_numbers - do the thread ids that a process wrote mean here what they mean to it?
 * @process: index; one that was not watched yet is not known
 */
bool ct_reap_numbers(const struct ct_reap *r, uint32_t process);

/* ct_reap_living - processes that are known to run still */
unsigned ct_reap_living(const struct ct_reap *r);

/*
 * ct_reap_unsettled - is there a process of which some more looks may tell whether it runs?
 * In the middle of an exec a process has nothing mapped by which it could be known.
 */
bool ct_reap_unsettled(const struct ct_reap *r);

/*
 * ct_reap_bury - a thread is dead: its totals and its end as records, its chunk sealed, its slot free
 * @ticks: when it ended; 0: with its process, or now when that lives
 */
void ct_reap_bury(struct ct_reap *r, struct ct_slot *s, uint64_t ticks);

/* ct_reap_keep - what its thread is blocked in goes to the last words, as it stands */
void ct_reap_keep(struct ct_reap *r, const struct ct_slot *s);

/* ct_reap_close - the recording is over: if nobody else is left the rest is buried, else what is still claimed goes to the last words as it stands */
void ct_reap_close(struct ct_reap *r);

/* ct_reap_free_slots - seal what threads that ended left in chunks that are not full */
void ct_reap_free_slots(struct ct_reap *r);

/*
 * ct_reap_strays - seal and mark chunks that no slot has any more: a handler jumped out of the recorder between two of its steps
 * After ct_reap_free_slots(), when nobody records.
 */
void ct_reap_strays(struct ct_reap *r);
void ct_reap_free(struct ct_reap *r);

#endif
