/*
 * When threads had a CPU is told CPU by CPU, by a kernel that loses records and by traces that anybody can write.  What a thread did
 * must add up to the time it had, whatever they say; and a holder with a million turns must not be counted through for each waiter.
 */
/* timeout: 60 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/turns.h"
#include "traces.h"

static struct ct_turns turns;

static void cpu_record(enum ct_event_type type, uint64_t ticks, uint64_t cpu, uint64_t tid,
		       uint64_t how)
{
	struct ct_record r = {.type = (uint8_t)type, .ticks = ticks};

	r.v[CT_F_cpu_on_cpu] = cpu;
	if (type == CT_EV_cpu_on)
		r.v[CT_F_cpu_on_tid] = tid;
	if (type == CT_EV_cpu_off) {
		r.v[CT_F_cpu_off_tid] = tid;
		r.v[CT_F_cpu_off_how] = how;
	}
	if (type == CT_EV_sched) {
		r.v[CT_F_sched_what] = how;
		r.v[CT_F_sched_span] = how == CT_SCHED_MISSING ? 5 : 0;
	}
	ct_turns_take(&turns, &r);
}

static void on(uint64_t ticks, uint64_t cpu, uint64_t tid)
{
	cpu_record(CT_EV_cpu_on, ticks, cpu, tid, 0);
}

static void off(uint64_t ticks, uint64_t cpu, uint64_t tid, enum ct_cpu_off how)
{
	cpu_record(CT_EV_cpu_off, ticks, cpu, tid, how);
}

static void sched(uint64_t ticks, uint64_t cpu, enum ct_sched_what what)
{
	cpu_record(CT_EV_sched, ticks, cpu, 0, what);
}

static void waking(uint64_t ticks, uint64_t tid)
{
	struct ct_record r = {.type = CT_EV_waking, .ticks = ticks};

	r.v[CT_F_waking_tid] = tid;
	ct_turns_take(&turns, &r);
}

static int fresh(void **state)
{
	(void)state;
	return ct_turns_init(&turns);
}

static int done(void **state)
{
	(void)state;
	ct_turns_free(&turns);
	return 0;
}

/* Two CPUs say that they have the same thread: the older turn is over when the younger begins. */
static void one_cpu_at_a_time(void **state)
{
	struct ct_turns_split s;

	(void)state;
	sched(1, 0, CT_SCHED_FROM);
	on(100, 0, 7);
	sched(1000, 0, CT_SCHED_TO);
	sched(1, 1, CT_SCHED_FROM);
	on(150, 1, 7);
	off(200, 1, 7, CT_OFF_WAITS);
	on(250, 1, 7);
	sched(1000, 1, CT_SCHED_TO);
	assert_int_equal(ct_turns_finish(&turns, 1, 1000), 0);
	s = ct_turns_split(&turns, 7, 120, 300);
	assert_int_equal(s.running, 130);
	assert_int_equal(s.off, 50);
	assert_int_equal(s.preempted + s.unseen, 0);
	s = ct_turns_split(&turns, 7, 160, 170); /* within one turn */
	assert_int_equal(s.running, 10);
	s = ct_turns_split(&turns, 7, 210, 220); /* between two */
	assert_int_equal(s.off, 10);
	assert_int_equal(ct_turns_split(&turns, 7, 10, 20).unseen, 10);
	assert_int_equal(ct_turns_split(&turns, 8, 10, 20).unseen, 10);
	assert_int_equal(ct_turns_split(&turns, 7, 20, 10).unseen, 0);
}

static bool all_seen(uint64_t from, uint64_t to)
{
	return ct_turns_seen(&turns, from, to) == to - from;
}

/* Tick by tick. */
static struct ct_turns_split counted(uint32_t tid, uint64_t from, uint64_t to)
{
	uint32_t first, n = ct_turns_of(&turns, tid, &first), i;
	struct ct_turns_split s = {0};

