/* cflags: -shared -fPIC -fomit-frame-pointer -fno-builtin -fvisibility=hidden -fno-plt */
/* link: -ldl -Wl,-z,now */
/*
 * stack_oracle.c - holds our unwinder against libunwind, inside whatever program preloads it.
 *
 * Not a program but an object to preload (tests/run/stack_oracle.sh does).  The program calls
 * oracle_check() in places of its choice, also in signal handlers; each call takes the stack twice
 * at the same place and sorts the outcome into one of the classes below.  Our frames are dropped
 * from both, as the real preload object does.  At exit the totals are printed; a difference that
 * no class explains, fewer than 99.9 % equal stacks, or a capture that used more than 512 bytes of
 * stack makes the program exit with 1.
 *
 * libunwind is opened privately, so that it does not take over the program's C++ exceptions.
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

#ifdef __OPTIMIZE__
#define STACK_LIMIT_HOLDS 1
#else
#define STACK_LIMIT_HOLDS 0
#endif

#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

enum outcome {
	EQUAL,
	EQUAL_DEPTH,  /* equal as far as our 128 frames go */
	CUT_AT_BOUND, /* ours is the inner part: a foreign stack, read only within its page */
	CUT_NO_CFI,   /* ours is the inner part: no unwind tables; libunwind guesses by rbp */
	CUT_NESTED,   /* a handler interrupted a handler's capture */
	ORACLE_SHORT, /* libunwind gave up before the end of the stack, ours did not */
	ORACLE_FAILED, /* no loader lock in the handler: libunwind could not look; or it lost the very first step */
	WRONG,
	OUTCOMES
};
static const char *const outcome_names[OUTCOMES] = {
	"equal",	  "equal to our depth limit", "cut at foreign page", "cut without tables",
	"nested capture", "oracle stopped early",     "oracle failed",	     "WRONG"};

#define NODES	   (1u << 20)
#define ORACLE_MAX 512
#define PAINTED	   1024
#define DUMPS	   5

static struct {
	int (*init)(unw_cursor_t *, unw_context_t *);
	int (*step)(unw_cursor_t *);
	int (*reg)(unw_cursor_t *, int, unw_word_t *);
	int (*context)(unw_context_t *);
	void (*flush)(unw_addr_space_t, unw_word_t, unw_word_t);
	unw_addr_space_t *space;
} unw;

static struct ct_dict dict;
static _Atomic uint32_t node_count = 1, module_count = 1, string_used;
static _Atomic uint64_t full_count;
static _Atomic unsigned long outcomes[OUTCOMES], frames_compared, exact_compared;
static _Atomic unsigned long dumps[2]; /* [1]: of wrong ones, which others must not crowd out */
/* What a signal handler returns to; libunwind's own mark is racy.  libpthread had its own before glibc 2.34. */
static uintptr_t trampolines[2];
static _Atomic unsigned deepest; /* bytes of stack that one capture used */
static int drop_own = 1, expect_equal = 1;

struct oracle_thread {
	struct ct_stack_cache *cache;
	struct ct_stack_bounds bounds;
	volatile unsigned checks;
};
static __thread struct oracle_thread self __attribute__((tls_model("initial-exec")));

static void *pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	return p;
}

/* Called by every thread before its first check, while it may allocate. */
__attribute__((visibility("default"))) void oracle_thread(void)
{
	pthread_attr_t attr;
	void *lo;
	size_t bytes;

	if (self.cache)
		return;
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &lo, &bytes);
	pthread_attr_destroy(&attr);
	self.bounds.lo = (uintptr_t)lo;
	self.bounds.hi = (uintptr_t)lo + bytes;
	self.cache = pages(CT_STACK_CACHE_BYTES);
}

static uintptr_t raw_pc(uint64_t frame)
{
	uint64_t id = frame >> CT_FRAME_MODULE_SHIFT, offset = frame & CT_FRAME_OFFSET;
	unsigned n = atomic_load(&table.count);

	for (unsigned i = 1; id && i < n && i < CT_MODULE_MAX; i++)
		if (table.mod[i].id == id)
			return offset + table.mod[i].bias;
	return offset;
}

static int in_own(uintptr_t pc)
{
	return drop_own && pc >= table.mod[table.own].start && pc < table.mod[table.own].end;
}

static void dump(const char *who, const uintptr_t *pc, unsigned n, unsigned around)
{
	for (unsigned i = around > 3 ? around - 3 : 0; i < n && i < around + 4; i++) {
		Dl_info info = {0};

		dladdr((void *)pc[i], &info);
		dprintf(STDOUT_FILENO, "    %s #%u %#lx %s+%#lx %s\n", who, i, (unsigned long)pc[i],
			info.dli_fname ? info.dli_fname : "?",
			(unsigned long)(pc[i] - (uintptr_t)info.dli_fbase),
			info.dli_sname ? info.dli_sname : "");
	}
}

