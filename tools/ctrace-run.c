/*
 * ctrace-run.c - runs a program and records it.  The command line, and what is said at the end; the work is in src/run.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctrace/version.h>

#include "run/program.h"
#include "run/record.h"
#include "views/analyze/view.h"

static const char usage_text[] =
	"Usage: ctrace-run [options] [--] program [arguments]\n"
	"\n"
	"Runs the program as it is and records what its threads wait for.  The trace\n"
	"goes to <name>.<pid>.ctrace, a short summary to standard error when the program\n"
	"has ended; exit status and signals are the program's own.\n"
	"\n"
	"  -o, --output FILE          write the trace to FILE\n"
	"  -q, --quiet                no summary\n"
	"      --ring SIZE            keep only the last SIZE of records (64M, 1G) in\n"
	"                             memory, written when the program ends\n"
	"      --threshold TIME       a shorter wait on a lock is summed up, not recorded\n"
	"                             (default 5us; 0 records every wait and every call;\n"
	"                             a plain number is microseconds)\n"
	"      --call-threshold TIME  the same for system calls (default 20us)\n"
	"      --follow               record forked and executed programs too (default)\n"
	"      --no-follow            record only the program itself\n"
	"      --only PATTERN         record only executables of such a name ('worker*');\n"
	"                             may be given more than once\n"
	"      --skip PATTERN         do not record executables of such a name; what they\n"
	"                             start is looked at by itself\n"
	"      --sched WHEN           record when threads have a CPU: auto (default: as much\n"
	"                             as costs 2 % of the processor time), exact, off\n"
	"      --sched-source SOURCE  what tells: bpf (needs CAP_BPF and CAP_PERFMON), perf,\n"
	"                             user (the threads' own waits, and schedstat); default:\n"
	"                             the first of them that can be had\n"
	"      --best-effort          run a program that cannot be traced untraced,\n"
	"                             instead of refusing\n"
	"      --help, --version\n"
	"\n"
	"Example:\n"
	"  ctrace-run -o p.ctrace -- pigz -p 4 -k -c big.tar > /dev/null\n"
	"  ctrace report p.ctrace\n";

enum {
	OPT_RING = 256,
	OPT_THRESHOLD,
	OPT_CALL_THRESHOLD,
	OPT_FOLLOW,
	OPT_NO_FOLLOW,
	OPT_ONLY,
	OPT_SKIP,
	OPT_SCHED,
	OPT_SCHED_SOURCE,
	OPT_BEST_EFFORT,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"quiet", no_argument, NULL, 'q'},
	{"ring", required_argument, NULL, OPT_RING},
	{"threshold", required_argument, NULL, OPT_THRESHOLD},
	{"call-threshold", required_argument, NULL, OPT_CALL_THRESHOLD},
	{"follow", no_argument, NULL, OPT_FOLLOW},
	{"no-follow", no_argument, NULL, OPT_NO_FOLLOW},
	{"only", required_argument, NULL, OPT_ONLY},
	{"skip", required_argument, NULL, OPT_SKIP},
	{"sched", required_argument, NULL, OPT_SCHED},
	{"sched-source", required_argument, NULL, OPT_SCHED_SOURCE},
	{"best-effort", no_argument, NULL, OPT_BEST_EFFORT},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

struct settings {
	struct ct_record_options record;
	bool best_effort;
};

#define FAIL_STATUS 2

_Noreturn static void bad_usage(const char *what, const char *arg)
{
	fprintf(stderr, "ctrace-run: %s%s%s (ctrace-run --help tells more)\n", what, arg ? " " : "",
		arg ? arg : "");
	exit(FAIL_STATUS);
}

static uint64_t parse_time_ns(const char *option, const char *s)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e3}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	char *end;
	double v = strtod(s, &end);
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end != s && v >= 0 && v * units[i].ns < 1e18 && !strcmp(end, units[i].unit))
			return (uint64_t)(v * units[i].ns);
	fprintf(stderr, "ctrace-run: %s wants a time such as 5us or 1ms, not '%s'\n", option, s);
	exit(FAIL_STATUS);
}

static uint64_t parse_bytes(const char *s)
{
	char *end;
	double v = strtod(s, &end), unit = 1;

	if (*end == 'k' || *end == 'K')
		unit = 1024;
	else if (*end == 'm' || *end == 'M')
		unit = 1024 * 1024;
	else if (*end == 'g' || *end == 'G')
		unit = 1024.0 * 1024 * 1024;
	if (*end && unit > 1)
		end++;
	if (end != s && !*end && v * unit >= 65536 && v * unit <= 1024.0 * 1024 * 1024)
		return (uint64_t)(v * unit);
	fprintf(stderr, "ctrace-run: --ring wants a size from 64K to 1G such as 64M, not '%s'\n",
		s);
	exit(FAIL_STATUS);
}

static enum ct_sched_mode parse_sched(const char *s)
{
	if (!strcmp(s, "auto"))
		return CT_SCHED_AUTO;
	if (!strcmp(s, "exact"))
		return CT_SCHED_EXACT;
	if (!strcmp(s, "off"))
		return CT_SCHED_OFF;
	bad_usage("--sched wants auto, exact or off, not", s);
}

static enum ct_sched_from parse_sched_source(const char *s)
{
	if (!strcmp(s, "bpf"))
		return CT_SCHED_FROM_BPF;
	if (!strcmp(s, "perf"))
		return CT_SCHED_FROM_PERF;
	if (!strcmp(s, "user"))
		return CT_SCHED_FROM_USER;
	bad_usage("--sched-source wants bpf, perf or user, not", s);
}

static void add_filter(struct settings *s, char kind, const char *option, const char *pattern)
{
	char what[64];

	if (strchr(pattern, '/')) {
		snprintf(what, sizeof(what), "%s takes a name, not a path:", option);
		bad_usage(what, pattern);
	}
	if (ct_filter_add(s->record.filter, kind, pattern))
		return;
	snprintf(what, sizeof(what), "%s %s", option,
		 *pattern ? "leaves no room for more patterns:"
			  : "wants a pattern such as 'worker*'");
	bad_usage(what, *pattern ? pattern : NULL);
}

static void parse(int argc, char **argv, struct settings *s)
{
	bool call_given = false;
	int c;

	s->record.wait_threshold_ns = 5000;
	s->record.call_threshold_ns = 20000;
	while ((c = getopt_long(argc, argv, "+:ho:q", long_options, NULL)) != -1) {
		switch (c) {
		case 'o': s->record.output = optarg; break;
		case 'q': s->record.quiet = true; break;
		case OPT_RING: s->record.ring_bytes = parse_bytes(optarg); break;
		case OPT_THRESHOLD:
			s->record.wait_threshold_ns = parse_time_ns("--threshold", optarg);
			break;
		case OPT_CALL_THRESHOLD:
			s->record.call_threshold_ns = parse_time_ns("--call-threshold", optarg);
			call_given = true;
			break;
		case OPT_FOLLOW: s->record.no_follow = false; break;
		case OPT_NO_FOLLOW: s->record.no_follow = true; break;
		case OPT_ONLY: add_filter(s, CT_FILTER_ONLY, "--only", optarg); break;
		case OPT_SKIP: add_filter(s, CT_FILTER_SKIP, "--skip", optarg); break;
		case OPT_SCHED: s->record.sched = parse_sched(optarg); break;
		case OPT_SCHED_SOURCE: s->record.sched_from = parse_sched_source(optarg); break;
		case OPT_BEST_EFFORT: s->best_effort = true; break;
		case 'h':
		case OPT_HELP: fputs(usage_text, stdout); exit(0);
		case OPT_VERSION: puts("ctrace-run " CTRACE_VERSION); exit(0);
		case ':': bad_usage("an argument is missing after", argv[optind - 1]);
		default: bad_usage("unknown option", argv[optind - 1]);
		}
	}
	if (!s->record.wait_threshold_ns && !call_given)
		s->record.call_threshold_ns = 0;
	if (optind >= argc)
		bad_usage("no program given", NULL);
	if (s->record.output && !*s->record.output)
		bad_usage("-o wants a file name", NULL);
}

/*
 * Variables for programs preloaded without us.  They reach the program, which says nothing about what it cannot make sense of; so it is
 * said here, once.
 */
