/*
 * bpf_programs.c - see bpf_programs.h.
 *
 * Registers: 6 the tracepoint's arguments, 7 the filter and then the time, 8 the record's second half, 9 its kind and then its first half.
 */
#include "bpf_programs.h"

#include <stddef.h>
#include <string.h>

enum label {
	LEAVE,
	FIRST_DONE,
	SECOND_DONE,
	KNOWN,
	HAD_IT,
	KEPT,
	OVER,
	ACCOUNTED,
	IN_ALL,
	LONG,
	READY,
	WRITE,
	FULL,
	SOFT,
	HARD,
	TOLD
};

/* Bits of the kernel's preempt_count. */
#define IN_SOFT 0x00000100 /* serving a soft interrupt */
#define IN_HARD 0x00ff0000 /* hard interrupts and those that cannot be masked */

#define STOPPED 0x0c /* bits of a thread's state: by a signal, by a debugger */

#define STACK_BYTES 16384 /* of a thread in the kernel */

static void begin(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	memset(c, 0, sizeof(*c));
	ct_bpf_copy(c, 6, 1);
	ct_bpf_map_value(c, 7, s->filter);
}

static void unless_on_leave(struct ct_bpf_code *c)
{
	ct_bpf_load(c, BPF_DW, 1, 7, offsetof(struct ct_bpf_filter, on));
	ct_bpf_jump(c, BPF_JEQ, 1, 0, LEAVE);
}

/* r1: the process whose bit is asked for -> r1: address of its word, r4: its bit's number; jumps when it can have none. */
static void find_bit(struct ct_bpf_code *c, enum label none)
{
	ct_bpf_jump(c, BPF_JGE, 1, CT_BPF_PIDS, none);
	ct_bpf_copy(c, 4, 1);
	ct_bpf_op(c, BPF_AND, 4, 63);
	ct_bpf_op(c, BPF_RSH, 1, 6);
	ct_bpf_op(c, BPF_LSH, 1, 3);
	ct_bpf_op_with(c, BPF_ADD, 1, 7);
}

/* r2: a thread; jumps when its process is not traced.  Leaves r2 alone. */
static void unless_traced(struct ct_bpf_code *c, const struct ct_bpf_setting *s, enum label go)
{
	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.tgid);
	find_bit(c, go);
	ct_bpf_load(c, BPF_DW, 5, 1, offsetof(struct ct_bpf_filter, traced));
	ct_bpf_op_with(c, BPF_RSH, 5, 4);
	ct_bpf_op(c, BPF_AND, 5, 1);
	ct_bpf_jump(c, BPF_JEQ, 5, 0, go);
}

/* In the order of records and head, so that who sees the head sees the record. */
static void publish(struct ct_bpf_code *c)
{
	ct_bpf_op(c, BPF_ADD, 1, 1);
#if defined(__x86_64__)
	ct_bpf_store(c, BPF_DW, 0, offsetof(struct ct_bpf_ring, head), 1);
#else
	ct_bpf_copy(c, 5, 1);
	ct_bpf_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 0, 5, offsetof(struct ct_bpf_ring, head),
		   BPF_XCHG);
#endif
}

/* r1: head -> r5: address of the record there, less the offset of the first. */
static void find_record(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	ct_bpf_copy(c, 5, 1);
	ct_bpf_op(c, BPF_AND, 5, (int32_t)s->records - 1);
	ct_bpf_op(c, BPF_LSH, 5, 4);
	ct_bpf_op_with(c, BPF_ADD, 5, 0);
}

#define FIRST  ((int)offsetof(struct ct_bpf_ring, record))
#define SECOND (FIRST + (int)offsetof(struct ct_bpf_record, then))

/* r9: the kind -> r7: the time, r9: the record's first half, r0: the ring; jumps when there is none. */
static void find_ring(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	ct_bpf_call(c, BPF_FUNC_ktime_get_ns);
	ct_bpf_copy(c, 7, 0);
	ct_bpf_op(c, BPF_LSH, 0, CT_BPF_NS_SHIFT);
	ct_bpf_op_with(c, BPF_OR, 9, 0);
	ct_bpf_call(c, BPF_FUNC_get_smp_processor_id);
	ct_bpf_store(c, BPF_W, 10, -4, 0);
	ct_bpf_copy(c, 2, 10);
	ct_bpf_op(c, BPF_ADD, 2, -4);
	ct_bpf_map(c, 1, s->rings);
	ct_bpf_call(c, BPF_FUNC_map_lookup_elem);
	ct_bpf_jump(c, BPF_JEQ, 0, 0, LEAVE);
}

