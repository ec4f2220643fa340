/*
 * cmd_counters.c - `ctrace counters`.
 */
#include "args.h"
#include "cmd.h"

static const char help[] =
	"usage: ctrace counters [options] TRACE\n"
	"\n"
	"The time of a trace in twenty slices: how many threads were in which state, how much\n"
	"memory the processes had, their context switches and page faults, and how many CPUs\n"
	"they used.  Columns that do not fit are left out.\n"
	"\n" CT_HELP_FILTER CT_HELP_COMMON "\n"
	"Memory, switches, faults and cpu are of whole processes, of all their threads.\n"
	"\n" CT_HELP_JSON_HEAD "  switches_recorded, processes, processes_counted, slice_ns,\n"
	"  over_time [{from_ns, running, system_call, ready, blocked, outside, not_seen,\n"
	"  resident_bytes, anonymous_bytes, voluntary, involuntary, minor_faults, major_faults,\n"
	"  cpu_ns, system_ns}], all {the same of the whole time}\n"
	"\n"
	"example: ctrace counters --process mariadbd server.ctrace\n";

int ct_cmd_counters(int argc, char **argv)
{
	struct ct_args a = {0};
	int status = ct_args_parse(&a, CT_ARGS_FILTER, help, argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_counters);
}
