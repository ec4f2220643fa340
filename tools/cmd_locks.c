/*
 * cmd_locks.c - `ctrace locks`.
 */
#include "args.h"
#include "cmd.h"
#include "model/classify.h"

static const char help[] =
	"usage: ctrace locks [options] TRACE\n"
	"\n"
	"Every lock, condition variable, semaphore, barrier, once, futex and join that threads "
	"waited\n"
	"on, and locks of files, most time first: how often, how long in all, median, 99th\n"
	"percentile and longest wait;\n"
	"then where threads waited, where those they waited for let go, and which threads these "
	"were.\n"
	"\n"
	"  --top N       objects in each section, default 20\n"
	"  --stacks N    stacks and threads for each object, default 3; 0: figures only\n"
	"  --each        every object on its own; not arrays and creation sites together\n"
	"  --idle        also objects that idle threads waited on\n" CT_HELP_FILTER CT_HELP_COMMON
	"\n"
	"An object has the name of its variable, else of the place that initialised it, else of "
	"the\n"
	"place that first waited for it.  \"held by\" is where the lock was released to the "
	"waiter, in\n"
	"the thread that had it; shares are of recorded waits, because short ones are only "
	"summed.\n"
	"\"the holder\" is what it did while others waited for it, and in which waits of its own "
	"it\n"
	"was blocked, where ctrace-run recorded when threads had a CPU.\n"
	"\n" CT_IDLE_RULE "\n" CT_HELP_JSON_HEAD
	"  waits, total_ns, objects (idle ones too) [\n" CT_HELP_ROW ",\n"
	"  waiter_stacks, holder_stacks [{waits, total_ns, site, stack [{function, file, line,\n"
	"  inlined, module, offset}], also tid, thread}],\n"
	"  waiters, wakers, owners [{waits, total_ns, tid, thread}],\n"
	"  pairs [{waits, total_ns, waiter_tid, waiter_thread, waker_tid, waker_thread}],\n"
	"  holder_did {running_ns, preempted_ns, blocked_ns, woken_ns, handoff_ns, unseen_ns},\n"
	"  holder_blocked {on [{operation, kind, name, site, total_ns}], outside_ns, unknown_ns}]\n"
	"\n"
	"example: ctrace locks --top 3 --stacks 5 server.ctrace\n";

int ct_cmd_locks(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 20, .stacks = 3}};
	int status = ct_args_parse(
		&a, CT_ARGS_FILTER | CT_ARGS_TOP | CT_ARGS_STACKS | CT_ARGS_EACH | CT_ARGS_IDLE,
		help, argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_locks);
}
