/*
 * What switches tell of threads that say nothing themselves: CPUs tell it one after another, so it does not come in order of time; a thread's
 * number is used again; and nothing is kept of switches nobody will ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "run/lives.h"

static void tell(struct ct_lives *l, enum ct_switch_kind kind, uint64_t ns, uint32_t tid)
{
	struct ct_switch w = {.ns = ns, .tid = tid, .pid = 10, .kind = kind, .count = 1};

	ct_lives_take(l, &w);
}

static void in_order_of_time(void **state)
{
	struct ct_lives l = {0};

	(void)state;
	tell(&l, CT_SWITCH_GONE, 300, 11); /* on one CPU */
	tell(&l, CT_SWITCH_MADE, 100, 11); /* on another */
	ct_lives_sort(&l);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.events[0].what, CT_LIFE_MADE);
	assert_int_equal(l.events[1].what, CT_LIFE_GONE);
	assert_int_equal(l.events[1].pid, 10);
	assert_true(ct_lives_gone(&l, 11));
	assert_int_equal(ct_lives_made(&l, 11), 100);
	l.n = 0;

	tell(&l, CT_SWITCH_MADE, 400, 11); /* another one with its number */
	ct_lives_sort(&l);
	assert_false(ct_lives_gone(&l, 11));
	assert_int_equal(ct_lives_made(&l, 11), 400);
	ct_lives_free(&l);
}

/* A thread that executes in place of the first has the first one's number from then on, and is not gone with it. */
static void executes_in_its_place(void **state)
{
	struct ct_lives l = {0};

	(void)state;
	tell(&l, CT_SWITCH_EXECUTED, 200, 10);
	tell(&l, CT_SWITCH_GONE, 150, 10);
	ct_lives_sort(&l);
	assert_false(ct_lives_gone(&l, 10));
	ct_lives_free(&l);
}

static void left_its_cpu(void **state)
{
	struct ct_lives l = {0};

	(void)state;
	tell(&l, CT_SWITCH_ON, 100, 11);
	assert_int_equal(l.last.used, 0);
	ct_lives_watch(&l, 11);
	assert_int_equal(ct_lives_left(&l, 11), 0);
	tell(&l, CT_SWITCH_WAITS, 200, 11);
	tell(&l, CT_SWITCH_WAITS, 210, 12);
	assert_int_equal(ct_lives_left(&l, 11), 200);
	assert_int_equal(ct_lives_left(&l, 12), 0);
	tell(&l, CT_SWITCH_ON, 300, 11);
	assert_int_equal(ct_lives_left(&l, 11), 0);
	tell(&l, CT_SWITCH_PREEMPTED, 400, 11);
	assert_int_equal(ct_lives_left(&l, 11), 400);
	ct_lives_forget(&l, 11);
	ct_lives_forget(&l, 11);
	assert_int_equal(l.watched, 0);
	tell(&l, CT_SWITCH_WAITS, 500, 11);
	assert_int_equal(ct_lives_left(&l, 11), 0);
	ct_lives_free(&l);
}

static void counts_what_is_missing(void **state)
{
	struct ct_lives l = {0};

	(void)state;
	tell(&l, CT_SWITCH_LIVES_MISSING, 100, 0);
	tell(&l, CT_SWITCH_MISSING, 100, 0);
	assert_int_equal(l.missing, 2);
	ct_lives_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_of_time),
		cmocka_unit_test(executes_in_its_place),
		cmocka_unit_test(left_its_cpu),
		cmocka_unit_test(counts_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
