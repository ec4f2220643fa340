/*
 * A capture runs inside somebody else's function call, on whatever stack that has.  These tests
 * hold what its header promises: same stack, same id, other stack, other id, however much was
 * remembered; a stack that was cut says so; 512 bytes; and a signal handler that leaves by longjmp
 * in the middle of a capture does not spoil those after it.
 */
/* timeout: 120 */
/* link: -ldl -lrt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "capture/module.h"
#include "capture/row.h"
#include "capture/stack.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

static _Atomic uint32_t node_count = 1, module_count = 1, string_used, buckets[4096];
static _Atomic uint64_t full;
static struct ct_trie_node nodes[65536];
static struct ct_module_rec modules[64];
static char strings[16384];
static struct ct_dict dict = {.nodes = nodes,
			      .node_cap = 65536,
			      .node_count = &node_count,
			      .buckets = buckets,
			      .bucket_mask = 4095,
			      .full_count = &full,
			      .modules = modules,
			      .module_cap = 64,
			      .module_count = &module_count,
			      .strings = strings,
			      .string_cap = sizeof(strings),
			      .string_used = &string_used};
static uint8_t cache_memory[CT_STACK_CACHE_BYTES] __attribute__((aligned(64)));
static struct ct_stack_cache *const cache = (void *)cache_memory;
static struct ct_stack_bounds bounds;
static volatile int sink;

static int old_libc; /* as if there were no _dl_find_object, which came with glibc 2.35 */

static void boot_with(const void *own)
{
	struct ct_module_boot boot = {0};

	boot.link_maps = _r_debug.r_map;
	boot.main_phdr = (void *)getauxval(AT_PHDR);
	boot.main_phnum = (unsigned)getauxval(AT_PHNUM);
	boot.main_path = "/the/test";
	boot.own = own;
	if (!old_libc)
		boot.find_object =
			(ct_find_object_fn *)(uintptr_t)dlsym(RTLD_DEFAULT, "_dl_find_object");
	assert_true(ct_module_init(&dict, &boot) > 1);
	memset(cache_memory, 0, sizeof(cache_memory));
}

static int setup(void **state)
{
	pthread_attr_t attr;
	void *lo;
	size_t bytes;

	(void)state;
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &lo, &bytes);
	pthread_attr_destroy(&attr);
	bounds.lo = (uintptr_t)lo;
	bounds.hi = bounds.lo + bytes;
	boot_with(NULL);
	return 0;
}

static NOINLINE unsigned frames_of(uint32_t id, unsigned *why)
{
	unsigned n = 0;

	*why = 0;
	for (; id; id = nodes[id].parent) {
		if (nodes[id].frame >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED)
			*why = (unsigned)(nodes[id].frame & 0xff);
		else
			n++;
	}
	return n;
}

/* With the trap flag a SIGTRAP comes after each instruction of the capture. */
#define TRAP_FLAG 0x100ul
static volatile unsigned long trap;

static void trap_from_here(unsigned long flag)
{
#if defined(__x86_64__)
	__asm__ volatile("pushfq; andq $~0x100, (%%rsp); orq %0, (%%rsp); popfq"
			 :
			 : "r"(flag)
			 : "cc", "memory");
#else
	(void)flag;
#endif
}

static NOINLINE uint32_t here(void)
{
	uint32_t id;

	trap_from_here(trap);
	id = ct_stack_capture(&dict, cache, &bounds);
	trap_from_here(0);
	sink++;
	return id;
}

/* Two ways to the same depth: frames of one size, so one sp, but different return addresses. */
static uint32_t climb(unsigned path, int depth);

static NOINLINE uint32_t left(unsigned path, int depth)
{
	uint32_t id = climb(path, depth);

	sink += 1;
	return id;
}

static NOINLINE uint32_t right(unsigned path, int depth)
{
	uint32_t id = climb(path, depth);

	sink += 2;
	return id;
}

