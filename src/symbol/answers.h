/*
 * answers.h - what has been resolved for one module: (kind, address) -> frames.
 *
 * The table of a session and the content of a cache file are the same thing, so it has one shape: an
 * answer is a run of frames.  A variable is stored as a frame whose function is the variable's name,
 * followed by a second one naming its function when it is a local static.
 */
#ifndef CT_SYMBOL_ANSWERS_H
#define CT_SYMBOL_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/symbol.h"

enum ct_answer_kind {
	CT_ANSWER_CODE = 0,
	CT_ANSWER_DATA = 1,
};

struct ct_answer {
	uint64_t addr;
	uint32_t first; /* in frames[] */
	uint16_t n;
	uint8_t kind;
};

struct ct_answers {
	struct ct_answer *items;
	struct ct_sym_frame *frames;
	uint32_t *slots; /* open addressing; index + 1 into items[], 0 is free */
	size_t n, size, n_frames, size_frames, n_slots;
	bool dirty; /* has answers the cache file lacks */
};

/*
 * The answer for an address, NULL when it was not asked yet.  An answer of 0 frames is one too.
 * Context: tools.
 */
const struct ct_answer *ct_answers_find(const struct ct_answers *a, uint8_t kind, uint64_t addr);

/*
 * Adds an answer that is not there yet; strings are kept by reference.  Returns it, or NULL when out
 * of memory or full.
 * Context: tools.
 */
const struct ct_answer *ct_answers_add(struct ct_answers *a, uint8_t kind, uint64_t addr,
				       const struct ct_sym_frame *frames, size_t n);

/*
 * Frees the tables, not the struct.
 * Context: tools.
 */
void ct_answers_clear(struct ct_answers *a);

#endif
