/*
 * Every export goes through the timeline: an item that comes too early, twice or not at all is a wrong arrow or a refused file in somebody
 * else's viewer.
 */
#include "traces.h"

#include "model/timeline.h"

/* The worker of tests/trace/views-states.ctt, with a switch for each corner, and a main thread that waits for it. */
static const char worked_out[] =
	"ctrace 1\n"
	"header start_mono_ns=1000000 end_mono_ns=2000000 wait_threshold_ticks=5000 "
	"call_threshold_ticks=20000\n"
	"process 0 pid=100 begin=1000000 end=2000000 flags=7 state=3\n"
	"symbol 0x10 function=\"work\" file=\"w.c\" line=7\n"
	"stack work 0x10\n"
	"chunk slot=0 thread=1 tid=100 base=1000000\n"
	"thread_begin @1000000 thread=1 tid=100\n"
	"thread_create @1000100 child=2 stack=work routine=0x10\n"
	"wake @1150000 op=mutex object=lock stack=work\n"
	"wait @1950000 op=join dur=900000 object=2 stack=work\n"
	"thread_end @1960000\n" T_WORKER;

static struct ct_timeline *timeline(struct ct_trace *t, const struct ct_model_options *window,
				    const struct ct_timeline_options *o, struct ct_model **m)
{
	struct ct_timeline *tl;

	assert_int_equal(ct_model_build(t, window, NULL, NULL, m), 0);
	assert_int_equal(ct_timeline_build(t, *m, o, NULL, NULL, &tl), 0);
	return tl;
}

static const struct ct_model_options all = {.to_ticks = UINT64_MAX};

static struct ct_trace *named; /* whose strings names are */

static void print_note(FILE *f, const struct ct_timeline_note *n)
{
	const char *name = ct_trace_string(named, n->name);

	fprintf(f, " %s of %x.%x", name ? name : "-", (unsigned)(n->task >> 32), (unsigned)n->task);
	if (n->text)
		fprintf(f, ": %s (%u)", n->text, n->bytes);
	else
		fprintf(f, " %llu-%llu", (unsigned long long)n->begin, (unsigned long long)n->end);
	if (n->flags)
		fprintf(f, " flags %x", n->flags);
}

static void print(FILE *f, const struct ct_model *m, const struct ct_timeline_item *i)
{
	static const char *const kinds[] = {"begin",	 "state",  "record",	  "end", "task",
					    "task ends", "region", "region ends", "log"};
	unsigned serial =
		i->thread == CT_NONE ? 0 : (unsigned)ct_model_thread_at(m, i->thread)->serial;

	fprintf(f, "%llu %u %s", (unsigned long long)i->ticks / 1000, serial, kinds[i->kind]);
	if (i->kind == CT_TIMELINE_STATE)
		fprintf(f, " %s to %llu", ct_state_name((enum ct_state)i->state),
			(unsigned long long)i->to / 1000);
	if (i->kind == CT_TIMELINE_STATE && i->wait)
		fprintf(f, " wait %u %s by %u", i->wait, ct_op_key(i->op), i->waker);
	if (i->kind == CT_TIMELINE_RECORD)
		fprintf(f, " %u", i->record->type);
	if (i->kind >= CT_TIMELINE_TASK_BEGIN)
		print_note(f, i->note);
	if (i->kind == CT_TIMELINE_END && !i->ended)
		fputs(" not seen", f);
	fputc('\n', f);
}

