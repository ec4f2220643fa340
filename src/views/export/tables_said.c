/*
 * tables_said.c - tables of what the program said of itself: tasks, regions and messages, in order of time.
 */
#include <string.h>

#include "tables_int.h"

/* Of a string of the trace. */
static void put_name(struct ct_tables *x, uint32_t name)
{
	const char *text = name ? ct_trace_string(x->v->trace, name) : NULL;

	ct_put_text(x, text && *text ? text : NULL);
}

static bool next(struct ct_tables *x, struct ct_timeline_item *i, enum ct_timeline_kind kind)
{
	while (!x->sink->error && ct_timeline_next(x->timeline, i))
		if (i->kind == kind)
			return true;
	return false;
}

void ct_tables_tasks(struct ct_tables *x)
{
	struct ct_timeline_item i;

	ct_timeline_rewind(x->timeline);
	while (next(x, &i, CT_TIMELINE_TASK_BEGIN)) {
		const struct ct_user_task *t = i.note->about;
		bool begun = t->begin != 0, ended = !(t->flags & CT_NOTE_UNENDED);
		uint64_t begin = ct_view_when(x->v, t->begin), end = ct_view_when(x->v, t->end);

		ct_put_int(x, t->id);
		put_name(x, t->name);
		ct_put_id(x, t->parent, t->parent != 0);
		ct_put_thread(x, t->thread);
		ct_put_thread(x, t->end_thread);
		ct_put_id(x, begin, begun);
		ct_put_id(x, end, ended);
		ct_put_id(x, end > begin ? end - begin : 0, begun && ended);
		ct_put_int(x, t->region_count);
		ct_put_int(x, t->logs);
		ct_put_int(x, (t->flags & CT_NOTE_AGAIN) != 0);
		ct_end_row(x);
	}
}

void ct_tables_regions(struct ct_tables *x)
{
	const struct ct_tasks *tasks = ct_timeline_tasks(x->timeline);
	struct ct_timeline_item i;

	ct_timeline_rewind(x->timeline);
	while (next(x, &i, CT_TIMELINE_REGION_BEGIN)) {
		const struct ct_user_region *g = &tasks->regions[i.note->row];
		uint64_t begin = ct_view_when(x->v, g->begin), end = ct_view_when(x->v, g->end);

		if (!ct_choice_region(&x->choice, &i))
			continue;
		ct_put_int(x, i.note->row + 1ull);
		ct_put_thread(x, g->thread);
		put_name(x, g->name);
		ct_put_id(x, g->task, g->task != 0);
		ct_put_id(x, g->up, g->up != 0);
		ct_put_int(x, begin);
		ct_put_int(x, end);
		ct_put_int(x, end - begin);
		ct_put_int(x, !(g->flags & CT_NOTE_UNBEGUN));
		ct_put_int(x, !(g->flags & CT_NOTE_UNENDED));
		ct_put_int(x, (g->flags & CT_NOTE_CROSSES) != 0);
		ct_end_row(x);
	}
}

void ct_tables_logs(struct ct_tables *x)
{
	struct ct_timeline_item i;

	ct_timeline_rewind(x->timeline);
	while (next(x, &i, CT_TIMELINE_LOG)) {
		ct_put_time(x, i.ticks);
		ct_put_thread(x, i.thread);
		ct_put_id(x, i.note->task, i.note->task != 0);
		put_name(x, i.note->name);
		ct_put_text(x, i.note->text);
		ct_put_int(x, i.note->bytes);
		ct_end_row(x);
	}
}
