/* link: -rdynamic */
/*
 * vanish.c - objects of every kind that are unmapped as soon as whoever may do so can know it.
 *
 *	vanish [ROUNDS]
 *
 * A thread that posts, unlocks, signals or meets at a barrier has touched the object for the last time inside libc; the one it let go may
 * free it before the call has returned.  A wrapper that looks at the object afterwards reads memory that is gone, or somebody else's.
 * Here it is gone: each object has a page of its own, made inaccessible at once, so a late look is a SIGSEGV.  vanish.sh puts an object
 * between wrapper and libc that calls after_last_touch(), so that it is gone each time before the wrapper goes on.
 *
 * Prints "KIND ROUNDS" for each.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

enum { BYTES = 4096 };

struct box {
	union {
		pthread_mutex_t mutex;
		pthread_rwlock_t rwlock;
		sem_t sem;
		pthread_barrier_t barrier;
		mtx_t mtx;
		struct {
			pthread_mutex_t lock;
			pthread_cond_t cond;
			int is_set;
		} c;
	};
};

/* The box of this round; the pages after it stay reserved, so that nothing else comes to lie there. */
static struct box *box;
static sem_t begin[2], done[2];
static atomic_int at_it, is_over, is_gone;
static __thread int awaits_end; /* this thread is in the call after which the box vanishes */

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	perror(what);
	exit(1);
}

static void vanish(void)
{
	must(mmap(box, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		  -1, 0) == box,
	     "unmapping");
	is_gone = 1;
}

/* Called between libc's last touch of the object and the wrapper's return. */
void after_last_touch(void)
{
	while (awaits_end && !is_gone)
		sched_yield();
}

/* One side ends the other's wait; the other then makes the box vanish. */
struct kind {
	const char *name;
	void (*make)(void);
	void (*hold)(void);   /* by the first side, before the second comes */
	void (*let_go)(void); /* by the first */
	void (*wait)(
		void); /* by the second, who makes it vanish unless one of both does it itself */
	int vanishes_itself;
};

/* --- mutexes ------------------------------------------------------------------------------------------------- */

static int type, protocol, robust;
static int shared; /* of all kinds: PTHREAD_PROCESS_* */

static void make_mutex(void)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setpshared(&a, shared);
	must(pthread_mutex_init(&box->mutex, &a) == 0, "mutex");
}
static void lock_mutex(void)
{
	pthread_mutex_lock(&box->mutex);
}
static void unlock_mutex(void)
{
	pthread_mutex_unlock(&box->mutex);
}
static void wait_mutex(void)
{
	pthread_mutex_lock(&box->mutex);
	pthread_mutex_unlock(&box->mutex);
}

static void make_mtx(void)
{
	mtx_init(&box->mtx, mtx_timed);
}
static void lock_mtx(void)
{
	mtx_lock(&box->mtx);
}
static void unlock_mtx(void)
{
	mtx_unlock(&box->mtx);
}
static void wait_mtx(void)
{
	mtx_lock(&box->mtx);
	mtx_unlock(&box->mtx);
}

/* --- others -------------------------------------------------------------------------------------------------- */

static void make_rwlock(void)
{
	pthread_rwlockattr_t a;

	pthread_rwlockattr_init(&a);
	pthread_rwlockattr_setpshared(&a, shared);
	pthread_rwlock_init(&box->rwlock, &a);
}
static void write_lock(void)
{
	pthread_rwlock_wrlock(&box->rwlock);
}
static void read_lock(void)
{
	pthread_rwlock_rdlock(&box->rwlock);
}
static void unlock_rwlock(void)
{
	pthread_rwlock_unlock(&box->rwlock);
}
static void wait_rwlock(void)
{
	pthread_rwlock_wrlock(&box->rwlock);
	pthread_rwlock_unlock(&box->rwlock);
}

static void make_sem(void)
{
	sem_init(&box->sem, shared == PTHREAD_PROCESS_SHARED, 0);
}
static void nothing(void)
{
}
static void post(void)
{
	sem_post(&box->sem);
}
static void wait_sem(void)
{
	while (sem_wait(&box->sem))
		;
}

