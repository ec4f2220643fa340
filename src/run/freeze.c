/*
 * freeze.c - see freeze.h.
 *
 *   pages      of the chunks and of their copies: a fault for each, after the moment, is time in which a ring is overwritten
 *   slots      one after another, with the time of each: what a thread has written about itself since then is known from its records
 *   lines      what each thread is blocked in, all at once
 *   -- the moment --
 *   heads      of all chunks: how many records go away if a ring takes one before we get there
 *   chunks     as readers of a living arena copy them (read/arena.c): twice, and a record counts if the first copy had its tag
 *   tables     afterwards, so that every stack and string a record names is in them
 *   header
 *
 * Then the records of each chunk that was open at its slot's time are gone through: those after the moment are cut off, and those before it say
 * what the copy of the slot does not know yet, such as that a wait has ended.
 */
#include "freeze.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/capture.h"
#include "file/decode.h"

#define HEAD_BYTES offsetof(struct ct_chunk, bytes)
#define SLOT_BYTES                                                                                 \
	(offsetof(struct ct_slot_whole, own) +                                                     \
	 offsetof(struct ct_slot_private, stacks)) /* nobody looks for stacks in the copy */
#define LINE_TRIES 8
#define ZEROES	   (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_WRITE 23
#define MADV_POPULATE_READ  22 /* Linux 5.14; one that does not know it lets us fault */
#endif

struct freezing {
	const struct ct_arena *live;
	struct ct_arena copy;
	struct ct_clock_sample moment;
	uint64_t lost[CT_LOSS_REASONS]; /* as counted at the moment */
	uint32_t slots, chunks;
	uint64_t *slot_ticks; /* by slot: when it was copied */
	uint32_t *open;	      /* by slot: index + 1 of its newest chunk; 0 none */
	bool *is_closed;      /* by chunk: its slot had done with it when that was copied */
	uint8_t *heads;	      /* HEAD_BYTES of each chunk, at the moment: see head_of() */
	uint8_t first[CT_CHUNK_PAYLOAD];
};

/* --- slots -------------------------------------------------------------------------------------------------------------------------- */

static void copy_slots(struct freezing *f)
{
	uint32_t i;

	for (i = 0; i < f->slots; i++) {
		f->slot_ticks[i] = ct_now();
		atomic_thread_fence(memory_order_acquire);
		memcpy(ct_arena_slot(&f->copy, i), ct_arena_slot(f->live, i), SLOT_BYTES);
	}
}

/* A line that changes on every try belongs to a thread that waits often and shortly: it is not blocked. */
static void copy_line(const struct ct_inflight *from, struct ct_inflight *to)
{
	unsigned tries;
	uint32_t seq;

	for (tries = 0; tries < LINE_TRIES; tries++) {
		seq = atomic_load_explicit(&from->seq, memory_order_acquire);
		memcpy(to, from, sizeof(*to));
		atomic_thread_fence(memory_order_acquire);
		if (!(seq & 1) && atomic_load_explicit(&from->seq, memory_order_relaxed) == seq)
			return;
	}
	memset(to, 0, sizeof(*to));
}

static void copy_lines(struct freezing *f)
{
	uint32_t i;

	for (i = 0; i < f->slots; i++) {
		struct ct_slot *s = ct_arena_slot(&f->copy, i);

		if (atomic_load(&s->state) == CT_SLOT_CLAIMED)
			copy_line(&ct_arena_slot(f->live, i)->inflight, &s->inflight);
	}
}

/* --- chunks ------------------------------------------------------------------------------------------------------------------------- */

/*
 * Side by side, though a chunk is larger: only its head may be looked at.  Each in a page of its own would be as many faults, after the moment, as
 * there are chunks.
 */
static struct ct_chunk *head_of(const struct freezing *f, uint64_t i)
{
	return (struct ct_chunk *)(void *)(f->heads + i * HEAD_BYTES);
}

/* None behind these was ever taken: the lowest that is free is taken first. */
static uint32_t taken_chunks(const struct freezing *f)
{
	uint32_t n = f->chunks;

	while (n && atomic_load_explicit(&f->live->shared->chunk_free[(n - 1) / 64],
					 memory_order_relaxed) >>
				    ((n - 1) % 64) &
			    1)
		n--;
	return n;
}

/* Of a ring's chunks the copy has all; of a stream's, which are drained, little.  All at once they cost a tenth of a fault each. */
static void touch_chunks(const struct freezing *f)
{
	madvise(f->live->chunks, (size_t)f->chunks * CT_CHUNK_BYTES, MADV_POPULATE_READ);
	if (f->live->header->policy == CT_POLICY_RING)
		madvise(f->copy.chunks, (size_t)taken_chunks(f) * CT_CHUNK_BYTES,
			MADV_POPULATE_WRITE);
}

