/*
 * schedule.c - threads whose turns on a CPU are known: each says at its end what the kernel counted for it.
 *
 *	schedule one	two busy threads on one CPU
 *	schedule all	four busy threads for each CPU
 *	schedule woken	a thread that is woken at times which the program takes itself
 *	schedule held	a lock's holder shares its CPU with a busy thread, while another waits for the lock
 *
 * A line for each thread: its tid, name, ns on a CPU, ns ready for one, both of them before its first own instruction, and ns that the kernel counts as
 * neither, though the thread was not asleep: the CPU was taken from the whole machine, which is a virtual one, or its group had had its share;
 * its turns on a CPU; and from when to when all that was, ns of CLOCK_MONOTONIC.
 * `woken` says "waits" with ns blocked, ns from release to return and ns in the calls that release; `held` how long the lock was waited for, and of the holder while it had it the
 * same as of a thread, and how long it had had it when the other began to wait.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "times.h"

#define THREADS_MAX 256
#define WAKES	    40

static int cpus[CPU_SETSIZE], cpus_n;
static char lines[THREADS_MAX][200];
static _Atomic int lines_n;

struct counts {
	unsigned long long run, delay, turns;
	uint64_t at;
};

static struct counts counts(void)
{
	char text[100] = "";
	struct counts c;
	int fd;

	c.at = now_ns(CLOCK_MONOTONIC);
	fd = open("/proc/thread-self/schedstat", O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	    sscanf(text, "%llu %llu %llu", &c.run, &c.delay, &c.turns) != 3)
		exit(4);
	close(fd);
	return c;
}

/* To the last ns: what it ran of its turn so far is counted when the kernel has to think about switching. */
static struct counts counts_now(void)
{
	sched_yield();
	return counts();
}

static struct counts counts_since(const struct counts *then)
{
	struct counts c = counts_now();

	return (struct counts){c.run - then->run, c.delay - then->delay, c.turns - then->turns,
			       c.at - then->at};
}

static unsigned long long rest_of(const struct counts *c, uint64_t asleep)
{
	return c->at > c->run + c->delay + asleep ? c->at - c->run - c->delay - asleep : 0;
}

/*
 * The last thing a thread does.  What is from before at_start does not count where a thread's life begins with its first record; nor does
 * the wait for a turn on the CPU it was moved to, where the kernel's own thread woke it, which is not traced.
 */
static void account(const char *name, const struct counts *at_start, uint64_t asleep)
{
	struct counts c = counts_since(at_start);

	snprintf(lines[lines_n++], sizeof(lines[0]),
		 "%ld %s %llu %llu %llu %llu %llu %llu %llu %llu", syscall(SYS_gettid), name, c.run,
		 c.delay, at_start->run, at_start->delay, rest_of(&c, asleep),
		 c.turns + at_start->turns, (unsigned long long)at_start->at,
		 (unsigned long long)(at_start->at + c.at));
}

static void burn(uint64_t ns)
{
	uint64_t until = now_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		;
}

static void *busy(void *cpu)
{
	struct counts at_start = counts_now();
	if (cpu)
		pin(*(int *)cpu);
	burn(150000000);
	account("busy", &at_start, 0);
	return NULL;
}

static sem_t ready, go;
static uint64_t posted[WAKES], waited_from[WAKES], returned[WAKES];

static void *sleeper(void *arg)
{
	struct counts at_start = counts_now();
	uint64_t blocked = 0;
	int i;

	(void)arg;
	for (i = 0; i < WAKES; i++) {
		burn(2000000); /* so that what switches cost, and the thread's end, are little beside it */
		sem_post(&ready);
		waited_from[i] = now_ns(CLOCK_MONOTONIC);
		sem_wait(&go);
		returned[i] = now_ns(CLOCK_MONOTONIC);
	}
	for (i = 0; i < WAKES; i++)
		blocked += posted[i] - waited_from[i];
	account("sleeper", &at_start, blocked);
	return NULL;
}

static void woken(void)
{
	uint64_t blocked = 0, late = 0, posting = 0, before;
	pthread_t t;
	int i;

	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	pthread_create(&t, NULL, sleeper, NULL);
	for (i = 0; i < WAKES; i++) {
		sem_wait(&ready);
		usleep(3000);
		before = posted[i] = now_ns(CLOCK_MONOTONIC);
		sem_post(&go);
		posting += now_ns(CLOCK_MONOTONIC) - before;
	}
	pthread_join(t, NULL);
	for (i = 0; i < WAKES; i++) {
		blocked += posted[i] - waited_from[i];
		late += returned[i] - posted[i];
	}
	printf("waits %llu %llu %llu\n", (unsigned long long)blocked, (unsigned long long)late,
	       (unsigned long long)posting);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int over;
static struct counts at_lock, while_held;

static void *spinner(void *arg)
{
	struct counts at_start;
	(void)arg;
	pin(cpus[0]);
	at_start = counts_now();
	sem_post(&ready);
	while (!over)
		;
	account("spinner", &at_start, 0);
	return NULL;
}

static void *holder(void *arg)
{
	struct counts at_start;
	(void)arg;
	pin(cpus[0]);
	at_start = counts_now();
	pthread_mutex_lock(&lock);
	at_lock = counts_now();
	sem_post(&ready);
	burn(60000000);
	while_held = counts_since(&at_lock);
	pthread_mutex_unlock(&lock);
	over = 1;
	account("holder", &at_start, 0);
	return NULL;
}

static void held(void)
{
	pthread_t t[2];
	uint64_t from;

	sem_init(&ready, 0, 0);
	pthread_create(&t[0], NULL, spinner, NULL);
	sem_wait(&ready);
	pthread_create(&t[1], NULL, holder, NULL);
	sem_wait(&ready);
	from = now_ns(CLOCK_MONOTONIC);
	pthread_mutex_lock(&lock);
	printf("waited %llu %llu %llu %llu %llu %llu\n",
	       (unsigned long long)(now_ns(CLOCK_MONOTONIC) - from), while_held.run,
	       while_held.delay, rest_of(&while_held, 0), (unsigned long long)(from - at_lock.at),
	       while_held.turns);
	pthread_mutex_unlock(&lock);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

static void all_busy(int n, int *cpu)
{
	pthread_t t[THREADS_MAX];
	int i;

	for (i = 0; i < n; i++)
		pthread_create(&t[i], NULL, busy, cpu);
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	cpu_set_t set;
	int i;

	sched_getaffinity(0, sizeof(set), &set);
	for (i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			cpus[cpus_n++] = i;
	if (!strcmp(what, "one"))
		all_busy(2, cpus);
	else if (!strcmp(what, "all"))
		all_busy(cpus_n * 4 < THREADS_MAX ? cpus_n * 4 : THREADS_MAX, NULL);
	else if (!strcmp(what, "woken"))
		woken();
	else if (!strcmp(what, "held"))
		held();
	else
		return 2;
	for (i = 0; i < lines_n; i++)
		puts(lines[i]);
	return 0;
}
