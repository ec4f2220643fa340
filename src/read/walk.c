/*
 * walk.c - goes over the records of a trace, chunk by chunk or in the order of time.
 *
 * A reel is one slot's way through its chunks: the chunk at hand, a decoder in it, and the next record, already decoded.  Chunk
 * order needs one reel.  Time order keeps the reels of all slots in a heap by the time of their next record; a reel between two
 * chunks stands there with the base time of the next one and has no memory until it gets to the top, so what is held
 * is one chunk for each slot that has one open at that time.
 *
 *            heap by (time, slot)
 *      [reel 4: record at 17]  [reel 0: record at 20]  [reel 9: chunk from 21, not loaded]  ...
 *
 * Inside a chunk only records with CT_TAG_BACK are older than what stands before them.  In time order those of a chunk are
 * collected first (the tags are looked through, which costs a few ns a record) and handed out where they belong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_int.h"

/* The memory of a reel with a chunk. */
struct film {
	uint8_t bytes[CT_CHUNK_PAYLOAD];
	struct ct_decoder decoder;
	struct film *next; /* in the pool */
};

struct reel {
	uint64_t key; /* time of `event`, or of the next chunk when there is no film */
	uint32_t run; /* of t->runs */
	uint32_t at;  /* chunk in the run; its own number in chunk order */
	struct film *film;
	uint32_t chunk, decoded;
	uint32_t process, thread, tid;
	bool first;
	struct ct_event event;
	struct ct_event *back; /* older records, by time */
	size_t back_n, back_at, back_room;
	struct ct_event ahead; /* decoded while back[] was not yet empty */
	bool has_ahead;
};

struct ct_walk {
	struct ct_trace *t;
	enum ct_order order;
	struct ct_filter filter;
	bool unknown;
	struct reel *reels;
	uint32_t *heap; /* indices of reels */
	size_t heap_n;
	struct film *pool;
	struct reel *current; /* its event was handed out */
	struct ct_event synthetic;
	size_t total; /* next of t->totals */
	size_t done;  /* chunks */
	uint64_t last_ticks, unknown_events;
	bool ended;
};

/* --- one chunk -------------------------------------------------------------------------------------------------------------- */

static struct film *film_take(struct ct_walk *w)
{
	struct film *f = w->pool;

	if (!f)
		return malloc(sizeof(*f));
	w->pool = f->next;
	return f;
}

static void film_return(struct ct_walk *w, struct reel *r)
{
	if (!r->film)
		return;
	r->film->next = w->pool;
	w->pool = r->film;
	r->film = NULL;
}

/* What follows the last whole record of a chunk. */
static void note_end(struct ct_walk *w, const struct reel *r, enum ct_decode_result result)
{
	const struct ct_decoder *d = &r->film->decoder;
	const struct ct_trace_chunk *c = &w->t->chunks[r->chunk];
	uint8_t *told = &w->t->chunk_told[r->chunk];
	uint64_t missing = c->records > r->decoded ? c->records - r->decoded : 1;

	if (result == CT_DECODE_DAMAGED && !(*told & CT_CHUNK_DAMAGE_TOLD)) {
		*told |= CT_CHUNK_DAMAGE_TOLD;
		ct_trace_note(w->t, c->arena, c->offset, (uint64_t)(d->end - d->p),
			      "slot %u chunk %u thread %u: no record begins at byte %td", c->slot,
			      c->sequence, r->thread, d->p - d->start);
		w->t->lost[CT_LOSS_DAMAGED] += missing;
	}
	if (result == CT_DECODE_END && d->p < d->end && !w->t->info.live &&
	    !(*told & CT_CHUNK_TORN_TOLD)) {
		*told |= CT_CHUNK_TORN_TOLD;
		w->t->lost[CT_LOSS_TORN] += missing;
	}
}

