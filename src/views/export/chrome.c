/*
 * chrome.c - a trace as Chrome's trace events in JSON: the format that most viewers read, none of them well when it is big.
 *
 *	X   a wait, or a part of one, as a whole        B, E   a wait that has not ended
 *	s f an arrow from an X "wakes" of a nanosecond, because arrows hang on slices
 *	C   threads by state, memory                    M      names of processes and threads
 *	i   what is missing, as a text; a message       b, e   lost records, from when to when; tasks, and regions that do not nest
 *	X   also a region
 *
 * Times are us since the start of the trace.  A stack is told once, as a chain of stackFrames, whose names are the nodes of the trace's own trie; a
 * function that was inlined has a link of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/notes.h"
#include "views/analyze/text.h"
#include "views/export/export.h"
#include "views/export/out.h"

struct chrome {
	struct ct_view *v;
	struct ct_slices *slices;
	struct ct_out out;
	uint8_t *stacks;    /* by node of the trie: used */
	uint8_t *processes; /* by index: named */
	uint64_t events, threads;
};

/* --- parts of an event ------------------------------------------------------------------------------------------------------ */

static void time_of(struct chrome *x, uint64_t ns)
{
	ct_out_micros(&x->out, ns > x->v->start_ns ? ns - x->v->start_ns : 0);
}

static void member_number(struct chrome *x, const char *before, uint64_t n)
{
	ct_out_text(&x->out, before);
	ct_out_number(&x->out, n);
}

static void member_text(struct chrome *x, const char *before, const char *text)
{
	ct_out_text(&x->out, before);
	ct_out_json(&x->out, text);
}

/* {"ph":"X","pid":1,"tid":2,"ts":3 */
static void start(struct chrome *x, char phase, uint32_t pid, uint32_t tid, uint64_t ns)
{
	char head[] = ",\n{\"ph\":\"?\"";

	head[sizeof(head) - 3] = phase;
	ct_out_text(&x->out, head + (x->events ? 0 : 1));
	x->events++;
	member_number(x, ",\"pid\":", pid);
	member_number(x, ",\"tid\":", tid);
	ct_out_text(&x->out, ",\"ts\":");
	time_of(x, ns);
}

static void start_on(struct chrome *x, char phase, uint32_t thread, uint64_t ns)
{
	const struct ct_thread *t = ct_model_thread_at(x->v->model, thread);

	start(x, phase, ct_view_pid(x->v, t->process), t->tid, ns);
}

static void stack(struct chrome *x, uint32_t node)
{
	if (!node || node >= x->v->model->tables.node_count)
		return;
	x->stacks[node] = 1;
	member_number(x, ",\"sf\":\"", node);
	ct_out_text(&x->out, "\"");
}

/* --- names ------------------------------------------------------------------------------------------------------------------ */

static void name_process(struct chrome *x, uint32_t process)
{
	const struct ct_model_tables *t = &x->v->model->tables;
	const char *exe, *slash, *args;

	if (process >= t->process_count || x->processes[process])
		return;
	x->processes[process] = 1;
	exe = ct_trace_string(x->v->trace, t->processes[process].exe);
	args = ct_trace_string(x->v->trace, t->processes[process].cmdline);
	slash = exe ? strrchr(exe, '/') : NULL;
	start(x, 'M', t->processes[process].pid, t->processes[process].pid, 0);
	member_text(x, ",\"name\":\"process_name\",\"args\":{\"name\":",
		    slash ? slash + 1
		    : exe ? exe
			  : "process");
	ct_out_text(&x->out, "}}");
	if (!args)
		return;
	start(x, 'M', t->processes[process].pid, t->processes[process].pid, 0);
	member_text(x, ",\"name\":\"process_labels\",\"args\":{\"labels\":", args);
	ct_out_text(&x->out, "}}");
}

static void begin_thread(void *arg, uint32_t row, uint64_t ns)
{
	struct chrome *x = arg;
	const struct ct_thread *t = ct_model_thread_at(x->v->model, row);
	char name[CT_NAME_MAX];

	(void)ns;
	x->threads++;
	name_process(x, t->process);
	start_on(x, 'M', row, 0);
	member_text(x, ",\"name\":\"thread_name\",\"args\":{\"name\":",
		    ct_name_thread_bare(x->v, t, name, sizeof(name)));
	ct_out_text(&x->out, "}}");
	start_on(x, 'M', row, 0);
	member_number(x, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":", row);
	ct_out_text(&x->out, "}}");
}

