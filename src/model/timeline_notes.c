/*
 * timeline_notes.c - see timeline_int.h: what the program said of itself, as streams of the timeline.
 *
 * The regions of a thread that nest are a stream, which is read from tasks->regions with a stack of those that have begun.  Whatever else begins and
 * ends, tasks and the regions that do not nest, are moments, all of them in one stream in order of time.  Messages are records of their threads.
 */
#include "timeline_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/tasks.h"

static const struct ct_user_region *region(const struct ct_timeline *tl, uint32_t i)
{
	return &tl->tasks->regions[i];
}

static uint64_t into(uint64_t ticks, uint64_t from, uint64_t to)
{
	return ticks < from ? from : ticks > to ? to : ticks;
}

static bool shows(const struct ct_timeline *tl, uint32_t thread)
{
	return thread != CT_NONE &&
	       (!tl->options.shows || tl->options.shows(tl->options.arg, thread));
}

/* Is any of it in the life of its thread, as far as that is shown? */
static bool is_there(const struct ct_timeline *tl, const struct ct_user_region *g)
{
	const struct ct_line_stream *life = &tl->streams[g->thread];

	return life->shown && g->begin <= life->to &&
	       (g->end > life->from || g->begin >= life->from);
}

/* --- moments ------------------------------------------------------------------------------------------------------------------ */

static void add_moment(struct ct_timeline *tl, enum ct_timeline_kind kind, uint64_t ticks,
		       uint32_t thread, uint32_t number)
{
	uint32_t room = tl->moment_room + tl->moment_room / 2 + 64;
	struct ct_line_moment *p;

	if (tl->moment_n == tl->moment_room) {
		p = realloc(tl->moments, room * sizeof(*p));
		if (!p) {
			tl->failed = true;
			return;
		}
		tl->moments = p;
		tl->moment_room = room;
	}
	tl->moments[tl->moment_n++] = (struct ct_line_moment){ticks, thread, number, (uint8_t)kind};
}

/* The thread that did it, if it is shown and was there at that time. */
static uint32_t who(const struct ct_timeline *tl, uint32_t thread, uint64_t ticks)
{
	const struct ct_line_stream *life = thread == CT_NONE ? NULL : &tl->streams[thread];

	return life && life->shown && ticks >= life->from && ticks <= life->to ? thread : CT_NONE;
}

/* It is told when any thread that had to do with it is. */
static bool is_shown(const struct ct_timeline *tl, const struct ct_user_task *t)
{
	uint32_t i;

	if (!tl->options.shows || shows(tl, t->thread) || shows(tl, t->end_thread))
		return true;
	for (i = t->regions; i; i = region(tl, i - 1)->next)
		if (shows(tl, region(tl, i - 1)->thread))
			return true;
	return false;
}

/* When it began, or its first sign; UINT64_MAX: there is none that has a time. */
static uint64_t first_sign(const struct ct_timeline *tl, const struct ct_user_task *t)
{
	uint64_t first = t->flags & CT_NOTE_UNENDED ? UINT64_MAX : t->end;
	uint32_t i;

	if (t->begin)
		return t->begin;
	for (i = t->regions; i; i = region(tl, i - 1)->next)
		if (region(tl, i - 1)->begin < first)
			first = region(tl, i - 1)->begin;
	return first;
}

static uint64_t task_end(const struct ct_timeline *tl, const struct ct_user_task *t)
{
	return t->flags & CT_NOTE_UNENDED ? tl->model->end : t->end;
}

static void take_task(struct ct_timeline *tl, uint32_t row)
{
	const struct ct_user_task *t = ct_tasks_at(tl->tasks, row);
	uint64_t from = tl->model->options.from_ticks, to = tl->model->options.to_ticks;
	uint64_t begin = first_sign(tl, t), end = task_end(tl, t);

	if (begin == UINT64_MAX || begin > to || end < from || !is_shown(tl, t))
		return;
	add_moment(tl, CT_TIMELINE_TASK_BEGIN, into(begin, from, to),
		   begin < from ? CT_NONE : who(tl, t->thread, begin), row);
	add_moment(tl, CT_TIMELINE_TASK_END, into(end > begin ? end : begin, from, to),
		   end > to ? CT_NONE : who(tl, t->end_thread, end), row);
}

