/*
 * firefox_markers.c - the markers of a profile, and its samples: taken in as they come, and written thread by thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "views/analyze/names.h"
#include "views/analyze/notes.h"
#include "views/export/firefox_int.h"

static enum ct_firefox_category category_of(uint32_t op)
{
	switch (ct_op_class(op)) {
	case CT_CLASS_LOCK:
	case CT_CLASS_FILE_LOCK: return CT_FIREFOX_LOCK;
	case CT_CLASS_COND:
	case CT_CLASS_SEM:
	case CT_CLASS_BARRIER:
	case CT_CLASS_ONCE:
	case CT_CLASS_JOIN:
	case CT_CLASS_FUTEX:
	case CT_CLASS_PROCESS:
	case CT_CLASS_IPC:
	case CT_CLASS_QUEUE: return CT_FIREFOX_THREADS;
	case CT_CLASS_SLEEP:
	case CT_CLASS_SIGNAL: return CT_FIREFOX_SLEEP;
	case CT_CLASS_NET:
	case CT_CLASS_POLL:
	case CT_CLASS_RESOLVE: return CT_FIREFOX_NET;
	case CT_CLASS_IO:
	case CT_CLASS_AIO: return CT_FIREFOX_IO;
	default: return CT_FIREFOX_OTHER;
	}
}

/* --- taking in -------------------------------------------------------------------------------------------------------------- */

static struct ct_firefox_marker *add(struct ct_firefox *x, uint32_t row)
{
	struct ct_firefox_thread *t = &x->threads[row];
	uint32_t room = t->room + t->room / 2 + 16;
	struct ct_firefox_marker *p;

	if (t->n == t->room) {
		p = realloc(t->markers, room * sizeof(*p));
		if (!p) {
			x->failed = true;
			return NULL;
		}
		t->markers = p;
		t->room = room;
	}
	x->events++;
	memset(&t->markers[t->n], 0, sizeof(*p));
	return &t->markers[t->n++];
}

static void set_dur(struct ct_firefox_marker *m, uint64_t end)
{
	uint64_t dur = end > m->start ? end - m->start : 0;

	m->dur = (dur < CT_FIREFOX_DUR_MAX ? dur : CT_FIREFOX_DUR_MAX) & CT_FIREFOX_DUR_MAX;
}

void ct_firefox_begin(void *arg, uint32_t row, uint64_t ns)
{
	struct ct_firefox *x = arg;

	x->threads[row].there = true;
	x->threads[row].begin = ns;
	x->thread_n++;
}

void ct_firefox_end(void *arg, uint32_t row, uint64_t ns, bool ended)
{
	struct ct_firefox *x = arg;

	x->threads[row].end = ended ? ns : 0;
}

void ct_firefox_done(void *arg, const struct ct_slice *s, uint64_t end_ns, bool part)
{
	struct ct_firefox *x = arg;
	struct ct_firefox_marker *m = add(x, s->thread);

	if (!m)
		return;
	m->kind = part ? CT_FIREFOX_PART : CT_FIREFOX_WAIT;
	m->start = s->ns;
	set_dur(m, end_ns);
	m->name = ct_strings_put(&x->texts, ct_slices_text(x->slices, s->name));
	m->waker = s->item->waker;
	if (part)
		return;
	m->op = (uint8_t)(s->item->op < CT_OP_LIMIT ? s->item->op : 0);
	m->stack = s->item->stack;
	m->owner = s->item->owner;
	m->result = s->item->result;
	m->open = s->item->open;
}

void ct_firefox_wake(void *arg, const struct ct_slices_wake *w)
{
	struct ct_firefox *x = arg;
	struct ct_firefox_marker *m = add(x, w->waker);

	if (!m)
		return;
	m->kind = CT_FIREFOX_WAKES;
	m->start = w->ns;
	m->name = ct_strings_put(&x->texts, "wakes");
	m->stack = w->waker_stack;
	m->waker = (uint32_t)ct_model_thread_at(x->v->model, w->thread)->serial;
}

/* --- what the program said of itself ----------------------------------------------------------------------------------------- */

static void said_of(struct ct_firefox *x, struct ct_firefox_marker *m,
		    const struct ct_slices_said *s)
{
	const char *unsure = s->note->text ? NULL : ct_slices_unsure(s->note);

	m->start = s->ns;
	set_dur(m, s->end_ns);
	m->name = ct_strings_put(&x->texts, ct_slices_text(x->slices, s->name));
	m->result = (int64_t)s->note->task;
	if (unsure)
		m->owner = ct_strings_put(&x->texts, unsure);
}

void ct_firefox_region(void *arg, const struct ct_slices_said *s)
{
	struct ct_firefox *x = arg;
	struct ct_firefox_marker *m = add(x, s->thread);

	if (!m)
		return;
	m->kind = CT_FIREFOX_REGION;
	said_of(x, m, s);
}

