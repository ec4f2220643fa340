/*
 * mend.c - see mend.h.
 *
 * Whoever is killed leaves things half done.  In the order in which it can happen to a chunk:
 *
 *   taken, no head yet           nobody's: freed.  Its sequence number may be given out already, which would look like a loss
 *   open, of no slot             killed between making it and owning it, or filled below a signal handler: sealed
 *   sealed, not marked           killed in between, or ctrace-run had taken the mark and was killed before it wrote the chunk
 *   sealed, in the file          ctrace-run was killed before it gave it back: freed.  The reader knows which these are
 *   partly zeroed                while it was given back: the same
 *
 * The recorder keeps predictors, marks and depths in the private half of a slot; none of that survives its thread.
 */
#include "mend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "file/err.h"

/* --- where things are -------------------------------------------------------------------------------------------------------------- */

static bool overlap(const struct ct_region *a, const struct ct_region *b)
{
	return a && b && a->offset < b->offset + b->items * b->item_bytes &&
	       b->offset < a->offset + a->items * a->item_bytes;
}

/* That each lies inside the file was checked when it was attached. */
static bool has_sound_regions(struct ct_header *h)
{
	int i, k;

	for (i = CT_REGION_PROCESSES; i <= CT_REGION_THREADS; i++)
		for (k = i + 1; k <= CT_REGION_THREADS; k++)
			if (overlap(ct_arena_region(h, (enum ct_region_type)i),
				    ct_arena_region(h, (enum ct_region_type)k)))
				return false;
	return ct_arena_region(h, CT_REGION_PRIVATE)->items >= sizeof(struct ct_shared) &&
	       ct_arena_region(h, CT_REGION_SLOTS)->items <= CT_SLOT_WORDS * 64 &&
	       ct_arena_region(h, CT_REGION_CHUNKS)->items <= CT_CHUNK_WORDS * 64;
}

static uint64_t in_use(const struct ct_region *r)
{
	uint64_t used = atomic_load(&r->used);

	return used < r->items ? used : r->items;
}

static void mend_tables(struct ct_arena *a)
{
	static const enum ct_region_type tables[] = {CT_REGION_PROCESSES, CT_REGION_NODES,
						     CT_REGION_MODULES, CT_REGION_STRINGS};
	uint64_t modules = in_use(ct_arena_region(a->header, CT_REGION_MODULES)), i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		atomic_store(&a->shared->limit[tables[i]],
			     (uint32_t)ct_arena_region(a->header, tables[i])->items);
	for (i = 0; i < modules; i++)
		if (a->dict.modules[i].build_id_len > sizeof(a->dict.modules[i].build_id))
			a->dict.modules[i].build_id_len = sizeof(a->dict.modules[i].build_id);
	a->dict.strings[a->dict.string_cap - 1] = 0;
}

/* --- slots -------------------------------------------------------------------------------------------------------------------------- */

/* How far a slot's sequence of chunks is known to go. */
struct known {
	uint32_t next;	/* after the last one that is there */
	bool is_vacant; /* the one after it was begun and never was */
};

static void mend_slot(const struct ct_arena *a, struct ct_slot *s, uint32_t index,
		      const struct known *known)
{
	struct ct_slot_private *own = ct_own(s);
	unsigned i;

	s->index = index;
	atomic_store(&s->recorded, ct_count(a, s)); /* with the chunk that is taken from it here */
	atomic_store(&s->chunk, 0);
	own->emitting = 0;
	own->any_deferred = 0;
	for (i = 0; i < CT_EMIT_DEPTH; i++)
		atomic_store(&own->deferred[i], 0);
	own->tally_frame = NULL;
	own->owed_count = 0; /* who lost what is not known any more; how much, the header knows */
	own->predict_epoch_chunk = 0;
	if (s->next_sequence < known->next ||
	    (known->is_vacant && s->next_sequence == known->next + 1))
		s->next_sequence = known->next;
	if (atomic_load(&s->inflight.seq) & 1)
		atomic_store(&s->inflight.op, 0); /* half written */
	s->tally_used = s->opstat_used[0] = s->opstat_used[1] = 0;
	for (i = 0; i < CT_TALLY_ROWS; i++)
		if (s->tally[i].count && s->tally[i].op < CT_OP_LIMIT)
			s->tally_used |= 1ull << i;
	for (i = 0; i < CT_OPSTAT_ROWS; i++)
		if (s->opstat[i].count)
			s->opstat_used[i / 64] |= 1ull << (i % 64);
}

