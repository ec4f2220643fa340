/*
 * capture.h - the recorder's core: who is recording, and putting records where they survive the process.
 *
 * It knows nothing of what is wrapped (that is preload/) and nothing of what records mean to anybody (that is src/model).
 *
 *   ct_self()      the slot of the calling thread, claimed when it has none          slot.c
 *   ct_emit()      one record into the thread's open chunk                            emit.c
 *   ct_count_*()   how much a thread has written, for those who find less                count.c
 *   ct_wait_*()    a blocking call: in-flight line, duration, record or tally         wait.c
 *   ct_board_*()   who released this mutex, where was this object born, which thread is this pthread_t        board.c
 *
 * A slot has one writer, its thread, and the signal handlers that interrupt it.  Nothing here waits for anybody.
 */
#ifndef CT_CAPTURE_CAPTURE_H
#define CT_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <ctrace/format.h>

#include "capture/arena.h"
#include "capture/stack.h"
#include "file/encode.h"
#include "sys/clock.h"

#define CT_KNOWN_ROWS  128
#define CT_SITE_ROWS   16
#define CT_OWED_ROWS   4
#define CT_NAME_CACHE  32
#define CT_REGION_ROWS 16
#define CT_EMIT_DEPTH  4 /* records in progress, each in a handler that interrupted the one before */

/*
 * What every activity of ours that can be interrupted keeps in its frame.  A handler that interrupted it may leave it by longjmp, and a cancelled
 * thread leaves it by unwinding; nothing can be undone then, so who finds it begun and not ended asks ct_frame_lives().
 */
struct ct_frame {
	struct ct_slot *slot;
	uint64_t start; /* ticks */
};

/* The recorder's own half of a slot, behind struct ct_slot. */
struct ct_slot_private {
	uint32_t
		emitting; /* how deep this thread is in ct_emit; more than 1: a signal handler interrupted it */
	/* of each record in progress: the chunk it may hold a reservation in, index + 1, and where its frame is */
	uint32_t emit_chunk[CT_EMIT_DEPTH];
	const struct ct_frame *emit_frame[CT_EMIT_DEPTH];
	uint32_t any_deferred; /* there may be some; 0: there is none */
	/* index + 1 of chunks left behind by handlers while one below was still in them; each is taken out by who seals it */
	_Atomic uint32_t deferred[CT_EMIT_DEPTH];
	uint32_t predict_epoch_chunk; /* chunk index + 1 the predictors belong to */
	uint32_t predict_epoch;	      /* and its epoch */
	_Atomic uint64_t
		wanted; /* a release of ours (board.c) whose stack its waiter did not find; written by the waiter */
	const struct ct_frame *tally_frame; /* of who changes the tally */
	uint64_t tally_start;
	struct ct_stack_bounds bounds;
	void *(*start)(void *); /* between pthread_create and the first instruction of the child */
	void *start_arg;
	/*
	 * Serial of the thread while nobody of ours will be there when it ends: it was not created through a wrapper, or its start routine
	 * has returned and its destructors wait.  Else 0.
	 */
	_Atomic uint32_t unended;
	uint32_t begun;		/* serial of the thread whose beginning is on record */
	uint32_t before_thread; /* who had the slot before: for a waiter that it has woken */
	uint64_t before_begin;
	struct {
		uint64_t site;
		uint64_t stack;
	} sites[CT_SITE_ROWS]; /* return addresses of system calls, as stacks of one frame */
	struct ct_known {
		uint64_t object;
		uint64_t birth; /* word of the birth board then */
	} known[CT_KNOWN_ROWS]; /* objects this thread has written an object record for */
	/*
	 * Losses that no record tells of yet, because there was no chunk for that either: by thread, since the slot may have gone to another
	 * meanwhile.  The last row is of whoever comes when all are taken: thread 0.
	 */
	struct ct_owed {
		uint32_t thread, count;
		uint64_t since, until;
	} owed[CT_OWED_ROWS];
	uint32_t owed_count;
	struct {
		const char *at; /* in its process: a slot that changes hands is forgotten */
		uint32_t id;
	} names[CT_NAME_CACHE];
	struct {
		uint64_t begin, task;
		uint32_t name;
	} regions[CT_REGION_ROWS]; /* the program's, of this thread, outermost first (note.c) */
	uint32_t region_depth;
	_Atomic uint32_t tasks; /* begun by this thread */
	uint64_t waits_written; /* of this thread, also those that tally records sum up */
	struct ct_thread_rec
		ended; /* of a ring: the last thread that ended here, for who works in its row */
	uint32_t stacks_process; /* index + 1 of the process whose stacks the cache knows */
	struct ct_predict predict;
	uint8_t stacks[CT_STACK_CACHE_BYTES] __attribute__((aligned(64)));
};

