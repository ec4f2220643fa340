/*
 * idle.c - threads that have nothing to do, and threads that are kept from doing it, in the same functions.
 *
 * A worker in its queue's condition variable waits as long as it is spared; one that waits for a place to put its result is held up.
 * Both are pthread_cond_wait.  Six threads and two main threads make such waits, at known places and for known times: who releases a waiter has
 * seen it blocked and spends 2 ms before; where a thread is to rest, it is left there for three quarters of its life.
 *
 * Prints "FUNCTION OPERATION REASON WAITS LEAST_NS MOST_NS" of each place, tab-separated: what its releasers let pass, and what the waiters measured.
 */
/* cflags: -fno-optimize-sibling-calls */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline))

enum { HOLD_NS = 2000000, ROUNDS = 3 };

/* A thread: how many waits it has begun, and since when it is in the last one. */
struct side {
	_Atomic pid_t tid;
	_Atomic int begun;
	_Atomic uint64_t born, since;
	int seen; /* of `begun`, by who releases it */
	int fd;	  /* its /proc/TID/syscall, opened by who releases it */
};

struct place {
	const char *function, *op, *reason;
	int waits;
	uint64_t most, least;
};

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "idle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* --- the two ends of a wait -------------------------------------------------------------------------------------------------------- */

static void live(struct side *s)
{
	atomic_store(&s->born, now_ns());
	atomic_store(&s->tid, gettid());
}

static void begin(struct side *s)
{
	atomic_store(&s->since, now_ns());
	atomic_fetch_add(&s->begun, 1);
}

static void end(struct side *s, struct place *p)
{
	p->most += now_ns() - atomic_load(&s->since);
	p->waits++;
}

/* Until it has begun one more wait and is blocked in it. */
static void see(struct side *s)
{
	char text[64] = "", path[64];

	while (!atomic_load(&s->tid) || atomic_load(&s->begun) == s->seen)
		sched_yield();
	s->seen++;
	if (!s->fd) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)s->tid);
		s->fd = open(path, O_RDONLY | O_CLOEXEC);
		must(s->fd >= 0, path);
	}
	while (text[0] < '0' || text[0] > '9') {
		must(pread(s->fd, text, sizeof(text) - 1, 0) > 0, "/proc/TID/syscall");
		sched_yield();
	}
}

/* Leaves it there for 2 ms, or for three quarters of its life. */
static void hold(struct side *s, struct place *p, bool rests)
{
	uint64_t start, since, ns = HOLD_NS;

	see(s);
	start = now_ns();
	since = atomic_load(&s->since);
	if (rests)
		ns += 3 * (since - atomic_load(&s->born));
	while (now_ns() - start < ns)
		sched_yield();
	p->least += ns;
}

/* Until it is so; the lock is held then.  A macro, because waits are told apart by the function they are in. */
#define AWAIT(it, lock, cond, side, place)                                                         \
	do {                                                                                       \
		pthread_mutex_lock(lock);                                                          \
		while (!(it)) {                                                                    \
			begin(side);                                                               \
			pthread_cond_wait(cond, lock);                                             \
			end(side, place);                                                          \
		}                                                                                  \
	} while (0)

/* --- a worker: rests in its queue, is held up at a gate and by a lock -------------------------------------------------------------- */

static struct side worker_side, main_side;
static struct place in_take_job = {"take_job", "cond", "idle", 0, 0, 0};
static struct place in_pass_gate = {"pass_gate", "cond", "others", 0, 0, 0};
static struct place in_log_line = {"log_line", "mutex", "contention", 0, 0, 0};
static struct place in_await_answer = {"await_answer", "cond", "others", 0, 0, 0};
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t answer_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_ready = PTHREAD_COND_INITIALIZER;
static pthread_cond_t gate_open = PTHREAD_COND_INITIALIZER;
static pthread_cond_t answer_ready = PTHREAD_COND_INITIALIZER;
static int jobs, gate_taken, answers;
static bool no_more;

static APART bool take_job(void)
{
	bool got;

	AWAIT(jobs || no_more, &queue_lock, &work_ready, &worker_side, &in_take_job);
	got = jobs > 0;
	jobs -= got;
	pthread_mutex_unlock(&queue_lock);
	return got;
}

