/*
 * arena.c - laying out and finding the parts of an arena.  See arena.h.
 */
#include "capture/arena.h"

#include "sys/raw.h"

#include "sys/poison.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

const struct ct_arena_plan ct_arena_plan_run = {
	.processes = 16384,
	.slots = 24576,
	.nodes = 524288,
	.modules = 8192,
	.strings = 4u << 20,
	.buckets = 32768,
	.chunks = 4096,
	.threads = 1, /* a ring wants more */
	.slots_backed = 16,
	.chunks_backed = 64,
	.processes_backed = 256,
	.nodes_backed = 16384,
	.modules_backed = 1024,
	.strings_backed = 131072,
};

const struct ct_arena_plan ct_arena_plan_alone = {
	.processes = 256,
	.slots = 160,
	.nodes = 131072,
	.modules = 2048,
	.strings = 1u << 20,
	.buckets = 16384,
	.chunks = 704,
	.threads = 1024,
	.slots_backed = 160,
	.chunks_backed = 704,
	.processes_backed = 256,
	.nodes_backed = 131072,
	.modules_backed = 2048,
	.strings_backed = 1u << 20,
};

#define PAGE 4096u

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/*
 * The order of the regions.  Slots come last, because they are most of the address space and hardly ever of the memory: the file ends
 * behind those that have memory, so that a program that locks all it has mapped (mlockall) is not given the rest.
 */
static void plan_regions(const struct ct_arena_plan *plan, struct ct_region r[CT_REGIONS])
{
	uint64_t private_bytes =
		sizeof(struct ct_shared) + (uint64_t)plan->buckets * sizeof(uint32_t);
	const struct ct_region want[CT_REGIONS] = {
		{CT_REGION_PROCESSES, sizeof(struct ct_process_rec), 0, plan->processes, 0},
		{CT_REGION_NODES, sizeof(struct ct_trie_node), 0, plan->nodes, 1},
		{CT_REGION_MODULES, sizeof(struct ct_module_rec), 0, plan->modules, 1},
		{CT_REGION_STRINGS, 1, 0, plan->strings, 0},
		{CT_REGION_PRIVATE, 1, 0, private_bytes, private_bytes},
		{CT_REGION_THREADS, sizeof(struct ct_thread_rec), 0, plan->threads, plan->threads},
		{CT_REGION_CHUNKS, CT_CHUNK_BYTES, 0, plan->chunks, 0},
		{CT_REGION_SLOTS, CT_SLOT_BYTES, 0, plan->slots, 0},
	};
	uint64_t offset = CT_HEADER_BYTES;
	int i;

	for (i = 0; i < CT_REGIONS; i++) {
		r[i] = want[i];
		r[i].offset = offset;
		offset += page_up(want[i].items * want[i].item_bytes);
	}
}

struct ct_region *ct_arena_region(struct ct_header *h, enum ct_region_type type)
{
	int i;

	for (i = 0; i < CT_REGIONS; i++)
		if (h->regions[i].type == (uint32_t)type)
			return &h->regions[i];
	return 0;
}

uint64_t ct_arena_bytes(const struct ct_arena_plan *plan)
{
	struct ct_region r[CT_REGIONS];
	int last = CT_REGIONS - 1;

	plan_regions(plan, r);
	return r[last].offset + page_up(r[last].items * r[last].item_bytes);
}

void ct_arena_plan_header(struct ct_header *h, const struct ct_arena_plan *plan)
{
	plan_regions(plan, h->regions);
	h->file_bytes = ct_arena_bytes(plan);
}

