/*
 * timeline.c - see timeline.h.
 *
 * Each thread has a stream of states, and each (thread, slot) one of records; a stream is in order of time, and is kept as bytes of which
 * only the differences to the item before take room.  What the program said of itself has streams of its own (timeline_notes.c).  A heap holds
 * the streams, the one that goes on first on top.
 */
#include "timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "timeline_int.h"

#define MESSAGES (1ull << CT_EV_log | 1ull << CT_EV_text)

struct record_key {
	uint32_t thread, slot; /* key */
	uint64_t stream;
};

/* --- taking in ------------------------------------------------------------------------------------------------------------------ */

static void take_span(void *arg, const struct ct_span *s)
{
	struct ct_timeline *tl = arg;
	struct ct_line_stream *st = &tl->streams[s->thread];
	struct ct_timeline_item item = {
		.ticks = s->from,
		.to = s->to,
		.state = s->state,
		.source = s->source,
		.cpu = s->cpu,
		.waker = s->waker,
		.waker_stack = s->waker_stack,
		.stranger = s->stranger,
		.wait = s->wait,
		.op = s->op,
		.stack = s->stack,
		.cell = s->cell,
		.open = s->wait && !s->record,
	};

	if (!st->shown)
		return;
	if (s->record) {
		item.owner = (uint32_t)s->record->v[CT_F_wait_owner];
		item.owner_last = (uint32_t)s->record->v[CT_F_wait_owner_last];
		item.flags = (uint32_t)s->record->v[CT_F_wait_flags];
		item.result = (int64_t)s->record->v[CT_F_wait_result];
	}
	tl->items++;
	if (ct_line_put_state(&st->write, &st->bytes, &item) < 0)
		tl->failed = true;
}

struct ct_line_stream *ct_line_add_stream(struct ct_timeline *tl)
{
	if (tl->count == tl->room) {
		uint32_t room = tl->room + tl->room / 2 + 16;
		struct ct_line_stream *p = realloc(tl->streams, room * sizeof(*p));

		if (!p) {
			tl->failed = true;
			return NULL;
		}
		tl->streams = p;
		tl->room = room;
	}
	memset(&tl->streams[tl->count], 0, sizeof(*tl->streams));
	return &tl->streams[tl->count++];
}

static struct ct_line_stream *record_stream(struct ct_timeline *tl, uint32_t thread, uint32_t slot)
{
	struct record_key key = {.thread = thread, .slot = slot}, *row;
	uint32_t before = tl->record_streams.count;
	struct ct_line_stream *st;

	row = ct_table_row(&tl->record_streams, ct_table_put(&tl->record_streams, &key));
	if (tl->record_streams.count != before) {
		st = ct_line_add_stream(tl);
		row->stream = st ? tl->count - 1 : UINT64_MAX;
		if (st) {
			st->thread = thread;
			st->kind = CT_LINE_RECORDS;
			st->shown = true;
		}
	}
	return tl->record_streams.failed || row->stream == UINT64_MAX ? NULL
								      : &tl->streams[row->stream];
}

static void take_record(void *arg, const struct ct_event *e)
{
	struct ct_timeline *tl = arg;
	const struct ct_model_options *o = &tl->model->options;
	uint64_t serial = e->thread;
	uint32_t row = ct_table_find(&tl->model->threads, &serial);
	struct ct_line_stream *st;

	if (e->r.ticks < o->from_ticks || e->r.ticks > o->to_ticks)
		return;
	if (row != CT_NONE && tl->options.shows && serial &&
	    !tl->options.shows(tl->options.arg, row))
		return;
	st = record_stream(tl, row, e->slot);
	tl->items++;
	if (!st || ct_line_put_record(&st->write, &st->bytes, &e->r) < 0)
		tl->failed = true;
}

