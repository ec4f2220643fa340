/*
 * truth.h - the rounds of the truth_*.c programs: code, included once by each of them.
 *
 *	truth_X [-r ROUNDS] [CASE...]		all cases, 10 rounds each
 *	truth_X -l				names and operations
 *
 * A tracer that wraps fifty functions is wrong in the one nobody tried.  Here a thread makes ROUNDS
 * waits in each function and measures them; the main thread holds the object, sees in
 * /proc/TID/syscall that the waiter is blocked, spends 2 ms and lets it go.  So every
 * round is exactly one wait of at least 2 ms, with a known releaser.  Timeouts and sleeps end by
 * themselves.  The threads meet through atomics and yielding: there are no other waits but the
 * main thread's one join at the end.  In truth_processes.c the waiter is a process of its own.
 *
 * Prints, tab-separated,
 *	waiter TID
 *	waker TID
 *	case NAME OP WAITS TOTAL_NS RESULT WAIT_FUNCTION WAKE_FUNCTION FD
 * OP is the operation's name in ops.def, RESULT what each wait must have returned: a pthread
 * function its error, a system call the count or -errno; "-" where it is a new descriptor, whose number
 * says nothing.  The wait is made in WAIT_FUNCTION, and
 * ended in WAKE_FUNCTION ("-": by itself); both are on the stack.  FD
 * is the descriptor, "-" where there is none or it is not looked at.
 */
#ifndef CT_TESTS_TRUTH_H
#define CT_TESTS_TRUTH_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Has a frame of its own; a macro may make more of them than are used. */
#define APART __attribute__((noinline, unused))

#define ANY_RESULT LONG_MIN /* a descriptor */

enum { HOLD_NS = 2000000, ROUNDS_MAX = 1000, CASES_MAX = 64 };

/* In memory that the waiter has as well where it is another process. */
static struct meeting {
	_Atomic int go, done; /* rounds begun and ended, over all cases */
	_Atomic pid_t waiter_tid;
	int now_on;		      /* case, -1 ends the waiter; set before `go` moves */
	uint64_t total_ns[CASES_MAX]; /* by case; the waiter's until `done` moves */
} * meeting;

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "truth: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* @clock's time in @ns from now. */
static inline struct timespec *after(clockid_t clock, int64_t ns)
{
	static _Thread_local struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_nsec += ns % 1000000000;
	ts.tv_sec += ns / 1000000000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return &ts;
}

#define LATER(clock) after(CLOCK_##clock, 60000000000)
#define SOON(clock)  after(CLOCK_##clock, HOLD_NS)

static void spend(uint64_t ns)
{
	for (uint64_t end = now_ns() + ns; now_ns() < end;)
		;
}

/* Blocked in a system call, whichever: the waiter makes none that sleeps but the one in question. */
static bool is_blocked(void)
{
	static int fd = -1;
	char text[64] = "", path[64];

	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/syscall", (int)meeting->waiter_tid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		must(fd >= 0, path);
	}
	/* Asked very often; who records every pread would record little else. */
	must(syscall(SYS_pread64, fd, text, sizeof(text) - 1, 0) > 0, "/proc/TID/syscall");
	return text[0] >= '0' && text[0] <= '9';
}

struct truth_case {
	const char *name, *op;
	void (*before)(void); /* main: takes the object */
	long (*wait)(void);   /* waiter */
	long (*wake)(void); /* main, 2 ms after the waiter was seen blocked; NULL: ends by itself */
	void (*after)(void); /* main: makes it as it was */
	const char *wait_function, *wake_function;
	long result;
	bool wake_waits; /* the wake function itself sees the waiter blocked and spends the time */
	const int *fd;
};

#define CASE(name, op, before, wait, wake, after, result)                                          \
	{                                                                                          \
		name, op, before, wait, wake, after, #wait, #wake, result, false, NULL             \
	}
/* The call is made in an inline function of a header's. */
#define CASE_IN(place, name, op, before, wait, wake, after, result)                                \
	{                                                                                          \
		name, op, before, wait, wake, after, #place, #wake, result, false, NULL            \
	}
