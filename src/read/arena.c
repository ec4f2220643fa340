/*
 * arena.c - reads an arena: the memory the traced processes write, as a file.  They may be writing while we read, or may have died
 * at any instruction, so this file trusts nothing but what FORMAT.md promises:
 *
 *   chunk      head, bytes and head again; used only if both heads agree on slot, sequence and epoch.  Of an open chunk the bytes
 *              are copied twice and a record counts only if the first copy already had its tag: tags are stored last, so the
 *              second copy then has all of the record, whatever order the machine copied in.
 *   in-flight  read twice; used only if both are equal and seq is even.
 *   tables     entries below `used` may be incomplete: a module says so by its state, a node by being all zero.
 *
 * Tables are read after the chunks, so that every stack and string a record names is in them; but threads that have ended before the chunks,
 * so that all they wrote is in these or was overwritten.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "trace_int.h"

#define TABLE_BYTES_MAX (1ull << 30)
#define CHUNKS_MAX	(4u << 20)
#define HEAD_BYTES	offsetof(struct ct_chunk, bytes)

/* A region of the arena that lies inside the file; items in use in *used. */
static const struct ct_region *region(struct ct_trace *t, uint32_t type, uint64_t item_bytes,
				      uint64_t *used)
{
	const struct ct_region *r = NULL;
	unsigned i;

	for (i = 0; i < CT_REGIONS && !r; i++)
		if (t->arena_header.regions[i].type == type)
			r = &t->arena_header.regions[i];
	*used = 0;
	if (!r) {
		ct_trace_note(t, true, 0, 0, "the header names no region %u", type);
		return NULL;
	}
	if (r->item_bytes != item_bytes || r->offset > t->arena.size) {
		ct_trace_note(t, true, r->offset, 0, "region %u is not where the header says",
			      type);
		return NULL;
	}
	*used = r->used < r->items ? r->used : r->items;
	if (*used > (t->arena.size - r->offset) / item_bytes) {
		uint64_t there = (t->arena.size - r->offset) / item_bytes;

		ct_trace_note(t, true, t->arena.size, (*used - there) * item_bytes,
			      "the file ends inside region %u", type);
		*used = there;
	}
	return r;
}

/* --- chunks ---------------------------------------------------------------------------------------------------------------- */

int ct_arena_chunks(struct ct_trace *t)
{
	struct ct_trace_chunk where = {.arena = true};
	struct ct_chunk head;
	const struct ct_region *r;
	uint64_t used, i;
	int err = 0;

	r = region(t, CT_REGION_CHUNKS, sizeof(struct ct_chunk), &used);
	if (used > CHUNKS_MAX)
		used = CHUNKS_MAX;
	for (i = 0; r && i < used && !err; i++) {
		where.offset = r->offset + i * sizeof(struct ct_chunk);
		if (!ct_source_read_all(&t->arena, where.offset, &head, HEAD_BYTES))
			break;
		if (head.state == CT_CHUNK_FREE)
			continue;
		if (head.magic == CT_CHUNK_MAGIC && head.state <= CT_CHUNK_SEALED)
			err = ct_chunk_add(t, &head, &where);
		else if (head.state !=
			 CT_CHUNK_OPEN) /* an open one without magic has no record yet */
			ct_trace_note(t, true, where.offset, sizeof(head), "no chunk begins here");
	}
	return err;
}

/* How far the records go whose tags were there in the first copy. */
static uint32_t completed(const uint8_t *first, const uint8_t *bytes, uint32_t used)
{
	struct ct_decoder d;
	struct ct_record r;

	ct_decoder_start(&d, bytes, used, 0);
	while (d.p < d.end && first[d.p - bytes]) {
		enum ct_decode_result result = ct_decode(&d, &r);

		if (result != CT_DECODE_OK && result != CT_DECODE_UNKNOWN)
			break;
	}
	return d.p < d.end && first[d.p - bytes] ? used : (uint32_t)(d.p - bytes);
}

static bool same_chunk(const struct ct_chunk *head, const struct ct_trace_chunk *c)
{
	return head->magic == CT_CHUNK_MAGIC && head->slot == c->slot &&
	       head->sequence == c->sequence && head->epoch == c->epoch &&
	       head->state != CT_CHUNK_FREE;
}