/* Who is there between the window's ends, and from when to when. */
static void find_lives(struct ct_timeline *tl)
{
	const struct ct_model *m = tl->model;
	uint32_t i;

	for (i = 0; i < m->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(m, i);
		struct ct_line_stream *st = &tl->streams[i];

		st->thread = i;
		st->write.state.cell = CT_NONE;
		st->from = t->begin > m->options.from_ticks ? t->begin : m->options.from_ticks;
		st->to = t->end < m->options.to_ticks ? t->end : m->options.to_ticks;
		st->shown = t->known && t->serial && st->from <= st->to &&
			    (!tl->options.shows || tl->options.shows(tl->options.arg, i));
		tl->items += st->shown ? 2 : 0;
	}
}

int ct_timeline_build(struct ct_trace *t, struct ct_model *m, const struct ct_timeline_options *o,
		      ct_progress_fn *progress, void *arg, struct ct_timeline **out)
{
	struct ct_timeline *tl = calloc(1, sizeof(*tl));
	struct ct_states *states;
	int err;

	*out = NULL;
	if (!tl)
		return -ENOMEM;
	tl->trace = t;
	tl->model = m;
	tl->options = *o;
	tl->count = tl->room = m->threads.count;
	tl->streams = calloc(tl->room + 1u, sizeof(*tl->streams));
	if (!tl->streams || ct_table_init(&tl->record_streams, sizeof(struct record_key), 8) < 0) {
		ct_timeline_free(tl);
		return -ENOMEM;
	}
	find_lives(tl);
	err = ct_states_build_with(t, m, take_span, o->events | (o->notes ? MESSAGES : 0),
				   take_record, tl, progress, arg, &states);
	if (!err) {
		ct_states_free(states);
		if (o->notes)
			err = ct_line_notes_build(tl);
	}
	if (!err) {
		tl->readers = calloc(tl->count + 1u, sizeof(*tl->readers));
		tl->heap = calloc(tl->count + 1u, sizeof(*tl->heap));
		if (!tl->readers || !tl->heap || tl->failed)
			err = -ENOMEM;
	}
	if (err) {
		ct_timeline_free(tl);
		return err;
	}
	ct_timeline_rewind(tl);
	*out = tl;
	return 0;
}

static void forget(struct ct_line_reader *r)
{
	free(r->text);
	free(r->open.region);
}

void ct_timeline_free(struct ct_timeline *tl)
{
	uint32_t i;

	if (!tl)
		return;
	for (i = 0; i < tl->count; i++) {
		ct_bytes_free(&tl->streams[i].bytes);
		if (tl->readers)
			forget(&tl->readers[i]);
	}
	ct_tasks_free(tl->tasks);
	free(tl->moments);
	ct_table_free(&tl->record_streams);
	free(tl->streams);
	free(tl->readers);
	free(tl->heap);
	free(tl);
}

/* --- handing out ---------------------------------------------------------------------------------------------------------------- */

static enum ct_line_rank rank_of_state(uint8_t state)
{
	switch (state) {
	case CT_STATE_WOKEN: return CT_RANK_WOKEN;
	case CT_STATE_PREEMPTED:
	case CT_STATE_BLOCKED:
	case CT_STATE_SHORT:
	case CT_STATE_STOPPED:
	case CT_STATE_OUTSIDE: return CT_RANK_OFF;
	default: return CT_RANK_ON;
	}
}

static bool advance_record(struct ct_timeline *tl, const struct ct_line_stream *st,
			   struct ct_line_reader *r)
{
	do {
		if (!ct_line_get_record(&r->coder, &r->place, &r->record))
			return false;
		if (tl->options.notes && r->record.type == CT_EV_log)
			return ct_line_message(tl, st, r);
	} while (tl->options.notes && r->record.type == CT_EV_text); /* of nothing that is here */
	r->item.kind = CT_TIMELINE_RECORD;
	r->item.thread = st->thread;
	r->item.ticks = r->record.ticks;
	r->rank = CT_RANK_RECORD;
	return true;
}

