/*
 * A filter that fits what it should not leaves the wrong program unrecorded, and nobody can tell why.  fnmatch(3), which the recorder may not
 * call, is the oracle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fnmatch.h>
#include <cmocka.h>
#include "capture/filter.h"

static void fits_as_written(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} cases[] = {
		{"worker*", "worker", true},
		{"worker*", "worker-12", true},
		{"worker*", "a-worker", false},
		{"*", "", true},
		{"*", "anything", true},
		{"?", "", false},
		{"g?t", "git", true},
		{"git", "git-remote", false},
		{"python3.[0-9]*", "python3.11", true},
		{"[!a-c]x", "dx", true},
		{"[!a-c]x", "bx", false},
		{"[]x]", "]", true},
		{"a\\*", "a*", true},
		{"a\\*", "ab", false},
		{"[ab", "[ab", true},
		{"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ct_filter_fits(cases[i].pattern, cases[i].name) != cases[i].fits)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].name);
}

static void random_text(char *to, const char *letters, unsigned *seed)
{
	int n = rand_r(seed) % 8;

	while (n-- > 0)
		*to++ = letters[(unsigned)rand_r(seed) % strlen(letters)];
	*to = 0;
}

static void fits_as_fnmatch(void **state)
{
	unsigned seed = 7, i, fits = 0;
	char pattern[16], name[16];

	(void)state;
	for (i = 0; i < 1000000; i++) {
		/* sets, whose odd forms fnmatch has its own ideas of, are tried above */
		random_text(pattern, "ab*?*\\", &seed);
		random_text(name, "ab", &seed);
		if (strlen(pattern) && pattern[strlen(pattern) - 1] == '\\')
			continue;
		if (ct_filter_fits(pattern, name) != (fnmatch(pattern, name, 0) == 0))
			fail_msg("'%s' and '%s'", pattern, name);
		fits += ct_filter_fits(pattern, name);
	}
	assert_true(fits > 10000);
}

static void lists(void **state)
{
	char list[CT_FILTER_BYTES] = "", full[CT_FILTER_BYTES];
	int i;

	(void)state;
	assert_true(ct_filter_wants(list, "anything"));
	assert_true(ct_filter_add(list, CT_FILTER_SKIP, "git*"));
	assert_false(ct_filter_wants(list, "git-clone"));
	assert_true(ct_filter_wants(list, "make"));
	assert_true(ct_filter_add(list, CT_FILTER_ONLY, "git"));
	assert_true(ct_filter_add(list, CT_FILTER_ONLY, "w*"));
	assert_false(ct_filter_wants(list, "git"));
	assert_true(ct_filter_wants(list, "worker"));
	assert_false(ct_filter_wants(list, "make"));
	assert_false(ct_filter_add(list, CT_FILTER_ONLY, ""));
	for (i = 0; ct_filter_add(list, CT_FILTER_ONLY, "0123456789"); i++)
		;
	assert_in_range(i, 100, CT_FILTER_BYTES / 12);
	assert_true(ct_filter_wants(list, "worker"));
	assert_false(ct_filter_wants(list, "make"));
	/* whatever is there */
	memset(full, CT_FILTER_SKIP, sizeof(full));
	assert_true(ct_filter_wants(full, "make"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fits_as_written),
					   cmocka_unit_test(fits_as_fnmatch),
					   cmocka_unit_test(lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
