/*
 * snapshot.c - asks for snapshots of itself; for snapshot.sh.
 *
 *   snapshot phases        one in the middle of waits, with logs before and after it; one under way meanwhile; one at the very end
 *   snapshot busy N PAUSE  N of them while threads record, and come and go; PAUSE us after some records, 0: as fast as they can
 *   snapshot fork          a child of fork asks
 *   snapshot names         which names are taken
 *   snapshot alone         without ctrace-run
 *   snapshot one NAME      one, and it does not matter what comes of it
 */
#include <ctrace/ctrace.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 3

/*
 * Regions of a thread between two snapshots, then it goes slowly: where they take long, traces need not be long too, and a snapshot is written at a
 * lower priority than ours.  Without a pause it is as many as fill more than half of a ring of 16 MB, while it is copied.
 */
#define ENOUGH	    20000
#define ENOUGH_FAST 300000
#define ENOUGH_MADE 3000 /* threads */
#define SLOWLY_US   10000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static volatile int stop;
static _Atomic int asking; /* snapshots so far, with the one that is asked for next */
static _Atomic int said;   /* logs of the busy threads before them */
static unsigned pause_us;
static int failures;

static void must(int result, int wanted, const char *what)
{
	if (result == wanted)
		return;
	printf("%s: %d, not %d\n", what, result, wanted);
	failures++;
}

/* The one before may be under way. */
static void ask(const char *name)
{
	int err, tries;

	for (tries = 0; tries < 60000 && (err = ctrace_snapshot(name)) == EBUSY; tries++)
		usleep(1000);
	must(err, 0, name);
}

static void *wait_for_lock(void *arg)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return arg;
}

static void *sleep_long(void *arg)
{
	usleep(400000);
	return arg;
}

static void phases(void)
{
	pthread_t waiter, sleeper;

	pthread_mutex_lock(&lock);
	pthread_create(&waiter, NULL, wait_for_lock, NULL);
	pthread_create(&sleeper, NULL, sleep_long, NULL);
	usleep(100000);
	ctrace_log(0, "phase", "before");
	ask("first");
	must(ctrace_snapshot("meanwhile"), EBUSY, "a second one at once");
	usleep(100000);
	ctrace_log(0, "phase", "after");
	pthread_mutex_unlock(&lock);
	pthread_join(waiter, NULL);
	pthread_join(sleeper, NULL);
	ask("second");
	ask("first");
	usleep(100000);
	ctrace_log(0, "phase", "last");
	ask("at_the_end");
}

/* The number of a snapshot, in which it has to be. */
static void say(int n)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", n);
	ctrace_log(0, "asked", number);
}

static void *write_fast(void *arg)
{
	unsigned i = 0, more = pause_us ? ENOUGH : ENOUGH_FAST, enough = more;
	int asked = 0;

	while (!stop) {
		uint64_t region = ctrace_region_begin("fast", 0);

		pthread_mutex_lock(&shared);
		i++;
		pthread_mutex_unlock(&shared);
		ctrace_region_end(region);
		if (asked != asking) {
			say(asked++);
			said++;
			enough = i + more;
		}
		if (i % 64 == 0)
			ctrace_log(0, "count", "some words to fill chunks with");
		if (i % 64 == 0 && (pause_us || i >= enough))
			usleep(i < enough ? pause_us : SLOWLY_US);
	}
	return arg;
}

static void *come_and_go(void *arg)
{
	unsigned made = 0;
	int asked = 0;

	while (!stop) {
		pthread_t t;

		pthread_create(&t, NULL, wait_for_lock, NULL);
		pthread_join(t, NULL);
		if (asked != asking) {
			asked = asking;
			made = 0;
		}
		if (++made > ENOUGH_MADE)
			usleep(SLOWLY_US);
	}
	return arg;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void busy(int n, unsigned pause)
{
	pthread_t t[THREADS + 1];
	char name[32];
	int i;

	pause_us = pause;
	for (i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, write_fast, NULL);
	pthread_create(&t[i], NULL, come_and_go, NULL);
	for (i = 0; i < n; i++) {
		asking = i + 1;
		while (said < THREADS * asking)
			usleep(100);
		say(i);
		snprintf(name, sizeof(name), "n%d", i);
		ask(name);
		usleep(20000);
	}
	stop = 1;
	for (i = 0; i <= THREADS; i++)
		pthread_join(t[i], NULL);
}

static void forked(void)
{
	pid_t child = fork();

	if (child == 0) {
		ctrace_log(0, "phase", "child");
		ask("child");
		usleep(100000);
		_exit(failures);
	}
	waitpid(child, NULL, 0);
}

static void names(void)
{
	char longest[65];

	memset(longest, 'x', 64);
	longest[64] = 0;
	must(ctrace_snapshot(longest), EINVAL, "64 bytes");
	must(ctrace_snapshot(""), EINVAL, "no bytes");
	must(ctrace_snapshot(NULL), EINVAL, "NULL");
	must(ctrace_snapshot(".hidden"), EINVAL, "a dot first");
	must(ctrace_snapshot("../up"), EINVAL, "a folder");
	must(ctrace_snapshot("a b"), EINVAL, "a space");
	must(ctrace_snapshot("a\n"), EINVAL, "a line");
	longest[63] = 0;
	ask(longest);
	ask("A-z_0.9");
}

int main(int argc, char **argv)
{
	double start = seconds();

	if (argc < 2)
		return 2;
	if (!ctrace_enabled()) {
		must(ctrace_snapshot("s"), ENOSYS, "without ctrace");
		puts("not recorded");
		return failures;
	}
	if (!strcmp(argv[1], "alone"))
		must(ctrace_snapshot("s"), EOPNOTSUPP, "without ctrace-run");
	else if (!strcmp(argv[1], "phases"))
		phases();
	else if (argc == 4 && !strcmp(argv[1], "busy"))
		busy(atoi(argv[2]), (unsigned)atoi(argv[3]));
	else if (!strcmp(argv[1], "fork"))
		forked();
	else if (!strcmp(argv[1], "names"))
		names();
	else if (argc == 3 && !strcmp(argv[1], "one"))
		ask(argv[2]);
	printf("%s %.3f s\n", failures ? "failed" : "good", seconds() - start);
	return failures != 0;
}
