/*
 * slices.c - see slices.h.
 */
#include "views/export/slices_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "views/analyze/names.h"

#define SAMPLES 2000u /* numbers are told so often at most */

static bool shows(void *arg, uint32_t row)
{
	struct ct_view *v = arg;

	return ct_view_shows(v, ct_model_thread_at(v->model, row));
}

/* --- opening ---------------------------------------------------------------------------------------------------------------- */

int ct_slices_new(struct ct_view *v, const struct ct_choice_options *o, uint64_t records,
		  struct ct_slices **out)
{
	struct ct_timeline_options t = {
		.events = records | 1ull << CT_EV_usage, .notes = true, .shows = shows, .arg = v};
	struct ct_slices *s = calloc(1, sizeof(*s));
	uint32_t i, threads = v->model->threads.count;
	int err;

	if (!s)
		return -ENOMEM;
	s->v = v;
	s->process_n = v->model->tables.process_count;
	s->places = calloc(threads + 1u, sizeof(*s->places));
	s->processes = calloc(s->process_n + 1u, sizeof(*s->processes));
	s->due = calloc(s->process_n + 1u, sizeof(*s->due));
	err = s->places && s->processes && s->due ? 0 : -ENOMEM;
	for (i = 0; !err && i < threads; i++)
		s->places[i].number = CT_SLICES_NOBODY;
	if (!err)
		err = ct_slice_names_init(&s->names, v);
	if (!err)
		err = ct_choice_init(&s->choice, v, o);
	if (!err)
		err = ct_timeline_build(v->trace, v->model, &t, NULL, NULL, &s->timeline);
	if (!err)
		err = ct_choice_measure(&s->choice, s->timeline);
	if (!err && ct_timeline_tasks(s->timeline)) {
		s->aside = calloc(ct_timeline_tasks(s->timeline)->region_count / 8u + 1u, 1);
		err = s->aside ? 0 : -ENOMEM;
	}
	s->sample = (ct_view_to(v) - ct_view_from(v)) / SAMPLES + 1;
	if (err)
		ct_slices_free(s);
	else
		*out = s;
	return err;
}

void ct_slices_free(struct ct_slices *s)
{
	uint32_t i;

	if (!s)
		return;
	ct_choice_free(&s->choice);
	ct_timeline_free(s->timeline);
	ct_slice_names_free(&s->names);
	for (i = 0; s->places && i < s->v->model->threads.count; i++)
		free(s->places[i].due.region);
	free(s->places);
	free(s->kept);
	free(s->processes);
	free(s->due);
	free(s->aside);
	free(s);
}

/* --- numbers ---------------------------------------------------------------------------------------------------------------- */

static void is_due(struct ct_slices *s, uint32_t process)
{
	if (process >= s->process_n || s->processes[process].due)
		return;
	s->processes[process].due = true;
	s->due[s->due_n++] = process;
}

static void tell_numbers(struct ct_slices *s)
{
	uint32_t i, k;

	for (i = 0; i < s->due_n; i++) {
		struct ct_slices_process *p = &s->processes[s->due[i]];

		for (k = 0; k < CT_NUMBERS; k++) {
			if (p->now[k] == p->told[k])
				continue;
			if (s->sink->number)
				s->sink->number(s->sink->arg, s->due[i], (enum ct_slices_number)k,
						s->ns, p->now[k]);
			p->told[k] = p->now[k];
		}
		p->due = false;
	}
	s->due_n = 0;
}

static uint8_t number_of(const struct ct_timeline_item *i)
{
	switch (i->state) {
	case CT_STATE_RUNNING:
	case CT_STATE_CALL: return CT_NUMBER_RUNNING;
	case CT_STATE_WOKEN:
	case CT_STATE_PREEMPTED: return CT_NUMBER_READY;
	case CT_STATE_BLOCKED: return CT_NUMBER_BLOCKED;
	case CT_STATE_AWAKE: return CT_NUMBER_AWAKE;
	case CT_STATE_PAUSED: /* off the CPU, or nobody knows */
		return i->source == CT_SOURCE_SWITCHES ? CT_NUMBER_OUTSIDE : CT_NUMBER_AWAKE;
	default: return CT_NUMBER_OUTSIDE;
	}
}

