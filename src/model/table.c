/*
 * table.c - see table.h.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(const uint64_t *key, uint32_t words)
{
	uint64_t h = 0x9e3779b97f4a7c15ull;

	while (words--) {
		h = (h ^ *key++) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	return h;
}

static bool same(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	while (words--)
		if (*a++ != *b++)
			return false;
	return true;
}

int ct_table_init(struct ct_table *t, size_t row_bytes, size_t key_bytes)
{
	memset(t, 0, sizeof(*t));
	t->row_bytes = (uint32_t)row_bytes;
	t->key_words = (uint32_t)(key_bytes / 8);
	t->room = 16;
	t->mask = 31;
	t->rows = calloc(t->room, row_bytes);
	t->slots = calloc(t->mask + 1u, sizeof(*t->slots));
	if (!t->rows || !t->slots) {
		ct_table_free(t);
		t->failed = true;
		return -ENOMEM;
	}
	return 0;
}

void ct_table_free(struct ct_table *t)
{
	free(t->rows);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

#define ROW    0x03ffffffu
#define TAG(h) ((uint32_t)((h) >> 32) & ~ROW)

/*
 * The slot that holds the key, or the empty one where it belongs.  The bits of the hash beside the row's number keep it from
 * looking at most of the rows that are not meant, each of which is a cache miss.
 */
static uint32_t probe(const struct ct_table *t, const uint64_t *key, uint64_t hash)
{
	uint32_t s = (uint32_t)hash & t->mask, tag = TAG(hash);

	while (t->slots[s] && ((t->slots[s] & ~ROW) != tag ||
			       !same(ct_table_row(t, (t->slots[s] & ROW) - 1), key, t->key_words)))
		s = (s + 1) & t->mask;
	return s;
}

uint32_t ct_table_find(const struct ct_table *t, const void *key)
{
	return t->slots ? (t->slots[probe(t, key, mix(key, t->key_words))] & ROW) - 1u : CT_NONE;
}

/* Twice the slots.  Goes through the rows in their order, and needs to compare none: all keys are different. */
static int grow_slots(struct ct_table *t)
{
	uint32_t mask = t->mask * 2 + 1, i, s;
	uint32_t *slots = calloc((size_t)mask + 1, sizeof(*slots));
	uint64_t hash;

	if (!slots)
		return -ENOMEM;
	free(t->slots);
	t->slots = slots;
	t->mask = mask;
	for (i = 0; i < t->count; i++) {
		hash = mix(ct_table_row(t, i), t->key_words);
		for (s = (uint32_t)hash & mask; slots[s];)
			s = (s + 1) & mask;
		slots[s] = TAG(hash) | (i + 1);
	}
	return 0;
}

static int grow_rows(struct ct_table *t)
{
	uint32_t room = t->room + t->room / 2;
	unsigned char *rows;

	if (t->count >= CT_TABLE_ROWS_MAX)
		return -ENOMEM;
	rows = realloc(t->rows, (size_t)room * t->row_bytes);
	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	t->room = room;
	return 0;
}

uint32_t ct_table_put(struct ct_table *t, const void *key)
{
	uint64_t hash = mix(key, t->key_words);
	uint32_t s = probe(t, key, hash);
	unsigned char *row;

	if (t->slots[s])
		return (t->slots[s] & ROW) - 1;
	if (t->failed)
		return 0;
	/* at most three of four slots are ever taken */
	if (t->count >= t->mask - t->mask / 4) {
		if (grow_slots(t) < 0)
			goto failed;
		s = probe(t, key, hash);
	}
	if (t->count == t->room && grow_rows(t) < 0)
		goto failed;
	row = ct_table_row(t, t->count);
	memcpy(row, key, t->key_words * 8u);
	memset(row + t->key_words * 8u, 0, t->row_bytes - t->key_words * 8u);
	t->slots[s] = TAG(hash) | ++t->count;
	return t->count - 1;
failed:
	t->failed = true;
	return 0;
}

uint32_t ct_pool_add(struct ct_pool *p)
{
	if (p->count % CT_POOL_ITEMS == 0) {
		uint32_t n = p->count / CT_POOL_ITEMS;

		if (n == p->block_room) {
			uint32_t room = n ? n * 2 : 16;
			unsigned char **b = realloc(p->blocks, room * sizeof(*b));

			if (!b)
				goto failed;
			p->blocks = b;
			p->block_room = room;
		}
		p->blocks[n] = calloc(CT_POOL_ITEMS, p->item_bytes);
		if (!p->blocks[n])
			goto failed;
	}
	return p->count++;
failed:
	p->failed = true;
	return CT_NONE;
}

void ct_pool_free(struct ct_pool *p)
{
	uint32_t i;

	for (i = 0; i < (p->count + CT_POOL_ITEMS - 1) / CT_POOL_ITEMS; i++)
		free(p->blocks[i]);
	free(p->blocks);
	p->blocks = NULL;
	p->count = p->block_room = 0;
}
