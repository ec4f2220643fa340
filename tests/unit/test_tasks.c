/*
 * The walk over a process's threads: sums must be told as they grew, in parts too; a number that is used again must not make them go
 * backwards; and a program that makes threads for ever must not make ctrace-run grow for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "run/tasks.h"

static char folder[] = "tasks.XXXXXX";

static void put(unsigned tid, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u", folder, tid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%u/%s", folder, tid, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_thread(unsigned tid, unsigned voluntary, unsigned involuntary,
		       const char *schedstat)
{
	char text[128];

	snprintf(text, sizeof(text),
		 "Name:\tx\nvoluntary_ctxt_switches:\t%u\nnonvoluntary_ctxt_switches:\t%u\n",
		 voluntary, involuntary);
	put(tid, "status", text);
	if (schedstat)
		put(tid, "schedstat", schedstat);
}

static void end_thread(unsigned tid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%u/status", folder, tid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%u/schedstat", folder, tid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%u", folder, tid);
	rmdir(path);
}

struct got {
	unsigned calls, voluntary, involuntary, timed;
	uint64_t run, delay, turns;
};

static void take(void *arg, const struct ct_task *was, const struct ct_task *is)
{
	struct got *g = arg;

	assert_true(is->voluntary >= was->voluntary && is->run_ns >= was->run_ns);
	g->calls++;
	g->timed += is->timed;
	g->voluntary += is->voluntary - was->voluntary;
	g->involuntary += is->involuntary - was->involuntary;
	g->run += is->run_ns - was->run_ns;
	g->delay += is->delay_ns - was->delay_ns;
	g->turns += is->turns - was->turns;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void sums_grow(void **state)
{
	struct ct_tasks t;
	struct got g = {0};

	(void)state;
	put_thread(7, 10, 2, "5000 300 12\n");
	put_thread(8, 1, 0, "100 0 1\n");
	ct_tasks_open(&t, folder);
	assert_int_equal(ct_tasks_walk(&t, 10, false, take, &g), 8);
	assert_int_equal(g.calls, 2);
	assert_int_equal(g.timed, 0);
	assert_int_equal(g.voluntary, 11);
	assert_int_equal(g.run, 0);

	/* from now on times too: all of them since the thread was made */
	assert_int_equal(ct_tasks_walk(&t, 10, true, take, &g), 8);
	assert_int_equal(g.voluntary, 11);
	assert_int_equal(g.run, 5100);
	assert_int_equal(g.delay, 300);
	put_thread(7, 11, 3, "9000 400 14\n");
	assert_int_equal(ct_tasks_walk(&t, 10, true, take, &g), 8);
	assert_int_equal(g.involuntary, 3);
	assert_int_equal(g.run, 9100);
	assert_int_equal(g.turns, 15);

	/* another thread with the number of one that has ended */
	put_thread(7, 1, 0, "40 1 1\n");
	assert_int_equal(ct_tasks_walk(&t, 10, true, take, &g), 8);
	assert_int_equal(g.run, 9140);
	assert_int_equal(g.voluntary, 13);
	ct_tasks_close(&t);
	end_thread(7);
	end_thread(8);
}

/* A kernel without CONFIG_SCHED_INFO has no such file. */
static void without_schedstat(void **state)
{
	struct ct_tasks t;
	struct got g = {0};

	(void)state;
	put_thread(7, 10, 2, NULL);
	ct_tasks_open(&t, folder);
	ct_tasks_walk(&t, 10, true, take, &g);
	assert_int_equal(g.calls, 1);
	assert_int_equal(g.timed, 0);
	assert_int_equal(g.voluntary, 10);
	ct_tasks_close(&t);
	end_thread(7);
}

static void in_parts(void **state)
{
	struct ct_tasks t;
	struct got g = {0};
	unsigned i, n = 0;

	(void)state;
	for (i = 1; i <= 20; i++)
		put_thread(i, 1, 0, "1 0 1\n");
	ct_tasks_open(&t, folder);
	while (ct_tasks_walk(&t, 7, true, take, &g) < 0)
		assert_true(++n < 10);
	assert_int_equal(g.calls, 20);
	assert_int_equal(g.voluntary, 20);
	ct_tasks_close(&t);
	for (i = 1; i <= 20; i++)
		end_thread(i);
}

static void the_dead_are_forgotten(void **state)
{
	struct ct_tasks t;
	struct got g = {0};
	unsigned i;

	(void)state;
	put_thread(5, 1, 1, "1 0 1\n");
	ct_tasks_open(&t, folder);
	for (i = 100; i < 300; i++) {
		put_thread(i, 1, 0, "1 0 1\n");
		assert_true(ct_tasks_walk(&t, 10, true, take, &g) >= 0);
		end_thread(i);
	}
	assert_true(t.n < 100);
	assert_int_equal(g.voluntary, 201);
	assert_int_equal(g.involuntary, 1); /* who lives on is not counted again */
	ct_tasks_close(&t);
	end_thread(5);
}

static void no_folder(void **state)
{
	struct ct_tasks t;
	struct got g = {0};

	(void)state;
	ct_tasks_open(&t, "nowhere");
	assert_int_equal(ct_tasks_walk(&t, 7, true, take, &g), 7);
	assert_int_equal(g.calls, 0);
	ct_tasks_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_grow),
		cmocka_unit_test(without_schedstat),
		cmocka_unit_test(in_parts),
		cmocka_unit_test(no_folder),
		cmocka_unit_test(the_dead_are_forgotten),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
