/*
 * A percentile that is off by one bucket at a power of two, or above the maximum, looks right in every report.  Buckets are
 * checked at each edge, percentiles against a sorted list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/hist.h"

static void buckets_follow_one_another(void **state)
{
	uint32_t b, last = 0;
	uint64_t v;

	(void)state;
	for (v = 0; v < 1 << 16; v++) {
		b = ct_hist_bucket(v);
		assert_true(b == last || b == last + 1);
		last = b;
	}
	assert_int_equal(ct_hist_bucket(UINT64_MAX), CT_HIST_BUCKETS - 1);
}

static void the_middle_is_in_its_bucket(void **state)
{
	uint32_t b;

	(void)state;
	for (b = 0; b < CT_HIST_BUCKETS; b++)
		assert_int_equal(ct_hist_bucket(ct_hist_value(b)), b);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void percentiles_are_close(void **state)
{
	enum { N = 5000 };
	static uint64_t v[N];
	static struct ct_hist_part parts[N];
	uint64_t seed = 12345, p;
	int i;

	(void)state;
	for (i = 0; i < N; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		v[i] = (seed >> 33) % (1u << (seed >> 60));
		parts[i] = (struct ct_hist_part){ct_hist_bucket(v[i]), 1};
	}
	qsort(v, N, sizeof(v[0]), by_value);
	p = ct_hist_percentile(parts, N, 500, v[N - 1]);
	assert_in_range(p, v[N / 2 - 1] - v[N / 2 - 1] / 60, v[N / 2 - 1] + v[N / 2 - 1] / 60);
	p = ct_hist_percentile(parts, N, 990, v[N - 1]);
	assert_in_range(p, v[4949] - v[4949] / 60, v[4949] + v[4949] / 60);
}

static void few_values_are_exact_at_the_end(void **state)
{
	struct ct_hist_part one[] = {{ct_hist_bucket(1000001), 1}};
	struct ct_hist_part two[] = {{ct_hist_bucket(5), 99}, {ct_hist_bucket(1000), 1}};

	(void)state;
	assert_int_equal(ct_hist_percentile(one, 1, 990, 1000001) <= 1000001, 1);
	assert_int_equal(ct_hist_percentile(two, 2, 990, 1000), 5);
	assert_int_equal(ct_hist_percentile(two, 2, 991, 1000), 1000);
	assert_int_equal(ct_hist_percentile(two, 0, 500, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_one_another),
		cmocka_unit_test(the_middle_is_in_its_bucket),
		cmocka_unit_test(percentiles_are_close),
		cmocka_unit_test(few_values_are_exact_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