/* --- slices ----------------------------------------------------------------------------------------------------------------- */

static void arguments(struct chrome *x, const struct ct_slice *s)
{
	const struct ct_timeline_item *i = s->item;
	const struct ct_thread *waker = ct_model_thread(x->v->model, i->waker);
	char name[CT_NAME_MAX], number[32];
	const char *before = ",\"args\":{\"result\":";

	snprintf(number, sizeof(number), "%lld", (long long)i->result);
	ct_out_text(&x->out, before);
	ct_out_text(&x->out, i->open ? "null" : number);
	if (i->owner)
		member_number(x, ",\"owner_tid\":", i->owner);
	if (waker)
		member_text(x, ",\"woken_by\":", ct_name_thread(x->v, waker, name, sizeof(name)));
	else if (i->stranger)
		member_number(x, ",\"woken_by_tid\":", i->stranger);
	if (i->flags & CT_WAIT_CANCELLED)
		ct_out_text(&x->out, ",\"cancelled\":true");
	ct_out_text(&x->out, "}");
}

static void body(struct chrome *x, const struct ct_slice *s, bool part)
{
	member_text(x, ",\"name\":", ct_slices_text(x->slices, s->name));
	member_text(x, ",\"cat\":", part ? "state" : ct_slices_category(s));
	if (part)
		return;
	stack(x, s->item->stack);
	arguments(x, s);
}

static void done(void *arg, const struct ct_slice *s, uint64_t end_ns, bool part)
{
	struct chrome *x = arg;

	if (!part && s->item->open) {
		start_on(x, 'B', s->thread, s->ns);
		body(x, s, part);
		ct_out_text(&x->out, "}");
		/* the name is not needed, but there are readers that want one in every event */
		start_on(x, 'E', s->thread, end_ns);
		member_text(x, ",\"name\":", ct_slices_text(x->slices, s->name));
		ct_out_text(&x->out, "}");
		return;
	}
	start_on(x, 'X', s->thread, s->ns);
	ct_out_text(&x->out, ",\"dur\":");
	ct_out_micros(&x->out, end_ns - s->ns);
	body(x, s, part);
	ct_out_text(&x->out, "}");
}

static void arrow(struct chrome *x, char phase, uint32_t thread, uint64_t ns, uint64_t number)
{
	start_on(x, phase, thread, ns);
	ct_out_text(&x->out, ",\"name\":\"wakes\",\"cat\":\"wake\",\"id\":");
	ct_out_number(&x->out, number);
	ct_out_text(&x->out, phase == 'f' ? ",\"bp\":\"e\"}" : "}");
}

static void wake(void *arg, const struct ct_slices_wake *w)
{
	struct chrome *x = arg;

	start_on(x, 'X', w->waker, w->ns);
	ct_out_text(&x->out, ",\"dur\":0.001,\"name\":\"wakes\",\"cat\":\"wake\"");
	stack(x, w->waker_stack);
	ct_out_text(&x->out, "}");
	arrow(x, 's', w->waker, w->ns, w->number);
	arrow(x, 'f', w->thread, w->ns, w->number);
}

static void number(void *arg, uint32_t process, enum ct_slices_number which, uint64_t ns,
		   uint64_t value)
{
	struct chrome *x = arg;
	uint32_t pid = ct_view_pid(x->v, process);

	name_process(x, process);
	start(x, 'C', pid, pid, ns);
	member_text(x, ",\"name\":", ct_slices_number_text(which));
	ct_out_text(&x->out, which < CT_NUMBER_THREADS ? ",\"args\":{\"threads\":"
						       : ",\"args\":{\"bytes\":");
	ct_out_number(&x->out, value);
	ct_out_text(&x->out, "}}");
}

/* --- what the program said of itself ----------------------------------------------------------------------------------------- */

