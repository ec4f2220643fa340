/* cflags: -Wno-restrict -Wno-stringop-overflow -Wno-nonnull -Wno-unknown-warning-option */
/*
 * rules_same.c - what every wrapped lock, condition variable and semaphore answers, printed.
 *
 * Wrappers that try first get their answers from another function than the one the program called: trylock says EBUSY where
 * lock says EDEADLK, and it checks no time.  Here each kind of object meets each call in each state, errors above all, and
 * errno is poisoned before each call and printed after it.  The output bare and traced must not differ in a byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>

#define POISON 12345

static const char *subject = "";

static void say(const char *what, long r, int err)
{
	if (r < 0 || err != POISON)
		printf("%s: %s = %ld errno %d\n", subject, what, r, err);
	else
		printf("%s: %s = %ld\n", subject, what, r);
}

#define TRY(call)                                                                                  \
	do {                                                                                       \
		long r_;                                                                           \
		errno = POISON;                                                                    \
		r_ = (long)(call);                                                                 \
		say(#call, r_, errno);                                                             \
	} while (0)

static struct timespec past = {1, 0}, bad = {1, 1000000000}, negative = {1, -1};

static struct timespec *soon(clockid_t clock)
{
	static _Thread_local struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_nsec += 2000000;
	if (ts.tv_nsec > 999999999) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return &ts;
}

/* Runs fn in another thread and waits for it. */
static void elsewhere(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg) || pthread_join(t, NULL))
		abort();
}

/* --- mutexes ------------------------------------------------------------------------------------ */

static bool
	held; /* the state the mutex is in, as far as it matters to which calls would wait for ever */

static void *all_calls(void *p)
{
	pthread_mutex_t *m = p;

#define LOCKED(call)                                                                               \
	do {                                                                                       \
		long e_;                                                                           \
		errno = POISON;                                                                    \
		e_ = call;                                                                         \
		say(#call, e_, errno);                                                             \
		if (e_ == 0)                                                                       \
			TRY(pthread_mutex_unlock(m));                                              \
	} while (0)
	LOCKED(pthread_mutex_trylock(m));
	if (!held)
		LOCKED(pthread_mutex_lock(m));
	LOCKED(pthread_mutex_timedlock(m, soon(CLOCK_REALTIME)));
	LOCKED(pthread_mutex_timedlock(m, &past));
	LOCKED(pthread_mutex_timedlock(m, &bad));
	LOCKED(pthread_mutex_timedlock(m, &negative));
	LOCKED(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
	LOCKED(pthread_mutex_clocklock(m, CLOCK_REALTIME, soon(CLOCK_REALTIME)));
	LOCKED(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &past));
	LOCKED(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &bad));
	LOCKED(pthread_mutex_clocklock(m, CLOCK_PROCESS_CPUTIME_ID, &past));
	LOCKED(pthread_mutex_clocklock(m, 77, &bad));
	return NULL;
}

static void *take_and_die(void *p)
{
	TRY(pthread_mutex_lock(p));
	return NULL;
}

static void *unlock_other(void *p)
{
	TRY(pthread_mutex_unlock(p));
	return NULL;
}