static void in_order(void **state)
{
	static const struct ct_timeline_options o = {.events = 1ull << CT_EV_thread_create |
							       1ull << CT_EV_wake};
	static const char expected[] = "1000 1 begin\n"
				       "1000 2 begin\n"
				       "1000 1 state awake to 1050\n"
				       "1000 2 state running to 1095\n"
				       "1000 1 record 10\n"
				       "1050 1 state blocked to 1900 wait 1 join by 2\n"
				       "1095 2 state running to 1100 wait 1 mutex by 1\n"
				       "1100 2 state blocked to 1150 wait 1 mutex by 1\n"
				       "1150 2 state woken to 1190 wait 1 mutex by 1\n"
				       "1150 1 record 2\n"
				       "1190 2 state running to 1200 wait 1 mutex by 1\n"
				       "1200 2 state running to 1300\n"
				       "1300 2 state preempted to 1350\n"
				       "1350 2 state running to 1718\n"
				       "1718 2 state system_call to 1800 wait 2 read by 0\n"
				       "1800 2 state running to 1900\n"
				       "1900 1 state woken to 1950 wait 1 join by 2\n"
				       "1900 2 end\n"
				       "1950 1 state awake to 1960\n"
				       "1960 1 end\n";
	struct ct_timeline_item item;
	struct ct_timeline *tl;
	struct ct_trace *t;
	struct ct_model *m;
	char *text;
	size_t size;
	FILE *f;
	int turn;

	(void)state;
	t_make(t_path("worked"), worked_out);
	t = t_open(t_path("worked"));
	tl = timeline(t, &all, &o, &m);
	for (turn = 0; turn < 2; turn++) {
		f = open_memstream(&text, &size);
		while (ct_timeline_next(tl, &item))
			print(f, m, &item);
		fclose(f);
		assert_string_equal(text, expected);
		free(text);
		ct_timeline_rewind(tl);
	}
	ct_timeline_free(tl);
	ct_model_free(m);
	ct_trace_close(t);
}

/* The one state that has no room among the others: it came out as running, seen by nobody. */
static void stopped(void **state)
{
	static const char text[] =
		"ctrace 1\nheader start_mono_ns=1000000 end_mono_ns=6000000\n"
		"process 0 pid=100 begin=1000000 end=6000000 flags=7\n"
		"chunk slot=0 thread=1 tid=100 base=1000000\nthread_begin @1000000 thread=1 "
		"tid=100\n"
		"wait @1500000 op=mutex dur=300000 object=lock owner=7\n"
		"recording @2000000\nrecording @4000000 on=1\n"
		"wait @5000000 op=mutex dur=300000 object=lock owner=7\nthread_end @6000000\n";
	static const struct ct_timeline_options o = {0};
	static const uint8_t expected[] = {CT_STATE_AWAKE,  CT_STATE_BLOCKED, CT_STATE_AWAKE,
					   CT_STATE_PAUSED, CT_STATE_AWAKE,   CT_STATE_BLOCKED,
					   CT_STATE_AWAKE};
	struct ct_timeline_item item;
	struct ct_timeline *tl;
	struct ct_trace *t;
	struct ct_model *m;
	size_t n = 0;

	(void)state;
	t_make(t_path("stopped"), text);
	t = t_open(t_path("stopped"));
	tl = timeline(t, &all, &o, &m);
	while (ct_timeline_next(tl, &item)) {
		if (item.kind != CT_TIMELINE_STATE)
			continue;
		assert_true(n < sizeof(expected));
		assert_int_equal(item.state, expected[n++]);
		assert_int_equal(item.source, CT_SOURCE_WAITS);
		assert_int_equal(item.owner, item.wait ? 7 : 0);
	}
	assert_int_equal(n, sizeof(expected));
	ct_timeline_free(tl);
	ct_model_free(m);
	ct_trace_close(t);
}

static bool only_row_1(void *arg, uint32_t row)
{
	(void)arg;
	return row == 1;
}

/* --- what the program said of itself ------------------------------------------------------------------------------------------- */

