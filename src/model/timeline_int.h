/*
 * timeline_int.h - how the timeline keeps its items in memory: a list of blocks of bytes for each stream, and items as differences.
 *
 * State   tag: state in 3 bits (stopped: TAG_STOPPED), source << 3, TAG_WAIT or TAG_NEW, TAG_WAKER, TAG_CPU; length of the state in ticks; cpu; then for
 *         TAG_NEW the wait, for TAG_WAKER who woke
 * Record  event, mask of the fields that differ from the record before; ticks, then those fields, as differences
 * Numbers are LEB128, differences zigzag.
 */
#ifndef CT_MODEL_TIMELINE_INT_H
#define CT_MODEL_TIMELINE_INT_H

#include "model/timeline.h"

struct ct_line_block;
struct ct_bytes {
	struct ct_line_block *first, *last;
};

struct ct_bytes_place {
	const struct ct_line_block *block;
	uint32_t at;
};

/* What the next item is different from; the same for writing and reading. */
struct ct_line_coder {
	struct ct_timeline_item state;
	struct ct_record record;
};

/* ct_bytes_free - give the memory back */
void ct_bytes_free(struct ct_bytes *b);

/* ct_bytes_start - to the first item */
void ct_bytes_start(const struct ct_bytes *b, struct ct_bytes_place *p);

/*
 * ct_line_put_state, ct_line_put_record - append an item
 * A state begins where the one before ended.
 * Return 0 or -ENOMEM.
 * Context: tools.
 */
int ct_line_put_state(struct ct_line_coder *c, struct ct_bytes *b,
		      const struct ct_timeline_item *item);
int ct_line_put_record(struct ct_line_coder *c, struct ct_bytes *b, const struct ct_record *r);

/*
 * ct_line_get_state, ct_line_get_record - the next item
 * @item: as it was left by the one before
 * Return false at the end.
 * Context: tools.
 */
bool ct_line_get_state(struct ct_line_coder *c, struct ct_bytes_place *p,
		       struct ct_timeline_item *item);
bool ct_line_get_record(struct ct_line_coder *c, struct ct_bytes_place *p, struct ct_record *r);

#endif