static void said_arguments(struct chrome *x, const struct ct_timeline_note *n)
{
	const char *unsure = n->text ? NULL : ct_slices_unsure(n);
	char text[32];

	ct_out_text(&x->out, ",\"args\":{");
	if (n->task)
		member_text(x, "\"task\":", ct_note_task(n->task, text, sizeof(text)));
	if (n->about && n->about->parent)
		member_text(x, ",\"parent\":", ct_note_task(n->about->parent, text, sizeof(text)));
	if (unsure)
		member_text(x, n->task ? ",\"unsure\":" : "\"unsure\":", unsure);
	ct_out_text(&x->out, "}}");
}

/* Begin and end of what does not nest in its thread, with a number of its own. */
static void spans(struct chrome *x, const struct ct_slices_said *s, const char *what)
{
	const struct ct_thread *t =
		s->thread == CT_NONE ? NULL : ct_model_thread_at(x->v->model, s->thread);
	uint32_t pid = ct_view_pid(x->v, t ? t->process : 0);
	int end;

	for (end = 0; end < 2; end++) {
		start(x, end ? 'e' : 'b', pid, t ? t->tid : pid, end ? s->end_ns : s->ns);
		member_text(x, ",\"name\":", ct_slices_text(x->slices, s->name));
		member_text(x, ",\"cat\":", what);
		member_number(x, ",\"id\":", s->note->row + 1ull);
		if (end)
			ct_out_text(&x->out, "}");
		else
			said_arguments(x, s->note);
	}
}

static void region(void *arg, const struct ct_slices_said *s)
{
	struct chrome *x = arg;

	if (s->aside) {
		spans(x, s, "region");
		return;
	}
	start_on(x, 'X', s->thread, s->ns);
	ct_out_text(&x->out, ",\"dur\":");
	ct_out_micros(&x->out, s->end_ns - s->ns);
	member_text(x, ",\"name\":", ct_slices_text(x->slices, s->name));
	ct_out_text(&x->out, ",\"cat\":\"region\"");
	said_arguments(x, s->note);
}

static void task(void *arg, const struct ct_slices_said *s)
{
	spans(arg, s, "task");
}

static void message(void *arg, const struct ct_slices_said *s)
{
	struct chrome *x = arg;
	char text[CT_SLICES_MESSAGE];

	start_on(x, 'i', s->thread, s->ns);
	member_text(x, ",\"s\":\"t\",\"name\":", ct_slices_message(s->note, text));
	member_text(x, ",\"cat\":", ct_slices_text(x->slices, s->name));
	said_arguments(x, s->note);
}

/* --- what is missing -------------------------------------------------------------------------------------------------------- */

static int losses(struct chrome *x)
{
	const struct ct_trace_loss *rows;
	char text[256], n[CT_TEXT_NUMBER];
	size_t count, i;
	int err = ct_trace_losses_by_thread(x->v->trace, &rows, &count), end;

	for (i = 0; !err && i < count; i++) {
		const struct ct_thread *t = ct_model_thread(x->v->model, rows[i].thread);
		uint32_t pid = t ? ct_view_pid(x->v, t->process) : ct_view_pid(x->v, 0);

		snprintf(text, sizeof(text), "%s records lost%s: %s",
			 ct_text_count(n, rows[i].records), t ? "" : " of several threads",
			 ct_trace_loss_text(rows[i].reason));
		for (end = 0; end < 2; end++) {
			start(x, end ? 'e' : 'b', pid, t ? t->tid : pid,
			      ct_trace_ns(x->v->trace,
					  end ? rows[i].to_ticks : rows[i].from_ticks));
			member_text(x, ",\"name\":", text);
			member_number(x, ",\"cat\":\"lost\",\"id\":", i + 1);
			ct_out_text(&x->out, "}");
		}
	}
	return err;
}

static int notes(struct chrome *x)
{
	char *text = ct_slices_notes(x->v), *line, *rest = text;
	uint32_t pid = ct_view_pid(x->v, 0);

	if (!text)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!*line)
			continue;
		start(x, 'i', pid, pid, ct_trace_ns(x->v->trace, ct_view_from(x->v)));
		member_text(x, ",\"s\":\"g\",\"cat\":\"missing\",\"name\":", line);
		ct_out_text(&x->out, "}");
	}
	free(text);
	return 0;
}