/* Of thread 1: a region that never ends in one that does, a message in two pieces; of thread 2: two regions that cross, one whose beginning is lost. */
static const char said[] =
	"ctrace 1\nheader start_mono_ns=1000 end_mono_ns=9000\n"
	"process 0 pid=100 begin=1000 end=9000 flags=7\n"
	"chunk slot=0 thread=1 tid=100 base=1000\nthread_begin @1000 thread=1 tid=100\n"
	"task_begin @2000 task=0x100000001 name=\"request\"\n"
	"region_begin @2000 name=\"handle\" task=0x100000001\n"
	"log @2500 category=\"apm\" bytes=75 "
	"text=\"123456789a123456789b123456789c123456789d123456789e123456789f123456789g12\"\n"
	"text @2500 at=72 text=\"3.5\"\n"
	"region_begin @3000 name=\"never\"\n"
	"wait @4000 op=sleep dur=1000\n"
	"region_end @4000 dur=2000 name=\"handle\" task=0x100000001\n"
	"region_begin @4000 name=\"next\"\nregion_end @4000 dur=0 name=\"next\"\n"
	"thread_end @8000\n"
	"chunk slot=1 thread=2 tid=101 base=1500\nthread_begin @1500 thread=2 tid=101\n"
	"region_end @2200 dur=1000 name=\"lost\"\n"
	"region_begin @3000 name=\"outer\" task=0x100000002\n"
	"region_begin @3500 name=\"crosses\"\n"
	"task_end @5000 task=0x100000001\n"
	"region_end @5000 dur=2000 name=\"outer\" task=0x100000002\n"
	"region_end @6000 dur=2500 name=\"crosses\"\n"
	"thread_end @7000\n";

static char *told(const struct ct_model_options *window, const struct ct_timeline_options *o)
{
	struct ct_timeline_item item;
	struct ct_timeline *tl;
	struct ct_model *m;
	char *text[2];
	size_t size;
	FILE *f;
	int turn;

	t_make(t_path("said"), said);
	named = t_open(t_path("said"));
	tl = timeline(named, window, o, &m);
	for (turn = 0; turn < 2; turn++) {
		f = open_memstream(&text[turn], &size);
		while (ct_timeline_next(tl, &item))
			if (item.kind >= CT_TIMELINE_TASK_BEGIN)
				print(f, m, &item);
		fclose(f);
		ct_timeline_rewind(tl);
	}
	assert_string_equal(text[0], text[1]);
	free(text[1]);
	ct_timeline_free(tl);
	ct_model_free(m);
	ct_trace_close(named);
	return text[0];
}

static void said_in_order(void **state)
{
	static const struct ct_timeline_options o = {.notes = true};
	char *text = told(&all, &o);

	(void)state;
	assert_string_equal(
		text,
		"1 2 region lost of 0.0 1500-2200 flags 102\n"
		"2 1 task request of 1.1 2000-5000\n"
		"2 1 region handle of 1.1 2000-4000\n"
		"2 2 region ends lost of 0.0 1500-2200 flags 102\n"
		"2 1 log apm of 1.1: "
		"123456789a123456789b123456789c123456789d123456789e123456789f123456789g123.5 (75)\n"
		"3 0 task - of 1.2 3000-9000 flags 3\n"
		"3 1 region never of 1.1 3000-4000 flags 5\n"
		"3 2 region outer of 1.2 3000-5000\n"
		"3 2 region crosses of 1.2 3500-6000 flags c\n"
		"4 1 region ends never of 1.1 3000-4000 flags 5\n"
		"4 1 region ends handle of 1.1 2000-4000\n"
		"4 1 region next of 0.0 4000-4000\n"
		"4 1 region ends next of 0.0 4000-4000\n"
		"5 2 region ends outer of 1.2 3000-5000\n"
		"5 2 task ends request of 1.1 2000-5000\n"
		"6 2 region ends crosses of 1.2 3500-6000 flags c\n"
		"9 0 task ends - of 1.2 3000-9000 flags 3\n");
	free(text);
}

