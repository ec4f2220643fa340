/*
 * The model turns records into statements about people's programs; a wrong sum or a wrong waker is a lie nobody can see.  Records
 * are fed by hand here, thread by thread as they lie in a trace, and every statement is checked: totals with tallied waits,
 * objects that follow one another at an address, wakers by every kind of operation, idle waits, calls from counters.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/model.h"

/* A program with frames 1, 2, 3... in module 1; module 2 is libc.  Node n of the trie lies below node `parent`. */
#define APP(offset)  ((uint64_t)1 << CT_FRAME_MODULE_SHIFT | (offset))
#define LIBC(offset) ((uint64_t)2 << CT_FRAME_MODULE_SHIFT | (offset))

static const struct ct_trie_node nodes[] = {
	{0},
	{LIBC(1), 0, 0}, /* 1: start_thread */
	{APP(1), 1, 0},	 /* 2: worker, in one program frame */
	{APP(2), 2, 0},	 /* 3 */
	{APP(3), 3, 0},	 /* 4 */
	{APP(4), 4, 0},	 /* 5 */
	{APP(5), 5, 0},	 /* 6: five program frames, the last that can be a resting place */
	{APP(6), 6, 0},	 /* 7: six */
	{(uint64_t)CT_MODULE_TRUNCATED << CT_FRAME_MODULE_SHIFT, 0, 0}, /* 8 */
	{APP(9), 8, 0},	 /* 9: a stack that was cut */
	{LIBC(7), 6, 0}, /* 10: five program frames and a wrapper of the C library */
};

static struct ct_process_rec processes[1];

static const char *module_path(void *ctx, uint32_t module)
{
	(void)ctx;
	return module == 1   ? "/usr/bin/server"
	       : module == 2 ? "/lib/x86_64-linux-gnu/libc.so.6"
			     : NULL;
}

static const char *string(void *ctx, uint32_t id)
{
	(void)ctx;
	return id == 1 ? "socket 127.0.0.1:80" : id == 2 ? "/var/log/x" : NULL;
}

/* What a test feeds: records that are kept, because the model wants them twice. */
static struct feed {
	struct ct_who who;
	struct ct_record r;
} fed[256];
static unsigned fed_count;
static struct ct_model *model;
static struct ct_model_options options;

enum { MAIN = 1, PID = 100 };

static struct ct_record *add(uint32_t thread, enum ct_event_type type, uint64_t ticks)
{
	struct feed *f = &fed[fed_count++];

	assert_true(fed_count <= 256);
	memset(f, 0, sizeof(*f));
	f->who = (struct ct_who){0, thread, PID - 1 + thread, thread - 1};
	f->r.type = (uint8_t)type;
	f->r.ticks = ticks;
	return &f->r;
}

static struct ct_record *wait_for(uint32_t thread, uint32_t op, uint64_t object, uint64_t start,
				  uint64_t end, uint32_t stack)
{
	struct ct_record *r = add(thread, CT_EV_wait, end);

	r->v[CT_F_wait_op] = op;
	r->v[CT_F_wait_object] = object;
	r->v[CT_F_wait_dur] = end - start;
	r->v[CT_F_wait_stack] = stack;
	return r;
}

static void wake(uint32_t thread, uint32_t op, uint64_t object, uint64_t release, uint32_t stack,
		 bool all)
{
	struct ct_record *r = add(thread, CT_EV_wake, release);

	r->v[CT_F_wake_op] = op;
	r->v[CT_F_wake_object] = object;
	r->v[CT_F_wake_stack] = stack;
	r->v[CT_F_wake_all] = all;
}

static void tally(uint32_t thread, uint32_t op, uint64_t object, uint64_t ticks, uint32_t stack,
		  uint64_t count, uint64_t total, uint64_t max)
{
	struct ct_record *r = add(thread, CT_EV_tally, ticks);

	r->v[CT_F_tally_op] = op;
	r->v[CT_F_tally_object] = object;
	r->v[CT_F_tally_stack] = stack;
	r->v[CT_F_tally_count] = count;
	r->v[CT_F_tally_total] = total;
	r->v[CT_F_tally_max] = max;
}