static NOINLINE uint32_t climb(unsigned path, int depth)
{
	volatile char room[64];
	uint32_t id;

	room[depth & 63] = 1;
	if (depth == 0)
		id = here();
	else if (path & 1)
		id = left(path >> 1, depth - 1);
	else
		id = right(path >> 1, depth - 1);
	sink += room[depth & 63];
	return id;
}

static void ids_are_the_stacks(void **state)
{
	uint32_t id[256];
	unsigned why, n;

	(void)state;
	for (unsigned i = 0; i < 256; i++) /* from one place, whatever the compiler does to loops */
		id[i] = climb(i % 64, 6);
	for (unsigned i = 0; i < 256; i++)
		for (unsigned j = 0; j < i; j++)
			assert_int_equal(id[i] == id[j], i % 64 == j % 64);
	n = frames_of(id[0], &why);
	assert_int_equal(why, 0);
	assert_int_equal(frames_of(climb(0, 9), &why), n + 6);
	assert_int_equal(frames_of(climb(0, 40), &why), n + 68);
}

static void too_deep_is_marked(void **state)
{
	unsigned why;

	(void)state;
	assert_int_equal(frames_of(climb(0, 300), &why), CT_STACK_FRAMES);
	assert_int_equal(why, CT_STOP_DEPTH);
	assert_int_equal(climb(0, 300), climb(0, 300));
}

static void unknown_stack_is_cut(void **state)
{
	struct ct_stack_bounds known = bounds;
	unsigned why, n;
	uint32_t a, b;

	(void)state;
	bounds.lo = bounds.hi = 0;
	a = climb(5, 200);
	b = climb(5, 200);
	bounds = known;
	n = frames_of(a, &why);
	assert_int_equal(a, b);
	assert_int_equal(why, CT_STOP_BOUND);
	assert_in_range(n, 1, 2 * 4096 / 64);
}

static uint32_t from_qsort;

static int compare(const void *a, const void *b)
{
	from_qsort = ct_stack_capture(&dict, cache, &bounds);
	return *(const int *)a - *(const int *)b;
}

static void own_frames_are_left_out(void **state)
{
	int v[2] = {2, 1};
	unsigned why, n;

	(void)state;
	qsort(v, 2, sizeof(v[0]), compare);
	n = frames_of(from_qsort, &why);
	boot_with((void *)(uintptr_t)compare);
	qsort(v, 2, sizeof(v[0]), compare);
	assert_true(frames_of(from_qsort, &why) < n);
	assert_int_equal(why, 0);
	for (uint32_t i = from_qsort; i; i = nodes[i].parent) {
		uint32_t path = modules[nodes[i].frame >> CT_FRAME_MODULE_SHIFT].path;

		assert_string_not_equal(strings + path - 1, "/the/test");
	}
	boot_with(NULL);
}

/* Objects are then found in the list of those loaded at start, by looking for their ELF headers. */
static void without_find_object(void **state)
{
	int v[2] = {2, 1};
	uint32_t with = 0, id = 0;
	unsigned why, objects = 0;

	(void)state;
	for (volatile int i = 0; i < 2; i++) { /* volatile: from one place */
		old_libc = i;
		boot_with(NULL);
		qsort(v, 2, sizeof(v[0]), compare);
		id = from_qsort;
		if (i == 0)
			with = id;
	}
	assert_int_equal(id, with);
	assert_true(frames_of(id, &why) > 4);
	assert_int_equal(why, 0);
	for (const struct link_map *lm = _r_debug.r_map; lm; lm = lm->l_next) {
		objects++;
		assert_int_not_equal(ct_module_of_data((uintptr_t)lm->l_ld), 0);
	}
	assert_true(objects > 3); /* this program, the vDSO, libc, the dynamic linker */
	old_libc = 0;
	boot_with(NULL);
}