/* A window in which nothing begins and nothing ends, and one thread alone. */
static void said_in_part(void **state)
{
	static const struct ct_model_options window = {.from_ticks = 3600, .to_ticks = 3700};
	static const struct ct_timeline_options o = {.notes = true, .shows = only_row_1};
	char *text = told(&window, &o);

	(void)state;
	assert_string_equal(text, "3 0 task request of 1.1 3600-3700 flags 300\n"
				  "3 0 task - of 1.2 3600-3700 flags 303\n"
				  "3 2 region outer of 1.2 3600-3700 flags 300\n"
				  "3 2 region crosses of 1.2 3600-3700 flags 30c\n"
				  "3 2 region ends outer of 1.2 3600-3700 flags 300\n"
				  "3 2 region ends crosses of 1.2 3600-3700 flags 30c\n"
				  "3 0 task ends request of 1.1 3600-3700 flags 300\n"
				  "3 0 task ends - of 1.2 3600-3700 flags 303\n");
	free(text);
}

/* A window and a choice of threads: lives begin and end at its ends, and a wait that ends after it is told all the same. */
static void cut(void **state)
{
	static const struct ct_model_options window = {.from_ticks = 1120000, .to_ticks = 1180000};
	static const struct ct_timeline_options o = {.events = 1ull << CT_EV_wake,
						     .shows = only_row_1};
	struct ct_timeline_item item;
	struct ct_timeline *tl;
	struct ct_trace *t;
	struct ct_model *m;

	(void)state;
	t_make(t_path("cut"), worked_out);
	t = t_open(t_path("cut"));
	tl = timeline(t, &window, &o, &m);
	assert_int_equal(ct_model_thread_at(m, 1)->serial, 2);
	assert_true(ct_timeline_next(tl, &item));
	assert_int_equal(item.kind, CT_TIMELINE_BEGIN);
	assert_int_equal(item.ticks, 1120000);
	assert_true(ct_timeline_next(tl, &item));
	assert_int_equal(item.state, CT_STATE_BLOCKED);
	assert_int_equal(item.op, CT_OP_mutex);
	assert_int_equal(item.cell, CT_NONE);
	assert_int_not_equal(item.stack, 0);
	while (ct_timeline_next(tl, &item))
		assert_int_equal(item.thread, 1);
	assert_int_equal(item.kind, CT_TIMELINE_END);
	assert_int_equal(item.ticks, 1180000);
	assert_false(item.ended);
	ct_timeline_free(tl);
	ct_model_free(m);
	ct_trace_close(t);
}

/* --- random lives: the timeline is what states.h says, no more and no less ------------------------------------------------------ */

#define THREADS 40u
#define WAITS	300u

static void make_random(const char *path, uint64_t seed)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint32_t i, k;

	fputs("ctrace 1\nheader start_mono_ns=1000 end_mono_ns=900000000\n"
	      "process 0 pid=100 begin=1000 flags=7 state=3\n"
	      "symbol 0x10 function=\"work\" file=\"w.c\" line=7\nstack work 0x10\n",
	      f);
	for (i = 1; i <= THREADS; i++) {
		uint64_t at = 1000 + t_random(&seed) % 100000;

		fprintf(f, "chunk slot=%u thread=%u tid=%u base=%llu\n", i, i, 99 + i,
			(unsigned long long)at);
		fprintf(f, "thread_begin @%llu thread=%u tid=%u\n", (unsigned long long)at, i,
			99 + i);
		for (k = 0; k < WAITS; k++) {
			uint64_t dur = t_random(&seed) % (k % 16 ? 3000 : 3000000), r;

			r = t_random(&seed);
			at += dur + r % 4 * (t_random(&seed) % 5000);
			fprintf(f, "wait @%llu op=%s dur=%llu wake_ago=%llu object=%llu stack=%s",
				(unsigned long long)at,
				r & 16	 ? "mutex"
				: r & 32 ? "sem"
					 : "read",
				(unsigned long long)dur, (unsigned long long)(dur * (r % 5) / 5),
				(unsigned long long)(4096 + 64 * (r >> 8 & 7)),
				r & 64 ? "work" : "0");
			if (r & 128)
				fprintf(f, " waker=%llu waker_stack=work",
					(unsigned long long)(1 + (r >> 16) % THREADS));
			fprintf(f, " owner=%llu result=%lld\n", (unsigned long long)(r >> 24 & 127),
				(long long)(int8_t)(r >> 40));
			if (r >> 48 & 1)
				fprintf(f, "wake @%llu op=sem object=%llu stack=work all=%llu\n",
					(unsigned long long)at,
					(unsigned long long)(4096 + 64 * (r >> 56 & 7)),
					(unsigned long long)(r >> 49 & 1));
		}
	}
	fclose(f);
	t_make(path, text);
	free(text);
}

