/*
 * /proc/stat is a text of the kernel's, which has grown columns over the years, leaves out CPUs that are off, and is longer than any room on a large
 * machine: a CPU that is taken for another one, or a guest's time for idle time, would make every figure of `ctrace sched` wrong.  And what is told of
 * it must be all that was counted, once, but for CPUs that came or went.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "capture.h"
#include "run/cpustat.h"

static struct {
	unsigned calls;
	unsigned long cpu[2048];
	uint64_t idle[2048], stolen[2048];
} got;

static void take(void *arg, unsigned long cpu, uint64_t idle, uint64_t stolen)
{
	(void)arg;
	got.cpu[got.calls] = cpu;
	got.idle[got.calls] = idle;
	got.stolen[got.calls] = stolen;
	got.calls++;
}

static bool parse(const char *text)
{
	memset(&got, 0, sizeof(got));
	return ct_cpustat_parse(text, take, NULL);
}

static void is(unsigned i, unsigned long cpu, uint64_t idle, uint64_t stolen)
{
	assert_int_equal(got.cpu[i], cpu);
	assert_int_equal(got.idle[i], idle);
	assert_int_equal(got.stolen[i], stolen);
}

static void columns(void **state)
{
	(void)state;
	/* user nice system idle iowait irq softirq steal guest guest_nice */
	assert_true(parse("cpu  21 41 61 81 101 121 141 161 181 201\n"
			  "cpu0 10 20 30 40 50 60 70 80 90 100\n"
			  "cpu1 11 21 31 41 51 61 71 81 91 101\n"
			  "intr 7 8 9\n"
			  "cpu2 1 1 1 1 1 1 1 1 1 1\n"));
	assert_int_equal(got.calls, 2);
	is(0, 0, 90, 80);
	is(1, 1, 92, 81);
	/* columns that are to come, and those there were in 2.4 and 2.6 */
	assert_true(parse("cpu0 1 2 3 4 5 6 7 8 9 10 11 12\ncpu1 1 2 3 4\ncpu2 1 2 3 4 5 6 7\n"
			  "cpu3 1 2 3 4 5 6 7 8\nx\n"));
	assert_int_equal(got.calls, 4);
	is(0, 0, 9, 8);
	is(1, 1, 4, 0);
	is(2, 2, 9, 0);
	is(3, 3, 9, 8);
}

static void cpus_that_are_off(void **state)
{
	(void)state;
	assert_true(parse("cpu  1 1 1 1 1 1 1 1 1 1\ncpu1 0 0 0 7 0 0 0 0 0 0\n"
			  "cpu5 0 0 0 8 0 0 0 2 0 0\nctxt 1\n"));
	assert_int_equal(got.calls, 2);
	is(0, 1, 7, 0);
	is(1, 5, 8, 2);
}

/* What is cut off has no end of line; the last number of it may be the beginning of a longer one. */
static void cut_off(void **state)
{
	(void)state;
	assert_false(parse(""));
	assert_false(parse("cpu"));
	assert_false(parse("cpu  1 1 1 1\ncpu0 0 0 0 7 0 0 0 0\ncpu1 0 0 0 7 0 0 0 1"));
	assert_int_equal(got.calls, 1);
	is(0, 0, 7, 0);
}

static void nonsense(void **state)
{
	(void)state;
	assert_true(parse("cpu0 1 2 3\ncpu1 1 2 3 x\ncpu2x 1 2 3 4\ncpu3 1 2 3 4 y 6\n"
			  "cpu-1 1 2 3 4\ncpux\ncpu 1 2 3 4\ncpu7\ncpu8 \n\n"));
	assert_int_equal(got.calls, 1);
	is(0, 3, 4, 0);
	/* a line without numbers takes none from the next one */
	assert_true(parse("cpu0 1 2\n3 4 5 6 7 8\n"));
	assert_int_equal(got.calls, 0);
	parse("cpu99999999999999999999999 1 2 3 4\ncpu1 1 2 3 99999999999999999999999999 1\n");
	assert_int_equal(got.calls, 2);
}

static void many_cpus(void **state)
{
	char *text = malloc(2048 * 64), *at = text;
	unsigned i;

	(void)state;
	for (i = 0; i < 2048; i++)
		at += sprintf(at, "cpu%u 1 2 3 %u 0 0 0 %u 0 0\n", i, i, i * 2);
	assert_false(parse(text));
	assert_int_equal(got.calls, 2048);
	is(2047, 2047, 2047, 4094);
	free(text);
}

/* The kernel's own: this machine has a CPU that was idle for a moment. */
static void for_real(void **state)
{
	char text[1 << 16];
	FILE *f = fopen("/proc/stat", "r");
	size_t n;

	(void)state;
	if (!f)
		skip();
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	parse(text);
	assert_int_equal(got.calls, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(got.idle[0] > 0);
}

/* --- what is told ----------------------------------------------------------------------------------------------------------- */

static char path[] = "stat.XXXXXX";
static struct ct_cpustat stat_;
static struct {
	unsigned n;
	uint64_t cpu[64], span[64], idle[64], stolen[64];
} told;

static void see(const struct ct_record *r, void *arg)
{
	(void)arg;
	if (r->type != CT_EV_cpu_idle || told.n == 64)
		return;
	told.cpu[told.n] = r->v[CT_F_cpu_idle_cpu];
	told.span[told.n] = r->v[CT_F_cpu_idle_span];
	told.idle[told.n] = r->v[CT_F_cpu_idle_idle_ns] / 10000000;
	told.stolen[told.n++] = r->v[CT_F_cpu_idle_stolen_ns] / 10000000;
}

static int begin(void **state)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;

	plan.chunks = plan.chunks_backed = 16;
	(void)state;
	c_start(&plan, CT_POLICY_STREAM);
	stat_ = (struct ct_cpustat){.slot = ct_slot_claim(), .room = 4096};
	stat_.slot->thread = 0; /* as src/run/record.c has it */
	strcpy(path, "stat.XXXXXX");
	stat_.fd = mkstemp(path);
	stat_.text = malloc(stat_.room);
	return stat_.fd >= 0 && stat_.text ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	ct_cpustat_close(&stat_);
	unlink(path);
	c_stop();
	return 0;
}

