/*
 * go_order.h - the rules by which Go's reader accepts a trace, as a machine that refuses to take a step the reader would refuse.
 *
 * It mirrors order.go of Go's internal/trace, which has been the same from 1.22 to 1.27, for the events that are written here.  The reader may
 * try events of several threads until one fits; here they come in the order in which they are to be taken, so what does not fit now is an error.
 * Whatever reads our exports reads them with these rules: an illegal step is a fault of the exporter, and must not reach a file.
 */
#ifndef CT_VIEWS_GO_ORDER_H
#define CT_VIEWS_GO_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/table.h"

/* Events on the wire, with their arguments after the time. */
enum ct_go_event {
	CT_GO_PROCS_CHANGE = 9,		/* n, stack */
	CT_GO_PROC_START = 10,		/* p, p_seq */
	CT_GO_PROC_STOP = 11,		/* */
	CT_GO_PROC_STEAL = 12,		/* p, p_seq, m */
	CT_GO_PROC_STATUS = 13,		/* p, status */
	CT_GO_CREATE = 14,		/* g, stack of its start, stack */
	CT_GO_CREATE_SYSCALL = 15,	/* g */
	CT_GO_START = 16,		/* g, g_seq */
	CT_GO_DESTROY = 17,		/* */
	CT_GO_DESTROY_SYSCALL = 18,	/* */
	CT_GO_STOP = 19,		/* reason, stack */
	CT_GO_BLOCK = 20,		/* reason, stack */
	CT_GO_UNBLOCK = 21,		/* g, g_seq, stack */
	CT_GO_SYSCALL_BEGIN = 22,	/* p_seq, stack */
	CT_GO_SYSCALL_END = 23,		/* */
	CT_GO_SYSCALL_END_BLOCKED = 24, /* */
	CT_GO_STATUS = 25,		/* g, m, status */
	CT_GO_HEAP_ALLOC = 37,		/* bytes */
	CT_GO_LABEL = 39,		/* label */
	CT_GO_TASK_BEGIN = 40,		/* task, parent, name, stack */
	CT_GO_TASK_END = 41,		/* task, stack */
	CT_GO_REGION_BEGIN = 42,	/* task, name, stack */
	CT_GO_REGION_END = 43,		/* task, name, stack */
	CT_GO_LOG = 44,			/* task, key, value, stack */
	CT_GO_EVENTS
};
#define CT_GO_ARGS_MAX 4

enum ct_go_status { CT_GO_NONE, CT_GO_RUNNABLE, CT_GO_RUNNING, CT_GO_SYSCALL, CT_GO_WAITING };
enum ct_go_proc_status {
	CT_GO_PROC_NONE,
	CT_GO_PROC_RUNNING,
	CT_GO_PROC_IDLE,
	CT_GO_PROC_SYSCALL,
	CT_GO_PROC_ABANDONED
};

/* Numbers of threads, processors and goroutines are small and begin with 1; 0 is none. */
struct ct_go_m {
	uint32_t p, g;
	bool seen; /* an event came from it, or named it */
};

struct ct_go_p {
	uint32_t gen, seq;
	uint8_t status; /* enum ct_go_proc_status */
};

struct ct_go_g {
	uint32_t gen, seq;
	uint32_t regions; /* innermost open region, index + 1 in order->regions */
	uint8_t status;	  /* enum ct_go_status */
	bool gone;
};

struct ct_go_region {
	uint64_t task, name;
	uint32_t outer;
	uint32_t pad;
};

struct ct_go_order {
	struct ct_go_m *m;
	struct ct_go_p *p;
	struct ct_go_g *g;
	uint32_t m_room, p_room, g_room; /* rows; those never used are zero */
	uint32_t gen;			 /* the first is 1 */
	struct ct_table tasks;		 /* active ones */
	struct ct_pool regions;
	uint32_t region_free; /* index + 1 of one that has ended, which has the next in `outer` */
	bool failed;	      /* out of memory */
};

/*
 * ct_go_order_init, ct_go_order_free - before the first generation; give the memory back
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_go_order_init(struct ct_go_order *o);
void ct_go_order_free(struct ct_go_order *o);

/*
 * ct_go_order_step - take an event
 * @m:    the thread it comes from; 0: none
 * @args: as many as the event has.  Threads that are named as 0 are none; strings are numbers that stay the same over generations
 * Returns NULL, or why the reader would refuse it; then nothing has changed.
 * Context: tools.
 */
const char *ct_go_order_step(struct ct_go_order *o, uint32_t m, enum ct_go_event event,
			     const uint64_t *args);

/*
 * ct_go_order_p_seq, ct_go_order_g_seq - the sequence number that the next event of a processor or goroutine must have
 * Context: tools.
 */
uint32_t ct_go_order_p_seq(const struct ct_go_order *o, uint32_t p);
uint32_t ct_go_order_g_seq(const struct ct_go_order *o, uint32_t g);

/* ct_go_args - how many arguments an event has after its time; -1: no such event */
int ct_go_args(unsigned event);

#endif