static APART void pass_gate(void)
{
	AWAIT(!gate_taken, &gate_lock, &gate_open, &worker_side, &in_pass_gate);
	pthread_mutex_unlock(&gate_lock);
}

static APART void log_line(void)
{
	begin(&worker_side);
	pthread_mutex_lock(&log_lock);
	end(&worker_side, &in_log_line);
	pthread_mutex_unlock(&log_lock);
}

static void set(pthread_mutex_t *lock, pthread_cond_t *cond, int *what, int value)
{
	pthread_mutex_lock(lock);
	*what = value;
	pthread_mutex_unlock(lock);
	pthread_cond_signal(cond);
}

static void *worker(void *p)
{
	live(&worker_side);
	while (take_job()) {
		pass_gate();
		log_line();
		hold(&main_side, &in_await_answer, false);
		set(&answer_lock, &answer_ready, &answers, 1);
	}
	return p;
}

static APART void await_answer(void)
{
	AWAIT(answers, &answer_lock, &answer_ready, &main_side, &in_await_answer);
	answers = 0;
	pthread_mutex_unlock(&answer_lock);
}

static void work(void)
{
	pthread_t thread;

	live(&main_side);
	must(!pthread_create(&thread, NULL, worker, NULL), "pthread_create");
	for (int i = 0; i < ROUNDS; i++) {
		gate_taken = 1;
		pthread_mutex_lock(&log_lock);
		hold(&worker_side, &in_take_job, false);
		set(&queue_lock, &work_ready, &jobs, 1);
		hold(&worker_side, &in_pass_gate, false);
		set(&gate_lock, &gate_open, &gate_taken, 0);
		hold(&worker_side, &in_log_line, false);
		pthread_mutex_unlock(&log_lock);
		await_answer();
	}
	hold(&worker_side, &in_take_job, true);
	pthread_mutex_lock(&queue_lock);
	no_more = true;
	pthread_mutex_unlock(&queue_lock);
	pthread_cond_signal(&work_ready);
	pthread_join(thread, NULL);
}

/* --- an event loop, a reader, a semaphore's worker: they rest where they wait ------------------------------------------------------ */

static struct side loop_side, reader_side, counter_side;
static struct place in_loop = {"loop", "epoll_wait", "idle", 0, 0, 0};
static struct place in_ask = {"ask", "read", "others", 0, 0, 0};
static struct place in_reader = {"reader", "recv", "idle", 0, 0, 0};
static struct place in_counter = {"counter", "sem", "idle", 0, 0, 0};
static int events[2], question[2], requests[2], epoll_fd;
static sem_t tokens;

static APART void ask(void)
{
	char byte;

	begin(&loop_side);
	must(read(question[0], &byte, 1) == 1, "read");
	end(&loop_side, &in_ask);
}

static void *loop(void *p)
{
	struct epoll_event event;
	char byte = ' ';

	live(&loop_side);
	while (byte != 'q') {
		begin(&loop_side);
		must(epoll_wait(epoll_fd, &event, 1, -1) == 1, "epoll_wait");
		end(&loop_side, &in_loop);
		must(read(events[0], &byte, 1) == 1, "read");
		if (byte != 'q')
			ask();
	}
	return p;
}

static void *reader(void *p)
{
	char byte = ' ';

	live(&reader_side);
	while (byte != 'q') {
		begin(&reader_side);
		must(recv(requests[0], &byte, 1, 0) == 1, "recv");
		end(&reader_side, &in_reader);
	}
	return p;
}

static void *counter(void *p)
{
	live(&counter_side);
	for (int i = 0; i <= ROUNDS; i++) {
		begin(&counter_side);
		sem_wait(&tokens);
		end(&counter_side, &in_counter);
	}
	return p;
}

static void say(int fd, const char *what)
{
	must(write(fd, what, 1) == 1, "write");
}

