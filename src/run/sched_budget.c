/*
 * sched_budget.c - what automatic recording may cost, and when it pauses for it.
 */
#include "sched_int.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

#define BUDGET_PERCENT 2u
#define CREDIT_NS      2e6 /* some 2,000 of perf's records at most come that were not earned */
#define PAUSE_MAX_NS   5000000000u
#define CALL_ROUNDS    16u /* of as many calls: 40 us */

/* What a system call takes here at its best: it goes with the processor and with what the kernel does against its faults, as records do. */
static double call_ns(void)
{
	uint64_t best = UINT64_MAX, began, took;
	unsigned i, k;

	for (i = 0; i < CALL_ROUNDS; i++) {
		began = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
		for (k = 0; k < CALL_ROUNDS; k++)
			syscall(SYS_getppid);
		took = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC) - began;
		if (took < best)
			best = took;
	}
	return (double)best / CALL_ROUNDS;
}

static void begin_period(struct ct_sched *s, uint64_t now_ns)
{
	unsigned i;

	s->period_ns = now_ns;
	s->period_switches = s->switches;
	s->period_cpu_ns = 0;
	/* who is on a CPU now counts from now on */
	for (i = 0; i < s->from.n; i++)
		if (s->cpu[i].on_ns)
			s->cpu[i].on_ns = now_ns;
}

void ct_budget_open(struct ct_sched *s)
{
	s->credit_ns = CREDIT_NS;
	if (s->from.n && s->mode == CT_SCHED_AUTO)
		s->cost_ns = s->from.source->cost_calls * call_ns();
	begin_period(s, s->now.mono_ns);
}

/* For good. */
static void stop(struct ct_sched *s)
{
	unsigned i;

	ct_sched_say_off(s, CT_SCHED_TO, s->now.mono_ns);
	for (i = 0; i < s->from.n + s->from.off; i++)
		ct_sched_seal(s, &s->cpu[i]);
	s->from.source->close(&s->from);
	memset(&s->from, 0, sizeof(s->from));
	s->from.ready = -1;
}

static void pause_for(struct ct_sched *s, uint64_t ns)
{
	uint64_t now = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
	unsigned i;

	s->from.source->enable(&s->from, false);
	/* what has come since then is from before it was off, on one CPU or another: it is taken but not counted on */
	if (ct_sched_sample(s))
		ct_sched_take(s);
	ct_sched_say(s, CT_SCHED_TO, now);
	for (i = 0; i < s->from.n; i++)
		s->cpu[i].on_ns = 0;
	s->paused = s->misses = true;
	s->resume_ns = now + ns;
	if (!s->from.source->can_pause)
		stop(s);
}

static void resume(struct ct_sched *s)
{
	if (!s->from.source->enable(&s->from, true)) {
		stop(s);
		return;
	}
	s->paused = false;
	if (!ct_sched_sample(s))
		return;
	ct_sched_say(s, CT_SCHED_FROM, s->now.mono_ns);
	begin_period(s, s->now.mono_ns);
}

/* How long the program was on CPUs since the period began. */
static uint64_t cpu_ns(const struct ct_sched *s, uint64_t now_ns)
{
	uint64_t sum = s->period_cpu_ns;
	unsigned i;

	for (i = 0; i < s->from.n; i++)
		if (s->cpu[i].on_ns && now_ns > s->cpu[i].on_ns)
			sum += now_ns - s->cpu[i].on_ns;
	return sum;
}

/*
 * Records cost, time on a CPU earns a share of itself.  When the credit is used up there is a pause until it would be whole again, if the
 * program goes on as it did; or the end, where a pause would cost as well.
 */
void ct_budget_keep(struct ct_sched *s, uint64_t now_ns)
{
	double cost, earned, wall, pause = PAUSE_MAX_NS;

	if (s->paused) {
		if (now_ns >= s->resume_ns)
			resume(s);
		return;
	}
	if (now_ns <= s->period_ns)
		return;
	wall = (double)(now_ns - s->period_ns);
	cost = (double)(s->switches - s->period_switches) * s->cost_ns;
	earned = (double)cpu_ns(s, now_ns) * BUDGET_PERCENT / 100;
	s->credit_ns += earned - cost;
	if (s->credit_ns > CREDIT_NS)
		s->credit_ns = CREDIT_NS;
	if (s->credit_ns >= 0) {
		begin_period(s, now_ns);
		return;
	}
	if (earned > 0)
		pause = (CREDIT_NS - s->credit_ns) / (earned / wall);
	pause_for(s, pause < PAUSE_MAX_NS ? (uint64_t)pause : PAUSE_MAX_NS);
	s->credit_ns = CREDIT_NS;
}
