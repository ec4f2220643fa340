/*
 * x86.h - how long is an x86-64 instruction, and the little of what it does that the search for system calls needs.
 *
 * Not a disassembler: lengths are right for what compilers and assemblers make, operands are looked at only where eax or a plain number is
 * one of them.
 */
#ifndef CT_SYMBOL_X86_H
#define CT_SYMBOL_X86_H

#include <stddef.h>
#include <stdint.h>

enum ct_x86_effect {
	CT_X86_OTHER,
	CT_X86_SYSCALL, /* syscall, sysenter, int 0x80 */
	CT_X86_SET,	/* a register is now a number that stands in the instruction */
	CT_X86_MOVE,	/* eax is now what another register is */
	CT_X86_LOSE,	/* eax is now something else, or a function was called */
	CT_X86_LEAVE	/* the next instruction is not reached from this one */
};

struct ct_x86 {
	unsigned length;
	enum ct_x86_effect effect;
	uint32_t number; /* CT_X86_SET */
	unsigned reg;	 /* 0 (eax) to 15; CT_X86_SET: which; CT_X86_MOVE: from which */
};

/*
 * ct_x86_decode - one instruction
 * Returns 0, or -1 when it is none, or does not end within @room bytes.
 * Context: tools; no allocation.
 */
int ct_x86_decode(const uint8_t *p, size_t room, struct ct_x86 *insn);

#endif
