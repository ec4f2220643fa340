/*
 * losses.h - whose records were lost, and when, as far as the trace tells.
 */
#ifndef CT_VIEWS_LOSSES_H
#define CT_VIEWS_LOSSES_H

#include "views/analyze/view.h"

/*
 * ct_losses_print, ct_losses_json - a line for each thread and reason, the largest first; an array "losses" of an object that is being written
 * Return 0 or a negative error.
 * Context: tools.
 */
int ct_losses_print(struct ct_view *v);
int ct_losses_json(struct ct_view *v, struct ct_json *j);

/*
 * ct_losses_line - a line that names the threads that lost most for this reason; none where only one has
 * Context: tools.
 */
void ct_losses_line(struct ct_view *v, unsigned reason, const char *prefix);

#endif