static enum outcome judge(const uintptr_t *ours, unsigned n, unsigned why, const uintptr_t *theirs,
			  unsigned m, unsigned same)
{
	if (why == CT_STOP_NESTED && n == 0)
		return CUT_NESTED;
	if (same < n && same < m)
		return WRONG;
	if (why == 0 && n == m)
		return EQUAL;
	if (why == CT_STOP_DEPTH && n == CT_STACK_FRAMES && same == n)
		return EQUAL_DEPTH;
	if (why == 0 && same == m && m < n)
		return m ? ORACLE_SHORT : ORACLE_FAILED;
	if (why == CT_STOP_BOUND && same == n)
		return CUT_AT_BOUND;
	if (why == CT_STOP_NO_CFI && same == n)
		return CUT_NO_CFI;
	if (why && same == m) /* both stopped early */
		return ORACLE_SHORT;
	(void)ours;
	(void)theirs;
	return WRONG;
}

static __attribute__((noinline)) void compare_stacks(uint32_t id, uintptr_t caller)
{
	uintptr_t ours[CT_STACK_FRAMES + 1], theirs[ORACLE_MAX];
	unsigned char exact[CT_STACK_FRAMES + 1];
	unsigned n = 0, m = 0, same = 0, why = 0, exact_same = 0, after_trampoline = 0, skipped = 0,
		 mark = 0;
	unw_cursor_t cursor;
	unw_context_t context;
	unw_word_t pc;
	const unsigned first = !drop_own; /* the place of the caller */
	enum outcome outcome;

	for (uint32_t i = id; i; i = dict.nodes[i].parent) {
		uint64_t frame = dict.nodes[i].frame;

		if (frame >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED) {
			why = (unsigned)(frame & 0xff);
			break;
		}
		exact[n] = !!(frame & CT_FRAME_EXACT);
		ours[n++] = raw_pc(frame);
	}

	unw.context(&context);
	unw.init(&cursor, &context);
	do {
		unsigned exact_here;

		if (unw.reg(&cursor, UNW_REG_IP, &pc) < 0 || !pc)
			break;
		exact_here = after_trampoline;
		/* which may be interrupted itself */
		after_trampoline = pc - trampolines[0] < 9 || pc - trampolines[1] < 9;
		if (in_own(pc) || (!drop_own && !skipped++))
			continue;
		if (m < n && exact[m] == exact_here)
			exact_same++;
		else if (m < n)
			mark = m;
		theirs[m++] = pc;
	} while (m < ORACLE_MAX && unw.step(&cursor) > 0);

	if (!drop_own && n && m) /* two calls in this very function */
		theirs[0] = ours[0];
	while (same < n && same < m && ours[same] == theirs[same])
		same++;
	outcome = judge(ours, n, why, theirs, m, same);
	if (outcome == EQUAL && exact_same != n)
		outcome = WRONG;
	/* where oracle_check returns to is beyond doubt; libunwind 1.3, interrupted in itself, may have missed a handler there */
	if (outcome == WRONG && same == first && n > first && ours[first] == caller)
		outcome = ORACLE_FAILED;
	atomic_fetch_add(&outcomes[outcome], 1);
	atomic_fetch_add(&frames_compared, same);
	for (unsigned i = 0; i < n; i++)
		atomic_fetch_add(&exact_compared, exact[i]);
	if ((outcome == WRONG || outcome == ORACLE_SHORT ||
	     (expect_equal && outcome > EQUAL_DEPTH)) &&
	    atomic_fetch_add(&dumps[outcome == WRONG], 1) < DUMPS) {
		dprintf(STDOUT_FILENO,
			"  %s: %u frames, stop %u; oracle %u; %u same, %u marks same\n",
			outcome_names[outcome], n, why, m, same, exact_same);
		dump("ours  ", ours, n, same < n ? same : mark);
		dump("oracle", theirs, m, same < m ? same : mark);
	}
}

/* Fills what lies below the stack pointer, or finds how far down from it that is gone. */
static __attribute__((noinline, no_sanitize("address"))) unsigned paint(uintptr_t sp, int look)
{
	volatile unsigned char *end = (unsigned char *)(sp - PAINTED), *p = end;

	if (!look)
		for (; p < (unsigned char *)sp - 128; p++)
			*p = 0xa5;
	else
		while (*p == 0xa5 && p < (unsigned char *)sp)
			p++;
	return (unsigned)(sp - (uintptr_t)p);
}

