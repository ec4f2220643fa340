/*
 * table.h - rows found by a key of fixed size, and pools that only grow.
 *
 * Rows lie one after another in memory and are numbered from 0 in the order they were first asked for; the number stays good,
 * a pointer only until the next put.  Nothing is ever removed.  A table that runs out of memory says so once and for all in
 * `failed`, and put then hands out row 0 so that the hot loop of the model needs no check per record.
 */
#ifndef CT_MODEL_TABLE_H
#define CT_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_NONE		  UINT32_MAX
#define CT_TABLE_ROWS_MAX ((1u << 26) - 2) /* more is "out of memory" */

struct ct_table {
	unsigned char *rows;
	uint32_t *slots; /* hash bits << 26 | row + 1, 0: empty; open addressing, linear probes */
	uint32_t count, room;
	uint32_t mask; /* slots - 1 */
	uint32_t row_bytes;
	uint32_t key_words; /* the key is the row's first 8 * key_words bytes */
	bool failed;
};

/*
 * ct_table_init - an empty table with room for one row
 * @row_bytes: size of a row, a multiple of 8
 * @key_bytes: how much of its start is the key, a multiple of 8
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_table_init(struct ct_table *t, size_t row_bytes, size_t key_bytes);

/*
 * ct_table_free - give the memory back
 * Context: tools.
 */
void ct_table_free(struct ct_table *t);

/*
 * ct_table_find - number of the row with this key, CT_NONE when there is none
 * Context: tools.
 */
uint32_t ct_table_find(const struct ct_table *t, const void *key);

/*
 * ct_table_put - number of the row with this key, made (zeroed behind the key) when it is not there
 * Context: tools.
 */
uint32_t ct_table_put(struct ct_table *t, const void *key);

/*
 * ct_table_row - the row itself; valid until the next put
 * Context: tools.
 */
static inline void *ct_table_row(const struct ct_table *t, uint32_t i)
{
	return t->rows + (size_t)i * t->row_bytes;
}

/* Items in blocks: numbered from 0, never moved, so that growing neither copies nor doubles the memory in use. */
#define CT_POOL_ITEMS 4096u

struct ct_pool {
	unsigned char **blocks;
	uint32_t count, block_room;
	uint32_t item_bytes;
	bool failed;
};

/*
 * ct_pool_add - number of a new, zeroed item; CT_NONE when there is no memory (then pool->failed is set)
 * Context: tools.
 */
uint32_t ct_pool_add(struct ct_pool *p);

/*
 * ct_pool_free - give the memory back
 * Context: tools.
 */
void ct_pool_free(struct ct_pool *p);

/*
 * ct_pool_at - the item itself
 * Context: tools.
 */
static inline void *ct_pool_at(const struct ct_pool *p, uint32_t i)
{
	return p->blocks[i / CT_POOL_ITEMS] + (size_t)(i % CT_POOL_ITEMS) * p->item_bytes;
}

#endif
