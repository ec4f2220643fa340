/*
 * lines.h - the pieces of text and JSON that several views print: a row of figures, its stacks, its threads.
 */
#ifndef CT_VIEWS_LINES_H
#define CT_VIEWS_LINES_H

#include "views/analyze/json.h"
#include "views/analyze/rows.h"

/*
 * ct_line_head, ct_line_row - the table of objects: waits, total, p50, p99, max, object
 * @what: heading of the last column
 * ct_line_row() returns 0 or -ENOMEM.
 * Context: tools.
 */
void ct_line_head(struct ct_view *v, const char *what);
int ct_line_row(struct ct_view *v, struct ct_rows *rows, uint32_t row);

/*
 * ct_line_stacks - who waited and who held, as stacks, at most options.stacks of each
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_line_stacks(struct ct_view *v, const struct ct_rows *rows, uint32_t row);

/*
 * ct_line_holder - text for "mostly held by ...": where the object was let go in most of the waiting time
 * Returns the text, "" when nobody is known.
 * Context: tools.
 */
char *ct_line_holder(struct ct_view *v, const struct ct_rows *rows, uint32_t row, char *buf,
		     size_t size);

/*
 * ct_line_row_json - a row as an object of a JSON array; see ct_help_row for its members
 * @detail: with stacks and threads
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_line_row_json(struct ct_view *v, struct ct_json *j, struct ct_rows *rows, uint32_t row,
		     bool detail);

/*
 * ct_line_head_json - the members every command's JSON begins with
 * Context: tools.
 */
void ct_line_head_json(struct ct_view *v, struct ct_json *j, const char *command);

#endif
