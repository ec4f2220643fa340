/*
 * clock.c - choosing the clock.  See clock.h.
 */
#include "clock.h"

#include <fcntl.h>
#include <stdbool.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/prctl.h>
#endif

#include "sys/poison.h"

#if defined(__x86_64__)
static bool counter_is_invariant(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(0x80000007u, &a, &b, &c, &d))
		return false;
	return (d & (1u << 8)) != 0;
}

/* The kernel has checked the counters of all CPUs against each other before it names "tsc" here. */
static bool kernel_uses_counter(void)
{
	static const char path[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char name[8] = "";
	long fd = ct_syscall4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	ct_syscall3(__NR_read, fd, name, sizeof(name) - 1);
	ct_syscall1(__NR_close, fd);
	return name[0] == 't' && name[1] == 's' && name[2] == 'c';
}

static bool counter_is_allowed(void)
{
	int mode = PR_TSC_ENABLE;

	return ct_syscall2(__NR_prctl, PR_GET_TSC, &mode) < 0 || mode == PR_TSC_ENABLE;
}

static uint32_t counter_kind(void)
{
	return counter_is_invariant() && counter_is_allowed() && kernel_uses_counter()
		       ? CT_CLOCK_TSC
		       : CT_CLOCK_MONOTONIC;
}
#else
static uint32_t counter_kind(void)
{
	return CT_CLOCK_CNTVCT;
}
#endif

uint64_t ct_clock_rate(const struct ct_clock_source *c, uint64_t ns)
{
	struct ct_clock_sample a = ct_clock_sample(c), b;

	do
		b = ct_clock_sample(c);
	while (b.mono_ns - a.mono_ns < ns);
	return (b.ticks - a.ticks) * 1000000000u / (b.mono_ns - a.mono_ns);
}

void ct_clock_choose(struct ct_clock_source *c, ct_clock_gettime_fn vdso)
{
	uint64_t rate;

	c->vdso = vdso;
	c->shift = 0;
	c->kind = counter_kind();
	/* 100 us: one part in 4000, enough to choose a shift and a threshold */
	rate = ct_clock_rate(c, 100000);
	while (rate >> c->shift > 250000000u)
		c->shift++;
}
