/*
 * harm_stack.c - how deep the stack goes below a caller of each call that waits.
 *
 * The memory under the caller is painted, the call made, and what was overwritten looked for: that is libc's need when the program runs
 * bare, and ours on top when it is traced.  Each call waits for certain, several times: the first one has more to do, and one that is
 * recorded more than one that is summed.  Prints `name bytes`.
 */
/* link: -Wl,-z,now */
#include <ctrace/ctrace.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define PAINT	0xa5
#define DEPTH	16384 /* painted */
#define SKIP	192   /* not painted: the painter's own frame */
#define TIMES	4
#define CALL_US 1000 /* fifty times the default of --call-threshold */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once;
static sem_t ready;
static pid_t main_tid, other_tid; /* the kernel's; of who waits for main */
static mtx_t c11;
static sem_t sem;
static int fds[2], epoll_fd;
static char byte;
static unsigned own_frame; /* of depth() */
static volatile uint8_t *callee;
static struct timespec soon;

/* Painted and looked at from here; what a call needs it takes below this frame. */
static __attribute__((noinline)) unsigned depth(void (*call)(void))
{
	volatile uint8_t *here = __builtin_frame_address(0), *p;

	for (p = here - DEPTH; p < here - SKIP; p++)
		*p = PAINT;
	call();
	for (p = here - DEPTH; p < here - SKIP && *p == PAINT;)
		p++;
	own_frame = (unsigned)(here - callee);
	return p < here - SKIP ? (unsigned)(here - p) : 0;
}

/* Where a call's stack begins: its return address. */
static void nothing(void)
{
	callee = (volatile uint8_t *)__builtin_frame_address(0) + 2 * sizeof(void *);
}

static void pause_us(long us)
{
	struct timespec ts = {0, us * 1000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/*
 * Returns when the thread waits in the kernel, in a call whose first argument lies in the object, as a futex of its does, or is the
 * descriptor.  Under an emulator the kernel has its own address of the object; where that lies in its page is the same.
 */
static void until_waits(pid_t tid, const void *object, size_t bytes)
{
	uintptr_t first, from = (uintptr_t)object;
	char path[64], text[256];
	unsigned tries;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	for (tries = 0; tries < 100000; tries++) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = 0;
		/* "running", or the call's number and its arguments */
		if (sscanf(text, "%*d %" SCNxPTR, &first) == 1 && ((first - from) & 4095) < bytes)
			return;
		pause_us(100);
	}
	fprintf(stderr, "thread %d does not come to wait: %s\n", (int)tid, text);
	exit(1);
}

static void until_waits_in(pid_t tid, int fd)
{
	until_waits(tid, (const void *)(uintptr_t)fd, 1);
}

/* --- what is measured ----------------------------------------------------------------------------------------------------------------- */

static void m_lock(void)
{
	pthread_mutex_lock(&mutex);
}

static void m_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

static void m_timedlock(void)
{
	pthread_mutex_timedlock(&mutex, &soon);
}

static void r_timedlock(void)
{
	pthread_mutex_timedlock(&recursive, &soon);
}

static void c11_timedlock(void)
{
	mtx_timedlock(&c11, &soon);
}

static void c_timedwait(void)
{
	pthread_cond_timedwait(&cond, &mutex, &soon);
}

static void c_signal(void)
{
	pthread_cond_signal(&cond);
}

static void rd_timedlock(void)
{
	pthread_rwlock_timedrdlock(&rwlock, &soon);
}

static void wr_timedlock(void)
{
	pthread_rwlock_timedwrlock(&rwlock, &soon);
}

static void rw_unlock(void)
{
	pthread_rwlock_unlock(&rwlock);
}

static void s_timedwait(void)
{
	sem_timedwait(&sem, &soon);
}

static void s_post(void)
{
	sem_post(&sem);
}

static void b_wait(void)
{
	pthread_barrier_wait(&barrier);
}

static void once_slow(void)
{
	sem_post(&ready);
	until_waits(main_tid, &once, sizeof(once));
}

static void o_once(void)
{
	pthread_once(&once, once_slow);
}

static void c_nanosleep(void)
{
	pause_us(1000);
}

static void f_poll(void)
{
	poll(NULL, 0, 1);
}

static void f_epoll(void)
{
	struct epoll_event e;

	epoll_wait(epoll_fd, &e, 1, 1);
}

static void f_read(void)
{
	(void)!read(fds[0], &byte, 1);
}

static void f_recv(void)
{
	recv(fds[0], &byte, 1, 0);
}

static pthread_t joined;

static void t_join(void)
{
	pthread_join(joined, NULL);
}

/* The thread's own number is what a joiner waits for: it lies in what pthread_self() points to. */
static void *short_life(void *p)
{
	until_waits(main_tid, (void *)pthread_self(), 2048);
	return p;
}

static void t_create(void)
{
	pthread_create(&joined, NULL, short_life, NULL);
}

/* --- the other side --------------------------------------------------------------------------------------------------------------------- */

/* Says which thread is to be asked after. */
static void here(void)
{
	other_tid = (pid_t)syscall(SYS_gettid);
	sem_post(&ready);
}

static void *late_unlock(void *p)
{
	pthread_mutex_lock(&mutex);
	sem_post(&ready);
	until_waits(main_tid, &mutex, sizeof(mutex));
	pthread_mutex_unlock(&mutex);
	return p;
}

static void *a_waiter(void *p)
{
	here();
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return p;
}

static void *c_waiter(void *p)
{
	here();
	pthread_mutex_lock(&mutex);
	pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	return p;
}

static void *rw_waiter(void *p)
{
	here();
	pthread_rwlock_wrlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	return p;
}

static void *s_waiter(void *p)
{
	here();
	sem_wait(&sem);
	return p;
}

static void *o_first(void *p)
{
	pthread_once(&once, once_slow);
	return p;
}

static void *b_waiter(void *p)
{
	until_waits(main_tid, &barrier, sizeof(barrier));
	pthread_barrier_wait(&barrier);
	return p;
}

static void *holds(void *p)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_lock(&recursive);
	mtx_lock(&c11);
	pthread_rwlock_wrlock(&rwlock);
	pthread_barrier_wait(p); /* they are held */
	pthread_barrier_wait(p); /* they are needed no more */
	pthread_rwlock_unlock(&rwlock);
	mtx_unlock(&c11);
	pthread_mutex_unlock(&recursive);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* A call is recorded, and its stack captured, from a length on: on a CPU that both have the writer may come right behind the reader. */
static void *writes(void *p)
{
	until_waits_in(main_tid, fds[0]);
	pause_us(CALL_US);
	(void)!write(fds[1], "x", 1);
	return p;
}

/* --- the measurements --------------------------------------------------------------------------------------------------------------------- */

static void note(unsigned *deepest, unsigned d)
{
	if (d > *deepest)
		*deepest = d;
}

static void print(const char *name, unsigned deepest)
{
	printf("%s %u\n", name, deepest ? deepest - own_frame : 0);
}

static pthread_t begin(void *(*body)(void *), void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, body, arg);
	return t;
}

