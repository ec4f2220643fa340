/*
 * validate_record.c - what one record promises: its fields name what the trace has, and its thread has begun.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file/text.h"
#include "file/words.h"
#include "validate_int.h"

/* Serials from here on are not looked at: a record may name any, and 8 MiB is what one may cost. */
#define SERIALS_MAX (1u << 26)

static bool has_begun(const struct ct_check *c, uint32_t serial)
{
	return serial / 64 < c->begun_room && (c->begun[serial / 64] >> serial % 64 & 1);
}

static void mark_begun(struct ct_check *c, uint32_t serial)
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

bool ct_check_stack(const struct ct_trace *t, uint64_t id)
{
	const struct ct_trie_node *nodes = (const void *)t->nodes.rows;

	return id == 0 || (id < t->nodes.n && (nodes[id].frame || nodes[id].parent));
}

bool ct_check_frame(const struct ct_trace *t, uint64_t frame)
{
	uint64_t module = frame >> CT_FRAME_MODULE_SHIFT;

	return module == 0 || module == CT_MODULE_TRUNCATED || ct_trace_module(t, frame);
}

bool ct_check_string(const struct ct_trace *t, uint64_t id)
{
	return id == 0 || (id <= UINT32_MAX && ct_trace_string(t, (uint32_t)id));
}

bool ct_check_process(const struct ct_trace *t, uint64_t index)
{
	const struct ct_process_rec *rows = (const void *)t->processes.rows;

	return index < t->processes.n && rows[index].state != CT_PROC_FREE;
}

static void check_field(struct ct_check *c, const struct ct_record *r, unsigned i)
{
	const char *name = ct_field_name(r->type, i);
	uint64_t v = r->v[i];

	switch (ct_field_type(r->type, i)) {
	case CT_TYPE_op:
		if (!ct_op_name(v))
			ct_check_problem(c, "%s is %" PRIu64 ", expected an operation of ops.def",
					 name, v);
		break;
	case CT_TYPE_stack:
		if (!ct_check_stack(c->t, v))
			ct_check_problem(c,
					 "%s is %" PRIu64
					 ", expected a node of the stack table (%zu nodes)",
					 name, v, c->t->nodes.n);
		break;
	case CT_TYPE_frame:
		if (!ct_check_frame(c->t, v))
			ct_check_problem(
				c, "%s is in module %" PRIu64 ", which the trace does not have",
				name, v >> CT_FRAME_MODULE_SHIFT);
		break;
	case CT_TYPE_str:
		if (!ct_check_string(c->t, v))
			ct_check_problem(c, "%s is %" PRIu64 ", expected a string id", name, v);
		break;
	case CT_TYPE_thread:
	case CT_TYPE_tid:
		if (v > UINT32_MAX)
			ct_check_problem(c, "%s is %" PRIu64 ", expected 32 bits", name, v);
		break;
	default: break;
	}
}

static void check_totals(struct ct_check *c, uint64_t count, uint64_t total, uint64_t max)
{
	if (!count)
		ct_check_problem(c, "count is 0, expected at least 1");
	if (max > total)
		ct_check_problem(c, "max is %" PRIu64 ", expected at most the total %" PRIu64, max,
				 total);
}

static void check_begin(struct ct_check *c, const struct ct_record *r, struct ct_check_slot *slot)
{
	uint64_t serial = r->v[CT_F_thread_begin_thread];

	slot->thread = (uint32_t)serial;
	slot->whole = true; /* again, where records were lost before */
	c->at.thread = slot->thread;
	if (!serial)
		ct_check_problem(c, "thread is 0, expected a serial number");
	/* the same again: in a ring every chunk introduces its thread, and elsewhere a handler does that came in between */
	if (serial < SERIALS_MAX && has_begun(c, slot->thread) &&
	    (slot->begun != slot->thread || slot->begun_ticks != r->ticks))
		ct_check_problem(c, "thread %u begins for the second time", slot->thread);
	if (!ct_check_process(c->t, r->v[CT_F_thread_begin_process]))
		ct_check_problem(c,
				 "process is %" PRIu64 ", expected an index of the process table",
				 r->v[CT_F_thread_begin_process]);
	slot->begun = slot->thread;
	slot->begun_ticks = r->ticks;
	if (serial < SERIALS_MAX)
		mark_begun(c, slot->thread);
}

/* Records about a CPU stand in its slot and nowhere else. */
static void check_cpu(struct ct_check *c, const struct ct_record *r)
{
	if (r->type == CT_EV_sched &&
	    (!r->v[CT_F_sched_what] || r->v[CT_F_sched_what] > CT_SCHED_REFUSED))
		ct_check_problem(c, "what is %" PRIu64 ", expected 1 to %d", r->v[CT_F_sched_what],
				 CT_SCHED_REFUSED);
	if (r->type == CT_EV_cpu_off && r->v[CT_F_cpu_off_how] > CT_OFF_STOPPED)
		ct_check_problem(c, "how is %" PRIu64 ", expected 0 to %d", r->v[CT_F_cpu_off_how],
				 CT_OFF_STOPPED);
	if (r->type == CT_EV_waking && r->v[CT_F_waking_how] > CT_WAKING_NEW)
		ct_check_problem(c, "how is %" PRIu64 ", expected 0 to %d", r->v[CT_F_waking_how],
				 CT_WAKING_NEW);
	if (!ct_slot_is_cpu(c->at.slot, r->v[CT_F_cpu_on_cpu]))
		ct_check_problem(c, "cpu is %" PRIu64 ", expected in slot %u plus that number only",
				 r->v[CT_F_cpu_on_cpu], CT_SLOT_CPU);
}

