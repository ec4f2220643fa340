/*
 * quiet.c - uses everything once between two marks, for comparing its system calls.
 *
 * Threads, a contended mutex, a condition variable, a semaphore, a reader-writer lock, a barrier, a
 * pipe, a socketpair, poll, sleeps, memory and a fork.  The marks are getpgid calls with impossible
 * numbers; the first comes before any thread exists, after the program has started.  Except for
 * futex calls, whose number is a matter of timing, it makes the same calls in every run.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MARK_BEGIN = 0x7fffff01, MARK_END = 0x7fffff02, ROUNDS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t meeting;
static sem_t ball[2];
static int turn; /* under lock */
static int pipe_ends[2], socket_ends[2];

static void must(int is_good)
{
	if (!is_good)
		abort();
}

static void *work(void *p)
{
	int me = p != NULL;
	char byte = 'x';
	void *memory;

	pthread_barrier_wait(&meeting);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		while (turn != me)
			pthread_cond_wait(&changed, &lock);
		turn = !me;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);

		while (sem_wait(&ball[me]))
			must(errno == EINTR);
		sem_post(&ball[!me]);

		if (me)
			pthread_rwlock_wrlock(&table);
		else
			pthread_rwlock_rdlock(&table);
		pthread_rwlock_unlock(&table);

		if (me) {
			must(write(pipe_ends[1], &byte, 1) == 1);
			must(recv(socket_ends[1], &byte, 1, 0) == 1);
		} else {
			struct pollfd fd = {.fd = pipe_ends[0], .events = POLLIN};

			must(poll(&fd, 1, -1) == 1);
			must(read(pipe_ends[0], &byte, 1) == 1);
			must(send(socket_ends[0], &byte, 1, 0) == 1);
		}
	}
	memory = malloc(100);
	free(memory);
	usleep(1000);
	return NULL;
}

static void *nothing(void *p)
{
	return p;
}

int main(void)
{
	struct timespec nap = {.tv_nsec = 1000000};
	pthread_t threads[2];
	pid_t child;
	int status;

	getpgid(MARK_BEGIN);
	must(!pipe(pipe_ends) && !socketpair(AF_UNIX, SOCK_STREAM, 0, socket_ends));
	sem_init(&ball[0], 0, 1);
	sem_init(&ball[1], 0, 0);
	pthread_barrier_init(&meeting, NULL, 3);
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, work, i ? &lock : NULL));
	pthread_barrier_wait(&meeting);
	for (int i = 0; i < 2; i++)
		must(!pthread_join(threads[i], NULL));
	nanosleep(&nap, NULL);
	child = fork();
	must(child >= 0);
	if (!child) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
		must(!pthread_create(&threads[0], NULL, nothing, NULL));
		must(!pthread_join(threads[0], NULL));
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && !status);
	getpgid(MARK_END);
	return 0;
}