static void check_environment(void)
{
	const char *threshold = getenv("CTRACE_THRESHOLD"), *dir = getenv("CTRACE_DIR");
	bool bad_threshold = threshold && threshold[strspn(threshold, "0123456789")], bad_dir;
	struct stat st;

	bad_dir = dir && *dir && (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode));
	if (bad_threshold || bad_dir)
		fprintf(stderr, "ctrace-run: %s%s%s ignored: %s\n",
			bad_threshold ? "CTRACE_THRESHOLD" : "",
			bad_threshold && bad_dir ? " and " : "", bad_dir ? "CTRACE_DIR" : "",
			bad_threshold ? "not a number of microseconds" : "not a folder");
}

/* The recorder's object: beside this program in a build tree, in ../lib/ctrace when installed. */
static int find_preload(char *to, size_t room)
{
	static const char *const places[] = {"%s/libctrace.so", "%s/../lib/ctrace/libctrace.so"};
	char exe[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t i;
	char *dir;

	exe[n > 0 ? n : 0] = 0;
	dir = dirname(exe);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), places[i], dir);
#pragma GCC diagnostic pop
		if (access(path, R_OK) == 0 && realpath(path, exe)) {
			if (strpbrk(exe, " :")) {
				fprintf(stderr,
					"ctrace-run: %s: LD_PRELOAD cannot name a path with a "
					"space or colon\n",
					exe);
				return -1;
			}
			return snprintf(to, room, "%s", exe) < (int)room ? 0 : -1;
		}
	}
	fprintf(stderr, "ctrace-run: libctrace.so is neither in %s nor in %s/../lib/ctrace\n", dir,
		dir);
	return -1;
}

