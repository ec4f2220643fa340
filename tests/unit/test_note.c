/*
 * A program may say anything of itself at any moment: more names than there is room for, names in a buffer that changes, regions left by longjmp,
 * from signal handlers, in forked children.  What is kept has to be what was said; what is not kept has to be counted.
 */
/* link: -lrt */
#include "capture.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "capture/note.h"
#include "file/text.h"

#include <ctrace/ctrace.h>

static struct ct_record seen[1 << 17];
static size_t count;

static void see(const struct ct_record *r, void *arg)
{
	(void)arg;
	if (r->type >= CT_EV_task_begin && r->type <= CT_EV_recording &&
	    count < sizeof(seen) / sizeof(seen[0]))
		seen[count++] = *r;
}

static void look(void)
{
	count = 0;
	c_records(ct_tls.slot->index, see, NULL);
}

static const char *name_of(uint64_t id)
{
	return id ? ct_cap.arena.dict.strings + id - 1 : "";
}

static int begin_arena(void **state)
{
	(void)state;
	c_start(&ct_arena_plan_alone, CT_POLICY_RING);
	return 0;
}

static int end_arena(void **state)
{
	(void)state;
	c_stop();
	return 0;
}

/* Nothing here links libctrace.so, so the header's functions are what they are without it. */
static void header_without_ctrace(void **state)
{
	(void)state;
	errno = 5;
	assert_int_equal(ctrace_enabled(), 0);
	assert_int_equal(ctrace_task_begin("t", 0), 0);
	assert_int_equal(ctrace_region_begin("r", 0), 0);
	ctrace_region_end(0);
	ctrace_region_end(17);
	ctrace_task_end(17);
	ctrace_log(0, "c", "m");
	ctrace_label("k", NULL);
	assert_int_equal(ctrace_start(), ENOSYS);
	assert_int_equal(ctrace_stop(), ENOSYS);
	assert_int_equal(ctrace_snapshot("s"), ENOSYS);
	assert_int_equal(errno, 5);
}

/* And the recorder's are nothing where there is no arena. */
static void nothing_is_recorded(void **state)
{
	(void)state;
	memset(&ct_cap, 0, sizeof(ct_cap));
	memset(&ct_tls, 0, sizeof(ct_tls));
	static _Atomic uint64_t generation;

	ct_cap.generation = &generation;
	assert_int_equal(ct_note_task_begin("t", 0), 0);
	assert_int_equal(ct_note_region_begin("t", 0), 0);
	ct_note_region_end(1);
	ct_note_log(0, NULL, NULL);
	ct_note_label(NULL, NULL);
	assert_int_equal(ct_note_stop(), ENOSYS);
	assert_int_equal(ct_note_start(), ENOSYS);
}

static uint32_t asked(void)
{
	return atomic_load(&ct_cap.arena.header->ask);
}

/* One at a time, by whoever is first; and never under a name that would lead elsewhere. */
static void snapshots(void **state)
{
	static const char *const bad[] = {NULL,	 "",	 ".",	"..",  ".x",
					  "a/b", "../x", "a b", "a\n", "\xc3\xa4"};
	struct ct_header *h = ct_cap.arena.header;
	char longest[CT_ASK_NAME_BYTES + 1];
	unsigned i;

	(void)state;
	assert_int_equal(ct_note_snapshot("a"), EOPNOTSUPP);
	atomic_store(&h->ask, CT_ASK_NEXT(0) | CT_ASK_READY);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ct_note_snapshot(bad[i]), EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(ct_note_snapshot(longest), EINVAL);
	assert_int_equal(asked(), CT_ASK_NEXT(0) | CT_ASK_READY);
	longest[CT_ASK_NAME_BYTES - 1] = 0;
	assert_int_equal(ct_note_snapshot(longest), 0);
	assert_int_equal(asked(), CT_ASK_NEXT(0) | CT_ASK_ASKED);
	assert_string_equal(h->ask_name, longest);
	assert_int_equal(ct_note_snapshot("b"), EBUSY);
	atomic_store(&h->ask, CT_ASK_WITH(asked(), CT_ASK_UNDER_WAY));
	assert_int_equal(ct_note_snapshot("b"), EBUSY);
	atomic_store(&h->ask, CT_ASK_WITH(asked(), CT_ASK_TAKEN));
	assert_int_equal(ct_note_snapshot("b"), EBUSY);
	atomic_store(&h->ask, CT_ASK_NEXT(asked()) | CT_ASK_READY);
	assert_int_equal(ct_note_snapshot("A-z_0.9"), 0);
	assert_string_equal(h->ask_name, "A-z_0.9");
	assert_int_equal(asked(), CT_ASK_NEXT(CT_ASK_NEXT(0)) | CT_ASK_ASKED);
}

