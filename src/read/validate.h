/*
 * validate.h - checks every promise of FORMAT.md that a reader could do without: the difference between a trace that can be
 * read and one that is right.  Records that were lost and counted are no problem; a trace may be incomplete and right.
 */
#ifndef CT_READ_VALIDATE_H
#define CT_READ_VALIDATE_H

#include "trace.h"

struct ct_problem {
	char text[200]; /* what is wrong and what was expected */
	bool in_chunk;	/* the four below are meant */
	uint32_t slot, sequence, thread;
	uint8_t event;	 /* enum ct_event_type; 0: no record */
	uint64_t offset; /* in the file; with in_chunk, in the chunk's bytes */
};

/*
 * ct_validate - check a trace
 * @tell: called for each problem
 * Returns the number of problems, or -errno.
 * Context: tools.
 */
int64_t ct_validate(struct ct_trace *t, void (*tell)(void *arg, const struct ct_problem *p),
		    void *arg);

#endif
