/*
 * Whatever a trace holds, its export is one that Go's reader takes: the mirror of the reader's rules refuses nothing of what the exporter does with
 * waits that overlap, wakers that are dead, parents that come later, CPUs that two threads had at once, windows that cut through all of it, and
 * a new generation at any moment; and with what a program says of itself at any moment, in waits too, with regions that never end or cross and tasks that
 * end twice or never began.  The same traces, as slices, nest.  With EXPORT_GO_DIR in its environment it leaves the exports there, as
 * N.VERSION.trace, for the real reader.
 */
#include "traces.h"

#include "views/export/export.h"
#include "views/export/go_text.h"

#define THREADS 24u
#define WAITS	120u
#define CPUS	3u

static const char *const ops[] = {"mutex", "cond", "sem",   "join",  "read",
				  "recv",  "poll", "yield", "sleep", "process"};

static uint64_t pick(uint64_t *seed, uint64_t n)
{
	return t_random(seed) % n;
}

/* What a thread has begun to say. */
struct open_regions {
	uint64_t begin[8];
	uint32_t n;
};

static uint64_t any_task(uint64_t *seed)
{
	return pick(seed, THREADS + 1) << 32 | (1 + pick(seed, 20));
}

static void end_region(FILE *f, uint64_t *seed, uint64_t at, struct open_regions *o)
{
	uint32_t i = pick(seed, 6) ? o->n - 1 : (uint32_t)pick(seed, o->n);
	uint64_t dur = pick(seed, 20) ? at - o->begin[i] : pick(seed, at);

	fprintf(f, "region_end @%llu dur=%llu%s\n", (unsigned long long)at, (unsigned long long)dur,
		pick(seed, 4) ? " name=\"doing \\xff\"" : "");
	for (o->n--; i < o->n; i++)
		o->begin[i] = o->begin[i + 1];
}

static void say(FILE *f, uint64_t *seed, uint64_t at, uint32_t serial, uint32_t *tasks,
		struct open_regions *o)
{
	unsigned long long task = any_task(seed), when = at;

	switch (pick(seed, 9)) {
	case 0:
		fprintf(f, "task_begin @%llu task=%llu name=\"job\" parent=%llu\n", when,
			(unsigned long long)serial << 32 | ++*tasks, pick(seed, 2) ? task : 0);
		break;
	case 1: fprintf(f, "task_end @%llu task=%llu\n", when, task); break;
	case 2:
		fprintf(f,
			"log @%llu category=\"apm\" task=%llu bytes=%llu text=\"a\\x02\\xffb\"\n",
			when, pick(seed, 2) ? task : 0, (unsigned long long)pick(seed, 9));
		break;
	case 3:
	case 4:
	case 5:
		if (o->n == 8)
			break;
		o->begin[o->n++] = at;
		fprintf(f, "region_begin @%llu name=\"doing\" task=%llu\n", when,
			pick(seed, 2) ? task : 0);
		break;
	default:
		if (o->n)
			end_region(f, seed, at, o);
		break;
	}
}

static void add_thread(FILE *f, uint64_t *seed, uint32_t serial)
{
	uint64_t at = 1000 + pick(seed, 400000);
	struct open_regions open = {.n = 0};
	uint32_t k, tasks = 0;

	fprintf(f, "chunk slot=%u thread=%u tid=%u base=%llu\n", serial, serial, 99 + serial,
		(unsigned long long)at);
	fprintf(f, "thread_begin @%llu thread=%u tid=%u process=%llu parent=%llu\n",
		(unsigned long long)at, serial, 99 + serial, (unsigned long long)pick(seed, 2),
		(unsigned long long)pick(seed, THREADS + 3));
	for (k = 0; k < WAITS; k++) {
		uint64_t dur = pick(seed, k % 8 ? 3000 : 300000);

		/* sometimes it begins inside the one before */
		at += pick(seed, 8) ? dur + pick(seed, 3) * pick(seed, 4000) : dur / 2;
		if (!pick(seed, 3)) /* in the wait */
			say(f, seed, at - dur / 3, serial, &tasks, &open);
		fprintf(f, "wait @%llu op=%s dur=%llu wake_ago=%llu object=%llu",
			(unsigned long long)at, ops[pick(seed, 10)], (unsigned long long)dur,
			(unsigned long long)(dur * pick(seed, 6) / 5),
			(unsigned long long)(1 + pick(seed, 40)));
		if (pick(seed, 2))
			fprintf(f, " stack=work waker=%llu waker_stack=%s",
				(unsigned long long)pick(seed, THREADS + 3),
				pick(seed, 2) ? "work" : "0");
		fprintf(f, " result=%lld flags=%u\n", (long long)pick(seed, 3) - 1,
			pick(seed, 30) ? 0 : 1);
		if (!pick(seed, 2))
			say(f, seed, at, serial, &tasks, &open);
		if (!pick(seed, 10))
			fprintf(f, "lost @%llu reason=%llu count=3 span=100 thread=%llu\n",
				(unsigned long long)at, (unsigned long long)pick(seed, 20),
				(unsigned long long)pick(seed, THREADS + 2));
	}
	if (pick(seed, 2))
		fprintf(f, "thread_end @%llu\n", (unsigned long long)(at + pick(seed, 100)));
}

