/*
 * bpf_kernel.h - where the kernel that runs keeps what the BPF programs read, as its own type information (BTF) tells.
 */
#ifndef CT_RUN_BPF_KERNEL_H
#define CT_RUN_BPF_KERNEL_H

enum ct_bpf_point {
	CT_BPF_SWITCH, /* a CPU goes from one thread to another */
	CT_BPF_WAKING, /* a thread is made ready, by who runs on this CPU */
	CT_BPF_NEW,    /* the same for the first time */
	CT_BPF_FORK,   /* a thread or process was made, and is not ready yet */
	CT_BPF_EXEC,   /* a process is another program from here on */
	CT_BPF_EXIT,   /* a thread ends */
	CT_BPF_FREE,   /* nothing is left of a thread */
	CT_BPF_POINTS
};

/* A tracepoint: its type, and which of its arguments are threads. */
struct ct_bpf_tracepoint {
	unsigned type;
	unsigned task[2]; /* byte offset of the argument */
};

/* What tells whether a thread does something itself or was interrupted for it. */
enum ct_bpf_context {
	CT_BPF_CONTEXT_UNKNOWN,
	CT_BPF_CONTEXT_COUNT, /* a count of interrupts in the thread */
	CT_BPF_CONTEXT_STACK /* interrupts have a stack of their own, unless they come while the program itself runs */
};

struct ct_bpf_kernel {
	struct ct_bpf_tracepoint point[CT_BPF_POINTS];
	unsigned pid, tgid, state; /* offsets in a thread */
	/* how long it ran, in all and until it got the CPU last; 0 and 0: not told */
	unsigned ran, ran_before;
	unsigned
		counted; /* the time until which it ran, or from which on, as that was counted last; 0: not told */
	/* how long it was ready in all, without the queue it is in, and since when it is in that, 0: in none; 0 and 0: not told */
	unsigned ready, queued;
	unsigned queue, cpu,
		clock; /* offsets in a thread, in what it points to there, in what that does: its CPU's clock */
	enum ct_bpf_context context;
	unsigned count; /* offset in a thread */
	unsigned stack; /* the same */
	unsigned
		call; /* offset in the registers that a thread came into the kernel with: its system call, negative without one */
};

/*
 * ct_bpf_kernel_learn - read the types of the running kernel
 * Returns 0, -ENOENT: it tells no types, or not of these; or another -errno.
 * Context: tools.
 */
int ct_bpf_kernel_learn(struct ct_bpf_kernel *k);

#endif
