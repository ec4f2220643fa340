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
 */
#include "walk_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	struct ct_reel *r = w->reels;

	for (;;) {
		int got;

		while (r->film && ct_reel_next(w, r)) {
			if (event_is_in(w, &r->event)) {
				*event = &r->event;
				return 1;
			}
		}
		ct_reel_empty(w, r);
		if (r->at == w->t->chunks_n)
			return 0;
		if (chunk_is_out(w, &w->t->chunks[r->at], NULL)) {
			r->at++;
			w->done++;
			continue;
		}
		got = ct_reel_load(w, r, r->at++);
		if (got < 0)
			return got;
		if (!got)
			ct_reel_empty(w, r);
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

static const struct ct_trace_chunk *run_chunk(const struct ct_walk *w, const struct ct_reel *r,
					      uint32_t at)
{
	const struct ct_slot_run *run = &w->t->runs[r->run];

	return at < run->n ? &w->t->chunks[w->t->order[run->first + at]] : NULL;
}

/* Puts the reel before its next chunk that may hold something; false when there is none. */
static bool seek_chunk(struct ct_walk *w, struct ct_reel *r)
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
static int advance(struct ct_walk *w, struct ct_reel *r)
{
	if (!r->film) {
		const struct ct_slot_run *run = &w->t->runs[r->run];
		int got = ct_reel_load(w, r, w->t->order[run->first + r->at++]);

		if (got < 0)
			return got;
		if (!got)
			ct_reel_empty(w, r);
	}
	while (r->film && ct_reel_next(w, r)) {
		if (event_is_in(w, &r->event)) {
			r->key = r->event.r.ticks;
			return 1;
		}
	}
	ct_reel_empty(w, r);
	return seek_chunk(w, r);
}

static int next_by_time(struct ct_walk *w, const struct ct_event **event)
{
	struct ct_reel *r = w->current;
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
		struct ct_film *f = w->pool;

		w->pool = f->next;
		free(f);
	}
	free(w->reels);
	free(w->heap);
	free(w);
}
