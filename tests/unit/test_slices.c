/*
 * Exports with slices: what is told of a trace to all of them, and the small writers below them.  A viewer leaves out what it does not understand and
 * says nothing, so what comes out is compared here to the byte where that can be read, and walked through where it cannot.
 */
#include "traces.h"

#include <errno.h>

#include "views/export/estimate.h"
#include "views/export/export.h"
#include "views/export/out.h"
#include "views/export/slices.h"
#include "views/write/strings.h"
#include "views/write/wire.h"

/* A worker that waits for a lock and is woken, is preempted, and reads; its main thread waits for it.  Times in us are 1000 ticks. */
static const char worked_out[] =
	"ctrace 1\n"
	"header start_mono_ns=1000000 end_mono_ns=2000000 start_real_ns=1700000000000000000 "
	"wait_threshold_ticks=5000 call_threshold_ticks=20000\n"
	"process 0 pid=100 exe=\"/usr/bin/worker\" begin=1000000 end=2000000 flags=7 state=3\n"
	"symbol 0x10 function=\"work\" file=\"w.c\" line=7\n"
	"stack work 0x10\n"
	"chunk slot=0 thread=1 tid=100 base=1000000\n"
	"thread_begin @1000000 thread=1 tid=100\n"
	"wake @1150000 op=mutex object=lock stack=work\n"
	"wait @1950000 op=join dur=900000 object=2 stack=work\n"
	"thread_end @1960000\n" T_WORKER;

static void open_view(struct ct_view *v, const char *text, const struct ct_view_options *o)
{
	static const struct ct_view_options none;
	char why[256];

	t_make(t_path("slices"), text);
	assert_int_equal(ct_view_open(v, t_path("slices"), o ? o : &none, stdout, why, sizeof(why)),
			 0);
}

/* --- what is told ------------------------------------------------------------------------------------------------------------ */

struct teller {
	struct ct_view *v;
	struct ct_slices *s;
	FILE *out;
	bool numbers;
};

static unsigned us(uint64_t ns)
{
	return (unsigned)(ns / 1000);
}

static unsigned serial(struct teller *t, uint32_t row)
{
	return (unsigned)ct_model_thread_at(t->v->model, row)->serial;
}

static void begin(void *arg, uint32_t row, uint64_t ns)
{
	struct teller *t = arg;

	fprintf(t->out, "%u %u begin\n", us(ns), serial(t, row));
}

static void end(void *arg, uint32_t row, uint64_t ns, bool ended)
{
	struct teller *t = arg;

	fprintf(t->out, "%u %u end%s\n", us(ns), serial(t, row), ended ? "" : " not seen");
}

static void slice(struct teller *t, const struct ct_slice *s, const char *what)
{
	fprintf(t->out, "%u %u %s %s: %s\n", us(s->ns), serial(t, s->thread), what,
		*what == 'w' ? ct_slices_category(s) : "state", ct_slices_text(t->s, s->name));
}

static void wait(void *arg, const struct ct_slice *s)
{
	slice(arg, s, "wait");
}

static void part(void *arg, const struct ct_slice *s)
{
	slice(arg, s, s->wake ? "part by an arrow" : "part");
}

static void close_it(void *arg, uint32_t row, uint64_t ns, bool is_part)
{
	struct teller *t = arg;

	fprintf(t->out, "%u %u %s ends\n", us(ns), serial(t, row), is_part ? "part" : "wait");
}

static void wake(void *arg, const struct ct_slices_wake *w)
{
	struct teller *t = arg;

	fprintf(t->out, "%u %u wakes %u\n", us(w->ns), serial(t, w->waker), serial(t, w->thread));
}

static void number(void *arg, uint32_t process, enum ct_slices_number which, uint64_t ns,
		   uint64_t value)
{
	struct teller *t = arg;

	if (t->numbers)
		fprintf(t->out, "%u process %u %s %llu\n", us(ns), process,
			ct_slices_number_text(which), (unsigned long long)value);
}

