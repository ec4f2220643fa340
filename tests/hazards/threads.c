/*
 * threads.c - very many threads at once, each of which waits.
 *
 *	threads NUMBER
 *
 * Prints how many there were: as many as the system gives, at most NUMBER.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t leave;
static int counted; /* under lock */

static void *stay(void *p)
{
	pthread_mutex_lock(&lock);
	counted++;
	pthread_mutex_unlock(&lock);
	while (sem_wait(&leave))
		;
	return p;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 20000, i, made, err = 0;
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	pthread_attr_t a;

	sem_init(&leave, 0, 0);
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 32768);
	pthread_attr_setguardsize(&a, 0);
	for (made = 0; made < n && !err; made += !err)
		err = pthread_create(&t[made], &a, stay, NULL);
	if (err)
		fprintf(stderr, "the system gives %d threads: %s\n", made, strerror(err));
	for (i = 0; i < made; i++)
		sem_post(&leave);
	for (i = 0; i < made; i++)
		pthread_join(t[i], NULL);
	printf("%d of %d threads\n", counted, made);
	return 0;
}