static void make_cond(void)
{
	pthread_mutexattr_t m;
	pthread_condattr_t c;

	pthread_mutexattr_init(&m);
	pthread_mutexattr_setpshared(&m, shared);
	pthread_mutex_init(&box->c.lock, &m);
	pthread_condattr_init(&c);
	pthread_condattr_setpshared(&c, shared);
	pthread_cond_init(&box->c.cond, &c);
	box->c.is_set = 0;
}
/* POSIX allows it: signalled with the lock held, nobody waits any more when the waiter has both. */
static void signal_cond(void)
{
	awaits_end = 0;
	pthread_mutex_lock(&box->c.lock);
	box->c.is_set = 1;
	pthread_cond_broadcast(&box->c.cond);
	awaits_end = 1;
	pthread_mutex_unlock(&box->c.lock);
}
static void wait_cond(void)
{
	pthread_mutex_lock(&box->c.lock);
	while (!box->c.is_set)
		pthread_cond_wait(&box->c.cond, &box->c.lock);
	pthread_mutex_unlock(&box->c.lock);
	pthread_cond_destroy(&box->c.cond);
}

static void make_barrier(void)
{
	pthread_barrierattr_t a;

	pthread_barrierattr_init(&a);
	pthread_barrierattr_setpshared(&a, shared);
	pthread_barrier_init(&box->barrier, &a, 2);
}
static void meet(void)
{
	int r = pthread_barrier_wait(&box->barrier);

	if (r != PTHREAD_BARRIER_SERIAL_THREAD)
		return;
	pthread_barrier_destroy(&box->barrier);
	vanish();
}

static const struct kind mutex_kind = {"mutex",	     make_mutex, lock_mutex,
				       unlock_mutex, wait_mutex, 0};
static const struct kind kinds[] = {
	{"mtx", make_mtx, lock_mtx, unlock_mtx, wait_mtx, 0},
	{"rwlock write", make_rwlock, write_lock, unlock_rwlock, wait_rwlock, 0},
	{"rwlock read", make_rwlock, read_lock, unlock_rwlock, wait_rwlock, 0},
	{"sem", make_sem, nothing, post, wait_sem, 0},
	{"cond", make_cond, nothing, signal_cond, wait_cond, 0},
	{"barrier", make_barrier, nothing, meet, meet, 1},
};

/* --- the two sides, and main who hands out boxes ------------------------------------------------------------------ */

static const struct kind *now;
static int round_no;

static void sem_wait_always(sem_t *s)
{
	while (sem_wait(s))
		;
}

static void *first(void *p)
{
	for (;;) {
		sem_wait_always(&begin[0]);
		if (is_over)
			return p;
		now->hold();
		at_it = 1;
		/* the other side is mostly in its wait by now, sometimes on its way there */
		if (round_no % 4)
			sched_yield();
		if (round_no % 16 == 0)
			usleep(200);
		awaits_end = 1;
		now->let_go();
		awaits_end = 0;
		sem_post(&done[0]);
	}
}

static void *second(void *p)
{
	for (;;) {
		sem_wait_always(&begin[1]);
		if (is_over)
			return p;
		while (!at_it)
			sched_yield();
		awaits_end = now->vanishes_itself;
		now->wait();
		awaits_end = 0;
		if (!now->vanishes_itself)
			vanish();
		sem_post(&done[1]);
	}
}

static void play(const struct kind *k, int rounds)
{
	now = k;
	for (round_no = 0; round_no < rounds; round_no++) {
		box = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(box != MAP_FAILED, "mmap");
		k->make();
		at_it = is_gone = 0;
		sem_post(&begin[0]);
		sem_post(&begin[1]);
		sem_wait_always(&done[0]);
		sem_wait_always(&done[1]);
		/* only now may its addresses be another's: a late look would go unseen */
		munmap(box, BYTES);
	}
	printf("%s %d\n", k->name, round_no);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 200;
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
				    PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	pthread_t t[2];
	size_t i;

	alarm(100);
	for (i = 0; i < 2; i++) {
		sem_init(&begin[i], 0, 0);
		sem_init(&done[i], 0, 0);
		if (pthread_create(&t[i], NULL, i ? second : first, NULL))
			return 1;
	}
	for (i = 0; i < 32; i++) {
		shared = i & 16 ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
		type = types[i % 4];
		protocol = i & 4 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE;
		robust = i & 8 ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED;
		play(&mutex_kind, rounds);
	}
	for (i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		shared = i % 2 ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
		play(&kinds[i / 2], rounds);
	}
	is_over = 1;
	for (i = 0; i < 2; i++) {
		sem_post(&begin[i]);
		pthread_join(t[i], NULL);
	}
	return 0;
}