static char *tell(struct ct_view *v, const struct ct_choice_options *o, bool numbers)
{
	struct teller t = {.v = v, .numbers = numbers};
	const struct ct_slices_sink sink = {.arg = &t,
					    .begin = begin,
					    .end = end,
					    .wait = wait,
					    .part = part,
					    .close = close_it,
					    .wake = wake,
					    .number = number};
	size_t size;
	char *text;

	t.out = open_memstream(&text, &size);
	assert_int_equal(ct_slices_new(v, o, 0, &t.s), 0);
	assert_int_equal(ct_slices_tell(t.s, &sink), 0);
	ct_slices_free(t.s);
	fclose(t.out);
	return text;
}

#define LOCK_NAME "first waited for in work (w.c:7)"

static void in_order(void **state)
{
	static const char expected[] =
		"1000 1 begin\n"
		"1000 2 begin\n"
		"1050 1 wait join: join thread (101)\n"
		"1095 2 wait lock: Lock contention on " LOCK_NAME " lock (owner tid: 100)\n"
		"1150 1 wakes 2\n"
		"1150 2 part by an arrow state: woken, no CPU yet\n"
		"1190 2 part ends\n"
		"1200 2 wait ends\n"
		"1300 2 part state: preempted\n"
		"1350 2 part ends\n"
		"1718 2 wait io: read fd 3\n"
		"1800 2 wait ends\n"
		"1900 2 wakes 1\n"
		"1900 1 part by an arrow state: woken, no CPU yet\n"
		"1900 2 end\n"
		"1950 1 part ends\n"
		"1950 1 wait ends\n"
		"1960 1 end\n";
	static const struct ct_choice_options all;
	struct ct_view v;
	char *text;

	(void)state;
	open_view(&v, worked_out, NULL);
	text = tell(&v, &all, false);
	assert_string_equal(text, expected);
	free(text);
	text = tell(&v, &all, true);
	assert_non_null(strstr(text, "1100 process 0 threads blocked 2\n"));
	assert_non_null(strstr(text, "1150 process 0 threads ready 1\n"));
	assert_non_null(strstr(text, "1960 process 0 threads awake 0\n"));
	free(text);
	ct_view_close(&v, true);
}

static void chosen(void **state)
{
	struct ct_choice_options by_lock = {.lock = LOCK_NAME}, by_kind = {.lock = "mutex"},
				 nothing = {.lock = "mut"}, longest = {.min_ns = 90000};
	struct ct_slices *s;
	struct ct_view v;
	char *text, *again;

	(void)state;
	open_view(&v, worked_out, NULL);
	text = tell(&v, &by_lock, false);
	assert_non_null(strstr(text, "wait lock"));
	assert_non_null(strstr(text, "1150 1 wakes 2\n"));
	assert_null(strstr(text, "wait io"));
	assert_null(strstr(text, "preempted"));
	again = tell(&v, &by_kind, false);
	assert_string_equal(text, again);
	free(text);
	free(again);
	assert_int_equal(ct_slices_new(&v, &nothing, 0, &s), -ENOENT);
	text = tell(&v, &longest, false);
	assert_non_null(strstr(text, "wait lock")); /* 105 us */
	assert_non_null(strstr(text, "wait join"));
	assert_null(strstr(text, "wait io"));	/* 82 us */
	assert_null(strstr(text, "preempted")); /* 50 us, in no wait */
	assert_non_null(strstr(text, "1150 2 part by an arrow"));
	free(text);
	ct_view_close(&v, true);
}

/* --- writers ------------------------------------------------------------------------------------------------------------------ */

static char *export(const char *format, struct ct_view *v, size_t *size)
{
	const struct ct_export_format *f = ct_export_format(format);
	struct ct_export_options o = {.go_version = 22};
	struct ct_export_sums sums = {0};
	char *text;
	FILE *out = open_memstream(&text, size);

	assert_non_null(f);
	assert_int_equal(f->write(v, &o, out, &sums), 0);
	fclose(out);
	assert_int_equal(sums.bytes, *size);
	assert_int_equal(sums.threads, 2);
	return text;
}

