/*
 * profile.h - where time went that threads did not run, by stack: a profile of one kind, and the forms it is written in.
 *
 *	single waits --> holders.c, held.c -+--> samples --+--> table.c     text and JSON
 *	states ------------------> spans.c -+              +--> pprof.c     profile.proto, gzip
 *	                                                   +--> folded.c, speedscope.c, svg.c
 *
 * A sample is a stack with labels, a number of waits and their time.  What is charged to which stack is the kind's rule, which
 * every form that has room for it says in words, together with what was left out and what is missing from the trace.
 */
#ifndef CT_VIEWS_PROFILE_H
#define CT_VIEWS_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/table.h"
#include "views/analyze/rows.h"
#include "views/analyze/view.h"
#include "views/profile/kinds.h"
#include "views/profile/task.h"
#include "views/write/strings.h"

/* What stands at the innermost end of a stack, or in place of one. */
enum ct_leaf {
	CT_LEAF_NONE,
	CT_LEAF_NO_STACK,  /* the wait has none */
	CT_LEAF_OUTSIDE,   /* states: in no recorded wait */
	CT_LEAF_SHORT,	   /* states: off the CPU for less than what is recorded */
	CT_LEAF_WOKEN,	   /* states: woken, and waiting for a CPU */
	CT_LEAF_NEW,	   /* states: the same of a thread that has never had one */
	CT_LEAF_PREEMPTED, /* states: it lost the CPU */
	CT_LEAF_STOPPED,   /* states: by a signal or a debugger */
	CT_LEAF_HANDOFF,   /* holders: it had been released, and nobody had it yet */
	CT_LEAF_CHANGED, /* holders: one had it before and another after, and when it changed hands was not seen */
	CT_LEAF_HELD,	 /* holders: who had it is known, its stack is not */
	CT_LEAF_UNKNOWN, /* holders: nobody knows who had it */
	CT_LEAF_SHORTS,	 /* holders: short waits are summed, and tell of no holder */
	CT_LEAF_GAVE_UP, /* unlock rule: nobody's unlock ended the wait */
	CT_LEAVES
};

struct ct_sample {
	/* key */
	uint32_t stack; /* node of the trie; 0: see leaf */
	uint32_t leaf;	/* enum ct_leaf */
	uint64_t root;	/* frame of the thread's start routine where there is no stack; 0 none */
	uint32_t lock;	/* row + 1 in ct_profile.rows; 0 none */
	uint32_t thread, holder; /* in ct_profile.names; 0 none */
	uint16_t why;		 /* enum ct_why + 1; 0 none */
	uint16_t kind;		 /* enum ct_kind */
	/* sums */
	uint64_t count, total; /* total: ticks */
};
#define CT_SAMPLE_KEY 32u

struct ct_profile_options {
	enum ct_profile_kind kind;
	bool by_unlock;	  /* lock: all of a wait to the unlock that ended it */
	bool by_waker;	  /* sched: to the stack that woke the thread */
	bool no_idle;	  /* leave idle waits out */
	bool labels;	  /* apart by lock, thread and holder too */
	bool by_cum;	  /* table: most cumulated time first */
	uint64_t min_ns;  /* only single waits of at least this length; then no summed ones */
	const char *lock; /* name as `ctrace locks` prints it; NULL all */
	const char *task; /* name or id as `ctrace tasks` prints it; NULL all */
};

struct ct_profile {
	struct ct_view *v;
	struct ct_profile_options o;
	struct ct_table samples;      /* struct ct_sample */
	struct ct_rows rows;	      /* of all objects, when labels or a lock are wanted */
	uint32_t *row_of_cell;	      /* CT_NONE: filtered out; NULL: rows are not wanted */
	uint32_t *lock_name;	      /* by row, in names; 0: not asked yet */
	uint32_t *thread_name;	      /* by row of the thread, the same */
	uint8_t *lock_wanted;	      /* by row */
	struct ct_profile_task *task; /* NULL: all that threads did */
	struct ct_strings names;
	char **comment; /* the rule, what was left out, what is missing; lines */
	uint32_t comments, comment_room;
	uint64_t count, total;		   /* of all samples */
	uint64_t left_out, left_out_total; /* calls without a record */
	bool failed;			   /* out of memory */
};

/*
 * ct_profile_make - collect a profile
 * @v: an open view, with its filters; must outlive the profile
 * Returns 0, -ENOMEM or -EIO; -ENOENT when no task has the name.
 * Context: tools.
 */
int ct_profile_make(struct ct_profile *p, struct ct_view *v, const struct ct_profile_options *o);

/*
 * ct_profile_free - give it back
 * Context: tools.
 */
void ct_profile_free(struct ct_profile *p);

/*
 * Writers.  Each returns 0 or -ENOMEM; whether the stream took it is for the caller to ask.
 * Context: tools.
 */
int ct_profile_text(struct ct_profile *p);
int ct_profile_json(struct ct_profile *p);
int ct_profile_pprof(struct ct_profile *p, FILE *out);
int ct_profile_folded(struct ct_profile *p, FILE *out);
int ct_profile_speedscope(struct ct_profile *p, FILE *out);
int ct_profile_svg(struct ct_profile *p, FILE *out);

/* --- shared by collectors and writers -------------------------------------------------------------------------------------- */

/*
 * ct_profile_add - add waits to a sample, made when it is not there
 * @key: its first CT_SAMPLE_KEY bytes count
 * Context: tools.
 */
void ct_profile_add(struct ct_profile *p, const struct ct_sample *key, uint64_t count,
		    uint64_t total);

/*
 * ct_profile_comment - add a line of text
 * Context: tools.
 */
void ct_profile_comment(struct ct_profile *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * ct_profile_key - the key of a cell's waits: stack, lock, reason, kind, and the thread that waited
 * Context: tools.
 */
struct ct_sample ct_profile_key(struct ct_profile *p, uint32_t cell);

/*
 * ct_profile_wants - does the filter let a cell through?  Its kind of wait is not looked at
 * Context: tools.
 */
bool ct_profile_wants(struct ct_profile *p, uint32_t cell);

/* ct_profile_sums_short - are waits that are only summed in it?  Of them no length and no time is known. */
static inline bool ct_profile_sums_short(const struct ct_profile *p)
{
	return !p->o.min_ns && !p->task;
}

/*
 * ct_profile_thread, ct_profile_stranger - number in names of what a thread is called, by its row or by the tid of one that was not
 * traced; 0 when no labels are wanted
 * Context: tools.
 */
uint32_t ct_profile_thread(struct ct_profile *p, uint32_t row);
uint32_t ct_profile_stranger(struct ct_profile *p, uint32_t tid);

/*
 * ct_profile_lock - what the object of a sample is called; "" when it has none
 * Context: tools.
 */
const char *ct_profile_lock(struct ct_profile *p, const struct ct_sample *s);

/*
 * ct_leaf_text - "[outside]"; "" for CT_LEAF_NONE
 * Context: tools.
 */
const char *ct_leaf_text(enum ct_leaf leaf);

/*
 * ct_profile_holders - collect a lock profile, by either rule (holders.c)
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_profile_holders(struct ct_profile *p);

/*
 * ct_profile_spans - collect a profile of states: all but lock (spans.c)
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_profile_spans(struct ct_profile *p);

static inline struct ct_sample *ct_profile_sample(const struct ct_profile *p, uint32_t i)
{
	return ct_table_row(&p->samples, i);
}

#endif
