/*
 * trace_int.h - inside of a trace, for the files of src/read only.  Prototypes stand under the file that defines them.
 */
#ifndef CT_READ_TRACE_INT_H
#define CT_READ_TRACE_INT_H

#include "file/block.h"
#include "file/symbols.h"
#include "source.h"
#include "trace.h"

/* A chunk block of a stream. */
struct ct_block_ref {
	uint64_t offset;
	struct ct_block head;
};

/* Rows of one dictionary table. */
struct ct_table {
	uint8_t *rows;
	size_t n, room; /* rows */
	size_t item_bytes;
	uint64_t hole_bytes; /* rows that no block gave */
};

/* A decompressed block that is kept for its other chunks. */
struct ct_cached {
	uint32_t block; /* index in blocks */
	uint8_t *raw;
	uint64_t last_use;
};
#define CT_CACHE_ENTRIES 64
#define CT_CACHE_BYTES	 (32u << 20)

/* One undrained total of a slot, waiting to be handed out as a record. */
struct ct_total {
	uint32_t slot, process, thread, tid;
	uint8_t type; /* CT_EV_tally, _opstat, _ophist */
	uint8_t op;
	uint32_t stack;
	uint64_t v
		[4]; /* tally: object, count, total, max; opstat: count, total, max; ophist: bucket, count */
};

/* The chunks of one slot: order[first .. first + n), by sequence. */
struct ct_slot_run {
	uint32_t slot;
	uint32_t first, n;
};

/* CLOCK_MONOTONIC as pieces of straight lines. */
struct ct_clock_piece {
	uint64_t ticks, ns;
	uint64_t slope; /* ns per tick, 32.32 */
};

#define CT_CHUNK_TORN_TOLD    1u /* flags of struct ct_chunk_note */
#define CT_CHUNK_DAMAGE_TOLD  2u
#define CT_CHUNK_MISSING_TOLD 4u

struct ct_trace {
	struct ct_trace_info info;
	char *path, *arena_name;
	struct ct_header header;
	struct ct_source file; /* what was asked for */
	struct ct_source
		arena; /* the same again for an arena; that of an unfinished stream; or nothing */
	bool has_arena;
	struct ct_header arena_header;
	struct ct_coder *coder;

	struct ct_table processes, modules, nodes, strings, slots_stored, blind, ended;
	struct ct_trace_slot *slots;
	size_t slots_n;
	struct ct_total *totals;
	size_t totals_n, totals_room;

	uint8_t **symbols; /* payloads of symbol blocks, checked */
	size_t symbols_n;
	struct ct_trace_line *lines; /* of all of them */
	struct ct_trace_data *data;
	struct ct_symbol_row *symbol_rows, *data_rows;
	size_t symbol_rows_n, data_rows_n;

	struct ct_block_ref *blocks;
	size_t blocks_n, blocks_room;
	struct ct_index_row *index;
	size_t index_n;
	struct ct_footer footer;
	bool footer_found;

	struct ct_trace_chunk *chunks; /* in file order */
	uint8_t *chunk_told;
	size_t chunks_n, chunks_room;
	uint32_t *order; /* chunk indices by slot and sequence */
	struct ct_slot_run *runs;
	size_t runs_n;
	uint64_t duplicates; /* chunks that were dropped because they are there twice */
	struct ct_cached cache[CT_CACHE_ENTRIES];
	uint64_t cache_bytes, cache_clock;
	bool index_told; /* the index told how many records a damaged block had */
	uint8_t *stored; /* a block as it lies in the file */
	size_t stored_room;

	struct ct_clock_piece *clock;
	size_t clock_n;

	struct ct_trace_damage *damage;
	size_t damage_n;
	uint64_t damage_more;
	uint64_t lost[CT_LOSS_REASONS];
	uint64_t unknown_events;

	struct ct_trace_loss *losses; /* see losses.c */
	size_t losses_n, losses_room;
	bool losses_found;
	bool lost_seen; /* a `lost` record, by a walk */
	uint64_t *
		ended_found; /* by row of `ended`: records that are there or known to be lost otherwise */
};

/* Where a frame's symbol is: sorted by frame. */
struct ct_symbol_row {
	uint64_t frame;
	uint32_t first, n;
};

/* trace.c */
void ct_trace_note(struct ct_trace *t, bool arena, uint64_t offset, uint64_t bytes, const char *fmt,
		   ...) __attribute__((format(printf, 5, 6)));
void *ct_trace_grow(void *items, size_t n, size_t *room, size_t item_bytes);
const char *ct_table_place(struct ct_table *table, uint64_t first, const void *rows, size_t bytes);

/* header.c */
int ct_header_read(const struct ct_source *s, const char *path, struct ct_header *out, char *why,
		   size_t why_size);

/* arena.c */
int ct_arena_chunks(struct ct_trace *t);
int ct_arena_ended(struct ct_trace *t);
int ct_arena_slots(struct ct_trace *t);
int ct_arena_tables(struct ct_trace *t);
bool ct_arena_copy_chunk(const struct ct_trace *t, const struct ct_trace_chunk *c, uint8_t *bytes,
			 uint32_t *used);
bool ct_arena_live(const struct ct_trace *t);
int ct_slots_take(struct ct_trace *t, const struct ct_slot *slot);

/* blocks.c */
int ct_blocks_scan(struct ct_trace *t);
const char *ct_block_load(struct ct_trace *t, uint64_t offset, const struct ct_block *head,
			  uint8_t **raw);

/* chunks.c */
int ct_chunk_add(struct ct_trace *t, const struct ct_chunk *head,
		 const struct ct_trace_chunk *where);
int ct_chunks_arrange(struct ct_trace *t);
int ct_chunk_fetch(struct ct_trace *t, uint32_t chunk, uint8_t *bytes, uint32_t *used);
int ct_block_find(const struct ct_trace *t, uint64_t offset);
void ct_chunks_free(struct ct_trace *t);

/* losses.c */
void ct_losses_free(struct ct_trace *t);

/* lines.c */
int ct_trace_names_build(struct ct_trace *t);
void ct_trace_names_free(struct ct_trace *t);

/* ticks.c */
int ct_clock_build(struct ct_trace *t);

#endif
