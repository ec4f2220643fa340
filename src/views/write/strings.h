/*
 * strings.h - texts, each kept once, numbered from 1 in the order they were first asked for; 0 is "".
 *
 * What goes in is made fit for every format that is written from it: control characters and bytes that are not UTF-8 become '?'.  Formats that
 * can tell such bytes ask for raw texts.
 */
#ifndef CT_VIEWS_WRITE_STRINGS_H
#define CT_VIEWS_WRITE_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is an empty one. */
struct ct_strings {
	const char **text; /* text[0] is "" */
	uint32_t *hash;	   /* by number */
	uint32_t *slots;
	struct ct_strings_block *blocks; /* where the texts lie */
	uint32_t count, room;		 /* count: with "" */
	uint32_t mask;
	bool raw;    /* texts are kept as they come, and who writes them has to see to that */
	bool failed; /* out of memory, at any time: numbers handed out then are 0 */
};

/*
 * ct_strings_put - number of a text; 0 for NULL and ""
 * Context: tools.
 */
uint32_t ct_strings_put(struct ct_strings *s, const char *text);

/*
 * ct_strings_at - the text of a number, which stays where it is; "" when there is none
 * Context: tools.
 */
static inline const char *ct_strings_at(const struct ct_strings *s, uint32_t id)
{
	return id && id < s->count ? s->text[id] : "";
}

/* ct_strings_last - numbers up to this one are used */
static inline uint32_t ct_strings_last(const struct ct_strings *s)
{
	return s->count ? s->count - 1 : 0;
}

/*
 * ct_strings_free - give the memory back
 * Context: tools.
 */
void ct_strings_free(struct ct_strings *s);

#endif
