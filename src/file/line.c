/*
 * line.c - cuts lines of the text form into words and words into values.  It knows no statement.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "parse_int.h"

int ct_line_fail(struct ct_line *line, const char *wrong, const char *word)
{
	line->wrong = wrong;
	snprintf(line->wrong_word, sizeof(line->wrong_word), "%s", word ? word : "");
	return -CT_ERR_SYNTAX;
}

/* 0 to 15, or 16 when it is none */
static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Reads a quoted string in place; *p stands on the opening quote and is left behind the closing one. */
static char *read_quoted(char **p)
{
	char *from = *p + 1, *to = from, *start = from;

	for (; *from && *from != '"'; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		from++;
		if (*from == 'x' && hex_digit(from[1]) < 16 && hex_digit(from[2]) < 16) {
			*to++ = (char)(hex_digit(from[1]) << 4 | hex_digit(from[2]));
			from += 2;
		} else if (*from == 'n') {
			*to++ = '\n';
		} else if (*from == '"' || *from == '\\') {
			*to++ = *from;
		} else {
			return NULL;
		}
	}
	if (*from != '"')
		return NULL;
	*p = from + 1;
	*to = 0;
	return start;
}

static int read_word(struct ct_line *line, char **p)
{
	struct ct_word *w = &line->word[line->words];

	if (line->words == CT_LINE_WORDS)
		return ct_line_fail(line, "too many words", NULL);
	*w = (struct ct_word){0};
	line->words++;
	if (**p != '"') {
		w->key = *p;
		*p += strcspn(*p, " \t=");
		if (**p != '=') {
			if (**p)
				*(*p)++ = 0;
			return 0;
		}
		*(*p)++ = 0;
	}
	if (**p == '"') {
		w->quoted = true;
		w->value = read_quoted(p);
		if (!w->value)
			return ct_line_fail(
				line, "string without an end, or with an unknown escape", NULL);
		if (**p && **p != ' ' && **p != '\t')
			return ct_line_fail(line, "no blank after a string", NULL);
		return 0;
	}
	w->value = *p;
	*p += strcspn(*p, " \t");
	if (**p)
		*(*p)++ = 0;
	return 0;
}

int ct_line_read(struct ct_line *line, FILE *in)
{
	ssize_t n;

	for (;;) {
		char *p;

		n = getline(&line->text, &line->room, in);
		if (n < 0)
			return ferror(in) ? -EIO : 0;
		line->number++;
		line->words = 0;
		if (strlen(line->text) != (size_t)n)
			return ct_line_fail(line, "a NUL byte", NULL);
		line->text[strcspn(line->text, "\r\n")] = 0;
		for (p = line->text; (p += strspn(p, " \t")), *p && *p != '#';) {
			int err = read_word(line, &p);

			if (err)
				return err;
		}
		if (line->words)
			return 1;
	}
}

struct ct_word *ct_line_key(struct ct_line *line, const char *key)
{
	unsigned i;

	for (i = 1; i < line->words; i++) {
		struct ct_word *w = &line->word[i];

		if (w->key && w->value && !strcmp(w->key, key)) {
			w->used = true;
			return w;
		}
	}
	return NULL;
}

struct ct_word *ct_line_bare(struct ct_line *line, unsigned *at)
{
	for (; *at < line->words; ++*at) {
		struct ct_word *w = &line->word[*at];

		if (!w->key || !w->value) {
			w->used = true;
			++*at;
			return w;
		}
	}
	return NULL;
}

int ct_line_all_used(struct ct_line *line)
{
	unsigned i;

	for (i = 1; i < line->words; i++)
		if (!line->word[i].used)
			return ct_line_fail(line, "unknown or repeated word",
					    line->word[i].key ? line->word[i].key
							      : line->word[i].value);
	return 0;
}

bool ct_parse_number(const char *text, uint64_t *v)
{
	bool negative = *text == '-';
	char *end;

	if (negative)
		text++;
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*v = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (negative)
		*v = 0 - *v;
	return !*end && !errno;
}

bool ct_parse_frame(const char *text, uint64_t *v)
{
	const char *colon = strchr(text, ':');
	char module[8], rest[32];
	uint64_t id, offset, exact = 0;
	size_t n;

	if (!colon)
		return ct_parse_number(text, v);
	n = (size_t)(colon - text);
	if (n >= sizeof(module) || strlen(colon + 1) >= sizeof(rest))
		return false;
	memcpy(module, text, n);
	module[n] = 0;
	n = strlen(colon + 1);
	memcpy(rest, colon + 1, n + 1);
	if (n && rest[n - 1] == '!') {
		exact = CT_FRAME_EXACT;
		rest[n - 1] = 0;
	}
	if (!ct_parse_number(rest, &offset))
		return false;
	if (!strcmp(module, "stop")) {
		*v = (uint64_t)CT_MODULE_TRUNCATED << CT_FRAME_MODULE_SHIFT | offset;
		return !exact && offset < 1ull << CT_FRAME_MODULE_SHIFT;
	}
	if (!ct_parse_number(module, &id) || id >= CT_MODULE_TRUNCATED || offset > CT_FRAME_OFFSET)
		return false;
	*v = id << CT_FRAME_MODULE_SHIFT | exact | offset;
	return true;
}

bool ct_parse_hex(const char *text, uint8_t *bytes, size_t room, size_t *n)
{
	for (*n = 0; *text; text += 2) {
		if (hex_digit(text[0]) > 15 || hex_digit(text[1]) > 15 || *n == room)
			return false;
		bytes[(*n)++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
	}
	return true;
}
