/*
 * bpf_kernel.c - see bpf_kernel.h.
 */
#include "bpf_kernel.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The type under typedefs, const and volatile. */
static const struct btf_type *plain(const struct btf *b, unsigned id)
{
	const struct btf_type *t = btf__type_by_id(b, id);

	while (t && (btf_is_typedef(t) || btf_is_mod(t)))
		t = btf__type_by_id(b, t->type);
	return t;
}

/* Byte offset of a member, which may be in members without a name; -1: there is none.  @type: out: its type, may be NULL. */
static int member(const struct btf *b, const struct btf_type *t, const char *name, unsigned *type)
{
	const struct btf_member *m = btf_members(t);
	unsigned i;

	for (i = 0; i < btf_vlen(t); i++) {
		int at = (int)(btf_member_bit_offset(t, i) / 8), deeper;
		const char *is = btf__name_by_offset(b, m[i].name_off);
		const struct btf_type *inner;

		if (is && !strcmp(is, name)) {
			if (type)
				*type = m[i].type;
			return at;
		}
		if (is && *is)
			continue;
		inner = plain(b, m[i].type);
		if (!inner || !btf_is_composite(inner))
			continue;
		deeper = member(b, inner, name, type);
		if (deeper >= 0)
			return at + deeper;
	}
	return -1;
}

static bool is_task(const struct btf *b, unsigned id)
{
	const struct btf_type *t = plain(b, id);

	if (!t || !btf_is_ptr(t))
		return false;
	t = plain(b, t->type);
	return t && btf_is_struct(t) && !strcmp(btf__name_by_offset(b, t->name_off), "task_struct");
}

/* btf_trace_NAME is a pointer to a function whose first argument is not the program's. */
static int learn_point(const struct btf *b, const char *name, unsigned tasks,
		       struct ct_bpf_tracepoint *p)
{
	int id = btf__find_by_name_kind(b, name, BTF_KIND_TYPEDEF);
	const struct btf_type *t = id > 0 ? plain(b, (unsigned)id) : NULL;
	const struct btf_param *param;
	unsigned i, n = 0;

	t = t && btf_is_ptr(t) ? plain(b, t->type) : NULL;
	if (!t || !btf_is_func_proto(t))
		return -ENOENT;
	p->type = (unsigned)id;
	param = btf_params(t);
	for (i = 1; i < btf_vlen(t) && n < tasks; i++)
		if (is_task(b, param[i].type))
			p->task[n++] = (i - 1) * 8;
	return n == tasks ? 0 : -ENOENT;
}

/* aarch64 has its count in the thread.  x86's is in a variable that few kernels give the address of. */
static void learn_context(const struct btf *b, const struct btf_type *task, struct ct_bpf_kernel *k)
{
	unsigned info_type = 0;
	int at = member(b, task, "thread_info", &info_type), inner, stack, regs, call;
	const struct btf_type *t = at >= 0 ? plain(b, info_type) : NULL;

	inner = t && btf_is_struct(t) ? member(b, t, "preempt_count", NULL) : -1;
	if (inner >= 0) {
		k->context = CT_BPF_CONTEXT_COUNT;
		k->count = (unsigned)(at + inner);
		return;
	}
	stack = member(b, task, "stack", NULL);
	regs = btf__find_by_name_kind(b, "pt_regs", BTF_KIND_STRUCT);
	call = regs > 0 ? member(b, btf__type_by_id(b, (unsigned)regs), "orig_ax", NULL) : -1;
	if (stack >= 0 && call >= 0) {
		k->context = CT_BPF_CONTEXT_STACK;
		k->stack = (unsigned)stack;
		k->call = (unsigned)call;
	}
}

static void learn_ran(const struct btf *b, const struct btf_type *task, struct ct_bpf_kernel *k)
{
	unsigned type = 0;
	int at = member(b, task, "se", &type), all, before, counted;
	const struct btf_type *t = at >= 0 ? plain(b, type) : NULL;

	if (!t || !btf_is_struct(t))
		return;
	all = member(b, t, "sum_exec_runtime", NULL);
	before = member(b, t, "prev_sum_exec_runtime", NULL);
	if (all < 0 || before < 0)
		return;
	counted = member(b, t, "exec_start", NULL);
	k->counted = counted < 0 ? 0 : (unsigned)(at + counted);
	k->ran = (unsigned)(at + all);
	k->ran_before = (unsigned)(at + before);
}

