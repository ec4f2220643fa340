/*
 * cpus.c - a program that knows what CPUs did meanwhile: it sleeps, keeps one CPU busy, and sleeps again, while another program that is not traced keeps
 * another CPU busy.
 *
 *	cpus spin CPU	keeps that CPU busy until it is killed
 *	cpus PID	the other one, with the spinner's pid
 *
 * Prints what came to pass between its two looks at /proc: "span" ns, "spun" ns that the spinner ran, "burnt" CPU and ns that it ran there itself, and for
 * each CPU "cpu" number, ns idle, ns stolen.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "times.h"

#define CPUS_MAX 1024

struct look {
	uint64_t at, spun;
	int n;
	unsigned cpu[CPUS_MAX];
	unsigned long long idle[CPUS_MAX], stolen[CPUS_MAX];
};

static int first_cpu(void)
{
	cpu_set_t set;
	int i;

	sched_getaffinity(0, sizeof(set), &set);
	for (i = 0; i < CPU_SETSIZE && !CPU_ISSET(i, &set); i++)
		;
	return i;
}

static void look(struct look *l, const char *pid)
{
	const unsigned long long tick_ns = 1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK);
	unsigned long long c[8], spun;
	char line[512];
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%s/schedstat", pid);
	f = fopen(line, "r");
	if (!f || fscanf(f, "%llu", &spun) != 1)
		exit(4);
	fclose(f);
	l->spun = spun;
	l->at = now_ns(CLOCK_MONOTONIC);
	l->n = 0;
	f = fopen("/proc/stat", "r");
	while (f && l->n < CPUS_MAX && fgets(line, sizeof(line), f)) {
		/* the first line is of all CPUs, without a number */
		if (line[3] == ' ' ||
		    sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &l->cpu[l->n],
			   &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7]) != 9)
			continue;
		l->idle[l->n] = (c[3] + c[4]) * tick_ns;
		l->stolen[l->n++] = c[7] * tick_ns;
	}
	if (!f)
		exit(5);
	fclose(f);
}

int main(int argc, char **argv)
{
	static struct look before, after;
	uint64_t until;
	int i, cpu;

	if (argc == 3 && !strcmp(argv[1], "spin")) {
		pin(atoi(argv[2]));
		for (;;)
			;
	}
	if (argc != 2)
		return 2;
	cpu = first_cpu();
	look(&before, argv[1]);
	usleep(400000);
	pin(cpu);
	until = now_ns(CLOCK_THREAD_CPUTIME_ID) + 300000000;
	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		;
	usleep(400000);
	look(&after, argv[1]);
	printf("span %llu\nspun %llu\nburnt %d 300000000\n",
	       (unsigned long long)(after.at - before.at),
	       (unsigned long long)(after.spun - before.spun), cpu);
	for (i = 0; i < before.n && before.n == after.n; i++)
		printf("cpu %u %llu %llu\n", before.cpu[i], after.idle[i] - before.idle[i],
		       after.stolen[i] - before.stolen[i]);
	return 0;
}
