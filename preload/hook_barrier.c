/*
 * hook_barrier.c - pthread_barrier_wait and pthread_once, where many wait for one.
 *
 * In both the call itself tells who that one was: glibc gives PTHREAD_BARRIER_SERIAL_THREAD to the last thread that arrives, and the
 * thread that ran the once routine is the one that found it not begun and left it done.
 */
#include "wrap.h"

#define ONCE_BUSY 1 /* low bits of a pthread_once_t: 0 not begun, 1 running, 2 done */
#define ONCE_DONE 2

CT_EXPORT int pthread_barrier_wait(pthread_barrier_t *b)
{
	bool shared = ct_says_shared(&ct_loaded.barrier_shared, b);
	struct ct_wait w;
	bool recorded = ct_wait_begin(&w, CT_OP_barrier, b, 0, 0, shared);
	int r = ct_real.barrier_wait(b);

	/* from here on another thread may have destroyed the barrier */
	if (!recorded)
		return r;
	if (r == PTHREAD_BARRIER_SERIAL_THREAD) {
		ct_wait_drop(&w);
		ct_wake(CT_OP_barrier, b, w.frame.start, true, shared);
	} else {
		ct_wait_end(&w, r);
	}
	return r;
}

CT_EXPORT int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
				   unsigned n)
{
	int err = ct_real.barrier_init(b, attr, n);

	if (err == 0)
		ct_board_born(b);
	return err;
}

static CT_COLD int once_wait(pthread_once_t *o, void (*fn)(void))
{
	CT_WAIT(CT_OP_once, o, 0, 0, false, ct_real.once(o, fn));
}

/* The routine runs in here, so that its end is known: those who waited for it are woken then, not when this call returns. */
struct once_call {
	void (*fn)(void);
	uint64_t end; /* ticks; 0: not run by this thread */
};
static __thread struct once_call *once_current;

static void once_routine(void)
{
	struct once_call *call = once_current;

	call->fn();
	call->end = ct_now();
}

static CT_COLD int once_slow(pthread_once_t *o, void (*fn)(void))
{
	struct once_call call = {fn, 0}, *outer = once_current;
	uint64_t start;
	int err;

	if ((__atomic_load_n(o, __ATOMIC_ACQUIRE) & 3) == ONCE_BUSY)
		return once_wait(o, fn);
	if (!ct_self())
		return ct_real.once(o, fn);
	start = ct_now();
	once_current = &call;
	err = ct_real.once(o, once_routine);
	once_current = outer;
	/* others can only have waited if it took as long as a wait that is recorded */
	if (call.end && call.end - start >= ct_cap.wait_threshold)
		ct_wake(CT_OP_once, o, call.end, true, false);
	return err;
}

CT_EXPORT int pthread_once(pthread_once_t *o, void (*fn)(void))
{
	if (ct_likely(__atomic_load_n(o, __ATOMIC_ACQUIRE) & ONCE_DONE))
		return ct_real.once(o, fn);
	return once_slow(o, fn);
}

CT_ALIAS(pthread_once) int __pthread_once(pthread_once_t *o, void (*fn)(void));

/* glibc's once_flag is its pthread_once_t and call_once its pthread_once without a result. */
CT_EXPORT void call_once(once_flag *flag, void (*fn)(void))
{
	pthread_once((pthread_once_t *)(void *)flag, fn);
}
