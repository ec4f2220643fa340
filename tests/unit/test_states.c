/*
 * The model of a trace that anybody can write, on a machine that has no memory left: it must say so, and not leave anything out; and the time it takes
 * must not grow with the square of what is in the trace.
 */
/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/states.h"

/* Allocations until one fails; 0: none does. */
static unsigned fail_at;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool fails(void)
{
	return fail_at && --fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static struct ct_process_rec process = {.state = CT_PROC_LIVE, .pid = 100};
static const struct ct_trie_node no_nodes[1];

static const char *no_string(void *ctx, uint32_t id)
{
	(void)ctx;
	(void)id;
	return NULL;
}

static struct ct_model *fresh_model(void)
{
	static const struct ct_model_options options = {.longest = 4, .to_ticks = UINT64_MAX};
	const struct ct_model_tables tables = {
		.processes = &process,
		.process_count = 1,
		.nodes = no_nodes,
		.node_count = 1,
		.module_path = no_string,
		.string = no_string,
		.begin_ticks = 1,
		.end_ticks = 100000,
		.second_ticks = 1000,
	};

	return ct_model_new(&tables, &options);
}

#define LOCKS 100u

/* The i-th record of thread 1, who waits for a lock of thread 2 again and again, each another one. */
static struct ct_record wait_at(uint32_t i)
{
	struct ct_record r = {.type = CT_EV_wait, .ticks = 200 + i * 100ull};

	r.v[CT_F_wait_op] = CT_OP_mutex;
	r.v[CT_F_wait_object] = 0x1000 + i * 64ull;
	r.v[CT_F_wait_dur] = 50;
	r.v[CT_F_wait_owner] = 101;
	return r;
}

/* Lets the whole model be made; returns 0 or what it says went wrong.  @running: what thread 2 did while it was waited for */
static int make(uint64_t *running)
{
	const struct ct_who waiter = {0, 1, 100, 0}, cpu = {0, 0, 0, CT_SLOT_CPU};
	struct ct_model *m = fresh_model();
	struct ct_record on = {.type = CT_EV_cpu_on}, off = {.type = CT_EV_cpu_off},
			 from = {.type = CT_EV_sched, .ticks = 1},
			 waking = {.type = CT_EV_waking, .ticks = 20};
	struct ct_states *s = NULL;
	uint32_t i;
	int err = m ? 0 : -ENOMEM;

	*running = 0;
	from.v[CT_F_sched_what] = CT_SCHED_FROM;
	on.v[CT_F_cpu_on_tid] = off.v[CT_F_cpu_off_tid] = waking.v[CT_F_waking_tid] = 101;
	if (m) {
		ct_model_take(m, &cpu, &from);
		ct_model_take(m, &cpu, &waking);
	}
	for (i = 0; i < LOCKS && m; i++) {
		struct ct_record wait = wait_at(i);

		on.ticks = wait.ticks - 40;
		off.ticks = wait.ticks - 10;
		ct_model_take(m, &cpu, &on);
		ct_model_take(m, &cpu, &off);
		ct_model_take(m, &waiter, &wait);
	}
	if (m)
		err = ct_model_finish(m);
	if (!err)
		s = ct_states_new(m, NULL, NULL);
	if (!err && !s)
		err = -ENOMEM;
	for (i = 0; i < LOCKS && s; i++) {
		struct ct_record wait = wait_at(i);

		ct_states_take(s, &waiter, &wait);
	}
	if (s)
		err = ct_states_finish(s);
	for (i = 0; s && i < m->cells.count; i++) {
		const struct ct_holder_did *d = ct_holders_did(ct_states_holders(s), i);

		*running += d ? d->running : 0;
	}
	ct_states_free(s);
	ct_model_free(m);
	return err;
}

/* Whichever allocation fails: the model is right, or says that it is not. */
static void no_memory(void **state)
{
	uint64_t running;
	unsigned i;

	(void)state;
	assert_int_equal(make(&running), 0);
	assert_int_equal(running, LOCKS * 30);
	for (i = 1;; i++) {
		int err;

		fail_at = i;
		err = make(&running);
		if (fail_at) /* it did not come to that many */
			break;
		assert_int_equal(err, -ENOMEM);
	}
	fail_at = 0;
	assert_true(i > 30);
}

#define SLEEPERS 200000u

/* Each waits for the next one's lock, but for the last. */
static void many_blocked_threads(void **state)
{
	struct ct_model *m = fresh_model();
	uint32_t i;

	(void)state;
	assert_non_null(m);
	for (i = 0; i < SLEEPERS; i++) {
		const struct ct_open_wait w = {.thread = i + 1,
					       .tid = 1000 + i,
					       .op = CT_OP_mutex,
					       .object = 0x1000 + i * 64ull,
					       .start = 100,
					       .owner = 1001 + i};

		ct_model_open_wait(m, &w);
	}
	assert_int_equal(ct_model_finish(m), 0);
	assert_int_equal(m->circles_n, 0);
	ct_model_free(m);
}

/* A thread does not wake itself: each of these waits goes back over all wakes, as far as there is patience. */
static void many_wakes_of_its_own(void **state)
{
	const struct ct_who who = {0, 1, 100, 0};
	struct ct_model *m = fresh_model();
	struct ct_record wake = {.type = CT_EV_wake}, wait = {.type = CT_EV_wait};
	uint32_t i;

	(void)state;
	assert_non_null(m);
	wake.v[CT_F_wake_op] = wait.v[CT_F_wait_op] = CT_OP_rwlock_read;
	wake.v[CT_F_wake_object] = wait.v[CT_F_wait_object] = 0x1000;
	for (i = 0; i < SLEEPERS; i++) {
		wake.ticks = 100 + i;
		wait.ticks = 1000000 + i;
		wait.v[CT_F_wait_dur] = wait.ticks - 50;
		ct_model_take(m, &who, &wake);
		ct_model_take(m, &who, &wait);
	}
	assert_int_equal(ct_model_finish(m), 0);
	assert_int_equal(m->matched, 0);
	assert_int_equal(m->unmatched, SLEEPERS);
	ct_model_free(m);
}

/*
 * Who waits for locks of a holder that is in waits of its own all the while: each of the ones could be held against each of the others.  What is
 * not looked for is not known, and together it is what the holder was blocked for.
 */
static void many_waits_of_a_holder(void **state)
{
	const struct ct_who waiter = {0, 1, 100, 0}, holder = {0, 2, 101, 1},
			    cpu = {0, 0, 0, CT_SLOT_CPU};
	struct ct_model *m = fresh_model();
	struct ct_record on = {.type = CT_EV_cpu_on}, off = {.type = CT_EV_cpu_off},
			 from = {.type = CT_EV_sched, .ticks = 1}, wait = {.type = CT_EV_wait};
	uint64_t blocked = 0, known = 0, unknown = 0;
	struct ct_states *s = NULL;
	uint32_t i, pass;

	(void)state;
	assert_non_null(m);
	from.v[CT_F_sched_what] = CT_SCHED_FROM;
	on.v[CT_F_cpu_on_tid] = off.v[CT_F_cpu_off_tid] = 101;
	ct_model_take(m, &cpu, &from);
	for (i = 0; i < SLEEPERS; i++) {
		on.ticks = 100 + i * 10ull;
		off.ticks = on.ticks + 3;
		ct_model_take(m, &cpu, &on);
		ct_model_take(m, &cpu, &off);
	}
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < SLEEPERS; i++) {
			wait.ticks = 109 + i * 10ull;
			wait.v[CT_F_wait_op] = CT_OP_read;
			wait.v[CT_F_wait_object] = 1 + i % 7;
			wait.v[CT_F_wait_dur] = 6;
			if (pass)
				ct_states_take(s, &holder, &wait);
			else
				ct_model_take(m, &holder, &wait);
			wait.ticks = 100 + SLEEPERS * 10ull;
			wait.v[CT_F_wait_op] = CT_OP_mutex;
			wait.v[CT_F_wait_object] = 0x1000 + i % 64 * 64ull;
			wait.v[CT_F_wait_dur] = SLEEPERS * 10ull - i;
			wait.v[CT_F_wait_owner] = 101;
			if (pass)
				ct_states_take(s, &waiter, &wait);
			else
				ct_model_take(m, &waiter, &wait);
		}
		if (pass) {
			assert_int_equal(ct_states_finish(s), 0);
			continue;
		}
		assert_int_equal(ct_model_finish(m), 0);
		s = ct_states_new(m, NULL, NULL);
		assert_non_null(s);
	}
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_holder_did *d = ct_holders_did(ct_states_holders(s), i);

		blocked += d ? d->blocked : 0;
	}
	for (i = 0; i < m->bins.count; i++) {
		uint32_t n, k;
		const struct ct_holder_on *o = ct_holders_on(ct_states_holders(s), i, &n);

		for (k = 0; k < n; k++)
			*(ct_holder_on_cell(&o[k]) == CT_NONE ? &unknown : &known) += o[k].ticks;
	}
	assert_true(known > 10000000 && unknown > known);
	/* but for where the holder was off in none of its waits: one tick of seven, among those that were looked at */
	assert_in_range(blocked - known - unknown, known / 7, known / 5);
	ct_states_free(s);
	ct_model_free(m);
}

