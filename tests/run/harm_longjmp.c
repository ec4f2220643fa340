/* cflags: -Wno-infinite-recursion -Wno-unknown-warning-option */
/*
 * harm_longjmp.c - a timer's handler jumps out of whatever it hits, thousands of times: out of waits, and out of the recorder.
 *
 *	harm_longjmp [ROUNDS]
 *
 * poll, read and sem_wait may be left by siglongjmp; old servers make their timeouts so.  The jump can hit the call while it blocks, or
 * our code before and after it, in the middle of a record or a stack.  What was begun there never ends, and must not keep the records
 * that follow from being written or read.  So after every jump come waits that the program counts, made from deeper and from
 * shallower frames than the one that was left; the trace must have each of them.
 *
 * Prints "jumps N" and "after OP N".
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf out;
static volatile sig_atomic_t armed;
static int pipe_ends[2], echo[2];
static sem_t never;

static void on_alarm(int sig)
{
	(void)sig;
	if (armed) {
		armed = 0;
		siglongjmp(out, 1);
	}
}

static void set_timer(long us)
{
	struct itimerval t = {{0, 0}, {0, us}};

	setitimer(ITIMER_REAL, &t, NULL);
}

static __attribute__((noinline)) void wait_long(int how, int depth)
{
	volatile char frame[200] = {0};
	char byte;
	struct pollfd p = {pipe_ends[0], POLLIN, 0};

	if (depth) {
		wait_long(how, depth - 1);
		frame[0]++;
		return;
	}
	switch (how) {
	case 0:
		for (;;)
			poll(&p, 1, -1);
	case 1:
		for (;;)
			(void)!read(pipe_ends[0], &byte, 1);
	case 2:
		for (;;)
			sem_wait(&never);
	default:
		/* calls that do not block: the jump hits the recorder more often than them */
		for (;;) {
			poll(&p, 1, 0);
			(void)!write(echo[1], "x", 1);
			(void)!read(echo[0], &byte, 1);
		}
	}
}

/* The calls the program counts; usleep and pread occur nowhere else. */
static __attribute__((noinline)) void wait_short(int depth)
{
	volatile char frame[200] = {0};
	char byte;

	if (depth) {
		wait_short(depth - 1);
		frame[0]++;
		return;
	}
	usleep(1);
	if (pread(0, &byte, 1, 0) > 1)
		abort();
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10000;
	volatile int i, jumps = 0, after = 0;
	struct sigaction sa = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &sa, NULL);
	sem_init(&never, 0, 0);
	if (pipe(pipe_ends) || pipe(echo))
		return 1;
	for (i = 0; i < rounds; i++) {
		if (sigsetjmp(out, 1) == 0) {
			armed = 1;
			set_timer(20 + i % 50);
			wait_long(i & 3, i % 7);
		}
		jumps++;
		/* a byte may be left from a jump between write and read */
		wait_short(i % 5 * 3);
		after++;
	}
	printf("jumps %d\nafter sleep %d\nafter pread %d\n", jumps, after, after);
	return 0;
}
