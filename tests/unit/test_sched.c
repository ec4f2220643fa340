/*
 * Recording switches has a budget: what it costs more than that the program pays.  And a CPU that comes while nobody can be told of it must
 * not look as if no thread ran there.  Both with a source of the test's own, which counts what it hands out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture/capture.h"
#include "run/sched.h"

#define COST_NS	  1000u
#define BUDGET	  2u	   /* percent */
#define CREDIT_NS 2000000u /* that needs not be earned */

static char path[] = "sched.XXXXXX";

/* One CPU where a thread runs all the time and leaves it for a moment, so many times a second. */
static struct {
	double rate;
	uint64_t from_ns;	 /* when it was first said that all is recorded */
	uint64_t told_ns;	 /* handed out up to here */
	uint64_t ran_ns, most;	 /* handed out: time on the CPU; records in one look */
	uint64_t records, early; /* handed out; of before from_ns, which are not to be recorded */
	unsigned enabled, closed;
	bool on, refuses, stuck, off_cpu, gone, steps_back;
} fake;

static int open_fake(struct ct_switches *s, pid_t pid)
{
	(void)pid;
	if (fake.refuses)
		return -ENOBUFS;
	s->n = 1;
	s->off = 1;
	s->cpu = calloc(2, sizeof(*s->cpu));
	s->cpu[1] = 1;
	s->ready = -1;
	return 0;
}

static bool enable_fake(struct ct_switches *s, bool on)
{
	(void)s;
	if (on && fake.stuck)
		return false;
	fake.on = on;
	fake.enabled += on;
	fake.told_ns = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
	return true;
}

static void read_fake(struct ct_switches *s, unsigned i, uint64_t until_ns, ct_switch_fn *take,
		      void *arg)
{
	uint64_t each = (uint64_t)(1e9 / fake.rate), n = 0, early;

	(void)s;
	(void)i;
	if (fake.gone) {
		const struct ct_switch gone = {
			.ns = fake.told_ns + 1, .tid = 7, .pid = 7, .kind = CT_SWITCH_GONE};

		if (fake.told_ns + 1 < until_ns)
			take(arg, &gone);
		return;
	}
	while (fake.told_ns + each < until_ns) {
		struct ct_switch off = {.ns = fake.told_ns + each - 1,
					.tid = 7,
					.kind = CT_SWITCH_WAITS},
				 on = {.ns = fake.told_ns + each, .tid = 7, .kind = CT_SWITCH_ON};

		fake.told_ns += each;
		fake.ran_ns += each - 1;
		if (fake.steps_back)
			on.ns = off.ns - 1;
		early = (unsigned)(off.ns < fake.from_ns) + (unsigned)(on.ns < fake.from_ns);
		fake.early += early;
		n += 2 - early;
		take(arg, &off);
		take(arg, &on);
	}
	fake.records += n;
	fake.most = n > fake.most ? n : fake.most;
}

static int forked_fake(struct ct_switches *s)
{
	(void)s;
	return 0;
}

static void close_fake(struct ct_switches *s)
{
	free(s->cpu);
	fake.closed++;
}

static const struct ct_switch_source pauses = {.id = CT_SCHED_BPF,
					       .cost_calls = 1,
					       .can_pause = true,
					       .open = open_fake,
					       .enable = enable_fake,
					       .read = read_fake,
					       .forked = forked_fake,
					       .close = close_fake};
static const struct ct_switch_source stops = {.id = CT_SCHED_PERF,
					      .cost_calls = 1,
					      .open = open_fake,
					      .enable = enable_fake,
					      .read = read_fake,
					      .forked = forked_fake,
					      .close = close_fake};

static bool is_off(unsigned cpu)
{
	return cpu == 1 && fake.off_cpu;
}

static void begin(struct ct_sched *s, enum ct_sched_mode mode,
		  const struct ct_switch_source *source, double rate)
{
	struct ct_header h = {.clock = 0};
	struct ct_stream *stream;

	memset(&fake, 0, sizeof(fake));
	fake.rate = rate;
	fake.off_cpu = true;
	assert_int_equal(ct_stream_create(path, &h, &stream), 0);
	ct_sched_open_from(s, mode, &source, 1, 1, stream, 0);
	/* some time after the source was asked to begin, with other programs in between perhaps */
	fake.from_ns = s->now.mono_ns;
	if (mode == CT_SCHED_AUTO) /* as long as a system call here, which takes time */
		assert_true(s->cost_ns > 5 && s->cost_ns < 1e6);
	s->cost_ns = COST_NS;
	s->is_off = is_off;
}

static void end(struct ct_sched *s)
{
	struct ct_stream *stream = s->stream;

	assert_int_equal(ct_sched_finish(s), 0);
	ct_stream_close(stream);
	unlink(path);
}

/* Looks for so long; stops when it is paused, if that is asked for. */
static uint64_t look_for(struct ct_sched *s, uint64_t ns, bool until_paused)
{
	uint64_t from = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC), now = from;
	const struct timespec ms = {.tv_nsec = 1000000};

	while (now - from < ns && !(until_paused && s->paused)) {
		nanosleep(&ms, NULL);
		now = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
		ct_sched_look(s, now);
	}
	return now - from;
}

/* What was recorded is paid for: by the credit, by what was earned, and by one look that could not know before. */
static void assert_within_budget(void)
{
	uint64_t paid = CREDIT_NS + fake.ran_ns * BUDGET / 100;

	assert_true((fake.records - fake.most) * COST_NS <= paid);
}

