/*
 * Profiles: whom a lock profile charges is held against a brute-force sum over waits and holds of a history that is known, whatever else happens
 * to be in a trace no time may be lost or made, and the writers must not run out of memory in silence.
 */
/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup */
#include <errno.h>

#include <zlib.h>

#include "traces.h"
#include "views/profile/frames.h"
#include "views/profile/profile.h"
#include "views/write/wire.h"

/* Allocations until one fails; 0: none does. */
static unsigned fail_at;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

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

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

/* --- pieces ------------------------------------------------------------------------------------------------------------------- */

static void texts_are_numbered_once_and_clean(void **state)
{
	struct ct_strings s = {0};
	uint32_t a, b, i;
	char text[16];

	(void)state;
	assert_int_equal(ct_strings_put(&s, NULL), 0);
	assert_int_equal(ct_strings_put(&s, ""), 0);
	a = ct_strings_put(&s, "one");
	b = ct_strings_put(&s, "two\n\x1b[31m\xff\xc3\xa4\xed\xa0\x80");
	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_string_equal(ct_strings_at(&s, b), "two??[31m?\xc3\xa4???");
	for (i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(ct_strings_put(&s, text), 3 + i);
	}
	assert_int_equal(ct_strings_put(&s, "one"), a);
	assert_int_equal(ct_strings_put(&s, "text 4000"), 4003);
	assert_string_equal(ct_strings_at(&s, 0), "");
	assert_string_equal(ct_strings_at(&s, 99999), "");
	assert_false(s.failed);
	ct_strings_free(&s);
}

static void the_wire_form_is_that_of_protocol_buffers(void **state)
{
	/* the examples of the encoding's documentation, and the largest number */
	static const uint8_t want[] = {0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',	 's',  't',  'i',
				       'n',  'g',  0x1a, 0x03, 0x08, 0x96, 0x01, 0x22, 0x06, 0x03,
				       0x8e, 0x02, 0x9e, 0xa7, 0x05, 0x28, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x32, 0x00};
	struct ct_wire b = {0};
	size_t m;

	(void)state;
	ct_wire_number(&b, 1, 150);
	ct_wire_nonzero(&b, 9, 0);
	ct_wire_text(&b, 2, "testing");
	m = ct_wire_open(&b, 3);
	ct_wire_nonzero(&b, 1, 150);
	ct_wire_close(&b, m);
	m = ct_wire_open(&b, 4);
	ct_wire_varint(&b, 3);
	ct_wire_varint(&b, 270);
	ct_wire_varint(&b, 86942);
	ct_wire_close(&b, m);
	ct_wire_number(&b, 5, UINT64_MAX);
	m = ct_wire_open(&b, 6);
	ct_wire_close(&b, m);
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	assert_false(b.failed);
	ct_wire_free(&b);
}

/* --- a mutex whose history is known --------------------------------------------------------------------------------------------- */

enum { THREADS = 7, HISTORY = 400 };

struct hold {
	uint64_t from, to;
	unsigned thread;
};

struct known_wait {
	uint64_t from, to, ago;
	unsigned thread, waker, owner;
};

struct history {
	struct hold hold[HISTORY + THREADS];
	struct known_wait wait[HISTORY + THREADS];
	unsigned holds, waits;
};

/* Threads take a free mutex, or queue for it; whoever lets it go hands it to the first in the queue, who is back a moment later. */
static void live(struct history *h, uint64_t seed)
{
	uint64_t next[THREADS], now = 2000, until = 0;
	unsigned queue[THREADS], queued = 0, holder = 0, i, k;
	uint64_t since[THREADS] = {0};
	unsigned owner[THREADS] = {0};
	bool held = false, waits[THREADS] = {false};

	memset(h, 0, sizeof(*h));
	for (i = 0; i < THREADS; i++)
		next[i] = now + t_random(&seed) % 500;
	while (h->holds < HISTORY || held) {
		/* what comes first: the holder lets go, or one that does not wait wants it */
		k = THREADS;
		for (i = 0; i < THREADS; i++)
			if (!waits[i] && !(held && i == holder) && h->holds < HISTORY &&
			    (k == THREADS || next[i] < next[k]))
				k = i;
		if (held && (k == THREADS || until <= next[k])) {
			h->hold[h->holds - 1].to = now = until;
			next[holder] = now + 1 + t_random(&seed) % 400;
			held = false;
			if (!queued)
				continue;
			i = queue[0];
			memmove(queue, queue + 1, --queued * sizeof(*queue));
			h->wait[h->waits++] = (struct known_wait){
				since[i], now + 1 + t_random(&seed) % 30, 0, i, holder, owner[i]};
			h->wait[h->waits - 1].ago = h->wait[h->waits - 1].to - now;
			waits[i] = false;
			held = true;
			holder = i;
			now = h->wait[h->waits - 1].to;
			until = now + 1 + t_random(&seed) % 300;
			h->hold[h->holds++] = (struct hold){now, 0, i};
			/* nobody can come while it is handed over */
			for (k = 0; k < THREADS; k++)
				if (next[k] <= now)
					next[k] = now + 1;
			continue;
		}
		now = next[k];
		if (held) {
			waits[k] = true;
			since[k] = now;
			owner[k] = holder;
			queue[queued++] = k;
		} else {
			held = true;
			holder = k;
			until = now + 1 + t_random(&seed) % 300;
			h->hold[h->holds++] = (struct hold){now, 0, k};
		}
	}
}

