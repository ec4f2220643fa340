/*
 * args.c - see args.h.
 */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "views/analyze/text.h"

enum {
	JSON = 256,
	TOP,
	STACKS,
	EACH,
	IDLE,
	THREAD,
	PROCESS,
	FROM,
	TO,
	COLOUR,
	LIVE,
	BLOCKED,
	COVERAGE,
	BLIND,
	GROUP,
	FORMAT,
	BLAME,
	LOCK,
	NO_IDLE,
	NO_LABELS,
	CUM,
	TASK,
	LEAST,
	GO_VERSION,
	PROCS,
	LOG,
	LABEL
};

static const struct option options[] = {
	{"json", no_argument, NULL, JSON},
	{"top", required_argument, NULL, TOP},
	{"stacks", required_argument, NULL, STACKS},
	{"each", no_argument, NULL, EACH},
	{"idle", no_argument, NULL, IDLE},
	{"thread", required_argument, NULL, THREAD},
	{"process", required_argument, NULL, PROCESS},
	{"from", required_argument, NULL, FROM},
	{"to", required_argument, NULL, TO},
	{"colour", required_argument, NULL, COLOUR},
	{"color", required_argument, NULL, COLOUR},
	{"live", required_argument, NULL, LIVE},
	{"blocked", no_argument, NULL, BLOCKED},
	{"coverage", no_argument, NULL, COVERAGE},
	{"blind", no_argument, NULL, BLIND},
	{"group", required_argument, NULL, GROUP},
	{"output", required_argument, NULL, 'o'},
	{"format", required_argument, NULL, FORMAT},
	{"blame", required_argument, NULL, BLAME},
	{"lock", required_argument, NULL, LOCK},
	{"no-idle", no_argument, NULL, NO_IDLE},
	{"no-labels", no_argument, NULL, NO_LABELS},
	{"cum", no_argument, NULL, CUM},
	{"task", required_argument, NULL, TASK},
	{"min-duration", required_argument, NULL, LEAST},
	{"go-version", required_argument, NULL, GO_VERSION},
	{"procs", required_argument, NULL, PROCS},
	{"log", required_argument, NULL, LOG},
	{"label", required_argument, NULL, LABEL},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static unsigned group_of(int option)
{
	switch (option) {
	case TOP: return CT_ARGS_TOP;
	case STACKS: return CT_ARGS_STACKS;
	case EACH: return CT_ARGS_EACH;
	case IDLE: return CT_ARGS_IDLE;
	case THREAD:
	case PROCESS:
	case FROM:
	case TO: return CT_ARGS_FILTER;
	case GROUP: return CT_ARGS_GROUP;
	case LOG: return CT_ARGS_LOG;
	case LABEL: return CT_ARGS_LABEL;
	case BLIND: return CT_ARGS_BLIND;
	case LIVE:
	case BLOCKED: return CT_ARGS_LIVE;
	case COVERAGE: return CT_ARGS_COVERAGE;
	case 'o':
	case FORMAT: return CT_ARGS_OUTPUT;
	case LOCK:
	case LEAST: return CT_ARGS_SELECT;
	case BLAME:
	case NO_IDLE:
	case NO_LABELS:
	case CUM:
	case TASK: return CT_ARGS_PROFILE;
	case GO_VERSION:
	case PROCS: return CT_ARGS_EXPORT;
	default: return 0;
	}
}

static const char *name_of(int option)
{
	size_t i;

	for (i = 0; options[i].name; i++)
		if (options[i].val == option)
			return options[i].name;
	return "?";
}

static bool whole(const char *s, unsigned long max, unsigned *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || n > max)
		return false;
	*out = (unsigned)n;
	return true;
}

static bool seconds(const char *s, double *out)
{
	char *end;

	*out = strtod(s, &end);
	return end != s && !*end && *out >= 0 && *out < 1e9;
}

