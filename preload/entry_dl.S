/*
 * entry_dl.S - the entries of dlopen() and dlmopen(): a load that the linker will bind past us is noted, then libc's own function gets the
 * call by a jump.
 *
 * It is not C because libc finds the caller's search path and namespace by the return address, which has to stay the caller's.
 */
#define RTLD_DEEPBIND 8 /* as in dlfcn.h, which is for C */

	.section .note.GNU-stack, "", %progbits
	.text
#if defined(__x86_64__)

/* Calls a C function with the arguments of the call in progress saved. */
.macro aside function
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	call \function
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
.endm

.macro entry name seen
	.globl \name
	.type \name, %function
	.p2align 4
\name:
	.cfi_startproc
	\seen
	cmpq $0, ct_real_\name(%rip)
	jne 2f
	aside ct_dl_resolve
2:	jmpq *ct_real_\name(%rip)
	.cfi_endproc
	.size \name, . - \name
.endm

.macro deepbind
	testl $RTLD_DEEPBIND, %esi
	jz 1f
	aside ct_dl_deepbind
1:
.endm

.macro namespace
	testq %rdi, %rdi /* LM_ID_BASE */
	jz 1f
	aside ct_dl_namespace
1:
.endm

#elif defined(__aarch64__)

.macro aside function
	stp x29, x30, [sp, #-48]!
	.cfi_adjust_cfa_offset 48
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	stp x0, x1, [sp, #16]
	str x2, [sp, #32]
	bl \function
	ldr x2, [sp, #32]
	ldp x0, x1, [sp, #16]
	ldp x29, x30, [sp], #48
	.cfi_restore x29
	.cfi_restore x30
	.cfi_adjust_cfa_offset -48
.endm

.macro entry name seen
	.globl \name
	.type \name, %function
	.p2align 2
\name:
	.cfi_startproc
	\seen
	adrp x16, ct_real_\name
	ldr x16, [x16, :lo12:ct_real_\name]
	cbnz x16, 2f
	aside ct_dl_resolve
	adrp x16, ct_real_\name
	ldr x16, [x16, :lo12:ct_real_\name]
2:	br x16
	.cfi_endproc
	.size \name, . - \name
.endm

.macro deepbind
	tst w1, #RTLD_DEEPBIND
	b.eq 1f
	aside ct_dl_deepbind
1:
.endm

.macro namespace
	cbz x0, 1f /* LM_ID_BASE */
	aside ct_dl_namespace
1:
.endm

#endif

entry dlopen, deepbind
entry dlmopen, namespace