/* What states.h told of one thread. */
struct spans {
	struct ct_span *rows;
	struct ct_record *records;
	size_t n, room, next;
};

static void keep(void *arg, const struct ct_span *s)
{
	struct spans *k = (struct spans *)arg + s->thread;

	if (k->n == k->room) {
		k->room = k->room * 2 + 64;
		k->rows = realloc(k->rows, k->room * sizeof(*k->rows));
		k->records = realloc(k->records, k->room * sizeof(*k->records));
		assert_non_null(k->rows);
		assert_non_null(k->records);
	}
	k->rows[k->n] = *s;
	if (s->record)
		k->records[k->n] = *s->record;
	k->n++;
}

static void check_state(struct spans *k, const struct ct_timeline_item *i)
{
	const struct ct_span *s = &k->rows[k->next];
	const struct ct_record *r = &k->records[k->next];

	assert_true(k->next < k->n);
	k->next++;
	assert_int_equal(i->ticks, s->from);
	assert_int_equal(i->to, s->to);
	assert_int_equal(i->state, s->state);
	assert_int_equal(i->source, s->source);
	assert_int_equal(i->wait, s->wait);
	assert_int_equal(i->waker, s->waker);
	assert_int_equal(i->waker_stack, s->waker_stack);
	assert_int_equal(i->cell, s->cell);
	assert_int_equal(i->op, s->op);
	assert_int_equal(i->stack, s->stack);
	assert_int_equal(i->result, s->record ? (int64_t)r->v[CT_F_wait_result] : 0);
	assert_int_equal(i->owner, s->record ? r->v[CT_F_wait_owner] : 0);
	assert_int_equal(i->open, s->wait && !s->record);
}

static void nothing_added_nothing_lost(void **state)
{
	static const struct ct_timeline_options o = {.events = 1ull << CT_EV_wake};
	struct ct_timeline_item item;
	struct spans *spans = calloc(THREADS + 2, sizeof(*spans));
	struct ct_timeline *tl;
	struct ct_states *st;
	struct ct_trace *t;
	struct ct_model *m;
	uint64_t last = 0, records = 0, wakes = 0;
	uint32_t i;

	(void)state;
	assert_non_null(spans);
	make_random(t_path("random"), 42);
	t = t_open(t_path("random"));
	tl = timeline(t, &all, &o, &m);
	wakes = m->events[CT_EV_wake];
	assert_true(wakes > 1000);
	assert_int_equal(m->threads.count, THREADS);
	assert_int_equal(ct_states_build(t, m, keep, spans, NULL, NULL, &st), 0);
	while (ct_timeline_next(tl, &item)) {
		assert_true(item.ticks >= last);
		last = item.ticks;
		if (item.kind == CT_TIMELINE_STATE)
			check_state(&spans[item.thread], &item);
		records += item.kind == CT_TIMELINE_RECORD;
	}
	assert_int_equal(records, wakes);
	for (i = 0; i < THREADS; i++) {
		assert_true(spans[i].n > WAITS);
		assert_int_equal(spans[i].next, spans[i].n);
		free(spans[i].rows);
		free(spans[i].records);
	}
	free(spans);
	ct_states_free(st);
	ct_timeline_free(tl);
	ct_model_free(m);
	ct_trace_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),	 cmocka_unit_test(stopped),
		cmocka_unit_test(said_in_order), cmocka_unit_test(said_in_part),
		cmocka_unit_test(cut),		 cmocka_unit_test(nothing_added_nothing_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
