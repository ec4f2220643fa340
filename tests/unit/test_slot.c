/*
 * A slot is a thread's whole place in the trace: two threads in one slot write over each other, and a slot that is never given back is
 * one thread fewer that can be recorded, for ever.  Threads come and go at once here, fork, end without a word, and are more than there
 * are slots; each slot must have one owner at any time, and come back.
 */
/* timeout: 300, since it goes through some thousand beginnings in single steps, and a step costs up to 20 us on a virtual machine */
#include "capture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { SLOTS = 32, THREADS = 4, ROUNDS = 20000 };

static void start(void)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;

	plan.slots = plan.slots_backed = SLOTS;
	c_start(&plan, CT_POLICY_RING);
}

static _Atomic int owner[SLOTS];
static _Atomic uint32_t refused;

static void *come_and_go(void *p)
{
	int me = (int)(intptr_t)p, round, n;

	for (round = 0; round < ROUNDS; round++) {
		struct ct_slot *mine[12];
		int nobody, count = round % 12;

		for (n = 0; n < count; n++) {
			mine[n] = ct_slot_claim();
			if (!mine[n]) {
				refused++;
				break;
			}
			nobody = 0;
			if (!atomic_compare_exchange_strong(&owner[mine[n]->index], &nobody, me))
				return p;
		}
		while (n-- > 0) {
			if (atomic_exchange(&owner[mine[n]->index], 0) != me)
				return p;
			ct_slot_abandon(mine[n]);
		}
	}
	return NULL;
}

static void one_owner_at_a_time(void **state)
{
	pthread_t t[THREADS];
	uint32_t i;
	void *bad;

	(void)state;
	start();
	for (i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&t[i], NULL, come_and_go, (void *)(intptr_t)(i + 1)), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	assert_int_equal(c_lost(CT_LOSS_NO_SLOT), refused);
	/* all are there again, and no more */
	for (i = 0; i < SLOTS; i++)
		assert_non_null(ct_slot_claim());
	assert_null(ct_slot_claim());
	c_stop();
}

static void *say_one_thing(void *p)
{
	struct ct_slot *s = ct_self();
	uint64_t v[CT_FIELDS_MAX] = {0};

	if (s)
		ct_emit(s, CT_EV_wake, v, ct_now());
	return s ? p : NULL;
}

/* Threads that nobody of ours created: the recorder is not there when they end. */
static void threads_that_end_without_a_word(void **state)
{
	pthread_t t;
	void *had_slot;
	int i;

	start();
	assert_non_null(ct_self());
	for (i = 0; i < SLOTS * 5; i++) {
		assert_int_equal(pthread_create(&t, NULL, say_one_thing, state), 0);
		pthread_join(t, &had_slot);
		assert_ptr_equal(had_slot, state);
	}
	assert_int_equal(c_lost(CT_LOSS_NO_SLOT), 0);
	assert_true(atomic_load(&ct_cap.arena.shared->unended) <= SLOTS);
	c_stop();
}

/* Killed after it had its slot and before it had said that it runs: whoever looks after it must not say that it ended. */
static void no_end_without_a_beginning(void **state)
{
	uint64_t v[CT_FIELDS_MAX] = {0};
	struct ct_slot *s;
	uint32_t index;

	(void)state;
	start();
	s = ct_slot_claim();
	assert_non_null(s);
	index = s->index;
	s->tid = 4711;
	ct_slot_bury(s);
	assert_int_equal(c_records(index, NULL, NULL), 0);
	/* the next one in it has both */
	s = ct_slot_claim();
	assert_int_equal(s->index, index);
	ct_slot_adopt(s, 4712);
	ct_emit(s, CT_EV_wake, v, ct_now());
	ct_slot_bury(s);
	assert_int_equal(c_records(index, NULL, NULL), 3);
	c_stop();
}

static _Atomic int go;

static void *stay(void *p)
{
	p = say_one_thing(p);
	go++;
	while (go < SLOTS + 1)
		usleep(100);
	return p;
}

