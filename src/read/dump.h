/*
 * dump.h - a whole trace in the text form (src/file/text.h), or its records as lines of JSON.
 */
#ifndef CT_READ_DUMP_H
#define CT_READ_DUMP_H

#include <stdio.h>

#include "trace.h"

/*
 * ct_trace_dump - print everything: header, tables, chunks with their records
 * What is printed and read back by ct_text_parse() is the same trace; undrained totals of an arena's slots stand in a
 * chunk of their own at the end, as ctrace-run would write them.
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_trace_dump(struct ct_trace *t, FILE *out);

/*
 * ct_trace_dump_records - print only the records that pass, in the order of time
 * @json: a JSON object a line, with the names of the text form's fields; else the lines of the text form with slot, thread
 *        and tid as a comment
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_trace_dump_records(struct ct_trace *t, const struct ct_filter *filter, bool json, FILE *out);

#endif
