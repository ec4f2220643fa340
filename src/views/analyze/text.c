/*
 * text.c - see text.h.
 */
#include "views/analyze/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Three digits that count: 1.23, 12.3, 123. */
static char *three(char *buf, double v, const char *unit)
{
	int digits = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;

	snprintf(buf, CT_TEXT_NUMBER, "%.*f %s", digits, v, unit);
	return buf;
}

char *ct_text_ns(char buf[CT_TEXT_NUMBER], uint64_t ns)
{
	uint64_t s = ns / 1000000000u;

	if (ns < 1000)
		snprintf(buf, CT_TEXT_NUMBER, "%u ns", (unsigned)ns);
	else if (ns < 999500)
		three(buf, (double)ns / 1e3, "us");
	else if (ns < 999500000)
		three(buf, (double)ns / 1e6, "ms");
	else if (s < 120)
		three(buf, (double)ns / 1e9, "s");
	else if (s < 7200)
		snprintf(buf, CT_TEXT_NUMBER, "%u m %02u s", (unsigned)(s / 60),
			 (unsigned)(s % 60));
	else
		snprintf(buf, CT_TEXT_NUMBER, "%llu h %02u m", (unsigned long long)(s / 3600),
			 (unsigned)(s % 3600 / 60));
	return buf;
}

char *ct_text_count(char buf[CT_TEXT_NUMBER], uint64_t n)
{
	char plain[24];
	int len = snprintf(plain, sizeof(plain), "%llu", (unsigned long long)n), i;
	char *p = buf;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = plain[i];
	}
	*p = 0;
	return buf;
}

char *ct_text_waits(char buf[CT_TEXT_NUMBER], uint64_t n)
{
	char number[CT_TEXT_NUMBER];

	buf[0] = 0;
	ct_text_add(buf, CT_TEXT_NUMBER, "%s %s", ct_text_count(number, n),
		    n == 1 ? "wait" : "waits");
	return buf;
}

char *ct_text_bytes(char buf[CT_TEXT_NUMBER], uint64_t n)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double v = (double)n / 1024;
	size_t i;

	if (n < 1024) {
		snprintf(buf, CT_TEXT_NUMBER, "%u B", (unsigned)n);
		return buf;
	}
	for (i = 0; i < 3 && v >= 999.5; i++)
		v /= 1024;
	return three(buf, v, units[i]);
}

char *ct_text_share(char buf[CT_TEXT_NUMBER], uint64_t part, uint64_t whole)
{
	double share = whole ? 100 * (double)part / (double)whole : 0;

	if (part && share < 1)
		snprintf(buf, CT_TEXT_NUMBER, "<1 %%");
	else if (part < whole && share > 99)
		snprintf(buf, CT_TEXT_NUMBER, "99 %%");
	else
		snprintf(buf, CT_TEXT_NUMBER, "%.0f %%", share);
	return buf;
}

unsigned ct_text_utf8(const unsigned char *s)
{
	unsigned n = 0, i;

	if (s[0] < 0x80)
		n = 1;
	else if (s[0] >= 0xc2 && s[0] < 0xe0)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] < 0xf0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		n = 4;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

char *ct_text_safe(char *buf, size_t size, const char *s)
{
	size_t i;

	for (i = 0; i + 1 < size && s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		buf[i] = c < 0x20 || c == 0x7f ? '?' : s[i];
	}
	buf[i] = 0;
	return buf;
}

void ct_text_add(char *buf, size_t size, const char *format, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	if (n + 1 >= size)
		return;
	va_start(ap, format);
	/* The analyzer loses va_start() when it is given several files: NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	vsnprintf(buf + n, size - n, format, ap);
	va_end(ap);
	ct_text_safe(buf + n, size - n, buf + n);
}

unsigned ct_text_width(FILE *f)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;
	unsigned long n = 0;

	if (columns)
		n = strtoul(columns, NULL, 10);
	if (n < 40 || n > 1000)
		n = isatty(fileno(f)) && ioctl(fileno(f), TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
	return n >= 40 && n <= 1000 ? (unsigned)n : 100;
}

bool ct_text_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

/* Columns of UTF-8: what is not a continuation byte counts. */
static unsigned columns_of(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

void ct_text_cut(FILE *f, const char *s, unsigned width)
{
	unsigned n = 0;

	if (columns_of(s) <= width) {
		fputs(s, f);
		return;
	}
	for (; *s; s++) {
		n += (*s & 0xc0) != 0x80;
		if (n + 3 > width)
			break;
		fputc(*s, f);
	}
	fputs("...", f);
}

void ct_text_wrap(FILE *f, const char *s, unsigned column, unsigned width)
{
	unsigned room = width > column + 20 ? width - column : 20, n = 0, word;
	const char *end;

	for (; *s; s = end) {
		end = s + strcspn(s + (*s == ' '), " ") + (*s == ' ');
		word = (unsigned)(end - s);
		if (n && n + word > room) {
			fprintf(f, "\n%*s", (int)column, "");
			n = 0;
			if (*s == ' ') {
				s++;
				word--;
			}
		}
		fwrite(s, 1, word, f);
		n += word;
	}
	fputc('\n', f);
}
