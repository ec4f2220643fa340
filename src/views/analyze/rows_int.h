/*
 * rows_int.h - what the files of rows.h share: rows.c makes the rows, row_names.c gives them their names.
 */
#ifndef CT_VIEWS_ROWS_INT_H
#define CT_VIEWS_ROWS_INT_H

#include "views/analyze/rows.h"

/* What the objects of a row have in common, besides the two of rows.h: row->how. */
enum {
	CT_ROW_VARIABLE = CT_ROW_OBJECT + 1, /* base frame */
	CT_ROW_INIT,			     /* stack of its initialisation */
	CT_ROW_SITE,			     /* frame of the first wait */
	CT_ROW_NAME,			     /* descriptors of one name */
	CT_ROW_FAMILY			     /* descriptors: sockets, pipes */
};
_Static_assert(CT_ROW_FAMILY < CT_ROW_CALLS, "");

#define CT_ROW_FAMILIES 5u

/*
 * ct_row_fd - name of a descriptor, as far as it does not contradict the operation; NULL unknown
 * Context: tools.
 */
const char *ct_row_fd(struct ct_view *v, uint32_t object, uint32_t op);

/*
 * ct_row_family - which kind of descriptor has this name
 * @name: NULL: none
 * Returns CT_ROW_FAMILIES when it is of none that rows are made of.
 * Context: tools.
 */
size_t ct_row_family(const char *name);

#endif