static void object(uint32_t thread, uint32_t op, uint64_t address, uint64_t ticks, uint64_t birth,
		   uint32_t init_stack)
{
	struct ct_record *r = add(thread, CT_EV_object, ticks);

	r->v[CT_F_object_op] = op;
	r->v[CT_F_object_object] = address;
	r->v[CT_F_object_birth] = birth;
	r->v[CT_F_object_stack] = init_stack;
}

static void build(void)
{
	struct ct_model_tables tables = {
		.processes = processes,
		.process_count = 1,
		.nodes = nodes,
		.node_count = sizeof(nodes) / sizeof(nodes[0]),
		.module_path = module_path,
		.string = string,
		.second_ticks = 1000000000,
	};
	unsigned i;

	processes[0].state = CT_PROC_LIVE;
	processes[0].pid = PID;
	model = ct_model_new(&tables, &options);
	assert_non_null(model);
	for (i = 0; i < fed_count; i++)
		ct_model_learn(model, &fed[i].who, &fed[i].r);
	for (i = 0; i < fed_count; i++)
		ct_model_take(model, &fed[i].who, &fed[i].r);
}

static void finish(void)
{
	build();
	assert_int_equal(ct_model_finish(model), 0);
}

static int fresh(void **state)
{
	(void)state;
	fed_count = 0;
	options = (struct ct_model_options){.longest = 4, .to_ticks = UINT64_MAX};
	return 0;
}

static int forget(void **state)
{
	(void)state;
	ct_model_free(model);
	model = NULL;
	return 0;
}

/* The one cell of a thread in an operation at a stack. */
static struct ct_cell *cell_of(uint32_t thread, uint32_t op, uint32_t stack)
{
	struct ct_cell *found = NULL;
	uint32_t i;

	for (i = 0; i < model->cells.count; i++) {
		struct ct_cell *c = ct_model_cell(model, i);

		if (ct_model_thread_at(model, c->thread)->serial == thread && c->op == op &&
		    c->stack == stack) {
			assert_null(found);
			found = c;
		}
	}
	assert_non_null(found);
	return found;
}

/* The only edge of a kind of a cell. */
static const struct ct_edge *edge_of(const struct ct_cell *c, enum ct_edge_kind kind)
{
	const struct ct_edge *found = NULL;
	uint32_t i;

	for (i = 0; i < model->edges.count; i++) {
		const struct ct_edge *e = ct_model_edge(model, i);

		if (e->bin == c->bin && e->kind == kind) {
			assert_null(found);
			found = e;
		}
	}
	assert_non_null(found);
	return found;
}

/* Who woke the waits of a cell. */
static const struct ct_edge *waker_of(const struct ct_cell *c)
{
	return edge_of(c, CT_EDGE_WAKER);
}

/* And in which stack. */
static uint32_t place_of(const struct ct_cell *c)
{
	return edge_of(c, CT_EDGE_PLACE)->who;
}

static void short_waits_count_in_every_total(void **state)
{
	struct ct_cell *c;

	(void)state;
	wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	tally(2, CT_OP_mutex, 0x10, 300, 2, 7, 21, 9);
	tally(2, CT_OP_mutex, 0x10, 400, 2, 1, 4, 4);
	finish();
	c = cell_of(2, CT_OP_mutex, 2);
	assert_int_equal(ct_cell_waits(c), 9);
	assert_int_equal(ct_cell_total(c), 125);
	assert_int_equal(c->waits, 1);
	assert_int_equal(c->max, 100);
	assert_int_equal(model->short_waits, 8);
}

static void an_address_is_not_an_object(void **state)
{
	(void)state;
	/* Thread 3 tells of the second object; the waits of thread 2, earlier in the file, belong to both. */
	wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	wait_for(2, CT_OP_mutex, 0x10, 1100, 1200, 3);
	object(2, CT_OP_mutex, 0x10, 150, 0, 4);
	object(3, CT_OP_mutex, 0x10, 1000, 1, 5);
	object(2, CT_OP_mutex, 0x10, 1100, 1, 5); /* told twice */
	/* Another kind of object at the same address, and the same address for a descriptor. */
	wait_for(2, CT_OP_cond, 0x10, 1300, 1400, 2);
	wait_for(2, CT_OP_read, 0x10, 1500, 1600, 2);
	finish();
	assert_int_equal(model->object_count, 4);
	assert_int_equal(model->objects[cell_of(2, CT_OP_mutex, 2)->object].init_stack, 4);
	assert_int_equal(model->objects[cell_of(2, CT_OP_mutex, 3)->object].init_stack, 5);
	assert_int_equal(model->objects[cell_of(2, CT_OP_mutex, 3)->object].birth, 1);
}

