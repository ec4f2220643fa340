/*
 * symbols.c - see symbols.h.  Strings are kept once each, through a small open-addressed hash of their offsets.
 */
#include "symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xxh64.h"

struct list {
	uint8_t *items;
	size_t n, room, item_bytes;
};

struct ct_symbols_builder {
	struct list frames, lines, data, strings;
	uint32_t *hash; /* string ids; 0 empty */
	size_t hash_room, hash_used;
	uint8_t *payload;
};

static void *list_add(struct list *l, size_t n)
{
	void *at;

	if (l->n + n > l->room) {
		size_t room = (l->n + n) * 2 + 64;
		uint8_t *items = realloc(l->items, room * l->item_bytes);

		if (!items)
			return NULL;
		l->items = items;
		l->room = room;
	}
	at = l->items + l->n * l->item_bytes;
	memset(at, 0, n * l->item_bytes);
	l->n += n;
	return at;
}

struct ct_symbols_builder *ct_symbols_builder_new(void)
{
	struct ct_symbols_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->frames.item_bytes = sizeof(struct ct_symbol_frame);
	b->lines.item_bytes = sizeof(struct ct_symbol_line);
	b->data.item_bytes = sizeof(struct ct_symbol_data);
	b->strings.item_bytes = 1;
	return b;
}

void ct_symbols_builder_free(struct ct_symbols_builder *b)
{
	if (!b)
		return;
	free(b->frames.items);
	free(b->lines.items);
	free(b->data.items);
	free(b->strings.items);
	free(b->hash);
	free(b->payload);
	free(b);
}

static uint32_t *hash_find(struct ct_symbols_builder *b, const char *text)
{
	size_t at = ct_xxh64(text, strlen(text), 0) & (b->hash_room - 1);

	while (b->hash[at] && strcmp((char *)b->strings.items + b->hash[at] - 1, text) != 0)
		at = (at + 1) & (b->hash_room - 1);
	return &b->hash[at];
}

static int hash_grow(struct ct_symbols_builder *b)
{
	size_t room = b->hash_room ? b->hash_room * 2 : 1024, i, old_room = b->hash_room;
	uint32_t *old = b->hash;

	b->hash = calloc(room, sizeof(*b->hash));
	if (!b->hash) {
		b->hash = old;
		return -ENOMEM;
	}
	b->hash_room = room;
	for (i = 0; i < old_room; i++) {
		const char *text = (const char *)b->strings.items + old[i] - 1;

		if (old[i])
			*hash_find(b, text) = old[i];
	}
	free(old);
	return 0;
}

static int add_string(struct ct_symbols_builder *b, const char *text, uint32_t *id)
{
	size_t size;
	uint32_t *place;
	char *at;

	*id = 0;
	if (!text || !*text)
		return 0;
	if (b->hash_used * 2 >= b->hash_room && hash_grow(b) < 0)
		return -ENOMEM;
	place = hash_find(b, text);
	if (!*place) {
		size = strlen(text) + 1;
		if (b->strings.n + size >= UINT32_MAX)
			return -ENOMEM;
		at = list_add(&b->strings, size);
		if (!at)
			return -ENOMEM;
		memcpy(at, text, size);
		*place = (uint32_t)(b->strings.n - size) + 1;
		b->hash_used++;
	}
	*id = *place;
	return 0;
}

int ct_symbols_add_frame(struct ct_symbols_builder *b, uint64_t frame)
{
	struct ct_symbol_frame *row = list_add(&b->frames, 1);

	if (!row)
		return -ENOMEM;
	row->frame = frame;
	row->first = (uint32_t)b->lines.n;
	return 0;
}

int ct_symbols_add_line(struct ct_symbols_builder *b, const char *function, const char *file,
			uint32_t line, uint32_t flags)
{
	struct ct_symbol_line row = {.line = line, .flags = flags};
	struct ct_symbol_line *at;

	if (!b->frames.n)
		return -EINVAL;
	if (add_string(b, function, &row.function) < 0 || add_string(b, file, &row.file) < 0)
		return -ENOMEM;
	at = list_add(&b->lines, 1);
	if (!at)
		return -ENOMEM;
	*at = row;
	((struct ct_symbol_frame *)(void *)b->frames.items)[b->frames.n - 1].lines++;
	return 0;
}

