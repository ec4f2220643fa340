/*
 * A reader meets traces in every state: being written this moment, cut off by a kill, half overwritten, made by somebody who
 * means harm.  Whatever it finds, it must give every whole record once and in order, tell what is missing, and never crash.
 */
/* timeout: 120 */
#include "traces.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read/dump.h"
#include "read/validate.h"

static const char *const small = "ctrace 1\n"
				 "header start_mono_ns=1000 host=\"h\"\n"
				 "process 0 pid=100 exe=\"/bin/app\"\n"
				 "module 1 path=\"/bin/app\" build_id=00aabb\n"
				 "stack a 1:0x10 1:0x20\n"
				 "stack b 1:0x30 1:0x20\n"
				 "symbol 1:0x10 function=\"f\" file=\"a.c\" line=3\n"
				 "data 1:0x99 name=\"lock\"\n"
				 "slot 0 thread=1 tid=100 op=mutex object=m1 start=1400\n"
				 "chunk slot=0\n"
				 "thread_begin +0 thread=1 tid=100\n"
				 "wait +500 op=mutex dur=300 object=m1 stack=a owner=101\n"
				 "wake +10 op=sem object=s1 stack=b\n"
				 "wait -5 op=mutex dur=3 object=m1\n"
				 "block\n"
				 "chunk slot=1\n"
				 "thread_begin +0 thread=2 tid=101\n"
				 "tally +100 op=mutex object=m1 count=3 total=30 max=20\n"
				 "event40 +3 f0=3\n";

/* --- arenas ----------------------------------------------------------------------------------------------------------------- */

static void an_arena_is_a_trace(void **state)
{
	const struct ct_trace_slot *slots;
	struct ct_builder b;
	struct t_arena a;
	struct ct_trace *t;
	struct ct_event *e;
	uint64_t frames[CT_TRACE_STACK_MAX];
	size_t n;

	(void)state;
	t_arena_make(&a);
	memcpy(a.strings, "/bin/app", 9);
	a.modules[1].state = 2;
	a.modules[1].path = 1;
	a.nodes[1] = (struct ct_trie_node){1ull << 48 | 0x10, 0, 0};
	a.nodes[2] = (struct ct_trie_node){1ull << 48 | 0x20, 1, 0};
	t_begin(&b, 0, 0, 1000);
	t_thread(&b, 1000, 1);
	t_wait(&b, 1500, 100, 0x5000);
	t_arena_chunk(&a, 3, &b, CT_CHUNK_SEALED);
	t_begin(&b, 0, 1, 2000);
	t_wait(&b, 2500, 100, 0x5000);
	t_arena_chunk(&a, 1, &b, CT_CHUNK_OPEN); /* places in memory mean nothing */
	t_begin(&b, 1, 0, 1200);
	t_thread(&b, 1200, 2);
	t_arena_chunk(&a, 2, &b, CT_CHUNK_OPEN);

	a.slot[0]->state = CT_SLOT_CLAIMED;
	a.slot[0]->thread = 1;
	a.slot[0]->tid = 100;
	a.slot[0]->inflight.op = CT_OP_cond;
	a.slot[0]->inflight.object = 0x6000;
	a.slot[0]->inflight.stack = 2;
	a.slot[0]->tally[5] = (struct ct_tally){0x5000, 2, CT_OP_mutex, 7, 700, 200, 0};
	a.slot[0]->opstat[1].count = 3;
	a.slot[0]->opstat[1].total_ticks = 30;
	a.slot[0]->opstat[1].bucket[4] = 3;
	a.slot[1]->state = CT_SLOT_CLAIMED;
	a.slot[1]->thread = 2;
	a.slot[1]->inflight.op = CT_OP_mutex;
	a.slot[1]->inflight.seq = 5; /* it died while it wrote the line */

	assert_int_equal(ct_trace_open_memory(a.bytes, a.size, &t, NULL, 0), 0);
	e = t_records(t, CT_ORDER_TIME, NULL, &n);
	assert_int_equal(n, 4 + 3);
	assert_int_equal(e[0].r.ticks, 1000);
	assert_int_equal(e[1].r.ticks, 1200);
	assert_int_equal(e[1].thread, 2);
	assert_int_equal(e[2].r.ticks, 1500);
	assert_int_equal(e[3].r.ticks, 2500);
	assert_int_equal(e[4].r.type, CT_EV_tally);
	assert_int_equal(e[4].flags, CT_RECORD_SYNTHETIC);
	assert_int_equal(e[4].thread, 1);
	assert_int_equal(e[4].r.v[CT_F_tally_count], 7);
	assert_int_equal(e[4].r.v[CT_F_tally_stack], 2);
	assert_int_equal(e[5].r.type, CT_EV_opstat);
	assert_int_equal(e[5].r.v[CT_F_opstat_op], CT_OP_read);
	assert_int_equal(e[5].r.v[CT_F_opstat_total], 30);
	assert_int_equal(e[6].r.type, CT_EV_ophist);
	assert_int_equal(e[6].r.v[CT_F_ophist_bucket], 4);
	assert_int_equal(e[6].r.v[CT_F_ophist_count], 3);
	free(e);
	assert_int_equal(ct_trace_slots(t, &slots), 2);
	assert_int_equal(slots[0].op, CT_OP_cond);
	assert_int_equal(slots[1].op, 0);
	assert_int_equal(ct_trace_stack(t, 2, frames, CT_TRACE_STACK_MAX), 2);
	assert_true(frames[0] == (1ull << 48 | 0x20) && frames[1] == (1ull << 48 | 0x10));
	assert_string_equal(ct_trace_string(t, ct_trace_module(t, frames[0])->path), "/bin/app");
	assert_null(ct_trace_module(t, 2ull << 48));
	assert_int_equal(ct_trace_damage(t, &(const struct ct_trace_damage *){0}, NULL), 0);
	ct_trace_close(t);
	t_arena_free(&a);
}