static void a_mutex_tells_its_waker(void **state)
{
	struct ct_record *r;

	(void)state;
	r = wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	r->v[CT_F_wait_waker] = 3;
	r->v[CT_F_wait_waker_stack] = 5;
	r->v[CT_F_wait_wake_ago] = 8;
	/* The stack is missing here: the wake record of thread 3 with exactly this release has it, others do not. */
	r = wait_for(4, CT_OP_mutex, 0x10, 250, 400, 3);
	r->v[CT_F_wait_waker] = 3;
	r->v[CT_F_wait_wake_ago] = 50;
	wake(3, CT_OP_mutex, 0x10, 340, 4, false);
	wake(3, CT_OP_mutex, 0x10, 350, 6, false);
	wake(5, CT_OP_mutex, 0x10, 350, 7, false);
	/* And nobody is guessed for a mutex that did not tell. */
	wait_for(6, CT_OP_mutex, 0x10, 300, 410, 4);
	finish();
	assert_int_equal(waker_of(cell_of(2, CT_OP_mutex, 2))->who, 3);
	assert_int_equal(place_of(cell_of(2, CT_OP_mutex, 2)), 5);
	assert_int_equal(waker_of(cell_of(4, CT_OP_mutex, 3))->who, 3);
	assert_int_equal(place_of(cell_of(4, CT_OP_mutex, 3)), 6);
	assert_int_equal(waker_of(cell_of(6, CT_OP_mutex, 4))->who, 0);
}

static void a_lock_that_was_not_got_was_held(void **state)
{
	struct ct_record *r;

	(void)state;
	/* Held by 102 when it began and by 104 when it ran out; by 102 all the time; nobody knows by whom. */
	r = wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	r->v[CT_F_wait_result] = ETIMEDOUT;
	r->v[CT_F_wait_owner] = 102;
	r->v[CT_F_wait_owner_last] = 104;
	r = wait_for(3, CT_OP_rwlock_read, 0x20, 100, 200, 2);
	r->v[CT_F_wait_result] = ETIMEDOUT;
	r->v[CT_F_wait_owner] = 102;
	/* A read-write lock whose wake is not in the trace: the holder is known all the same. */
	wait_for(4, CT_OP_rwlock_read, 0x30, 100, 200, 2)->v[CT_F_wait_owner] = 102;
	wait_for(5, CT_OP_mutex, 0x40, 100, 200, 2)->v[CT_F_wait_result] = ETIMEDOUT;
	finish();
	assert_int_equal(edge_of(cell_of(2, CT_OP_mutex, 2), CT_EDGE_HELD)->who, 104);
	assert_int_equal(edge_of(cell_of(2, CT_OP_mutex, 2), CT_EDGE_OWNER)->who, 102);
	assert_int_equal(edge_of(cell_of(3, CT_OP_rwlock_read, 2), CT_EDGE_HELD)->who, 102);
	assert_int_equal(edge_of(cell_of(4, CT_OP_rwlock_read, 2), CT_EDGE_HELD)->who, 102);
	assert_int_equal(waker_of(cell_of(5, CT_OP_mutex, 2))->who, 0);
}