/* reg: how long a thread was ready in all -> its low bits, in a record's second half.  Loses reg. */
static void add_ready(struct ct_bpf_code *c, int then, int reg)
{
	ct_bpf_op(c, BPF_RSH, reg, CT_BPF_READY_SHIFT);
	ct_bpf_op(c, BPF_AND, reg, CT_BPF_READY_LONG - 1);
	ct_bpf_op(c, BPF_LSH, reg, 2 * CT_BPF_TID_BITS);
	ct_bpf_op_with(c, BPF_OR, then, reg);
}

/* r8: the record's second half, from a thread -> r4: where it is kept what that one had run, r1: its tid. */
static void find_left(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	ct_bpf_map_value(c, 4, s->filter);
	ct_bpf_op(c, BPF_ADD, 4, (int32_t)offsetof(struct ct_bpf_filter, left));
	ct_bpf_copy(c, 1, 8);
	ct_bpf_op(c, BPF_AND, 1, CT_BPF_LEFT - 1);
	ct_bpf_op(c, BPF_LSH, 1, CT_BPF_LEFT_SHIFT);
	ct_bpf_op_with(c, BPF_ADD, 4, 1);
	ct_bpf_copy(c, 1, 8);
	ct_bpf_op(c, BPF_AND, 1, (1 << CT_BPF_TID_BITS) - 1);
}

/* The same, and reg: what it has run by now -> kept. */
static void keep_left(struct ct_bpf_code *c, const struct ct_bpf_setting *s, int reg)
{
	find_left(c, s);
	ct_bpf_store(c, BPF_DW, 4, offsetof(struct ct_bpf_left, tid), 1);
	ct_bpf_store(c, BPF_DW, 4, offsetof(struct ct_bpf_left, ran), reg);
}

/*
 * When the thread that leaves came, of which nothing was told -> r3: by how much more it has run since it left a CPU before.  Where that is not
 * known, since the kernel chose it: which it does again in the middle of a turn, and for every thread that ends.  Loses r1, r2 and r4.
 */
static void came_when(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	const unsigned from = s->kernel.point[CT_BPF_SWITCH].task[0];

	find_left(c, s);
	ct_bpf_load(c, BPF_DW, 3, 4, offsetof(struct ct_bpf_left, tid));
	ct_bpf_op_with(c, BPF_SUB, 3, 1);
	ct_bpf_store(c, BPF_DW, 4, offsetof(struct ct_bpf_left, tid), 1);
	ct_bpf_load(c, BPF_DW, 1, 4, offsetof(struct ct_bpf_left, ran));
	ct_bpf_jump(c, BPF_JEQ, 3, 0, KEPT);
	ct_bpf_load(c, BPF_DW, 1, 6, from);
	ct_bpf_load(c, BPF_DW, 1, 1, s->kernel.ran_before);
	ct_bpf_here(c, KEPT);
	ct_bpf_load(c, BPF_DW, 2, 6, from);
	ct_bpf_load(c, BPF_DW, 2, 2, s->kernel.ran);
	ct_bpf_store(c, BPF_DW, 4, offsetof(struct ct_bpf_left, ran), 2);
	ct_bpf_op_with(c, BPF_SUB, 2, 1);
	ct_bpf_copy(c, 3, 7);
	ct_bpf_op_with(c, BPF_SUB, 3, 2);
}

/*
 * There are kernels that do not tell of some switches: what a thread of ours got the CPU with is found when it leaves it.  r1: its tid.
 * In the ring that has no room for it, it counts as nothing: the record that follows is the one that is missed.
 */
