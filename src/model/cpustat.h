/*
 * cpustat.h - what CPUs did while no traced thread had them: other programs, nobody, or the machine under this one had taken them away; over time.
 *
 *	switches    |--A--|            |--B--| hole |--B--|
 *	cpu_idle    |   20 idle   |   60 idle      |  0 idle |
 *	            |     others?  idle?     |  ?  |
 *
 * The kernel's counts (cpu_idle records) are of all programs and say how long, not when.  What is left of the time between two of them, when
 * idle and stolen time and the turns of traced threads are taken off, others had; or, as far as switches were not recorded, it is not known who.
 * When it was, in between, is not known either: it is spread evenly over the time that traced threads did not have.
 *
 * It is read from the trace when somebody asks.
 */
#ifndef CT_MODEL_CPUSTAT_H
#define CT_MODEL_CPUSTAT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "read/trace.h"

#define CT_CPUSTAT_ERROR_NS                                                                        \
	20000000u /* sums are right to that: the counts are hundredths of a second */

/* Ticks; with what traced threads ran there they add up to the time. */
struct ct_cpustat_part {
	double others, idle, stolen;
	double unknown; /* not counted, or counted while it was not seen whether threads were traced ones */
};

struct ct_cpustat_cpu {
	uint64_t cpu;
	struct ct_cpustat_part all;
	struct ct_cpustat_part *slice;
	double stolen_more; /* ticks: of the traced threads' or idle time, for the kernel does not say of whose */
};

struct ct_cpustats {
	uint64_t begin, slice;	    /* ticks */
	unsigned n;		    /* slices */
	struct ct_cpustat_cpu *cpu; /* by number; those of which there are counts */
	uint32_t count;
	struct ct_cpustat_part *parts;
};

/*
 * ct_cpustats_build - read it, for a finished model; free with ct_cpustats_free(), also after an error
 * @c: begin, slice and n are given, the rest is filled in
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_cpustats_build(struct ct_trace *t, const struct ct_model *m, struct ct_cpustats *c);
void ct_cpustats_free(struct ct_cpustats *c);

/*
 * ct_cpustats_of - what there is of a CPU; NULL: nothing
 * Context: tools.
 */
const struct ct_cpustat_cpu *ct_cpustats_of(const struct ct_cpustats *c, uint64_t cpu);

#endif
