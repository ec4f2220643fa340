/*
 * stack.c - stacks of code that has no frame pointers, cheaply and from anywhere.
 *
 * Layer 1, replay.  An unwind is a pure function of the pc and sp it starts from and of the words
 * it reads.  So a finished walk leaves behind, under its (pc, sp), the words it depended on; when
 * they all still hold the same values the stack is the same, whatever else changed.  The words
 * are every return address, and those saved registers whose value went into computing a CFA.
 * The entry of ct_stack_capture pushes the callee-saved registers, so registers are words too.
 *
 * Layer 2, the walk.  From frame to frame with unwind rules, packed rows where the code is plain
 * (row.h), the full rules of cfi.h where it is not.  Registers are loaded lazily: a frame only
 * notes where its caller's registers were saved, and a slot is read when a CFA needs it.
 *
 *   cache:  | busy | entries: 8 sets of 4        | ring of words, oldest overwritten | scratch x3 |
 *             who    (pc, sp, bounds) -> place in  (offset from sp, value)             of walks
 *             runs   the ring, stack id
 *
 * What is read.  Nothing outside the segment of stack the walk is in: from the sp it started at to
 * the top of the known stack, or the page of sp when that is elsewhere.  Every frame must lie above
 * the one before.  Only a signal frame may change the segment, to where the interrupted sp was, and
 * only a frame on a foreign page may lead into the known stack.
 *
 * Signals.  A handler may interrupt a capture anywhere and capture itself.  `busy` counts captures
 * in progress on this thread: the first alone uses entries, those on top of it walk with scratch
 * of their own, and when that is used up the stack says that it is nested.  A capture that a
 * longjmp left stays counted until its frame is overwritten or a walk of this thread reaches the
 * end of the stack without having met it.  Within one thread the compiler's order is enough.
 *
 * What may go wrong.  Objects loaded later can be unloaded: entries name those they rest on, and
 * each is checked against the dynamic linker before the entry is believed.  Return addresses that
 * belong to no object (code made at run time) end the walk, marked as such.  Garbage where a return
 * address should be, in a program whose unwind tables are wrong, gives a wrong stack.
 */
#include "capture/stack.h"
#include "capture/row.h"
#include "sys/mem.h"
#include "sys/poison.h"

#define SETS	     8u
#define WAYS	     4u
#define RING_WORDS   (CT_NREG > 20 ? 704u : 1024u)
#define WORDS_MAX    264u /* more than two for each frame: an entry is not worth its room */
#define LATER_MAX    4u
#define LEVELS	     3u
#define FRAMES_LIMIT (2u * CT_STACK_FRAMES)
#define RED_ZONE     128u /* below sp, what a signal frame leaves alone */
#define PAGE	     ((uintptr_t)4096)
#define IN_PAGE	     (~(PAGE - 1))
#define END_OF_STACK 0xffu /* as `stop`: the walk is complete */

#define order() atomic_signal_fence(memory_order_seq_cst)

/* Reads other functions' stack frames, which sanitizers take for an error. */
#define READS_STACK __attribute__((no_sanitize("address", "thread", "undefined")))

/* Where a register of the frame is to be found. */
enum place { UNKNOWN = 0, SLOT = 1 /* v is its address */, VALUE = 2 };

struct reg_file {
	uint64_t v[CT_NREG];
	uint8_t place[CT_NREG];
};