static void tell_unseen(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	ct_bpf_copy(c, 3, 1);
	ct_bpf_load(c, BPF_DW, 1, 0, offsetof(struct ct_bpf_ring, head));
	ct_bpf_load(c, BPF_DW, 2, 0, offsetof(struct ct_bpf_ring, tail));
	ct_bpf_copy(c, 4, 1);
	ct_bpf_op_with(c, BPF_SUB, 4, 2);
	ct_bpf_jump(c, BPF_JGE, 4, (int32_t)s->records, ACCOUNTED);
	ct_bpf_op(c, BPF_LSH, 3, CT_BPF_TID_BITS);
	find_record(c, s);
	ct_bpf_load(c, BPF_DW, 4, 6, s->kernel.point[CT_BPF_SWITCH].task[0]);
	if (s->kernel.ready) {
		ct_bpf_load(c, BPF_DW, 2, 4, s->kernel.ready);
		add_ready(c, 3, 2);
	}
	ct_bpf_store(c, BPF_DW, 5, SECOND, 3);
	came_when(c, s);
	ct_bpf_op(c, BPF_LSH, 3, CT_BPF_NS_SHIFT);
	ct_bpf_op(c, BPF_OR, 3, CT_BPF_CAME);
	ct_bpf_store(c, BPF_DW, 5, FIRST, 3);
	ct_bpf_load(c, BPF_DW, 1, 0, offsetof(struct ct_bpf_ring, head));
	publish(c);
	ct_bpf_jump(c, BPF_JA, 0, 0, ACCOUNTED);
}

/*
 * What the thread that leaves, if it is ours, has had too much by the kernel's account -> the record.  How long it ran until it came is kept: what the
 * kernel has for that begins anew whenever it chose the same thread again, or gave it other CPUs to choose from.
 */
static void account_turn(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	const struct ct_bpf_tracepoint *p = &s->kernel.point[CT_BPF_SWITCH];

	ct_bpf_copy(c, 1, 8);
	ct_bpf_op(c, BPF_AND, 1, (1 << CT_BPF_TID_BITS) - 1); /* from */
	ct_bpf_load(c, BPF_DW, 2, 0, offsetof(struct ct_bpf_ring, on));
	ct_bpf_load(c, BPF_DW, 5, 0, offsetof(struct ct_bpf_ring, since));
	ct_bpf_copy(c, 3, 8);
	ct_bpf_op(c, BPF_RSH, 3, CT_BPF_TID_BITS); /* to */
	ct_bpf_store(c, BPF_DW, 0, offsetof(struct ct_bpf_ring, on), 3);
	ct_bpf_store(c, BPF_DW, 0, offsetof(struct ct_bpf_ring, since), 7);
	if (!s->kernel.ran)
		return;
	ct_bpf_load(c, BPF_DW, 3, 0, offsetof(struct ct_bpf_ring, ran));
	ct_bpf_load(c, BPF_DW, 4, 6, p->task[1]);
	ct_bpf_load(c, BPF_DW, 4, 4, s->kernel.ran);
	ct_bpf_store(c, BPF_DW, 0, offsetof(struct ct_bpf_ring, ran), 4);
	ct_bpf_jump(c, BPF_JEQ, 1, 0, ACCOUNTED);
	ct_bpf_op_with(c, BPF_SUB, 2, 1);
	ct_bpf_jump(c, BPF_JEQ, 2, 0, HAD_IT);
	tell_unseen(c, s);
	ct_bpf_here(c, HAD_IT);
	ct_bpf_load(c, BPF_DW, 4, 6, p->task[0]);
	ct_bpf_load(c, BPF_DW, 2, 4, s->kernel.ran);
	keep_left(c, s, 2);
	ct_bpf_op_with(c, BPF_SUB, 2, 3);
	ct_bpf_copy(c, 1, 7);
	ct_bpf_op_with(c, BPF_SUB, 1, 5);
	ct_bpf_op_with(c, BPF_SUB, 1, 2);
	ct_bpf_copy(c, 2, 1);
	ct_bpf_op(c, BPF_ADD, 1, CT_BPF_OVER_MOST);
	ct_bpf_op(c, BPF_RSH, 1, CT_BPF_OVER_SHIFT);
	ct_bpf_jump(c, BPF_JLT, 1, CT_BPF_OVER_LONG, OVER);
	ct_bpf_op(c, BPF_ADD, 2, CT_BPF_LATE_MOST);
	ct_bpf_op(c, BPF_RSH, 2, CT_BPF_LATE_SHIFT);
	ct_bpf_jump(c, BPF_JGE, 2, CT_BPF_OVER_LONG, ACCOUNTED);
	ct_bpf_op(c, BPF_OR, 2, CT_BPF_OVER_LONG);
	ct_bpf_copy(c, 1, 2);
	ct_bpf_here(c, OVER);
	ct_bpf_op(c, BPF_LSH, 1, CT_BPF_KIND_BITS);
	ct_bpf_op_with(c, BPF_OR, 9, 1);
	ct_bpf_here(c, ACCOUNTED);
}

