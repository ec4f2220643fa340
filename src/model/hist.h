/*
 * hist.h - how long waits were, in buckets narrow enough for a percentile.
 *
 * Values below 32 have a bucket each; above, every power of two is cut into 32 equal buckets, so a bucket is at most 1/32 of
 * its values wide and a percentile read from its middle is off by at most 1.6 %.
 *
 *   value      0 1 2 ... 31 | 32 33 ... 63 | 64 66 68 ... 126 | 128 132 ... 252 | ...
 *   bucket     0 1 2 ... 31 | 32 33 ... 63 | 64 65 66 ... 95  | 96  97  ... 127 | ...  up to 1919
 */
#ifndef CT_MODEL_HIST_H
#define CT_MODEL_HIST_H

#include <stddef.h>
#include <stdint.h>

#define CT_HIST_BUCKETS 1920u

/*
 * ct_hist_bucket - the bucket a value falls into
 * Context: tools.
 */
static inline uint32_t ct_hist_bucket(uint64_t v)
{
	unsigned shift;

	if (v < 32)
		return (uint32_t)v;
	shift = 58u - (unsigned)__builtin_clzll(v);
	return (shift << 5) + (uint32_t)(v >> shift);
}

/*
 * ct_hist_value - the middle of a bucket
 * Context: tools.
 */
uint64_t ct_hist_value(uint32_t bucket);

/* One bucket that is not empty. */
struct ct_hist_part {
	uint32_t bucket;
	uint64_t count;
};

/*
 * ct_hist_percentile - the value below which a share of the counted ones lie
 * @parts, @n:  buckets in any order, a bucket may be there more than once; they are sorted here
 * @per_mille:  500 for the median, 990 for p99
 * @max:        largest value that was counted, exactly; the answer is never above it.  UINT64_MAX: not known
 * Returns 0 when nothing was counted.
 * Context: tools.
 */
uint64_t ct_hist_percentile(struct ct_hist_part *parts, size_t n, unsigned per_mille, uint64_t max);

#endif
