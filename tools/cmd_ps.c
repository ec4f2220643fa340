/*
 * cmd_ps.c - `ctrace ps`.
 */
#include "arenas.h"
#include "args.h"
#include "cmd.h"
#include "views/analyze/tree.h"

static const char help[] =
	"usage: ctrace ps [options] [TRACE]\n"
	"\n"
	"The processes of a trace as a tree: pid, when it began (seconds after the start),\n"
	"how long it lived, threads, waits and time waited, how it ended, and its command\n"
	"line. exec: it went on as the program below it. unknown: nobody of ctrace's saw\n"
	"how.\n"
	"\n"
	"Without a trace, the processes that are being traced now: pid, ctrace-run's pid\n"
	"(0: there is none), age, waits so far, threads that are blocked, command, and the\n"
	"live trace.\n"
	"\n" CT_HELP_COMMON "\n"
	"JSON: command, version, processes [index, parent (an index), pid, ppid,\n"
	"  outside_pid (as seen by ctrace-run), forked, recorded, exe, command, begin_ns,\n"
	"  end_ns, lived_ns, end (running, exited, signal, exec or unknown), exit, signal,\n"
	"  core, next (an index), looks (of ctrace-run at its mappings), threads, waits,\n"
	"  waited_ns]; with a trace also trace, lost, notes;\n"
	"  without: processes [pid, command, recorder_pid, trace, age_ns, threads, blocked,\n"
	"  waits]\n"
	"\n"
	"example: ctrace ps make.ctrace\n";

static int list_living(const char *command, const struct ct_args *a)
{
	size_t n;
	char **paths = ct_arenas_find(&n);
	int shown = ct_view_ps(stdout, (const char *const *)paths, n, &a->view);

	ct_arenas_free(paths, n);
	return ct_args_finish(command, shown < 0 ? CT_EXIT_DAMAGED : 0);
}

int ct_cmd_ps(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 1}};
	int status = ct_args_parse(&a, CT_ARGS_MAYFILE, help, argc, argv);

	if (status >= 0)
		return status;
	return a.path ? ct_args_run(argv[0], &a, ct_view_tree) : list_living(argv[0], &a);
}
