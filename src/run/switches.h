/*
 * switches.h - the kernel's context switches of a process tree, CPU by CPU, whichever way it tells them.
 *
 * A source is opened on a process that has not executed its program yet, and goes with all that come from it.  It decides nothing about
 * when to record and writes nothing to a trace; that is sched.c, which does not know which one it has.
 *
 *	perf.c	records of perf_event_open(2): no privilege where kernel.perf_event_paranoid is at most 2
 *	bpf.c	programs on the scheduler's tracepoints: cheaper, and they tell of every waking; needs CAP_BPF and CAP_PERFMON
 */
#ifndef CT_RUN_SWITCHES_H
#define CT_RUN_SWITCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ctrace/format.h>

enum ct_switch_kind {
	CT_SWITCH_ON,	     /* the thread got the CPU */
	CT_SWITCH_WAITS,     /* it left it, because it has nothing to do */
	CT_SWITCH_PREEMPTED, /* it left it and could have gone on */
	CT_SWITCH_STOPS, /* it left it, because it was stopped by a signal or a debugger; not every source tells */
	CT_SWITCH_WAKING,  /* it is woken by what runs on this CPU */
	CT_SWITCH_MISSING, /* `count` records have found no room */
	/* no switches, and not for the trace */
	CT_SWITCH_MADE,		/* a thread, by `waker` */
	CT_SWITCH_EXECUTED,	/* the process is another program from here on */
	CT_SWITCH_GONE,		/* the thread has ended */
	CT_SWITCH_LIVES_MISSING /* `count` of these three have found no room */
};

struct ct_switch {
	uint64_t ns; /* CLOCK_MONOTONIC */
	uint32_t tid;
	uint32_t pid; /* of its process; made, executed and gone only */
	enum ct_switch_kind kind;
	uint32_t waker;		/* waking: tid of the thread that ran then, 0 none */
	enum ct_waking_how how; /* waking */
	uint64_t count;
	/* the kernel's own account, which is kept by another clock and may say more or less than the time between two switches */
	uint64_t ran_ns; /* who leaves the CPU: how long it had it; 0: not told */
	/* on: how long it was ready in all, the low CT_READY_BITS bits of 1024 ns each; or how long before this turn, where that is long: else 0 */
	uint32_t ready_all;
	uint64_t ready_ns;
};

#define CT_READY_BITS  19
#define CT_READY_SHIFT 10

typedef void ct_switch_fn(void *arg, const struct ct_switch *s);

struct ct_switches;

struct ct_switch_source {
	enum ct_sched_source id;
	double cost_calls; /* of the program's time for each record handed out, in system calls (getppid), measured */
	bool can_pause; /* what is not enabled costs next to nothing */

	/*
	 * open - switches of a process and of all that will come from it, at the latest from its next exec on
	 * Fills in cpu, n, off, ready and own.  Returns 0; -EACCES, -EPERM: not allowed; or another -errno.  Nothing is left open then.
	 */
	int (*open)(struct ct_switches *s, pid_t pid);

	/* enable - go on or pause.  False: it cannot go on, and is to be closed. */
	bool (*enable)(struct ct_switches *s, bool on);

	/*
	 * read - hand out what is there of the i-th CPU, in order of time, and make room
	 * @until_ns: records from this time on stay
	 */
	void (*read)(struct ct_switches *s, unsigned i, uint64_t until_ns, ct_switch_fn *take,
		     void *arg);

	/* lives - hand out who was made, executed something or has ended since the last time, also in a pause; NULL: read() does it */
	void (*lives)(struct ct_switches *s, ct_switch_fn *take, void *arg);

	/* forked - in a copy of the process that opened it, while that is still there: this one goes on.  Returns 0 or -errno. */
	int (*forked)(struct ct_switches *s);

	/* close - the kernel stops recording */
	void (*close)(struct ct_switches *s);
};

/* A source at work. */
struct ct_switches {
	const struct ct_switch_source *source; /* NULL: none */
	unsigned *cpu;			       /* the CPUs' numbers */
	unsigned n;			       /* 0: none */
	unsigned off;  /* CPUs that are off and cannot be told of when they come: cpu[n] and on */
	bool accounts; /* it tells the kernel's own account of turns and delays */
	int ready;     /* readable when room is running out; -1: nothing tells */
	void *own;
};

extern const struct ct_switch_source ct_switches_perf;
extern const struct ct_switch_source ct_switches_bpf;

#endif
