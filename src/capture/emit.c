/*
 * emit.c - records into chunks.
 *
 * A chunk has one writer thread, but that thread can be interrupted at any instruction by a signal handler that emits too, and
 * can be killed at any instruction.  So:
 *
 *   reserve   one compare-and-swap, not locked, of the chunk's cursor: time and bytes used move together.  If a handler got
 *             in between, the swap fails and the record is made again behind the handler's.
 *   write     all bytes but the first
 *   commit    the first byte, the tag.  A reader stops at a tag that is 0.
 *
 * A handler that finds the recorder at work below it (emitting > 0) writes its record plain: it neither uses nor changes the
 * predictors, which the code below may be in the middle of changing.  And it keeps out of the chunk that the code below is in: it opens
 * another, and the one below is given away by the code below when it is done with it (deferred).  That is rare: with a record every 200 ns
 * and a handler that makes one every 100 us, 3 in 100 of the handlers' records open a chunk, and the program is as fast as without; a
 * ring then forgets some 300 chunks a second sooner.
 *
 * For a handler may also leave by longjmp, or cancellation by unwinding, what it interrupted here.  Then there is a hole, reserved and never
 * completed, and readers see nothing behind it; so nothing must be put there.  And `emitting` counts one that never ends, until a record
 * finds its frame gone.
 */
#include "capture/capture.h"

#include "sys/bulk.h"
#include "sys/mem.h"
#include "sys/poison.h"

#define CT_BODY_MAX 120 /* op 1, mask 2, 11 fields of at most 10 bytes */

#define EMITTING 0x454d4954ull /* what a frame of ct_emit holds for its start, since it has none */

#define CURSOR(time, pos) ((uint64_t)(time) << 16 | (uint64_t)(pos))
#define CURSOR_POS(c)	  ((uint32_t)((c)&0xffff))
#define CURSOR_TIME(c)	  ((c) >> 16)

/* Between a thread and its own signal handlers a compare-and-swap needs no lock prefix, which would cost 5 ns. */
static inline bool cursor_swap(_Atomic uint64_t *cursor, uint64_t from, uint64_t to)
{
#if defined(__x86_64__)
	bool done;

	__asm__ volatile("cmpxchgq %3, %1"
			 : "=@ccz"(done), "+m"(*cursor), "+a"(from)
			 : "r"(to)
			 : "memory");
	return done;
#else
	return atomic_compare_exchange_strong_explicit(cursor, &from, to, memory_order_relaxed,
						       memory_order_relaxed);
#endif
}

static uint32_t chunk_index(const struct ct_chunk *c)
{
	return (uint32_t)(c - ct_cap.arena.chunks);
}

static struct ct_chunk *open_chunk(struct ct_slot *s)
{
	uint64_t n = atomic_load_explicit(&s->chunk, memory_order_relaxed);

	return n ? &ct_cap.arena.chunks[n - 1] : 0;
}

/* --- chunks: from free to open --------------------------------------------------------------------------------------------- */

static struct ct_chunk *take_free(void)
{
	int64_t i = ct_arena_take(&ct_cap.arena, CT_REGION_CHUNKS);

	return i < 0 ? 0 : &ct_cap.arena.chunks[i];
}

/* The oldest sealed chunk: chunks are handed out in turn, so it is the next one that is not open. */
static struct ct_chunk *take_oldest(void)
{
	struct ct_shared *sh = ct_cap.arena.shared;
	uint64_t n = atomic_load_explicit(&sh->limit[CT_REGION_CHUNKS], memory_order_relaxed),
		 tries;

