/*
 * wrap.h - what the wrappers share: the insides of glibc's objects that may be looked at, and the shape of a wrapped call.
 *
 * Objects are only read, by relaxed loads, before the real call; after a call that releases one it may be gone (freed, unmapped) and
 * only its address is used.  What the fields mean is in glibc's nptl; CT_PROC_OWNER_READABLE and CT_PROC_SEM_READABLE say whether a
 * trial at start found them so.
 */
#ifndef CT_PRELOAD_WRAP_H
#define CT_PRELOAD_WRAP_H

#include <stdint.h>

#include "capture/capture.h"
#include "real.h"

#if defined(__x86_64__)
#define CT_VDSO_CLOCK "__vdso_clock_gettime"
#else
#define CT_VDSO_CLOCK "__kernel_clock_gettime"
#endif

#define CT_EXPORT __attribute__((visibility("default")))
/* Another name of a function, with its attributes where the compiler can copy them. */
#if defined(__GNUC__) && !defined(__clang__)
#define CT_ALIAS(f) __attribute__((visibility("default"), alias(#f), copy(f)))
#else
#define CT_ALIAS(f) __attribute__((visibility("default"), alias(#f)))
#endif
#define CT_COLD	       __attribute__((noinline, cold))
#define CT_NOINLINE    __attribute__((noinline))
#define CT_SITE	       __builtin_return_address(0)
#define ct_unlikely(x) __builtin_expect(!!(x), 0)
#define ct_likely(x)   __builtin_expect(!!(x), 1)

/* --- mutex: struct __pthread_mutex_s, the same first words on every architecture since 2.x ------------------------------------- */

#define CT_MUTEX_TYPE	    3 /* normal, recursive, errorcheck, adaptive */
#define CT_MUTEX_RECURSIVE  1
#define CT_MUTEX_ERRORCHECK 2
#define CT_MUTEX_ROBUST	    16
#define CT_MUTEX_INHERIT    32
#define CT_MUTEX_PROTECT    64
#define CT_MUTEX_SHARED	    128
#define CT_MUTEX_NO_ELIDE   512
#define CT_MUTEX_WAITERS    0x80000000u /* robust and PI: in the lock word */
#define CT_MUTEX_TID	    0x3fffffffu
#define CT_MUTEX_CEILING    0xfff80000u /* PP: priority ceiling in the lock word */

static inline uint32_t ct_mutex_word(const pthread_mutex_t *m)
{
	return (uint32_t)__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED);
}

static inline uint32_t ct_mutex_kind(const pthread_mutex_t *m)
{
	return (uint32_t)__atomic_load_n(&m->__data.__kind, __ATOMIC_RELAXED);
}

static inline uint32_t ct_mutex_owner(const pthread_mutex_t *m)
{
	return (uint32_t)__atomic_load_n(&m->__data.__owner, __ATOMIC_RELAXED);
}

/* A kind whose trylock and lock differ only in waiting: trying first changes nothing. */
static inline int ct_mutex_is_plain(const pthread_mutex_t *m)
{
	return !(ct_mutex_kind(m) &
		 ~(uint32_t)(CT_MUTEX_TYPE | CT_MUTEX_SHARED | CT_MUTEX_NO_ELIDE));
}

/*
 * Robust and priority-inheriting ones have their owner in the lock word, for the kernel; and in its own field glibc has a mark there as long
 * as one whose owner died has not been made good.
 */
static inline uint32_t ct_mutex_holder(const pthread_mutex_t *m)
{
	if (!(ct_cap.flags & CT_PROC_OWNER_READABLE))
		return 0;
	if (ct_mutex_kind(m) & (CT_MUTEX_ROBUST | CT_MUTEX_INHERIT))
		return ct_mutex_word(m) & CT_MUTEX_TID;
	return ct_mutex_owner(m);
}

int ct_mutex_has_waiters(const pthread_mutex_t *m);

