/*
 * x86.c - see x86.h.
 *
 *   prefixes | REX or VEX or EVEX | opcode | ModRM | SIB | displacement | immediate
 *
 * The opcode says whether there is a ModRM byte and how long the immediate is: one letter for each opcode of the two tables below.
 */
#include "x86.h"

#include <stdbool.h>

/*
 * .  nothing    m  ModRM    b  imm8    z  imm16 or 32 by operand size    d  imm32    w  imm16    e  imm16 and imm8
 * M  ModRM and imm8    Z  ModRM and z    o  address of 8 bytes    v  imm16, 32 or 64    f  ModRM, and imm8 when its reg is 0 or 1
 * F  the same with z    p  prefix    x  no instruction in 64-bit mode
 */
static const char one_byte[] = "mmmmbzxxmmmmbzxx" /* 00 */
			       "mmmmbzxxmmmmbzxx"
			       "mmmmbzpxmmmmbzpx"
			       "mmmmbzpxmmmmbzpx"
			       "pppppppppppppppp" /* 40 */
			       "................"
			       "xxxmppppzZbM...."
			       "bbbbbbbbbbbbbbbb"
			       "MZxMmmmmmmmmmmmm" /* 80 */
			       "..........x....."
			       "oooo....bz......"
			       "bbbbbbbbvvvvvvvv"
			       "MMw.xxMZe.w..bx." /* c0 */
			       "mmmmxxx.mmmmmmmm"
			       "bbbbbbbbddxb...."
			       "p.pp..fF......mm";

static const char two_bytes[] = "mmmmx.....x.xm.M" /* 0f 00 */
				"mmmmmmmmmmmmmmmm"
				"mmmmxxxxmmmmmmmm"
				"......x.xxxxxxxx"
				"mmmmmmmmmmmmmmmm" /* 40 */
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"MMMMmmm.mmmmmmmm"
				"dddddddddddddddd" /* 80 */
				"mmmmmmmmmmmmmmmm"
				"...mMmmm...mMmmm"
				"mmmmmmmmmmMmmmmm"
				"mmMmMMMm........" /* c0 */
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm";

struct parts {
	const uint8_t *p, *end;
	bool narrow;		/* 66: operands of 16 bits */
	bool short_address;	/* 67 */
	bool wide;		/* REX.W */
	bool high_reg, high_rm; /* REX.R, REX.B: r8 and up */
	uint8_t modrm;
	bool has_modrm;
};

static void read_prefixes(struct parts *s)
{
	for (; s->p < s->end; s->p++) {
		uint8_t c = *s->p;

		if (c == 0x66)
			s->narrow = true;
		else if (c == 0x67)
			s->short_address = true;
		else if (c != 0xf0 && c != 0xf2 && c != 0xf3 && c != 0x2e && c != 0x36 &&
			 c != 0x3e && c != 0x26 && c != 0x64 && c != 0x65)
			break;
	}
	if (s->p < s->end && (*s->p & 0xf0) == 0x40) {
		s->wide = *s->p & 8;
		s->high_reg = *s->p & 4;
		s->high_rm = *s->p & 1;
		s->p++;
	}
}

static void read_modrm(struct parts *s)
{
	unsigned mod, rm, skip = 0;

	if (s->p >= s->end) {
		s->p = s->end + 1;
		return;
	}
	s->has_modrm = true;
	s->modrm = *s->p++;
	mod = s->modrm >> 6;
	rm = s->modrm & 7;
	if (mod == 3)
		return;
	if (rm == 4) {
		if (s->p < s->end && mod == 0 && (*s->p & 7) == 5)
			skip = 4;
		s->p++;
	} else if (rm == 5 && mod == 0) {
		skip = 4;
	}
	s->p += mod == 1 ? 1 : mod == 2 ? 4 : skip;
}

