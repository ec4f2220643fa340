/*
 * layouts.c - where this libc keeps what is looked at in its objects, found by trial at start.
 *
 * The headers we were built with say where one glibc had them.  Most fields have never moved; what a trial does not find is not looked at.
 */
#include "sys/mem.h"
#include "wrap.h"

/*
 * The word of a condition variable that counts its waiters (above three flags) begins as its attributes: shared, and the monotonic clock,
 * make 3.  It is at byte 36 in glibc 2.31 and 2.36 and at 28 in 2.43, so an object built with the headers of one saw no waiter with the other.
 * Before 2.25 there was none, and no word is 3 then.
 */
static void find_cond_waiters(void)
{
	pthread_condattr_t attr;
	pthread_cond_t c;
	uint32_t word, found = 0;
	size_t at;

	if (!ct_loaded.own_condattr_init || !ct_loaded.own_condattr_setclock ||
	    !ct_loaded.own_condattr_setpshared || !ct_loaded.own_cond_init)
		return;
	ct_mem_zero(&c, sizeof(c));
	if (ct_loaded.own_condattr_init(&attr) ||
	    ct_loaded.own_condattr_setclock(&attr, CLOCK_MONOTONIC) ||
	    ct_loaded.own_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) ||
	    ct_loaded.own_cond_init(&c, &attr))
		return;
	for (at = 0; at + sizeof(word) <= sizeof(c); at += sizeof(word)) {
		ct_mem_copy(&word, (const char *)&c + at, sizeof(word));
		if (word == 3 && found)
			return;
		if (word == 3)
			found = (uint32_t)at;
	}
	ct_loaded.cond_waiters_at = found;
}

/* --- which byte says that an object is shared between processes: the one in which a shared one differs from another --------------------- */

#define PRIVATE PTHREAD_PROCESS_PRIVATE
#define SHARED	PTHREAD_PROCESS_SHARED

/* More than one byte that differs (condition variables before glibc 2.25): then it stays unknown. */
static struct ct_shared_mark compare(const void *mine, const void *shared, size_t bytes)
{
	const uint8_t *a = mine, *b = shared;
	struct ct_shared_mark mark = {0};
	size_t at;

	for (at = 0; at < bytes; at++) {
		if (a[at] == b[at])
			continue;
		if (mark.mask)
			return (struct ct_shared_mark){0};
		mark.at = (uint8_t)at;
		mark.mask = a[at] ^ b[at];
		mark.set = b[at] & mark.mask;
	}
	return mark;
}

static void find_sem_shared(void)
{
	sem_t s[2];

	ct_mem_zero(s, sizeof(s));
	if (ct_loaded.own_sem_init && ct_loaded.own_sem_init(&s[0], 0, 0) == 0 &&
	    ct_loaded.own_sem_init(&s[1], 1, 0) == 0)
		ct_loaded.sem_shared = compare(&s[0], &s[1], sizeof(s[0]));
}

/* What takes its sharing from an attribute object. */
#define FIND(name, init_call)                                                                      \
	static void find_##name##_shared(void)                                                     \
	{                                                                                          \
		pthread_##name##attr_t attr;                                                       \
		pthread_##name##_t o[2];                                                           \
		int i;                                                                             \
                                                                                                   \
		ct_mem_zero(o, sizeof(o));                                                         \
		if (!ct_loaded.own_##name##attr_init || !ct_loaded.own_##name##attr_setpshared ||  \
		    !ct_loaded.own_##name##_init)                                                  \
			return;                                                                    \
		for (i = 0; i < 2; i++)                                                            \
			if (ct_loaded.own_##name##attr_init(&attr) ||                              \
			    ct_loaded.own_##name##attr_setpshared(&attr, i ? SHARED : PRIVATE) ||  \
			    (init_call))                                                           \
				return;                                                            \
		ct_loaded.name##_shared = compare(&o[0], &o[1], sizeof(o[0]));                     \
	}
FIND(cond, ct_loaded.own_cond_init(&o[i], &attr))
FIND(rwlock, ct_loaded.own_rwlock_init(&o[i], &attr))
FIND(barrier, ct_loaded.own_barrier_init(&o[i], &attr, 2))

void ct_layouts_try(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	sem_t s;
	uint64_t word;

	if (ct_loaded.own_lock && ct_loaded.own_unlock && ct_loaded.own_lock(&m) == 0) {
		if (ct_mutex_word(&m) == 1 && ct_mutex_owner(&m) == (uint32_t)ct_gettid())
			ct_cap.flags |= CT_PROC_OWNER_READABLE;
		ct_loaded.own_unlock(&m);
		if (ct_mutex_word(&m) != 0)
			ct_cap.flags &= ~CT_PROC_OWNER_READABLE;
	}
	if (ct_loaded.own_sem_init && ct_loaded.own_sem_trywait &&
	    ct_loaded.own_sem_init(&s, 0, 3) == 0) {
		ct_mem_copy(&word, &s, sizeof(word));
		if (word == 3 && ct_loaded.own_sem_trywait(&s) == 0) {
			ct_mem_copy(&word, &s, sizeof(word));
			if (word == 2)
				ct_cap.flags |= CT_PROC_SEM_READABLE;
		}
	}
	find_cond_waiters();
	find_sem_shared();
	find_cond_shared();
	find_rwlock_shared();
	find_barrier_shared();
}
