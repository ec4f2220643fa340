/*
 * convoy.c - a server-like program that waits a lot and knows exactly how often, how long and for
 * whom.  It is the ruler a tracer of waits can be held against.
 *
 *	convoy [-r ROUNDS] [-o TRUTH.tsv]
 *
 * What it shows.  `cache_lock` is the convoy: most holders are quick, one in ten rebuilds the cache
 * for 5 ms with the lock held, and that one makes nearly all of the waiting.  `log_lock` queues
 * three writers behind one flush.  `session_new` is a lock on the heap, known only by the function
 * that made it.  `queue_ready` and `tick` are condition variables, `slots` a semaphore,
 * `table_lock` a reader-writer lock.
 *
 * How it can know.  A lock call is a wait if the lock was taken when the call was made, and that
 * is made certain, not guessed: the holder does not let go before it has seen the waiter inside.
 * For waits of a few microseconds it watches the mutex word turn to 2, which glibc stores after
 * the last attempt to get the lock without waiting; for all others it reads in
 * /proc/self/task/TID/syscall that the waiter sleeps in a futex call on that very object.  All
 * other lock calls are made when the lock is provably free.  Threads agree on rounds through
 * atomics, so that no other wait on these objects exists.  Each waiter reads the clock right
 * before and after its call.
 *
 * The truth file has, tab-separated,
 *	lock NAME KIND WAITS TOTAL_NS
 *	wait NAME START_NS DUR_NS HOLDER_TID HOLDER_FUNCTION RELEASER_TID RELEASER_FUNCTION WAITER_TID
 * START_NS is CLOCK_MONOTONIC.  The holder had it when the wait began; the releaser, often the
 * same, is whose unlock, post or signal ended it ("-" after a timeout).  For condition variables
 * and semaphores both are the waker.  Every function named calls the unlock, post or signal itself
 * and, by STAY, is on the stack while it does.
 *
 * Threads: five groups, independent of each other; each owns its rows until it is joined.
 */
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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { US = 1000, MS = 1000000, LOG_WRITERS = 3, TICK_WAITERS = 2, TABLE_READERS = 2 };

/*
 * A function whose last act is a call may jump there instead, and is gone from the stack.  This after
 * the call makes sure that it is not the last act.
 */
#define STAY() __asm__ volatile("")

/* Who has a lock, or who will wake: written by the holder, under the lock or before a round. */
struct owner {
	pid_t tid;
	const char *function;
};

/* An object that is waited on, by the name a tracer should find for it. */
struct resource {
	const char *name;
	const char *kind;
	void *object;
	size_t size;
	_Atomic int round; /* the round waiters may enter */
	struct owner now;  /* stable while a waiter is let in */
	struct owner last; /* whose release ended the wait; same protection as the object */
};

struct row {
	const struct resource *on;
	uint64_t start_ns, dur_ns;
	struct owner holder, releaser;
};

/* A waiter, as the holder sees it and with the rows only it writes. */
struct waiter {
	struct resource *on;
	_Atomic pid_t tid;
	_Atomic int done; /* last round it has left */
	int syscall_fd;	  /* of its /proc file; the holder's */
	struct row *rows;
	size_t count, room;
	pthread_t thread;
};

static int rounds = 400;

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_ready = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t tick_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tick = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t slots;
static pthread_mutex_t *session_lock;
static int jobs_put, ticks; /* under queue_lock, tick_lock */

#define RESOURCE(symbol, what)                                                                     \
	{                                                                                          \
		.name = #symbol, .kind = what, .object = &(symbol), .size = sizeof(symbol)         \
	}
static struct resource cache = RESOURCE(cache_lock, "mutex");
static struct resource journal = RESOURCE(log_lock, "mutex");
static struct resource session = {.name = "session_new", .kind = "mutex"};
static struct resource queue = RESOURCE(queue_ready, "cond");
static struct resource clock_tick = RESOURCE(tick, "cond");
static struct resource pool = RESOURCE(slots, "sem");
static struct resource table = RESOURCE(table_lock, "rwlock");

static struct waiter *waiters[32];
static int waiter_count;

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "convoy: %s: %s\n", what, strerror(err));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Keeps a lock for a while: the thread of a long holder sleeps, as if it waited for a disk. */
static void spend(uint64_t ns)
{
	struct timespec ts = {.tv_nsec = (long)ns};
	uint64_t end = now_ns() + ns;

	if (ns >= 100 * US)
		nanosleep(&ts, NULL);
	while (now_ns() < end)
		;
}