/* Where it is not known where it began, it is with the first thread. */
void ct_firefox_task(void *arg, const struct ct_slices_said *s)
{
	struct ct_firefox *x = arg;
	bool there = s->thread != CT_NONE && x->threads[s->thread].there;
	struct ct_firefox_marker *m = add(x, there ? s->thread : 0);
	char text[32];

	if (!m)
		return;
	m->kind = CT_FIREFOX_TASK;
	said_of(x, m, s);
	if (s->note->about->parent)
		m->waker = ct_strings_put(&x->texts,
					  ct_note_task(s->note->about->parent, text, sizeof(text)));
}

void ct_firefox_message(void *arg, const struct ct_slices_said *s)
{
	struct ct_firefox *x = arg;
	struct ct_firefox_marker *m = add(x, s->thread);
	char text[CT_SLICES_MESSAGE];

	if (!m)
		return;
	m->kind = CT_FIREFOX_MESSAGE;
	said_of(x, m, s);
	m->waker = ct_strings_put(&x->texts, ct_slices_message(s->note, text));
}

/* Losses of several threads are told with the first. */
int ct_firefox_losses(struct ct_firefox *x)
{
	const struct ct_trace_loss *rows;
	size_t count, i;
	int err = ct_trace_losses_by_thread(x->v->trace, &rows, &count);

	for (i = 0; !err && i < count && x->v->model->threads.count; i++) {
		uint64_t serial = rows[i].thread;
		uint32_t row = ct_table_find(&x->v->model->threads, &serial);
		struct ct_firefox_marker *m =
			add(x, row == CT_NONE || !x->threads[row].there ? 0 : row);

		if (!m)
			return -ENOMEM;
		m->kind = CT_FIREFOX_LOST;
		m->start = ct_trace_ns(x->v->trace, rows[i].from_ticks);
		set_dur(m, ct_trace_ns(x->v->trace, rows[i].to_ticks));
		m->name = ct_strings_put(&x->texts, ct_trace_loss_text(rows[i].reason));
		m->result = (int64_t)rows[i].records;
	}
	return err;
}

/* --- markers and samples of a thread ---------------------------------------------------------------------------------------- */

static enum ct_firefox_category marker_category(const struct ct_firefox_marker *m)
{
	switch (m->kind) {
	case CT_FIREFOX_WAIT: return category_of(m->op);
	case CT_FIREFOX_PART: return CT_FIREFOX_NO_CPU;
	case CT_FIREFOX_LOST: return CT_FIREFOX_MISSING;
	case CT_FIREFOX_REGION:
	case CT_FIREFOX_TASK:
	case CT_FIREFOX_MESSAGE: return CT_FIREFOX_SAID;
	default: return CT_FIREFOX_THREADS;
	}
}

/* The number of a text, as the value of a member. */
static void member_text(struct ct_firefox *x, const char *before, const char *text)
{
	ct_out_text(&x->out, before);
	ct_out_number(&x->out, ct_strings_put(&x->texts, text));
}

static void other_thread(struct ct_firefox *x, const char *before, uint32_t serial)
{
	const struct ct_thread *t = ct_model_thread(x->v->model, serial);
	char name[CT_NAME_MAX];

	if (serial && t)
		member_text(x, before, ct_name_thread(x->v, t, name, sizeof(name)));
}

static void cause(struct ct_firefox *x, const struct ct_firefox_marker *m)
{
	uint32_t stack = m->stack ? ct_firefox_stack(&x->stacks, m->stack, 0, 0) : CT_NONE;

	if (stack == CT_NONE)
		return;
	ct_out_text(&x->out, ",\"cause\":{\"stack\":");
	ct_out_number(&x->out, stack);
	ct_out_text(&x->out, ",\"time\":");
	ct_firefox_time(x, m->start);
	ct_out_text(&x->out, "}");
}

static void wait_data(struct ct_firefox *x, const struct ct_firefox_marker *m)
{
	char number[32];

	if (!m->open) {
		snprintf(number, sizeof(number), "%lld", (long long)m->result);
		ct_out_text(&x->out, ",\"result\":");
		ct_out_text(&x->out, number);
	}
	member_text(x, ",\"op\":", ct_op_say(m->op));
	if (m->open)
		ct_out_text(&x->out, ",\"open\":\"yes\"");
	if (m->owner) {
		ct_out_text(&x->out, ",\"owner\":");
		ct_out_number(&x->out, m->owner);
	}
}

/* A text by its number. */
static void member(struct ct_firefox *x, const char *before, uint32_t text)
{
	if (!text)
		return;
	ct_out_text(&x->out, before);
	ct_out_number(&x->out, text);
}

static void said_data(struct ct_firefox *x, const struct ct_firefox_marker *m)
{
	char text[32];

	if (m->result)
		member_text(x, ",\"task\":", ct_note_task((uint64_t)m->result, text, sizeof(text)));
	member(x, m->kind == CT_FIREFOX_TASK ? ",\"parent\":" : ",\"message\":", m->waker);
	member(x, ",\"unsure\":", m->owner);
}

