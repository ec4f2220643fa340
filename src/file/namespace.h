/*
 * namespace.h - the pid namespace of a row of the process table, by the rule of FORMAT.md.
 */
#ifndef CT_FILE_NAMESPACE_H
#define CT_FILE_NAMESPACE_H

#include <ctrace/format.h>

/*
 * ct_process_namespace - inode of the pid namespace that the pid in a row is of: its own or that of those it was forked from; 0 not known
 * @rows: the table, of which no row behind @index is looked at whatever the rows say
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline uint64_t ct_process_namespace(const struct ct_process_rec *rows, uint32_t index)
{
	/* with ppid 0 its parent is in another one: it is the first process of a new namespace */
	while (!rows[index].pid_namespace && rows[index].forked_from && rows[index].ppid &&
	       rows[index].forked_from - 1 < index)
		index = rows[index].forked_from - 1;
	return rows[index].pid_namespace;
}

#endif
