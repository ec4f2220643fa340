/*
 * block.c - see block.h.
 *
 * Compression is zstd level 3 with one context for all blocks of a stream; higher levels gain one part in a hundred on chunks, whose
 * bytes hardly ever repeat.  What does help them is to be in columns, with an entropy table for each long one.  A payload that does not get smaller is stored as it
 * is; so is one that gets more than a thousand times smaller, because a reader takes such a claim for an attack.
 */
#include "block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "columns.h"
#include "xxh64.h"

#define LEVEL	    3
#define OWN_TABLE   256	 /* bytes of columns from which an entropy table of their own pays */
#define IN_COLUMNS  6144 /* bytes of chunks from which columns are smaller than rows */
#define FLAGS_KNOWN (CT_BLOCK_ZSTD | CT_BLOCK_COLUMNS)

struct ct_coder {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
	void *out;
	size_t room;
	uint8_t *columns;
	size_t columns_room;
	struct ct_column_table table;
};

static uint64_t raw_limit(uint64_t stored_bytes)
{
	uint64_t limit = 65536 + stored_bytes * CT_BLOCK_RATIO_MAX;

	return limit < CT_BLOCK_RAW_MAX ? limit : CT_BLOCK_RAW_MAX;
}

const char *ct_block_head_check(const struct ct_block *head, uint64_t room)
{
	if (room < sizeof(*head))
		return "the file ends inside a block's head";
	if (head->magic != CT_BLOCK_MAGIC)
		return "no block begins here";
	if (head->flags & ~FLAGS_KNOWN ||
	    (head->flags & CT_BLOCK_COLUMNS &&
	     (!(head->flags & CT_BLOCK_ZSTD) || head->type != CT_BLOCK_CHUNKS)))
		return "block with unknown flags";
	if (head->stored_bytes > room - sizeof(*head))
		return "the file ends inside a block";
	if (head->flags & CT_BLOCK_ZSTD) {
		if (head->raw_bytes > raw_limit(head->stored_bytes))
			return "block claims an absurd size";
	} else if (head->raw_bytes != head->stored_bytes || head->raw_bytes > CT_BLOCK_RAW_MAX) {
		return "block claims an absurd size";
	}
	return NULL;
}

struct ct_coder *ct_coder_new(void)
{
	return calloc(1, sizeof(struct ct_coder));
}

void ct_coder_free(struct ct_coder *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->pack);
	ZSTD_freeDCtx(c->unpack);
	free(c->out);
	free(c->columns);
	free(c);
}

static int make_room(void **p, size_t *room, size_t need)
{
	void *more;

	if (*room >= need)
		return 0;
	more = realloc(*p, need);
	if (!more)
		return -ENOMEM;
	*p = more;
	*room = need;
	return 0;
}

static int make_columns_room(struct ct_coder *c, size_t raw_bytes)
{
	void *p = c->columns;
	int err = make_room(&p, &c->columns_room, raw_bytes + CT_COLUMN_TABLE_MAX);

	c->columns = p;
	return err;
}

/*
 * One frame; long columns end a block of the frame, because in zstd a block is what has an entropy table.
 * Returns the size, or an error as ZSTD_isError() knows it.
 */