/* Code made at run time has no tables: its frame is kept by address, and the stack ends there. */
static void code_without_tables(void **state)
{
#if defined(__x86_64__)
	/* push %rax; call *%rdi; pop %rdx; ret */
	static const uint8_t code[] = {0x50, 0xff, 0xd7, 0x5a, 0xc3};
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t (*jit)(uint32_t(*)(void));
	uint32_t id, outer = 0;
	unsigned why;

	(void)state;
	memcpy(page, code, sizeof(code));
	jit = (uint32_t(*)(uint32_t(*)(void)))(uintptr_t)page;
	id = jit(here);
	for (int i = 0; i < 10; i++)
		assert_int_equal(jit(here), id);
	assert_int_equal(frames_of(id, &why), 2);
	assert_int_equal(why, CT_STOP_NO_CFI);
	for (uint32_t i = id; nodes[i].parent; i = nodes[i].parent)
		outer = i;
	assert_int_equal(nodes[outer].frame, (uintptr_t)page + 3);
	munmap(page, 4096);
#else
	(void)state;
	skip();
#endif
}

static int a_global = 1;

static void data_addresses(void **state)
{
	int local = 0;
	void *heap = test_malloc(16);
	uint64_t at = ct_module_of_data((uintptr_t)&a_global);
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);

	(void)state;
	assert_true(at >> CT_FRAME_MODULE_SHIFT > 0);
	assert_string_equal(strings + modules[at >> CT_FRAME_MODULE_SHIFT].path - 1, "/the/test");
	assert_int_equal((uintptr_t)&a_global - (at & CT_FRAME_OFFSET),
			 (uintptr_t)ph - ph[0].p_vaddr);
	assert_int_equal(ct_module_of_data((uintptr_t)&local), 0);
	assert_int_equal(ct_module_of_data((uintptr_t)heap), 0);
	assert_int_not_equal(ct_module_of_data((uintptr_t)&qsort), 0);
	test_free(heap);
}

static void full_dictionary_is_zero(void **state)
{
	struct ct_dict small = dict;
	_Atomic uint32_t count = 3;
	_Atomic uint32_t few[4] = {0};

	(void)state;
	small.node_cap = 5;
	small.node_count = &count;
	small.buckets = few;
	small.bucket_mask = 3;
	memset(cache_memory, 0, sizeof(cache_memory));
	full = 0;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(ct_stack_capture(&small, cache, &bounds), 0);
		assert_int_equal(full, i);
	}
	memset(cache_memory, 0, sizeof(cache_memory));
}

/* --- how much stack -------------------------------------------------------------------------- */

#if defined(__x86_64__) && defined(__OPTIMIZE__)

static uint8_t small_stack[65536] __attribute__((aligned(4096)));
static ucontext_t back, there;
static struct ct_stack_bounds small_bounds;
static unsigned deepest;

/* Paints what lies below, captures, and looks how far down the paint is gone. */
static NOINLINE void painted(void)
{
	uint8_t *sp = __builtin_frame_address(0);
	uint8_t *end = sp - 4096, *p;
	uintptr_t at;

	for (p = end; p < sp - 256; p++) /* this frame is smaller than that */
		*(volatile uint8_t *)p = 0xa5;
	__asm__ volatile("mov %%rsp, %0" : "=r"(at));
	ct_stack_capture(&dict, cache, &small_bounds);
	for (p = end; *(volatile uint8_t *)p == 0xa5;)
		p++;
	deepest = (unsigned)(at - (uintptr_t)p) > deepest ? (unsigned)(at - (uintptr_t)p) : deepest;
}

static int painted_compare(const void *a, const void *b)
{
	painted();
	return *(const int *)a - *(const int *)b;
}

static void on_signal(int sig)
{
	(void)sig;
	painted();
}

static void on_small_stack(void)
{
	int v[4] = {4, 3, 2, 1};

	qsort(v, 4, sizeof(v[0]), painted_compare);
	raise(SIGUSR1);
	painted();
	painted();
}

