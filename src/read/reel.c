/*
 * reel.c - one slot's way through its chunks: see walk_int.h.
 *
 * Inside a chunk only records with CT_TAG_BACK are older than what stands before them.  In time order those of a chunk are
 * collected first (the tags are looked through, which costs a few ns a record) and handed out where they belong.
 */
#include "walk_int.h"

#include <errno.h>
#include <stdlib.h>

static struct ct_film *film_take(struct ct_walk *w)
{
	struct ct_film *f = w->pool;

	if (!f)
		return malloc(sizeof(*f));
	w->pool = f->next;
	return f;
}

void ct_reel_empty(struct ct_walk *w, struct ct_reel *r)
{
	if (!r->film)
		return;
	r->film->next = w->pool;
	w->pool = r->film;
	r->film = NULL;
}

/* What follows the last whole record of a chunk. */
static void note_end(struct ct_walk *w, const struct ct_reel *r, enum ct_decode_result result)
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
static int decode_next(struct ct_walk *w, struct ct_reel *r, struct ct_event *e)
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

static bool event_is_back(const struct ct_reel *r, const struct ct_event *e)
{
	return (r->film->bytes[e->offset] & CT_TAG_BACK) != 0;
}

static void reel_begin(struct ct_walk *w, struct ct_reel *r, uint32_t used)
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
static int collect_back(struct ct_walk *w, struct ct_reel *r, uint32_t used)
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
int ct_reel_load(struct ct_walk *w, struct ct_reel *r, uint32_t chunk)
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
int ct_reel_next(struct ct_walk *w, struct ct_reel *r)
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
