/*
 * calls.h - system calls that may wait, by their number on this machine.
 */
#ifndef CT_SYMBOL_CALLS_H
#define CT_SYMBOL_CALLS_H

#include <stdint.h>

/*
 * ct_call_waiting - name of a system call that may wait for somebody; NULL for one that does not, or that this version does not know
 * Context: any; no allocation.
 */
const char *ct_call_waiting(uint32_t number);

#endif