static void write_history(const struct history *h, const char *path)
{
	size_t room = 1 << 20, n = 0;
	char *text = malloc(room);
	unsigned i, k;

	assert_non_null(text);
	n += (size_t)snprintf(text, room,
			      "ctrace 1\nheader start_mono_ns=1 end_mono_ns=10000000\n"
			      "process 0 pid=100 exe=\"/bin/app\" state=3 end=10000000 flags=7\n"
			      "symbol 0xf00 function=\"<wait>&\" file=\"w.c\" line=1\n"
			      "stack wait 0xf00\n");
	for (i = 0; i < THREADS; i++)
		n += (size_t)snprintf(text + n, room - n, "stack s%u 0x%x 0x10\n", i, 0x100 + i);
	for (i = 0; i < THREADS; i++) {
		n += (size_t)snprintf(text + n, room - n,
				      "chunk slot=%u thread=%u tid=%u base=1000\n"
				      "thread_begin @1000 thread=%u tid=%u\n",
				      i, i + 1, 200 + i, i + 1, 200 + i);
		for (k = 0; k < h->waits; k++) {
			const struct known_wait *w = &h->wait[k];

			if (w->thread == i)
				n += (size_t)snprintf(
					text + n, room - n,
					"wait @%llu op=mutex dur=%llu wake_ago=%llu object=m "
					"stack=wait waker=%u waker_stack=s%u owner=%u\n",
					(unsigned long long)w->to,
					(unsigned long long)(w->to - w->from),
					(unsigned long long)w->ago, w->waker + 1, w->waker,
					200 + w->owner);
		}
	}
	assert_true(n < room);
	t_make(path, text);
	free(text);
}

static void open_view(struct ct_view *v, const char *path)
{
	static const struct ct_view_options options = {.top = 100, .width = 100};

	assert_int_equal(ct_view_start(v, t_open(path), &options, stdout), 0);
}

/* What a profile charges to the stack whose innermost frame this is, or to a leaf. */
static uint64_t charged(struct ct_profile *p, uint64_t frame, enum ct_leaf leaf)
{
	uint64_t stack[CT_TRACE_STACK_MAX], sum = 0;
	uint32_t i;

	for (i = 0; i < p->samples.count; i++) {
		const struct ct_sample *s = ct_profile_sample(p, i);
		size_t n = ct_trace_stack(p->v->trace, s->stack, stack, CT_TRACE_STACK_MAX);

		if (leaf ? s->leaf == (uint32_t)leaf : !s->leaf && n && stack[0] == frame)
			sum += s->total;
	}
	return sum;
}

static void holders_are_charged_for_the_overlap(void **state)
{
	static struct history h;
	struct ct_profile_options options = {.kind = CT_PROFILE_LOCK};
	struct ct_profile p;
	struct ct_view v;
	uint64_t seed, all;
	unsigned i, k;

	(void)state;
	for (seed = 1; seed <= 20; seed++) {
		uint64_t want[THREADS] = {0}, handoff = 0;

		live(&h, seed);
		assert_true(h.waits > 50);
		write_history(&h, t_path("known.ctrace"));
		open_view(&v, t_path("known.ctrace"));
		options.labels = seed & 1;
		assert_int_equal(ct_profile_make(&p, &v, &options), 0);
		all = 0;
		for (i = 0; i < h.waits; i++) {
			uint64_t covered = 0;

			for (k = 0; k < h.holds; k++) {
				uint64_t from = h.hold[k].from > h.wait[i].from ? h.hold[k].from
										: h.wait[i].from;
				uint64_t to =
					h.hold[k].to < h.wait[i].to ? h.hold[k].to : h.wait[i].to;

				if (from < to) {
					want[h.hold[k].thread] += to - from;
					covered += to - from;
				}
			}
			handoff += h.wait[i].to - h.wait[i].from - covered;
			all += h.wait[i].to - h.wait[i].from;
		}
		for (i = 0; i < THREADS; i++)
			assert_int_equal(charged(&p, 0x100 + i, CT_LEAF_NONE), want[i]);
		assert_int_equal(charged(&p, 0, CT_LEAF_HANDOFF), handoff);
		assert_int_equal(p.total, all);
		ct_profile_free(&p);
		ct_view_close(&v, true);
	}
}

