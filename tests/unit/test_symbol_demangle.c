/*
 * Symbol names of real C++ are long, and those of a hostile file can be made to explode: 600 characters
 * that ask for more output than there are atoms.  Real names must come out whole, and bad ones must
 * come back soon.
 */
/* timeout: 120 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/demangle.h"
#include "symbol/names.h"
#include "symbol/symbol.h"

static void real_names(void **state)
{
	static const char *const cases[][2] = {
		{"_ZN3app7Counter4nextEi", "app::Counter::next(int)"},
		{"_ZNSt6vectorIiSaIiEE9push_backEOi",
		 "std::vector<int, std::allocator<int> >::push_back(int&&)"},
		{"_Z3foov.part.0", "foo() [clone .part.0]"},
		{"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
		{"_RNvC6_123foo3bar", "123foo::bar"},
		{"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = ct_demangle(cases[i][0]);

		assert_non_null(got);
		assert_string_equal(got, cases[i][1]);
		free(got);
	}
}

static void names_that_are_not_mangled(void **state)
{
	static const char *const cases[] = {
		"",	     "_",     "main",  "_Z",
		"_ZN",	     "_R",    "_Zfoo", "__libc_start",
		"_ZZZZZZZZ", "_RNvC", "_Z3fo", "_ZN99999999999999999999aE"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_null(ct_demangle(cases[i]));
}

static void long_names_survive(void **state)
{
	char *name = malloc(40000), *got;
	int n;

	(void)state;
	assert_non_null(name);
	/* f(v, v*, v**, ...): one long identifier, 10,000 characters */
	n = sprintf(name, "_Z9990");
	memset(name + n, 'x', 9990);
	strcpy(name + n + 9990, "iv");
	got = ct_demangle(name);
	assert_non_null(got);
	assert_int_equal(strlen(got), 9990 + strlen("(int, void)"));
	free(got);

	/* 10,000 characters of nested scopes */
	n = sprintf(name, "_ZN");
	for (int i = 0; i < 900; i++)
		n += sprintf(name + n, "11long_scope%c", 'a' + i % 26);
	strcpy(name + n, "3endEv");
	got = ct_demangle(name);
	assert_non_null(got);
	assert_non_null(strstr(got, "::end()"));
	free(got);
	free(name);
}

static void names_meant_to_explode(void **state)
{
	char *name = malloc(400000), *got;
	int n;

	(void)state;
	assert_non_null(name);
	alarm(60);
	/* pair<S, S> of the pair before: doubles at every step */
	n = sprintf(name, "_Z1f");
	n += sprintf(name + n, "1pIiiE");
	for (int i = 0; i < 36; i++)
		n += sprintf(name + n, "1pIS%c_S%c_E", i < 10 ? '0' + i : 'A' + i - 10,
			     i < 10 ? '0' + i : 'A' + i - 10);
	got = ct_demangle(name);
	free(got);

	/* pointers to pointers, as deep as the text is long */
	for (size_t deep = 500; deep < 400000; deep *= 3) {
		strcpy(name, "_Z1f");
		memset(name + 4, 'P', deep - 6);
		strcpy(name + deep - 2, "i");
		got = ct_demangle(name);
		if (got)
			assert_true(strlen(got) <= CT_SYM_NAME_MAX);
		free(got);
	}
	/* the same with every letter that opens something */
	for (const char *c = "PKRONLIFTXJDAMSYUGZE"; *c; c++) {
		for (size_t deep = 900; deep < 40000; deep *= 6) {
			strcpy(name, "_Z");
			memset(name + 2, *c, deep);
			name[deep + 2] = '\0';
			free(ct_demangle(name));
			name[1] = 'R';
			free(ct_demangle(name));
		}
	}
	alarm(0);
	free(name);
}

/* Every single-character change of a real name: nothing crashes, nothing is endless. */
static void names_with_a_character_changed(void **state)
{
	static const char real[] =
		"_ZNKSt10_HashtableIKN3app3KeyESt4pairIS2_NS0_5ValueEESaIS5_EE4findERS2_";
	char name[sizeof(real)];

	(void)state;
	alarm(60);
	for (size_t i = 2; i + 1 < sizeof(real); i++) {
		for (int c = 33; c < 127; c++) {
			memcpy(name, real, sizeof(real));
			name[i] = (char)c;
			free(ct_demangle(name));
		}
	}
	alarm(0);
}

static void equal_strings_are_one(void **state)
{
	struct ct_names *n = ct_names_new();
	char *longer = malloc(CT_SYM_NAME_MAX + 10);
	const char *a, *b;

	(void)state;
	assert_non_null(n);
	assert_non_null(longer);
	assert_ptr_equal(ct_names_add_z(n, "x"), ct_names_add(n, "xyz", 1));
	assert_ptr_not_equal(ct_names_add_z(n, "x"), ct_names_add_z(n, "xy"));
	assert_null(ct_names_add_z(n, NULL));
	memset(longer, 'a', CT_SYM_NAME_MAX + 10);
	a = ct_names_add(n, longer, CT_SYM_NAME_MAX);
	b = ct_names_add(n, longer, CT_SYM_NAME_MAX + 10);
	assert_int_equal(strlen(a), CT_SYM_NAME_MAX);
	assert_string_equal(b + CT_SYM_NAME_MAX, "...");
	assert_ptr_equal(b, ct_names_add(n, longer, CT_SYM_NAME_MAX + 10));
	for (int i = 0; i < 20000; i++) {
		char s[16];

		snprintf(s, sizeof(s), "%d", i % 10000);
		assert_string_equal(ct_names_add_z(n, s), s);
	}
	ct_names_free(n);
	free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_names),
		cmocka_unit_test(names_that_are_not_mangled),
		cmocka_unit_test(long_names_survive),
		cmocka_unit_test(names_meant_to_explode),
		cmocka_unit_test(names_with_a_character_changed),
		cmocka_unit_test(equal_strings_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
