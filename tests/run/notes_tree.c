/*
 * A program that says more of itself than is easy to show: tasks with parents that end in other threads, regions three deep, some that never end or do
 * not nest, long messages, and a signal handler that has regions of its own while its thread waits.  What it says can be counted: `counts` of the
 * last line are what a whole trace has.
 */
#include <ctrace/ctrace.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 3 };

static pthread_mutex_t store = PTHREAD_MUTEX_INITIALIZER;
static sem_t done[WORKERS], go[WORKERS];
static pthread_t main_thread;
static uint64_t request;
static long rounds, number;
static long tasks, regions, unended, crossing, logs;

static void handler(int sig)
{
	uint64_t r = ctrace_region_begin("handler", 0);

	(void)sig;
	ctrace_log(0, "signal", "from the handler");
	ctrace_region_end(r);
}

static void cross(void)
{
	uint64_t a = ctrace_region_begin("first", 0), b = ctrace_region_begin("second", 0);

	ctrace_region_end(a);
	ctrace_region_end(b);
}

static void work(long w)
{
	uint64_t task = ctrace_task_begin("part", request);
	uint64_t outer = ctrace_region_begin("work", task), inner;
	char message[600];

	inner = ctrace_region_begin("load", 0);
	pthread_mutex_lock(&store);
	if (number % 7 == w)
		ctrace_region_begin("abandoned", 0);
	pthread_mutex_unlock(&store);
	ctrace_region_end(inner);
	if (number % 11 == w)
		cross();
	memset(message, 'x', sizeof(message));
	snprintf(message, 64, "round=%ld worker=%ld ", number, w);
	message[number % 13 ? 40 : sizeof(message) - 1] = 0;
	ctrace_log(0, "work", message);
	ctrace_region_end(outer);
	ctrace_task_end(task);
	if (number % 17 == 0 && !w)
		pthread_kill(main_thread, SIGUSR1);
}

static void *worker(void *arg)
{
	long w = (long)(intptr_t)arg, i;

	for (i = 0; i < rounds; i++) {
		sem_wait(&go[w]);
		work(w);
		if (w == WORKERS - 1)
			ctrace_task_end(request);
		sem_post(&done[w]);
	}
	return NULL;
}

static void count(void)
{
	long w;

	tasks += 1 + WORKERS;
	logs += WORKERS + (number % 17 == 0);
	regions += 2 * WORKERS + (number % 17 == 0) + 1;
	for (w = 0; w < WORKERS; w++) {
		unended += number % 7 == w;
		crossing += number % 11 == w;
	}
}

static void one_round(void)
{
	uint64_t around;
	long w;

	request = ctrace_task_begin("request", 0);
	around = ctrace_region_begin("wait for all", request);
	for (w = 0; w < WORKERS; w++)
		sem_post(&go[w]);
	for (w = 0; w < WORKERS; w++)
		while (sem_wait(&done[w]))
			;
	ctrace_region_end(around);
	count();
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	pthread_t id[WORKERS];
	long w;

	rounds = argc > 1 ? atol(argv[1]) : 60;
	main_thread = pthread_self();
	sigaction(SIGUSR1, &sa, NULL);
	for (w = 0; w < WORKERS; w++) {
		sem_init(&done[w], 0, 0);
		sem_init(&go[w], 0, 0);
		if (pthread_create(&id[w], NULL, worker, (void *)(intptr_t)w))
			return 1;
	}
	for (number = 0; number < rounds; number++)
		one_round();
	for (w = 0; w < WORKERS; w++)
		pthread_join(id[w], NULL);
	ctrace_region_begin("to the end", 0);
	/* all regions, of these not ended, and of these that do not nest; twice as many regions cross */
	printf("tasks=%ld regions=%ld unended=%ld crossing=%ld logs=%ld\n", tasks,
	       regions + 1 + unended + 2 * crossing, unended + 1, crossing, logs);
	return 0;
}
