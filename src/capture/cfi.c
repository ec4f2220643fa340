/*
 * cfi.c - .eh_frame_hdr, CIE, FDE and call frame programs, read in place.
 *
 * To find the rules of a pc: binary search in .eh_frame_hdr's table gives the FDE, the FDE names
 * its CIE, the CIE's initial instructions and then the FDE's are run up to the pc.  All state is
 * in the caller's struct ct_cfi, so this needs little stack and no allocation.
 *
 * What this is not: a general DWARF reader.  It knows what compilers, assemblers and linkers put
 * in .eh_frame on Linux; anything else is CT_CFI_BAD and ends the walk, marked as such.
 *
 * Every read is checked against the mapped segment that holds the tables, so damaged tables give
 * a wrong or missing rule but no fault; what the rule then reads is checked by the walk.
 */
#include "capture/cfi_int.h"
#include "sys/poison.h"

enum { /* pointer encodings */
       PE_ABSPTR = 0x00,
       PE_ULEB128 = 0x01,
       PE_UDATA2 = 0x02,
       PE_UDATA4 = 0x03,
       PE_UDATA8 = 0x04,
       PE_SLEB128 = 0x09,
       PE_SDATA2 = 0x0a,
       PE_SDATA4 = 0x0b,
       PE_SDATA8 = 0x0c,
       PE_PCREL = 0x10,
       PE_INDIRECT = 0x80,
       PE_OMIT = 0xff
};

/* An encoded pointer, without following DW_EH_PE_indirect. */
static uint64_t pointer(struct ct_cfi *c, unsigned encoding)
{
	uintptr_t here = (uintptr_t)c->in.p;
	uint64_t v;

	switch (encoding & 0x0f) {
	case PE_ABSPTR:
	case PE_UDATA8:
	case PE_SDATA8: v = ct_read_fixed(&c->in, 8); break;
	case PE_UDATA4: v = ct_read_fixed(&c->in, 4); break;
	case PE_SDATA4: v = (uint64_t)(int64_t)(int32_t)ct_read_fixed(&c->in, 4); break;
	case PE_UDATA2: v = ct_read_fixed(&c->in, 2); break;
	case PE_SDATA2: v = (uint64_t)(int64_t)(int16_t)ct_read_fixed(&c->in, 2); break;
	case PE_ULEB128: v = ct_read_uleb(&c->in); break;
	case PE_SLEB128: v = (uint64_t)ct_read_sleb(&c->in); break;
	default: return ct_read_fail(&c->in);
	}
	switch (encoding & 0x70) {
	case PE_ABSPTR: return v;
	case PE_PCREL: return v + here;
	default: return ct_read_fail(&c->in);
	}
}

/* Points c at the contents of the entry at `at`, and returns where they begin; NULL when bad. */
static const uint8_t *open_entry(const struct ct_module *m, struct ct_cfi *c, uintptr_t at)
{
	uint64_t length;

	c->in.bad = 0;
	c->in.p = (const uint8_t *)at;
	c->in.end = (const uint8_t *)m->eh_hi;
	if (at < m->eh_lo || at >= m->eh_hi)
		return NULL;
	length = ct_read_fixed(&c->in, 4);
	if (length == 0xffffffffu)
		length = ct_read_fixed(&c->in, 8);
	if (c->in.bad || length < 4 || length > (size_t)(c->in.end - c->in.p))
		return NULL;
	c->in.end = c->in.p + length;
	return c->in.p;
}

/* --- CIE and FDE --------------------------------------------------------------------------- */

/* Reads the CIE up to its instructions, which are left between p and end.  Returns 0 when bad. */
static int read_cie(const struct ct_module *m, struct ct_cfi *c, uintptr_t at)
{
	const uint8_t *augmentation, *data_end = NULL;
	unsigned version;

	if (!open_entry(m, c, at) || ct_read_fixed(&c->in, 4) != 0)
		return 0;
	version = (unsigned)ct_read_fixed(&c->in, 1);
	if (version != 1 && version != 3 && version != 4)
		return 0;
	augmentation = c->in.p;
	while (ct_read_fixed(&c->in, 1))
		;
	if (version == 4 && ct_read_fixed(&c->in, 2) != 8) /* address size 8, segment size 0 */
		return 0;
	c->code_align = ct_read_uleb(&c->in);
	c->data_align = ct_read_sleb(&c->in);
	if ((version == 1 ? ct_read_fixed(&c->in, 1) : ct_read_uleb(&c->in)) != CT_REG_RA ||
	    c->in.bad)
		return 0;

	c->pointer_encoding = PE_ABSPTR;
	c->signal_frame = 0;
	c->has_augmentation_data = *augmentation == 'z';
	for (; *augmentation; augmentation++) {
		switch (*augmentation) {
		case 'z': {
			uint64_t length = ct_read_uleb(&c->in);

			if (length > (size_t)(c->in.end - c->in.p))
				return 0;
			data_end = c->in.p + length;
			break;
		}
		case 'R': c->pointer_encoding = (uint8_t)ct_read_fixed(&c->in, 1); break;
		case 'L': ct_read_fixed(&c->in, 1); break;
		case 'P':
			/* the value does not matter, only its size does */
			pointer(c, (unsigned)ct_read_fixed(&c->in, 1) & 0x0f);
			break;
		case 'S': c->signal_frame = 1; break;
		case 'B': /* aarch64: return addresses are signed with key B */
		case 'G': /* aarch64: tagged stack */ break;
		default:
			if (!data_end)
				return 0;
			goto sized; /* unknown, but how long it is was said */
		}
	}
sized:
	if (data_end)
		c->in.p = data_end;
	return !c->in.bad;
}