static void add_cpu(FILE *f, uint64_t *seed, uint32_t cpu)
{
	uint64_t at = 2000;
	uint32_t k, tid = 0;

	fprintf(f, "chunk slot=%llu base=1000\nsched @1000 what=1 cpu=%u source=1\n",
		(unsigned long long)(2147483648u + cpu), cpu);
	for (k = 0; k < 600; k++) {
		at += pick(seed, 3000);
		if (tid && pick(seed, 4))
			fprintf(f, "cpu_off @%llu tid=%u cpu=%u how=%llu\n", (unsigned long long)at,
				tid, cpu, (unsigned long long)pick(seed, 2));
		if (!pick(seed, 5))
			fprintf(f, "waking @%llu tid=%llu cpu=%u waker=%llu how=%llu\n",
				(unsigned long long)at,
				(unsigned long long)(100 + pick(seed, THREADS)), cpu,
				(unsigned long long)(95 + pick(seed, THREADS)),
				(unsigned long long)pick(seed, 3));
		at += pick(seed, 50);
		tid = (uint32_t)(100 + pick(seed, THREADS));
		fprintf(f, "cpu_on @%llu tid=%u cpu=%u\n", (unsigned long long)at, tid, cpu);
		if (!pick(seed, 100)) {
			fprintf(f, "sched @%llu what=2 cpu=%u source=1\n", (unsigned long long)at,
				cpu);
			at += pick(seed, 20000);
			fprintf(f, "sched @%llu what=1 cpu=%u source=1\n", (unsigned long long)at,
				cpu);
		}
	}
}

static void make_random(const char *path, uint64_t seed)
{
	bool switches = seed & 1;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint32_t i;

	fputs("ctrace 1\nheader start_mono_ns=1000 end_mono_ns=900000\n"
	      "process 0 pid=100 begin=1000 flags=7 state=3\n"
	      "process 1 pid=110 begin=2000 flags=7 state=3\n"
	      "symbol 0x10 function=\"work\\xff\\x01\" file=\"w.c\" line=7\nstack work 0x10\n",
	      f);
	for (i = 1; i <= THREADS; i++)
		add_thread(f, &seed, i);
	for (i = 0; i < CPUS && switches; i++)
		add_cpu(f, &seed, i);
	fclose(f);
	t_make(path, text);
	free(text);
}

static void keep(const char *bytes, size_t n, unsigned version)
{
	const char *dir = getenv("EXPORT_GO_DIR");
	static unsigned number;
	char path[512];
	FILE *f;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%u.%u.trace", dir, ++number, version);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void export_one(const char *path, const struct ct_view_options *view,
		       const struct ct_export_options *o, bool may_be_nothing)
{
	struct ct_export_sums sums = {0};
	struct ct_view v;
	char why[300] = "";
	char *bytes;
	size_t n;
	FILE *out = open_memstream(&bytes, &n);
	int err;

	assert_non_null(out);
	assert_int_equal(ct_view_open(&v, path, view, out, why, sizeof(why)), 0);
	err = ct_export_go(&v, o, out, &sums);
	if (err)
		fail_msg("%s: %d: %s", path, err, sums.why);
	fclose(out);
	keep(bytes, n, o->go_version);
	assert_int_equal(sums.bytes, n);
	assert_true(may_be_nothing || sums.threads > 1);
	if (o->generation_events && !may_be_nothing)
		assert_true(sums.generations > 10);
	free(bytes);
	ct_view_close(&v, true);
}

/* --- the same traces as slices ----------------------------------------------------------------------------------------------------- */

/* What is open on the track of a thread, innermost last: 'w' a wait, 'p' a part, 'r' a region. */
struct track {
	char open[64];
	uint32_t n;
	uint64_t last;
};

struct nest {
	struct track tracks[THREADS + 8];
	uint64_t said, done;
};

