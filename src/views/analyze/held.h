/*
 * held.h - what the holders of a row's locks did while others waited for them, and what they were blocked on themselves.
 */
#ifndef CT_VIEWS_HELD_H
#define CT_VIEWS_HELD_H

#include "views/analyze/json.h"
#include "views/analyze/rows.h"

/*
 * ct_held_print - lines behind the stacks of a row, at most options.stacks of what they were blocked on
 * ct_held_json  - members holder_did and holder_blocked of a row
 * Nothing where v->states does not tell.  Return 0 or -ENOMEM.
 * Context: tools.
 */
int ct_held_print(struct ct_view *v, const struct ct_rows *rows, uint32_t row);
int ct_held_json(struct ct_view *v, struct ct_json *j, const struct ct_rows *rows, uint32_t row);

/*
 * ct_held_say - adds "; the holder was itself blocked for 80 % of that, mostly in write fd 7 socket" to a sentence on a row's holder
 * Nothing where that was not most of the time, or v->states does not tell.
 * Context: tools.
 */
void ct_held_say(struct ct_view *v, const struct ct_rows *rows, uint32_t row, char *buf,
		 size_t size);

#endif
