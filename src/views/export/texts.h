/*
 * texts.h - texts, each kept once, numbered from 1 in the order they were first asked for.
 */
#ifndef CT_VIEWS_TEXTS_H
#define CT_VIEWS_TEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/table.h"

struct ct_names;

struct ct_export_texts {
	struct ct_names *kept;
	struct ct_table numbers; /* place of a kept text -> number */
	const char **all;	 /* by number */
	uint32_t room;
	bool failed; /* out of memory, at any time */
};

/*
 * ct_export_texts_init, ct_export_texts_free - nothing yet; give the memory back, also after a failed init
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_export_texts_init(struct ct_export_texts *t);
void ct_export_texts_free(struct ct_export_texts *t);

/*
 * ct_export_texts_put - number of a text, which is kept; 0 when out of memory
 * Context: tools.
 */
uint32_t ct_export_texts_put(struct ct_export_texts *t, const char *text);

/* ct_export_texts_count - numbers up to this one are used */
static inline uint32_t ct_export_texts_count(const struct ct_export_texts *t)
{
	return t->numbers.count;
}

/* ct_export_texts_at - the text of a number; "" when there is none */
static inline const char *ct_export_texts_at(const struct ct_export_texts *t, uint32_t number)
{
	return number && number <= t->numbers.count && number < t->room ? t->all[number] : "";
}

#endif