bool ct_arena_copy_chunk(const struct ct_trace *t, const struct ct_trace_chunk *c, uint8_t *bytes,
			 uint32_t *used)
{
	uint8_t first[CT_CHUNK_PAYLOAD];
	struct ct_chunk head;
	uint32_t whole;

	if (!ct_source_read_all(&t->arena, c->offset, &head, HEAD_BYTES) || !same_chunk(&head, c))
		return false;
	if (!ct_source_read_all(&t->arena, c->offset + HEAD_BYTES, first, c->used) ||
	    !ct_source_read_all(&t->arena, c->offset + HEAD_BYTES, bytes, c->used))
		return false;
	if (!ct_source_read_all(&t->arena, c->offset, &head, HEAD_BYTES) || !same_chunk(&head, c))
		return false;
	*used = c->used;
	if (c->state == CT_CHUNK_OPEN) {
		whole = completed(first, bytes, c->used);
		if (whole < *used)
			bytes[whole] = 0; /* what the second copy has more may be half a record */
	}
	return true;
}

/* --- slots ------------------------------------------------------------------------------------------------------------------ */

static int add_total(struct ct_trace *t, const struct ct_total *total)
{
	struct ct_total *totals =
		ct_trace_grow(t->totals, t->totals_n, &t->totals_room, sizeof(*totals));

	if (!totals)
		return -ENOMEM;
	t->totals = totals;
	t->totals[t->totals_n++] = *total;
	return 0;
}

static int take_tallies(struct ct_trace *t, const struct ct_slot *slot, struct ct_total total)
{
	int err = 0;
	unsigned i;

	total.type = CT_EV_tally;
	for (i = 0; i < CT_TALLY_ROWS && !err; i++) {
		const struct ct_tally *row = &slot->tally[i];

		if (!row->count || row->op >= CT_OP_LIMIT)
			continue;
		total.op = (uint8_t)row->op;
		total.stack = row->stack;
		total.v[0] = row->object;
		total.v[1] = row->count;
		total.v[2] = row->total_ticks;
		total.v[3] = row->max_ticks;
		err = add_total(t, &total);
	}
	return err;
}

static int take_opstats(struct ct_trace *t, const struct ct_slot *slot, struct ct_total total)
{
	unsigned i, k;
	int err = 0;

	for (i = 0; i < CT_OPSTAT_ROWS && !err; i++) {
		const struct ct_opstat *row = &slot->opstat[i];

		if (!row->count)
			continue;
		total.op = (uint8_t)(CT_OP_FIRST_CALL + i);
		total.type = CT_EV_opstat;
		total.v[0] = row->count;
		total.v[1] = row->total_ticks;
		total.v[2] = row->max_ticks;
		err = add_total(t, &total);
		total.type = CT_EV_ophist;
		for (k = 0; k < CT_OPSTAT_BUCKETS && !err; k++) {
			if (!row->bucket[k])
				continue;
			total.v[0] = k;
			total.v[1] = row->bucket[k];
			total.v[2] = 0;
			err = add_total(t, &total);
		}
	}
	return err;
}