	for (tries = 0; tries < n; tries++) {
		uint32_t i = (uint32_t)(atomic_fetch_add_explicit(&sh->ring_next, 1,
								  memory_order_relaxed) %
					n);
		struct ct_chunk *c = &ct_cap.arena.chunks[i];
		uint32_t sealed = CT_CHUNK_SEALED;

		if (!atomic_compare_exchange_strong_explicit(&c->state, &sealed, CT_CHUNK_OPEN,
							     memory_order_acquire,
							     memory_order_relaxed))
			continue;
		atomic_fetch_and_explicit(&sh->chunk_sealed[i / 64], ~(1ull << (i % 64)),
					  memory_order_relaxed);
		/* a reader that is copying it sees the epoch move, and one that comes later no chunk, before the bytes go */
		c->epoch++;
		c->magic = 0;
		atomic_thread_fence(memory_order_release);
		/* killed here, it counts too little, which readers find out; never what is still there */
		atomic_fetch_add_explicit(&ct_cap.arena.header->lost[CT_LOSS_OVERWRITTEN],
					  atomic_load_explicit(&c->records, memory_order_relaxed),
					  memory_order_relaxed);
		ct_bulk_zero(c->bytes, sizeof(c->bytes));
		return c;
	}
	return 0;
}

void ct_clock_note(struct ct_clock_sample sample)
{
	struct ct_header *h = ct_cap.arena.header;
	uint32_t n = atomic_fetch_add_explicit(&h->clock_samples, 1, memory_order_relaxed);
	/* the first half is kept for ever, the second half is a ring: both the start and the end of a long run stay known */
	uint32_t half = CT_CLOCK_SAMPLES / 2, i = n < half ? n : half + n % half;

	h->samples[i].ticks = 0;
	atomic_signal_fence(memory_order_seq_cst);
	h->samples[i].mono_ns = sample.mono_ns;
	atomic_thread_fence(memory_order_release);
	h->samples[i].ticks = sample.ticks;
}

/* One record of the slot's thread more is lost.  A handler that loses one in the middle of this may be counted to the wrong thread. */
static void owe(struct ct_slot *s)
{
	struct ct_slot_private *own = ct_own(s);
	uint32_t n = own->owed_count < CT_OWED_ROWS ? own->owed_count : CT_OWED_ROWS;
	struct ct_owed *o;

	if (!n || (own->owed[n - 1].thread != s->thread && n < CT_OWED_ROWS)) {
		o = &own->owed[n];
		o->thread = s->thread;
		o->count = 0;
		o->since = ct_now();
		own->owed_count = ++n;
	}
	o = &own->owed[n - 1];
	if (o->thread != s->thread)
		o->thread = 0;
	o->count++;
	o->until = ct_now();
}

/*
 * A zeroed chunk of our own that would follow `old` (or none), its header written but for the magic: no reader sees it, and a jump that leaves us
 * here leaves no hole in the numbers.  NULL: none to be had, counted.
 */
static struct ct_chunk *new_chunk(struct ct_slot *s, const struct ct_chunk *old, uint32_t below)
{
	struct ct_chunk *c = take_free();
	struct ct_clock_sample now;

	if (!c && ct_cap.ring)
		c = take_oldest();
	if (!c) {
		s->lost++;
		s->lost_total++;
		owe(s);
		atomic_fetch_add_explicit(&ct_cap.arena.header->lost[CT_LOSS_NO_CHUNK], 1,
					  memory_order_relaxed);
		return 0;
	}
	c->magic = 0;
	now = ct_clock_sample(&ct_cap.clock);
	c->slot = s->index;
	c->sequence = old ? old->sequence + 1 : s->next_sequence;
	c->process = s->process;
	c->thread = s->thread;
	c->tid = s->tid;
	c->lost = s->lost;
	c->base_ticks = now.ticks;
	c->base_mono_ns = now.mono_ns;
	atomic_store_explicit(&c->records, 0, memory_order_relaxed);
	atomic_store_explicit(&c->cursor, 0, memory_order_relaxed);
	/* above a record in progress nobody knows whether it counts yet */
	if (ct_cap.ring && !below)
		ct_count_tell(s, old, c);
	return c;
}