static int make_env(struct ct_child_env *env, const char *preload, const char *arena,
		    const struct ct_program *p)
{
	const char *before = getenv("LD_PRELOAD");
	char own[PATH_MAX];
	int n;

	n = snprintf(own, sizeof(own), "%s%s%s", p->wants_first, p->wants_first[0] ? ":" : "",
		     preload);
	if (n < 0 || n >= (int)sizeof(own))
		return -1;
	/* what was preloaded already stays in front, as it would be without us */
	n = snprintf(env->preload, sizeof(env->preload), "%s%s%s", before && *before ? before : "",
		     before && *before ? ":" : "", own);
	if (n < 0 || n >= (int)sizeof(env->preload))
		return -1;
	return snprintf(env->arena, sizeof(env->arena), "%s", arena) < (int)sizeof(env->arena) ? 0
											       : -1;
}

static void tell_exec(const struct ct_program *p, int err)
{
	fprintf(stderr, "ctrace-run: %s: %s\n", p->path, strerror(err));
}

/* One that the preloaded object does not get into is recorded if the kernel tells when its threads run. */
static bool only_switches(const struct ct_program *p, const struct settings *s, pid_t pid)
{
	return p->status && p->what && ct_sched_can(s->record.sched, s->record.sched_from, pid);
}

/* Why it is not traced; false: then it is not run either. */
static bool tell_refused(const struct ct_program *p, const struct settings *s)
{
	bool runs = p->runnable && s->best_effort;

	fprintf(stderr, "ctrace-run: %s%s\n", p->why, runs ? "; running it untraced" : "");
	return runs;
}

/* No recording: the program still runs, which is what it was started for. */
static _Noreturn void run_untraced(struct ct_child *child, const struct ct_program *p)
{
	int err = ct_child_go(child, NULL);

	if (err)
		tell_exec(p, err);
	ct_child_wait(child);
	ct_child_mirror(child);
}

