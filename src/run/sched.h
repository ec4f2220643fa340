/*
 * sched.h - when the program's threads were on a CPU: takes the kernel's switches, turns their times into the trace's, and writes them
 * as chunks of records cpu_on, cpu_off, waking and sched, one slot for each CPU.  Where they come from is switches.h; what they mean is
 * src/model.
 *
 * A switch costs the program some time while it is recorded.  Exact recording takes them all; automatic recording keeps that below
 * a share of the program's own processor time, and pauses when there are too many.  What was not recorded is told in the trace.
 */
#ifndef CT_RUN_SCHED_H
#define CT_RUN_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "file/build.h"
#include "file/stream.h"
#include "run/account.h"
#include "run/lives.h"
#include "run/switches.h"

enum ct_sched_mode { CT_SCHED_AUTO, CT_SCHED_EXACT, CT_SCHED_OFF };

/* Where switches may come from. */
enum ct_sched_from {
	CT_SCHED_FROM_ANY, /* the cheapest that can be had */
	CT_SCHED_FROM_BPF,
	CT_SCHED_FROM_PERF,
	CT_SCHED_FROM_USER /* what threads themselves record is all there is */
};

/* One CPU's stream of records. */
struct ct_sched_cpu {
	unsigned cpu;
	struct ct_builder *builder; /* the chunk at hand; NULL: none begun */
	uint32_t sequence;
	uint64_t last_ns;  /* of its newest record */
	uint64_t from_ns;  /* when it was last said that all is recorded */
	uint64_t on_ns;	   /* a thread of ours got it then; 0: none has it */
	uint64_t ready_ns; /* who has it was ready for so long before, by the kernel's account */
	bool covered;	   /* its newest sched record says "from here on" */
};

struct ct_sched {
	bool on;     /* the kernel was asked for switches */
	bool misses; /* some were not recorded */
	bool paused;
	enum ct_sched_mode mode;
	struct ct_switches from;
	struct ct_lives *lives;	      /* hears of every switch too; NULL: nobody does */
	struct ct_sched_cpu *cpu;     /* from.n, and from.off that are waited for */
	bool (*is_off)(unsigned cpu); /* is this CPU off now? */
	uint64_t off_ns;	      /* when that was asked last */
	struct ct_stream *stream;     /* NULL: a ring, written at the end */
	struct ct_chunk **full;	      /* sealed, not yet written; oldest first */
	unsigned full_n, full_room, full_max;
	uint64_t full_since_ns;
	struct ct_clock_sample before, now; /* between them times are a straight line */
	uint64_t error_ns;		    /* the largest distance from that line seen so far */
	/* the budget of automatic recording; what is reckoned with next is since period_ns */
	uint64_t period_ns, period_switches, period_cpu_ns, resume_ns;
	double credit_ns, cost_ns;  /* what a record costs here */
	uint64_t switches, missing; /* in all */
	struct ct_account account;  /* what is not told yet of the kernel's account of threads */
	uint64_t taken_ns;	    /* up to when switches were taken */
	uint64_t account_ns;	    /* when it was told last */
	int error;		    /* of a write that failed */
};

/*
 * ct_sched_open - begin, before the program executes
 * @pid:        the process that will execute it
 * @ring_bytes: keep the newest so many bytes for ct_sched_finish(); 0: all, written as they come
 * The trace says of every source that was asked in vain why it was.
 * Context: tools.
 */
void ct_sched_open(struct ct_sched *s, enum ct_sched_mode mode, enum ct_sched_from from, pid_t pid,
		   struct ct_stream *stream, uint64_t ring_bytes);

/*
 * ct_sched_open_from - the same of given sources, the first of them that does it
 * @n: 0: none
 * Context: tools.
 */
void ct_sched_open_from(struct ct_sched *s, enum ct_sched_mode mode,
			const struct ct_switch_source *const *sources, unsigned n, pid_t pid,
			struct ct_stream *stream, uint64_t ring_bytes);

/*
 * ct_sched_look - take what the kernel has, write what is worth a block, keep to the budget
 * @now_ns: CLOCK_MONOTONIC
 * Context: tools.
 */
void ct_sched_look(struct ct_sched *s, uint64_t now_ns);

/*
 * ct_sched_can - would the kernel tell of switches, by a source that may be asked?
 * @pid: a process that has not executed its program yet
 * Context: tools.
 */
bool ct_sched_can(enum ct_sched_mode mode, enum ct_sched_from from, pid_t pid);

/* ct_sched_tells - is every switch recorded now? */
bool ct_sched_tells(const struct ct_sched *s);

/*
 * ct_sched_unaccounted - is there, or has there been, a time in which the kernel's account of threads did not come with their switches?  False also: nobody
 * wants to know
 */
bool ct_sched_unaccounted(const struct ct_sched *s);

/* ct_sched_ticks - a CLOCK_MONOTONIC time of the last seconds in ticks */
uint64_t ct_sched_ticks(const struct ct_sched *s, uint64_t ns);

/*
 * ct_sched_ready - descriptor that is readable when ct_sched_look() should not wait; -1 none
 */
int ct_sched_ready(const struct ct_sched *s);

/*
 * ct_sched_forked - in a copy of the process that opened it, while that is still there: this one goes on
 * Context: tools.
 */
void ct_sched_forked(struct ct_sched *s);

/*
 * ct_sched_write - in a copy of the process that goes on recording: write what that has taken, and nothing is asked of the kernel
 * @stream: where to
 * Returns 0, or -errno of what could not be written.  No other function may follow.
 * Context: tools.
 */
int ct_sched_write(struct ct_sched *s, struct ct_stream *stream);

/*
 * ct_sched_finish - take and write the rest, stop
 * Returns 0, or -errno of what could not be written.
 * Context: tools.
 */
int ct_sched_finish(struct ct_sched *s);

#endif
