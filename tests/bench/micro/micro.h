/*
 * micro.h - what the sub-benchmarks of `micro` share.
 *
 * A sub-benchmark sets itself up, calls bench_begin(), runs its loop, calls bench_end().  Only what
 * lies between the two is timed, so start-up, tracer start and post-processing are in no figure.
 * One operation is what a user would count: a lock+unlock pair, a round trip, a create+join.
 */
#ifndef CTRACE_BENCH_MICRO_H
#define CTRACE_BENCH_MICRO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* One run of one sub-benchmark: asked for on the left of main(), filled in by the benchmark. */
struct bench_run {
	const char *name;
	long n;		  /* operations asked for; a benchmark may round it, never to 0 */
	int threads;	  /* threads asked for */
	uint64_t wall_ns; /* CLOCK_MONOTONIC between begin and end */
	uint64_t cpu_ns;  /* CLOCK_PROCESS_CPUTIME_ID between begin and end */
	uint64_t waits;	  /* waits made by construction, 0 where only chance knows */
	uint64_t wakes;	  /* wakes of a sleeping thread made by construction, 0 likewise */
};

typedef void bench_fn(struct bench_run *run);

/* lock.c */
bench_fn bench_cpu, bench_uncontended, bench_uncontended_mt, bench_contended, bench_deep;
bench_fn bench_blocked, bench_rwlock;
/* pair.c */
bench_fn bench_handoff, bench_sem, bench_pipe, bench_socketpair;
/* call.c */
bench_fn bench_create_join, bench_read_fast, bench_send_fast, bench_sleepers;
/* wait.c */
bench_fn bench_wait30, bench_wait30_new, bench_rss;
/* note.c */
bench_fn bench_region, bench_log;

/*
 * Starts and stops the clocks of @run.  bench_end() after the last thread was joined.
 * Context: main thread.
 */
void bench_begin(struct bench_run *run);
void bench_end(struct bench_run *run);

/*
 * Ends the program with a line "micro: what: strerror(err)" and status 1 when @err is not 0.
 * Context: any thread.
 */
void bench_must(int err, const char *what);

/*
 * Starts @count threads on @fn, lets them reach their loops, runs the clocks of @run until all are
 * done.  Thread i gets (void *)(run, i) by way of struct bench_arg; the body must call
 * bench_ready() once before its loop.
 * Context: main thread.
 */
struct bench_arg {
	struct bench_run *run;
	int index;     /* 0 .. count-1 */
	uint64_t seed; /* of bench_random(), different in each thread */
	void *shared;  /* what the benchmark passed */
	pthread_barrier_t *ready;
};
void bench_threads(struct bench_run *run, int count, void *(*fn)(void *), void *shared);

/* Waits until every thread and the clock are ready. Context: inside a bench_threads() body. */
void bench_ready(struct bench_arg *arg);

/* The next number of a xorshift generator in *@seed (never 0). Context: any thread. */
static inline uint64_t bench_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/*
 * Burns @steps of a dependent multiply-add, about 0.8 ns each on a 2023 server core.  A fixed count and
 * not a calibrated time: the bare and the traced run must do the same work.
 * Context: any thread.
 */
static inline void bench_work(unsigned steps)
{
	uint64_t x = steps;

	for (unsigned i = 0; i < steps; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

/* @mean steps on average, evenly between half and one and a half of it. Context: any thread. */
static inline unsigned bench_jitter(uint64_t *seed, unsigned mean)
{
	return mean / 2 + (unsigned)(bench_random(seed) % (mean + 1));
}

#endif
