/*
 * stream_int.h - what writing a stream (stream.c) and going on with one (reopen.c) share.
 */
#ifndef CT_FILE_STREAM_INT_H
#define CT_FILE_STREAM_INT_H

#include "block.h"
#include "stream.h"

struct ct_stream {
	int fd;
	uint64_t end; /* of the last whole block */
	bool torn;    /* part of a block lies behind it, and could not be cut off */
	struct ct_header header;
	struct ct_coder *coder;
	uint8_t *raw; /* payload of a chunk block being put together */
	uint8_t *out; /* head and stored payload */
	size_t out_room;
	struct ct_index_row *index;
	size_t rows, rows_room;
	struct ct_stream_stats stats;
};

/*
 * ct_stream_new - a stream without a file, for ct_stream_close()
 * Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_stream *ct_stream_new(void);

/*
 * ct_stream_count - add a chunk's times and records to the row of its block
 * Context: tools; no allocation.
 */
void ct_stream_count(struct ct_index_row *row, const struct ct_chunk *head, const uint8_t *bytes,
		     size_t used);

/*
 * ct_stream_room - make sure that the index has room for one more row
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_stream_room(struct ct_stream *s);

/*
 * ct_stream_row - a block of so many chunks is in the file: its row for the index, and the counters
 * There must be room for the row.
 * Context: tools; no allocation.
 */
void ct_stream_row(struct ct_stream *s, const struct ct_index_row *row, size_t chunks);

#endif
