/*
 * hook_rwlock.c - pthread_rwlock_*.
 *
 * Trying first is as good as locking here: rdlock and wrlock of glibc differ from their try forms in waiting and in answering
 * EDEADLK where the try form says EBUSY, and EBUSY goes on to the real call.  A lock held by readers names nobody; the reader that lets
 * the waiter in is found by its wake record.
 */
#include "wrap.h"

#include <errno.h>

static bool is_shared(const pthread_rwlock_t *l)
{
	return ct_says_shared(&ct_loaded.rwlock_shared, l);
}

#define WAIT(op, l, real_call) CT_WAIT(op, (l), ct_rwlock_writer(l), 0, is_shared(l), real_call)

static CT_COLD int rdlock_slow(pthread_rwlock_t *l)
{
	WAIT(CT_OP_rwlock_read, l, ct_real.rwlock_rdlock(l));
}

CT_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	int err = ct_real.rwlock_tryrdlock(l);

	return ct_likely(err != EBUSY) ? err : rdlock_slow(l);
}

static CT_COLD int wrlock_slow(pthread_rwlock_t *l)
{
	WAIT(CT_OP_rwlock_write, l, ct_real.rwlock_wrlock(l));
}

CT_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	int err = ct_real.rwlock_trywrlock(l);

	return ct_likely(err != EBUSY) ? err : wrlock_slow(l);
}

static CT_COLD int timedrdlock_slow(pthread_rwlock_t *l, const struct timespec *ts)
{
	WAIT(CT_OP_rwlock_read, l, ct_real.rwlock_timedrdlock(l, ts));
}

CT_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *ts)
{
	int err;

	if (ct_unlikely(ct_time_is_wrong(ts, CLOCK_REALTIME)))
		return ct_real.rwlock_timedrdlock(l, ts);
	err = ct_real.rwlock_tryrdlock(l);
	return ct_likely(err != EBUSY) ? err : timedrdlock_slow(l, ts);
}

static CT_COLD int timedwrlock_slow(pthread_rwlock_t *l, const struct timespec *ts)
{
	WAIT(CT_OP_rwlock_write, l, ct_real.rwlock_timedwrlock(l, ts));
}

CT_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *ts)
{
	int err;

	if (ct_unlikely(ct_time_is_wrong(ts, CLOCK_REALTIME)))
		return ct_real.rwlock_timedwrlock(l, ts);
	err = ct_real.rwlock_trywrlock(l);
	return ct_likely(err != EBUSY) ? err : timedwrlock_slow(l, ts);
}

static CT_COLD int clockrdlock_slow(pthread_rwlock_t *l, clockid_t clock, const struct timespec *ts)
{
	WAIT(CT_OP_rwlock_read, l, ct_real.rwlock_clockrdlock(l, clock, ts));
}

CT_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock,
					 const struct timespec *ts)
{
	int err;

	if (ct_unlikely(ct_time_is_wrong(ts, clock)))
		return ct_real.rwlock_clockrdlock(l, clock, ts);
	err = ct_real.rwlock_tryrdlock(l);
	return ct_likely(err != EBUSY) ? err : clockrdlock_slow(l, clock, ts);
}

static CT_COLD int clockwrlock_slow(pthread_rwlock_t *l, clockid_t clock, const struct timespec *ts)
{
	WAIT(CT_OP_rwlock_write, l, ct_real.rwlock_clockwrlock(l, clock, ts));
}

CT_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock,
					 const struct timespec *ts)
{
	int err;

	if (ct_unlikely(ct_time_is_wrong(ts, clock)))
		return ct_real.rwlock_clockwrlock(l, clock, ts);
	err = ct_real.rwlock_trywrlock(l);
	return ct_likely(err != EBUSY) ? err : clockwrlock_slow(l, clock, ts);
}

static CT_COLD int unlock_slow(pthread_rwlock_t *l)
{
	uint64_t now = ct_now();
	enum ct_op op = ct_rwlock_writer(l) ? CT_OP_rwlock_write : CT_OP_rwlock_read;
	bool shared = is_shared(l);
	int err = ct_real.rwlock_unlock(l);

	if (err == 0)
		ct_wake(op, l, now, true, shared);
	return err;
}

CT_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	return ct_likely(!ct_rwlock_has_waiters(l)) ? ct_real.rwlock_unlock(l) : unlock_slow(l);
}

CT_EXPORT int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
	int err = ct_real.rwlock_init(l, attr);

	if (err == 0)
		ct_board_born(l);
	return err;
}

CT_ALIAS(pthread_rwlock_rdlock) int __pthread_rwlock_rdlock(pthread_rwlock_t *l);
CT_ALIAS(pthread_rwlock_wrlock) int __pthread_rwlock_wrlock(pthread_rwlock_t *l);
CT_ALIAS(pthread_rwlock_unlock) int __pthread_rwlock_unlock(pthread_rwlock_t *l);
CT_ALIAS(pthread_rwlock_init)
int __pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr);
