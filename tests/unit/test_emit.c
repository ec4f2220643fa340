/*
 * The one place where a trace is made or lost: a thread and the signal handlers that interrupt it, at any instruction, writing into one chunk
 * without a lock.  A timer fires as often as the kernel lets it while records are made as fast as they can be; then every record
 * must be there, intact, in order.  And where a handler leaves by longjmp what it interrupted, all records that were finished.
 */
/* timeout: 120 */
#include "capture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

static struct ct_slot *slot;
static volatile uint64_t made, made_in_handler;
static sigjmp_buf out;
static volatile sig_atomic_t jumps;

static void make(enum ct_event_type type, uint64_t number)
{
	uint64_t v[CT_FIELDS_MAX] = {0};

	if (type == CT_EV_wait) {
		v[CT_F_wait_op] = 1 + number % 3;
		v[CT_F_wait_dur] = number;
		v[CT_F_wait_object] = 0x7f0000000000 + number * 7919;
		v[CT_F_wait_stack] = (uint32_t)(number * 31);
		v[CT_F_wait_result] = number % 5 ? 0 : (uint64_t)-4;
		v[CT_F_wait_mutex] = number % 2 ? number : 0;
	} else {
		v[CT_F_wake_op] = 5;
		v[CT_F_wake_object] = number;
		v[CT_F_wake_stack] = (uint32_t)(number * 3);
	}
	ct_emit(slot, type, v, ct_now());
}

static void on_timer(int sig)
{
	uint64_t n;

	(void)sig;
	for (n = 0; n < 3; n++)
		make(CT_EV_wake, made_in_handler++);
}

static void on_timer_jump(int sig)
{
	(void)sig;
	make(CT_EV_wake, made_in_handler++);
	if (++jumps)
		siglongjmp(out, 1);
}

static void timer(long us, long again_us, void (*fn)(int))
{
	struct sigaction sa = {.sa_handler = fn};
	struct itimerval t = {{0, again_us}, {0, us}};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

struct seen {
	uint64_t waits, wakes, last_ticks;
	uint8_t *is_there; /* by number of the wait; NULL: they must be in order, without a gap */
};

static void see(const struct ct_record *r, void *arg)
{
	struct seen *s = arg;
	uint64_t n;

	if (r->type == CT_EV_wait) {
		n = s->is_there ? r->v[CT_F_wait_dur] : s->waits;
		assert_int_equal(r->v[CT_F_wait_dur], n);
		assert_int_equal(r->v[CT_F_wait_op], 1 + n % 3);
		assert_int_equal(r->v[CT_F_wait_object], 0x7f0000000000 + n * 7919);
		assert_int_equal(r->v[CT_F_wait_stack], (uint32_t)(n * 31));
		assert_true(r->v[CT_F_wait_result] == (n % 5 ? 0 : (uint64_t)-4));
		assert_int_equal(r->v[CT_F_wait_mutex], n % 2 ? n : 0);
		if (s->is_there)
			s->is_there[n]++;
		s->waits++;
	} else if (r->type == CT_EV_wake) {
		n = s->is_there ? r->v[CT_F_wake_object] : s->wakes;
		assert_int_equal(r->v[CT_F_wake_object], n);
		assert_int_equal(r->v[CT_F_wake_stack], (uint32_t)(n * 3));
		s->wakes++;
	}
}

static void start(enum ct_policy policy, uint32_t chunks)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;

	plan.chunks = plan.chunks_backed = chunks;
	c_start(&plan, policy);
	slot = ct_self();
	assert_non_null(slot);
	/* the recorder knows a thread's stack from its creation; here it is told */
	ct_own(slot)->bounds.lo = (uintptr_t)__builtin_frame_address(0) - (1u << 20);
	ct_own(slot)->bounds.hi = (uintptr_t)__builtin_frame_address(0) + (1u << 16);
	made = made_in_handler = 0;
	jumps = 0;
}

static void handlers_lose_and_tear_nothing(void **state)
{
	struct seen s = {0};

	(void)state;
	/* a record that comes between two instructions of another gets a chunk of its own, so many are needed */
	start(CT_POLICY_STREAM, 32768);
	timer(50, 50, on_timer);
	while (made < 1500000)
		make(CT_EV_wait, made), made++;
	timer(0, 0, on_timer);
	ct_chunk_finish(slot);
	c_records(slot->index, see, &s);
	assert_int_equal(s.waits, made);
	assert_int_equal(s.wakes, made_in_handler);
	assert_true(made_in_handler > 100);
	assert_int_equal(c_lost(CT_LOSS_NO_CHUNK) + c_lost(CT_LOSS_NESTED), 0);
	c_stop();
}

