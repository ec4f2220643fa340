/*
 * validate.c - see validate.h.
 *
 * One pass over the chunks in file order, with a little memory for each slot (where time stands, which thread writes) and a
 * bit for each thread that has begun, then the tables, then what index and footer say against what was counted.
 */
#include "validate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/text.h"
#include "file/words.h"
#include "trace_int.h"

/* Serials from here on are not looked at: a record may name any, and 8 MiB is what one may cost. */
#define SERIALS_MAX (1u << 26)

struct slot_check {
	bool seen,
		whole; /* whole: nothing is missing since the slot's first chunk, or since a thread_begin */
	uint32_t sequence, thread;
	uint64_t base_ticks;
	uint32_t begun; /* thread of the last thread_begin, and when that was */
	uint64_t begun_ticks;
};

struct check {
	struct ct_trace *t;
	void (*tell)(void *arg, const struct ct_problem *p);
	void *arg;
	int64_t problems;
	struct slot_check *slots;  /* by run */
	uint32_t *run_of;	   /* by chunk */
	uint64_t *begun;	   /* bits, by thread serial */
	size_t begun_room;	   /* words of it */
	bool failed;		   /* memory ran out */
	struct ct_index_row *rows; /* by chunk block */
	struct ct_problem at;	   /* where we are */
};

static void problem(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct check *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->at.text, sizeof(c->at.text), fmt, args);
	va_end(args);
	c->problems++;
	c->tell(c->arg, &c->at);
}

/* --- records ----------------------------------------------------------------------------------------------------------------- */

static bool has_begun(const struct check *c, uint32_t serial)
{
	return serial / 64 < c->begun_room && (c->begun[serial / 64] >> serial % 64 & 1);
}

static void mark_begun(struct check *c, uint32_t serial)
{
	size_t room = c->begun_room ? c->begun_room : 64;
	uint64_t *p;

	while (room <= serial / 64)
		room *= 2;
	if (room != c->begun_room) {
		p = realloc(c->begun, room * sizeof(*p));
		if (!p) {
			c->failed = true;
			return;
		}
		memset(p + c->begun_room, 0, (room - c->begun_room) * sizeof(*p));
		c->begun = p;
		c->begun_room = room;
	}
	c->begun[serial / 64] |= 1ull << serial % 64;
}

static bool stack_ok(const struct ct_trace *t, uint64_t id)
{
	const struct ct_trie_node *nodes = (const void *)t->nodes.rows;

	return id == 0 || (id < t->nodes.n && (nodes[id].frame || nodes[id].parent));
}

static bool frame_ok(const struct ct_trace *t, uint64_t frame)
{
	uint64_t module = frame >> CT_FRAME_MODULE_SHIFT;

	return module == 0 || module == CT_MODULE_TRUNCATED || ct_trace_module(t, frame);
}

static bool string_ok(const struct ct_trace *t, uint64_t id)
{
	return id == 0 || (id <= UINT32_MAX && ct_trace_string(t, (uint32_t)id));
}

static bool process_ok(const struct ct_trace *t, uint64_t index)
{
	const struct ct_process_rec *rows = (const void *)t->processes.rows;

	return index < t->processes.n && rows[index].state != CT_PROC_FREE;
}

static void check_field(struct check *c, const struct ct_record *r, unsigned i)
{
	const char *name = ct_field_name(r->type, i);
	uint64_t v = r->v[i];

	switch (ct_field_type(r->type, i)) {
	case CT_TYPE_op:
		if (!ct_op_name(v))
			problem(c, "%s is %" PRIu64 ", expected an operation of ops.def", name, v);
		break;
	case CT_TYPE_stack:
		if (!stack_ok(c->t, v))
			problem(c,
				"%s is %" PRIu64 ", expected a node of the stack table (%zu nodes)",
				name, v, c->t->nodes.n);
		break;
	case CT_TYPE_frame:
		if (!frame_ok(c->t, v))
			problem(c, "%s is in module %" PRIu64 ", which the trace does not have",
				name, v >> CT_FRAME_MODULE_SHIFT);
		break;
	case CT_TYPE_str:
		if (!string_ok(c->t, v))
			problem(c, "%s is %" PRIu64 ", expected a string id", name, v);
		break;
	case CT_TYPE_thread:
	case CT_TYPE_tid:
		if (v > UINT32_MAX)
			problem(c, "%s is %" PRIu64 ", expected 32 bits", name, v);
		break;
	default: break;
	}
}