/* What follows an opcode of a kind. */
static int read_rest(struct parts *s, char kind)
{
	unsigned z = s->narrow && !s->wide ? 2 : 4;

	if (kind == 'm' || kind == 'M' || kind == 'Z' || kind == 'f' || kind == 'F')
		read_modrm(s);
	switch (kind) {
	case '.':
	case 'm': break;
	case 'b':
	case 'M': s->p += 1; break;
	case 'w': s->p += 2; break;
	case 'e': s->p += 3; break;
	case 'z':
	case 'Z': s->p += z; break;
	case 'd': s->p += 4; break;
	case 'o': s->p += s->short_address ? 4 : 8; break;
	case 'v': s->p += s->wide ? 8 : z; break;
	case 'f': s->p += (s->modrm >> 3 & 7) < 2; break;
	case 'F': s->p += (s->modrm >> 3 & 7) < 2 ? z : 0; break;
	default: return -1;
	}
	return s->p <= s->end ? 0 : -1;
}

/* VEX, EVEX and XOP: map 1 is that of 0f, 2 has no immediates, 3 has one always. */
static int read_vector(struct parts *s, unsigned map, bool xop)
{
	uint8_t op;

	if (s->p >= s->end)
		return -1;
	op = *s->p++;
	if (xop)
		return read_rest(s, map == 8 ? 'M' : map == 9 ? 'm' : 'Z');
	if (map == 1 && op == 0x77)
		return read_rest(s, '.');
	if (map == 1)
		return read_rest(s, two_bytes[op] == 'M' ? 'M' : 'm');
	return read_rest(s, map == 3 ? 'M' : 'm');
}

static int read_escaped(struct parts *s, struct ct_x86 *insn)
{
	uint8_t op;
	int err;

	if (s->p >= s->end)
		return -1;
	op = *s->p++;
	if (op == 0x38 || op == 0x3a) {
		s->p++;
		return read_rest(s, op == 0x3a ? 'M' : 'm');
	}
	err = read_rest(s, two_bytes[op]);
	if (op == 0x05 || op == 0x34)
		insn->effect = CT_X86_SYSCALL;
	else if (op == 0x0b)
		insn->effect = CT_X86_LEAVE;
	/* cmov, movzx, movsx, imul into eax; setcc of al */
	else if (((op & 0xf0) == 0x40 || (op & 0xf6) == 0xb6 || op == 0xaf) && !(s->modrm & 0x38) &&
		 !s->high_reg)
		insn->effect = CT_X86_LOSE;
	else if ((op & 0xf0) == 0x90 && (s->modrm & 0xc7) == 0xc0 && !s->high_rm)
		insn->effect = CT_X86_LOSE;
	else if (op == 0xa2 || op == 0x31) /* cpuid, rdtsc */
		insn->effect = CT_X86_LOSE;
	return err;
}

static uint32_t immediate(const uint8_t *end)
{
	return (uint32_t)end[-4] | (uint32_t)end[-3] << 8 | (uint32_t)end[-2] << 16 |
	       (uint32_t)end[-1] << 24;
}

static bool reg_is_eax(const struct parts *s)
{
	return s->has_modrm && !(s->modrm & 0x38) && !s->high_reg;
}

static bool rm_is_eax(const struct parts *s)
{
	return s->has_modrm && (s->modrm & 0xc7) == 0xc0 && !s->high_rm;
}