/* Every line that is not a counter. */
static void chrome(void **state)
{
	static const char *const expected[] = {
		"{\"ph\":\"M\",\"pid\":100,\"tid\":100,\"ts\":0,\"name\":\"process_name\",\"args\":"
		"{"
		"\"name\":\"worker\"}}",
		"{\"ph\":\"X\",\"pid\":100,\"tid\":100,\"ts\":150,\"dur\":0.001,\"name\":\"wakes\","
		"\"cat\":\"wake\",\"sf\":\"1\"}",
		"{\"ph\":\"s\",\"pid\":100,\"tid\":100,\"ts\":150,\"name\":\"wakes\",\"cat\":"
		"\"wake\","
		"\"id\":1}",
		"{\"ph\":\"f\",\"pid\":100,\"tid\":101,\"ts\":150,\"name\":\"wakes\",\"cat\":"
		"\"wake\","
		"\"id\":1,\"bp\":\"e\"}",
		"{\"ph\":\"X\",\"pid\":100,\"tid\":101,\"ts\":150,\"dur\":40,\"name\":\"woken, no "
		"CPU "
		"yet\",\"cat\":\"state\"}",
		"{\"ph\":\"X\",\"pid\":100,\"tid\":101,\"ts\":95,\"dur\":105,\"name\":\"Lock "
		"contention "
		"on " LOCK_NAME " lock (owner tid: 100)\",\"cat\":\"lock\",\"sf\":\"1\",\"args\":{"
		"\"result\":0,\"owner_tid\":100,\"woken_by\":\"main (100)\"}}",
		"{\"ph\":\"X\",\"pid\":100,\"tid\":101,\"ts\":718,\"dur\":82,\"name\":\"read fd "
		"3\","
		"\"cat\":\"io\",\"sf\":\"1\",\"args\":{\"result\":100}}",
		"\"1\":{\"name\":\"work\",\"category\":\"\"}"};
	struct ct_view v;
	size_t size, i;
	char *text;

	(void)state;
	open_view(&v, worked_out, NULL);
	text = export("chrome", &v, &size);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!strstr(text, expected[i]))
			fail_msg("no %s in\n%s", expected[i], text);
	free(text);
	ct_view_close(&v, true);
}

static uint64_t varint(const uint8_t **p, const uint8_t *end)
{
	uint64_t n = 0;
	unsigned shift = 0;

	do {
		assert_true(*p < end && shift < 64);
		n |= (uint64_t)(**p & 0x7f) << shift;
		shift += 7;
	} while (*(*p)++ & 0x80);
	return n;
}

/* One field; of messages the bytes. */
struct field {
	uint32_t number;
	uint64_t value;
	const uint8_t *bytes, *end;
};

static bool next(const uint8_t **p, const uint8_t *end, struct field *f)
{
	uint64_t tag;

	if (*p == end)
		return false;
	tag = varint(p, end);
	f->number = (uint32_t)(tag >> 3);
	f->bytes = f->end = NULL;
	f->value = tag & 1 ? 0 : varint(p, end);
	if ((tag & 7) == 2) {
		assert_true(f->value <= (uint64_t)(end - *p));
		f->bytes = *p;
		*p = f->end = *p + f->value;
	} else if ((tag & 7) == 1) {
		assert_true(end - *p >= 8);
		memcpy(&f->value, *p, 8);
		*p += 8;
	} else {
		assert_int_equal(tag & 7, 0);
	}
	return true;
}

struct seen {
	unsigned packets, types[5], sched, arrows;
	uint64_t ns;
};

static void see_event(struct seen *s, const struct field *event)
{
	const uint8_t *p = event->bytes;
	struct field f;

	while (next(&p, event->end, &f)) {
		if (f.number == 9)
			s->types[f.value]++;
		if (f.number == 47 || f.number == 48)
			s->arrows += (unsigned)f.value;
	}
}

