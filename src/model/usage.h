/*
 * usage.h - what the processes of a trace used over time: memory, processor time, page faults, context switches, in slices of equal length.
 *
 * It is read from the trace when somebody asks, and nothing is kept of it but the slices: of a long trace there are more records than
 * anybody wants to have in memory.
 */
#ifndef CT_MODEL_USAGE_H
#define CT_MODEL_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "read/trace.h"

/* What was used in one slice, by all processes together. */
struct ct_usage_slice {
	double cpu_ns, system_ns;
	double minor, major;
	double voluntary, involuntary;
	uint64_t resident, anonymous; /* bytes, each the most there was at once */
};

struct ct_usage_over {
	uint64_t begin, slice; /* ticks */
	unsigned n;
	struct ct_usage_slice *slices;
	uint64_t
		known_from; /* ticks: before this nothing was read; UINT64_MAX: there are no records */
	uint32_t processes; /* that have records, or executed an image that has */
};

/*
 * ct_usage_build - read it
 * @over:  begin, slice, n and room for n slices are given; the rest is filled in
 * @shows: does this process count?
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_usage_build(struct ct_trace *t, const struct ct_model *m, struct ct_usage_over *over,
		   bool (*shows)(void *arg, uint32_t process), void *arg);

#endif