static void check_totals(struct check *c, uint64_t count, uint64_t total, uint64_t max)
{
	if (!count)
		problem(c, "count is 0, expected at least 1");
	if (max > total)
		problem(c, "max is %" PRIu64 ", expected at most the total %" PRIu64, max, total);
}

static void check_begin(struct check *c, const struct ct_record *r, struct slot_check *slot)
{
	uint64_t serial = r->v[CT_F_thread_begin_thread];

	slot->thread = (uint32_t)serial;
	slot->whole = true; /* again, where records were lost before */
	c->at.thread = slot->thread;
	if (!serial)
		problem(c, "thread is 0, expected a serial number");
	/* the same again: in a ring every chunk introduces its thread, and elsewhere a handler does that came in between */
	if (serial < SERIALS_MAX && has_begun(c, slot->thread) &&
	    (slot->begun != slot->thread || slot->begun_ticks != r->ticks))
		problem(c, "thread %u begins for the second time", slot->thread);
	if (!process_ok(c->t, r->v[CT_F_thread_begin_process]))
		problem(c, "process is %" PRIu64 ", expected an index of the process table",
			r->v[CT_F_thread_begin_process]);
	slot->begun = slot->thread;
	slot->begun_ticks = r->ticks;
	if (serial < SERIALS_MAX)
		mark_begun(c, slot->thread);
}

/* Records about a CPU stand in its slot and nowhere else. */
static void check_cpu(struct check *c, const struct ct_record *r)
{
	if (r->type == CT_EV_sched &&
	    (!r->v[CT_F_sched_what] || r->v[CT_F_sched_what] > CT_SCHED_REFUSED))
		problem(c, "what is %" PRIu64 ", expected 1 to %d", r->v[CT_F_sched_what],
			CT_SCHED_REFUSED);
	if (r->type == CT_EV_cpu_off && r->v[CT_F_cpu_off_how] > CT_OFF_PREEMPTED)
		problem(c, "how is %" PRIu64 ", expected 0 to %d", r->v[CT_F_cpu_off_how],
			CT_OFF_PREEMPTED);
	if (r->type == CT_EV_waking && r->v[CT_F_waking_how] > CT_WAKING_NEW)
		problem(c, "how is %" PRIu64 ", expected 0 to %d", r->v[CT_F_waking_how],
			CT_WAKING_NEW);
	if (c->at.slot < CT_SLOT_CPU || c->at.slot - CT_SLOT_CPU != r->v[CT_F_cpu_on_cpu])
		problem(c, "cpu is %" PRIu64 ", expected in slot %u plus that number only",
			r->v[CT_F_cpu_on_cpu], CT_SLOT_CPU);
}

/* A message has at least as many bytes as are here of it. */
static void check_text(struct check *c, const struct ct_record *r)
{
	uint64_t bytes = r->v[r->type == CT_EV_log ? CT_F_log_bytes : CT_F_label_bytes];
	char text[CT_TEXT_BYTES + 1];

	ct_text_words(r, text);
	if (strlen(text) > bytes)
		problem(c, "bytes is %" PRIu64 ", expected at least %zu, which are here", bytes,
			strlen(text));
}

static void check_usage(struct check *c, const struct ct_record *r)
{
	if (!process_ok(c->t, r->v[CT_F_usage_process]))
		problem(c, "process is %" PRIu64 ", expected an index of the process table",
			r->v[CT_F_usage_process]);
	if (r->v[CT_F_usage_anonymous] > r->v[CT_F_usage_resident])
		problem(c, "anonymous is %" PRIu64 ", expected at most resident, %" PRIu64,
			r->v[CT_F_usage_anonymous], r->v[CT_F_usage_resident]);
}

