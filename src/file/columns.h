/*
 * columns.h - another order for the bytes of chunks: those of one field beside each other, as a block stores them.
 *
 * The records of a chunk are rows of small fields, and most of a field's bytes are as random as the times they tell.  A compressor
 * that sees them by field finds what little there is to find; by row it finds next to nothing.  No byte is changed, only moved, so
 * damaged records come through as they are.  FORMAT.md, "Columns", is the contract.
 */
#ifndef CT_FILE_COLUMNS_H
#define CT_FILE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Column numbers: four for what is not a field, then for each event 16 parts (dt, mask, 14 fields) of three columns each: first
 * byte of the varint, second byte, all later ones.
 */
enum ct_column { CT_COLUMN_HEADS, CT_COLUMN_TAGS, CT_COLUMN_OPS, CT_COLUMN_RESTS, CT_COLUMN_PARTS };
#define CT_COLUMN_EVENT_PARTS 16u
#define CT_COLUMN_BYTES	      3u
#define CT_COLUMN_LIMIT	      (CT_COLUMN_PARTS + 64 * CT_COLUMN_EVENT_PARTS * CT_COLUMN_BYTES)

/* The table at the start: a count and for each column two varints.  In practice 30 columns of 3 bytes. */
#define CT_COLUMN_TABLE_MAX (3 + CT_COLUMN_LIMIT * 7)

struct ct_column_table {
	uint32_t bytes[CT_COLUMN_LIMIT];
};

/*
 * ct_columns_split - chunks as rows to columns
 * @rows, @size: chunks as in a block
 * @out:   room for CT_COLUMN_TABLE_MAX + size bytes
 * @table: out: how long each column is; the text of the table in `out` comes before the first one
 * Returns how many bytes were written; 0: these are no chunks.
 * Context: tools; no allocation.
 */
size_t ct_columns_split(const uint8_t *rows, size_t size, uint8_t *out,
			struct ct_column_table *table);

/*
 * ct_columns_join - the mirror of ct_columns_split
 * @rows: room for `size` bytes
 * Returns 0, or -1 when the columns do not make exactly `size` bytes.
 * Context: tools; no allocation.
 */
int ct_columns_join(const uint8_t *columns, size_t bytes, uint8_t *rows, size_t size);

#endif
