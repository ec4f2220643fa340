/*
 * lock.c - locks: free, fought over for a moment, fought over for long.
 *
 * `contended` is where a tracer is tempted to write a record for every failed trylock: about one
 * acquisition in six finds the lock taken and one in a thousand sleeps.  `deep` is the same with a
 * stack that is dear to walk; a waker's stack taken inside the critical section shows up there.
 */
#include "frames.h"
#include "micro.h"

enum {
	STEPS_IN_SHORT = 150,  /* about 120 ns */
	STEPS_OUT_SHORT = 450, /* about 360 ns */
	STEPS_IN_LONG = 11500, /* about 9 us */
	STEPS_OUT_LONG = 24000 /* about 19 us */
};

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t shared_rwlock = PTHREAD_RWLOCK_INITIALIZER;

void bench_cpu(struct bench_run *run)
{
	bench_begin(run);
	for (long i = 0; i < run->n; i++)
		bench_work(STEPS_IN_SHORT);
	bench_end(run);
}

void bench_uncontended(struct bench_run *run)
{
	bench_begin(run);
	for (long i = 0; i < run->n; i++) {
		pthread_mutex_lock(&shared_lock);
		pthread_mutex_unlock(&shared_lock);
	}
	bench_end(run);
}

/* The share of @run's operations that one of its threads does. */
static long share(const struct bench_run *run)
{
	long each = run->n / run->threads;

	return each ? each : 1;
}

static void *own_lock_body(void *p)
{
	struct bench_arg *arg = p;
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	long n = share(arg->run);

	bench_ready(arg);
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

void bench_uncontended_mt(struct bench_run *run)
{
	bench_threads(run, run->threads, own_lock_body, NULL);
	run->n = share(run) * run->threads;
}

static void *contended_body(void *p)
{
	struct bench_arg *arg = p;
	long n = share(arg->run);

	bench_ready(arg);
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&shared_lock);
		bench_work(STEPS_IN_SHORT);
		pthread_mutex_unlock(&shared_lock);
		bench_work(bench_jitter(&arg->seed, STEPS_OUT_SHORT));
	}
	return NULL;
}

void bench_contended(struct bench_run *run)
{
	bench_threads(run, run->threads, contended_body, NULL);
	run->n = share(run) * run->threads;
}

static void deep_leaf(void *p)
{
	(void)p;
	pthread_mutex_lock(&shared_lock);
	bench_work(STEPS_IN_SHORT);
	pthread_mutex_unlock(&shared_lock);
}

/* The thirty calls are made anew for each operation: a stack that never moved would be too easy. */
static void *deep_body(void *p)
{
	struct bench_arg *arg = p;
	long n = share(arg->run);

	bench_ready(arg);
	for (long i = 0; i < n; i++) {
		frames_30(deep_leaf, NULL);
		bench_work(bench_jitter(&arg->seed, STEPS_OUT_SHORT));
	}
	return NULL;
}

void bench_deep(struct bench_run *run)
{
	bench_threads(run, run->threads, deep_body, NULL);
	run->n = share(run) * run->threads;
}

static void *blocked_body(void *p)
{
	struct bench_arg *arg = p;
	long n = share(arg->run);

	bench_ready(arg);
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&shared_lock);
		bench_work(STEPS_IN_LONG);
		pthread_mutex_unlock(&shared_lock);
		bench_work(bench_jitter(&arg->seed, STEPS_OUT_LONG));
	}
	return NULL;
}

void bench_blocked(struct bench_run *run)
{
	bench_threads(run, run->threads, blocked_body, NULL);
	run->n = share(run) * run->threads;
}

static void *rwlock_body(void *p)
{
	struct bench_arg *arg = p;
	long n = share(arg->run);

	bench_ready(arg);
	for (long i = 0; i < n; i++) {
		if (bench_random(&arg->seed) % 8 == 0)
			pthread_rwlock_wrlock(&shared_rwlock);
		else
			pthread_rwlock_rdlock(&shared_rwlock);
		bench_work(STEPS_IN_SHORT);
		pthread_rwlock_unlock(&shared_rwlock);
		bench_work(bench_jitter(&arg->seed, STEPS_OUT_SHORT));
	}
	return NULL;
}

void bench_rwlock(struct bench_run *run)
{
	bench_threads(run, run->threads, rwlock_body, NULL);
	run->n = share(run) * run->threads;
}
