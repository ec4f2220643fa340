/*
 * micro.c - small loops that each lean on one thing a tracer has to pay for.
 *
 *	micro [-n OPS] [-t THREADS] [--pin | --no-pin] NAME...     run these, one line each
 *	micro -l                                                   list names and defaults
 *
 * Each line is
 *	NAME OPS NS_PER_OP CPU_NS_PER_OP WAITS WAKES
 * wall and processor time of the loop alone.  WAITS and WAKES say how many the loop made by
 * construction ("-" where chance decides), so that bytes per record can be checked against what
 * a trace holds.  `rss` is the exception: its third and fourth column are VmRSS and VmHWM in KiB.
 *
 * It is NOT a load on any scale a user would recognise; apps.sh is.  Two rules make the figures
 * mean anything.  Ping-pongs run on ONE cpu (default for them): on two, an idle wake-up through
 * the kernel or a hypervisor costs five times the hand-off and swings.  Time outside a lock is
 * jittered: equal threads fall into step and never collide.
 *
 * Threads: sub-benchmarks start their own and join them.  Sizes are fixed work, not fixed time, so
 * that a bare and a traced run do the same.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "micro/micro.h"

static const struct bench {
	const char *name;
	bench_fn *fn;
	long n;	     /* default operations, about a third of a second */
	int threads; /* default threads */
	bool pin;    /* all threads on one cpu unless told otherwise */
	const char *what;
} benches[] = {
	{"cpu", bench_cpu, 3000000, 1, false, "arithmetic only: the control, must stay at 1.00"},
	{"uncontended", bench_uncontended, 60000000, 1, false, "lock+unlock, one thread"},
	{"uncontended_mt", bench_uncontended_mt, 20000000, 4, false, "each thread its own lock"},
	{"contended", bench_contended, 1000000, 4, false, "one lock, 120 ns in, 360 ns out"},
	{"deep", bench_deep, 800000, 4, false, "the same below 30 frames"},
	{"blocked", bench_blocked, 20000, 4, false, "one lock, 9 us in, 19 us out"},
	{"rwlock", bench_rwlock, 800000, 4, false, "1 write in 8, 120 ns in, 360 ns out"},
	{"handoff", bench_handoff, 50000, 2, true, "condvar ping-pong, round trips"},
	{"sem", bench_sem, 80000, 2, true, "semaphore ping-pong"},
	{"pipe", bench_pipe, 70000, 2, true, "one byte through two pipes"},
	{"socketpair", bench_socketpair, 30000, 2, true, "one byte through a socketpair"},
	{"create_join", bench_create_join, 20000, 1, true, "pthread_create + pthread_join"},
	{"read_fast", bench_read_fast, 2000000, 1, false, "read 1 byte of /dev/zero, one thread"},
	{"send_fast", bench_send_fast, 500000, 1, false, "send 1 byte that never blocks"},
	{"sleepers", bench_sleepers, 24000, 16, false, "100 us nanosleeps in many threads"},
	{"wait30", bench_wait30, 4000000, 1, false, "a wait below 30 frames, always the same"},
	{"wait30_new", bench_wait30_new, 5000, 1, false,
	 "a wait below 30 frames never seen before"},
	{"region", bench_region, 5000000, 1, false,
	 "a region of ctrace.h begins and ends; bare: one load and branch each"},
	{"log", bench_log, 3000000, 1, false, "a message of 41 bytes"},
	{"rss", bench_rss, 20000, 4, false, "resident KiB after n waits in each thread"},
};

#define BENCH_COUNT (sizeof(benches) / sizeof(benches[0]))

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void bench_must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "micro: %s: %s\n", what, strerror(err));
	exit(1);
}

void bench_begin(struct bench_run *run)
{
	run->cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	run->wall_ns = now_ns(CLOCK_MONOTONIC);
}

void bench_end(struct bench_run *run)
{
	run->wall_ns = now_ns(CLOCK_MONOTONIC) - run->wall_ns;
	run->cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - run->cpu_ns;
}

void bench_ready(struct bench_arg *arg)
{
	pthread_barrier_wait(arg->ready);
}

