/*
 * cmd_profile.c - `ctrace profile`: which profile, in which form, and where to.
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
#include "file/err.h"
#include "views/analyze/text.h"
#include "views/profile/profile.h"

static const char help[] =
	"usage: ctrace profile KIND [options] TRACE\n"
	"\n"
	"Where threads were kept from running, by stack.  KIND is one of\n"
	"  net           sockets, pipes, pollers, name look-ups\n"
	"  sync          other threads and processes: locks, condition variables, semaphores,\n"
	"                joins, queues, eventfds\n"
	"  syscall       other recorded calls; sleeps and waits for signals are in offcpu alone\n"
	"  sched         ready, and without a CPU\n"
	"  lock          contention, charged to who held the lock while others waited\n"
	"  offcpu        everything off the CPU\n"
	"\n"
	"  -o, --output FILE  write there instead of to standard output; its name tells the "
	"format\n"
	"  --format F    text, json, pprof (.pb.gz), folded, speedscope (.speedscope.json), svg\n"
	"  --top N       functions in the table, default 20\n"
	"  --cum         most time in the function and what it called first\n"
	"  --lock NAME   only waits for this object: its name as ctrace locks prints it, or the\n"
	"                beginning of it\n"
	"  --task TASK   only what was done in regions of a task: the name of all of that name,\n"
	"                or the id of one as ctrace tasks prints it, such as 2.17\n"
	"  --blame RULE  lock: holder charges each holder for what its hold and a wait have in\n"
	"                common (the default), unlock charges all of a wait to the unlock that\n"
	"                ended it, as Go and Abseil do.  sched: waiter charges the stack that\n"
	"                waited (the default), waker the one that woke it, as Go does\n"
	"  --no-idle     leave idle waits out\n"
	"  --min-duration T  only single waits of at least T, such as 50us or 2ms\n"
	"  --each        pprof: every object and every thread has a label of its own\n"
	"  --no-labels   pprof: one sample for a stack, without labels\n"
	"  --thread T    only one thread: name as printed, tid, or #serial\n"
	"  --process P   only one process: pid or name of the executable\n"
	"  --from S, --to S  only what lies between S seconds after the start and S seconds after\n"
	"                it, of a wait that began before, too; lock: waits that ended "
	"there\n" CT_HELP_COMMON "\n"
	"Stacks are those of who waited, those of lock are where holders let go.  What is not a\n"
	"function stands in brackets.\n"
	"pprof: sample types contentions/count and delay/nanoseconds; labels lock, kind, reason,\n"
	"thread, holder (who ended the wait; lock: who held); the rule and what is missing are\n"
	"its comments.\n"
	"\n" CT_HELP_JSON_HEAD "  profile, total_ns, count, comments [text],\n"
	"  functions [{function, file, flat_ns, cum_ns, flat_count, cum_count}]\n"
	"\n"
	"example: ctrace profile sync -o sync.pb.gz server.ctrace && go tool pprof -top "
	"sync.pb.gz\n";

enum format { TEXT, JSON, PPROF, FOLDED, SPEEDSCOPE, SVG, FORMATS };

struct request {
	const struct ct_args *args;
	struct ct_profile_options options;
	enum format format;
	int status;
};

static enum format format_named(const char *name)
{
	static const char *const formats[FORMATS] = {"text",   "json",	     "pprof",
						     "folded", "speedscope", "svg"};
	unsigned i;

	for (i = 0; i < FORMATS && strcmp(formats[i], name) != 0; i++)
		;
	return (enum format)i;
}

static bool ends_in(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && !strcmp(path + n - m, suffix);
}

static enum format format_of_file(const char *path)
{
	static const struct {
		const char *suffix;
		enum format format;
	} suffixes[] = {{".pb.gz", PPROF},   {".pprof", PPROF}, {".pb", PPROF},
			{".folded", FOLDED}, {".svg", SVG},	{".speedscope.json", SPEEDSCOPE},
			{".json", JSON},     {".txt", TEXT}};
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_in(path, suffixes[i].suffix))
			return suffixes[i].format;
	return FORMATS;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------ */

static int write_as(struct ct_profile *p, enum format format, FILE *out)
{
	FILE *was = p->v->out;
	int err;

	p->v->out = out;
	switch (format) {
	case JSON: err = ct_profile_json(p); break;
	case PPROF: err = ct_profile_pprof(p, out); break;
	case FOLDED: err = ct_profile_folded(p, out); break;
	case SPEEDSCOPE: err = ct_profile_speedscope(p, out); break;
	case SVG: err = ct_profile_svg(p, out); break;
	default: err = ct_profile_text(p); break;
	}
	p->v->out = was;
	return err;
}

