/*
 * Numbers are what people take away from a report, and JSON is what programs do: 999.6 us must not become "1000 us", a share of
 * nearly all must not become "100 %", text from a hostile trace must neither steer a terminal nor break a parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "views/analyze/json.h"
#include "views/analyze/text.h"

static void times(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0 ns"},
		{999, "999 ns"},
		{1000, "1.00 us"},
		{9994, "9.99 us"},
		{9996, "10.0 us"},
		{99960, "100 us"},
		{999499, "999 us"},
		{999600, "1.00 ms"},
		{999600000, "1.00 s"},
		{12345678901, "12.3 s"},
		{119900000000, "120 s"},
		{125000000000, "2 m 05 s"},
		{7200000000000, "2 h 00 m"},
		{UINT64_MAX, "5124095 h 34 m"},
	};
	char buf[CT_TEXT_NUMBER];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(ct_text_ns(buf, cases[i].ns), cases[i].text);
}

static void counts_bytes_shares(void **state)
{
	char buf[CT_TEXT_NUMBER];

	(void)state;
	assert_string_equal(ct_text_count(buf, 0), "0");
	assert_string_equal(ct_text_count(buf, 999), "999");
	assert_string_equal(ct_text_count(buf, 1000), "1,000");
	assert_string_equal(ct_text_count(buf, UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(ct_text_waits(buf, 1), "1 wait");
	assert_string_equal(ct_text_waits(buf, 1200), "1,200 waits");
	assert_string_equal(ct_text_bytes(buf, 1023), "1023 B");
	assert_string_equal(ct_text_bytes(buf, 1024 * 1024 - 1), "1.00 MiB");
	assert_string_equal(ct_text_share(buf, 0, 0), "0 %");
	assert_string_equal(ct_text_share(buf, 1, 1000), "<1 %");
	assert_string_equal(ct_text_share(buf, 999, 1000), "99 %");
	assert_string_equal(ct_text_share(buf, 1000, 1000), "100 %");
	assert_string_equal(ct_text_share(buf, 81, 100), "81 %");
}

static void hostile_text(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(ct_text_safe(buf, sizeof(buf), "a\033[2Jb\n"), "a?[2Jb?");
	assert_string_equal(ct_text_safe(buf, 4, "abcdef"), "abc");
	buf[0] = 0;
	ct_text_add(buf, sizeof(buf), "%s", "\001");
	ct_text_add(buf, sizeof(buf), " %s", "more than there is room for");
	assert_string_equal(buf, "? more than the");
}

/* What f prints. */
static char *printed(void (*f)(FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	f(out);
	fclose(out);
	return text;
}

static void wrap(FILE *f)
{
	fputs("12345", f);
	ct_text_wrap(f, "one two three four five six", 5, 26);
	ct_text_wrap(f, "averyveryverylongwordthatdoesnotfit", 5, 26);
	ct_text_wrap(f, "", 5, 26);
	ct_text_cut(f, "0123456789", 10);
	ct_text_cut(f, "0123456789a", 10);
}

static void lines_are_wrapped_at_blanks(void **state)
{
	char *text = printed(wrap);

	(void)state;
	assert_string_equal(text, "12345one two three four\n     five six\n"
				  "averyveryverylongwordthatdoesnotfit\n\n01234567890123456...");
	free(text);
}

static void write_json(FILE *f)
{
	struct ct_json j;

	ct_json_start(&j, f);
	ct_json_text(&j, "a\"b", "\\ \" \n \x01 \xc3\xa9 \xff \xed\xa0\x80");
	ct_json_text(&j, "none", NULL);
	ct_json_array(&j, "list");
	ct_json_number(&j, NULL, UINT64_MAX);
	ct_json_signed(&j, NULL, -110);
	ct_json_object(&j, NULL);
	ct_json_close(&j, '}');
	ct_json_close(&j, ']');
	ct_json_bool(&j, "yes", true);
	ct_json_real(&j, "real", 5.25);
	ct_json_finish(&j);
}

static void json_is_escaped_and_nested(void **state)
{
	char *text = printed(write_json);

	(void)state;
	assert_string_equal(
		text,
		"{\n \"a\\\"b\": \"\\\\ \\\" \\u000a \\u0001 \xc3\xa9 \\u00ff "
		"\\u00ed\\u00a0\\u0080\",\n"
		" \"none\": null,\n \"list\": [\n  18446744073709551615,\n  -110,\n  {}\n ],\n"
		" \"yes\": true,\n \"real\": 5.25\n}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(counts_bytes_shares),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(lines_are_wrapped_at_blanks),
		cmocka_unit_test(json_is_escaped_and_nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