/* What an instruction of the first table does to eax. */
static void read_effect(const struct parts *s, uint8_t op, struct ct_x86 *insn)
{
	bool arithmetic = op < 0x40 && (op & 7) < 6;

	if (op >= 0xb8 && op <= 0xbf && !s->wide && !s->narrow) {
		insn->effect = CT_X86_SET;
		insn->number = immediate(s->p);
		insn->reg = (op & 7u) | (s->high_rm ? 8u : 0u);
	} else if (op == 0xc7 && s->modrm >> 6 == 3 && !s->narrow) {
		insn->effect = CT_X86_SET;
		insn->number = immediate(s->p);
		insn->reg = (s->modrm & 7u) | (s->high_rm ? 8u : 0u);
	} else if (op == 0x89 && rm_is_eax(s)) {
		insn->effect = CT_X86_MOVE;
		insn->reg = (s->modrm >> 3 & 7u) | (s->high_reg ? 8u : 0u);
	} else if (op == 0x8b && reg_is_eax(s) && s->modrm >> 6 == 3) {
		insn->effect = CT_X86_MOVE;
		insn->reg = (s->modrm & 7u) | (s->high_rm ? 8u : 0u);
	} else if ((op == 0x31 || op == 0x33) && rm_is_eax(s) && reg_is_eax(s)) {
		insn->effect = CT_X86_SET;
		insn->number = 0;
	} else if (op == 0xc3 || op == 0xc2 || op == 0xe9 || op == 0xeb || op == 0xf4 ||
		   op == 0xcc ||
		   (op == 0xff && ((s->modrm >> 3 & 7) == 4 || (s->modrm >> 3 & 7) == 5))) {
		insn->effect = CT_X86_LEAVE;
	} else if (op == 0xcd) {
		insn->effect = s->p[-1] == 0x80 ? CT_X86_SYSCALL : CT_X86_OTHER;
	} else if (op == 0xe8 || (op == 0xff && (s->modrm >> 3 & 7) == 2)) {
		insn->effect = CT_X86_LOSE;
	} else if ((op >= 0xb8 && op <= 0xbf && (op & 7) == 0 && !s->high_rm) ||
		   (op == 0xb0 && !s->high_rm) || (op == 0x58 && !s->high_rm) ||
		   (op >= 0x90 && op <= 0x97 && op != 0x90) || op == 0x98 ||
		   (op >= 0xa0 && op <= 0xa1) || op == 0xac || op == 0xad) {
		insn->effect = CT_X86_LOSE;
	} else if ((op == 0x8a || op == 0x8b || op == 0x8d || op == 0x63 || op == 0x69 ||
		    op == 0x6b || (arithmetic && (op & 6) == 2 && op < 0x38)) &&
		   reg_is_eax(s)) {
		insn->effect = CT_X86_LOSE;
	} else if ((op == 0x88 || op == 0x89 || op == 0x86 || op == 0x87 ||
		    (op == 0x80 || op == 0x81 || op == 0x83 ? (s->modrm >> 3 & 7) != 7 : false) ||
		    op == 0xc0 || op == 0xc1 || (op >= 0xd0 && op <= 0xd3) || op == 0x8f ||
		    op == 0xc6 || ((op == 0xf6 || op == 0xf7) && (s->modrm >> 3 & 7) > 1) ||
		    op == 0xfe || (op == 0xff && (s->modrm >> 3 & 7) < 2) ||
		    (arithmetic && (op & 6) == 0 && op < 0x38)) &&
		   rm_is_eax(s)) {
		insn->effect = CT_X86_LOSE;
	} else if (arithmetic && (op & 6) == 4 && op < 0x38) {
		insn->effect = CT_X86_LOSE;
	}
}

static int decode(struct parts *s, struct ct_x86 *insn)
{
	uint8_t op, b;
	int err;

	read_prefixes(s);
	if (s->p >= s->end)
		return -1;
	op = *s->p++;
	if (op == 0x0f)
		return read_escaped(s, insn);
	if (op == 0xc5) {
		s->p++;
		return read_vector(s, 1, false);
	}
	if (op == 0xc4 || op == 0x62 || (op == 0x8f && s->p < s->end && (*s->p & 0x1f) >= 8)) {
		if (s->end - s->p < 3)
			return -1;
		b = *s->p;
		s->p += op == 0x62 ? 3 : 2;
		return read_vector(s, op == 0x62 ? b & 7 : b & 0x1f, op == 0x8f);
	}
	err = read_rest(s, one_byte[op]);
	if (!err)
		read_effect(s, op, insn);
	return err;
}

int ct_x86_decode(const uint8_t *p, size_t room, struct ct_x86 *insn)
{
	/* the longest there may be */
	struct parts s = {.p = p, .end = p + (room < 15 ? room : 15)};

	*insn = (struct ct_x86){.effect = CT_X86_OTHER};
	if (decode(&s, insn) < 0 || s.p > s.end)
		return -1;
	insn->length = (unsigned)(s.p - p);
	return 0;
}
