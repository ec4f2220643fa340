/*
 * firefox.c - a trace as a processed profile of Firefox Profiler (profiler.firefox.com).
 *
 *	markers   a wait, a thread without a CPU, a waking, lost records: each with what is known of it
 *	samples   each wait is one, weighted with its time, with a frame innermost that says what was waited in: the call tree tells where time went off
 *	          the CPU.  There are no samples of who ran.
 *
 * The version of the format is one that newer viewers read, too; they convert what they load.  Everything of a thread stands together in a profile, so
 * markers are kept until the end, 48 bytes each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"
#include "views/export/export.h"
#include "views/export/firefox_int.h"

#define FORMAT "31,\"preprocessedProfileVersion\":57"

enum kind { WAIT, PART, WAKES, LOST };

enum category { OTHER, LOCK, THREADS, IO, NET, SLEEP, NO_CPU, MISSING, CATEGORIES };

static const char *const category_names[CATEGORIES][2] = {
	{"Other", "grey"},    {"Lock", "red"},	     {"Other threads", "orange"},
	{"Files", "blue"},    {"Network", "green"},  {"Sleep", "lightblue"},
	{"No CPU", "yellow"}, {"Missing", "magenta"}};

struct marker {
	uint64_t start, end; /* ns; LOST: end of its span */
	int64_t result;	     /* LOST: records */
	uint32_t name;	     /* of texts */
	uint32_t stack;	     /* node */
	uint32_t waker;	     /* serial */
	uint32_t owner;	     /* tid */
	uint8_t kind, op, open;
};

struct thread {
	struct marker *markers;
	uint32_t n, room;
	uint64_t begin, end; /* ns; end 0: not seen */
	bool there;
};

struct firefox {
	struct ct_view *v;
	struct ct_slices *slices;
	struct ct_out out;
	struct ct_strings texts;
	struct ct_firefox_stacks stacks;
	struct thread *threads; /* by row */
	uint64_t events, thread_n;
	bool failed;
};

static enum category category_of(uint32_t op)
{
	switch (ct_op_class(op)) {
	case CT_CLASS_LOCK:
	case CT_CLASS_FILE_LOCK: return LOCK;
	case CT_CLASS_COND:
	case CT_CLASS_SEM:
	case CT_CLASS_BARRIER:
	case CT_CLASS_ONCE:
	case CT_CLASS_JOIN:
	case CT_CLASS_FUTEX:
	case CT_CLASS_PROCESS:
	case CT_CLASS_IPC:
	case CT_CLASS_QUEUE: return THREADS;
	case CT_CLASS_SLEEP:
	case CT_CLASS_SIGNAL: return SLEEP;
	case CT_CLASS_NET:
	case CT_CLASS_POLL:
	case CT_CLASS_RESOLVE: return NET;
	case CT_CLASS_IO:
	case CT_CLASS_AIO: return IO;
	default: return OTHER;
	}
}

/* --- taking in -------------------------------------------------------------------------------------------------------------- */

