/*
 * counters.c - allocates, faults, switches and burns in known steps, and prints what the kernel says of each.
 *
 *   step NS RESIDENT ANONYMOUS    CLOCK_MONOTONIC at the end of a step, and bytes as /proc/self/statm tells
 *   all MINOR VOLUNTARY INVOLUNTARY CPU_NS    of the process, at its end
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STEP_BYTES (16u << 20)
#define STEPS	   3
#define SWITCHES   100
#define BURN_NS	   50000000

static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static long long ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Long enough that it is looked at some ten times. */
static void end_step(void)
{
	long pages = 0, files = 0, page = sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*d %ld %ld", &pages, &files) != 2)
		exit(1);
	fclose(f);
	pause_ms(150);
	printf("step %lld %ld %ld\n", ns(CLOCK_MONOTONIC), pages * page, (pages - files) * page);
}

static pthread_barrier_t switched;

static void *switcher(void *arg)
{
	int i;

	for (i = 0; i < SWITCHES; i++)
		pause_ms(1);
	pthread_barrier_wait(&switched);
	pause(); /* until the process ends: a thread's last switches are told only as long as it is there */
	return arg;
}

int main(void)
{
	char *memory[STEPS];
	struct rusage u;
	long long until;
	pthread_t t;
	int i;

	for (i = 0; i < STEPS; i++) {
		memory[i] = mmap(NULL, STEP_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory[i] == MAP_FAILED)
			return 1;
		madvise(memory[i], STEP_BYTES, MADV_NOHUGEPAGE);
		memset(memory[i], 1, STEP_BYTES);
		end_step();
	}
	for (i = 0; i < STEPS; i++)
		munmap(memory[i], STEP_BYTES);
	pthread_barrier_init(&switched, NULL, 2);
	pthread_create(&t, NULL, switcher, NULL);
	until = ns(CLOCK_PROCESS_CPUTIME_ID) + BURN_NS;
	while (ns(CLOCK_PROCESS_CPUTIME_ID) < until)
		;
	pthread_barrier_wait(&switched);
	end_step();
	getrusage(RUSAGE_SELF, &u);
	printf("all %ld %ld %ld %lld\n", u.ru_minflt, u.ru_nvcsw, u.ru_nivcsw,
	       ns(CLOCK_PROCESS_CPUTIME_ID));
	fflush(stdout);
	_exit(0);
}