static void serve(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	pthread_t threads[3];

	must(!pipe2(events, O_CLOEXEC) && !pipe2(question, O_CLOEXEC), "pipe");
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, requests), "socketpair");
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	must(!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, events[0], &event), "epoll_ctl");
	sem_init(&tokens, 0, 0);
	must(!pthread_create(&threads[0], NULL, loop, NULL), "pthread_create");
	must(!pthread_create(&threads[1], NULL, reader, NULL), "pthread_create");
	must(!pthread_create(&threads[2], NULL, counter, NULL), "pthread_create");
	for (int i = 0; i <= ROUNDS; i++) {
		const char *what = i < ROUNDS ? "x" : "q";

		hold(&loop_side, &in_loop, i == ROUNDS);
		say(events[1], what);
		if (i < ROUNDS) {
			hold(&loop_side, &in_ask, false);
			say(question[1], what);
		}
		hold(&reader_side, &in_reader, i == ROUNDS);
		say(requests[1], what);
		hold(&counter_side, &in_counter, i == ROUNDS);
		sem_post(&tokens);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* --- threads that are longest in a wait which is no rest: deep in their work, and for a lock ----------------------------------------- */

static struct side deep_side, contender_side;
static struct place in_deep = {"visit", "cond", "others", 0, 0, 0};
static struct place in_contend = {"contend", "mutex", "contention", 0, 0, 0};
static struct place in_turn = {"await_turn", "cond", "others", 0, 0, 0};
static pthread_mutex_t leaf_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t leaf_ready = PTHREAD_COND_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static int leaves, turns;

static APART void visit(int depth)
{
	if (depth > 0) {
		visit(depth - 1);
		return;
	}
	AWAIT(leaves, &leaf_lock, &leaf_ready, &deep_side, &in_deep);
	leaves = 0;
	pthread_mutex_unlock(&leaf_lock);
}

static void *deep(void *p)
{
	live(&deep_side);
	visit(8);
	return p;
}

static APART void await_turn(void)
{
	AWAIT(turns, &turn_lock, &turn, &contender_side, &in_turn);
	pthread_mutex_unlock(&turn_lock);
}

static APART void contend(void)
{
	begin(&contender_side);
	pthread_mutex_lock(&big_lock);
	end(&contender_side, &in_contend);
	pthread_mutex_unlock(&big_lock);
}

static void *contender(void *p)
{
	live(&contender_side);
	await_turn();
	contend();
	return p;
}

static void hinder(void)
{
	pthread_t threads[2];

	pthread_mutex_lock(&big_lock);
	must(!pthread_create(&threads[0], NULL, deep, NULL), "pthread_create");
	must(!pthread_create(&threads[1], NULL, contender, NULL), "pthread_create");
	hold(&contender_side, &in_turn, false);
	set(&turn_lock, &turn, &turns, 1);
	hold(&contender_side, &in_contend, true);
	pthread_mutex_unlock(&big_lock);
	hold(&deep_side, &in_deep, true);
	set(&leaf_lock, &leaf_ready, &leaves, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* --- the main thread of a process waits nowhere else, but who runs a program rests nowhere ----------------------------------------- */

static struct side only_side;
static struct place *in_only; /* in memory that the other process has too */
static pthread_mutex_t only_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t only_ready = PTHREAD_COND_INITIALIZER;
static int results;

static APART void await_result(void)
{
	AWAIT(results, &only_lock, &only_ready, &only_side, in_only);
	pthread_mutex_unlock(&only_lock);
}

static void *compute(void *p)
{
	hold(&only_side, in_only, true);
	set(&only_lock, &only_ready, &results, 1);
	return p;
}

static void start_other(void)
{
	pthread_t thread;
	int status;
	pid_t pid;

	in_only = mmap(NULL, sizeof(*in_only), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	must(in_only != MAP_FAILED, "mmap");
	*in_only = (struct place){"await_result", "cond", "others", 0, 0, 0};
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		live(&only_side);
		must(!pthread_create(&thread, NULL, compute, NULL), "pthread_create");
		await_result();
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && !status, "waitpid");
}

static void print(const struct place *p)
{
	printf("%s\t%s\t%s\t%d\t%llu\t%llu\n", p->function, p->op, p->reason, p->waits,
	       (unsigned long long)p->least, (unsigned long long)p->most);
}

int main(void)
{
	static const struct place *const all[] = {
		&in_take_job, &in_pass_gate, &in_log_line, &in_await_answer, &in_loop, &in_ask,
		&in_reader,   &in_counter,   &in_deep,	   &in_contend,	     &in_turn};

	start_other();
	work();
	serve();
	hinder();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		print(all[i]);
	print(in_only);
	return 0;
}
