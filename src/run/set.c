/*
 * set.c - see set.h.
 */
#include "set.h"

#include <stdlib.h>

static struct ct_set_row *place(struct ct_set_row *rows, size_t room, uint64_t key)
{
	size_t i = (size_t)((key * 0x9e3779b97f4a7c15ull) >> 20) & (room - 1);

	while (rows[i].key && rows[i].key != key)
		i = (i + 1) & (room - 1);
	return &rows[i];
}

static int widen(struct ct_set *s)
{
	size_t room = s->room ? s->room * 2 : 256, i;
	struct ct_set_row *rows = calloc(room, sizeof(*rows));

	if (!rows)
		return -1;
	for (i = 0; i < s->room; i++)
		if (s->rows[i].key)
			*place(rows, room, s->rows[i].key) = s->rows[i];
	free(s->rows);
	s->rows = rows;
	s->room = room;
	return 0;
}

struct ct_set_row *ct_set_at(struct ct_set *s, uint64_t key, int *is_new)
{
	struct ct_set_row *row;

	if (!key || (s->used >= s->room / 2 && widen(s) < 0))
		return NULL;
	row = place(s->rows, s->room, key);
	if (is_new)
		*is_new = !row->key;
	if (!row->key) {
		row->key = key;
		s->used++;
	}
	return row;
}

struct ct_set_row *ct_set_find(const struct ct_set *s, uint64_t key)
{
	struct ct_set_row *row = s->room && key ? place(s->rows, s->room, key) : NULL;

	return row && row->key ? row : NULL;
}

void ct_set_free(struct ct_set *s)
{
	free(s->rows);
	*s = (struct ct_set){0};
}