static struct marker *add(struct firefox *x, uint32_t row)
{
	struct thread *t = &x->threads[row];
	uint32_t room = t->room + t->room / 2 + 16;
	struct marker *p;

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

static void begin(void *arg, uint32_t row, uint64_t ns)
{
	struct firefox *x = arg;

	x->threads[row].there = true;
	x->threads[row].begin = ns;
	x->thread_n++;
}

static void end(void *arg, uint32_t row, uint64_t ns, bool ended)
{
	struct firefox *x = arg;

	x->threads[row].end = ended ? ns : 0;
}

static void done(void *arg, const struct ct_slice *s, uint64_t end_ns, bool part)
{
	struct firefox *x = arg;
	struct marker *m = add(x, s->thread);

	if (!m)
		return;
	m->kind = part ? PART : WAIT;
	m->start = s->ns;
	m->end = end_ns;
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

static void wake(void *arg, const struct ct_slices_wake *w)
{
	struct firefox *x = arg;
	struct marker *m = add(x, w->waker);

	if (!m)
		return;
	m->kind = WAKES;
	m->start = m->end = w->ns;
	m->name = ct_strings_put(&x->texts, "wakes");
	m->stack = w->waker_stack;
	m->waker = (uint32_t)ct_model_thread_at(x->v->model, w->thread)->serial;
}

/* Losses of several threads are told with the first. */
static int losses(struct firefox *x)
{
	const struct ct_trace_loss *rows;
	size_t count, i;
	int err = ct_trace_losses_by_thread(x->v->trace, &rows, &count);

	for (i = 0; !err && i < count && x->v->model->threads.count; i++) {
		uint64_t serial = rows[i].thread;
		uint32_t row = ct_table_find(&x->v->model->threads, &serial);
		struct marker *m = add(x, row == CT_NONE || !x->threads[row].there ? 0 : row);

		if (!m)
			return -ENOMEM;
		m->kind = LOST;
		m->start = ct_trace_ns(x->v->trace, rows[i].from_ticks);
		m->end = ct_trace_ns(x->v->trace, rows[i].to_ticks);
		m->name = ct_strings_put(&x->texts, ct_trace_loss_text(rows[i].reason));
		m->result = (int64_t)rows[i].records;
	}
	return err;
}

/* --- markers and samples of a thread ---------------------------------------------------------------------------------------- */

static void time_of(struct firefox *x, uint64_t ns)
{
	ct_out_millis(&x->out, ns > x->v->start_ns ? ns - x->v->start_ns : 0);
}

static void comma(struct firefox *x, uint32_t i)
{
	if (i)
		ct_out_bytes(&x->out, ",", 1);
}

static enum category marker_category(const struct marker *m)
{
	return m->kind == WAIT	 ? category_of(m->op)
	       : m->kind == PART ? NO_CPU
	       : m->kind == LOST ? MISSING
				 : THREADS;
}

/* The number of a text, as the value of a member. */
static void member_text(struct firefox *x, const char *before, const char *text)
{
	ct_out_text(&x->out, before);
	ct_out_number(&x->out, ct_strings_put(&x->texts, text));
}

static void other_thread(struct firefox *x, const char *before, uint32_t serial)
{
	const struct ct_thread *t = ct_model_thread(x->v->model, serial);
	char name[CT_NAME_MAX];

	if (serial && t)
		member_text(x, before, ct_name_thread(x->v, t, name, sizeof(name)));
}

static void data(struct firefox *x, const struct marker *m)
{
	static const char *const types[] = {"Wait", "NoCPU", "Wakes", "Lost"};
	uint32_t stack = m->stack ? ct_firefox_stack(&x->stacks, m->stack, 0, 0) : CT_NONE;
	char number[32];

	ct_out_text(&x->out, "{\"type\":\"");
	ct_out_text(&x->out,
		    m->kind == WAIT && category_of(m->op) == LOCK ? "LockWait" : types[m->kind]);
	ct_out_text(&x->out, "\"");
	if (m->kind == LOST || (m->kind == WAIT && !m->open)) {
		snprintf(number, sizeof(number), "%lld", (long long)m->result);
		ct_out_text(&x->out, m->kind == LOST ? ",\"records\":" : ",\"result\":");
		ct_out_text(&x->out, number);
	}
	if (m->kind == WAIT) {
		member_text(x, ",\"op\":", ct_op_say(m->op));
		if (m->open)
			ct_out_text(&x->out, ",\"open\":\"yes\"");
	}
	if (m->owner) {
		ct_out_text(&x->out, ",\"owner\":");
		ct_out_number(&x->out, m->owner);
	}
	other_thread(x, m->kind == WAKES ? ",\"woken\":" : ",\"wokenBy\":", m->waker);
	if (stack != CT_NONE) {
		ct_out_text(&x->out, ",\"cause\":{\"stack\":");
		ct_out_number(&x->out, stack);
		ct_out_text(&x->out, ",\"time\":");
		time_of(x, m->start);
		ct_out_text(&x->out, "}");
	}
	ct_out_text(&x->out, "}");
}

static void markers(struct firefox *x, const struct thread *t)
{
	uint32_t i;

	ct_out_text(&x->out, "\"markers\":{\"data\":[");
	for (i = 0; i < t->n; i++) {
		ct_out_text(&x->out, i ? ",\n" : "\n");
		data(x, &t->markers[i]);
	}
	ct_out_text(&x->out, "],\n\"name\":[");
	for (i = 0; i < t->n; i++) {
		comma(x, i);
		ct_out_number(&x->out, t->markers[i].name);
	}
	ct_out_text(&x->out, "],\"startTime\":[");
	for (i = 0; i < t->n; i++) {
		comma(x, i);
		time_of(x, t->markers[i].start);
	}
	ct_out_text(&x->out, "],\"endTime\":[");
	for (i = 0; i < t->n; i++) {
		comma(x, i);
		if (t->markers[i].kind == WAKES)
			ct_out_text(&x->out, "null");
		else
			time_of(x, t->markers[i].end);
	}
	ct_out_text(&x->out, "],\"phase\":[");
	for (i = 0; i < t->n; i++) {
		comma(x, i);
		ct_out_text(&x->out, t->markers[i].kind == WAKES ? "0" : "1");
	}
	ct_out_text(&x->out, "],\"category\":[");
	for (i = 0; i < t->n; i++) {
		comma(x, i);
		ct_out_number(&x->out, marker_category(&t->markers[i]));
	}
	ct_out_text(&x->out, "],\"length\":");
	ct_out_number(&x->out, t->n);
	ct_out_text(&x->out, "},\n");
}

/* Innermost frame of a wait. */
static uint32_t leaf(struct firefox *x, uint32_t op)
{
	char text[128];

	snprintf(text, sizeof(text), "[waits: %s]", ct_op_say(op));
	return ct_strings_put(&x->texts, text);
}

/* The viewer wants at least one in each thread: where there was no wait it is one without a stack and without time. */
static void samples(struct firefox *x, const struct thread *t)
{
	uint32_t i, n = 0;

	ct_out_text(&x->out, "\"samples\":{\"weightType\":\"tracing-ms\",\"stack\":[");
	for (i = 0; i < t->n; i++) {
		const struct marker *m = &t->markers[i];
		uint32_t stack;

		if (m->kind != WAIT)
			continue;
		stack = ct_firefox_stack(&x->stacks, m->stack, leaf(x, m->op),
					 (uint16_t)category_of(m->op));
		comma(x, n++);
		if (stack == CT_NONE)
			ct_out_text(&x->out, "null");
		else
			ct_out_number(&x->out, stack);
	}
	ct_out_text(&x->out, n ? "],\"time\":[" : "null],\"time\":[");
	for (i = 0, n = 0; i < t->n; i++) {
		if (t->markers[i].kind != WAIT)
			continue;
		comma(x, n++);
		time_of(x, t->markers[i].start);
	}
	if (!n)
		time_of(x, t->begin);
	ct_out_text(&x->out, "],\"weight\":[");
	for (i = 0, n = 0; i < t->n; i++) {
		if (t->markers[i].kind != WAIT)
			continue;
		comma(x, n++);
		ct_out_millis(&x->out, t->markers[i].end - t->markers[i].start);
	}
	ct_out_text(&x->out, n ? "],\"length\":" : "0],\"length\":");
	ct_out_number(&x->out, n ? n : 1);
	ct_out_text(&x->out, "},\n");
}

static void thread(struct firefox *x, uint32_t row)
{
	const struct ct_thread *t = ct_model_thread_at(x->v->model, row);
	const struct thread *own = &x->threads[row];
	char name[CT_NAME_MAX];
	const char *exe, *slash;

	exe = t->process < x->v->model->tables.process_count
		      ? ct_trace_string(x->v->trace, x->v->model->tables.processes[t->process].exe)
		      : NULL;
	slash = exe ? strrchr(exe, '/') : NULL;
	ct_out_text(&x->out, "{\"processType\":\"default\",\"processStartupTime\":0,"
			     "\"processShutdownTime\":null,\"pausedRanges\":[],\"name\":");
	ct_out_json(&x->out, ct_name_thread_bare(x->v, t, name, sizeof(name)));
	ct_out_text(&x->out, t->main ? ",\"isMainThread\":true" : ",\"isMainThread\":false");
	ct_out_text(&x->out, ",\"processName\":");
	ct_out_json(&x->out, slash ? slash + 1 : exe ? exe : "process");
	ct_out_text(&x->out, ",\"pid\":\"");
	ct_out_number(&x->out, ct_view_pid(x->v, t->process));
	ct_out_text(&x->out, "\",\"tid\":");
	ct_out_number(&x->out, t->tid);
	ct_out_text(&x->out, ",\"registerTime\":");
	time_of(x, own->begin);
	ct_out_text(&x->out, ",\"unregisterTime\":");
	if (own->end)
		time_of(x, own->end);
	else
		ct_out_text(&x->out, "null");
	ct_out_text(&x->out, ",\n");
	markers(x, own);
	samples(x, own);
	ct_firefox_stacks_write(&x->stacks, &x->out);
	ct_out_text(&x->out, "}");
}

/* --- the profile ------------------------------------------------------------------------------------------------------------ */

static const char schemas[] =
	"\"markerSchema\":["
	"{\"name\":\"LockWait\",\"display\":[\"marker-chart\",\"marker-table\",\"timeline-"
	"overview\"],"
	"\"tableLabel\":\"{marker.name}\",\"chartLabel\":\"{marker.name}\",\"fields\":["
	"{\"key\":\"op\",\"label\":\"Operation\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"owner\",\"label\":\"Owner (tid)\",\"format\":\"integer\"},"
	"{\"key\":\"wokenBy\",\"label\":\"Released "
	"by\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"result\",\"label\":\"Result\",\"format\":\"integer\"},"
	"{\"key\":\"open\",\"label\":\"Not ended\",\"format\":\"string\"}]},\n"
	"{\"name\":\"Wait\",\"display\":[\"marker-chart\",\"marker-table\",\"timeline-overview\"],"
	"\"tableLabel\":\"{marker.name}\",\"chartLabel\":\"{marker.name}\",\"fields\":["
	"{\"key\":\"op\",\"label\":\"Operation\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"wokenBy\",\"label\":\"Woken "
	"by\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"result\",\"label\":\"Result\",\"format\":\"integer\"},"
	"{\"key\":\"open\",\"label\":\"Not ended\",\"format\":\"string\"}]},\n"
	"{\"name\":\"NoCPU\",\"display\":[\"marker-chart\",\"marker-table\"],\"fields\":["
	"{\"key\":\"wokenBy\",\"label\":\"Woken "
	"by\",\"format\":\"unique-string\",\"searchable\":true}]},\n"
	"{\"name\":\"Wakes\",\"display\":[\"marker-chart\",\"marker-table\"],\"fields\":["
	"{\"key\":\"woken\",\"label\":\"Whom\",\"format\":\"unique-string\",\"searchable\":true}]},"
	"\n"
	"{\"name\":\"Lost\",\"display\":[\"marker-chart\",\"marker-table\",\"timeline-overview\"],"
	"\"fields\":["
	"{\"key\":\"records\",\"label\":\"Records lost\",\"format\":\"integer\"}]}]";

static void write_categories(struct firefox *x)
{
	uint32_t i;

	ct_out_text(&x->out, "\"categories\":[");
	for (i = 0; i < CATEGORIES; i++) {
		comma(x, i);
		ct_out_text(&x->out, "{\"name\":");
		ct_out_json(&x->out, category_names[i][0]);
		ct_out_text(&x->out, ",\"color\":");
		ct_out_json(&x->out, category_names[i][1]);
		ct_out_text(&x->out, ",\"subcategories\":[\"Other\"]}");
	}
	ct_out_text(&x->out, "],\n");
}

/* What is missing stands in the viewer's panel about the profile. */
static int write_notes(struct firefox *x)
{
	char *text = ct_slices_notes(x->v), *line, *rest = text;
	uint32_t n = 0;

	if (!text)
		return -ENOMEM;
	ct_out_text(&x->out, "\"extra\":[{\"label\":\"Missing from the trace\",\"entries\":[");
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!*line)
			continue;
		comma(x, n++);
		ct_out_text(&x->out, "{\"label\":\"ctrace\",\"format\":\"string\",\"value\":");
		ct_out_json(&x->out, line);
		ct_out_text(&x->out, "}");
	}
	ct_out_text(&x->out, "]}],\n");
	free(text);
	return 0;
}

