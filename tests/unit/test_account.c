/*
 * The kernel's account of threads comes in pieces: low bits of sums that wrap, CPUs one after another, numbers that are given away again.  What is
 * told of it adds up all the same, and what lies apart is told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "run/account.h"

#define MS   1000000u
#define UNIT (1u << CT_READY_SHIFT)
#define WRAP (1u << CT_READY_BITS)

static uint64_t on(struct ct_account *a, uint32_t tid, uint64_t ns, uint64_t units)
{
	const struct ct_switch w = {
		.ns = ns, .tid = tid, .kind = CT_SWITCH_ON, .ready_all = (uint32_t)(units % WRAP)};

	return ct_account_on(a, &w);
}

static void off(struct ct_account *a, uint32_t tid, uint64_t on_ns, uint64_t ns, uint64_t ready_ns)
{
	const struct ct_switch w = {
		.ns = ns, .tid = tid, .kind = CT_SWITCH_WAITS, .ran_ns = ns - on_ns};

	ct_account_off(a, &w, 0, on_ns, ready_ns);
}

static void sums_wrap(void **state)
{
	struct ct_account a = {0};
	uint64_t units = 0, told = 0, ready;
	unsigned i;

	(void)state;
	for (i = 1; i <= 40; i++) {
		uint64_t ns = i * 600u * (uint64_t)MS;

		units += WRAP - 100;
		ready = on(&a, 7, ns, units);
		assert_int_equal(ready, (uint64_t)(WRAP - 100) * UNIT);
		off(&a, 7, ns, ns + 1000, ready);
		told += a.rows.at[0].ready;
		ct_account_told(&a, ns + 1000);
	}
	assert_int_equal(told, units);
	assert_int_equal(a.rows.n, 1);
	/* not more than time went by, and a moment less is nothing */
	assert_int_equal(on(&a, 7, 24001u * (uint64_t)MS, units + 20000), 0);
	assert_int_equal(on(&a, 7, 30000u * (uint64_t)MS, units - 3), 0);
	assert_int_equal(on(&a, 7, 30001u * (uint64_t)MS, units + 2), 2 * UNIT);
	ct_account_free(&a);
}

static void a_long_time_is_told_whole(void **state)
{
	const struct ct_switch w = {.ns = 5000u * (uint64_t)MS,
				    .tid = 7,
				    .kind = CT_SWITCH_ON,
				    .ready_ns = 4000u * (uint64_t)MS};
	struct ct_account a = {0};

	(void)state;
	on(&a, 7, MS, 10);
	assert_int_equal(ct_account_on(&a, &w), 4000u * (uint64_t)MS / UNIT * UNIT);
	/* the sum goes on from there */
	assert_int_equal(on(&a, 7, 5001u * (uint64_t)MS, 10 + 4000u * (uint64_t)MS / UNIT + 3),
			 3 * UNIT);
	ct_account_free(&a);
}

/* The records of one CPU, then of the other: what is older is in the newer sum. */
static void cpus_come_one_after_another(void **state)
{
	static const uint64_t first[] = {2, 4, 8}, second[] = {1, 3, 9};
	struct ct_account a = {0};
	uint64_t sum = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		sum += on(&a, 7, first[i] * MS, first[i] * 100);
	for (i = 0; i < 3; i++)
		sum += on(&a, 7, second[i] * MS, second[i] * 100);
	assert_int_equal(sum, 900 * UNIT);
	ct_account_free(&a);
}

static void a_number_is_given_away_again(void **state)
{
	struct ct_account a = {0};
	uint32_t tid;

	(void)state;
	on(&a, 7, MS, 5000);
	ct_account_gone(&a, 7, 2 * MS);
	/* it is not gone at once */
	assert_int_equal(on(&a, 7, 3 * MS, 5002), 2 * UNIT);
	off(&a, 7, 3 * MS, 4 * MS, 0);
	assert_int_equal(on(&a, 7, 500 * MS, 40), 40 * UNIT);
	/* and who ended is forgotten */
	for (tid = 100; tid < 1000; tid++) {
		on(&a, tid, 600 * MS, 1);
		off(&a, tid, 600 * MS, 601 * MS, UNIT);
		ct_account_gone(&a, tid, 601 * MS);
	}
	ct_account_told(&a, 601 * MS);
	assert_int_equal(a.rows.n, 901);
	ct_account_told(&a, 800 * MS);
	assert_int_equal(a.rows.n, 1);
	assert_int_equal(on(&a, 7, 801 * MS, 41), UNIT);
	assert_int_equal(a.rows.at[0].tid, 7);
	ct_account_free(&a);
}

static void what_lies_apart_is_told_apart(void **state)
{
	struct ct_account a = {0};
	uint64_t ready;

	(void)state;
	ready = on(&a, 7, 10 * MS, 100);
	off(&a, 7, 10 * MS, 11 * MS, ready);
	ready = on(&a, 7, 12 * MS, 300);
	off(&a, 7, 12 * MS, 14 * MS, ready);
	assert_int_equal(a.done.n, 0);
	ready = on(&a, 7, 40 * MS, 700);
	off(&a, 7, 40 * MS, 44 * MS, ready);
	assert_int_equal(a.done.n, 1);
	assert_int_equal(a.done.at[0].turns, 2);
	assert_int_equal(a.done.at[0].run_ns, 3 * MS);
	assert_int_equal(a.done.at[0].ready, 300);
	assert_int_equal(a.done.at[0].from_ns, 10 * MS - 100 * UNIT);
	assert_int_equal(a.done.at[0].to_ns, 14 * MS);
	assert_int_equal(a.rows.at[0].turns, 1);
	assert_int_equal(a.rows.at[0].run_ns, 4 * MS);
	assert_int_equal(a.rows.at[0].ready, 400);
	assert_int_equal(a.rows.at[0].from_ns, 40 * MS - 400 * UNIT);
	ct_account_free(&a);
}

/* It is on a CPU when the others are told: its delay comes with its turn. */
static void a_turn_that_goes_on_waits(void **state)
{
	struct ct_account a = {0};
	uint64_t ready;

	(void)state;
	ready = on(&a, 7, 10 * MS, 100);
	ct_account_told(&a, 20 * MS);
	off(&a, 7, 10 * MS, 30 * MS, ready);
	assert_int_equal(a.rows.at[0].ready, 100);
	assert_int_equal(a.rows.at[0].run_ns, 20 * MS);
	ct_account_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_wrap),
		cmocka_unit_test(a_long_time_is_told_whole),
		cmocka_unit_test(cpus_come_one_after_another),
		cmocka_unit_test(a_number_is_given_away_again),
		cmocka_unit_test(what_lies_apart_is_told_apart),
		cmocka_unit_test(a_turn_that_goes_on_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