/* The FDE that covers pc, by binary search; 0 when none does. */
static uintptr_t find_fde(const struct ct_module *m, uintptr_t pc)
{
	uintptr_t hdr = (uintptr_t)m->eh_hdr;
	int64_t want = (int64_t)(pc - hdr);
	uint32_t lo = 0, hi = m->eh_count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if ((int32_t)ct_load32(m->eh_table + (size_t)mid * 8) <= want)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return 0;
	return hdr +
	       (uintptr_t)(intptr_t)(int32_t)ct_load32(m->eh_table + (size_t)(lo - 1) * 8 + 4);
}

/* --- the call frame program ---------------------------------------------------------------- */

static void set_rule(struct ct_cfi *c, uint64_t reg, enum ct_rule kind, int64_t value)
{
	if (value < -(1 << 27) || value >= (1 << 27)) {
		ct_read_fail(&c->in);
		return;
	}
	if (reg < CT_NREG) /* vector and other registers never matter */
		c->now.rule[reg] = (uint32_t)kind | (uint32_t)((int32_t)value * 16);
}

static void set_expr(struct ct_cfi *c, uint64_t reg, enum ct_rule kind)
{
	int64_t at = c->in.p - c->anchor;

	ct_read_skip(&c->in, ct_read_uleb(&c->in));
	set_rule(c, reg, kind, at);
}

static void restore(struct ct_cfi *c, uint64_t reg)
{
	if (reg < CT_NREG)
		c->now.rule[reg] = c->initial.rule[reg];
}

static void copy_state(struct ct_cfi_state *to, const struct ct_cfi_state *from)
{
	to->cfa_value = from->cfa_value;
	to->cfa_reg = from->cfa_reg;
	for (unsigned i = 0; i < CT_NREG; i++) {
		to->rule[i] = from->rule[i];
		__asm__ volatile("" ::: "memory");
	}
}