/* The slot's chunk becomes one that readers see.  A handler may have done it, and have sealed the chunk by now. */
static void show(struct ct_chunk *c)
{
	uint32_t nobody = CT_CHUNK_FREE;

	atomic_compare_exchange_strong_explicit(&c->state, &nobody, CT_CHUNK_OPEN,
						memory_order_relaxed, memory_order_relaxed);
	__atomic_store_n(&c->magic, CT_CHUNK_MAGIC, __ATOMIC_RELEASE);
}

/* Not needed after all: nothing was written in it but what ct_count_tell() did. */
static void give_back(struct ct_chunk *c)
{
	uint32_t index = chunk_index(c);

	ct_mem_zero(c->bytes, CURSOR_POS(atomic_load_explicit(&c->cursor, memory_order_relaxed)));
	atomic_store_explicit(&c->state, CT_CHUNK_FREE, memory_order_relaxed);
	atomic_fetch_or_explicit(&ct_cap.arena.shared->chunk_free[index / 64], 1ull << (index % 64),
				 memory_order_release);
}

/* --- chunks: from open to sealed ------------------------------------------------------------------------------------------- */

static void seal(struct ct_slot *s, uint32_t index)
{
	struct ct_shared *sh = ct_cap.arena.shared;
	struct ct_chunk *c = &ct_cap.arena.chunks[index];
	uint32_t n = atomic_load_explicit(&c->records, memory_order_relaxed);

	atomic_store_explicit(&c->state, CT_CHUNK_SEALED, memory_order_release);
	atomic_fetch_add_explicit(&s->recorded, n, memory_order_relaxed);
	atomic_fetch_or_explicit(&sh->chunk_sealed[index / 64], 1ull << (index % 64),
				 memory_order_release);
}

/* Is one of the first n records in progress in this chunk? */
static bool is_worked_in(const struct ct_slot_private *own, uint32_t index, uint32_t n)
{
	while (n-- > 0)
		if (own->emit_chunk[n] == index + 1)
			return true;
	return false;
}

/* Those that none of the first n records in progress is in any more. */
static __attribute__((noinline, cold)) void seal_deferred(struct ct_slot *s, uint32_t n)
{
	struct ct_slot_private *own = ct_own(s);
	uint32_t i, chunk;

	if (!n)
		own->any_deferred = 0; /* from here on a handler's count again */
	atomic_signal_fence(memory_order_seq_cst);
	for (i = 0; i < CT_EMIT_DEPTH; i++) {
		chunk = atomic_load_explicit(&own->deferred[i], memory_order_relaxed);
		if (chunk && !is_worked_in(own, chunk - 1, n) &&
		    atomic_compare_exchange_strong_explicit(&own->deferred[i], &chunk, 0,
							    memory_order_relaxed,
							    memory_order_relaxed))
			seal(s, chunk - 1);
	}
}

/*
 * There is always a place: each of the records below is in one chunk, and what was put here for one that went on to another chunk, because
 * handlers came between it and its place several times in a row, is taken out before.
 */
static void defer(struct ct_slot *s, uint32_t index, uint32_t below)
{
	struct ct_slot_private *own = ct_own(s);
	uint32_t i, nobody;

	seal_deferred(s, below);
	for (i = 0; i < CT_EMIT_DEPTH; i++) {
		nobody = 0;
		if (atomic_compare_exchange_strong_explicit(&own->deferred[i], &nobody, index + 1,
							    memory_order_relaxed,
							    memory_order_relaxed))
			break;
	}
	own->any_deferred = 1;
}

/* @below: records in progress below the caller's */
static void seal_or_defer(struct ct_slot *s, uint32_t index, uint32_t below)
{
	if (is_worked_in(ct_own(s), index, below))
		defer(s, index, below);
	else
		seal(s, index);
}

/*
 * Replace the slot's chunk `old` (or none).  A chunk takes its number and its place in one instruction, since a handler may come between any
 * two, take one too, and leave by a jump.  False: no chunk to be had.
 */
