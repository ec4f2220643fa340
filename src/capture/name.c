/*
 * name.c - names that come again and again, as numbers.
 *
 * A thread remembers by address the names it used last, and compares the text: a buffer may hold another name by now.  Behind that is one table
 * of string ids for all threads and processes, open addressing, insert only, so that whoever is killed in it leaves a string that nobody uses and
 * nothing else.  Both are bounded; what does not fit has no name, which is counted.
 */
#include "capture/note.h"

#include "sys/mem.h"
#include "sys/poison.h"

#define PROBES 16

static const char *text_of(uint32_t id)
{
	return ct_cap.arena.dict.strings + (id - 1);
}

/* Ids come from shared memory: one that points outside compares as different. */
static bool is_there(uint32_t id)
{
	return id && id <= ct_cap.arena.dict.string_cap - CT_NAME_BYTES;
}

static inline bool same(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (!*a)
			return true;
	return false;
}

static uint32_t hash_of(const char *s, size_t n)
{
	uint64_t h = n;

	while (n-- > 0)
		h = (h ^ (uint8_t)*s++) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t intern(const char *name, size_t n)
{
	struct ct_dict *d = &ct_cap.arena.dict;
	_Atomic uint32_t *table = ct_cap.arena.shared->names;
	uint32_t at = hash_of(name, n), mine = 0, i, there;

	for (i = 0; i < PROBES; i++, at++) {
		_Atomic uint32_t *row = &table[at % CT_NAME_ROWS];

		there = atomic_load_explicit(row, memory_order_acquire);
		if (!there) {
			mine = mine ? mine : ct_dict_string(d, name, n);
			if (!mine)
				return 0;
			if (atomic_compare_exchange_strong_explicit(
				    row, &there, mine, memory_order_release, memory_order_acquire))
				return mine;
		}
		if (is_there(there) && same(text_of(there), name))
			return there;
	}
	atomic_fetch_add_explicit(d->full_count, 1, memory_order_relaxed);
	return mine;
}

static __attribute__((noinline)) uint32_t look_up(const char *name)
{
	size_t n = ct_str_length(name, CT_NAME_BYTES + 1);
	char cut[CT_NAME_BYTES + 1];

	if (n <= CT_NAME_BYTES)
		return intern(name, n);
	ct_mem_copy(cut, name, CT_NAME_BYTES - 3);
	ct_mem_copy(cut + CT_NAME_BYTES - 3, "...", 4);
	return intern(cut, CT_NAME_BYTES);
}

uint32_t ct_name(struct ct_slot *s, const char *name)
{
	struct ct_slot_private *own = ct_own(s);
	unsigned i = (unsigned)((uintptr_t)name * 0x9e3779b1u >> 16) % CT_NAME_CACHE;
	uint32_t id;

	if (!name || !*name)
		return 0;
	id = own->names[i].id;
	if (__builtin_expect(own->names[i].at == name && is_there(id) && same(text_of(id), name),
			     1))
		return id;
	id = look_up(name);
	/* a handler that comes in between finds one address with the other's id, and sees by the text that it is another's */
	own->names[i].at = name;
	own->names[i].id = id;
	return id;
}
