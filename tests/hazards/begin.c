/* link: -Wl,-rpath,. */
/*
 * begin.c - waits before main: from .preinit_array, constructors of the program and of libraries, with threads.
 *
 * Sanitizers and allocators run there.  begin.sh preloads a library that does it too and one that is initialised first, as we are.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t ball[2];
static int rounds, early;

static void *play(void *arg)
{
	int me = arg != NULL, i;

	for (i = 0; i < 20; i++) {
		while (sem_wait(&ball[me]))
			;
		pthread_mutex_lock(&lock);
		rounds++;
		pthread_mutex_unlock(&lock);
		usleep(1);
		sem_post(&ball[!me]);
	}
	return arg;
}

static void games(void)
{
	pthread_t t[2];
	int i;

	sem_init(&ball[0], 0, 1);
	sem_init(&ball[1], 0, 0);
	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, play, i ? &ball : NULL))
			abort();
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	early++;
}

static void before_all(int argc, char **argv, char **env)
{
	(void)argc;
	(void)argv;
	(void)env;
	games();
}
__attribute__((section(".preinit_array"), used)) static void (*preinit)(int, char **,
									char **) = before_all;

__attribute__((constructor)) static void construct(void)
{
	games();
}

__attribute__((destructor)) static void destruct(void)
{
	games();
	printf("%d rounds in %d games\n", rounds, early);
	fflush(stdout);
}

int main(void)
{
	games();
	atexit(games);
	return 0;
}
