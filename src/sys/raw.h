/*
 * raw.h - system calls without libc: they do not touch errno and are no cancellation points.
 *
 * The recorder makes a handful of calls while it starts and, apart from those preload/README.md names, none later.  Returns are the
 * kernel's: negative errno on failure.
 */
#ifndef CT_SYS_RAW_H
#define CT_SYS_RAW_H

#include <asm/unistd.h>

#if defined(__x86_64__)
static inline long ct_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long ct_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "ctrace knows x86-64 and aarch64"
#endif

#define ct_syscall1(nr, a)	 ct_syscall6(nr, (long)(a), 0, 0, 0, 0, 0)
#define ct_syscall2(nr, a, b)	 ct_syscall6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define ct_syscall3(nr, a, b, c) ct_syscall6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define ct_syscall4(nr, a, b, c, d)                                                                \
	ct_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline int ct_getpid(void)
{
	return (int)ct_syscall1(__NR_getpid, 0);
}

static inline int ct_gettid(void)
{
	return (int)ct_syscall1(__NR_gettid, 0);
}

/* The address the ABI keeps for the calling thread: unique among the threads of an address space, free to read. */
static inline unsigned long ct_thread_pointer(void)
{
#if defined(__x86_64__)
	unsigned long tp;

	__asm__("movq %%fs:0, %0" : "=r"(tp));
	return tp;
#else
	unsigned long tp;

	__asm__("mrs %0, tpidr_el0" : "=r"(tp));
	return tp;
#endif
}

#endif