#define HOLES 40000u

/* Switches went missing again and again while as many threads slept: what is behind the first hole is not known of any, and takes no time. */
static void many_holes_of_many_threads(void **state)
{
	const struct ct_who cpu = {0, 0, 0, CT_SLOT_CPU};
	const char name[16] = "sleeper";
	struct ct_model *m = fresh_model();
	struct ct_record on = {.type = CT_EV_cpu_on}, off = {.type = CT_EV_cpu_off},
			 r = {.type = CT_EV_sched, .ticks = 1};
	struct ct_states *s;
	uint32_t i;

	(void)state;
	assert_non_null(m);
	r.v[CT_F_sched_what] = CT_SCHED_FROM;
	ct_model_take(m, &cpu, &r);
	for (i = 0; i < HOLES; i++) {
		const struct ct_who who = {0, i + 1, 1000 + i, i};

		ct_model_thread_seen(m, &who, 0, 1, name);
		on.v[CT_F_cpu_on_tid] = off.v[CT_F_cpu_off_tid] = who.tid;
		on.ticks = 100 + i * 10ull;
		off.ticks = on.ticks + 4;
		ct_model_take(m, &cpu, &on);
		ct_model_take(m, &cpu, &off);
	}
	r.v[CT_F_sched_what] = CT_SCHED_MISSING;
	r.v[CT_F_sched_span] = 3;
	for (i = 0; i < HOLES; i++) {
		r.ticks = 1000003 + i * 10ull;
		ct_model_take(m, &cpu, &r);
	}
	assert_int_equal(ct_model_finish(m), 0);
	s = ct_states_new(m, NULL, NULL);
	assert_non_null(s);
	assert_int_equal(ct_states_finish(s), 0);
	for (i = 0; i < HOLES; i++) {
		const uint64_t serial = i + 1;
		const uint64_t *did = ct_states_life(s, ct_table_find(&m->threads, &serial))->state;

		assert_int_equal(did[CT_STATE_RUNNING], 4);
		assert_int_equal(did[CT_STATE_OUTSIDE], 1000000 - 104 - i * 10ull);
		assert_int_equal(did[CT_STATE_AWAKE], 99 + i * 10ull + m->end - 1000000);
	}
	ct_states_free(s);
	ct_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_memory),
		cmocka_unit_test(many_blocked_threads),
		cmocka_unit_test(many_wakes_of_its_own),
		cmocka_unit_test(many_waits_of_a_holder),
		cmocka_unit_test(many_holes_of_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
