/*
 * lost_wakeup.c - a signal sent to a condition variable while nobody waits is gone.
 *
 *	ctrace-run -o l.ctrace -- lost_wakeup
 *	ctrace waits l.ctrace
 *
 * What it shows.  `announce_careless` signals without having changed any state under the lock, and
 * does so before `wait_careless` has begun to wait.  The waiter then sleeps until its timeout: a
 * wait of half a second that ends in ETIMEDOUT with no waker.  `announce_right` sets a flag
 * under the lock, `wait_right` looks at it first, and there is no wait at all.
 *
 * An atomic makes the order certain: the careless waiter starts only after the signal was sent.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t careless = PTHREAD_COND_INITIALIZER;
static pthread_cond_t right = PTHREAD_COND_INITIALIZER;
static bool is_ready; /* under lock; only the right pair looks at it */
static _Atomic bool was_signalled;

static __attribute__((noinline)) int announce_careless(void)
{
	return pthread_cond_signal(&careless);
}

static __attribute__((noinline)) int announce_right(void)
{
	pthread_mutex_lock(&lock);
	is_ready = true;
	pthread_cond_signal(&right);
	pthread_mutex_unlock(&lock);
	__asm__ volatile(""); /* or the call would be a jump, and this function not on the stack */
	return 0;
}

static __attribute__((noinline)) int wait_careless(void)
{
	struct timespec until;
	int err;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 500000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&lock);
	err = pthread_cond_timedwait(&careless, &lock, &until);
	pthread_mutex_unlock(&lock);
	return err;
}

static __attribute__((noinline)) int wait_right(void)
{
	int err = 0;

	pthread_mutex_lock(&lock);
	while (!is_ready && !err)
		err = pthread_cond_wait(&right, &lock);
	pthread_mutex_unlock(&lock);
	return err;
}

static void *announcer(void *p)
{
	announce_careless();
	announce_right();
	atomic_store(&was_signalled, true);
	return p;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, announcer, NULL))
		return 1;
	while (!atomic_load(&was_signalled))
		sched_yield();
	printf("right:    %s\n", wait_right() ? "error" : "no wait, the flag was there");
	printf("careless: %s\n",
	       wait_careless() == ETIMEDOUT ? "slept until its timeout" : "woken");
	pthread_join(thread, NULL);
	return 0;
}