static void an_abandoned_wait_adds_to_nothing(void **state)
{
	struct ct_record *r;
	struct ct_cell *c;

	(void)state;
	wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	wait_for(2, CT_OP_mutex, 0x10, 300, 9000, 2)->v[CT_F_wait_flags] = CT_WAIT_CANCELLED;
	/* The counters of calls have it, too. */
	wait_for(3, CT_OP_read, 0x4, 300, 9000, 2)->v[CT_F_wait_flags] = CT_WAIT_CANCELLED;
	r = add(3, CT_EV_opstat, 9500);
	r->v[CT_F_opstat_op] = CT_OP_read;
	r->v[CT_F_opstat_count] = 3;
	r->v[CT_F_opstat_total] = 8710;
	r->v[CT_F_opstat_max] = 8700;
	finish();
	c = cell_of(2, CT_OP_mutex, 2);
	assert_int_equal(ct_cell_waits(c), 1);
	assert_int_equal(ct_cell_total(c), 100);
	assert_int_equal(c->max, 100);
	assert_int_equal(ct_cell_more(model, c)->abandoned, 1);
	assert_int_equal(ct_cell_more(model, c)->abandoned_total, 8700);
	assert_int_equal(ct_cell_more(model, c)->longest_count, 1);
	assert_int_equal(ct_cell_more(model, c)->left_count, 1);
	assert_int_equal(model->waits, 1);
	assert_int_equal(model->abandoned, 2);
	assert_int_equal(ct_cell_waits(cell_of(3, CT_OP_read, 2)), 0);
	assert_int_equal(ct_cell_waits(cell_of(3, CT_OP_read, 0)), 2);
	assert_int_equal(ct_cell_total(cell_of(3, CT_OP_read, 0)), 10);
}

static void a_signal_wakes_one(void **state)
{
	(void)state;
	/* Both wait when the first signal comes; the one that ran first got it.  Given by order of arrival, 2 would have none left. */
	wait_for(2, CT_OP_cond, 0x10, 100, 300, 2);
	wait_for(3, CT_OP_cond, 0x10, 110, 220, 2);
	wake(1, CT_OP_cond, 0x10, 200, 4, false);
	wake(4, CT_OP_cond, 0x10, 290, 5, false);
	/* Timed out: takes no wake from 5, though it contains the wake and ends before. */
	wait_for(6, CT_OP_cond, 0x20, 100, 200, 2)->v[CT_F_wait_result] = ETIMEDOUT;
	wait_for(5, CT_OP_cond, 0x20, 100, 300, 2);
	wake(1, CT_OP_cond, 0x20, 150, 4, false);
	/* Woken outside the wait, or by itself: by nobody we know. */
	wait_for(7, CT_OP_cond, 0x30, 100, 300, 2);
	wake(1, CT_OP_cond, 0x30, 99, 4, false);
	wake(1, CT_OP_cond, 0x30, 301, 4, false);
	wake(7, CT_OP_cond, 0x30, 200, 4, false);
	finish();
	assert_int_equal(waker_of(cell_of(3, CT_OP_cond, 2))->who, 1);
	assert_int_equal(waker_of(cell_of(2, CT_OP_cond, 2))->who, 4);
	assert_int_equal(place_of(cell_of(2, CT_OP_cond, 2)), 5);
	assert_int_equal(waker_of(cell_of(5, CT_OP_cond, 2))->who, 1);
	assert_int_equal(waker_of(cell_of(6, CT_OP_cond, 2))->who, 0);
	assert_int_equal(waker_of(cell_of(7, CT_OP_cond, 2))->who, 0);
	assert_int_equal(cell_of(6, CT_OP_cond, 2)->timeouts, 1);
	assert_int_equal(model->unmatched, 1);
	assert_int_equal(model->matched, 3);
}

static void a_broadcast_wakes_all(void **state)
{
	uint32_t t;

	(void)state;
	for (t = 2; t < 8; t++)
		wait_for(t, CT_OP_cond, 0x10, 100 + t, 300 + t, 2);
	wait_for(8, CT_OP_cond, 0x10, 210, 400, 2); /* came too late */
	wake(1, CT_OP_cond, 0x10, 200, 4, true);
	for (t = 2; t < 6; t++)
		wait_for(t, CT_OP_barrier, 0x20, 500 + t, 600, 2);
	wake(6, CT_OP_barrier, 0x20, 590, 5, true);
	finish();
	for (t = 2; t < 8; t++)
		assert_int_equal(waker_of(cell_of(t, CT_OP_cond, 2))->who, 1);
	assert_int_equal(waker_of(cell_of(8, CT_OP_cond, 2))->who, 0);
	for (t = 2; t < 6; t++)
		assert_int_equal(waker_of(cell_of(t, CT_OP_barrier, 2))->who, 6);
}

