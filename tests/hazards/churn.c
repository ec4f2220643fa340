/*
 * churn.c - threads that allocate, free and wait, and fork children that do the same, all at once.
 *
 *	churn [FORKS]
 *
 * An allocator locks, creates threads and registers fork handlers, in whatever order it is loaded; a recorder that allocated in a
 * wrapper, or held something across fork, would deadlock in one of the children.  Prints what came of the children.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stop;
static char *shared[64];

/* Memory goes from thread to thread: freed by another one than allocated it. */
static void churn(unsigned seed, int rounds)
{
	for (; rounds; rounds--) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 8 & 63;
		size_t size = (size_t)16 << (seed >> 20 & 11);
		char *p = malloc(size), *q;

		if (!p)
			abort();
		memset(p, (int)seed, 16);
		pthread_mutex_lock(&lock);
		q = shared[i];
		shared[i] = p;
		pthread_mutex_unlock(&lock);
		free(q);
	}
}

static void *noise(void *p)
{
	unsigned seed = (unsigned)(size_t)&p;

	while (!stop) {
		churn(seed++, 200);
		usleep(20);
	}
	return p;
}

static void *some(void *p)
{
	churn((unsigned)(size_t)p, 300);
	return p;
}

static int child(void)
{
	pthread_t t[2];
	int i;

	/* the lock may have been held by a thread that is not here */
	pthread_mutex_init(&lock, NULL);
	memset(shared, 0, sizeof(shared));
	churn(7, 300);
	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, some, NULL))
			return 2;
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	return 3;
}

static atomic_int good, bad;

static void *forker(void *n)
{
	int i, status;

	for (i = 0; i < (int)(size_t)n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(child());
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
			good++;
		else
			bad++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	size_t forks = argc > 1 ? (size_t)atoi(argv[1]) : 20, i;
	pthread_t t[5];

	alarm(60);
	for (i = 0; i < 5; i++)
		if (pthread_create(&t[i], NULL, i < 2 ? forker : noise, (void *)forks))
			return 1;
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	stop = 1;
	for (i = 2; i < 5; i++)
		pthread_join(t[i], NULL);
	printf("%d children good, %d bad\n", good, bad);
	return bad != 0;
}
