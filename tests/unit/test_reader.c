/*
 * Programs that nobody here has seen are built against <ctrace/reader.h>: what it says must be what the views say, and whatever it is
 * asked it must answer.
 */
#include "traces.h"

#include <ctrace/reader.h>

#include <errno.h>

static const char small[] =
	"ctrace 1\n"
	"header start_mono_ns=1000000 start_real_ns=1700000000000000000 end_mono_ns=4000000 "
	"wait_threshold_ns=5000 call_threshold_ns=20000\n"
	"process 0 pid=100 ppid=1 exe=\"/usr/bin/server\" cmdline=\"server -t 2\" begin=1000000 "
	"end=4000000 exit=256 flags=7 state=3\n"
	"lost 0 count=7\n"
	"string 200 \"/etc/motd\"\n"
	"module 1 path=\"/usr/bin/server\" build_id=00ff10\n"
	"symbol 1:0x100 function=\"inner\" file=\"/src/cache.c\" line=40\n"
	"symbol 1:0x100 function=\"get\" file=\"/src/cache.c\" line=44\n"
	"symbol 1:0x110 function=\"put\" file=\"/src/cache.c\" line=52\n"
	"symbol 1:0x300! function=\"worker\" file=\"/src/main.c\" line=10\n"
	"data 1:0x9000 name=\"cache_lock\" file=\"/src/cache.c\" line=12\n"
	"stack get 1:0x100 1:0x120\n"
	"stack put 1:0x110 1:0x120 stop:1\n"
	"chunk slot=0 thread=1 tid=100 base=1000000\n"
	"thread_begin @1000000 thread=1 tid=100\n"
	"thread_create @1050000 child=2 stack=put routine=1:0x300\n"
	"wait @2500000 op=sleep dur=1000000 stack=put result=-4\n"
	"opstat @3900000 op=sleep count=3 total=1000100 max=1000000\n"
	"thread_end +0\n"
	"chunk slot=1 thread=2 tid=101 base=1100000\n"
	"thread_begin @1100000 thread=2 tid=101 parent=1 routine=1:0x300\n"
	"thread_name @1100000 thread=2 name_lo=0x0a2d72656b726f77 name_hi=0\n"
	"object @1200000 op=mutex object=lock data=1:0x9000\n"
	"wait @1200000 op=mutex dur=100000 wake_ago=5000 object=lock stack=get waker=1 "
	"waker_stack=put owner=100\n"
	"tally @3400000 op=mutex object=lock stack=get count=50 total=20000 max=2000\n"
	"lost @3450000 count=7 span=1000 thread=2\n"
	"fd @3460000 fd=3 name=200\n";

static struct ctr_trace *open_small(const struct ctr_options *o)
{
	struct ctr_trace *t;
	char why[256] = "";

