/*
 * truth_sync.c - a known wait in every condition variable, semaphore, barrier, once, join, futex and
 * sleep function.  See truth.h.
 */
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <threads.h>

#include "truth.h"

static pthread_mutex_t cond_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static mtx_t c11_cond_lock;
static cnd_t c11_cond;
static sem_t sem;
static pthread_barrier_t barrier;
static pthread_once_t once[ROUNDS_MAX];
static pthread_t ending;
static _Atomic int may_end;
static uint32_t futex_word;

/*
 * One wait a round, and no loop around it: a spurious wake-up, which glibc 2.36 does not produce
 * here, would show as a wait that is too short.
 */
#define COND_CASE(name, call)                                                                      \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		long err;                                                                          \
                                                                                                   \
		pthread_mutex_lock(&cond_lock);                                                    \
		err = call;                                                                        \
		pthread_mutex_unlock(&cond_lock);                                                  \
		return err;                                                                        \
	}
COND_CASE(cond_wait, pthread_cond_wait(&cond, &cond_lock))
COND_CASE(cond_timedwait, pthread_cond_timedwait(&cond, &cond_lock, LATER(REALTIME)))
COND_CASE(cond_clockwait,
	  pthread_cond_clockwait(&cond, &cond_lock, CLOCK_MONOTONIC, LATER(MONOTONIC)))
COND_CASE(cond_timeout, pthread_cond_timedwait(&cond, &cond_lock, SOON(REALTIME)))

static APART long wake_signal(void)
{
	return pthread_cond_signal(&cond) ? -1 : 0;
}

static APART long wake_broadcast(void)
{
	return pthread_cond_broadcast(&cond) ? -1 : 0;
}

static APART long wait_cnd_wait(void)
{
	int err;

	mtx_lock(&c11_cond_lock);
	err = cnd_wait(&c11_cond, &c11_cond_lock);
	mtx_unlock(&c11_cond_lock);
	return err;
}

static APART long wait_cnd_timedwait(void)
{
	int err;

	mtx_lock(&c11_cond_lock);
	err = cnd_timedwait(&c11_cond, &c11_cond_lock, LATER(REALTIME));
	mtx_unlock(&c11_cond_lock);
	return err;
}

static APART long wake_cnd(void)
{
	return cnd_signal(&c11_cond) == thrd_success ? 0 : -1;
}

/* The version of programs from before 2003: another object under the same names. */
#if defined(__x86_64__)
typedef struct {
	void *state[6];
} old_cond_t;

int old_wait(old_cond_t *c, pthread_mutex_t *m);
int old_timedwait(old_cond_t *c, pthread_mutex_t *m, const struct timespec *ts);
int old_signal(old_cond_t *c);
int old_broadcast(old_cond_t *c);
__asm__(".symver old_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver old_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver old_broadcast, pthread_cond_broadcast@GLIBC_2.2.5");

static old_cond_t old_cond;

COND_CASE(old_cond, old_wait(&old_cond, &cond_lock))
COND_CASE(old_cond_timed, old_timedwait(&old_cond, &cond_lock, LATER(REALTIME)))
COND_CASE(old_cond_timeout, old_timedwait(&old_cond, &cond_lock, SOON(REALTIME)))

static APART long wake_old_signal(void)
{
	return old_signal(&old_cond) ? -1 : 0;
}

static APART long wake_old_broadcast(void)
{
	return old_broadcast(&old_cond) ? -1 : 0;
}
#endif

#define SEM_CASE(name, call)                                                                       \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		return call ? errno : 0;                                                           \
	}
SEM_CASE(sem_wait, sem_wait(&sem))
SEM_CASE(sem_timedwait, sem_timedwait(&sem, LATER(REALTIME)))
SEM_CASE(sem_clockwait, sem_clockwait(&sem, CLOCK_MONOTONIC, LATER(MONOTONIC)))
SEM_CASE(sem_timeout, sem_timedwait(&sem, SOON(REALTIME)))

static APART long wake_sem(void)
{
	return sem_post(&sem) ? -1 : 0;
}

/* The last to arrive is told so; the others get 0. */
static APART long wait_barrier(void)
{
	int err = pthread_barrier_wait(&barrier);

	return err;
}

static APART long wake_barrier(void)
{
	int err = pthread_barrier_wait(&barrier);

	must(!err || err == PTHREAD_BARRIER_SERIAL_THREAD, "pthread_barrier_wait");
	return 0;
}

static int once_round; /* main's */
static _Atomic int once_begun;

