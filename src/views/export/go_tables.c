/*
 * go_tables.c - strings and stacks of a Go trace: numbers that stay the same for who writes events, and in each generation a table of those it uses.
 */
#include "views/export/go_wire_int.h"

#include <errno.h>
#include <string.h>

static uint64_t hash_of(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 1099511628211u;
	return h;
}

uint32_t ct_go_string(struct ct_go_wire *w, const char *text)
{
	char clean[CT_GO_STRING_MAX];
	size_t n = ct_go_text_clean(clean, sizeof(clean), text);
	uint64_t hash = hash_of(clean, n);
	struct string_row *row;
	uint32_t before, i;

	if (!n)
		return 0;
	for (;; hash++) {
		before = w->strings.count;
		i = ct_table_put(&w->strings, &hash);
		row = ct_table_row(&w->strings, i);
		if (w->strings.failed)
			break;
		if (w->strings.count != before) {
			row->length = (uint32_t)n;
			if (!ct_pool_text_add(&w->texts, clean, n, &row->text))
				break;
			return i + 1;
		}
		if (row->length == n && !memcmp(ct_pool_text_at(&w->texts, row->text), clean, n))
			return i + 1;
	}
	w->error = -ENOMEM;
	return 0;
}

uint32_t ct_go_string_id(struct ct_go_wire *w, uint64_t number)
{
	struct string_row *row;

	if (!number || number > w->strings.count)
		return 0;
	row = ct_table_row(&w->strings, (uint32_t)number - 1);
	if (row->gen != w->order.gen) {
		if (!ct_go_list_add(w, &w->used_strings, (uint32_t)number - 1))
			return 0;
		row->gen = w->order.gen;
		row->id = w->used_strings.n;
	}
	return row->id;
}

uint32_t ct_go_stack(struct ct_go_wire *w, uint64_t key)
{
	uint32_t i;

	if (!key)
		return 0;
	i = ct_table_put(&w->stacks, &key);
	if (w->stacks.failed) {
		w->error = -ENOMEM;
		return 0;
	}
	return i + 1;
}

uint32_t ct_go_stack_id(struct ct_go_wire *w, uint64_t number)
{
	struct stack_row *row;

	if (!number || number > w->stacks.count)
		return 0;
	row = ct_table_row(&w->stacks, (uint32_t)number - 1);
	if (row->gen != w->order.gen) {
		if (!ct_go_list_add(w, &w->used_stacks, (uint32_t)number - 1))
			return 0;
		row->gen = w->order.gen;
		row->id = w->used_stacks.n;
	}
	return row->id;
}

/* Room in the table of the generation; begins another batch where the entry does not fit any more. */
static uint8_t *table_room(struct ct_go_wire *w, uint8_t kind, uint32_t n)
{
	struct buffer *b = &w->table;

	if (b->used + n > BATCH_MAX)
		ct_go_flush(w, b, 0);
	if (!ct_go_make_room(w, b, n + 1))
		return NULL;
	if (!b->used) {
		b->base = w->begin;
		b->bytes[b->used++] = kind;
	}
	return b->bytes + b->used;
}

static void write_stack(struct ct_go_wire *w, uint32_t id)
{
	const struct stack_row *row = ct_table_row(&w->stacks, w->used_stacks.rows[id - 1]);
	struct ct_go_frame frame[CT_GO_FRAMES_MAX];
	size_t n = w->o.stack(w->o.arg, row->key, frame), i;
	uint8_t *p = table_room(w, EV_STACKS, (uint32_t)(24 + 40 * n));

	if (!p)
		return;
	*p++ = EV_STACK;
	p = put(put(p, id), n);
	for (i = 0; i < n; i++) {
		p = put(p, frame[i].pc);
		p = put(p, ct_go_string_id(w, frame[i].function));
		p = put(p, ct_go_string_id(w, frame[i].file));
		p = put(p, frame[i].line);
	}
	w->table.used = (uint32_t)(p - w->table.bytes);
}

static void write_string(struct ct_go_wire *w, uint32_t id)
{
	const struct string_row *row = ct_table_row(&w->strings, w->used_strings.rows[id - 1]);
	uint8_t *p = table_room(w, EV_STRINGS, 24 + row->length);

	if (!p)
		return;
	*p++ = EV_STRING;
	p = put(put(p, id), row->length);
	memcpy(p, ct_pool_text_at(&w->texts, row->text), row->length);
	w->table.used = (uint32_t)(p + row->length - w->table.bytes);
}

void ct_go_write_tables(struct ct_go_wire *w)
{
	uint32_t i;

	for (i = 1; i <= w->used_stacks.n && !w->error; i++)
		write_stack(w, i);
	ct_go_flush(w, &w->table, 0);
	for (i = 1; i <= w->used_strings.n && !w->error; i++)
		write_string(w, i);
	ct_go_flush(w, &w->table, 0);
	w->used_stacks.n = w->used_strings.n = 0;
}
