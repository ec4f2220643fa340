/*
 * walk_int.h - what the files of a walk share: walk.c goes over a trace, reel.c over the chunks of one slot.
 */
#ifndef CT_READ_WALK_INT_H
#define CT_READ_WALK_INT_H

#include "trace_int.h"

/* The memory of a reel with a chunk. */
struct ct_film {
	uint8_t bytes[CT_CHUNK_PAYLOAD];
	struct ct_decoder decoder;
	struct ct_film *next; /* in the pool */
};

/* One slot's way through its chunks; all chunks one after the other in chunk order. */
struct ct_reel {
	uint64_t key; /* time of `event`, or of the next chunk when there is no film */
	uint32_t run; /* of t->runs */
	uint32_t at;  /* chunk in the run; its own number in chunk order */
	struct ct_film *film;
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
	struct ct_reel *reels;
	uint32_t *heap; /* indices of reels */
	size_t heap_n;
	struct ct_film *pool;
	struct ct_reel *current; /* its event was handed out */
	struct ct_event synthetic;
	size_t total; /* next of t->totals */
	size_t done;  /* chunks */
	uint64_t last_ticks, unknown_events;
	bool ended;
};

/*
 * ct_reel_load - take in a chunk
 * Returns 1, 0 when it has nothing to read, or -ENOMEM.
 * Context: tools.
 */
int ct_reel_load(struct ct_walk *w, struct ct_reel *r, uint32_t chunk);

/*
 * ct_reel_next - r->event becomes the next record of the chunk in the walk's order
 * Returns 0 at its end.
 * Context: tools; hot.
 */
int ct_reel_next(struct ct_walk *w, struct ct_reel *r);

/*
 * ct_reel_empty - the chunk is done, if there is one: its memory is another's
 * Context: tools.
 */
void ct_reel_empty(struct ct_walk *w, struct ct_reel *r);

#endif
