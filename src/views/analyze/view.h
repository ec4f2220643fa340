/*
 * view.h - the answers: what each command prints, as text or as JSON, over one opened trace.
 *
 * A view never reads bytes of a trace and never changes the model.  Whatever it shows, it also shows what it could not see: see
 * ct_view_blind().  The JSON of every command is described in the command's --help.
 */
#ifndef CT_VIEWS_VIEW_H
#define CT_VIEWS_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "model/build.h"
#include "model/model.h"
#include "read/trace.h"

struct ct_symbols;
struct ct_json;

/* By what `ctrace threads` takes threads together. */
enum ct_group { CT_GROUP_NONE, CT_GROUP_NAME, CT_GROUP_START };

struct ct_view_options {
	bool json;
	bool each;  /* one row for each object, not for each place that makes them */
	bool idle;  /* list idle waits too */
	bool blind; /* info: only where nothing can be seen */
	bool colour;
	bool cut;	 /* long names are cut, not continued in the next line */
	bool progress;	 /* tell on stderr when it takes long */
	unsigned width;	 /* columns */
	unsigned top;	 /* rows */
	unsigned stacks; /* stacks for each row */
	enum ct_group group;
	unsigned longest;    /* single waits kept for each cell; 0: none are needed */
	const char *thread;  /* name as printed, tid or #serial; NULL: all */
	const char *process; /* pid or name; NULL: all */
	const char *
		label; /* tasks, regions: only of threads with this label, KEY or KEY=VALUE; NULL: all */
	const char *log;     /* tasks: only those that logged this; NULL: all */
	double from_s, to_s; /* seconds from the start; to_s 0: to the end */
};

struct ct_view {
	struct ct_trace *trace;
	struct ct_model *model;
	struct ct_states *states; /* NULL: not asked for, or switches were not recorded */
	struct ct_symbols *symbols;
	struct ct_table frame_names; /* names.c */
	struct ct_table data_names;
	struct ct_table modules;
	FILE *out;
	struct ct_view_options o;
	double ns_per_tick;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	bool many_processes;
	uint8_t *shown; /* by row of the thread: 0 not asked yet, 1 no, 2 yes */
};

/*
 * ct_view_open - open a trace and build its model
 * @why: on error one line about what is wrong
 * Returns 0, -errno or negative enum ct_err.
 * Context: tools.
 */
int ct_view_open(struct ct_view *v, const char *path, const struct ct_view_options *o, FILE *out,
		 char *why, size_t why_size);

/*
 * ct_view_start - the same over a trace that is open already, which stays the caller's
 * Context: tools.
 */
int ct_view_start(struct ct_view *v, struct ct_trace *t, const struct ct_view_options *o,
		  FILE *out);

/*
 * ct_view_states - also find the lives of threads, v->states, where switches were recorded
 * @span, @arg: see ct_states_new()
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_view_states(struct ct_view *v, void (*span)(void *arg, const struct ct_span *s), void *arg);

/*
 * ct_view_close - release everything; a trace given to ct_view_start() stays open
 * Context: tools.
 */
void ct_view_close(struct ct_view *v, bool close_trace);

/*
 * The views.  Each prints to v->out.  Return 0, -ENOMEM, or 1 when the filter names a thread or process that is not there.
 * Context: tools.
 */
int ct_view_report(struct ct_view *v);
int ct_view_locks(struct ct_view *v);
int ct_view_threads(struct ct_view *v);
int ct_view_sched(struct ct_view *v);
int ct_view_counters(struct ct_view *v);
int ct_view_tasks(struct ct_view *v);
int ct_view_regions(struct ct_view *v);
int ct_view_waits(struct ct_view *v);
int ct_view_blocked(struct ct_view *v);
int ct_view_info(struct ct_view *v);

/*
 * ct_view_summary - what ctrace-run prints at the end: at most 12 lines
 * @path: the finished trace
 * Returns 0, or a negative error when the trace could not be read; then nothing was printed.
 * Context: tools.
 */
int ct_view_summary(FILE *out, const char *path);

/*
 * ct_view_ps - one line for each traced process that is alive
 * @arenas, @n: paths of live traces; those that cannot be opened are left out
 * Returns the number of processes shown, or a negative error.
 * Context: tools.
 */
