/*
 * hook_sandbox.c - the calls by which a program forbids itself the counter, and so ends its recording.
 *
 * PR_SET_TSC makes reading it a SIGSEGV, and so does strict seccomp, on x86-64; the vDSO's clock reads it too. Whoever sandboxes one thread loses the
 * record of the process from then on: a thread's children inherit it, and which threads those are nobody tells.
 */
#include "wrap.h"

#include <sys/prctl.h>
#include <linux/seccomp.h>
#include <stdarg.h>

long ct_syscall_sandbox(long nr, long a, long b, long c, long d, long e, long f)
	__attribute__((visibility("hidden")));

/* After the call, and only when it did what it was asked for: a program that is refused goes on being recorded. */
static void after_prctl(long option, long value)
{
	if ((option == PR_SET_SECCOMP && value == SECCOMP_MODE_STRICT) ||
	    (option == PR_SET_TSC && value == PR_TSC_SIGSEGV))
		ct_capture_stop();
}

/* <sys/prctl.h> declares it with an ellipsis, and libc reads four arguments whatever the option. */
CT_EXPORT int prctl(int option, ...)
{
	unsigned long v[4];
	va_list args;
	int i, r;

	va_start(args, option);
	for (i = 0; i < 4; i++)
		v[i] = va_arg(args, unsigned long);
	va_end(args);
	r = ct_real.prctl(option, v[0], v[1], v[2], v[3]);
	if (r == 0)
		after_prctl(option, (long)v[0]);
	return r;
}

long ct_syscall_sandbox(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = ct_real_syscall(nr, a, b, c, d, e, f);

	if (r == 0 && nr == __NR_prctl)
		after_prctl(a, b);
	else if (r == 0 && a == SECCOMP_SET_MODE_STRICT)
		ct_capture_stop();
	return r;
}
