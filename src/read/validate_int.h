/*
 * validate_int.h - what the files of validate.h share: validate.c goes over the trace, validate_record.c looks at its records.
 */
#ifndef CT_READ_VALIDATE_INT_H
#define CT_READ_VALIDATE_INT_H

#include "trace_int.h"
#include "validate.h"

/* Where a slot is. */
struct ct_check_slot {
	bool seen,
		whole; /* whole: nothing is missing since the slot's first chunk, or since a thread_begin */
	uint32_t sequence, thread;
	uint64_t base_ticks;
	uint32_t begun; /* thread of the last thread_begin, and when that was */
	uint64_t begun_ticks;
};

/* One validation. */
struct ct_check {
	struct ct_trace *t;
	void (*tell)(void *arg, const struct ct_problem *p);
	void *arg;
	int64_t problems;
	struct ct_check_slot *slots; /* by run */
	uint32_t *run_of;	     /* by chunk */
	uint64_t *begun;	     /* bits, by thread serial */
	size_t begun_room;	     /* words of it */
	bool failed;		     /* memory ran out */
	struct ct_index_row *rows;   /* by chunk block */
	struct ct_problem at;	     /* where we are */
};

/*
 * ct_check_problem - tell one, at check->at
 * Context: tools.
 */
void ct_check_problem(struct ct_check *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * ct_check_stack, ct_check_frame, ct_check_string, ct_check_process - is this a node of the stack table, a frame in a module of
 * the trace, a string id, a row of the process table?  0 is a stack, a frame and a string: none
 * Context: tools.
 */
bool ct_check_stack(const struct ct_trace *t, uint64_t id);
bool ct_check_frame(const struct ct_trace *t, uint64_t frame);
bool ct_check_string(const struct ct_trace *t, uint64_t id);
bool ct_check_process(const struct ct_trace *t, uint64_t index);

/*
 * ct_check_record - one record of a slot, in the order they stand in the chunk
 * Context: tools.
 */
void ct_check_record(struct ct_check *c, const struct ct_record *r, struct ct_check_slot *slot);

#endif