static void names(void **state)
{
	char same[] = "same", longer[200], buffer[8] = "one";
	struct ct_slot *s = ct_self();
	uint32_t id;

	(void)state;
	id = ct_name(s, "same");
	assert_int_not_equal(id, 0);
	assert_int_equal(ct_name(s, same), id);
	assert_int_equal(ct_name(s, ""), 0);
	assert_int_equal(ct_name(s, NULL), 0);
	id = ct_name(s, buffer);
	strcpy(buffer, "two");
	assert_int_not_equal(ct_name(s, buffer), id);
	assert_string_equal(name_of(ct_name(s, buffer)), "two");
	strcpy(buffer, "one");
	assert_int_equal(ct_name(s, buffer), id);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	id = ct_name(s, longer);
	assert_int_equal(strlen(name_of(id)), CT_NAME_BYTES);
	assert_string_equal(name_of(id) + CT_NAME_BYTES - 4, "x...");
	assert_int_equal(ct_name(s, longer), id);
	assert_int_equal(c_lost(CT_LOSS_DICT_FULL), 0);
}

/* A program that makes a name of every request: what fits stays right, the rest is counted, and the dictionary has room left for others. */
static void too_many_names(void **state)
{
	struct ct_slot *s = ct_self();
	char name[32];
	uint32_t first, i, kept = 0, none = 0;

	(void)state;
	first = ct_name(s, "first");
	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "request %u", i);
		if (!ct_name(s, name))
			none++;
		else
			kept++;
	}
	assert_true(kept > CT_NAME_ROWS / 2 && kept <= CT_NAME_ROWS);
	assert_int_equal(none + kept, 100000);
	assert_int_equal(c_lost(CT_LOSS_DICT_FULL), none);
	assert_int_equal(ct_name(s, "first"), first);
	assert_true(atomic_load(ct_cap.arena.dict.string_used) < ct_cap.arena.dict.string_cap / 2);
}

/* Every string id a record may hold comes from shared memory: a scribbled one is another name at worst. */
static void hostile_table(void **state)
{
	struct ct_slot *s = ct_self();
	unsigned i;

	(void)state;
	for (i = 0; i < CT_NAME_ROWS; i++)
		ct_cap.arena.shared->names[i] = UINT32_MAX - i;
	assert_int_equal(ct_name(s, "name"), 0);
	assert_int_equal(c_lost(CT_LOSS_DICT_FULL), 1);
}