int ct_slots_take(struct ct_trace *t, const struct ct_slot *slot)
{
	struct ct_trace_slot *slots, *out;

	slots = realloc(t->slots, (t->slots_n + 1) * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	out = &slots[t->slots_n++];
	*out = (struct ct_trace_slot){
		.slot = slot->index,
		.process = slot->process,
		.tid = slot->tid,
		.thread = slot->thread,
		.parent = slot->parent,
		.routine = slot->routine,
		.begin_ticks = slot->begin_ticks,
		.waits = slot->waits,
		.lost = slot->lost_total,
	};
	memcpy(out->name, slot->name, sizeof(slot->name));
	if (slot->inflight.op == 0 || slot->inflight.op >= CT_OP_LIMIT)
		return 0;
	out->op = slot->inflight.op;
	out->owner = slot->inflight.owner;
	out->stack = slot->inflight.stack;
	out->object = slot->inflight.object;
	out->start_ticks = slot->inflight.start_ticks;
	out->site = slot->inflight.site;
	out->mutex = slot->inflight.mutex;
	return 0;
}

/* A line that changes on every try belongs to a thread that waits often and shortly: it is not blocked. */
static void read_inflight(const struct ct_trace *t, uint64_t offset, struct ct_inflight *out)
{
	uint8_t once[sizeof(*out)], again[sizeof(*out)];
	unsigned tries;

	for (tries = 0; tries < 8; tries++) {
		if (!ct_source_read_all(&t->arena, offset, once, sizeof(once)) ||
		    !ct_source_read_all(&t->arena, offset, again, sizeof(again)))
			break;
		memcpy(out, once, sizeof(*out));
		if (!(out->seq & 1) && !memcmp(once, again, sizeof(again)))
			return;
	}
	/* A dead thread's seq may stay odd: it died while it began or ended a wait. */
	memset(out, 0, sizeof(*out));
}

int ct_arena_slots(struct ct_trace *t)
{
	const struct ct_region *r;
	struct ct_slot *slot;
	uint64_t used, i;
	int err = 0;

	r = region(t, CT_REGION_SLOTS, CT_SLOT_BYTES, &used);
	slot = malloc(sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	for (i = 0; r && i < used && !err; i++) {
		uint64_t offset = r->offset + i * CT_SLOT_BYTES;
		struct ct_total total;

		if (!ct_source_read_all(&t->arena, offset, slot, sizeof(*slot)))
			break;
		slot->index = (uint32_t)i;
		total = (struct ct_total){.slot = slot->index,
					  .process = slot->process,
					  .thread = slot->thread,
					  .tid = slot->tid};
		read_inflight(t, offset + offsetof(struct ct_slot, inflight), &slot->inflight);
		if (slot->state == CT_SLOT_CLAIMED && slot->thread) /* 0: ctrace-run's own */
			err = ct_slots_take(t, slot);
		if (!err)
			err = take_tallies(t, slot, total);
		if (!err)
			err = take_opstats(t, slot, total);
	}
	free(slot);
	return err;
}

/* --- tables ----------------------------------------------------------------------------------------------------------------- */

static int read_table(struct ct_trace *t, uint32_t type, struct ct_table *table)
{
	uint64_t used, bytes;
	const struct ct_region *r = region(t, type, table->item_bytes, &used);
	uint8_t *rows;
	int64_t n;

	if (!r || !used)
		return 0;
	if (used > TABLE_BYTES_MAX / table->item_bytes) {
		ct_trace_note(t, true, r->offset, 0, "region %u is too large", type);
		used = TABLE_BYTES_MAX / table->item_bytes;
	}
	bytes = used * table->item_bytes;
	rows = malloc(bytes + 8);
	if (!rows)
		return -ENOMEM;
	n = ct_source_read(&t->arena, r->offset, rows, bytes);
	if (n < 0) {
		free(rows);
		return (int)n;
	}
	free(table->rows);
	table->rows = rows;
	table->n = table->room = (size_t)n / table->item_bytes;
	return 0;
}

int ct_arena_tables(struct ct_trace *t)
{
	int err = read_table(t, CT_REGION_PROCESSES, &t->processes);

	if (!err)
		err = read_table(t, CT_REGION_NODES, &t->nodes);
	if (!err)
		err = read_table(t, CT_REGION_MODULES, &t->modules);
	if (!err)
		err = read_table(t, CT_REGION_STRINGS, &t->strings);
	return err;
}

int ct_arena_ended(struct ct_trace *t)
{
	const size_t bytes = sizeof(struct ct_thread_rec);
	const struct ct_region *r;
	struct ct_thread_rec *rows;
	uint64_t used, i;
	uint8_t *again;
	int err;

	/* a version before had no such region; a stream whose arena says that it is a ring is none */
	if (t->header.policy != CT_POLICY_RING || t->arena_header.policy != CT_POLICY_RING ||
	    !t->arena_header.minor)
		return 0;
	r = region(t, CT_REGION_THREADS, bytes, &used);
	err = r ? read_table(t, CT_REGION_THREADS, &t->ended) : 0;
	if (!r || err)
		return err;
	again = malloc(t->ended.n * bytes + 1);
	if (!again)
		return -ENOMEM;
	rows = (void *)t->ended.rows;
	if (!ct_source_read_all(&t->arena, r->offset, again, t->ended.n * bytes))
		t->ended.n = 0;
	for (i = 0; i < t->ended.n; i++)
		if (rows[i].writer ||
		    memcmp(t->ended.rows + i * bytes, again + i * bytes, bytes) != 0)
			rows[i].thread = 0;
	free(again);
	return 0;
}

bool ct_arena_live(const struct ct_trace *t)
{
	const struct ct_process_rec *rows;
	size_t n = ct_trace_processes(t, &rows), i;

	if (!t->has_arena || t->arena.fd < 0 || t->arena_header.end_mono_ns)
		return false;
	for (i = 0; i < n; i++)
		if (rows[i].state == CT_PROC_LIVE && rows[i].pid && rows[i].pid < INT32_MAX &&
		    (kill((pid_t)rows[i].pid, 0) == 0 || errno == EPERM))
			return true;
	return false;
}