static void mutex_kind(int type, int protocol, int robust, int shared)
{
	static char name[100];
	pthread_mutexattr_t a;
	pthread_mutex_t *m =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	snprintf(name, sizeof(name), "mutex type %d protocol %d robust %d shared %d", type,
		 protocol, robust, shared);
	subject = name;
	pthread_mutexattr_init(&a);
	TRY(pthread_mutexattr_settype(&a, type));
	TRY(pthread_mutexattr_setprotocol(&a, protocol));
	TRY(pthread_mutexattr_setrobust(&a, robust));
	TRY(pthread_mutexattr_setpshared(&a, shared));
	TRY(pthread_mutex_init(m, &a));
	held = false;
	all_calls(m);
	elsewhere(all_calls, m);
	TRY(pthread_mutex_unlock(m));
	TRY(pthread_mutex_lock(m));
	held = true;
	elsewhere(all_calls, m);
	if (type == PTHREAD_MUTEX_ERRORCHECK || robust)
		elsewhere(unlock_other, m);
	/* by its holder: a normal one waits for ever, unless there is a time */
	held = type != PTHREAD_MUTEX_ERRORCHECK && type != PTHREAD_MUTEX_RECURSIVE;
	/* with PI the kernel finds the deadlock, and glibc then waits for ever or for the time */
	all_calls(m);
	TRY(pthread_mutex_unlock(m));
	TRY(pthread_mutex_unlock(m) == EPERM || type != PTHREAD_MUTEX_ERRORCHECK);
	if (robust) {
		pthread_mutex_destroy(m);
		TRY(pthread_mutex_init(m, &a));
		elsewhere(take_and_die, m);
		TRY(pthread_mutex_trylock(m));
		TRY(pthread_mutex_consistent(m));
		TRY(pthread_mutex_unlock(m));
		elsewhere(take_and_die, m);
		TRY(pthread_mutex_lock(m));
		TRY(pthread_mutex_unlock(m)); /* not made consistent: lost for good */
		TRY(pthread_mutex_lock(m));
		TRY(pthread_mutex_timedlock(m, &past));
		TRY(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &past));
		TRY(pthread_mutex_lock(m));
		TRY(pthread_mutex_trylock(m)); /* last: glibc 2.36 leaves the lost mutex locked */
		TRY(pthread_mutex_init(m, &a));
		elsewhere(take_and_die, m);
		TRY(pthread_mutex_timedlock(m, &past));
		TRY(pthread_mutex_consistent(m));
		TRY(pthread_mutex_unlock(m));
		TRY(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
		TRY(pthread_mutex_unlock(m));
	}
	munmap(m, 4096);
}

static void mutexes(void)
{
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
				    PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
	int type, shared, robust;

	for (type = 0; type < 4; type++) {
		for (shared = 0; shared < 2; shared++)
			for (robust = 0; robust < 2; robust++) {
				mutex_kind(types[type], PTHREAD_PRIO_NONE, robust, shared);
				mutex_kind(types[type], PTHREAD_PRIO_INHERIT, robust, shared);
			}
		mutex_kind(types[type], PTHREAD_PRIO_PROTECT, 0, 0);
	}
}

/* --- reader-writer locks ----------------------------------------------------------------------------- */

static pthread_rwlock_t rw;

