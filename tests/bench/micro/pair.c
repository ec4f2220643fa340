/*
 * pair.c - two threads that hand one token back and forth.
 *
 * The hardest loop for a tracer of blocking: every operation is two waits and two wakes and nothing
 * else.  Both sides run on one cpu, so each hand-off is a plain context switch.
 */
#include <errno.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "micro.h"

struct table {
	pthread_mutex_t lock;
	pthread_cond_t turn_of[2];
	int turn; /* under lock */
	sem_t sem[2];
	int in[2];  /* side i reads in[i] */
	int out[2]; /* side i writes out[i] */
};

/* The caller holds the lock throughout; pthread_cond_wait lets the other side in. */
static void *handoff_body(void *p)
{
	struct bench_arg *arg = p;
	struct table *t = arg->shared;
	int me = arg->index;

	bench_ready(arg);
	pthread_mutex_lock(&t->lock);
	for (long i = 0; i < arg->run->n; i++) {
		while (t->turn != me)
			pthread_cond_wait(&t->turn_of[me], &t->lock);
		t->turn = !me;
		pthread_cond_signal(&t->turn_of[!me]);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void both_ways(struct bench_run *run)
{
	run->waits = 2 * (uint64_t)run->n;
	run->wakes = 2 * (uint64_t)run->n;
}

void bench_handoff(struct bench_run *run)
{
	struct table t = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turn_of = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER},
	};

	bench_threads(run, 2, handoff_body, &t);
	both_ways(run);
}

static void *sem_body(void *p)
{
	struct bench_arg *arg = p;
	struct table *t = arg->shared;
	int me = arg->index;

	bench_ready(arg);
	for (long i = 0; i < arg->run->n; i++) {
		while (sem_wait(&t->sem[me]))
			bench_must(errno == EINTR ? 0 : errno, "sem_wait");
		sem_post(&t->sem[!me]);
	}
	return NULL;
}

void bench_sem(struct bench_run *run)
{
	struct table t = {.turn = 0};

	sem_init(&t.sem[0], 0, 1);
	sem_init(&t.sem[1], 0, 0);
	bench_threads(run, 2, sem_body, &t);
	both_ways(run);
}

static void *byte_body(void *p)
{
	struct bench_arg *arg = p;
	struct table *t = arg->shared;
	int me = arg->index;
	char byte = 'x';

	bench_ready(arg);
	for (long i = 0; i < arg->run->n; i++) {
		if (me == 0 && write(t->out[0], &byte, 1) != 1)
			bench_must(errno, "write");
		if (read(t->in[me], &byte, 1) != 1)
			bench_must(errno, "read");
		if (me == 1 && write(t->out[1], &byte, 1) != 1)
			bench_must(errno, "write");
	}
	return NULL;
}

void bench_pipe(struct bench_run *run)
{
	int there[2], back[2];
	struct table t = {.turn = 0};

	if (pipe(there) || pipe(back))
		bench_must(errno, "pipe");
	t.in[0] = back[0];
	t.out[0] = there[1];
	t.in[1] = there[0];
	t.out[1] = back[1];
	bench_threads(run, 2, byte_body, &t);
	run->waits = 2 * (uint64_t)run->n;
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

void bench_socketpair(struct bench_run *run)
{
	int ends[2];
	struct table t = {.turn = 0};

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		bench_must(errno, "socketpair");
	for (int i = 0; i < 2; i++)
		t.in[i] = t.out[i] = ends[i];
	bench_threads(run, 2, byte_body, &t);
	run->waits = 2 * (uint64_t)run->n;
	close(ends[0]);
	close(ends[1]);
}
