/* cflags: -Wno-restrict -Wno-unknown-warning-option */
/*
 * harm_cancel.cc - cancelled and exiting threads: cleanup in the right order, once, in every call that is a cancellation point.
 *
 * Cancellation unwinds through our frames.  A wrapper without unwind tables would end the process or skip the program's destructors,
 * one that is a cancellation point where the real function is none would lose a lock, and one that holds something across the
 * call would keep it.  Each case starts a thread that blocks in one call below a C cleanup handler and a C++ destructor, cancels it
 * there and prints what runs.  Also: exceptions out of a once routine, and threads that end in destructors that wait.
 */
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <thread>
#include <time.h>
#include <unistd.h>

#include "told.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, held = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t empty, full;
static int p[2], s[2], ep;
static char buf[1 << 20];
static pthread_t eternal;
static const timespec later = {4000000000, 0};

static void cleanup(void *)
{
	/* a cancelled cond_wait has the mutex again */
	tell(pthread_mutex_trylock(&m) == EBUSY ? "cleanup(held)" : "cleanup(free)");
	pthread_mutex_unlock(&m);
}

static void case_cond_wait()
{
	pthread_mutex_lock(&m);
	pthread_cond_wait(&c, &m);
}
static void case_cond_timedwait()
{
	pthread_mutex_lock(&m);
	pthread_cond_timedwait(&c, &m, &later);
}
static void case_cond_clockwait()
{
	pthread_mutex_lock(&m);
	pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &later);
}
static void case_sem_wait()
{
	sem_wait(&empty);
}
static void case_sem_timedwait()
{
	sem_timedwait(&empty, &later);
}
static void case_sem_clockwait()
{
	sem_clockwait(&empty, CLOCK_MONOTONIC, &later);
}
static void case_join()
{
	pthread_join(eternal, nullptr);
}
static void case_timedjoin()
{
	pthread_timedjoin_np(eternal, nullptr, &later);
}
static void case_read()
{
	(void)!read(p[0], buf, 1);
}
static void case_readv()
{
	iovec v = {buf, 1};
	(void)!readv(p[0], &v, 1);
}
static void case_write()
{
	for (;;)
		(void)!write(s[1], buf, sizeof(buf));
}
static void case_send()
{
	for (;;)
		send(s[1], buf, sizeof(buf), 0);
}
static void case_recv()
{
	recv(s[0], buf, 1, 0);
}
static void case_recvfrom()
{
	recvfrom(s[0], buf, 1, 0, nullptr, nullptr);
}
static void case_recvmsg()
{
	msghdr h = {};
	iovec v = {buf, 1};
	h.msg_iov = &v;
	h.msg_iovlen = 1;
	recvmsg(s[0], &h, 0);
}
static void case_poll()
{
	pollfd f = {p[0], POLLIN, 0};
	poll(&f, 1, -1);
}
static void case_ppoll()
{
	pollfd f = {p[0], POLLIN, 0};
	ppoll(&f, 1, nullptr, nullptr);
}
static void case_select()
{
	select(0, nullptr, nullptr, nullptr, nullptr);
}
static void case_pselect()
{
	pselect(0, nullptr, nullptr, nullptr, nullptr, nullptr);
}
static void case_epoll_wait()
{
	epoll_event e;
	epoll_wait(ep, &e, 1, -1);
}
static void case_epoll_pwait()
{
	epoll_event e;
	epoll_pwait(ep, &e, 1, -1, nullptr);
}
static void case_nanosleep()
{
	nanosleep(&later, nullptr);
}
static void case_clock_nanosleep()
{
	clock_nanosleep(CLOCK_MONOTONIC, 0, &later, nullptr);
}
static void case_usleep()
{
	usleep(4000000000u);
}
static void case_sleep()
{
	sleep(4000000000u);
}
static void case_pause()
{
	pause();
}
/* no cancellation points: the cancel must wait for the one behind them */
static void case_mutex_then_test()
{
	pthread_mutex_lock(&held);
	pthread_mutex_unlock(&held);
	tell("got");
	pthread_testcancel();
}
static void case_rwlock_then_test()
{
	pthread_rwlock_wrlock(&rw);
	pthread_rwlock_unlock(&rw);
	tell("got");
	pthread_testcancel();
}
static void case_barrier_then_test()
{
	pthread_barrier_wait(&barrier);
	tell("met");
	pthread_testcancel();
}

