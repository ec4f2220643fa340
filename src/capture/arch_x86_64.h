/*
 * arch_x86_64.h - what unwinding has to know about x86-64.
 *
 * Register numbers are DWARF's: 3 rbx, 6 rbp, 7 rsp, 12-15 r12-r15, 16 the return address.
 */
#ifndef CT_CAPTURE_ARCH_X86_64_H
#define CT_CAPTURE_ARCH_X86_64_H

#include <stdint.h>

#define CT_NREG	       17 /* columns the tables may name and we keep */
#define CT_REG_FP      6
#define CT_REG_SP      7
#define CT_REG_RA      16
#define CT_REG_PC      16   /* expressions read the program counter as this one */
#define CT_RA_OFFSET   (-8) /* of the return address from the CFA, in rows worth caching */
#define CT_CALL_PUSHES 1    /* a frame is never empty: it holds at least its return address */

/* Registers a cached row keeps, and the bits each may have for its distance below the CFA. */
#define CT_ROW_REGS	  6
#define CT_ROW_BITS	  7
#define CT_ROW_DROPS_REST 0
#define CT_ROW_REG_LIST                                                                            \
	{                                                                                          \
		3, 6, 12, 13, 14, 15                                                               \
	}

/* What the entry of ct_stack_capture saves, lowest address first; the return address is last. */
struct ct_regs {
	uint64_t saved[CT_ROW_REGS]; /* in the order of CT_ROW_REG_LIST */
	uint64_t mark;		     /* the cache, while this capture is in progress */
	uint64_t unused[2];
	uint64_t ra;
};
#define CT_REGS_PC(regs) ((regs)->ra)
#define CT_REGS_SP(regs) ((uintptr_t)((regs) + 1))

/*
 * uint32_t ct_stack_capture(dict, cache, bounds): stores the callee-saved registers under the
 * return address, so that they are stack words like all the others an unwind depends on.
 */
#define CT_STACK_ENTRY                                                                             \
	".text\n"                                                                                  \
	".p2align 4\n"                                                                             \
	".globl ct_stack_capture\n"                                                                \
	".hidden ct_stack_capture\n"                                                               \
	".type ct_stack_capture, @function\n"                                                      \
	"ct_stack_capture:\n"                                                                      \
	"	.cfi_startproc\n"                                                                        \
	"	subq $72, %rsp\n"                                                                        \
	"	.cfi_adjust_cfa_offset 72\n"                                                             \
	"	movq %rbx, (%rsp)\n"                                                                     \
	"	movq %rbp, 8(%rsp)\n"                                                                    \
	"	movq %r12, 16(%rsp)\n"                                                                   \
	"	movq %r13, 24(%rsp)\n"                                                                   \
	"	movq %r14, 32(%rsp)\n"                                                                   \
	"	movq %r15, 40(%rsp)\n"                                                                   \
	"	movq %rsi, 48(%rsp)\n"                                                                   \
	"	movq %rsp, %rcx\n"                                                                       \
	"	call ct_stack_capture_regs\n"                                                            \
	".globl ct_stack_capture_return\n"                                                         \
	".hidden ct_stack_capture_return\n"                                                        \
	"ct_stack_capture_return:\n"                                                               \
	"	addq $72, %rsp\n"                                                                        \
	"	.cfi_adjust_cfa_offset -72\n"                                                            \
	"	ret\n"                                                                                   \
	"	.cfi_endproc\n"                                                                          \
	".size ct_stack_capture, . - ct_stack_capture\n"

static inline uint64_t ct_arch_strip(uint64_t pc)
{
	return pc;
}

/* mov $15, %rax (two encodings); syscall: a signal trampoline without unwind information. */
static inline int ct_arch_is_sigreturn(const uint8_t *pc)
{
	static const uint8_t movq[9] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t movl[7] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
	unsigned n = pc[0] == 0x48 ? sizeof(movq) : sizeof(movl);
	const uint8_t *code = pc[0] == 0x48 ? movq : movl;

	for (unsigned i = 0; i < n; i++)
		if (pc[i] != code[i])
			return 0;
	return 1;
}
#define CT_SIGRETURN_BYTES 9

/* Where register r is kept in the signal frame that such a trampoline stands on, from its sp. */
static inline unsigned ct_arch_sigframe_slot(unsigned r)
{
	/* ucontext at sp: 40 bytes, then r8-r15 rdi rsi rbp rbx rdx rax rcx rsp rip */
	static const uint8_t place[CT_NREG] = {13, 12, 14, 11, 9, 8, 10, 15, 0,
					       1,  2,  3,  4,  5, 6, 7,	 16};

	return 40u + 8u * place[r];
}
/* A genuine signal frame is mapped this far above its sp, whatever page that is. */
#define CT_SIGFRAME_BYTES 432

#endif