struct walk {
	uintptr_t pc, sp;
	uint64_t cfa;		  /* of the frame being left */
	uintptr_t seg_lo, seg_hi; /* what may be read */
	uintptr_t lo, hi;	  /* bounds of the known stack */
	uintptr_t start_sp;
	uintptr_t key_pc;	      /* where it started, as entries know it */
	const struct ct_module *m;    /* of the last frame; checked in this walk */
	uintptr_t unknown_pc;	      /* belongs to no object, which may change */
	struct ct_stack_cache *cache; /* it is part of */
	struct ct_stack_cache *words; /* where dependencies are noted; NULL: nowhere */
	uint32_t word_count;
	uint32_t steps;
	uint32_t serial; /* among the walks of the outermost level */
	uint32_t frame_count;
	uint8_t exact;	     /* pc is the next instruction, not one after a call */
	uint8_t stop;	     /* enum ct_stack_stop or END_OF_STACK */
	uint8_t keep;	     /* the walk may become an entry */
	uint8_t level;	     /* captures in progress when this one began */
	uint8_t met;	     /* which of those it went through, a bit each */
	uint8_t later_count; /* objects loaded later it went through */
	uint16_t later[LATER_MAX];
	struct reg_file regs, caller;
	struct ct_found_object found;
	struct ct_cfi_machine machine;
	struct ct_cfi cfi;
	uint64_t frames[CT_STACK_FRAMES]; /* innermost first */
};

struct entry {
	uintptr_t pc, sp; /* sp 0: empty */
	uintptr_t lo, hi;
	uint64_t place; /* of its first word, in words ever written to the ring */
	uintptr_t unknown_pc;
	uint32_t id;
	uint16_t word_count;
	uint16_t later_count;
	uint16_t later[LATER_MAX];
};

struct ct_stack_cache {
	uint32_t busy;	/* captures in progress */
	uint32_t walks; /* of the outermost level, ever begun */
	uintptr_t busy_sp[LEVELS];
	uint64_t written; /* words ever written to the ring, and skipped at its end */
	struct entry entry[SETS * WAYS];
	uint64_t value[RING_WORDS];
	int32_t offset[RING_WORDS]; /* from the entry's sp */
	uint64_t noted_value[WORDS_MAX];
	int32_t noted_offset[WORDS_MAX];
	struct walk walk[LEVELS];
};

_Static_assert(sizeof(struct ct_stack_cache) <= CT_STACK_CACHE_BYTES, "fits what was promised");
_Static_assert(sizeof(struct entry) == 64, "a line each");

__asm__(CT_STACK_ENTRY);

/* Where the entry goes on after the C part. */
extern const char ct_stack_capture_return[] __attribute__((visibility("hidden")));

/* Called by the assembly entry. */
uint32_t ct_stack_capture_regs(struct ct_dict *dict, struct ct_stack_cache *cache,
			       const struct ct_stack_bounds *bounds, const struct ct_regs *regs)
	__attribute__((visibility("hidden"), used));

/* --- reading the stack ----------------------------------------------------------------------- */

static READS_STACK uint64_t load(uintptr_t address)
{
	return *(const volatile uint64_t *)address;
}

/* Reads a word the walk depends on.  Returns 0 when it is out of reach. */
static int read_word(void *self, uintptr_t address, uint64_t *value)
{
	struct walk *w = self;
	intptr_t offset = (intptr_t)(address - w->start_sp);

	if (address < w->seg_lo || address > w->seg_hi - 8 || (address & 7))
		return 0;
	*value = load(address);
	if (!w->words)
		return 1;
	if (w->word_count >= WORDS_MAX || offset != (int32_t)offset) {
		w->words = NULL;
		w->keep = 0;
		return 1;
	}
	w->words->noted_value[w->word_count] = *value;
	w->words->noted_offset[w->word_count++] = (int32_t)offset;
	return 1;
}

static int read_reg(void *self, unsigned r, uint64_t *value)
{
	struct walk *w = self;

	if (r == CT_REG_SP) {
		*value = w->sp;
		return 1;
	}
#ifdef CT_REG_PC
	if (r == CT_REG_PC) {
		*value = w->pc;
		return 1;
	}
#endif
	if (r >= CT_NREG || w->regs.place[r] == UNKNOWN)
		return 0;
	if (w->regs.place[r] == SLOT) {
		if (!read_word(w, w->regs.v[r], &w->regs.v[r]))
			return 0;
		w->regs.place[r] = VALUE;
	}
	*value = w->regs.v[r];
	return 1;
}

