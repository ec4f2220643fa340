/*
 * bpf_code.h - assembles programs for the kernel's BPF machine: one function for each kind of instruction, and labels to jump to.
 *
 * The programs are a few dozen instructions, made for the kernel that runs: building them needs no compiler for BPF.
 */
#ifndef CT_RUN_BPF_CODE_H
#define CT_RUN_BPF_CODE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#define CT_BPF_ROOM   256
#define CT_BPF_LABELS 24

struct ct_bpf_code {
	struct bpf_insn insn[CT_BPF_ROOM];
	unsigned n;
	unsigned label[CT_BPF_LABELS]; /* instruction it stands before, + 1 */
	uint8_t jumps_to[CT_BPF_ROOM]; /* label + 1 */
	bool full;
};

/* Registers as the kernel numbers them: 0 results, 1 to 5 arguments (lost by a call), 6 to 9 kept, 10 the stack. */

/* ct_bpf_put - any instruction */
void ct_bpf_put(struct ct_bpf_code *c, int op, int dst, int src, int off, int64_t imm);

/* ct_bpf_set, ct_bpf_copy - a number of 32 bits; a register */
void ct_bpf_set(struct ct_bpf_code *c, int dst, int32_t value);
void ct_bpf_copy(struct ct_bpf_code *c, int dst, int src);

/* ct_bpf_load, ct_bpf_store - size: BPF_W, BPF_DW */
void ct_bpf_load(struct ct_bpf_code *c, int size, int dst, int src, unsigned off);
void ct_bpf_store(struct ct_bpf_code *c, int size, int dst, int off, int src);

/* ct_bpf_op, ct_bpf_op_with - dst = dst op value, dst = dst op src: BPF_ADD, BPF_AND and the like, of 64 bits */
void ct_bpf_op(struct ct_bpf_code *c, int op, int dst, int32_t value);
void ct_bpf_op_with(struct ct_bpf_code *c, int op, int dst, int src);

/* ct_bpf_jump - to a label when `dst op value`: BPF_JEQ, BPF_JNE, BPF_JGE...; BPF_JA: always */
void ct_bpf_jump(struct ct_bpf_code *c, int op, int dst, int32_t value, unsigned label);

/* ct_bpf_here - the label stands before the next instruction */
void ct_bpf_here(struct ct_bpf_code *c, unsigned label);

void ct_bpf_call(struct ct_bpf_code *c, enum bpf_func_id function);

/* ct_bpf_map, ct_bpf_map_value - a map; the address of an array's first value */
void ct_bpf_map(struct ct_bpf_code *c, int dst, int fd);
void ct_bpf_map_value(struct ct_bpf_code *c, int dst, int fd);

/* ct_bpf_leave - return 0 */
void ct_bpf_leave(struct ct_bpf_code *c);

/*
 * ct_bpf_link - resolve the jumps
 * Returns false when there was no room or a label stands nowhere.
 * Context: tools, as all the above.
 */
bool ct_bpf_link(struct ct_bpf_code *c);

#endif
