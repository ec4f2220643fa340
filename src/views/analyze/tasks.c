/*
 * tasks.c - the program's tasks: by name how often and for how long, what was done for each, and which one logged something.
 *
 * What was done for a task is what threads did in its regions, those apart that lie inside another of its regions; several threads may have
 * worked for it at once.  What lies in no region of it, nobody said who did.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/notes.h"
#include "views/analyze/text.h"

#define LOOK_UP 32u

/* What is known of one that is shown. */
struct work {
	struct ct_split split;
	uint64_t in_regions; /* ticks, of all threads together */
	uint64_t before;     /* of these: before the time that is looked at */
	uint64_t covered;    /* of the task's time: in at least one region */
	uint32_t threads;
};

struct tasks {
	struct ct_view *v;
	struct ct_notes n;
	struct work *work; /* by place in n.note; NULL: rows by name are shown */
	bool *wanted;	   /* by row of tasks->tasks; NULL: all */
};

static uint64_t end_of(const struct tasks *s, const struct ct_user_task *t)
{
	return t->flags & CT_NOTE_UNENDED ? s->v->model->end : t->end;
}

/* Only its end, regions or messages are there. */
static bool is_timeless(const struct ct_user_task *t)
{
	return !t->begin;
}

static bool shows(struct tasks *s, uint32_t row)
{
	const struct ct_user_task *t = ct_tasks_at(s->n.tasks, row);
	uint32_t thread = t->thread != CT_NONE ? t->thread : t->end_thread;

	if (s->wanted && !s->wanted[row])
		return false;
	if (thread == CT_NONE && t->regions)
		thread = s->n.tasks->regions[t->regions - 1].thread;
	if (thread == CT_NONE)
		return !s->v->o.thread && !s->v->o.process && !s->v->o.label;
	if (!ct_notes_labelled(s->v, s->n.tasks, thread,
			       t->thread != CT_NONE ? t->begin : t->end) &&
	    !(t->end_thread != CT_NONE &&
	      ct_notes_labelled(s->v, s->n.tasks, t->end_thread, t->end)))
		return false;
	return ct_view_shows(s->v, ct_model_thread_at(s->v->model, thread)) &&
	       ct_notes_in_time(s->v, end_of(s, t));
}

static int select_tasks(struct tasks *s)
{
	const struct ct_tasks *t = s->n.tasks;
	uint32_t i;

	s->n.note = malloc((t->tasks.count + 1u) * sizeof(*s->n.note));
	if (!s->n.note)
		return -ENOMEM;
	for (i = 0; i < t->tasks.count; i++) {
		const struct ct_user_task *task = ct_tasks_at(t, i);

		if (!shows(s, i))
			continue;
		s->n.note[s->n.count++] = (struct ct_note){
			.dur = is_timeless(task) ? UINT64_MAX : end_of(s, task) - task->begin,
			.index = i,
			.name = task->name,
			.flags = task->flags};
	}
	return 0;
}

/* Those that logged what was asked for. */
static int select_logged(struct tasks *s)
{
	const struct ct_tasks *t = s->n.tasks;
	uint32_t i, row;

	if (!s->v->o.log)
		return 0;
	s->wanted = calloc(t->tasks.count + 1u, sizeof(*s->wanted));
	if (!s->wanted)
		return -ENOMEM;
	for (i = 0; i < t->log_count; i++) {
		row = ct_table_find(&t->tasks, &t->logs[i].task);
		if (t->logs[i].task && row != CT_NONE)
			s->wanted[row] = true;
	}
	return 0;
}

static uint32_t shown(const struct tasks *s)
{
	return s->n.count < s->v->o.top ? s->n.count : s->v->o.top;
}

/* --- what was done for them ---------------------------------------------------------------------------------------------------- */