static void perfetto(void **state)
{
	struct seen s = {.ns = 1000000};
	const uint8_t *p, *end, *q;
	struct field packet, f;
	struct ct_view v;
	size_t size;
	char *bytes;

	(void)state;
	open_view(&v, worked_out, NULL);
	bytes = export("perfetto", &v, &size);
	end = (uint8_t *)bytes + size;
	for (p = (uint8_t *)bytes; next(&p, end, &packet); s.packets++) {
		uint64_t sequence = 0, ns = 0;

		assert_int_equal(packet.number, 1);
		q = packet.bytes;
		while (next(&q, packet.end, &f)) {
			ns = f.number == 8 ? f.value : ns;
			sequence = f.number == 10 ? f.value : sequence;
			s.sched += f.number == 1;
			if (f.number == 11)
				see_event(&s, &f);
		}
		s.ns += sequence == 1 ? ns : 0;
	}
	assert_int_equal(s.types[1], 6); /* three waits, three parts */
	assert_int_equal(s.types[2], 6);
	assert_int_equal(s.types[3], 2);
	assert_int_equal(s.arrows, 1 + 1 + 2 + 2);
	assert_int_equal(s.sched, 2); /* a bundle for each CPU */
	assert_int_equal(s.ns, 1960000);
	free(bytes);
	ct_view_close(&v, true);
}

static void wire(void **state)
{
	static const uint8_t expected[] = {0x0a, 0x8b, 0x01, 0x08, 0xac, 0x02, 0x12, 0x85, 0x01};
	struct ct_wire b = {0};
	size_t outer, inner;
	char text[129];

	(void)state;
	memset(text, 'x', sizeof(text));
	outer = ct_wire_open(&b, 1);
	ct_wire_number(&b, 1, 300);
	inner = ct_wire_open(&b, 2);
	ct_wire_bytes(&b, 3, text, 128);
	ct_wire_number(&b, 4, 0);
	ct_wire_close(&b, inner);
	ct_wire_close(&b, outer);
	assert_false(b.failed);
	/* lengths of two bytes: what was written before they were known has moved */
	assert_int_equal(b.n, 3 + 3 + 3 + 3 + 128 + 2);
	assert_memory_equal(b.p + 3, expected + 3, 4);
	assert_int_equal(b.p[0], 0x0a);
	assert_int_equal(b.p[1] | b.p[2] << 8, 0x018b);
	assert_memory_equal(b.p + b.n - 2, "\x20\x00", 2);
	b.n = 0;
	ct_wire_fixed64(&b, 47, 0x0102030405060708);
	assert_memory_equal(b.p, "\xf9\x02\x08\x07\x06\x05\x04\x03\x02\x01", 10);
	ct_wire_free(&b);
}

static void out(void **state)
{
	static const char expected[] = "\"a\\u0022\\u005c\\u0001\\u007f\\u00ff\\u00c3\xc3\xa9\\u00e"
				       "2\\u0082\" 0 0.001 1.5 1000 "
				       "0.0015 1 18446744073709551615";
	struct ct_out *o = malloc(sizeof(*o));
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	ct_out_start(o, f);
	ct_out_json(o, "a\"\\\x01\x7f\xff\xc3\xc3\xa9\xe2\x82");
	ct_out_text(o, " ");
	ct_out_micros(o, 0);
	ct_out_text(o, " ");
	ct_out_micros(o, 1);
	ct_out_text(o, " ");
	ct_out_micros(o, 1500);
	ct_out_text(o, " ");
	ct_out_micros(o, 1000000);
	ct_out_text(o, " ");
	ct_out_millis(o, 1500);
	ct_out_text(o, " ");
	ct_out_millis(o, 1000000);
	ct_out_text(o, " ");
	ct_out_number(o, UINT64_MAX);
	assert_int_equal(ct_out_finish(o), 0);
	fclose(f);
	assert_string_equal(text, expected);
	assert_int_equal(o->bytes, size);
	free(text);
	f = fopen("/dev/full", "w");
	ct_out_start(o, f);
	ct_out_text(o, "x");
	assert_int_equal(ct_out_finish(o), -ENOSPC);
	fclose(f);
	free(o);
}