/* Processes that the program left behind go on being recorded, by a copy of us that nobody waits for. */
static void leave_rest(struct ct_recording *r, const struct ct_child *child)
{
	int null, fd, there[2];
	unsigned n;
	char byte;

	if (!ct_record_goes_on(r))
		return;
	n = ct_reap_living(&r->reap);
	if (!r->options->quiet && n > 1)
		fprintf(stderr,
			"ctrace-run: %u processes are still running; %s is complete when they have "
			"ended\n",
			n, r->output);
	else if (!r->options->quiet)
		fprintf(stderr,
			"ctrace-run: a process is still running; %s is complete when it has "
			"ended\n",
			r->output);
	if (pipe2(there, O_CLOEXEC))
		there[0] = there[1] = -1;
	if (fork() != 0) {
		/* what is ours alone until the copy has it too */
		close(there[1]);
		while (read(there[0], &byte, 1) < 0 && errno == EINTR)
			;
		ct_child_mirror(child);
	}
	ct_sched_forked(&r->sched);
	close(there[0]);
	close(there[1]);
	setsid();
	/* nobody's terminal or pipe is kept open by a recorder in the background */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	ct_record_rest(r);
	ct_record_finish(r);
	_exit(0);
}

static void conclude(struct ct_recording *r, const struct ct_child *child)
{
	leave_rest(r, child);
	ct_record_finish(r);
	if (r->trouble[0])
		fprintf(stderr, "ctrace-run: %s%s%s\n", r->trouble,
			strstr(r->trouble, "cannot write") ? "; the trace is in " : "",
			strstr(r->trouble, "cannot write") ? r->output : "");
	ct_snapshot_tell(&r->snapshots, stderr, r->options->quiet);
	if (!r->options->quiet)
		ct_view_summary(stderr, r->output);
}

int main(int argc, char **argv)
{
	static struct settings settings;
	static struct ct_program program;
	static struct ct_child_env env;
	static struct ct_recording recording;
	static char preload[PATH_MAX];
	struct ct_child child;
	char name[NAME_MAX + 1];
	const char *base;
	int err;

	ct_child_fill_standard();
	parse(argc, argv, &settings);
	check_environment();
	argv += optind;
	ct_program_find(&program, argv[0]);
	if (program.status && !program.what && !tell_refused(&program, &settings))
		return program.status;
	if ((!program.status || program.what) && find_preload(preload, sizeof(preload)) < 0)
		return FAIL_STATUS;
	base = strrchr(argv[0], '/');
	snprintf(name, sizeof(name), "%.*s", NAME_MAX - 32, base ? base + 1 : argv[0]);
	err = ct_child_fork(&child);
	if (err) {
		fprintf(stderr, "ctrace-run: cannot start a process: %s\n", strerror(-err));
		return FAIL_STATUS;
	}
	if (child.pid == 0)
		ct_child_run(&child, program.path, argv);
	if (program.status && !only_switches(&program, &settings, child.pid)) {
		if (program.what && !tell_refused(&program, &settings))
			return program.status;
		run_untraced(&child, &program);
	}
	if (program.what)
		fprintf(stderr,
			"ctrace-run: %s is %s: only when its threads ran is recorded, not what "
			"they waited for\n",
			argv[0], program.what);
	err = ct_record_open(&recording, &settings.record, name, child.pid);
	if (err) {
		fprintf(stderr, "ctrace-run: not recording: %s\n", recording.trouble);
		run_untraced(&child, &program);
	}
	if (make_env(&env, preload, recording.store.path, &program) < 0) {
		fprintf(stderr, "ctrace-run: not recording: LD_PRELOAD would be too long\n");
		run_untraced(&child, &program);
	}
	err = ct_child_go(&child, !program.what || program.obeys ? &env : NULL);
	if (err)
		tell_exec(&program, err);
	else if (program.what)
		ct_record_unreached(&recording, child.pid, program.path, argv, program.what);
	ct_record_run(&recording, &child);
	conclude(&recording, &child);
	ct_child_mirror(&child);
}
