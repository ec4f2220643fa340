/*
 * wait.c - the price of one record, and of the memory that holds them.
 *
 * wait30 times pthread_mutex_timedlock on a mutex that a parked thread holds for the whole run, with
 * a deadline before the epoch.  To a tracer that is a wait like any other: the lock is taken, there
 * is an owner, there is a stack, and in the end ETIMEDOUT.  glibc answers it without the kernel
 * (which rejects negative times), so the two context switches, or the 16 us of a timer that fires
 * at once, do not bury the 100 ns this is after.  Traced minus bare is what a record costs the
 * thread.  Run it with a threshold of 0, otherwise such waits are tallied and not recorded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frames.h"
#include "micro.h"

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *parked_body(void *p)
{
	pthread_barrier_t *gate = p;

	pthread_mutex_lock(&held);
	pthread_barrier_wait(gate); /* it is held */
	pthread_barrier_wait(gate); /* nobody wants it any more */
	pthread_mutex_unlock(&held);
	return NULL;
}

static __attribute__((noinline)) void wait_leaf(void *p)
{
	static const struct timespec before_epoch = {.tv_sec = -1};
	uint64_t *waits = p;
	int err = pthread_mutex_timedlock(&held, &before_epoch);

	if (err != ETIMEDOUT)
		bench_must(err ? err : EPROTO, "pthread_mutex_timedlock");
	(*waits)++;
}

static void park(pthread_t *id, pthread_barrier_t *gate)
{
	bench_must(pthread_barrier_init(gate, NULL, 2), "barrier");
	bench_must(pthread_create(id, NULL, parked_body, gate), "pthread_create");
	pthread_barrier_wait(gate);
}

static void unpark(pthread_t id, pthread_barrier_t *gate)
{
	pthread_barrier_wait(gate);
	bench_must(pthread_join(id, NULL), "pthread_join");
	pthread_barrier_destroy(gate);
}

void bench_wait30(struct bench_run *run)
{
	pthread_barrier_t gate;
	pthread_t parked;

	park(&parked, &gate);
	bench_begin(run);
	for (long i = 0; i < run->n; i++)
		frames_30(wait_leaf, &run->waits);
	bench_end(run);
	unpark(parked, &gate);
}

void bench_wait30_new(struct bench_run *run)
{
	pthread_barrier_t gate;
	pthread_t parked;
	uint32_t bits = 1;

	park(&parked, &gate);
	bench_begin(run);
	for (long i = 0; i < run->n; i++) {
		bits = bits * 1664525u + 1013904223u; /* full period: none comes twice */
		frames_path(bits, 30, wait_leaf, &run->waits);
	}
	bench_end(run);
	unpark(parked, &gate);
}

static void *rss_body(void *p)
{
	struct bench_arg *arg = p;
	uint64_t waits = 0;

	bench_ready(arg);
	for (long i = 0; i < arg->run->n; i++)
		frames_30(wait_leaf, &waits);
	return NULL;
}

/* The number in KiB behind @key in /proc/self/status. */
static uint64_t status_kib(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(key);
	uint64_t kib = 0;
	char line[256];

	bench_must(f ? 0 : errno, "/proc/self/status");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len))
			kib = strtoull(line + len, NULL, 10);
	fclose(f);
	return kib;
}

void bench_rss(struct bench_run *run)
{
	pthread_barrier_t gate;
	pthread_t parked;

	park(&parked, &gate);
	bench_threads(run, run->threads, rss_body, NULL);
	unpark(parked, &gate);
	run->waits = (uint64_t)run->n * (uint64_t)run->threads;
	run->wall_ns = status_kib("VmRSS:");
	run->cpu_ns = status_kib("VmHWM:");
}