/*
 * ct_owed_write - lost records for what the slot owes; a chunk has to be there
 * Context: as ct_emit().
 */
void ct_owed_write(struct ct_slot *s);

struct ct_slot_whole {
	struct ct_slot slot;
	struct ct_slot_private own __attribute__((aligned(64)));
};
_Static_assert(sizeof(struct ct_slot_whole) <= CT_SLOT_BYTES, "a slot has its stride");

static inline struct ct_slot_private *ct_own(struct ct_slot *s)
{
	return &((struct ct_slot_whole *)(void *)s)->own;
}

static inline struct ct_stack_cache *ct_stacks(struct ct_slot *s)
{
	return (struct ct_stack_cache *)(void *)ct_own(s)->stacks;
}

/* One per process, copied by fork. */
struct ct_capture {
	struct ct_arena arena;
	struct ct_clock_source clock;
	uint64_t wait_threshold, call_threshold; /* ticks */
	/*
	 * The same for giving way.  It is never 0: who spins that way does so millions of times, and where every call is asked for, only those
	 * that meant waiting are.
	 */
	uint64_t yield_threshold;
	_Atomic uint64_t *
		generation; /* a page of its own that fork gives to the child as zero (MADV_WIPEONFORK) */
	/*
	 * An emulator may take that advice and not follow it.  Then there is no fast path: each event asks for the pid, and asked_pid is
	 * the last answer.
	 */
	bool ask_pid;
	_Atomic uint32_t asked_pid;
	uint32_t process; /* index of our row */
	uint32_t flags;	  /* CT_PROC_* found at start */
	uintptr_t main_stack_top;
	uint64_t stack_default_bytes;
	uint64_t pid_namespace;
	bool ring;
	_Atomic bool paused; /* by the program; a forked child stays so */
};
extern struct ct_capture ct_cap;

/* What a thread keeps of its own: nothing but where its slot is, and in which process that was true. */
struct ct_tls {
	struct ct_slot *slot;
	uint64_t generation;
};
extern __thread struct ct_tls ct_tls;

/* --- slot.c ---------------------------------------------------------------------------------------------------------------- */

struct ct_slot *ct_self_slow(void);

/*
 * ct_slot_here - slot of the calling thread; NULL when it has none in this process, as in a forked child before its first event
 * Context: any thread, any signal; no allocation, no libc; recording is on.
 */
struct ct_slot *ct_slot_here(void);

/*
 * ct_self - slot of the calling thread; NULL when nothing is recorded
 * The usual cost is three loads.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline struct ct_slot *ct_self(void)
{
	struct ct_slot *s = ct_tls.slot;

	if (__builtin_expect(s != 0, 1) &&
	    __builtin_expect(atomic_load_explicit(ct_cap.generation, memory_order_relaxed) ==
				     ct_tls.generation,
			     1))
		return s;
	return ct_self_slow();
}

static inline bool ct_enabled(void)
{
	return ct_cap.arena.header &&
	       atomic_load_explicit(&ct_cap.arena.header->enabled, memory_order_relaxed);
}

static inline uint64_t ct_now(void)
{
	return ct_clock_ticks(&ct_cap.clock);
}

/*
 * ct_process_begin - take a row of the process table for this process; at start and in the first event after a fork
 * @forked_from: index + 1, or 0
 * Returns false when the table is full; then nothing is recorded.
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_process_begin(uint32_t forked_from);

/*
 * ct_process_reaped - a child of this process has ended and was waited for: note how, if it has a row
 * @status: as of wait(2)
 * Context: any thread, any signal; no allocation, no libc, no system call.
 */
