/*
 * out.c - see out.h.
 */
#include "views/export/out.h"

#include <errno.h>

#include "views/analyze/text.h"

void ct_out_start(struct ct_out *o, FILE *f)
{
	o->f = f;
	o->used = 0;
	o->bytes = 0;
	o->err = 0;
}

static void give(struct ct_out *o, const void *p, size_t n)
{
	errno = 0;
	if (!o->err && n && fwrite(p, 1, n, o->f) != n)
		o->err = errno ? -errno : -EIO;
}

int ct_out_finish(struct ct_out *o)
{
	give(o, o->buffer, o->used);
	o->used = 0;
	errno = 0;
	if (!o->err && fflush(o->f) != 0)
		o->err = errno ? -errno : -EIO;
	return o->err;
}

void ct_out_bytes(struct ct_out *o, const void *p, size_t n)
{
	o->bytes += n;
	if (n > sizeof(o->buffer) - o->used) {
		give(o, o->buffer, o->used);
		o->used = 0;
		if (n > sizeof(o->buffer)) {
			give(o, p, n);
			return;
		}
	}
	memcpy(o->buffer + o->used, p, n);
	o->used += n;
}

/* Decimal digits before `end`, at least `least`.  Returns where they begin. */
static char *digits(char *end, uint64_t n, unsigned least)
{
	char *p = end;

	for (; n || p == end || (size_t)(end - p) < least; n /= 10)
		*--p = (char)('0' + n % 10);
	return p;
}

void ct_out_number(struct ct_out *o, uint64_t n)
{
	char buf[24], *end = buf + sizeof(buf), *p = digits(end, n, 1);

	ct_out_bytes(o, p, (size_t)(end - p));
}

static void fixed(struct ct_out *o, uint64_t n, uint64_t unit, unsigned places)
{
	char buf[24], *end = buf + sizeof(buf), *p;
	uint64_t rest = n % unit;

	ct_out_number(o, n / unit);
	if (!rest)
		return;
	p = digits(end, rest, places);
	while (end[-1] == '0')
		end--;
	ct_out_bytes(o, ".", 1);
	ct_out_bytes(o, p, (size_t)(end - p));
}

void ct_out_micros(struct ct_out *o, uint64_t ns)
{
	fixed(o, ns, 1000, 3);
}

void ct_out_millis(struct ct_out *o, uint64_t ns)
{
	fixed(o, ns, 1000000, 6);
}

void ct_out_json(struct ct_out *o, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)(text ? text : ""), *plain = s;
	unsigned n;

	ct_out_bytes(o, "\"", 1);
	while (*s) {
		char escape[6] = {'\\', 'u', '0', '0', hex[*s >> 4], hex[*s & 15]};

		n = ct_text_utf8(s);
		if (n && *s >= 0x20 && *s != 0x7f && *s != '"' && *s != '\\') {
			s += n;
			continue;
		}
		ct_out_bytes(o, plain, (size_t)(s - plain));
		ct_out_bytes(o, escape, sizeof(escape));
		plain = ++s;
	}
	ct_out_bytes(o, plain, (size_t)(s - plain));
	ct_out_bytes(o, "\"", 1);
}
