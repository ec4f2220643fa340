/* link: -ldl -lrt -Wl,-z,lazy */
/*
 * stack_work.c - every kind of C frame, for stack_oracle.c to take stacks in.
 *
 * A tracer's stacks are trusted only as far as its unwinder was held against another one on the
 * code that breaks unwinders: frames of unknown size (alloca), realigned ones, tail calls, PLT
 * stubs and prologues interrupted by a signal, signal frames on top of signal frames, and code
 * that was not there a moment ago.  stack_work_*.c build the same under other options.
 *
 * Reads ORACLE_LIB_A and ORACLE_LIB_B: two libraries with a function `through`, to load in turn.
 */
#include <alloca.h>
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef WORK_SIGNALS
#define WORK_SIGNALS 30000 /* stacks taken at random instants, in all */
#endif

static void (*check)(void);
static void (*check_thread)(void);
static void (*unloaded)(void);
static volatile int sink;

#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

/* --- plain recursion through frames of all sizes ---------------------------------------------- */

typedef void body_fn(int depth);
static body_fn *const bodies[];

static NOINLINE void descend(int depth)
{
	if (depth <= 0) {
		check();
		return;
	}
	bodies[depth % 8](depth - 1);
	sink++;
}

static NOINLINE void tiny(int depth)
{
	descend(depth);
	sink++;
}

static NOINLINE void big(int depth)
{
	volatile char room[5000];

	room[depth] = 1;
	descend(depth);
	sink += room[depth];
}

static NOINLINE void many_registers(int depth)
{
	int a = sink, b = a * 3, c = b ^ depth, d = c + a, e = d * b;

	descend(depth);
	sink += a + b + c + d + e;
}

static NOINLINE void with_alloca(int depth)
{
	volatile char *p = alloca((size_t)(depth * 7 % 300) + 1);

	p[0] = 1;
	descend(depth);
	sink += p[0];
}

static NOINLINE void with_array(int depth)
{
	volatile int room[depth % 40 + 1];

	room[depth % 40] = depth;
	descend(depth);
	sink += room[depth % 40];
}

static NOINLINE void aligned(int depth)
{
	volatile int room[16] __attribute__((aligned(128)));

	room[3] = depth;
	descend(depth);
	sink += room[3];
}

static NOINLINE void aligned_and_alloca(int depth)
{
	volatile int room[16] __attribute__((aligned(64)));
	volatile char *p = alloca((size_t)(depth * 13 % 200) + 1);

	room[3] = p[0] = (char)depth;
	descend(depth);
	sink += room[3] + p[0];
}

static NOINLINE void tail_target(int depth)
{
	descend(depth);
	sink++;
}

static NOINLINE void tail(int depth)
{
	sink++;
	tail_target(depth);
}

static body_fn *const bodies[] = {tiny,	      big,     many_registers,	   with_alloca,
				  with_array, aligned, aligned_and_alloca, tail};

/* --- through the C library -------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	if (sink++ % 5 == 0)
		check();
	return *(const int *)a - *(const int *)b;
}

static void visit(const void *node, VISIT which, int depth)
{
	(void)node;
	(void)depth;
	if (which == leaf)
		check();
}

static NOINLINE void library_frames(void)
{
	int v[64], key = 40;
	void *root = NULL;

	for (int i = 0; i < 64; i++)
		v[i] = i * 37 % 64;
	for (int i = 0; i < 64; i++)
		tsearch(&v[i], &root, compare);
	twalk(root, visit);
	for (int i = 0; i < 64; i++)
		tdelete(&v[i], &root, compare);
	qsort(v, 64, sizeof(v[0]), compare);
	bsearch(&key, v, 64, sizeof(v[0]), compare);
}

/* --- signals sent to ourselves ---------------------------------------------------------------- */

static void on_inner(int sig)
{
	(void)sig;
	check();
}

static void on_outer(int sig, siginfo_t *info, void *context)
{
	volatile char room[200];

	(void)sig;
	(void)info;
	(void)context;
	room[0] = 1;
	check();
	raise(SIGUSR2);
	sink += room[0];
}

static NOINLINE void raise_here(int depth)
{
	volatile int room[16] __attribute__((aligned(64)));

	room[0] = depth;
	if (depth)
		raise_here(depth - 1);
	else
		raise(SIGUSR1);
	sink += room[0];
}

/* --- signals at random instants --------------------------------------------------------------- */

static __thread timer_t timer;
static __thread volatile long handled;

