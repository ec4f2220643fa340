/* link: -lrt -Wl,-z,now */
/*
 * harm_signals.c - handlers at a high rate that lock, post, read and write, over threads that do the same, on small stacks too.
 *
 *	harm_signals [MILLISECONDS]
 *
 * A handler may interrupt the recorder anywhere, and everything it may call is wrapped: sem_post, read, write, poll; and what people
 * call there although they should not, a mutex of the handler's own.  Half of the threads have an alternate stack of the smallest
 * size, half of these above the thread's own stack in memory and half below; two run in coroutines of 16 KiB.  Each thread counts
 * its calls, in and outside of handlers, and the handlers run on stacks with a guard pattern below them.
 *
 * Prints "CALL COUNT" for each operation: the calls made, of which with --threshold 0 every one is a record.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { THREADS = 6, CORO_STACK = 16384 };

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t ping[2];
static atomic_long reads, writes, polls, sleeps, handlers;
static atomic_bool stop;
static int echo[THREADS][2];

/* What a handler uses is its own thread's, because the rest may be in the hands of what it interrupted. */
static __thread struct mine {
	pthread_mutex_t lock;
	sem_t sem;
	int pipe[2];
	bool ready;
} mine;

static void on_timer(int sig)
{
	int saved = errno, i;
	char byte = 'h';
	struct pollfd p = {mine.pipe[0], POLLIN, 0};

	(void)sig;
	if (!mine.ready)
		return;
	handlers++;
	for (i = 0; i < 2; i++) {
		pthread_mutex_lock(&mine.lock);
		sem_post(&mine.sem);
		while (sem_wait(&mine.sem))
			;
		writes += write(mine.pipe[1], &byte, 1);
		polls++;
		poll(&p, 1, 1000);
		reads += read(mine.pipe[0], &byte, 1);
		pthread_mutex_unlock(&mine.lock);
	}
	errno = saved;
}

static void start_timer(void)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
	struct itimerspec every = {{0, 150000}, {0, 150000}};
	timer_t t;

	ev._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &ev, &t) || timer_settime(t, 0, &every, NULL))
		abort();
}

/* Contended waits of all kinds, until time is up. */
static void work(int me)
{
	char byte = 'm';

	while (!stop) {
		pthread_mutex_lock(&shared_lock);
		pthread_mutex_unlock(&shared_lock);
		sem_post(&ping[me % 2]);
		while (sem_wait(&ping[me % 2]))
			;
		writes += write(echo[me][1], &byte, 1) == 1;
		/* EINTR cannot be: the byte is there */
		reads += read(echo[me][0], &byte, 1) == 1;
		sleeps++;
		usleep(30);
	}
}

/* --- stacks ------------------------------------------------------------------------------------------------------ */

static char *guarded(size_t size)
{
	char *p =
		mmap(NULL, size + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* the page below it faults */
	if (p == MAP_FAILED || mprotect(p, 4096, PROT_NONE))
		abort();
	return p + 4096;
}

static ucontext_t back[THREADS], coroutine[THREADS];

static void in_coroutine(int me)
{
	work(me);
}

struct start {
	int me;
	char *handler_stack;
	size_t handler_stack_bytes;
};

static void *run(void *arg)
{
	const struct start *s = arg;
	int me = s->me;

	pthread_mutex_init(&mine.lock, NULL);
	sem_init(&mine.sem, 0, 0);
	if (pipe(mine.pipe))
		abort();
	if (s->handler_stack) {
		stack_t ss = {.ss_sp = s->handler_stack, .ss_size = s->handler_stack_bytes};

		if (sigaltstack(&ss, NULL))
			abort();
	}
	mine.ready = true;
	start_timer();
	if (me >= 4) {
		getcontext(&coroutine[me]);
		coroutine[me].uc_stack.ss_sp = guarded(CORO_STACK);
		coroutine[me].uc_stack.ss_size = CORO_STACK;
		coroutine[me].uc_link = &back[me];
		makecontext(&coroutine[me], (void (*)(void))in_coroutine, 1, me);
		swapcontext(&back[me], &coroutine[me]);
	} else {
		work(me);
	}
	pthread_sigmask(SIG_BLOCK, &(sigset_t){.__val = {~0ul}}, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_timer, .sa_flags = SA_ONSTACK | SA_RESTART};
	/* what the kernel needs for the frame, 512 bytes for us, and the rest for the handler and libc */
	size_t bytes = (getauxval(51 /* AT_MINSIGSTKSZ */) ?: 2048) + 1280;
	struct start starts[THREADS];
	pthread_t t[THREADS];
	struct timespec end = {0, (argc > 1 ? atol(argv[1]) : 500) * 1000000L};
	sigset_t timer_signal;
	char *above, *below;
	int i;

	sigemptyset(&timer_signal);
	sigaddset(&timer_signal, SIGRTMIN + 1);
	sigaction(SIGRTMIN + 1, &sa, NULL);
	sem_init(&ping[0], 0, 0);
	sem_init(&ping[1], 0, 0);
	/* mappings go downwards: what is made before the threads' stacks lies above them, static memory below */
	above = guarded(16384);
	below = sbrk(32768);
	for (i = 0; i < THREADS; i++) {
		starts[i] = (struct start){.me = i};
		if (i % 3)
			starts[i].handler_stack_bytes = bytes;
		if (i % 3 == 1)
			starts[i].handler_stack = above + (i > 2 ? 8192 : 0);
		else if (i % 3 == 2)
			starts[i].handler_stack = below + (i > 2 ? 16384 : 0);
		if (pipe(echo[i]) || pthread_create(&t[i], NULL, run, &starts[i]))
			return 1;
	}
	sigprocmask(SIG_BLOCK, &timer_signal, NULL);
	sleeps++;
	nanosleep(&end, NULL);
	stop = true;
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	fprintf(stderr, "%ld handlers\n", handlers);
	if (handlers < 100)
		return 1;
	printf("read %ld\nwrite %ld\npoll %ld\nsleep %ld\n", reads, writes, polls, sleeps);
	return 0;
}
