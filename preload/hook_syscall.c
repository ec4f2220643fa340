/*
 * hook_syscall.c - system calls made through libc's syscall().  futex is how Rust's standard library, C++20's atomic waits and many
 * hand-made locks sleep: waits and wakes of an object.  The others are recorded as the function of libc they are instead of.  What is not in the
 * table below never comes here: the entry (entry_syscall.S) jumps on to libc without a frame of ours, as it must for calls that
 * return twice or share the stack (clone, vfork).
 */
#include "wrap.h"

#include <asm/unistd.h>
#include <linux/futex.h>

/* Newer than the kernel headers of some builders; one number on every architecture. */
#define NR_io_uring_enter 426
#define NR_epoll_pwait2	  441
#define NR_futex_waitv	  449
#define NR_futex_wake	  454
#define NR_futex_wait	  455

/* A wait for a descriptor: which argument it is; or for none. */
#define FIRST 0
#define NONE  -1

/* X(number, operation, descriptor) */
#define CALLS_EVERYWHERE(X)                                                                        \
	X(__NR_read, read, FIRST)                                                                  \
	X(__NR_readv, readv, FIRST)                                                                \
	X(__NR_write, write, FIRST)                                                                \
	X(__NR_writev, writev, FIRST)                                                              \
	X(__NR_nanosleep, sleep, NONE)                                                             \
	X(__NR_clock_nanosleep, sleep, NONE)                                                       \
	X(__NR_sched_yield, yield, NONE)                                                           \
	X(__NR_ppoll, poll, NONE)                                                                  \
	X(__NR_pselect6, select, NONE)                                                             \
	X(__NR_epoll_pwait, epoll_wait, FIRST)                                                     \
	X(NR_epoll_pwait2, epoll_wait, FIRST)                                                      \
	X(__NR_accept, accept, FIRST)                                                              \
	X(__NR_accept4, accept, FIRST)                                                             \
	X(__NR_connect, connect, FIRST)                                                            \
	X(__NR_recvfrom, recv, FIRST)                                                              \
	X(__NR_recvmsg, recvmsg, FIRST)                                                            \
	X(__NR_recvmmsg, recvmsg, FIRST)                                                           \
	X(__NR_sendto, send, FIRST)                                                                \
	X(__NR_sendmsg, sendmsg, FIRST)                                                            \
	X(__NR_sendmmsg, sendmsg, FIRST)                                                           \
	X(__NR_fsync, fsync, FIRST)                                                                \
	X(__NR_fdatasync, fsync, FIRST)                                                            \
	X(__NR_syncfs, fsync, FIRST)                                                               \
	X(__NR_splice, sendfile, FIRST)                                                            \
	X(__NR_copy_file_range, sendfile, FIRST)                                                   \
	X(__NR_flock, file_lock, FIRST)                                                            \
	X(__NR_rt_sigtimedwait, sigwait, NONE)                                                     \
	X(__NR_wait4, process, NONE)                                                               \
	X(__NR_waitid, process, NONE)                                                              \
	X(__NR_io_getevents, io_getevents, NONE)                                                   \
	X(__NR_io_submit, io_submit, NONE)                                                         \
	X(NR_io_uring_enter, io_uring, FIRST)
#if defined(__x86_64__)
#define CALLS_HERE(X)                                                                              \
	X(__NR_poll, poll, NONE)                                                                   \
	X(__NR_select, select, NONE)                                                               \
	X(__NR_epoll_wait, epoll_wait, FIRST)
#else
#define CALLS_HERE(X)
#endif

#define BIT_OF(nr, word)  ((nr) / 64 == (word) ? 1ull << ((nr) % 64) : 0)
#define BIT_0(nr, op, fd) | BIT_OF(nr, 0)
#define BIT_1(nr, op, fd) | BIT_OF(nr, 1)
#define BIT_2(nr, op, fd) | BIT_OF(nr, 2)
#define BIT_3(nr, op, fd) | BIT_OF(nr, 3)
#define BIT_4(nr, op, fd) | BIT_OF(nr, 4)
#define BIT_5(nr, op, fd) | BIT_OF(nr, 5)
#define BIT_6(nr, op, fd) | BIT_OF(nr, 6)
#define BIT_7(nr, op, fd) | BIT_OF(nr, 7)
#define FUTEX_BITS(word)                                                                           \
	(BIT_OF(__NR_futex, word) | BIT_OF(NR_futex_waitv, word) | BIT_OF(NR_futex_wake, word) |   \
	 BIT_OF(NR_futex_wait, word))
