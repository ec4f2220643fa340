/*
 * storm.c - a program that counts its own waits where they survive its death.
 *
 *	storm PAGE WAITS
 *
 * Four threads each make WAITS waits and count each in PAGE (storm.h), a shared mapping of a file,
 * once it has returned.  Fifteen of sixteen are timed locks, with a deadline before the epoch, of
 * a mutex that the main thread holds; the sixteenth sleeps 50 us in a condition variable.  Both are
 * waits for certain.  Threads start together by spinning on the page, so they make no other wait.
 * Between two waits they compute for some 10 us: a recorder whose drainer is dead should hold
 * the waits of a whole run.  Ends with status 7 when nobody interferes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

static struct storm_page *page;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static long waits = 10000;

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void compute(void)
{
	uint64_t x = 1;

	for (int i = 0; i < 12000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

static __attribute__((noinline)) int wait_lock(void)
{
	static const struct timespec before_epoch = {.tv_sec = -1};

	return pthread_mutex_timedlock(&held, &before_epoch);
}

static __attribute__((noinline)) int wait_cond(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	struct timespec until;
	int err;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 50000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(lock);
	err = pthread_cond_timedwait(cond, lock, &until);
	pthread_mutex_unlock(lock);
	return err;
}

static void *work(void *p)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	int me = (int)(intptr_t)p;

	atomic_store(&page->thread[me].tid, gettid());
	while (!atomic_load(&page->pid))
		;
	for (long i = 0; i < waits; i++) {
		int err = i % 16 == 15 ? wait_cond(&cond, &lock) : wait_lock();

		must(err == ETIMEDOUT || !err, "a wait");
		atomic_fetch_add(&page->thread[me].waits, 1);
		compute();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[STORM_THREADS];
	int fd;

	if (argc < 2)
		return 2;
	if (argc > 2)
		waits = atol(argv[2]);
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	must(fd >= 0, argv[1]);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED, "mmap");
	close(fd);
	pthread_mutex_lock(&held);
	for (int i = 0; i < STORM_THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
		must(!errno, "pthread_create");
	}
	for (int i = 0; i < STORM_THREADS; i++)
		while (!atomic_load(&page->thread[i].tid))
			;
	atomic_store(&page->pid, getpid());
	for (int i = 0; i < STORM_THREADS; i++)
		pthread_join(threads[i], NULL);
	return STORM_EXIT;
}
