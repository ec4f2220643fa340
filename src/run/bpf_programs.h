/*
 * bpf_programs.h - the programs that run in the kernel, and the memory they share with ctrace-run.
 *
 *	filter	one bit for each process that is traced; programs keep it as processes are made and end
 *	ring	one for each CPU: records that wait to be read
 *	lives	the kernel's own ring, for what happens seldom: threads made and ended, programs executed
 *
 * A program writes to the ring of the CPU it runs on, and nothing comes between there: switches and wakings happen with interrupts off,
 * and a program does not begin again where it was interrupted.  So a ring takes no lock.  Lives may be interrupted by both, and the kernel's
 * ring takes one.
 */
#ifndef CT_RUN_BPF_PROGRAMS_H
#define CT_RUN_BPF_PROGRAMS_H

#include <stdint.h>

#include <ctrace/format.h>

#include "bpf_code.h"
#include "bpf_kernel.h"

#define CT_BPF_PIDS (4u << 20) /* the most the kernel can be told to have */

/* How long a thread had run when it left a CPU, by the kernel's account; of those with the same low bits in their numbers, the last that did. */
struct ct_bpf_left {
	uint64_t tid, ran; /* ns */
};

#define CT_BPF_LEFT	  4096u
#define CT_BPF_LEFT_SHIFT 4
_Static_assert(sizeof(struct ct_bpf_left) == 1u << CT_BPF_LEFT_SHIFT, "programs shift by it");

struct ct_bpf_filter {
	uint64_t on;	     /* 0: no switch is recorded, but processes are followed, and lives */
	uint64_t lives_lost; /* records of lives that had no room */
	uint64_t pad[6];
	uint64_t traced[CT_BPF_PIDS / 64];
	struct ct_bpf_left left[CT_BPF_LEFT];
};

enum ct_bpf_kind {
	CT_BPF_WAITS, /* from waits: it has nothing to do; to: whose tid is 0 when it is not ours */
	CT_BPF_PREEMPTED, /* from could go on; to */
	CT_BPF_WAKES,	  /* from is woken by to; and so on as enum ct_waking_how */
	CT_BPF_WAKES_LAST = CT_BPF_WAKES + CT_WAKING_NEW,
	CT_BPF_CAME =
		6, /* to has had the CPU since about then; the kernel did not tell when it got it */
	CT_BPF_STOPS = 7, /* from waits: it was stopped, by a signal or a debugger; to */
	CT_BPF_RESTS =
		8, /* from waits, and there was nobody else, or nobody until one was found on another CPU; to */
	CT_BPF_LOST =
		15 /* the second half: how many records had no room; all bits, to be set over another kind */
};

/*
 * A record: first ns << 20 | over << 4 | enum ct_bpf_kind, then ready << 44 | to << 22 | from.
 *
 * The kernel keeps an account of who ran and who was ready, by a clock of its own that it reads on its way to a switch, some time before or
 * some time after what was to be accounted for.  `over` is by how much a turn was longer from switch to switch than in that account, `ready`
 * how long the thread that comes was ready in it, in all.
 */
struct ct_bpf_record {
	uint64_t first, then;
};
_Static_assert(sizeof(struct ct_bpf_record) == 16, "as the programs write it");

#define CT_BPF_KIND_BITS 4
#define CT_BPF_NS_SHIFT	 20 /* the low 44 bits of a time: 4.8 hours */
#define CT_BPF_OVER_BITS                                                                           \
	16 /* 0: more than can be told; else a bit, and (over + 2 ms) / 128 ns; with the bit: (over + 0.5 s) / 32 us */
#define CT_BPF_OVER_LONG  (1 << (CT_BPF_OVER_BITS - 1))
#define CT_BPF_OVER_SHIFT 7
#define CT_BPF_OVER_MOST  (1 << (CT_BPF_OVER_BITS + CT_BPF_OVER_SHIFT - 2)) /* ns */
#define CT_BPF_LATE_SHIFT 15
#define CT_BPF_LATE_MOST  (1 << (CT_BPF_OVER_BITS + CT_BPF_LATE_SHIFT - 2)) /* ns */
#define CT_BPF_TID_BITS	  22						    /* of CT_BPF_PIDS */
#define CT_BPF_READY_BITS                                                                          \
	20 /* a bit, and the low bits of all / 1024 ns; with the bit: of this time / 16384 ns */
#define CT_BPF_READY_LONG  (1 << (CT_BPF_READY_BITS - 1))
#define CT_BPF_READY_SHIFT 10
#define CT_BPF_LONG_SHIFT  14
#define CT_BPF_LONG_FROM                                                                           \
	(1 << (CT_BPF_READY_BITS + CT_BPF_READY_SHIFT -                                            \
	       2)) /* ns: half of what the low bits tell apart */
_Static_assert(CT_BPF_KIND_BITS + CT_BPF_OVER_BITS == CT_BPF_NS_SHIFT &&
		       1u << CT_BPF_TID_BITS == CT_BPF_PIDS &&
		       CT_BPF_TID_BITS * 2 + CT_BPF_READY_BITS == 64,
	       "a record has room for all of it");

struct ct_bpf_ring {
	uint64_t head;	/* records ever written */
	uint64_t lost;	/* since there was room */
	uint64_t on;	/* tid of ours that has the CPU, as far as was told; 0 none */
	uint64_t since; /* ns of the switch that told it */
	uint64_t ran;	/* ns that who has it, ours or not, had run until then */
	uint64_t pad[3];
	uint64_t tail; /* records ever read; ours to write */
	uint64_t pad2[7];
	struct ct_bpf_record record[];
};

enum ct_bpf_life_kind { CT_BPF_LIFE_MADE, CT_BPF_LIFE_EXECUTED, CT_BPF_LIFE_GONE };

struct ct_bpf_life {
	uint64_t ns;
	uint32_t tid, pid;
	uint32_t maker; /* made: tid of who did it */
	uint32_t kind;	/* enum ct_bpf_life_kind */
};
_Static_assert(sizeof(struct ct_bpf_life) == 24, "as the programs write it");

/* What a program is made for. */
struct ct_bpf_setting {
	struct ct_bpf_kernel kernel;
	int filter, rings, lives; /* maps */
	uint32_t records;	  /* in a ring: a power of two */
};

/*
 * ct_bpf_program - assemble what runs at a tracepoint
 * Returns false when it does not fit.
 * Context: tools.
 */
bool ct_bpf_program(struct ct_bpf_code *c, enum ct_bpf_point point, const struct ct_bpf_setting *s);

#endif
