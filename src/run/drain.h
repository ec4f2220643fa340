/*
 * drain.h - carries sealed chunks from the arena to the stream file and gives their memory back.
 *
 * A chunk's memory is free again only when its records are in the file, so whoever is killed at whatever moment, every record is in
 * one of the two places.  On the way each chunk is read once for what has to be looked up while the program lives: descriptors'
 * names, and which addresses will want symbols.
 */
#ifndef CT_RUN_DRAIN_H
#define CT_RUN_DRAIN_H

#include <stdbool.h>

#include "file/stream.h"
#include "run/fds.h"
#include "run/set.h"
#include "run/store.h"

/* How far an open chunk has been read ahead of its draining. */
struct ct_peek;

struct ct_drain {
	struct ct_store *store;
	struct ct_stream *stream;
	struct ct_fds *fds;	   /* NULL: names are not looked up */
	struct ct_set data;	   /* frames of variables that objects lie in */
	struct ct_set code;	   /* frames of start routines */
	uint64_t waiting_since_ns; /* sealed chunks that are too few for a block wait for others */
	int error;		   /* of the last write that failed, -errno */
	uint64_t chunks;	   /* in all */
	struct ct_peek **peeks;	   /* by chunk; NULL: not read yet */
	uint32_t peek_room;
};

/*
 * ct_drain_take - write what is sealed
 * @now_ns: CLOCK_MONOTONIC
 * @all:    also when it is too little for a block of good size
 * Returns the number of chunks written.
 * Context: tools.
 */
unsigned ct_drain_take(struct ct_drain *d, uint64_t now_ns, bool all);

/*
 * ct_drain_peek - read what has been added to open chunks, and what threads are blocked in, so that what is looked up in the living
 * program is looked up while it lives
 * Context: tools.
 */
void ct_drain_peek(struct ct_drain *d);

void ct_drain_free(struct ct_drain *d);

#endif