/* The segment a stack pointer that came out of nowhere lies in. */
static void enter_segment(struct walk *w, uintptr_t sp)
{
	if (sp >= w->seg_lo && sp < w->seg_hi)
		return;
	w->seg_lo = sp & IN_PAGE;
	if (sp >= w->lo && sp < w->hi) {
		/* an epilogue's tables name slots that it has popped already */
		w->seg_lo = (sp - RED_ZONE) & IN_PAGE;
		if (w->seg_lo < w->lo)
			w->seg_lo = w->lo;
		w->seg_hi = w->hi;
	} else {
		w->seg_hi = w->seg_lo + PAGE;
		w->keep = 0; /* may be unmapped by the time an entry is checked */
	}
}

/* Accepts a CFA as the end of this frame.  Returns 0 when it cannot be right or is out of reach. */
static int accept_cfa(struct walk *w, uintptr_t cfa)
{
	if ((cfa & 7) || cfa < w->sp + (CT_CALL_PUSHES ? 8 : 0)) {
		if (w->sp >= w->lo && w->sp < w->hi)
			return 0;
		if ((cfa & 7) || cfa <= w->lo || cfa > w->hi)
			return 0;
	}
	if (cfa > w->seg_lo && cfa <= w->seg_hi)
		return 1;
	if (cfa <= w->lo || cfa > w->hi)
		return 0;
	w->seg_lo = (cfa - 8) & IN_PAGE; /* from a foreign page back to the known stack */
	w->seg_hi = w->hi;
	return 1;
}

/* --- one frame ------------------------------------------------------------------------------- */

static int stop(struct walk *w, unsigned why)
{
	w->stop = (uint8_t)why;
	return 0;
}

/* Goes to the caller at a return address.  Returns 0 at the end of the stack. */
static int arrive(struct walk *w, uint64_t pc, unsigned exact)
{
	w->pc = ct_arch_strip(pc);
	w->exact = (uint8_t)exact;
	return w->pc ? 1 : stop(w, END_OF_STACK);
}

static int step_row(struct walk *w, uint64_t row)
{
	uint64_t base = w->sp, pc;
	uintptr_t cfa;

	if (row == CT_ROW_OUTERMOST)
		return stop(w, END_OF_STACK);
	if ((row & 1) && !read_reg(w, CT_REG_FP, &base))
		return stop(w, CT_STOP_BOUND);
	cfa = base + 8 * (((row >> 1) & 0x1fffff) - 1);
	if (!accept_cfa(w, cfa))
		return stop(w, CT_STOP_BOUND);
	row >>= 22;
	for (unsigned i = 0; row; i++, row >>= CT_ROW_BITS) {
		uint64_t words = row & ((1u << CT_ROW_BITS) - 1);

		if (words) {
			w->regs.v[ct_row_regs[i]] = cfa - 8 * words;
			w->regs.place[ct_row_regs[i]] = SLOT;
		}
	}
#ifdef CT_RA_OFFSET
	if (!read_word(w, cfa + (uintptr_t)CT_RA_OFFSET, &pc))
		return stop(w, CT_STOP_BOUND);
#else
	if (!read_reg(w, CT_REG_RA, &pc))
		return stop(w, CT_STOP_BOUND);
	if (cfa == w->sp && pc == w->pc)
		return stop(w, CT_STOP_NO_CFI);
#endif
	w->sp = cfa;
	return arrive(w, pc, 0);
}

/* Evaluates the expression that a rule or the CFA names. */
static int eval(struct walk *w, int64_t at, const uint64_t *initial, uint64_t *result)
{
	return ct_cfi_eval(&w->machine, w->cfi.anchor + at, (const uint8_t *)w->m->eh_hi, initial,
			   result);
}