static void a_lock_is_got_from_the_last_release(void **state)
{
	(void)state;
	wait_for(2, CT_OP_rwlock_write, 0x10, 100, 300, 2);
	wake(3, CT_OP_rwlock_read, 0x10, 150, 4, false);
	wake(4, CT_OP_rwlock_read, 0x10, 280, 5, false);
	wake(5, CT_OP_rwlock_read, 0x10, 310, 6, false);
	/* The same release lets another reader in. */
	wait_for(6, CT_OP_rwlock_read, 0x10, 200, 290, 3);
	finish();
	assert_int_equal(waker_of(cell_of(2, CT_OP_rwlock_write, 2))->who, 4);
	assert_int_equal(waker_of(cell_of(6, CT_OP_rwlock_read, 3))->who, 4);
}

static void a_join_was_for_a_thread(void **state)
{
	(void)state;
	wait_for(1, CT_OP_join, 5, 100, 300, 2);
	finish();
	assert_int_equal(waker_of(cell_of(1, CT_OP_join, 2))->who, 5);
	assert_int_equal(model->cells.count, 1);
	assert_int_equal(ct_model_place(model, cell_of(1, CT_OP_join, 2)->object)->kind,
			 CT_KIND_THREAD);
}

/* Sixty signals and waits in disorder, thread by thread: there is a way to serve all. */
static void no_wait_is_left_alone_that_could_be_served(void **state)
{
	uint64_t at = 1000;
	unsigned i;

	(void)state;
	for (i = 0; i < 60; i++, at += 100) {
		wait_for(2 + i % 3, CT_OP_sem, 0x10, at, at + 90 + 60 * (i % 2), 2);
		wake(1, CT_OP_sem, 0x10, at + 80, 4, false);
	}
	finish();
	assert_int_equal(model->unmatched, 0);
	assert_int_equal(model->matched, 60);
}

static enum ct_why why_of(uint32_t thread, uint32_t op, uint32_t stack)
{
	return (enum ct_why)cell_of(thread, op, stack)->why;
}

static void idle_is_where_a_worker_rests(void **state)
{
	(void)state;
	/* 2: rests in its loop; its other, shorter wait for the same kind of thing is work. */
	wait_for(2, CT_OP_cond, 0x10, 100, 9000, 3);
	wait_for(2, CT_OP_cond, 0x20, 9100, 9200, 4);
	/* The main thread does not rest. */
	wait_for(MAIN, CT_OP_cond, 0x10, 100, 9000, 3);
	/* 3: its resting place is a lock, which is contention. */
	wait_for(3, CT_OP_mutex, 0x30, 100, 9000, 2);
	wait_for(3, CT_OP_cond, 0x10, 9100, 9200, 3);
	/* 4 to 7: five frames are a loop, six are a step of some work, a cut stack tells nothing, libc does not count. */
	wait_for(4, CT_OP_sem, 0x40, 100, 9000, 6);
	wait_for(5, CT_OP_sem, 0x40, 100, 9000, 7);
	wait_for(6, CT_OP_sem, 0x40, 100, 9000, 9);
	wait_for(7, CT_OP_futex, 0x40, 100, 9000, 10);
	/* 8: event loop. */
	wait_for(8, CT_OP_epoll_wait, 5, 100, 200, 7);
	wait_for(8, CT_OP_accept, 6, 300, 400, 7);
	/* 9: one connection after another, from one place. */
	wait_for(9, CT_OP_recv, 7, 100, 200, 3);
	wait_for(9, CT_OP_recv, 8, 300, 400, 3);
	wait_for(9, CT_OP_cond, 0x10, 400, 550, 4);
	finish();
	assert_int_equal(why_of(2, CT_OP_cond, 3), CT_WHY_IDLE);
	assert_int_equal(why_of(2, CT_OP_cond, 4), CT_WHY_OTHERS);
	assert_int_equal(why_of(MAIN, CT_OP_cond, 3), CT_WHY_OTHERS);
	assert_int_equal(why_of(3, CT_OP_mutex, 2), CT_WHY_LOCK);
	assert_int_equal(why_of(3, CT_OP_cond, 3), CT_WHY_OTHERS);
	assert_int_equal(why_of(4, CT_OP_sem, 6), CT_WHY_IDLE);
	assert_int_equal(why_of(5, CT_OP_sem, 7), CT_WHY_OTHERS);
	assert_int_equal(why_of(6, CT_OP_sem, 9), CT_WHY_OTHERS);
	assert_int_equal(why_of(7, CT_OP_futex, 10), CT_WHY_IDLE);
	assert_int_equal(why_of(8, CT_OP_epoll_wait, 7), CT_WHY_IDLE);
	assert_int_equal(why_of(8, CT_OP_accept, 7), CT_WHY_IDLE);
	assert_int_equal(why_of(9, CT_OP_cond, 4), CT_WHY_OTHERS);
	{
		uint32_t i, idle = 0;

		for (i = 0; i < model->cells.count; i++)
			idle += ct_model_cell(model, i)->op == CT_OP_recv &&
				ct_model_cell(model, i)->why == CT_WHY_IDLE;
		assert_int_equal(idle, 2);
	}
}