static int write_profile(struct firefox *x)
{
	uint32_t i, n = 0;
	int err;

	ct_out_text(&x->out, "{\"meta\":{\"interval\":1,\"startTime\":");
	ct_out_millis(&x->out, ct_trace_realtime_ns(x->v->trace, x->v->start_ns));
	ct_out_text(&x->out,
		    ",\"processType\":0,\"product\":\"ctrace: waits\",\"stackwalk\":1,"
		    "\"symbolicated\":true,\"importedFrom\":\"ctrace\",\"version\":" FORMAT ",\n");
	write_categories(x);
	err = write_notes(x);
	ct_out_text(&x->out, schemas);
	ct_out_text(&x->out, "},\n\"libs\":[],\n\"threads\":[");
	for (i = 0; i < x->v->model->threads.count; i++) {
		if (!x->threads[i].there && !x->threads[i].n)
			continue;
		ct_out_text(&x->out, n++ ? ",\n" : "\n");
		thread(x, i);
	}
	ct_out_text(&x->out, "],\n\"shared\":{\"stringArray\":[");
	for (i = 0; i <= ct_strings_last(&x->texts); i++) { /* the first one is "" */
		ct_out_text(&x->out, i ? ",\n" : "\n");
		ct_out_json(&x->out, ct_strings_at(&x->texts, i));
	}
	ct_out_text(&x->out, "]}}\n");
	return err;
}

