/*
 * musl.c - calls every kind of wrapper once and prints what came of it.
 *
 * Built with musl-gcc by musl.sh and run bare and with libctrace.so preloaded: the output must be the same.  musl's objects have another layout
 * and its loader another idea of what an object may ask for; programs of musl get the object from a parent that is traced.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SAY(e) printf("%s = %ld\n", #e, (long)(e))

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem;
static mtx_t mtx;
static cnd_t cnd;
static int ready, pipes[2];

static struct timespec soon(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

static void said(void *what)
{
	printf("cleanup %s\n", (char *)what);
}

static void first(void)
{
	puts("once");
}

static void *holder(void *arg)
{
	SAY(pthread_mutex_lock(&robust));
	(void)arg;
	return &robust; /* ends with it */
}

static void *worker(void *arg)
{
	pthread_once(&once, first);
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&m);
	ready = 1;
	pthread_cond_signal(&c);
	pthread_mutex_unlock(&m);
	pthread_mutex_lock(&m); /* contended: main holds it while it sleeps */
	pthread_mutex_unlock(&m);
	pthread_rwlock_rdlock(&rw);
	pthread_rwlock_unlock(&rw);
	sem_post(&sem);
	mtx_lock(&mtx);
	ready = 2;
	cnd_broadcast(&cnd);
	mtx_unlock(&mtx);
	return arg;
}

static void *cancelled(void *arg)
{
	char byte;

	pthread_cleanup_push(said, "read");
	SAY(read(pipes[0], &byte, 1));
	pthread_cleanup_pop(0);
	return arg;
}

static void *cancelled_cond(void *arg)
{
	pthread_mutex_lock(&m);
	pthread_cleanup_push(said, "cond");
	for (;;)
		pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(0);
	return arg;
}

static int exits(void *arg)
{
	(void)arg;
	thrd_exit(9);
}

static void kinds(void)
{
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
				    PTHREAD_MUTEX_ERRORCHECK};
	pthread_mutexattr_t attr;
	struct timespec ts;
	unsigned i;

	for (i = 0; i < 3; i++) {
		pthread_mutex_t k;

		pthread_mutexattr_init(&attr);
		pthread_mutexattr_settype(&attr, types[i]);
		SAY(pthread_mutexattr_setprotocol(&attr, i ? PTHREAD_PRIO_INHERIT : 0));
		SAY(pthread_mutex_init(&k, &attr));
		SAY(pthread_mutex_lock(&k));
		SAY(pthread_mutex_trylock(&k));
		ts = soon();
		SAY(pthread_mutex_timedlock(&k, &ts));
		SAY(pthread_mutex_unlock(&k));
		SAY(pthread_mutex_unlock(&k));
	}
}

static void owner_dies(void)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_create(&t, NULL, holder, NULL);
	pthread_join(t, NULL);
	SAY(pthread_mutex_lock(&robust) == EOWNERDEAD);
	SAY(pthread_mutex_consistent(&robust));
	SAY(pthread_mutex_unlock(&robust));
}

static void waits(void)
{
	struct timespec ts = soon(), nap = {0, 1000000};
	struct timeval tv = {0, 1000};
	struct epoll_event ev = {.events = EPOLLIN};
	int pair[2], ep = epoll_create1(0), word = 1;
	struct pollfd p = {.events = POLLIN};
	struct iovec v = {&word, 1};
	pthread_attr_t attr;
	pthread_t t, u;
	void *ret;
	char line[16];
	FILE *f;
	int status;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 18);
	pthread_create(&t, &attr, worker, &m);
	pthread_mutex_lock(&m);
	SAY(pthread_barrier_wait(&barrier) >= -1);
	while (ready < 1)
		pthread_cond_wait(&c, &m);
	SAY(pthread_rwlock_wrlock(&rw));
	usleep(2000);
	pthread_mutex_unlock(&m);
	usleep(2000);
	SAY(pthread_rwlock_tryrdlock(&rw));
	SAY(pthread_rwlock_unlock(&rw));
	SAY(sem_wait(&sem));
	mtx_lock(&mtx);
	while (ready < 2)
		cnd_wait(&cnd, &mtx);
	mtx_unlock(&mtx);
	SAY(pthread_join(t, &ret));
	SAY(ret == &m);
	ts = soon();
	SAY(sem_timedwait(&sem, &ts) + errno);
	pthread_mutex_lock(&m);
	ts = soon();
	SAY(pthread_cond_timedwait(&c, &m, &ts));
	pthread_mutex_unlock(&m);
	SAY(nanosleep(&nap, NULL));
	SAY(clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL));
	SAY(select(0, NULL, NULL, NULL, &tv));
	pipe(pipes);
	p.fd = ev.data.fd = pipes[0];
	epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &ev);
	SAY(poll(&p, 1, 5));
	SAY(epoll_wait(ep, &ev, 1, 5));
	SAY(write(pipes[1], "x", 1));
	SAY(readv(pipes[0], &v, 1));
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	SAY(send(pair[0], "ab", 2, 0));
	SAY(recv(pair[1], &word, 2, 0));
	SAY(syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0) + errno);
	pthread_create(&t, NULL, cancelled, NULL);
	pthread_create(&u, NULL, cancelled_cond, NULL);
	usleep(20000);
	SAY(pthread_cancel(t));
	SAY(pthread_join(t, &ret));
	SAY(ret == PTHREAD_CANCELED);
	SAY(pthread_cancel(u));
	SAY(pthread_join(u, &ret));
	SAY(pthread_mutex_trylock(
		&m)); /* the cancelled wait took it again, and no handler let it go */
	thrd_create((thrd_t *)&t, exits, NULL);
	SAY(thrd_join((thrd_t)t, &status));
	SAY(status);
	fflush(stdout);
	if (fork() == 0) {
		pthread_create(&t, NULL, holder, NULL);
		pthread_join(t, NULL);
		fflush(stdout);
		_exit(3);
	}
	wait(&status);
	SAY(WEXITSTATUS(status));
	SAY(read(99, &word, 1) + errno);
	f = fdopen(pipes[0], "r");
	SAY(write(pipes[1], "line\nmore\n", 10));
	SAY(fgets(line, sizeof(line), f) == line);
	SAY(strlen(line));
	SAY(fgetc(f));
	SAY(fread(line, 1, 4, f));
	SAY(fflush(NULL));
	f = popen("echo popened; exit 4", "r");
	SAY(fscanf(f, "%15s", line));
	SAY(WEXITSTATUS(pclose(f)));
	SAY(WEXITSTATUS(system("exit 6")));
	SAY(fsync(pipes[1]) + errno);
}

int main(void)
{
	SAY(errno);
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(30);
	pthread_barrier_init(&barrier, NULL, 2);
	sem_init(&sem, 0, 0);
	mtx_init(&mtx, mtx_plain);
	cnd_init(&cnd);
	kinds();
	owner_dies();
	waits();
	return 5;
}
