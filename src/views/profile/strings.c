/*
 * strings.c - see strings.h.  Open addressing; a slot holds a text's number, 0 is an empty one.
 */
#include "strings.h"

#include <stdlib.h>
#include <string.h>

#include "file/xxh64.h"
#include "views/analyze/text.h"

static void clean(char *text)
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
	char **text = realloc(s->text, room * sizeof(*text));
	uint32_t *slots = calloc(mask + 1u, sizeof(*slots));

	if (text)
		s->text = text;
	if (!text || !slots || room > 1u << 28) {
		free(slots);
		s->failed = true;
		return -1;
	}
	if (!s->count) {
		s->text[0] = NULL;
		s->count = 1;
	}
	for (i = 1; i < s->count; i++) {
		k = (uint32_t)ct_xxh64(s->text[i], strlen(s->text[i]), 0) & mask;
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

uint32_t ct_strings_put(struct ct_strings *s, const char *text)
{
	uint32_t k;
	char *own;

	if (!text || !*text || (s->count >= s->room && grow(s) < 0))
		return 0;
	own = strdup(text);
	if (!own) {
		s->failed = true;
		return 0;
	}
	clean(own);
	k = (uint32_t)ct_xxh64(own, strlen(own), 0) & s->mask;
	for (; s->slots[k]; k = (k + 1) & s->mask) {
		if (!strcmp(s->text[s->slots[k]], own)) {
			free(own);
			return s->slots[k];
		}
	}
	s->slots[k] = s->count;
	s->text[s->count] = own;
	return s->count++;
}

void ct_strings_free(struct ct_strings *s)
{
	uint32_t i;

	for (i = 1; i < s->count; i++)
		free(s->text[i]);
	free(s->text);
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
