/*
 * cpus.h - CPUs as what runs things: for each how long it had threads of the traced tree, which of them when, and what is not known of it.
 *
 * Switches are recorded of the tree alone.  When none of it is on a CPU, that is idle or has other programs: which, the kernel's counts tell, where
 * they were read (model/cpustat.h).
 */
#ifndef CT_VIEWS_CPUS_H
#define CT_VIEWS_CPUS_H

#include "views/analyze/delays.h"
#include "views/analyze/json.h"

struct ct_cpus;

/*
 * ct_cpus_find - for the time and slices of delays that were found; free with ct_cpus_free()
 * @d: begin, end and slice are all it looks at
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_cpus_find(struct ct_view *v, const struct ct_delays *d, struct ct_cpus **out);
void ct_cpus_free(struct ct_cpus *c);

/* ct_cpus_counted - do the kernel's counts tell of any of them? */
bool ct_cpus_counted(const struct ct_cpus *c);

/*
 * ct_cpus_print - a row for each CPU and a letter in it for who had it most in each slice
 * ct_cpus_json  - member "each_cpu"
 * Context: tools.
 */
void ct_cpus_print(struct ct_view *v, const struct ct_cpus *c);
void ct_cpus_json(struct ct_view *v, struct ct_json *j, const struct ct_cpus *c);

#endif