#define SANDBOX_BITS(word) | BIT_OF(__NR_prctl, word) | BIT_OF(__NR_seccomp, word)
#define WORD(n)		   FUTEX_BITS(n) SANDBOX_BITS(n) CALLS_EVERYWHERE(BIT_##n) CALLS_HERE(BIT_##n)

/* A bit for each number that comes here; the entry looks at it. */
__attribute__((visibility("hidden"))) extern const uint64_t ct_syscall_recorded[8];
const uint64_t ct_syscall_recorded[8] = {WORD(0), WORD(1), WORD(2), WORD(3),
					 WORD(4), WORD(5), WORD(6), WORD(7)};

long ct_syscall_sandbox(long nr, long a, long b, long c, long d, long e, long f)
	__attribute__((visibility("hidden")));
long ct_syscall_recorded_call(long nr, long a, long b, long c, long d, long e, long f)
	__attribute__((visibility("hidden")));

static CT_NOINLINE long futex_waits(long object, bool shared, long nr, long a, long b, long c,
				    long d, long e, long f)
{
	struct ct_wait w;
	long r;

	if (!ct_wait_begin(&w, CT_OP_futex, (const void *)object, 0, 0, shared))
		return ct_real_syscall(nr, a, b, c, d, e, f);
	r = ct_real_syscall(nr, a, b, c, d, e, f);
	ct_wait_end(&w, ct_call_result(r));
	return r;
}

/* The kernel says how many it woke; none is no event. */
static CT_NOINLINE long futex_wakes(long object, bool shared, long nr, long a, long b, long c,
				    long d, long e, long f)
{
	uint64_t now = ct_cap.arena.header ? ct_now() : 0;
	long r = ct_real_syscall(nr, a, b, c, d, e, f);

	if (r > 0 && now)
		ct_wake(CT_OP_futex, (const void *)object, now, r > 1, shared);
	return r;
}

static long futex(long nr, long a, long b, long c, long d, long e, long f)
{
	bool shared = !(b & FUTEX_PRIVATE_FLAG);

	switch (b & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI: return futex_waits(a, shared, nr, a, b, c, d, e, f);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET: return futex_wakes(a, shared, nr, a, b, c, d, e, f);
	default: return ct_real_syscall(nr, a, b, c, d, e, f);
	}
}

/* Already in a wrapper for it: libaio makes its calls through syscall(). */
static bool is_inside(enum ct_op op, const struct ct_frame *here)
{
	struct ct_slot *s = ct_self();

	return s && atomic_load_explicit(&s->inflight.op, memory_order_relaxed) == (uint32_t)op &&
	       ct_inflight_taken(s, here);
}

static CT_NOINLINE long call(enum ct_op op, uint64_t object, const void *site, long nr, long a,
			     long b, long c, long d, long e, long f)
{
	struct ct_call call = {.frame = {0, ct_now()}};
	long r;

	if (is_inside(op, &call.frame) || !ct_call_begin(&call, op, object, site))
		return ct_real_syscall(nr, a, b, c, d, e, f);
	r = ct_real_syscall(nr, a, b, c, d, e, f);
	ct_call_end(&call, op, object, ct_call_result(r));
	return r;
}

#define CASE_FIRST ((int)a < 0 ? 0 : (uint64_t)(uint32_t)a + 1)
#define CASE_NONE  0
#define CASE(number, op, fd)                                                                       \
	case number: return call(CT_OP_##op, CASE_##fd, CT_SITE, nr, a, b, c, d, e, f);

long ct_syscall_recorded_call(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case __NR_futex: return futex(nr, a, b, c, d, e, f);
	case NR_futex_wait: return futex_waits(a, !(d & FUTEX_PRIVATE_FLAG), nr, a, b, c, d, e, f);
	case NR_futex_wake: return futex_wakes(a, !(d & FUTEX_PRIVATE_FLAG), nr, a, b, c, d, e, f);
	/* for any of many, which only memory of the caller's names */
	case NR_futex_waitv: return futex_waits(0, false, nr, a, b, c, d, e, f);
	case __NR_prctl:
	case __NR_seccomp:
		return ct_syscall_sandbox(nr, a, b, c, d, e, f);
		CALLS_EVERYWHERE(CASE)
		CALLS_HERE(CASE)
	default: return ct_real_syscall(nr, a, b, c, d, e, f);
	}
}
