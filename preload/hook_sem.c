/*
 * hook_sem.c - sem_*.
 *
 * sem_wait must stay a cancellation point even when it does not block, and sem_trywait is none and writes errno; hence the order
 * below.  The timed forms check their time before they look at the value, so a wrong one is passed on.  sem_clockwait alone is a
 * cancellation point only when it blocks.
 */
#include "wrap.h"

#include <errno.h>

/* Took one without waiting?  errno is as before when not. */
static int took(sem_t *s)
{
	int saved = *__errno_location();

	if (ct_real.sem_trywait(s) == 0)
		return 1;
	*__errno_location() = saved;
	return 0;
}

static bool is_shared(const sem_t *s)
{
	return ct_says_shared(&ct_loaded.sem_shared, s);
}

/* The record's result is an error number, as the pthread functions give it. */
#define WAIT(s, real_call)                                                                         \
	do {                                                                                       \
		struct ct_wait wait_;                                                              \
		int r_;                                                                            \
		if (ct_unlikely(!ct_wait_begin(&wait_, CT_OP_sem, (s), 0, 0, is_shared(s))))       \
			return real_call;                                                          \
		r_ = real_call;                                                                    \
		ct_wait_end(&wait_, r_ < 0 ? *__errno_location() : 0);                             \
		return r_;                                                                         \
	} while (0)

static CT_COLD int wait_slow(sem_t *s)
{
	WAIT(s, ct_real.sem_wait(s));
}

CT_EXPORT int sem_wait(sem_t *s)
{
	ct_real.testcancel();
	return ct_likely(took(s)) ? 0 : wait_slow(s);
}

static CT_COLD int timedwait_slow(sem_t *s, const struct timespec *ts)
{
	WAIT(s, ct_real.sem_timedwait(s, ts));
}

CT_EXPORT int sem_timedwait(sem_t *s, const struct timespec *ts)
{
	if (ct_unlikely(ct_time_is_wrong(ts, CLOCK_REALTIME)))
		return ct_real.sem_timedwait(s, ts);
	ct_real.testcancel();
	return took(s) ? 0 : timedwait_slow(s, ts);
}

static CT_COLD int clockwait_slow(sem_t *s, clockid_t clock, const struct timespec *ts)
{
	WAIT(s, ct_real.sem_clockwait(s, clock, ts));
}

CT_EXPORT int sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *ts)
{
	if (ct_unlikely(ct_time_is_wrong(ts, clock)))
		return ct_real.sem_clockwait(s, clock, ts);
	return took(s) ? 0 : clockwait_slow(s, clock, ts);
}

static CT_COLD int post_slow(sem_t *s)
{
	bool shared = is_shared(s);
	uint64_t now = ct_now();
	int r = ct_real.sem_post(s);

	if (r == 0)
		ct_wake(CT_OP_sem, s, now, false, shared);
	return r;
}

CT_EXPORT int sem_post(sem_t *s)
{
	return ct_likely(!ct_sem_has_waiters(s)) ? ct_real.sem_post(s) : post_slow(s);
}

CT_EXPORT int sem_init(sem_t *s, int shared, unsigned value)
{
	int r = ct_real.sem_init(s, shared, value);

	if (r == 0)
		ct_board_born(s);
	return r;
}
