/* names.c - interned strings: blocks of bytes and an open-addressing table of pointers to them. */
#include "symbol/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/symbol.h"

#define BLOCK_BYTES ((size_t)256 * 1024)

struct block {
	struct block *next;
	size_t used, size;
	char bytes[];
};

struct slot {
	const char *s;
	uint32_t hash, len;
};

struct ct_names {
	struct block *blocks;
	struct slot *slots;
	size_t n_slots, n_used;
};

static uint32_t hash_of(const char *s, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ (h >> 32));
}

struct ct_names *ct_names_new(void)
{
	struct ct_names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->n_slots = 1024;
	n->slots = calloc(n->n_slots, sizeof(*n->slots));
	if (!n->slots) {
		free(n);
		return NULL;
	}
	return n;
}

void ct_names_free(struct ct_names *n)
{
	if (!n)
		return;
	for (struct block *b = n->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(n->slots);
	free(n);
}

static char *store(struct ct_names *n, size_t bytes)
{
	struct block *b = n->blocks;

	if (!b || b->size - b->used < bytes) {
		size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		b->used = 0;
		b->size = size;
		b->next = n->blocks;
		n->blocks = b;
	}
	b->used += bytes;
	return b->bytes + b->used - bytes;
}

static int grow(struct ct_names *n)
{
	size_t size = n->n_slots * 2;
	struct slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -1;
	for (size_t i = 0; i < n->n_slots; i++) {
		size_t at = n->slots[i].hash & (size - 1);

		if (!n->slots[i].s)
			continue;
		while (slots[at].s)
			at = (at + 1) & (size - 1);
		slots[at] = n->slots[i];
	}
	free(n->slots);
	n->slots = slots;
	n->n_slots = size;
	return 0;
}

const char *ct_names_add(struct ct_names *n, const char *s, size_t len)
{
	size_t kept = len > CT_SYM_NAME_MAX ? CT_SYM_NAME_MAX : len;
	uint32_t hash;
	char *copy;
	size_t at;

	if (!s)
		return NULL;
	/* a cut string must not be found as the short string it starts with */
	hash = hash_of(s, kept) ^ (kept < len ? 0x2e2e2eu : 0);
	if (n->n_used * 4 >= n->n_slots * 3 && grow(n) != 0)
		return NULL;
	for (at = hash & (n->n_slots - 1); n->slots[at].s; at = (at + 1) & (n->n_slots - 1)) {
		const struct slot *e = &n->slots[at];

		if (e->hash == hash && e->len == kept && memcmp(e->s, s, kept) == 0 &&
		    (e->s[kept] == '\0') == (kept == len))
			return e->s;
	}
	copy = store(n, kept + sizeof("..."));
	if (!copy)
		return NULL;
	memcpy(copy, s, kept);
	memcpy(copy + kept, kept < len ? "..." : "", kept < len ? sizeof("...") : 1);
	n->slots[at] = (struct slot){.s = copy, .hash = hash, .len = (uint32_t)kept};
	n->n_used++;
	return copy;
}

const char *ct_names_add_z(struct ct_names *n, const char *s)
{
	return s ? ct_names_add(n, s, strlen(s)) : NULL;
}
