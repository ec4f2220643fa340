/*
 * dead.c - threads that are dead for a while before anybody notices: a child that its parent waits for late, and a first thread that has ended while others of
 * its process go on.  Each prints "who", its tid and the ns it ran, as it knows them just before its end.
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

static void work(const char *who)
{
	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < 20000000)
		;
	printf("%s %ld %llu\n", who, syscall(SYS_gettid),
	       (unsigned long long)now_ns(CLOCK_THREAD_CPUTIME_ID));
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
		usleep(1000); /* its life begins with what it does first */
		pin_last();
		work("child");
		_exit(0);
	}
	usleep(400000);
	waitpid(child, NULL, 0);
	child = fork();
	if (!child) {
		pthread_create(&t, NULL, other, NULL);
		pin_last();
		work("first");
		pthread_exit(NULL);
	}
	waitpid(child, NULL, 0);
	return 0;
}