static void the_rule_of_the_unlock(void **state)
{
	static struct history h;
	const struct ct_profile_options options = {.kind = CT_PROFILE_LOCK, .by_unlock = true};
	uint64_t want[THREADS] = {0};
	struct ct_profile p;
	struct ct_view v;
	unsigned i;

	(void)state;
	live(&h, 99);
	write_history(&h, t_path("unlock.ctrace"));
	open_view(&v, t_path("unlock.ctrace"));
	assert_int_equal(ct_profile_make(&p, &v, &options), 0);
	for (i = 0; i < h.waits; i++)
		want[h.wait[i].waker] += h.wait[i].to - h.wait[i].from;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(charged(&p, 0x100 + i, CT_LEAF_NONE), want[i]);
	assert_int_equal(p.count, h.waits);
	ct_profile_free(&p);
	ct_view_close(&v, true);
}

/* Records that contradict each other, and lie in each other: nothing is charged twice, and nothing is lost. */
static void no_time_is_lost_or_made(void **state)
{
	const struct ct_profile_options options = {.kind = CT_PROFILE_LOCK, .labels = true};
	struct ct_profile p;
	struct ct_view v;
	uint64_t seed, all;
	char *text = malloc(1 << 18);
	unsigned i, k;
	size_t n;

	(void)state;
	assert_non_null(text);
	for (seed = 1; seed <= 40; seed++) {
		uint64_t r = seed;

		all = 0;
		n = (size_t)snprintf(text, 1 << 18,
				     "ctrace 1\nprocess 0 pid=100 exe=\"/bin/app\" state=3\n"
				     "stack s 0x10\nstack t 0x20\n");
		for (i = 0; i < 5; i++) {
			uint64_t now = 100000;

			n += (size_t)snprintf(text + n, (1 << 18) - n,
					      "chunk slot=%u thread=%u tid=%u base=100000\n"
					      "thread_begin @100000 thread=%u tid=%u\n",
					      i, i + 1, 200 + i, i + 1, 200 + i);
			for (k = 0; k < 60; k++) {
				uint64_t dur = t_random(&r) % (t_random(&r) % 8 ? 300 : 50000);
				static const char *const ops[] = {"mutex",	 "mutex",
								  "mutex",	 "spin",
								  "rwlock_read", "rwlock_write"};

				now += t_random(&r) % 200;
				all += dur;
				n += (size_t)snprintf(
					text + n, (1 << 18) - n,
					"wait @%llu op=%s dur=%llu wake_ago=%llu object=m%llu "
					"waker=%llu waker_stack=%s owner=%llu owner_last=%llu "
					"result=%u stack=s\n",
					(unsigned long long)now, ops[t_random(&r) % 6],
					(unsigned long long)dur,
					(unsigned long long)(t_random(&r) % 500),
					(unsigned long long)(t_random(&r) % 3),
					(unsigned long long)(t_random(&r) % 7),
					t_random(&r) % 3 ? "t" : "0",
					(unsigned long long)(t_random(&r) % 2 *
							     (199 + t_random(&r) % 8)),
					(unsigned long long)(t_random(&r) % 2 *
							     (199 + t_random(&r) % 8)),
					t_random(&r) % 4 ? 0 : 110);
			}
		}
		assert_true(n < 1 << 18);
		t_make(t_path("odd.ctrace"), text);
		open_view(&v, t_path("odd.ctrace"));
		assert_int_equal(ct_profile_make(&p, &v, &options), 0);
		assert_int_equal(p.total, all);
		ct_profile_free(&p);
		ct_view_close(&v, true);
	}
	free(text);
}

/* --- writers ------------------------------------------------------------------------------------------------------------------ */