static __attribute__((noinline)) bool next_chunk(struct ct_slot *s, struct ct_chunk *old,
						 uint32_t below)
{
	struct ct_chunk *c = new_chunk(s, old, below);

	if (!c)
		return false;
	if (!cursor_swap(&s->chunk, old ? chunk_index(old) + 1 : 0, chunk_index(c) + 1)) {
		/* a handler did it meanwhile */
		give_back(c);
		return true;
	}
	s->next_sequence = c->sequence + 1;
	s->lost -= c->lost;
	if (old)
		seal_or_defer(s, chunk_index(old), below);
	return true;
}

/* The slot has no chunk any more.  Returns the one it had, for the caller to seal; NULL: none, or a handler was faster. */
static struct ct_chunk *let_go(struct ct_slot *s)
{
	struct ct_chunk *c = open_chunk(s);

	if (!c)
		return 0;
	show(c);
	s->next_sequence = c->sequence + 1;
	return cursor_swap(&s->chunk, chunk_index(c) + 1, 0) ? c : 0;
}

void ct_chunk_finish(struct ct_slot *s)
{
	struct ct_chunk *c;

	seal_deferred(s, 0);
	c = let_go(s);
	if (c)
		seal(s, chunk_index(c));
}

/* --- records --------------------------------------------------------------------------------------------------------------- */

static void put_bytes(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (n >= 8) {
		uint32_t i;

		for (i = 0; i + 8 <= n; i += 8)
			((struct ct_mem_u64 *)(void *)(to + i))->v = ct_load64(from + i);
		((struct ct_mem_u64 *)(void *)(to + n - 8))->v = ct_load64(from + n - 8);
	} else {
		ct_mem_copy(to, from, n);
	}
}

static void fresh_predictors(struct ct_slot_private *own, const struct ct_chunk *c)
{
	if (own->predict_epoch_chunk == chunk_index(c) + 1 && own->predict_epoch == c->sequence)
		return;
	ct_bulk_zero(&own->predict, sizeof(own->predict));
	if (ct_cap.ring)
		/* the chunk that named these objects may be overwritten while this one lives */
		ct_bulk_zero(own->known, sizeof(own->known));
	own->predict_epoch_chunk = chunk_index(c) + 1;
	own->predict_epoch = c->sequence;
}

/* What a chunk of a ring says of its thread before anything else, since what came before may be gone; and a thread of itself. */
static __attribute__((noinline, cold)) void introduce(struct ct_slot *s)
{
	const uint64_t begin[CT_FIELDS_thread_begin] = {s->thread, s->tid, s->process, s->routine,
							s->parent};
	uint64_t name[CT_FIELDS_thread_name] = {s->thread, ct_load64(s->name),
						ct_load64(s->name + 8)};

	ct_emit(s, CT_EV_thread_begin, begin, s->begin_ticks);
	if (s->name[0])
		ct_emit(s, CT_EV_thread_name, name, s->begin_ticks);
}

/* Before it is completed, so that readers know how many are missing.  Exact, though a handler may interrupt it: one instruction, or an atomic. */
static void count_record(struct ct_chunk *c)
{
#if defined(__x86_64__)
	__asm__ volatile("incl %0" : "+m"(c->records));
#else
	atomic_fetch_add_explicit(&c->records, 1, memory_order_relaxed);
#endif
}

/* As exact. */
static void count_waits(struct ct_slot_private *own, uint64_t n)
{
#if defined(__x86_64__)
	__asm__ volatile("addq %1, %0" : "+m"(own->waits_written) : "er"(n));
#else
	__atomic_fetch_add(&own->waits_written, n, __ATOMIC_RELAXED);
#endif
}

/*
 * Place one record.  Returns the chunk it went to; or, with *full, the one that is open and has no room for it, NULL for none.  Making room is
 * the caller's, so that what is large here does not lie below it on somebody's stack.
 */
