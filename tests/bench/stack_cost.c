/* cflags: -fPIC -fno-builtin -fno-plt */
/* link: -ldl */
/*
 * stack_cost.c - nanoseconds of one ct_stack_capture.
 *
 *	stack_cost [ROUNDS]
 *
 * One line a case: NAME FRAMES NS, the median of ROUNDS batches.  "warm" is the same stack again,
 * "4_sites" the same four stacks in turn, "evicted" warm after 8 MiB of other data went through
 * the processor's caches, "new" a stack in which every frame is new to the dictionary, through
 * code whose rows are known, "new_code" the same with no rows known, as a process begins.
 */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* as libctrace.so is built */
#endif
#define CT_SYS_POISON_H /* the code under test is part of this file, which does use libc */
#include "capture/dict.c"
#include "capture/module.c"
#include "capture/cfi.c"
#include "capture/cfi_expr.c"
#include "capture/row.c"
#include "capture/stack.c"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#define NODES	     (1u << 22)
#define BUCKETS_HERE (1u << 16)
#define EVICT	     (8u << 20)

static struct ct_dict dict;
static _Atomic uint32_t node_count = 1, module_count = 1, string_used;
static _Atomic uint64_t full_count;
static struct ct_stack_cache *cache;
static struct ct_stack_bounds bounds;
static volatile uint32_t last; /* id */
static volatile int sink;
static double batch[1 << 16];
static int batches;
static unsigned char *other;

static enum { WARM, SITES, FRESH, NEW_CODE, EVICTED } what;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline __attribute__((always_inline)) void capture(void)
{
	last = ct_stack_capture(&dict, cache, &bounds);
}

static __attribute__((noinline)) void measure(void)
{
	double t, n = what == WARM || what == SITES ? 4000 : 1;

	if (what == EVICTED) {
		capture();
		memset(other, ++sink, EVICT);
	}
	t = now_ns();
	if (what == WARM)
		for (int i = 0; i < 4000; i++)
			capture();
	else if (what == SITES)
		for (int i = 0; i < 1000; i++) {
			capture();
			capture();
			capture();
			capture();
		}
	else
		capture();
	t = now_ns() - t;
	batch[batches++] = t / n - (n == 1 ? 22 : 0); /* reading the clock */
}

/* Which of two places calls at each depth is a bit of `path`: one stack for each number. */
typedef void level_fn(int depth, unsigned path);
static level_fn *const levels[8];

#define LEVEL(k)                                                                                   \
	static __attribute__((noinline)) void level##k(int depth, unsigned path)                   \
	{                                                                                          \
		volatile int room[4 + k];                                                          \
                                                                                                   \
		room[0] = depth;                                                                   \
		if (depth == 0)                                                                    \
			measure();                                                                 \
		else if (path & 1)                                                                 \
			levels[(depth + k) % 8](depth - 1, path >> 1);                             \
		else                                                                               \
			levels[(depth + k + 3) % 8](depth - 1, path >> 1);                         \
		sink += room[0];                                                                   \
	}
LEVEL(0)
LEVEL(1)
LEVEL(2)
LEVEL(3)
LEVEL(4)
LEVEL(5)
LEVEL(6)
LEVEL(7)
static level_fn *const levels[8] = {level0, level1, level2, level3, level4, level5, level6, level7};

static void *pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

static void run_case(const char *name, int kind, int depth, int rounds)
{
	uint32_t frames = 0;

	what = kind;
	batches = 0;
	while (batches < rounds) {
		if (kind == FRESH || kind == NEW_CODE) {
			memset(cache, 0, CT_STACK_CACHE_BYTES);
			memset(dict.buckets, 0, BUCKETS_HERE * sizeof(uint32_t));
			node_count = 1;
		}
		if (kind == NEW_CODE)
			memset((void *)rows, 0, sizeof(rows));
		level0(depth, 0x5a5a5);
	}
	for (uint32_t i = last; i; i = dict.nodes[i].parent)
		frames++;
	qsort(batch, (size_t)batches, sizeof(batch[0]), by_size);
	printf("%-10s %3u %8.1f\n", name, frames, batch[batches / 2]);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) % 65536 : 300;
	struct ct_module_boot boot = {0};
	pthread_attr_t attr;
	size_t bytes;
	void *lo;

	dict.nodes = pages(NODES * sizeof(struct ct_trie_node));
	dict.node_cap = NODES;
	dict.node_count = &node_count;
	dict.buckets = pages(BUCKETS_HERE * sizeof(uint32_t));
	dict.bucket_mask = BUCKETS_HERE - 1;
	dict.full_count = &full_count;
	dict.modules = pages(64 * sizeof(struct ct_module_rec));
	dict.module_cap = 64;
	dict.module_count = &module_count;
	dict.strings = pages(1 << 16);
	dict.string_cap = 1 << 16;
	dict.string_used = &string_used;
	boot.link_maps = _r_debug.r_map;
	boot.main_phdr = (void *)getauxval(AT_PHDR);
	boot.main_phnum = (unsigned)getauxval(AT_PHNUM);
	boot.find_object = (ct_find_object_fn *)dlsym(RTLD_DEFAULT, "_dl_find_object");
	ct_module_init(&dict, &boot);
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &lo, &bytes);
	bounds.lo = (uintptr_t)lo;
	bounds.hi = bounds.lo + bytes;
	cache = pages(CT_STACK_CACHE_BYTES);
	other = pages(EVICT);

	for (int depth = 4; depth <= 24; depth += 20) {
		run_case("warm", WARM, depth, rounds);
		run_case("4_sites", SITES, depth, rounds);
		run_case("evicted", EVICTED, depth, rounds / 10 + 1);
		run_case("new", FRESH, depth, rounds);
		run_case("new_code", NEW_CODE, depth, rounds);
	}
	return 0;
}
