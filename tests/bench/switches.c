/*
 * switches.c - threads that hand a byte to and fro, on one CPU for each pair, so many context switches a second as asked for.
 *
 *	switches RATE SECONDS
 *
 * Prints the switches it made, the seconds it took, and the processor time that its parent used meanwhile: what the recorder costs that
 * takes them.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX 64
#define BURST_NS  1000000.0 /* as many as are due go out in a row, so often */

struct pair {
	int there[2], back[2];
	int cpu;
	double rate; /* switches a second */
	double seconds;
	pthread_t thread[2];
};

static double now(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0)
		exit(77);
}

static void *answer(void *arg)
{
	struct pair *p = arg;
	char c;

	pin(p->cpu);
	while (read(p->there[0], &c, 1) == 1)
		if (write(p->back[1], &c, 1) != 1)
			break;
	return NULL;
}

/* A byte there and back is two switches. */
static void *ask(void *arg)
{
	struct pair *p = arg;
	double begin, t;
	uint64_t done = 0;
	char c = 0;

	pin(p->cpu);
	begin = now(CLOCK_MONOTONIC);
	while ((t = now(CLOCK_MONOTONIC) - begin) < p->seconds) {
		uint64_t due = (uint64_t)(t * p->rate / 2);

		for (; done < due; done++)
			if (write(p->there[1], &c, 1) != 1 || read(p->back[0], &c, 1) != 1)
				exit(1);
		usleep((unsigned)(BURST_NS / 1000));
	}
	close(p->there[1]);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct pair pair[PAIRS_MAX];
	double rate = argc > 1 ? atof(argv[1]) : 200000, seconds = argc > 2 ? atof(argv[2]) : 2;
	clockid_t parent;
	struct rusage u;
	cpu_set_t may;
	double used, begin;
	int cpu, n = 0, i;

	if (sched_getaffinity(0, sizeof(may), &may) < 0 ||
	    clock_getcpuclockid(getppid(), &parent) != 0)
		return 77;
	for (cpu = 0; cpu < CPU_SETSIZE && n < PAIRS_MAX; cpu++)
		if (CPU_ISSET(cpu, &may))
			pair[n++].cpu = cpu;
	used = now(parent);
	begin = now(CLOCK_MONOTONIC);
	for (i = 0; i < n; i++) {
		struct pair *p = &pair[i];

		p->rate = rate / n;
		p->seconds = seconds;
		if (pipe(p->there) < 0 || pipe(p->back) < 0 ||
		    pthread_create(&p->thread[0], NULL, ask, p) != 0 ||
		    pthread_create(&p->thread[1], NULL, answer, p) != 0)
			return 1;
	}
	for (i = 0; i < n; i++) {
		pthread_join(pair[i].thread[0], NULL);
		pthread_join(pair[i].thread[1], NULL);
	}
	getrusage(RUSAGE_SELF, &u);
	printf("%ld %.6f %.6f\n", u.ru_nvcsw + u.ru_nivcsw, now(CLOCK_MONOTONIC) - begin,
	       now(parent) - used);
	return 0;
}