static void copy_heads(struct freezing *f)
{
	uint32_t i;

	for (i = 0; i < f->chunks; i++)
		memcpy(head_of(f, i), &f->live->chunks[i], HEAD_BYTES);
}

static bool same_chunk(const struct ct_chunk *a, const struct ct_chunk *b)
{
	return a->magic == b->magic && a->slot == b->slot && a->sequence == b->sequence &&
	       a->epoch == b->epoch && atomic_load_explicit(&b->state, memory_order_relaxed);
}

static uint32_t bytes_used(const struct ct_chunk *c)
{
	uint32_t used = (uint32_t)(atomic_load(&c->cursor) & 0xffff);

	return used < CT_CHUNK_PAYLOAD ? used : CT_CHUNK_PAYLOAD;
}

/* False: there is none, or it was taken for something else meanwhile.  Of an open one, what can be whole is told by f->first. */
static bool copy_chunk(struct freezing *f, uint32_t i, bool *is_open)
{
	const struct ct_chunk *from = &f->live->chunks[i];
	struct ct_chunk *to = &f->copy.chunks[i];
	uint32_t used;

	memcpy(to, from, HEAD_BYTES);
	atomic_thread_fence(memory_order_acquire);
	*is_open = atomic_load(&to->state) == CT_CHUNK_OPEN;
	used = bytes_used(to);
	if (to->magic == CT_CHUNK_MAGIC && atomic_load(&to->state) <= CT_CHUNK_SEALED &&
	    same_chunk(to, from)) {
		if (*is_open)
			memcpy(f->first, from->bytes, used);
		atomic_thread_fence(memory_order_acquire);
		memcpy(to->bytes, from->bytes, used);
		atomic_thread_fence(memory_order_acquire);
		if (same_chunk(to, from))
			return true;
	}
	memset(to, 0, HEAD_BYTES + used);
	return false;
}

/* What a record tells of its slot that the copy of that may not know. */
static void learn(struct freezing *f, const struct ct_chunk *c, const struct ct_record *r)
{
	struct ct_slot *s;
	unsigned i;

	if (c->slot >= f->slots)
		return;
	s = ct_arena_slot(&f->copy, c->slot);
	if (r->type == CT_EV_wait && s->inflight.op == r->v[CT_F_wait_op] &&
	    s->inflight.start_ticks == r->ticks - r->v[CT_F_wait_dur])
		atomic_store(&s->inflight.op, 0);
	if (r->ticks < f->slot_ticks[c->slot])
		return;
	switch (r->type) {
	case CT_EV_wait: ct_own(s)->waits_written++; break;
	case CT_EV_tally:
		ct_own(s)->waits_written += r->v[CT_F_tally_count];
		for (i = 0; i < CT_TALLY_ROWS; i++)
			if (s->tally[i].op == r->v[CT_F_tally_op] &&
			    s->tally[i].object == r->v[CT_F_tally_object] &&
			    s->tally[i].stack == r->v[CT_F_tally_stack])
				memset(&s->tally[i], 0, sizeof(s->tally[i]));
		break;
	case CT_EV_opstat:
		i = (unsigned)r->v[CT_F_opstat_op] - CT_OP_FIRST_CALL;
		if (i < CT_OPSTAT_ROWS)
			memset(&s->opstat[i], 0, sizeof(s->opstat[i]));
		break;
	case CT_EV_thread_end:
		atomic_store(&s->inflight.op, 0);
		atomic_store(&s->state, CT_SLOT_FREE);
		break;
	default: break;
	}
}

/*
 * Nothing after the moment stays, nor what may be half a record.  What is recorded later has a later time or, where it tells of something
 * before, comes behind one that has.
 */
static void cut(struct freezing *f, struct ct_chunk *c, bool is_open)
{
	struct ct_decoder d;
	struct ct_record r;
	uint32_t records = 0, end = 0;
	uint64_t ticks = c->base_ticks;
	enum ct_decode_result result = CT_DECODE_OK;

	ct_decoder_start(&d, c->bytes, bytes_used(c), c->base_ticks);
	while (d.p < d.end && (!is_open || f->first[d.p - c->bytes])) {
		result = ct_decode(&d, &r);
		if ((result != CT_DECODE_OK && result != CT_DECODE_UNKNOWN) ||
		    r.ticks > f->moment.ticks)
			break;
		records++;
		end = (uint32_t)(d.p - c->bytes);
		ticks = d.ticks;
		if (result == CT_DECODE_OK)
			learn(f, c, &r);
	}
	/* sealed, and all of it was there before: what is torn in it is told by whoever reads it */
	if (!is_open && c->base_ticks + (atomic_load(&c->cursor) >> 16) <= f->moment.ticks)
		return;
	memset(c->bytes + end, 0, bytes_used(c) - end);
	atomic_store(&c->cursor, (ticks - c->base_ticks) << 16 | end);
	atomic_store(&c->records, records);
}

