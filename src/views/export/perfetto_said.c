/*
 * perfetto_said.c - what the program said of itself: regions as slices of their threads, each task on a track of its own, messages as instants.
 *
 * A task's track is a child of its parent's, or of its process when the parent has none; the viewer draws those of one name and parent together.  A region
 * that does not nest with the others of its thread has a track, too.  Which task a region or message belongs to is an annotation.
 */
#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"
#include "views/analyze/notes.h"
#include "views/export/perfetto_int.h"

int ct_perfetto_said_init(struct ct_perfetto *x)
{
	x->task_n = ct_slices_tasks(x->slices);
	x->tasks_told = calloc(x->task_n + 1u, 1);
	return x->tasks_told ? 0 : -ENOMEM;
}

static uint64_t region_track(const struct ct_perfetto *x, uint32_t region)
{
	return x->said_tracks + x->task_n + region;
}

static void descriptor(struct ct_perfetto *x, uint64_t track, uint64_t parent, uint32_t name,
		       uint64_t ns)
{
	size_t packet = ct_perfetto_begin(x, ns), m = ct_wire_open(&x->b, CT_P_TRACK_DESCRIPTOR);

	ct_wire_number(&x->b, 1, track);
	ct_wire_number(&x->b, 5, parent);
	ct_perfetto_text(&x->b, 2, ct_slices_text(x->slices, name));
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void annotate(struct ct_perfetto *x, uint64_t task)
{
	char text[32];
	size_t m;

	if (!task)
		return;
	m = ct_wire_open(&x->b, CT_E_ANNOTATION);
	ct_wire_number(&x->b, 1, CT_PERFETTO_NAME_TASK);
	ct_wire_text(&x->b, 6, ct_note_task(task, text, sizeof(text)));
	ct_wire_close(&x->b, m);
}

/* A slice of the program's begins. */
static void begin(struct ct_perfetto *x, const struct ct_slices_said *s, uint64_t track,
		  const char *what)
{
	const char *unsure = ct_slices_unsure(s->note);
	struct ct_perfetto_refs refs = {.name = s->name,
					.task = s->note->task != 0,
					.categories_before = ct_strings_last(&x->categories)};
	uint32_t kind = ct_perfetto_category(x, what);
	uint32_t also = unsure ? ct_perfetto_category(x, unsure) : 0;
	size_t packet = ct_perfetto_begin(x, s->ns), m;

	ct_perfetto_tell_refs(x, &refs);
	m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_SLICE_BEGIN);
	ct_wire_number(&x->b, CT_E_TRACK, track);
	ct_wire_number(&x->b, CT_E_CATEGORY, kind);
	if (also)
		ct_wire_number(&x->b, CT_E_CATEGORY, also);
	ct_wire_number(&x->b, CT_E_NAME, CT_PERFETTO_NAME_SLICES + s->name);
	annotate(x, s->note->task);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

static void end(struct ct_perfetto *x, uint64_t track, uint64_t ns)
{
	size_t packet = ct_perfetto_begin(x, ns), m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);

	ct_wire_number(&x->b, CT_E_TYPE, CT_E_SLICE_END);
	ct_wire_number(&x->b, CT_E_TRACK, track);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}

void ct_perfetto_region(void *arg, const struct ct_slices_said *s)
{
	struct ct_perfetto *x = arg;
	uint64_t track = ct_perfetto_thread_track(s->thread);

	if (s->aside) {
		track = region_track(x, s->note->row);
		descriptor(x, track, ct_perfetto_thread_track(s->thread), s->name, s->ns);
	}
	begin(x, s, track, "region");
}

void ct_perfetto_region_end(void *arg, uint32_t thread, uint64_t ns, uint32_t aside)
{
	struct ct_perfetto *x = arg;

	end(x, aside ? region_track(x, aside - 1) : ct_perfetto_thread_track(thread), ns);
}

static uint64_t parent_track(struct ct_perfetto *x, const struct ct_slices_said *s)
{
	uint32_t process = 0, row = CT_NONE;

	if (s->note->about->parent)
		row = ct_slices_task(x->slices, s->note->about->parent);
	if (row != CT_NONE && x->tasks_told[row])
		return x->said_tracks + row;
	if (s->thread != CT_NONE)
		process = ct_model_thread_at(x->v->model, s->thread)->process;
	ct_perfetto_tell_process(x, process, s->ns);
	return ct_perfetto_process_track(x, process);
}

void ct_perfetto_task(void *arg, const struct ct_slices_said *s)
{
	struct ct_perfetto *x = arg;
	uint64_t track = x->said_tracks + s->note->row;

	descriptor(x, track, parent_track(x, s), s->name, s->ns);
	x->tasks_told[s->note->row] = 1;
	begin(x, s, track, "task");
}

void ct_perfetto_task_end(void *arg, const struct ct_slices_said *s)
{
	struct ct_perfetto *x = arg;

	end(x, x->said_tracks + s->note->row, s->ns);
}

/* Its text is its name: there are as many of them as there are messages. */
void ct_perfetto_message(void *arg, const struct ct_slices_said *s)
{
	struct ct_perfetto *x = arg;
	char text[CT_SLICES_MESSAGE];
	struct ct_perfetto_refs refs = {.task = s->note->task != 0,
					.categories_before = ct_strings_last(&x->categories)};
	uint32_t kind = ct_perfetto_category(x, "message");
	uint32_t category = ct_perfetto_category(x, ct_slices_text(x->slices, s->name));
	size_t packet = ct_perfetto_begin(x, s->ns), m;

	ct_perfetto_tell_refs(x, &refs);
	m = ct_wire_open(&x->b, CT_P_TRACK_EVENT);
	ct_wire_number(&x->b, CT_E_TYPE, CT_E_INSTANT);
	ct_wire_number(&x->b, CT_E_TRACK, ct_perfetto_thread_track(s->thread));
	ct_wire_number(&x->b, CT_E_CATEGORY, kind);
	ct_wire_number(&x->b, CT_E_CATEGORY, category);
	ct_perfetto_text(&x->b, CT_E_NAME_TEXT, ct_slices_message(s->note, text));
	annotate(x, s->note->task);
	ct_wire_close(&x->b, m);
	ct_perfetto_end(x, packet);
}