static __attribute__((noinline)) struct ct_chunk *place(struct ct_slot *s, enum ct_event_type type,
							const uint64_t *v, uint64_t ticks,
							uint32_t below, bool *full, unsigned *sent)
{
	struct ct_slot_private *own = ct_own(s);
	bool plain = below != 0;
	uint8_t body[CT_BODY_MAX], head[16], *end, *p;
	uint32_t head_len, body_len = 0, pos;
	uint64_t cursor, time, last;
	struct ct_chunk *c, *encoded_for = 0;

	for (;;) {
		c = open_chunk(s);
		if (!c || (plain && is_worked_in(own, chunk_index(c), below))) {
			*full = true;
			return c;
		}
		if (__builtin_expect(c->magic != CT_CHUNK_MAGIC, 0))
			show(c);
		own->emit_chunk[below] = chunk_index(c) + 1;
		atomic_signal_fence(memory_order_seq_cst);
		if (c != encoded_for) {
			if (!plain)
				fresh_predictors(own, c);
			end = ct_encode_body(body, type, v, plain ? 0 : &own->predict, sent);
			body_len = (uint32_t)(end - body);
			encoded_for = c;
		}
		cursor = atomic_load_explicit(&c->cursor, memory_order_relaxed);
		pos = CURSOR_POS(cursor);
		last = CURSOR_TIME(cursor);
		/* a chunk comes back from its drainer in another processor's cache */
		__builtin_prefetch(c->bytes + pos + 192, 1);
		head[0] = (uint8_t)(type | (plain ? CT_TAG_PLAIN : 0));
		time = ticks - c->base_ticks;
		if ((int64_t)time >= (int64_t)last) {
			p = ct_put_varint(head + 1, time - last);
		} else {
			head[0] |= CT_TAG_BACK;
			p = ct_put_varint(head + 1, last - time);
			time = last;
		}
		head_len = (uint32_t)(p - head);
		if (pos + head_len + body_len > CT_CHUNK_PAYLOAD) {
			*full = true;
			return c;
		}
		if (open_chunk(s) == c &&
		    cursor_swap(&c->cursor, cursor, CURSOR(time, pos + head_len + body_len)))
			break;
	}
	count_record(c);
	put_bytes(c->bytes + pos + head_len, body, body_len);
	put_bytes(c->bytes + pos + 1, head + 1, head_len - 1);
	atomic_signal_fence(memory_order_seq_cst);
	__atomic_store_n(&c->bytes[pos], head[0], __ATOMIC_RELEASE);
	return c;
}

/* Take those out that a longjmp has left, and keep out of the holes they left. */
static void forget_left(struct ct_slot *s, const struct ct_frame *here)
{
	struct ct_slot_private *own = ct_own(s);
	uint32_t n = own->emitting;
	struct ct_chunk *c;

	while (n > 0 && !ct_frame_lives(s, own->emit_frame[n - 1], EMITTING, here))
		n--;
	if (n == own->emitting)
		return;
	own->emitting = n;
	if (n == 0)
		seal_deferred(s, 0);
	c = let_go(s);
	if (c)
		seal_or_defer(s, chunk_index(c), n);
}

/* Somebody is emitting below us, or was. If that is the thread that says that it runs, we have to say it before him. */
static __attribute__((noinline, cold)) void on_top(struct ct_slot *s, enum ct_event_type type,
						   const struct ct_frame *here)
{
	struct ct_slot_private *own = ct_own(s);

	forget_left(s, here);
	if (own->begun != s->thread && type != CT_EV_thread_begin) {
		introduce(s);
		own->begun = s->thread;
	}
}

/*
 * From the moment that handlers find the slot they find somebody at work in it, which is where they look whether the thread has begun.  One that
 * comes when our record has its place already says it a second time.
 */
