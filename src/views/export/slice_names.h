/*
 * slice_names.h - what slices are called, each name once.
 */
#ifndef CT_VIEWS_SLICE_NAMES_H
#define CT_VIEWS_SLICE_NAMES_H

#include "model/timeline.h"
#include "views/analyze/view.h"
#include "views/write/strings.h"

struct ct_slice_names {
	struct ct_view *v;
	struct ct_strings texts;
	uint32_t *cells;	 /* by cell: name of the object, or of the wait; 0: not asked yet */
	struct ct_table owners;	 /* (name of the object, owner) -> name of the wait */
	struct ct_table strings; /* id of a string of the trace -> its number */
	uint32_t op_names[CT_OP_LIMIT];
	uint32_t part_names[CT_STATES];
};

/*
 * ct_slice_names_init, ct_slice_names_free
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_slice_names_init(struct ct_slice_names *n, struct ct_view *v);
void ct_slice_names_free(struct ct_slice_names *n);

/*
 * ct_slice_names_wait, ct_slice_names_part - number of the name of a wait, or of a state
 * Context: tools.
 */
uint32_t ct_slice_names_wait(struct ct_slice_names *n, const struct ct_timeline_item *i);
uint32_t ct_slice_names_part(struct ct_slice_names *n, enum ct_state state);

/*
 * ct_slice_names_string - number of the name of a task, region or category: a string of the trace; "(no name)" for 0
 * Context: tools.
 */
uint32_t ct_slice_names_string(struct ct_slice_names *n, uint32_t id);

/* ct_slice_names_failed - out of memory, at any time */
static inline bool ct_slice_names_failed(const struct ct_slice_names *n)
{
	return n->texts.failed || n->owners.failed || n->strings.failed;
}

#endif