void ct_process_reaped(uint32_t pid, uint32_t status);

/*
 * ct_slot_claim - a free slot for a thread that does not run yet or the calling one; its serial number is given
 * Returns NULL when there is none (counted).
 * Context: any thread, any signal; no allocation, no libc.
 */
struct ct_slot *ct_slot_claim(void);

/*
 * ct_slot_adopt - make a claimed slot the calling thread's and say that the thread runs
 * @tid: 0: ask the kernel
 * Context: the thread itself; no allocation, no libc.
 */
void ct_slot_adopt(struct ct_slot *s, uint32_t tid);

/*
 * ct_slot_release - the calling thread ends: write its totals, give the slot back
 * Events of the thread after this (destructors of thread-local objects) claim another slot.
 * Context: the thread itself; no allocation, no libc.
 */
void ct_slot_release(struct ct_slot *s, enum ct_thread_end how);

/*
 * ct_capture_stop - record nothing more in this process: reading the time would kill it
 * For programs that forbid themselves the counter; waits in progress in other threads are forgotten.
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_capture_stop(void);

/*
 * ct_capture_can - is this a process that can be recorded, paused or not?
 * ct_capture_pause, ct_capture_resume - give out no slot any more; give them out again
 * What is in progress keeps the slot it has.  False: it was so already, or a first event after a fork is in progress.
 * Context: any thread, any signal; no allocation, no libc, no system call.
 */
bool ct_capture_can(void);
bool ct_capture_pause(void);
bool ct_capture_resume(void);

/* ct_slot_totals - write the slot's tally and totals as records and clear them; its thread, or when it is dead */
void ct_slot_totals(struct ct_slot *s, uint64_t now);

/*
 * ct_slot_bury - put in order and give back the slot of a thread that ended without a word
 * Context: whoever knows that nobody else writes in it; no allocation, no libc.
 */
void ct_slot_bury(struct ct_slot *s);

/* ct_slot_bury_at - the same of one that ended then */
void ct_slot_bury_at(struct ct_slot *s, uint64_t ticks);

/*
 * ct_slot_is_left - has the thread of an unended slot gone?
 * True is said once: the caller has to bury it.
 * @pid: of its process, as seen from here
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_slot_is_left(struct ct_slot *s, uint32_t pid);

/* ct_slot_abandon - give back a slot claimed for a thread that never came to be */
void ct_slot_abandon(struct ct_slot *s);

/* --- emit.c ---------------------------------------------------------------------------------------------------------------- */

/*
 * ct_emit_begin - the slot becomes the calling thread's, and its thread_begin is written, before all that handlers write
 * @generation: what ct_tls shall hold
 * Context: the thread itself; no allocation, no libc.
 */
void ct_emit_begin(struct ct_slot *s, uint64_t generation);

/*
 * ct_emit - write one record
 * @s:     the calling thread's slot
 * @v:     fields by number (events.def)
 * @ticks: the record's time
 * Lost records are counted; nothing is returned because no caller could do better.
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_emit(struct ct_slot *s, enum ct_event_type type, const uint64_t *v, uint64_t ticks);

/* ct_clock_note - add a clock sample to the header */
void ct_clock_note(struct ct_clock_sample sample);

/* ct_chunk_finish - seal a slot's open chunk, if any; the thread must not be writing */
void ct_chunk_finish(struct ct_slot *s);

/* --- count.c --------------------------------------------------------------------------------------------------------------- */