struct test {
	const char *name;
	void (*wait)();
	void (*let_go)(); /* for those that are no cancellation points: main ends the wait after the cancel */
	void (*before)();
};

static const test tests[] = {
#define CASE(n)                                                                                    \
	{                                                                                          \
#n, case_##n, nullptr, nullptr                                                     \
	}
	CASE(cond_wait),
	CASE(cond_timedwait),
	CASE(cond_clockwait),
	CASE(sem_wait),
	CASE(sem_timedwait),
	CASE(sem_clockwait),
	CASE(join),
	CASE(timedjoin),
	CASE(read),
	CASE(readv),
	CASE(write),
	CASE(recv),
	CASE(recvfrom),
	CASE(recvmsg),
	CASE(send),
	CASE(poll),
	CASE(ppoll),
	CASE(select),
	CASE(pselect),
	CASE(epoll_wait),
	CASE(epoll_pwait),
	CASE(nanosleep),
	CASE(clock_nanosleep),
	CASE(usleep),
	CASE(sleep),
	CASE(pause),
	{"mutex_then_test", case_mutex_then_test, [] { pthread_mutex_unlock(&held); },
	 [] { pthread_mutex_lock(&held); }},
	{"rwlock_then_test", case_rwlock_then_test, [] { pthread_rwlock_unlock(&rw); },
	 [] { pthread_rwlock_rdlock(&rw); }},
	{"barrier_then_test", case_barrier_then_test, [] { pthread_barrier_wait(&barrier); },
	 [] {}},
};

static std::atomic<pid_t> waiter;
static bool is_async;

static __attribute__((noinline)) void guarded(const test *t)
{
	Guard inner("inner");
	t->wait();
	tell("RETURNED");
}

static void *run(void *arg)
{
	int old;
	Guard outer("outer");
	pthread_cleanup_push(cleanup, nullptr);
	if (is_async)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	waiter = gettid();
	guarded(static_cast<const test *>(arg));
	pthread_cleanup_pop(1);
	return arg;
}

/* The kernel says when it is blocked, not a guess at how long that takes. */
static void await_blocked(pid_t tid)
{
	char path[64], text[16];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	do {
		sched_yield();
		memset(text, 0, sizeof(text));
		if (syscall(SYS_pread64, fd, text, sizeof(text), 0L) <= 0)
			break;
	} while (text[0] < '0' || text[0] > '9');
	close(fd);
}

static void one(const test *t)
{
	pthread_t th;
	void *ret;

	told.clear();
	waiter = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		abort();
	if (t->before)
		t->before();
	pthread_create(&th, nullptr, run, const_cast<test *>(t));
	while (!waiter)
		sched_yield();
	await_blocked(waiter);
	pthread_cancel(th);
	if (t->let_go)
		t->let_go();
	pthread_join(th, &ret);
	close(s[0]);
	close(s[1]);
	printf("%s %s:%s %s\n", is_async ? "async" : "deferred", t->name, told.c_str(),
	       ret == PTHREAD_CANCELED ? "cancelled" : "ended");
}

/* --- a cancel that is pending when the call could succeed at once: the call is a cancellation point all the same ------------------ */

static void *pending(void *arg)
{
	Guard outer("outer");
	int which = *static_cast<int *>(arg);

	pthread_cancel(pthread_self());
	tell("pending");
	if (which == 0)
		sem_wait(&full);
	else if (which == 1)
		sem_timedwait(&full, &later);
	else if (which == 2)
		pthread_mutex_lock(&m), pthread_mutex_unlock(&m), sem_trywait(&full),
			sem_post(&full);
	else if (which == 3)
		(void)!write(p[1], "x", 1);
	else if (which == 4)
		pthread_join(pthread_self(), nullptr);
	tell("passed");
	return nullptr;
}

static void all_pending()
{
	for (int i = 0; i < 5; i++) {
		pthread_t th;
		int value;

		told.clear();
		pthread_create(&th, nullptr, pending, &i);
		pthread_join(th, nullptr);
		sem_getvalue(&full, &value);
		printf("pending %d:%s, semaphore %d\n", i, told.c_str(), value);
	}
}