void ct_arena_format(void *memory, const struct ct_arena_plan *plan, enum ct_policy policy)
{
	struct ct_header *h = memory;
	struct ct_arena arena;

	h->major = CT_FORMAT_MAJOR;
	h->minor = CT_FORMAT_MINOR;
	h->header_bytes = CT_HEADER_BYTES;
	h->container = CT_ARENA;
	h->policy = (uint32_t)policy;
	h->next_thread = 1;
#if defined(__x86_64__)
	h->machine = 62; /* EM_X86_64 */
#else
	h->machine = 183; /* EM_AARCH64 */
#endif
	ct_arena_plan_header(h, plan);
	h->magic = CT_MAGIC;
	if (!ct_arena_attach(&arena, memory, h->file_bytes))
		return;
	arena.shared->bucket_mask = plan->buckets - 1;
	arena.dict.bucket_mask = plan->buckets - 1;
	ct_arena_publish(&arena, CT_REGION_SLOTS, 0, plan->slots_backed);
	ct_arena_publish(&arena, CT_REGION_CHUNKS, 0, plan->chunks_backed);
	ct_arena_publish(&arena, CT_REGION_PROCESSES, 0, plan->processes_backed);
	ct_arena_publish(&arena, CT_REGION_NODES, 0, plan->nodes_backed);
	ct_arena_publish(&arena, CT_REGION_MODULES, 0, plan->modules_backed);
	ct_arena_publish(&arena, CT_REGION_STRINGS, 0, plan->strings_backed);
}

/* A region is where it may be and has at least one whole item. */
static void *region_start(struct ct_header *h, uint64_t bytes, enum ct_region_type type,
			  uint64_t item_bytes)
{
	struct ct_region *r = ct_arena_region(h, type);

	if (!r || r->item_bytes != item_bytes || r->offset < CT_HEADER_BYTES || r->offset % 64 ||
	    r->offset > bytes)
		return 0;
	if (!r->items || r->items > (bytes - r->offset) / item_bytes)
		return 0;
	return (uint8_t *)h + r->offset;
}

/* The dictionary counts in 32 bits; a region's `used` is little-endian, so its low half is the same count. */
static _Atomic uint32_t *low_half(_Atomic uint64_t *word)
{
	return (_Atomic uint32_t *)(void *)word;
}

bool ct_arena_attach(struct ct_arena *a, void *memory, uint64_t bytes)
{
	struct ct_header *h = memory;
	struct ct_region *nodes, *modules, *strings;

	a->header = 0;
	if (bytes < CT_HEADER_BYTES || h->magic != CT_MAGIC || h->major != CT_FORMAT_MAJOR ||
	    h->container != CT_ARENA || (h->features & ~CT_FEATURES_KNOWN) ||
	    h->file_bytes != bytes)
		return false;
	a->processes = region_start(h, bytes, CT_REGION_PROCESSES, sizeof(struct ct_process_rec));
	a->slots = region_start(h, bytes, CT_REGION_SLOTS, CT_SLOT_BYTES);
	a->chunks = region_start(h, bytes, CT_REGION_CHUNKS, CT_CHUNK_BYTES);
	a->shared = region_start(h, bytes, CT_REGION_PRIVATE, 1);
	a->dict.nodes = region_start(h, bytes, CT_REGION_NODES, sizeof(struct ct_trie_node));
	a->dict.modules = region_start(h, bytes, CT_REGION_MODULES, sizeof(struct ct_module_rec));
	a->dict.strings = region_start(h, bytes, CT_REGION_STRINGS, 1);
	a->threads = region_start(h, bytes, CT_REGION_THREADS, sizeof(struct ct_thread_rec));
	a->thread_rows = a->threads ? (uint32_t)ct_arena_region(h, CT_REGION_THREADS)->items : 0;
	if (!a->processes || !a->slots || !a->chunks || !a->shared || !a->dict.nodes ||
	    !a->dict.modules || !a->dict.strings)
		return false;
	nodes = ct_arena_region(h, CT_REGION_NODES);
	modules = ct_arena_region(h, CT_REGION_MODULES);
	strings = ct_arena_region(h, CT_REGION_STRINGS);
	a->dict.node_cap = (uint32_t)nodes->items;
	a->dict.node_count = low_half(&nodes->used);
	a->dict.buckets = a->shared->buckets;
	a->dict.bucket_mask = a->shared->bucket_mask;
	a->dict.full_count = &h->lost[CT_LOSS_DICT_FULL];
	a->dict.module_cap = (uint32_t)modules->items;
	a->dict.module_count = low_half(&modules->used);
	a->dict.string_cap = (uint32_t)strings->items;
	a->dict.string_used = low_half(&strings->used);
	a->dict.node_limit = &a->shared->limit[CT_REGION_NODES];
	a->dict.module_limit = &a->shared->limit[CT_REGION_MODULES];
	a->dict.string_limit = &a->shared->limit[CT_REGION_STRINGS];
	a->header = h;
	return true;
}

