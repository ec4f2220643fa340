/*
 * Unwind tables are read inside other people's processes, straight from what their toolchain left.
 * A wrong rule is a wrong stack; a read past the tables is a crash that only happens under the
 * tracer.  So: every operation against tables written by hand, and real tables damaged at random,
 * which under AddressSanitizer must not be left by a byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "capture/cfi.h"
#include "capture/row.h"

/* --- tables written by hand ------------------------------------------------------------------ */

#define CODE 0x1000u /* where the described code lies, from the start of the segment */

struct tables {
	uint8_t *at; /* the segment: hdr at 0, CIE at 64, FDE after it */
	size_t bytes;
	struct ct_module m;
};

static void put32(uint8_t *p, int64_t v)
{
	int32_t x = (int32_t)v;

	memcpy(p, &x, 4);
}

static size_t put_cie(uint8_t *p, const char *augmentation, const uint8_t *data, size_t data_bytes,
		      uint8_t version)
{
	uint8_t *q = p + 8;

	*q++ = version;
	q = (uint8_t *)stpcpy((char *)q, augmentation) + 1;
	if (version == 4) {
		*q++ = 8;
		*q++ = 0;
	}
	*q++ = 1;    /* code alignment */
	*q++ = 0x78; /* data alignment -8 */
	*q++ = CT_REG_RA;
	if (*augmentation == 'z') {
		*q++ = (uint8_t)data_bytes;
		memcpy(q, data, data_bytes);
		q += data_bytes;
	}
	memcpy(q, (uint8_t[]){0x0c, CT_REG_SP, 8, 0x80 | CT_REG_RA, 1}, 5);
	q += 5;
	while ((q - p) % 8)
		*q++ = 0;
	put32(p, q - p - 4);
	put32(p + 4, 0);
	return (size_t)(q - p);
}

/* One function of 256 bytes, with the given call frame program and pcrel sdata4 pointers. */
static struct tables *tables(const char *augmentation, const uint8_t *data, size_t data_bytes,
			     uint8_t version, const uint8_t *program, size_t program_bytes)
{
	struct tables *t = test_calloc(1, sizeof(*t));
	uint8_t *p;
	size_t cie_bytes, fde;

	t->bytes = 512;
	t->at = test_calloc(1, t->bytes);
	cie_bytes = put_cie(t->at + 64, augmentation, data, data_bytes, version);
	fde = 64 + cie_bytes;
	p = t->at + fde;
	put32(p + 4, (int64_t)(fde + 4 - 64));
	put32(p + 8, (int64_t)CODE - (int64_t)(fde + 8));
	put32(p + 12, 256);
	p += 16;
	if (*augmentation == 'z')
		*p++ = 0;
	memcpy(p, program, program_bytes);
	p += program_bytes;
	put32(t->at + fde, p - (t->at + fde) - 4);

	memcpy(t->at, (uint8_t[]){1, 0x1b, 0x03, 0x3b}, 4);
	put32(t->at + 8, 1);
	put32(t->at + 12, CODE);
	put32(t->at + 16, (int64_t)fde);
	t->m.eh_lo = (uintptr_t)t->at;
	t->m.eh_hi = t->m.eh_lo + t->bytes;
	t->m.eh_hdr = t->at;
	t->m.eh_table = t->at + 12;
	t->m.eh_count = 1;
	return t;
}

static void done(struct tables *t)
{
	test_free(t->at);
	test_free(t);
}

static const uint8_t pcrel[] = {0x1b};

static enum ct_cfi_found rules_at(const uint8_t *program, size_t bytes, unsigned offset,
				  struct ct_cfi *c)
{
	struct tables *t = tables("zR", pcrel, 1, 1, program, bytes);
	enum ct_cfi_found r = ct_cfi_find(&t->m, t->m.eh_lo + CODE + offset, c);

	done(t);
	return r;
}
#define RULES(offset, c, ...)                                                                      \
	rules_at((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), offset, c)

static void assert_rule(const struct ct_cfi *c, unsigned reg, enum ct_rule kind, int value)
{
	assert_int_equal(CT_RULE_KIND(c->now.rule[reg]), kind);
	assert_int_equal(CT_RULE_VALUE(c->now.rule[reg]), value);
}