/* The killed thread had reserved two records and completed the second one (in a signal handler): both are lost, and told. */
static void a_torn_record_is_counted(void **state)
{
	struct ct_builder b;
	struct t_arena a;
	struct ct_trace *t;
	struct ct_event *e;
	size_t n;

	(void)state;
	t_arena_make(&a);
	t_begin(&b, 0, 0, 1000);
	t_thread(&b, 1000, 1);
	assert_int_equal(ct_builder_torn(&b, 9), 0);
	t_wait(&b, 1500, 100, 0x5000);
	t_arena_chunk(&a, 0, &b, CT_CHUNK_OPEN);
	assert_int_equal(ct_trace_open_memory(a.bytes, a.size, &t, NULL, 0), 0);
	e = t_records(t, CT_ORDER_CHUNK, NULL, &n);
	assert_int_equal(n, 1);
	free(e);
	free(t_records(t, CT_ORDER_TIME, NULL, &n)); /* a second walk does not count again */
	assert_int_equal(ct_trace_losses(t)[CT_LOSS_TORN], 1);
	ct_trace_close(t);
	t_arena_free(&a);
}

/* Every index and offset of an arena's header may lie. */
static void a_lying_arena_is_survived(void **state)
{
	struct ct_builder b;
	struct t_arena a;
	uint8_t *copy;
	size_t i;

	(void)state;
	t_arena_make(&a);
	t_begin(&b, 0, 0, 1000);
	t_thread(&b, 1000, 1);
	t_arena_chunk(&a, 0, &b, CT_CHUNK_OPEN);
	copy = malloc(a.size);
	for (i = offsetof(struct ct_header, regions); i < offsetof(struct ct_header, samples);
	     i++) {
		struct ct_trace *t;
		size_t n;

		memcpy(copy, a.bytes, a.size);
		copy[i] ^= 0xff;
		assert_int_equal(ct_trace_open_memory(copy, a.size, &t, NULL, 0), 0);
		free(t_records(t, CT_ORDER_TIME, NULL, &n));
		ct_trace_close(t);
	}
	free(copy);
	t_arena_free(&a);
}

/* --- an arena that is being written ------------------------------------------------------------------------------------------- */

struct live {
	struct t_arena a;
	_Atomic int stop;
};

