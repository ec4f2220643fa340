/*
 * chunks.c - the directory of chunks and the way to their bytes.
 *
 * Opening a trace reads every chunk's head once; its records stay where they are until somebody walks over them.  A chunk is
 * known by (slot, sequence): ctrace-run may die between appending a chunk and giving it back, so the same one may be in the
 * file and in the arena, and the longer one counts.
 *
 * The order of the directory is the order of the file, because that is where blocks are decompressed once each.  Only where a
 * slot's chunks do not ascend there are they swapped among the places that slot has, so that whoever goes through the
 * directory sees each thread's records as they were written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace_int.h"

int ct_chunk_add(struct ct_trace *t, const struct ct_chunk *head,
		 const struct ct_trace_chunk *where)
{
	struct ct_trace_chunk *c;
	uint64_t cursor = head->cursor;
	uint32_t used = (uint32_t)(cursor & 0xffff);

	c = ct_trace_grow(t->chunks, t->chunks_n, &t->chunks_room, sizeof(*c));
	if (!c || t->chunks_n == UINT32_MAX - 1)
		return -ENOMEM;
	t->chunks = c;
	c += t->chunks_n++;
	*c = *where;
	c->slot = head->slot;
	c->sequence = head->sequence;
	c->process = head->process;
	c->thread = head->thread;
	c->tid = head->tid;
	c->lost = head->lost;
	c->records = head->records;
	c->epoch = head->epoch;
	c->state = head->state;
	c->used = used < CT_CHUNK_PAYLOAD ? used : CT_CHUNK_PAYLOAD;
	c->base_ticks = head->base_ticks;
	c->base_mono_ns = head->base_mono_ns;
	c->last_ticks = head->base_ticks + (cursor >> 16);
	if (c->last_ticks < c->base_ticks)
		c->last_ticks = UINT64_MAX;
	return 0;
}

/* --- arranging -------------------------------------------------------------------------------------------------------------- */

static int by_identity(const void *a, const void *b)
{
	const struct ct_trace_chunk *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	if (x->used != y->used)
		return x->used > y->used ? -1 : 1;
	if (x->arena != y->arena)
		return x->arena ? 1 : -1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->inside < y->inside ? -1 : x->inside > y->inside;
}

/* Places in memory mean nothing in an arena, so its chunks stand by time, and after those of the file. */
static int by_place(const void *a, const void *b)
{
	const struct ct_trace_chunk *x = a, *y = b;

	if (x->arena != y->arena)
		return x->arena ? 1 : -1;
	if (x->arena && x->base_ticks != y->base_ticks)
		return x->base_ticks < y->base_ticks ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->inside < y->inside ? -1 : x->inside > y->inside;
}

static void drop_duplicates(struct ct_trace *t)
{
	size_t kept = 0, i;

	for (i = 0; i < t->chunks_n; i++) {
		const struct ct_trace_chunk *c = &t->chunks[i], *before = c - 1;

		if (kept)
			before = &t->chunks[kept - 1];
		if (kept && before->slot == c->slot && before->sequence == c->sequence)
			continue;
		t->chunks[kept++] = *c;
	}
	t->duplicates = t->chunks_n - kept;
	t->chunks_n = kept;
}

struct place {
	uint32_t slot, sequence, at;
};