static void mend_slots(struct ct_arena *a, const struct known *known)
{
	uint64_t n = in_use(ct_arena_region(a->header, CT_REGION_SLOTS)), i;

	atomic_store(&a->shared->limit[CT_REGION_SLOTS], (uint32_t)n);
	memset(a->shared->slot_free, 0, sizeof(a->shared->slot_free));
	for (i = 0; i < n; i++)
		mend_slot(a, ct_arena_slot(a, (uint32_t)i), (uint32_t)i, &known[i]);
}

/* --- chunks ------------------------------------------------------------------------------------------------------------------------- */

static void mend_chunks(struct ct_arena *a, const bool *wanted)
{
	struct ct_region *r = ct_arena_region(a->header, CT_REGION_CHUNKS);
	struct ct_shared *sh = a->shared;
	uint64_t used = in_use(r), i;

	memset(sh->chunk_free, 0, sizeof(sh->chunk_free));
	memset(sh->chunk_sealed, 0, sizeof(sh->chunk_sealed));
	for (i = 0; i < r->items; i++) {
		struct ct_chunk *c = &a->chunks[i];
		uint64_t bit = 1ull << (i % 64);

		if (wanted[i]) {
			atomic_store(&c->state, CT_CHUNK_SEALED);
			atomic_fetch_or(&sh->chunk_sealed[i / 64], bit);
			continue;
		}
		if (i < used)
			memset(c, 0, sizeof(*c));
		atomic_fetch_or(&sh->chunk_free[i / 64], bit);
	}
	atomic_store(&r->used, r->items);
	atomic_store(&sh->limit[CT_REGION_CHUNKS], (uint32_t)r->items);
}

/* What file and arena have of each slot, and which chunks only the arena has. */
static void look(const struct ct_arena *a, const struct ct_trace *t, struct known *known,
		 uint64_t slots, bool *wanted)
{
	const struct ct_region *r = ct_arena_region(a->header, CT_REGION_CHUNKS);
	const struct ct_trace_chunk *rows;
	size_t n = ct_trace_chunks(t, &rows), i;
	uint64_t used = in_use(r), index;

	for (i = 0; i < n; i++) {
		index = (rows[i].offset - r->offset) / CT_CHUNK_BYTES;
		if (rows[i].arena && index < r->items)
			wanted[index] = true;
		if (rows[i].slot < slots && rows[i].sequence != UINT32_MAX &&
		    rows[i].sequence >= known[rows[i].slot].next)
			known[rows[i].slot].next = rows[i].sequence + 1;
	}
	for (i = 0; i < used; i++) {
		const struct ct_chunk *c = &a->chunks[i];
		bool is_free = atomic_load(&a->shared->chunk_free[i / 64]) >> (i % 64) & 1;

		if (!wanted[i] && !is_free && c->slot < slots && c->sequence == known[c->slot].next)
			known[c->slot].is_vacant = true;
	}
}

int ct_mend(struct ct_store *s, const struct ct_trace *t)
{
	struct ct_arena *a = &s->arena;
	struct known *known;
	uint64_t slots;
	bool *wanted;
	int err = -ENOMEM;

	if (!has_sound_regions(a->header))
		return -CT_ERR_FOREIGN;
	slots = ct_arena_region(a->header, CT_REGION_SLOTS)->items;
	known = calloc(slots, sizeof(*known));
	wanted = calloc(ct_arena_region(a->header, CT_REGION_CHUNKS)->items, sizeof(*wanted));
	if (known && wanted) {
		look(a, t, known, slots, wanted);
		mend_tables(a);
		mend_slots(a, known);
		mend_chunks(a, wanted);
		err = 0;
	}
	free(known);
	free(wanted);
	return err;
}

int ct_mend_frozen(struct ct_store *s)
{
	struct ct_arena *a = &s->arena;
	uint64_t chunks = ct_arena_region(a->header, CT_REGION_CHUNKS)->items, i;
	struct known *known =
		calloc(ct_arena_region(a->header, CT_REGION_SLOTS)->items, sizeof(*known));
	bool *wanted = calloc(chunks, sizeof(*wanted));
	int err = known && wanted ? 0 : -ENOMEM;

	if (!err) {
		for (i = 0; i < chunks; i++)
			wanted[i] = a->chunks[i].magic == CT_CHUNK_MAGIC;
		for (i = 0; i < in_use(ct_arena_region(a->header, CT_REGION_SLOTS)); i++)
			ct_count_correct(ct_arena_slot(a, (uint32_t)i));
		mend_tables(a);
		mend_slots(a, known);
		mend_chunks(a, wanted);
	}
	free(known);
	free(wanted);
	return err;
}
