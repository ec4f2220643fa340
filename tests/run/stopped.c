/*
 * A program that stops its recording while a thread waits, forks meanwhile, and starts it again; the parent and then the child say which
 * threads they are.
 */
#include <ctrace/ctrace.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, later = PTHREAD_MUTEX_INITIALIZER;

static void must(int got, int want, const char *what)
{
	if (got == want)
		return;
	printf("%s: %d instead of %d\n", what, got, want);
	exit(1);
}

/* Waits across the stop, then across the start, then while it is recorded. */
static void *worker(void *p)
{
	(void)p;
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	pthread_mutex_lock(&later);
	pthread_mutex_unlock(&later);
	usleep(50000);
	return NULL;
}

int main(void)
{
	pthread_t t;
	pid_t child;
	int status;

	if (!ctrace_enabled()) {
		must(ctrace_stop(), ENOSYS, "stop without ctrace");
		must(ctrace_start(), ENOSYS, "start without ctrace");
		puts("not recorded");
		return 0;
	}
	must(ctrace_start(), EALREADY, "start while it is on");
	must(ctrace_snapshot(".s"), EINVAL, "snapshot of a bad name");
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&later);
	pthread_create(&t, NULL, worker, NULL);
	usleep(50000);
	must(ctrace_stop(), 0, "stop");
	must(ctrace_stop(), EALREADY, "stop while it is off");
	must(ctrace_enabled(), 0, "enabled while it is off");
	usleep(50000);
	pthread_mutex_unlock(&lock);
	usleep(50000);
	child = fork();
	if (child == 0) {
		must(ctrace_enabled(), 0, "enabled in the child");
		usleep(1000);
		must(ctrace_start(), 0, "start in the child");
		usleep(20000);
		_exit(7);
	}
	waitpid(child, &status, 0);
	must(ctrace_start(), 0, "start");
	must(ctrace_start(), EALREADY, "a second start");
	usleep(50000);
	pthread_mutex_unlock(&later);
	pthread_join(t, NULL);
	puts(ctrace_enabled() ? "recorded" : "not recorded");
	return WEXITSTATUS(status) - 7;
}
