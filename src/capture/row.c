/*
 * row.c - packed unwind rules and the table they are shared in.
 *
 * The table is one for all threads of the process:
 *
 *   set (64 bytes): | seq | key 0 1 2 | row 0 1 2 | victim |
 *
 * A key is pc and object index, which are never used for anything else, so a row cannot go stale.
 * Writers make seq odd by compare-and-swap, or give up when it is odd already; readers take the
 * row only when seq was even and the same before and after, so never half of one row and half of
 * another.  Nobody waits: a signal handler that interrupts a writer finds the set busy and does
 * without, and a child forked in the middle of a write has one set that stays busy for ever.
 */
#include "capture/row.h"
#include "sys/poison.h"

#define ROW_SETS 2048u
#define ROW_WAYS 3u

static struct {
	_Atomic uint64_t seq; /* odd while the set is being written */
	_Atomic uint64_t key[ROW_WAYS];
	_Atomic uint64_t row[ROW_WAYS];
	_Atomic uint32_t victim;
	uint32_t unused;
} rows[ROW_SETS] __attribute__((aligned(64)));

_Static_assert(sizeof(rows[0]) == 64, "a set is a cache line");
_Static_assert(22 + CT_ROW_REGS * CT_ROW_BITS == 64, "a row fills its word");

/* Which field of a row holds register r, or -1. */
static int field_of(unsigned r)
{
	for (int i = 0; i < CT_ROW_REGS; i++)
		if (ct_row_regs[i] == r)
			return i;
	return -1;
}

uint64_t ct_row_pack(const struct ct_cfi *cfi)
{
	const struct ct_cfi_state *s = &cfi->now;
	uint64_t row, words;

	if (cfi->signal_frame)
		return CT_ROW_NONE;
	if (CT_RULE_KIND(s->rule[CT_REG_RA]) == CT_RULE_UNDEFINED)
		return CT_ROW_OUTERMOST;
	if ((s->cfa_reg != CT_REG_SP && s->cfa_reg != CT_REG_FP) || s->cfa_value < 0 ||
	    s->cfa_value % 8 || s->cfa_value / 8 + 1 >= 1 << 21)
		return CT_ROW_NONE;
	row = (s->cfa_reg == CT_REG_FP) | ((uint64_t)s->cfa_value / 8 + 1) << 1;
	for (unsigned r = 0; r < CT_NREG; r++) {
		int field = field_of(r);

#ifdef CT_RA_OFFSET
		if (r == CT_REG_RA) {
			if (CT_RULE_KIND(s->rule[r]) != CT_RULE_SLOT ||
			    CT_RULE_VALUE(s->rule[r]) != CT_RA_OFFSET)
				return CT_ROW_NONE;
			continue;
		}
#endif
		switch (CT_RULE_KIND(s->rule[r])) {
		case CT_RULE_SAME: break;
		case CT_RULE_SLOT:
			words = (uint64_t)(-(int64_t)CT_RULE_VALUE(s->rule[r]) / 8);
			if (field < 0 && !CT_ROW_DROPS_REST)
				return CT_ROW_NONE;
			if (field < 0)
				break;
			if (CT_RULE_VALUE(s->rule[r]) % 8 || words - 1 >= (1u << CT_ROW_BITS) - 1)
				return CT_ROW_NONE;
			row |= words << (22 + field * CT_ROW_BITS);
			break;
		default: return CT_ROW_NONE;
		}
	}
	return row;
}

/* Objects and addresses in one number; pcs have 48 bits. */
static uint64_t key_of(unsigned module, uintptr_t pc)
{
	return ((uint64_t)module << 48) ^ pc;
}

static uint32_t row_set(uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 40) % ROW_SETS;
}

uint64_t ct_row_find(unsigned module, uintptr_t pc)
{
	uint64_t key = key_of(module, pc), row = CT_ROW_NONE;
	uint32_t s = row_set(key);
	uint64_t seq = atomic_load_explicit(&rows[s].seq, memory_order_acquire);

	for (unsigned i = 0; i < ROW_WAYS; i++)
		if (atomic_load_explicit(&rows[s].key[i], memory_order_relaxed) == key)
			row = atomic_load_explicit(&rows[s].row[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if ((seq & 1) || atomic_load_explicit(&rows[s].seq, memory_order_relaxed) != seq)
		return CT_ROW_NONE;
	return row;
}

void ct_row_store(unsigned module, uintptr_t pc, uint64_t row)
{
	uint64_t key = key_of(module, pc);
	uint32_t s = row_set(key);
	uint64_t seq = atomic_load_explicit(&rows[s].seq, memory_order_relaxed);
	uint32_t i;

	if ((seq & 1) ||
	    !atomic_compare_exchange_strong_explicit(&rows[s].seq, &seq, seq + 1,
						     memory_order_acquire, memory_order_relaxed))
		return;
	atomic_thread_fence(memory_order_release);
	i = atomic_load_explicit(&rows[s].victim, memory_order_relaxed) % ROW_WAYS;
	atomic_store_explicit(&rows[s].victim, i + 1, memory_order_relaxed);
	atomic_store_explicit(&rows[s].key[i], key, memory_order_relaxed);
	atomic_store_explicit(&rows[s].row[i], row, memory_order_relaxed);
	atomic_store_explicit(&rows[s].seq, seq + 2, memory_order_release);
}
