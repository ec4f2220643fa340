/*
 * cmd_report.c - `ctrace report`.
 */
#include "args.h"
#include "cmd.h"
#include "model/classify.h"

static const char help[] =
	"usage: ctrace report [options] TRACE\n"
	"\n"
	"The answer on one page.  The first line says what most of the waiting was for and who "
	"held it;\n"
	"then follow the time by reason and the objects of each reason.\n"
	"\n"
	"  --top N       objects for each reason, default 5\n"
	"  --each        every object on its own; not arrays and creation sites "
	"together\n" CT_HELP_FILTER CT_HELP_COMMON "\n"
	"Reasons: contention is waiting for a mutex, read-write lock or spin lock that somebody "
	"holds;\n"
	"waiting for others is for a signal, post, barrier, join, socket or pipe; input and output "
	"is\n"
	"on files, and every call below the threshold.  For calls the figures count all, also "
	"those\n"
	"that did not block.  Sleep and idle have no share of the waiting: nobody kept the "
	"thread.\n"
	"\n" CT_IDLE_RULE "\n" CT_HELP_JSON_HEAD
	"  answer, deadlocks, program, pid, duration_ns, threads, processes, recorded_waits, "
	"short_waits,\n"
	"  abandoned, abandoned_at_most_ns, waited_ns, by_reason, objects [\n" CT_HELP_ROW "]\n"
	"\n"
	"example: ctrace report --from 2 --to 3.5 server.ctrace\n";

int ct_cmd_report(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 5, .stacks = 1}};
	int status =
		ct_args_parse(&a, CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_EACH, help, argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_report);
}
