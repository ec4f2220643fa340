/*
 * Tests are written in the text form and people read it, so it must not lie: what it prints is the whole trace, what it reads back
 * is the same trace, and a slip of the pen is told with its line instead of being read as something else.
 */
#include "traces.h"

#include <unistd.h>

#include "file/words.h"
#include "read/dump.h"

static char *dump(const char *path)
{
	struct ct_trace *t = t_open(path);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(ct_trace_dump(t, out), 0);
	fclose(out);
	ct_trace_close(t);
	return text;
}

static void same_file_again(const char *path)
{
	const char *again = t_path("again.ctrace");
	char *text = dump(path), *text_again;
	uint8_t *a, *b;
	size_t a_size, b_size;

	t_make(again, text);
	text_again = dump(again);
	assert_string_equal(text, text_again);
	a = t_load(path, &a_size);
	b = t_load(again, &b_size);
	assert_int_equal(a_size, b_size);
	assert_memory_equal(a, b, a_size);
	free(a);
	free(b);
	free(text);
	free(text_again);
	unlink(again);
}

static void everything_comes_back(void **state)
{
	const char *path = t_path("a.ctrace");

	(void)state;
	t_make(path,
	       "ctrace 1\n"
	       "header policy=2 clock=1 tick_shift=2 ticks_per_second=750000000 start_mono_ns=7 "
	       "start_real_ns=8 end_mono_ns=90 wait_threshold_ns=5000 recorder_pid=9 "
	       "trace_id=00112233445566778899aabbccddeeff host=\"a b\" kernel=\"6\\\"1\" "
	       "version=\"1\"\n"
	       "sample ticks=1 mono_ns=2\nsample ticks=100 mono_ns=140\n"
	       "lost 0 count=5\nlost 4 count=1\n"
	       "string 1 \"first\"\nstring 11 \"with \\x01 and \\\"\"\n"
	       "process 0 pid=1 ppid=2 begin=3 end=4 exit=2147483648 exe=1 cmdline=11 glibc=131108 "
	       "flags=7 state=3\n"
	       "process 2 pid=5 forked_from=1\n"
	       "module 1 path=\"first\" build_id=00ff00 lo=0x1000 hi=0x2000 first_seen=4\n"
	       "node 1 frame=1:0x1200!\nnode 2 frame=stop:3 parent=1\nnode 9 frame=0x7fff1234 "
	       "parent=2\n"
	       "symbol 1:0x1200 function=\"f\" file=\"a.c\" line=1 flags=3\n"
	       "symbol 1:0x1200 function=\"g\"\n"
	       "data 1:0x1800 name=\"v\" function=\"f\" file=\"a.c\" line=2 offset=16\n"
	       "slot 3 process=2 tid=7 thread=4 parent=1 routine=1:0x1200 begin=5 "
	       "name=\"0123456789abcdef\" "
	       "lost=1 waits=2 op=epoll_wait object=5 start=6 owner=7 stack=9 site=0x99 "
	       "mutex=0x98\n"
	       "chunk slot=3 seq=5 process=2 thread=4 tid=7 base=50 mono=66 lost=2 epoch=9 "
	       "state=1\n"
	       "wait @60 op=recv dur=3 object=6 stack=9 result=-11\n"
	       "wait @55 plain op=cond dur=3 object=0x7fffffffffffffff mutex=0x1 flags=1\n"
	       "event40 @61 f1=5\nevent25 @61 f0=9 f11=18446744073709551615\n"
	       "end records=9 ticks=70 torn=5\n"
	       "chunk slot=4\n"
	       "chunk slot=5 base=100\n"
	       "thread_name @100 thread=4 name=\"tab\\x09\"\n"
	       "thread_name @100 thread=4 name_lo=1 name_hi=2\n"
	       "block\n"
	       "chunk slot=5\n");
	same_file_again(path);
	unlink(path);
}

/* What is made of `text` has these lines, and comes back. */
static void comes_back_with(const char *text, const char *line, const char *other)
{
	const char *path = t_path("c.ctrace");
	char *dumped;

	t_make(path, text);
	dumped = dump(path);
	assert_non_null(strstr(dumped, line));
	assert_non_null(strstr(dumped, other));
	free(dumped);
	same_file_again(path);
	unlink(path);
}

