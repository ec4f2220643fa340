/*
 * regions.c - a server that says what it does: requests are tasks, the steps of one are regions, one request in fifty meets a slow disk.
 *
 *	ctrace-run -o r.ctrace -- regions [REQUESTS]
 *	ctrace regions r.ctrace                                 # `query`: the median below 1 ms, p99 above 20
 *	ctrace regions --each --top 3 r.ctrace                  # the longest ones: blocked, on the mutex of the store
 *	ctrace tasks --log trace_id=0099 r.ctrace               # request 99: its time, what was done for it
 *	ctrace report --from ... --to ... r.ctrace              # with what the line above printed: who had the store meanwhile
 *
 * What it shows.  The slowest requests are not those that do the slow thing, but also those that wait behind them; a profile by function cannot tell
 * one `query` from another, and a list of waits does not know what they were for.
 *
 * `accept` takes requests in and hands them to three workers; so a task begins in one thread and ends in another.  Without ctrace the calls of ctrace.h
 * cost a load and a branch each, and nothing is linked.
 */
#include <ctrace/ctrace.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	WORKERS = 3,
	ROOM = 16,
	SLOW_EVERY = 50,
	STEPS = 60000 /* of burn(), some 50 us */
};

struct request {
	uint64_t task;
	long number;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t has_item, has_room;
	struct request items[ROOM]; /* under lock, as are the counts */
	unsigned put, taken;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
	   .has_item = PTHREAD_COND_INITIALIZER,
	   .has_room = PTHREAD_COND_INITIALIZER};

static pthread_mutex_t store = PTHREAD_MUTEX_INITIALIZER;

static void put(struct request r)
{
	pthread_mutex_lock(&queue.lock);
	while (queue.put - queue.taken == ROOM)
		pthread_cond_wait(&queue.has_room, &queue.lock);
	queue.items[queue.put++ % ROOM] = r;
	pthread_cond_signal(&queue.has_item);
	pthread_mutex_unlock(&queue.lock);
}

static struct request take(void)
{
	struct request r;

	pthread_mutex_lock(&queue.lock);
	while (queue.put == queue.taken)
		pthread_cond_wait(&queue.has_item, &queue.lock);
	r = queue.items[queue.taken++ % ROOM];
	pthread_cond_signal(&queue.has_room);
	pthread_mutex_unlock(&queue.lock);
	return r;
}

static void burn(unsigned steps)
{
	uint64_t x = steps;

	for (unsigned i = 0; i < steps; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

static void parse(const struct request *r)
{
	uint64_t region = ctrace_region_begin("parse", r->task);

	burn(STEPS);
	ctrace_region_end(region);
}

static void query(const struct request *r)
{
	uint64_t region = ctrace_region_begin("query", r->task);

	pthread_mutex_lock(&store);
	usleep(r->number % SLOW_EVERY == SLOW_EVERY - 1 ? 20000 : 200);
	pthread_mutex_unlock(&store);
	ctrace_region_end(region);
}

static void *worker(void *name)
{
	struct request r;

	ctrace_label("worker", name);
	while ((r = take()).number >= 0) {
		uint64_t region = ctrace_region_begin("handle", r.task);

		parse(&r);
		query(&r);
		ctrace_region_end(region);
		ctrace_task_end(r.task);
	}
	return NULL;
}

static struct request receive(long number)
{
	struct request r = {ctrace_task_begin("request", 0), number};
	char message[32];

	if (ctrace_enabled()) {
		snprintf(message, sizeof(message), "trace_id=%04ld", number);
		ctrace_log(r.task, "apm", message);
	}
	return r;
}

int main(int argc, char **argv)
{
	static char names[WORKERS][16];
	long count = argc > 1 ? atol(argv[1]) : 200, i;
	pthread_t id[WORKERS];

	for (i = 0; i < WORKERS; i++) {
		snprintf(names[i], sizeof(names[i]), "%ld", i);
		if (pthread_create(&id[i], NULL, worker, names[i]))
			return 1;
	}
	for (i = 0; i < count; i++)
		put(receive(i));
	for (i = 0; i < WORKERS; i++)
		put((struct request){0, -1});
	for (i = 0; i < WORKERS; i++)
		pthread_join(id[i], NULL);
	return 0;
}