static pthread_t begin_to_wait(void *(*body)(void *), const void *object, size_t bytes)
{
	pthread_t t = begin(body, NULL);

	sem_wait(&ready);
	until_waits(other_tid, object, bytes);
	return t;
}

static void in_ms(long ms)
{
	clock_gettime(CLOCK_REALTIME, &soon);
	if (ms < 0)
		soon.tv_sec--, ms = 0;
	soon.tv_nsec += ms * 1000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
}

/* Calls that wait until a time, on things that somebody holds. */
static void timed(void)
{
	static const struct {
		const char *name;
		void (*call)(void);
	} calls[] = {
		{"mutex_timedlock", m_timedlock},
		{"recursive_timedlock", r_timedlock},
		{"mtx_timedlock", c11_timedlock},
		{"rwlock_timedrdlock", rd_timedlock},
		{"rwlock_timedwrlock", wr_timedlock},
		{"sem_timedwait", s_timedwait},
		{"nanosleep", c_nanosleep},
		{"poll", f_poll},
		{"epoll_wait", f_epoll},
	};
	pthread_barrier_t held;
	pthread_t t;
	unsigned i, n;

	pthread_barrier_init(&held, NULL, 2);
	t = begin(holds, &held);
	pthread_barrier_wait(&held);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		unsigned deepest = 0;

		for (n = 0; n < TIMES; n++) {
			in_ms(1);
			note(&deepest, depth(calls[i].call));
		}
		print(calls[i].name, deepest);
	}
	pthread_barrier_wait(&held);
	pthread_join(t, NULL);
	pthread_barrier_destroy(&held);
}

static void mutexes(void)
{
	unsigned lock = 0, unlock = 0, n;
	pthread_t t;

	for (n = 0; n < TIMES; n++) {
		t = begin(late_unlock, NULL);
		sem_wait(&ready);
		note(&lock, depth(m_lock));
		pthread_join(t, NULL);
		t = begin_to_wait(a_waiter, &mutex, sizeof(mutex));
		note(&unlock, depth(m_unlock));
		pthread_join(t, NULL);
	}
	print("mutex_lock", lock);
	print("mutex_unlock", unlock);
}