static void check_record(struct check *c, const struct ct_record *r, struct slot_check *slot)
{
	unsigned i;

	for (i = 0; i < CT_FIELDS_MAX && ct_field_name(r->type, i); i++)
		check_field(c, r, i);
	if (r->type == CT_EV_thread_begin)
		return check_begin(c, r, slot);
	if (slot->whole && slot->thread && slot->thread < SERIALS_MAX &&
	    !has_begun(c, slot->thread)) {
		problem(c, "thread %u has no thread_begin before this", slot->thread);
		mark_begun(c, slot->thread); /* once is enough */
		return;
	}
	switch (r->type) {
	case CT_EV_wait:
		if (r->v[CT_F_wait_dur] > r->ticks - c->t->info.first_ticks)
			problem(c,
				"dur is %" PRIu64 ", expected at most the %" PRIu64
				" ticks since the trace began",
				r->v[CT_F_wait_dur], r->ticks - c->t->info.first_ticks);
		break;
	case CT_EV_task_end:
		if (r->v[CT_F_task_end_dur] > r->ticks)
			problem(c, "dur is %" PRIu64 ", expected at most the time, %" PRIu64,
				r->v[CT_F_task_end_dur], r->ticks);
		/* fall through */
	case CT_EV_task_begin:
		if (!r->v[CT_F_task_begin_task])
			problem(c, "task is 0, expected a number");
		break;
	case CT_EV_region_end:
		if (r->v[CT_F_region_end_dur] > r->ticks)
			problem(c, "dur is %" PRIu64 ", expected at most the time, %" PRIu64,
				r->v[CT_F_region_end_dur], r->ticks);
		break;
	case CT_EV_label:
	case CT_EV_log: check_text(c, r); break;
	case CT_EV_recording:
		if (r->v[CT_F_recording_on] > 1)
			problem(c, "on is %" PRIu64 ", expected 0 or 1", r->v[CT_F_recording_on]);
		break;
	case CT_EV_cpu_on:
	case CT_EV_cpu_off:
	case CT_EV_waking:
	case CT_EV_sched: check_cpu(c, r); break;
	case CT_EV_mapping:
		if (slot->thread)
			problem(c, "mapping by a thread of the program, expected from ctrace-run");
		break;
	case CT_EV_usage: check_usage(c, r); break;
	case CT_EV_ran:
	case CT_EV_outside:
		if (slot->thread)
			problem(c, "%s by a thread of the program, expected from ctrace-run",
				ct_event_name(r->type));
		if (r->type == CT_EV_ran && !process_ok(c->t, r->v[CT_F_ran_process]))
			problem(c, "process is %" PRIu64 ", expected an index of the process table",
				r->v[CT_F_ran_process]);
		break;
	case CT_EV_tally:
		check_totals(c, r->v[CT_F_tally_count], r->v[CT_F_tally_total],
			     r->v[CT_F_tally_max]);
		break;
	case CT_EV_opstat:
		check_totals(c, r->v[CT_F_opstat_count], r->v[CT_F_opstat_total],
			     r->v[CT_F_opstat_max]);
		break;
	case CT_EV_ophist:
		if (r->v[CT_F_ophist_bucket] >= CT_OPSTAT_BUCKETS)
			problem(c, "bucket is %" PRIu64 ", expected less than %d",
				r->v[CT_F_ophist_bucket], CT_OPSTAT_BUCKETS);
		break;
	case CT_EV_lost:
		if (r->v[CT_F_lost_reason] >= CT_LOSS_REASONS)
			problem(c, "reason is %" PRIu64 ", expected less than %d",
				r->v[CT_F_lost_reason], CT_LOSS_REASONS);
		break;
	default: break;
	}
}

/* --- chunks ------------------------------------------------------------------------------------------------------------------- */

static void check_head(struct check *c, const struct ct_trace_chunk *h, struct slot_check *slot)
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
	if (!process_ok(c->t, h->process))
		problem(c, "process of the chunk is %u, expected an index of the process table",
			h->process);
	/* an empty chunk is one that a signal handler came before: its base was taken too early */
	if (slot->seen && h->used && h->base_ticks < slot->base_ticks)
		problem(c,
			"the chunk begins at %" PRIu64 ", expected not before %" PRIu64
			", where the chunk before began",
			h->base_ticks, slot->base_ticks);
	slot->seen = true;
	slot->sequence = h->sequence;
	if (h->used)
		slot->base_ticks = h->base_ticks;
}

