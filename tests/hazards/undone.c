/*
 * undone.c - what a preload once took from programs, each looked at from inside one.
 *
 *	undone keys			all of PTHREAD_KEYS_MAX keys can be made, and their destructors run
 *	undone attributes		a thread has what its attributes say: stack, guard, policy, affinity, signal mask, detached
 *	undone exit-without-descriptors	the process ends in order when none is left, from main, from a thread and by pthread_exit in main
 *	undone exit-without-memory	the same with nothing left to allocate
 *	undone main-ends		pthread_exit in main ends the process with its last thread; not in a child, where only one thread would be left
 *	undone create-fails		pthread_create that fails gives the program's error, again and again, and costs nothing
 *
 * Prints what it found; bare and traced must print the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	perror(what);
	exit(1);
}

/* --- keys ------------------------------------------------------------------------------------------------------- */

static atomic_int destroyed;

static void destroy(void *p)
{
	(void)p;
	destroyed++;
}

static pthread_key_t keys[PTHREAD_KEYS_MAX];
static int made;

static void *use_keys(void *p)
{
	int i;

	for (i = 0; i < made; i++)
		must(pthread_setspecific(keys[i], p) == 0, "pthread_setspecific");
	return p;
}

static void all_keys(void)
{
	pthread_key_t more;
	pthread_t t;
	int err;

	while (made < PTHREAD_KEYS_MAX && pthread_key_create(&keys[made], destroy) == 0)
		made++;
	err = pthread_key_create(&more, destroy);
	printf("%d keys of %d, one more: %d\n", made, PTHREAD_KEYS_MAX, err);
	pthread_create(&t, NULL, use_keys, keys);
	pthread_join(t, NULL);
	printf("destructors: %d\n", destroyed);
}

/* --- attributes ---------------------------------------------------------------------------------------------------- */

static sem_t told;

static void *tell(void *name)
{
	struct sched_param param;
	int detached, policy, i;
	size_t guard, stack;
	pthread_attr_t a;
	sigset_t set;
	void *base;

	pthread_getattr_np(pthread_self(), &a);
	pthread_attr_getdetachstate(&a, &detached);
	pthread_attr_getguardsize(&a, &guard);
	pthread_attr_getstack(&a, &base, &stack);
	pthread_getschedparam(pthread_self(), &policy, &param);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	printf("%s: detached %d, guard %zu, stack %zu, here %d, policy %d, priority %d, blocked",
	       (char *)name, detached, guard, stack,
	       (char *)&a > (char *)base && (char *)&a < (char *)base + stack, policy,
	       param.sched_priority);
	for (i = 1; i <= 64; i++)
		if (sigismember(&set, i) == 1)
			printf(" %d", i);
	if (sched_getcpu() >= 0) {
		cpu_set_t cpus;

		pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);
		printf(", cpus %d\n", CPU_COUNT(&cpus));
	}
	pthread_attr_destroy(&a);
	sem_post(&told);
	return name;
}

static void with(pthread_attr_t *a, const char *name)
{
	int detached = PTHREAD_CREATE_JOINABLE, err;
	pthread_t t;
	void *ret = NULL;

	err = pthread_create(&t, a, tell, (void *)(size_t)name);
	if (err) {
		printf("%s: error %d\n", name, err);
		return;
	}
	while (sem_wait(&told))
		;
	if (a)
		pthread_attr_getdetachstate(a, &detached);
	if (detached == PTHREAD_CREATE_JOINABLE)
		printf("%s: joined %d, its value %d\n", name, pthread_join(t, &ret), ret == name);
}

static void attributes(void)
{
	struct sched_param param = {.sched_priority = 7};
	static char stack[262144] __attribute__((aligned(4096)));
	pthread_attr_t a;
	cpu_set_t cpu;
	sigset_t set;

	sem_init(&told, 0, 0);
	with(NULL, "none");
	pthread_attr_init(&a);
	with(&a, "default");
	pthread_attr_setstacksize(&a, 3 << 20);
	pthread_attr_setguardsize(&a, 5 * 4096);
	with(&a, "stack and guard");
	pthread_attr_setguardsize(&a, 0);
	pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN);
	with(&a, "the smallest stack, no guard");
	pthread_attr_init(&a);
	pthread_attr_setstack(&a, stack, sizeof(stack));
	with(&a, "a stack of its own");
	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	with(&a, "detached");
	pthread_attr_init(&a);
	pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&a, SCHED_FIFO);
	pthread_attr_setschedparam(&a, &param);
	with(&a, "first in, first out");
	pthread_attr_setschedpolicy(&a, SCHED_BATCH);
	param.sched_priority = 0;
	pthread_attr_setschedparam(&a, &param);
	with(&a, "batch");
	pthread_attr_init(&a);
	CPU_ZERO(&cpu);
	CPU_SET((size_t)sched_getcpu(), &cpu);
	pthread_attr_setaffinity_np(&a, sizeof(cpu), &cpu);
	with(&a, "one cpu");
	pthread_attr_init(&a);
	sigfillset(&set);