static int (*const writers[])(struct ct_profile *p, FILE *out) = {
	ct_profile_pprof, ct_profile_folded, ct_profile_speedscope, ct_profile_svg};

static void a_profile_is_one_gzip_member(void **state)
{
	static struct history h;
	const struct ct_profile_options options = {.kind = CT_PROFILE_SYNC, .labels = true};
	char *packed = NULL;
	static uint8_t plain[1 << 20];
	z_stream z = {0};
	size_t size = 0;
	struct ct_profile p;
	struct ct_view v;
	FILE *f;

	(void)state;
	live(&h, 5);
	write_history(&h, t_path("gzip.ctrace"));
	open_view(&v, t_path("gzip.ctrace"));
	assert_int_equal(ct_profile_make(&p, &v, &options), 0);
	f = open_memstream(&packed, &size);
	assert_int_equal(ct_profile_pprof(&p, f), 0);
	fclose(f);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (uint8_t *)packed;
	z.avail_in = (unsigned)size;
	z.next_out = plain;
	z.avail_out = sizeof(plain);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	/* the first message is a sample type: field 1, two numbers */
	assert_memory_equal(plain, "\x0a\x04\x08\x01\x10\x02", 6);
	inflateEnd(&z);
	free(packed);
	ct_profile_free(&p);
	ct_view_close(&v, true);
}

/* No memory for the n-th allocation, whichever: an error is returned, or it was not needed. */
static void says_when_there_is_no_memory(void **state)
{
	static struct history h;
	struct ct_profile_options options = {.labels = true};
	struct ct_profile p;
	struct ct_view v;
	unsigned kind, i, n, failed = 0;
	int err;

	(void)state;
	live(&h, 3);
	write_history(&h, t_path("memory.ctrace"));
	for (kind = 0; kind < CT_PROFILES; kind++) {
		options.kind = (enum ct_profile_kind)kind;
		for (n = 1; n < 2000; n++) {
			open_view(&v, t_path("memory.ctrace"));
			fail_at = n;
			err = ct_profile_make(&p, &v, &options);
			if (fail_at) { /* never got there */
				fail_at = 0;
				if (!err)
					ct_profile_free(&p);
				ct_view_close(&v, true);
				break;
			}
			failed += err == -ENOMEM;
			assert_true(err == 0 || err == -ENOMEM);
			if (!err)
				ct_profile_free(&p);
			ct_view_close(&v, true);
		}
		assert_true(n < 2000);
	}
	assert_true(failed > 50);
	options.kind = CT_PROFILE_LOCK;
	open_view(&v, t_path("memory.ctrace"));
	assert_int_equal(ct_profile_make(&p, &v, &options), 0);
	for (i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		for (n = 1; n < 2000; n++) {
			FILE *f = fopen("/dev/null", "w");
			char buffer[4096];

			setvbuf(f, buffer, _IOFBF, sizeof(buffer));
			fail_at = n;
			err = writers[i](&p, f);
			fclose(f);
			assert_true(err == 0 || err == -ENOMEM);
			if (fail_at)
				break;
		}
		fail_at = 0;
		assert_true(n < 2000);
	}
	ct_profile_free(&p);
	ct_view_close(&v, true);
}

static void a_flame_graph_escapes_names(void **state)
{
	static struct history h;
	const struct ct_profile_options options = {.kind = CT_PROFILE_SYNC};
	struct ct_profile p;
	struct ct_view v;
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	(void)state;
	live(&h, 8);
	write_history(&h, t_path("svg.ctrace"));
	open_view(&v, t_path("svg.ctrace"));
	assert_int_equal(ct_profile_make(&p, &v, &options), 0);
	f = open_memstream(&text, &size);
	assert_int_equal(ct_profile_svg(&p, f), 0);
	fclose(f);
	assert_non_null(strstr(text, "&lt;wait&gt;&amp;: "));
	assert_null(strstr(text, "<wait>"));
	free(text);
	ct_profile_free(&p);
	ct_view_close(&v, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_numbered_once_and_clean),
		cmocka_unit_test(the_wire_form_is_that_of_protocol_buffers),
		cmocka_unit_test(holders_are_charged_for_the_overlap),
		cmocka_unit_test(the_rule_of_the_unlock),
		cmocka_unit_test(no_time_is_lost_or_made),
		cmocka_unit_test(a_profile_is_one_gzip_member),
		cmocka_unit_test(a_flame_graph_escapes_names),
		cmocka_unit_test(says_when_there_is_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