/* The operations that are a whole byte.  Returns how far the location moves, if it does. */
static uint64_t run_extended(struct ct_cfi *c, unsigned op)
{
	uint64_t reg;

	switch (op) {
	case 0x00: return 0;					    /* nop */
	case 0x02: return ct_read_fixed(&c->in, 1) * c->code_align; /* advance_loc1 */
	case 0x03: return ct_read_fixed(&c->in, 2) * c->code_align;
	case 0x04: return ct_read_fixed(&c->in, 4) * c->code_align;
	case 0x05: /* offset_extended */
		reg = ct_read_uleb(&c->in);
		set_rule(c, reg, CT_RULE_SLOT, (int64_t)ct_read_uleb(&c->in) * c->data_align);
		return 0;
	case 0x06: restore(c, ct_read_uleb(&c->in)); return 0;
	case 0x07: set_rule(c, ct_read_uleb(&c->in), CT_RULE_UNDEFINED, 0); return 0;
	case 0x08: set_rule(c, ct_read_uleb(&c->in), CT_RULE_SAME, 0); return 0;
	case 0x09: /* register */
		reg = ct_read_uleb(&c->in);
		set_rule(c, reg, CT_RULE_REGISTER, (int64_t)ct_read_uleb(&c->in));
		return 0;
	case 0x0a: /* remember_state */
		if (c->depth >= CT_CFI_REMEMBER)
			return ct_read_fail(&c->in);
		copy_state(&c->remembered[c->depth++], &c->now);
		return 0;
	case 0x0b: /* restore_state, the CFA rule included as all unwinders do */
		if (!c->depth)
			return ct_read_fail(&c->in);
		copy_state(&c->now, &c->remembered[--c->depth]);
		return 0;
	case 0x0c: /* def_cfa */
		c->now.cfa_reg = (uint32_t)ct_read_uleb(&c->in);
		c->now.cfa_value = (int64_t)ct_read_uleb(&c->in);
		return 0;
	case 0x0d: c->now.cfa_reg = (uint32_t)ct_read_uleb(&c->in); return 0;
	case 0x0e: c->now.cfa_value = (int64_t)ct_read_uleb(&c->in); return 0;
	case 0x0f: /* def_cfa_expression */
		c->now.cfa_reg = CT_CFA_EXPR;
		c->now.cfa_value = c->in.p - c->anchor;
		ct_read_skip(&c->in, ct_read_uleb(&c->in));
		return 0;
	case 0x10: set_expr(c, ct_read_uleb(&c->in), CT_RULE_SLOT_EXPR); return 0;
	case 0x11: /* offset_extended_sf */
		reg = ct_read_uleb(&c->in);
		set_rule(c, reg, CT_RULE_SLOT, ct_read_sleb(&c->in) * c->data_align);
		return 0;
	case 0x12: /* def_cfa_sf */
		c->now.cfa_reg = (uint32_t)ct_read_uleb(&c->in);
		c->now.cfa_value = ct_read_sleb(&c->in) * c->data_align;
		return 0;
	case 0x13: c->now.cfa_value = ct_read_sleb(&c->in) * c->data_align; return 0;
	case 0x14: /* val_offset */
		reg = ct_read_uleb(&c->in);
		set_rule(c, reg, CT_RULE_VALUE, (int64_t)ct_read_uleb(&c->in) * c->data_align);
		return 0;
	case 0x15:
		reg = ct_read_uleb(&c->in);
		set_rule(c, reg, CT_RULE_VALUE, ct_read_sleb(&c->in) * c->data_align);
		return 0;
	case 0x16: set_expr(c, ct_read_uleb(&c->in), CT_RULE_VALUE_EXPR); return 0;
	case 0x2d: return 0; /* aarch64: negate_ra_state; addresses are stripped */
	case 0x2e: ct_read_uleb(&c->in); return 0; /* GNU_args_size */
	case 0x2f:				   /* GNU_negative_offset_extended */
		reg = ct_read_uleb(&c->in);
		set_rule(c, reg, CT_RULE_SLOT, -(int64_t)ct_read_uleb(&c->in) * c->data_align);
		return 0;
	default: return ct_read_fail(&c->in);
	}
}

/* Runs what is between p and end until the location passes pc. */
static void run(struct ct_cfi *c, uint64_t location, uint64_t pc)
{
	while (c->in.p < c->in.end) {
		unsigned op = *c->in.p++;

		switch (op >> 6) {
		case 1: location += (op & 63) * c->code_align; break;
		case 2:
			set_rule(c, op & 63, CT_RULE_SLOT,
				 (int64_t)ct_read_uleb(&c->in) * c->data_align);
			break;
		case 3: restore(c, op & 63); break;
		default:
			if (op == 0x01) /* set_loc */
				location = pointer(c, c->pointer_encoding);
			else
				location += run_extended(c, op);
		}
		if (location > pc)
			return;
	}
}

enum ct_cfi_found ct_cfi_find(const struct ct_module *m, uintptr_t pc, struct ct_cfi *c)
{
	const uint8_t *start, *p, *end;
	uintptr_t fde, cie;
	uint64_t range;

	if (!m->eh_hdr)
		return CT_CFI_NONE;
	fde = find_fde(m, pc);
	if (!fde)
		return CT_CFI_NONE;
	start = open_entry(m, c, fde);
	if (!start)
		return CT_CFI_BAD;
	cie = (uintptr_t)start - ct_read_fixed(&c->in, 4);
	p = c->in.p;
	end = c->in.end;
	c->anchor = (const uint8_t *)fde;
	c->depth = 0;
	c->now.cfa_reg = CT_NREG; /* no rule */
	c->now.cfa_value = 0;
	for (unsigned i = 0; i < CT_NREG; i++) {
		c->now.rule[i] = CT_RULE_SAME;
		__asm__ volatile("" ::: "memory");
	}
	if (!read_cie(m, c, cie))
		return CT_CFI_BAD;
	run(c, 0, UINT64_MAX);
	if (c->in.bad || (c->pointer_encoding & PE_INDIRECT))
		return CT_CFI_BAD;
	copy_state(&c->initial, &c->now);

	c->in.p = p;
	c->in.end = end;
	c->begin = pointer(c, c->pointer_encoding);
	range = pointer(c, c->pointer_encoding & 0x0f);
	if (c->has_augmentation_data)
		ct_read_skip(&c->in, ct_read_uleb(&c->in));
	if (c->in.bad)
		return CT_CFI_BAD;
	if (pc - c->begin >= range)
		return CT_CFI_NONE;
	run(c, c->begin, pc);
	return c->in.bad || c->now.cfa_reg == CT_NREG ? CT_CFI_BAD : CT_CFI_OK;
}