static void regions(void **state)
{
	uint64_t task, outer, inner, left, i, deep[40];

	(void)state;
	task = ct_note_task_begin("task", 0);
	assert_int_not_equal(task, 0);
	assert_int_not_equal(ct_note_task_begin("task", task), task);
	outer = ct_note_region_begin("outer", task);
	left = ct_note_region_begin("left", 0);
	inner = ct_note_region_begin("inner", 0);
	ct_note_region_end(inner);
	ct_note_region_end(outer);
	ct_note_region_end(left); /* it has gone with the one around it */
	ct_note_region_end(UINT64_MAX);
	ct_note_region_end(0);
	ct_note_task_end(task);
	ct_note_task_end(0);
	look();
	assert_int_equal(count, 9);
	assert_int_equal(seen[0].v[CT_F_task_begin_task], task);
	assert_int_equal(seen[1].v[CT_F_task_begin_parent], task);
	assert_int_equal(seen[2].type, CT_EV_region_begin);
	assert_int_equal(seen[2].v[CT_F_region_begin_task], task);
	assert_int_equal(seen[5].type, CT_EV_region_end);
	assert_string_equal(name_of(seen[5].v[CT_F_region_end_name]), "inner");
	assert_int_equal(seen[5].ticks - seen[5].v[CT_F_region_end_dur], seen[4].ticks);
	assert_string_equal(name_of(seen[6].v[CT_F_region_end_name]), "outer");
	assert_int_equal(seen[6].v[CT_F_region_end_task], task);
	assert_int_equal(seen[7].ticks - seen[7].v[CT_F_region_end_dur], left);
	assert_int_equal(seen[7].v[CT_F_region_end_name], 0);
	assert_int_equal(seen[8].type, CT_EV_task_end);
	assert_int_equal(seen[8].ticks - seen[8].v[CT_F_task_end_dur], seen[0].ticks);
	assert_string_equal(name_of(seen[8].v[CT_F_task_end_name]), "task");
	/* deeper than is remembered: the outer ones keep their names, all keep their times */
	for (i = 0; i < 40; i++) {
		deep[i] = ct_note_region_begin("deep", 0);
		while (ct_now() == deep[i])
			;
	}
	while (i-- > 0)
		ct_note_region_end(deep[i]);
	look();
	assert_int_equal(count, 9 + 80);
	for (i = 0; i < 40; i++) {
		const struct ct_record *end = &seen[count - 1 - i];

		assert_int_equal(end->ticks - end->v[CT_F_region_end_dur], deep[i]);
		assert_int_equal(end->v[CT_F_region_end_name] != 0, i < CT_REGION_ROWS);
	}
}

/* More tasks at once than are remembered: an end that cannot repeat its beginning says nothing, never another's. */
static void many_tasks(void **state)
{
	static uint64_t task[4 * CT_TASK_ROWS];
	size_t i, n = sizeof(task) / sizeof(task[0]), told = 0;

	(void)state;
	for (i = 0; i < n; i++)
		task[i] = ct_note_task_begin(i % 2 ? "odd" : "even", 0);
	for (i = 0; i < n; i++)
		ct_note_task_end(task[i]);
	ct_note_task_end(~0ull);
	look();
	assert_int_equal(count, 2 * n + 1);
	for (i = 0; i < n; i++) {
		const struct ct_record *end = &seen[n + i];

		assert_int_equal(end->v[CT_F_task_end_task], task[i]);
		if (!end->v[CT_F_task_end_name])
			continue;
		told++;
		assert_int_equal(end->ticks - end->v[CT_F_task_end_dur], seen[i].ticks);
		assert_string_equal(name_of(end->v[CT_F_task_end_name]), i % 2 ? "odd" : "even");
	}
	assert_true(told > CT_TASK_ROWS / 2 && told <= CT_TASK_ROWS);
	assert_int_equal(seen[2 * n].v[CT_F_task_end_dur], 0);
}

/* What a reader makes of a text and the records behind it. */
static size_t join(size_t i, char *to)
{
	char piece[CT_TEXT_BYTES + 1];
	size_t n;

	ct_text_words(&seen[i], piece);
	strcpy(to, piece);
	for (n = i + 1; n < count && seen[n].type == CT_EV_text; n++) {
		assert_int_equal(seen[n].ticks, seen[i].ticks);
		assert_int_equal(seen[n].v[CT_F_text_at], strlen(to));
		ct_text_words(&seen[n], piece);
		strcat(to, piece);
	}
	return n;
}

