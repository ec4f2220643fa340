/*
 * coverage.h - what can be seen: the table of hooks, held against what this machine's libc exports.  It says nothing about a trace.
 */
#ifndef CT_VIEWS_COVERAGE_H
#define CT_VIEWS_COVERAGE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * ct_view_coverage - print the table
 * @libc: path of the libc to count against; NULL: the one this process runs on
 * Returns 0 or -errno; that libc's names cannot be read is told in the output and no error.
 * Context: tools.
 */
int ct_view_coverage(FILE *out, const char *libc, bool json, unsigned width);

#endif
