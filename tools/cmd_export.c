/*
 * cmd_export.c - `ctrace export`: a trace in the formats of other people's viewers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "output.h"
#include "views/analyze/json.h"
#include "views/analyze/lines.h"
#include "views/analyze/text.h"
#include "views/export/estimate.h"

static const char help[] =
	"usage: ctrace export --format=FORMAT [options] -o FILE TRACE\n"
	"\n"
	"Writes a trace so that another viewer opens it.  Without -o it goes to standard output,\n"
	"if it is one file.\n"
	"What the trace lost, and what could not be known, is told on standard error.\n"
	"\n"
	"  --format FORMAT    one of:\n"
	"                     go        Go execution trace, for go tool trace and gotraceui\n"
	"                     perfetto  for ui.perfetto.dev and trace_processor\n"
	"                     chrome    trace events in JSON, for what reads nothing else\n"
	"                     firefox   for profiler.firefox.com\n"
	"                     csv       folder of tables, for spreadsheets, DuckDB, pandas\n"
	"                     sqlite    the same tables in a database of SQLite\n"
	"                     ctf       folder in the Common Trace Format 1.8, for babeltrace2\n"
	"                               and Trace Compass\n"
	"  -o, --output FILE  where to; the file is complete or not there.  A folder must be new\n"
	"                     or empty\n"
	"  --go-version N     go: the format of Go 1.N: 22 (what every later one reads, the\n"
	"                     default), 23, 25 or 26 (both have the time of day)\n"
	"  --procs WHICH      go: what a \"Proc\" is: virtual, one for each thread that lives, or\n"
	"                     cpu, where switches were recorded\n" CT_HELP_FILTER
	"  --lock NAME   only waits for what ctrace locks calls so\n"
	"  --min-duration T   only waits and regions of at least T, such as 50us, 2ms or 0.01\n"
	"                     (seconds)\n"
	"  --json        print what was written as JSON; only with -o\n"
	"  --help        this text\n"
	"\n"
	"In a Go trace a thread is a goroutine, called by its start routine and labelled with its\n"
	"name and thread id.  Waits have the reasons of Go's own runtime, so that -pprof=net, "
	"sync,\n"
	"syscall and sched sort them; the innermost frame tells what was waited in.\n"
	"\n"
	"perfetto, chrome and firefox have a slice for each wait and for what kept a thread off "
	"the CPU,\n"
	"arrows from who woke to who was woken, stacks, and threads and memory over time.\n"
	"Tables and columns of csv and sqlite are described in their table schema.  Times are ns\n"
	"since the start of the trace.\n"
	"All have the tasks, regions and messages of programs that say so (ctrace/ctrace.h).\n"
	"\n"
	"When a viewer will not take so much, a line tells before which filter would help.  A\n"
	"spreadsheet takes 1,048,576 rows of a table; for what else reads csv, and for sqlite and\n"
	"ctf, no limit is known, and the size is only told by --json.  A filter that leaves\n"
	"nothing is an error.\n"
	"\n" CT_HELP_JSON_HEAD
	"  format, file, bytes, events, threads, generations, processors, estimated_bytes\n"
	"\n"
	"example: ctrace export --format=go -o server.trace server.ctrace && go tool trace "
	"server.trace\n";

static int usage(const char *what, const char *arg)
{
	char safe[256];

	fprintf(stderr, "ctrace export: %s%s%s; try ctrace export --help\n", what, arg ? " " : "",
		arg ? ct_text_safe(safe, sizeof(safe), arg) : "");
	return CT_EXIT_USAGE;
}

static void print_sums(struct ct_view *v, const struct ct_args *a, const struct ct_export_sums *s,
		       uint64_t estimated)
{
	struct ct_json j;

	ct_line_head_json(v, &j, "export");
	ct_json_text(&j, "format", a->format);
	ct_json_text(&j, "file", a->output);
	ct_json_number(&j, "bytes", s->bytes);
	ct_json_number(&j, "events", s->events);
	ct_json_number(&j, "threads", s->threads);
	ct_json_number(&j, "generations", s->generations);
	ct_json_number(&j, "processors", s->processors);
	ct_json_number(&j, "estimated_bytes", estimated);
	ct_json_finish(&j);
}

/* Before hours are spent on a file that nothing opens. */
static uint64_t estimate(const struct ct_args *a, const struct ct_export_format *format,
			 struct ct_view *v, const char *command)
{
	struct ct_estimate e;
	char text[512];