static void reads_of_sockets_are_for_others(void **state)
{
	struct ct_record *r;

	(void)state;
	wait_for(MAIN, CT_OP_read, 8, 100, 200, 2);
	wait_for(MAIN, CT_OP_read, 9, 300, 400, 3);
	r = add(2, CT_EV_fd, 500);
	r->v[CT_F_fd_fd] = 7;
	r->v[CT_F_fd_name] = 1;
	r = add(2, CT_EV_fd, 500);
	r->v[CT_F_fd_fd] = 8;
	r->v[CT_F_fd_name] = 2;
	finish();
	assert_int_equal(why_of(MAIN, CT_OP_read, 2), CT_WHY_OTHERS);
	assert_int_equal(why_of(MAIN, CT_OP_read, 3), CT_WHY_IO);
}

static void calls_come_from_counters(void **state)
{
	struct ct_record *r;
	struct ct_cell *c;

	(void)state;
	wait_for(2, CT_OP_pread, 4, 100, 200, 2);
	r = add(2, CT_EV_opstat, 900);
	r->v[CT_F_opstat_op] = CT_OP_pread;
	r->v[CT_F_opstat_count] = 11;
	r->v[CT_F_opstat_total] = 150;
	r->v[CT_F_opstat_max] = 100;
	r = add(2, CT_EV_ophist, 900);
	r->v[CT_F_ophist_op] = CT_OP_pread;
	r->v[CT_F_ophist_bucket] = 2;
	r->v[CT_F_ophist_count] = 10;
	r = add(2, CT_EV_ophist, 900);
	r->v[CT_F_ophist_op] = CT_OP_pread;
	r->v[CT_F_ophist_bucket] = 6;
	r->v[CT_F_ophist_count] = 1;
	finish();
	c = cell_of(2, CT_OP_pread, 0);
	assert_int_equal(c->short_waits, 10);
	assert_int_equal(c->short_total, 50);
	assert_int_equal(c->why, CT_WHY_CALLS);
}

static void a_wait_that_has_not_ended_counts(void **state)
{
	struct ct_open_wait w = {.thread = 2,
				 .tid = 101,
				 .op = CT_OP_mutex,
				 .object = 0x10,
				 .start = 400,
				 .owner = 102,
				 .stack = 2};
	struct ct_cell *c;

	(void)state;
	wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	wait_for(3, CT_OP_mutex, 0x20, 100, 1000, 2);
	build();
	ct_model_open_wait(model, &w);
	assert_int_equal(ct_model_finish(model), 0);
	c = cell_of(2, CT_OP_mutex, 2);
	assert_int_equal(ct_cell_waits(c), 2);
	assert_int_equal(ct_cell_total(c), 700);
	assert_int_equal(c->max, 600);
	assert_int_equal(ct_cell_more(model, c)->open_owner, 102);
	assert_int_equal(edge_of(c, CT_EDGE_HOLDS)->who, 102);
	assert_ptr_equal(ct_model_thread_by_tid(model, 102, 400), ct_model_thread(model, 3));
}