/* The struct that a member of a thread's is or points to. */
static const struct btf_type *inner(const struct btf *b, const struct btf_type *t, const char *name,
				    unsigned *at)
{
	unsigned type = 0;
	int off = member(b, t, name, &type);

	t = off >= 0 ? plain(b, type) : NULL;
	if (t && btf_is_ptr(t))
		t = plain(b, t->type);
	*at = off >= 0 ? (unsigned)off : 0;
	return t && btf_is_struct(t) ? t : NULL;
}

/* A thread's queue tells its CPU's only in a kernel that has groups of threads. */
static void learn_queue(const struct btf *b, const struct btf_type *task, struct ct_bpf_kernel *k)
{
	unsigned info, se, queue, cpu;
	const struct btf_type *t = inner(b, task, "sched_info", &info);
	int queued = t ? member(b, t, "last_queued", NULL) : -1,
	    ready = t ? member(b, t, "run_delay", NULL) : -1, clock;

	t = inner(b, task, "se", &se);
	t = t ? inner(b, t, "cfs_rq", &queue) : NULL;
	t = t ? inner(b, t, "rq", &cpu) : NULL;
	clock = t ? member(b, t, "clock", NULL) : -1;
	if (queued < 0 || ready < 0 || clock < 0)
		return;
	k->ready = info + (unsigned)ready;
	k->queued = info + (unsigned)queued;
	k->queue = se + queue;
	k->cpu = cpu;
	k->clock = (unsigned)clock;
}

static int learn_task(const struct btf *b, struct ct_bpf_kernel *k)
{
	int id = btf__find_by_name_kind(b, "task_struct", BTF_KIND_STRUCT), pid, tgid, state;
	const struct btf_type *task = id > 0 ? btf__type_by_id(b, (unsigned)id) : NULL;

	if (!task)
		return -ENOENT;
	pid = member(b, task, "pid", NULL);
	tgid = member(b, task, "tgid", NULL);
	state = member(b, task, "__state", NULL);
	if (state < 0)
		state = member(b, task, "state", NULL);
	if (pid < 0 || tgid < 0 || state < 0)
		return -ENOENT;
	k->pid = (unsigned)pid;
	k->tgid = (unsigned)tgid;
	k->state = (unsigned)state;
	learn_ran(b, task, k);
	learn_queue(b, task, k);
	learn_context(b, task, k);
	return 0;
}

/* Five megabytes, in place where the kernel lets them be mapped (since 6.16): that halves the time it takes. */
static struct btf *load_types(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct btf *b = NULL;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= UINT32_MAX) {
		size_t n = (size_t)st.st_size;
		void *at = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);

		if (at != MAP_FAILED) {
			b = btf__new(at, (uint32_t)n);
			munmap(at, n);
		}
	}
	if (fd >= 0)
		close(fd);
	return b ? b : btf__load_vmlinux_btf();
}

int ct_bpf_kernel_learn(struct ct_bpf_kernel *k)
{
	static const struct {
		const char *name;
		unsigned tasks;
	} points[CT_BPF_POINTS] = {
		[CT_BPF_SWITCH] = {"btf_trace_sched_switch", 2},
		[CT_BPF_WAKING] = {"btf_trace_sched_waking", 1},
		[CT_BPF_NEW] = {"btf_trace_sched_wakeup_new", 1},
		[CT_BPF_FORK] = {"btf_trace_sched_process_fork", 2},
		[CT_BPF_EXEC] = {"btf_trace_sched_process_exec", 1},
		[CT_BPF_EXIT] = {"btf_trace_sched_process_exit", 1},
		[CT_BPF_FREE] = {"btf_trace_sched_process_free", 1},
	};
	struct btf *b = load_types();
	unsigned i;
	int err;

	memset(k, 0, sizeof(*k));
	if (!b)
		return -ENOENT;
	err = learn_task(b, k);
	for (i = 0; i < CT_BPF_POINTS && !err; i++)
		err = learn_point(b, points[i].name, points[i].tasks, &k->point[i]);
	btf__free(b);
	return err;
}
