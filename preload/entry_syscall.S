/*
 * entry_syscall.S - the entry of syscall(): the numbers of ct_syscall_recorded go to our C code, every other on to libc by a jump.
 *
 * It is not C because a C function has a frame: a thread that syscall(SYS_vfork) or syscall(SYS_clone) gives the same stack would
 * return through it twice.  All argument registers and the stack are left as the caller made them.
 */
#include <asm/unistd.h>

	.section .note.GNU-stack, "", %progbits
	.text
	.globl syscall
	.type syscall, %function
#if defined(__x86_64__)
	.p2align 4
syscall:
	.cfi_startproc
	cmpq $512, %rdi
	jae 1f
	btq %rdi, ct_syscall_recorded(%rip)
	jnc 1f
	/* the seventh of our C function's arguments is the sixth of the call: it lies where the caller put it */
	jmp ct_syscall_recorded_call
1:	jmpq *(ct_real_syscall)(%rip)
	.cfi_endproc
#elif defined(__aarch64__)
	.p2align 2
syscall:
	.cfi_startproc
	cmp x0, #512
	b.hs 1f
	lsr x16, x0, #6
	adrp x17, ct_syscall_recorded
	add x17, x17, :lo12:ct_syscall_recorded
	ldr x16, [x17, x16, lsl #3]
	lsr x16, x16, x0
	tbz x16, #0, 1f
	b ct_syscall_recorded_call
1:	adrp x16, ct_real_syscall
	ldr x16, [x16, :lo12:ct_real_syscall]
	br x16
	.cfi_endproc
#endif
	.size syscall, . - syscall