static int by_from(const void *a, const void *b)
{
	const struct ct_stretch *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static int by_thread(const void *a, const void *b)
{
	const struct ct_stretch *x = a, *y = b;

	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* How much of the task's time is in its regions, and how many threads they are of.  The stretches come in another order back. */
static void cover(const struct ct_view *v, struct work *w, struct ct_stretch *s, uint32_t n,
		  uint64_t from, uint64_t to)
{
	uint32_t i;

	qsort(s, n, sizeof(*s), by_from);
	for (i = 0; i < n; i++) {
		uint64_t begin = s[i].from > from ? s[i].from : from;
		uint64_t end = s[i].to < to ? s[i].to : to;

		w->in_regions += s[i].to - s[i].from;
		w->before += ct_notes_before(v, s[i].from, s[i].to);
		if (end > begin) {
			w->covered += end - begin;
			from = end;
		}
	}
	qsort(s, n, sizeof(*s), by_thread);
	for (i = 0; i < n; i++)
		w->threads += !i || s[i].thread != s[i - 1].thread;
}

/* From when on it is in no other region of its task: its beginning, or, when it ended after those around it, their end. */
static uint64_t alone_from(const struct ct_user_region *regions, const struct ct_user_region *g)
{
	uint64_t from = g->begin;
	uint32_t i = g->up, n;

	if (!(g->flags & CT_NOTE_INSIDE))
		return from;
	for (n = 0; i && n < LOOK_UP; n++, i = regions[i - 1].up)
		if (regions[i - 1].task == g->task && regions[i - 1].end > from)
			from = regions[i - 1].end;
	return from;
}

static uint32_t collect(struct tasks *s, struct ct_stretch *to)
{
	const struct ct_user_region *regions = s->n.tasks->regions;
	uint32_t i, k, n = 0, first;

	for (i = 0; i < shown(s); i++) {
		const struct ct_user_task *t = ct_tasks_at(s->n.tasks, s->n.note[i].index);

		first = n;
		for (k = t->regions; k; k = regions[k - 1].next) {
			const struct ct_user_region *g = &regions[k - 1];
			uint64_t from = alone_from(regions, g);

			if (from < g->end)
				to[n++] = (struct ct_stretch){from, g->end, g->thread, i};
		}
		cover(s->v, &s->work[i], to + first, n - first, is_timeless(t) ? 0 : t->begin,
		      end_of(s, t));
	}
	return n;
}

static int find_work(struct tasks *s)
{
	uint32_t n = shown(s), i;
	struct ct_stretch *stretches = malloc((s->n.tasks->region_count + 1u) * sizeof(*stretches));
	struct ct_split *splits = calloc(n + 1u, sizeof(*splits));
	int err = -ENOMEM;

	s->work = calloc(n + 1u, sizeof(*s->work));
	if (stretches && splits && s->work)
		err = ct_split_find(s->v->trace, s->v->model, stretches, collect(s, stretches),
				    splits);
	for (i = 0; !err && i < n; i++)
		s->work[i].split = splits[i];
	free(stretches);
	free(splits);
	return err;
}

/* --- text ----------------------------------------------------------------------------------------------------------------------- */

static void add_facts(struct tasks *s, const struct ct_user_task *t, char *text, size_t size)
{
	char name[CT_NAME_MAX];
	struct ct_view *v = s->v;

	ct_text_add(text, size, " %s", ct_note_task(t->id, name, sizeof(name)));
	if (t->parent)
		ct_text_add(text, size, " of %s", ct_note_task(t->parent, name, sizeof(name)));
	if (t->thread != CT_NONE)
		ct_text_add(text, size, ", at %.6f s in %s",
			    (double)ct_view_when(v, t->begin) / 1e9,
			    ct_name_thread(v, ct_model_thread_at(v->model, t->thread), name,
					   sizeof(name)));
	else
		ct_text_add(text, size, "; its beginning is not there");
	if (t->thread != CT_NONE)
		ct_note_labels(v, s->n.tasks, t->thread, t->begin, text, size);
	if (t->flags & CT_NOTE_UNENDED)
		ct_text_add(text, size, "; it has not ended");
	else if (t->end_thread != t->thread)
		ct_text_add(text, size, ", ended in %s",
			    ct_name_thread(v, ct_model_thread_at(v->model, t->end_thread), name,
					   sizeof(name)));
	if (t->flags & CT_NOTE_AGAIN)
		ct_text_add(text, size, "; it ended more than once");
}

/* As other commands take it: whole microseconds, outwards. */
static void print_window(struct ct_view *v, uint64_t from, uint64_t to)
{
	uint64_t us[2] = {ct_view_when(v, from) / 1000, ct_view_when(v, to) / 1000 + 1};

	fprintf(v->out, "%12s--from %" PRIu64 ".%06u --to %" PRIu64 ".%06u\n", "", us[0] / 1000000,
		(unsigned)(us[0] % 1000000), us[1] / 1000000, (unsigned)(us[1] % 1000000));
}

static void print_one(struct tasks *s, uint32_t i)
{
	const struct ct_user_task *t = ct_tasks_at(s->n.tasks, s->n.note[i].index);
	char text[3 * CT_NAME_MAX], split[2 * CT_NAME_MAX], n[2][CT_TEXT_NUMBER];
	const struct work *w = &s->work[i];
	struct ct_view *v = s->v;
	uint64_t dur = s->n.note[i].dur;

	fprintf(v->out, "%10s  ", is_timeless(t) ? "-" : ct_text_ns(n[0], ct_view_ns(v, dur)));
	ct_note_name(v, t->name, text, sizeof(text));
	add_facts(s, t, text, sizeof(text));
	ct_text_wrap(v->out, text, 12, v->o.width);
	if (!is_timeless(t))
		print_window(v, t->begin, end_of(s, t));
	if (!w->threads) {
		fprintf(v->out, "%12sno thread said that it works for it\n", "");
		return;
	}
	ct_note_split(v, &w->split, w->in_regions, w->before, split, sizeof(split));
	snprintf(text, sizeof(text), "%u thread%s in its regions for %s: %s", w->threads,
		 w->threads == 1 ? "" : "s", ct_text_ns(n[0], ct_view_ns(v, w->in_regions)), split);
	fprintf(v->out, "%12s", "");
	ct_text_wrap(v->out, text, 12, v->o.width);
	if (!is_timeless(t) && w->covered < dur)
		fprintf(v->out, "%12sin none of its regions for %s\n", "",
			ct_text_ns(n[0], ct_view_ns(v, dur - w->covered)));
}

static void print_logs(struct tasks *s)
{
	const struct ct_tasks *t = s->n.tasks;
	char text[2048], name[CT_NAME_MAX], n[CT_TEXT_NUMBER];
	struct ct_view *v = s->v;
	uint32_t i;

	fprintf(v->out, "%s message%s with this in it\n", ct_text_count(n, t->logs_matched),
		t->logs_matched == 1 ? "" : "s");
	for (i = 0; i < t->log_count && i < v->o.top; i++) {
		const struct ct_user_log *l = &t->logs[i];
		const char *message = t->text + l->text;

		fprintf(v->out, "%10.6f  ", (double)ct_view_when(v, l->ticks) / 1e9);
		text[0] = 0;
		ct_text_add(text, sizeof(text), "%s",
			    ct_name_thread(v, ct_model_thread_at(v->model, l->thread), name,
					   sizeof(name)));
		ct_text_add(text, sizeof(text), ", task %s",
			    ct_note_task(l->task, name, sizeof(name)));
		if (l->category)
			ct_text_add(text, sizeof(text), ", %s",
				    ct_note_name(v, l->category, name, sizeof(name)));
		ct_text_add(text, sizeof(text), ": %s", message);
		if (l->bytes > strlen(message))
			ct_text_add(text, sizeof(text), "... (%u bytes in all)", l->bytes);
		ct_text_wrap(v->out, text, 12, v->o.width);
	}
	if (t->logs_matched > v->o.top)
		fprintf(v->out, "%12sand %s more\n", "",
			ct_text_count(n, t->logs_matched - v->o.top));
	fputc('\n', v->out);
}

static void print_text(struct tasks *s)
{
	struct ct_view *v = s->v;
	uint32_t i;

	ct_view_window(v);
	if (v->o.log)
		print_logs(s);
	if (!s->n.tasks->tasks.count)
		fputs("the program did not say what its tasks are (ctrace/ctrace.h), or it was "
		      "not recorded\n",
		      v->out);
	else if (!s->n.count)
		fputs(v->o.log ? "no task logged it\n" : "no task matches the filter\n", v->out);
	else if (!s->work)
		ct_notes_print(v, &s->n, "task");
	for (i = 0; s->work && i < shown(s); i++)
		print_one(s, i);
	if (s->work && s->n.count > shown(s))
		fprintf(v->out, "%12sand %u more; --top shows more\n", "", s->n.count - shown(s));
	ct_notes_missing(v, s->n.tasks);
	fputc('\n', v->out);
	ct_view_blind(v, "");
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------------- */

static void one_json(struct tasks *s, struct ct_json *j, uint32_t i)
{
	const struct ct_user_task *t = ct_tasks_at(s->n.tasks, s->n.note[i].index);
	const struct work *w = &s->work[i];
	struct ct_view *v = s->v;
	char text[CT_NAME_MAX];

	ct_json_object(j, NULL);
	ct_json_text(j, "task", ct_note_task(t->id, text, sizeof(text)));
	ct_json_text(j, "name", t->name ? ct_note_name(v, t->name, text, sizeof(text)) : NULL);
	ct_json_text(j, "parent", t->parent ? ct_note_task(t->parent, text, sizeof(text)) : NULL);
	ct_name_thread_json(v, j, "",
			    t->thread == CT_NONE ? NULL : ct_model_thread_at(v->model, t->thread));
	ct_name_thread_json(v, j, "end_",
			    t->end_thread == CT_NONE ? NULL
						     : ct_model_thread_at(v->model, t->end_thread));
	if (!is_timeless(t)) {
		if (t->thread != CT_NONE)
			ct_note_labels_json(v, j, s->n.tasks, t->thread, t->begin);
		ct_json_number(j, "begin_ns", ct_view_when(v, t->begin));
		ct_json_number(j, "end_ns", ct_view_when(v, end_of(s, t)));
		ct_json_number(j, "duration_ns", ct_view_ns(v, s->n.note[i].dur));
		ct_json_number(j, "outside_regions_ns",
			       ct_view_ns(v, s->n.note[i].dur > w->covered
						     ? s->n.note[i].dur - w->covered
						     : 0));
	}
	ct_json_bool(j, "ended", !(t->flags & CT_NOTE_UNENDED));
	ct_json_bool(j, "begun", !(t->flags & CT_NOTE_UNBEGUN));
	ct_json_bool(j, "ended_again", t->flags & CT_NOTE_AGAIN);
	ct_json_number(j, "regions", t->region_count);
	ct_json_number(j, "threads", w->threads);
	ct_json_number(j, "in_regions_ns", ct_view_ns(v, w->in_regions));
	ct_note_split_json(v, j, &w->split, w->in_regions, w->before);
	ct_json_close(j, '}');
}

static void logs_json(struct tasks *s, struct ct_json *j)
{
	const struct ct_tasks *t = s->n.tasks;
	char text[CT_NAME_MAX];
	struct ct_view *v = s->v;
	uint32_t i;

	ct_json_number(j, "messages_matched", t->logs_matched);
	ct_json_array(j, "messages");
	for (i = 0; i < t->log_count && i < v->o.top; i++) {
		const struct ct_user_log *l = &t->logs[i];

		ct_json_object(j, NULL);
		ct_json_number(j, "at_ns", ct_view_when(v, l->ticks));
		ct_name_thread_json(v, j, "", ct_model_thread_at(v->model, l->thread));
		ct_json_text(j, "task", l->task ? ct_note_task(l->task, text, sizeof(text)) : NULL);
		ct_json_text(j, "category",
			     l->category ? ct_note_name(v, l->category, text, sizeof(text)) : NULL);
		ct_json_text(j, "message", t->text + l->text);
		ct_json_number(j, "bytes", l->bytes);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
}

static void print_json(struct tasks *s)
{
	struct ct_json j;
	uint32_t i;

	ct_line_head_json(s->v, &j, "tasks");
	ct_json_number(&j, "tasks_in_all", s->n.count);
	if (s->v->o.log)
		logs_json(s, &j);
	if (!s->work) {
		ct_notes_json(s->v, &j, &s->n);
	} else {
		ct_json_array(&j, "tasks");
		for (i = 0; i < shown(s); i++)
			one_json(s, &j, i);
		ct_json_close(&j, ']');
	}
	ct_json_finish(&j);
}

int ct_view_tasks(struct ct_view *v)
{
	struct tasks s = {.v = v};
	int err = ct_tasks_build(v->trace, v->model, v->o.log, v->o.each || v->o.log || v->o.label,
				 &s.n.tasks);

	if (!err)
		err = select_logged(&s);
	if (!err)
		err = select_tasks(&s);
	if (!err && (v->o.each || v->o.log)) {
		ct_notes_longest(&s.n);
		err = find_work(&s);
	} else if (!err) {
		err = ct_notes_rows(&s.n);
	}
	if (!err && v->o.json)
		print_json(&s);
	else if (!err)
		print_text(&s);
	free(s.work);
	free(s.wanted);
	ct_notes_free(&s.n);
	return err;
}