/* It has no line of its own, so it would not be there when what was printed is read. */
static void an_empty_string_is_none(void **state)
{
	(void)state;
	comes_back_with("ctrace 1\nprocess 0 pid=1 exe=\"\" cmdline=\"c\"\nprocess 1 pid=2 exe=2\n",
			"\nstring 1 \"c\"\nprocess 0 pid=1 cmdline=1\n",
			"\nprocess 1 pid=2 exe=2\n");
}

/* One that is there and counts for nothing is not read back as one that counts. */
static void a_build_id_of_no_length_comes_back(void **state)
{
	(void)state;
	comes_back_with(
		"ctrace 1\nmodule 0 build_id=00ff00 build_id_len=0\nmodule 1 build_id=00ff00\n",
		"\nmodule 0 build_id=00ff build_id_len=0\n",
		"\nmodule 1 build_id=00ff build_id_len=3\n");
}

/* Records of all events with random values, in slots of their own. */
static void random_records_come_back(void **state)
{
	const char *path = t_path("r.ctrace");
	static const struct ct_header header = {
		.policy = 1, .clock = 2, .ticks_per_second = 1000000000};
	static struct ct_builder b;
	const struct ct_chunk *one = &b.chunk;
	struct ct_stream *s;
	uint64_t seed = 4;
	uint32_t i;

	(void)state;
	assert_int_equal(ct_stream_create(path, &header, &s), 0);
	for (i = 0; i < 40; i++) {
		struct ct_record r;

		t_begin(&b, i % 5, i / 5, 1000 * (i + 1));
		do {
			unsigned k;

			memset(&r, 0, sizeof(r));
			r.type = (uint8_t)(1 + t_random(&seed) % 18);
			if (!ct_event_shapes[r.type].fields)
				continue;
			r.plain = t_random(&seed) % 9 == 0;
			r.ticks = b.ticks + t_random(&seed) % 100 -
				  (t_random(&seed) % 9 == 0 ? 50 : 0);
			for (k = 0; k < ct_event_shapes[r.type].fields; k++)
				r.v[k] = t_random(&seed) >> t_random(&seed) % 64;
			if (ct_event_shapes[r.type].field[0] & CT_FIELD_OP)
				r.v[0] &= 0xff;
		} while (ct_event_shapes[r.type].fields == 0 || ct_builder_add(&b, &r) == 0);
		ct_builder_seal(&b);
		assert_int_equal(ct_stream_chunks(s, &one, 1), 0);
	}
	assert_int_equal(ct_stream_finish(s, &header), 0);
	ct_stream_close(s);
	same_file_again(path);
	unlink(path);
}