/* Works out where the caller's register r is, from the registers of this frame. */
static int apply_rule(struct walk *w, unsigned r)
{
	uint32_t rule = w->cfi.now.rule[r];
	int32_t n = CT_RULE_VALUE(rule);

	w->caller.place[r] = VALUE;
	switch (CT_RULE_KIND(rule)) {
	case CT_RULE_SAME:
		w->caller.v[r] = w->regs.v[r];
		w->caller.place[r] = w->regs.place[r];
		return 1;
	case CT_RULE_UNDEFINED: w->caller.place[r] = UNKNOWN; return 1;
	case CT_RULE_SLOT: w->caller.place[r] = SLOT; /* fall through */
	case CT_RULE_VALUE: w->caller.v[r] = w->cfa + (uint64_t)(int64_t)n; return 1;
	case CT_RULE_REGISTER:
		if (!read_reg(w, (unsigned)n, &w->caller.v[r]))
			w->caller.place[r] = UNKNOWN;
		return 1;
	case CT_RULE_SLOT_EXPR: w->caller.place[r] = SLOT; /* fall through */
	case CT_RULE_VALUE_EXPR: return eval(w, n, &w->cfa, &w->caller.v[r]);
	}
	return 0;
}

/* Makes the caller's registers the current ones, and goes there. */
static int leave_frame(struct walk *w, uintptr_t cfa, unsigned signal_frame)
{
	uint64_t pc, sp = cfa;

	for (unsigned r = 0; r < CT_NREG; r++) {
		w->regs.v[r] = w->caller.v[r];
		w->regs.place[r] = w->caller.place[r];
	}
	/* the return address is a column of its own on some machines, so not read_reg's pc */
	pc = w->regs.v[CT_REG_RA];
	if (w->regs.place[CT_REG_RA] == UNKNOWN)
		return stop(w, END_OF_STACK);
	if (w->regs.place[CT_REG_RA] == SLOT && !read_word(w, pc, &pc))
		return stop(w, CT_STOP_BOUND);
#ifdef CT_SIGFRAME_PC
	if (signal_frame && !read_word(w, w->sp + CT_SIGFRAME_PC, &pc))
		return stop(w, CT_STOP_BOUND);
#endif
	if (w->regs.place[CT_REG_SP] == VALUE)
		sp = w->regs.v[CT_REG_SP];
	if (w->regs.place[CT_REG_SP] == SLOT && !read_word(w, w->regs.v[CT_REG_SP], &sp))
		return stop(w, CT_STOP_BOUND);
	w->regs.place[CT_REG_SP] = UNKNOWN;
	if (signal_frame)
		enter_segment(w, sp);
	else if (cfa == w->sp && pc == w->pc)
		return stop(w, CT_STOP_NO_CFI);
	w->sp = sp;
	return arrive(w, pc, signal_frame);
}

/* The frame that the kernel builds is mapped as a whole, though it may cross the page's end. */
static void reach_sigframe(struct walk *w)
{
	if (w->seg_hi - w->sp < CT_SIGFRAME_BYTES && w->seg_hi != w->hi)
		w->seg_hi = w->sp + CT_SIGFRAME_BYTES;
}

/* Computes w->cfa by the rules in w->cfi.  Returns 0 when it cannot be had. */
static int find_cfa(struct walk *w)
{
	const struct ct_cfi_state *rules = &w->cfi.now;

	if (rules->cfa_reg == CT_CFA_EXPR)
		return eval(w, rules->cfa_value, NULL, &w->cfa);
	if (!read_reg(w, rules->cfa_reg, &w->cfa))
		return 0;
	w->cfa += (uint64_t)rules->cfa_value;
	return 1;
}