/*
 * ct_count - records that the slot's thread has written
 * @a: the arena it lies in, which may be one that somebody left: numbers are looked at before they are believed
 * Exact when nobody is writing in the slot, and for the thread itself outside of signal handlers that interrupted a record.
 * Context: any thread, any signal; no allocation, no libc.
 */
uint64_t ct_count(const struct ct_arena *a, struct ct_slot *s);

/* ct_count_start - a claimed slot's thread has written nothing; before its first record, by whoever claimed it */
void ct_count_start(struct ct_slot *s);

/*
 * ct_count_tell - the first record of a new chunk of a ring: what the slot's thread wrote before; none when that is nothing
 * @c:   no reader sees it yet; it has its head
 * @old: the chunk it follows; NULL: none
 * Context: as ct_emit(), not in a signal handler that interrupted a record.
 */
void ct_count_tell(struct ct_slot *s, const struct ct_chunk *old, struct ct_chunk *c);

/* ct_count_correct - put right the count of a thread that was killed while it changed chunks; before anything is written for it */
void ct_count_correct(struct ct_slot *s);

/* ct_count_end - keep what an ended thread had written, in a ring; before its slot is given back */
void ct_count_end(struct ct_slot *s, uint64_t now);

/* ct_count_read - a copy of a row of ended threads.  False: there is none, or it is being written. */
bool ct_count_read(const struct ct_thread_rec *from, struct ct_thread_rec *to);

/* --- wait.c ---------------------------------------------------------------------------------------------------------------- */

/* One blocking call on the caller's stack. */
struct ct_wait {
	struct ct_frame frame; /* slot NULL: not recorded */
	uint64_t object;
	uint64_t mutex;
	uint32_t op;
	uint32_t stack;
	uint32_t owner;
	uint32_t owner_last; /* the caller's to set before ct_wait_end(), when it knows one */
	bool published;
	bool shared;
};

/*
 * ct_wait_begin - a call on a memory object is about to block: stack, in-flight line, start
 * @owner: tid of the holder as the object tells, or 0
 * @mutex: the mutex that goes with a condition variable, or NULL
 * @shared: it may be used by other processes too
 * Returns false when nothing is recorded; the caller then makes the real call and nothing else.
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_wait_begin(struct ct_wait *w, enum ct_op op, const void *object, uint32_t owner,
		   const void *mutex, bool shared);

/*
 * ct_wait_end - the call came back: a record, or a row of the tally when it was short
 * @result: what the call returned
 * Context: the thread that began it; no allocation, no libc.
 */
void ct_wait_end(struct ct_wait *w, long result);

/* ct_wait_drop - the call came back and had not been a wait after all */
void ct_wait_drop(struct ct_wait *w);

/*
 * ct_wait_late - a call that looked as if it would not block took long: a record with the stack taken now
 * Nothing when it was short.
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_wait_late(enum ct_op op, const void *object, uint64_t start, long result, bool shared);

/* ct_tally_write - one row of the tally as a record; clears it */
void ct_tally_write(struct ct_slot *s, struct ct_tally *row, uint64_t now);

/*
 * ct_wake - the calling thread has released, signalled or posted an object that showed a waiter; stack and record
 * @released: ticks of the release
 * @shared:   as ct_wait_begin(); read before the release
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_wake(enum ct_op op, const void *object, uint64_t released, bool all, bool shared);

/*
 * ct_introduce - once per thread and object: the record that lets readers name it, and find what it is in other processes
 * Context: any thread, any signal; no allocation, no libc.
 */
void ct_introduce(struct ct_slot *s, enum ct_op op, uint64_t object, uint64_t now, bool shared);

/* A system call that may block, on the caller's stack. */
struct ct_call {
	struct ct_frame frame;
	uint64_t published;
};

void ct_call_long(struct ct_call *c, uint64_t now, enum ct_op op, uint64_t object, long result);
void ct_abandoned(struct ct_slot *s, uint64_t now);

