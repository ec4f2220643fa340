/*
 * cmd_regions.c - `ctrace regions`.
 */
#include "args.h"
#include "cmd.h"

static const char help[] =
	"usage: ctrace regions [options] TRACE\n"
	"\n"
	"What threads said they were doing (regions of ctrace/ctrace.h): by name how many, how\n"
	"long, and below that how many took less than a microsecond, ten, and so on.  Regions\n"
	"inside another count in both.  Those without an end are counted apart and are in no\n"
	"other figure.\n"
	"\n"
	"  --each        the longest single ones, and what their threads did in them: running,\n"
	"                runnable, blocked by kind\n"
	"  --label K=V   only regions whose thread had this label at their begin or end\n"
	"  --top N       at most N (default 20)\n" CT_HELP_FILTER CT_HELP_COMMON "\n"
	"A region is chosen by its thread and by the time of its end.  Where it is not recorded\n"
	"when threads had a CPU, what lies between waits is \"awake\": running or runnable.\n"
	"\n" CT_HELP_JSON_HEAD "  regions_in_all, nameless_ends; names [{name, count, unended, "
	"unbegun, total_ns,\n"
	"  p50_ns, p90_ns, p99_ns, max_ns, histogram [{at_least_ns, count}]}], names_in_all;\n"
	"  with --each: regions [{name, tid, pid, thread, task, in, labels {}, begin_ns, "
	"duration_ns,\n"
	"  ended, begun, crosses, split {running_ns, runnable_ns, blocked_ns {kind},\n"
	"  outside_ns, awake_ns, paused_ns, before_ns, unknown_ns}}]\n"
	"\n"
	"example: ctrace regions --each --top 5 server.ctrace\n";

int ct_cmd_regions(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 20}};
	int status = ct_args_parse(&a, CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_EACH | CT_ARGS_LABEL,
				   help, argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_regions);
}
