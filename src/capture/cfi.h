/*
 * cfi.h - unwind rules of one program counter, from the .eh_frame the program carries anyway.
 */
#ifndef CT_CAPTURE_CFI_H
#define CT_CAPTURE_CFI_H

#include "capture/module.h"

#if defined(__x86_64__)
#include "capture/arch_x86_64.h"
#elif defined(__aarch64__)
#include "capture/arch_aarch64.h"
#else
#error "no unwinding for this architecture"
#endif

/* How to find a register of the caller.  A rule is kind | value << 4, value signed. */
enum ct_rule {
	CT_RULE_SAME = 0,
	CT_RULE_UNDEFINED,
	CT_RULE_SLOT,	    /* at CFA + value */
	CT_RULE_VALUE,	    /* is CFA + value */
	CT_RULE_REGISTER,   /* is register number value */
	CT_RULE_SLOT_EXPR,  /* at the address the expression gives */
	CT_RULE_VALUE_EXPR, /* is what the expression gives */
};
#define CT_RULE_KIND(rule)  ((enum ct_rule)((rule)&15))
#define CT_RULE_VALUE(rule) ((int32_t)(rule) >> 4)

#define CT_CFA_EXPR	0xffffu /* as cfa_reg: cfa_value is an expression */
#define CT_CFI_REMEMBER 4	/* nested DW_CFA_remember_state; compilers use one or two */

struct ct_cfi_state {
	int64_t cfa_value;
	uint32_t cfa_reg;
	uint32_t rule[CT_NREG];
};

/* Reads bytes up to end; what runs out sets bad and reads as 0 from then on. */
struct ct_reader {
	const uint8_t *p, *end;
	int bad;
};

/* Scratch and result of ct_cfi_find; lives in the thread's stack cache. */
struct ct_cfi {
	struct ct_cfi_state now;
	uintptr_t begin;	     /* of the code these rules were written for */
	struct ct_cfi_state initial; /* after the CIE, for DW_CFA_restore */
	struct ct_cfi_state remembered[CT_CFI_REMEMBER];
	unsigned depth;
	/* reading position; everything read lies in [lo, hi) of the object's tables */
	struct ct_reader in;
	/* of the CIE */
	uint64_t code_align;
	int64_t data_align;
	const uint8_t *anchor; /* expressions are kept as distances from here: the FDE */
	uint8_t pointer_encoding;
	uint8_t has_augmentation_data;
	uint8_t signal_frame;
};

enum ct_cfi_found { CT_CFI_OK, CT_CFI_NONE, CT_CFI_BAD };

/**
 * ct_cfi_find - the rules that hold at an address.
 *
 * @pc: run-time address inside the instruction in question; for a return address, minus 1
 * Returns CT_CFI_NONE when the object has no entry for it, CT_CFI_BAD when it has one that is
 * damaged or uses something unknown.
 * Context: any thread, any signal; no allocation, no libc.
 */
enum ct_cfi_found ct_cfi_find(const struct ct_module *m, uintptr_t pc, struct ct_cfi *cfi);

/* What an expression may ask for; each returns 0 when it cannot be had. */
struct ct_cfi_machine {
	int (*reg)(void *self, unsigned number, uint64_t *value);
	int (*word)(void *self, uintptr_t address, uint64_t *value);
	void *self;
	/* scratch, which keeps it off the thread's stack */
	uint64_t stack[16];
	struct ct_reader in;
	const uint8_t *begin;
	unsigned steps;
};

/**
 * ct_cfi_eval - evaluate a DWARF expression (uleb128 length, then operations).
 *
 * @end: nothing is read from here on
 * @initial: pushed first unless NULL (the CFA, for register rules)
 * Returns 1 and the top of the stack, or 0 when it uses something unknown or unreadable.
 * Context: any thread, any signal; no allocation, no libc.
 */
int ct_cfi_eval(struct ct_cfi_machine *machine, const uint8_t *expr, const uint8_t *end,
		const uint64_t *initial, uint64_t *result);

#endif
