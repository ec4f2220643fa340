/*
 * gen6m.c - fills a trace fast: six million waits and wakes in a few seconds.
 *
 *	ctrace-run -q --threshold 0 -o big.ctrace -- gen6m [-r] [-n RECORDS] [-t THREADS] [-w STEPS]
 *
 * What reading a trace costs is measured on its output.  Most waits are timed locks whose deadline
 * lies before the epoch, on sixteen mutexes that a parked thread holds: each is a lock taken, an
 * owner, a stack and a result, in 50 ns.  Sixty-four different stacks, unevenly used.  Every
 * fiftieth record comes from a semaphore ping-pong, with real wakes.  With a threshold above 0 all
 * of the timed locks are tallied instead of recorded.  STEPS of arithmetic between two waits (0.8 ns
 * each) keep the rate below what a recorder can be drained of; lower it to try that.
 *
 * With -r nothing repeats: THREADS semaphore ping-pongs, and each wait and each post is made at one of
 * 4096 stacks, picked at random.  No record is like the one before, and every waker has to be looked for.
 *
 * Prints "gen6m WAITS WAKES", what it made.
 */
/* cflags: -Itests/bench/micro */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"
#include "micro.h"

enum { LOCKS = 16, STACK_BITS = 6, PING_PONG_SHARE = 50, RANDOM_BITS = 12, PAIRS_MAX = 64 };

static pthread_mutex_t locks[LOCKS];
static pthread_barrier_t gate;
static sem_t ball[PAIRS_MAX][2];
static int random_stacks;
static long waits_each, round_trips;
static unsigned steps = 1000;

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "gen6m: %s: %s\n", what, strerror(err));
	exit(1);
}

static __attribute__((noinline)) void wait_one(void *lock)
{
	static const struct timespec before_epoch = {.tv_sec = -1};
	int err = pthread_mutex_timedlock(lock, &before_epoch);

	must(err == ETIMEDOUT ? 0 : err ? err : EPROTO, "pthread_mutex_timedlock");
}

static void *holder(void *p)
{
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_lock(&locks[i]);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_unlock(&locks[i]);
	return p;
}

/* Squares a random share so that some stacks and locks are common and others rare. */
static void *waiter(void *p)
{
	uint64_t seed = (uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15u;

	for (long i = 0; i < waits_each; i++) {
		uint32_t stack, lock;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		stack = (uint32_t)(seed >> 40) & 0xfff;
		lock = (uint32_t)(seed >> 52) & 0xff;
		stack = stack * stack >> (24 - STACK_BITS);
		lock = lock * lock * LOCKS >> 16;
		frames_path(stack, STACK_BITS, wait_one, &locks[lock]);
		bench_work(steps);
	}
	return NULL;
}

static __attribute__((noinline)) void take_ball(void *sem)
{
	while (sem_wait(sem))
		must(errno == EINTR ? 0 : errno, "sem_wait");
}

static __attribute__((noinline)) void pass_ball(void *sem)
{
	sem_post(sem);
}

static void *player(void *p)
{
	long number = (long)(intptr_t)p, i;
	sem_t *mine = &ball[number / 2][number & 1], *other = &ball[number / 2][!(number & 1)];
	uint64_t seed = (uint64_t)(number + 1) * 0x9e3779b97f4a7c15u;

	for (i = 0; i < round_trips && !random_stacks; i++) {
		take_ball(mine);
		pass_ball(other);
	}
	for (; i < round_trips; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		frames_path((uint32_t)(seed >> 40), RANDOM_BITS, take_ball, mine);
		frames_path((uint32_t)(seed >> 52), RANDOM_BITS, pass_ball, other);
	}
	return NULL;
}

/* Two threads that share a cpu pass the ball ten times faster than two that do not. */
static void start_players(pthread_t id[2], int pair)
{
	pthread_attr_t attr;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	must(pthread_attr_init(&attr), "attr");
	must(pthread_attr_setaffinity_np(&attr, sizeof(one), &one), "affinity");
	sem_init(&ball[pair][0], 0, 1);
	sem_init(&ball[pair][1], 0, 0);
	for (int i = 0; i < 2; i++)
		must(pthread_create(&id[i], &attr, player, (void *)(intptr_t)(2 * pair + i)),
		     "pthread_create");
	pthread_attr_destroy(&attr);
}

static int play_at_random(long records, int pairs)
{
	pthread_t id[PAIRS_MAX][2];

	if (pairs > PAIRS_MAX)
		return 2;
	round_trips = records / pairs / 4;
	for (int i = 0; i < pairs; i++)
		start_players(id[i], i);
	for (int i = 0; i < 2 * pairs; i++)
		pthread_join(id[i / 2][i & 1], NULL);
	printf("gen6m %ld %ld\n", 2 * pairs * round_trips, 2 * pairs * round_trips);
	return 0;
}

int main(int argc, char **argv)
{
	long records = 6000000;
	int threads = 4, opt;
	pthread_t *id, held, players[2];

	while ((opt = getopt(argc, argv, "n:t:w:r")) != -1) {
		if (opt == 'n')
			records = atol(optarg);
		else if (opt == 'r')
			random_stacks = 1;
		else if (opt == 't')
			threads = atoi(optarg);
		else if (opt == 'w')
			steps = (unsigned)atoi(optarg);
		else
			return 2;
	}
	if (records < 1 || threads < 1)
		return 2;
	if (random_stacks)
		return play_at_random(records, threads);
	round_trips = records / PING_PONG_SHARE / 4;
	waits_each = (records - 4 * round_trips) / threads;
	id = calloc((size_t)threads, sizeof(*id));
	must(id ? 0 : ENOMEM, "calloc");
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&locks[i], NULL);
	pthread_barrier_init(&gate, NULL, 2);
	must(pthread_create(&held, NULL, holder, NULL), "pthread_create");
	pthread_barrier_wait(&gate);
	for (int i = 0; i < threads; i++)
		must(pthread_create(&id[i], NULL, waiter, (void *)(uintptr_t)(i + 1)),
		     "pthread_create");
	start_players(players, 0);
	for (int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(players[i], NULL);
	pthread_barrier_wait(&gate);
	pthread_join(held, NULL);
	printf("gen6m %ld %ld\n", waits_each * threads + 2 * round_trips, 2 * round_trips);
	free(id);
	return 0;
}
