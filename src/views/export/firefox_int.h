/*
 * firefox_int.h - what the parts of the Firefox Profiler export share.
 *
 *	firefox.c          the profile: meta data, threads
 *	firefox_markers.c  markers and samples
 *	firefox_stack.c    a thread's tables of stacks, frames and functions
 */
#ifndef CT_VIEWS_FIREFOX_INT_H
#define CT_VIEWS_FIREFOX_INT_H

#include "views/analyze/view.h"
#include "views/export/out.h"
#include "views/export/slices.h"
#include "views/write/strings.h"

/* Rows of one table that stand for a thread's stacks: a row of stackTable and the row of frameTable with the same number. */
struct ct_firefox_row {
	uint32_t prefix;   /* row + 1; 0: outermost */
	uint32_t function; /* row in funcTable */
	uint32_t line;
	uint16_t depth; /* of inlining */
	uint16_t category;
};

struct ct_firefox_function {
	uint32_t name, file; /* of texts; file 0: not known */
	uint32_t line;
};

/* The stacks of the thread that is written. */
struct ct_firefox_stacks {
	struct ct_view *v;
	struct ct_strings *texts;
	struct ct_firefox_row *rows;
	struct ct_firefox_function *functions;
	uint32_t row_n, row_room, function_n, function_room;
	uint32_t *node_row;	 /* by node of the trie: row + 1 of its innermost line */
	struct ct_table leaves;	 /* (node, operation) -> row */
	struct ct_table by_name; /* (name, file) -> row in functions */
	bool failed;
};

/*
 * ct_firefox_stacks_init, ct_firefox_stacks_free
 * @texts: the profile's
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_firefox_stacks_init(struct ct_firefox_stacks *s, struct ct_view *v,
			   struct ct_strings *texts);
void ct_firefox_stacks_free(struct ct_firefox_stacks *s);

/*
 * ct_firefox_stack - row of a stack; CT_NONE: it has no frames
 * @leaf: number of the text of a frame that stands innermost, for what the thread waited in; 0: none
 * Context: tools.
 */
uint32_t ct_firefox_stack(struct ct_firefox_stacks *s, uint32_t node, uint32_t leaf,
			  uint16_t category);

/*
 * ct_firefox_stacks_write - the tables, as members of a thread; and forget them
 * Context: tools.
 */
void ct_firefox_stacks_write(struct ct_firefox_stacks *s, struct ct_out *out);

enum ct_firefox_kind {
	CT_FIREFOX_WAIT,
	CT_FIREFOX_PART,
	CT_FIREFOX_WAKES,
	CT_FIREFOX_LOST,
	CT_FIREFOX_REGION,
	CT_FIREFOX_TASK,
	CT_FIREFOX_MESSAGE
};

enum ct_firefox_category {
	CT_FIREFOX_OTHER,
	CT_FIREFOX_LOCK,
	CT_FIREFOX_THREADS,
	CT_FIREFOX_IO,
	CT_FIREFOX_NET,
	CT_FIREFOX_SLEEP,
	CT_FIREFOX_NO_CPU,
	CT_FIREFOX_MISSING,
	CT_FIREFOX_SAID,
	CT_FIREFOX_CATEGORIES
};

/* There are as many as there are slices, so it is kept small. */
struct ct_firefox_marker {
	uint64_t start; /* ns */
	uint64_t dur : 52, op : 8, kind : 3, open : 1;
	int64_t result; /* LOST: records; REGION, TASK, MESSAGE: id of the task */
	uint32_t name;	/* of texts */
	uint32_t stack; /* node */
	uint32_t waker; /* serial; TASK: the parent, MESSAGE: what it says, both of texts */
	uint32_t owner; /* tid; REGION, TASK: what is not known of it, of texts */
};
#define CT_FIREFOX_DUR_MAX ((1ull << 52) - 1) /* 52 days */
_Static_assert(sizeof(struct ct_firefox_marker) == 40, "millions of them are kept");

struct ct_firefox_thread {
	struct ct_firefox_marker *markers;
	uint32_t n, room;
	uint64_t begin, end; /* ns; end 0: not seen */
	bool there;
};

struct ct_firefox {
	struct ct_view *v;
	struct ct_slices *slices;
	struct ct_out out;
	struct ct_strings texts;
	struct ct_firefox_stacks stacks;
	struct ct_firefox_thread *threads; /* by row */
	uint64_t events, thread_n;
	bool failed;
};

static inline void ct_firefox_time(struct ct_firefox *x, uint64_t ns)
{
	ct_out_millis(&x->out, ns > x->v->start_ns ? ns - x->v->start_ns : 0);
}

static inline void ct_firefox_comma(struct ct_firefox *x, uint32_t i)
{
	if (i)
		ct_out_bytes(&x->out, ",", 1);
}

/*
 * ct_firefox_begin and so on - take in what the slices tell, as in struct ct_slices_sink
 * ct_firefox_losses - what was lost, after them; returns 0 or a negative error
 * Context: tools.
 */
void ct_firefox_begin(void *arg, uint32_t row, uint64_t ns);
void ct_firefox_end(void *arg, uint32_t row, uint64_t ns, bool ended);
void ct_firefox_done(void *arg, const struct ct_slice *s, uint64_t end_ns, bool part);
void ct_firefox_wake(void *arg, const struct ct_slices_wake *w);
void ct_firefox_region(void *arg, const struct ct_slices_said *s);
void ct_firefox_task(void *arg, const struct ct_slices_said *s);
void ct_firefox_message(void *arg, const struct ct_slices_said *s);
int ct_firefox_losses(struct ct_firefox *x);

/*
 * ct_firefox_markers, ct_firefox_samples - those of a thread, as its members
 * Context: tools.
 */
void ct_firefox_markers(struct ct_firefox *x, const struct ct_firefox_thread *t);
void ct_firefox_samples(struct ct_firefox *x, const struct ct_firefox_thread *t);

#endif