static void check_end(struct check *c, const struct ct_trace_chunk *h, const struct ct_decoder *d,
		      enum ct_decode_result result, uint32_t records)
{
	c->at.event = 0;
	c->at.offset = (uint64_t)(d->p - d->start);
	if (result == CT_DECODE_DAMAGED) {
		problem(c, "no record begins here (tag 0x%02x), expected one", *d->p);
		return;
	}
	if (h->state != CT_CHUNK_SEALED || d->p != d->end)
		return; /* the thread died: counts were not yet written */
	if (records != h->records)
		problem(c, "the chunk has %u records, its head says %u", records, h->records);
	if (d->ticks != h->last_ticks)
		problem(c, "the last record is at %" PRIu64 ", the chunk's head says %" PRIu64,
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

static void check_chunk(struct check *c, uint32_t index)
{
	const struct ct_trace_chunk *h = &c->t->chunks[index];
	int block = h->arena ? -1 : ct_block_find(c->t, h->offset);
	struct slot_check *slot = &c->slots[c->run_of[index]];
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
			problem(c, "time runs over at %" PRIu64, r.ticks);
		ticks = d.ticks;
		if (result == CT_DECODE_OK)
			check_record(c, &r, slot);
	}
	check_end(c, h, &d, result, records);
}

/* --- tables --------------------------------------------------------------------------------------------------------------------- */

static void check_tables(struct check *c)
{
	const struct ct_process_rec *processes = (const void *)c->t->processes.rows;
	const struct ct_module_rec *modules = (const void *)c->t->modules.rows;
	const struct ct_trie_node *nodes = (const void *)c->t->nodes.rows;
	const struct ct_blind_rec *blind = (const void *)c->t->blind.rows;
	size_t i;

	for (i = 0; i < c->t->processes.n; i++) {
		if (processes[i].state == CT_PROC_FREE)
			continue;
		if (!string_ok(c->t, processes[i].exe) || !string_ok(c->t, processes[i].cmdline))
			problem(c, "process %zu: exe or cmdline is no string of the trace", i);
		if (processes[i].forked_from > i)
			problem(c, "process %zu: forked from %u, expected one before it", i,
				processes[i].forked_from - 1);
	}
	for (i = 0; i < c->t->modules.n; i++) {
		if (modules[i].state != 2)
			continue;
		if (!string_ok(c->t, modules[i].path))
			problem(c, "module %zu: its path is no string of the trace", i);
		if (modules[i].vaddr_lo > modules[i].vaddr_hi)
			problem(c, "module %zu: its addresses end before they begin", i);
	}
	for (i = 0; i < c->t->blind.n; i++)
		if (blind[i].kind &&
		    (!process_ok(c->t, blind[i].process) || !string_ok(c->t, blind[i].path) ||
		     !string_ok(c->t, blind[i].detail)))
			problem(c,
				"blind spot %zu: of a process, or with a text, that the trace does "
				"not have",
				i);
	for (i = 1; i < c->t->nodes.n; i++)
		if (!frame_ok(c->t, nodes[i].frame))
			problem(c,
				"stack node %zu: in module %" PRIu64
				", which the trace does not have",
				i, (uint64_t)(nodes[i].frame >> CT_FRAME_MODULE_SHIFT));
}

static void check_slots(struct check *c)
{
	size_t i;

	for (i = 0; i < c->t->slots_n; i++) {
		const struct ct_trace_slot *s = &c->t->slots[i];

		if (!process_ok(c->t, s->process))
			problem(c, "slot %u: process is %u, expected an index of the process table",
				s->slot, s->process);
		if (s->op && !ct_op_name(s->op))
			problem(c, "slot %u: blocked in %u, expected an operation of ops.def",
				s->slot, s->op);
		if (s->op && !stack_ok(c->t, s->stack))
			problem(c, "slot %u: stack is %u, expected a node of the stack table",
				s->slot, s->stack);
	}
}

/* A thread of a ring has not written less than is there of it and known to be lost; and all that was overwritten was somebody's. */
static int check_counts(struct check *c)
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
		if (!process_ok(c->t, rows[i].process))
			problem(c,
				"ended thread %u: process is %u, expected an index of the process "
				"table",
				rows[i].thread, rows[i].process);
		if (rows[i].begin_ticks > rows[i].end_ticks)
			problem(c, "ended thread %u: it ends before it begins", rows[i].thread);
		if (c->t->ended_found[i] != UINT64_MAX && c->t->ended_found[i] > rows[i].records)
			problem(c,
				"ended thread %u: %" PRIu64
				" records are there or known to be lost, it wrote %" PRIu64,
				rows[i].thread, c->t->ended_found[i], rows[i].records);
	}
	return 0;
}

