/*
 * deadlock.h - threads that wait for each other in a circle, as text and as JSON.
 */
#ifndef CT_VIEWS_DEADLOCK_H
#define CT_VIEWS_DEADLOCK_H

#include "views/analyze/json.h"
#include "views/analyze/view.h"

/*
 * ct_deadlock_lines - "deadlock: A -> B -> A" for each circle, and with @detail a line for each of its waits
 * @prefix: printed before the first line of each
 * Returns the number of circles.
 * Context: tools.
 */
unsigned ct_deadlock_lines(struct ct_view *v, const char *prefix, bool detail);

/*
 * ct_deadlock_json - an array "deadlocks" of arrays of waits
 * Context: tools.
 */
void ct_deadlock_json(struct ct_view *v, struct ct_json *j);

#endif