static void conds(void)
{
	unsigned wait = 0, wake = 0, n;
	pthread_t t;

	for (n = 0; n < TIMES; n++) {
		in_ms(1);
		pthread_mutex_lock(&mutex);
		note(&wait, depth(c_timedwait));
		pthread_mutex_unlock(&mutex);
		t = begin_to_wait(c_waiter, &cond, sizeof(cond));
		note(&wake, depth(c_signal));
		pthread_join(t, NULL);
	}
	print("cond_timedwait", wait);
	print("cond_signal", wake);
}

static void others(void)
{
	unsigned unlock = 0, post = 0, wait = 0, once_ = 0, rd = 0, rv = 0, join = 0, create = 0, n;
	pthread_t t;

	for (n = 0; n < TIMES; n++) {
		pthread_rwlock_wrlock(&rwlock);
		t = begin_to_wait(rw_waiter, &rwlock, sizeof(rwlock));
		note(&unlock, depth(rw_unlock));
		pthread_join(t, NULL);
		t = begin_to_wait(s_waiter, &sem, sizeof(sem));
		note(&post, depth(s_post));
		pthread_join(t, NULL);
		pthread_barrier_init(&barrier, NULL, 2);
		t = begin(b_waiter, NULL);
		note(&wait, depth(b_wait));
		pthread_join(t, NULL);
		pthread_barrier_destroy(&barrier);
		once = PTHREAD_ONCE_INIT;
		t = begin(o_first, NULL);
		sem_wait(&ready);
		note(&once_, depth(o_once));
		pthread_join(t, NULL);
		t = begin(writes, NULL);
		note(&rd, depth(f_read));
		pthread_join(t, NULL);
		t = begin(writes, NULL);
		note(&rv, depth(f_recv));
		pthread_join(t, NULL);
		note(&create, depth(t_create));
		note(&join, depth(t_join));
	}
	print("rwlock_unlock", unlock);
	print("sem_post", post);
	print("barrier_wait", wait);
	print("once", once_);
	print("read", rd);
	print("recv", rv);
	print("create", create);
	print("join", join);
}

static sem_t *many_now;

static void many_timedwait(void)
{
	sem_timedwait(many_now, &soon);
}

static void f_poll_now(void)
{
	poll(NULL, 0, 0);
}

/* What happens now and then: a sum makes room for another, a chunk is full. */
static void rare(void)
{
	static sem_t many[400];
	unsigned sums = 0, chunks = 0, n;

	in_ms(-1);
	for (n = 0; n < 400; n++)
		sem_init(&many[n], 0, 0);
	for (n = 0; n < 8000; n++) {
		many_now = &many[n % 400];
		note(&sums, depth(many_timedwait));
	}
	for (n = 0; n < 8000; n++)
		note(&chunks, depth(f_poll_now));
	print("sums", sums);
	print("chunks", chunks);
}

static char message[1500];

static void f_log(void)
{
	static unsigned n;
	char name[] = "name 000";

	/* as long as is kept, and until the table is full a category nobody has heard of */
	name[5] = (char)('0' + n / 100 % 10);
	name[6] = (char)('0' + n / 10 % 10);
	name[7] = (char)('0' + n++ % 10);
	ctrace_log(ctrace_task_begin(name, 0), name, message);
}

static void f_region(void)
{
	ctrace_region_end(ctrace_region_begin("region", 0));
}

/* What a program says of itself; often enough to open chunks, which the longest messages do. */
static void notes(void)
{
	unsigned log = 0, region = 0, n;

	memset(message, 'm', sizeof(message) - 1);
	for (n = 0; n < 4000; n++) {
		note(&log, depth(f_log));
		note(&region, depth(f_region));
	}
	print("log", log);
	print("region", region);
}

#if defined(__has_feature)
#define HAS(x) __has_feature(x)
#else
#define HAS(x) 0
#endif

int main(void)
{
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||     \
	HAS(address_sanitizer) || HAS(thread_sanitizer) || HAS(undefined_behavior_sanitizer)
	fputs("what unoptimised or sanitized code needs is not what runs in programs\n", stderr);
	return 77;
#endif
	main_tid = getpid();
	sem_init(&ready, 0, 0);
	sem_init(&sem, 0, 0);
	mtx_init(&c11, mtx_timed);
	epoll_fd = epoll_create1(0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || epoll_fd < 0)
		return 1;
	depth(nothing); /* says where calls begin */
	timed();
	mutexes();
	conds();
	others();
	rare();
	notes();
	return 0;
}
