/*
 * record.h - one recording from the empty arena to the finished file.
 */
#ifndef CT_RUN_RECORD_H
#define CT_RUN_RECORD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "run/blind.h"
#include "run/child.h"
#include "run/comms.h"
#include "run/cpustat.h"
#include "run/drain.h"
#include "run/fds.h"
#include "run/looks.h"
#include "run/mappings.h"
#include "run/numbers.h"
#include "run/reap.h"
#include "run/sched.h"
#include "run/snapshot.h"
#include "run/store.h"
#include "run/unreached.h"
#include "run/usage.h"

struct ct_record_options {
	const char *output;  /* NULL: <name>.<pid>.ctrace in the working directory */
	uint64_t ring_bytes; /* 0: stream */
	uint64_t wait_threshold_ns;
	uint64_t call_threshold_ns;
	char filter[CT_FILTER_BYTES]; /* --only and --skip: see capture/filter.h */
	enum ct_sched_mode sched;
	enum ct_sched_from sched_from;
	bool no_follow;
	bool quiet;
};

struct ct_recording {
	const struct ct_record_options *options;
	char output[PATH_MAX];
	char trouble[PATH_MAX + 256]; /* why the output is elsewhere, or incomplete; "" none */
	struct ct_store store;
	struct ct_stream *stream;
	struct ct_drain drain;
	struct ct_reap reap;
	struct ct_fds fds;
	struct ct_comms comms;
	struct ct_numbers numbers;
	struct ct_blind_spots blind;
	struct ct_mappings mappings;
	struct ct_looks looks;
	struct ct_usage usage;
	struct ct_cpustat cpustat;
	struct ct_sched sched;
	struct ct_unreached unreached;
	struct ct_snapshots snapshots;
};

/*
 * ct_record_open - arena and output file, ready for the program with pid @pid
 * @name: of the program, for the output file
 * Returns 0 or -errno with r->trouble filled in.
 * Context: tools.
 */
int ct_record_open(struct ct_recording *r, const struct ct_record_options *options,
		   const char *name, pid_t pid);

/*
 * ct_record_unreached - the program, just executed, is one that the recorder's object does not get into
 * @what: it is, such as "a static program"
 * Context: tools.
 */
void ct_record_unreached(struct ct_recording *r, pid_t pid, const char *path, char *const *argv,
			 const char *what);

/*
 * ct_record_run - until the child has ended, with all it recorded
 * Context: tools.
 */
void ct_record_run(struct ct_recording *r, struct ct_child *child);

/* ct_record_goes_on - the child has ended; are there processes it left behind, known or not? */
bool ct_record_goes_on(struct ct_recording *r);

/*
 * ct_record_rest - until the processes the child left behind have ended as well
 * Context: tools.
 */
void ct_record_rest(struct ct_recording *r);

/*
 * ct_record_rate - note the rate of the clock as the recording shows it from its start to @end, in place of what half a millisecond before it did
 * Context: tools.
 */
void ct_record_rate(struct ct_recording *r, struct ct_clock_sample end);

/*
 * ct_record_end - all that follows the last chunk: tables, last words, symbols, index, footer
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_record_end(struct ct_recording *r);

/*
 * ct_record_finish - drain the rest, write dictionary, symbols, index and footer, remove the arena
 * Returns 0, or -errno of what could not be written; the file is readable in any case.
 * Context: tools.
 */
int ct_record_finish(struct ct_recording *r);

#endif
