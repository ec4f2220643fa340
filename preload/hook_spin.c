/*
 * hook_spin.c - pthread_spin_lock.  Its word names nobody and shows no waiter, so holder and waker stay unknown; what is recorded is
 * who spun for how long at which lock.  A short spin is summed, as a short wait on a mutex is.
 */
#include "wrap.h"

#include <errno.h>

static CT_COLD int spin_slow(pthread_spinlock_t *l)
{
	/* nothing in it tells whether it was meant to be shared; where it lies does */
	CT_WAIT(CT_OP_spin, (const void *)l, 0, 0, true, ct_real.spin_lock(l));
}

CT_EXPORT int pthread_spin_lock(pthread_spinlock_t *l)
{
	int err = ct_real.spin_trylock(l);

	return ct_likely(err != EBUSY) ? err : spin_slow(l);
}