static int cannot_write(const struct request *r, int error)
{
	char safe[512];

	fprintf(stderr, "ctrace profile: %s: %s\n",
		ct_text_safe(safe, sizeof(safe), r->args->output), strerror(error));
	return CT_EXIT_DAMAGED;
}

static int write_file(struct request *r, struct ct_profile *p)
{
	struct ct_output out;
	int made = 0, err = ct_output_stream(&out, r->args->output);

	if (!err) {
		made = write_as(p, r->format, out.f);
		err = ct_output_close(&out, made);
	}
	if (err && !made) {
		r->status = cannot_write(r, -err);
		err = 0;
	}
	return err;
}

/* --- the command -------------------------------------------------------------------------------------------------------------- */

static bool found_lock(const struct ct_profile *p)
{
	uint32_t i;

	for (i = 0; i < p->rows.count; i++)
		if (p->lock_wanted[i] == 2)
			return true;
	return !p->o.lock;
}

static int say_nothing(const struct request *r, const struct ct_profile *p)
{
	char safe[256];

	if (!found_lock(p))
		fprintf(stderr,
			"ctrace profile: %s: nothing waited for is called '%s'; ctrace locks "
			"--idle lists "
			"names\n",
			r->args->path, ct_text_safe(safe, sizeof(safe), r->args->lock));
	else
		fprintf(stderr,
			"ctrace profile: %s: nothing to show: no %s that the filters let "
			"through\n",
			r->args->path,
			r->options.kind == CT_PROFILE_SCHED ? "delay" : "wait of this kind");
	return CT_EXIT_DAMAGED;
}

static int run(struct ct_view *v, void *arg)
{
	struct request *r = arg;
	struct ct_profile p;
	int err = ct_profile_make(&p, v, &r->options);
	char safe[256];

	if (err == -ENOENT) {
		fprintf(stderr,
			"ctrace profile: %s: no task is called '%s'; ctrace tasks lists them\n",
			r->args->path, ct_text_safe(safe, sizeof(safe), r->args->task));
		r->status = CT_EXIT_DAMAGED;
		return 0;
	}
	if (err)
		return err;
	if (!p.count && !p.total)
		r->status = say_nothing(r, &p);
	else if (r->args->output)
		err = write_file(r, &p);
	else
		err = write_as(&p, r->format, stdout);
	ct_profile_free(&p);
	return err;
}

static int choose_format(const char *command, struct request *r)
{
	const struct ct_args *a = r->args;

	r->format = a->view.json ? JSON : TEXT;
	if (a->format)
		r->format = format_named(a->format);
	else if (a->output && !a->view.json)
		r->format = format_of_file(a->output);
	if (r->format == FORMATS && a->format)
		return ct_args_usage(
			command,
			"--format is not text, json, pprof, folded, speedscope or svg:", a->format);
	if (r->format == FORMATS)
		return ct_args_usage(command,
				     "no --format, and the name does not tell it:", a->output);
	if (r->format == PPROF && !a->output && isatty(1))
		return ct_args_usage(command, "pprof is not for a terminal: say -o FILE", NULL);
	return -1;
}

int ct_cmd_profile(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 20}};
	struct request r = {.args = &a};
	int status = ct_args_parse(&a,
				   CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_EACH | CT_ARGS_OUTPUT |
					   CT_ARGS_SELECT | CT_ARGS_PROFILE,
				   help, argc, argv);

	if (status >= 0)
		return status;
	r.options.kind = ct_profile_find(a.kind);
	if ((a.by_waker && r.options.kind != CT_PROFILE_SCHED) ||
	    (a.by_unlock && r.options.kind != CT_PROFILE_LOCK))
		return ct_args_usage(argv[0], "--blame is not for this profile:", a.kind);
	if (r.options.kind == CT_PROFILE_NONE)
		return ct_args_usage(
			argv[0],
			"the profile is not net, sync, syscall, sched, lock or offcpu:", a.kind);
	status = choose_format(argv[0], &r);
	if (status >= 0)
		return status;
	r.options.by_unlock = a.by_unlock;
	r.options.by_waker = a.by_waker;
	r.options.no_idle = a.no_idle;
	r.options.by_cum = a.by_cum;
	r.options.lock = a.lock;
	r.options.task = a.task;
	r.options.min_ns = a.least_ns;
	r.options.labels = r.format == PPROF && !a.no_labels;
	status = ct_args_run_with(argv[0], &a, run, &r);
	return status ? status : r.status;
}