static void count(struct ct_slices *s, uint32_t row, uint8_t number)
{
	uint32_t process = ct_model_thread_at(s->v->model, row)->process;
	struct ct_slices_place *at = &s->places[row];

	if (at->number == number)
		return;
	if (process < s->process_n && at->number != CT_SLICES_NOBODY)
		s->processes[process].now[at->number]--;
	if (process < s->process_n && number != CT_SLICES_NOBODY)
		s->processes[process].now[number]++;
	at->number = number;
	is_due(s, process);
}

static void take_usage(struct ct_slices *s, const struct ct_record *r)
{
	uint64_t process = r->v[CT_F_usage_process];

	if (process >= s->process_n || !ct_view_shows_process(s->v, (uint32_t)process))
		return;
	s->processes[process].now[CT_NUMBER_RESIDENT] = r->v[CT_F_usage_resident];
	s->processes[process].now[CT_NUMBER_ANONYMOUS] = r->v[CT_F_usage_anonymous];
	is_due(s, (uint32_t)process);
}

/* --- slices ----------------------------------------------------------------------------------------------------------------- */

static void close_slice(struct ct_slices *s, uint32_t row, bool part)
{
	if (s->sink->close)
		s->sink->close(s->sink->arg, row, s->ns, part);
	if (s->kept && s->sink->done)
		s->sink->done(s->sink->arg, part ? &s->kept[row].part : &s->kept[row].wait, s->ns,
			      part);
}

void ct_slices_close(struct ct_slices *s, uint32_t row, bool wait)
{
	struct ct_slices_place *at = &s->places[row];

	if (at->part_open)
		close_slice(s, row, true);
	at->part_open = false;
	if (!wait)
		return;
	if (at->wait_open)
		close_slice(s, row, false);
	at->wait_open = false;
	ct_slices_end_regions(s, row);
}

static void keep(struct ct_slices *s, const struct ct_slice *slice, bool part)
{
	struct ct_slices_kept *k = s->kept ? &s->kept[slice->thread] : NULL;
	struct ct_timeline_item *item;
	struct ct_slice *to;

	if (!k)
		return;
	item = part ? &k->part_item : &k->wait_item;
	to = part ? &k->part : &k->wait;
	*item = *slice->item;
	*to = *slice;
	to->item = item;
}

/* Returns the number of the arrow; 0: there is none. */
static uint64_t tell_wake(struct ct_slices *s, const struct ct_timeline_item *i)
{
	uint64_t serial = i->waker;
	struct ct_slices_wake w = {.ns = s->ns, .thread = i->thread, .waker_stack = i->waker_stack};

	if (!serial || !s->sink->wake)
		return 0;
	w.waker = ct_table_find(&s->v->model->threads, &serial);
	if (w.waker == CT_NONE || w.waker == i->thread ||
	    s->places[w.waker].number == CT_SLICES_NOBODY)
		return 0;
	w.number = ++s->wakes;
	s->sink->wake(s->sink->arg, &w);
	return w.number;
}

static bool is_part(const struct ct_timeline_item *i)
{
	return i->to > i->ticks && (i->state == CT_STATE_WOKEN || i->state == CT_STATE_PREEMPTED ||
				    i->state == CT_STATE_SHORT || i->state == CT_STATE_OUTSIDE ||
				    i->state == CT_STATE_PAUSED || i->state == CT_STATE_STOPPED);
}

static void open_part(struct ct_slices *s, const struct ct_timeline_item *i)
{
	struct ct_slice part = {.ns = s->ns, .thread = i->thread, .item = i};

	part.dur_ns = ct_trace_ns(s->v->trace, i->to) - ct_trace_ns(s->v->trace, i->ticks);
	part.name = ct_slice_names_part(&s->names, (enum ct_state)i->state);
	if (i->state == CT_STATE_WOKEN)
		part.wake = tell_wake(s, i);
	keep(s, &part, true);
	if (s->sink->part)
		s->sink->part(s->sink->arg, &part);
	s->places[i->thread].part_open = true;
}

static void take_state(struct ct_slices *s, const struct ct_timeline_item *i)
{
	struct ct_slices_place *at = &s->places[i->thread];
	struct ct_slice wait = {.ns = s->ns, .thread = i->thread, .item = i};

	ct_slices_close(s, i->thread, i->wait != at->wait);
	at->to = i->to;
	count(s, i->thread, number_of(i));
	if (i->wait != at->wait) {
		at->wait = i->wait;
		at->wait_open = i->wait && ct_choice_wait(&s->choice, i);
		if (at->wait_open) {
			wait.name = ct_slice_names_wait(&s->names, i);
			keep(s, &wait, false);
			if (s->sink->wait)
				s->sink->wait(s->sink->arg, &wait);
		}
	}
	if (is_part(i) && ct_choice_state(&s->choice, i))
		open_part(s, i);
}

