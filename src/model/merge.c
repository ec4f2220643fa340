/*
 * merge.c - see merge.h.
 */
#include "merge.h"

#include <string.h>

void ct_merge_runs(struct ct_item *a, struct ct_item *b, uint32_t n)
{
	struct ct_item *from = a, *to = b, *swap;
	uint32_t lo, mid, hi, i, k, out, runs;

	do {
		runs = 0;
		for (lo = 0; lo < n; lo = hi) {
			for (mid = lo + 1; mid < n && from[mid].key >= from[mid - 1].key;)
				mid++;
			for (hi = mid + (mid < n); hi < n && from[hi].key >= from[hi - 1].key;)
				hi++;
			i = lo;
			k = mid;
			for (out = lo; out < hi; out++)
				to[out] = k >= hi || (i < mid && from[i].key <= from[k].key)
						  ? from[i++]
						  : from[k++];
			runs++;
		}
		swap = from;
		from = to;
		to = swap;
	} while (runs > 1);
	if (n && from != a)
		memcpy(a, from, n * sizeof(*a));
}
