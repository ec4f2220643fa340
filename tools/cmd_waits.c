/*
 * cmd_waits.c - `ctrace waits`, and `ctrace waits --live`.
 */
#include <stdlib.h>

#include "arenas.h"
#include "args.h"
#include "cmd.h"
#include "model/classify.h"

static const char help[] =
	"usage: ctrace waits [options] TRACE\n"
	"       ctrace waits --live PID\n"
	"\n"
	"The longest single waits: how long, from when on, which thread, for what, who held it "
	"when the\n"
	"wait began, who ended it, and both stacks.  With --live or --blocked instead the waits "
	"that\n"
	"have not ended: what each thread is blocked in now, or was when the trace ended, who "
	"holds\n"
	"it, and deadlocks.  --live also finds the trace of a process that was just killed.\n"
	"\n"
	"  --top N       waits, default 20\n"
	"  --idle        also idle waits\n"
	"  --live PID    of a traced process; ctrace ps lists them\n"
	"  --blocked     what threads were blocked in when the trace ended\n" CT_HELP_FILTER
		CT_HELP_COMMON "\n" CT_IDLE_RULE "\n" CT_HELP_JSON_HEAD
	"  waits [operation, object, reason, unfinished, abandoned, start_ns, start_mono_ns,\n"
	"  duration_ns, result, tid, thread, stack [], owner_tid, owner_last_tid, waker_tid, "
	"waker_thread,\n"
	"  waker_unseen_tid, wake_latency_ns, waker_stack []], deadlocks [[{tid, thread, "
	"operation,\n"
	"  object, site, stack []}]]; with --live also live, threads\n"
	"\n"
	"example: ctrace waits --top 5 --thread worker server.ctrace\n";

int ct_cmd_waits(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 20, .longest = 20}};
	char *found = NULL;
	int status = ct_args_parse(&a, CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_IDLE | CT_ARGS_LIVE,
				   help, argc, argv);

	if (status >= 0)
		return status;
	a.view.longest = a.view.top;
	if (a.live && !a.path) {
		found = ct_arena_of(a.live);
		if (!found) {
			fprintf(stderr,
				"ctrace waits: process %u is not traced, or not ours to see\n",
				a.live);
			return CT_EXIT_USAGE;
		}
		a.path = found;
	}
	if (a.live || a.blocked)
		a.view.longest = 0;
	status = ct_args_run(argv[0], &a, a.live || a.blocked ? ct_view_blocked : ct_view_waits);
	free(found);
	return status;
}
