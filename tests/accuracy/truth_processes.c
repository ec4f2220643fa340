/*
 * truth_processes.c - a known wait of one process for another on every kind of object that processes can share.  See truth.h.
 *
 * Each is there twice: in anonymous memory that the child was born with, at the same address in both, and in a file that each
 * maps for itself, at an address of its own.
 */
#include <linux/futex.h>
#include <semaphore.h>

#include "truth.h"

struct objects {
	pthread_mutex_t mutex, robust, inheriting, cond_lock;
	pthread_rwlock_t rwlock;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t sem;
	uint32_t futex;
};
static struct objects *near, *far;
static sem_t *named;
static char name[64];
static int file;

static void init_mutex(pthread_mutex_t *m, int robust, int protocol)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, robust);
	pthread_mutexattr_setprotocol(&attr, protocol);
	errno = pthread_mutex_init(m, &attr);
	must(!errno, "pthread_mutex_init");
}

static void init(struct objects *o)
{
	pthread_rwlockattr_t rwlock;
	pthread_condattr_t cond;
	pthread_barrierattr_t barrier;

	init_mutex(&o->mutex, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	init_mutex(&o->robust, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
	init_mutex(&o->inheriting, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
	init_mutex(&o->cond_lock, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	pthread_rwlockattr_init(&rwlock);
	pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&o->rwlock, &rwlock);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&o->cond, &cond);
	pthread_barrierattr_init(&barrier);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&o->barrier, &barrier, 2);
	sem_init(&o->sem, 1, 0);
}

static void *map(int fd)
{
	void *p = mmap(NULL, sizeof(struct objects), PROT_READ | PROT_WRITE,
		       fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

/* The child's: the file at another address, and the semaphore by its name. */
static void begin(void)
{
	void *before = far;

	far = map(file);
	must(far != before, "another address");
	munmap(before, sizeof(struct objects));
	named = sem_open(name, 0);
	must(named != SEM_FAILED, "sem_open");
}

#define LOCK_CASE(name, place, object, hold, lock, unlock)                                         \
	static void hold_##name(void)                                                              \
	{                                                                                          \
		must(!hold(&place->object), #name);                                                \
	}                                                                                          \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		long err = lock(&place->object);                                                   \
                                                                                                   \
		return err ? err : -unlock(&place->object);                                        \
	}                                                                                          \
	static APART long wake_##name(void)                                                        \
	{                                                                                          \
		long err = unlock(&place->object);                                                 \
                                                                                                   \
		must(!err, #name);                                                                 \
		return err;                                                                        \
	}
#define TOLD_CASE(name, wait_call, wake_call)                                                      \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		long r = wait_call;                                                                \
                                                                                                   \
		return r < 0 ? errno : 0;                                                          \
	}                                                                                          \
	static APART long wake_##name(void)                                                        \
	{                                                                                          \
		long r = wake_call;                                                                \
                                                                                                   \
		must(r == 0 || r == 1 || r == PTHREAD_BARRIER_SERIAL_THREAD, #name);               \
		return 0;                                                                          \
	}
#define CASES_AT(place)                                                                            \
	LOCK_CASE(place##_mutex, place, mutex, pthread_mutex_lock, pthread_mutex_lock,             \
		  pthread_mutex_unlock)                                                            \
	LOCK_CASE(place##_robust, place, robust, pthread_mutex_lock, pthread_mutex_lock,           \
		  pthread_mutex_unlock)                                                            \
	LOCK_CASE(place##_inheriting, place, inheriting, pthread_mutex_lock, pthread_mutex_lock,   \
		  pthread_mutex_unlock)                                                            \
	LOCK_CASE(place##_rdlock, place, rwlock, pthread_rwlock_wrlock, pthread_rwlock_rdlock,     \
		  pthread_rwlock_unlock)                                                           \
	LOCK_CASE(place##_wrlock, place, rwlock, pthread_rwlock_rdlock, pthread_rwlock_wrlock,     \
		  pthread_rwlock_unlock)                                                           \
	static APART long wait_##place##_cond(void)                                                \
	{                                                                                          \
		long err;                                                                          \
                                                                                                   \
		pthread_mutex_lock(&place->cond_lock);                                             \
		err = pthread_cond_wait(&place->cond, &place->cond_lock);                          \
		pthread_mutex_unlock(&place->cond_lock);                                           \
		return err;                                                                        \
	}                                                                                          \
	static APART long wake_##place##_cond(void)                                                \
	{                                                                                          \
		return -pthread_cond_signal(&place->cond);                                         \
	}                                                                                          \
	TOLD_CASE(place##_barrier, pthread_barrier_wait(&place->barrier),                          \
		  pthread_barrier_wait(&place->barrier))                                           \
	TOLD_CASE(place##_sem, sem_wait(&place->sem), sem_post(&place->sem))                       \
	TOLD_CASE(place##_futex, syscall(SYS_futex, &place->futex, FUTEX_WAIT, 0, NULL, NULL, 0),  \
		  syscall(SYS_futex, &place->futex, FUTEX_WAKE, 1, NULL, NULL, 0))
CASES_AT(near)
CASES_AT(far)
TOLD_CASE(named, sem_wait(named), sem_post(named))

/* Opened before the fork it would be where it is in the child. */
static void hold_named(void)
{
	if (named)
		return;
	named = sem_open(name, 0);
	must(named != SEM_FAILED, "sem_open");
	sem_unlink(name);
}

#define HELD_AT(place, name, op)                                                                   \
	CASE(#place "_" #name, op, hold_##place##_##name, wait_##place##_##name,                   \
	     wake_##place##_##name, NULL, 0)
#define TOLD_AT(place, name, op)                                                                   \
	CASE(#place "_" #name, op, NULL, wait_##place##_##name, wake_##place##_##name, NULL, 0)
#define ALL_AT(place)                                                                              \
	HELD_AT(place, mutex, "mutex"), HELD_AT(place, robust, "mutex"),                           \
		HELD_AT(place, inheriting, "mutex"), HELD_AT(place, rdlock, "rwlock_read"),        \
		HELD_AT(place, wrlock, "rwlock_write"), TOLD_AT(place, cond, "cond"),              \
		TOLD_AT(place, barrier, "barrier"), TOLD_AT(place, sem, "sem"),                    \
		TOLD_AT(place, futex, "futex")

static const struct truth_case cases[] = {
	/* last what both processes have met before: ctrace-run looks at what they have mapped every 20 ms at most */
	CASE("named", "sem", hold_named, wait_named, wake_named, NULL, 0),
	ALL_AT(far),
	ALL_AT(near),
};

int main(int argc, char **argv)
{
	char path[] = "truth.XXXXXX";

	file = mkstemp(path);
	must(file >= 0 && !ftruncate(file, sizeof(struct objects)), path);
	unlink(path);
	near = map(-1);
	far = map(file);
	init(near);
	init(far);
	snprintf(name, sizeof(name), "/ctrace-truth-%d", (int)getpid());
	begin_process = begin;
	must(sem_close(sem_open(name, O_CREAT | O_EXCL, 0600, 0)) == 0, name);
	return truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