/*
 * Writes as the recorder does: bytes of a record with the tag last, the cursor before it; seals, recycles the oldest chunk.  The
 * object of each wait is a function of its time, so that a reader that mixes two states of memory is caught.
 */
static uint64_t object_at(uint64_t ticks)
{
	return ticks * 0x9e3779b97f4a7c15ull;
}

static void *write_chunks(void *arg)
{
	struct live *live = arg;
	uint64_t now = 1000;
	uint32_t sequence;

	for (sequence = 0; !live->stop; sequence++) {
		struct ct_chunk *c = &live->a.chunks[sequence % T_CHUNKS];
		struct ct_builder b;
		uint32_t i;

		atomic_store(&c->state, CT_CHUNK_FREE);
		c->magic = 0;
		c->epoch++;
		atomic_thread_fence(memory_order_seq_cst);
		memset(c->bytes, 0, sizeof(c->bytes));
		c->slot = 0;
		c->sequence = sequence;
		c->thread = 1;
		c->tid = 100;
		c->base_ticks = now;
		c->base_mono_ns = now;
		atomic_store(&c->cursor, 0);
		atomic_thread_fence(memory_order_seq_cst);
		c->magic = CT_CHUNK_MAGIC;
		atomic_store(&c->state, CT_CHUNK_OPEN);
		t_begin(&b, 0, sequence, now);
		for (i = 0; i < 300 && !live->stop; i++) {
			uint32_t from = b.used, k;

			now += 10 + i % 7;
			t_wait(&b, now, i % 5, object_at(now));
			atomic_store(&c->cursor, (now - c->base_ticks) << 16 | b.used);
			for (k = b.used - 1; k > from; k--)
				__atomic_store_n(&c->bytes[k], b.chunk.bytes[k], __ATOMIC_RELAXED);
			__atomic_store_n(&c->bytes[from], b.chunk.bytes[from], __ATOMIC_RELEASE);
			c->records = i + 1;
		}
		atomic_store(&c->state, CT_CHUNK_SEALED);
	}
	return NULL;
}

static void a_live_arena_gives_only_whole_records(void **state)
{
	struct live live = {.stop = 0};
	uint64_t total = 0;
	pthread_t writer;
	unsigned round;

	(void)state;
	t_arena_make(&live.a);
	pthread_create(&writer, NULL, write_chunks, &live);
	/* the writer may be slow to start, or so fast that a round finds all it looked at overwritten */
	for (round = 0; round < 300 || total < 10000; round++) {
		struct ct_trace *t = t_open(live.a.path);
		struct ct_event *e;
		size_t n, i;

		e = t_records(t, CT_ORDER_TIME, NULL, &n);
		for (i = 0; i < n; i++) {
			assert_int_equal(e[i].r.type, CT_EV_wait);
			assert_true(e[i].r.v[CT_F_wait_object] == object_at(e[i].r.ticks));
			assert_true(i == 0 || e[i].r.ticks > e[i - 1].r.ticks);
		}
		total += n;
		free(e);
		ct_trace_close(t);
	}
	live.stop = 1;
	pthread_join(writer, NULL);
	t_arena_free(&live.a);
}

/* --- stream and arena together -------------------------------------------------------------------------------------------------- */

