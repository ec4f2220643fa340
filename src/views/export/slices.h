/*
 * slices.h - a trace as viewers of slices want it: on the track of each thread what it waited for and why it had no CPU, arrows from who woke to
 * who was woken, and numbers over time; in order of time.
 *
 *	thread 1   ----|wait: mutex m          |-----------|wait: read fd 7   |---|preempted|---
 *	                        |woken |                          |woken     |
 *	                        ^ wake of thread 2
 *	thread 2   -------------o-----------------------------------------------------
 *
 * A wait is a slice; a part is one in it, or where there is none between two: woken and preempted threads that have no CPU yet, and threads off
 * the CPU for a reason that is not recorded.  Where there is no slice a thread ran, or was awake as far as anybody saw.
 *
 * The window and the threads are chosen by the view, locks and shortest durations by the options (choice.h).
 */
#ifndef CT_VIEWS_SLICES_H
#define CT_VIEWS_SLICES_H

#include "model/timeline.h"
#include "views/analyze/view.h"
#include "views/export/choice.h"

/* Of a process, over time. */
enum ct_slices_number {
	CT_NUMBER_RUNNING, /* threads, at that time */
	CT_NUMBER_READY,
	CT_NUMBER_BLOCKED,
	CT_NUMBER_OUTSIDE,
	CT_NUMBER_AWAKE,
	CT_NUMBER_THREADS,			/* how many of them count threads */
	CT_NUMBER_RESIDENT = CT_NUMBER_THREADS, /* bytes */
	CT_NUMBER_ANONYMOUS,
	CT_NUMBERS
};

struct ct_slice {
	uint64_t ns;	 /* CLOCK_MONOTONIC: it begins */
	uint64_t dur_ns; /* parts: how long it is; waits: 0 */
	uint32_t thread; /* row */
	uint32_t name;	 /* for ct_slices_text() */
	uint64_t wake;	 /* parts: number of the arrow that leads to it, 0: none */
	const struct ct_timeline_item *item; /* with which it began */
};

/* An arrow: `thread` was woken at ns by who has the row `waker`, at the begin of its part "woken". */
struct ct_slices_wake {
	uint64_t ns, number; /* number: from 1 */
	uint32_t thread, waker;
	uint32_t waker_stack; /* 0: not known */
};

/* A region, task or message of the program. */
struct ct_slices_said {
	uint64_t ns, end_ns; /* of a message both */
	uint32_t thread;     /* row; of a task where it began, CT_NONE: not known */
	uint32_t name;	     /* for ct_slices_text(); of a message its category */
	bool aside;	     /* region: it does not nest with what else is on its thread's track */
	const struct ct_timeline_note *note;
};

/* Whom the slices are told to.  Times never decrease.  Every one but `arg` may be NULL. */
struct ct_slices_sink {
	void *arg;
	void (*begin)(void *arg, uint32_t thread, uint64_t ns); /* it is there: before its slices */
	void (*end)(void *arg, uint32_t thread, uint64_t ns, bool ended);
	void (*wait)(void *arg, const struct ct_slice *s); /* begins */
	void (*part)(void *arg, const struct ct_slice *s); /* begins, in the wait if there is one */
	void (*close)(void *arg, uint32_t thread, uint64_t ns, bool part); /* it ends */
	/* The same as a whole, for who wants it so: of waits, after their parts */
	void (*done)(void *arg, const struct ct_slice *s, uint64_t end_ns, bool part);
	void (*wake)(void *arg,
		     const struct ct_slices_wake *w); /* before the part that it leads to */
	void (*number)(void *arg, uint32_t process, enum ct_slices_number which, uint64_t ns,
		       uint64_t value);
	void (*record)(void *arg, uint64_t ns, const struct ct_record *r);
	/* What the program said of itself.  Regions nest with waits and parts, but for those aside: `aside` of an end is then their number in the model + 1,
	   else 0 and it is the innermost one of the thread that ends */
	void (*region)(void *arg, const struct ct_slices_said *s); /* begins */
	void (*region_end)(void *arg, uint32_t thread, uint64_t ns, uint32_t aside);
	void (*region_done)(void *arg, const struct ct_slices_said *s); /* as a whole, at its end */
	void (*task)(void *arg, const struct ct_slices_said *s);	/* begins */
	void (*task_end)(void *arg, const struct ct_slices_said *s);
	void (*message)(void *arg, const struct ct_slices_said *s);
	uint64_t records; /* bits 1 << event of the records that are wanted */
};

struct ct_slices;

/*
 * ct_slices_new - for an open view, which must outlive it
 * Returns 0, -ENOMEM, -EIO, or -ENOENT and -ENODATA as ct_choice_init() and ct_choice_measure() do.
 * Context: tools.
 */
int ct_slices_new(struct ct_view *v, const struct ct_choice_options *o, uint64_t records,
		  struct ct_slices **out);

/*
 * ct_slices_tell - all of them, from the beginning; once
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_slices_tell(struct ct_slices *s, const struct ct_slices_sink *sink);

/*
 * ct_slices_text - the text of a name.  Names are numbered from 1, one after another as they turn up.
 * Context: tools.
 */
const char *ct_slices_text(const struct ct_slices *s, uint32_t name);

/*
 * ct_slices_category - "lock": by what views divide waits; "state" for parts
 * Context: tools.
 */
const char *ct_slices_category(const struct ct_slice *s);

/*
 * ct_slices_unsure - what is not known of the ends of a task or region, "not ended"; NULL: both are as the program said
 * ct_slices_tasks - so many tasks there are at most: notes have smaller numbers
 * ct_slices_message - a message, and how long it was where that is not all of it; returns buf
 * Context: tools.
 */
const char *ct_slices_unsure(const struct ct_timeline_note *n);
uint32_t ct_slices_tasks(const struct ct_slices *s);
#define CT_SLICES_MESSAGE (CT_TEXT_ROOM + 40)
char *ct_slices_message(const struct ct_timeline_note *n, char buf[CT_SLICES_MESSAGE]);

/*
 * ct_slices_task - the number of the task with this id
 * Returns CT_NONE when there is none.
 * Context: tools.
 */
uint32_t ct_slices_task(const struct ct_slices *s, uint64_t id);

/* ct_slices_number_text - "threads running" */
const char *ct_slices_number_text(enum ct_slices_number which);

/* ct_slices_free - NULL is allowed */
void ct_slices_free(struct ct_slices *s);

/*
 * ct_slices_notes - what is missing from the trace or could not be known, one line for each
 * Returns it for free(), or NULL when out of memory.
 * Context: tools.
 */
char *ct_slices_notes(struct ct_view *v);

#endif
