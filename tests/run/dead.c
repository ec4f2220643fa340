/*
 * dead.c - threads that are dead for a while before anybody notices: a child that its parent waits for late, and a first thread that has ended while others of
 * its process go on.  Each prints "who", its tid and the ns it ran, at least since it had begun and at most since it was made, as it knows them just before its
 * end.
 *
 * Nothing else of the program comes to their CPU after them, by which the kernel would tell that they have left: they are bound to the last one.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "times.h"

static void pin_last(void)
{
	cpu_set_t all;
	int i, cpu = -1;

	sched_getaffinity(getpid(), sizeof(all), &all);
	for (i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all))
			cpu = i;
	pin(cpu);
}

/*
 * Where the kernel does not tell when a forked child was made, its life begins with the first thing it does that is recorded.  Until then it ran as
 * well: its clock goes since the fork, and what it touches first is copied for it page by page, which takes milliseconds where others want the CPU.
 */
static void work(const char *who)
{
	uint64_t before = now_ns(CLOCK_THREAD_CPUTIME_ID), now;

	do
		now = now_ns(CLOCK_THREAD_CPUTIME_ID);
	while (now - before < 20000000);
	printf("%s %ld %llu %llu\n", who, syscall(SYS_gettid), (unsigned long long)(now - before),
	       (unsigned long long)now);
	fflush(stdout);
}

static void *other(void *arg)
{
	(void)arg;
	usleep(400000);
	return NULL;
}

int main(void)
{
	pthread_t t;
	pid_t child = fork();

	if (!child) {
		usleep(1000); /* it begins */
		pin_last();
		work("child");
		_exit(0);
	}
	usleep(400000);
	waitpid(child, NULL, 0);
	child = fork();
	if (!child) {
		pthread_create(&t, NULL, other, NULL); /* it begins */
		pin_last();
		work("first");
		pthread_exit(NULL);
	}
	waitpid(child, NULL, 0);
	return 0;
}