static void texts(void **state)
{
	static char text[70000], got[2000];
	size_t n, sizes[] = {0, 1, 8, 71, 72, 73, 159, 160, 161, 999, 1000, 1001, 65534, 69999};
	size_t i, at = 0;

	(void)state;
	for (n = 0; n < sizeof(text); n++)
		text[n] = (char)('a' + n % 26);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		text[sizes[i]] = 0;
		ct_note_log(3, "log", text);
		ct_note_label("label", text);
		text[sizes[i]] = (char)('a' + sizes[i] % 26);
	}
	ct_note_log(0, NULL, NULL);
	look();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t kept = sizes[i] < CT_TEXT_KEPT ? sizes[i] : CT_TEXT_KEPT;

		assert_int_equal(seen[at].type, CT_EV_log);
		assert_int_equal(seen[at].v[CT_F_log_task], 3);
		assert_int_equal(seen[at].v[CT_F_log_bytes],
				 sizes[i] < CT_TEXT_COUNT ? sizes[i] : CT_TEXT_COUNT);
		at = join(at, got);
		assert_int_equal(strlen(got), kept);
		assert_memory_equal(got, text, kept);
		assert_int_equal(seen[at].type, CT_EV_label);
		assert_string_equal(name_of(seen[at].v[CT_F_label_key]), "label");
		at = join(at, got);
		assert_int_equal(strlen(got), kept);
		assert_memory_equal(got, text, kept);
	}
	assert_int_equal(at, count - 1);
	assert_int_equal(seen[at].v[CT_F_log_bytes], 0);
}

/* --- handlers ------------------------------------------------------------------------------------------------------------------ */

static volatile int fired;
static volatile bool jump;
static sigjmp_buf out;

static void on_signal(int sig)
{
	uint64_t r = ct_note_region_begin("handler", 0);

	(void)sig;
	ct_note_log(0, "handler", "fired");
	fired++;
	if (jump)
		siglongjmp(out, 1);
	ct_note_region_end(r);
}

static void __attribute__((noinline)) leave_one(void)
{
	jump = true;
	if (!sigsetjmp(out, 1)) {
		ct_note_region_begin("left", 0);
		raise(SIGALRM);
	}
	jump = false;
}

static void from_handlers(void **state)
{
	size_t i, begun = 0, ended = 0, logs = 0;
	const struct itimerspec once = {.it_value = {0, 50000}};
	int armed = fired;
	timer_t timer;
	uint64_t r;

	(void)state;
	signal(SIGALRM, on_signal);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	/* a handler that comes while the thread takes its first slot takes one of its own */
	ct_note_region_end(ct_note_region_begin("first", 0));
	/* one at a time: each that comes in the middle of a record opens a chunk, and the ring has but so many */
	for (i = 0; i < 300 || fired < 20; i++) {
		if (fired == armed && fired < 20) {
			armed++;
			assert_int_equal(timer_settime(timer, 0, &once, NULL), 0);
		}
		r = ct_note_region_begin("interrupted", 0);
		ct_note_region_end(r);
	}
	timer_delete(timer);
	leave_one();
	r = ct_note_region_begin("after", 0);
	ct_note_region_end(r);
	signal(SIGALRM, SIG_DFL);
	look();
	for (i = 0; i < count; i++) {
		const struct ct_record *e = &seen[i];

		begun += e->type == CT_EV_region_begin;
		ended += e->type == CT_EV_region_end;
		logs += e->type == CT_EV_log;
	}
	assert_int_equal(begun, ended + 2);
	assert_int_equal(logs, fired);
	assert_string_equal(name_of(seen[count - 1].v[CT_F_region_end_name]), "after");
}

/* --- no slot, fork, on and off -------------------------------------------------------------------------------------------------- */

static int start_small(void **state)
{
	struct ct_arena_plan plan = ct_arena_plan_alone;

	(void)state;
	plan.slots = plan.slots_backed = 1;
	c_start(&plan, CT_POLICY_RING);
	return 0;
}

static void *without_slot(void *arg)
{
	(void)arg;
	assert_int_equal(ct_note_task_begin("t", 0), 0);
	assert_int_equal(ct_note_region_begin("r", 0), 0);
	ct_note_log(0, "c", "m");
	/* that it stopped would stand nowhere */
	assert_int_equal(ct_note_stop(), EAGAIN);
	return ct_self();
}

static void no_slot(void **state)
{
	pthread_t t;
	void *slot;

	(void)state;
	assert_non_null(ct_self());
	assert_int_equal(pthread_create(&t, NULL, without_slot, NULL), 0);
	pthread_join(t, &slot);
	assert_null(slot);
	assert_true(c_lost(CT_LOSS_NO_SLOT) > 0);
	assert_non_null(ct_self());
}

