/*
 * cmd_info.c - `ctrace info`.
 */
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "views/analyze/coverage.h"

static const char help[] =
	"usage: ctrace info [options] TRACE\n"
	"       ctrace info --coverage [--json]\n"
	"\n"
	"What recorded a trace and how, how many records of each kind are in it, what it costs in\n"
	"bytes, its processes, its modules with the state of their symbols, and what was lost.\n"
	"\n"
	"  --coverage    every function that is wrapped, what is recorded of it and what ends its\n"
	"                wait, and those left alone with the reason; no trace is needed\n"
	"  --blind       only where the processes can wait unseen: modules with system calls of\n"
	"                their own, loaded past ctrace, or made while the program "
	"ran\n" CT_HELP_COMMON "\n"
	"The size of a trace is told for each record of a wait or a wake; an arena has none, "
	"because it\n"
	"has its full size from the start.\n"
	"\n" CT_HELP_JSON_HEAD
	"  container, finished, live, recorder, host, kernel, clock, policy, wait_threshold_ns,\n"
	"  call_threshold_ns, start_mono_ns, start_real_ns, duration_ns, records, waits, wakes,\n"
	"  short_waits, file_bytes, chunk_bytes, raw_bytes, chunks, bytes_per_record,\n"
	"  events {name: records}, processes [pid, ppid, exe, command, ended, status],\n"
	"  modules [path, symbols, status], blind [process (an index), pid, kind, path, detail, "
	"count],\n"
	"  losses [reason, thread, tid, lost_records, from_ns, to_ns]\n"
	"\n"
	"JSON of --coverage: wrapped [symbol, symbol_version, same_as, tier, event, op, wakes,\n"
	"  returns, params], left_alone [tier, why, symbols], libc, libc_exports,\n"
	"  libc_wrapped, libc_left_alone, of_others\n"
	"\n"
	"example: ctrace info --json server.ctrace\n";

int ct_cmd_info(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 1}};
	int status = ct_args_parse(&a, CT_ARGS_COVERAGE | CT_ARGS_BLIND, help, argc, argv);

	if (status >= 0)
		return status;
	if (!a.coverage)
		return ct_args_run(argv[0], &a, ct_view_info);
	status = ct_view_coverage(stdout, NULL, a.view.json, a.view.width);
	if (status) {
		fprintf(stderr, "ctrace info: %s\n", strerror(-status));
		return CT_EXIT_USAGE;
	}
	return ct_args_finish(argv[0], 0);
}
