/*
 * count.c - how much a thread has written, told where a ring cannot overwrite it.
 *
 * What a ring has overwritten says nothing of itself any more.  So everything after it does: each chunk begins with the number of its thread's
 * records in chunks before it, and a thread that ends leaves the number of all of them in a table.  What is not there of them is lost; nobody
 * counts losses, so nothing is to be put right when somebody is killed in the middle of one.
 *
 * A record costs nothing for this.  Chunks count their records, and a chunk that is sealed adds them to the slot's sum.
 */
#include "capture/capture.h"

#include "sys/mem.h"
#include "sys/poison.h"

#define CURSOR_TIME_SHIFT 16 /* of the time in a cursor: see format.h */

static const struct ct_chunk *chunk_at(const struct ct_arena *a, uint64_t n)
{
	const struct ct_region *r = ct_arena_region(a->header, CT_REGION_CHUNKS);

	return n && n <= r->items ? &a->chunks[n - 1] : 0;
}

/* In chunks that are not sealed yet. */
static uint64_t unsealed(const struct ct_arena *a, struct ct_slot *s)
{
	const struct ct_slot_private *own = ct_own(s);
	const struct ct_chunk *c =
		chunk_at(a, atomic_load_explicit(&s->chunk, memory_order_relaxed));
	uint64_t n = c ? atomic_load_explicit(&c->records, memory_order_relaxed) : 0;
	uint32_t i;

	for (i = 0; i < CT_EMIT_DEPTH; i++) {
		c = chunk_at(a, atomic_load_explicit(&own->deferred[i], memory_order_relaxed));
		n += c ? atomic_load_explicit(&c->records, memory_order_relaxed) : 0;
	}
	return n;
}

uint64_t ct_count(const struct ct_arena *a, struct ct_slot *s)
{
	return atomic_load_explicit(&s->recorded, memory_order_relaxed) + unsealed(a, s);
}

void ct_count_start(struct ct_slot *s)
{
	/* its chunk has records of the thread that had the slot before */
	atomic_store_explicit(&s->recorded, 0 - unsealed(&ct_cap.arena, s), memory_order_relaxed);
	ct_own(s)->waits_written = 0;
}

void ct_count_tell(struct ct_slot *s, const struct ct_chunk *old, struct ct_chunk *c)
{
	uint64_t records = ct_count(&ct_cap.arena, s), waits = ct_own(s)->waits_written, ago = 0,
		 last;
	uint8_t *p = c->bytes;

	if (!records)
		return;
	if (old) {
		last = old->base_ticks +
		       (atomic_load_explicit(&old->cursor, memory_order_relaxed) >>
			CURSOR_TIME_SHIFT);
		ago = c->base_ticks > last ? c->base_ticks - last : 0;
	}
	*p++ = CT_EV_before;
	*p++ = 0; /* at base_ticks */
	*p++ = (uint8_t)(1u << CT_F_before_records | (waits ? 1u : 0) << CT_F_before_waits |
			 (ago ? 1u : 0) << CT_F_before_ago);
	p = ct_put_varint(p, records);
	if (waits)
		p = ct_put_varint(p, waits);
	if (ago)
		p = ct_put_varint(p, ago);
	atomic_store_explicit(&c->records, 1, memory_order_relaxed);
	atomic_store_explicit(&c->cursor, (uint64_t)(p - c->bytes), memory_order_relaxed);
}

/* What ct_count_tell() wrote in a chunk. */
static bool told(const struct ct_chunk *c, uint64_t *records)
{
	const uint8_t *p = c->bytes + 3;
	unsigned shift;

	/* records are the first field, and never 0 */
	if (c->bytes[0] != CT_EV_before || !(c->bytes[2] & 1))
		return false;
	*records = 0;
	for (shift = 0; shift < 64; shift += 7) {
		*records |= (uint64_t)(*p & 0x7f) << shift;
		if (!(*p++ & 0x80))
			return true;
	}
	return false;
}

/*
 * A chunk that was replaced and not sealed is in no sum.  The one that replaced it knows: it was ready before it took the other's place.  Where a
 * signal handler changed chunks between two instructions of the code below, neither does.
 */
void ct_count_correct(struct ct_slot *s)
{
	const struct ct_chunk *c =
		chunk_at(&ct_cap.arena, atomic_load_explicit(&s->chunk, memory_order_relaxed));
	uint64_t before;

	if (!c || ct_own(s)->any_deferred || c->thread != s->thread || !told(c, &before))
		return;
	atomic_store_explicit(&s->recorded, before, memory_order_relaxed);
}

