/*
 * spots.h - blind spots: parts of the traced processes that can wait where nothing is recorded.
 */
#ifndef CT_VIEWS_SPOTS_H
#define CT_VIEWS_SPOTS_H

#include <stddef.h>

#include "views/analyze/view.h"

/*
 * ct_spots_line - all of them in one line for people: which modules, and what it means
 * Returns to, or NULL when there are none.
 * Context: tools.
 */
const char *ct_spots_line(struct ct_view *v, char *to, size_t room);

/*
 * ct_spots_unreached - the processes that the recorder's object did not get into, and what was seen too late, in one line for people
 * Returns to, or NULL when there are none.
 * Context: tools.
 */
const char *ct_spots_unreached(struct ct_view *v, char *to, size_t room);

/*
 * ct_spots_print, ct_spots_json - each of them; as text, or as an array "blind" of an object that is being written
 * Context: tools.
 */
void ct_spots_print(struct ct_view *v);
void ct_spots_json(struct ct_view *v, struct ct_json *j);

#endif
