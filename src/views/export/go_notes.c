/*
 * go_notes.c - what the program said of itself, as Go's user tasks, regions and logs.
 *
 * Only a goroutine that runs can say anything, and a region only of itself.  What came when it did not run (from a signal handler in a wait, or within
 * what clocks of CPUs differ by) is said when it runs next.  Go's viewer makes something of an end without a beginning and of a beginning
 * without an end; so where one is not known none is made up, but for regions that were over when one around them ended, because the reader wants them
 * nested.  Regions that do not nest are told as messages.
 */
#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"
#include "views/analyze/notes.h"
#include "views/analyze/text.h"
#include "views/export/go_int.h"
#include "views/export/slices.h"

static void tell(struct export *x, uint32_t m, const struct due *d)
{
	if (!x->err)
		x->err = ct_go_event(x->w, m, x->now, (enum ct_go_event)d->event, d->args);
}

static void keep(struct export *x, struct dues *to, const struct due *d)
{
	uint32_t room = to->room + to->room / 2 + 8;
	struct due *p;

	if (to->n == to->room) {
		p = realloc(to->due, room * sizeof(*p));
		if (!p) {
			x->err = -ENOMEM;
			return;
		}
		to->due = p;
		to->room = room;
	}
	to->due[to->n++] = *d;
}

static void tell_all(struct export *x, struct goroutine *g, struct dues *dues)
{
	uint32_t i;

	for (i = 0; i < dues->n; i++)
		tell(x, g->number, &dues->due[i]);
	dues->n = 0;
}

void ct_go_tell_notes(struct export *x, struct goroutine *g)
{
	tell_all(x, g, &g->dues);
	tell_all(x, g, &x->dues);
}

/* By this goroutine; NULL: whoever. */
static void say(struct export *x, struct goroutine *g, const struct due *d)
{
	struct goroutine *by = g ? g : x->newest;
	struct dues *wait = g ? &g->dues : &x->dues;

	if (by && by->status == CT_GO_RUNNING && !wait->n)
		tell(x, by->number, d);
	else
		keep(x, wait, d);
}

/* The goroutine of a thread; NULL: it is not there. */
static struct goroutine *of_thread(struct export *x, uint32_t row)
{
	return row == CT_NONE || x->all[row].status == CT_GO_NONE ? NULL : &x->all[row];
}

/* Small ones, because each region and message has one in the file; 0: none. */
static uint64_t number_of(struct export *x, uint64_t task)
{
	return task ? ct_table_put(&x->tasks, &task) + 1ull : 0;
}

static uint32_t name_of(struct export *x, uint32_t name)
{
	const char *text = ct_trace_string(x->v->trace, name);

	return ct_go_string(x->w, text && *text ? text : "(no name)");
}

static void message(struct export *x, struct goroutine *g, uint64_t task, uint32_t category,
		    const char *text)
{
	const struct due d = {{number_of(x, task), category, ct_go_string(x->w, text)}, CT_GO_LOG};

	say(x, g, &d);
}

static void take_message(struct export *x)
{
	const struct ct_timeline_note *n = x->item->note;
	struct goroutine *g = of_thread(x, x->item->thread);
	char text[CT_SLICES_MESSAGE + CT_NAME_MAX] = "", whole[CT_SLICES_MESSAGE],
				      name[CT_NAME_MAX];

	if (!g && x->item->thread != CT_NONE)
		ct_text_add(text, sizeof(text), "of %s: ",
			    ct_name_thread(x->v, ct_model_thread_at(x->v->model, x->item->thread),
					   name, sizeof(name)));
	ct_text_add(text, sizeof(text), "%s", ct_slices_message(n, whole));
	message(x, g, n->task, name_of(x, n->name), text);
}

static void take_task(struct export *x)
{
	const struct ct_timeline_note *n = x->item->note;
	struct goroutine *g = of_thread(x, x->item->thread);
	const uint64_t task = number_of(x, n->task);
	const struct due begin = {{task, number_of(x, n->about->parent), name_of(x, n->name)},
				  CT_GO_TASK_BEGIN},
			 end = {{task}, CT_GO_TASK_END};

	if (x->item->kind == CT_TIMELINE_TASK_BEGIN && n->about->begin &&
	    !(n->flags & CT_NOTE_EARLIER))
		say(x, g, &begin);
	else if (x->item->kind == CT_TIMELINE_TASK_END &&
		 !(n->flags & (CT_NOTE_LATER | CT_NOTE_UNENDED)))
		say(x, g, &end);
}

static void take_crossing(struct export *x, struct goroutine *g)
{
	const struct ct_timeline_note *n = x->item->note;
	char text[CT_NAME_MAX + 100], name[CT_NAME_MAX], dur[CT_TEXT_NUMBER];
	uint64_t begin = ct_trace_ns(x->v->trace, n->begin);

	if (x->item->kind == CT_TIMELINE_REGION_BEGIN)
		return;
	snprintf(text, sizeof(text), "%s began %s ago, and ended after the region around it",
		 ct_note_name(x->v, n->name, name, sizeof(name)),
		 ct_text_ns(dur, x->now > begin ? x->now - begin : 0));
	message(x, g, n->task, ct_go_string(x->w, "region"), text);
}

static void end_region(struct export *x, struct goroutine *g, const struct due *end)
{
	const struct ct_timeline_note *n = x->item->note;
	uint32_t i;

	if (n->flags & CT_NOTE_LATER)
		return;
	if (n->flags & CT_NOTE_UNENDED) {
		if (!(n->flags & CT_NOTE_EARLIER))
			keep(x, &g->unended, end);
		return;
	}
	for (i = 0; i < g->unended.n; i++)
		say(x, g, &g->unended.due[i]);
	g->unended.n = 0;
	say(x, g, end);
}

static void take_region(struct export *x)
{
	const struct ct_timeline_note *n = x->item->note;
	struct goroutine *g = of_thread(x, x->item->thread);
	struct due d = {{number_of(x, n->task), name_of(x, n->name)}, CT_GO_REGION_BEGIN};

	if (!g || !ct_choice_region(&x->choice, x->item))
		return;
	if (n->flags & CT_NOTE_CROSSES) {
		take_crossing(x, g);
	} else if (x->item->kind == CT_TIMELINE_REGION_END) {
		d.event = CT_GO_REGION_END;
		end_region(x, g, &d);
	} else if (!(n->flags & CT_NOTE_EARLIER)) {
		say(x, g, &d);
	}
}

void ct_go_note(struct export *x)
{
	switch (x->item->kind) {
	case CT_TIMELINE_TASK_BEGIN:
	case CT_TIMELINE_TASK_END: take_task(x); break;
	case CT_TIMELINE_LOG: take_message(x); break;
	default: take_region(x); break;
	}
}

int ct_go_notes_init(struct export *x)
{
	return ct_table_init(&x->tasks, sizeof(uint64_t), sizeof(uint64_t));
}

void ct_go_notes_free(struct export *x)
{
	uint32_t i;

	for (i = 0; x->all && i < x->v->model->threads.count; i++) {
		free(x->all[i].dues.due);
		free(x->all[i].unended.due);
	}
	free(x->dues.due);
	ct_table_free(&x->tasks);
}