static void plain_prologue(void **state)
{
	struct ct_cfi c;
	static const uint8_t program[] = {
		0x41,
		0x0e,
		16,
		0x80 | CT_REG_FP,
		2, /* +1: push */
		0x43,
		0x0d,
		CT_REG_FP, /* +4: mov sp, fp */
		0x02,
		100,
		0x0a,
		0x0c,
		CT_REG_SP,
		8,
		0xc0 | CT_REG_FP, /* +104: epilogue */
		0x41,
		0x0b, /* +105: code after it */
	};

	(void)state;
	assert_int_equal(rules_at(program, sizeof(program), 0, &c), CT_CFI_OK);
	assert_int_equal(c.now.cfa_reg, CT_REG_SP);
	assert_int_equal(c.now.cfa_value, 8);
	assert_rule(&c, CT_REG_FP, CT_RULE_SAME, 0);
	assert_rule(&c, CT_REG_RA, CT_RULE_SLOT, -8);
	assert_int_equal(rules_at(program, sizeof(program), 1, &c), CT_CFI_OK);
	assert_int_equal(c.now.cfa_value, 16);
	assert_rule(&c, CT_REG_FP, CT_RULE_SLOT, -16);
	rules_at(program, sizeof(program), 103, &c);
	assert_int_equal(c.now.cfa_reg, CT_REG_FP);
	assert_int_equal(c.now.cfa_value, 16);
	rules_at(program, sizeof(program), 104, &c);
	assert_int_equal(c.now.cfa_reg, CT_REG_SP);
	assert_rule(&c, CT_REG_FP, CT_RULE_SAME, 0);
	rules_at(program, sizeof(program), 255, &c);
	assert_int_equal(c.now.cfa_reg, CT_REG_FP);
	assert_rule(&c, CT_REG_FP, CT_RULE_SLOT, -16);
	assert_int_equal(rules_at(program, sizeof(program), 256, &c), CT_CFI_NONE);
}

static void every_rule(void **state)
{
	struct ct_cfi c;

	(void)state;
	assert_int_equal(RULES(0, &c, 0x05, 3, 3, 0x07, 0, 0x08, 1, 0x09, 2, 5), CT_CFI_OK);
	assert_rule(&c, 3, CT_RULE_SLOT, -24);
	assert_rule(&c, 0, CT_RULE_UNDEFINED, 0);
	assert_rule(&c, 1, CT_RULE_SAME, 0);
	assert_rule(&c, 2, CT_RULE_REGISTER, 5);
	assert_int_equal(RULES(0, &c, 0x11, 3, 0x7f, 0x12, 7, 0x7e, 0x13, 0x7d), CT_CFI_OK);
	assert_rule(&c, 3, CT_RULE_SLOT, 8);
	assert_int_equal(c.now.cfa_value, 24);
	assert_int_equal(RULES(0, &c, 0x14, 3, 2, 0x15, 4, 0x7f, 0x2f, 5, 2, 0x2e, 16), CT_CFI_OK);
	assert_rule(&c, 3, CT_RULE_VALUE, -16);
	assert_rule(&c, 4, CT_RULE_VALUE, 8);
	assert_rule(&c, 5, CT_RULE_SLOT, 16);
	assert_int_equal(RULES(0, &c, 0x10, 3, 2, 0x76, 0x78, 0x16, 4, 1, 0x30, 0x0f, 1, 0x31),
			 CT_CFI_OK);
	assert_int_equal(CT_RULE_KIND(c.now.rule[3]), CT_RULE_SLOT_EXPR);
	assert_int_equal(CT_RULE_KIND(c.now.rule[4]), CT_RULE_VALUE_EXPR);
	assert_int_equal(c.now.cfa_reg, CT_CFA_EXPR);
	/* columns beyond those we keep are skipped with their operands */
	assert_int_equal(RULES(0, &c, 0x05, 0x80, 0x01, 3, 0x07, 100, 0x10, 99, 1, 0x30),
			 CT_CFI_OK);
	/* locations in 2 and 4 bytes */
	assert_int_equal(RULES(9, &c, 0x03, 5, 0, 0x0e, 16, 0x04, 5, 0, 0, 0, 0x0e, 24), CT_CFI_OK);
	assert_int_equal(c.now.cfa_value, 16);
	assert_int_equal(RULES(10, &c, 0x03, 5, 0, 0x0e, 16, 0x04, 5, 0, 0, 0, 0x0e, 24),
			 CT_CFI_OK);
	assert_int_equal(c.now.cfa_value, 24);
}

