/*
 * slot.c - which slot is mine: claiming, the first event after a fork, threads beginning and ending.
 *
 * A thread finds its slot in thread-local storage.  A child made by fork (or by a bare clone) inherits that pointer, and would
 * write into its parent's slot; but the generation page reads zero in the child, so its first event comes here, takes a row of the
 * process table and a slot of its own.  A vfork child shares memory with its stopped parent thread and writes as it.
 */
#include "capture/capture.h"

#include <asm/errno.h>

#include "sys/bulk.h"
#include "sys/mem.h"
#include "sys/poison.h"

struct ct_capture ct_cap;
__thread struct ct_tls ct_tls;

#define GENERATION_CLAIMING (~0ull)	/* another thread of this new process is taking the row */
#define GENERATION_PAUSED   (~0ull - 1) /* nobody's: the program has stopped its recording */
#define GENERATION_ASK                                                                             \
	(1ull                                                                                      \
	 << 63) /* in a thread's copy, which then never equals the page's: look at the pid first */

/*
 * Does for the page what the kernel should have done at fork.  A handler that comes in between finds the same, does it all, and leaves another
 * generation than the one read here.
 */
static void wipe_after_fork(void)
{
	uint64_t generation = atomic_load_explicit(ct_cap.generation, memory_order_relaxed);
	uint32_t pid = (uint32_t)ct_getpid();

	if (atomic_load_explicit(&ct_cap.asked_pid, memory_order_relaxed) == pid)
		return;
	atomic_compare_exchange_strong_explicit(ct_cap.generation, &generation, 0,
						memory_order_relaxed, memory_order_relaxed);
	atomic_store_explicit(&ct_cap.asked_pid, pid, memory_order_relaxed);
}

struct ct_slot *ct_slot_here(void)
{
	struct ct_slot *s = ct_tls.slot;
	uint64_t ask = ct_cap.ask_pid ? GENERATION_ASK : 0, generation;

	if (ask)
		wipe_after_fork();
	generation = atomic_load_explicit(ct_cap.generation, memory_order_relaxed);
	/* a thread that ends meanwhile still has to give it back */
	if (generation == GENERATION_PAUSED)
		generation = (uint64_t)ct_cap.process + 1;
	return s && ct_tls.generation == (generation | ask) ? s : 0;
}

