/*
 * slices_said.c - see slices_int.h: what the program said of itself, beside the slices of waits.
 *
 * On a thread's track slices nest, and regions nest among each other.  With waits they do, too, but where a signal handler has them or clocks differ:
 *
 *	a region begins or ends while a thread is off the CPU outside of waits: it was on it again, so that part ends there
 *	one begins in a wait: it is told aside, on a track of its own, as are regions that do not nest
 *	one ends in a wait that is in it: it ends with the wait
 */
#include "views/export/slices_int.h"

#include <stdlib.h>
#include <string.h>

static struct ct_slices_said said_of(struct ct_slices *s, const struct ct_timeline_item *i)
{
	uint64_t end = ct_trace_ns(s->v->trace, i->note->end);

	return (struct ct_slices_said){.ns = s->ns,
				       .end_ns = end > s->ns ? end : s->ns,
				       .thread = i->thread,
				       .name = ct_slice_names_string(&s->names, i->note->name),
				       .note = i->note};
}

/* The thread says something, so it is not off the CPU; and a wait may be just over. */
static void is_awake(struct ct_slices *s, const struct ct_timeline_item *i)
{
	struct ct_slices_place *at = &s->places[i->thread];

	if (at->wait_open && at->to <= i->ticks)
		ct_slices_close(s, i->thread, true);
	else if (at->part_open && !at->wait_open)
		ct_slices_close(s, i->thread, false);
}

static void begin_region(struct ct_slices *s, const struct ct_timeline_item *i)
{
	struct ct_slices_said said = said_of(s, i);

	is_awake(s, i);
	said.aside = i->note->flags & CT_NOTE_CROSSES || s->places[i->thread].wait_open;
	if (said.aside)
		s->aside[i->note->row / 8] |= (uint8_t)(1u << i->note->row % 8);
	if (s->sink->region)
		s->sink->region(s->sink->arg, &said);
}

/* One on the thread's own track, or aside. */
static void tell_end(struct ct_slices *s, uint32_t thread, const struct ct_timeline_note *n,
		     bool aside)
{
	struct ct_slices_said said = {.ns = ct_trace_ns(s->v->trace, n->begin),
				      .end_ns = s->ns,
				      .thread = thread,
				      .name = ct_slice_names_string(&s->names, n->name),
				      .aside = aside,
				      .note = n};

	if (s->sink->region_end)
		s->sink->region_end(s->sink->arg, thread, s->ns, aside ? n->row + 1 : 0);
	if (s->sink->region_done)
		s->sink->region_done(s->sink->arg, &said);
}

void ct_slices_end_regions(struct ct_slices *s, uint32_t row)
{
	struct ct_slices_due *due = &s->places[row].due;
	uint32_t i;

	for (i = 0; i < due->n; i++)
		tell_end(s, row, &due->region[i], false);
	due->n = 0;
}

static void end_later(struct ct_slices *s, const struct ct_timeline_item *i)
{
	struct ct_slices_due *due = &s->places[i->thread].due;
	uint32_t room = due->room * 2 + 4;
	struct ct_timeline_note *p;

	if (due->n == due->room) {
		p = realloc(due->region, room * sizeof(*p));
		if (!p) {
			s->failed = true;
			return;
		}
		due->region = p;
		due->room = room;
	}
	due->region[due->n++] = *i->note;
}

static void end_region(struct ct_slices *s, const struct ct_timeline_item *i)
{
	uint32_t row = i->note->row;

	if (s->aside[row / 8] >> row % 8 & 1) {
		tell_end(s, i->thread, i->note, true);
		return;
	}
	is_awake(s, i);
	if (s->places[i->thread].wait_open)
		end_later(s, i);
	else
		tell_end(s, i->thread, i->note, false);
}

/* Where a task began, when anything is told of that thread. */
static uint32_t thread_of(const struct ct_slices *s, const struct ct_timeline_item *i)
{
	uint32_t row = i->note->about->thread;

	if (i->thread != CT_NONE)
		return i->thread;
	return row != CT_NONE && ct_view_shows(s->v, ct_model_thread_at(s->v->model, row))
		       ? row
		       : CT_NONE;
}

void ct_slices_say(struct ct_slices *s, const struct ct_timeline_item *i)
{
	const struct ct_slices_sink *sink = s->sink;
	struct ct_slices_said said;

	switch (i->kind) {
	case CT_TIMELINE_REGION_BEGIN:
		if (ct_choice_region(&s->choice, i))
			begin_region(s, i);
		return;
	case CT_TIMELINE_REGION_END:
		if (ct_choice_region(&s->choice, i))
			end_region(s, i);
		return;
	default: break;
	}
	said = said_of(s, i);
	if (i->kind == CT_TIMELINE_LOG) {
		if (sink->message && i->thread != CT_NONE && s->places[i->thread].begun)
			sink->message(sink->arg, &said);
		return;
	}
	said.thread = thread_of(s, i);
	if (i->kind == CT_TIMELINE_TASK_BEGIN && sink->task)
		sink->task(sink->arg, &said);
	else if (i->kind == CT_TIMELINE_TASK_END && sink->task_end)
		sink->task_end(sink->arg, &said);
}

uint32_t ct_slices_tasks(const struct ct_slices *s)
{
	const struct ct_tasks *t = ct_timeline_tasks(s->timeline);

	return t ? t->tasks.count : 0;
}

char *ct_slices_message(const struct ct_timeline_note *n, char buf[CT_SLICES_MESSAGE])
{
	size_t length = strlen(n->text);

	if (n->bytes > length)
		snprintf(buf, CT_SLICES_MESSAGE, "%s... (%u bytes in all)", n->text, n->bytes);
	else
		snprintf(buf, CT_SLICES_MESSAGE, "%s", length ? n->text : "(no text)");
	return buf;
}

uint32_t ct_slices_task(const struct ct_slices *s, uint64_t id)
{
	const struct ct_tasks *t = ct_timeline_tasks(s->timeline);

	return t ? ct_table_find(&t->tasks, &id) : CT_NONE;
}

const char *ct_slices_unsure(const struct ct_timeline_note *n)
{
	static const char *const texts[3][3] = {
		{NULL, "not ended", "goes on"},
		{"began earlier", "began earlier, not ended", "began earlier, goes on"},
		{"beginning lost", "beginning lost, not ended", "beginning lost, goes on"}};
	unsigned begin = n->flags & CT_NOTE_EARLIER ? 1 : n->about && !n->about->begin ? 2 : 0;
	unsigned end = n->flags & CT_NOTE_LATER ? 2 : n->flags & CT_NOTE_UNENDED ? 1 : 0;

	return texts[begin][end];
}