static void bad_programs(void **state)
{
	struct ct_cfi c;

	(void)state;
	assert_int_equal(RULES(0, &c, 0x3f), CT_CFI_BAD);	      /* unknown */
	assert_int_equal(RULES(0, &c, 0x0b), CT_CFI_BAD);	      /* nothing remembered */
	assert_int_equal(RULES(0, &c, 0x0e), CT_CFI_BAD);	      /* operand missing */
	assert_int_equal(RULES(0, &c, 0x0e, 0x80, 0x80), CT_CFI_BAD); /* operand unfinished */
	assert_int_equal(RULES(0, &c, 0x0f, 50, 0x30), CT_CFI_BAD);   /* expression too long */
	assert_int_equal(RULES(0, &c, 0x05, 3, 0xff, 0xff, 0xff, 0xff, 0x7f), CT_CFI_BAD);
	assert_int_equal(RULES(0, &c, 10, 10, 10, 10, 10, 10, 10), CT_CFI_BAD); /* too deep */
}

static void kinds_of_cie(void **state)
{
	static const uint8_t program[] = {0x0e, 32};
	static const uint8_t personality[] = {0x9b, 1, 2, 3, 4, 0x1b, 0x1b};
	static const uint8_t unknown[] = {0x1b, 0x55, 0x55};
	static const struct {
		const char *augmentation;
		const uint8_t *data;
		size_t bytes;
		uint8_t version;
		int signal;
		enum ct_cfi_found found;
	} cases[] = {
		{"zR", pcrel, 1, 1, 0, CT_CFI_OK},    {"zR", pcrel, 1, 3, 0, CT_CFI_OK},
		{"zR", pcrel, 1, 4, 0, CT_CFI_OK},    {"zR", pcrel, 1, 5, 0, CT_CFI_BAD},
		{"zRS", pcrel, 1, 1, 1, CT_CFI_OK},   {"zPLR", personality, 7, 1, 0, CT_CFI_OK},
		{"zRX", unknown, 3, 1, 0, CT_CFI_OK}, {"RX", unknown, 3, 1, 0, CT_CFI_BAD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tables *t = tables(cases[i].augmentation, cases[i].data, cases[i].bytes,
					  cases[i].version, program, sizeof(program));
		struct ct_cfi c;

		assert_int_equal(ct_cfi_find(&t->m, t->m.eh_lo + CODE + 5, &c), cases[i].found);
		if (cases[i].found == CT_CFI_OK) {
			assert_int_equal(c.now.cfa_value, 32);
			assert_int_equal(c.signal_frame, cases[i].signal);
			assert_int_equal(c.begin, t->m.eh_lo + CODE);
		}
		assert_int_equal(ct_cfi_find(&t->m, t->m.eh_lo + CODE - 1, &c), CT_CFI_NONE);
		done(t);
	}
}

/* --- expressions ----------------------------------------------------------------------------- */

static int reg_of(void *self, unsigned n, uint64_t *v)
{
	(void)self;
	*v = n == 16 ? 0x4000b : 0x1000 * n;
	return n < 17;
}

static int word_of(void *self, uintptr_t address, uint64_t *v)
{
	(void)self;
	*v = ~(uint64_t)address;
	return address < 0x100000;
}

static int eval_bytes(const uint8_t *ops, size_t n, const uint64_t *initial, uint64_t *result)
{
	struct ct_cfi_machine m = {.reg = reg_of, .word = word_of};
	uint8_t *expr = test_malloc(n + 1);
	int ok;

	expr[0] = (uint8_t)n;
	memcpy(expr + 1, ops, n);
	ok = ct_cfi_eval(&m, expr, expr + n + 1, initial, result);
	test_free(expr);
	return ok;
}
#define EVAL(...)                                                                                  \
	eval_bytes((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), NULL, &v)

static void expressions(void **state)
{
	uint64_t v, cfa = 0x500;

	(void)state;
	/* a PLT entry: sp + 8 + ((pc & 15) >= 11) * 8 */
	assert_true(EVAL(0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22));
	assert_int_equal(v, 0x7000 + 8 + 8);
	assert_true(eval_bytes((uint8_t[]){0x23, 0x80, 0x01}, 3, &cfa, &v)); /* CFA + 128 */
	assert_int_equal(v, 0x580);
	assert_true(EVAL(0x76, 0x78, 0x06)); /* load fp - 8 */
	assert_int_equal(v, ~0x5ff8ull);
	assert_true(EVAL(0x35, 0x33, 0x1c, 0x36, 0x1e)); /* (5 - 3) * 6 */
	assert_int_equal(v, 12);
	assert_true(EVAL(0x09, 0xf9, 0x32, 0x1b)); /* -7 / 2 */
	assert_int_equal((int64_t)v, -3);
	assert_true(EVAL(0x37, 0x32, 0x1d, 0x1f, 0x19)); /* abs -(7 mod 2) */
	assert_int_equal(v, 1);
	assert_true(EVAL(0x31, 0x32, 0x33, 0x17, 0x1e, 0x22)); /* 1 2 3 rot: 3 1 2: 3 + 1 * 2 */
	assert_int_equal(v, 5);
	assert_true(EVAL(0x31, 0x32, 0x16, 0x1c)); /* swap: 2 - 1 */
	assert_int_equal(v, 1);
	assert_true(EVAL(0x31, 0x32, 0x14, 0x15, 2, 0x1c, 0x22, 0x22)); /* over, pick */
	assert_int_equal(v, 3);
	assert_true(EVAL(0x31, 0x28, 1, 0, 0x00, 0x3a)); /* bra over an unknown operation */
	assert_int_equal(v, 10);
	assert_true(EVAL(0x3a, 0x2f, 1, 0, 0x00)); /* skip to the very end */
	assert_true(EVAL(0x0e, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0x94, 2));
	assert_int_equal(v, (~0x1230ull >> 32) & 0xffff);
	assert_true(EVAL(0x08, 0xff, 0x38, 0x26, 0x20, 0x30, 0x21, 0x3f, 0x27));

	assert_false(EVAL(0x31, 0x30, 0x1b)); /* division by zero */
	assert_false(EVAL(0x31, 0x30, 0x1d));
	assert_false(EVAL(0x22)); /* nothing to add */
	assert_false(EVAL(0x31, 0x22));
	assert_false(EVAL(0x13));
	assert_false(EVAL(0x2f, 0xfd, 0xff));	/* for ever */
	assert_false(EVAL(0x31, 0x2f, 100, 0)); /* out of the program */
	assert_false(EVAL(0x31, 0x2f, 0xf0, 0xff));
	assert_false(EVAL(0x31, 0x12, 0x2f, 0xfc, 0xff));	   /* ever deeper */
	assert_false(EVAL(0x0e, 0, 0, 0x10, 0, 0, 0, 0, 0, 0x06)); /* not ours to read */
	assert_false(EVAL(0x92, 40, 0));			   /* no such register */
	assert_false(EVAL(0x0c, 1, 2));				   /* operand missing */
	assert_false(EVAL(0xe0));
	assert_false(EVAL(0x96)); /* no result */
}

/* --- rows ------------------------------------------------------------------------------------ */

static void rows_pack_what_is_plain(void **state)
{
	struct ct_cfi c;
	uint64_t row;

	(void)state;
	RULES(0, &c, 0x0e, 32, 0x83, 2, 0x86, 3, 0x8f, 4);
	row = ct_row_pack(&c);
	assert_int_equal(row & 1, 0);
	assert_int_equal(row >> 1 & 0x1fffff, 32 / 8 + 1);
#if defined(__x86_64__)
	assert_int_equal(row >> 22 & 127, 2);	     /* rbx */
	assert_int_equal(row >> 29 & 127, 3);	     /* rbp */
	assert_int_equal(row >> 36 & 127, 0);	     /* r12 */
	assert_int_equal(row >> (22 + 35) & 127, 4); /* r15 */
	RULES(0, &c, 0x05, 3, 0xff, 0x01);	     /* too far to say */
	assert_int_equal(ct_row_pack(&c), CT_ROW_NONE);
#endif
	RULES(0, &c, 0x07, CT_REG_RA);
	assert_int_equal(ct_row_pack(&c), CT_ROW_OUTERMOST);
	RULES(0, &c, 0x0f, 1, 0x30);
	assert_int_equal(ct_row_pack(&c), CT_ROW_NONE);
	RULES(0, &c, 0x10, CT_REG_FP, 1, 0x30);
	assert_int_equal(ct_row_pack(&c), CT_ROW_NONE);
	RULES(0, &c, 0x0d, 10);
	assert_int_equal(ct_row_pack(&c), CT_ROW_NONE);
}

static _Atomic int writers;

/* The row says which key it belongs to, so half of one and half of another would show. */
static uint64_t row_for(uintptr_t pc)
{
	return ((uint64_t)pc << 17 ^ pc) | 2;
}

static void *write_rows(void *arg)
{
	for (unsigned i = 0; i < 300000; i++)
		ct_row_store(1, 64 + (i * 7 + (unsigned)(uintptr_t)arg) % 32000,
			     row_for(64 + (i * 7 + (unsigned)(uintptr_t)arg) % 32000));
	writers--;
	return NULL;
}

static void rows_are_never_torn(void **state)
{
	pthread_t t[2];
	unsigned long hits = 0;

	(void)state;
	writers = 2;
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, write_rows, (void *)(i * 3));
	/* as long as they write, and once over what they left */
	for (uintptr_t pc = 64; writers || pc < 32064; pc++) {
		uint64_t row;

		if (pc == 32064)
			pc = 64;
		row = ct_row_find(1, pc);

		if (row == CT_ROW_NONE)
			continue;
		assert_int_equal(row, row_for(pc));
		hits++;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_true(hits > 0);
	assert_int_equal(ct_row_find(2, 100), CT_ROW_NONE); /* another object's */
}

/* --- real tables, damaged -------------------------------------------------------------------- */

/* Byte by byte, because sanitizers think that they know what in there may be read. */
static __attribute__((no_sanitize("address", "thread"))) void
copy_out(uint8_t *to, const volatile uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
}

/* Copies the segment of this program that holds its tables into a block of just that size. */
static struct ct_module copied_tables(void)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR), *eh = NULL, *seg = NULL;
	size_t n = getauxval(AT_PHNUM);
	uintptr_t bias = 0;
	struct ct_module m = {0};
	uint8_t *copy;

	for (size_t i = 0; i < n; i++) {
		if (ph[i].p_type == PT_PHDR)
			bias = (uintptr_t)ph - ph[i].p_vaddr;
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			eh = &ph[i];
	}
	assert_non_null(eh);
	for (size_t i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && eh->p_vaddr - ph[i].p_vaddr < ph[i].p_filesz)
			seg = &ph[i];
	assert_non_null(seg);
	copy = malloc(seg->p_filesz);
	copy_out(copy, (const volatile uint8_t *)(bias + seg->p_vaddr), seg->p_filesz);
	m.eh_lo = (uintptr_t)copy;
	m.eh_hi = m.eh_lo + seg->p_filesz;
	m.eh_hdr = copy + (eh->p_vaddr - seg->p_vaddr);
	memcpy(&m.eh_count, m.eh_hdr + 8, 4);
	m.eh_table = m.eh_hdr + 12;
	return m;
}