/* The next record as it stands in the chunk; 0 at its end. */
static int decode_next(struct ct_walk *w, struct reel *r, struct ct_event *e)
{
	struct ct_decoder *d = &r->film->decoder;
	uint32_t offset;
	enum ct_decode_result result;

	for (;;) {
		offset = (uint32_t)(d->p - d->start);
		result = ct_decode(d, &e->r);
		if (result == CT_DECODE_END || result == CT_DECODE_DAMAGED) {
			note_end(w, r, result);
			return 0;
		}
		r->decoded++;
		if (e->r.type == CT_EV_lost)
			w->t->lost_seen = true;
		if (result == CT_DECODE_OK)
			break;
		if (result == CT_DECODE_SKIPPED) {
			r->first = false;
			continue;
		}
		w->unknown_events++;
		if (w->unknown)
			break;
	}
	if (e->r.type == CT_EV_thread_begin) {
		r->thread = (uint32_t)e->r.v[CT_F_thread_begin_thread];
		r->tid = (uint32_t)e->r.v[CT_F_thread_begin_tid];
		r->process = (uint32_t)e->r.v[CT_F_thread_begin_process];
	}
	e->slot = w->t->chunks[r->chunk].slot;
	e->process = r->process;
	e->thread = r->thread;
	e->tid = r->tid;
	e->flags = (r->first ? CT_RECORD_FIRST : 0) |
		   (result == CT_DECODE_UNKNOWN ? CT_RECORD_UNKNOWN : 0);
	e->chunk = r->chunk;
	e->offset = offset;
	r->first = false;
	return 1;
}

static const uint8_t *skip_varint(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p & 0x80)
		p++;
	return p < end ? p + 1 : end;
}

/* Is there a record with CT_TAG_BACK?  Looks at tags only; what it cannot follow, the decoder will not either. */
static bool has_back(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p) {
		unsigned type = *p & CT_TAG_EVENT, first = 0;
		uint64_t mask = 0;
		unsigned shift = 0;

		if (*p & CT_TAG_BACK)
			return true;
		if (ct_event_shapes[type].fields)
			first = ct_event_shapes[type].field[0] & CT_FIELD_OP;
		else
			first = type >= 20 && type < 32;
		p = skip_varint(p + 1, end);
		if (first && p < end)
			p++;
		for (; p < end && shift < 64; shift += 7) {
			mask |= (uint64_t)(*p & 0x7f) << shift;
			if (!(*p++ & 0x80))
				break;
		}
		for (; mask; mask &= mask - 1)
			p = skip_varint(p, end);
	}
	return false;
}

