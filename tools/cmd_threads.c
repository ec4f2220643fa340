/*
 * cmd_threads.c - `ctrace threads`.
 */
#include "args.h"
#include "cmd.h"
#include "model/classify.h"

static const char help[] =
	"usage: ctrace threads [options] TRACE\n"
	"\n"
	"Every thread, the one that waited longest first: how long it lived, ran, was ready to\n"
	"run, and waited, by reason.  outside is off the CPU in no recorded wait.  Where nobody\n"
	"recorded when threads had a CPU, what is left of its life is one figure, the rest, and\n"
	"run and ready are sums of the kernel's (schedstat).  I/O are all calls on descriptors\n"
	"that are not for others.\n"
	"\n"
	"  --top N       threads or groups, default 50\n"
	"  --group BY    threads taken together by name or by start: start routine.  Of each\n"
	"                group how long its threads ran, were ready and were "
	"blocked\n" CT_HELP_FILTER CT_HELP_COMMON "\n" CT_IDLE_RULE "\n" CT_HELP_JSON_HEAD
	"  threads [thread, tid, serial, pid, parent_tid, ended, begin_ns, end_ns, lived_ns,\n"
	"  rest_ns, recorded_waits, abandoned, abandoned_at_most_ns,\n"
	"  by_reason {contention, others, io, calls, sleep, idle: {waits, total_ns}}, source,\n"
	"  schedstat {run_ns, ready_ns, turns, unread_ns},\n"
	"  states {running_ns, system_call_ns, woken_ns, preempted_ns, blocked_ns, short_ns,\n"
	"  outside_ns, awake_ns, paused_ns, stopped_ns, awake_run_ns, awake_ready_ns,\n"
	"  blocked_by_reason,\n"
	"  woken, woken_max_ns, preempted, preempted_max_ns, migrations}];\n"
	"  with --group instead groups [{group, count, run, ready, blocked, not_seen:\n"
	"  {total_ns, min_ns, mean_ns, p50_ns, p99_ns, max_ns}}]; without switches rest, blocked,\n"
	"  (where schedstat was read) run, ready, not_read\n"
	"\n"
	"example: ctrace threads --process nginx server.ctrace\n";

int ct_cmd_threads(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 50}};
	int status =
		ct_args_parse(&a, CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_GROUP, help, argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_threads);
}
