/*
 * dict.h - the dictionary of a trace: stacks as a trie, module records, strings.
 *
 * Shared by all threads of all processes that map the arena; nothing in it is ever changed or taken
 * out.  Layouts of nodes and module records are in ctrace/format.h; this is the writing side.
 */
#ifndef CT_CAPTURE_DICT_H
#define CT_CAPTURE_DICT_H

#include "ctrace/format.h"

/*
 * Where the parts lie in the arena, as this process maps it.  Counters count items in use including
 * the reserved first one, and may overshoot the capacity by the number of threads that met a full
 * table at once: readers clamp them.
 */
struct ct_dict {
	struct ct_trie_node *nodes; /* node 0 is the root */
	uint32_t node_cap;
	_Atomic uint32_t *node_count;
	_Atomic uint32_t *buckets; /* node at the head of each hash chain; 0 ends a chain */
	uint32_t bucket_mask;
	_Atomic uint64_t *full_count;  /* what did not fit, of any kind */
	struct ct_module_rec *modules; /* record of module id i is modules[i]; 0 is not used */
	uint32_t module_cap;
	_Atomic uint32_t *module_count;
	char *strings;
	uint32_t string_cap;
	_Atomic uint32_t *string_used; /* bytes */
	/*
	 * How much of each part has memory behind it so far, in items; grows while the recording runs.
	 * NULL: all of it.
	 */
	const _Atomic uint32_t *node_limit, *module_limit, *string_limit;
};

/**
 * ct_dict_stack - the node for `frame` called from the stack `parent`, made when it is new.
 *
 * Returns its id, or 0 when the table is full (counted) or parent is no node.
 * Context: any thread, any signal; no allocation, no libc.
 */
uint32_t ct_dict_stack(struct ct_dict *dict, uint32_t parent, uint64_t frame);

/**
 * ct_dict_string - append length bytes and a NUL; equal strings are not merged.
 *
 * Returns the string's id (offset + 1), or 0 when the blob is full (counted).
 * Context: any thread, any signal; no allocation, no libc.
 */
uint32_t ct_dict_string(struct ct_dict *dict, const char *s, size_t length);

/**
 * ct_dict_module - the id of the module with this path and build-id, made when it is new.
 *
 * @path: NUL-terminated; what is beyond 4095 bytes is cut off
 * @build_id: build_id_len bytes, at most 20 are kept
 * @vaddr_lo, @vaddr_hi: ELF addresses its segments cover
 * @ticks: now
 * Two processes that meet the same module at the same instant may make two records of it.
 * Returns the id, 1 to 0xfffe, or 0 when the table is full (counted).
 * Context: any thread, any signal; no allocation, no libc.
 */
uint16_t ct_dict_module(struct ct_dict *dict, const char *path, const uint8_t *build_id,
			size_t build_id_len, uint64_t vaddr_lo, uint64_t vaddr_hi, uint64_t ticks);

#endif