/* The first event of a forked child.  False: not recorded. */
static bool begin_after_fork(void)
{
	uint64_t zero = 0;
	bool ok;

	if (!atomic_compare_exchange_strong_explicit(ct_cap.generation, &zero, GENERATION_CLAIMING,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	ok = !ct_cap.arena.shared->no_follow && ct_process_begin(ct_cap.process + 1);
	if (!ok) {
		/* stays GENERATION_CLAIMING for ever: nobody's generation, so nobody has a slot */
		return false;
	}
	atomic_store_explicit(ct_cap.generation, (uint64_t)ct_cap.process + 1,
			      memory_order_release);
	return true;
}

void ct_capture_stop(void)
{
	if (!ct_cap.arena.header || !ct_cap.generation || ct_cap.clock.kind == CT_CLOCK_STOPPED)
		return;
	ct_cap.clock.kind = CT_CLOCK_STOPPED;
	/* no slot is of this generation; a child of fork, which finds 0, looks at the clock */
	atomic_store_explicit(ct_cap.generation, GENERATION_CLAIMING, memory_order_release);
	atomic_fetch_add_explicit(&ct_cap.arena.header->lost[CT_LOSS_NO_CLOCK], 1,
				  memory_order_relaxed);
}

bool ct_capture_can(void)
{
	return ct_cap.arena.header && ct_cap.generation && ct_cap.clock.kind != CT_CLOCK_STOPPED;
}

/* Threads compare the page with what they have; so one word stops them all, and gives all of them their slots back. */
bool ct_capture_pause(void)
{
	uint64_t own = (uint64_t)ct_cap.process + 1;

	if (!atomic_compare_exchange_strong_explicit(ct_cap.generation, &own, GENERATION_PAUSED,
						     memory_order_relaxed, memory_order_relaxed))
		return false;
	atomic_store_explicit(&ct_cap.paused, true, memory_order_relaxed);
	return true;
}

bool ct_capture_resume(void)
{
	uint64_t paused = GENERATION_PAUSED;

	if (!atomic_load_explicit(&ct_cap.paused, memory_order_relaxed))
		return false;
	/* in a forked child it is 0, and the child's first event is yet to come */
	atomic_compare_exchange_strong_explicit(ct_cap.generation, &paused,
						(uint64_t)ct_cap.process + 1, memory_order_relaxed,
						memory_order_relaxed);
	return atomic_exchange_explicit(&ct_cap.paused, false, memory_order_relaxed);
}

/* --- claiming ---------------------------------------------------------------------------------------------------------------- */

/* All taken: a new one, and with it a chunk, which its thread will want before anybody else can have made one. */
static int64_t make_slot(void)
{
	int64_t index = ct_arena_extend(&ct_cap.arena, CT_REGION_SLOTS), chunk;

	if (index < 0)
		return -1;
	chunk = ct_arena_extend(&ct_cap.arena, CT_REGION_CHUNKS);
	if (chunk >= 0)
		atomic_fetch_or_explicit(&ct_cap.arena.shared->chunk_free[chunk / 64],
					 1ull << (chunk % 64), memory_order_release);
	return index;
}

bool ct_slot_is_left(struct ct_slot *s, uint32_t pid)
{
	_Atomic uint32_t *unended = &ct_own(s)->unended;
	uint32_t serial = atomic_load_explicit(unended, memory_order_acquire);

	/* a serial is never used again, so of all who see the thread gone one wins, and none after the slot is another's */
	if (!serial || ct_syscall3(__NR_tgkill, pid, s->tid, 0) != -ESRCH ||
	    !atomic_compare_exchange_strong_explicit(unended, &serial, 0, memory_order_acq_rel,
						     memory_order_relaxed))
		return false;
	atomic_fetch_sub_explicit(&ct_cap.arena.shared->unended, 1, memory_order_relaxed);
	return true;
}

/* None left: those of threads that ended unseen.  With ctrace-run there to look after them it does not come to this. */
static int64_t retake_slot(void)
{
	struct ct_shared *sh = ct_cap.arena.shared;
	uint32_t n = atomic_load_explicit(&sh->limit[CT_REGION_SLOTS], memory_order_relaxed), i;
	bool found = false;

	if (!atomic_load_explicit(&sh->unended, memory_order_relaxed))
		return -1;
	for (i = 0; i < n; i++) {
		struct ct_slot *s = ct_arena_slot(&ct_cap.arena, i);

		if (s->process != ct_cap.process ||
		    !ct_slot_is_left(s, ct_cap.arena.processes[ct_cap.process].pid))
			continue;
		ct_slot_bury(s);
		found = true;
	}
	return found ? ct_arena_take(&ct_cap.arena, CT_REGION_SLOTS) : -1;
}

struct ct_slot *ct_slot_claim(void)
{
	struct ct_header *h = ct_cap.arena.header;
	int64_t index = ct_arena_take(&ct_cap.arena, CT_REGION_SLOTS);
	struct ct_slot_private *own;
	struct ct_slot *s;

	if (index < 0)
		index = make_slot();
	if (index < 0)
		index = retake_slot();
	if (index < 0) {
		atomic_fetch_add_explicit(&h->lost[CT_LOSS_NO_SLOT], 1, memory_order_relaxed);
		return 0;
	}
	s = ct_arena_slot(&ct_cap.arena, (uint32_t)index);
	s->index = (uint32_t)index;
	own = ct_own(s);
	own->before_thread = s->thread;
	own->before_begin = s->begin_ticks;
	s->begin_ticks = UINT64_MAX; /* until it runs */
	atomic_thread_fence(memory_order_release);
	s->process = ct_cap.process;
	s->tid = 0;
	s->thread = atomic_fetch_add_explicit(&h->next_thread, 1, memory_order_relaxed);
	s->parent = 0;
	s->routine = 0;
	s->thread_pointer = 0;
	s->waits = s->lost_total = 0;
	ct_mem_zero(s->name, sizeof(s->name));
	ct_count_start(s);
	atomic_store_explicit(&s->inflight.op, 0, memory_order_relaxed);
	own->emitting = 0;
	own->tally_frame = 0;
	atomic_store_explicit(&own->unended, 0, memory_order_relaxed);
	own->bounds.lo = own->bounds.hi = 0;
	own->start = 0;
	ct_bulk_zero(own->known, sizeof(own->known));
	ct_bulk_zero(own->sites, sizeof(own->sites));
	ct_bulk_zero(own->names, sizeof(own->names));
	own->region_depth = 0;
	atomic_store_explicit(&own->tasks, 0, memory_order_relaxed);
	/* stacks another thread of this process has seen prove themselves; another process's name other modules */
	if (own->stacks_process != ct_cap.process + 1) {
		if (own->stacks_process)
			ct_bulk_zero(own->stacks, sizeof(own->stacks));
		own->stacks_process = ct_cap.process + 1;
	}
	ct_stack_cache_adopt((struct ct_stack_cache *)(void *)own->stacks);
	atomic_store_explicit(&s->state, CT_SLOT_CLAIMED, memory_order_release);
	return s;
}

void ct_slot_adopt(struct ct_slot *s, uint32_t tid)
{
	s->tid = tid ? tid : (uint32_t)ct_gettid();
	s->thread_pointer = ct_thread_pointer();
	s->begin_ticks = ct_now();
	ct_emit_begin(s, atomic_load_explicit(ct_cap.generation, memory_order_relaxed) |
				 (ct_cap.ask_pid ? GENERATION_ASK : 0));
}

/*
 * The calling thread has no slot in this process: it is the main thread, a fork's child, a thread made behind our back, or a
 * thread whose slot was given back when its start routine ended and that still runs destructors.
 */
struct ct_slot *ct_self_slow(void)
{
	struct ct_slot *old = ct_tls.slot, *s;
	uint64_t generation;
	uint32_t serial = 0;
	struct ct_stack_bounds bounds = {0, 0};

	if (!ct_enabled() || !ct_cap.generation || ct_cap.clock.kind == CT_CLOCK_STOPPED)
		return 0;
	if (atomic_load_explicit(&ct_cap.paused, memory_order_relaxed))
		return 0;
	if (ct_cap.ask_pid && ct_slot_here())
		return old;
	generation = atomic_load_explicit(ct_cap.generation, memory_order_acquire);
	if (generation == 0) {
		if (old) {
			/* our parent's slot: its stack is a copy of ours, so are its bounds */
			serial = old->thread;
			bounds = ct_own(old)->bounds;
		}
		if (!begin_after_fork())
			return 0;
	} else if (generation == GENERATION_CLAIMING || generation == GENERATION_PAUSED) {
		return 0;
	}
	s = ct_slot_claim();
	if (!s) {
		ct_tls.slot = 0;
		return 0;
	}
	s->parent = serial;
	ct_own(s)->bounds = bounds;
	ct_slot_adopt(s, 0);
	/* a process's first thread ends with it, which is seen */
	if (s->tid != ct_cap.arena.processes[ct_cap.process].pid) {
		atomic_fetch_add_explicit(&ct_cap.arena.shared->unended, 1, memory_order_relaxed);
		atomic_store_explicit(&ct_own(s)->unended, s->thread, memory_order_release);
	}
	return s;
}

/* --- ending ------------------------------------------------------------------------------------------------------------------ */

static void write_opstat(struct ct_slot *s, enum ct_op op, struct ct_opstat *o, uint64_t now)
{
	uint64_t v[CT_FIELDS_opstat] = {(uint64_t)op, o->count, o->total_ticks, o->max_ticks};
	unsigned b;

	ct_emit(s, CT_EV_opstat, v, now);
	v[2] = v[3] = 0;
	for (b = 0; b < CT_OPSTAT_BUCKETS; b++) {
		v[CT_F_ophist_bucket] = b;
		v[CT_F_ophist_count] = o->bucket[b];
		if (o->bucket[b])
			ct_emit(s, CT_EV_ophist, v, now);
		o->bucket[b] = 0;
	}
	o->count = o->total_ticks = o->max_ticks = 0;
}

void ct_slot_totals(struct ct_slot *s, uint64_t now)
{
	unsigned i, w;

	for (; s->tally_used; s->tally_used &= s->tally_used - 1)
		ct_tally_write(s, &s->tally[__builtin_ctzll(s->tally_used)], now);
	for (w = 0; w < 2; w++) {
		for (; s->opstat_used[w]; s->opstat_used[w] &= s->opstat_used[w] - 1) {
			i = w * 64 + (unsigned)__builtin_ctzll(s->opstat_used[w]);
			write_opstat(s, (enum ct_op)(CT_OP_FIRST_CALL + i), &s->opstat[i], now);
		}
	}
}

static void give_back(struct ct_slot *s)
{
	uint32_t i = s->index;

	atomic_store_explicit(&s->state, CT_SLOT_FREE, memory_order_release);
	atomic_fetch_or_explicit(&ct_cap.arena.shared->slot_free[i / 64], 1ull << (i % 64),
				 memory_order_release);
}

void ct_slot_release(struct ct_slot *s, enum ct_thread_end how)
{
	uint64_t now = ct_now();
	uint64_t v[CT_FIELDS_thread_end] = {how};

	/* a signal handler from here on finds no slot and takes another: what is summed up now stays as it is */
	ct_tls.slot = 0;
	atomic_signal_fence(memory_order_seq_cst);
	if (atomic_exchange_explicit(&ct_own(s)->unended, 0, memory_order_relaxed))
		atomic_fetch_sub_explicit(&ct_cap.arena.shared->unended, 1, memory_order_relaxed);
	if (atomic_load_explicit(&s->inflight.op, memory_order_relaxed))
		ct_abandoned(s, now);
	ct_slot_totals(s, now);
	ct_emit(s, CT_EV_thread_end, v, now);
	ct_count_end(s, now);
	give_back(s);
}

void ct_slot_bury_at(struct ct_slot *s, uint64_t ticks)
{
	struct ct_slot_private *own = ct_own(s);
	const uint64_t v[CT_FIELDS_thread_end] = {CT_END_GONE};

	/* it may have ended in the middle of a record, which hides what comes after: then the totals go to a new chunk */
	if (own->emitting) {
		ct_count_correct(s);
		ct_chunk_finish(s);
	}
	own->emitting = 0;
	own->tally_frame = 0;
	/* claimed for a thread that had not run yet, or was killed before it could say so: then it has no end either */
	if (!s->tid || own->begun != s->thread) {
		give_back(s);
		return;
	}
	ct_slot_totals(s, ticks);
	ct_emit(s, CT_EV_thread_end, v, ticks);
	ct_count_end(s, ticks);
	atomic_store_explicit(&s->inflight.op, 0, memory_order_relaxed);
	give_back(s);
}

void ct_slot_bury(struct ct_slot *s)
{
	ct_slot_bury_at(s, ct_now());
}

void ct_slot_abandon(struct ct_slot *s)
{
	give_back(s);
}