static void texts(void **state)
{
	struct ct_strings t = {.raw = true};
	char text[32];
	uint32_t i;

	(void)state;
	assert_int_equal(ct_strings_last(&t), 0);
	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "text\n\xff %u", i % 500);
		assert_int_equal(ct_strings_put(&t, text), i % 500 + 1);
	}
	assert_int_equal(ct_strings_last(&t), 500);
	assert_string_equal(ct_strings_at(&t, 500), "text\n\xff 499");
	assert_string_equal(ct_strings_at(&t, 501), "");
	assert_string_equal(ct_strings_at(&t, 0), "");
	ct_strings_free(&t);
}

/* --- too big ------------------------------------------------------------------------------------------------------------------ */

static void too_big(void **state)
{
	struct ct_export_format f = {.viewer = "a viewer", .wait_bytes = 100, .most_bytes = 250};
	struct ct_export_options o = {0};
	struct ct_estimate e;
	struct ct_view v;
	char text[256];

	(void)state;
	open_view(&v, worked_out, NULL);
	assert_int_equal(ct_export_estimate(&v, &f, &o, &e), 0);
	assert_int_equal(e.waits, 3);
	assert_int_equal(e.bytes, 300);
	/* two waits fit: those of 105 and 900 us */
	assert_true(ct_export_warning(&f, &e, text, sizeof(text)));
	assert_true(e.min_ns > 82000 && e.min_ns <= 110000);
	assert_int_equal(e.left, 200);
	assert_non_null(strstr(text, "a viewer"));
	assert_non_null(strstr(text, "--min-duration"));
	o.choice.min_ns = e.min_ns;
	assert_int_equal(ct_export_estimate(&v, &f, &o, &e), 0);
	assert_false(ct_export_warning(&f, &e, text, sizeof(text)));
	/* in rows of states */
	f.most_bytes = 0;
	f.most_rows = 9;
	o.choice.min_ns = 0;
	assert_int_equal(ct_export_estimate(&v, &f, &o, &e), 0);
	assert_int_equal(e.rows, 10); /* 3 waits, 2 of them woken, 5 switches */
	assert_true(ct_export_warning(&f, &e, text, sizeof(text)));
	assert_non_null(strstr(text, " rows of states, and a viewer takes 9 rows at most"));
	f.most_rows = 10;
	assert_int_equal(ct_export_estimate(&v, &f, &o, &e), 0);
	assert_false(ct_export_warning(&f, &e, text, sizeof(text)));
	o = (struct ct_export_options){.choice = {.lock = "mutex"}};
	assert_int_equal(ct_export_estimate(&v, &f, &o, &e), 0);
	assert_int_equal(e.waits, 1);
	ct_view_close(&v, true);
}

/* Seen when it is written: ten events in 1 ms, and a viewer that shows five well. */
static void too_many(void **state)
{
	const struct ct_export_format f = {.viewer = "a viewer",
					   .most_events = 10,
					   .well_events = 5,
					   .event_memory = 400},
				      none = {.viewer = "another"};
	struct ct_export_sums sums = {.events = 9};
	struct ct_view v;
	char text[256];

	(void)state;
	open_view(&v, worked_out, NULL);
	assert_false(ct_export_too_many(&v, &f, &sums, text, sizeof(text)));
	sums.events = 10;
	assert_false(ct_export_too_many(&v, &none, &sums, text, sizeof(text)));
	assert_true(ct_export_too_many(&v, &f, &sums, text, sizeof(text)));
	assert_string_equal(text, "10 events: a viewer takes about 3.91 KiB of memory for them; "
				  "--from 0.000000 --to 0.000455 would leave about 5");
	ct_view_close(&v, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order), cmocka_unit_test(chosen),  cmocka_unit_test(chrome),
		cmocka_unit_test(perfetto), cmocka_unit_test(wire),    cmocka_unit_test(out),
		cmocka_unit_test(texts),    cmocka_unit_test(too_big), cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
