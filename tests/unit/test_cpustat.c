/*
 * /proc/stat is a text of the kernel's, which has grown columns over the years, leaves out CPUs that are off, and is longer than any room on a large
 * machine: a CPU that is taken for another one, or a guest's time for idle time, would make every figure of `ctrace sched` wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),   cmocka_unit_test(cpus_that_are_off),
		cmocka_unit_test(cut_off),   cmocka_unit_test(nonsense),
		cmocka_unit_test(many_cpus), cmocka_unit_test(for_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