static void damage_does_not_fault(void **state)
{
	struct ct_module m = copied_tables();
	size_t bytes = m.eh_hi - (uintptr_t)m.eh_hdr;
	uint8_t *hdr = (uint8_t *)(uintptr_t)m.eh_hdr;
	unsigned seed = 1, found[3] = {0}, whole = 0;
	uint8_t *keep = malloc(bytes);

	(void)state;
	memcpy(keep, hdr, bytes);
	for (unsigned i = 0; i < 20000; i++) {
		struct ct_cfi c;
		int32_t begin;

		seed = seed * 1103515245 + 12345;
		memcpy(&begin, m.eh_table + (size_t)((seed >> 8) % m.eh_count) * 8, 4);
		if (i >= 2000) /* the first ones with nothing damaged */
			hdr[12 + (seed * 2654435761u >> 4) % (bytes - 12)] ^=
				(uint8_t)(1u << (seed >> 28));
		else if (ct_cfi_find(&m, (uintptr_t)hdr + (uintptr_t)(intptr_t)begin, &c) ==
			 CT_CFI_OK)
			whole++;
		if (i % 500 == 0)
			memcpy(hdr, keep, bytes);
		found[ct_cfi_find(
			&m, (uintptr_t)hdr + (uintptr_t)(intptr_t)begin + (seed >> 16) % 64, &c)]++;
	}
	assert_int_equal(whole, 2000);
	assert_true(found[CT_CFI_OK] > 2000);
	assert_true(found[CT_CFI_BAD] > 0);
	free(keep);
	free((void *)m.eh_lo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_prologue),      cmocka_unit_test(every_rule),
		cmocka_unit_test(bad_programs),	       cmocka_unit_test(kinds_of_cie),
		cmocka_unit_test(expressions),	       cmocka_unit_test(rows_pack_what_is_plain),
		cmocka_unit_test(rows_are_never_torn), cmocka_unit_test(damage_does_not_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