	if (!format->wait_bytes || ct_export_estimate(v, format, &a->export, &e) < 0)
		return 0;
	if (ct_export_warning(format, &e, text, sizeof(text)))
		fprintf(stderr, "ctrace %s: %s\n", command, text);
	return e.bytes;
}

static int write_export(const struct ct_args *a, const struct ct_export_format *format,
			struct ct_view *v, const char *command)
{
	struct ct_export_sums sums = {0};
	struct ct_output out;
	int err = format->write_at ? ct_output_open(&out, a->output, format->folder, sums.why,
						    sizeof(sums.why))
				   : ct_output_stream(&out, a->output);
	bool opened = !err;
	char text[256];
	uint64_t estimated = opened ? estimate(a, format, v, command) : 0;

	if (opened && format->write_at)
		err = format->write_at(v, &a->export, out.temporary, &sums);
	else if (opened)
		err = format->write(v, &a->export, out.f, &sums);
	if (!err && !sums.threads) {
		snprintf(sums.why, sizeof(sums.why), "no thread was there in the chosen time");
		err = -EINVAL;
	}
	if (opened)
		err = ct_output_close(&out, err);
	if (opened && err == -EINVAL && sums.why[0]) {
		fprintf(stderr, "ctrace %s: %s: %s\n", command, a->path, sums.why);
		return CT_EXIT_USAGE;
	}
	if (err) {
		fprintf(stderr, "ctrace %s: %s: %s\n", command,
			opened && sums.why[0] ? a->path
			: a->output	      ? a->output
					      : "standard output",
			sums.why[0] ? sums.why : ct_err_text(err));
		return opened ? CT_EXIT_DAMAGED : CT_EXIT_USAGE;
	}
	if (ct_export_too_many(v, format, &sums, text, sizeof(text)))
		fprintf(stderr, "ctrace %s: %s\n", command, text);
	if (v->o.json) {
		print_sums(v, a, &sums, estimated);
	} else {
		v->out = stderr;
		ct_view_blind(v, "ctrace export: ");
	}
	return ct_trace_damage(v->trace, &(const struct ct_trace_damage *){NULL}, NULL)
		       ? CT_EXIT_DAMAGED
		       : 0;
}

int ct_cmd_export(int argc, char **argv)
{
	struct ct_args a = {.export = {.go_version = 22}};
	int status =
		ct_args_parse(&a, CT_ARGS_FILTER | CT_ARGS_OUTPUT | CT_ARGS_SELECT | CT_ARGS_EXPORT,
			      help, argc, argv);
	const struct ct_export_format *format;
	struct ct_view v;

	if (status >= 0)
		return status;
	if (!a.format)
		return usage("which --format?", NULL);
	a.export.choice.lock = a.lock;
	a.export.choice.min_ns = a.least_ns;
	format = ct_export_format(a.format);
	if (!format)
		return usage("no such format:", a.format);
	if (format->write_at && !a.output)
		return usage("this format wants -o:", a.format);
	if (a.view.json && !a.output)
		return usage("--json goes with -o", NULL);
	if (!a.output && !format->text_form && isatty(STDOUT_FILENO))
		return usage("not to a terminal: say -o FILE", NULL);
	status = ct_args_open(argv[0], &a, &v);
	if (status)
		return status;
	status = write_export(&a, format, &v, argv[0]);
	ct_view_close(&v, true);
	return ct_args_finish(argv[0], status);
}