/* --- threads that have ended --------------------------------------------------------------------------------------------------- */

/*
 * Threads whose turn it is at once have one row.  Whoever finds it free works in it: its slot's number + 1 is in the lower half of `writer`.
 * A later thread that comes meanwhile cannot wait, since who works there may never go on, and must not write, since he may.  So it leaves its
 * own number in the upper half and goes; what there is to say of it stands in its slot.  Who works there gives the row back when he has seen
 * to all that came.
 */
#define WORKS(writer) ((writer)&0xffff)
#define NEXT(writer)  ((writer) >> 16)

static struct ct_thread_rec *row_of(uint32_t thread)
{
	return &ct_cap.arena.threads[thread % ct_cap.arena.thread_rows];
}

/* By words: between two of these instructions somebody else may come, so they are few. */
static void copy(void *to, const void *from, unsigned bytes)
{
	unsigned i;

	for (i = 0; i < bytes; i += 8) {
		((struct ct_mem_u64 *)(void *)((char *)to + i))->v =
			ct_load64((const char *)from + i);
		__asm__ volatile("" ::: "memory");
	}
}

bool ct_count_read(const struct ct_thread_rec *from, struct ct_thread_rec *to)
{
	uint32_t thread = atomic_load_explicit(&from->thread, memory_order_acquire);

	if (!thread || atomic_load_explicit(&from->writer, memory_order_acquire))
		return false;
	copy(to, from, sizeof(*to));
	atomic_thread_fence(memory_order_acquire);
	/* a serial comes once, so what has changed has another */
	return atomic_load_explicit(&from->thread, memory_order_relaxed) == thread &&
	       !atomic_load_explicit(&from->writer, memory_order_relaxed);
}

static void put_row(struct ct_thread_rec *r, const struct ct_thread_rec *from, uint32_t thread)
{
	atomic_store_explicit(&r->thread, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	r->process = from->process;
	r->tid = from->tid;
	r->begin_ticks = from->begin_ticks;
	r->end_ticks = from->end_ticks;
	r->records = from->records;
	r->waits = from->waits;
	copy(r->name, from->name, sizeof(r->name));
	atomic_store_explicit(&r->thread, thread, memory_order_release);
}

/* What the thread that left the number of its slot had to say; false: the slot's next thread has ended as well. */
static bool left_by(uint32_t number, const struct ct_thread_rec *r, struct ct_thread_rec *to)
{
	const struct ct_arena *a = &ct_cap.arena;

	return number &&
	       number <= atomic_load_explicit(&a->shared->limit[CT_REGION_SLOTS],
					      memory_order_relaxed) &&
	       ct_count_read(&ct_own(ct_arena_slot(a, number - 1))->ended, to) &&
	       row_of(to->thread) == r;
}

/* True: the row is ours to work in.  It is ours already when we bury one that was killed at work. */
static bool claim(struct ct_thread_rec *r, uint32_t thread, uint32_t number)
{
	struct ct_thread_rec next;
	uint32_t writer = 0;

	do {
		if (WORKS(writer) == number)
			return true;
		if (left_by(NEXT(writer), r, &next) && next.thread > thread)
			return false;
	} while (!atomic_compare_exchange_strong_explicit(
		&r->writer, &writer, writer ? WORKS(writer) | number << 16 : number,
		memory_order_acq_rel, memory_order_acquire));
	return !writer;
}

void ct_count_end(struct ct_slot *s, uint64_t now)
{
	struct ct_thread_rec *r, *mine = &ct_own(s)->ended, one;
	uint32_t number = s->index + 1, writer = number;

	if (!ct_cap.ring || !ct_cap.arena.thread_rows || number > 0xffff)
		return;
	one = (struct ct_thread_rec){.process = s->process,
				     .tid = s->tid,
				     .begin_ticks = s->begin_ticks,
				     .end_ticks = now,
				     .records = ct_count(&ct_cap.arena, s),
				     .waits = ct_own(s)->waits_written};
	copy(one.name, s->name, sizeof(one.name));
	put_row(mine, &one, s->thread);
	r = row_of(s->thread);
	if (!claim(r, s->thread, number))
		return;
	do {
		if (left_by(writer == number ? number : NEXT(writer), r, &one) &&
		    one.thread > atomic_load_explicit(&r->thread, memory_order_relaxed))
			put_row(r, &one, one.thread);
	} while (!atomic_compare_exchange_strong_explicit(
		&r->writer, &writer, 0, memory_order_acq_rel, memory_order_acquire));
}