/* ctrace-run was killed after it had appended chunk 0 and before it had given it back, with chunk 1 still open in the arena. */
static void an_unfinished_stream_brings_its_arena(void **state)
{
	const char *stream = t_path("out.ctrace"), *arena = t_path("arena");
	struct ct_builder first, second;
	const struct ct_chunk *one = &first.chunk;
	struct ct_header header;
	struct ct_stream *s;
	struct t_arena a;
	struct ct_trace *t;
	struct ct_event *e;
	FILE *f;
	size_t n;

	(void)state;
	t_arena_make(&a);
	memset(a.header->trace_id, 7, 16);
	a.header->policy = CT_POLICY_STREAM;
	a.header->lost[CT_LOSS_NO_CHUNK] = 3;
	t_begin(&first, 0, 0, 1000);
	t_thread(&first, 1000, 1);
	t_wait(&first, 1500, 100, 0x5000);
	t_arena_chunk(&a, 0, &first, CT_CHUNK_SEALED);
	t_begin(&second, 0, 1, 1500);
	t_wait(&second, 2500, 100, 0x5000);
	t_arena_chunk(&a, 1, &second, CT_CHUNK_OPEN);
	f = fopen(arena, "wb");
	assert_int_equal(fwrite(a.bytes, 1, a.size, f), a.size);
	fclose(f);

	header = *a.header;
	strcpy(header.arena_path, strrchr(arena, '/') + 1); /* counts from the stream's folder */
	assert_int_equal(ct_stream_create(stream, &header, &s), 0);
	ct_builder_seal(&first);
	assert_int_equal(ct_stream_chunks(s, &one, 1), 0);
	ct_stream_close(s);

	t = t_open(stream);
	e = t_records(t, CT_ORDER_TIME, NULL, &n);
	assert_int_equal(n, 3);
	assert_int_equal(e[2].r.ticks, 2500);
	free(e);
	assert_string_equal(ct_trace_info(t)->arena_path, arena);
	assert_int_equal(ct_trace_losses(t)[CT_LOSS_NO_CHUNK], 3);
	assert_int_equal(ct_trace_damage(t, &(const struct ct_trace_damage *){0}, NULL), 0);
	ct_trace_close(t);

	/* another trace's arena under the same name is not taken */
	a.header->trace_id[0] = 8;
	f = fopen(arena, "wb");
	assert_int_equal(fwrite(a.bytes, 1, a.size, f), a.size);
	fclose(f);
	t = t_open(stream);
	free(t_records(t, CT_ORDER_TIME, NULL, &n));
	assert_int_equal(n, 2);
	assert_int_equal(ct_trace_damage(t, &(const struct ct_trace_damage *){0}, NULL), 1);
	ct_trace_close(t);
	unlink(arena);
	unlink(stream);
	t_arena_free(&a);
}

/* --- order and filters ------------------------------------------------------------------------------------------------------------ */

#define MANY_SLOTS 20

/* Slots of very different speed, threads that change, records that go back, chunks of all slots in each block. */
static void make_many(const char *path)
{
	static struct ct_builder b[MANY_SLOTS];
	static struct ct_chunk full[1000];
	const struct ct_chunk *list[CT_STREAM_BLOCK_CHUNKS];
	static const struct ct_header header = {
		.policy = 1, .clock = 2, .ticks_per_second = 1000000000};
	uint32_t sequence[MANY_SLOTS] = {0}, thread[MANY_SLOTS], serial = MANY_SLOTS;
	uint64_t now = 1000, seed = 42;
	struct ct_stream *s;
	size_t n = 0, i;

	for (i = 0; i < MANY_SLOTS; i++) {
		t_begin(&b[i], (uint32_t)i, sequence[i]++, now);
		t_thread(&b[i], now, thread[i] = (uint32_t)i + 1);
	}
	for (i = 0; i < 60000; i++) {
		unsigned slot = (unsigned)(t_random(&seed) % MANY_SLOTS);
		struct ct_builder *w;
		uint64_t ticks;

		slot = t_random(&seed) % 4 ? slot / 4 : slot; /* some are slow */
		w = &b[slot];
		now += t_random(&seed) % 20;
		ticks = now > w->ticks ? now : w->ticks;
		if (t_random(&seed) % 50 == 0 && ticks > w->chunk.base_ticks + 50)
			ticks = w->ticks - t_random(&seed) % 30;
		if (t_random(&seed) % 500 == 0)
			t_thread(w, ticks, thread[slot] = ++serial);
		else
			t_wait(w, ticks, t_random(&seed) % 100, 0x5000 + i % 3);
		if (w->used > 2000) {
			struct ct_chunk head = {.slot = slot,
						.sequence = sequence[slot]++,
						.thread = thread[slot],
						.tid = thread[slot] + 99,
						.base_ticks = w->ticks};

			ct_builder_seal(w);
			assert_true(n < sizeof(full) / sizeof(full[0]) - MANY_SLOTS);
			full[n++] = w->chunk;
			ct_builder_start(w, &head);
		}
	}
	for (i = 0; i < MANY_SLOTS; i++) {
		ct_builder_seal(&b[i]);
		full[n++] = b[i].chunk;
	}
	assert_int_equal(ct_stream_create(path, &header, &s), 0);
	for (i = 0; i < n; i++) {
		list[i % 7] = &full[i];
		if (i % 7 == 6 || i + 1 == n)
			assert_int_equal(ct_stream_chunks(s, list, i % 7 + 1), 0);
	}
	assert_int_equal(ct_stream_finish(s, &header), 0);
	ct_stream_close(s);
}