static int collect(struct firefox *x)
{
	struct ct_slices_sink sink = {
		.arg = x, .begin = begin, .end = end, .done = done, .wake = wake};
	int err = ct_slices_tell(x->slices, &sink);

	if (!err)
		err = losses(x);
	return err ? err : x->failed || x->texts.failed ? -ENOMEM : 0;
}

static void clean_up(struct firefox *x)
{
	uint32_t i;

	for (i = 0; x->threads && i < x->v->model->threads.count; i++)
		free(x->threads[i].markers);
	free(x->threads);
	ct_firefox_stacks_free(&x->stacks);
	ct_strings_free(&x->texts);
	ct_slices_free(x->slices);
	free(x);
}

int ct_export_firefox(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		      struct ct_export_sums *sums)
{
	struct firefox *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	x->v = v;
	x->texts.raw = true;
	ct_out_start(&x->out, out);
	x->threads = calloc(v->model->threads.count + 1u, sizeof(*x->threads));
	err = x->threads ? ct_firefox_stacks_init(&x->stacks, v, &x->texts) : -ENOMEM;
	if (!err)
		err = ct_export_slices(v, o, 0, &x->slices, sums);
	if (!err)
		err = collect(x);
	if (!err)
		err = write_profile(x);
	if (!err)
		err = x->stacks.failed || x->texts.failed ? -ENOMEM : ct_out_finish(&x->out);
	sums->bytes = x->out.bytes;
	sums->events = x->events;
	sums->threads = x->thread_n;
	clean_up(x);
	return err;
}
