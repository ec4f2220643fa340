/*
 * rules_start.c - what a program finds of itself: descriptors, handlers, masks, threads, environment, allocations, memory.
 *
 *	rules_start state		prints them when main begins and after all kinds of waiting
 *	rules_start exit		main ends by pthread_exit, the last thread ends the process
 *	rules_start memory THREADS	resident KiB while so many threads have waited
 *
 * A recorder that keeps a descriptor takes the number the program expects for itself; one that starts a thread makes single-threaded
 * programs slower and unshare() fail; one that allocates deadlocks inside the allocator.  Bare and traced must print the same;
 * only what the dynamic linker was told (LD_PRELOAD) and the recorder (CTRACE_*) is left out.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* --- every allocation of the process goes through here ----------------------------------------------------- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t m);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static atomic_int allocations;

void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t m)
{
	allocations++;
	return __libc_calloc(n, m);
}

void *realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}

void free(void *p)
{
	__libc_free(p);
}

/* --- what is printed --------------------------------------------------------------------------------------------- */

static void show_status(const char *const *keys)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	int i;

	while (f && fgets(line, sizeof(line), f))
		for (i = 0; keys[i]; i++)
			if (!strncmp(line, keys[i], strlen(keys[i])))
				fputs(line, stdout);
	if (f)
		fclose(f);
}

static void show_fds(void)
{
	char path[64], to[256];
	int fd;

	for (fd = 0; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, to, sizeof(to) - 1);
		if (n >= 0)
			/* where 1 and 2 lead is the test's business */
			printf("fd %d: %.*s\n", fd, fd == 1 || fd == 2 ? 0 : (int)n, to);
	}
	fd = dup(0);
	printf("next fd: %d\n", fd);
	close(fd);
}

static void show_signals(void)
{
	struct sigaction sa;
	sigset_t set;
	int sig;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	for (sig = 1; sig <= 64; sig++) {
		if (sigismember(&set, sig) == 1)
			printf("blocked %d\n", sig);
		if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL)
			printf("signal %d: %s flags %x\n", sig,
			       sa.sa_handler == SIG_IGN ? "ignored" : "handled",
			       (unsigned)sa.sa_flags);
	}
}

static void show_state(const char *when, int err)
{
	static const char *const keys[] = {"Threads:",	  "SigBlk:",  "SigIgn:", "SigCgt:",
					   "NoNewPrivs:", "Seccomp:", "CapEff:", NULL};
	char **e;

	printf("--- %s: errno %d, locale C %d\n", when, err, !strcmp(getenv("LC_ALL") ?: "C", "C"));
	show_fds();
	show_signals();
	show_status(keys);
	for (e = environ; *e; e++)
		if (strncmp(*e, "LD_PRELOAD=", 11) && strncmp(*e, "CTRACE_", 7) &&
		    strncmp(*e, "_=", 2))
			puts(*e);
	printf("pid is group leader: %d, session leader: %d\n", getpgrp() == getpid(),
	       getsid(0) == getpid());
}

/* --- all kinds of waiting -------------------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static sem_t ball[2];
static int turn, pipe_ends[2];
static atomic_int work_failures;

static void *work(void *arg)
{
	bool me = arg != NULL;
	char byte = 0;
	int i;

	for (i = 0; i < 2000; i++) {
		/* whatever is done must leave errno alone when it succeeds */
		errno = 4711;
		pthread_mutex_lock(&lock);
		while (turn != me)
			pthread_cond_wait(&changed, &lock);
		turn = !me;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
		sem_wait(&ball[me]);
		sem_post(&ball[!me]);
		pthread_rwlock_wrlock(&table);
		pthread_rwlock_unlock(&table);
		if (me)
			work_failures += write(pipe_ends[1], &byte, 1) != 1;
		else
			work_failures += read(pipe_ends[0], &byte, 1) != 1;
		nanosleep(&(struct timespec){0, 1000}, NULL);
		work_failures += errno != 4711;
	}
	return NULL;
}

static void all_work(void)
{
	pthread_t t[2];
	int i;

	sem_init(&ball[0], 0, 1);
	sem_init(&ball[1], 0, 0);
	if (pipe(pipe_ends))
		abort();
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, work, i ? &lock : NULL);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* --- the modes -------------------------------------------------------------------------------------------------------- */

static void state(int err)
{
	int before, child;

	show_state("main begins", err);
	all_work(); /* what libc allocates for threads and stdio is there now */
	before = allocations;
	all_work();
	child = fork();
	if (child == 0) {
		int in_child = allocations;

		all_work();
		if (allocations - in_child)
			printf("allocations in the child: %d\n", allocations - in_child);
		show_state("in a child", 0);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	printf("allocations: %d, failures %d\n", allocations - before, work_failures);
	show_state("after work", 0);
}

static pthread_t main_thread;

static void *outlive(void *p)
{
	printf("join main: %d\n", pthread_join(main_thread, NULL));
	all_work();
	printf("failures %d\n", work_failures);
	return p;
}

static void last_words(void)
{
	puts("atexit runs");
}

/* Every thread waits often, on a lock and in the kernel, from two depths; then all stay while main looks at the memory. */
static pthread_barrier_t all_waited;
static sem_t leave;

static __attribute__((noinline)) void wait_some(int depth)
{
	volatile char frame[64] = {0};
	int i;

	if (depth) {
		wait_some(depth - 1);
		frame[0]++;
		return;
	}
	for (i = 0; i < 100; i++) {
		pthread_mutex_lock(&lock);
		nanosleep(&(struct timespec){0, 20000}, NULL);
		pthread_mutex_unlock(&lock);
	}
}

static void *stay(void *p)
{
	wait_some(0);
	wait_some(20);
	pthread_barrier_wait(&all_waited);
	sem_wait(&leave);
	return p;
}

static void memory(int n)
{
	static const char *const keys[] = {"VmRSS:", NULL};
	pthread_t t[256];
	int i;

	sem_init(&leave, 0, 0);
	pthread_barrier_init(&all_waited, NULL, (unsigned)n + 1);
	for (i = 0; i < n; i++)
		pthread_create(&t[i], NULL, stay, NULL);
	pthread_barrier_wait(&all_waited);
	show_status(keys);
	for (i = 0; i < n; i++)
		sem_post(&leave);
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	int err = errno;

	if (argc > 2) {
		memory(atoi(argv[2]));
	} else if (argc > 1 && !strcmp(argv[1], "exit")) {
		pthread_t t;

		atexit(last_words);
		main_thread = pthread_self();
		pthread_create(&t, NULL, outlive, NULL);
		pthread_exit(NULL);
	} else {
		state(err);
	}
	return 0;
}
