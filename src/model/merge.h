/*
 * merge.h - sorting by merging the ascending runs that are there already.
 *
 * What comes thread by thread, or CPU by CPU, is a few runs, and nearly sorted costs nearly nothing.
 */
#ifndef CT_MODEL_MERGE_H
#define CT_MODEL_MERGE_H

#include <stdint.h>

struct ct_item {
	uint64_t key;
	uint32_t index;
	uint32_t who;
};

/*
 * ct_merge_runs - sort by key; equal ones stay in their order
 * @a: n items
 * @b: room for as many
 * Context: tools.
 */
void ct_merge_runs(struct ct_item *a, struct ct_item *b, uint32_t n);

#endif
