/*
 * sigstop.c - a process with a thread that runs, one that waits for it and one that reads is stopped by SIGSTOP and goes on.  Prints its pid and
 * how long it was stopped at least and at most, in ns: between two looks at the clock that lie in the stop, and two that lie around it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "times.h"

#define STOP_NS 200000000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int held, there, done;

static void *spin(void *arg)
{
	pthread_setname_np(pthread_self(), "spinner");
	pthread_mutex_lock(&mutex);
	atomic_store(&held, 1);
	while (!atomic_load(&done))
		;
	pthread_mutex_unlock(&mutex);
	return arg;
}

static void *wait_for_it(void *arg)
{
	pthread_setname_np(pthread_self(), "waiter");
	while (!atomic_load(&held))
		sched_yield();
	atomic_store(&there, 1);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

/* Says that it is there, and ends when it is told to. */
static int stopped(int in, int out)
{
	pthread_t t[2];
	char c = 0;

	pthread_create(&t[0], NULL, spin, NULL);
	pthread_create(&t[1], NULL, wait_for_it, NULL);
	/* one that had not begun to run would have no life before the stop, where nobody tells when it was made */
	while (!atomic_load(&there))
		sched_yield();
	if (write(out, &c, 1) != 1 || read(in, &c, 1) != 1)
		return 1;
	atomic_store(&done, 1);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	return 0;
}

int main(void)
{
	const struct timespec pause = {.tv_nsec = STOP_NS};
	int to[2], from[2], status;
	uint64_t before, in, out, after;
	char c = 0;
	pid_t pid;

	if (pipe(to) < 0 || pipe(from) < 0 || (pid = fork()) < 0)
		return 1;
	if (!pid)
		return stopped(to[0], from[1]);
	if (read(from[0], &c, 1) != 1)
		return 1;
	before = now_ns(CLOCK_MONOTONIC);
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return 1;
	in = now_ns(CLOCK_MONOTONIC);
	nanosleep(&pause, NULL);
	out = now_ns(CLOCK_MONOTONIC);
	kill(pid, SIGCONT);
	after = now_ns(CLOCK_MONOTONIC);
	if (write(to[1], &c, 1) != 1 || waitpid(pid, &status, 0) != pid || status)
		return 1;
	printf("%d %llu %llu\n", (int)pid, (unsigned long long)(out - in),
	       (unsigned long long)(after - before));
	return 0;
}