#define HELD(name, op) CASE(#name, op, hold_##name, wait_##name, wake_##name, NULL, 0)
#define TIMEOUT(name, op, before, after)                                                           \
	{                                                                                          \
#name, op, before, wait_##name, NULL, after, "wait_" #name, "-", ETIMEDOUT, false, \
			NULL                                                                       \
	}
#define SLEEP(name)                                                                                \
	{                                                                                          \
#name, "sleep", NULL, wait_##name, NULL, NULL, "wait_" #name, "-", 0, false, NULL  \
	}

static const struct truth_case *all_cases;
/* Set: the waiter is a process, and calls this first. */
static void (*begin_process)(void);

static void *waiter(void *p)
{
	atomic_store(&meeting->waiter_tid, gettid());
	for (int round = 1;; round++) {
		const struct truth_case *c;
		uint64_t begin;
		long result;

		while (atomic_load(&meeting->go) < round)
			sched_yield();
		if (meeting->now_on < 0)
			return p;
		c = &all_cases[meeting->now_on];
		begin = now_ns();
		result = c->wait();
		meeting->total_ns[c - all_cases] += now_ns() - begin;
		if (c->result != ANY_RESULT && result != c->result) {
			fprintf(stderr, "truth: %s returned %ld\n", c->name, result);
			exit(1);
		}
		atomic_store(&meeting->done, round);
	}
}

static void one_round(const struct truth_case *c)
{
	int round = atomic_load(&meeting->go) + 1;

	if (c->before)
		c->before();
	meeting->now_on = (int)(c - all_cases);
	atomic_store(&meeting->go, round);
	if (c->wake && !c->wake_waits) {
		while (!is_blocked())
			sched_yield();
		spend(HOLD_NS);
	}
	if (c->wake)
		must(c->wake() == 0, c->name);
	while (atomic_load(&meeting->done) < round)
		sched_yield();
	if (c->after)
		c->after();
}

static bool is_wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static pid_t start_waiter(pthread_t *thread)
{
	pid_t pid = 0;

	meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	must(meeting != MAP_FAILED, "mmap");
	if (!begin_process) {
		errno = pthread_create(thread, NULL, waiter, NULL);
		must(!errno, "pthread_create");
	} else {
		pid = fork();
		must(pid >= 0, "fork");
	}
	if (begin_process && !pid) {
		begin_process();
		waiter(NULL);
		_exit(0);
	}
	while (!atomic_load(&meeting->waiter_tid))
		sched_yield();
	return pid;
}

/* Runs the cases named on the command line, or all; what main() returns. */
static int truth_main(const struct truth_case *cases, int count, int argc, char **argv)
{
	int rounds = 10, opt;
	char result[32], fd[16];
	pthread_t thread = 0;
	pid_t pid;

	while ((opt = getopt(argc, argv, "r:l")) != -1) {
		if (opt == 'l') {
			for (int i = 0; i < count; i++)
				printf("%s\t%s\n", cases[i].name, cases[i].op);
			return 0;
		}
		rounds = opt == 'r' ? atoi(optarg) : 0;
		if (rounds < 1 || rounds > ROUNDS_MAX)
			return 2;
	}
	all_cases = cases;
	errno = E2BIG;
	must(count <= CASES_MAX, "cases");
	pid = start_waiter(&thread);
	printf("waiter\t%d\nwaker\t%d\n", (int)meeting->waiter_tid, (int)gettid());
	for (int i = 0; i < count; i++) {
		const struct truth_case *c = &cases[i];

		if (!is_wanted(c->name, argv + optind))
			continue;
		for (int round = 0; round < rounds; round++)
			one_round(c);
		snprintf(result, sizeof(result), "%ld", c->result);
		snprintf(fd, sizeof(fd), "%d", c->fd ? *c->fd : -1);
		printf("case\t%s\t%s\t%d\t%llu\t%s\t%s\t%s\t%s\n", c->name, c->op, rounds,
		       (unsigned long long)meeting->total_ns[i],
		       c->result == ANY_RESULT ? "-" : result, c->wait_function, c->wake_function,
		       c->fd ? fd : "-");
	}
	meeting->now_on = -1;
	atomic_fetch_add(&meeting->go, 1);
	if (!pid)
		pthread_join(thread, NULL);
	else
		must(waitpid(pid, &opt, 0) == pid && !opt, "waitpid");
	return 0;
}

#endif
