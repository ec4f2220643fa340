/*
 * validate.c - see validate.h.
 *
 * One pass over the chunks in file order, with a little memory for each slot (where time stands, which thread writes) and a
 * bit for each thread that has begun, then the tables, then what index and footer say against what was counted.
 */
#include "validate_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "file/words.h"

void ct_check_problem(struct ct_check *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->at.text, sizeof(c->at.text), fmt, args);
	va_end(args);
	c->problems++;
	c->tell(c->arg, &c->at);
}

/* --- chunks ------------------------------------------------------------------------------------------------------------------- */

static void check_head(struct ct_check *c, const struct ct_trace_chunk *h,
		       struct ct_check_slot *slot)
{
	bool follows = slot->seen && h->sequence == slot->sequence + 1;

	/* what was lost for want of a chunk may have been a thread_begin */
	if (!slot->seen)
		slot->whole = h->sequence == 0 && !h->lost;
	else if (!follows || h->lost)
		slot->whole = false;
	/* a later chunk that names another thread than the one before ended with: its thread_begin is its first record */
	slot->thread = follows && h->thread == slot->thread ? slot->thread : h->thread;
	c->at.thread = h->thread;
	if (!ct_check_process(c->t, h->process))
		ct_check_problem(
			c, "process of the chunk is %u, expected an index of the process table",
			h->process);
	/* an empty chunk is one that a signal handler came before: its base was taken too early */
	if (slot->seen && h->used && h->base_ticks < slot->base_ticks)
		ct_check_problem(c,
				 "the chunk begins at %" PRIu64 ", expected not before %" PRIu64
				 ", where the chunk before began",
				 h->base_ticks, slot->base_ticks);
	slot->seen = true;
	slot->sequence = h->sequence;
	if (h->used)
		slot->base_ticks = h->base_ticks;
}

static void check_end(struct ct_check *c, const struct ct_trace_chunk *h,
		      const struct ct_decoder *d, enum ct_decode_result result, uint32_t records)
{
	c->at.event = 0;
	c->at.offset = (uint64_t)(d->p - d->start);
	if (result == CT_DECODE_DAMAGED) {
		ct_check_problem(c, "no record begins here (tag 0x%02x), expected one", *d->p);
		return;
	}
	if (h->state != CT_CHUNK_SEALED || d->p != d->end)
		return; /* the thread died: counts were not yet written */
	if (records != h->records)
		ct_check_problem(c, "the chunk has %u records, its head says %u", records,
				 h->records);
	if (d->ticks != h->last_ticks)
		ct_check_problem(
			c, "the last record is at %" PRIu64 ", the chunk's head says %" PRIu64,
			d->ticks, h->last_ticks);
}

static void count(struct ct_index_row *row, const struct ct_record *r)
{
	row->records++;
	if (r->ticks < row->min_ticks)
		row->min_ticks = r->ticks;
	if (r->ticks > row->max_ticks)
		row->max_ticks = r->ticks;
	if (r->type == CT_EV_wait) {
		row->waits++;
		row->wait_ticks += r->v[CT_F_wait_dur];
	}
}

static void check_chunk(struct ct_check *c, uint32_t index)
{
	const struct ct_trace_chunk *h = &c->t->chunks[index];
	int block = h->arena ? -1 : ct_block_find(c->t, h->offset);
	struct ct_check_slot *slot = &c->slots[c->run_of[index]];
	uint8_t bytes[CT_CHUNK_PAYLOAD];
	enum ct_decode_result result;
	struct ct_index_row unused = {0}, *row = block < 0 ? &unused : &c->rows[block];
	struct ct_decoder d;
	struct ct_record r;
	uint32_t used, records = 0;
	uint64_t ticks = h->base_ticks;

	c->at = (struct ct_problem){.in_chunk = true, .slot = h->slot, .sequence = h->sequence};
	check_head(c, h, slot);
	if (h->base_ticks < row->min_ticks)
		row->min_ticks = h->base_ticks;
	if (h->base_ticks > row->max_ticks)
		row->max_ticks = h->base_ticks;
	if (!ct_chunk_fetch(c->t, index, bytes, &used))
		return;
	ct_decoder_start(&d, bytes, used, h->base_ticks);
	for (;;) {
		c->at.offset = (uint64_t)(d.p - d.start);
		result = ct_decode(&d, &r);
		if (result != CT_DECODE_OK && result != CT_DECODE_UNKNOWN)
			break;
		c->at.event = r.type;
		c->at.thread = slot->thread;
		records++;
		count(row, &r);
		if (d.ticks < ticks || r.ticks > d.ticks)
			ct_check_problem(c, "time runs over at %" PRIu64, r.ticks);
		ticks = d.ticks;
		if (result == CT_DECODE_OK)
			ct_check_record(c, &r, slot);
	}
	check_end(c, h, &d, result, records);
}