static size_t pack_columns(struct ct_coder *c, size_t bytes, size_t table_bytes)
{
	ZSTD_outBuffer out = {c->out, c->room, 0};
	ZSTD_inBuffer in = {c->columns, table_bytes, 0};
	size_t left, since = 0;
	unsigned i;

	ZSTD_CCtx_reset(c->pack, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(c->pack, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setPledgedSrcSize(c->pack, bytes);
	for (i = 0; i < CT_COLUMN_LIMIT; i++) {
		uint32_t n = c->table.bytes[i];

		if (n >= OWN_TABLE || since >= OWN_TABLE) {
			left = ZSTD_compressStream2(c->pack, &out, &in, ZSTD_e_flush);
			if (ZSTD_isError(left))
				return left;
			since = 0;
		}
		in.size += n;
		since += n;
	}
	left = ZSTD_compressStream2(c->pack, &out, &in, ZSTD_e_end);
	return left ? (size_t)-1 : out.pos;
}

int ct_block_pack(struct ct_coder *c, struct ct_block *head, const void *raw, size_t raw_bytes,
		  const void **stored)
{
	size_t n, columns = 0, bound, i, sum = 0;

	if (raw_bytes > CT_BLOCK_RAW_MAX)
		return -E2BIG;
	if (!c->pack)
		c->pack = ZSTD_createCCtx();
	if (!c->pack)
		return -ENOMEM;
	if (head->type == CT_BLOCK_CHUNKS && raw_bytes >= IN_COLUMNS) {
		if (make_columns_room(c, raw_bytes))
			return -ENOMEM;
		columns = ct_columns_split(raw, raw_bytes, c->columns, &c->table);
	}
	/* a flush costs a block's head, and what it holds may be stored as it is */
	bound = ZSTD_compressBound(columns > raw_bytes ? columns : raw_bytes) +
		(columns ? 8 * CT_COLUMN_LIMIT : 0);
	if (make_room(&c->out, &c->room, bound))
		return -ENOMEM;
	for (i = 0; columns && i < CT_COLUMN_LIMIT; i++)
		sum += c->table.bytes[i];
	n = columns ? pack_columns(c, columns, columns - sum) : 0;
	if (!columns || n >= raw_bytes) {
		columns = 0;
		n = ZSTD_compressCCtx(c->pack, c->out, c->room, raw, raw_bytes, LEVEL);
	}
	if (ZSTD_isError(n))
		return -ENOMEM;
	head->magic = CT_BLOCK_MAGIC;
	head->raw_bytes = raw_bytes;
	if (n < raw_bytes && raw_bytes <= raw_limit(n) && head->type != CT_BLOCK_FOOTER) {
		head->flags = CT_BLOCK_ZSTD | (columns ? CT_BLOCK_COLUMNS : 0);
		head->stored_bytes = n;
		*stored = c->out;
	} else {
		head->flags = 0;
		head->stored_bytes = raw_bytes;
		*stored = raw;
	}
	head->checksum = ct_xxh64(*stored, head->stored_bytes, 0);
	return 0;
}

const char *ct_block_unpack(struct ct_coder *c, const struct ct_block *head, const void *stored,
			    void *raw)
{
	size_t n;

	if (ct_xxh64(stored, head->stored_bytes, 0) != head->checksum)
		return "checksum of the block is wrong";
	if (!(head->flags & CT_BLOCK_ZSTD)) {
		if (head->raw_bytes)
			memcpy(raw, stored, head->raw_bytes);
		return NULL;
	}
	if (!c->unpack)
		c->unpack = ZSTD_createDCtx();
	if (!c->unpack)
		return "out of memory";
	if (head->flags & CT_BLOCK_COLUMNS) {
		if (make_columns_room(c, head->raw_bytes))
			return "out of memory";
		n = ZSTD_decompressDCtx(c->unpack, c->columns, c->columns_room, stored,
					head->stored_bytes);
		if (ZSTD_isError(n))
			return "block cannot be decompressed";
		if (ct_columns_join(c->columns, n, raw, head->raw_bytes))
			return "block's columns make no chunks";
		return NULL;
	}
	n = ZSTD_decompressDCtx(c->unpack, raw, head->raw_bytes, stored, head->stored_bytes);
	if (ZSTD_isError(n))
		return "block cannot be decompressed";
	if (n != head->raw_bytes)
		return "block decompresses to another size than it claims";
	return NULL;
}

const char *ct_block_type_name(uint32_t type)
{
	static const char *const names[] = {
		[CT_BLOCK_CHUNKS] = "chunks",	[CT_BLOCK_PROCESSES] = "processes",
		[CT_BLOCK_SLOTS] = "slots",	[CT_BLOCK_NODES] = "nodes",
		[CT_BLOCK_MODULES] = "modules", [CT_BLOCK_STRINGS] = "strings",
		[CT_BLOCK_SYMBOLS] = "symbols", [CT_BLOCK_INDEX] = "index",
		[CT_BLOCK_FOOTER] = "footer",	[CT_BLOCK_BLIND] = "blind",
		[CT_BLOCK_THREADS] = "threads",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}