/* What an arena still holds in its slots stands in chunks of the text, as ctrace-run would have written it. */
static void an_arena_becomes_a_file(void **state)
{
	const char *path = t_path("arena"), *made = t_path("made.ctrace");
	struct ct_builder b;
	struct t_arena a;
	struct ct_trace *t;
	struct ct_event *before, *after;
	size_t n, m, i;
	char *text;
	FILE *f = fopen(path, "wb");

	(void)state;
	t_arena_make(&a);
	t_begin(&b, 0, 4, 1000);
	t_thread(&b, 1000, 1);
	t_arena_chunk(&a, 0, &b, CT_CHUNK_OPEN);
	a.slot[0]->state = CT_SLOT_CLAIMED;
	a.slot[0]->thread = 1;
	a.slot[0]->tally[0] = (struct ct_tally){0x5000, 0, CT_OP_mutex, 7, 700, 200, 0};
	a.slot[2]->opstat[0].count = 2;
	a.slot[2]->opstat[0].bucket[1] = 2;
	assert_int_equal(fwrite(a.bytes, 1, a.size, f), a.size);
	fclose(f);
	t = t_open(path);
	before = t_records(t, CT_ORDER_TIME, NULL, &n);
	ct_trace_close(t);
	text = dump(path);
	t_make(made, text);
	t = t_open(made);
	after = t_records(t, CT_ORDER_TIME, NULL, &m);
	assert_int_equal(n, 4);
	assert_int_equal(n, m);
	for (i = 0; i < n; i++) {
		assert_int_equal(before[i].r.type, after[i].r.type);
		assert_int_equal(before[i].slot, after[i].slot);
		assert_memory_equal(before[i].r.v, after[i].r.v, sizeof(before[i].r.v));
	}
	ct_trace_close(t);
	free(before);
	free(after);
	free(text);
	unlink(path);
	unlink(made);
	t_arena_free(&a);
}

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "test:0: the first line must be: ctrace 1"},
		{"wait +1\n", "test:1: the first line must be: ctrace 1"},
		{"ctrace 2\n", "test:1: text form of another version"},
		{"ctrace 1\nfrobnicate\n", "test:2: unknown word: frobnicate"},
		{"ctrace 1\n\n# x\nwait +1 dure=3\n", "test:4: unknown or repeated word: dure"},
		{"ctrace 1\nwait\n", "test:2: a time is missing"},
		{"ctrace 1\nwait 5\n", "test:2: a time begins with +, - or @: 5"},
		{"ctrace 1\nwait +x\n", "test:2: not a time: +x"},
		{"ctrace 1\nwait +1 op=mutes\n", "test:2: not a value: mutes"},
		{"ctrace 1\nwait +1 stack=nowhere\n", "test:2: not a value: nowhere"},
		{"ctrace 1\nwait +1 dur=\"3\"\n", "test:2: a string where a number belongs: dur"},
		{"ctrace 1\nwait +1 dur=99999999999999999999\n",
		 "test:2: not a value: 99999999999999999999"},
		{"ctrace 1\nprocess pid=3\n", "test:2: a number is missing: process"},
		{"ctrace 1\nprocess 0 pid=5000000000\n", "test:2: too large: pid"},
		{"ctrace 1\nprocess 0 exe=\"x\n",
		 "test:2: string without an end, or with an unknown escape"},
		{"ctrace 1\nprocess 0 exe=\"\\q\"\n",
		 "test:2: string without an end, or with an unknown escape"},
		{"ctrace 1\nstack a\n", "test:2: a name and frames are missing"},
		{"ctrace 1\nstack a 0x1\nstack a 0x2\n", "test:3: the stack is there already: a"},
		{"ctrace 1\nheader trace_id=0g\n",
		 "test:2: not hexadecimal bytes that fit: trace_id"},
		{"ctrace 1\nend torn=3\n", "test:2: no chunk is open"},
		{"ctrace 1\nchunk\nend torn=17000\n", "test:3: the chunk is full"},
		{"ctrace 1\nbreak glass\n", "test:2: cannot break this: glass"},
		{"ctrace 1\nmodule 99999999999\n", "test:2: the number is too large: 99999999999"},
	};
	const char *path = t_path("x.ctrace");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *in = tmpfile();
		char why[300] = "";

		fputs(cases[i].text, in);
		rewind(in);
		assert_int_equal(ct_text_parse(in, "test", path, why, sizeof(why)), -CT_ERR_SYNTAX);
		assert_string_equal(why, cases[i].why);
		fclose(in);
	}
	unlink(path);
}

/* The tables of names and the coder's table are made from one file; a row that is missing here is a typing mistake there. */
static void every_event_has_its_words(void **state)
{
	unsigned type, i;

	(void)state;
	for (type = 1; type < CT_EV_LIMIT; type++) {
		unsigned fields = ct_event_shapes[type].fields;

		assert_int_equal(ct_event_name(type) != NULL, fields != 0);
		for (i = 0; i < CT_FIELDS_MAX; i++)
			assert_int_equal(ct_field_name(type, i) != NULL, i < fields);
		if (!fields)
			continue;
		assert_int_equal(ct_event_find(ct_event_name(type)), type);
		assert_int_equal(ct_field_find(type, ct_field_name(type, fields - 1)), fields - 1);
	}
	for (i = 0; i < CT_OP_LIMIT; i++) {
		assert_int_equal(ct_op_name(i) != NULL, ct_op_class(i) != CT_CLASS_NONE);
		if (ct_op_name(i))
			assert_int_equal(ct_op_find(ct_op_name(i)), i);
	}
	assert_int_equal(ct_op_find("nothing"), 0);
	assert_null(ct_event_name(CT_EV_LIMIT));
	assert_null(ct_op_label(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(an_empty_string_is_none),
		cmocka_unit_test(a_build_id_of_no_length_comes_back),
		cmocka_unit_test(random_records_come_back),
		cmocka_unit_test(an_arena_becomes_a_file),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(every_event_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
