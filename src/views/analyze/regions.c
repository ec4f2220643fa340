/*
 * regions.c - what threads said they were doing: by name how often and for how long, and what was done in each.
 */
#include <errno.h>
#include <stdlib.h>

#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/notes.h"
#include "views/analyze/text.h"

static int select_regions(struct ct_view *v, struct ct_notes *n)
{
	const struct ct_tasks *t = n->tasks;
	uint32_t i;

	n->note = malloc((t->region_count + 1u) * sizeof(*n->note));
	if (!n->note)
		return -ENOMEM;
	for (i = 0; i < t->region_count; i++) {
		const struct ct_user_region *g = &t->regions[i];

		if (!ct_view_shows(v, ct_model_thread_at(v->model, g->thread)) ||
		    !ct_notes_in_time(v, g->end) ||
		    (!ct_notes_labelled(v, t, g->thread, g->begin) &&
		     !ct_notes_labelled(v, t, g->thread, g->end)))
			continue;
		n->note[n->count++] = (struct ct_note){
			.dur = g->end - g->begin, .index = i, .name = g->name, .flags = g->flags};
	}
	return 0;
}

static uint32_t shown(const struct ct_view *v, const struct ct_notes *n)
{
	return n->count < v->o.top ? n->count : v->o.top;
}

/* What was done in each of those that are shown. */
static int find_splits(struct ct_view *v, const struct ct_notes *n, struct ct_split **splits)
{
	uint32_t count = shown(v, n), i;
	struct ct_stretch *s = malloc((count + 1u) * sizeof(*s));
	int err = -ENOMEM;

	*splits = calloc(count + 1u, sizeof(**splits));
	for (i = 0; s && i < count; i++) {
		const struct ct_user_region *g = &n->tasks->regions[n->note[i].index];

		s[i] = (struct ct_stretch){g->begin, g->end, g->thread, i};
	}
	if (s && *splits)
		err = ct_split_find(v->trace, v->model, s, count, *splits);
	free(s);
	return err;
}

/* --- text -------------------------------------------------------------------------------------------------------------------- */

static void print_one(struct ct_view *v, const struct ct_notes *n, uint32_t i,
		      const struct ct_split *split)
{
	const struct ct_user_region *g = &n->tasks->regions[n->note[i].index];
	char text[3 * CT_NAME_MAX], name[CT_NAME_MAX], number[CT_TEXT_NUMBER];

	fprintf(v->out, "%10s  ", ct_text_ns(number, ct_view_ns(v, n->note[i].dur)));
	ct_note_name(v, g->name, text, sizeof(text));
	ct_text_add(text, sizeof(text), ", at %.6f s in %s",
		    (double)ct_view_when(v, g->begin) / 1e9,
		    ct_name_thread(v, ct_model_thread_at(v->model, g->thread), name, sizeof(name)));
	if (g->task)
		ct_text_add(text, sizeof(text), ", task %s",
			    ct_note_task(g->task, name, sizeof(name)));
	if (g->up)
		ct_text_add(text, sizeof(text), ", in %s",
			    ct_note_name(v, n->tasks->regions[g->up - 1].name, name, sizeof(name)));
	ct_note_labels(v, n->tasks, g->thread, g->end, text, sizeof(text));
	if (g->flags & CT_NOTE_UNENDED)
		ct_text_add(text, sizeof(text), "; it has not ended");
	if (g->flags & CT_NOTE_UNBEGUN)
		ct_text_add(text, sizeof(text), "; its beginning is not there");
	if (g->flags & CT_NOTE_CROSSES)
		ct_text_add(text, sizeof(text), "; it ended after the one around it");
	ct_text_wrap(v->out, text, 12, v->o.width);
	ct_note_split(v, split, n->note[i].dur, ct_notes_before(v, g->begin, g->end), text,
		      sizeof(text));
	fprintf(v->out, "%12s", "");
	ct_text_wrap(v->out, text, 12, v->o.width);
}

