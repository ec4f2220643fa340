/*
 * unreached_int.h - what the files of unreached.h share: unreached.c looks and judges, unreached_rows.c writes the process table,
 * unreached_threads.c the threads' lives.
 */
#ifndef CT_RUN_UNREACHED_INT_H
#define CT_RUN_UNREACHED_INT_H

#include "unreached.h"

#include <sys/stat.h>

#define CT_UNREACHED_PAUSE_NS                                                                      \
	100000000ull /* the longest between two looks at what has not changed */

enum ct_unreached_state {
	CT_WAITING, /* nobody knows yet: the dynamic linker is at work, or it was forked and has not recorded anything */
	CT_REACHED, /* the preloaded object is in it and does the rest */
	CT_OUT,	    /* it has a row of ours, and each of its threads a slot of ours */
	CT_LEFT	    /* it is not to be recorded */
};

struct ct_unreached_process {
	pid_t pid;
	enum ct_unreached_state state;
	char *exe;    /* at the last look; NULL: not looked at yet */
	dev_t device; /* of that file */
	ino_t inode;
	uint64_t executed_ns; /* when it did that, 0 not told */
	uint64_t made_ns;     /* when it was forked, 0 not told */
	uint64_t over_ns;     /* when /proc was first seen not to have it, 0: it has */
	uint64_t judged_ns;   /* when it was last judged by what it executes */
	uint64_t passed_ns;   /* it had executed something then, before it was judged; 0 not told */
	uint64_t
		perhaps_ns; /* it has executed something, which may be what it was judged by; 0: no */
	bool forked;	    /* its row is that of a program it has not executed itself */
	bool is_new;	    /* has executed something since the last look */
	uint32_t row;	    /* of ours, + 1 */
	const char *what;   /* it is, when it is CT_OUT */
	const char *expected_exe; /* of the root, should it be gone before the first look */
	char *arguments;
	uint64_t next_ns, pause_ns;
	nlink_t links; /* of its folder of threads, when that was last gone through */
	uint64_t listed_ns;
	bool stirred;	 /* there may be a new thread of it */
	uint64_t missed; /* threads that came and went unseen, while CT_WAITING */
	size_t told;	 /* in told[], + 1; 0 while it is not CT_OUT */
};

struct ct_unreached_thread {
	uint32_t tid, serial;
	struct ct_slot *slot; /* NULL: there was none left */
	pid_t pid;
	bool seen; /* in this look */
};

/* ct_unreached_find_process, ct_unreached_find_thread - NULL: not known */
struct ct_unreached_process *ct_unreached_find_process(const struct ct_unreached *u, pid_t pid);
struct ct_unreached_thread *ct_unreached_find_thread(const struct ct_unreached *u, uint32_t tid);

/*
 * ct_unreached_drop_thread - forget it without a word
 * @i: index; the last one takes its place
 * Context: tools, as all of these.
 */
void ct_unreached_drop_thread(struct ct_unreached *u, size_t i);

/* ct_unreached_told_end - the kernel tells that a thread of that number has ended or begun: was it one whose end we have seen already? */
bool ct_unreached_told_end(struct ct_unreached *u, uint32_t tid);

/* ct_unreached_begin_thread - of a process with a row of ours: a slot for it, and its begin */
void ct_unreached_begin_thread(struct ct_unreached *u, struct ct_unreached_process *p,
			       uint32_t tid);

/*
 * ct_unreached_end_thread - its end, and its slot is free
 * @i:  index; the last one takes its place
 * @ns: when, 0: when it last left a CPU if that is told, else now
 */
void ct_unreached_end_thread(struct ct_unreached *u, size_t i, uint64_t ns);

/* ct_unreached_end_threads - all of a process; @unseen_only: those that the last look did not find */
void ct_unreached_end_threads(struct ct_unreached *u, pid_t pid, bool unseen_only);

/* ct_unreached_list_threads - begin and end those that /proc has and no longer has; only when something has changed, or has had time to */
void ct_unreached_list_threads(struct ct_unreached *u, struct ct_unreached_process *p,
			       uint64_t now_ns);

/* ct_unreached_base - the last part of a path */
const char *ct_unreached_base(const char *path);

/* ct_unreached_has_row - has the object that is in it written a row for what it executes now? */
bool ct_unreached_has_row(const struct ct_unreached *u, const struct ct_unreached_process *p);

/* ct_unreached_count_missed - a thread of it came and went unseen */
void ct_unreached_count_missed(struct ct_unreached *u, struct ct_unreached_process *p);

/* ct_unreached_go_out - it is out of reach, being @what: make its row, or leave it when that may not be */
void ct_unreached_go_out(struct ct_unreached *u, struct ct_unreached_process *p, const char *what);

#endif