static void *read_calls(void *p)
{
#define READ_LOCKED(call)                                                                          \
	do {                                                                                       \
		long e_;                                                                           \
		errno = POISON;                                                                    \
		e_ = call;                                                                         \
		say(#call, e_, errno);                                                             \
		if (e_ == 0)                                                                       \
			TRY(pthread_rwlock_unlock(&rw));                                           \
	} while (0)
	READ_LOCKED(pthread_rwlock_tryrdlock(&rw));
	READ_LOCKED(pthread_rwlock_timedrdlock(&rw, soon(CLOCK_REALTIME)));
	READ_LOCKED(pthread_rwlock_timedrdlock(&rw, &past));
	READ_LOCKED(pthread_rwlock_timedrdlock(&rw, &bad));
	READ_LOCKED(pthread_rwlock_timedrdlock(&rw, &negative));
	READ_LOCKED(pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
	READ_LOCKED(pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, &bad));
	READ_LOCKED(pthread_rwlock_clockrdlock(&rw, CLOCK_THREAD_CPUTIME_ID, &past));
	READ_LOCKED(pthread_rwlock_trywrlock(&rw));
	READ_LOCKED(pthread_rwlock_timedwrlock(&rw, soon(CLOCK_REALTIME)));
	READ_LOCKED(pthread_rwlock_timedwrlock(&rw, &past));
	READ_LOCKED(pthread_rwlock_timedwrlock(&rw, &bad));
	READ_LOCKED(pthread_rwlock_clockwrlock(&rw, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
	READ_LOCKED(pthread_rwlock_clockwrlock(&rw, CLOCK_REALTIME, &negative));
	READ_LOCKED(pthread_rwlock_clockwrlock(&rw, 99, &past));
	return p;
}

static void rwlocks(void)
{
	int kind;

	for (kind = 0; kind < 3; kind++) {
		static char name[40];
		pthread_rwlockattr_t a;

		snprintf(name, sizeof(name), "rwlock kind %d", kind);
		subject = name;
		pthread_rwlockattr_init(&a);
		pthread_rwlockattr_setkind_np(&a, kind);
		TRY(pthread_rwlock_init(&rw, &a));
		read_calls(NULL);
		TRY(pthread_rwlock_wrlock(&rw));
		TRY(pthread_rwlock_wrlock(&rw));
		TRY(pthread_rwlock_rdlock(&rw));
		read_calls(NULL);
		elsewhere(read_calls, NULL);
		TRY(pthread_rwlock_unlock(&rw));
		TRY(pthread_rwlock_rdlock(&rw));
		read_calls(NULL);
		elsewhere(read_calls, NULL);
		TRY(pthread_rwlock_unlock(&rw));
		TRY(pthread_rwlock_destroy(&rw));
	}
}

/* --- condition variables ---------------------------------------------------------------------------------- */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;

static void *signal_it(void *all)
{
	pthread_mutex_lock(&plain);
	TRY(all ? pthread_cond_broadcast(&cond) : pthread_cond_signal(&cond));
	pthread_mutex_unlock(&plain);
	return NULL;
}

static void wait_signalled(void *all)
{
	pthread_t t;

	pthread_mutex_lock(&plain);
	pthread_create(&t, NULL, signal_it, all);
	TRY(pthread_cond_wait(&cond, &plain));
	pthread_mutex_unlock(&plain);
	pthread_join(t, NULL);
}

static void conds(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t check, robust;

	subject = "cond";
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&check, &a);
	TRY(pthread_cond_signal(&cond));
	TRY(pthread_cond_broadcast(&cond));
	wait_signalled(NULL);
	wait_signalled(&cond);
	TRY(pthread_cond_timedwait(&cond, &check, &past));
	TRY(pthread_mutex_lock(&check));
	TRY(pthread_cond_timedwait(&cond, &check, &past));
	TRY(pthread_cond_timedwait(&cond, &check, soon(CLOCK_REALTIME)));
	TRY(pthread_cond_timedwait(&cond, &check, &bad));
	TRY(pthread_cond_timedwait(&cond, &check, &negative));
	TRY(pthread_cond_clockwait(&cond, &check, CLOCK_MONOTONIC, &past));
	TRY(pthread_cond_clockwait(&cond, &check, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
	TRY(pthread_cond_clockwait(&cond, &check, CLOCK_MONOTONIC, &bad));
	TRY(pthread_cond_clockwait(&cond, &check, CLOCK_PROCESS_CPUTIME_ID, &past));
	TRY(pthread_mutex_unlock(&check));
	TRY(pthread_cond_wait(&cond, &check)); /* not locked: an error, at once */
	subject = "cond with a robust mutex whose owner died";
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &a);
	elsewhere(take_and_die, &robust);
	TRY(pthread_mutex_lock(&robust));
	TRY(pthread_cond_timedwait(&cond, &robust, &past));
	TRY(pthread_mutex_unlock(&robust));
	TRY(pthread_cond_destroy(&cond));
}

/* --- semaphores ------------------------------------------------------------------------------------------------ */

static void nothing(int sig)
{
	(void)sig;
}

static _Atomic pid_t sleeper;
static _Atomic int asleep_done;

/* Interrupts the sleeper when the kernel says that it sleeps. */
static void *interrupt(void *p)
{
	char path[64], text[16];
	int fd;

	while (!sleeper)
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)sleeper);
	fd = open(path, O_RDONLY);
	while (!asleep_done) {
		syscall(SYS_pread64, fd, text, sizeof(text), 0);
		if (text[0] >= '0' && text[0] <= '9')
			syscall(SYS_tgkill, getpid(), sleeper, SIGUSR1);
		sched_yield();
	}
	close(fd);
	return p;
}

#define INTERRUPTED(call)                                                                          \
	do {                                                                                       \
		pthread_t t_;                                                                      \
		sleeper = 0;                                                                       \
		asleep_done = 0;                                                                   \
		pthread_create(&t_, NULL, interrupt, NULL);                                        \
		sleeper = gettid();                                                                \
		TRY(call);                                                                         \
		asleep_done = 1;                                                                   \
		pthread_join(t_, NULL);                                                            \
	} while (0)

static void sems(void)
{
	struct timespec late = {4000000000, 0};
	sem_t s;

	subject = "sem";
	TRY(sem_init(&s, 0, (unsigned)INT_MAX + 1u));
	TRY(sem_init(&s, 0, INT_MAX));
	TRY(sem_post(&s));
	TRY(sem_init(&s, 0, 9));
	TRY(sem_wait(&s));
	TRY(sem_trywait(&s));
	TRY(sem_timedwait(&s, &bad));
	TRY(sem_timedwait(&s, &negative));
	TRY(sem_timedwait(&s, &past));
	TRY(sem_clockwait(&s, CLOCK_MONOTONIC, &past));
	TRY(sem_clockwait(&s, CLOCK_MONOTONIC, &bad));
	TRY(sem_clockwait(&s, CLOCK_PROCESS_CPUTIME_ID, &past));
	TRY(sem_init(&s, 0, 0));
	TRY(sem_trywait(&s));
	TRY(sem_timedwait(&s, &bad));
	TRY(sem_timedwait(&s, &past));
	TRY(sem_timedwait(&s, soon(CLOCK_REALTIME)));
	TRY(sem_clockwait(&s, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
	TRY(sem_clockwait(&s, 77, soon(CLOCK_MONOTONIC)));
	INTERRUPTED(sem_wait(&s));
	INTERRUPTED(sem_timedwait(&s, &late));
	INTERRUPTED(sem_clockwait(&s, CLOCK_MONOTONIC, &late));
	TRY(sem_post(&s));
	TRY(sem_wait(&s));
	TRY(sem_destroy(&s));
}

/* --- C11 ------------------------------------------------------------------------------------------------------------ */

static int thrd_seven(void *p)
{
	(void)p;
	return -7;
}

static int mtx_calls(void *p)
{
	mtx_t *m = p;

	TRY(mtx_trylock(m));
	TRY(mtx_timedlock(m, &past));
	TRY(mtx_timedlock(m, soon(CLOCK_REALTIME)));
	return 0;
}

static void c11(void)
{
	once_flag flag = ONCE_FLAG_INIT;
	thrd_t t;
	mtx_t m;
	cnd_t c;
	int r = 0;

	subject = "c11";
	TRY(thrd_create(&t, thrd_seven, NULL));
	TRY(thrd_join(t, &r));
	TRY(r);
	TRY(mtx_init(&m, 99));
	TRY(mtx_init(&m, mtx_timed | mtx_recursive));
	TRY(mtx_lock(&m));
	TRY(mtx_lock(&m));
	TRY(mtx_timedlock(&m, &bad));
	TRY(mtx_unlock(&m));
	/* said after the thread is done: both print */
	r = thrd_create(&t, mtx_calls, &m);
	TRY(thrd_join(t, NULL));
	TRY(r);
	TRY(cnd_init(&c));
	TRY(cnd_signal(&c));
	TRY(cnd_broadcast(&c));
	TRY(mtx_unlock(&m));
	TRY(mtx_unlock(&m));
	mtx_lock(&m);
	TRY(cnd_timedwait(&c, &m, &past));
	TRY(cnd_timedwait(&c, &m, &bad));
	TRY(cnd_timedwait(&c, &m, soon(CLOCK_REALTIME)));
	mtx_unlock(&m);
	TRY(thrd_sleep(&bad, NULL));
	TRY(thrd_sleep(&(struct timespec){0, 1000}, NULL));
	call_once(&flag, tzset);
	call_once(&flag, abort);
}

/* --- barriers, once, join ------------------------------------------------------------------------------------------------ */

static pthread_barrier_t *barrier;
static _Atomic int serial, freed;

/* The one that is told to be the last to arrive may free the barrier at once. */
static void *arrive(void *p)
{
	int r = pthread_barrier_wait(barrier);

	if (r == PTHREAD_BARRIER_SERIAL_THREAD) {
		serial++;
		TRY(pthread_barrier_destroy(barrier));
		TRY(munmap(barrier, 4096));
		freed = 1;
	} else if (r) {
		abort();
	}
	return p;
}

static void barriers(void)
{
	pthread_t t[4];
	int round, i;

	subject = "barrier";
	for (round = 0; round < 20; round++) {
		barrier = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		TRY(pthread_barrier_init(barrier, NULL, 4));
		for (i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, arrive, NULL);
		for (i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
	}
	TRY(serial);
	TRY(pthread_barrier_init(barrier = malloc(sizeof(*barrier)), NULL, 0));
}

static void *return_itself(void *p)
{
	return p;
}

static pthread_t main_thread;

static void *join_main(void *p)
{
	TRY(pthread_timedjoin_np(main_thread, NULL, &past));
	TRY(pthread_clockjoin_np(main_thread, NULL, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)));
	return p;
}

static void threads(void)
{
	pthread_attr_t a;
	pthread_t t;
	void *r;

	subject = "thread";
	main_thread = pthread_self();
	TRY(pthread_join(pthread_self(), NULL));
	TRY(pthread_create(&t, NULL, return_itself, &t));
	TRY(pthread_join(t, &r));
	TRY(r == &t);
	elsewhere(join_main, NULL);
	pthread_attr_init(&a);
	TRY(pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN));
	TRY(pthread_create(&t, &a, return_itself, &a));
	TRY(pthread_join(t, &r));
	TRY(r == &a);
	TRY(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
	TRY(pthread_create(&t, &a, return_itself, &a));
	TRY(pthread_setname_np(pthread_self(), "sixteen and more"));
	TRY(pthread_setname_np(pthread_self(), "fifteen_chars__"));
	TRY(pthread_setname_np(pthread_self(), ""));
}

/* --- a mutex that goes away as soon as it may ------------------------------------------------------------------------------------ */

struct box {
	pthread_mutex_t m;
	sem_t s;
	pthread_cond_t c;
	int taken;
};

/* Waits for the lock; who gets it knows that nobody else will want it, and unmaps it. */
static void *unmap(void *p)
{
	struct box *b = p;

	sem_wait(&b->s);
	pthread_mutex_lock(&b->m);
	pthread_mutex_unlock(&b->m);
	munmap(b, 4096);
	return NULL;
}

static void vanishing(void)
{
	int i;

	subject = "vanishing";
	for (i = 0; i < 2000; i++) {
		struct box *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pthread_t t;

		pthread_mutex_init(&b->m, NULL);
		sem_init(&b->s, 0, 0);
		pthread_mutex_lock(&b->m);
		pthread_create(&t, NULL, unmap, b);
		sem_post(&b->s);
		/* mostly it is waiting by now, and b is gone when the unlock returns */
		if (i % 2)
			sched_yield();
		pthread_mutex_unlock(&b->m);
		pthread_join(t, NULL);
	}
	TRY(i);
}

/* --- system calls ---------------------------------------------------------------------------------------------------------------- */

static void calls(void)
{
	int p[2], s[2], ep;
	char buf[8] = "12345678";
	struct iovec v[2] = {{buf, 4}, {buf + 4, 4}};
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd pf = {.fd = -1, .events = POLLIN};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	struct mmsghdr mm = {.msg_hdr = m};
	struct timespec zero = {0, 0}, left, odd = {0, -1};
	struct timeval bad_tv = {-1, 0};
	struct sockaddr sa;
	socklen_t len = sizeof(sa);
	sigset_t none;
	int word = 5;

	subject = "call";
	sigemptyset(&none);
	TRY(pipe(p));
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	TRY(ep = epoll_create1(0));
	TRY(read(-1, buf, 1));
	TRY(write(-1, buf, 1));
	TRY(write(p[1], buf, 8));
	TRY(read(p[0], buf, 3));
	TRY(readv(p[0], v, 2));
	TRY(readv(p[0], v, -1));
	TRY(writev(p[1], v, 2));
	TRY(writev(p[0], v, 2));
	TRY(pread(p[0], buf, 1, 0));
	TRY(pwrite(p[1], buf, 1, 0));
	TRY(preadv(p[0], v, 1, 0));
	TRY(pwritev(p[1], v, 1, 0));
	TRY(preadv2(p[0], v, 1, 0, 0x40000000));
	TRY(pwritev2(p[1], v, 1, 0, 0x40000000));
	TRY(read(p[0], NULL, 4));
	TRY(connect(-1, &sa, sizeof(sa)));
	TRY(accept(s[0], NULL, NULL));
	TRY(accept4(s[0], &sa, &len, 99));
	TRY(recv(s[0], buf, 8, MSG_DONTWAIT));
	TRY(send(s[0], buf, 8, 0));
	TRY(recv(s[1], buf, 4, 0));
	TRY(recvfrom(s[1], buf, 8, 0, &sa, &len));
	TRY(sendto(s[0], buf, 8, 0, &sa, sizeof(sa)));
	TRY(sendmsg(s[0], &m, 0));
	TRY(recvmsg(s[1], &m, 0));
	TRY(recvmsg(-1, &m, 0));
	TRY(sendmmsg(s[0], &mm, 1, 0));
	TRY(recvmmsg(s[1], &mm, 1, 0, NULL));
	TRY(recvmmsg(s[1], &mm, 1, MSG_DONTWAIT, NULL));
	TRY(send(p[0], buf, 1, 0));
	TRY(poll(&pf, 1, 1));
	TRY(poll((struct pollfd *)8, 1, 0));
	TRY(ppoll(&pf, 1, &odd, NULL));
	TRY(ppoll(&pf, 1, &zero, &none));
	TRY(select(0, NULL, NULL, NULL, &bad_tv));
	TRY(pselect(0, NULL, NULL, NULL, &zero, &none));
	TRY(select(-1, NULL, NULL, NULL, NULL));
	TRY(epoll_wait(ep, &ev, 0, 0));
	TRY(epoll_wait(ep, &ev, 1, 1));
	TRY(epoll_pwait(p[0], &ev, 1, 0, &none));
#if __GLIBC_PREREQ(2, 35)
	TRY(epoll_pwait2(ep, &ev, 1, &zero, NULL));
#endif
	TRY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	TRY(epoll_wait(ep, &ev, 1, -1));
	TRY(nanosleep(&odd, NULL));
	TRY(nanosleep(&zero, &left));
	TRY(clock_nanosleep(77, 0, &zero, NULL));
	TRY(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
	TRY(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &zero, NULL));
	TRY(usleep(1));
	TRY(sleep(0));
	INTERRUPTED(pause());
	INTERRUPTED(sleep(100) > 90);
	INTERRUPTED(usleep(100000000));
	INTERRUPTED(nanosleep(&(struct timespec){100, 0}, NULL));
	INTERRUPTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){100, 0}, NULL));
	INTERRUPTED(poll(&pf, 1, -1));
	INTERRUPTED(recv(s[0], buf, 1, 0));
	INTERRUPTED(select(0, NULL, NULL, NULL, NULL));
	INTERRUPTED(syscall(SYS_futex, &word, FUTEX_WAIT, 5, NULL, NULL, 0));
	TRY(syscall(SYS_futex, &word, FUTEX_WAIT, 6, NULL, NULL, 0));
	TRY(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &zero, NULL, 0));
	TRY(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0));
	TRY(syscall(SYS_futex, 3, FUTEX_WAKE, 1, NULL, NULL, 0));
	TRY(syscall(SYS_futex, &word, 77, 1, NULL, NULL, 0));
	TRY(syscall(-1L));
	TRY(syscall(SYS_read, -1, NULL, 0));
	close(p[0]);
	TRY(write(p[1], buf, 1));
	TRY(send(s[0], buf, 1, 0));
	close(s[1]);
	TRY(send(s[0], buf, 1, MSG_NOSIGNAL));
}

int main(void)
{
	struct sigaction sa = {.sa_handler = nothing};

	printf("errno when main begins: %d\n", errno);
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(50);
	setvbuf(stdout, NULL, _IOLBF, 0);
	mutexes();
	rwlocks();
	conds();
	sems();
	c11();
	barriers();
	threads();
	vanishing();
	calls();
	fflush(stdout);
	return ferror(stdout);
}