/* "50us", "1.5ms", "2s"; a bare number is seconds, as in the options around it. */
static bool duration(const char *s, uint64_t *ns)
{
	char *end;
	double n = strtod(s, &end), unit;

	if (!strcmp(end, "ns"))
		unit = 1;
	else if (!strcmp(end, "us"))
		unit = 1e3;
	else if (!strcmp(end, "ms"))
		unit = 1e6;
	else if (!*end || !strcmp(end, "s"))
		unit = 1e9;
	else
		return false;
	if (end == s || !(n >= 0) || !(n * unit < 1e18))
		return false;
	*ns = (uint64_t)(n * unit + 0.5);
	return true;
}

static const char *take_profile(struct ct_args *a, int option, const char *arg)
{
	switch (option) {
	case NO_IDLE: a->no_idle = true; break;
	case NO_LABELS: a->no_labels = true; break;
	case CUM: a->by_cum = true; break;
	case TASK: a->task = arg; return *arg ? NULL : "is empty";
	case BLAME:
		a->by_unlock = !strcmp(arg, "unlock");
		a->by_waker = !strcmp(arg, "waker");
		return a->by_unlock || a->by_waker || !strcmp(arg, "holder") ||
				       !strcmp(arg, "waiter")
			       ? NULL
			       : "is not holder, unlock, waiter or waker";
	default: break;
	}
	return NULL;
}

static const char *take_go_version(struct ct_args *a, const char *arg)
{
	bool known = whole(arg, 26, &a->export.go_version);

	switch (known ? a->export.go_version : 0) {
	case 22:
	case 23:
	case 25:
	case 26: return NULL;
	default: return "is not 22, 23, 25 or 26";
	}
}

static const char *take_procs(struct ct_args *a, const char *arg)
{
	a->export.procs = !strcmp(arg, "cpu") ? CT_PROCS_CPU : CT_PROCS_VIRTUAL;
	return a->export.procs == CT_PROCS_CPU || !strcmp(arg, "virtual") ? NULL
									  : "is not virtual or cpu";
}

/* Takes one option in.  Returns what is wrong with its argument, NULL when nothing is. */
static const char *take(struct ct_args *a, int option, const char *arg)
{
	struct ct_view_options *v = &a->view;

	switch (option) {
	case JSON: v->json = true; break;
	case EACH: v->each = true; break;
	case IDLE: v->idle = true; break;
	case BLIND: v->blind = true; break;
	case BLOCKED: a->blocked = true; break;
	case COVERAGE: a->coverage = true; break;
	case FORMAT: a->format = arg; break;
	case 'o': a->output = arg; break;
	case GO_VERSION: return take_go_version(a, arg);
	case PROCS: return take_procs(a, arg);
	case LOCK: a->lock = arg; return *arg ? NULL : "is empty";
	case LEAST: return duration(arg, &a->least_ns) ? NULL : "is not a time such as 50us";
	case THREAD: v->thread = arg; break;
	case PROCESS: v->process = arg; break;
	case LABEL: v->label = arg; return *arg && *arg != '=' ? NULL : "is not KEY or KEY=VALUE";
	case LOG: v->log = arg; return *arg ? NULL : "is empty";
	case TOP: return whole(arg, 1u << 30, &v->top) ? NULL : "is not a number of rows";
	case STACKS: return whole(arg, 1u << 30, &v->stacks) ? NULL : "is not a number of stacks";
	case FROM: return seconds(arg, &v->from_s) ? NULL : "is not a time in seconds";
	case TO: return seconds(arg, &v->to_s) && v->to_s > 0 ? NULL : "is not a time in seconds";
	case LIVE: return whole(arg, 1u << 30, &a->live) && a->live ? NULL : "is not a process id";
	case GROUP:
		v->group = !strcmp(arg, "name")	   ? CT_GROUP_NAME
			   : !strcmp(arg, "start") ? CT_GROUP_START
						   : CT_GROUP_NONE;
		return v->group ? NULL : "is not name or start";
	case COLOUR:
		if (!strcmp(arg, "always"))
			v->colour = true;
		else if (!strcmp(arg, "never"))
			v->colour = false;
		else if (strcmp(arg, "auto") != 0)
			return "is not always, never or auto";
		break;
	default: return take_profile(a, option, arg);
	}
	return NULL;
}

int ct_args_usage(const char *command, const char *what, const char *arg)
{
	char safe[256];

	fprintf(stderr, "ctrace %s: %s%s%s; try ctrace %s --help\n", command, what, arg ? " " : "",
		arg ? ct_text_safe(safe, sizeof(safe), arg) : "", command);
	return CT_EXIT_USAGE;
}

