/*
 * row.h - unwind rules packed into one number, kept for all threads of the process.
 */
#ifndef CT_CAPTURE_ROW_H
#define CT_CAPTURE_ROW_H

#include "capture/cfi.h"

/*
 * Rows: the rules of nearly all code fit in one number,
 *
 *   bit 0       CFA is based on the frame pointer instead of the stack pointer
 *   bits 1-21   CFA offset / 8 + 1
 *   bits 22-63  for each register of CT_ROW_REG_LIST, CT_ROW_BITS bits: 0 unchanged, else it was
 *               saved that many words below the CFA
 */
static const uint8_t ct_row_regs[CT_ROW_REGS] = CT_ROW_REG_LIST;

#define CT_ROW_NONE	 0ull	      /* not of this form */
#define CT_ROW_OUTERMOST (1ull << 22) /* return address undefined: nobody called this */

/**
 * ct_row_pack - the rules as a row, or CT_ROW_NONE.
 * Context: any thread, any signal; no allocation, no libc.
 */
uint64_t ct_row_pack(const struct ct_cfi *cfi);

/**
 * ct_row_find - the row another walk stored for this address, or CT_ROW_NONE.
 * @module: index in the table of objects
 * Context: any thread, any signal; no allocation, no libc.
 */
uint64_t ct_row_find(unsigned module, uintptr_t pc);

/**
 * ct_row_store - keep a row for all threads; may be refused silently.
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_row_store(unsigned module, uintptr_t pc, uint64_t row);

#endif