/*
 * How long the thread that comes, if it is ours, was ready in all, by the kernel's account, which will have it in a moment -> the record.  The low
 * bits do, unless this time alone was so long that they would not tell it.
 */
static void account_ready(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	const struct ct_bpf_kernel *k = &s->kernel;

	if (!k->ready)
		return;
	ct_bpf_copy(c, 1, 8);
	ct_bpf_op(c, BPF_RSH, 1, CT_BPF_TID_BITS);
	ct_bpf_jump(c, BPF_JEQ, 1, 0, READY);
	ct_bpf_load(c, BPF_DW, 4, 6, k->point[CT_BPF_SWITCH].task[1]);
	ct_bpf_load(c, BPF_DW, 1, 4, k->queued);
	ct_bpf_load(c, BPF_DW, 3, 4, k->ready);
	ct_bpf_jump(c, BPF_JEQ, 1, 0, IN_ALL);
	ct_bpf_load(c, BPF_DW, 4, 4, k->queue);
	ct_bpf_load(c, BPF_DW, 4, 4, k->cpu);
	ct_bpf_load(c, BPF_DW, 2, 4, k->clock);
	ct_bpf_op_with(c, BPF_SUB, 2, 1);
	ct_bpf_op_with(c, BPF_ADD, 3, 2);
	ct_bpf_jump(c, BPF_JSLT, 2, CT_BPF_LONG_FROM, IN_ALL);
	ct_bpf_op(c, BPF_RSH, 2, CT_BPF_LONG_SHIFT);
	ct_bpf_jump(c, BPF_JLT, 2, CT_BPF_READY_LONG, LONG);
	ct_bpf_set(c, 2, CT_BPF_READY_LONG - 1);
	ct_bpf_here(c, LONG);
	ct_bpf_op(c, BPF_OR, 2, CT_BPF_READY_LONG);
	ct_bpf_op(c, BPF_LSH, 2, 2 * CT_BPF_TID_BITS);
	ct_bpf_op_with(c, BPF_OR, 8, 2);
	ct_bpf_jump(c, BPF_JA, 0, 0, READY);
	ct_bpf_here(c, IN_ALL);
	add_ready(c, 8, 3);
	ct_bpf_here(c, READY);
}

/* r0: the ring, r8 and r9: the record.  Ends the program. */
static void write_record(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	ct_bpf_load(c, BPF_DW, 1, 0, offsetof(struct ct_bpf_ring, head));
	ct_bpf_load(c, BPF_DW, 2, 0, offsetof(struct ct_bpf_ring, tail));
	ct_bpf_load(c, BPF_DW, 3, 0, offsetof(struct ct_bpf_ring, lost));
	ct_bpf_copy(c, 4, 1);
	ct_bpf_op_with(c, BPF_SUB, 4, 2);
	ct_bpf_jump(c, BPF_JEQ, 3, 0, WRITE);

	/* some had no room: say so first, where there is room for both */
	ct_bpf_jump(c, BPF_JGE, 4, (int32_t)s->records - 1, FULL);
	ct_bpf_op(c, BPF_ADD, 4, 1);
	find_record(c, s);
	ct_bpf_copy(c, 2, 9);
	ct_bpf_op(c, BPF_OR, 2, CT_BPF_LOST);
	ct_bpf_store(c, BPF_DW, 5, FIRST, 2);
	ct_bpf_store(c, BPF_DW, 5, SECOND, 3);
	publish(c);
	ct_bpf_set(c, 3, 0);
	ct_bpf_store(c, BPF_DW, 0, offsetof(struct ct_bpf_ring, lost), 3);

	ct_bpf_here(c, WRITE);
	ct_bpf_jump(c, BPF_JGE, 4, (int32_t)s->records, FULL);
	find_record(c, s);
	ct_bpf_store(c, BPF_DW, 5, FIRST, 9);
	ct_bpf_store(c, BPF_DW, 5, SECOND, 8);
	publish(c);
	ct_bpf_leave(c);

	ct_bpf_here(c, FULL);
	ct_bpf_op(c, BPF_ADD, 3, 1);
	ct_bpf_store(c, BPF_DW, 0, offsetof(struct ct_bpf_ring, lost), 3);
	ct_bpf_here(c, LEAVE);
	ct_bpf_leave(c);
}