/* --- tables --------------------------------------------------------------------------------------------------------------------- */

static void check_tables(struct ct_check *c)
{
	const struct ct_process_rec *processes = (const void *)c->t->processes.rows;
	const struct ct_module_rec *modules = (const void *)c->t->modules.rows;
	const struct ct_trie_node *nodes = (const void *)c->t->nodes.rows;
	const struct ct_blind_rec *blind = (const void *)c->t->blind.rows;
	size_t i;

	for (i = 0; i < c->t->processes.n; i++) {
		if (processes[i].state == CT_PROC_FREE)
			continue;
		if (!ct_check_string(c->t, processes[i].exe) ||
		    !ct_check_string(c->t, processes[i].cmdline))
			ct_check_problem(c, "process %zu: exe or cmdline is no string of the trace",
					 i);
		if (processes[i].forked_from > i)
			ct_check_problem(c, "process %zu: forked from %u, expected one before it",
					 i, processes[i].forked_from - 1);
	}
	for (i = 0; i < c->t->modules.n; i++) {
		if (modules[i].state != 2)
			continue;
		if (!ct_check_string(c->t, modules[i].path))
			ct_check_problem(c, "module %zu: its path is no string of the trace", i);
		if (modules[i].vaddr_lo > modules[i].vaddr_hi)
			ct_check_problem(c, "module %zu: its addresses end before they begin", i);
	}
	for (i = 0; i < c->t->blind.n; i++)
		if (blind[i].kind && (!ct_check_process(c->t, blind[i].process) ||
				      !ct_check_string(c->t, blind[i].path) ||
				      !ct_check_string(c->t, blind[i].detail)))
			ct_check_problem(
				c,
				"blind spot %zu: of a process, or with a text, that the trace does "
				"not have",
				i);
	for (i = 1; i < c->t->nodes.n; i++)
		if (!ct_check_frame(c->t, nodes[i].frame))
			ct_check_problem(c,
					 "stack node %zu: in module %" PRIu64
					 ", which the trace does not have",
					 i, (uint64_t)(nodes[i].frame >> CT_FRAME_MODULE_SHIFT));
}

static void check_slots(struct ct_check *c)
{
	size_t i;

	for (i = 0; i < c->t->slots_n; i++) {
		const struct ct_trace_slot *s = &c->t->slots[i];

		if (!ct_check_process(c->t, s->process))
			ct_check_problem(
				c, "slot %u: process is %u, expected an index of the process table",
				s->slot, s->process);
		if (s->op && !ct_op_name(s->op))
			ct_check_problem(c,
					 "slot %u: blocked in %u, expected an operation of ops.def",
					 s->slot, s->op);
		if (s->op && !ct_check_stack(c->t, s->stack))
			ct_check_problem(c,
					 "slot %u: stack is %u, expected a node of the stack table",
					 s->slot, s->stack);
	}
}

/* A thread of a ring has not written less than is there of it and known to be lost; and all that was overwritten was somebody's. */
static int check_counts(struct ct_check *c)
{
	const struct ct_thread_rec *rows = (const void *)c->t->ended.rows;
	const struct ct_header *h = &c->t->header;
	const struct ct_trace_loss *losses;
	size_t n, i;
	int err = ct_trace_losses_by_thread(c->t, &losses, &n);

	if (err || c->t->info.live || h->policy != CT_POLICY_RING || c->t->damage_n)
		return err;
	for (i = 0; i < c->t->ended.n; i++) {
		if (!rows[i].thread)
			continue;
		if (!ct_check_process(c->t, rows[i].process))
			ct_check_problem(
				c,
				"ended thread %u: process is %u, expected an index of the process "
				"table",
				rows[i].thread, rows[i].process);
		if (rows[i].begin_ticks > rows[i].end_ticks)
			ct_check_problem(c, "ended thread %u: it ends before it begins",
					 rows[i].thread);
		if (c->t->ended_found[i] != UINT64_MAX && c->t->ended_found[i] > rows[i].records)
			ct_check_problem(
				c,
				"ended thread %u: %" PRIu64
				" records are there or known to be lost, it wrote %" PRIu64,
				rows[i].thread, c->t->ended_found[i], rows[i].records);
	}
	return 0;
}

static void check_header(struct ct_check *c)
{
	const struct ct_header *h = &c->t->header;

	if (h->policy != CT_POLICY_STREAM && h->policy != CT_POLICY_RING)
		ct_check_problem(c, "header: policy is %u, expected 1 or 2", h->policy);
	if (h->clock < CT_CLOCK_TSC || h->clock > CT_CLOCK_CNTVCT)
		ct_check_problem(c, "header: clock is %u, expected 1 to 3", h->clock);
	if (!h->ticks_per_second)
		ct_check_problem(c, "header: ticks_per_second is 0");
	if (h->end_mono_ns && h->end_mono_ns < h->start_mono_ns)
		ct_check_problem(c, "header: the trace ends before it starts");
	if (c->t->info.finished && !h->finished)
		ct_check_problem(c, "header: finished is 0, but there is a footer");
	if (c->t->info.finished && h->arena_path[0])
		ct_check_problem(c, "header: a finished trace names an arena");
}

