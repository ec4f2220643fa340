/*
 * choice.h - which waits, states and regions an export has: those of the view's window and threads, for what was chosen, and as long as was chosen.
 *
 * The same for all formats that can leave something out:
 *
 *   a lock      only waits for it, with what happens in them; nothing outside of waits but what the program said of itself
 *   a length    only waits that are as long, with all that happens in them; states outside of waits and regions that are as long
 */
#ifndef CT_VIEWS_CHOICE_H
#define CT_VIEWS_CHOICE_H

#include "model/timeline.h"
#include "views/analyze/view.h"

struct ct_choice_options {
	const char *
		lock; /* as ctrace locks prints it, or the beginning of that, with or without its kind; NULL: all waits */
	uint64_t min_ns;
};

struct ct_choice {
	struct ct_view *v;
	struct ct_choice_options o;
	uint8_t *wanted;	/* by cell; NULL: all are */
	uint64_t **short_waits; /* by row: a bit for each wait that is too short; NULL: none is */
	uint32_t *short_room;	/* words */
	bool failed;
};

/*
 * ct_choice_init - before ct_choice_measure(); enough where only cells are asked for
 * Returns 0, -ENOMEM, or -ENOENT when nothing has the name.  ct_choice_free() is for all of these.
 * Context: tools.
 */
int ct_choice_init(struct ct_choice *c, struct ct_view *v, const struct ct_choice_options *o);
void ct_choice_free(struct ct_choice *c);

/*
 * ct_choice_measure - go through a timeline and see which waits are long enough; it is rewound
 * Returns 0, -ENOMEM, or -ENODATA when nothing of it is chosen.
 * Context: tools.
 */
int ct_choice_measure(struct ct_choice *c, struct ct_timeline *tl);

/*
 * ct_choice_why - what -ENOENT and -ENODATA mean, as one line
 * Context: tools.
 */
void ct_choice_why(const struct ct_choice_options *o, int err, char *text, size_t size);

/* ct_choice_cell - are waits of this cell chosen, by what they are for? */
static inline bool ct_choice_cell(const struct ct_choice *c, uint32_t cell)
{
	return !c->wanted || (cell != CT_NONE && c->wanted[cell]);
}

/*
 * ct_choice_wait - the wait that a state is in
 * ct_choice_state - a state, in a wait or outside of waits
 * ct_choice_region - a region, by its item
 * Context: tools.
 */
bool ct_choice_wait(const struct ct_choice *c, const struct ct_timeline_item *i);
bool ct_choice_state(const struct ct_choice *c, const struct ct_timeline_item *i);
bool ct_choice_region(const struct ct_choice *c, const struct ct_timeline_item *i);

#endif