/* A step by the full rules in w->cfi. */
static __attribute__((noinline)) int step_full(struct walk *w)
{
	if (CT_RULE_KIND(w->cfi.now.rule[CT_REG_RA]) == CT_RULE_UNDEFINED)
		return stop(w, END_OF_STACK);
	if (w->cfi.signal_frame)
		reach_sigframe(w);
	if (!find_cfa(w))
		return stop(w, CT_STOP_NO_CFI);
	if (!w->cfi.signal_frame && !accept_cfa(w, w->cfa))
		return stop(w, CT_STOP_BOUND);
	for (unsigned r = 0; r < CT_NREG; r++)
		if (!apply_rule(w, r))
			return stop(w, CT_STOP_NO_CFI);
	return leave_frame(w, w->cfa, w->cfi.signal_frame);
}

/*
 * A step where no rules are.  Two such places are known: a signal trampoline without tables, by
 * its code; and the first instruction of a function as a return address.  No call leaves that
 * behind: makecontext or a thread library put it there, and the stack ends with it.
 */
static __attribute__((noinline)) int step_without_rules(struct walk *w)
{
	if (w->pc >= w->m->text_lo && w->pc + CT_SIGRETURN_BYTES <= w->m->text_hi &&
	    ct_arch_is_sigreturn((const uint8_t *)w->pc)) {
		reach_sigframe(w);
		for (unsigned r = 0; r < CT_NREG; r++) {
			w->caller.v[r] = w->sp + ct_arch_sigframe_slot(r);
			w->caller.place[r] = SLOT;
		}
		return leave_frame(w, w->sp, 1);
	}
	if (!w->exact && ct_cfi_find(w->m, w->pc, &w->cfi) == CT_CFI_OK && w->cfi.begin == w->pc)
		return stop(w, END_OF_STACK);
	return stop(w, CT_STOP_NO_CFI);
}

/* The object of w->pc, noted when it could go away.  Returns 0 to end the walk. */
static __attribute__((noinline)) int find_module(struct walk *w)
{
	const struct ct_module *m = w->m;
	uintptr_t pc = w->pc - !w->exact;

	if (m && ct_module_covers(m, pc))
		return 1;
	switch (ct_module_find(pc, &w->found, &m)) {
	case CT_MODULE_FOUND: break;
	case CT_MODULE_NONE:
		w->unknown_pc = pc;
		m = NULL;
		break;
	case CT_MODULE_NEW: return stop(w, 0); /* to be entered from less deep in the stack */
	}
	w->m = m;
	if (m && m->later) {
		unsigned i = 0;

		while (i < w->later_count && w->later[i] != m->index)
			i++;
		if (i == LATER_MAX)
			w->keep = 0;
		else if (i == w->later_count)
			w->later[w->later_count++] = m->index;
	}
	return 1;
}

/* Keeps the frame unless it is our own.  Returns 0 when there is no more room. */
static int keep_frame(struct walk *w)
{
	uint64_t frame = w->pc & CT_FRAME_OFFSET;

	if (w->m && w->m->index == ct_module_own())
		return 1;
	if (w->frame_count >= CT_STACK_FRAMES)
		return stop(w, CT_STOP_DEPTH);
	if (w->m && w->m->id)
		frame = (uint64_t)w->m->id << CT_FRAME_MODULE_SHIFT |
			((w->pc - w->m->bias) & CT_FRAME_OFFSET);
	w->frames[w->frame_count++] = frame | (w->exact ? CT_FRAME_EXACT : 0);
	return 1;
}

/* Notes which interrupted capture it is whose entry this frame belongs to. */
static __attribute__((noinline)) void meet_outer(struct walk *w)
{
	for (unsigned i = 0; i < w->level; i++)
		if (CT_REGS_SP((const struct ct_regs *)w->sp) == w->cache->busy_sp[i])
			w->met |= (uint8_t)(1u << i);
}