/* --- process-shared: objects that other processes may use as well, when they have the memory ------------------------------------------ */

static inline bool ct_mutex_is_shared(const pthread_mutex_t *m)
{
	return (ct_mutex_kind(m) & CT_MUTEX_SHARED) != 0;
}

/* @mark: of its kind, in ct_loaded */
static inline bool ct_says_shared(const struct ct_shared_mark *mark, const void *object)
{
	uint8_t byte = __atomic_load_n((const uint8_t *)object + mark->at, __ATOMIC_RELAXED);

	return mark->mask && (byte & mark->mask) == mark->set;
}

/* --- condition variable: one word's value >> 3 counts waiters since glibc 2.25; which one, layouts.c finds ------------------------- */

static inline int ct_cond_has_waiters(const pthread_cond_t *c)
{
	const char *word = (const char *)c + ct_loaded.cond_waiters_at;

	return word != (const char *)c &&
	       __atomic_load_n((const uint32_t *)(const void *)word, __ATOMIC_RELAXED) > 7;
}

/* --- semaphore: value in the low, waiters in the high half of the first word since 2.21 ---------------------------------------------- */

static inline int ct_sem_has_waiters(const sem_t *s)
{
	if (!(ct_cap.flags & CT_PROC_SEM_READABLE))
		return 0;
	return __atomic_load_n((const uint64_t *)(const void *)s, __ATOMIC_RELAXED) >> 32 != 0;
}

/* --- rwlock ------------------------------------------------------------------------------------------------------------------------------ */

static inline uint32_t ct_rwlock_writer(const pthread_rwlock_t *l)
{
	return ct_cap.flags & CT_PROC_OWNER_READABLE
		       ? (uint32_t)__atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED)
		       : 0;
}

/* Both futex words have bit 1 set while somebody may sleep on them. */
static inline int ct_rwlock_has_waiters(const pthread_rwlock_t *l)
{
	return ((__atomic_load_n(&l->__data.__wrphase_futex, __ATOMIC_RELAXED) |
		 __atomic_load_n(&l->__data.__writers_futex, __ATOMIC_RELAXED)) &
		2u) != 0;
}

/*
 * A time or clock that rwlocks' and semaphores' timed calls refuse before they look at the object (glibc 2.25 on): such a call must go to
 * libc as it is, and does not wait.
 */
static inline int ct_time_is_wrong(const struct timespec *ts, clockid_t clock)
{
	return ts->tv_nsec < 0 || ts->tv_nsec > 999999999 ||
	       (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC);
}

/* --- the shape of a system call ----------------------------------------------------------------------------------------------------------- */

static inline long ct_call_result(long r)
{
	return r < 0 ? -(long)*__errno_location() : r;
}

/* A call on a memory object that is known to be taken: the same with stack and holder.  `to_error` makes an error number of its answer. */
#define CT_WAIT(op, object, owner, mutex, shared, real_call)                                       \
	CT_WAIT_AS(op, object, owner, mutex, shared, real_call, )
#define CT_WAIT_AS(op, object, owner, mutex, shared, real_call, to_error)                          \
	do {                                                                                       \
		struct ct_wait wait_;                                                              \
		int r_;                                                                            \
		if (ct_unlikely(                                                                   \
			    !ct_wait_begin(&wait_, (op), (object), (owner), (mutex), (shared))))   \
			return real_call;                                                          \
		r_ = real_call;                                                                    \
		ct_wait_end(&wait_, to_error(r_));                                                 \
		return r_;                                                                         \
	} while (0)

/* C11's answers are numbers of its own; a record's result is an error number. */
static inline int ct_thrd_error(int r)
{
	switch (r) {
	case thrd_success: return 0;
	case thrd_busy: return EBUSY;
	case thrd_nomem: return ENOMEM;
	case thrd_timedout: return ETIMEDOUT;
	default: return EINVAL;
	}
}

#endif