/* A message has at least as many bytes as are here of it. */
static void check_text(struct ct_check *c, const struct ct_record *r)
{
	uint64_t bytes = r->v[r->type == CT_EV_log ? CT_F_log_bytes : CT_F_label_bytes];
	char text[CT_TEXT_BYTES + 1];

	ct_text_words(r, text);
	if (strlen(text) > bytes)
		ct_check_problem(c, "bytes is %" PRIu64 ", expected at least %zu, which are here",
				 bytes, strlen(text));
}

static void check_usage(struct ct_check *c, const struct ct_record *r)
{
	if (!ct_check_process(c->t, r->v[CT_F_usage_process]))
		ct_check_problem(c,
				 "process is %" PRIu64 ", expected an index of the process table",
				 r->v[CT_F_usage_process]);
	if (r->v[CT_F_usage_anonymous] > r->v[CT_F_usage_resident])
		ct_check_problem(c, "anonymous is %" PRIu64 ", expected at most resident, %" PRIu64,
				 r->v[CT_F_usage_anonymous], r->v[CT_F_usage_resident]);
}

void ct_check_record(struct ct_check *c, const struct ct_record *r, struct ct_check_slot *slot)
{
	unsigned i;

	for (i = 0; i < CT_FIELDS_MAX && ct_field_name(r->type, i); i++)
		check_field(c, r, i);
	if (r->type == CT_EV_thread_begin)
		return check_begin(c, r, slot);
	if (slot->whole && slot->thread && slot->thread < SERIALS_MAX &&
	    !has_begun(c, slot->thread)) {
		ct_check_problem(c, "thread %u has no thread_begin before this", slot->thread);
		mark_begun(c, slot->thread); /* once is enough */
		return;
	}
	switch (r->type) {
	case CT_EV_wait:
		if (r->v[CT_F_wait_dur] > r->ticks - c->t->info.first_ticks)
			ct_check_problem(c,
					 "dur is %" PRIu64 ", expected at most the %" PRIu64
					 " ticks since the trace began",
					 r->v[CT_F_wait_dur], r->ticks - c->t->info.first_ticks);
		break;
	case CT_EV_task_end:
		if (r->v[CT_F_task_end_dur] > r->ticks)
			ct_check_problem(c,
					 "dur is %" PRIu64 ", expected at most the time, %" PRIu64,
					 r->v[CT_F_task_end_dur], r->ticks);
		/* fall through */
	case CT_EV_task_begin:
		if (!r->v[CT_F_task_begin_task])
			ct_check_problem(c, "task is 0, expected a number");
		break;
	case CT_EV_region_end:
		if (r->v[CT_F_region_end_dur] > r->ticks)
			ct_check_problem(c,
					 "dur is %" PRIu64 ", expected at most the time, %" PRIu64,
					 r->v[CT_F_region_end_dur], r->ticks);
		break;
	case CT_EV_label:
	case CT_EV_log: check_text(c, r); break;
	case CT_EV_recording:
		if (r->v[CT_F_recording_on] > 1)
			ct_check_problem(c, "on is %" PRIu64 ", expected 0 or 1",
					 r->v[CT_F_recording_on]);
		break;
	case CT_EV_cpu_on:
	case CT_EV_cpu_off:
	case CT_EV_waking:
	case CT_EV_account:
	case CT_EV_sched: check_cpu(c, r); break;
	case CT_EV_mapping:
		if (slot->thread)
			ct_check_problem(
				c, "mapping by a thread of the program, expected from ctrace-run");
		break;
	case CT_EV_usage: check_usage(c, r); break;
	case CT_EV_ran:
	case CT_EV_outside:
	case CT_EV_cpu_idle:
		if (slot->thread)
			ct_check_problem(c,
					 "%s by a thread of the program, expected from ctrace-run",
					 ct_event_name(r->type));
		if (r->type == CT_EV_ran && !ct_check_process(c->t, r->v[CT_F_ran_process]))
			ct_check_problem(
				c, "process is %" PRIu64 ", expected an index of the process table",
				r->v[CT_F_ran_process]);
		if (r->type == CT_EV_cpu_idle && r->v[CT_F_cpu_idle_cpu] >= CT_CPUS_MAX)
			ct_check_problem(c, "cpu is %" PRIu64 ", expected less than %u",
					 r->v[CT_F_cpu_idle_cpu], CT_CPUS_MAX);
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
			ct_check_problem(c, "bucket is %" PRIu64 ", expected less than %d",
					 r->v[CT_F_ophist_bucket], CT_OPSTAT_BUCKETS);
		break;
	case CT_EV_lost:
		if (r->v[CT_F_lost_reason] >= CT_LOSS_REASONS)
			ct_check_problem(c, "reason is %" PRIu64 ", expected less than %d",
					 r->v[CT_F_lost_reason], CT_LOSS_REASONS);
		break;
	default: break;
	}
}