static unsigned looks[100]; /* since a CPU was told of */

/* Looks at that text, 50 ms after the look before. */
static void look_at(const char *text)
{
	uint64_t now = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
	unsigned i;

	for (i = 0; i < stat_.cpu_n; i++) {
		struct ct_cpustat_cpu *c = &stat_.cpu[i];

		looks[i] = c->told.ticks == c->seen.ticks ? 1 : looks[i] + 1;
		c->seen.ns = now - 50000000;
		c->told.ns = now - looks[i] * 50000000ull;
	}
	assert_int_equal(ftruncate(stat_.fd, 0), 0);
	assert_int_equal(pwrite(stat_.fd, text, strlen(text), 0), strlen(text));
	ct_cpustat_look(&stat_, stat_.next_ns);
	memset(&told, 0, sizeof(told));
	c_records(stat_.slot->index, see, NULL);
}

static void what_was_counted_is_told(void **state)
{
	(void)state;
	look_at("cpu0 0 0 0 100 5 0 0 7\nintr\n");
	assert_int_equal(told.n, 0); /* what was before is not this recording's */
	look_at("cpu0 0 0 0 101 6 0 0 9\nintr\n");
	look_at("cpu0 0 0 0 101 6 0 0 9\nintr\n");
	assert_int_equal(told.n, 2);
	assert_int_equal(told.idle[0], 2);
	assert_int_equal(told.stolen[0], 2);
	assert_int_equal(told.idle[1], 0);
	/* iowait goes on as idle, and between the two one count is not seen for a moment */
	look_at("cpu0 0 0 0 104 2 0 0 9\nintr\n");
	assert_int_equal(told.idle[2], 0);
	look_at("cpu0 0 0 0 106 2 0 0 9\nintr\n");
	assert_int_equal(told.idle[3], 1);
}

static void who_is_idle_is_told_seldom(void **state)
{
	char text[64];
	unsigned i;

	(void)state;
	/* more than the time that passed, so that it does not matter how long a look takes here */
	for (i = 0; i < 21; i++) {
		snprintf(text, sizeof(text), "cpu0 0 0 0 %u 0 0 0 0\nintr\n", i * 10);
		look_at(text);
	}
	assert_int_equal(told.n, 1); /* of a second */
	assert_int_equal(told.idle[0], 200);
	look_at("cpu0 0 0 0 210 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 1);
	/* and when it is no more, apart from that */
	look_at("cpu0 0 0 0 210 0 0 0 0\nintr\n");
	look_at("cpu0 0 0 0 210 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 3);
	assert_int_equal(told.idle[1], 10);
	assert_int_equal(told.idle[2], 0);
	look_at("cpu0 0 0 0 220 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 3);
	ct_cpustat_last(&stat_);
	look_at("intr\n");
	assert_int_equal(told.n, 4);
	assert_int_equal(told.idle[3], 10);
}

static void cpus_come_and_go(void **state)
{
	(void)state;
	look_at("cpu0 0 0 0 9 0 0 0 0\ncpu1 0 0 0 50 0 0 0 0\nintr\n");
	look_at("cpu0 0 0 0 9 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 1);
	/* it begins anew, whether it goes on counting or from 0 */
	look_at("cpu0 0 0 0 9 0 0 0 0\ncpu1 0 0 0 70 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 2);
	look_at("cpu0 0 0 0 9 0 0 0 0\ncpu1 0 0 0 71 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 4);
	assert_int_equal(told.cpu[3], 1);
	assert_int_equal(told.idle[3], 1);
	look_at("cpu0 0 0 0 9 0 0 0 0\ncpu1 0 0 0 3 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 5);
	assert_int_equal(told.cpu[4], 0);
	/* a number that no CPU has, and one twice */
	look_at("cpu70000 0 0 0 9 0 0 0 0\ncpu1 0 0 0 4 0 0 0 0\ncpu1 0 0 0 9 0 0 0 0\nintr\n");
	assert_int_equal(told.n, 6);
	assert_int_equal(told.idle[5], 1);
	assert_true(stat_.cpu_n < 100);
}

static void room_grows(void **state)
{
	const char *text =
		"cpu0 0 0 0 9 0 0 0 0\ncpu1 0 0 0 50 0 0 0 0\ncpu2 0 0 0 50 0 0 0 0\nintr\n";
	unsigned i;

	(void)state;
	stat_.room = 32;
	for (i = 0; i < 5; i++)
		look_at(text);
	assert_int_equal(stat_.room, 128);
	assert_true(told.n >= 3 && told.cpu[told.n - 1] == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),
		cmocka_unit_test(cpus_that_are_off),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(many_cpus),
		cmocka_unit_test(for_real),
		cmocka_unit_test_setup_teardown(what_was_counted_is_told, begin, finish),
		cmocka_unit_test_setup_teardown(who_is_idle_is_told_seldom, begin, finish),
		cmocka_unit_test_setup_teardown(cpus_come_and_go, begin, finish),
		cmocka_unit_test_setup_teardown(room_grows, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
