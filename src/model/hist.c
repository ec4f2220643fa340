/*
 * hist.c - see hist.h.
 */
#include "hist.h"

#include <stdlib.h>

uint64_t ct_hist_value(uint32_t bucket)
{
	unsigned shift;

	if (bucket < 64)
		return bucket;
	shift = (bucket >> 5) - 1;
	return ((uint64_t)(bucket - (shift << 5)) << shift) + ((1ull << shift) >> 1);
}

static int by_bucket(const void *a, const void *b)
{
	const struct ct_hist_part *x = a, *y = b;

	return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

uint64_t ct_hist_percentile(struct ct_hist_part *parts, size_t n, unsigned per_mille, uint64_t max)
{
	uint64_t total = 0, below = 0, rank, v;
	size_t i;

	for (i = 0; i < n; i++)
		total += parts[i].count;
	if (!total)
		return 0;
	qsort(parts, n, sizeof(*parts), by_bucket);
	/* The nearest rank: the smallest value with at least this share at or below it. */
	rank = total / 1000 * per_mille + (total % 1000 * per_mille + 999) / 1000;
	if (rank < 1)
		rank = 1;
	if (rank == total && max != UINT64_MAX)
		return max; /* the largest one, which is known exactly */
	for (i = 0; i < n; i++) {
		below += parts[i].count;
		if (below >= rank)
			break;
	}
	v = i < n ? ct_hist_value(parts[i].bucket) : max;
	return v < max ? v : max;
}
