/*
 * drain.c - see drain.h.
 */
#include "drain.h"

#include <stdlib.h>
#include <string.h>

#include "file/decode.h"
#include "file/words.h"

#define BLOCK_WAIT_NS 500000000ull /* sealed chunks lie in the arena at most so long */
#define ENOUGH	      (CT_STREAM_BLOCK_CHUNKS / 2)

/* --- what a chunk tells on the way ------------------------------------------------------------------------------------------------ */

#define NOTED                                                                                      \
	(1ull << CT_EV_object | 1ull << CT_EV_shared | 1ull << CT_EV_thread_begin |                \
	 1ull << CT_EV_thread_create)

static void note_record(struct ct_drain *d, const struct ct_record *r, uint32_t process)
{
	switch (r->type) {
	case CT_EV_object: ct_set_at(&d->data, r->v[CT_F_object_data], NULL); break;
	case CT_EV_shared: ct_set_at(&d->data, r->v[CT_F_shared_data], NULL); break;
	case CT_EV_thread_begin: ct_set_at(&d->code, r->v[CT_F_thread_begin_routine], NULL); break;
	case CT_EV_thread_create:
		ct_set_at(&d->code, r->v[CT_F_thread_create_routine], NULL);
		break;
	case CT_EV_wait:
		if (d->fds && ct_op_has_fd(r->v[CT_F_wait_op]) && r->v[CT_F_wait_object])
			ct_fds_seen(d->fds, process, (uint32_t)(r->v[CT_F_wait_object] - 1));
		break;
	default: break;
	}
}

struct ct_peek {
	uint32_t slot, sequence; /* the chunk that was read: the memory may hold another by now */
	uint32_t process;	 /* of the next record */
	uint32_t done;		 /* bytes */
	struct ct_decoder decoder;
};

static struct ct_peek *peek_at(struct ct_drain *d, uint32_t index)
{
	struct ct_peek **rows;
	uint32_t room;

	if (index >= d->peek_room) {
		room = d->peek_room ? d->peek_room : 256;
		while (room <= index)
			room *= 2;
		rows = realloc(d->peeks, room * sizeof(*rows));
		if (!rows)
			return NULL;
		memset(rows + d->peek_room, 0, (room - d->peek_room) * sizeof(*rows));
		d->peeks = rows;
		d->peek_room = room;
	}
	if (!d->peeks[index])
		d->peeks[index] = calloc(1, sizeof(*d->peeks[index]));
	return d->peeks[index];
}

/* Read on from where the last reading of this chunk stopped. */
static void note_chunk(struct ct_drain *d, uint32_t index)
{
	const struct ct_chunk *c = &d->store->arena.chunks[index];
	uint32_t used = (uint32_t)(atomic_load(&c->cursor) & 0xffff);
	struct ct_peek *p = peek_at(d, index);
	struct ct_record r;
	enum ct_decode_result result;

	if (!p)
		return;
	if (p->slot != c->slot || p->sequence != c->sequence || !p->decoder.start) {
		p->slot = c->slot;
		p->sequence = c->sequence;
		p->process = c->process;
		ct_decoder_start(&p->decoder, c->bytes, 0, c->base_ticks);
		p->decoder.skip = ~(d->fds ? NOTED | 1ull << CT_EV_wait : NOTED);
	}
	p->decoder.end = c->bytes + (used < CT_CHUNK_PAYLOAD ? used : CT_CHUNK_PAYLOAD);
	while ((result = ct_decode(&p->decoder, &r)) != CT_DECODE_END &&
	       result != CT_DECODE_DAMAGED) {
		if (result != CT_DECODE_OK)
			continue;
		if (r.type == CT_EV_thread_begin)
			p->process = (uint32_t)r.v[CT_F_thread_begin_process];
		note_record(d, &r, p->process);
	}
}

void ct_drain_peek(struct ct_drain *d)
{
	uint32_t n = atomic_load(&d->store->arena.shared->limit[CT_REGION_SLOTS]), i;

	for (i = 0; i < n; i++) {
		const struct ct_slot *s = ct_arena_slot(&d->store->arena, i);
		uint64_t chunk = atomic_load_explicit(&s->chunk, memory_order_acquire);

		if (!chunk || s == d->fds->slot ||
		    chunk > atomic_load(&d->store->arena.shared->limit[CT_REGION_CHUNKS]))
			continue;
		note_chunk(d, (uint32_t)(chunk - 1));
		ct_fds_blocked(d->fds, s);
	}
}

/* --- taking and giving back --------------------------------------------------------------------------------------------------------- */

static void give_back(struct ct_store *s, uint32_t index)
{
	struct ct_chunk *c = &s->arena.chunks[index];

	memset(c->bytes, 0, sizeof(c->bytes));
	c->epoch++;
	atomic_store(&c->cursor, 0);
	atomic_store_explicit(&c->state, CT_CHUNK_FREE, memory_order_release);
	atomic_fetch_or_explicit(&s->arena.shared->chunk_free[index / 64], 1ull << (index % 64),
				 memory_order_release);
}

static void write_batch(struct ct_drain *d, const uint32_t *index, unsigned n)
{
	const struct ct_chunk *chunks[CT_STREAM_BLOCK_CHUNKS] = {0};
	unsigned i;
	int err;

	for (i = 0; i < n; i++) {
		chunks[i] = &d->store->arena.chunks[index[i]];
		note_chunk(d, index[i]);
	}
	err = ct_stream_chunks(d->stream, chunks, n);
	if (err)
		d->error = err; /* the stream counts what it refused */
	for (i = 0; i < n; i++)
		give_back(d->store, index[i]);
	d->chunks += n;
}

static unsigned count_sealed(const struct ct_shared *sh)
{
	unsigned n = 0, w;

	for (w = 0; w < CT_CHUNK_WORDS; w++)
		n += (unsigned)__builtin_popcountll(
			atomic_load_explicit(&sh->chunk_sealed[w], memory_order_relaxed));
	return n;
}

unsigned ct_drain_take(struct ct_drain *d, uint64_t now_ns, bool all)
{
	struct ct_shared *sh = d->store->arena.shared;
	uint32_t index[CT_STREAM_BLOCK_CHUNKS];
	unsigned sealed = count_sealed(sh), n = 0, total = 0, w;

	if (!sealed) {
		d->waiting_since_ns = 0;
		return 0;
	}
	if (!d->waiting_since_ns)
		d->waiting_since_ns = now_ns;
	if (!all && sealed < ENOUGH && now_ns - d->waiting_since_ns < BLOCK_WAIT_NS)
		return 0;
	for (w = 0; w < CT_CHUNK_WORDS; w++) {
		uint64_t bits = atomic_load_explicit(&sh->chunk_sealed[w], memory_order_acquire);

		for (; bits; bits &= bits - 1) {
			unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);

			atomic_fetch_and_explicit(&sh->chunk_sealed[w], ~(1ull << (i % 64)),
						  memory_order_acquire);
			index[n++] = i;
			if (n == CT_STREAM_BLOCK_CHUNKS) {
				write_batch(d, index, n);
				total += n;
				n = 0;
			}
		}
	}
	if (n)
		write_batch(d, index, n);
	d->waiting_since_ns = 0;
	return total + n;
}

void ct_drain_free(struct ct_drain *d)
{
	uint32_t i;

	for (i = 0; i < d->peek_room; i++)
		free(d->peeks[i]);
	free(d->peeks);
	ct_set_free(&d->data);
	ct_set_free(&d->code);
}
