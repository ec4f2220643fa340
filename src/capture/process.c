/*
 * process.c - the rows of the process table: a process takes one, and a parent that has waited for a child writes how that ended.
 *
 * How a process ends nobody can write but somebody else.  ctrace-run asks the kernel (src/run/ending.c), but a process may have come and
 * gone before ctrace-run knew of it; its parent, when it waits for it, is told by the kernel whatever happens.
 */
#include "capture/capture.h"
#include "file/namespace.h"

#include "sys/poison.h"

#define LOOK_BACK 2048 /* rows: a child that has as many younger ones is left to ctrace-run */

bool ct_process_begin(uint32_t forked_from)
{
	struct ct_region *r = ct_arena_region(ct_cap.arena.header, CT_REGION_PROCESSES);
	uint64_t limit = atomic_load_explicit(&ct_cap.arena.shared->limit[CT_REGION_PROCESSES],
					      memory_order_acquire);
	uint64_t i = atomic_load_explicit(&r->used, memory_order_relaxed);
	struct ct_process_rec *p;

	if (i < limit)
		i = atomic_fetch_add_explicit(&r->used, 1, memory_order_relaxed);
	if (i >= limit) {
		atomic_fetch_add_explicit(&ct_cap.arena.header->lost[CT_LOSS_NO_SLOT], 1,
					  memory_order_relaxed);
		return false;
	}
	p = &ct_cap.arena.processes[i];
	p->pid = (uint32_t)ct_getpid();
	p->ppid = (uint32_t)ct_syscall1(__NR_getppid, 0);
	p->forked_from = forked_from;
	p->begin_ticks = ct_now();
	p->flags = ct_cap.flags;
	p->exit_status = CT_EXIT_UNKNOWN;
	p->pid_namespace = forked_from ? 0 : ct_cap.pid_namespace;
	if (forked_from) {
		const struct ct_process_rec *parent = &ct_cap.arena.processes[forked_from - 1];

		p->exe = parent->exe;
		p->cmdline = parent->cmdline;
		p->glibc = parent->glibc;
	}
	ct_cap.process = (uint32_t)i;
	atomic_store_explicit(&p->state, CT_PROC_LIVE, memory_order_release);
	return true;
}

/* --- the end of a child ---------------------------------------------------------------------------------------------------------------- */

void ct_process_reaped(uint32_t pid, uint32_t status)
{
	const struct ct_region *r;
	uint64_t limit, i, own, steps;

	if (!ct_cap.arena.header)
		return;
	r = ct_arena_region(ct_cap.arena.header, CT_REGION_PROCESSES);
	limit = atomic_load_explicit(&ct_cap.arena.shared->limit[CT_REGION_PROCESSES],
				     memory_order_relaxed);
	i = atomic_load_explicit(&r->used, memory_order_acquire);
	if (i > limit)
		i = limit;
	own = ct_process_namespace(ct_cap.arena.processes, ct_cap.process);
	for (steps = 0; i-- > 0 && own && steps < LOOK_BACK; steps++) {
		struct ct_process_rec *p = &ct_cap.arena.processes[i];
		uint32_t unknown = CT_EXIT_UNKNOWN;
		uint64_t no_end = 0;

		if (p->pid != pid ||
		    atomic_load_explicit(&p->state, memory_order_acquire) < CT_PROC_LIVE ||
		    ct_process_namespace(ct_cap.arena.processes, (uint32_t)i) != own)
			continue;
		/*
		 * The newest is the image that ended.  Somebody else's child of this number is of another time; and where we are a forked
		 * child without a row, the row we have here is our parent's, and no child names it as its own.
		 */
		if (p->ppid != ct_cap.arena.processes[ct_cap.process].pid)
			return;
		atomic_compare_exchange_strong_explicit(&p->end_ticks, &no_end, ct_now(),
							memory_order_relaxed, memory_order_relaxed);
		atomic_compare_exchange_strong_explicit(&p->exit_status, &unknown, status,
							memory_order_relaxed, memory_order_relaxed);
		return;
	}
}
