/*
 * filter.h - which executables are recorded: the patterns of `ctrace-run --only` and `--skip`.
 *
 * ctrace-run puts them into the arena, where every process that maps it finds them: the environment of the program stays as it is.
 * A pattern is compared with the last part of the executable's path; * is any text, ? any one character, [a-z] and [!a-z] one of a
 * set, \ takes the next character as it is.
 */
#ifndef CT_CAPTURE_FILTER_H
#define CT_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define CT_FILTER_BYTES 2048

#define CT_FILTER_ONLY '+'
#define CT_FILTER_SKIP '-'

/*
 * ct_filter_add - one more pattern
 * @list: CT_FILTER_BYTES bytes, zero at first
 * @kind: CT_FILTER_ONLY or CT_FILTER_SKIP
 * Returns false when it does not fit, or is empty.
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_filter_add(char *list, char kind, const char *pattern);

/*
 * ct_filter_wants - is an executable to be recorded?  Yes when it fits one of the patterns of --only, or there is none, and none of --skip.
 * @list: CT_FILTER_BYTES bytes; whatever they are, nothing beyond them is read
 * @name: the last part of its path
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_filter_wants(const char *list, const char *name);

/*
 * ct_filter_fits - does a name fit a pattern?
 * Context: any thread, any signal; no allocation, no libc, no recursion.
 */
bool ct_filter_fits(const char *pattern, const char *name);

#endif