static bool advance_state(const struct ct_timeline *tl, const struct ct_line_stream *st,
			  struct ct_line_reader *r)
{
	if (!r->begun) {
		r->coder.state.cell = CT_NONE;
		r->begun = true;
		r->item = (struct ct_timeline_item){.kind = CT_TIMELINE_BEGIN,
						    .thread = st->thread,
						    .ticks = st->from,
						    .to = st->from,
						    .cell = CT_NONE};
		r->rank = CT_RANK_BEGIN;
		return true;
	}
	if (r->item.kind == CT_TIMELINE_END)
		return false;
	if (ct_line_get_state(&r->coder, &r->place, &r->item)) {
		if (r->item.cell != CT_NONE) {
			r->item.op = ct_model_cell(tl->model, r->item.cell)->op;
			r->item.stack = ct_model_cell(tl->model, r->item.cell)->stack;
		}
		r->item.kind = CT_TIMELINE_STATE;
		r->rank = (uint8_t)rank_of_state(r->item.state);
		return true;
	}
	r->item = (struct ct_timeline_item){
		.kind = CT_TIMELINE_END, .thread = st->thread, .ticks = st->to, .cell = CT_NONE};
	r->item.ended = ct_model_thread_at(tl->model, st->thread)->ended &&
			ct_model_thread_at(tl->model, st->thread)->end == st->to;
	r->rank = CT_RANK_END;
	return true;
}

/* Goes on to the next item of a stream; false at its end. */
static bool advance(struct ct_timeline *tl, uint32_t i)
{
	const struct ct_line_stream *st = &tl->streams[i];
	struct ct_line_reader *r = &tl->readers[i];

	switch (st->kind) {
	case CT_LINE_RECORDS: return advance_record(tl, st, r);
	case CT_LINE_REGIONS: return ct_line_next_region(tl, st, r);
	case CT_LINE_MOMENTS: return ct_line_next_moment(tl, st, r);
	default: return advance_state(tl, st, r);
	}
}

static bool before(const struct ct_timeline *tl, uint32_t a, uint32_t b)
{
	const struct ct_line_reader *x = &tl->readers[a], *y = &tl->readers[b];

	if (x->item.ticks != y->item.ticks)
		return x->item.ticks < y->item.ticks;
	return x->rank != y->rank ? x->rank < y->rank : a < b;
}

static void sift_down(struct ct_timeline *tl, uint32_t i)
{
	uint32_t add = tl->heap[i], child;

	for (; (child = 2 * i + 1) < tl->heap_n; i = child) {
		if (child + 1 < tl->heap_n && before(tl, tl->heap[child + 1], tl->heap[child]))
			child++;
		if (!before(tl, tl->heap[child], add))
			break;
		tl->heap[i] = tl->heap[child];
	}
	tl->heap[i] = add;
}

void ct_timeline_rewind(struct ct_timeline *tl)
{
	uint32_t i;

	tl->heap_n = 0;
	tl->given = 0;
	for (i = 0; i < tl->count; i++) {
		forget(&tl->readers[i]);
		memset(&tl->readers[i], 0, sizeof(tl->readers[i]));
		if (!tl->streams[i].shown)
			continue;
		ct_bytes_start(&tl->streams[i].bytes, &tl->readers[i].place);
		if (advance(tl, i))
			tl->heap[tl->heap_n++] = i;
	}
	for (i = tl->heap_n / 2; i-- > 0;)
		sift_down(tl, i);
}

bool ct_timeline_next(struct ct_timeline *tl, struct ct_timeline_item *item)
{
	struct ct_line_reader *r;

	if (!tl->heap_n)
		return false;
	r = &tl->readers[tl->heap[0]];
	*item = r->item;
	if (item->kind == CT_TIMELINE_RECORD) {
		tl->record = r->record;
		item->record = &tl->record;
	} else if (item->kind >= CT_TIMELINE_TASK_BEGIN) {
		ct_line_note(tl, r);
		item->note = &tl->note;
	}
	if (!advance(tl, tl->heap[0]))
		tl->heap[0] = tl->heap[--tl->heap_n];
	if (tl->heap_n)
		sift_down(tl, 0);
	tl->given++;
	return true;
}

const struct ct_tasks *ct_timeline_tasks(const struct ct_timeline *tl)
{
	return tl->tasks;
}

double ct_timeline_progress(const struct ct_timeline *tl)
{
	return tl->items ? (double)tl->given / (double)tl->items : 1;
}