#if __GLIBC_PREREQ(2, 32)
	pthread_attr_setsigmask_np(&a, &set);
	with(&a, "all blocked");
	sigemptyset(&set);
	pthread_attr_setsigmask_np(&a, &set);
	with(&a, "none blocked");
#endif
	/* errors are the program's to see */
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, (size_t)1 << 60);
	with(&a, "impossible stack");
	pthread_attr_init(&a);
	CPU_ZERO(&cpu);
	pthread_attr_setaffinity_np(&a, sizeof(cpu), &cpu);
	with(&a, "impossible cpus");
}

/* --- ends ------------------------------------------------------------------------------------------------------------ */

static void last_words(void)
{
	static const char text[] = "atexit\n";

	(void)!write(1, text, sizeof(text) - 1);
}

static void *exit_from_here(void *p)
{
	exit((int)(long)p);
}

static void *end_later(void *p)
{
	usleep(1000);
	pthread_exit(p); /* loads libgcc_s while it can be loaded */
}

static void no_descriptors(void)
{
	struct rlimit r = {64, 64};

	setrlimit(RLIMIT_NOFILE, &r);
	while (dup(1) >= 0)
		;
}

static void no_memory(void)
{
	struct rlimit r = {0, 0};
	size_t size;

	/* stacks must be there before */
	setrlimit(RLIMIT_DATA, &r);
	setrlimit(RLIMIT_AS, &r);
	for (size = 1 << 20; size >= 16; size /= 2)
		while (malloc(size))
			;
}

static void *sit(void *p)
{
	sem_wait(&told);
	return p;
}

/* Each end in a child of its own. */
static void ends(void (*exhaust)(void))
{
	int how, status;

	for (how = 0; how < 5; how++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			pthread_t t, s;

			sem_init(&told, 0, 0);
			atexit(last_words);
			/* a stack for each is in libc's cache then */
			pthread_create(&t, NULL, end_later, NULL);
			pthread_create(&s, NULL, sit, NULL);
			pthread_join(t, NULL);
			exhaust();
			switch (how) {
			case 0: exit(40);
			case 1:
				must(pthread_create(&t, NULL, exit_from_here, (void *)41L) == 0,
				     "pthread_create");
				pause();
				break;
			case 2:
				must(pthread_create(&t, NULL, end_later, NULL) == 0,
				     "pthread_create");
				sem_post(&told);
				pthread_exit(NULL);
			case 3: quick_exit(43);
			default: _exit(44);
			}
		}
		waitpid(pid, &status, 0);
		if (WIFEXITED(status))
			printf("end %d: status %d\n", how, WEXITSTATUS(status));
		else
			printf("end %d: signal %d\n", how, WTERMSIG(status));
	}
}

static void main_ends(void)
{
	pthread_t t;

	alarm(10);
	atexit(last_words);
	must(pthread_create(&t, NULL, end_later, NULL) == 0, "pthread_create");
	pthread_exit(NULL);
}

/* --- creating that fails -------------------------------------------------------------------------------------------------- */

static void create_fails(void)
{
	struct rlimit r, none;
	pthread_attr_t a;
	int i, err, err_no, last = -1;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 64 << 20);
	getrlimit(RLIMIT_AS, &r);
	none = r;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_AS, &none);
	for (i = 0; i < 3000; i++) {
		errno = 99;
		err = pthread_create(&t, &a, end_later, NULL);
		err_no = errno;
		if (err != last)
			printf("from round %d on: %d, errno %d\n", i, err, err_no);
		last = err;
	}
	setrlimit(RLIMIT_AS, &r);
	for (i = 0; i < 300; i++) {
		err = pthread_create(&t, NULL, end_later, NULL);
		if (err == 0)
			err = pthread_join(t, NULL);
		if (err)
			printf("after: %d\n", err);
	}
	puts("done");
}

int main(int argc, char **argv)
{
	int err = errno;
	const char *what = argc > 1 ? argv[1] : "";

	alarm(60);
	printf("errno %d\n", err);
	if (!strcmp(what, "keys"))
		all_keys();
	else if (!strcmp(what, "attributes"))
		attributes();
	else if (!strcmp(what, "exit-without-descriptors"))
		ends(no_descriptors);
	else if (!strcmp(what, "exit-without-memory"))
		ends(no_memory);
	else if (!strcmp(what, "main-ends"))
		main_ends();
	else if (!strcmp(what, "create-fails"))
		create_fails();
	else
		return 2;
	return 0;
}
