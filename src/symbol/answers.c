/* answers.c - the hash table behind answers.h. */
#include "symbol/answers.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX ((size_t)16 * 1024 * 1024)

static size_t slot_of(const struct ct_answers *a, uint8_t kind, uint64_t addr)
{
	uint64_t h = (addr ^ kind) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h >> 32) & (a->n_slots - 1);
}

const struct ct_answer *ct_answers_find(const struct ct_answers *a, uint8_t kind, uint64_t addr)
{
	if (!a->n_slots)
		return NULL;
	for (size_t at = slot_of(a, kind, addr); a->slots[at]; at = (at + 1) & (a->n_slots - 1)) {
		const struct ct_answer *x = &a->items[a->slots[at] - 1];

		if (x->addr == addr && x->kind == kind)
			return x;
	}
	return NULL;
}

static void link_answer(struct ct_answers *a, size_t index)
{
	size_t at = slot_of(a, a->items[index].kind, a->items[index].addr);

	while (a->slots[at])
		at = (at + 1) & (a->n_slots - 1);
	a->slots[at] = (uint32_t)index + 1;
}

static bool grow_slots(struct ct_answers *a)
{
	size_t size = a->n_slots ? a->n_slots * 2 : 256;
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	free(a->slots);
	a->slots = slots;
	a->n_slots = size;
	for (size_t i = 0; i < a->n; i++)
		link_answer(a, i);
	return true;
}

static bool make_room(struct ct_answers *a, size_t frames)
{
	if (a->n == a->size) {
		size_t size = a->size ? a->size * 2 : 64;
		struct ct_answer *items = reallocarray(a->items, size, sizeof(*items));

		if (!items)
			return false;
		a->items = items;
		a->size = size;
	}
	if (a->n_frames + frames > a->size_frames) {
		size_t size = (a->n_frames + frames) * 2;
		struct ct_sym_frame *bigger = reallocarray(a->frames, size, sizeof(*bigger));

		if (!bigger)
			return false;
		a->frames = bigger;
		a->size_frames = size;
	}
	return a->n * 4 < a->n_slots * 3 || grow_slots(a);
}

const struct ct_answer *ct_answers_add(struct ct_answers *a, uint8_t kind, uint64_t addr,
				       const struct ct_sym_frame *frames, size_t n)
{
	if (a->n >= ANSWERS_MAX || n > UINT16_MAX || a->n_frames + n > UINT32_MAX ||
	    !make_room(a, n))
		return NULL;
	if (n)
		memcpy(a->frames + a->n_frames, frames, n * sizeof(*frames));
	a->items[a->n] = (struct ct_answer){
		.addr = addr, .first = (uint32_t)a->n_frames, .n = (uint16_t)n, .kind = kind};
	a->n_frames += n;
	link_answer(a, a->n);
	a->dirty = true;
	return &a->items[a->n++];
}

void ct_answers_clear(struct ct_answers *a)
{
	free(a->items);
	free(a->frames);
	free(a->slots);
	memset(a, 0, sizeof(*a));
}