static void take(struct ct_slices *s, const struct ct_timeline_item *i)
{
	const struct ct_slices_sink *sink = s->sink;

	switch (i->kind) {
	case CT_TIMELINE_BEGIN:
		count(s, i->thread, CT_NUMBER_AWAKE);
		s->places[i->thread].begun = true;
		if (sink->begin)
			sink->begin(sink->arg, i->thread, s->ns);
		break;
	case CT_TIMELINE_STATE: take_state(s, i); break;
	case CT_TIMELINE_END:
		ct_slices_close(s, i->thread, true);
		count(s, i->thread, CT_SLICES_NOBODY);
		if (sink->end)
			sink->end(sink->arg, i->thread, s->ns, i->ended);
		break;
	case CT_TIMELINE_RECORD:
		if (i->record->type == CT_EV_usage)
			take_usage(s, i->record);
		if (sink->record && sink->records >> i->record->type & 1)
			sink->record(sink->arg, s->ns, i->record);
		break;
	default: ct_slices_say(s, i); break;
	}
}

int ct_slices_tell(struct ct_slices *s, const struct ct_slices_sink *sink)
{
	struct ct_timeline_item i;
	uint64_t ns;

	s->sink = sink;
	if (sink->done) {
		s->kept = calloc(s->v->model->threads.count + 1u, sizeof(*s->kept));
		if (!s->kept)
			return -ENOMEM;
	}
	while (ct_timeline_next(s->timeline, &i)) {
		/* What happens in one tick is one change. */
		if (i.ticks >= s->next_sample && s->due_n &&
		    ct_trace_ns(s->v->trace, i.ticks) > s->ns) {
			tell_numbers(s);
			s->next_sample = i.ticks + s->sample;
		}
		ns = ct_trace_ns(s->v->trace, i.ticks);
		s->ns = ns > s->ns ? ns : s->ns;
		take(s, &i);
	}
	tell_numbers(s);
	return s->failed || ct_slice_names_failed(&s->names) ? -ENOMEM : 0;
}

/* --- words ------------------------------------------------------------------------------------------------------------------ */

const char *ct_slices_text(const struct ct_slices *s, uint32_t name)
{
	return ct_strings_at(&s->names.texts, name);
}

const char *ct_slices_category(const struct ct_slice *s)
{
	static const char *const names[CT_CLASS_LIMIT] = {
		[CT_CLASS_NONE] = "other",	[CT_CLASS_LOCK] = "lock",
		[CT_CLASS_COND] = "cond",	[CT_CLASS_SEM] = "sem",
		[CT_CLASS_BARRIER] = "barrier", [CT_CLASS_ONCE] = "once",
		[CT_CLASS_JOIN] = "join",	[CT_CLASS_FUTEX] = "futex",
		[CT_CLASS_SLEEP] = "sleep",	[CT_CLASS_IO] = "io",
		[CT_CLASS_NET] = "net",		[CT_CLASS_POLL] = "poll",
		[CT_CLASS_FILE_LOCK] = "lock",	[CT_CLASS_RESOLVE] = "resolve",
		[CT_CLASS_PROCESS] = "process", [CT_CLASS_SIGNAL] = "signal",
		[CT_CLASS_IPC] = "ipc",		[CT_CLASS_QUEUE] = "queue",
		[CT_CLASS_AIO] = "aio"};
	enum ct_op_class class = ct_op_class(s->item->op);

	return class < CT_CLASS_LIMIT && names[class] ? names[class] : names[CT_CLASS_NONE];
}

const char *ct_slices_number_text(enum ct_slices_number which)
{
	static const char *const texts[CT_NUMBERS] = {
		"threads running", "threads ready",
		"threads blocked", "threads off the CPU elsewhere",
		"threads awake",   "resident memory",
		"anonymous memory"};

	return texts[which];
}

char *ct_slices_notes(struct ct_view *v)
{
	FILE *out = v->out, *f;
	char *text = NULL;
	size_t size = 0;

	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	v->out = f;
	ct_view_blind(v, "");
	v->out = out;
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