/* Steps until w->stop is set, or returns with it 0 when an object has to be entered first. */
static __attribute__((noinline)) void walk(struct walk *w)
{
	uintptr_t at;
	uint64_t row;
	int more = 1;

	w->stop = 0;
	while (more) {
		if (w->level && w->pc == (uintptr_t)ct_stack_capture_return)
			meet_outer(w);
		if (!find_module(w))
			return;
		if (w->steps++ >= FRAMES_LIMIT) {
			stop(w, CT_STOP_DEPTH);
			return;
		}
		if (!keep_frame(w))
			return;
		if (!w->m) {
			stop(w, CT_STOP_NO_CFI);
			return;
		}
		at = w->pc - !w->exact;
		row = ct_row_find(w->m->index, at);
		if (row != CT_ROW_NONE) {
			more = step_row(w, row);
			continue;
		}
		switch (ct_cfi_find(w->m, at, &w->cfi)) {
		case CT_CFI_OK: row = ct_row_pack(&w->cfi); break;
		case CT_CFI_NONE: more = step_without_rules(w); continue;
		case CT_CFI_BAD: stop(w, CT_STOP_NO_CFI); return;
		}
		if (row == CT_ROW_NONE) {
			more = step_full(w);
		} else {
			ct_row_store(w->m->index, at, row);
			more = step_row(w, row);
		}
	}
}

/* --- replay ---------------------------------------------------------------------------------- */

static inline READS_STACK int words_hold(const struct ct_stack_cache *c, const struct entry *e)
{
	const uint64_t *value = &c->value[e->place % RING_WORDS];
	const int32_t *offset = &c->offset[e->place % RING_WORDS];
	const unsigned char *sp = (const unsigned char *)e->sp;
	unsigned n = e->word_count, i = 0;

	for (; i + 4 <= n; i += 4) {
		uint64_t d = *(const volatile uint64_t *)(sp + offset[i]) ^ value[i];

		d |= *(const volatile uint64_t *)(sp + offset[i + 1]) ^ value[i + 1];
		d |= *(const volatile uint64_t *)(sp + offset[i + 2]) ^ value[i + 2];
		d |= *(const volatile uint64_t *)(sp + offset[i + 3]) ^ value[i + 3];
		if (d)
			return 0;
	}
	for (; i < n; i++)
		if (*(const volatile uint64_t *)(sp + offset[i]) != value[i])
			return 0;
	return 1;
}

/* What an entry says about objects that can come and go is still so. */
static __attribute__((noinline)) int objects_hold(const struct entry *e,
						  struct ct_found_object *tmp)
{
	const struct ct_module *m;

	for (unsigned i = 0; i < e->later_count; i++)
		if (!ct_module_current(e->later[i], tmp))
			return 0;
	return !e->unknown_pc || ct_module_find(e->unknown_pc, tmp, &m) == CT_MODULE_NONE;
}

static struct entry *entry_set(struct ct_stack_cache *c, uintptr_t pc, uintptr_t sp)
{
	uint64_t h = (sp >> 4 ^ pc << 8 ^ pc) * 0x9e3779b97f4a7c15ull;

	return &c->entry[(h >> 60) % SETS * WAYS];
}

/* Stores a finished walk as an entry.  Only the outermost capture of a thread comes here. */
static __attribute__((noinline)) void remember(struct ct_stack_cache *c, const struct walk *w,
					       uint32_t id)
{
	struct entry *set = entry_set(c, w->key_pc, w->start_sp), *e = set;
	uint64_t place = c->written;
	uint32_t n = w->word_count;

	/* the oldest of the set; one whose words were overwritten is older than all others */
	for (unsigned i = 1; i < WAYS; i++)
		if (!set[i].sp || (e->sp && set[i].place < e->place))
			e = &set[i];
	if (place % RING_WORDS + n > RING_WORDS)
		place += RING_WORDS - place % RING_WORDS;
	e->sp = 0;
	c->written = place + n; /* from here on overwritten entries are dead */
	order();
	for (uint32_t i = 0; i < n; i++) {
		c->value[(place + i) % RING_WORDS] = c->noted_value[i];
		c->offset[(place + i) % RING_WORDS] = c->noted_offset[i];
	}
	e->pc = w->key_pc;
	e->lo = w->lo;
	e->hi = w->hi;
	e->place = place;
	e->unknown_pc = w->unknown_pc;
	e->id = id;
	e->word_count = (uint16_t)n;
	e->later_count = w->later_count;
	for (unsigned i = 0; i < LATER_MAX; i++)
		e->later[i] = w->later[i];
	order();
	e->sp = w->start_sp;
}

