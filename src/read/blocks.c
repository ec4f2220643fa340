/*
 * blocks.c - finds the blocks of a stream file and takes in all but the records.
 *
 * Every file is read by scanning, finished or not: the footer is only asked for the index, and the index only for what a
 * damaged block held.  A sound file of 40 MB is scanned in 0.1 s, and there is one way to read and not two.
 *
 *      at ----> head sound? --no--> look for the next magic (multiple of 8), tell what was skipped
 *                   | yes
 *               payload sound? --no--> the same from at + 8: if the length was hit, the stride is a lie
 *                   | yes
 *               take it in; at += stride
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_int.h"

#define HEAD_BYTES offsetof(struct ct_chunk, bytes)

/* Reads, checks and decompresses a payload into new memory. */
const char *ct_block_load(struct ct_trace *t, uint64_t offset, const struct ct_block *head,
			  uint8_t **raw)
{
	const char *wrong;

	*raw = NULL;
	if (head->stored_bytes > t->stored_room) {
		uint8_t *stored = realloc(t->stored, head->stored_bytes);

		if (!stored)
			return "out of memory";
		t->stored = stored;
		t->stored_room = head->stored_bytes;
	}
	if (!ct_source_read_all(&t->file, offset + sizeof(*head), t->stored, head->stored_bytes))
		return "it cannot be read";
	*raw = malloc(head->raw_bytes + 8);
	if (!*raw)
		return "out of memory";
	wrong = ct_block_unpack(t->coder, head, t->stored, *raw);
	if (wrong) {
		free(*raw);
		*raw = NULL;
	}
	return wrong;
}

/* --- what blocks hold --------------------------------------------------------------------------------------------------------- */

/* Bytes a chunk takes behind its head. */
static uint64_t padded(const struct ct_chunk *head)
{
	return ((head->cursor & 0xffff) + 7) & ~7ull;
}

static bool fits(const struct ct_chunk *head, uint64_t room)
{
	return head->magic == CT_CHUNK_MAGIC && (head->cursor & 0xffff) <= CT_CHUNK_PAYLOAD &&
	       padded(head) <= room;
}