static void data(struct ct_firefox *x, const struct ct_firefox_marker *m)
{
	static const char *const types[] = {"Wait",   "NoCPU", "Wakes", "Lost",
					    "Region", "Task",  "Log"};
	bool lock = m->kind == CT_FIREFOX_WAIT && category_of(m->op) == CT_FIREFOX_LOCK;

	ct_out_text(&x->out, "{\"type\":\"");
	ct_out_text(&x->out, lock ? "LockWait" : types[m->kind]);
	ct_out_text(&x->out, "\"");
	switch (m->kind) {
	case CT_FIREFOX_WAIT: wait_data(x, m); break;
	case CT_FIREFOX_LOST:
		ct_out_text(&x->out, ",\"records\":");
		ct_out_number(&x->out, (uint64_t)m->result);
		break;
	case CT_FIREFOX_REGION:
	case CT_FIREFOX_TASK:
	case CT_FIREFOX_MESSAGE:
		said_data(x, m);
		ct_out_text(&x->out, "}");
		return;
	default: break;
	}
	other_thread(x, m->kind == CT_FIREFOX_WAKES ? ",\"woken\":" : ",\"wokenBy\":", m->waker);
	cause(x, m);
	ct_out_text(&x->out, "}");
}

static bool is_instant(const struct ct_firefox_marker *m)
{
	return m->kind == CT_FIREFOX_WAKES || m->kind == CT_FIREFOX_MESSAGE;
}

void ct_firefox_markers(struct ct_firefox *x, const struct ct_firefox_thread *t)
{
	uint32_t i;

	ct_out_text(&x->out, "\"markers\":{\"data\":[");
	for (i = 0; i < t->n; i++) {
		ct_out_text(&x->out, i ? ",\n" : "\n");
		data(x, &t->markers[i]);
	}
	ct_out_text(&x->out, "],\n\"name\":[");
	for (i = 0; i < t->n; i++) {
		ct_firefox_comma(x, i);
		ct_out_number(&x->out, t->markers[i].name);
	}
	ct_out_text(&x->out, "],\"startTime\":[");
	for (i = 0; i < t->n; i++) {
		ct_firefox_comma(x, i);
		ct_firefox_time(x, t->markers[i].start);
	}
	ct_out_text(&x->out, "],\"endTime\":[");
	for (i = 0; i < t->n; i++) {
		ct_firefox_comma(x, i);
		if (is_instant(&t->markers[i]))
			ct_out_text(&x->out, "null");
		else
			ct_firefox_time(x, t->markers[i].start + t->markers[i].dur);
	}
	ct_out_text(&x->out, "],\"phase\":[");
	for (i = 0; i < t->n; i++) {
		ct_firefox_comma(x, i);
		ct_out_text(&x->out, is_instant(&t->markers[i]) ? "0" : "1");
	}
	ct_out_text(&x->out, "],\"category\":[");
	for (i = 0; i < t->n; i++) {
		ct_firefox_comma(x, i);
		ct_out_number(&x->out, marker_category(&t->markers[i]));
	}
	ct_out_text(&x->out, "],\"length\":");
	ct_out_number(&x->out, t->n);
	ct_out_text(&x->out, "},\n");
}

/* Innermost frame of a wait. */
static uint32_t leaf(struct ct_firefox *x, uint32_t op)
{
	char text[128];

	snprintf(text, sizeof(text), "[waits: %s]", ct_op_say(op));
	return ct_strings_put(&x->texts, text);
}

/* The viewer wants at least one in each thread: where there was no wait it is one without a stack and without time. */
void ct_firefox_samples(struct ct_firefox *x, const struct ct_firefox_thread *t)
{
	uint32_t i, n = 0;

	ct_out_text(&x->out, "\"samples\":{\"weightType\":\"tracing-ms\",\"stack\":[");
	for (i = 0; i < t->n; i++) {
		const struct ct_firefox_marker *m = &t->markers[i];
		uint32_t stack;

		if (m->kind != CT_FIREFOX_WAIT)
			continue;
		stack = ct_firefox_stack(&x->stacks, m->stack, leaf(x, m->op),
					 (uint16_t)category_of(m->op));
		ct_firefox_comma(x, n++);
		if (stack == CT_NONE)
			ct_out_text(&x->out, "null");
		else
			ct_out_number(&x->out, stack);
	}
	ct_out_text(&x->out, n ? "],\"time\":[" : "null],\"time\":[");
	for (i = 0, n = 0; i < t->n; i++) {
		if (t->markers[i].kind != CT_FIREFOX_WAIT)
			continue;
		ct_firefox_comma(x, n++);
		ct_firefox_time(x, t->markers[i].start);
	}
	if (!n)
		ct_firefox_time(x, t->begin);
	ct_out_text(&x->out, "],\"weight\":[");
	for (i = 0, n = 0; i < t->n; i++) {
		if (t->markers[i].kind != CT_FIREFOX_WAIT)
			continue;
		ct_firefox_comma(x, n++);
		ct_out_millis(&x->out, t->markers[i].dur);
	}
	ct_out_text(&x->out, n ? "],\"length\":" : "0],\"length\":");
	ct_out_number(&x->out, n ? n : 1);
	ct_out_text(&x->out, "},\n");
}