int ct_symbols_add_data(struct ct_symbols_builder *b, uint64_t frame, const char *name,
			const char *function, const char *file, uint32_t line, uint64_t offset)
{
	struct ct_symbol_data row = {.frame = frame, .offset = offset, .line = line};
	struct ct_symbol_data *at;

	if (add_string(b, name, &row.name) < 0 || add_string(b, function, &row.function) < 0 ||
	    add_string(b, file, &row.file) < 0)
		return -ENOMEM;
	at = list_add(&b->data, 1);
	if (!at)
		return -ENOMEM;
	*at = row;
	return 0;
}

/* Frame and data rows both begin with their frame; `first` keeps a repeated frame's first time in front. */
static int by_frame(const void *a, const void *b)
{
	const struct ct_symbol_frame *x = a, *y = b;

	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int data_by_frame(const void *a, const void *b)
{
	const struct ct_symbol_data *x = a, *y = b;

	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* Rows with the frame of the row before are dropped; their lines stay, unused. */
static size_t unique(uint8_t *items, size_t n, size_t item_bytes)
{
	size_t kept = 0, i;

	for (i = 0; i < n; i++) {
		if (kept && !memcmp(items + (kept - 1) * item_bytes, items + i * item_bytes, 8))
			continue;
		memmove(items + kept++ * item_bytes, items + i * item_bytes, item_bytes);
	}
	return kept;
}

int ct_symbols_payload(struct ct_symbols_builder *b, const void **bytes, size_t *size)
{
	struct list *parts[] = {&b->frames, &b->lines, &b->data, &b->strings};
	struct ct_symbols_head head;
	size_t total = sizeof(head), i;
	uint8_t *p;

	*bytes = NULL;
	*size = 0;
	if (!b->frames.n && !b->data.n)
		return 0;
	if (b->frames.n) {
		qsort(b->frames.items, b->frames.n, sizeof(struct ct_symbol_frame), by_frame);
		b->frames.n = unique(b->frames.items, b->frames.n, sizeof(struct ct_symbol_frame));
	}
	if (b->data.n) {
		qsort(b->data.items, b->data.n, sizeof(struct ct_symbol_data), data_by_frame);
		b->data.n = unique(b->data.items, b->data.n, sizeof(struct ct_symbol_data));
	}
	head = (struct ct_symbols_head){b->frames.n, b->lines.n, b->data.n, b->strings.n};
	for (i = 0; i < 4; i++)
		total += parts[i]->n * parts[i]->item_bytes;
	free(b->payload);
	b->payload = malloc(total);
	if (!b->payload)
		return -ENOMEM;
	memcpy(b->payload, &head, sizeof(head));
	p = b->payload + sizeof(head);
	for (i = 0; i < 4; i++) {
		size_t n = parts[i]->n * parts[i]->item_bytes;

		if (n)
			memcpy(p, parts[i]->items, n);
		p += n;
	}
	*bytes = b->payload;
	*size = total;
	return 0;
}

/* --- checking -------------------------------------------------------------------------------------------------------------- */

static bool string_ok(uint32_t id, const struct ct_symbols_head *head)
{
	return id <= head->string_bytes;
}

const char *ct_symbols_check(const void *bytes, size_t size)
{
	const struct ct_symbols_head *head = bytes;
	const struct ct_symbol_frame *frames;
	const struct ct_symbol_line *lines;
	const struct ct_symbol_data *data;
	const char *strings;
	uint64_t left, i;

	if (size < sizeof(*head))
		return "symbols end inside their head";
	left = size - sizeof(*head);
	if (head->frames > left / 16 || head->lines > left / 16 || head->data > left / 32 ||
	    head->frames * 16 + head->lines * 16 + head->data * 32 + head->string_bytes != left)
		return "symbols have another size than they claim";
	frames = (const void *)(head + 1);
	lines = (const void *)(frames + head->frames);
	data = (const void *)(lines + head->lines);
	strings = (const void *)(data + head->data);
	if (head->string_bytes && strings[head->string_bytes - 1])
		return "the last string of the symbols has no end";
	for (i = 0; i < head->frames; i++) {
		if (frames[i].first > head->lines ||
		    frames[i].lines > head->lines - frames[i].first)
			return "a symbol's lines are not in the block";
		if (i && frames[i].frame <= frames[i - 1].frame)
			return "symbols are not sorted";
	}
	for (i = 0; i < head->lines; i++)
		if (!string_ok(lines[i].function, head) || !string_ok(lines[i].file, head))
			return "a symbol's string is not in the block";
	for (i = 0; i < head->data; i++) {
		if (!string_ok(data[i].name, head) || !string_ok(data[i].function, head) ||
		    !string_ok(data[i].file, head))
			return "a symbol's string is not in the block";
		if (i && data[i].frame <= data[i - 1].frame)
			return "variables are not sorted";
	}
	return NULL;
}
