/*
 * hook_mutex.c - pthread_mutex_* and mtx_*.
 *
 * A free mutex is taken by trying first, which writes nothing.  Only EBUSY means that it was held: anything else is the caller's
 * to see (a robust mutex whose owner died answers EOWNERDEAD once, and has then been taken).  Trying first is right for kinds that have no
 * side effects in trylock; robust, priority-inheriting and priority-protected ones go to the real call, bracketed.
 *
 * Unlock looks at the word before it releases: 2 means somebody may be waiting, and that the real call will make a futex system call
 * anyway, beside which what is done here is small.
 */
#include "wrap.h"

#include <errno.h>

/*
 * Held by the caller, and of a kind whose lock then answers at once: no wait, whatever it answers.  A normal mutex that its holder
 * locks again is one, and the longest.
 */
static int is_own(const pthread_mutex_t *m)
{
	uint32_t type = ct_mutex_kind(m) & CT_MUTEX_TYPE;
	const struct ct_slot *s;

	if (type != CT_MUTEX_RECURSIVE && type != CT_MUTEX_ERRORCHECK)
		return 0;
	s = ct_self();
	return s && s->tid == ct_mutex_holder(m);
}

/* Held by somebody, as far as the word of an odd kind tells. */
static int is_held(const pthread_mutex_t *m)
{
	uint32_t kind = ct_mutex_kind(m), word = ct_mutex_word(m);

	if (is_own(m))
		return 0;
	if (kind & CT_MUTEX_PROTECT)
		return (word & ~CT_MUTEX_CEILING) != 0;
	if (kind & (CT_MUTEX_ROBUST | CT_MUTEX_INHERIT))
		return (word & CT_MUTEX_TID) != 0;
	return word != 0;
}

/*
 * Who held is read before the stack is taken: it is the holder's last chance to be named.  A lock that was not got (a timeout) has a
 * holder afterwards too.
 */
#define LOCK_SLOW(m, real_call) LOCK_SLOW_AS(m, real_call, )
#define LOCK_SLOW_AS(m, real_call, to_error)                                                       \
	do {                                                                                       \
		uint32_t owner_ = ct_mutex_holder(m);                                              \
		struct ct_wait wait_;                                                              \
		int r_, err_;                                                                      \
		if (is_own(m) || ct_unlikely(!ct_wait_begin(&wait_, CT_OP_mutex, (m), owner_, 0,   \
							    ct_mutex_is_shared(m))))               \
			return real_call;                                                          \
		r_ = real_call;                                                                    \
		err_ = to_error(r_);                                                               \
		/* one whose owner died has been got, and is the caller's */                       \
		if (err_ && err_ != EOWNERDEAD)                                                    \
			wait_.owner_last = ct_mutex_holder(m);                                     \
		ct_wait_end(&wait_, err_);                                                         \
		return r_;                                                                         \
	} while (0)

static CT_COLD int lock_slow(pthread_mutex_t *m)
{
	LOCK_SLOW(m, ct_real.mutex_lock(m));
}

/* Looked free, was called, and took long all the same: it was taken in between. */
#define LOCK_ODD(m, slow, real_call)                                                               \
	do {                                                                                       \
		uint64_t start_;                                                                   \
		bool shared_ = ct_mutex_is_shared(m);                                              \
		int err_;                                                                          \
		if (is_held(m))                                                                    \
			return slow;                                                               \
		start_ = ct_now();                                                                 \
		err_ = real_call;                                                                  \
		ct_wait_late(CT_OP_mutex, (m), start_, err_, shared_);                             \
		return err_;                                                                       \
	} while (0)

static CT_COLD int lock_odd(pthread_mutex_t *m)
{
	LOCK_ODD(m, lock_slow(m), ct_real.mutex_lock(m));
}

CT_EXPORT int pthread_mutex_lock(pthread_mutex_t *m)
{
	int err;

	if (ct_unlikely(!ct_mutex_is_plain(m)))
		return lock_odd(m);
	/* with one thread a free mutex stays free, and glibc's lock then saves the locked instruction that its trylock has */
	if (*ct_loaded.single_threaded && ct_mutex_word(m) == 0 &&
	    !(ct_mutex_kind(m) & CT_MUTEX_SHARED))
		return ct_real.mutex_lock(m);
	err = ct_real.mutex_trylock(m);
	if (ct_likely(err != EBUSY))
		return err;
	return lock_slow(m);
}

static CT_COLD int timedlock_slow(pthread_mutex_t *m, const struct timespec *ts)
{
	LOCK_SLOW(m, ct_real.mutex_timedlock(m, ts));
}

static CT_COLD int timedlock_odd(pthread_mutex_t *m, const struct timespec *ts)
{
	LOCK_ODD(m, timedlock_slow(m, ts), ct_real.mutex_timedlock(m, ts));
}