/* A small frame, so that a foreign stack is not cut right here. */
__attribute__((visibility("default"), noinline)) void oracle_check(void)
{
	unsigned serial = ++self.checks, used = 0;
	uintptr_t sp;
	uint32_t id;

	if (!self.cache)
		return;
	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
	if (expect_equal)
		paint(sp, 0);
	id = ct_stack_capture(&dict, self.cache, &self.bounds);
	if (expect_equal)
		used = paint(sp, 1);
	if (used > deepest && serial == self.checks) /* else a handler has been there */
		deepest = used;
	compare_stacks(id, (uintptr_t)__builtin_return_address(0));
	__asm__ volatile(""); /* keeps this frame */
}

/* Called after dlclose: libunwind trusts what it remembers of an address for ever, we do not. */
__attribute__((visibility("default"))) void oracle_unloaded(void)
{
	unw.flush(*unw.space, 0, 0);
}

static void *oracle_symbol(void *lib, const char *name)
{
	void *p = dlsym(lib, name);

	if (!p) {
		fprintf(stderr, "no %s in libunwind\n", name);
		_exit(77);
	}
	return p;
}

static void no_handler(int sig)
{
	(void)sig;
}

static uintptr_t find_trampoline(const char *library)
{
	struct sigaction none = {.sa_handler = SIG_DFL}, sa = {.sa_handler = no_handler};
	void *lib = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
	int (*set)(int, const struct sigaction *, struct sigaction *);

	set = lib ? (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(lib,
										      "sigaction")
		  : NULL;
	if (!set)
		return 0;
	set(SIGURG, &sa, NULL);
	set(SIGURG, &none, &sa);
	return (uintptr_t)sa.sa_restorer;
}

__attribute__((constructor)) static void start(void)
{
	struct ct_module_boot boot = {0};
	void *lib = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	if (!lib) {
		fprintf(stderr, "libunwind.so.8 is not installed\n");
		_exit(77);
	}
	unw.init = oracle_symbol(lib, "_ULx86_64_init_local");
	unw.step = oracle_symbol(lib, "_ULx86_64_step");
	unw.reg = oracle_symbol(lib, "_ULx86_64_get_reg");
	unw.context = oracle_symbol(lib, "_Ux86_64_getcontext");
	unw.flush = oracle_symbol(lib, "_Ux86_64_flush_cache");
	unw.space = oracle_symbol(lib, "_ULx86_64_local_addr_space");
	trampolines[0] = find_trampoline("libc.so.6");
	trampolines[1] = find_trampoline("libpthread.so.0");
	drop_own = !getenv("ORACLE_KEEP_OWN");
	expect_equal = !getenv("ORACLE_FOREIGN");

	dict.nodes = pages(NODES * sizeof(struct ct_trie_node));
	dict.node_cap = NODES;
	dict.node_count = &node_count;
	dict.buckets = pages(NODES * sizeof(uint32_t));
	dict.bucket_mask = NODES - 1;
	dict.full_count = &full_count;
	dict.modules = pages(1024 * sizeof(struct ct_module_rec));
	dict.module_cap = 1024;
	dict.module_count = &module_count;
	dict.strings = pages(1 << 20);
	dict.string_cap = 1 << 20;
	dict.string_used = &string_used;

	boot.link_maps = _r_debug.r_map;
	boot.main_phdr = (void *)getauxval(AT_PHDR);
	boot.main_phnum = (unsigned)getauxval(AT_PHNUM);
	boot.own = drop_own ? (void *)start : NULL;
	boot.find_object = (ct_find_object_fn *)dlsym(RTLD_DEFAULT, "_dl_find_object");
	ct_module_init(&dict, &boot);
	oracle_thread();
}

__attribute__((destructor)) static void finish(void)
{
	unsigned long all = 0, good = outcomes[EQUAL] + outcomes[EQUAL_DEPTH], places = 0;

	for (unsigned i = 0; i < OUTCOMES; i++)
		all += outcomes[i];
	/* glibc before 2.35 cannot be asked for objects that came later, so a stack ends where it meets one */
	if (!table.find_object)
		good += outcomes[CUT_NO_CFI];
	for (uint32_t i = 1; i < node_count && i < NODES; i++)
		places += !!(dict.nodes[i].frame & CT_FRAME_EXACT);
	fflush(NULL);
	printf("  stacks %lu, frames equal %lu, interrupted pcs %lu (%lu distinct stacks), nodes "
	       "%u, objects %u, %.3f %% equal\n",
	       all, frames_compared, exact_compared, places, node_count, module_count - 1,
	       all ? 100.0 * (double)good / (double)all : 0.0);
	for (unsigned i = 0; i < OUTCOMES; i++)
		if (outcomes[i])
			printf("    %-26s %lu\n", outcome_names[i], outcomes[i]);
	fflush(NULL);
	printf("    deepest capture, bytes     %u\n", deepest);
	fflush(NULL);
	if (deepest > 512 && STACK_LIMIT_HOLDS)
		_exit(1);
	if (!all || outcomes[WRONG] || full_count || (expect_equal && good < all - all / 1000))
		_exit(1);
}
