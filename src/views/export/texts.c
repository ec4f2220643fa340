/*
 * texts.c - see texts.h.
 */
#include "views/export/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/names.h"

struct number {
	uint64_t text; /* key: equal texts lie at the same place */
};

int ct_export_texts_init(struct ct_export_texts *t)
{
	memset(t, 0, sizeof(*t));
	t->kept = ct_names_new();
	return t->kept && ct_table_init(&t->numbers, sizeof(struct number), 8) == 0 ? 0 : -ENOMEM;
}

void ct_export_texts_free(struct ct_export_texts *t)
{
	ct_names_free(t->kept);
	ct_table_free(&t->numbers);
	free(t->all);
}

uint32_t ct_export_texts_put(struct ct_export_texts *t, const char *text)
{
	const char *kept = ct_names_add_z(t->kept, text), **p;
	uint64_t key = (uintptr_t)kept;
	uint32_t i, room;

	if (t->numbers.count + 2 > t->room) {
		room = t->room + t->room / 2 + 64;
		p = realloc(t->all, room * sizeof(*p));
		if (!p) {
			t->failed = true;
			return 0;
		}
		t->all = p;
		t->room = room;
	}
	i = ct_table_put(&t->numbers, &key);
	if (!kept || t->numbers.failed) {
		t->failed = true;
		return 0;
	}
	t->all[i + 1] = kept;
	return i + 1;
}
