/*
 * arena.h - the shared memory of a recording: how it is laid out, made, and mapped.
 *
 *   header | processes | trie nodes | modules | strings | private | chunks | slots
 *
 * Whoever records makes it: ctrace-run before it starts the program, or the preload's constructor when there is no ctrace-run.  Only
 * the first `used` slots and chunks have memory behind them; ctrace-run gives more as they are needed, so that a process never
 * touches a page that the filesystem could refuse (that would be SIGBUS in somebody else's program).
 * Every process that records keeps one struct ct_arena, which says where the parts are in its own address space.
 */
#ifndef CT_CAPTURE_ARENA_H
#define CT_CAPTURE_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include <ctrace/format.h>

#include "capture/dict.h"
#include "capture/filter.h"

#define CT_SLOT_WORDS  512 /* of 64 slots each */
#define CT_CHUNK_WORDS 1024
#define CT_WAKE_ROWS   2048
#define CT_BIRTH_ROWS  8192
#define CT_THREAD_ROWS 4096
#define CT_NAME_ROWS   2048
#define CT_TASK_ROWS   512

/* Who released a mutex last: see board.c. */
struct ct_wake_row {
	_Atomic uint64_t word, stack;
};

/* A task that has begun: see note.c.  `check` is of the three of one task, or nobody's. */
struct ct_task_row {
	_Atomic uint64_t begin, name, check;
};

/*
 * The region readers skip: free lists and boards.  All of it may be written by any process of the tree at any time, and a
 * process may be killed between any two stores; so every row is one word that is right by itself.
 */
struct ct_shared {
	_Atomic uint64_t slot_free[CT_SLOT_WORDS];     /* bit set: nobody's */
	_Atomic uint64_t chunk_free[CT_CHUNK_WORDS];   /* bit set: nobody's, and zeroed */
	_Atomic uint64_t chunk_sealed[CT_CHUNK_WORDS]; /* bit set: to be drained */
	_Atomic uint32_t ring_next; /* ring: where the next chunk to recycle is looked for */
	uint32_t bucket_mask;
	uint32_t root_pid;	  /* the program ctrace-run started; 0: any */
	uint32_t no_follow;	  /* 1: only root_pid records */
	_Atomic uint32_t unended; /* slots whose threads end without a word, to be looked after */
	uint32_t reserved[10];
	char filter[CT_FILTER_BYTES]; /* --only and --skip: see filter.h */
	/* by region type: items with memory behind them; of slots and chunks also what lies inside the file */
	_Atomic uint32_t limit[CT_REGIONS];
	_Atomic uint32_t reach[CT_REGIONS]; /* see ct_arena_extend() */
	struct ct_wake_row wake[CT_WAKE_ROWS] __attribute__((aligned(64)));
	_Atomic uint64_t birth[CT_BIRTH_ROWS];
	_Atomic uint64_t thread[CT_THREAD_ROWS];
	struct ct_task_row tasks[CT_TASK_ROWS];
	_Atomic uint32_t names[CT_NAME_ROWS]; /* string ids, by the hash of their texts (name.c) */
	_Atomic uint32_t buckets[];	      /* bucket_mask + 1 heads of the trie's hash chains */
};

/* Sizes of a new arena, in items. */
struct ct_arena_plan {
	uint32_t processes, slots, nodes, modules, strings, buckets, chunks, threads;
	/* with memory from the start; the private part and the threads always have it */
	uint32_t slots_backed, chunks_backed, processes_backed, nodes_backed, modules_backed,
		strings_backed;
};

struct ct_arena {
	struct ct_header *header; /* NULL: there is none */
	struct ct_shared *shared;
	struct ct_process_rec *processes;
	uint8_t *slots;
	struct ct_chunk *chunks;
	struct ct_thread_rec *threads; /* NULL: an arena of version 1.0 has none */
	uint32_t thread_rows;
	struct ct_dict dict;
};

/* A long-lived recording with somebody to drain it and give it memory. */
extern const struct ct_arena_plan ct_arena_plan_run;
/* A ring of bounded size made by the program itself: 24 MiB in all. */
extern const struct ct_arena_plan ct_arena_plan_alone;

/*
 * ct_arena_bytes - size of the mapping an arena of this plan needs
 * Context: any thread, any signal; no allocation, no libc.
 */
uint64_t ct_arena_bytes(const struct ct_arena_plan *plan);

/* ct_arena_plan_header - the part of the header that says where things are; ct_arena_format() does it too */
void ct_arena_plan_header(struct ct_header *h, const struct ct_arena_plan *plan);

/*
 * ct_arena_format - write header and free lists of a new arena into zeroed memory
 * @memory: ct_arena_bytes() bytes, zero, of which all but the unbacked slots and chunks may be written
 * The caller fills in what is its own: trace id, clock, thresholds, names; and then publishes the file.
 * Context: start-up; no allocation, no libc.
 */
void ct_arena_format(void *memory, const struct ct_arena_plan *plan, enum ct_policy policy);

/*
 * ct_arena_attach - find the parts of a mapped arena
 * @memory, @bytes: the mapping
 * Returns false when it is not an arena of this version or its regions do not fit.
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_arena_attach(struct ct_arena *arena, void *memory, uint64_t bytes);

/*
 * ct_arena_extent - bytes of the file from its start that must have memory when so many slots and chunks are backed
 * @type:  CT_REGION_SLOTS or CT_REGION_CHUNKS
 * @from, @to: items
 * Gives offset and length of the part to allocate.
 * Context: tools.
 */
void ct_arena_extent(const struct ct_header *h, enum ct_region_type type, uint64_t from,
		     uint64_t to, uint64_t *offset, uint64_t *length);

/*
 * ct_arena_publish - items [from, to) of a region have memory now: they may be used
 * Context: start-up, and tools.
 */
void ct_arena_publish(struct ct_arena *arena, enum ct_region_type type, uint64_t from, uint64_t to);

/*
 * ct_arena_take - a free slot or chunk, marked taken
 * The lowest one: what was used lately is warm, and memory that was never touched stays untouched.
 * Returns its index or -1.
 * Context: any thread, any signal; no allocation, no libc.
 */
int64_t ct_arena_take(struct ct_arena *arena, enum ct_region_type type);

/*
 * ct_arena_extend - one slot or chunk more than have memory, without waiting for whoever gives it
 * The kernel is asked for the pages (MADV_POPULATE_WRITE, Linux 5.14), which fails where a store would be a SIGBUS.  It is the one system call
 * the recorder makes while the program runs: when a thread is created and all slots are taken.
 * Returns its index, not marked free, or -1.
 * Context: any thread, any signal; no allocation, no libc.
 */
int64_t ct_arena_extend(struct ct_arena *arena, enum ct_region_type type);

/*
 * ct_arena_region - a region by its type; NULL when the header has none
 * Context: any thread, any signal; no allocation, no libc.
 */
struct ct_region *ct_arena_region(struct ct_header *h, enum ct_region_type type);

static inline struct ct_slot *ct_arena_slot(const struct ct_arena *arena, uint32_t index)
{
	return (struct ct_slot *)(void *)(arena->slots + (uint64_t)index * CT_SLOT_BYTES);
}

#endif
