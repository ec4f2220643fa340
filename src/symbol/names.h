/*
 * names.h - the strings of a session, each kept once.
 *
 * Strings are only added and die together, so they live in big blocks and a pointer once given out
 * stays good.  Equal strings have equal pointers.
 */
#ifndef CT_SYMBOL_NAMES_H
#define CT_SYMBOL_NAMES_H

#include <stddef.h>

struct ct_names;

/*
 * An empty table, NULL when out of memory.
 * Context: tools.
 */
struct ct_names *ct_names_new(void);

/*
 * Frees the table and every string in it.
 * Context: tools.
 */
void ct_names_free(struct ct_names *n);

/*
 * The kept copy of @s, which has @len bytes and need not end in NUL; more than CT_SYM_NAME_MAX
 * bytes are cut and end in "...".  NULL when out of memory or when @s is NULL.
 * Context: tools.
 */
const char *ct_names_add(struct ct_names *n, const char *s, size_t len);

/*
 * ct_names_add() of a NUL-terminated string.
 * Context: tools.
 */
const char *ct_names_add_z(struct ct_names *n, const char *s);

#endif
