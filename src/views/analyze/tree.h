/*
 * tree.h - the processes of a trace as a tree: who started whom, and how each ended.
 */
#ifndef CT_VIEWS_TREE_H
#define CT_VIEWS_TREE_H

#include <stdint.h>

#include "views/analyze/view.h"

#define CT_NO_PARENT UINT32_MAX

enum ct_process_end {
	CT_PROCESS_RUNNING, /* when the trace ended, or now */
	CT_PROCESS_EXITED,
	CT_PROCESS_KILLED,
	CT_PROCESS_EXECUTED, /* another program, as the same process */
	CT_PROCESS_UNKNOWN
};

/*
 * ct_process_end_of - how a process of the trace ended
 * Context: tools.
 */
enum ct_process_end ct_process_end_of(const struct ct_view *v, const struct ct_process_rec *p);

/*
 * ct_process_parents - for each process the index of the one that made it, or of the image before it; CT_NO_PARENT
 * Returns an array for free(), NULL when out of memory.
 * Context: tools.
 */
uint32_t *ct_process_parents(const struct ct_view *v);

/*
 * ct_view_tree - the view
 * Context: tools.
 */
int ct_view_tree(struct ct_view *v);

#endif