static int older_first(const void *a, const void *b)
{
	const struct ct_event *x = a, *y = b;

	if (x->r.ticks != y->r.ticks)
		return x->r.ticks < y->r.ticks ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool event_is_back(const struct reel *r, const struct ct_event *e)
{
	return (r->film->bytes[e->offset] & CT_TAG_BACK) != 0;
}

static void reel_begin(struct ct_walk *w, struct reel *r, uint32_t used)
{
	const struct ct_trace_chunk *c = &w->t->chunks[r->chunk];

	ct_decoder_start(&r->film->decoder, r->film->bytes, used, c->base_ticks);
	if (w->filter.events) /* thread_begin says whose the others are */
		r->film->decoder.skip = ~(w->filter.events | 1ull << CT_EV_thread_begin);
	r->process = c->process;
	r->thread = c->thread;
	r->tid = c->tid;
	r->decoded = 0;
	r->first = true;
}

/* Decodes the chunk once for its older records, then stands at its beginning again. */
static int collect_back(struct ct_walk *w, struct reel *r, uint32_t used)
{
	uint64_t unknown = w->unknown_events;
	struct ct_event e;

	while (decode_next(w, r, &e)) {
		struct ct_event *back;

		if (!event_is_back(r, &e))
			continue;
		back = ct_trace_grow(r->back, r->back_n, &r->back_room, sizeof(*back));
		if (!back)
			return -ENOMEM;
		r->back = back;
		back[r->back_n++] = e;
	}
	if (r->back_n)
		qsort(r->back, r->back_n, sizeof(*r->back), older_first);
	w->unknown_events = unknown;
	reel_begin(w, r, used);
	return 0;
}

/* Takes in a chunk.  Returns 1, 0 when it has nothing to read, or an error. */
static int load(struct ct_walk *w, struct reel *r, uint32_t chunk)
{
	uint32_t used;

	r->back_n = r->back_at = 0;
	r->has_ahead = false;
	r->chunk = chunk;
	w->done++;
	if (!r->film)
		r->film = film_take(w);
	if (!r->film)
		return -ENOMEM;
	if (!ct_chunk_fetch(w->t, chunk, r->film->bytes, &used))
		return 0;
	reel_begin(w, r, used);
	if (w->order == CT_ORDER_TIME && has_back(r->film->bytes, r->film->bytes + used) &&
	    collect_back(w, r, used) < 0)
		return -ENOMEM;
	return 1;
}

/* The next record of a chunk in the walk's order; 0 at its end. */
static int next_in_chunk(struct ct_walk *w, struct reel *r)
{
	if (!r->back_n)
		return decode_next(w, r, &r->event);
	while (!r->has_ahead) {
		if (!decode_next(w, r, &r->ahead))
			break;
		r->has_ahead = !event_is_back(r, &r->ahead);
	}
	if (r->back_at < r->back_n &&
	    (!r->has_ahead || older_first(&r->back[r->back_at], &r->ahead) < 0)) {
		r->event = r->back[r->back_at++];
		return 1;
	}
	if (!r->has_ahead)
		return 0;
	r->event = r->ahead;
	r->has_ahead = false;
	return 1;
}

/* --- filtering -------------------------------------------------------------------------------------------------------------- */

/* Can nothing in the chunk pass?  `next` is the one after it in its slot, or NULL. */
static bool chunk_is_out(const struct ct_walk *w, const struct ct_trace_chunk *c,
			 const struct ct_trace_chunk *next)
{
	const struct ct_filter *f = &w->filter;
	bool one_thread = next && next->sequence == c->sequence + 1 && next->thread == c->thread;

	if (c->last_ticks < f->from_ticks || (f->to_ticks && c->base_ticks > f->to_ticks))
		return true;
	if (f->thread && one_thread && c->thread != f->thread)
		return true;
	return f->process != CT_ANY_PROCESS && one_thread && c->process != f->process;
}

static bool event_is_in(const struct ct_walk *w, const struct ct_event *e)
{
	const struct ct_filter *f = &w->filter;

	return e->r.ticks >= f->from_ticks && (!f->to_ticks || e->r.ticks <= f->to_ticks) &&
	       (!f->thread || e->thread == f->thread) &&
	       (f->process == CT_ANY_PROCESS || e->process == f->process) &&
	       (!f->events || f->events >> (e->r.type & 63) & 1);
}

/* --- chunk order ------------------------------------------------------------------------------------------------------------ */

static int next_by_chunk(struct ct_walk *w, const struct ct_event **event)
{
	struct reel *r = w->reels;

	for (;;) {
		int got;

		while (r->film && next_in_chunk(w, r)) {
			if (event_is_in(w, &r->event)) {
				*event = &r->event;
				return 1;
			}
		}
		film_return(w, r);
		if (r->at == w->t->chunks_n)
			return 0;
		if (chunk_is_out(w, &w->t->chunks[r->at], NULL)) {
			r->at++;
			w->done++;
			continue;
		}
		got = load(w, r, r->at++);
		if (got < 0)
			return got;
		if (!got)
			film_return(w, r);
	}
}

/* --- time order -------------------------------------------------------------------------------------------------------------- */

static bool before(const struct ct_walk *w, uint32_t a, uint32_t b)
{
	return w->reels[a].key != w->reels[b].key ? w->reels[a].key < w->reels[b].key : a < b;
}

static void sink(struct ct_walk *w, size_t at)
{
	uint32_t moving = w->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= w->heap_n)
			break;
		if (child + 1 < w->heap_n && before(w, w->heap[child + 1], w->heap[child]))
			child++;
		if (!before(w, w->heap[child], moving))
			break;
		w->heap[at] = w->heap[child];
		at = child;
	}
	w->heap[at] = moving;
}

static const struct ct_trace_chunk *run_chunk(const struct ct_walk *w, const struct reel *r,
					      uint32_t at)
{
	const struct ct_slot_run *run = &w->t->runs[r->run];

	return at < run->n ? &w->t->chunks[w->t->order[run->first + at]] : NULL;
}

/* Puts the reel before its next chunk that may hold something; false when there is none. */
static bool seek_chunk(struct ct_walk *w, struct reel *r)
{
	const struct ct_trace_chunk *c;

	while ((c = run_chunk(w, r, r->at)) && chunk_is_out(w, c, run_chunk(w, r, r->at + 1))) {
		r->at++;
		w->done++;
	}
	if (c)
		r->key = c->base_ticks;
	return c != NULL;
}

/* Moves a reel on by one record that passes, or to the beginning of its next chunk; 0 when it is used up. */
static int advance(struct ct_walk *w, struct reel *r)
{
	if (!r->film) {
		const struct ct_slot_run *run = &w->t->runs[r->run];
		int got = load(w, r, w->t->order[run->first + r->at++]);

		if (got < 0)
			return got;
		if (!got)
			film_return(w, r);
	}
	while (r->film && next_in_chunk(w, r)) {
		if (event_is_in(w, &r->event)) {
			r->key = r->event.r.ticks;
			return 1;
		}
	}
	film_return(w, r);
	return seek_chunk(w, r);
}

