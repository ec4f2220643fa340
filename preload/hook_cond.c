/*
 * hook_cond.c - pthread_cond_* and cnd_*.
 *
 * A wait releases its mutex inside libc, where no wrapper sees it; so the release is put on the wake board here, as unlock would have,
 * or the next holder of the mutex would find an older one there and blame the wrong thread.  The stack of that release is the waiter's.
 *
 * x86-64 has two versions with different objects.  The old one (2.2.5) is a pointer to one of the new ones, made at the first use.
 */
#include "wrap.h"

#if defined(__x86_64__)
/* Defined here under names of ours and exported under libc's, which carry a version (below). */
int ct_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int ct_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *ts);
int ct_cond_signal(pthread_cond_t *c);
int ct_cond_broadcast(pthread_cond_t *c);
int ct_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr);
int ct_cond_wait_old(void *c, pthread_mutex_t *m);
int ct_cond_timedwait_old(void *c, pthread_mutex_t *m, const struct timespec *ts);
int ct_cond_signal_old(void *c);
int ct_cond_broadcast_old(void *c);
#else
#define ct_cond_wait	  pthread_cond_wait
#define ct_cond_timedwait pthread_cond_timedwait
#define ct_cond_signal	  pthread_cond_signal
#define ct_cond_broadcast pthread_cond_broadcast
#define ct_cond_init	  pthread_cond_init
#endif

static void release_mutex(const pthread_mutex_t *m)
{
	struct ct_slot *s;

	if (ct_likely(ct_mutex_word(m) <= 1) || !ct_mutex_has_waiters(m))
		return;
	s = ct_self();
	if (s)
		ct_board_released(s, m, ct_board_release(s, m, ct_mutex_is_shared(m)));
}

static bool is_shared(const void *c)
{
	return ct_says_shared(&ct_loaded.cond_shared, c);
}

#define COND_WAIT(c, m, real_call) COND_WAIT_AS(c, m, is_shared(c), real_call, )
#define COND_WAIT_AS(c, m, shared, real_call, to_error)                                            \
	do {                                                                                       \
		release_mutex((const pthread_mutex_t *)(const void *)(m));                         \
		CT_WAIT_AS(CT_OP_cond, (c), 0, (m), (shared), real_call, to_error);                \
	} while (0)

CT_EXPORT int ct_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	COND_WAIT(c, m, ct_real.cond_wait(c, m));
}

CT_EXPORT int ct_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *ts)
{
	COND_WAIT(c, m, ct_real.cond_timedwait(c, m, ts));
}

CT_EXPORT int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
				     const struct timespec *ts)
{
	COND_WAIT(c, m, ct_real.cond_clockwait(c, m, clock, ts));
}

static CT_COLD int signal_slow(pthread_cond_t *c, int (*real)(pthread_cond_t *), bool all)
{
	bool shared = is_shared(c);
	uint64_t now = ct_now();
	int err = real(c);

	ct_wake(CT_OP_cond, c, now, all, shared);
	return err;
}

CT_EXPORT int ct_cond_signal(pthread_cond_t *c)
{
	return ct_likely(!ct_cond_has_waiters(c)) ? ct_real.cond_signal(c)
						  : signal_slow(c, ct_real.cond_signal, false);
}

CT_EXPORT int ct_cond_broadcast(pthread_cond_t *c)
{
	return ct_likely(!ct_cond_has_waiters(c)) ? ct_real.cond_broadcast(c)
						  : signal_slow(c, ct_real.cond_broadcast, true);
}

CT_EXPORT int ct_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
	int err = ct_real.cond_init(c, attr);

	if (err == 0)
		ct_board_born(c);
	return err;
}

/* An object linked against another version finds libc's own, past us. */
#if defined(__x86_64__)
CT_EXPORT int ct_cond_wait_old(void *c, pthread_mutex_t *m)
{
	COND_WAIT_AS(c, m, false, ct_real.cond_wait_old(c, m), );
}

