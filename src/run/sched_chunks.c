/*
 * sched_chunks.c - records of CPUs on their way to the trace: each CPU has a chunk at hand, and full ones wait to be a block.
 */
#include "sched_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In a ring the oldest chunk makes room. */
static void keep_full(struct ct_sched *s, struct ct_chunk *chunk)
{
	if (s->full_max && s->full_n == s->full_max) {
		free(s->full[0]);
		s->full_n--;
		memmove(s->full, s->full + 1, s->full_n * sizeof(*s->full));
	}
	if (s->full_n == s->full_room) {
		unsigned room = s->full_room ? s->full_room * 2 : CT_SCHED_ENOUGH * 2;
		struct ct_chunk **p = realloc(s->full, room * sizeof(*p));

		if (!p) {
			s->error = -ENOMEM;
			free(chunk);
			return;
		}
		s->full = p;
		s->full_room = room;
	}
	s->full[s->full_n++] = chunk;
}

void ct_sched_seal(struct ct_sched *s, struct ct_sched_cpu *c)
{
	struct ct_chunk *chunk;

	if (!c->builder)
		return;
	ct_builder_seal(c->builder);
	chunk = malloc(sizeof(*chunk));
	if (chunk) {
		memcpy(chunk, &c->builder->chunk, sizeof(*chunk));
		keep_full(s, chunk);
	} else {
		s->error = -ENOMEM;
	}
	free(c->builder);
	c->builder = NULL;
}

static bool begin(struct ct_sched_cpu *c, uint64_t ticks, uint64_t ns)
{
	struct ct_chunk head;

	c->builder = malloc(sizeof(*c->builder));
	if (!c->builder)
		return false;
	memset(&head, 0, offsetof(struct ct_chunk, bytes));
	head.slot = CT_SLOT_CPU + c->cpu;
	head.sequence = c->sequence++;
	head.base_ticks = ticks;
	head.base_mono_ns = ns;
	ct_builder_start(c->builder, &head);
	return true;
}

void ct_sched_add(struct ct_sched *s, struct ct_sched_cpu *c, struct ct_record *r, uint64_t ns)
{
	r->ticks = ct_sched_ticks(s, ns);
	c->last_ns = ns;
	if (c->builder && ct_builder_add(c->builder, r) == 0)
		return;
	ct_sched_seal(s, c);
	if (!begin(c, r->ticks, ns)) {
		s->error = -ENOMEM;
		return;
	}
	/* the chunks before this one may be overwritten, and with them that all was recorded */
	if (s->full_max && c->covered && r->type != CT_EV_sched) {
		struct ct_record from = {.type = CT_EV_sched, .ticks = r->ticks};

		from.v[CT_F_sched_what] = CT_SCHED_FROM;
		from.v[CT_F_sched_cpu] = c->cpu;
		from.v[CT_F_sched_source] = s->from.source->id;
		ct_builder_add(c->builder, &from);
	}
	ct_builder_add(c->builder, r);
}

void ct_sched_write_full(struct ct_sched *s)
{
	unsigned i, n;
	int err;

	for (i = 0; i < s->full_n; i += n) {
		n = s->full_n - i < CT_STREAM_BLOCK_CHUNKS ? s->full_n - i : CT_STREAM_BLOCK_CHUNKS;
		err = ct_stream_chunks(s->stream, (const struct ct_chunk *const *)s->full + i, n);
		if (err)
			s->error = err;
	}
	for (i = 0; i < s->full_n; i++)
		free(s->full[i]);
	s->full_n = 0;
}