/* --- stacks ----------------------------------------------------------------------------------------------------------------- */

static void link_name(struct chrome *x, uint32_t node, size_t line)
{
	ct_out_text(&x->out, "\"");
	ct_out_number(&x->out, node);
	if (line)
		member_number(x, ".", line);
	ct_out_text(&x->out, "\"");
}

static void frames_of(struct chrome *x, uint32_t node, bool *first)
{
	const struct ct_trie_node *n = &x->v->model->tables.nodes[node];
	const struct ct_module_rec *rec = ct_trace_module(x->v->trace, n->frame);
	const char *path = rec ? ct_trace_string(x->v->trace, rec->path) : NULL;
	const struct ct_name_line *l;
	char name[CT_NAME_MAX];
	size_t lines = ct_name_lines(x->v, n->frame, &l), i;

	for (i = 0; i < lines || !i; i++) {
		ct_out_text(&x->out, *first ? "\n" : ",\n");
		*first = false;
		link_name(x, node, i);
		member_text(x, ":{\"name\":",
			    i < lines && l[i].function
				    ? l[i].function
				    : ct_name_module(x->v, n->frame, name, sizeof(name)));
		member_text(x, ",\"category\":", path ? path : "");
		if (i + 1 < lines || n->parent) {
			ct_out_text(&x->out, ",\"parent\":");
			link_name(x, i + 1 < lines ? node : n->parent, i + 1 < lines ? i + 1 : 0);
		}
		ct_out_text(&x->out, "}");
	}
}

static void stack_frames(struct chrome *x)
{
	const struct ct_model_tables *t = &x->v->model->tables;
	bool first = true;
	uint32_t i;

	/* A parent's number is smaller than its child's. */
	for (i = t->node_count; i > 1; i--)
		if (x->stacks[i - 1])
			x->stacks[t->nodes[i - 1].parent] = 1;
	ct_out_text(&x->out, "\n],\n\"stackFrames\":{");
	for (i = 1; i < t->node_count; i++)
		if (x->stacks[i])
			frames_of(x, i, &first);
	ct_out_text(&x->out, "\n}");
}

/* --- all of it -------------------------------------------------------------------------------------------------------------- */

static void head(struct chrome *x)
{
	const struct ct_header *h = ct_trace_header(x->v->trace);

	member_text(x,
		    "{\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"recorded_by\":\"ctrace\","
		    "\"version\":",
		    h->version);
	member_text(x, ",\"host\":", h->host);
	member_number(x, ",\"start_mono_ns\":\"", x->v->start_ns);
	member_number(x, "\",\"start_real_ns\":\"",
		      ct_trace_realtime_ns(x->v->trace, x->v->start_ns));
	ct_out_text(&x->out, "\"},\n\"traceEvents\":[\n");
}

static int events(struct chrome *x)
{
	struct ct_slices_sink sink = {.arg = x,
				      .begin = begin_thread,
				      .done = done,
				      .wake = wake,
				      .number = number,
				      .region_done = region,
				      .task = task,
				      .message = message};
	int err = notes(x);

	if (!err)
		err = losses(x);
	return err ? err : ct_slices_tell(x->slices, &sink);
}

int ct_export_chrome(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		     struct ct_export_sums *sums)
{
	struct chrome *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	x->v = v;
	ct_out_start(&x->out, out);
	x->stacks = calloc(v->model->tables.node_count + 1u, 1);
	x->processes = calloc(v->model->tables.process_count + 1u, 1);
	err = x->stacks && x->processes ? ct_export_slices(v, o, 0, &x->slices, sums) : -ENOMEM;
	if (!err) {
		head(x);
		err = events(x);
	}
	if (!err) {
		stack_frames(x);
		ct_out_text(&x->out, "}\n");
		err = ct_out_finish(&x->out);
	}
	sums->bytes = x->out.bytes;
	sums->events = x->events;
	sums->threads = x->threads;
	ct_slices_free(x->slices);
	free(x->stacks);
	free(x->processes);
	free(x);
	return err;
}