/*
 * r2: who leaves -> r9: whether its turn ended before this.  Where nobody else was in the CPU's queue the kernel looked on others', and then either
 * the CPU is idle, or it read its clock again for whom it found there.
 */
static void kind_of_wait(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	ct_bpf_set(c, 9, CT_BPF_RESTS);
	ct_bpf_load(c, BPF_DW, 4, 6, s->kernel.point[CT_BPF_SWITCH].task[1]);
	ct_bpf_load(c, BPF_W, 1, 4, s->kernel.pid);
	ct_bpf_jump(c, BPF_JEQ, 1, 0, KNOWN);
	if (s->kernel.counted) {
		ct_bpf_load(c, BPF_DW, 1, 4, s->kernel.counted);
		ct_bpf_load(c, BPF_DW, 3, 2, s->kernel.counted);
		ct_bpf_op_with(c, BPF_SUB, 1, 3);
		ct_bpf_jump(c, BPF_JSGT, 1, 0, KNOWN);
	}
	ct_bpf_set(c, 9, CT_BPF_WAITS);
}

static void at_switch(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	const struct ct_bpf_tracepoint *p = &s->kernel.point[CT_BPF_SWITCH];

	begin(c, s);
	unless_on_leave(c);
	ct_bpf_set(c, 8, 0);
	ct_bpf_load(c, BPF_DW, 2, 6, p->task[1]);
	unless_traced(c, s, FIRST_DONE);
	ct_bpf_load(c, BPF_W, 8, 2, s->kernel.pid);
	ct_bpf_op(c, BPF_LSH, 8, CT_BPF_TID_BITS);
	ct_bpf_here(c, FIRST_DONE);
	ct_bpf_load(c, BPF_DW, 2, 6, p->task[0]);
	unless_traced(c, s, SECOND_DONE);
	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.pid);
	ct_bpf_op_with(c, BPF_OR, 8, 1);
	ct_bpf_here(c, SECOND_DONE);
	ct_bpf_jump(c, BPF_JEQ, 8, 0, LEAVE);

	/* the first argument: the kernel took the CPU away; without, it did so on its way to sleep or of its own will */
	ct_bpf_set(c, 9, CT_BPF_PREEMPTED);
	ct_bpf_load(c, BPF_DW, 1, 6, 0);
	ct_bpf_op(c, BPF_AND, 1, 0xff);
	ct_bpf_jump(c, BPF_JNE, 1, 0, KNOWN);
	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.state);
	ct_bpf_jump(c, BPF_JEQ, 1, 0, KNOWN);
	ct_bpf_set(c, 9, CT_BPF_STOPS);
	ct_bpf_jump(c, BPF_JSET, 1, STOPPED, KNOWN);
	kind_of_wait(c, s);
	ct_bpf_here(c, KNOWN);
	find_ring(c, s);
	account_turn(c, s);
	account_ready(c, s);
	write_record(c, s);
}

/* reg: the tid of who wakes -> in the record's r8.  Loses reg. */
static void add_waker(struct ct_bpf_code *c, int reg)
{
	ct_bpf_op(c, BPF_LSH, reg, 64 - CT_BPF_TID_BITS);
	ct_bpf_op(c, BPF_RSH, reg, 64 - 2 * CT_BPF_TID_BITS);
	ct_bpf_op_with(c, BPF_OR, 8, reg);
}

/* The same where the thread that runs is not at hand: a call costs 20 ns on a processor whose returns are guarded. */
static void ask_waker(struct ct_bpf_code *c)
{
	ct_bpf_call(c, BPF_FUNC_get_current_pid_tgid);
	add_waker(c, 0);
}

/*
 * r9: which kind of waking; who does it is the thread that runs, unless it was interrupted for it.  An interrupt that comes while the
 * program itself runs is on the thread's own stack, and the thread is then not in a system call; any other has a stack of its own, and so
 * have soft interrupts, even those that a thread runs at the end of its own work.
 */