static void half_a_kilobyte(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	signal(SIGUSR1, on_signal);
	small_bounds.lo = (uintptr_t)small_stack;
	small_bounds.hi = small_bounds.lo + sizeof(small_stack);
	boot_with(NULL);
	getcontext(&there);
	there.uc_stack.ss_sp = small_stack;
	there.uc_stack.ss_size = sizeof(small_stack);
	there.uc_link = &back;
	makecontext(&there, on_small_stack, 0);
	swapcontext(&back, &there);
	print_message("deepest capture: %u bytes\n", deepest);
	assert_in_range(deepest, 64, 512);
}

#else

/* What unoptimised code needs is not what runs in programs. */
static void half_a_kilobyte(void **state)
{
	(void)state;
	skip();
}

#endif

/* --- handlers that do not come back ---------------------------------------------------------- */

static sigjmp_buf out;
static timer_t timer;
static volatile long jumps;

static void on_timer(int sig)
{
	(void)sig;
	here();
	jumps++;
	siglongjmp(out, 1);
}

static void arm(long ns)
{
	struct itimerspec t = {0};

	t.it_value.tv_nsec = ns;
	timer_settime(timer, 0, &t, NULL);
}

static void longjmp_out_of_captures(void **state)
{
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct sigaction sa = {.sa_handler = on_timer};
	uint32_t id;
	unsigned why, frames = frames_of(climb(1, 20), &why);

	(void)state;
	sigaction(SIGALRM, &sa, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	while (jumps < 3000) {
		if (sigsetjmp(out, 1) == 0) {
			arm(2000 + jumps * 1103 % 40000);
			for (unsigned i = 0;; i++)
				climb(i % 16, 20 + (int)(i % 3));
		}
	}
	timer_delete(timer);
	for (unsigned i = 0; i < 2000; i++) {
		id = climb(i % 16, 20);
		assert_int_equal(frames_of(id, &why), frames);
		assert_int_equal(why, 0);
	}
	/* the count of captures in progress is the first word, and none is */
	assert_int_equal(((const uint32_t *)(const void *)cache_memory)[0], 0);
}

#if defined(__x86_64__)
static volatile unsigned long traps, handler_had_none;

static void on_trap(int sig)
{
	unsigned long id = ct_stack_capture(&dict, cache, &bounds);

	(void)sig;
	if (!id)
		handler_had_none = 1;
	traps++;
}

/*
 * A handler that captures after every instruction of a capture, walks and replays, changes nothing of what comes of it.  Between the two stores
 * by which a capture says that it is there, one let the next use what the first was working with.
 */
static void handlers_at_any_instruction(void **state)
{
	struct sigaction sa = {.sa_handler = on_trap}, old;
	uint32_t id[64];

	(void)state;
	sigaction(SIGTRAP, &sa, &old);
	/* volatile, or the loop may be split, and climb() be called from two places */
	for (volatile unsigned i = 0; i < 64; i++) {
		trap = i >= 8 && i % 16 < 12 ? TRAP_FLAG : 0;
		if (i == 8)
			memset(cache_memory, 0, sizeof(cache_memory));
		id[i] = climb(i % 8, 3);
		trap = 0;
		assert_int_equal(id[i], id[i % 8]);
		assert_int_equal(((const uint32_t *)(const void *)cache_memory)[0], 0);
	}
	sigaction(SIGTRAP, &old, NULL);
	assert_true(traps > 10000);
	assert_int_equal(handler_had_none, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_the_stacks),
		cmocka_unit_test(too_deep_is_marked),
		cmocka_unit_test(unknown_stack_is_cut),
		cmocka_unit_test(own_frames_are_left_out),
		cmocka_unit_test(without_find_object),
		cmocka_unit_test(code_without_tables),
		cmocka_unit_test(data_addresses),
		cmocka_unit_test(full_dictionary_is_zero),
		cmocka_unit_test(half_a_kilobyte),
		cmocka_unit_test(longjmp_out_of_captures),
#if defined(__x86_64__)
		cmocka_unit_test(handlers_at_any_instruction),
#endif
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
