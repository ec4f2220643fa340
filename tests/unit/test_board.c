/*
 * "Who let me go" is answered by words that threads leave for each other without waiting.  A wrong answer is worse than none: it blames
 * the wrong thread.  Threads hand a real mutex to each other here as fast as they can, each noting who released it; every answer must be
 * that one, and the stack of each release must come out once, on the board or as a record.
 */
/* timeout: 120 */
#include "capture.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { THREADS = 3, ROUNDS = 100000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t last_serial;   /* who released last, and when; under lock */
static uint64_t last_released; /* ticks */
static _Atomic uint64_t known, unknown, without_stack, wrong_thread, wrong_time;

static void start(void)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;

	plan.chunks = plan.chunks_backed = 8192;
	c_start(&plan, CT_POLICY_STREAM);
}

static void *hand_over(void *p)
{
	struct ct_slot *self = ct_self();
	int round;

	for (round = 0; round < ROUNDS; round++) {
		struct ct_release release;
		uint64_t since = ct_now(), released = 0, now;
		uint32_t thread = 0, stack = 0;

		pthread_mutex_lock(&lock);
		now = ct_now();
		if (ct_board_waker(&lock, since, now, &thread, &released, &stack)) {
			known++;
			without_stack += !stack;
			wrong_thread += thread != last_serial;
			wrong_time += released != last_released;
		} else {
			/* nobody has released it since; the counter may be read a few cycles before the lock is seen */
			unknown++;
			wrong_time += last_serial && last_released >= since && last_released <= now;
		}
		/* so that the others come to wait for it */
		if (round % 8 == 0)
			sched_yield();
		release = ct_board_release(self, &lock, false);
		last_serial = self->thread;
		last_released = release.ticks;
		pthread_mutex_unlock(&lock);
		ct_board_released(self, &lock, release);
	}
	return p;
}

static void see_wake(const struct ct_record *r, void *arg)
{
	*(uint64_t *)arg += r->type == CT_EV_wake && r->v[CT_F_wake_op] == CT_OP_mutex;
}

static void the_waker_is_who_released(void **state)
{
	pthread_t t[THREADS];
	uint64_t wakes = 0;
	uint32_t i;

	(void)state;
	start();
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hand_over, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < 8; i++)
		c_records(i, see_wake, &wakes);
	printf("# %lu answers, %lu without stack, %lu wake records, %lu times unknown\n",
	       (unsigned long)known, (unsigned long)without_stack, (unsigned long)wakes,
	       (unsigned long)unknown);
	assert_int_equal(wrong_thread, 0);
	assert_int_equal(wrong_time, 0);
	assert_true(known > 0);
	/* who did not find the stack finds it in a record; who found it while asking for it may find it there too */
	assert_true(wakes >= without_stack);
	assert_true(wakes <= known);
	c_stop();
}

static uint32_t mark_of(const void *object)
{
	uint64_t hash = ct_object_hash((uint64_t)(uintptr_t)object);
	uint32_t mark;

	ct_board_birth_read(hash, ct_board_birth(hash), &mark);
	return mark;
}

/* A table that forgets answers "unknown", never something else's. */
static void births_are_of_the_object_asked_for(void **state)
{
	enum { OBJECTS = 3 * CT_BIRTH_ROWS };
	static char object[OBJECTS];
	uint32_t mark, again, i, remembered = 0;

	(void)state;
	start();
	assert_int_equal(mark_of(&object[0]), 0);
	for (i = 0; i < OBJECTS; i++)
		ct_board_born(&object[i]);
	for (i = 0; i < OBJECTS; i++) {
		remembered += mark_of(&object[i]) != 0;
	}
	assert_true(remembered > CT_BIRTH_ROWS / 3 && remembered <= CT_BIRTH_ROWS);
	/* the last one is there for certain, and is another one when it is made anew */
	mark = mark_of(&object[OBJECTS - 1]);
	assert_int_not_equal(mark, 0);
	for (i = 0, again = mark; i < 100 && again == mark; i++) {
		uint64_t then = ct_now();

		while (ct_now() - then < 200)
			;
		ct_board_born(&object[OBJECTS - 1]);
		again = mark_of(&object[OBJECTS - 1]);
	}
	assert_int_not_equal(again, mark);
	c_stop();
}

static void threads_by_handle(void **state)
{
	unsigned long i;
	uint32_t found = 0, serial;

	(void)state;
	start();
	assert_int_equal(ct_board_thread(0x7f0012345000), 0);
	for (i = 1; i <= 3 * CT_THREAD_ROWS; i++)
		ct_board_thread_set(0x7f0000000000 + i * 4096, (uint32_t)i);
	for (i = 1; i <= 3 * CT_THREAD_ROWS; i++) {
		serial = ct_board_thread(0x7f0000000000 + i * 4096);
		assert_true(serial == 0 || serial == i);
		found += serial != 0;
	}
	assert_true(found > CT_THREAD_ROWS / 3);
	/* the same handle in another process is another thread */
	ct_cap.process++;
	assert_int_equal(ct_board_thread(0x7f0000000000 + 3 * CT_THREAD_ROWS * 4096), 0);
	c_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_waker_is_who_released),
		cmocka_unit_test(births_are_of_the_object_asked_for),
		cmocka_unit_test(threads_by_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