static void who_wakes(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	const struct ct_bpf_kernel *k = &s->kernel;

	switch (k->context) {
	case CT_BPF_CONTEXT_UNKNOWN:
		ask_waker(c);
		ct_bpf_set(c, 9, CT_BPF_WAKES + CT_WAKING_SOFT); /* perhaps */
		return;
	case CT_BPF_CONTEXT_COUNT:
		ct_bpf_call(c, BPF_FUNC_get_current_task_btf);
		ct_bpf_load(c, BPF_W, 1, 0, k->count);
		ct_bpf_set(c, 9, CT_BPF_WAKES + CT_WAKING_INTERRUPT);
		ct_bpf_jump(c, BPF_JSET, 1, IN_HARD, HARD);
		ct_bpf_load(c, BPF_W, 2, 0, k->pid);
		add_waker(c, 2);
		ct_bpf_set(c, 9, CT_BPF_WAKES + CT_WAKING_SOFT);
		ct_bpf_jump(c, BPF_JSET, 1, IN_SOFT, SOFT);
		break;
	case CT_BPF_CONTEXT_STACK:
		ct_bpf_call(c, BPF_FUNC_get_current_task_btf);
		ct_bpf_copy(c, 9, 0);
		ct_bpf_load(c, BPF_W, 2, 0, k->pid);
		add_waker(c, 2);
		ct_bpf_copy(c, 1, 0);
		ct_bpf_call(c, BPF_FUNC_task_pt_regs);
		ct_bpf_load(c, BPF_DW, 3, 0, k->call);
		ct_bpf_load(c, BPF_DW, 2, 9, k->stack);
		ct_bpf_set(c, 9, CT_BPF_WAKES + CT_WAKING_SOFT);
		ct_bpf_jump(c, BPF_JSLT, 3, 0, SOFT);
		/* low halves do, and no pointer may be calculated with */
		ct_bpf_put(c, BPF_ALU | BPF_MOV | BPF_X, 1, 10, 0, 0);
		ct_bpf_put(c, BPF_ALU | BPF_SUB | BPF_X, 1, 2, 0, 0);
		ct_bpf_jump(c, BPF_JGE, 1, STACK_BYTES, SOFT);
		break;
	}
	ct_bpf_set(c, 9, CT_BPF_WAKES + CT_WAKING_DIRECT);
	ct_bpf_here(c, SOFT);
}

static void at_waking(struct ct_bpf_code *c, const struct ct_bpf_setting *s,
		      enum ct_bpf_point point)
{
	begin(c, s);
	unless_on_leave(c);
	ct_bpf_load(c, BPF_DW, 2, 6, s->kernel.point[point].task[0]);
	unless_traced(c, s, LEAVE);
	ct_bpf_load(c, BPF_W, 8, 2, s->kernel.pid);
	if (point == CT_BPF_NEW) {
		ask_waker(c);
		ct_bpf_set(c, 9, CT_BPF_WAKES + CT_WAKING_NEW);
	} else {
		who_wakes(c, s);
	}
	ct_bpf_here(c, HARD);
	find_ring(c, s);
	write_record(c, s);
}

/* r2: a thread of ours -> a record of it in the lives, on the stack until then.  Loses r2 like all that a call loses. */
static void tell_life(struct ct_bpf_code *c, const struct ct_bpf_setting *s,
		      enum ct_bpf_life_kind kind)
{
	const int at = -(int)sizeof(struct ct_bpf_life);

	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.pid);
	ct_bpf_store(c, BPF_W, 10, at + (int)offsetof(struct ct_bpf_life, tid), 1);
	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.tgid);
	ct_bpf_store(c, BPF_W, 10, at + (int)offsetof(struct ct_bpf_life, pid), 1);
	ct_bpf_call(c, BPF_FUNC_get_current_pid_tgid);
	ct_bpf_store(c, BPF_W, 10, at + (int)offsetof(struct ct_bpf_life, maker), 0);
	ct_bpf_set(c, 1, (int32_t)kind);
	ct_bpf_store(c, BPF_W, 10, at + (int)offsetof(struct ct_bpf_life, kind), 1);
	ct_bpf_call(c, BPF_FUNC_ktime_get_ns);
	ct_bpf_store(c, BPF_DW, 10, at + (int)offsetof(struct ct_bpf_life, ns), 0);
	ct_bpf_map(c, 1, s->lives);
	ct_bpf_copy(c, 2, 10);
	ct_bpf_op(c, BPF_ADD, 2, at);
	ct_bpf_set(c, 3, (int32_t)sizeof(struct ct_bpf_life));
	ct_bpf_set(c, 4, BPF_RB_NO_WAKEUP);
	ct_bpf_call(c, BPF_FUNC_ringbuf_output);
	ct_bpf_jump(c, BPF_JEQ, 0, 0, TOLD);
	ct_bpf_set(c, 1, 1);
	ct_bpf_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 7, 1,
		   offsetof(struct ct_bpf_filter, lives_lost), BPF_ADD);
	ct_bpf_here(c, TOLD);
}