static int by_time(const void *a, const void *b)
{
	const struct ct_event *x = a, *y = b;

	if (x->r.ticks != y->r.ticks)
		return x->r.ticks < y->r.ticks ? -1 : 1;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->chunk != y->chunk)
		return x->chunk < y->chunk ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void time_order_is_what_sorting_gives(void **state)
{
	const char *path = t_path("many.ctrace");
	struct ct_event *chunk, *timed;
	struct ct_trace *t;
	size_t n, m, i, late = 0;

	(void)state;
	make_many(path);
	t = t_open(path);
	chunk = t_records(t, CT_ORDER_CHUNK, NULL, &n);
	timed = t_records(t, CT_ORDER_TIME, NULL, &m);
	assert_int_equal(n, 60000 + MANY_SLOTS);
	assert_int_equal(n, m);
	for (i = 1; i < n; i++) /* a thread's records stand as they were written */
		assert_true(chunk[i].chunk > chunk[i - 1].chunk ||
			    chunk[i].offset > chunk[i - 1].offset);
	qsort(chunk, n, sizeof(*chunk), by_time);
	for (i = 0; i < n; i++) {
		late += timed[i].flags / CT_RECORD_LATE & 1;
		assert_true(timed[i].r.ticks == chunk[i].r.ticks);
		assert_int_equal(timed[i].slot, chunk[i].slot);
		assert_int_equal(timed[i].offset, chunk[i].offset);
	}
	assert_int_equal(late, 0);
	free(chunk);
	free(timed);
	ct_trace_close(t);
	unlink(path);
}

static bool passes(const struct ct_filter *f, const struct ct_event *e)
{
	return e->r.ticks >= f->from_ticks && (!f->to_ticks || e->r.ticks <= f->to_ticks) &&
	       (!f->thread || f->thread == e->thread) &&
	       (!f->events || f->events >> e->r.type & 1) &&
	       (f->process == CT_ANY_PROCESS || f->process == e->process);
}

/* A filter may skip whole chunks; it must give what looking at every record gives. */
static void filters_lose_nothing(void **state)
{
	const char *path = t_path("many.ctrace");
	struct ct_event *all, *some;
	struct ct_trace *t;
	uint64_t seed = 8, span;
	size_t n, m, i, k;
	unsigned round;

	(void)state;
	make_many(path);
	t = t_open(path);
	all = t_records(t, CT_ORDER_TIME, NULL, &n);
	span = ct_trace_info(t)->last_ticks - ct_trace_info(t)->first_ticks;
	for (round = 0; round < 60; round++) {
		struct ct_filter f = CT_FILTER_NONE;

		if (round % 2)
			f.from_ticks = 1000 + t_random(&seed) % span;
		if (round % 3)
			f.to_ticks = f.from_ticks + t_random(&seed) % (span / 4) + 1;
		if (round % 4 == 1)
			f.thread = (uint32_t)(1 + t_random(&seed) % 60);
		if (round % 5 == 1)
			f.events = 1ull << CT_EV_thread_begin;
		if (round % 7 == 1)
			f.process = round % 2;
		some = t_records(t, round % 6 ? CT_ORDER_TIME : CT_ORDER_CHUNK, &f, &m);
		if (round % 6 == 0)
			qsort(some, m, sizeof(*some), by_time);
		for (i = k = 0; i < n; i++) {
			if (!passes(&f, &all[i]))
				continue;
			assert_true(k < m);
			assert_int_equal(some[k].chunk, all[i].chunk);
			assert_int_equal(some[k].offset, all[i].offset);
			assert_int_equal(some[k].thread, all[i].thread);
			k++;
		}
		assert_int_equal(k, m);
		free(some);
	}
	free(all);
	ct_trace_close(t);
	unlink(path);
}

