/*
 * out.h - a stream that many small pieces are written to: bytes, numbers, JSON texts.
 *
 * It counts what went through it and remembers the first error, so that who writes need not ask each time.
 */
#ifndef CT_VIEWS_OUT_H
#define CT_VIEWS_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CT_OUT_BUFFER 65536u

struct ct_out {
	FILE *f;
	size_t used;
	uint64_t bytes; /* all, also those still in the buffer */
	int err;	/* 0 or -errno */
	char buffer[CT_OUT_BUFFER];
};

/*
 * ct_out_start - nothing is written yet
 * Context: tools.
 */
void ct_out_start(struct ct_out *o, FILE *f);

/*
 * ct_out_finish - give the rest to the stream
 * Returns 0, or -errno of the first write that failed.
 * Context: tools.
 */
int ct_out_finish(struct ct_out *o);

/*
 * ct_out_bytes, ct_out_text, ct_out_number - as they are; a number in decimal
 * Context: tools.
 */
void ct_out_bytes(struct ct_out *o, const void *p, size_t n);
void ct_out_number(struct ct_out *o, uint64_t n);
static inline void ct_out_text(struct ct_out *o, const char *s)
{
	ct_out_bytes(o, s, strlen(s));
}

/*
 * ct_out_micros, ct_out_millis - a time in ns as a decimal number of us or ms, without rounding
 * Context: tools.
 */
void ct_out_micros(struct ct_out *o, uint64_t ns);
void ct_out_millis(struct ct_out *o, uint64_t ns);

/*
 * ct_out_json - a text in quotes, as JSON wants it
 * @text: any bytes; those that are not UTF-8 are taken for Latin-1.  NULL: ""
 * Context: tools.
 */
void ct_out_json(struct ct_out *o, const char *text);

#endif
