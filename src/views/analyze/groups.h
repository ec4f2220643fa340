/*
 * groups.h - threads that do the same, by name or start routine, and how the threads of each group spent their lives.
 */
#ifndef CT_VIEWS_GROUPS_H
#define CT_VIEWS_GROUPS_H

#include "views/analyze/view.h"

/*
 * ct_groups_show - prints the groups of the threads that the filter lets through, by options.group; v->states is built
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_groups_show(struct ct_view *v);

#endif