/* --- time ------------------------------------------------------------------------------------------------------------------------- */

/* Three ticks a ns, told a little wrong, and one sample in five taken by a thread that was preempted for up to 4 ms. */
static void one_clock(uint32_t samples, uint64_t apart_ns)
{
	const char *path = t_path("clock.ctrace");
	static struct ct_builder b;
	const struct ct_chunk *one = &b.chunk;
	struct ct_header header = {
		.policy = 1, .clock = CT_CLOCK_TSC, .ticks_per_second = 3000200000};
	struct ct_stream *s;
	struct ct_trace *t;
	uint64_t seed = 11, last = 0, ns, i;

	assert_int_equal(ct_stream_create(path, &header, &s), 0);
	for (i = 1; i <= samples; i++) {
		struct ct_chunk head = {.slot = (uint32_t)i, .base_ticks = 3 * apart_ns * i};

		head.base_mono_ns = apart_ns * i;
		if (i % 5 == 1) /* the very first one too */
			head.base_mono_ns += t_random(&seed) % 4000000;
		ct_builder_start(&b, &head);
		ct_builder_seal(&b);
		assert_int_equal(ct_stream_chunks(s, &one, 1), 0);
	}
	ct_stream_close(s);
	t = t_open(path);
	for (i = 1; i < 10 * samples; i++) {
		uint64_t ticks = 3 * apart_ns * i / 10;

		ns = ct_trace_ns(t, ticks);
		assert_true(ns >= last);
		assert_in_range(ns, ticks / 3 - 25000, ticks / 3 + 25000);
		assert_true(ct_trace_ns(t, ct_trace_ticks(t, ns)) >= ns);
		last = ns;
	}
	ct_trace_close(t);
	unlink(path);
}

static void preempted_samples_do_not_bend_time(void **state)
{
	(void)state;
	one_clock(2000, 1000000);
	one_clock(150, 10000000);
	one_clock(20, 1000000);
}

static void time_never_goes_back(void **state)
{
	struct ct_header *h = calloc(1, CT_HEADER_BYTES);
	struct ct_trace *t;
	uint64_t seed = 77;
	unsigned round, i;

	(void)state;
	h->magic = CT_MAGIC;
	h->major = CT_FORMAT_MAJOR;
	h->header_bytes = CT_HEADER_BYTES;
	h->container = CT_STREAM;
	for (round = 0; round < 200; round++) {
		h->ticks_per_second = t_random(&seed) >> t_random(&seed) % 64;
		h->clock_samples = CT_CLOCK_SAMPLES;
		for (i = 0; i < CT_CLOCK_SAMPLES; i++)
			h->samples[i] =
				(struct ct_clock_sample){t_random(&seed) >> t_random(&seed) % 64,
							 t_random(&seed) >> t_random(&seed) % 64};
		assert_int_equal(ct_trace_open_memory(h, CT_HEADER_BYTES, &t, NULL, 0), 0);
		for (i = 0; i < 200; i++) {
			uint64_t a = t_random(&seed) >> t_random(&seed) % 64;
			uint64_t b = a + (t_random(&seed) >> t_random(&seed) % 64);

			if (b >= a)
				assert_true(ct_trace_ns(t, b) >= ct_trace_ns(t, a));
		}
		ct_trace_close(t);
	}
	free(h);
}

/* --- damage ------------------------------------------------------------------------------------------------------------------------ */

static void ignore(void *arg, const struct ct_problem *p)
{
	assert_true(p->text[0]);
	++*(size_t *)arg;
}

