/*
 * oversubscription.c - sixteen busy threads for every cpu, one lock, and time that is lost to
 * neither.
 *
 *	ctrace-run -o o.ctrace -- oversubscription [MILLISECONDS]
 *	ctrace locks o.ctrace
 *
 * What it shows.  The lock is held for a microsecond at a time, yet waits for it last for whole
 * time slices: its holder was put off the cpu while it held it.  More threads than cpus make a
 * short critical section a long one.  The program prints how the threads shared the cpus.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS_A_CPU = 16, STEPS_INSIDE = 1200, STEPS_OUTSIDE = 12000 };

static pthread_mutex_t counter_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counter; /* under counter_lock */
static uint64_t end_ns;

struct worker {
	pthread_t thread;
	uint64_t turns, seed;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t burn(uint64_t x, uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

static __attribute__((noinline)) int count_one(void)
{
	pthread_mutex_lock(&counter_lock);
	counter++;
	burn(counter, STEPS_INSIDE);
	pthread_mutex_unlock(&counter_lock);
	__asm__ volatile(""); /* or the call would be a jump, and this function not on the stack */
	return 0;
}

/* The time outside is uneven, or equal threads would fall into step and never meet. */
static void *work(void *p)
{
	struct worker *w = p;

	while (now_ns() < end_ns) {
		count_one();
		w->seed = burn(w->seed, STEPS_OUTSIDE / 2 + (w->seed >> 33) % STEPS_OUTSIDE);
		w->turns++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct worker *workers;
	uint64_t fewest = UINT64_MAX, most = 0;
	cpu_set_t cpus;
	int count;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return 1;
	count = THREADS_A_CPU * CPU_COUNT(&cpus);
	workers = calloc((size_t)count, sizeof(*workers));
	if (!workers)
		return 1;
	end_ns = now_ns() + (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * 1000000u;
	for (int i = 0; i < count; i++) {
		workers[i].seed = (uint64_t)i + 1;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 1;
	}
	for (int i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		fewest = workers[i].turns < fewest ? workers[i].turns : fewest;
		most = workers[i].turns > most ? workers[i].turns : most;
	}
	printf("oversubscription: %d threads on %d cpus, %llu turns, %llu to %llu a thread\n",
	       count, CPU_COUNT(&cpus), (unsigned long long)counter, (unsigned long long)fewest,
	       (unsigned long long)most);
	free(workers);
	return 0;
}