static void at_life(struct ct_bpf_code *c, const struct ct_bpf_setting *s, enum ct_bpf_point point,
		    enum ct_bpf_life_kind kind)
{
	begin(c, s);
	ct_bpf_load(c, BPF_DW, 2, 6, s->kernel.point[point].task[0]);
	unless_traced(c, s, LEAVE);
	tell_life(c, s, kind);
	ct_bpf_here(c, LEAVE);
	ct_bpf_leave(c);
}

static void at_fork(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	const struct ct_bpf_tracepoint *p = &s->kernel.point[CT_BPF_FORK];

	begin(c, s);
	ct_bpf_load(c, BPF_DW, 2, 6, p->task[0]);
	unless_traced(c, s, LEAVE);
	ct_bpf_load(c, BPF_DW, 2, 6, p->task[1]);
	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.tgid);
	find_bit(c, LEAVE);
	ct_bpf_set(c, 3, 1);
	ct_bpf_op_with(c, BPF_LSH, 3, 4);
	ct_bpf_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 3, offsetof(struct ct_bpf_filter, traced),
		   BPF_OR);
	if (s->kernel.ran) {
		ct_bpf_load(c, BPF_W, 8, 2, s->kernel.pid);
		ct_bpf_set(c, 3, 0);
		keep_left(c, s, 3);
	}
	tell_life(c, s, CT_BPF_LIFE_MADE);
	ct_bpf_here(c, LEAVE);
	ct_bpf_leave(c);
}

/* A process is gone when its first thread is; one that executed in place of the first has become it. */
static void at_free(struct ct_bpf_code *c, const struct ct_bpf_setting *s)
{
	begin(c, s);
	ct_bpf_load(c, BPF_DW, 2, 6, s->kernel.point[CT_BPF_FREE].task[0]);
	ct_bpf_load(c, BPF_W, 1, 2, s->kernel.tgid);
	ct_bpf_load(c, BPF_W, 3, 2, s->kernel.pid);
	ct_bpf_op_with(c, BPF_SUB, 3, 1);
	ct_bpf_jump(c, BPF_JNE, 3, 0, LEAVE);
	unless_traced(c, s, LEAVE);
	ct_bpf_set(c, 3, 1);
	ct_bpf_op_with(c, BPF_LSH, 3, 4);
	ct_bpf_op(c, BPF_XOR, 3, -1);
	ct_bpf_put(c, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 3, offsetof(struct ct_bpf_filter, traced),
		   BPF_AND);
	ct_bpf_here(c, LEAVE);
	ct_bpf_leave(c);
}

bool ct_bpf_program(struct ct_bpf_code *c, enum ct_bpf_point point, const struct ct_bpf_setting *s)
{
	switch (point) {
	case CT_BPF_SWITCH: at_switch(c, s); break;
	case CT_BPF_WAKING:
	case CT_BPF_NEW: at_waking(c, s, point); break;
	case CT_BPF_FORK: at_fork(c, s); break;
	case CT_BPF_EXEC: at_life(c, s, point, CT_BPF_LIFE_EXECUTED); break;
	case CT_BPF_EXIT: at_life(c, s, point, CT_BPF_LIFE_GONE); break;
	case CT_BPF_FREE: at_free(c, s); break;
	case CT_BPF_POINTS: return false;
	}
	return ct_bpf_link(c);
}