/* --- exceptions, and once ------------------------------------------------------------------------------------------------------------ */

static pthread_once_t once_throws = PTHREAD_ONCE_INIT, once_cancelled = PTHREAD_ONCE_INIT,
		      once_inner = PTHREAD_ONCE_INIT, once_outer = PTHREAD_ONCE_INIT;

static void throws()
{
	tell("routine");
	throw std::runtime_error("out");
}
static void sleeps()
{
	Guard g("routine-guard");
	pause();
}
static void settles()
{
	tell("settled");
}
static void nests()
{
	try {
		if (__GLIBC_PREREQ(2, 34))
			pthread_once(&once_inner, throws);
	} catch (const std::exception &) {
		tell("caught-inside");
	}
	pthread_once(&once_inner, settles);
}

static std::atomic<bool> settled;

static void *once_victim(void *)
{
	Guard g("victim");
	waiter = gettid();
	pthread_once(&once_cancelled, sleeps);
	return nullptr;
}

static void *once_waiter(void *)
{
	pthread_once(&once_cancelled, [] { settled = true; });
	return nullptr;
}

static void once()
{
	pthread_t victim, other;

	told.clear();
	/* before 2.34 glibc did not notice the exception, and the next call waited for ever */
	for (int i = 0; __GLIBC_PREREQ(2, 34) && i < 3; i++)
		try {
			pthread_once(&once_throws, throws);
		} catch (const std::exception &e) {
			tell(e.what());
		}
	pthread_once(&once_throws, settles);
	pthread_once(&once_throws, abort);
	pthread_once(&once_outer, nests);
	printf("once:%s\n", told.c_str());

	told.clear();
	waiter = 0;
	pthread_create(&victim, nullptr, once_victim, nullptr);
	while (!waiter)
		sched_yield();
	await_blocked(waiter);
	pthread_create(&other, nullptr, once_waiter, nullptr);
	pthread_cancel(victim);
	pthread_join(victim, nullptr);
	pthread_join(other, nullptr);
	printf("once cancelled:%s, then settled %d\n", told.c_str(), settled.load());
}

/* --- ends of threads ------------------------------------------------------------------------------------------------------------------- */

struct Late {
	bool armed = false;
	~Late()
	{
		if (!armed)
			return;
		char byte = 'x';
		tell("late");
		(void)!write(p[1], &byte, 1);
		(void)!read(p[0], &byte, 1);
		sem_wait(&full);
		sem_post(&full);
	}
};
static thread_local Late late;
static pthread_key_t key;

static void key_end(void *)
{
	tell("key");
	usleep(1);
}

static void *exits(void *arg)
{
	Guard g("guard");
	late.armed = true;
	pthread_setspecific(key, arg);
	pthread_exit(arg);
}

static void ends()
{
	pthread_t t;

	told.clear();
	pthread_key_create(&key, key_end);
	pthread_create(&t, nullptr, exits, &t);
	pthread_join(t, nullptr);
	std::thread([] {
		late.armed = true;
		Guard g("lambda");
	}).join();
	printf("ends:%s\n", told.c_str());
}

static void *pauses(void *)
{
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int n = 0;

	setvbuf(stdout, nullptr, _IOLBF, 0);
	alarm(50);
	pthread_barrier_init(&barrier, nullptr, 2);
	sem_init(&empty, 0, 0);
	sem_init(&full, 0, 1);
	if (pipe(p))
		return 1;
	ep = epoll_create1(0);
	pthread_create(&eternal, nullptr, pauses, nullptr);
	if (argc > 1) {
		/* a thread a round whose destructors wait after its start routine has returned */
		for (n = 0; n < atoi(argv[1]); n++)
			std::thread([] { late.armed = true; }).join();
		printf("%d threads\n", n);
		return 0;
	}
	for (int round = 0; round < 3; round++)
		for (const test &t : tests)
			one(&t);
	is_async = true;
	for (int round = 0; round < 3; round++)
		for (const test &t : tests)
			/* cancelled asynchronously inside a C++ cleanup region or with an inner lock they are undefined */
			if (!t.let_go && !strstr(t.name, "cond") && !strstr(t.name, "join"))
				one(&t);
	is_async = false;
	all_pending();
	once();
	ends();
	return 0;
}