static void a_wait_that_has_not_ended_ends_with_its_thread(void **state)
{
	struct ct_open_wait w = {
		.thread = 2, .tid = 101, .op = CT_OP_mutex, .object = 0x10, .start = 400};
	const struct ct_cell *c;

	(void)state;
	wait_for(2, CT_OP_mutex, 0x10, 100, 200, 0);
	wait_for(3, CT_OP_mutex, 0x20, 100, 1000, 2);
	add(2, CT_EV_thread_end, 900);
	build();
	ct_model_open_wait(model, &w);
	assert_int_equal(ct_model_finish(model), 0);
	c = cell_of(2, CT_OP_mutex, 0);
	assert_int_equal(ct_model_thread(model, 2)->end, 900);
	assert_int_equal(c->open_total, 500);
}

static void the_longest_waits_are_kept_with_their_wakers(void **state)
{
	const struct ct_more *c;
	uint64_t sum = 0;
	unsigned i, woken = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		wait_for(2, CT_OP_sem, 0x10, 1000 * i, 1000 * i + 100 + i, 2);
		wake(1, CT_OP_sem, 0x10, 1000 * i + 90, 4, false);
	}
	finish();
	c = ct_cell_more(model, cell_of(2, CT_OP_sem, 2));
	assert_int_equal(c->longest_count, 4);
	for (i = 0; i < 4; i++) {
		sum += c->longest[i].dur;
		woken += c->longest[i].waker == 1 && c->longest[i].waker_stack == 4;
	}
	assert_int_equal(sum, 116 + 117 + 118 + 119);
	assert_int_equal(woken, 4);
}

static void a_window_counts_what_ended_in_it(void **state)
{
	(void)state;
	options.from_ticks = 200;
	options.to_ticks = 300;
	wait_for(2, CT_OP_mutex, 0x10, 100, 199, 2);
	wait_for(2, CT_OP_mutex, 0x10, 100, 200, 2);
	wait_for(2, CT_OP_mutex, 0x10, 210, 300, 2);
	wait_for(2, CT_OP_mutex, 0x10, 210, 301, 2);
	tally(2, CT_OP_mutex, 0x10, 250, 2, 5, 5, 1);
	finish();
	assert_int_equal(cell_of(2, CT_OP_mutex, 2)->waits, 2);
	assert_int_equal(model->timed_short_waits, 5);
}

static void hostile_records_do_no_harm(void **state)
{
	struct ct_record *r;
	unsigned i;

	(void)state;
	for (i = 0; i < CT_FIELDS_MAX; i++) {
		r = wait_for(2, 250, UINT64_MAX, 0, 50, UINT32_MAX);
		r->v[i] = UINT64_MAX;
		r = add(UINT32_MAX, CT_EV_wake, 3);
		r->v[i] = UINT64_MAX;
		r = add(3, CT_EV_opstat, 3);
		r->v[i] = UINT64_MAX;
		r = add(3, CT_EV_tally, 3);
		r->v[i] = r->v[CT_F_tally_count] = UINT64_MAX;
		r = add(3, CT_EV_object, 3);
		r->v[i] = UINT64_MAX;
		r = add(3, CT_EV_fd, 3);
		r->v[i] = UINT64_MAX;
		r = add(3, CT_EV_ophist, 3);
		r->v[i] = UINT64_MAX;
		r = add(3, (enum ct_event_type)63, 3);
		r->v[i] = UINT64_MAX;
	}
	finish();
	assert_true(cell_of(2, CT_OP_mutex - 1 + 250, UINT32_MAX) != NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, forget)
	const struct CMUnitTest tests[] = {
		TEST(short_waits_count_in_every_total),
		TEST(an_address_is_not_an_object),
		TEST(a_mutex_tells_its_waker),
		TEST(a_lock_that_was_not_got_was_held),
		TEST(an_abandoned_wait_adds_to_nothing),
		TEST(a_signal_wakes_one),
		TEST(a_broadcast_wakes_all),
		TEST(a_lock_is_got_from_the_last_release),
		TEST(a_join_was_for_a_thread),
		TEST(no_wait_is_left_alone_that_could_be_served),
		TEST(idle_is_where_a_worker_rests),
		TEST(reads_of_sockets_are_for_others),
		TEST(calls_come_from_counters),
		TEST(a_wait_that_has_not_ended_counts),
		TEST(a_wait_that_has_not_ended_ends_with_its_thread),
		TEST(the_longest_waits_are_kept_with_their_wakers),
		TEST(a_window_counts_what_ended_in_it),
		TEST(hostile_records_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