static int in_child(int (*fn)(uint64_t), uint64_t arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int end_parents(uint64_t region)
{
	ct_note_region_end(region);
	look();
	/* its name is in the parent's slot */
	return count == 1 && seen[0].v[CT_F_region_end_name] == 0 &&
			       seen[0].ticks - seen[0].v[CT_F_region_end_dur] == region
		       ? 0
		       : 1;
}

static int child_of_stopped(uint64_t unused)
{
	(void)unused;
	if (ct_self() || ct_note_region_begin("r", 0) || ct_note_stop() != EALREADY)
		return 1;
	if (ct_note_start() || ct_note_start() != EALREADY || !ct_self())
		return 2;
	look();
	return count == 1 && seen[0].type == CT_EV_recording && seen[0].v[CT_F_recording_on] == 1
		       ? 0
		       : 3;
}

static void forked(void **state)
{
	uint64_t r = ct_note_region_begin("parent's", 0);

	(void)state;
	assert_int_equal(in_child(end_parents, r), 0);
	assert_int_equal(ct_note_stop(), 0);
	assert_int_equal(in_child(child_of_stopped, 0), 0);
	assert_int_equal(ct_note_start(), 0);
	ct_note_region_end(r);
	look();
	assert_int_equal(count, 4);
}

static _Atomic int phase;

static void wait_for(int n)
{
	while (phase != n)
		usleep(100);
}

/* One that ends while nothing is recorded gives its slot back all the same. */
static void *across(void *arg)
{
	struct ct_slot *s = ct_self();
	struct ct_wait w;

	(void)arg;
	assert_non_null(s);
	assert_true(ct_wait_begin(&w, CT_OP_mutex, &phase, 0, NULL, false));
	phase = 1;
	wait_for(2);
	ct_wait_end(&w, 0);
	assert_false(ct_wait_begin(&w, CT_OP_mutex, &phase, 0, NULL, false));
	assert_null(ct_self());
	assert_ptr_equal(ct_slot_here(), s);
	ct_slot_release(ct_slot_here(), CT_END_RETURN);
	assert_int_equal(s->state, CT_SLOT_FREE);
	return NULL;
}

static void on_and_off(void **state)
{
	struct ct_slot *s = ct_self();
	uint64_t r, before = ct_now();
	pthread_t t;

	(void)state;
	assert_int_equal(ct_note_start(), EALREADY);
	assert_int_equal(pthread_create(&t, NULL, across, NULL), 0);
	wait_for(1);
	r = ct_note_region_begin("across", 0);
	assert_true(ct_note_enabled());
	assert_int_equal(ct_note_stop(), 0);
	assert_int_equal(ct_note_stop(), EALREADY);
	assert_false(ct_note_enabled());
	assert_null(ct_self());
	ct_note_log(0, "c", "not there");
	phase = 2;
	pthread_join(t, NULL);
	assert_int_equal(ct_note_start(), 0);
	assert_ptr_equal(ct_self(), s);
	ct_note_region_end(r);
	look();
	assert_int_equal(count, 4);
	assert_int_equal(seen[1].type, CT_EV_recording);
	assert_int_equal(seen[1].v[CT_F_recording_on], 0);
	assert_true(seen[1].ticks >= before);
	assert_int_equal(seen[2].v[CT_F_recording_on], 1);
	assert_true(seen[2].ticks >= seen[1].ticks);
	assert_int_equal(seen[3].type, CT_EV_region_end);
	/* who forbids itself the clock cannot come back */
	assert_int_equal(ct_note_stop(), 0);
	ct_capture_stop();
	assert_int_equal(ct_note_start(), ENOSYS);
	assert_false(ct_note_enabled());
	assert_null(ct_self());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_without_ctrace),
		cmocka_unit_test(nothing_is_recorded),
		cmocka_unit_test_setup_teardown(snapshots, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(names, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(too_many_names, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(hostile_table, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(regions, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(many_tasks, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(texts, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(from_handlers, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(no_slot, start_small, end_arena),
		cmocka_unit_test_setup_teardown(forked, begin_arena, end_arena),
		cmocka_unit_test_setup_teardown(on_and_off, begin_arena, end_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
