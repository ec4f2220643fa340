/*
 * coroutines.c - a server whose requests are coroutines (ucontext) on two threads, followed by tasks and regions.
 *
 *	ctrace-run -o c.ctrace -- coroutines [REQUESTS]
 *	ctrace locks c.ctrace                     # who kept a thread of the runtime from running coroutines, and where
 *	ctrace tasks --stat c.ctrace              # how long requests take, whatever threads they were on
 *	ctrace tasks --log number=150 c.ctrace    # one of them: in which threads, and what it did there
 *
 * What it shows.  A trace knows threads: of a runtime it shows when its threads ran, were idle, and were blocked by a coroutine that called what
 * blocks.  Which coroutine was on them it does not know.  A request says so itself: a task from when it comes until it is answered, and a region for
 * each stretch of work.  A region belongs to a thread, so it ends before the coroutine gives its thread away.
 *
 * A request is parsed, waits for the disk, which lets its thread go, and is rendered under a lock; one in fifty is slow there and blocks the thread of
 * whoever wants the lock, though there are other coroutines to run.
 */
#include <ctrace/ctrace.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

enum {
	RUNNERS = 2,
	AT_ONCE = 16, /* requests */
	STACK_BYTES = 65536,
	SLOW_EVERY = 50,
	STEPS = 150000 /* of burn(), some 100 us */
};

struct coroutine {
	ucontext_t context, *home; /* home: of the runner it is on */
	struct coroutine *next;	   /* in a queue */
	bool done;
	uint64_t task;
	long number;
	char *stack;
};

/* Coroutines, first come first served. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t has_some;
	struct coroutine *first, **last;
	bool closed;
};

static struct queue ready = {.lock = PTHREAD_MUTEX_INITIALIZER,
			     .has_some = PTHREAD_COND_INITIALIZER,
			     .last = &ready.first};
static struct queue at_disk = {.lock = PTHREAD_MUTEX_INITIALIZER,
			       .has_some = PTHREAD_COND_INITIALIZER,
			       .last = &at_disk.first};
static struct queue spare = {.lock = PTHREAD_MUTEX_INITIALIZER,
			     .has_some = PTHREAD_COND_INITIALIZER,
			     .last = &spare.first};
static pthread_mutex_t templates = PTHREAD_MUTEX_INITIALIZER;

static void put(struct queue *q, struct coroutine *c)
{
	c->next = NULL;
	pthread_mutex_lock(&q->lock);
	*q->last = c;
	q->last = &c->next;
	pthread_cond_signal(&q->has_some);
	pthread_mutex_unlock(&q->lock);
}

/* NULL: there are none, and there will be none. */
static struct coroutine *take(struct queue *q)
{
	struct coroutine *c;

	pthread_mutex_lock(&q->lock);
	while (!q->first && !q->closed)
		pthread_cond_wait(&q->has_some, &q->lock);
	c = q->first;
	if (c && !(q->first = c->next))
		q->last = &q->first;
	pthread_mutex_unlock(&q->lock);
	return c;
}

static void close_queue(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->has_some);
	pthread_mutex_unlock(&q->lock);
}

static void burn(unsigned steps)
{
	volatile unsigned x = 1;

	while (steps--)
		x = x * 5 + 1;
}

/* --- what a request does, on a stack of its own ------------------------------------------------------------------------------------- */

static void parse(const struct coroutine *c)
{
	uint64_t region = ctrace_region_begin("parse", c->task);

	burn(STEPS);
	ctrace_region_end(region);
}

/* Its thread goes on with another coroutine meanwhile; which thread it comes back on is open. */
static void await_disk(struct coroutine *c)
{
	swapcontext(&c->context, c->home);
}

static void render(const struct coroutine *c)
{
	uint64_t region = ctrace_region_begin("render", c->task);

	pthread_mutex_lock(&templates);
	burn(c->number % SLOW_EVERY ? STEPS / 4 : 40 * STEPS);
	pthread_mutex_unlock(&templates);
	ctrace_region_end(region);
}

static void serve(unsigned high, unsigned low)
{
	struct coroutine *c = (struct coroutine *)((uintptr_t)high << 32 | low);

	parse(c);
	await_disk(c);
	render(c);
	ctrace_task_end(c->task);
	c->done = true;
	setcontext(c->home);
}

/* --- the threads -------------------------------------------------------------------------------------------------------------------- */

static void *runner(void *p)
{
	struct coroutine *c;
	ucontext_t here;

	while ((c = take(&ready))) {
		c->home = &here;
		swapcontext(&here, &c->context);
		put(c->done ? &spare : &at_disk, c);
	}
	return p;
}

static void *disk(void *p)
{
	const struct timespec seek = {0, 20000};
	struct coroutine *c;

	while ((c = take(&at_disk))) {
		nanosleep(&seek, NULL);
		put(&ready, c);
	}
	return p;
}

static void begin(struct coroutine *c, long number)
{
	char text[32];

	c->number = number;
	c->done = false;
	c->task = ctrace_task_begin("request", 0);
	snprintf(text, sizeof(text), "number=%ld", number);
	ctrace_log(c->task, "server", text);
	getcontext(&c->context);
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = STACK_BYTES;
	c->context.uc_link = NULL;
	/* its arguments are ints */
	makecontext(&c->context, (void (*)(void))serve, 2, (unsigned)((uintptr_t)c >> 32),
		    (unsigned)(uintptr_t)c);
	put(&ready, c);
}

int main(int argc, char **argv)
{
	long requests = argc > 1 ? atol(argv[1]) : 400;
	static struct coroutine all[AT_ONCE];
	pthread_t runners[RUNNERS], reader;
	long i;

	for (i = 0; i < AT_ONCE; i++) {
		all[i].stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
		if (all[i].stack == MAP_FAILED)
			return 1;
		put(&spare, &all[i]);
	}
	pthread_create(&reader, NULL, disk, NULL);
	for (i = 0; i < RUNNERS; i++)
		pthread_create(&runners[i], NULL, runner, NULL);
	for (i = 1; i <= requests; i++)
		begin(take(&spare), i);
	for (i = 0; i < AT_ONCE; i++)
		take(&spare); /* all are answered */
	close_queue(&ready);
	close_queue(&at_disk);
	for (i = 0; i < RUNNERS; i++)
		pthread_join(runners[i], NULL);
	pthread_join(reader, NULL);
	return 0;
}
