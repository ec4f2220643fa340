/*
 * delay.c - an object to preload that does nothing but take its time, before and after calls that wait, wake, fork and create threads.
 *
 * A program whose result it changes has a race, and says nothing about a recorder, which takes time at the same places. The time is
 * anything up to 200 us, as the clock has it.
 */
#include <dlfcn.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static void take_time(void)
{
	struct timespec now, until;
	long ns;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = until.tv_nsec / 64 % 200 * 1000;
	until.tv_nsec += ns;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec < until.tv_sec ||
	       (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec));
}

#define SLOW(type, name, params, args)                                                             \
	type name params                                                                           \
	{                                                                                          \
		static type(*real) params;                                                         \
		type r;                                                                            \
		if (!real)                                                                         \
			real = (type(*) params)dlsym(RTLD_NEXT, #name);                            \
		take_time();                                                                       \
		r = real args;                                                                     \
		take_time();                                                                       \
		return r;                                                                          \
	}

SLOW(pid_t, fork, (void), ())
SLOW(int, sem_wait, (sem_t * s), (s))
SLOW(int, sem_post, (sem_t * s), (s))
SLOW(int, mq_send, (mqd_t q, const char *p, size_t n, unsigned prio), (q, p, n, prio))
SLOW(ssize_t, mq_receive, (mqd_t q, char *p, size_t n, unsigned *prio), (q, p, n, prio))
SLOW(int, pthread_mutex_lock, (pthread_mutex_t * m), (m))
SLOW(int, pthread_mutex_unlock, (pthread_mutex_t * m), (m))
SLOW(int, pthread_join, (pthread_t t, void **result), (t, result))
SLOW(unsigned, sleep, (unsigned s), (s))

/* A thread begins and ends late as well. */
struct start {
	void *(*fn)(void *);
	void *arg;
};

static struct start starts[1 << 16];
static unsigned started;

static void *begin(void *p)
{
	struct start *s = p;
	void *r;

	take_time();
	r = s->fn(s->arg);
	take_time();
	return r;
}

int pthread_create(pthread_t *th, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct start *s = &starts[__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED) % (1 << 16)];

	if (!real)
		real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
				void *))dlsym(RTLD_NEXT, "pthread_create");
	*s = (struct start){fn, arg};
	return real(th, attr, begin, s);
}
