/*
 * arch_aarch64.h - what unwinding has to know about aarch64.
 *
 * Register numbers are DWARF's: 0-30 x0-x30 (29 the frame pointer, 30 the link register), 31 sp.
 * A frame's return address is where x30 was saved, or x30 itself in a leaf that was interrupted.
 */
#ifndef CT_CAPTURE_ARCH_AARCH64_H
#define CT_CAPTURE_ARCH_AARCH64_H

#include <stdint.h>

#define CT_NREG	       32
#define CT_REG_FP      29
#define CT_REG_SP      31
#define CT_REG_RA      30
#define CT_CALL_PUSHES 0

/*
 * Only x29 and x30 are followed through cached rows; the CFA is never based on another one in
 * code compilers make, and a frame that does it all the same ends the walk.
 */
#define CT_ROW_REGS	  2
#define CT_ROW_BITS	  21
#define CT_ROW_DROPS_REST 1
#define CT_ROW_REG_LIST                                                                            \
	{                                                                                          \
		29, 30                                                                             \
	}

struct ct_regs {
	uint64_t mark; /* the cache, while this capture is in progress */
	uint64_t unused;
	uint64_t saved[CT_ROW_REGS];
};
#define CT_REGS_PC(regs) ((regs)->saved[1])
#define CT_REGS_SP(regs) ((uintptr_t)((regs) + 1))

#define CT_STACK_ENTRY                                                                             \
	".text\n"                                                                                  \
	".p2align 4\n"                                                                             \
	".globl ct_stack_capture\n"                                                                \
	".hidden ct_stack_capture\n"                                                               \
	".type ct_stack_capture, %function\n"                                                      \
	"ct_stack_capture:\n"                                                                      \
	"	.cfi_startproc\n"                                                                        \
	"	stp x29, x30, [sp, #-16]!\n"                                                             \
	"	.cfi_adjust_cfa_offset 16\n"                                                             \
	"	.cfi_rel_offset x29, 0\n"                                                                \
	"	.cfi_rel_offset x30, 8\n"                                                                \
	"	stp x1, xzr, [sp, #-16]!\n"                                                              \
	"	.cfi_adjust_cfa_offset 16\n"                                                             \
	"	mov x3, sp\n"                                                                            \
	"	bl ct_stack_capture_regs\n"                                                              \
	".globl ct_stack_capture_return\n"                                                         \
	".hidden ct_stack_capture_return\n"                                                        \
	"ct_stack_capture_return:\n"                                                               \
	"	add sp, sp, #16\n"                                                                       \
	"	.cfi_adjust_cfa_offset -16\n"                                                            \
	"	ldp x29, x30, [sp], #16\n"                                                               \
	"	.cfi_restore x29\n"                                                                      \
	"	.cfi_restore x30\n"                                                                      \
	"	.cfi_adjust_cfa_offset -16\n"                                                            \
	"	ret\n"                                                                                   \
	"	.cfi_endproc\n"                                                                          \
	".size ct_stack_capture, . - ct_stack_capture\n"

/* Takes off the pointer authentication code; does nothing on machines without. */
static inline uint64_t ct_arch_strip(uint64_t pc)
{
	register uint64_t x30 __asm__("x30") = pc;

	__asm__("hint #7" : "+r"(x30)); /* xpaclri */
	return x30;
}

/* mov x8, #139; svc #0: the kernel's trampoline has no unwind information any more. */
static inline int ct_arch_is_sigreturn(const uint8_t *pc)
{
	static const uint8_t code[8] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4};

	for (unsigned i = 0; i < sizeof(code); i++)
		if (pc[i] != code[i])
			return 0;
	return 1;
}
#define CT_SIGRETURN_BYTES 8

/* siginfo 128 bytes, ucontext up to its registers 176, fault address 8, x0-x30, sp, pc */
static inline unsigned ct_arch_sigframe_slot(unsigned r)
{
	return 128u + 176u + 8u + 8u * r;
}
#define CT_SIGFRAME_PC	  (128u + 176u + 8u + 8u * 32u)
#define CT_SIGFRAME_BYTES 592

#endif
