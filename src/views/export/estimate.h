/*
 * estimate.h - how big an export will be, and what would make it small enough for its viewer.
 */
#ifndef CT_VIEWS_ESTIMATE_H
#define CT_VIEWS_ESTIMATE_H

#include "views/export/export.h"

struct ct_estimate {
	uint64_t waits; /* that will be written */
	uint64_t bytes; /* about */
	uint64_t
		rows; /* about, of the longest table, for formats whose viewer has a limit of those */
	uint64_t
		min_ns; /* with only waits of at least this length it would fit; 0: it fits, or none is long enough */
	uint64_t left; /* bytes with that filter, or rows */
	double share;  /* of the time that would fit, 0 to 1 */
};

/*
 * ct_export_estimate - from the model alone, before anything is written
 * Returns 0, -ENOMEM, or -ENOENT when nothing has the name of the options.
 * Context: tools.
 */
int ct_export_estimate(struct ct_view *v, const struct ct_export_format *format,
		       const struct ct_export_options *o, struct ct_estimate *e);

/*
 * ct_export_warning - a line that tells what is too big for which viewer, and which filter would fit
 * Returns false when the viewer can take it.
 * Context: tools.
 */
bool ct_export_warning(const struct ct_export_format *format, const struct ct_estimate *e,
		       char *text, size_t size);

/*
 * ct_export_too_many - the same when it is written, of formats whose events are known only then
 * Context: tools.
 */
bool ct_export_too_many(struct ct_view *v, const struct ct_export_format *format,
			const struct ct_export_sums *sums, char *text, size_t size);

#endif