CT_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *ts)
{
	int err;

	if (ct_unlikely(!ct_mutex_is_plain(m)))
		return timedlock_odd(m, ts);
	err = ct_real.mutex_trylock(m);
	return ct_likely(err != EBUSY) ? err : timedlock_slow(m, ts);
}

static CT_COLD int clocklock_slow(pthread_mutex_t *m, clockid_t clock, const struct timespec *ts)
{
	LOCK_SLOW(m, ct_real.mutex_clocklock(m, clock, ts));
}

static CT_COLD int clocklock_odd(pthread_mutex_t *m, clockid_t clock, const struct timespec *ts)
{
	LOCK_ODD(m, clocklock_slow(m, clock, ts), ct_real.mutex_clocklock(m, clock, ts));
}

CT_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock,
				      const struct timespec *ts)
{
	int err;

	/* a clock that cannot be waited for is an error even when the mutex is free */
	if (ct_unlikely(!ct_mutex_is_plain(m) ||
			(clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)))
		return clocklock_odd(m, clock, ts);
	err = ct_real.mutex_trylock(m);
	return ct_likely(err != EBUSY) ? err : clocklock_slow(m, clock, ts);
}

/* Does the word of a mutex that the caller holds show a waiter, and will this unlock let it go? */
int ct_mutex_has_waiters(const pthread_mutex_t *m)
{
	uint32_t kind = ct_mutex_kind(m), word = ct_mutex_word(m);

	if ((kind & CT_MUTEX_TYPE) == CT_MUTEX_RECURSIVE && m->__data.__count > 1)
		return 0;
	if (kind & CT_MUTEX_PROTECT)
		return (word & ~CT_MUTEX_CEILING) > 1;
	if (kind & (CT_MUTEX_ROBUST | CT_MUTEX_INHERIT))
		return (word & CT_MUTEX_WAITERS) != 0;
	return word > 1;
}

static CT_COLD int unlock_slow(pthread_mutex_t *m)
{
	struct ct_slot *s = ct_mutex_has_waiters(m) ? ct_self() : 0;
	struct ct_release release;
	int err;

	if (!s)
		return ct_real.mutex_unlock(m);
	release = ct_board_release(s, m, ct_mutex_is_shared(m));
	err = ct_real.mutex_unlock(m);
	if (err == 0)
		ct_board_released(s, m, release);
	return err;
}

CT_EXPORT int pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (ct_likely(ct_mutex_word(m) <= 1))
		return ct_real.mutex_unlock(m);
	return unlock_slow(m);
}

CT_EXPORT int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	int err = ct_real.mutex_init(m, attr);

	if (err == 0)
		ct_board_born(m);
	return err;
}

/* Names old objects were linked with. */
CT_ALIAS(pthread_mutex_lock) int __pthread_mutex_lock(pthread_mutex_t *m);
CT_ALIAS(pthread_mutex_unlock) int __pthread_mutex_unlock(pthread_mutex_t *m);
CT_ALIAS(pthread_mutex_init)
int __pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);

/* --- C11 ------------------------------------------------------------------------------------------------------------------------- */

/* In glibc an mtx_t is a pthread_mutex_t, normal or recursive. */
#define PM(m) ((pthread_mutex_t *)(void *)(m))

static CT_COLD int mtx_lock_slow(mtx_t *m)
{
	LOCK_SLOW_AS(PM(m), ct_real.mtx_lock(m), ct_thrd_error);
}

CT_EXPORT int mtx_lock(mtx_t *m)
{
	int err = ct_real.mtx_trylock(m);

	return ct_likely(err != thrd_busy) ? err : mtx_lock_slow(m);
}

static CT_COLD int mtx_timedlock_slow(mtx_t *m, const struct timespec *ts)
{
	LOCK_SLOW_AS(PM(m), ct_real.mtx_timedlock(m, ts), ct_thrd_error);
}

CT_EXPORT int mtx_timedlock(mtx_t *m, const struct timespec *ts)
{
	int err = ct_real.mtx_trylock(m);

	return ct_likely(err != thrd_busy) ? err : mtx_timedlock_slow(m, ts);
}

static CT_COLD int mtx_unlock_slow(mtx_t *m)
{
	struct ct_slot *s = ct_mutex_has_waiters(PM(m)) ? ct_self() : 0;
	struct ct_release release;
	int err;

	if (!s)
		return ct_real.mtx_unlock(m);
	release = ct_board_release(s, m, false);
	err = ct_real.mtx_unlock(m);
	if (err == thrd_success)
		ct_board_released(s, m, release);
	return err;
}

CT_EXPORT int mtx_unlock(mtx_t *m)
{
	if (ct_likely(ct_mutex_word(PM(m)) <= 1))
		return ct_real.mtx_unlock(m);
	return mtx_unlock_slow(m);
}

CT_EXPORT int mtx_init(mtx_t *m, int type)
{
	int err = ct_real.mtx_init(m, type);

	if (err == thrd_success)
		ct_board_born(m);
	return err;
}
