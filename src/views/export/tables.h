/*
 * tables.h - a trace as tables, for whatever holds tables: which there are, their columns, and their rows.
 *
 *	view --> ct_export_tables() --> sink: table, (value... row)..., done --> a file for each, or a database
 *
 * The tables come one after another, each from its first row to its last.  What they mean is in TABLES.md, and in the first one of them.
 */
#ifndef CT_VIEWS_TABLES_H
#define CT_VIEWS_TABLES_H

#include <stdint.h>

#include "views/export/export.h"

enum ct_column_type { CT_COLUMN_INTEGER, CT_COLUMN_TEXT };

struct ct_column {
	const char *name;
	enum ct_column_type type;
	const char *text; /* what it is, with its unit */
};

struct ct_export_table {
	const char *name, *text;
	const struct ct_column *
		columns; /* ended by one without a name; the first is the key, if it is called id */
	const char
		*index; /* columns that are worth an index, with blanks between them; NULL: none */
};

/* Takes values in the order of the columns.  After an error, which it keeps, it takes and forgets. */
struct ct_sink {
	void (*table)(struct ct_sink *s, const struct ct_export_table *t);
	void (*integer)(struct ct_sink *s, int64_t value);
	void (*text)(struct ct_sink *s, const char *value); /* NULL: nothing; of any bytes */
	void (*nothing)(struct ct_sink *s);
	void (*row)(struct ct_sink *s);
	void (*done)(struct ct_sink *s); /* with the table */
	int error;			 /* 0 or negative */
};

/*
 * ct_export_table - the tables by number, in the order they come
 * Returns NULL behind the last one.
 * Context: tools.
 */
const struct ct_export_table *ct_export_table(unsigned number);

/*
 * ct_export_tables - everything the filter of a view and the options let through
 * Returns 0, or a negative error of the trace or of the sink; -EINVAL, with sums->why, when nothing is chosen.
 * Context: tools.
 */
int ct_export_tables(struct ct_view *v, const struct ct_export_options *o, struct ct_sink *sink,
		     struct ct_export_sums *sums);

#endif
