/*
 * dict.c - insert-only tables that many processes share and any of them may die in.
 *
 * A stack is a path in a trie: a node holds one frame and points to the node of its caller, so
 * stacks share their outer parts and a stack id is one number.  Nodes are found through a hash of
 * (parent, frame):
 *
 *   buckets            nodes
 *   +---+      +---------------------------+
 *   | 7 | ---> | frame | parent | next = 3 | --+
 *   | 0 |      +---------------------------+   |
 *   |...|      | frame | parent | next = 0 | <-+
 *   +---+      +---------------------------+
 *
 * An insert takes the next free node, fills it and swings the bucket head to it by
 * compare-and-swap.  Until then nobody can reach the node, afterwards it never changes: a writer
 * killed anywhere leaves at most one unused node, and nobody waits for anybody.  When the swap fails
 * the chain has grown at its head, so only the new part is searched again; if another thread has put
 * the same node there, ours stays unused.
 *
 * What this is not: a map that can forget.  A full table says so in full_count and gives the
 * unknown stack.  Indices read from shared memory are range-checked, so even a scribbled table leads
 * to a wrong stack, never to a wrong address; chains are cut after CHAIN_MAX steps likewise.
 */
#include "capture/dict.h"
#include "sys/mem.h"
#include "sys/poison.h"

#define CHAIN_MAX      4096u
#define PATH_MAX_BYTES 4095u

_Static_assert(sizeof(struct ct_trie_node) == 16, "wire layout");
_Static_assert(sizeof(struct ct_module_rec) == 64, "wire layout");

static uint32_t hash_of(uint32_t parent, uint64_t frame)
{
	uint64_t h = (frame ^ ((uint64_t)parent << 32) ^ parent) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(h >> 32);
}

/* Takes the next item of a table whose item 0 is reserved; 0 when it is full. */
static uint32_t take(_Atomic uint32_t *count, uint32_t cap)
{
	uint32_t i;

	do {
		if (atomic_load_explicit(count, memory_order_relaxed) >= cap)
			return 0;
		i = atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
	} while (i == 0);
	return i < cap ? i : 0;
}

/* The room of a part at this moment. */
static uint32_t room(const _Atomic uint32_t *limit, uint32_t cap)
{
	uint32_t backed = limit ? atomic_load_explicit(limit, memory_order_acquire) : cap;

	return backed < cap ? backed : cap;
}

static void note_full(struct ct_dict *dict)
{
	atomic_fetch_add_explicit(dict->full_count, 1, memory_order_relaxed);
}

/* Searches the chain from head up to, not including, the node `until`. */
static uint32_t find(const struct ct_dict *dict, uint32_t head, uint32_t until, uint32_t parent,
		     uint64_t frame)
{
	uint32_t i = head;

	for (unsigned hops = 0; i != until && i && i < dict->node_cap && hops < CHAIN_MAX; hops++) {
		const struct ct_trie_node *n = &dict->nodes[i];

		if (n->frame == frame && n->parent == parent)
			return i;
		i = n->next;
	}
	return 0;
}

uint32_t ct_dict_stack(struct ct_dict *dict, uint32_t parent, uint64_t frame)
{
	_Atomic uint32_t *bucket = &dict->buckets[hash_of(parent, frame) & dict->bucket_mask];
	uint32_t head = atomic_load_explicit(bucket, memory_order_acquire);
	uint32_t mine, found, searched;
	struct ct_trie_node *n;

	if (parent >= dict->node_cap)
		return 0;
	found = find(dict, head, 0, parent, frame);
	if (found)
		return found;

	mine = take(dict->node_count, room(dict->node_limit, dict->node_cap));
	if (!mine) {
		note_full(dict);
		return 0;
	}
	n = &dict->nodes[mine];
	n->frame = frame;
	n->parent = parent;
	for (;;) {
		n->next = head;
		searched = head;
		if (atomic_compare_exchange_strong_explicit(
			    bucket, &head, mine, memory_order_release, memory_order_acquire))
			return mine;
		found = find(dict, head, searched, parent, frame);
		if (found)
			return found;
	}
}

uint32_t ct_dict_string(struct ct_dict *dict, const char *s, size_t length)
{
	uint32_t at = atomic_load_explicit(dict->string_used, memory_order_relaxed);
	uint32_t cap = room(dict->string_limit, dict->string_cap);

	do {
		if (at >= cap || length >= cap - at) {
			note_full(dict);
			return 0;
		}
	} while (!atomic_compare_exchange_weak_explicit(
		dict->string_used, &at, at + (uint32_t)length + 1, memory_order_relaxed,
		memory_order_relaxed));
	ct_mem_copy(dict->strings + at, s, length);
	dict->strings[at + length] = 0;
	return at + 1;
}

static int same_string(const struct ct_dict *dict, uint32_t id, const char *s, size_t length)
{
	return id && id <= dict->string_cap && length < dict->string_cap - (id - 1) &&
	       ct_mem_equal(dict->strings + id - 1, s, length) &&
	       dict->strings[id - 1 + length] == 0;
}

uint16_t ct_dict_module(struct ct_dict *dict, const char *path, const uint8_t *build_id,
			size_t build_id_len, uint64_t vaddr_lo, uint64_t vaddr_hi, uint64_t ticks)
{
	size_t length = ct_str_length(path, PATH_MAX_BYTES);
	uint32_t cap = room(dict->module_limit, dict->module_cap < CT_MODULE_TRUNCATED
							? dict->module_cap
							: CT_MODULE_TRUNCATED);
	uint32_t used = atomic_load_explicit(dict->module_count, memory_order_relaxed);
	struct ct_module_rec *rec;
	uint32_t i;

	if (build_id_len > sizeof(rec->build_id))
		build_id_len = sizeof(rec->build_id);
	for (i = 1; i < used && i < cap; i++) {
		rec = &dict->modules[i];
		if (atomic_load_explicit(&rec->state, memory_order_acquire) == 2 &&
		    rec->build_id_len == build_id_len &&
		    ct_mem_equal(rec->build_id, build_id, build_id_len) &&
		    rec->vaddr_hi == vaddr_hi && same_string(dict, rec->path, path, length))
			return (uint16_t)i;
	}
	i = take(dict->module_count, cap);
	if (!i) {
		note_full(dict);
		return 0;
	}
	rec = &dict->modules[i];
	atomic_store_explicit(&rec->state, 1, memory_order_relaxed);
	rec->path = ct_dict_string(dict, path, length);
	rec->build_id_len = (uint8_t)build_id_len;
	ct_mem_copy(rec->build_id, build_id, build_id_len);
	rec->vaddr_lo = vaddr_lo;
	rec->vaddr_hi = vaddr_hi;
	rec->first_seen_ticks = ticks;
	atomic_store_explicit(&rec->state, 2, memory_order_release);
	return (uint16_t)i;
}