/* Records that were cut off may be missing or not, but each that was finished is there, once. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) void make_deep(int depth)
{
	volatile char frame[100] = {0};

	if (depth) {
		make_deep(depth - 1);
		frame[0]++;
		return;
	}
	for (;;) {
		make(CT_EV_wait, made);
		made++;
	}
}
#pragma GCC diagnostic pop

static void jumps_hide_nothing(void **state)
{
	enum { ROUNDS = 3000 };
	struct seen s = {0};
	volatile int round = 0;
	static uint8_t finished[4 << 20];
	volatile uint64_t missing = 0;
	uint64_t i;

	(void)state;
	start(CT_POLICY_STREAM, 32768);
	s.is_there = calloc(1, 4 << 20);
	for (; round < ROUNDS; round++) {
		if (sigsetjmp(out, 1) == 0) {
			/* once: siglongjmp() lets the next signal in before it jumps, and where handlers take longer than comes
			   between two, they would pile up */
			timer(20 + round % 30, 0, on_timer_jump);
			make_deep(round % 11);
		}
		/* the one that the jump cut off has number `made`; the next gets another */
		made++;
		make(CT_EV_wait, made);
		finished[made] = 1;
		made++;
		assert_true(made < 4 << 20);
	}
	ct_chunk_finish(slot);
	c_records(slot->index, see, &s);
	for (i = 0; i < made; i++) {
		assert_true(s.is_there[i] <= 1);
		missing += finished[i] && !s.is_there[i];
	}
	assert_int_equal(missing, 0);
	assert_int_equal(s.wakes, made_in_handler);
	/* of those in the loops only the cut off ones may be missing */
	assert_true(s.waits + (uint64_t)jumps >= made - ROUNDS);
	assert_int_equal(c_lost(CT_LOSS_NO_CHUNK) + c_lost(CT_LOSS_NESTED), 0);
	free(s.is_there);
	c_stop();
}

static void a_ring_accounts_for_all(void **state)
{
	struct seen s = {0};
	uint64_t introductions, kept;

	(void)state;
	start(CT_POLICY_RING, 16);
	s.is_there = calloc(1, 1 << 20);
	while (made < 500000)
		make(CT_EV_wait, made), made++;
	kept = c_records(slot->index, see, &s);
	/* a chunk that follows another tells what came before it, and again who its thread is */
	introductions = 2 * slot->next_sequence - 1;
	assert_int_equal(kept + c_lost(CT_LOSS_OVERWRITTEN), made + introductions);
	assert_true(c_lost(CT_LOSS_OVERWRITTEN) > made / 2);
	/* the newest are kept */
	assert_int_equal(s.is_there[made - 1], 1);
	assert_int_equal(s.is_there[made - 5000], 1);
	assert_int_equal(s.is_there[0], 0);
	free(s.is_there);
	c_stop();
}

/* What the newest chunk that says it says of those before, and the records from there on. */
static uint64_t told_by_chunks(void)
{
	const struct ct_chunk *newest = NULL;
	struct ct_decoder d;
	struct ct_record r;
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < 16; i++) {
		const struct ct_chunk *c = &ct_cap.arena.chunks[i];

		if (c->magic == CT_CHUNK_MAGIC && c->bytes[0] == CT_EV_before &&
		    (!newest || c->sequence > newest->sequence))
			newest = c;
	}
	if (!newest)
		return 0;
	ct_decoder_start(&d, newest->bytes, sizeof(newest->bytes), newest->base_ticks);
	assert_int_equal(ct_decode(&d, &r), CT_DECODE_OK);
	for (i = 0; i < 16; i++)
		if (ct_cap.arena.chunks[i].magic == CT_CHUNK_MAGIC &&
		    ct_cap.arena.chunks[i].sequence >= newest->sequence)
			n += ct_cap.arena.chunks[i].records;
	return r.v[CT_F_before_records] + n;
}

/* Handlers that come between any two instructions, and open chunks above a record in progress: each record counts once. */
static void a_ring_counts_with_handlers(void **state)
{
	struct seen s = {0};
	uint64_t kept;

	(void)state;
	start(CT_POLICY_RING, 16);
	s.is_there = calloc(1, 2 << 20);
	timer(50, 50, on_timer);
	while (made < 1500000)
		make(CT_EV_wait, made), made++;
	timer(0, 0, on_timer);
	/* handlers may have opened all the chunks there are; one of them tells of what came before when nobody interrupts */
	while (made < 1505000)
		make(CT_EV_wait, made), made++;
	kept = c_records(slot->index, see, &s);
	assert_true(made_in_handler > 100);
	assert_int_equal(ct_count(&ct_cap.arena, slot), kept + c_lost(CT_LOSS_OVERWRITTEN));
	assert_int_equal(ct_count(&ct_cap.arena, slot), told_by_chunks());
	assert_int_equal(ct_own(slot)->waits_written, made);
	free(s.is_there);
	c_stop();
}

