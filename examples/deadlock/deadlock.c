/*
 * deadlock.c - two threads take two locks in opposite order, and that is the end of it.
 *
 *	ctrace-run -o d.ctrace -- deadlock		(stop it with ^C)
 *	ctrace waits --live PID				(from another terminal, while it hangs)
 *
 * What it shows.  `transfer_out` holds account_a and wants account_b, `transfer_in` the reverse.
 * Nothing ever ends, so there is no finished wait to report: what is going on can only be read from
 * what each thread said before it blocked, even after the program was killed.
 *
 *	deadlock [-k SECONDS]	ends itself by SIGKILL after that time
 *
 * A barrier makes sure that each thread has its first lock before it asks for the second.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t account_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t account_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;

static __attribute__((noinline)) void *transfer_out(void *p)
{
	pthread_mutex_lock(&account_a);
	pthread_barrier_wait(&both_hold_one);
	pthread_mutex_lock(&account_b);
	pthread_mutex_unlock(&account_b);
	pthread_mutex_unlock(&account_a);
	return p;
}

static __attribute__((noinline)) void *transfer_in(void *p)
{
	pthread_mutex_lock(&account_b);
	pthread_barrier_wait(&both_hold_one);
	pthread_mutex_lock(&account_a);
	pthread_mutex_unlock(&account_a);
	pthread_mutex_unlock(&account_b);
	return p;
}

int main(int argc, char **argv)
{
	pthread_t out, in;

	pthread_barrier_init(&both_hold_one, NULL, 3);
	if (pthread_create(&out, NULL, transfer_out, NULL) ||
	    pthread_create(&in, NULL, transfer_in, NULL))
		return 1;
	pthread_barrier_wait(&both_hold_one);
	printf("deadlock: process %d hangs now\n", (int)getpid());
	fflush(stdout);
	if (argc == 3) {
		sleep((unsigned)atoi(argv[2]));
		kill(getpid(), SIGKILL);
	}
	pthread_join(out, NULL);
	pthread_join(in, NULL);
	return 0;
}
