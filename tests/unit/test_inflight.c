/*
 * What a thread waits for, as others see it, and the signal handlers that wait themselves and come between any two instructions of its writing: the line
 * must be the thread's when it is written.  It had the operation of the thread and the numbers of the handler, and the next handler took the wait for one
 * that had been left, and recorded it as that.
 */
#include "capture.h"

#include <signal.h>
#include <ucontext.h>

static uint64_t cancelled, waits;

static void see(const struct ct_record *r, void *arg)
{
	(void)arg;
	waits += r->type == CT_EV_wait;
	cancelled += r->type == CT_EV_wait && r->v[CT_F_wait_flags] & CT_WAIT_CANCELLED;
}

/* As a handler's does. */
static __attribute__((noinline)) void a_short_call(void)
{
	struct ct_call call;

	assert_true(ct_call_begin(&call, CT_OP_poll, 77, NULL));
	ct_call_end(&call, CT_OP_poll, 77, 0);
}

static void must_be(const struct ct_frame *frame, uint32_t op, uint64_t object)
{
	const struct ct_inflight *f = &ct_self()->inflight;

	assert_int_equal(atomic_load(&f->seq) & 1, 0);
	assert_int_equal(f->op, op);
	assert_int_equal(f->object, object);
	assert_int_equal(f->start_ticks, frame->start);
	assert_ptr_equal((void *)(uintptr_t)f->sp, frame);
}

#if defined(__x86_64__)
#define TRAP_FLAG 0x100

static volatile int steps_left;
static volatile unsigned handlers;

/* One that comes after so many instructions, and more after those that follow. */
static void step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	if (steps_left-- > 0)
		return;
	if (!--handlers)
		((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	a_short_call();
}

#define STEP()                                                                                     \
	__asm__ volatile("pushfq; orl %0, (%%rsp); popfq" : : "i"(TRAP_FLAG) : "cc", "memory")
#define UNSTEP()                                                                                   \
	__asm__ volatile("pushfq; andl %0, (%%rsp); popfq" : : "i"(~TRAP_FLAG) : "cc", "memory")

/* @n: instructions before the first handler.  False: the call was over before. */
static bool call_after(int n, unsigned how_many)
{
	struct ct_call call;

	handlers = how_many;
	steps_left = n;
	STEP();
	ct_call_begin(&call, CT_OP_read, 5, NULL);
	UNSTEP();
	if (call.published)
		must_be(&call.frame, CT_OP_read, 5);
	assert_true(call.published || how_many > 1);
	a_short_call();
	ct_call_end(&call, CT_OP_read, 5, 1);
	assert_int_equal(ct_self()->inflight.op, 0);
	return steps_left < 0;
}

static bool wait_after(int n, unsigned how_many)
{
	struct ct_wait wait;

	handlers = how_many;
	steps_left = n;
	STEP();
	ct_wait_begin(&wait, CT_OP_sem, &wait, 9, NULL, false);
	UNSTEP();
	if (wait.published)
		must_be(&wait.frame, CT_OP_sem, (uint64_t)(uintptr_t)&wait);
	assert_true(wait.published || how_many > 1);
	a_short_call();
	ct_wait_end(&wait, 0);
	assert_int_equal(ct_self()->inflight.op, 0);
	return steps_left < 0;
}

static void the_line_is_whose_it_says(void **state)
{
	struct sigaction sa = {.sa_sigaction = step, .sa_flags = SA_SIGINFO}, old;
	struct ct_arena_plan plan = ct_arena_plan_alone;
	int calls, n;

	(void)state;
	sigaction(SIGTRAP, &sa, &old);
	c_start(&plan, CT_POLICY_STREAM);
	a_short_call(); /* the thread has a slot */
	for (calls = 0; call_after(calls, 1); calls++)
		;
	assert_true(calls > 20);
	for (n = 0; wait_after(n, 1); n++)
		;
	assert_true(n > 50);
	c_records(ct_self()->index, see, NULL);
	assert_true(waits > 0); /* those for the semaphore have no threshold here */
	assert_int_equal(cancelled, 0);
	/* with handlers without end it is given up, and its own all the same */
	call_after(calls / 2, 10000);
	c_stop();
	sigaction(SIGTRAP, &old, NULL);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(the_line_is_whose_it_says),
#else
		{0},
#endif
	};

#if !defined(__x86_64__)
	(void)a_short_call;
	(void)must_be;
	(void)see;
	return 0;
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