#if defined(__x86_64__)
#define TRAP_FLAG 0x100

static volatile uint64_t steps;

/* After each instruction of a record a handler comes that counts a wait of its own. */
static void step(int sig)
{
	(void)sig;
	steps++;
	ct_own(slot)->waits_written++;
}

/* Waits are counted as well as records are: one of the handler's was lost where it came while the count was in a register. */
static void a_ring_counts_waits_at_any_instruction(void **state)
{
	const uint64_t v[CT_FIELDS_MAX] = {[CT_F_tally_op] = 1, [CT_F_tally_count] = 5};
	struct sigaction sa = {.sa_handler = step}, old;
	int n;

	(void)state;
	start(CT_POLICY_RING, 16);
	sigaction(SIGTRAP, &sa, &old);
	steps = 0;
	for (n = 0; n < 2; n++) {
		__asm__ volatile("pushfq; orl %0, (%%rsp); popfq"
				 :
				 : "i"(TRAP_FLAG)
				 : "cc", "memory");
		ct_emit(slot, n ? CT_EV_tally : CT_EV_wait, v, 0);
		__asm__ volatile("pushfq; andl %0, (%%rsp); popfq"
				 :
				 : "i"(~TRAP_FLAG)
				 : "cc", "memory");
	}
	assert_true(steps > 200);
	assert_int_equal(ct_own(slot)->waits_written, steps + 1 + 5);
	sigaction(SIGTRAP, &old, NULL);
	c_stop();
}
#endif

static void see_no_thread(const struct ct_record *r, void *arg)
{
	uint64_t *records = arg;

	assert_int_not_equal(r->type, CT_EV_thread_begin);
	*records += r->type == CT_EV_usage;
}

/* ctrace-run writes records of no thread: the second chunk of a ring began with the beginning of thread 0, at no time. */
static void a_ring_introduces_no_thread_where_there_is_none(void **state)
{
	uint64_t v[CT_FIELDS_MAX] = {0}, records = 0, n;
	struct ct_slot *s;

	(void)state;
	start(CT_POLICY_RING, 16);
	s = ct_slot_claim();
	assert_non_null(s);
	s->thread = 0; /* as src/run/record.c has it */
	for (n = 0; n < 5000; n++) {
		v[CT_F_usage_cpu_ns] = n * 1000000;
		ct_emit(s, CT_EV_usage, v, ct_now());
	}
	c_records(s->index, see_no_thread, &records);
	assert_int_equal(records, 5000);
	c_stop();
}

static void what_does_not_fit_is_counted(void **state)
{
	struct seen s = {0};
	uint64_t lost;
	int n;

	(void)state;
	s.is_there = calloc(
		1,
		1 << 20); /* a short record may fit where a longer one did not: gaps are allowed */
	start(CT_POLICY_STREAM, 4);
	while (made < 50000)
		make(CT_EV_wait, made), made++;
	lost = c_lost(CT_LOSS_NO_CHUNK);
	assert_true(lost > 0);
	c_records(slot->index, see, &s);
	assert_int_equal(s.waits + lost, made);
	assert_int_equal(slot->lost, lost);
	assert_int_equal(slot->lost_total, lost);
	/* room again: the next chunk says how many are missing before it */
	memset(ct_cap.arena.chunks[0].bytes, 0, CT_CHUNK_PAYLOAD);
	atomic_fetch_or(&ct_cap.arena.shared->chunk_free[0], 1);
	/* the first ones may still fit into the chunk before */
	for (n = 0; n < 10; n++)
		make(CT_EV_wait, made);
	assert_int_equal(ct_cap.arena.chunks[0].lost, lost);
	assert_int_equal(slot->lost, 0);
	free(s.is_there);
	c_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handlers_lose_and_tear_nothing),
		cmocka_unit_test(jumps_hide_nothing),
		cmocka_unit_test(a_ring_accounts_for_all),
		cmocka_unit_test(a_ring_counts_with_handlers),
		cmocka_unit_test(a_ring_introduces_no_thread_where_there_is_none),
#if defined(__x86_64__)
		cmocka_unit_test(a_ring_counts_waits_at_any_instruction),
#endif
		cmocka_unit_test(what_does_not_fit_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