void bench_threads(struct bench_run *run, int count, void *(*fn)(void *), void *shared)
{
	pthread_t *ids = calloc((size_t)count, sizeof(*ids));
	struct bench_arg *args = calloc((size_t)count, sizeof(*args));
	pthread_barrier_t ready;

	bench_must(ids && args ? 0 : ENOMEM, "calloc");
	bench_must(pthread_barrier_init(&ready, NULL, (unsigned)count + 1), "barrier");
	for (int i = 0; i < count; i++) {
		args[i] = (struct bench_arg){
			.run = run,
			.index = i,
			.seed = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1),
			.shared = shared,
			.ready = &ready,
		};
		bench_must(pthread_create(&ids[i], NULL, fn, &args[i]), "pthread_create");
	}
	bench_begin(run);
	pthread_barrier_wait(&ready);
	for (int i = 0; i < count; i++)
		bench_must(pthread_join(ids[i], NULL), "pthread_join");
	bench_end(run);
	pthread_barrier_destroy(&ready);
	free(args);
	free(ids);
}

/* Confines this thread and all it will start to the last cpu allowed (the first serves irqs). */
static void pin_to_one(void)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		bench_must(errno, "sched_getaffinity");
	CPU_ZERO(&one);
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (!CPU_ISSET((size_t)cpu, &allowed))
			continue;
		CPU_SET((size_t)cpu, &one);
		break;
	}
	if (sched_setaffinity(0, sizeof(one), &one))
		bench_must(errno, "sched_setaffinity");
}

static void print_count(uint64_t count)
{
	if (count)
		printf(" %llu", (unsigned long long)count);
	else
		printf(" -");
}

static void run_one(const struct bench *b, long n, int threads, int pin)
{
	struct bench_run run = {.name = b->name};
	cpu_set_t before;

	run.n = n > 0 ? n : b->n;
	run.threads = threads > 0 ? threads : b->threads;
	if (sched_getaffinity(0, sizeof(before), &before))
		bench_must(errno, "sched_getaffinity");
	if (pin < 0 ? b->pin : pin)
		pin_to_one();
	b->fn(&run);
	if (sched_setaffinity(0, sizeof(before), &before))
		bench_must(errno, "sched_setaffinity");
	if (b->fn == bench_rss) /* not times: KiB now and at most */
		printf("%s %ld %llu %llu", run.name, run.n, (unsigned long long)run.wall_ns,
		       (unsigned long long)run.cpu_ns);
	else
		printf("%s %ld %.2f %.2f", run.name, run.n, (double)run.wall_ns / (double)run.n,
		       (double)run.cpu_ns / (double)run.n);
	print_count(run.waits);
	print_count(run.wakes);
	printf("\n");
	fflush(stdout);
}

static const struct bench *find(const char *name)
{
	for (size_t i = 0; i < BENCH_COUNT; i++)
		if (!strcmp(benches[i].name, name))
			return &benches[i];
	return NULL;
}

static void list(void)
{
	for (size_t i = 0; i < BENCH_COUNT; i++)
		printf("%-15s n=%-9ld t=%-3d %s%s\n", benches[i].name, benches[i].n,
		       benches[i].threads, benches[i].what, benches[i].pin ? " (one cpu)" : "");
}

static int usage(void)
{
	fprintf(stderr, "usage: micro [-n OPS] [-t THREADS] [--pin|--no-pin] NAME... | micro -l\n");
	return 2;
}

int main(int argc, char **argv)
{
	long n = 0;
	int threads = 0, pin = -1, i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-l")) {
			list();
			return 0;
		}
		if (!strcmp(argv[i], "--pin")) {
			pin = 1;
		} else if (!strcmp(argv[i], "--no-pin")) {
			pin = 0;
		} else if (!strcmp(argv[i], "-n") && i + 1 < argc) {
			n = atol(argv[++i]);
		} else if (!strcmp(argv[i], "-t") && i + 1 < argc) {
			threads = atoi(argv[++i]);
		} else {
			return usage();
		}
	}
	if (i == argc)
		return usage();
	for (; i < argc; i++) {
		const struct bench *b = find(argv[i]);

		if (!b) {
			fprintf(stderr, "micro: no sub-benchmark '%s', see micro -l\n", argv[i]);
			return 2;
		}
		run_one(b, n, threads, pin);
	}
	return 0;
}
