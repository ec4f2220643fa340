/*
 * labels.c - see labels.h.
 */
#include "labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct ct_labels *l, uint32_t bytes)
{
	uint32_t room = l->room ? l->room * 2 : 64;
	void *p;

	if (l->count == l->room) {
		p = realloc(l->label, room * sizeof(*l->label));
		if (!p)
			return false;
		l->label = p;
		l->room = room;
	}
	if (bytes > l->text_room - l->used) {
		room = (l->used + bytes) * 2;
		p = realloc(l->text, room);
		if (!p)
			return false;
		l->text = p;
		l->text_room = room;
	}
	return true;
}

void ct_labels_add(struct ct_labels *l, const struct ct_whole_text *t)
{
	uint64_t bytes = t->first.v[CT_F_label_bytes];

	if (l->count >= CT_LABELS_MAX || l->used + t->n + 1 > CT_LABEL_TEXTS_MAX) {
		l->left_out++;
		return;
	}
	if (!make_room(l, t->n + 1)) {
		l->failed = true;
		return;
	}
	l->label[l->count++] =
		(struct ct_label){.from = t->first.ticks,
				  .thread = t->thread,
				  .key = (uint32_t)t->first.v[CT_F_label_key],
				  .value = bytes ? l->used : CT_NO_VALUE,
				  .bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX};
	if (!bytes)
		return;
	memcpy(l->text + l->used, t->text, t->n + 1);
	l->used += t->n + 1;
}

/* Of two at one time the later one in the trace counts, which has the later value. */
static int by_place(const void *a, const void *b)
{
	const struct ct_label *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

int ct_labels_finish(struct ct_labels *l)
{
	if (l->count)
		qsort(l->label, l->count, sizeof(*l->label), by_place);
	return l->failed ? -ENOMEM : 0;
}

/* The first that is after (thread, key, ticks). */
static uint32_t after(const struct ct_labels *l, uint32_t thread, uint64_t key, uint64_t ticks)
{
	uint32_t lo = 0, hi = l->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct ct_label *x = &l->label[mid];

		if (x->thread < thread ||
		    (x->thread == thread && (x->key < key || (x->key == key && x->from <= ticks))))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t ct_labels_at(const struct ct_labels *l, uint32_t thread, uint64_t ticks,
		      const struct ct_label **out, uint32_t room)
{
	uint32_t i = thread ? after(l, thread - 1, UINT64_MAX, 0) : 0, n = 0, last;

	/* from key to key */
	while (i < l->count && l->label[i].thread == thread && n < room) {
		uint32_t key = l->label[i].key;

		last = after(l, thread, key, ticks);
		if (last > i && l->label[last - 1].value != CT_NO_VALUE)
			out[n++] = &l->label[last - 1];
		i = after(l, thread, key, UINT64_MAX);
	}
	return n;
}

void ct_labels_free(struct ct_labels *l)
{
	free(l->label);
	free(l->text);
}
