/*
 * firefox.c - a trace as a processed profile of Firefox Profiler (profiler.firefox.com).
 *
 *	markers   a wait, a thread without a CPU, a waking, lost records; a task (where it began), a region, a message: each with what is known of it
 *	samples   each wait is one, weighted with its time, with a frame innermost that says what was waited in: the call tree tells where time went off
 *	          the CPU.  There are no samples of who ran.
 *
 * The version of the format is one that newer viewers read, too; they convert what they load.  Everything of a thread stands together in a profile, so
 * markers are kept until the end, 40 bytes each (firefox_markers.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"
#include "views/export/export.h"
#include "views/export/firefox_int.h"

#define FORMAT "31,\"preprocessedProfileVersion\":57"

static const char *const category_names[CT_FIREFOX_CATEGORIES][2] = {
	{"Other", "grey"},    {"Lock", "red"},	      {"Other threads", "orange"},
	{"Files", "blue"},    {"Network", "green"},   {"Sleep", "lightblue"},
	{"No CPU", "yellow"}, {"Missing", "magenta"}, {"Program", "purple"}};

static void thread(struct ct_firefox *x, uint32_t row)
{
	const struct ct_thread *t = ct_model_thread_at(x->v->model, row);
	const struct ct_firefox_thread *own = &x->threads[row];
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
	ct_firefox_time(x, own->begin);
	ct_out_text(&x->out, ",\"unregisterTime\":");
	if (own->end)
		ct_firefox_time(x, own->end);
	else
		ct_out_text(&x->out, "null");
	ct_out_text(&x->out, ",\n");
	ct_firefox_markers(x, own);
	ct_firefox_samples(x, own);
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
	"{\"name\":\"Region\",\"display\":[\"marker-chart\",\"marker-table\"],"
	"\"tableLabel\":\"{marker.name}\",\"chartLabel\":\"{marker.name}\",\"fields\":["
	"{\"key\":\"task\",\"label\":\"Task\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"unsure\",\"label\":\"Not known\",\"format\":\"unique-string\"}]},\n"
	"{\"name\":\"Task\",\"display\":[\"marker-chart\",\"marker-table\",\"timeline-overview\"],"
	"\"tableLabel\":\"{marker.name}\",\"chartLabel\":\"{marker.name}\",\"fields\":["
	"{\"key\":\"task\",\"label\":\"Task\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"parent\",\"label\":\"Of "
	"task\",\"format\":\"unique-string\",\"searchable\":true},"
	"{\"key\":\"unsure\",\"label\":\"Not known\",\"format\":\"unique-string\"}]},\n"
	"{\"name\":\"Log\",\"display\":[\"marker-chart\",\"marker-table\"],"
	"\"tableLabel\":\"{marker.data.message}\",\"fields\":["
	"{\"key\":\"message\",\"label\":\"Message\",\"format\":\"unique-string\",\"searchable\":"
	"true},"
	"{\"key\":\"task\",\"label\":\"Task\",\"format\":\"unique-string\",\"searchable\":true}]},"
	"\n"
	"{\"name\":\"Lost\",\"display\":[\"marker-chart\",\"marker-table\",\"timeline-overview\"],"
	"\"fields\":["
	"{\"key\":\"records\",\"label\":\"Records lost\",\"format\":\"integer\"}]}]";

static void write_categories(struct ct_firefox *x)
{
	uint32_t i;

	ct_out_text(&x->out, "\"categories\":[");
	for (i = 0; i < CT_FIREFOX_CATEGORIES; i++) {
		ct_firefox_comma(x, i);
		ct_out_text(&x->out, "{\"name\":");
		ct_out_json(&x->out, category_names[i][0]);
		ct_out_text(&x->out, ",\"color\":");
		ct_out_json(&x->out, category_names[i][1]);
		ct_out_text(&x->out, ",\"subcategories\":[\"Other\"]}");
	}
	ct_out_text(&x->out, "],\n");
}

/* What is missing stands in the viewer's panel about the profile. */
static int write_notes(struct ct_firefox *x)
{
	char *text = ct_slices_notes(x->v), *line, *rest = text;
	uint32_t n = 0;

	if (!text)
		return -ENOMEM;
	ct_out_text(&x->out, "\"extra\":[{\"label\":\"Missing from the trace\",\"entries\":[");
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!*line)
			continue;
		ct_firefox_comma(x, n++);
		ct_out_text(&x->out, "{\"label\":\"ctrace\",\"format\":\"string\",\"value\":");
		ct_out_json(&x->out, line);
		ct_out_text(&x->out, "}");
	}
	ct_out_text(&x->out, "]}],\n");
	free(text);
	return 0;
}

static int write_profile(struct ct_firefox *x)
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

static int collect(struct ct_firefox *x)
{
	struct ct_slices_sink sink = {.arg = x,
				      .begin = ct_firefox_begin,
				      .end = ct_firefox_end,
				      .done = ct_firefox_done,
				      .wake = ct_firefox_wake,
				      .region = ct_firefox_region,
				      .task = ct_firefox_task,
				      .message = ct_firefox_message};
	int err = ct_slices_tell(x->slices, &sink);

	if (!err)
		err = ct_firefox_losses(x);
	return err ? err : x->failed || x->texts.failed ? -ENOMEM : 0;
}

static void clean_up(struct ct_firefox *x)
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
	struct ct_firefox *x = calloc(1, sizeof(*x));
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