static int next_by_time(struct ct_walk *w, const struct ct_event **event)
{
	struct reel *r = w->current;
	int got;

	w->current = NULL;
	for (;;) {
		if (r) {
			got = advance(w, r);
			if (got < 0)
				return got;
			if (got == 0)
				w->heap[0] = w->heap[--w->heap_n];
			if (w->heap_n)
				sink(w, 0);
		}
		if (!w->heap_n)
			return 0;
		r = &w->reels[w->heap[0]];
		if (r->film)
			break;
	}
	if (r->key < w->last_ticks)
		r->event.flags |= CT_RECORD_LATE;
	else
		w->last_ticks = r->key;
	w->current = r;
	*event = &r->event;
	return 1;
}

/* --- synthetic records --------------------------------------------------------------------------------------------------------- */

static bool next_total(struct ct_walk *w, const struct ct_event **event)
{
	while (w->total < w->t->totals_n) {
		const struct ct_total *total = &w->t->totals[w->total++];
		struct ct_event *e = &w->synthetic;

		*e = (struct ct_event){.slot = total->slot,
				       .process = total->process,
				       .thread = total->thread,
				       .tid = total->tid,
				       .flags = CT_RECORD_SYNTHETIC,
				       .chunk = UINT32_MAX};
		e->r.type = total->type;
		e->r.ticks = w->t->info.last_ticks;
		e->r.v[0] = total->op;
		if (total->type == CT_EV_tally) {
			e->r.v[CT_F_tally_object] = total->v[0];
			e->r.v[CT_F_tally_stack] = total->stack;
			e->r.v[CT_F_tally_count] = total->v[1];
			e->r.v[CT_F_tally_total] = total->v[2];
			e->r.v[CT_F_tally_max] = total->v[3];
		} else {
			memcpy(&e->r.v[1], total->v, sizeof(total->v[0]) * 3);
		}
		if (event_is_in(w, e)) {
			*event = e;
			return true;
		}
	}
	return false;
}

/* --- the walk ------------------------------------------------------------------------------------------------------------------ */

static int start_by_time(struct ct_walk *w)
{
	size_t n = w->t->runs_n, i;

	w->reels = calloc(n + 1, sizeof(*w->reels));
	w->heap = malloc((n + 1) * sizeof(*w->heap));
	if (!w->reels || !w->heap)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		w->reels[i].run = (uint32_t)i;
		if (seek_chunk(w, &w->reels[i]))
			w->heap[w->heap_n++] = (uint32_t)i;
	}
	for (i = w->heap_n / 2; i-- > 0;)
		sink(w, i);
	return 0;
}

int ct_walk_open(struct ct_trace *t, enum ct_order order, const struct ct_filter *filter,
		 struct ct_walk **out)
{
	struct ct_walk *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	*out = NULL;
	if (!w)
		return err;
	w->t = t;
	w->order = order;
	w->filter = filter ? *filter : CT_FILTER_NONE;
	if (order == CT_ORDER_TIME) {
		err = start_by_time(w);
	} else {
		w->reels = calloc(1, sizeof(*w->reels));
		err = w->reels ? 0 : -ENOMEM;
	}
	if (err) {
		ct_walk_close(w);
		return err;
	}
	*out = w;
	return 0;
}

int ct_walk_next(struct ct_walk *w, const struct ct_event **event)
{
	int got;

	if (!w->ended) {
		got = w->order == CT_ORDER_TIME ? next_by_time(w, event) : next_by_chunk(w, event);
		if (got)
			return got;
		w->ended = true;
		w->t->unknown_events = w->unknown_events;
	}
	return next_total(w, event);
}

void ct_walk_unknown(struct ct_walk *w, bool yes)
{
	w->unknown = yes;
}

double ct_walk_progress(const struct ct_walk *w)
{
	return w->t->chunks_n ? (double)w->done / (double)w->t->chunks_n : 1;
}

void ct_walk_close(struct ct_walk *w)
{
	size_t n, i;

	if (!w)
		return;
	n = !w->reels ? 0 : w->order == CT_ORDER_TIME ? w->t->runs_n : 1;
	for (i = 0; i < n; i++) {
		free(w->reels[i].film);
		free(w->reels[i].back);
	}
	while (w->pool) {
		struct film *f = w->pool;

		w->pool = f->next;
		free(f);
	}
	free(w->reels);
	free(w->heap);
	free(w);
}
