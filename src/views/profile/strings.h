/*
 * strings.h - texts numbered from 1 in the order they were first asked for; 0 is "".
 *
 * What goes in is made fit for every format that is written from it: control characters and bytes that are not UTF-8 become '?'.
 */
#ifndef CT_VIEWS_PROFILE_STRINGS_H
#define CT_VIEWS_PROFILE_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

struct ct_strings {
	char **text; /* text[0] is "" */
	uint32_t *slots;
	uint32_t count, room; /* count: with "" */
	uint32_t mask;
	bool failed; /* out of memory, at any time: numbers handed out then are 0 */
};

/*
 * ct_strings_put - number of a text; 0 for NULL and ""
 * Context: tools.
 */
uint32_t ct_strings_put(struct ct_strings *s, const char *text);

/*
 * ct_strings_at - the text of a number
 * Context: tools.
 */
static inline const char *ct_strings_at(const struct ct_strings *s, uint32_t id)
{
	return id && id < s->count ? s->text[id] : "";
}

/*
 * ct_strings_free - give the memory back
 * Context: tools.
 */
void ct_strings_free(struct ct_strings *s);

#endif