static void drop(struct ct_chunk *c)
{
	memset(c, 0, HEAD_BYTES + bytes_used(c));
}

/* A ring has taken it since the moment. */
static bool is_overwritten(const struct freezing *f, const struct ct_chunk *then,
			   const struct ct_chunk *now)
{
	return f->live->header->policy == CT_POLICY_RING && then->magic == CT_CHUNK_MAGIC &&
	       atomic_load(&then->state) != CT_CHUNK_FREE && !same_chunk(then, now);
}

static void take_chunk(struct freezing *f, uint32_t i)
{
	struct ct_chunk *c = &f->copy.chunks[i];
	const struct ct_chunk *then = head_of(f, i);
	bool is_there, is_open, is_slots;
	uint64_t since;

	/* what a fast ring has taken and filled since the moment takes no time from what is still there */
	is_there = f->live->chunks[i].base_ticks <= f->moment.ticks && copy_chunk(f, i, &is_open);
	if (is_overwritten(f, then, is_there ? c : &f->live->chunks[i]))
		f->lost[CT_LOSS_OVERWRITTEN] += atomic_load(&then->records);
	if (!is_there)
		return;
	if (c->base_ticks > f->moment.ticks) {
		drop(c);
		return;
	}
	is_slots = c->slot < f->slots;
	since = is_slots ? f->slot_ticks[c->slot] : 0;
	f->is_closed[i] = !is_open && is_slots &&
			  c->base_ticks + (atomic_load(&c->cursor) >> 16) < since &&
			  atomic_load(&ct_arena_slot(&f->copy, c->slot)->chunk) != i + 1;
	if (!f->is_closed[i])
		cut(f, c, is_open);
	if (is_slots &&
	    (!f->open[c->slot] || f->copy.chunks[f->open[c->slot] - 1].sequence < c->sequence))
		f->open[c->slot] = i + 1;
}

/* The slot goes on after the newest chunk that is there, which is still its own unless it had done with it. */
static void settle_slot(struct freezing *f, uint32_t i)
{
	struct ct_slot *s = ct_arena_slot(&f->copy, i);
	uint64_t was = atomic_load(&s->chunk);
	uint32_t open = f->open[i];

	atomic_store(&s->chunk, open && !f->is_closed[open - 1] ? open : 0);
	if (open)
		s->next_sequence = f->copy.chunks[open - 1].sequence + 1;
	else if (was && was <= f->chunks && head_of(f, was - 1)->slot == i)
		s->next_sequence = head_of(f, was - 1)->sequence; /* it had nothing in it */
	ct_own(s)->emitting = 0;
}

static void take_those(struct freezing *f, uint32_t from, uint32_t to, bool open)
{
	uint32_t i;

	for (i = to; i-- > from;)
		if ((atomic_load(&head_of(f, i)->state) == CT_CHUNK_OPEN) == open)
			take_chunk(f, i);
}

/*
 * The newest first: a ring takes the oldest, so that what is lost when it is faster than we are lies behind what is there.  The newest of each
 * thread is in its open chunk, which lies anywhere: the ring has gone past it if the thread writes little, and takes it, once it is full, when it
 * comes there again, which may be at once.
 */
static void copy_chunks(struct freezing *f)
{
	uint32_t next = f->chunks ? atomic_load(&f->live->shared->ring_next) % f->chunks : 0, i;

	take_those(f, 0, f->chunks, true);
	take_those(f, 0, next, false);
	take_those(f, next, f->chunks, false);
	for (i = 0; i < f->slots; i++)
		settle_slot(f, i);
}

/* --- tables ------------------------------------------------------------------------------------------------------------------------- */

static void copy_region(struct freezing *f, enum ct_region_type type, const void *from, void *to)
{
	const struct ct_region *r = ct_arena_region(f->live->header, type);
	uint64_t used = atomic_load(&r->used), limit = atomic_load(&f->live->shared->limit[type]);

	atomic_thread_fence(memory_order_acquire);
	memcpy(to, from, (used < limit ? used : limit) * r->item_bytes);
}

/* Threads that have ended by then. */
static void copy_threads(struct freezing *f)
{
	const struct ct_arena *a = f->live;
	uint32_t i;

	for (i = 0; i < a->thread_rows; i++)
		if (!ct_count_read(&a->threads[i], &f->copy.threads[i]) ||
		    f->copy.threads[i].end_ticks > f->moment.ticks)
			memset(&f->copy.threads[i], 0, sizeof(f->copy.threads[i]));
}