int ct_view_ps(FILE *out, const char *const *arenas, size_t n, const struct ct_view_options *o);

/* How far something is, on a terminal's last line; only where view->o.progress says so. */
struct ct_progress {
	struct timespec start, last;
	const char *what; /* "reading" */
	bool shown;
};

/*
 * ct_progress_start, ct_progress_show, ct_progress_end - it begins; a ct_progress_fn for it; it is over, and the line empty
 * Context: tools.
 */
void ct_progress_start(struct ct_progress *p, const char *what);
void ct_progress_show(void *arg, double done);
void ct_progress_end(const struct ct_progress *p);

/* --- shared by the views ----------------------------------------------------------------------------------------------------- */

/*
 * ct_view_ns - a duration in ticks as ns
 * Context: tools.
 */
static inline uint64_t ct_view_ns(const struct ct_view *v, uint64_t ticks)
{
	return (uint64_t)((double)ticks * v->ns_per_tick + 0.5);
}

/*
 * ct_view_when - a time in ticks as ns since the start of the trace
 * Context: tools.
 */
uint64_t ct_view_when(const struct ct_view *v, uint64_t ticks);

/*
 * ct_view_from, ct_view_to - the time that is looked at, in ticks: from the start of the trace to its end, or what the filter says
 * Recording of switches may have begun before the program did.
 * Context: tools.
 */
uint64_t ct_view_from(const struct ct_view *v);
uint64_t ct_view_to(const struct ct_view *v);

/*
 * ct_view_shows - does the filter let this thread through?
 * Context: tools.
 */
bool ct_view_shows(struct ct_view *v, const struct ct_thread *t);

/* ct_view_shows_row - the same by the row of the thread, as a timeline asks; @view: struct ct_view */
bool ct_view_shows_row(void *view, uint32_t row);

/* ct_view_shows_process - the same for a process, by its index */
bool ct_view_shows_process(const struct ct_view *v, uint32_t process);

/* ct_view_pid - of a process by its index; 0 when the trace does not have it */
uint32_t ct_view_pid(const struct ct_view *v, uint32_t process);

/* ct_sched_source_text - "perf" */
const char *ct_sched_source_text(uint32_t source);

/*
 * ct_sched_refusal - why a source of switches could not be had
 * Returns @buf, or NULL when it could or was not asked.
 * Context: tools.
 */
const char *ct_sched_refusal(const struct ct_turns *t, enum ct_sched_source source, char *buf,
			     size_t size);

/*
 * ct_view_blind - lines about what is missing from the trace or could not be known; nothing when there is nothing to say
 * @prefix: printed before every line
 * Context: tools.
 */
void ct_view_blind(struct ct_view *v, const char *prefix);

/*
 * ct_view_lost - records that are missing, for all reasons together
 * Context: tools.
 */
uint64_t ct_view_lost(const struct ct_view *v);

/*
 * ct_view_missing - what the lines of ct_view_blind() say of the whole trace, one call for each; not made safe to print
 * Context: tools.
 */
typedef void ct_note_fn(void *arg, const char *text);
void ct_view_missing(struct ct_view *v, ct_note_fn *note, void *arg);

/*
 * ct_view_blind_json - the same as an object "losses" and an array "notes"
 * Context: tools.
 */
void ct_view_blind_json(struct ct_view *v, struct ct_json *j);

/*
 * ct_view_window, ct_view_window_states - lines telling that filters are on, when they are: one that shows waits by when they ended, and
 * one that shows what there was in the chosen time
 * Context: tools.
 */
void ct_view_window(struct ct_view *v);
void ct_view_window_states(struct ct_view *v);

/*
 * ct_view_lived - how much of a thread's life lies in the time that is looked at, in ticks
 * Context: tools.
 */
uint64_t ct_view_lived(const struct ct_view *v, const struct ct_thread *t);

/*
 * ct_why_label, ct_why_name - "contention" for people, "lock" for JSON
 * Context: tools.
 */
const char *ct_why_label(enum ct_why why);
const char *ct_why_name(enum ct_why why);

/* Escapes, empty without colour. */
const char *ct_bold(const struct ct_view *v);
const char *ct_dim(const struct ct_view *v);
const char *ct_plain(const struct ct_view *v);

#endif
