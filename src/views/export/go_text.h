/*
 * go_text.h - texts as other people's viewers can take them, and a place to keep many of them.
 */
#ifndef CT_VIEWS_GO_TEXT_H
#define CT_VIEWS_GO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * ct_go_text_clean - copy a text: control characters and what is not UTF-8 become '?', and it is cut after a whole character
 * @to:   room for `size` bytes; no NUL is added
 * @text: NULL: nothing
 * Returns its length.
 * Context: tools.
 */
size_t ct_go_text_clean(char *to, size_t size, const char *text);

/* Texts one after another in memory; a text is known by its place. */
struct ct_pool_text {
	char *bytes;
	uint32_t used, room;
};

/* ct_pool_text_add - Returns false when out of memory, or when it would be more than 4 GiB. */
bool ct_pool_text_add(struct ct_pool_text *t, const char *text, size_t n, uint32_t *place);

static inline const char *ct_pool_text_at(const struct ct_pool_text *t, uint32_t place)
{
	return t->bytes + place;
}

void ct_pool_text_free(struct ct_pool_text *t);

#endif