int ct_args_parse(struct ct_args *a, unsigned takes, const char *help, int argc, char **argv)
{
	const char *wrong;
	char what[64];
	int c;

	a->view.width = ct_text_width(stdout);
	a->view.colour = ct_text_colour(stdout);
	a->view.progress = isatty(2);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return ct_args_finish(argv[0], 0);
		}
		if (c == ':')
			return ct_args_usage(argv[0], "needs a value:", argv[optind - 1]);
		if (c != '?' && (group_of(c) & ~takes)) {
			snprintf(what, sizeof(what), "--%s", name_of(c));
			return ct_args_usage(argv[0], "unknown option", what);
		}
		if (c == '?')
			return ct_args_usage(argv[0], "unknown option",
					     argv[optind > 1 ? optind - 1 : optind]);
		wrong = take(a, c, optarg);
		if (wrong) {
			snprintf(what, sizeof(what), "--%s %s:", name_of(c), wrong);
			return ct_args_usage(argv[0], what, optarg);
		}
	}
	if (a->view.to_s > 0 && a->view.to_s < a->view.from_s)
		return ct_args_usage(argv[0], "--to lies before --from", NULL);
	if ((takes & CT_ARGS_PROFILE) && optind < argc)
		a->kind = argv[optind++];
	if (optind < argc)
		a->path = argv[optind++];
	if (optind < argc)
		return ct_args_usage(argv[0], "one argument too many:", argv[optind]);
	if (a->coverage && a->path)
		return ct_args_usage(argv[0], "--coverage is not about a trace:", a->path);
	if (!a->path && (takes & CT_ARGS_PROFILE))
		return ct_args_usage(argv[0], "expected the profile's kind and a trace", NULL);
	if (!a->path && !a->live && !a->coverage && !(takes & CT_ARGS_MAYFILE))
		return ct_args_usage(argv[0], "which trace?", NULL);
	return -1;
}

int ct_args_finish(const char *command, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "ctrace %s: cannot write the output: %s\n", command, strerror(errno));
	return CT_EXIT_DAMAGED;
}

/* Does the filter name anything that is there? */
static bool matches_any(struct ct_view *v)
{
	uint32_t i;

	for (i = 0; i < v->model->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(v->model, i);

		if (t->known && ct_view_shows(v, t))
			return true;
	}
	return !v->o.thread && !v->o.process;
}

int ct_args_open(const char *command, const struct ct_args *a, struct ct_view *v)
{
	char why[512];

	if (ct_view_open(v, a->path, &a->view, stdout, why, sizeof(why))) {
		fprintf(stderr, "ctrace %s: %s\n", command, why);
		return CT_EXIT_USAGE;
	}
	if (!matches_any(v)) {
		fprintf(stderr,
			"ctrace %s: %s: no thread matches the filter; ctrace threads lists them\n",
			command, a->path);
		ct_view_close(v, true);
		return CT_EXIT_USAGE;
	}
	return 0;
}

int ct_args_run_with(const char *command, const struct ct_args *a,
		     int (*view)(struct ct_view *, void *arg), void *arg)
{
	struct ct_view v;
	int err, status = ct_args_open(command, a, &v);

	if (status)
		return status;
	err = view(&v, arg);
	if (err) {
		fprintf(stderr, "ctrace %s: %s: %s\n", command, a->path, ct_err_text(err));
		status = CT_EXIT_USAGE;
	} else if (ct_trace_damage(v.trace, &(const struct ct_trace_damage *){NULL}, NULL)) {
		status = CT_EXIT_DAMAGED;
	}
	ct_view_close(&v, true);
	return ct_args_finish(command, status);
}

struct plain_view {
	int (*view)(struct ct_view *);
};

static int run_plain(struct ct_view *v, void *arg)
{
	return ((struct plain_view *)arg)->view(v);
}

int ct_args_run(const char *command, const struct ct_args *a, int (*view)(struct ct_view *))
{
	struct plain_view plain = {view};

	return ct_args_run_with(command, a, run_plain, &plain);
}