/*
 * ct_frame_lives - is an activity of the calling thread that began and did not end still below us?
 * @frame: where it is or was; @start: what it holds
 * @here:  a frame of the caller's
 * No, when we are above it or its frame has been overwritten.  Between two stacks (a handler's own, a coroutine's) nothing can be
 * told and the answer is yes, which costs a line or a predictor but never a record.
 * Context: any thread, any signal; no allocation, no libc.
 */
bool ct_frame_lives(struct ct_slot *s, const struct ct_frame *frame, uint64_t start,
		    const void *here);

/* ct_inflight_taken - a line is there already: true when it is of a wait that we interrupt, else it is closed */
bool ct_inflight_taken(struct ct_slot *s, const struct ct_frame *here);

/*
 * ct_inflight_try - write the line and publish it.  A handler that finds it half written writes its own over it; then the numbers are its and the
 * operation ours, and the next handler takes the wait for one that was left.  False: so it is, try again.
 */
static inline bool ct_inflight_try(struct ct_slot *s, uint32_t op, uint64_t object, uint32_t stack,
				   const struct ct_frame *frame)
{
	struct ct_inflight *f = &s->inflight;
	uint32_t seq = (atomic_load_explicit(&f->seq, memory_order_relaxed) + 1) | 1;

	atomic_store_explicit(&f->seq, seq, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_thread_fence(memory_order_release);
	f->object = object;
	f->start_ticks = frame->start;
	f->owner = 0;
	f->stack = stack;
	f->sp = (uint64_t)(uintptr_t)frame;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&f->op, op, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (__builtin_expect(atomic_load_explicit(&f->seq, memory_order_relaxed) != seq, 0))
		return false;
	atomic_store_explicit(&f->seq, seq + 1, memory_order_release);
	return true;
}

/*
 * ct_inflight_again - after one that failed
 * Returns whether the line is published: it is given up when handlers come without end.
 */
bool ct_inflight_again(struct ct_slot *s, uint32_t op, uint64_t object, uint32_t stack,
		       const struct ct_frame *frame);

/* ct_inflight_set - false: it is not published, and is not to be cleared */
static inline bool ct_inflight_set(struct ct_slot *s, uint32_t op, uint64_t object, uint32_t stack,
				   const struct ct_frame *frame)
{
	return __builtin_expect(ct_inflight_try(s, op, object, stack, frame), 1) ||
	       ct_inflight_again(s, op, object, stack, frame);
}

uint32_t ct_site_new(struct ct_slot *s, uint64_t site);

/* ct_site_stack - a stack of the one frame that is known before a system call, whose whole stack is only taken if it turns out long */
static inline uint32_t ct_site_stack(struct ct_slot *s, uint64_t site)
{
	unsigned i = (unsigned)(site >> 3) % CT_SITE_ROWS;

	if (__builtin_expect(ct_own(s)->sites[i].site == site, 1))
		return (uint32_t)ct_own(s)->sites[i].stack;
	return ct_site_new(s, site);
}

static inline void ct_inflight_clear(struct ct_slot *s)
{
	atomic_store_explicit(&s->inflight.op, 0, memory_order_relaxed);
}

static inline void ct_opstat_add(struct ct_slot *s, enum ct_op op, uint64_t dur)
{
	struct ct_opstat *o = &s->opstat[op - CT_OP_FIRST_CALL];
	unsigned bucket = 63u - (unsigned)__builtin_clzll(dur | 1), row = op - CT_OP_FIRST_CALL;

	s->opstat_used[row / 64] |= 1ull << (row % 64);
	o->count++;
	o->total_ticks += dur;
	if (dur > o->max_ticks)
		o->max_ticks = dur;
	o->bucket[bucket < CT_OPSTAT_BUCKETS ? bucket : CT_OPSTAT_BUCKETS - 1]++;
}

/*
 * ct_call_begin, ct_call_end - around a system call that may block
 * @object: descriptor + 1; 0 for none
 * @site:   return address of the wrapper
 * Nothing is done between them that a signal handler's longjmp or a cancellation could leave undone: the in-flight line
 * stays, and the next call of the thread, or its end, sees that the call never came back.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline bool ct_call_begin(struct ct_call *c, enum ct_op op, uint64_t object,
				 const void *site)
{
	struct ct_slot *s = ct_self();

	c->frame.slot = s;
	if (!s)
		return false;
	c->frame.start = ct_now();
	c->published = 1;
	if (__builtin_expect(atomic_load_explicit(&s->inflight.op, memory_order_relaxed) != 0, 0))
		c->published = !ct_inflight_taken(s, &c->frame);
	if (c->published)
		c->published = ct_inflight_set(
			s, op, object, ct_site_stack(s, (uint64_t)(uintptr_t)site), &c->frame);
	return true;
}

static inline void ct_call_end(struct ct_call *c, enum ct_op op, uint64_t object, long result)
{
	struct ct_slot *s = c->frame.slot;
	uint64_t now = ct_now(), dur = now - c->frame.start;

	if (c->published)
		ct_inflight_clear(s);
	if (__builtin_expect(!now, 0))
		return; /* stopped meanwhile */
	ct_opstat_add(s, op, dur);
	if (__builtin_expect(
		    dur >= (op == CT_OP_yield ? ct_cap.yield_threshold : ct_cap.call_threshold), 0))
		ct_call_long(c, now, op, object, result);
}