	t_make(t_path("small.ctrace"), small);
	if (ctr_open(t_path("small.ctrace"), o, &t, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	return t;
}

static uint32_t thread_of(struct ctr_trace *t, uint32_t tid)
{
	uint32_t i;

	for (i = 0; i < ctr_threads(t); i++)
		if (ctr_thread_tid(t, i) == tid)
			return i;
	fail_msg("no thread %u", tid);
	return CTR_NONE;
}

static void tells_rows(void **state)
{
	const struct ctr_options o = {sizeof(o), 0, 0, CTR_OPEN_NO_FILES, 0};
	struct ctr_trace *t = open_small(&o);
	uint32_t first = thread_of(t, 100), worker = thread_of(t, 101), i, lock = CTR_NONE;
	uint64_t waits = 0, ns = 0, frames[CTR_STACK_MAX];
	uint32_t stack = 0;

	(void)state;
	assert_int_equal(ctr_api_version(), CTR_API_VERSION);
	assert_int_equal(ctr_start_mono_ns(t), 1000000);
	assert_int_equal(ctr_start_real_ns(t), 1700000000000000000);
	assert_int_equal(ctr_from_ns(t), 0);
	assert_int_equal(ctr_short_wait_ns(t), 5000);
	assert_int_equal(ctr_short_call_ns(t), 20000);
	assert_true(ctr_complete(t));
	assert_false(ctr_live(t));
	assert_false(ctr_switches(t));

	assert_int_equal(ctr_processes(t), 1);
	assert_int_equal(ctr_process_pid(t, 0), 100);
	assert_int_equal(ctr_process_parent_pid(t, 0), 1);
	assert_string_equal(ctr_process_exe(t, 0), "/usr/bin/server");
	assert_string_equal(ctr_process_cmdline(t, 0), "server -t 2");
	assert_int_equal(ctr_process_exit(t, 0), 256);
	assert_int_equal(ctr_process_end_ns(t, 0), 3000000);

	assert_int_equal(ctr_threads(t), 2);
	assert_true(ctr_thread_is_main(t, first));
	assert_string_equal(ctr_thread_name(t, first), "main");
	/* safe to print: its last byte is a newline */
	assert_string_equal(ctr_thread_name(t, worker), "worker-?");
	assert_ptr_equal(ctr_thread_name(t, worker), ctr_thread_name(t, worker));
	assert_string_equal(ctr_thread_start(t, worker), "worker");
	assert_int_equal(ctr_thread_parent(t, worker), first);
	assert_int_equal(ctr_thread_parent(t, first), CTR_NONE);
	assert_int_equal(ctr_thread_serial(t, worker), 2);
	assert_int_equal(ctr_thread_begin_ns(t, worker), 100000);
	assert_true(ctr_thread_ended(t, first));
	assert_int_equal(ctr_thread_end_ns(t, first), 2900000);
	assert_int_equal(ctr_thread_by_tid(t, 101, 500000), worker);
	assert_int_equal(ctr_thread_by_tid(t, 99, UINT64_MAX), CTR_NONE);

	for (i = 0; i < ctr_sums(t); i++) {
		if (ctr_sum_reason(t, i) != CTR_REASON_CONTENTION)
			continue;
		assert_int_equal(ctr_sum_thread(t, i), worker);
		lock = ctr_sum_object(t, i);
		stack = ctr_sum_stack(t, i);
		waits += ctr_sum_waits(t, i);
		ns += ctr_sum_ns(t, i);
		assert_int_equal(ctr_sum_short_waits(t, i), 50);
		assert_int_equal(ctr_sum_short_ns(t, i), 20000);
		assert_int_equal(ctr_sum_max_ns(t, i), 100000);
	}
	assert_int_equal(waits, 51);
	assert_int_equal(ns, 120000);
	assert_string_equal(ctr_object_name(t, lock), "cache_lock in cache.c:12");
	assert_int_equal(ctr_object_kind(t, lock), CTR_KIND_MUTEX);
	assert_string_equal(ctr_kind_name(ctr_object_kind(t, lock)), "mutex");
	assert_int_equal(ctr_object_same(t, lock), lock);

	assert_int_equal(ctr_stack(t, stack, frames, CTR_STACK_MAX), 2);
	assert_int_equal(ctr_stack(t, stack, frames, 1), 1);
	assert_false(ctr_stack_cut(t, stack));
	assert_true(ctr_stack_cut(t, ctr_thread_create_stack(t, worker)));
	assert_int_equal(ctr_stack(t, ctr_thread_create_stack(t, worker), frames, 9), 2);
	assert_string_equal(ctr_stack_site(t, stack), "inner (cache.c:40)");
	ctr_stack(t, stack, frames, 1);
	assert_int_equal(ctr_frame_lines(t, frames[0]), 2);
	assert_string_equal(ctr_frame_function(t, frames[0], 0), "inner");
	assert_string_equal(ctr_frame_function(t, frames[0], 1), "get");
	assert_null(ctr_frame_function(t, frames[0], 2));
	assert_string_equal(ctr_frame_file(t, frames[0], 1), "/src/cache.c");
	assert_int_equal(ctr_frame_line(t, frames[0], 1), 44);
	assert_string_equal(ctr_frame_module(t, frames[0]), "/usr/bin/server");
	assert_string_equal(ctr_frame_build_id(t, frames[0]), "00ff10");
	assert_int_equal(ctr_frame_offset(t, frames[0]), 0x100);
	assert_string_equal(ctr_frame_name(t, frames[0]), "get (cache.c:44)");

	assert_int_equal(ctr_calls(t), 1);
	assert_int_equal(ctr_call_thread(t, 0), first);
	assert_string_equal(ctr_op_name(ctr_call_op(t, 0)), "sleep");
	assert_int_equal(ctr_call_count(t, 0), 3);
	assert_int_equal(ctr_call_ns(t, 0), 1000100);
	assert_int_equal(ctr_call_recorded(t, 0), 1);
	ctr_close(t);
}

static void walks_in_order(void **state)
{
	struct ctr_trace *t = open_small(NULL);
	uint32_t worker = thread_of(t, 101), first = thread_of(t, 100);
	uint64_t last = 0, blocked = 0, woken = 0, value = 0, lives[2] = {0, 0};
	unsigned kinds[5] = {0}, round;
	struct ctr_walk *w;

	(void)state;
	assert_int_equal(ctr_walk_open(t, "thread_create,lost,fd", &w), 0);
	for (round = 0; round < 2; round++, ctr_walk_rewind(w), last = 0)
		while (ctr_walk_next(w) == 1) {
			assert_true(ctr_item_ns(w) >= last);
			last = ctr_item_ns(w);
			kinds[ctr_item_kind(w)]++;
			if (ctr_item_kind(w) == CTR_ITEM_STATE)
				lives[ctr_item_thread(w) == worker] +=
					ctr_item_end_ns(w) - ctr_item_ns(w);
			if (ctr_item_wait(w) && ctr_item_thread(w) == worker) {
				*(ctr_item_state(w) == CTR_STATE_BLOCKED ? &blocked : &woken) +=
					ctr_item_end_ns(w) - ctr_item_ns(w);
				assert_int_equal(ctr_item_waker(w), first);
				assert_string_equal(ctr_stack_site(t, ctr_item_waker_stack(w)),
						    "put (cache.c:52)");
				assert_int_equal(ctr_item_owner_tid(w), 100);
				assert_string_equal(ctr_object_name(t, ctr_item_object(w)),
						    "cache_lock in cache.c:12");
				assert_int_equal(ctr_item_reason(w), CTR_REASON_CONTENTION);
				assert_int_equal(ctr_item_cpu(w), -1);
			} else if (ctr_item_wait(w)) {
				assert_int_equal(ctr_item_result(w), -4);
				assert_string_equal(ctr_op_label(ctr_item_op(w)), "sleep");
			}
			if (ctr_item_kind(w) != CTR_ITEM_RECORD) {
				assert_null(ctr_item_record(w));
				assert_int_equal(ctr_item_field(w, "child", &value),
						 CTR_ERR_ARGUMENT);
			} else if (!strcmp(ctr_item_record(w), "thread_create")) {
				assert_int_equal(ctr_item_field(w, "child", &value), 0);
				assert_int_equal(value, worker);
				assert_int_equal(ctr_item_field(w, "result", &value), 0);
				assert_int_equal(value, 0);
				assert_int_equal(ctr_item_field(w, "no", &value), CTR_ERR_ARGUMENT);
				assert_non_null(strstr(ctr_error(t), "no field no"));
			} else if (!strcmp(ctr_item_record(w), "lost")) {
				assert_int_equal(ctr_item_field(w, "span", &value), 0);
				assert_int_equal(value, 1000);
			} else {
				assert_string_equal(ctr_item_field_text(w, "name"), "/etc/motd");
				assert_null(ctr_item_field_text(w, "fd"));
			}
		}
	assert_int_equal(kinds[CTR_ITEM_BEGIN], 2 * 2);
	assert_int_equal(kinds[CTR_ITEM_END], 2 * 2);
	assert_int_equal(kinds[CTR_ITEM_RECORD], 2 * 3);
	assert_int_equal(blocked, 2 * 95000);
	assert_int_equal(woken, 2 * 5000);
	/* the states of a thread add up to its life */
	assert_int_equal(lives[0], 2 * 2900000);
	assert_int_equal(ctr_item_kind(w), 0);
	assert_int_equal(ctr_item_thread(w), CTR_NONE);
	ctr_walk_close(w);
	ctr_walk_close(NULL);
	ctr_close(t);
}

static void looks_at_a_part(void **state)
{
	const struct ctr_options o = {sizeof(o), 150000, 1000000, 0, 0};
	struct ctr_trace *t = open_small(&o);
	struct ctr_walk *w;

	(void)state;
	assert_int_equal(ctr_from_ns(t), 150000);
	assert_int_equal(ctr_to_ns(t), 1000000);
	assert_int_equal(ctr_walk_open(t, "*", &w), 0);
	while (ctr_walk_next(w) == 1) {
		assert_in_range(ctr_item_ns(w), 150000, 1000000);
		assert_in_range(ctr_item_end_ns(w), 150000, 1000000);
	}
	ctr_walk_close(w);
	ctr_close(t);
}

static void tells_losses(void **state)
{
	struct ctr_trace *t = open_small(NULL);
	uint32_t i, found = 0;

	(void)state;
	for (i = 0; i < ctr_losses(t); i++) {
		assert_int_equal(ctr_loss_thread(t, i), thread_of(t, 101));
		assert_int_equal(ctr_loss_records(t, i), 7);
		assert_int_equal(ctr_loss_from_ns(t, i), 2449000);
		assert_int_equal(ctr_loss_to_ns(t, i), 2450000);
		assert_string_equal(ctr_loss_name(t, i), "no_chunk");
		found++;
	}
	assert_int_equal(found, 1);
	assert_int_equal(ctr_lost(t), 7);
	for (i = found = 0; i < ctr_notes(t); i++)
		found += strstr(ctr_note(t, i), "lost: 7 records") != NULL;
	assert_int_equal(found, 1);
	assert_null(ctr_note(t, ctr_notes(t)));
	ctr_close(t);
}

static void refuses(void **state)
{
	struct {
		struct ctr_options o;
		uint64_t later[4]; /* members this library does not know */
	} future = {CTR_OPTIONS_INIT, {1, 2, 3, 4}};
	struct ctr_options o = CTR_OPTIONS_INIT;
	struct ctr_trace *t = (struct ctr_trace *)&o;
	struct ctr_walk *w;
	char why[256];

	(void)state;
	errno = 0;
	assert_int_equal(ctr_open(t_path("nothing"), NULL, &t, why, sizeof(why)), CTR_ERR_FILE);
	assert_int_equal(errno, ENOENT);
	assert_null(t);
	assert_non_null(strstr(why, "nothing: No such file"));
	assert_null(strchr(why, '\n'));
	assert_int_equal(ctr_open("/proc/self/exe", NULL, &t, NULL, 0), CTR_ERR_FOREIGN);
	t_make(t_path("newer.ctrace"), "ctrace 1\nheader major=200\n");
	assert_int_equal(ctr_open(t_path("newer.ctrace"), NULL, &t, why, sizeof(why)),
			 CTR_ERR_NEWER);
	assert_int_equal(ctr_open(NULL, NULL, &t, why, sizeof(why)), CTR_ERR_ARGUMENT);
	o.flags = 1u << 31;
	assert_int_equal(ctr_open("x", &o, &t, why, sizeof(why)), CTR_ERR_ARGUMENT);
	o = (struct ctr_options){sizeof(o), 9, 8, 0, 0};
	assert_int_equal(ctr_open("x", &o, &t, why, sizeof(why)), CTR_ERR_ARGUMENT);

	future.o.size = sizeof(future);
	t = open_small(&future.o);
	assert_string_equal(ctr_error(t), "");
	assert_int_equal(ctr_walk_open(t, "wake,nonsense", &w), CTR_ERR_ARGUMENT);
	assert_null(w);
	assert_string_equal(ctr_error(t), "ctr_walk_open: no record is called nonsense");
	assert_int_equal(ctr_walk_open(t, "wait", &w), CTR_ERR_ARGUMENT);
	assert_int_equal(ctr_walk_open(t, "", &w), CTR_ERR_ARGUMENT);
	assert_int_equal(ctr_walk_open(t, "a name that is longer than any that there is", &w),
			 CTR_ERR_ARGUMENT);
	ctr_close(t);
	ctr_close(NULL);
}

/* Whatever is asked for: no crash, and none of it is there. */
static void answers_anything(void **state)
{
	static const uint32_t rows[] = {2, 1000, UINT32_MAX - 1, UINT32_MAX};
	struct ctr_trace *t = open_small(NULL);
	uint64_t frames[CTR_STACK_MAX], frame;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t r = rows[i] == 2 ? ctr_objects(t) + ctr_sums(t) : rows[i];

		frame = (uint64_t)r << 48 | r;
		assert_int_equal(ctr_process_pid(t, r), 0);
		assert_null(ctr_process_exe(t, r));
		assert_int_equal(ctr_process_exit(t, r), -1);
		assert_int_equal(ctr_process_end_ns(t, r), UINT64_MAX);
		assert_int_equal(ctr_thread_tid(t, r), 0);
		assert_int_equal(ctr_thread_process(t, r), CTR_NONE);
		assert_int_equal(ctr_thread_parent(t, r), CTR_NONE);
		assert_string_equal(ctr_thread_name(t, r), "");
		assert_string_equal(ctr_thread_start(t, r), "");
		assert_string_equal(ctr_object_name(t, r), "");
		assert_int_equal(ctr_object_kind(t, r), CTR_KIND_OTHER);
		assert_int_equal(ctr_object_same(t, r), CTR_NONE);
		assert_int_equal(ctr_sum_thread(t, r), CTR_NONE);
		assert_int_equal(ctr_sum_object(t, r), CTR_NONE);
		assert_int_equal(ctr_sum_reason(t, r), CTR_REASON_UNKNOWN);
		assert_int_equal(ctr_sum_waits(t, r), 0);
		assert_int_equal(ctr_call_thread(t, r), CTR_NONE);
		assert_int_equal(ctr_stack(t, 1000000 + r / 2, frames, CTR_STACK_MAX), 0);
		assert_string_equal(ctr_stack_site(t, 1000000 + r / 2), "");
		assert_int_equal(ctr_frame_lines(t, frame), 0);
		assert_null(ctr_frame_module(t, frame));
		assert_null(ctr_frame_build_id(t, frame));
		assert_non_null(ctr_frame_name(t, frame));
		assert_int_equal(ctr_loss_thread(t, r), CTR_NONE);
		assert_null(ctr_loss_name(t, r));
		assert_null(ctr_loss_text(t, r));
		assert_null(ctr_op_name(r | 128));
		assert_string_equal(ctr_kind_name((enum ctr_kind)(r | 128)), "other");
		assert_string_equal(ctr_reason_name((enum ctr_reason)(r | 128)), "unknown");
		assert_string_equal(ctr_state_name((enum ctr_state)(r | 128)), "unknown");
	}
	assert_int_equal(ctr_stack(t, 0, frames, CTR_STACK_MAX), 0);
	assert_string_equal(ctr_stack_site(t, 0), "");
	ctr_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_rows),	   cmocka_unit_test(walks_in_order),
		cmocka_unit_test(looks_at_a_part), cmocka_unit_test(tells_losses),
		cmocka_unit_test(refuses),	   cmocka_unit_test(answers_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
