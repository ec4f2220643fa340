/*
 * truth_locks.c - a known wait in every way to lock a mutex or a reader-writer lock.  See truth.h.
 *
 * Spin locks are not here: a thread that spins cannot be told from one that is about to.  The waiter
 * of a priority-inheriting mutex spins in the kernel while the holder runs, so that case takes ten
 * times as long as the others: it is blocked only once the holder was put off its cpu.
 */
#include <threads.h>

#include "truth.h"

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checked = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t robust, inheriting;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static mtx_t c11_lock;

static APART long release(pthread_mutex_t *m)
{
	return -pthread_mutex_unlock(m);
}

/* A mutex case: the main thread holds it, the waiter locks and unlocks it. */
#define MUTEX_CASE(name, mutex, lock)                                                              \
	static void hold_##name(void)                                                              \
	{                                                                                          \
		must(!pthread_mutex_lock(&(mutex)), #name);                                        \
	}                                                                                          \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		long err = lock;                                                                   \
                                                                                                   \
		return err ? err : release(&(mutex));                                              \
	}                                                                                          \
	static APART long wake_##name(void)                                                        \
	{                                                                                          \
		long err = pthread_mutex_unlock(&(mutex));                                         \
                                                                                                   \
		must(!err, #name);                                                                 \
		return err;                                                                        \
	}
MUTEX_CASE(lock, plain, pthread_mutex_lock(&plain))
MUTEX_CASE(timedlock, plain, pthread_mutex_timedlock(&plain, LATER(REALTIME)))
MUTEX_CASE(clocklock, plain, pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, LATER(MONOTONIC)))
MUTEX_CASE(lock_timeout, plain, pthread_mutex_timedlock(&plain, SOON(REALTIME)))
MUTEX_CASE(recursive, recursive, pthread_mutex_lock(&recursive))
MUTEX_CASE(checked, checked, pthread_mutex_lock(&checked))
MUTEX_CASE(adaptive, adaptive, pthread_mutex_lock(&adaptive))
MUTEX_CASE(robust, robust, pthread_mutex_lock(&robust))
MUTEX_CASE(inheriting, inheriting, pthread_mutex_lock(&inheriting))

#define RWLOCK_CASE(name, other, lock)                                                             \
	static void hold_##name(void)                                                              \
	{                                                                                          \
		must(!other(&rwlock), #name);                                                      \
	}                                                                                          \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		long err = lock;                                                                   \
                                                                                                   \
		return err ? err : -pthread_rwlock_unlock(&rwlock);                                \
	}                                                                                          \
	static APART long wake_##name(void)                                                        \
	{                                                                                          \
		long err = pthread_rwlock_unlock(&rwlock);                                         \
                                                                                                   \
		must(!err, #name);                                                                 \
		return err;                                                                        \
	}
RWLOCK_CASE(rdlock, pthread_rwlock_wrlock, pthread_rwlock_rdlock(&rwlock))
RWLOCK_CASE(timedrdlock, pthread_rwlock_wrlock,
	    pthread_rwlock_timedrdlock(&rwlock, LATER(REALTIME)))
RWLOCK_CASE(clockrdlock, pthread_rwlock_wrlock,
	    pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, LATER(MONOTONIC)))
RWLOCK_CASE(rdlock_timeout, pthread_rwlock_wrlock,
	    pthread_rwlock_timedrdlock(&rwlock, SOON(REALTIME)))
RWLOCK_CASE(wrlock, pthread_rwlock_wrlock, pthread_rwlock_wrlock(&rwlock))
RWLOCK_CASE(wrlock_read, pthread_rwlock_rdlock, pthread_rwlock_wrlock(&rwlock))
RWLOCK_CASE(timedwrlock, pthread_rwlock_wrlock,
	    pthread_rwlock_timedwrlock(&rwlock, LATER(REALTIME)))
RWLOCK_CASE(clockwrlock, pthread_rwlock_wrlock,
	    pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, LATER(MONOTONIC)))

static void hold_mtx(void)
{
	must(mtx_lock(&c11_lock) == thrd_success, "mtx_lock");
}

static APART long wait_mtx_lock(void)
{
	must(mtx_lock(&c11_lock) == thrd_success, "mtx_lock");
	return mtx_unlock(&c11_lock) == thrd_success ? 0 : -1;
}

static APART long wait_mtx_timedlock(void)
{
	must(mtx_timedlock(&c11_lock, LATER(REALTIME)) == thrd_success, "mtx_timedlock");
	return mtx_unlock(&c11_lock) == thrd_success ? 0 : -1;
}

static APART long wake_mtx(void)
{
	must(mtx_unlock(&c11_lock) == thrd_success, "mtx_unlock");
	return 0;
}

static void drop_plain(void)
{
	must(!pthread_mutex_unlock(&plain), "unlock");
}

static void drop_rwlock(void)
{
	must(!pthread_rwlock_unlock(&rwlock), "unlock");
}

static const struct truth_case cases[] = {
	HELD(lock, "mutex"),
	HELD(timedlock, "mutex"),
	HELD(clocklock, "mutex"),
	TIMEOUT(lock_timeout, "mutex", hold_lock_timeout, drop_plain),
	HELD(recursive, "mutex"),
	HELD(checked, "mutex"),
	HELD(adaptive, "mutex"),
	HELD(robust, "mutex"),
	HELD(inheriting, "mutex"),
	CASE("mtx_lock", "mutex", hold_mtx, wait_mtx_lock, wake_mtx, NULL, 0),
	CASE("mtx_timedlock", "mutex", hold_mtx, wait_mtx_timedlock, wake_mtx, NULL, 0),
	HELD(rdlock, "rwlock_read"),
	HELD(timedrdlock, "rwlock_read"),
	HELD(clockrdlock, "rwlock_read"),
	TIMEOUT(rdlock_timeout, "rwlock_read", hold_rdlock_timeout, drop_rwlock),
	HELD(wrlock, "rwlock_write"),
	HELD(wrlock_read, "rwlock_write"),
	HELD(timedwrlock, "rwlock_write"),
	HELD(clockwrlock, "rwlock_write"),
};

static void set_up(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inheriting, &attr);
	pthread_mutexattr_destroy(&attr);
	mtx_init(&c11_lock, mtx_timed);
}

int main(int argc, char **argv)
{
	set_up();
	return truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