/* --- board.c ----------------------------------------------------------------------------------------------------------------- */

/* A release that was announced and has yet to get its stack. */
struct ct_release {
	uint64_t word; /* what was left on the board; 0 nothing: a wake record will tell */
	uint64_t ticks;
};

/*
 * ct_board_release - before a mutex with waiters is released: leave who and when
 * @shared: between processes, which may each have it at an address of its own: then nothing is left
 */
struct ct_release ct_board_release(struct ct_slot *s, const void *mutex, bool shared);

/* ct_board_released - after it: the stack of the release, for the waiter to find, or a wake record */
void ct_board_released(struct ct_slot *s, const void *mutex, struct ct_release release);

/*
 * ct_board_waker - who released the mutex the calling thread just got
 * @since: when the wait began; an older release woke somebody else
 * Fills in serial, ticks and stack; false when the board does not know.
 * Context: the new holder of the mutex; no allocation, no libc.
 */
bool ct_board_waker(const void *mutex, uint64_t since, uint64_t now, uint32_t *thread,
		    uint64_t *released, uint32_t *stack);

/*
 * ct_object_hash - where an object is on the boards
 * Objects of different processes at one address are different; one shared between processes is named by each for itself.
 */
static inline uint64_t ct_object_hash(uint64_t object)
{
	uint64_t h = (object ^ (uint64_t)ct_cap.process << 48) * 0x9e3779b97f4a7c15ull;

	return h ^ h >> 32;
}

/*
 * ct_board_fetch - a release of this mutex by the calling thread is near: have its row at hand, because a miss then would be inside the
 * critical section
 */
static inline void ct_board_fetch(uint64_t mutex)
{
	__builtin_prefetch(&ct_cap.arena.shared->wake[ct_object_hash(mutex) % CT_WAKE_ROWS], 1);
}

/* ct_board_born - an object was initialised here and now */
void ct_board_born(const void *object);

/*
 * ct_board_birth - the birth board's word for the row an object hashes to; it changes when the object is initialised anew
 * ct_board_birth_read - what it says: a stack, or 0; and an instance mark that differs between initialisations, 0 when none was seen
 */
static inline uint64_t ct_board_birth(uint64_t hash)
{
	return atomic_load_explicit(&ct_cap.arena.shared->birth[hash % CT_BIRTH_ROWS],
				    memory_order_acquire);
}
uint32_t ct_board_birth_read(uint64_t hash, uint64_t word, uint32_t *mark);

void ct_board_thread_set(unsigned long pthread, uint32_t serial);
uint32_t ct_board_thread(unsigned long pthread);

#endif
