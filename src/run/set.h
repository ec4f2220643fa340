/*
 * set.h - a set of 64-bit keys, with a number for each.  Zero is no key.
 */
#ifndef CT_RUN_SET_H
#define CT_RUN_SET_H

#include <stddef.h>
#include <stdint.h>

struct ct_set_row {
	uint64_t key; /* 0: free */
	uint64_t value;
};

struct ct_set {
	struct ct_set_row *rows;
	size_t room, used; /* room is a power of two */
};

/*
 * ct_set_at - the row of a key, added with value 0 when it is new
 * @is_new: may be NULL
 * Returns NULL when out of memory or key is 0.  Rows move when others are added.
 * Context: tools.
 */
struct ct_set_row *ct_set_at(struct ct_set *s, uint64_t key, int *is_new);

/* ct_set_find - the row of a key, NULL when it is not there */
struct ct_set_row *ct_set_find(const struct ct_set *s, uint64_t key);

void ct_set_free(struct ct_set *s);

#endif