/* One shot after 5 to 68 us of real time: long enough to leave the handler, no two alike. */
static void arm(void)
{
	static __thread unsigned seed = 12345;
	struct itimerspec t = {0};

	seed = seed * 1103515245 + 12345;
	t.it_value.tv_nsec = 5000 + (seed >> 16) % 63 * 1000 + (seed >> 8) % 997;
	timer_settime(timer, 0, &t, NULL);
}

static void on_random(int sig)
{
	int saved = errno;

	(void)sig;
	check();
	handled++;
	arm();
	errno = saved;
}

static NOINLINE int plt_calls(int n)
{
	div_t d = {1, 1};

	/* each of these goes through a PLT entry into a function that is over in a few cycles */
	for (int i = 0; i < n; i++) {
		sink += (int)labs(i) + abs(-i) + ffs(i) + (int)strnlen("abc", 2) + toupper(i & 127);
		d = div(i, d.rem + 3);
		sink += d.quot;
	}
	return sink;
}

static void *random_victim(void *arg)
{
	char alternate[1 << 16];
	stack_t ss = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};

	check_thread();
	if (arg)
		sigaltstack(&ss, NULL);
	ev._sigev_un._tid = gettid();
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	arm();
	for (int i = 0; handled < WORK_SIGNALS / 4; i++) {
		plt_calls(200);
		descend(i % 60);
		if (i % 8 == 0)
			library_frames();
		if (i % 16 == 0)
			raise_here(3);
	}
	timer_delete(timer);
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	return NULL;
}

static void random_signals(int on_alternate)
{
	struct sigaction sa = {.sa_handler = on_random,
			       .sa_flags = SA_RESTART | (on_alternate ? SA_ONSTACK : 0)};
	pthread_t t[2];

	sigaction(SIGRTMIN, &sa, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, random_victim, on_alternate ? &sa : NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

/* --- code that comes and goes ----------------------------------------------------------------- */

static NOINLINE void *load_and_call(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW);
	void (*through)(void (*)(void), int);
	Dl_info info;

	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	through = (void (*)(void (*)(void), int))(uintptr_t)dlsym(lib, "through");
	dladdr((void *)(uintptr_t)through, &info);
	for (int i = 0; i < 3; i++)
		through(check, 5);
	dlclose(lib);
	unloaded();
	return info.dli_fbase;
}

static void changing_code(void)
{
	const char *a = getenv("ORACLE_LIB_A"), *b = getenv("ORACLE_LIB_B");
	int same = 0;

	if (!a || !b)
		return;
	for (int i = 0; i < 50; i++)
		same += load_and_call(i & 1 ? a : b) == load_and_call(i & 1 ? b : a);
	printf("  %d of 50 times the second library came to the place of the first\n", same);
}

/* --- a stack nobody told us about ------------------------------------------------------------- */

static ucontext_t caller_context, coroutine_context;

static void coroutine(void)
{
	for (int i = 0; i < 50; i++) {
		check();
		descend(i % 4);
	}
}

static NOINLINE void foreign_stack(void)
{
	char *room = malloc(1 << 17);

	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = room;
	coroutine_context.uc_stack.ss_size = 1 << 17;
	coroutine_context.uc_link = &caller_context;
	makecontext(&coroutine_context, coroutine, 0);
	swapcontext(&caller_context, &coroutine_context);
	free(room);
}

/* ---------------------------------------------------------------------------------------------- */

static NOINLINE void everything(void)
{
	for (int i = 0; i < 200; i++)
		descend(i);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 40; i += 3)
			descend(i);
		library_frames();
		for (int i = 0; i < 5; i++)
			raise_here(i);
	}
}

static void *thread(void *arg)
{
	check_thread();
	everything();
	return arg;
}

int main(int argc, char **argv)
{
	struct sigaction outer = {.sa_sigaction = on_outer, .sa_flags = SA_SIGINFO};
	struct sigaction inner = {.sa_handler = on_inner};
	pthread_t t[3];

	(void)argv;
	check = (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "oracle_check");
	check_thread = (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "oracle_thread");
	unloaded = (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "oracle_unloaded");
	if (!check || !check_thread || !unloaded) {
		fprintf(stderr, "run by stack_oracle.sh\n");
		return 77;
	}
	sigaction(SIGUSR1, &outer, NULL);
	sigaction(SIGUSR2, &inner, NULL);
	if (argc > 1) {
		foreign_stack();
		return 0;
	}
	everything();
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	changing_code();
	random_signals(0);
	random_signals(1);
	return 0;
}