static void check_header(struct check *c)
{
	const struct ct_header *h = &c->t->header;

	if (h->policy != CT_POLICY_STREAM && h->policy != CT_POLICY_RING)
		problem(c, "header: policy is %u, expected 1 or 2", h->policy);
	if (h->clock < CT_CLOCK_TSC || h->clock > CT_CLOCK_CNTVCT)
		problem(c, "header: clock is %u, expected 1 to 3", h->clock);
	if (!h->ticks_per_second)
		problem(c, "header: ticks_per_second is 0");
	if (h->end_mono_ns && h->end_mono_ns < h->start_mono_ns)
		problem(c, "header: the trace ends before it starts");
	if (c->t->info.finished && !h->finished)
		problem(c, "header: finished is 0, but there is a footer");
	if (c->t->info.finished && h->arena_path[0])
		problem(c, "header: a finished trace names an arena");
}

/* --- index and footer ----------------------------------------------------------------------------------------------------------- */

static bool same_row(const struct ct_index_row *a, const struct ct_index_row *b)
{
	return a->stored_bytes == b->stored_bytes && a->raw_bytes == b->raw_bytes &&
	       a->min_ticks == b->min_ticks && a->max_ticks == b->max_ticks &&
	       a->records == b->records && a->waits == b->waits && a->wait_ticks == b->wait_ticks;
}

static void check_index(struct check *c)
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
			problem(c,
				"chunk block: its head says times %" PRIu64 " to %" PRIu64
				", inside they are %" PRIu64 " to %" PRIu64,
				b->head.min_ticks, b->head.max_ticks, row.min_ticks, row.max_ticks);
		if (!t->info.finished)
			continue;
		while (at < t->index_n && t->index[at].offset < b->offset)
			at++;
		row.stored_bytes = b->head.stored_bytes;
		row.raw_bytes = b->head.raw_bytes;
		if (at == t->index_n || t->index[at].offset != b->offset)
			problem(c, "chunk block: the index has no row for it");
		else if (!same_row(&t->index[at], &row))
			problem(c, "chunk block: its row in the index says something else");
	}
	c->at.offset = t->footer.index_offset;
	if (t->info.finished && !t->duplicates && t->index_n != t->blocks_n)
		problem(c, "the index has %zu rows, expected one for each of %zu chunk blocks",
			t->index_n, t->blocks_n);
	if (t->info.finished && !t->duplicates && t->footer.records != records)
		problem(c, "the footer says %" PRIu64 " records, there are %" PRIu64,
			t->footer.records, records);
}

/* --- all ------------------------------------------------------------------------------------------------------------------------- */

static void tell_damage(struct check *c, size_t from)
{
	size_t i;

	for (i = from; i < c->t->damage_n; i++) {
		const struct ct_trace_damage *d = &c->t->damage[i];

		c->at = (struct ct_problem){.offset = d->offset};
		if (d->bytes)
			problem(c, "%s%s (%" PRIu64 " bytes skipped)", d->arena ? "arena: " : "",
				d->text, d->bytes);
		else
			problem(c, "%s%s", d->arena ? "arena: " : "", d->text);
	}
}

static int start(struct check *c)
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
	struct check c = {.t = t, .tell = tell, .arg = arg};
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