static int place_by_slot(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int place_by_sequence(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* Chunks are in file order; lets each slot's ascend and fills t->order. */
static int ascend(struct ct_trace *t)
{
	size_t n = t->chunks_n, i;
	struct place *here = malloc((n + 1) * sizeof(*here)), *due = malloc((n + 1) * sizeof(*due));
	struct ct_trace_chunk *out = malloc((n + 1) * sizeof(*out));
	int err = -ENOMEM;

	t->order = malloc((n + 1) * sizeof(*t->order));
	if (!here || !due || !out || !t->order)
		goto out;
	for (i = 0; i < n; i++)
		here[i] = (struct place){t->chunks[i].slot, t->chunks[i].sequence, (uint32_t)i};
	memcpy(due, here, n * sizeof(*here));
	qsort(here, n, sizeof(*here), place_by_slot);
	qsort(due, n, sizeof(*due), place_by_sequence);
	for (i = 0; i < n; i++) {
		out[here[i].at] = t->chunks[due[i].at];
		t->order[i] = here[i].at;
	}
	free(t->chunks);
	t->chunks = out;
	t->chunks_room = n + 1;
	out = NULL;
	err = 0;
out:
	free(here);
	free(due);
	free(out);
	return err;
}

/* Chunks before the first one of a slot: drained in an arena, missing elsewhere.  Those of a ring are overwritten. */
static void look_for_gap(struct ct_trace *t, const struct ct_trace_chunk *before,
			 const struct ct_trace_chunk *c)
{
	uint32_t due = before ? before->sequence + 1 : 0;

	if (c->sequence == due || (!before && t->header.container == CT_ARENA) ||
	    t->header.policy == CT_POLICY_RING)
		return;
	if (t->lost[CT_LOSS_DISK])
		return; /* the writer counted them */
	ct_trace_note(t, c->arena, c->offset, 0, "slot %u: %u chunk%s missing before number %u",
		      c->slot, c->sequence - due, c->sequence - due == 1 ? " is" : "s are",
		      c->sequence);
	if (!t->index_told)
		t->lost[CT_LOSS_DAMAGED] += c->sequence - due;
}

static int find_runs(struct ct_trace *t)
{
	size_t i, runs = 0;

	for (i = 0; i < t->chunks_n; i++)
		if (!i || t->chunks[t->order[i]].slot != t->chunks[t->order[i - 1]].slot)
			runs++;
	t->runs = calloc(runs + 1, sizeof(*t->runs));
	t->chunk_told = calloc(t->chunks_n + 1, 1);
	if (!t->runs || !t->chunk_told)
		return -ENOMEM;
	for (i = 0; i < t->chunks_n; i++) {
		const struct ct_trace_chunk *c = &t->chunks[t->order[i]], *before = NULL;

		if (i && t->chunks[t->order[i - 1]].slot == c->slot)
			before = &t->chunks[t->order[i - 1]];
		else
			t->runs[t->runs_n++] = (struct ct_slot_run){c->slot, (uint32_t)i, 0};
		t->runs[t->runs_n - 1].n++;
		look_for_gap(t, before, c);
	}
	return 0;
}

int ct_chunks_arrange(struct ct_trace *t)
{
	size_t i;
	int err;

	if (t->chunks_n) {
		qsort(t->chunks, t->chunks_n, sizeof(*t->chunks), by_identity);
		drop_duplicates(t);
		qsort(t->chunks, t->chunks_n, sizeof(*t->chunks), by_place);
	}
	err = ascend(t);
	if (!err)
		err = find_runs(t);
	if (err)
		return err;
	t->info.chunks = t->chunks_n;
	for (i = 0; i < t->chunks_n; i++) {
		t->info.raw_bytes += t->chunks[i].used;
		t->info.records += t->chunks[i].records;
	}
	return 0;
}

/* --- fetching --------------------------------------------------------------------------------------------------------------- */

static void evict(struct ct_trace *t, struct ct_cached *e)
{
	t->cache_bytes -= t->blocks[e->block].head.raw_bytes;
	free(e->raw);
	*e = (struct ct_cached){0};
}

/* An empty place, after whatever was used longest ago has made room. */
static struct ct_cached *make_room(struct ct_trace *t, uint64_t bytes)
{
	for (;;) {
		struct ct_cached *empty = NULL, *oldest = NULL;
		unsigned i;

		for (i = 0; i < CT_CACHE_ENTRIES; i++) {
			struct ct_cached *e = &t->cache[i];

			if (!e->raw)
				empty = e;
			else if (!oldest || e->last_use < oldest->last_use)
				oldest = e;
		}
		if (empty && (!oldest || t->cache_bytes + bytes <= CT_CACHE_BYTES))
			return empty;
		evict(t, oldest);
	}
}

/* Index of the chunk block at an offset, -1 when none begins there. */
int ct_block_find(const struct ct_trace *t, uint64_t offset)
{
	size_t lo = 0, hi = t->blocks_n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->blocks[mid].offset < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->blocks_n && t->blocks[lo].offset == offset ? (int)lo : -1;
}

static const char *block_bytes(struct ct_trace *t, uint64_t offset, const uint8_t **raw,
			       uint64_t *size)
{
	int block = ct_block_find(t, offset);
	struct ct_cached *e;
	const char *wrong;
	unsigned i;

	if (block < 0)
		return "its block is gone";
	*size = t->blocks[block].head.raw_bytes;
	for (i = 0; i < CT_CACHE_ENTRIES; i++) {
		e = &t->cache[i];
		if (e->raw && e->block == (uint32_t)block) {
			e->last_use = ++t->cache_clock;
			*raw = e->raw;
			return NULL;
		}
	}
	e = make_room(t, *size);
	wrong = ct_block_load(t, offset, &t->blocks[block].head, &e->raw);
	if (wrong)
		return wrong;
	e->block = (uint32_t)block;
	e->last_use = ++t->cache_clock;
	t->cache_bytes += *size;
	*raw = e->raw;
	return NULL;
}

/*
 * Copies a chunk's bytes.  Returns 1, or 0 when they are not there (any more), which is told as damage; never an error, so that
 * a walk goes on.
 */
int ct_chunk_fetch(struct ct_trace *t, uint32_t chunk, uint8_t *bytes, uint32_t *used)
{
	const struct ct_trace_chunk *c = &t->chunks[chunk];
	const char *wrong = NULL;
	const uint8_t *raw;
	uint64_t size;

	*used = 0;
	if (c->arena) {
		if (!ct_arena_copy_chunk(t, c, bytes, used))
			wrong = "it was overwritten while it was read";
	} else {
		wrong = block_bytes(t, c->offset, &raw, &size);
		if (!wrong && (c->inside > size || c->used > size - c->inside))
			wrong = "its block has changed";
		if (!wrong) {
			memcpy(bytes, raw + c->inside, c->used);
			*used = c->used;
		}
	}
	if (!wrong)
		return 1;
	if (!(t->chunk_told[chunk] & CT_CHUNK_MISSING_TOLD)) {
		t->chunk_told[chunk] |= CT_CHUNK_MISSING_TOLD;
		ct_trace_note(t, c->arena, c->offset, c->used, "slot %u chunk %u: %s", c->slot,
			      c->sequence, wrong);
		t->lost[c->arena ? CT_LOSS_OVERWRITTEN : CT_LOSS_DAMAGED] +=
			c->records ? c->records : 1;
	}
	return 0;
}

void ct_chunks_free(struct ct_trace *t)
{
	unsigned i;

	for (i = 0; i < CT_CACHE_ENTRIES; i++)
		free(t->cache[i].raw);
	free(t->chunks);
	free(t->chunk_told);
	free(t->order);
	free(t->runs);
}
