/*
 * snapshot.h - what is recorded so far as a file of its own, when the program asks for it (header.ask of format.h), while it goes on.
 *
 * A process forked from this one makes it, since the recorder's functions and the tables in memory are for one arena: it freezes the arena
 * (freeze.h) into memory of its own and finishes the trace from there.  Only while it copies, some milliseconds, nothing may be drained.
 */
#ifndef CT_RUN_SNAPSHOT_H
#define CT_RUN_SNAPSHOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <ctrace/format.h>

struct ct_recording;

struct ct_snapshots {
	bool is_running, is_copying; /* a process makes one; it copies the arena still */
	pid_t pid;
	int from;	   /* what it says */
	uint64_t since_ns; /* it was started, or somebody has taken the word */
	uint32_t taken;	   /* the word then */
	char name[CT_ASK_NAME_BYTES];
	char answer[2 * PATH_MAX];
	size_t answer_n;
	unsigned written, failed;
	char first[PATH_MAX],
		why[2 * PATH_MAX]; /* the first that was written; why the first was not */
};

/* ct_snapshot_open - programs may ask from here on */
void ct_snapshot_open(struct ct_recording *r);

/*
 * ct_snapshot_look - begin what was asked for, hear how the one under way is getting on
 * @now_ns: CLOCK_MONOTONIC
 * Returns false: the arena is being copied, nothing may be drained now.
 * Context: tools.
 */
bool ct_snapshot_look(struct ct_recording *r, uint64_t now_ns);

/*
 * ct_snapshot_close - begin what was asked for before the program ended; nobody may ask any more, and nothing is being copied
 * Context: tools; waits for copying.
 */
void ct_snapshot_close(struct ct_recording *r, uint64_t now_ns);

/* ct_snapshot_wait - until the last one is written */
void ct_snapshot_wait(struct ct_recording *r);

/* ct_snapshot_tell - a line about what was written, and one about what could not be */
void ct_snapshot_tell(const struct ct_snapshots *s, FILE *to, bool quiet);

#endif
