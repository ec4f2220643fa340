/*
 * bpf_code.c - see bpf_code.h.
 */
#include "bpf_code.h"

void ct_bpf_put(struct ct_bpf_code *c, int op, int dst, int src, int off, int64_t imm)
{
	if (c->n == CT_BPF_ROOM) {
		c->full = true;
		return;
	}
	c->insn[c->n++] = (struct bpf_insn){
		.code = (uint8_t)op,
		.dst_reg = (unsigned)dst & 15u,
		.src_reg = (unsigned)src & 15u,
		.off = (int16_t)off,
		.imm = (int32_t)imm,
	};
}

void ct_bpf_set(struct ct_bpf_code *c, int dst, int32_t value)
{
	ct_bpf_put(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

void ct_bpf_copy(struct ct_bpf_code *c, int dst, int src)
{
	ct_bpf_put(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void ct_bpf_load(struct ct_bpf_code *c, int size, int dst, int src, unsigned off)
{
	ct_bpf_put(c, BPF_LDX | BPF_MEM | size, dst, src, (int)off, 0);
}

void ct_bpf_store(struct ct_bpf_code *c, int size, int dst, int off, int src)
{
	ct_bpf_put(c, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

void ct_bpf_op(struct ct_bpf_code *c, int op, int dst, int32_t value)
{
	ct_bpf_put(c, BPF_ALU64 | op | BPF_K, dst, 0, 0, value);
}

void ct_bpf_op_with(struct ct_bpf_code *c, int op, int dst, int src)
{
	ct_bpf_put(c, BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}

void ct_bpf_jump(struct ct_bpf_code *c, int op, int dst, int32_t value, unsigned label)
{
	if (c->n < CT_BPF_ROOM)
		c->jumps_to[c->n] = (uint8_t)(label + 1);
	ct_bpf_put(c, BPF_JMP | op | BPF_K, dst, 0, 0, value);
}

void ct_bpf_here(struct ct_bpf_code *c, unsigned label)
{
	c->label[label] = c->n + 1;
}

void ct_bpf_call(struct ct_bpf_code *c, enum bpf_func_id function)
{
	ct_bpf_put(c, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

/* A number of 64 bits takes two instructions; what it stands for is told by the source register. */
static void wide(struct ct_bpf_code *c, int dst, int what, uint32_t value)
{
	ct_bpf_put(c, BPF_LD | BPF_DW, dst, what, 0, value); /* BPF_IMM is 0, too */
	ct_bpf_put(c, 0, 0, 0, 0, 0);
}

void ct_bpf_map(struct ct_bpf_code *c, int dst, int fd)
{
	wide(c, dst, BPF_PSEUDO_MAP_FD, (uint32_t)fd);
}

void ct_bpf_map_value(struct ct_bpf_code *c, int dst, int fd)
{
	wide(c, dst, BPF_PSEUDO_MAP_VALUE, (uint32_t)fd);
}

void ct_bpf_leave(struct ct_bpf_code *c)
{
	ct_bpf_set(c, 0, 0);
	ct_bpf_put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

bool ct_bpf_link(struct ct_bpf_code *c)
{
	unsigned i;

	for (i = 0; i < c->n; i++) {
		unsigned to;

		if (!c->jumps_to[i])
			continue;
		to = c->label[c->jumps_to[i] - 1];
		if (!to)
			return false;
		c->insn[i].off = (int16_t)((int)to - 1 - (int)i - 1);
	}
	return !c->full;
}