/* Everything there is to do with a trace.  Returns the number of records, or -1 when it is refused. */
static int64_t use(const uint8_t *bytes, size_t size)
{
	char why[200] = "";
	struct ct_trace *t;
	struct ct_event *e;
	uint64_t frames[CT_TRACE_STACK_MAX];
	size_t n, m, told = 0, i;
	FILE *out;

	if (ct_trace_open_memory(bytes, size, &t, why, sizeof(why)) != 0) {
		assert_true(why[0]);
		assert_null(strchr(why, '\n'));
		return -1;
	}
	free(t_records(t, CT_ORDER_CHUNK, NULL, &n));
	e = t_records(t, CT_ORDER_TIME, NULL, &m);
	for (i = 0; i < m; i++)
		ct_trace_stack(t, (uint32_t)e[i].r.v[CT_F_wait_stack], frames, CT_TRACE_STACK_MAX);
	free(e);
	assert_int_equal(n, m);
	assert_true(ct_validate(t, ignore, &told) == (int64_t)told);
	out = fopen("/dev/null", "w");
	assert_int_equal(ct_trace_dump(t, out), 0);
	fclose(out);
	ct_trace_close(t);
	return (int64_t)m;
}

static void cut_at_every_byte(void **state)
{
	const char *path = t_path("small.ctrace");
	uint8_t *bytes, *exact;
	int64_t records = 0, now;
	size_t size, n;

	(void)state;
	t_make(path, small);
	bytes = t_load(path, &size);
	for (n = 0; n <= size; n++) {
		exact = malloc(n ? n : 1);
		memcpy(exact, bytes, n);
		now = use(exact, n);
		free(exact);
		assert_int_equal(now < 0, n < CT_HEADER_BYTES);
		assert_true(now >= records || now < 0); /* more bytes never tell less */
		records = now < 0 ? 0 : now;
	}
	assert_int_equal(records, 6);
	free(bytes);
	unlink(path);
}

static void every_byte_wrong_once(void **state)
{
	const uint8_t masks[] = {0xff, 0x01, 0x80};
	const char *path = t_path("small.ctrace");
	uint8_t *bytes;
	size_t size, i, k;

	(void)state;
	t_make(path, small);
	bytes = t_load(path, &size);
	for (i = 0; i < size; i++) {
		for (k = 0; k < sizeof(masks); k++) {
			bytes[i] ^= masks[k];
			assert_true(use(bytes, size) <= 6);
			bytes[i] ^= masks[k];
		}
	}
	assert_int_equal(use(bytes, size), 6);
	free(bytes);
	unlink(path);
}

static void what_is_no_trace_is_refused_in_one_line(void **state)
{
	const char *fifo = t_path("fifo"), *empty = t_path("empty"), *text = t_path("text");
	struct ct_trace *t;
	char why[200], due[600];
	FILE *f;

	(void)state;
	assert_int_equal(ct_trace_open("/nowhere/x", &t, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "/nowhere/x: No such file or directory");
	assert_null(t);
	assert_int_equal(ct_trace_open("/tmp", &t, why, sizeof(why)), -EISDIR);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(ct_trace_open(fifo, &t, why, sizeof(why)),
			 -EINVAL); /* and does not hang */
	unlink(fifo);
	fclose(fopen(empty, "w"));
	assert_int_equal(ct_trace_open(empty, &t, why, sizeof(why)), -CT_ERR_FOREIGN);
	snprintf(due, sizeof(due), "%s: the file is empty", empty);
	assert_string_equal(why, due);
	unlink(empty);
	f = fopen(text, "w");
	fputs("#!/bin/sh\necho hello\n", f);
	fclose(f);
	assert_int_equal(ct_trace_open(text, &t, why, sizeof(why)), -CT_ERR_FOREIGN);
	snprintf(due, sizeof(due), "%s: not a ctrace file", text);
	assert_string_equal(why, due);
	unlink(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arena_is_a_trace),
		cmocka_unit_test(a_torn_record_is_counted),
		cmocka_unit_test(a_lying_arena_is_survived),
		cmocka_unit_test(a_live_arena_gives_only_whole_records),
		cmocka_unit_test(an_unfinished_stream_brings_its_arena),
		cmocka_unit_test(time_order_is_what_sorting_gives),
		cmocka_unit_test(filters_lose_nothing),
		cmocka_unit_test(preempted_samples_do_not_bend_time),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(every_byte_wrong_once),
		cmocka_unit_test(what_is_no_trace_is_refused_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
