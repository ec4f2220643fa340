/*
 * pipeline.c - three stages joined by bounded queues, the middle one four times slower.
 *
 *	ctrace-run -o p.ctrace -- pipeline [ITEMS]
 *	ctrace threads p.ctrace
 *
 * What it shows.  A pipeline runs at the pace of its slowest stage.  `parse` waits for room in
 * `to_transform` (the stage after it is too slow), `store` waits for something in `to_store` (the
 * stage before it is too slow), and `transform` hardly waits: it is the bottleneck, and the one
 * thread that looks innocent in a list of waits.
 *
 * Each stage burns processor time for its items; the queues hold eight.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ROOM = 8,
	STEPS = 20000 /* of burn(), some 15 us */
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t has_item, has_room;
	uint64_t items[ROOM]; /* under lock, as are the counts */
	unsigned put, taken;
};

#define QUEUE_EMPTY                                                                                \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .has_item = PTHREAD_COND_INITIALIZER,           \
		.has_room = PTHREAD_COND_INITIALIZER                                               \
	}

static struct queue to_transform = QUEUE_EMPTY;
static struct queue to_store = QUEUE_EMPTY;
static long item_count = 4000;

static __attribute__((noinline)) int queue_put(struct queue *q, uint64_t item)
{
	pthread_mutex_lock(&q->lock);
	while (q->put - q->taken == ROOM)
		pthread_cond_wait(&q->has_room, &q->lock);
	q->items[q->put++ % ROOM] = item;
	pthread_cond_signal(&q->has_item);
	pthread_mutex_unlock(&q->lock);
	__asm__ volatile(""); /* or the call would be a jump, and this function not on the stack */
	return 0;
}

static __attribute__((noinline)) uint64_t queue_take(struct queue *q)
{
	uint64_t item;

	pthread_mutex_lock(&q->lock);
	while (q->put == q->taken)
		pthread_cond_wait(&q->has_item, &q->lock);
	item = q->items[q->taken++ % ROOM];
	pthread_cond_signal(&q->has_room);
	pthread_mutex_unlock(&q->lock);
	return item;
}

static uint64_t burn(uint64_t x, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

static __attribute__((noinline)) void *parse(void *p)
{
	pthread_setname_np(pthread_self(), "parse");
	for (long i = 0; i < item_count; i++)
		queue_put(&to_transform, burn((uint64_t)i, STEPS));
	return p;
}

static __attribute__((noinline)) void *transform(void *p)
{
	pthread_setname_np(pthread_self(), "transform");
	for (long i = 0; i < item_count; i++)
		queue_put(&to_store, burn(queue_take(&to_transform), 4 * STEPS));
	return p;
}

static __attribute__((noinline)) void *store(void *p)
{
	uint64_t sum = 0;

	pthread_setname_np(pthread_self(), "store");
	for (long i = 0; i < item_count; i++)
		sum += burn(queue_take(&to_store), STEPS);
	printf("pipeline: %ld items, checksum %016llx\n", item_count, (unsigned long long)sum);
	return p;
}

int main(int argc, char **argv)
{
	void *(*stages[])(void *) = {parse, transform, store};
	pthread_t threads[3];

	if (argc > 1)
		item_count = atol(argv[1]);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, stages[i], NULL))
			return 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
