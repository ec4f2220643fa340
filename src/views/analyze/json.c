/*
 * json.c - see json.h.
 */
#include "views/analyze/json.h"

#include <string.h>

#include "views/analyze/text.h"

static void quoted(FILE *f, const char *text);

static void item(struct ct_json *j, const char *key)
{
	if (!j->first)
		fputc(',', j->out);
	fprintf(j->out, "\n%*s", (int)j->depth, "");
	j->first = false;
	if (key) {
		quoted(j->out, key);
		fputs(": ", j->out);
	}
}

static void quoted(FILE *f, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned n;

	fputc('"', f);
	while (*s) {
		n = ct_text_utf8(s);
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f || !n)
			fprintf(f, "\\u%04x", *s);
		else
			fwrite(s, 1, n, f);
		s += n ? n : 1;
	}
	fputc('"', f);
}

static void open_with(struct ct_json *j, char with)
{
	fputc(with, j->out);
	j->depth++;
	j->first = true;
}

void ct_json_start(struct ct_json *j, FILE *out)
{
	j->out = out;
	j->depth = 0;
	open_with(j, '{');
}

void ct_json_finish(struct ct_json *j)
{
	ct_json_close(j, '}');
	fputc('\n', j->out);
}

void ct_json_object(struct ct_json *j, const char *key)
{
	item(j, key);
	open_with(j, '{');
}

void ct_json_array(struct ct_json *j, const char *key)
{
	item(j, key);
	open_with(j, '[');
}

void ct_json_close(struct ct_json *j, char with)
{
	j->depth--;
	if (!j->first)
		fprintf(j->out, "\n%*s", (int)j->depth, "");
	fputc(with, j->out);
	j->first = false;
}

void ct_json_text(struct ct_json *j, const char *key, const char *value)
{
	item(j, key);
	if (value)
		quoted(j->out, value);
	else
		fputs("null", j->out);
}

void ct_json_number(struct ct_json *j, const char *key, uint64_t value)
{
	item(j, key);
	fprintf(j->out, "%llu", (unsigned long long)value);
}

void ct_json_signed(struct ct_json *j, const char *key, int64_t value)
{
	item(j, key);
	fprintf(j->out, "%lld", (long long)value);
}

void ct_json_real(struct ct_json *j, const char *key, double value)
{
	item(j, key);
	fprintf(j->out, "%.6g", value);
}

void ct_json_bool(struct ct_json *j, const char *key, bool value)
{
	item(j, key);
	fputs(value ? "true" : "false", j->out);
}