/* One step of waiting for another thread without any lock: spin, then yield, then nap. */
static void idle(unsigned turn)
{
	struct timespec nap = {.tv_nsec = 50 * US};

	if (turn > 2000)
		nanosleep(&nap, NULL);
	else if (turn > 500)
		sched_yield();
	else
		__asm__ volatile("" ::: "memory");
}

static void await_round(_Atomic int *at, int round)
{
	for (unsigned turn = 0; atomic_load(at) < round; turn++)
		idle(turn);
}

/* ---- the holder's side: certainty that the waiter waits ---- */

/*
 * Whether @w sleeps in a futex call whose word lies in the object it is to wait on.  Asked very
 * often, hence by system call: who records every read would record little else.
 */
static bool is_asleep(struct waiter *w)
{
	char text[256], path[64];
	unsigned long long call, word;
	ssize_t len;
	uintptr_t object = (uintptr_t)w->on->object;

	if (!w->tid) /* its thread has not begun */
		return false;
	if (!w->syscall_fd) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)w->tid);
		w->syscall_fd = open(path, O_RDONLY | O_CLOEXEC);
		must(w->syscall_fd < 0 ? errno : 0, path);
	}
	len = syscall(SYS_pread64, w->syscall_fd, text, sizeof(text) - 1, 0);
	must(len < 0 ? errno : 0, "/proc/self/task/TID/syscall");
	text[len] = '\0';
	return sscanf(text, "%llu %llx", &call, &word) == 2 && call == SYS_futex &&
	       word >= object && word < object + w->on->size;
}

/* A waiter with a deadline may be through before it was seen asleep; it did wait for us. */
static void await_asleep(struct waiter *w, int round)
{
	for (unsigned turn = 0; atomic_load(&w->done) < round && !is_asleep(w); turn++)
		idle(turn);
}

/*
 * Waits for the first waiter on a mutex that the caller took while it was free.  The word is 1
 * then, and 2 from the moment a waiter has given up taking it the cheap way.
 */
static void await_waiter_of(pthread_mutex_t *lock)
{
	for (unsigned turn = 0; __atomic_load_n(&lock->__data.__lock, __ATOMIC_RELAXED) != 2;
	     turn++)
		idle(turn);
}

static void let_in(struct resource *r, const char *function, int round)
{
	r->now = r->last = (struct owner){gettid(), function};
	atomic_store(&r->round, round);
}

/* ---- the waiter's side: measure ---- */

static struct row *wait_begin(struct waiter *w)
{
	struct row *row;

	if (w->count == w->room) {
		w->room = w->room ? 2 * w->room : 1024;
		w->rows = realloc(w->rows, w->room * sizeof(*w->rows));
		must(w->rows ? 0 : ENOMEM, "realloc");
	}
	row = &w->rows[w->count++];
	row->on = w->on;
	row->holder = w->on->now;
	row->start_ns = now_ns();
	return row;
}

static void wait_end(struct waiter *w, struct row *row, int err)
{
	row->dur_ns = now_ns() - row->start_ns;
	row->releaser = err ? (struct owner){0, "-"} : w->on->last;
	must(err == ETIMEDOUT ? 0 : err, w->on->name);
}

/* Enters @round and says who this is, for the holder to find. */
static void enter(struct waiter *w, int round)
{
	atomic_store(&w->tid, gettid());
	await_round(&w->on->round, round);
}

static void leave(struct waiter *w, int round)
{
	atomic_store(&w->done, round);
}

static struct waiter *waiter_start(struct resource *on, void *(*body)(void *))
{
	struct waiter *w = calloc(1, sizeof(*w));

	must(w ? 0 : ENOMEM, "calloc");
	w->on = on;
	waiters[waiter_count++] = w;
	must(pthread_create(&w->thread, NULL, body, w), "pthread_create");
	return w;
}

/* ---- cache: quick lookups, slow evictions, and a rebuild that stops everybody ---- */