static int take_chunks(struct ct_trace *t, uint64_t offset, const struct ct_block *block,
		       const uint8_t *raw)
{
	struct ct_trace_chunk where = {.offset = offset};
	struct ct_block_ref *blocks;
	uint64_t at = 0, *bytes = &t->info.chunk_bytes;
	int err = 0;

	blocks = ct_trace_grow(t->blocks, t->blocks_n, &t->blocks_room, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	t->blocks = blocks;
	t->blocks[t->blocks_n++] = (struct ct_block_ref){offset, *block};
	while (at < block->raw_bytes && !err) {
		uint64_t room = block->raw_bytes - at;
		const struct ct_chunk *head = (const void *)(raw + at); /* only its head is there */

		if (room < HEAD_BYTES || !fits(head, room - HEAD_BYTES)) {
			ct_trace_note(t, false, offset, room,
				      "no chunk begins at byte %" PRIu64 " of a chunk block", at);
			t->lost[CT_LOSS_DAMAGED]++;
			break;
		}
		where.inside = (uint32_t)(at + HEAD_BYTES);
		if (head->slot >= CT_SLOT_CPU)
			bytes = &t->info.cpu_bytes; /* they stand in blocks of their own */
		err = ct_chunk_add(t, head, &where);
		at += HEAD_BYTES + padded(head);
	}
	*bytes += ct_block_stride(block);
	return err;
}

static int take_slots(struct ct_trace *t, const struct ct_block *block, const uint8_t *raw,
		      uint64_t offset)
{
	size_t n = block->raw_bytes / sizeof(struct ct_slot), i;
	struct ct_slot slot;
	int err = 0;

	if (block->raw_bytes % sizeof(struct ct_slot)) {
		ct_trace_note(t, false, offset, block->raw_bytes, "slots of an unknown size");
		return 0;
	}
	for (i = 0; i < n && !err; i++) {
		memcpy(&slot, raw + i * sizeof(slot), sizeof(slot));
		if (slot.state == CT_SLOT_CLAIMED && slot.thread)
			err = ct_slots_take(t, &slot);
	}
	return err;
}

static int take_symbols(struct ct_trace *t, const struct ct_block *block, uint8_t **raw,
			uint64_t offset)
{
	const char *wrong = ct_symbols_check(*raw, block->raw_bytes);
	uint8_t **symbols;

	if (wrong) {
		ct_trace_note(t, false, offset, block->raw_bytes, "%s", wrong);
		return 0;
	}
	symbols = realloc(t->symbols, (t->symbols_n + 1) * sizeof(*symbols));
	if (!symbols)
		return -ENOMEM;
	t->symbols = symbols;
	symbols[t->symbols_n++] = *raw;
	*raw = NULL;
	return 0;
}

static int take_rows(struct ct_trace *t, struct ct_table *table, const struct ct_block *block,
		     const uint8_t *raw, uint64_t offset)
{
	const char *wrong;

	if (t->has_arena)
		return 0; /* it has the same and more */
	wrong = ct_table_place(table, block->first, raw, block->raw_bytes);
	if (wrong)
		ct_trace_note(t, false, offset, block->raw_bytes, "%s block: %s",
			      ct_block_type_name(block->type), wrong);
	return 0;
}

/* Those of a stream would be losses that nobody had. */
static int take_ended(struct ct_trace *t, const struct ct_block *block, const uint8_t *raw,
		      uint64_t offset)
{
	if (t->header.policy == CT_POLICY_RING)
		return take_rows(t, &t->ended, block, raw, offset);
	ct_trace_note(t, false, offset, block->raw_bytes,
		      "threads block: only a ring has one, and this is none");
	return 0;
}

static int take(struct ct_trace *t, uint64_t offset, const struct ct_block *block, uint8_t **raw)
{
	switch (block->type) {
	case CT_BLOCK_CHUNKS: return take_chunks(t, offset, block, *raw);
	case CT_BLOCK_PROCESSES: return take_rows(t, &t->processes, block, *raw, offset);
	case CT_BLOCK_NODES: return take_rows(t, &t->nodes, block, *raw, offset);
	case CT_BLOCK_MODULES: return take_rows(t, &t->modules, block, *raw, offset);
	case CT_BLOCK_STRINGS: return take_rows(t, &t->strings, block, *raw, offset);
	case CT_BLOCK_BLIND: return take_rows(t, &t->blind, block, *raw, offset);
	case CT_BLOCK_THREADS: return take_ended(t, block, *raw, offset);
	case CT_BLOCK_SLOTS: return t->has_arena ? 0 : take_slots(t, block, *raw, offset);
	case CT_BLOCK_SYMBOLS: return take_symbols(t, block, raw, offset);
	default:
		return 0; /* index and footer were looked at before; others are of a later minor version */
	}
}

/* --- footer and index ----------------------------------------------------------------------------------------------------------- */

static void find_index(struct ct_trace *t)
{
	uint64_t end = t->file.size, at;
	struct ct_block head;
	uint8_t *raw;

	if (end < CT_HEADER_BYTES + sizeof(head) + sizeof(t->footer))
		return;
	at = end - sizeof(head) - sizeof(t->footer);
	if (!ct_source_read_all(&t->file, at, &head, sizeof(head)) ||
	    ct_block_head_check(&head, end - at) || head.type != CT_BLOCK_FOOTER ||
	    head.raw_bytes != sizeof(t->footer) || ct_block_load(t, at, &head, &raw))
		return;
	memcpy(&t->footer, raw, sizeof(t->footer));
	free(raw);
	if (t->footer.magic != CT_MAGIC)
		return;
	t->footer_found = true;
	at = t->footer.index_offset;
	if (at < CT_HEADER_BYTES || at > end ||
	    !ct_source_read_all(&t->file, at, &head, sizeof(head)) ||
	    ct_block_head_check(&head, end - at) || head.type != CT_BLOCK_INDEX ||
	    head.raw_bytes % sizeof(struct ct_index_row) || ct_block_load(t, at, &head, &raw)) {
		ct_trace_note(t, false, at, 0, "the footer names no index");
		return;
	}
	t->index = (struct ct_index_row *)(void *)raw;
	t->index_n = head.raw_bytes / sizeof(struct ct_index_row);
}

/* --- scanning -------------------------------------------------------------------------------------------------------------------- */

/* The next place, from `at` on, where a block's magic stands; the end of the file when there is none. */
static uint64_t next_magic(const struct ct_trace *t, uint64_t at)
{
	uint8_t part[65536];
	int64_t n, i;

	at = (at + 7) & ~7ull;
	for (; (n = ct_source_read(&t->file, at, part, sizeof(part))) >= 8;
	     at += (uint64_t)n & ~7ull) {
		for (i = 0; i + 8 <= n; i += 8) {
			uint64_t word;

			memcpy(&word, part + i, sizeof(word));
			if (word == CT_BLOCK_MAGIC)
				return at + (uint64_t)i;
		}
	}
	return t->file.size;
}

/* Records in a damaged part, as far as the index tells. */
static void count_lost(struct ct_trace *t, uint64_t from, uint64_t to)
{
	size_t i;

	for (i = 0; i < t->index_n; i++)
		if (t->index[i].offset >= from && t->index[i].offset < to) {
			t->lost[CT_LOSS_DAMAGED] += t->index[i].records;
			t->index_told = true;
		}
}

static uint64_t skip(struct ct_trace *t, uint64_t at, uint64_t search_from, const char *wrong)
{
	uint64_t next = next_magic(t, search_from);

	if (next >= t->file.size && !t->header.finished && ct_arena_live(t))
		return next; /* the block that is being written this moment; its chunks are still in the arena */
	ct_trace_note(t, false, at, next - at, "%s", wrong);
	count_lost(t, at, next);
	return next;
}

int ct_blocks_scan(struct ct_trace *t)
{
	/* What false heads may make us read in vain, so that a hostile file costs a small multiple of its size. */
	uint64_t at = CT_HEADER_BYTES, budget = t->file.size * 4 + 65536;
	bool at_end = false;
	int err = 0;

	find_index(t);
	while (at < t->file.size && !err) {
		uint64_t room = t->file.size - at;
		struct ct_block head = {0};
		const char *wrong;
		uint8_t *raw = NULL;

		ct_source_read(&t->file, at, &head, room < sizeof(head) ? room : sizeof(head));
		wrong = ct_block_head_check(&head, room);
		if (wrong) {
			at = skip(t, at, at + 8, wrong);
			continue;
		}
		wrong = ct_block_load(t, at, &head, &raw);
		if (wrong) {
			bool trust = head.stored_bytes + head.raw_bytes > budget;

			budget -= trust ? 0 : head.stored_bytes + head.raw_bytes;
			at = skip(t, at, trust ? at + ct_block_stride(&head) : at + 8, wrong);
			continue;
		}
		err = take(t, at, &head, &raw);
		free(raw);
		at_end = head.type == CT_BLOCK_FOOTER;
		t->info.blocks++;
		at += ct_block_stride(&head);
	}
	t->info.finished = t->footer_found && at_end;
	if (t->header.finished && !t->info.finished)
		ct_trace_note(t, false, t->file.size, 0,
			      "the footer is missing: the file was cut or overwritten");
	return err;
}
