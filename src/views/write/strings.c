/*
 * strings.c - see strings.h.  Open addressing; a slot holds a text's number, 0 is an empty one.  Texts lie in blocks, since there may be millions.
 */
#include "views/write/strings.h"

#include <stdlib.h>
#include <string.h>

#include "file/xxh64.h"
#include "views/analyze/text.h"

#define BLOCK_BYTES ((size_t)64 * 1024)

struct ct_strings_block {
	struct ct_strings_block *next;
	size_t used, size;
	char bytes[];
};

static bool is_fit(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s >= 0x20 && *s < 0x7f)
		s++;
	return !*s;
}

static void make_fit(char *text)
{
	unsigned char *s = (unsigned char *)text;
	unsigned n;

	while (*s) {
		n = ct_text_utf8(s);
		if (!n || *s < 0x20 || *s == 0x7f)
			*s = '?';
		s += n ? n : 1;
	}
}

static int grow(struct ct_strings *s)
{
	uint32_t room = s->room ? s->room * 2 : 256, mask = room * 2 - 1, i, k;
	const char **text = realloc(s->text, room * sizeof(*text));
	uint32_t *hash, *slots;

	if (text)
		s->text = text;
	hash = realloc(s->hash, room * sizeof(*hash));
	if (hash)
		s->hash = hash;
	slots = calloc(mask + 1u, sizeof(*slots));
	if (!text || !hash || !slots || room > 1u << 28) {
		free(slots);
		s->failed = true;
		return -1;
	}
	if (!s->count) {
		s->text[0] = "";
		s->count = 1;
	}
	for (i = 1; i < s->count; i++) {
		k = s->hash[i] & mask;
		while (slots[k])
			k = (k + 1) & mask;
		slots[k] = i;
	}
	free(s->slots);
	s->slots = slots;
	s->mask = mask;
	s->room = room;
	return 0;
}

static const char *keep(struct ct_strings *s, const char *text, size_t n)
{
	struct ct_strings_block *b = s->blocks;

	if (!b || b->size - b->used <= n) {
		size_t size = n + 1 > BLOCK_BYTES ? n + 1 : BLOCK_BYTES;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		b->next = s->blocks;
		b->used = 0;
		b->size = size;
		s->blocks = b;
	}
	memcpy(b->bytes + b->used, text, n + 1);
	b->used += n + 1;
	return b->bytes + b->used - n - 1;
}

static uint32_t put(struct ct_strings *s, const char *text)
{
	size_t n = strlen(text);
	uint32_t hash = (uint32_t)ct_xxh64(text, n, 0), k = hash & s->mask, i;

	for (; (i = s->slots[k]); k = (k + 1) & s->mask)
		if (s->hash[i] == hash && !strcmp(s->text[i], text))
			return i;
	s->text[s->count] = keep(s, text, n);
	if (!s->text[s->count]) {
		s->failed = true;
		return 0;
	}
	s->hash[s->count] = hash;
	s->slots[k] = s->count;
	return s->count++;
}

uint32_t ct_strings_put(struct ct_strings *s, const char *text)
{
	uint32_t id;
	char *fit;

	if (!text || !*text || (s->count >= s->room && grow(s) < 0))
		return 0;
	if (s->raw || is_fit(text))
		return put(s, text);
	fit = strdup(text);
	if (!fit) {
		s->failed = true;
		return 0;
	}
	make_fit(fit);
	id = put(s, fit);
	free(fit);
	return id;
}

void ct_strings_free(struct ct_strings *s)
{
	struct ct_strings_block *b, *next;

	for (b = s->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(s->text);
	free(s->hash);
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