void ct_emit_begin(struct ct_slot *s, uint64_t generation)
{
	struct ct_slot_private *own = ct_own(s);
	struct ct_frame here = {s, EMITTING};

	own->emit_frame[0] = &here;
	own->emit_chunk[0] = 0;
	own->emitting = 1;
	atomic_signal_fence(memory_order_seq_cst);
	ct_tls.slot = s;
	ct_tls.generation = generation;
	atomic_signal_fence(memory_order_seq_cst);
	if (own->begun != s->thread)
		introduce(s);
	atomic_signal_fence(memory_order_seq_cst);
	own->begun = s->thread;
	atomic_signal_fence(memory_order_seq_cst);
	own->emitting = 0;
}

/* Our record is in a chunk that was opened for it: what else has to be said at the beginning of one. */
static __attribute__((noinline, cold)) void begin_chunk(struct ct_slot *s, enum ct_event_type type,
							uint32_t below, const struct ct_chunk *c)
{
	ct_clock_note((struct ct_clock_sample){c->base_ticks, c->base_mono_ns});
	if (below)
		return;
	/* records of no thread, as ctrace-run's own, introduce nobody */
	if (ct_cap.ring && c->sequence && s->thread && type != CT_EV_thread_begin)
		introduce(s);
	if (ct_own(s)->owed_count)
		ct_owed_write(s);
}

void ct_emit(struct ct_slot *s, enum ct_event_type type, const uint64_t *v, uint64_t ticks)
{
	struct ct_slot_private *own = ct_own(s);
	bool opened = false, full = false;
	unsigned sent = 0;
	uint32_t below;
	struct ct_chunk *c;
	struct ct_frame here = {s, EMITTING};

	if (__builtin_expect(own->emitting != 0, 0))
		on_top(s, type, &here);
	below = own->emitting;
	if (__builtin_expect(below >= CT_EMIT_DEPTH, 0)) {
		atomic_fetch_add_explicit(&ct_cap.arena.header->lost[CT_LOSS_NESTED], 1,
					  memory_order_relaxed);
		return;
	}
	own->emit_frame[below] = &here;
	own->emit_chunk[below] = 0;
	atomic_signal_fence(memory_order_seq_cst);
	own->emitting = below + 1;
	atomic_signal_fence(memory_order_seq_cst);
	/* again: a handler that came before the line above has been in our place */
	own->emit_frame[below] = &here;
	atomic_signal_fence(memory_order_seq_cst);
	while ((c = place(s, type, v, ticks, below, &full, &sent)), __builtin_expect(full, 0)) {
		if (!next_chunk(s, c, below)) {
			c = 0; /* it is lost, which was counted */
			break;
		}
		opened = true;
		full = false;
	}
	if (c && type == CT_EV_wait)
		count_waits(own, 1);
	else if (c && type == CT_EV_tally)
		count_waits(own, v[CT_F_tally_count]);
	if (c && !below)
		ct_predict_update(&own->predict, type, v, sent);
	own->emit_chunk[below] = 0;
	atomic_signal_fence(memory_order_seq_cst);
	if (!below && own->any_deferred)
		seal_deferred(s, 0);
	own->emitting = below;
	if (__builtin_expect(opened && c, 0))
		begin_chunk(s, type, below, c);
}

void ct_owed_write(struct ct_slot *s)
{
	struct ct_slot_private *own = ct_own(s);
	struct ct_owed owed[CT_OWED_ROWS];
	uint32_t n = own->owed_count < CT_OWED_ROWS ? own->owed_count : CT_OWED_ROWS, i;
	uint64_t v[CT_FIELDS_MAX] = {0};

	ct_mem_copy(owed, own->owed, sizeof(owed));
	own->owed_count = 0;
	for (i = 0; i < n; i++) {
		v[CT_F_lost_reason] = CT_LOSS_NO_CHUNK;
		v[CT_F_lost_count] = owed[i].count;
		v[CT_F_lost_span] = owed[i].until - owed[i].since;
		v[CT_F_lost_thread] = owed[i].thread;
		ct_emit(s, CT_EV_lost, v, owed[i].until);
	}
}