/* Those that live keep theirs. */
static void the_living_are_left_alone(void **state)
{
	pthread_t t[SLOTS];
	void *had_slot;
	int i, slots = 0;

	start();
	go = 0;
	assert_non_null(ct_self());
	for (i = 0; i < SLOTS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, stay, state), 0);
	while (go < SLOTS)
		usleep(100);
	assert_null(ct_slot_claim());
	go++;
	for (i = 0; i < SLOTS; i++) {
		pthread_join(t[i], &had_slot);
		slots += had_slot != NULL;
	}
	assert_int_equal(slots, SLOTS - 1); /* one is main's */
	assert_non_null(ct_slot_claim());
	c_stop();
}

/* The child's first event makes it a process of its own; until then, and after, its parent's slot is its parent's. */
static void a_fork_takes_a_slot_of_its_own(void **state)
{
	struct ct_slot *mine;
	uint32_t serial;
	int status;
	pid_t pid;

	(void)state;
	start();
	mine = ct_self();
	serial = mine->thread;
	pid = fork();
	if (pid == 0) {
		struct ct_slot *s = ct_self();

		_exit(s && s != mine && s->process == 1 && s->parent == serial && s == ct_self() &&
				      s->tid == (uint32_t)getpid() &&
				      atomic_load(&mine->state) == CT_SLOT_CLAIMED
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_ptr_equal(ct_self(), mine);
	assert_int_equal(mine->process, 0);
	assert_int_equal(ct_cap.arena.processes[1].forked_from, 1);
	assert_int_equal(ct_cap.arena.processes[1].pid, pid);
	assert_int_equal(ct_cap.arena.processes[1].ppid, getpid());
	/* not followed: no process, no slot, and nothing of the parent's is touched */
	ct_cap.arena.shared->no_follow = 1;
	pid = fork();
	if (pid == 0)
		_exit(!ct_self() && !ct_self() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(
		atomic_load(&ct_arena_region(ct_cap.arena.header, CT_REGION_PROCESSES)->used), 2);
	c_stop();
}

/* The same where the page is not wiped. */
static void a_fork_is_seen_without_wiping(void **state)
{
	c_unwiped = true;
	a_fork_takes_a_slot_of_its_own(state);
	c_unwiped = false;
}

/* Totals and the end of the thread are written before the slot is another's, and an open wait is closed as left. */
struct ends {
	unsigned ends, left, totals, tallies;
};

static void see_end(const struct ct_record *r, void *arg)
{
	struct ends *e = arg;

	e->ends += r->type == CT_EV_thread_end;
	e->left += r->type == CT_EV_wait && r->v[CT_F_wait_flags] == CT_WAIT_CANCELLED;
	e->totals += r->type == CT_EV_opstat && r->v[CT_F_opstat_count] == 3;
	e->tallies += r->type == CT_EV_tally && r->v[CT_F_tally_count] == 2;
}

static void an_end_leaves_nothing_behind(void **state)
{
	struct ends e = {0};
	struct ct_slot *s;
	struct ct_call call;
	int word, i;

	(void)state;
	start();
	s = ct_self();
	ct_cap.wait_threshold = ~0ull;
	ct_cap.call_threshold = ~0ull;
	ct_own(s)->bounds.lo = (uintptr_t)&e - 65536;
	ct_own(s)->bounds.hi = (uintptr_t)&e + 65536;
	for (i = 0; i < 2; i++) {
		assert_true(ct_call_begin(&call, CT_OP_read, 4, &word));
		ct_call_end(&call, CT_OP_read, 4, 0);
	}
	for (i = 0; i < 2; i++) {
		struct ct_wait w;

		assert_true(ct_wait_begin(&w, CT_OP_mutex, &word, 0, NULL, false));
		ct_wait_end(&w, 0);
	}
	assert_true(ct_call_begin(&call, CT_OP_read, 4, &word)); /* never comes back */
	ct_slot_release(s, CT_END_UNWOUND);
	c_records(s->index, see_end, &e);
	assert_int_equal(e.ends, 1);
	assert_int_equal(e.left, 1);
	assert_int_equal(e.totals, 1);
	assert_int_equal(e.tallies, 1);
	assert_int_equal(s->opstat[CT_OP_read - CT_OP_FIRST_CALL].count, 0);
	assert_int_equal(atomic_load(&s->inflight.op), 0);
	/* the thread goes on: a slot again, a thread of its own number */
	assert_true(ct_self()->thread > 1);
	c_stop();
}

static void count_objects(const struct ct_record *r, void *arg)
{
	*(unsigned *)arg += r->type == CT_EV_object;
}

/* Objects share their places in what a thread knows; two may, and neither is announced again for it. */
static void two_objects_that_collide_are_both_known(void **state)
{
	uint64_t object[2] = {64, 128};
	unsigned objects = 0, i;
	struct ct_slot *s;

	(void)state;
	start();
	s = ct_self();
	ct_introduce(s, CT_OP_mutex, 32, ct_now(),
		     false); /* opens a chunk, before which nothing is known in a ring */
	while (ct_object_hash(object[1]) >> 57 != ct_object_hash(object[0]) >> 57)
		object[1] += 64;
	for (i = 0; i < 10; i++)
		ct_introduce(s, CT_OP_mutex, object[i % 2], ct_now(), false);
	c_records(s->index, count_objects, &objects);
	assert_int_equal(objects, 3);
	c_stop();
}

#if defined(__x86_64__)
#define TRAP_FLAG 0x100

static volatile int steps_left;
static volatile uint32_t written;

/* After each instruction of the thread; after the last one that is wanted it does what a program's handler might. */
static void step(int sig, siginfo_t *info, void *context)
{
	uint64_t v[CT_FIELDS_MAX] = {0};

	(void)sig;
	(void)info;
	if (steps_left-- > 0)
		return;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	if (!ct_tls.slot)
		return;
	ct_emit(ct_tls.slot, CT_EV_wake, v, ct_now());
	written++;
}

struct order {
	uint32_t begins, wakes;
	uint64_t begin_ticks;
	bool wrong;
};

static void see_order(const struct ct_record *r, void *arg)
{
	struct order *o = arg;

	if (r->type == CT_EV_thread_begin) {
		o->wrong |= o->begins && r->ticks != o->begin_ticks;
		o->begin_ticks = r->ticks;
		o->begins++;
	} else if (r->type == CT_EV_wake) {
		o->wrong |= !o->begins;
		o->wakes++;
	}
}

/* A handler at each instruction of a thread's beginning: what it writes once was read as the thread's that had the slot before. */
static void a_handler_finds_a_beginning(void **state)
{
	struct sigaction sa = {.sa_sigaction = step, .sa_flags = SA_SIGINFO}, old;
	uint64_t v[CT_FIELDS_MAX] = {0};
	int n;

	(void)state;
	sigaction(SIGTRAP, &sa, &old);
	written = 0;
	for (n = 0;; n += 2) { /* every other one, since each round takes n traps */
		struct ct_arena_plan plan = ct_arena_plan_alone;
		struct order o = {0};
		struct ct_slot *s;
		uint32_t before = written;

		plan.slots = plan.slots_backed = 1;
		plan.chunks = plan.chunks_backed = 4;
		plan.nodes = plan.nodes_backed = plan.buckets = 64;
		c_start(&plan, n % 4 ? CT_POLICY_STREAM : CT_POLICY_RING);
		s = ct_slot_claim();
		assert_non_null(s);
		steps_left = n;
		__asm__ volatile("pushfq; orl %0, (%%rsp); popfq"
				 :
				 : "i"(TRAP_FLAG)
				 : "cc", "memory");
		ct_slot_adopt(s, 4711);
		__asm__ volatile("pushfq; andl %0, (%%rsp); popfq"
				 :
				 : "i"(~TRAP_FLAG)
				 : "cc", "memory");
		ct_emit(s, CT_EV_wake, v, ct_now());
		c_records(s->index, see_order, &o);
		assert_false(o.wrong);
		assert_in_range(o.begins, 1, 2);
		assert_int_equal(ct_own(s)->emitting, 0);
		assert_int_equal(o.wakes, 1 + written - before);
		c_stop();
		if (steps_left >= 0)
			break;
	}
	assert_true(written > 100);
	sigaction(SIGTRAP, &old, NULL);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_owner_at_a_time),
		cmocka_unit_test(threads_that_end_without_a_word),
		cmocka_unit_test(no_end_without_a_beginning),
		cmocka_unit_test(the_living_are_left_alone),
		cmocka_unit_test(a_fork_takes_a_slot_of_its_own),
		cmocka_unit_test(a_fork_is_seen_without_wiping),
		cmocka_unit_test(an_end_leaves_nothing_behind),
		cmocka_unit_test(two_objects_that_collide_are_both_known),
#if defined(__x86_64__)
		cmocka_unit_test(a_handler_finds_a_beginning),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
