/*
 * firefox_int.h - what the parts of the Firefox Profiler export share.
 *
 *	firefox.c        the profile: meta data, threads, markers
 *	firefox_stack.c  a thread's tables of stacks, frames and functions
 */
#ifndef CT_VIEWS_FIREFOX_INT_H
#define CT_VIEWS_FIREFOX_INT_H

#include "views/analyze/view.h"
#include "views/export/out.h"
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

#endif