void ct_arena_extent(const struct ct_header *h, enum ct_region_type type, uint64_t from,
		     uint64_t to, uint64_t *offset, uint64_t *length)
{
	const struct ct_region *r = ct_arena_region((struct ct_header *)(uintptr_t)h, type);

	*offset = r->offset + from * r->item_bytes;
	*length = (to - from) * r->item_bytes;
}

static void set_bits(_Atomic uint64_t *bits, uint64_t from, uint64_t to)
{
	uint64_t i;

	for (i = from; i < to; i++)
		atomic_fetch_or_explicit(&bits[i / 64], 1ull << (i % 64), memory_order_release);
}

/* Of slots and chunks `used` tells readers how many there are to look at; it only grows. */
static void raise_used(struct ct_region *r, uint64_t to)
{
	uint64_t was = atomic_load_explicit(&r->used, memory_order_relaxed);

	while (was < to && !atomic_compare_exchange_weak_explicit(
				   &r->used, &was, to, memory_order_release, memory_order_relaxed))
		;
}

void ct_arena_publish(struct ct_arena *a, enum ct_region_type type, uint64_t from, uint64_t to)
{
	struct ct_region *r = ct_arena_region(a->header, type);

	if (type != CT_REGION_SLOTS && type != CT_REGION_CHUNKS) {
		atomic_store_explicit(&a->shared->limit[type], (uint32_t)to, memory_order_release);
		return;
	}
	raise_used(r, to);
	if (!from)
		atomic_store_explicit(&a->shared->limit[type], (uint32_t)to, memory_order_release);
	set_bits(type == CT_REGION_SLOTS ? a->shared->slot_free : a->shared->chunk_free, from, to);
}

int64_t ct_arena_take(struct ct_arena *a, enum ct_region_type type)
{
	_Atomic uint64_t *free_bits =
		type == CT_REGION_SLOTS ? a->shared->slot_free : a->shared->chunk_free;
	uint32_t words = (atomic_load_explicit(&a->shared->limit[type], memory_order_relaxed) +
			  63) /
			 64,
		 w;

	for (w = 0; w < words; w++) {
		uint64_t bits = atomic_load_explicit(&free_bits[w], memory_order_relaxed);

		while (bits) {
			uint64_t bit = bits & (0 - bits);

			bits = atomic_fetch_and_explicit(&free_bits[w], ~bit, memory_order_acquire);
			if (bits & bit)
				return (int64_t)w * 64 + __builtin_ctzll(bit);
			bits &= ~bit;
		}
	}
	return -1;
}

int64_t ct_arena_extend(struct ct_arena *a, enum ct_region_type type)
{
	struct ct_region *r = ct_arena_region(a->header, type);
	_Atomic uint32_t *limit = &a->shared->limit[type];
	uint32_t reach = atomic_load_explicit(&a->shared->reach[type], memory_order_acquire), i;

	/* only what has memory comes below the limit: whoever walks up to it touches all of them */
	i = atomic_load_explicit(limit, memory_order_relaxed);
	do {
		if (i >= reach ||
		    ct_syscall3(__NR_madvise,
				(uint8_t *)a->header + r->offset + (uint64_t)i * r->item_bytes,
				r->item_bytes, MADV_POPULATE_WRITE) < 0)
			return -1;
	} while (!atomic_compare_exchange_weak_explicit(limit, &i, i + 1, memory_order_release,
							memory_order_relaxed));
	raise_used(r, (uint64_t)i + 1);
	return i;
}