static __attribute__((noinline)) int cache_lookup(int round)
{
	pthread_mutex_lock(&cache_lock);
	let_in(&cache, __func__, round);
	await_waiter_of(&cache_lock);
	pthread_mutex_unlock(&cache_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int cache_evict(struct waiter *w, int round)
{
	pthread_mutex_lock(&cache_lock);
	let_in(&cache, __func__, round);
	await_asleep(w, round);
	spend(300 * US);
	pthread_mutex_unlock(&cache_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int cache_rebuild(struct waiter *w, int round)
{
	pthread_mutex_lock(&cache_lock);
	let_in(&cache, __func__, round);
	await_asleep(w, round);
	spend(5 * MS);
	pthread_mutex_unlock(&cache_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int serve_get(struct waiter *w)
{
	struct row *row = wait_begin(w);
	int err = pthread_mutex_lock(&cache_lock);

	wait_end(w, row, err);
	pthread_mutex_unlock(&cache_lock);
	STAY();
	return err;
}

/* Gives up after 1 ms, which no rebuild is done in. */
static __attribute__((noinline)) int serve_get_soon(struct waiter *w)
{
	struct timespec until;
	struct row *row;
	int err;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += MS;
	if (until.tv_nsec >= 1000 * MS) {
		until.tv_nsec -= 1000 * MS;
		until.tv_sec++;
	}
	row = wait_begin(w);
	err = pthread_mutex_timedlock(&cache_lock, &until);
	wait_end(w, row, err);
	if (!err)
		pthread_mutex_unlock(&cache_lock);
	STAY();
	return err;
}

static void *server(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		enter(w, round);
		if (round % 40 == 0)
			serve_get_soon(w);
		else
			serve_get(w);
		leave(w, round);
	}
	return NULL;
}

static void *cache_owner(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		if (round % 10 == 0)
			cache_rebuild(w, round);
		else if (round % 10 >= 7)
			cache_evict(w, round);
		else
			cache_lookup(round);
		await_round(&w->done, round);
	}
	return NULL;
}

/* ---- log: three writers queue behind one flush, then behind each other ---- */

static __attribute__((noinline)) int log_flush(struct waiter **w, int round)
{
	pthread_mutex_lock(&log_lock);
	let_in(&journal, __func__, round);
	for (int i = 0; i < LOG_WRITERS; i++)
		await_asleep(w[i], round);
	spend(500 * US);
	pthread_mutex_unlock(&log_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int log_write(struct waiter *w)
{
	struct row *row = wait_begin(w);
	int err = pthread_mutex_lock(&log_lock);

	wait_end(w, row, err);
	journal.last = (struct owner){gettid(), __func__};
	spend(50 * US);
	pthread_mutex_unlock(&log_lock);
	STAY();
	return err;
}

static void *log_writer(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		enter(w, round);
		log_write(w);
		leave(w, round);
	}
	return NULL;
}

static void *log_owner(void *p)
{
	struct waiter **w = p;

	for (int round = 1; round <= rounds; round++) {
		log_flush(w, round);
		for (int i = 0; i < LOG_WRITERS; i++)
			await_round(&w[i]->done, round);
	}
	return NULL;
}

/* ---- session: a lock on the heap, known by who made it ---- */

static __attribute__((noinline)) int session_new(void)
{
	int err;

	session_lock = malloc(sizeof(*session_lock));
	must(session_lock ? 0 : ENOMEM, "malloc");
	session.object = session_lock;
	session.size = sizeof(*session_lock);
	err = pthread_mutex_init(session_lock, NULL);
	STAY();
	return err;
}

static __attribute__((noinline)) int session_refresh(struct waiter *w, int round)
{
	pthread_mutex_lock(session_lock);
	let_in(&session, __func__, round);
	await_asleep(w, round);
	spend(800 * US);
	pthread_mutex_unlock(session_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int session_use(struct waiter *w)
{
	struct row *row = wait_begin(w);
	int err = pthread_mutex_lock(session_lock);

	wait_end(w, row, err);
	pthread_mutex_unlock(session_lock);
	STAY();
	return err;
}

static void *session_user(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		enter(w, round);
		session_use(w);
		leave(w, round);
	}
	return NULL;
}

static void *session_owner(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		session_refresh(w, round);
		await_round(&w->done, round);
	}
	return NULL;
}

/* ---- queue and slots: one job at a time, one slot at a time ---- */

static __attribute__((noinline)) int put_job(struct waiter *w, int round)
{
	let_in(&queue, __func__, round);
	await_asleep(w, round); /* which has given queue_lock back */
	spend(400 * US);
	pthread_mutex_lock(&queue_lock);
	jobs_put++;
	pthread_cond_signal(&queue_ready);
	pthread_mutex_unlock(&queue_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int take_job(struct waiter *w, int round)
{
	pthread_mutex_lock(&queue_lock);
	while (jobs_put < round) {
		struct row *row = wait_begin(w);

		wait_end(w, row, pthread_cond_wait(&queue_ready, &queue_lock));
	}
	pthread_mutex_unlock(&queue_lock);
	STAY();
	return round;
}

static void *job_taker(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		enter(w, round);
		take_job(w, round);
		leave(w, round);
	}
	return NULL;
}

static __attribute__((noinline)) int give_slot(struct waiter *w, int round)
{
	let_in(&pool, __func__, round);
	await_asleep(w, round);
	spend(400 * US);
	sem_post(&slots);
	STAY();
	return round;
}

static __attribute__((noinline)) int take_slot(struct waiter *w)
{
	struct row *row = wait_begin(w);
	int err = sem_wait(&slots) ? errno : 0;

	wait_end(w, row, err);
	return err;
}

static void *slot_taker(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		enter(w, round);
		take_slot(w);
		leave(w, round);
	}
	return NULL;
}

/* Puts jobs and gives slots in turn: w[0] takes jobs, w[1] slots. */
static void *giver(void *p)
{
	struct waiter **w = p;

	for (int round = 1; round <= rounds; round++) {
		put_job(w[0], round);
		await_round(&w[0]->done, round);
		give_slot(w[1], round);
		await_round(&w[1]->done, round);
	}
	return NULL;
}

/* ---- tick and table: many are woken by one ---- */

static __attribute__((noinline)) int announce(struct waiter **w, int round)
{
	let_in(&clock_tick, __func__, round);
	for (int i = 0; i < TICK_WAITERS; i++)
		await_asleep(w[i], round);
	spend(200 * US);
	pthread_mutex_lock(&tick_lock);
	ticks++;
	pthread_cond_broadcast(&tick);
	pthread_mutex_unlock(&tick_lock);
	STAY();
	return round;
}

/*
 * tick_lock is asked for with trylock alone: two waiters may collide on it before they wait for the
 * tick, and a wait that only chance decides has no place in the truth.
 */
static __attribute__((noinline)) int await_tick(struct waiter *w, int round)
{
	for (unsigned turn = 0; pthread_mutex_trylock(&tick_lock); turn++)
		idle(turn);
	while (ticks < round) {
		struct row *row = wait_begin(w);

		wait_end(w, row, pthread_cond_wait(&tick, &tick_lock));
	}
	pthread_mutex_unlock(&tick_lock);
	STAY();
	return round;
}

static void *tick_waiter(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round++) {
		enter(w, round);
		await_tick(w, round);
		leave(w, round);
	}
	return NULL;
}

static __attribute__((noinline)) int table_update(struct waiter **w, int round)
{
	pthread_rwlock_wrlock(&table_lock);
	let_in(&table, __func__, round);
	for (int i = 0; i < TABLE_READERS; i++)
		await_asleep(w[i], round);
	spend(400 * US);
	pthread_rwlock_unlock(&table_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int table_scan(struct waiter *writer, int round)
{
	pthread_rwlock_rdlock(&table_lock);
	let_in(&table, __func__, round);
	await_asleep(writer, round);
	spend(400 * US);
	pthread_rwlock_unlock(&table_lock);
	STAY();
	return round;
}

static __attribute__((noinline)) int table_read(struct waiter *w)
{
	struct row *row = wait_begin(w);
	int err = pthread_rwlock_rdlock(&table_lock);

	wait_end(w, row, err);
	pthread_rwlock_unlock(&table_lock);
	STAY();
	return err;
}

static __attribute__((noinline)) int table_write(struct waiter *w)
{
	struct row *row = wait_begin(w);
	int err = pthread_rwlock_wrlock(&table_lock);

	wait_end(w, row, err);
	pthread_rwlock_unlock(&table_lock);
	STAY();
	return err;
}

static void *table_reader(void *p)
{
	struct waiter *w = p;

	for (int round = 1; round <= rounds; round += 2) {
		enter(w, round);
		table_read(w);
		leave(w, round);
	}
	return NULL;
}

static void *table_writer(void *p)
{
	struct waiter *w = p;

	for (int round = 2; round <= rounds; round += 2) {
		enter(w, round);
		table_write(w);
		leave(w, round);
	}
	return NULL;
}

/* Odd rounds: readers wait for an update.  Even: the writer w[2] waits for a scan. */
static void *table_owner(void *p)
{
	struct waiter **w = p;

	for (int round = 1; round <= rounds; round++) {
		if (round % 2) {
			table_update(w, round);
			for (int i = 0; i < TABLE_READERS; i++)
				await_round(&w[i]->done, round);
		} else {
			table_scan(w[TABLE_READERS], round);
			await_round(&w[TABLE_READERS]->done, round);
		}
	}
	return NULL;
}

static void *tick_owner(void *p)
{
	struct waiter **w = p;

	for (int round = 1; round <= rounds; round++) {
		announce(w, round);
		for (int i = 0; i < TICK_WAITERS; i++)
			await_round(&w[i]->done, round);
	}
	return NULL;
}

/* ---- the truth ---- */

static void sum_of(const struct resource *r, uint64_t *count, uint64_t *total_ns)
{
	*count = *total_ns = 0;
	for (int i = 0; i < waiter_count; i++) {
		if (waiters[i]->on != r)
			continue;
		for (size_t k = 0; k < waiters[i]->count; k++)
			*total_ns += waiters[i]->rows[k].dur_ns;
		*count += waiters[i]->count;
	}
}

static void write_rows(FILE *out, const struct waiter *w)
{
	for (size_t k = 0; k < w->count; k++) {
		const struct row *r = &w->rows[k];

		fprintf(out, "wait\t%s\t%llu\t%llu\t%d\t%s\t%d\t%s\t%d\n", r->on->name,
			(unsigned long long)r->start_ns, (unsigned long long)r->dur_ns,
			(int)r->holder.tid, r->holder.function, (int)r->releaser.tid,
			r->releaser.function, (int)w->tid);
	}
}

static void report(const char *path)
{
	const struct resource *all[] = {&cache,	     &journal, &session, &queue,
					&clock_tick, &pool,    &table};
	FILE *out = path ? fopen(path, "we") : NULL;

	must(path && !out ? errno : 0, path);
	printf("%-12s %-7s %6s %12s\n", "lock", "kind", "waits", "total ms");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t count, total_ns;

		sum_of(all[i], &count, &total_ns);
		printf("%-12s %-7s %6llu %12.3f\n", all[i]->name, all[i]->kind,
		       (unsigned long long)count, (double)total_ns / 1e6);
		if (out)
			fprintf(out, "lock\t%s\t%s\t%llu\t%llu\n", all[i]->name, all[i]->kind,
				(unsigned long long)count, (unsigned long long)total_ns);
	}
	if (!out)
		return;
	for (int i = 0; i < waiter_count; i++)
		write_rows(out, waiters[i]);
	must(fclose(out) ? errno : 0, path);
}

static void run(void)
{
	struct waiter *in_cache, *in_session;
	struct waiter *in_log[LOG_WRITERS], *in_queue[2], *in_tick[TICK_WAITERS];
	struct waiter *in_table[TABLE_READERS + 1];
	pthread_t owners[6];

	must(session_new(), "pthread_mutex_init");
	sem_init(&slots, 0, 0);
	in_cache = waiter_start(&cache, server);
	in_session = waiter_start(&session, session_user);
	in_queue[0] = waiter_start(&queue, job_taker);
	in_queue[1] = waiter_start(&pool, slot_taker);
	for (int i = 0; i < LOG_WRITERS; i++)
		in_log[i] = waiter_start(&journal, log_writer);
	for (int i = 0; i < TICK_WAITERS; i++)
		in_tick[i] = waiter_start(&clock_tick, tick_waiter);
	for (int i = 0; i < TABLE_READERS; i++)
		in_table[i] = waiter_start(&table, table_reader);
	in_table[TABLE_READERS] = waiter_start(&table, table_writer);

	must(pthread_create(&owners[0], NULL, cache_owner, in_cache), "pthread_create");
	must(pthread_create(&owners[1], NULL, session_owner, in_session), "pthread_create");
	must(pthread_create(&owners[2], NULL, giver, in_queue), "pthread_create");
	must(pthread_create(&owners[3], NULL, log_owner, in_log), "pthread_create");
	must(pthread_create(&owners[4], NULL, tick_owner, in_tick), "pthread_create");
	must(pthread_create(&owners[5], NULL, table_owner, in_table), "pthread_create");
	for (int i = 0; i < 6; i++)
		must(pthread_join(owners[i], NULL), "pthread_join");
	for (int i = 0; i < waiter_count; i++)
		must(pthread_join(waiters[i]->thread, NULL), "pthread_join");
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "r:o:")) != -1) {
		switch (opt) {
		case 'r': rounds = atoi(optarg); break;
		case 'o': path = optarg; break;
		default: fprintf(stderr, "usage: convoy [-r ROUNDS] [-o TRUTH.tsv]\n"); return 2;
		}
	}
	run();
	report(path);
	return 0;
}