static void opens(void *arg, uint32_t thread, uint64_t ns, char what)
{
	struct track *t = &((struct nest *)arg)->tracks[thread];

	assert_true(t->n < sizeof(t->open) && ns >= t->last);
	t->open[t->n++] = what;
	t->last = ns;
}

static void closes(void *arg, uint32_t thread, uint64_t ns, char what)
{
	struct track *t = &((struct nest *)arg)->tracks[thread];

	assert_true(t->n > 0 && ns >= t->last);
	assert_int_equal(t->open[--t->n], what);
	t->last = ns;
}

static void nest_wait(void *arg, const struct ct_slice *s)
{
	opens(arg, s->thread, s->ns, 'w');
}

static void nest_part(void *arg, const struct ct_slice *s)
{
	opens(arg, s->thread, s->ns, 'p');
}

static void nest_close(void *arg, uint32_t thread, uint64_t ns, bool part)
{
	closes(arg, thread, ns, part ? 'p' : 'w');
}

static void nest_region(void *arg, const struct ct_slices_said *s)
{
	struct nest *n = arg;

	n->said++;
	if (s->aside)
		return;
	if (n->tracks[s->thread].n)
		assert_int_equal(n->tracks[s->thread].open[n->tracks[s->thread].n - 1], 'r');
	opens(arg, s->thread, s->ns, 'r');
}

static void nest_region_end(void *arg, uint32_t thread, uint64_t ns, uint32_t aside)
{
	if (!aside)
		closes(arg, thread, ns, 'r');
}

static void nest_region_done(void *arg, const struct ct_slices_said *s)
{
	((struct nest *)arg)->done++;
	assert_true(s->end_ns >= s->ns);
}

static void slices_nest(const char *path, const struct ct_view_options *view)
{
	static const struct ct_choice_options everything;
	struct nest n = {.said = 0};
	const struct ct_slices_sink sink = {.arg = &n,
					    .wait = nest_wait,
					    .part = nest_part,
					    .close = nest_close,
					    .region = nest_region,
					    .region_end = nest_region_end,
					    .region_done = nest_region_done};
	struct ct_slices *slices;
	struct ct_view v;
	char why[300];
	uint32_t i;

	assert_int_equal(ct_view_open(&v, path, view, stdout, why, sizeof(why)), 0);
	assert_true(v.model->threads.count <= THREADS + 8);
	assert_int_equal(ct_slices_new(&v, &everything, 0, &slices), 0);
	assert_int_equal(ct_slices_tell(slices, &sink), 0);
	assert_int_equal(n.said, n.done);
	if (!view->thread && view->to_s <= 0)
		assert_true(n.said > 300);
	for (i = 0; i < THREADS + 8; i++)
		assert_int_equal(n.tracks[i].n, 0);
	ct_slices_free(slices);
	ct_view_close(&v, true);
}

static void random_traces(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 100; seed < 130; seed++) {
		const char *path = t_path("random");
		const struct ct_view_options whole = {0}, part = {.from_s = 0.0001, .to_s = 0.0003},
					     one = {.thread = "#3"};
		struct ct_export_options o = {.go_version = seed % 2 ? 22 : 26};

		make_random(path, seed);
		export_one(path, &whole, &o, false);
		o.generation_events = 100;
		export_one(path, &whole, &o, false);
		export_one(path, &part, &o, true);
		export_one(path, &one, &o, true);
		slices_nest(path, &whole);
		slices_nest(path, &part);
		slices_nest(path, &one);
		if (seed & 1) {
			o.procs = CT_PROCS_CPU;
			export_one(path, &whole, &o, false);
			export_one(path, &part, &o, true);
		}
	}
}

static void texts(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"},
		{"a\tb\n\x7f", "a?b??"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xff\xc3", "??"},
		{"\xc0\x80\xed\xa0\x80\xf5", "??????"}, /* too long, half a pair, too large */
		{"\xe2\x82", "??"},
	};
	char to[64], text[3000];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = ct_go_text_clean(to, sizeof(to), cases[i].in);
		assert_int_equal(n, strlen(cases[i].out));
		assert_memory_equal(to, cases[i].out, n);
	}
	/* cut after a whole character */
	memset(text, 'x', sizeof(text));
	memcpy(text + 64 - 1, "\xc3\xa4", 3);
	assert_int_equal(ct_go_text_clean(to, sizeof(to), text), 64 - 1);
	assert_int_equal(ct_go_text_clean(to, sizeof(to), NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_traces),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
