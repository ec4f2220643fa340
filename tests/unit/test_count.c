/*
 * Threads that end at once and have one row of the table of ended threads: the later one must keep it, whole, whoever comes between whose
 * instructions, and whoever is killed there.  It was lost when it came while the earlier one wrote, and written over when the
 * earlier one had looked before.
 */
/* timeout: 180, since it stops at each instruction, and a step costs up to 20 us on a virtual machine */
#include "capture.h"

#include <signal.h>
#include <ucontext.h>

static struct ct_thread_rec *row;
static struct ct_slot *slots[4];

/* All of a thread's numbers are made of its serial. */
static void start(void)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;
	unsigned i;

	plan.slots = plan.slots_backed = 4;
	plan.chunks = plan.chunks_backed = 4;
	plan.nodes = plan.nodes_backed = plan.buckets = 64;
	plan.threads = 1;
	c_start(&plan, CT_POLICY_RING);
	row = ct_cap.arena.threads;
	for (i = 0; i < 4; i++) {
		struct ct_slot *s = slots[i] = ct_slot_claim();

		assert_non_null(s);
		s->tid = s->thread * 3;
		s->begin_ticks = s->thread * 5;
		s->recorded = s->thread * 7;
		ct_own(s)->waits_written = s->thread * 11;
		memset(s->name, 'a' + (int)s->thread, sizeof(s->name));
	}
}

static void end(unsigned i)
{
	ct_count_end(slots[i], slots[i]->thread * 13);
}

/* Whose row it is; it is all his.  0: nobody's, or being written. */
static uint32_t whose(void)
{
	struct ct_thread_rec r;
	unsigned i;

	if (!ct_count_read(row, &r))
		return 0;
	assert_int_equal(r.tid, r.thread * 3);
	assert_int_equal(r.begin_ticks, r.thread * 5);
	assert_int_equal(r.records, r.thread * 7);
	assert_int_equal(r.waits, r.thread * 11);
	assert_int_equal(r.end_ticks, r.thread * 13);
	for (i = 0; i < sizeof(r.name); i++)
		assert_int_equal(r.name[i], 'a' + (char)r.thread);
	return r.thread;
}

static void the_later_keeps_it(void **state)
{
	(void)state;
	start();
	end(1);
	assert_int_equal(whose(), slots[1]->thread);
	end(0);
	assert_int_equal(whose(), slots[1]->thread);
	end(2);
	assert_int_equal(whose(), slots[2]->thread);
	c_stop();
}

/* The first was killed at work; those that come then leave word, which is found when it is buried. */
static void killed_at_work(void **state)
{
	(void)state;
	start();
	end(0);
	row->writer = slots[1]->index + 1;
	row->thread = 0;
	end(2);
	end(3);
	end(0);
	assert_int_equal(whose(), 0);
	end(1);
	assert_int_equal(whose(), slots[3]->thread);
	assert_int_equal(row->writer, 0);
	c_stop();
}

/* The slot of who left word has gone to another thread, which has ended as well: he is lost, and nobody is taken for him. */
static void word_of_one_who_is_gone(void **state)
{
	(void)state;
	start();
	row->writer = slots[0]->index + 1;
	end(1);
	ct_own(slots[1])->ended.thread = 0;
	end(0);
	assert_int_equal(whose(), slots[0]->thread);
	assert_int_equal(row->writer, 0);
	c_stop();
}

#if defined(__x86_64__)
#define TRAP_FLAG 0x100

static volatile int steps_left;
static volatile unsigned other;

/* After each instruction of one end; after the last one that is wanted the other comes. */
static void step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	if (steps_left-- > 0)
		return;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	whose();
	end(other);
	whose();
}

static void at_any_instruction(void **state)
{
	struct sigaction sa = {.sa_sigaction = step, .sa_flags = SA_SIGINFO}, old;
	unsigned first;
	int n;

	(void)state;
	sigaction(SIGTRAP, &sa, &old);
	start();
	for (first = 0; first < 2; first++) {
		for (n = 0;; n++) {
			memset(row, 0, sizeof(*row));
			end(0);
			other = 2 - first;
			steps_left = n;
			__asm__ volatile("pushfq; orl %0, (%%rsp); popfq"
					 :
					 : "i"(TRAP_FLAG)
					 : "cc", "memory");
			end(1 + first);
			__asm__ volatile("pushfq; andl %0, (%%rsp); popfq"
					 :
					 : "i"(~TRAP_FLAG)
					 : "cc", "memory");
			assert_int_equal(row->writer, 0);
			if (steps_left >= 0)
				break;
			assert_int_equal(whose(), slots[2]->thread);
		}
		assert_true(n > 50);
	}
	c_stop();
	sigaction(SIGTRAP, &old, NULL);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_keeps_it),
		cmocka_unit_test(killed_at_work),
		cmocka_unit_test(word_of_one_who_is_gone),
#if defined(__x86_64__)
		cmocka_unit_test(at_any_instruction),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