static void once_body(void)
{
	atomic_store(&once_begun, once_round + 1);
	while (!is_blocked())
		sched_yield();
	spend(HOLD_NS);
}

/* The main thread runs the routine; it is inside when the waiter comes. */
static APART long wake_once(void)
{
	must(!pthread_once(&once[once_round], once_body), "pthread_once");
	once_round++;
	return 0;
}

static APART long wait_once(void)
{
	static int round;
	int mine = round++;
	int err;

	while (atomic_load(&once_begun) <= mine)
		;
	err = pthread_once(&once[mine], once_body);
	return err;
}

static void *end_when_told(void *p)
{
	while (!atomic_load(&may_end))
		sched_yield();
	return p;
}

static void start_ending(void)
{
	atomic_store(&may_end, 0);
	errno = pthread_create(&ending, NULL, end_when_told, NULL);
	must(!errno, "pthread_create");
}

static APART long wait_join(void)
{
	int err = pthread_join(ending, NULL);

	return err;
}

static APART long wait_clockjoin(void)
{
	int err = pthread_clockjoin_np(ending, NULL, CLOCK_MONOTONIC, LATER(MONOTONIC));

	return err;
}

static APART long wake_join(void)
{
	atomic_store(&may_end, 1);
	return 0;
}

static APART long wait_futex(void)
{
	long err = syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);

	return err ? -errno : 0;
}

static APART long wake_futex(void)
{
	return syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1 ? 0 : -1;
}

static const struct timespec two_ms = {.tv_nsec = HOLD_NS};

static APART long wait_nanosleep(void)
{
	return nanosleep(&two_ms, NULL) ? -errno : 0;
}

static APART long wait_clock_nanosleep(void)
{
	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, SOON(MONOTONIC), NULL);
}

static APART long wait_usleep(void)
{
	return usleep(HOLD_NS / 1000) ? -errno : 0;
}

static APART long wait_thrd_sleep(void)
{
	return thrd_sleep(&two_ms, NULL);
}

static const struct truth_case cases[] = {
	CASE("cond_wait", "cond", NULL, wait_cond_wait, wake_signal, NULL, 0),
	CASE("cond_broadcast", "cond", NULL, wait_cond_wait, wake_broadcast, NULL, 0),
	CASE("cond_timedwait", "cond", NULL, wait_cond_timedwait, wake_signal, NULL, 0),
	CASE("cond_clockwait", "cond", NULL, wait_cond_clockwait, wake_signal, NULL, 0),
	TIMEOUT(cond_timeout, "cond", NULL, NULL),
#if defined(__x86_64__)
	CASE("old_cond", "cond", NULL, wait_old_cond, wake_old_signal, NULL, 0),
	CASE("old_cond_broadcast", "cond", NULL, wait_old_cond, wake_old_broadcast, NULL, 0),
	CASE("old_cond_timed", "cond", NULL, wait_old_cond_timed, wake_old_signal, NULL, 0),
	TIMEOUT(old_cond_timeout, "cond", NULL, NULL),
#endif
	CASE("cnd_wait", "cond", NULL, wait_cnd_wait, wake_cnd, NULL, 0),
	CASE("cnd_timedwait", "cond", NULL, wait_cnd_timedwait, wake_cnd, NULL, 0),
	CASE("sem_wait", "sem", NULL, wait_sem_wait, wake_sem, NULL, 0),
	CASE("sem_timedwait", "sem", NULL, wait_sem_timedwait, wake_sem, NULL, 0),
	CASE("sem_clockwait", "sem", NULL, wait_sem_clockwait, wake_sem, NULL, 0),
	TIMEOUT(sem_timeout, "sem", NULL, NULL),
	CASE("barrier", "barrier", NULL, wait_barrier, wake_barrier, NULL, 0),
	{"once", "once", NULL, wait_once, wake_once, NULL, "wait_once", "wake_once", 0, true, NULL},
	CASE("join", "join", start_ending, wait_join, wake_join, NULL, 0),
	CASE("clockjoin", "join", start_ending, wait_clockjoin, wake_join, NULL, 0),
	CASE("futex", "futex", NULL, wait_futex, wake_futex, NULL, 0),
	SLEEP(nanosleep),
	SLEEP(clock_nanosleep),
	SLEEP(usleep),
	SLEEP(thrd_sleep),
};

static void set_up(void)
{
	mtx_init(&c11_cond_lock, mtx_plain);
	cnd_init(&c11_cond);
	sem_init(&sem, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
}

int main(int argc, char **argv)
{
	set_up();
	return truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
