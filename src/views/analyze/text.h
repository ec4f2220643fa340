/*
 * text.h - numbers and lines for people: units, thousands, widths, colours.  It knows nothing about traces.
 *
 * Functions that format write into the caller's buffer and return it, so that they can stand in an argument list.
 */
#ifndef CT_VIEWS_TEXT_H
#define CT_VIEWS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CT_TEXT_NUMBER 40 /* room for any of the numbers */

/*
 * ct_text_ns - "812 ns", "45.1 us", "1.23 s", "2 m 05 s", "3 h 12 m"
 * Context: tools.
 */
char *ct_text_ns(char buf[CT_TEXT_NUMBER], uint64_t ns);

/*
 * ct_text_count - "1,234,567"
 * Context: tools.
 */
char *ct_text_count(char buf[CT_TEXT_NUMBER], uint64_t n);

/*
 * ct_text_waits - "1 wait", "1,234,567 waits"
 * Context: tools.
 */
char *ct_text_waits(char buf[CT_TEXT_NUMBER], uint64_t n);

/*
 * ct_text_bytes - "512 B", "1.4 MiB"
 * Context: tools.
 */
char *ct_text_bytes(char buf[CT_TEXT_NUMBER], uint64_t n);

/*
 * ct_text_share - "81 %", "<1 %" for little, "0 %" for nothing; never "100 %" for less than all
 * Context: tools.
 */
char *ct_text_share(char buf[CT_TEXT_NUMBER], uint64_t part, uint64_t whole);

/*
 * ct_text_safe - copy text that came from a trace: control characters, which a terminal would obey, become '?'
 * Returns buf.
 * Context: tools.
 */
char *ct_text_safe(char *buf, size_t size, const char *s);

/*
 * ct_text_utf8 - bytes of the valid UTF-8 character at s, which is terminated; 0 when there is none
 * Context: tools.
 */
unsigned ct_text_utf8(const unsigned char *s);

/*
 * ct_text_add - append formatted text to a string in a buffer, made safe like ct_text_safe(), cut when the buffer is full
 * Context: tools.
 */
void ct_text_add(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * ct_text_width - columns of what a stream leads to: COLUMNS, the terminal's, else 100
 * Context: tools.
 */
unsigned ct_text_width(FILE *f);

/*
 * ct_text_colour - may colours be used on this stream?  Only on a terminal, and not with NO_COLOR or TERM=dumb
 * Context: tools.
 */
bool ct_text_colour(FILE *f);

/*
 * ct_text_wrap - print s from column `column` on, going on in the next line at that column where `width` is reached
 * Breaks at blanks.  Ends the last line.
 * Context: tools.
 */
void ct_text_wrap(FILE *f, const char *s, unsigned column, unsigned width);

/*
 * ct_text_cut - print at most `width` columns of s, with "..." for what did not fit
 * Context: tools.
 */
void ct_text_cut(FILE *f, const char *s, unsigned width);

#endif
