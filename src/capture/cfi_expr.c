/*
 * cfi_expr.c - the stack machine of DWARF expressions, as far as unwind tables use it.
 *
 * PLT entries compute their CFA with one, functions that realign the stack keep theirs behind a
 * pointer, and signal trampolines describe every register with one.  Programs are bounded in
 * steps and depth; registers and memory come from the caller, who checks what is asked for.
 */
#include "capture/cfi_int.h"
#include "sys/poison.h"

#define STEPS_MAX 256u
#define DEPTH_MAX 16

/* Two operands, one result.  Returns 0 for a division by zero or an unknown operation. */
static int binary(unsigned op, uint64_t a, uint64_t b, uint64_t *r)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	switch (op) {
	case 0x1a: *r = a & b; return 1;
	case 0x1b:
		if (!sb || (sb == -1 && sa == INT64_MIN))
			return 0;
		*r = (uint64_t)(sa / sb);
		return 1;
	case 0x1c: *r = a - b; return 1;
	case 0x1d:
		if (!b)
			return 0;
		*r = a % b;
		return 1;
	case 0x1e: *r = a * b; return 1;
	case 0x21: *r = a | b; return 1;
	case 0x22: *r = a + b; return 1;
	case 0x24: *r = b < 64 ? a << b : 0; return 1;
	case 0x25: *r = b < 64 ? a >> b : 0; return 1;
	case 0x26: *r = (uint64_t)(sa >> (b < 64 ? b : 63)); return 1;
	case 0x27: *r = a ^ b; return 1;
	case 0x29: *r = a == b; return 1;
	case 0x2a: *r = sa >= sb; return 1;
	case 0x2b: *r = sa > sb; return 1;
	case 0x2c: *r = sa <= sb; return 1;
	case 0x2d: *r = sa < sb; return 1;
	case 0x2e: *r = a != b; return 1;
	default: return 0;
	}
}

/* Operations that push a constant.  Returns 0 when op is none. */
static int constant(struct ct_reader *in, unsigned op, uint64_t *v)
{
	switch (op) {
	case 0x03: *v = ct_read_fixed(in, 8); return 1; /* addr */
	case 0x08: *v = ct_read_fixed(in, 1); return 1;
	case 0x09: *v = (uint64_t)(int64_t)(int8_t)ct_read_fixed(in, 1); return 1;
	case 0x0a: *v = ct_read_fixed(in, 2); return 1;
	case 0x0b: *v = (uint64_t)(int64_t)(int16_t)ct_read_fixed(in, 2); return 1;
	case 0x0c: *v = ct_read_fixed(in, 4); return 1;
	case 0x0d: *v = (uint64_t)(int64_t)(int32_t)ct_read_fixed(in, 4); return 1;
	case 0x0e:
	case 0x0f: *v = ct_read_fixed(in, 8); return 1;
	case 0x10: *v = ct_read_uleb(in); return 1;
	case 0x11: *v = (uint64_t)ct_read_sleb(in); return 1;
	default: *v = op - 0x30; return op >= 0x30 && op <= 0x4f; /* lit0 to lit31 */
	}
}

/* Operations that only move what is on the stack.  Returns the new depth, or -1. */
static int shuffle(struct ct_reader *in, unsigned op, uint64_t *stack, int n)
{
	int from = 0;
	uint64_t t;

	switch (op) {
	case 0x12: from = 1; break;				/* dup */
	case 0x14: from = 2; break;				/* over */
	case 0x15: from = (int)ct_read_fixed(in, 1) + 1; break; /* pick */
	case 0x13: return n > 0 ? n - 1 : -1;			/* drop */
	case 0x16:						/* swap */
		if (n < 2)
			return -1;
		t = stack[n - 1];
		stack[n - 1] = stack[n - 2];
		stack[n - 2] = t;
		return n;
	case 0x17: /* rot: the top goes below the next two */
		if (n < 3)
			return -1;
		t = stack[n - 1];
		stack[n - 1] = stack[n - 2];
		stack[n - 2] = stack[n - 3];
		stack[n - 3] = t;
		return n;
	default: return -1;
	}
	if (from > n || n >= DEPTH_MAX)
		return -1;
	stack[n] = stack[n - from];
	return n + 1;
}

