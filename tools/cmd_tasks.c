/*
 * cmd_tasks.c - `ctrace tasks`.
 */
#include "args.h"
#include "cmd.h"

static const char help[] =
	"usage: ctrace tasks [options] TRACE\n"
	"\n"
	"The tasks that a program told of (ctrace/ctrace.h): by name how many, how long from\n"
	"their beginning to their end, and below that how many took less than a microsecond,\n"
	"ten, and so on.  Tasks without an end are counted apart and are in no other figure.\n"
	"\n"
	"  --each        the longest single ones, their time for --from and --to, and what\n"
	"                threads did in their regions: running, runnable, blocked by kind\n"
	"  --log TEXT    only tasks that logged a message with this in it, each as --each does,\n"
	"                and the messages\n"
	"  --label K=V   only tasks that began or ended in a thread with this label\n"
	"  --top N       at most N of each (default 20)\n" CT_HELP_FILTER CT_HELP_COMMON "\n"
	"What is done for a task is what threads do in its regions; one inside another counts\n"
	"once, several threads at once count each.  A task is chosen by the thread it began in\n"
	"and by the time of its end.\n"
	"\n" CT_HELP_JSON_HEAD "  tasks_in_all; names [{name, count, unended, unbegun, total_ns, "
	"p50_ns, p90_ns,\n"
	"  p99_ns, max_ns, histogram [{at_least_ns, count}]}], names_in_all; with\n"
	"  --each or --log: tasks [{task, name, parent, tid, pid, thread, end_tid, end_pid, "
	"end_thread,\n"
	"  labels {}, begin_ns, end_ns, duration_ns, outside_regions_ns, ended, begun, "
	"ended_again,\n"
	"  regions, threads, in_regions_ns, split {running_ns, runnable_ns, blocked_ns {kind},\n"
	"  outside_ns, awake_ns, paused_ns, before_ns, unknown_ns}}]; with --log: "
	"messages_matched,\n"
	"  messages [{at_ns, tid, pid, thread, task, category, message, bytes}]\n"
	"\n"
	"example: ctrace tasks --log trace_id=4bf92f35 server.ctrace\n";

int ct_cmd_tasks(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 20}};
	int status = ct_args_parse(
		&a, CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_EACH | CT_ARGS_LOG | CT_ARGS_LABEL, help,
		argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_tasks);
}