/* --- capture --------------------------------------------------------------------------------- */

static __attribute__((noinline)) void begin_walk(struct walk *w, struct ct_stack_cache *c,
						 const struct ct_stack_bounds *bounds,
						 const struct ct_regs *regs)
{
	unsigned level = (c->busy - 1) % LEVELS;
	uintptr_t sp = CT_REGS_SP(regs);

	w->pc = ct_arch_strip(CT_REGS_PC(regs));
	w->sp = w->start_sp = sp;
	w->lo = bounds->lo;
	w->hi = bounds->hi;
	w->seg_lo = (uintptr_t)regs;
	w->seg_hi = sp >= w->lo && sp < w->hi ? w->hi : (sp & IN_PAGE) + PAGE;
	w->m = NULL;
	w->unknown_pc = 0;
	w->words = level ? NULL : c;
	w->word_count = w->steps = w->frame_count = 0;
	w->exact = w->stop = w->later_count = 0;
	w->keep = level == 0;
	w->key_pc = CT_REGS_PC(regs);
	w->serial = level ? 0 : ++c->walks;
	w->cache = c;
	w->level = (uint8_t)level;
	w->met = 0;
	for (unsigned r = 0; r < CT_NREG; r++)
		w->regs.place[r] = UNKNOWN;
	for (unsigned i = 0; i < CT_ROW_REGS; i++) {
		w->regs.v[ct_row_regs[i]] = (uintptr_t)&regs->saved[i];
		w->regs.place[ct_row_regs[i]] = SLOT;
	}
	w->machine.reg = read_reg;
	w->machine.word = read_word;
	w->machine.self = w;
}

/* The walk's frames as a stack id. */
static __attribute__((noinline)) uint32_t intern(struct ct_dict *dict, const struct walk *w)
{
	uint32_t id = 0;

	if (w->stop != END_OF_STACK) {
		id = ct_dict_stack(
			dict, 0, (uint64_t)CT_MODULE_TRUNCATED << CT_FRAME_MODULE_SHIFT | w->stop);
		if (!id)
			return 0;
	}
	for (uint32_t i = w->frame_count; i-- > 0;) {
		id = ct_dict_stack(dict, id, w->frames[i]);
		if (!id)
			return 0;
	}
	return id;
}

/*
 * How many captures are in progress below this one, which is done.  Those that a longjmp left are
 * still counted: a walk to the end of the stack goes through every capture that it interrupted, so
 * one on the known stack that was not met is gone.
 */
static unsigned still_busy(const struct walk *w)
{
	unsigned level = w->level;

	if (w->stop != END_OF_STACK || w->start_sp < w->lo || w->start_sp >= w->hi)
		return level;
	while (level > 0 && !(w->met & (1u << (level - 1))) &&
	       w->cache->busy_sp[level - 1] >= w->lo && w->cache->busy_sp[level - 1] < w->hi)
		level--;
	return level;
}

/* A capture at this level is over; so many others are in progress. */
static inline void leave(struct ct_stack_cache *c, unsigned level, uintptr_t found_sp,
			 unsigned busy)
{
	order();
	c->busy_sp[level] = found_sp;
	order();
	c->busy = busy;
}

/* Turns a walk that is done into an id and an entry, and the capture is over. */
static __attribute__((noinline)) uint32_t finish_walk(struct walk *w, struct ct_dict *dict,
						      uintptr_t found_sp)
{
	uint32_t id = intern(dict, w);

	/* without an id there may be room for one the next time */
	if (id && w->keep && w->serial == w->cache->walks)
		remember(w->cache, w, id);
	leave(w->cache, w->level, found_sp, still_busy(w));
	return id;
}

