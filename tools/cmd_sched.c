/*
 * cmd_sched.c - `ctrace sched`.
 */
#include "args.h"
#include "cmd.h"

static const char help[] =
	"usage: ctrace sched [options] TRACE\n"
	"\n"
	"Waiting for a CPU: how long threads that were woken or preempted waited until they had\n"
	"one again, the longest such waits and who ran there instead, how many threads ran and\n"
	"were ready over time, which of them had which CPU and what that was otherwise: others\n"
	"(programs that are not traced, and the kernel itself), idle, stolen (a virtual machine\n"
	"had to stand still) or not known; and which locks were waited for while their holder had\n"
	"no CPU.\n"
	"\n"
	"  --top N       of the longest, default 10\n" CT_HELP_FILTER CT_HELP_COMMON "\n"
	"Where the kernel told of wakings (ctrace-run --sched-source=bpf) a thread is woken when\n"
	"the kernel says, whoever did it.  Elsewhere one that was woken by somebody who is not\n"
	"traced, or by a timer, counts as blocked until it runs.\n"
	"\n" CT_HELP_JSON_HEAD "  cpus, seen_ns, ran_ns, ready_ns, not_seen_ns, migrations,\n"
	"  woken, preempted {count, total_ns, p50_ns, p99_ns, max_ns,\n"
	"  histogram [{about_ns, count}]}, longest [{thread, tid, pid, state, from_ns, delay_ns,\n"
	"  cpu, waker_thread, waker_tid, waker_pid, waker_unseen_tid,\n"
	"  instead [{thread, tid, ran_ns}], others_or_idle_ns}],\n"
	"  over_time_from_ns, slice_ns, over_time [{running, ready}],\n"
	"  each_cpu [{cpu, ran_ns, others_or_idle_ns, not_seen_ns, others_ns, idle_ns, stolen_ns,\n"
	"  unknown_ns, stolen_more_ns, right_to_ns, turns,\n"
	"  over_time [{running, most_tid, most, others, idle, stolen, unknown}]}],\n"
	"  preempted_holders [{name, lost_ns, total_ns, held_by}]\n"
	"\n"
	"example: ctrace sched --top 3 server.ctrace\n";

int ct_cmd_sched(int argc, char **argv)
{
	struct ct_args a = {.view = {.top = 10}};
	int status = ct_args_parse(&a, CT_ARGS_FILTER | CT_ARGS_TOP, help, argc, argv);

	return status >= 0 ? status : ct_args_run(argv[0], &a, ct_view_sched);
}
