/*
 * go_text.c - see go_text.h.
 */
#include "views/export/go_text.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the character at s; 0: it is none.  No surrogates, nothing longer than need be. */
static size_t utf8_length(const unsigned char *s)
{
	uint32_t c, least;
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
	return c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

size_t ct_go_text_clean(char *to, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0, n;

	while (s && *s) {
		n = utf8_length(s);
		if (used + (n ? n : 1) > size)
			break;
		if (!n || *s < 0x20 || *s == 0x7f) {
			to[used++] = '?';
			s++;
			continue;
		}
		memcpy(to + used, s, n);
		used += n;
		s += n;
	}
	return used;
}

bool ct_pool_text_add(struct ct_pool_text *t, const char *text, size_t n, uint32_t *place)
{
	if (n > UINT32_MAX / 2 - t->used)
		return false;
	if (t->used + n > t->room) {
		uint32_t room = t->room * 2 > t->used + (uint32_t)n ? t->room * 2
								    : t->used + (uint32_t)n + 4096;
		char *p = realloc(t->bytes, room);

		if (!p)
			return false;
		t->bytes = p;
		t->room = room;
	}
	memcpy(t->bytes + t->used, text, n);
	*place = t->used;
	t->used += (uint32_t)n;
	return true;
}

void ct_pool_text_free(struct ct_pool_text *t)
{
	free(t->bytes);
	*t = (struct ct_pool_text){0};
}