/* Loads 1, 2 or 4 bytes out of the aligned word they must lie in. */
static int narrow(struct ct_cfi_machine *m, unsigned bytes, uint64_t *top)
{
	unsigned shift = (unsigned)(*top & 7) * 8;
	uint64_t word;

	if (shift + bytes * 8 > 64 || !m->word(m->self, *top & ~7ull, &word))
		return 0;
	*top = (word >> shift) & ((1ull << (bytes * 8)) - 1);
	return 1;
}

/* Operations that change the top in place.  Returns 0 when op is none or the stack is empty. */
static int unary(struct ct_cfi_machine *m, unsigned op, uint64_t *top)
{
	struct ct_reader *in = &m->in;
	unsigned bytes;

	switch (op) {
	case 0x06: return m->word(m->self, *top, top); /* deref */
	case 0x19:				       /* abs */
		if ((int64_t)*top < 0)
			*top = -*top;
		return 1;
	case 0x1f: *top = -*top; return 1;	       /* neg */
	case 0x20: *top = ~*top; return 1;	       /* not */
	case 0x23: *top += ct_read_uleb(in); return 1; /* plus_uconst */
	case 0x94:				       /* deref_size; an aligned word holds it */
		bytes = (unsigned)ct_read_fixed(in, 1);
		if (bytes == 8)
			return m->word(m->self, *top, top);
		if (bytes != 4 && bytes != 2 && bytes != 1)
			return 0;
		return narrow(m, bytes, top);
	default: return 0;
	}
}

static void jump(struct ct_reader *in, const uint8_t *begin, int offset)
{
	if (offset < begin - in->p || offset > in->end - in->p)
		ct_read_fail(in);
	else
		in->p += offset;
}

/* Runs one operation.  Returns the new depth of the stack, or -1. */
static __attribute__((noinline)) int execute(struct ct_cfi_machine *m, unsigned op, int n)
{
	struct ct_reader *in = &m->in;
	uint64_t *stack = m->stack, v;

	if (op == 0x2f || op == 0x28) { /* skip, bra */
		int offset = (int16_t)ct_read_fixed(in, 2);

		if (op == 0x28 && n < 1)
			return -1;
		if (op == 0x2f || stack[--n])
			jump(in, m->begin, offset);
		return n;
	}
	if (op >= 0x70 && op <= 0x92) { /* breg0 to breg31, 0x90 and 0x91 are others, bregx */
		unsigned reg = op == 0x92 ? (unsigned)ct_read_uleb(in) : op - 0x70;
		int64_t offset = ct_read_sleb(in);

		if (op == 0x90 || op == 0x91 || n >= DEPTH_MAX || !m->reg(m->self, reg, &stack[n]))
			return -1;
		stack[n] += (uint64_t)offset;
		return n + 1;
	}
	if (constant(in, op, &v)) {
		if (n >= DEPTH_MAX)
			return -1;
		stack[n] = v;
		return n + 1;
	}
	if (n >= 2 && binary(op, stack[n - 2], stack[n - 1], &v)) {
		stack[n - 2] = v;
		return n - 1;
	}
	if (op >= 0x12 && op <= 0x17)
		return shuffle(in, op, stack, n);
	if (op == 0x96) /* nop */
		return n;
	return n >= 1 && unary(m, op, &stack[n - 1]) ? n : -1;
}

static int open_expr(struct ct_cfi_machine *m, const uint8_t *expr, const uint8_t *end)
{
	uint64_t length;

	m->in.p = expr;
	m->in.end = end;
	m->in.bad = 0;
	length = ct_read_uleb(&m->in);
	if (m->in.bad || length > (size_t)(end - m->in.p))
		return 0;
	m->begin = m->in.p;
	m->in.end = m->in.p + length;
	return 1;
}

int ct_cfi_eval(struct ct_cfi_machine *m, const uint8_t *expr, const uint8_t *end,
		const uint64_t *initial, uint64_t *result)
{
	int n = 0;

	if (!open_expr(m, expr, end))
		return 0;
	if (initial)
		m->stack[n++] = *initial;
	for (m->steps = 0; m->in.p < m->in.end; m->steps++) {
		if (m->steps == STEPS_MAX)
			return 0;
		n = execute(m, *m->in.p++, n);
		if (n < 0 || m->in.bad)
			return 0;
	}
	if (n < 1)
		return 0;
	*result = m->stack[n - 1];
	return 1;
}