CT_EXPORT int ct_cond_timedwait_old(void *c, pthread_mutex_t *m, const struct timespec *ts)
{
	COND_WAIT_AS(c, m, false, ct_real.cond_timedwait_old(c, m, ts), );
}

/* The waits are on the old object's address, so the wakes are as well. */
static CT_COLD int signal_old_slow(void *c, int (*real)(void *), bool all)
{
	uint64_t now = ct_now();
	int err = real(c);

	ct_wake(CT_OP_cond, c, now, all, false);
	return err;
}

static int old_has_waiters(void *c)
{
	const pthread_cond_t *inside =
		__atomic_load_n((const pthread_cond_t **)c, __ATOMIC_ACQUIRE);

	return inside && ct_cond_has_waiters(inside);
}

CT_EXPORT int ct_cond_signal_old(void *c)
{
	return ct_likely(!old_has_waiters(c)) ? ct_real.cond_signal_old(c)
					      : signal_old_slow(c, ct_real.cond_signal_old, false);
}

CT_EXPORT int ct_cond_broadcast_old(void *c)
{
	return ct_likely(!old_has_waiters(c))
		       ? ct_real.cond_broadcast_old(c)
		       : signal_old_slow(c, ct_real.cond_broadcast_old, true);
}

__asm__(".symver ct_cond_wait, pthread_cond_wait@@GLIBC_2.3.2, remove");
__asm__(".symver ct_cond_timedwait, pthread_cond_timedwait@@GLIBC_2.3.2, remove");
__asm__(".symver ct_cond_signal, pthread_cond_signal@@GLIBC_2.3.2, remove");
__asm__(".symver ct_cond_broadcast, pthread_cond_broadcast@@GLIBC_2.3.2, remove");
__asm__(".symver ct_cond_init, pthread_cond_init@@GLIBC_2.3.2, remove");
__asm__(".symver ct_cond_wait_old, pthread_cond_wait@GLIBC_2.2.5, remove");
__asm__(".symver ct_cond_timedwait_old, pthread_cond_timedwait@GLIBC_2.2.5, remove");
__asm__(".symver ct_cond_signal_old, pthread_cond_signal@GLIBC_2.2.5, remove");
__asm__(".symver ct_cond_broadcast_old, pthread_cond_broadcast@GLIBC_2.2.5, remove");
#endif

/* --- C11: in glibc a cnd_t is a pthread_cond_t, an mtx_t a pthread_mutex_t ---------------------------------------------------------- */

CT_EXPORT int cnd_wait(cnd_t *c, mtx_t *m)
{
	COND_WAIT_AS(c, m, false, ct_real.cnd_wait(c, m), ct_thrd_error);
}

CT_EXPORT int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *ts)
{
	COND_WAIT_AS(c, m, false, ct_real.cnd_timedwait(c, m, ts), ct_thrd_error);
}

static CT_COLD int cnd_wake_slow(cnd_t *c, int (*real)(cnd_t *), bool all)
{
	uint64_t now = ct_now();
	int err = real(c);

	ct_wake(CT_OP_cond, c, now, all, false);
	return err;
}

static int cnd_has_waiters(const cnd_t *c)
{
	return ct_cond_has_waiters((const pthread_cond_t *)(const void *)c);
}

CT_EXPORT int cnd_signal(cnd_t *c)
{
	return ct_likely(!cnd_has_waiters(c)) ? ct_real.cnd_signal(c)
					      : cnd_wake_slow(c, ct_real.cnd_signal, false);
}

CT_EXPORT int cnd_broadcast(cnd_t *c)
{
	return ct_likely(!cnd_has_waiters(c)) ? ct_real.cnd_broadcast(c)
					      : cnd_wake_slow(c, ct_real.cnd_broadcast, true);
}

CT_EXPORT int cnd_init(cnd_t *c)
{
	int err = ct_real.cnd_init(c);

	if (err == thrd_success)
		ct_board_born(c);
	return err;
}