/*
 * The second half of a capture that no entry served; `busy` is set already.  Like its caller it
 * keeps little on the stack: the deepest calls are made from here.
 */
static __attribute__((noinline)) uint32_t capture_by_walk(struct ct_dict *dict,
							  struct ct_stack_cache *c,
							  const struct ct_stack_bounds *bounds,
							  const struct ct_regs *regs,
							  uintptr_t found_sp)
{
	struct walk *w = &c->walk[(c->busy - 1) % LEVELS];

	begin_walk(w, c, bounds, regs);
	for (walk(w); !w->stop; walk(w)) {
		/* an object loaded since, to be entered first */
		if (!ct_module_add(&w->found)) {
			w->stop = CT_STOP_NO_CFI;
			w->keep = 0;
			break;
		}
	}
	return finish_walk(w, dict, found_sp);
}

/*
 * How many captures are in progress, leaving out those a longjmp left whose entry frame has been
 * overwritten since.  While a capture is in progress its mark stands, so none is left out that is.
 */
static __attribute__((noinline)) unsigned
unfinished(const struct ct_stack_cache *c, const struct ct_stack_bounds *bounds, uintptr_t sp)
{
	unsigned level = c->busy;

	for (; level > 0; level--) {
		uintptr_t other = c->busy_sp[(level - 1) % LEVELS];
		const struct ct_regs *regs = (const struct ct_regs *)other - 1;

		if (other < bounds->lo + sizeof(*regs) || other > bounds->hi ||
		    (other != sp && load((uintptr_t)&regs->mark) == (uintptr_t)c))
			break;
	}
	return level;
}

#define MISS (1ull << 32)

/* The stack id when an entry says it or none can be had; MISS leaves the capture in progress. */
static inline __attribute__((always_inline)) uint64_t
replay(struct ct_dict *dict, struct ct_stack_cache *c, const struct ct_stack_bounds *bounds,
       const struct ct_regs *regs, uintptr_t *found_sp)
{
	uintptr_t pc = CT_REGS_PC(regs), sp = CT_REGS_SP(regs);
	struct entry *e = entry_set(c, pc, sp), *end = e + WAYS;
	unsigned level = c->busy ? unfinished(c, bounds, sp) : 0;
	uint32_t id;

	if (level >= LEVELS)
		return ct_dict_stack(dict, 0,
				     (uint64_t)CT_MODULE_TRUNCATED << CT_FRAME_MODULE_SHIFT |
					     CT_STOP_NESTED);
	/* a handler that comes before the next store works at this level too: each puts back what it found */
	*found_sp = c->busy_sp[level];
	c->busy_sp[level] = sp;
	order();
	c->busy = level + 1;
	order();
	if (level)
		return MISS;
	for (; e < end; e++) {
		if (e->sp != sp || e->pc != pc || e->lo != bounds->lo || e->hi != bounds->hi ||
		    c->written - e->place > RING_WORDS || !words_hold(c, e))
			continue;
		if ((e->later_count || e->unknown_pc) && !objects_hold(e, &c->walk[0].found))
			continue;
		id = e->id;
		leave(c, 0, *found_sp, 0);
		return id;
	}
	return MISS;
}

void ct_stack_cache_adopt(struct ct_stack_cache *c)
{
	c->busy = 0;
}

uint32_t ct_stack_capture_regs(struct ct_dict *dict, struct ct_stack_cache *c,
			       const struct ct_stack_bounds *bounds, const struct ct_regs *regs)
{
	uintptr_t found_sp = 0;
	uint64_t id = replay(dict, c, bounds, regs, &found_sp);

	return id == MISS ? capture_by_walk(dict, c, bounds, regs, found_sp) : (uint32_t)id;
}