/* --- index and footer ----------------------------------------------------------------------------------------------------------- */

static bool same_row(const struct ct_index_row *a, const struct ct_index_row *b)
{
	return a->stored_bytes == b->stored_bytes && a->raw_bytes == b->raw_bytes &&
	       a->min_ticks == b->min_ticks && a->max_ticks == b->max_ticks &&
	       a->records == b->records && a->waits == b->waits && a->wait_ticks == b->wait_ticks;
}

static void check_index(struct ct_check *c)
{
	const struct ct_trace *t = c->t;
	uint64_t records = 0;
	size_t i, at = 0;

	for (i = 0; i < t->blocks_n; i++) {
		const struct ct_block_ref *b = &t->blocks[i];
		struct ct_index_row row = c->rows[i];

		c->at.offset = b->offset;
		records += row.records;
		if (t->duplicates)
			continue; /* dropped ones were not counted */
		if (b->head.min_ticks != row.min_ticks || b->head.max_ticks != row.max_ticks)
			ct_check_problem(c,
					 "chunk block: its head says times %" PRIu64 " to %" PRIu64
					 ", inside they are %" PRIu64 " to %" PRIu64,
					 b->head.min_ticks, b->head.max_ticks, row.min_ticks,
					 row.max_ticks);
		if (!t->info.finished)
			continue;
		while (at < t->index_n && t->index[at].offset < b->offset)
			at++;
		row.stored_bytes = b->head.stored_bytes;
		row.raw_bytes = b->head.raw_bytes;
		if (at == t->index_n || t->index[at].offset != b->offset)
			ct_check_problem(c, "chunk block: the index has no row for it");
		else if (!same_row(&t->index[at], &row))
			ct_check_problem(c,
					 "chunk block: its row in the index says something else");
	}
	c->at.offset = t->footer.index_offset;
	if (t->info.finished && !t->duplicates && t->index_n != t->blocks_n)
		ct_check_problem(
			c, "the index has %zu rows, expected one for each of %zu chunk blocks",
			t->index_n, t->blocks_n);
	if (t->info.finished && !t->duplicates && t->footer.records != records)
		ct_check_problem(c, "the footer says %" PRIu64 " records, there are %" PRIu64,
				 t->footer.records, records);
}

/* --- all ------------------------------------------------------------------------------------------------------------------------- */

static void tell_damage(struct ct_check *c, size_t from)
{
	size_t i;

	for (i = from; i < c->t->damage_n; i++) {
		const struct ct_trace_damage *d = &c->t->damage[i];

		c->at = (struct ct_problem){.offset = d->offset};
		if (d->bytes)
			ct_check_problem(c, "%s%s (%" PRIu64 " bytes skipped)",
					 d->arena ? "arena: " : "", d->text, d->bytes);
		else
			ct_check_problem(c, "%s%s", d->arena ? "arena: " : "", d->text);
	}
}

static int start(struct ct_check *c)
{
	const struct ct_trace *t = c->t;
	size_t i, k;

	c->slots = calloc(t->runs_n + 1, sizeof(*c->slots));
	c->run_of = calloc(t->chunks_n + 1, sizeof(*c->run_of));
	c->rows = calloc(t->blocks_n + 1, sizeof(*c->rows));
	if (!c->slots || !c->run_of || !c->rows)
		return -ENOMEM;
	for (i = 0; i < t->runs_n; i++)
		for (k = 0; k < t->runs[i].n; k++)
			c->run_of[t->order[t->runs[i].first + k]] = (uint32_t)i;
	for (i = 0; i < t->blocks_n; i++)
		c->rows[i].min_ticks = UINT64_MAX;
	return 0;
}

int64_t ct_validate(struct ct_trace *t, void (*tell)(void *arg, const struct ct_problem *p),
		    void *arg)
{
	struct ct_check c = {.t = t, .tell = tell, .arg = arg};
	size_t told, i;
	int err = start(&c);

	told = t->damage_n;
	if (!err) {
		tell_damage(&c, 0);
		c.at = (struct ct_problem){0};
		check_header(&c);
		check_tables(&c);
		check_slots(&c);
	}
	for (i = 0; i < t->chunks_n && !err; i++)
		check_chunk(&c, (uint32_t)i);
	if (!err) {
		c.at = (struct ct_problem){0};
		err = check_counts(&c);
		check_index(&c);
		tell_damage(&c, told);
	}
	free(c.slots);
	free(c.run_of);
	free(c.rows);
	free(c.begun);
	if (!err && c.failed)
		err = -ENOMEM;
	return err ? err : c.problems;
}