/* What became of processes since then is not known yet. */
static void settle_processes(struct freezing *f)
{
	struct ct_region *r = ct_arena_region(f->copy.header, CT_REGION_PROCESSES);
	uint64_t used = atomic_load(&r->used),
		 limit = atomic_load(&f->live->shared->limit[CT_REGION_PROCESSES]), i;

	if (used > limit)
		used = limit;
	while (used && f->copy.processes[used - 1].begin_ticks > f->moment.ticks)
		memset(&f->copy.processes[--used], 0, sizeof(f->copy.processes[0]));
	atomic_store(&r->used, used);
	for (i = 0; i < used; i++) {
		struct ct_process_rec *p = &f->copy.processes[i];

		if (p->begin_ticks > f->moment.ticks)
			p->begin_ticks = f->moment.ticks;
		if (atomic_load(&p->end_ticks) <= f->moment.ticks)
			continue;
		atomic_store(&p->end_ticks, 0);
		atomic_store(&p->exit_status, CT_EXIT_UNKNOWN);
		atomic_store(&p->state, CT_PROC_LIVE);
		p->next_image = 0;
	}
}

static void copy_tables(struct freezing *f)
{
	const struct ct_region *private = ct_arena_region(f->live->header, CT_REGION_PRIVATE);
	int i;

	copy_region(f, CT_REGION_PROCESSES, f->live->processes, f->copy.processes);
	copy_region(f, CT_REGION_NODES, f->live->dict.nodes, f->copy.dict.nodes);
	copy_region(f, CT_REGION_MODULES, f->live->dict.modules, f->copy.dict.modules);
	copy_region(f, CT_REGION_STRINGS, f->live->dict.strings, f->copy.dict.strings);
	memcpy(f->copy.shared, f->live->shared, private->items);
	memcpy(f->copy.header, f->live->header, sizeof(*f->copy.header));
	for (i = 0; i < CT_LOSS_REASONS; i++)
		atomic_store(&f->copy.header->lost[i], f->lost[i]);
	settle_processes(f);
}

/* --- all of it ---------------------------------------------------------------------------------------------------------------------- */

static void freeze(struct freezing *f)
{
	int i;

	touch_chunks(f);
	copy_slots(f);
	copy_lines(f);
	f->moment = ct_clock_sample(&ct_cap.clock);
	for (i = 0; i < CT_LOSS_REASONS; i++)
		f->lost[i] = atomic_load(&f->live->header->lost[i]);
	copy_heads(f);
	copy_threads(f);
	copy_chunks(f);
	copy_tables(f);
}

static uint32_t backed(const struct ct_arena *a, enum ct_region_type type)
{
	return atomic_load(&a->shared->limit[type]);
}

/* Zeroes that cost nothing until they are touched. */
static void *reserve(uint64_t bytes)
{
	/* cppcheck-suppress invalidFunctionArg ; an anonymous mapping has no file */
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, ZEROES, -1, 0);
}

static int freeze_into(struct ct_store *s, void *memory, struct ct_clock_sample *moment)
{
	struct freezing *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (!f)
		return err;
	f->live = &s->arena;
	f->slots = backed(f->live, CT_REGION_SLOTS);
	f->chunks = backed(f->live, CT_REGION_CHUNKS);
	f->slot_ticks = calloc(f->slots + 1, sizeof(*f->slot_ticks));
	f->open = calloc(f->slots + 1, sizeof(*f->open));
	f->is_closed = calloc(f->chunks + 1, sizeof(*f->is_closed));
	f->heads = reserve((uint64_t)(f->chunks + 1) * HEAD_BYTES);
	memcpy(memory, f->live->header, sizeof(*f->live->header));
	if (f->slot_ticks && f->open && f->is_closed && f->heads != MAP_FAILED &&
	    ct_arena_attach(&f->copy, memory, s->bytes)) {
		freeze(f);
		*moment = f->moment;
		err = 0;
	}
	if (f->heads != MAP_FAILED)
		munmap(f->heads, (uint64_t)(f->chunks + 1) * HEAD_BYTES);
	free(f->slot_ticks);
	free(f->open);
	free(f->is_closed);
	free(f);
	return err;
}

int ct_freeze(struct ct_store *s, struct ct_clock_sample *moment)
{
	void *memory = reserve(s->bytes);
	int err;

	if (memory == MAP_FAILED)
		return -errno;
	err = freeze_into(s, memory, moment);
	/* everything that points into the arena now points into the copy */
	if (!err && mremap(memory, s->bytes, s->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, s->memory) ==
			    MAP_FAILED)
		err = -errno;
	if (err)
		munmap(memory, s->bytes);
	return err;
}
