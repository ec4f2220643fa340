/*
 * burst.c - threads that wait as fast as they can, and count.
 *
 *	burst THREADS N [EARLY]
 *
 * First EARLY threads, one after another, wait 100 times and end.  Then each of THREADS waits N times for a semaphore that nobody posts, for no time at
 * all: a record each where every wait is recorded.  A thread does nothing else that is recorded, so its records are these, its begin, its end, and
 * the semaphore's name.  The first byte on standard input lets THREADS go.  When they have waited, standard output has the thread id and number of
 * waits of each, and "done"; the second byte lets them end.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX 16

static atomic_int stage, done;
static struct {
	sem_t sem;
	long tid, n, waits;
	int is_early;
} own[THREADS_MAX];

static void stand_until(int wanted)
{
	/* no lock and no call: those would be recorded */
	while (atomic_load(&stage) < wanted)
		__asm__ volatile("" ::: "memory");
}

static void *run(void *p)
{
	const struct timespec past = {1, 0};
	size_t i = (size_t)p;
	long k;

	own[i].tid = syscall(SYS_gettid);
	if (!own[i].is_early)
		stand_until(1);
	for (k = 0; k < own[i].n; k++)
		own[i].waits += sem_timedwait(&own[i].sem, &past) < 0 && errno == ETIMEDOUT;
	if (own[i].is_early)
		return NULL;
	setpriority(PRIO_PROCESS, 0,
		    19); /* of this thread: out of the way of who reads the trace meanwhile */
	atomic_fetch_add(&done, 1);
	stand_until(2);
	return NULL;
}

static void next_stage(void)
{
	char c;

	if (read(0, &c, 1) < 0)
		exit(1);
	atomic_fetch_add(&stage, 1);
}

int main(int argc, char **argv)
{
	size_t threads = argc > 1 ? (size_t)atoi(argv[1]) : 2,
	       early = argc > 3 ? (size_t)atoi(argv[3]) : 0, i;
	pthread_t t[THREADS_MAX];

	threads += early;
	if (threads > THREADS_MAX)
		return 1;
	for (i = 0; i < threads; i++) {
		own[i].is_early = i < early;
		own[i].n = i < early ? 100 : argc > 2 ? atol(argv[2]) : 1000;
		sem_init(&own[i].sem, 0, 0);
		if (pthread_create(&t[i], NULL, run, (void *)i))
			return 1;
		if (i < early)
			pthread_join(t[i], NULL);
	}
	next_stage();
	while (atomic_load(&done) < (int)(threads - early))
		usleep(1000);
	for (i = 0; i < threads; i++)
		printf("%ld %ld\n", own[i].tid, own[i].waits);
	printf("done\n");
	fflush(stdout);
	next_stage();
	for (i = early; i < threads; i++)
		pthread_join(t[i], NULL);
	return 0;
}