static void print_text(struct ct_view *v, const struct ct_notes *n, const struct ct_split *splits)
{
	uint32_t i;

	ct_view_window(v);
	if (!n->count && !n->tasks->region_count)
		fputs("the program did not say what it does (ctrace/ctrace.h), or it was not "
		      "recorded\n",
		      v->out);
	else if (!n->count)
		fputs("no region matches the filter\n", v->out);
	else if (!splits)
		ct_notes_print(v, n, "region");
	else
		fprintf(v->out,
			"%s%10s  the longest regions, and what their threads did in them%s\n",
			ct_dim(v), "length", ct_plain(v));
	for (i = 0; splits && i < shown(v, n); i++)
		print_one(v, n, i, &splits[i]);
	if (splits && n->count > shown(v, n))
		fprintf(v->out, "%12sand %u more; --top shows more\n", "", n->count - shown(v, n));
	ct_notes_missing(v, n->tasks);
	fputc('\n', v->out);
	ct_view_blind(v, "");
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------- */

static void one_json(struct ct_view *v, struct ct_json *j, const struct ct_notes *n, uint32_t i,
		     const struct ct_split *split)
{
	const struct ct_user_region *g = &n->tasks->regions[n->note[i].index];
	char name[CT_NAME_MAX];

	ct_json_object(j, NULL);
	ct_json_text(j, "name", g->name ? ct_note_name(v, g->name, name, sizeof(name)) : NULL);
	ct_name_thread_json(v, j, "", ct_model_thread_at(v->model, g->thread));
	ct_json_text(j, "task", g->task ? ct_note_task(g->task, name, sizeof(name)) : NULL);
	ct_json_text(j, "in",
		     g->up ? ct_note_name(v, n->tasks->regions[g->up - 1].name, name, sizeof(name))
			   : NULL);
	ct_note_labels_json(v, j, n->tasks, g->thread, g->end);
	ct_json_number(j, "begin_ns", ct_view_when(v, g->begin));
	ct_json_number(j, "duration_ns", ct_view_ns(v, n->note[i].dur));
	ct_json_bool(j, "ended", !(g->flags & CT_NOTE_UNENDED));
	ct_json_bool(j, "begun", !(g->flags & CT_NOTE_UNBEGUN));
	ct_json_bool(j, "crosses", g->flags & CT_NOTE_CROSSES);
	ct_note_split_json(v, j, split, n->note[i].dur, ct_notes_before(v, g->begin, g->end));
	ct_json_close(j, '}');
}

static void print_json(struct ct_view *v, const struct ct_notes *n, const struct ct_split *splits)
{
	struct ct_json j;
	uint32_t i;

	ct_line_head_json(v, &j, "regions");
	ct_json_number(&j, "regions_in_all", n->count);
	ct_json_number(&j, "nameless_ends", n->tasks->nameless_ends);
	if (!splits) {
		ct_notes_json(v, &j, n);
	} else {
		ct_json_array(&j, "regions");
		for (i = 0; i < shown(v, n); i++)
			one_json(v, &j, n, i, &splits[i]);
		ct_json_close(&j, ']');
	}
	ct_json_finish(&j);
}

int ct_view_regions(struct ct_view *v)
{
	struct ct_notes n = {0};
	struct ct_split *splits = NULL;
	int err = ct_tasks_build(v->trace, v->model, NULL, v->o.each || v->o.label, &n.tasks);

	if (!err)
		err = select_regions(v, &n);
	if (!err && v->o.each) {
		ct_notes_longest(&n);
		err = find_splits(v, &n, &splits);
	} else if (!err) {
		err = ct_notes_rows(&n);
	}
	if (!err && v->o.json)
		print_json(v, &n, splits);
	else if (!err)
		print_text(v, &n, splits);
	free(splits);
	ct_notes_free(&n);
	return err;
}
