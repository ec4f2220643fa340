/*
 * ended.h - every recorded wait once more, with what only the whole trace tells of it: which cell counted it, who ended it, and when.
 *
 * For who asks about single waits; sums are in the model already.  Waits come once more in the order ct_model_take() had them, because those
 * whose waker had to be looked for have their rows in model->pending in that order.
 */
#ifndef CT_MODEL_ENDED_H
#define CT_MODEL_ENDED_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

struct ct_ended {
	uint32_t cell;	 /* that counted it; CT_NONE: none did, it lies outside the window */
	uint32_t thread; /* row in model->threads */
	uint32_t object; /* in model->objects */
	uint32_t op;
	uint64_t start, end; /* ticks */
	uint64_t release;    /* ticks; UINT64_MAX: not known */
	uint32_t waker;	     /* serial, 0 unknown */
	uint32_t waker_stack;
	uint32_t stranger;	    /* tid of a waker that was not traced, 0 none */
	uint32_t owner, owner_last; /* tids, as in the record */
	int64_t result;
};

/* How far it is. */
struct ct_ended_walk {
	struct ct_model *model; /* a finished one */
	uint32_t pending;	/* next of model->pending */
	bool kernel;		/* ask the kernel's wakings too */
};

/*
 * ct_ended_take - the next record
 * Returns false when it is no wait, or one that was abandoned: when that ended is not known.
 * Context: tools.
 */
bool ct_ended_take(struct ct_ended_walk *w, const struct ct_who *who, const struct ct_record *r,
		   struct ct_ended *out);

#endif