static void too_many_are_not_recorded(void **state)
{
	struct ct_sched s;
	uint64_t before;

	(void)state;
	begin(&s, CT_SCHED_AUTO, &stops, 200000);
	look_for(&s, 10000000000u, true);
	assert_true(s.paused && s.misses);
	assert_false(ct_sched_tells(&s));
	assert_within_budget();
	assert_int_equal(fake.closed, 1); /* perf's events cost when they are off, too */
	before = fake.records;
	look_for(&s, 20000000, false);
	assert_int_equal(fake.records, before);
	end(&s);
}

static void goes_on_when_it_is_earned(void **state)
{
	struct ct_sched s;
	unsigned i;

	(void)state;
	begin(&s, CT_SCHED_AUTO, &pauses, 200000);
	for (i = 1; i <= 3; i++) {
		look_for(&s, 10000000000u, true);
		assert_true(s.paused);
		assert_int_equal(fake.enabled, i);
		/* the credit is whole again after 2 ms / 2 % of a CPU, which is not waited for here */
		assert_true(s.resume_ns > s.now.mono_ns);
		assert_within_budget();
		s.resume_ns = 0;
		ct_sched_look(&s, ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC));
		assert_false(s.paused);
		fake.records = fake.ran_ns = fake.most = 0;
	}
	assert_int_equal(fake.closed, 0);
	end(&s);
}

static void what_cannot_go_on_is_closed(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_AUTO, &pauses, 200000);
	look_for(&s, 10000000000u, true);
	fake.stuck = true;
	s.resume_ns = 0;
	ct_sched_look(&s, ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC));
	assert_true(s.paused && s.misses);
	assert_false(ct_sched_tells(&s));
	assert_int_equal(fake.closed, 1);
	end(&s);
}

static void few_are_all_recorded(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_AUTO, &stops, 1000); /* 2,000 records of 1 us: 0.2 % */
	look_for(&s, 100000000, false);
	assert_false(s.paused);
	assert_false(s.misses);
	assert_int_equal(s.switches, fake.records);
	end(&s);
}

static void exact_has_no_budget(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_EXACT, &stops, 200000);
	look_for(&s, 50000000, false);
	assert_false(s.paused);
	assert_true(fake.records * COST_NS > CREDIT_NS);
	assert_int_equal(s.switches, fake.records);
	end(&s);
}

/* "All is recorded from here on" is said after the source has begun: what it tells of before that is no part of it. */
static void recorded_from_when_it_is_said(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_EXACT, &stops, 1000);
	fake.told_ns = fake.from_ns - 20000000;
	look_for(&s, 20000000, false);
	assert_int_equal(fake.early, 39); /* the last one of them comes just then */
	assert_true(fake.records > 0);
	assert_int_equal(s.switches, fake.records);
	end(&s);
}

static void a_step_back_is_no_reason_to_drop(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_EXACT, &stops, 1000);
	fake.steps_back = true;
	look_for(&s, 20000000, false);
	assert_true(fake.records > 0);
	assert_int_equal(s.switches, fake.records);
	end(&s);
}

static void a_cpu_comes_and_goes(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_EXACT, &pauses, 1000);
	look_for(&s, 50000000, false);
	assert_true(s.cpu[0].covered &&
		    s.cpu[1].covered); /* nothing can run where there is nothing */
	assert_false(s.misses);
	fake.off_cpu = false;
	look_for(&s, 50000000, false);
	assert_false(s.cpu[1].covered);
	assert_true(s.misses);
	assert_true(s.cpu[0].covered);
	fake.off_cpu = true;
	look_for(&s, 50000000, false);
	assert_true(s.cpu[1].covered);
	end(&s);
}

/* Nobody tells of a thread's last switch: a CPU where one has ended would look as if it were still there. */
static void the_dead_leave_their_cpu(void **state)
{
	struct ct_sched s;

	(void)state;
	begin(&s, CT_SCHED_EXACT, &stops, 1000);
	look_for(&s, 50000000, false);
	assert_true(s.cpu[0].on_ns);
	fake.gone = true;
	look_for(&s, 10000000, false);
	assert_false(s.cpu[0].on_ns);
	end(&s);
}

static void refused_is_missing_all(void **state)
{
	const struct ct_switch_source *source = &stops;
	struct ct_header h = {.clock = 0};
	struct ct_stream *stream;
	struct ct_sched s;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.refuses = true;
	assert_int_equal(ct_stream_create(path, &h, &stream), 0);
	ct_sched_open_from(&s, CT_SCHED_AUTO, &source, 1, 1, stream, 0);
	assert_true(s.misses);
	assert_false(ct_sched_tells(&s));
	end(&s);
	ct_sched_open_from(&s, CT_SCHED_OFF, &source, 1, 1, NULL, 0);
	assert_false(ct_sched_unaccounted(&s)); /* nobody wants to know */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_are_not_recorded),
		cmocka_unit_test(goes_on_when_it_is_earned),
		cmocka_unit_test(what_cannot_go_on_is_closed),
		cmocka_unit_test(few_are_all_recorded),
		cmocka_unit_test(exact_has_no_budget),
		cmocka_unit_test(recorded_from_when_it_is_said),
		cmocka_unit_test(a_step_back_is_no_reason_to_drop),
		cmocka_unit_test(a_cpu_comes_and_goes),
		cmocka_unit_test(the_dead_leave_their_cpu),
		cmocka_unit_test(refused_is_missing_all),
	};

	ct_clock_choose(&ct_cap.clock, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