	for (; from < to; from++) {
		const struct ct_turn *before = NULL, *next = NULL;
		bool running = false, woken;

		for (i = first; i < first + n; i++) {
			const struct ct_turn *t = ct_turn_at(&turns, i);

			running |= t->on <= from && from < t->off;
			before = t->off <= from ? t : before;
			next = t->on > from && !next ? t : next;
		}
		woken = next && next->woken && next->woken <= from &&
			all_seen(next->woken, next->on) &&
			!(before && before->end == CT_TURN_PREEMPTED &&
			  all_seen(before->off, next->on));
		if (running)
			s.running++;
		else if (woken)
			s.woken++;
		else if (!before || before->end == CT_TURN_UNSEEN ||
			 !all_seen(before->off, from + 1))
			s.unseen++;
		else if (before->end == CT_TURN_PREEMPTED)
			s.preempted++;
		else
			s.off++;
	}
	return s;
}

/* Anything in any order of threads: turns do not overlap, and the sums are those of counting tick by tick. */
static void whatever_is_told(void **state)
{
	uint64_t seed = 1, ticks, from, to;
	uint32_t cpu, i;

	(void)state;
	for (cpu = 0; cpu < 3; cpu++) {
		sched(1, cpu, CT_SCHED_FROM);
		for (ticks = 2; ticks < 4000; ticks += 1 + t_random(&seed) % 9) {
			uint64_t what = t_random(&seed) % 64, tid = 1 + t_random(&seed) % 3;

			if (what < 30)
				on(ticks, cpu, tid);
			else if (what < 60)
				off(ticks, cpu, tid, what & 1 ? CT_OFF_WAITS : CT_OFF_PREEMPTED);
			else if (what < 63)
				sched(ticks, cpu,
				      what == 60   ? CT_SCHED_MISSING
				      : what == 61 ? CT_SCHED_TO
						   : CT_SCHED_FROM);
			else
				waking(ticks, tid);
		}
	}
	assert_int_equal(ct_turns_finish(&turns, 1, 4000), 0);
	for (i = 1; i < turns.all.count; i++) {
		const struct ct_turn *a = ct_turn_at(&turns, i - 1), *b = ct_turn_at(&turns, i);

		assert_true(a->on <= a->off);
		assert_true(a->tid != b->tid || a->off <= b->on);
	}
	for (i = 0; i < 300; i++) {
		uint32_t tid = 1 + i % 4;
		struct ct_turns_split a, b;

		from = t_random(&seed) % 4000;
		to = from + t_random(&seed) % 2000;
		a = ct_turns_split(&turns, tid, from, to);
		b = counted(tid, from, to);
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

#define MANY 200000u

/* As many waits, each as long as all turns, of which only the first was told a waking for. */
static void many_waits_over_many_turns(void **state)
{
	uint64_t running = 0, woken = 0;
	uint32_t i;

	(void)state;
	sched(1, 0, CT_SCHED_FROM);
	waking(5, 7);
	for (i = 1; i <= MANY; i++) {
		on(i * 100ull, 0, 7);
		off(i * 100ull + 40, 0, 7, CT_OFF_WAITS);
		if (i % 4 == 0)
			sched(i * 100ull + 60, 0, CT_SCHED_MISSING);
	}
	assert_int_equal(ct_turns_finish(&turns, 1, MANY * 100ull + 100), 0);
	for (i = 0; i < MANY; i++) {
		struct ct_turns_split s = ct_turns_split(&turns, 7, 60, MANY * 100ull + 100 - i);

		if (!i)
			assert_int_equal(s.running, MANY * 40ull);
		running += s.running;
		woken += ct_turns_waking(&turns, 7, 60, MANY * 100ull + 100)->woken;
	}
	assert_true(running > (uint64_t)MANY * MANY * 20);
	assert_int_equal(woken, MANY * 5ull);
	assert_null(ct_turns_waking(&turns, 7, 100, MANY * 100ull));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_cpu_at_a_time, fresh, done),
		cmocka_unit_test_setup_teardown(whatever_is_told, fresh, done),
		cmocka_unit_test_setup_teardown(many_waits_over_many_turns, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