static void take_crossing(struct ct_timeline *tl, uint32_t i)
{
	const struct ct_user_region *g = region(tl, i);
	const struct ct_line_stream *life = &tl->streams[g->thread];

	if (!is_there(tl, g))
		return;
	add_moment(tl, CT_TIMELINE_REGION_BEGIN, into(g->begin, life->from, life->to), g->thread,
		   i);
	add_moment(tl, CT_TIMELINE_REGION_END, into(g->end, life->from, life->to), g->thread, i);
}

static uint8_t rank_of(uint8_t kind)
{
	return kind == CT_TIMELINE_TASK_BEGIN ? CT_RANK_TASK_BEGIN
	       : kind == CT_TIMELINE_TASK_END ? CT_RANK_TASK_END
					      : CT_RANK_REGION;
}

static int by_time(const void *a, const void *b)
{
	const struct ct_line_moment *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	if (rank_of(x->kind) != rank_of(y->kind))
		return rank_of(x->kind) < rank_of(y->kind) ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

bool ct_line_next_moment(const struct ct_timeline *tl, const struct ct_line_stream *st,
			 struct ct_line_reader *r)
{
	const struct ct_line_moment *m;

	if (st->first + r->next >= st->after)
		return false;
	m = &tl->moments[st->first + r->next++];
	r->item = (struct ct_timeline_item){
		.kind = m->kind, .thread = m->thread, .ticks = m->ticks, .cell = CT_NONE};
	r->number = m->number;
	r->rank = rank_of(m->kind);
	return true;
}

/* --- regions ------------------------------------------------------------------------------------------------------------------ */

static bool open_region(struct ct_timeline *tl, struct ct_line_open *o, uint32_t i)
{
	uint32_t room = o->room + o->room / 2 + 16, *p;

	if (o->n == o->room) {
		p = realloc(o->region, room * sizeof(*p));
		if (!p) {
			tl->failed = true;
			return false;
		}
		o->region = p;
		o->room = room;
	}
	o->region[o->n++] = i;
	return true;
}

bool ct_line_next_region(struct ct_timeline *tl, const struct ct_line_stream *st,
			 struct ct_line_reader *r)
{
	const struct ct_user_region *next = NULL;
	struct ct_line_open *o = &r->open;
	bool ends;

	for (; st->first + r->next < st->after; r->next++) {
		next = region(tl, st->first + r->next);
		if (!(next->flags & CT_NOTE_CROSSES) && is_there(tl, next))
			break;
		next = NULL;
	}
	if (!next && !o->n)
		return false;
	ends = o->n && (!next || region(tl, o->region[o->n - 1])->end <= next->begin);
	if (ends)
		r->number = o->region[--o->n];
	else
		r->number = st->first + r->next++;
	if (!ends && !open_region(tl, o, r->number))
		return false;
	next = region(tl, r->number);
	r->item = (struct ct_timeline_item){
		.kind = ends ? CT_TIMELINE_REGION_END : CT_TIMELINE_REGION_BEGIN,
		.thread = st->thread,
		.ticks = into(ends ? next->end : next->begin, st->from, st->to),
		.cell = CT_NONE};
	r->rank = CT_RANK_REGION;
	return true;
}

/* --- messages ----------------------------------------------------------------------------------------------------------------- */

bool ct_line_message(struct ct_timeline *tl, const struct ct_line_stream *st,
		     struct ct_line_reader *r)
{
	struct ct_bytes_place place;
	struct ct_line_coder coder;
	struct ct_record more;
	struct ct_whole_text *w = r->text ? r->text : malloc(sizeof(*w));

	if (!w) {
		tl->failed = true;
		return false;
	}
	r->text = w;
	w->first = r->record;
	w->n = 0;
	w->text[0] = 0;
	ct_whole_text_add(w, &r->record);
	for (;;) {
		place = r->place;
		coder = r->coder;
		if (!ct_line_get_record(&r->coder, &r->place, &more) || more.type != CT_EV_text ||
		    more.ticks != w->first.ticks || more.v[CT_F_text_at] != w->n)
			break;
		ct_whole_text_add(w, &more);
	}
	r->place = place;
	r->coder = coder;
	r->item = (struct ct_timeline_item){.kind = CT_TIMELINE_LOG,
					    .thread = st->thread,
					    .ticks = w->first.ticks,
					    .cell = CT_NONE};
	r->rank = CT_RANK_LOG;
	return true;
}

/* --- handing out -------------------------------------------------------------------------------------------------------------- */

static uint32_t cut(uint64_t begin, uint64_t end, uint64_t from, uint64_t to)
{
	return (begin < from ? CT_NOTE_EARLIER : 0) | (end > to ? CT_NOTE_LATER : 0);
}

static void note_region(struct ct_timeline *tl, uint32_t i)
{
	const struct ct_user_region *g = region(tl, i);
	const struct ct_line_stream *life = &tl->streams[g->thread];

	tl->note = (struct ct_timeline_note){.task = g->task,
					     .begin = into(g->begin, life->from, life->to),
					     .end = into(g->end, life->from, life->to),
					     .name = g->name,
					     .row = i,
					     .flags = g->flags |
						      cut(g->begin, g->end, life->from, life->to)};
}

static void note_task(struct ct_timeline *tl, uint32_t row)
{
	const struct ct_user_task *t = ct_tasks_at(tl->tasks, row);
	uint64_t from = tl->model->options.from_ticks, to = tl->model->options.to_ticks;
	uint64_t begin = first_sign(tl, t), end = task_end(tl, t);

	if (end < begin)
		end = begin;
	tl->note = (struct ct_timeline_note){.task = t->id,
					     .begin = into(begin, from, to),
					     .end = into(end, from, to),
					     .name = t->name,
					     .row = row,
					     .flags = t->flags | cut(begin, end, from, to),
					     .about = t};
}

static void note_message(struct ct_timeline *tl, const struct ct_line_reader *r)
{
	const struct ct_whole_text *w = r->text;
	const struct ct_user_region *g;
	uint64_t task = w->first.v[CT_F_log_task];

	if (!task && tl->tasks && r->item.thread != CT_NONE) {
		g = ct_tasks_region(tl->tasks, r->item.thread, r->item.ticks);
		task = g ? g->task : 0;
	}
	memcpy(tl->text, w->text, w->n + 1);
	tl->note = (struct ct_timeline_note){.task = task,
					     .begin = r->item.ticks,
					     .end = r->item.ticks,
					     .name = (uint32_t)w->first.v[CT_F_log_category],
					     .bytes = (uint32_t)w->first.v[CT_F_log_bytes],
					     .text = tl->text};
}

void ct_line_note(struct ct_timeline *tl, const struct ct_line_reader *r)
{
	switch (r->item.kind) {
	case CT_TIMELINE_LOG: note_message(tl, r); break;
	case CT_TIMELINE_REGION_BEGIN:
	case CT_TIMELINE_REGION_END: note_region(tl, r->number); break;
	default: note_task(tl, r->number); break;
	}
}

/* --- building ----------------------------------------------------------------------------------------------------------------- */

static void add_regions(struct ct_timeline *tl, uint32_t first, uint32_t after)
{
	uint32_t thread = region(tl, first)->thread, i;
	struct ct_line_stream *st;

	if (!tl->streams[thread].shown)
		return;
	for (i = first; i < after; i++)
		if (region(tl, i)->flags & CT_NOTE_CROSSES)
			take_crossing(tl, i);
	st = ct_line_add_stream(tl);
	if (!st)
		return;
	st->kind = CT_LINE_REGIONS;
	st->shown = true;
	st->thread = thread;
	st->from = tl->streams[thread].from;
	st->to = tl->streams[thread].to;
	st->first = first;
	st->after = after;
	tl->items += 2ull * (after - first);
}

int ct_line_notes_build(struct ct_timeline *tl)
{
	const uint64_t *n = tl->model->events;
	struct ct_line_stream *st;
	uint32_t i, first;
	int err;

	/* most programs say nothing, and then the trace need not be read again */
	if (!(n[CT_EV_task_begin] | n[CT_EV_task_end] | n[CT_EV_region_begin] |
	      n[CT_EV_region_end]))
		return 0;
	err = ct_tasks_build(tl->trace, tl->model, NULL, false, &tl->tasks);
	if (err)
		return err;
	for (first = 0; first < tl->tasks->region_count; first = i) {
		for (i = first; i < tl->tasks->region_count &&
				region(tl, i)->thread == region(tl, first)->thread;)
			i++;
		add_regions(tl, first, i);
	}
	for (i = 0; i < tl->tasks->tasks.count; i++)
		take_task(tl, i);
	st = tl->moment_n ? ct_line_add_stream(tl) : NULL;
	if (st) {
		qsort(tl->moments, tl->moment_n, sizeof(*tl->moments), by_time);
		st->kind = CT_LINE_MOMENTS;
		st->shown = true;
		st->after = tl->moment_n;
		tl->items += tl->moment_n;
	}
	return tl->failed ? -ENOMEM : 0;
}
