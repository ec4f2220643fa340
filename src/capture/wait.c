/*
 * wait.c - one blocking call from its beginning to its record.
 *
 * The order of things is the design: the stack and the in-flight line before the call, because afterwards the thread holds what it
 * waited for and every nanosecond here would be the next waiter's; after the call only the clock, and a record where the wait was
 * long enough to be worth one.
 */
#include "capture/capture.h"

#include "capture/module.h"
#include "sys/poison.h"

static uint32_t stack_here(struct ct_slot *s)
{
	return ct_stack_capture(&ct_cap.arena.dict, ct_stacks(s), &ct_own(s)->bounds);
}

/* The rare half of ct_site_stack. */
uint32_t ct_site_new(struct ct_slot *s, uint64_t site)
{
	struct ct_dict *d = &ct_cap.arena.dict;
	uint64_t frame = ct_module_of_data((uintptr_t)site);
	uint64_t cut = (uint64_t)CT_MODULE_TRUNCATED << CT_FRAME_MODULE_SHIFT | CT_STOP_DEPTH;
	unsigned i = (unsigned)(site >> 3) % CT_SITE_ROWS;
	uint32_t stack = frame ? ct_dict_stack(d, ct_dict_stack(d, 0, cut), frame) : 0;

	/* a handler may come in between: the key is never there with another's value */
	ct_own(s)->sites[i].site = 0;
	atomic_signal_fence(memory_order_seq_cst);
	ct_own(s)->sites[i].stack = stack;
	atomic_signal_fence(memory_order_seq_cst);
	ct_own(s)->sites[i].site = site;
	return stack;
}

/* --- what an object is --------------------------------------------------------------------------------------------------------- */

static void write_object(struct ct_slot *s, enum ct_op op, uint64_t object, uint64_t hash,
			 uint64_t birth, uint64_t now, bool shared)
{
	struct ct_process_rec *p = &ct_cap.arena.processes[ct_cap.process];
	uint64_t v[CT_FIELDS_object] = {0};
	uint32_t mark, stack = ct_board_birth_read(hash, birth, &mark);

	v[CT_F_object_op] = op;
	v[CT_F_object_object] = object;
	v[CT_F_object_data] = ct_module_of_data((uintptr_t)object);
	v[CT_F_object_stack] = stack;
	v[CT_F_object_birth] = mark;
	if (shared) {
		atomic_store_explicit(&p->shared_last, object, memory_order_relaxed);
		atomic_fetch_add_explicit(&p->shared_met, 1, memory_order_release);
	}
	ct_emit(s, shared ? CT_EV_shared : CT_EV_object, v, now);
}

static inline struct ct_known *known_row(struct ct_slot *s, uint64_t hash)
{
	return &ct_own(s)->known[hash >> 57];
}

static inline bool is_known(const struct ct_known *k, uint64_t object, uint64_t birth)
{
	return k->object == object && k->birth == birth;
}

/* Not in its first place: there are two for every object, and a third one takes the place of the one announced before the other. */
static __attribute__((noinline)) void meet_object(struct ct_slot *s, enum ct_op op, uint64_t object,
						  uint64_t hash, uint64_t birth, uint64_t now,
						  bool shared)
{
	struct ct_known *first = known_row(s, hash), *second = known_row(s, hash ^ 1ull << 57);

	if (is_known(second, object, birth) || op == CT_OP_join)
		return;
	*second = *first;
	*first = (struct ct_known){object, birth};
	write_object(s, op, object, hash, birth, now, shared);
}

static inline void introduce_object(struct ct_slot *s, enum ct_op op, uint64_t object, uint64_t now,
				    bool shared)
{
	uint64_t hash = ct_object_hash(object), birth = ct_board_birth(hash);

	if (!is_known(known_row(s, hash), object, birth))
		meet_object(s, op, object, hash, birth, now, shared);
}

void ct_introduce(struct ct_slot *s, enum ct_op op, uint64_t object, uint64_t now, bool shared)
{
	introduce_object(s, op, object, now, shared);
}

/* --- short waits ------------------------------------------------------------------------------------------------------------------ */

void ct_tally_write(struct ct_slot *s, struct ct_tally *row, uint64_t now)
{
	uint64_t v[CT_FIELDS_tally] = {row->op,	   row->object,	     row->stack,
				       row->count, row->total_ticks, row->max_ticks};

	row->count = 0;
	ct_emit(s, CT_EV_tally, v, now);
}

/* In a handler that interrupted the tally: then this wait gets a record, and the row under work is left alone. */
static bool is_tallying(struct ct_slot *s, const struct ct_wait *w)
{
	const struct ct_slot_private *own = ct_own(s);

	return own->tally_frame && ct_frame_lives(s, own->tally_frame, own->tally_start, w);
}

static void tally(struct ct_slot *s, const struct ct_wait *w, uint64_t dur, uint64_t now)
{
	struct ct_slot_private *own = ct_own(s);
	uint64_t hash = (w->object ^ (uint64_t)w->stack << 32) * 0x9e3779b97f4a7c15ull;
	unsigned i = (unsigned)(hash >> 58), bucket_mates = 2;
	struct ct_tally *row;

	own->tally_start = w->frame.start;
	own->tally_frame = &w->frame;
	atomic_signal_fence(memory_order_seq_cst);
	/* two places for every pair; the second one loses its row to a third */
	for (;;) {
		row = &s->tally[i];
		if (row->count && row->object == w->object && row->stack == w->stack &&
		    row->op == w->op)
			break;
		if (!row->count || --bucket_mates == 0) {
			if (row->count)
				ct_tally_write(s, row, now);
			row->object = w->object;
			row->stack = w->stack;
			row->op = w->op;
			row->total_ticks = row->max_ticks = 0;
			s->tally_used |= 1ull << i;
			break;
		}
		i ^= 1;
	}
	row->total_ticks += dur;
	if (dur > row->max_ticks)
		row->max_ticks = dur;
	row->count++;
	atomic_signal_fence(memory_order_seq_cst);
	own->tally_frame = 0;
}

/* --- waits ------------------------------------------------------------------------------------------------------------------------ */

/* A call of this thread was left by longjmp or cancellation: say so when a later event finds its line still there. */
void ct_abandoned(struct ct_slot *s, uint64_t now)
{
	const struct ct_inflight *f = &s->inflight;
	uint64_t v[CT_FIELDS_wait] = {0};
	uint64_t dur = now - f->start_ticks;
	uint32_t op = atomic_load_explicit(&f->op, memory_order_relaxed);

	ct_inflight_clear(s);
	if (op >= CT_OP_FIRST_CALL && op < CT_OP_LIMIT)
		ct_opstat_add(s, (enum ct_op)op, dur);
	v[CT_F_wait_op] = op;
	v[CT_F_wait_dur] = dur;
	v[CT_F_wait_object] = f->object;
	v[CT_F_wait_stack] = f->stack;
	v[CT_F_wait_owner] = f->owner;
	v[CT_F_wait_flags] = CT_WAIT_CANCELLED;
	ct_emit(s, CT_EV_wait, v, now);
}

/* The frame may be one that was left: then what stands there now is read, on purpose, and found to be another's. */
__attribute__((no_sanitize_address)) bool
ct_frame_lives(struct ct_slot *s, const struct ct_frame *frame, uint64_t start, const void *here)
{
	const struct ct_stack_bounds *b = &ct_own(s)->bounds;
	uintptr_t there = (uintptr_t)frame, me = (uintptr_t)here;
	bool known = there >= b->lo && there < b->hi;

	if (known != (me >= b->lo && me < b->hi))
		return true;
	/* two places outside the known stack are on one stack, and the other one can be read, when they share a page */
	if (!known && (there ^ me) >> 12)
		return true;
	return there > me && frame->slot == s && frame->start == start;
}

#define INFLIGHT_TRIES 16

bool ct_inflight_again(struct ct_slot *s, uint32_t op, uint64_t object, uint32_t stack,
		       const struct ct_frame *frame)
{
	struct ct_inflight *f = &s->inflight;
	unsigned i;

	for (i = 0; i < INFLIGHT_TRIES; i++) {
		atomic_store_explicit(&f->op, 0, memory_order_relaxed);
		if (ct_inflight_try(s, op, object, stack, frame))
			return true;
	}
	atomic_store_explicit(&f->op, 0, memory_order_relaxed);
	atomic_store_explicit(&f->seq,
			      (atomic_load_explicit(&f->seq, memory_order_relaxed) | 1) + 1,
			      memory_order_release);
	return false;
}

bool ct_inflight_taken(struct ct_slot *s, const struct ct_frame *here)
{
	const struct ct_inflight *f = &s->inflight;

	if (ct_frame_lives(s, (const struct ct_frame *)(uintptr_t)f->sp, f->start_ticks, here))
		return true;
	ct_abandoned(s, here->start);
	return false;
}

bool ct_wait_begin(struct ct_wait *w, enum ct_op op, const void *object, uint32_t owner,
		   const void *mutex, bool shared)
{
	struct ct_slot *s = ct_self();
	struct ct_inflight *f;

	w->frame.slot = s;
	if (!s)
		return false;
	w->op = op;
	w->object = (uint64_t)(uintptr_t)object;
	w->mutex = (uint64_t)(uintptr_t)mutex;
	w->owner = owner;
	w->owner_last = 0;
	w->shared = shared;
	w->frame.start = ct_now();
	w->stack = stack_here(s);
	introduce_object(s, op, w->object, w->frame.start, shared);
	f = &s->inflight;
	w->published = true;
	if (atomic_load_explicit(&f->op, memory_order_relaxed))
		w->published = !ct_inflight_taken(s, &w->frame);
	if (w->published)
		w->published = ct_inflight_set(s, op, w->object, w->stack, &w->frame);
	if (w->published) {
		f->owner = owner;
		f->mutex = w->mutex;
	}
	return true;
}

void ct_wait_end(struct ct_wait *w, long result)
{
	struct ct_slot *s = w->frame.slot;
	uint64_t now = ct_now(), dur = now - w->frame.start, released = 0;
	uint64_t v[CT_FIELDS_wait] = {0};
	uint32_t waker = 0, waker_stack = 0;

	if (w->op == CT_OP_mutex && !w->shared)
		ct_board_fetch(w->object);
	if (w->published)
		ct_inflight_clear(s);
	if (__builtin_expect(!now, 0))
		return; /* stopped meanwhile */
	s->waits++;
	if (dur < ct_cap.wait_threshold && !is_tallying(s, w)) {
		tally(s, w, dur, now);
		return;
	}
	if (w->op == CT_OP_mutex && result == 0 && !w->shared)
		ct_board_waker((const void *)(uintptr_t)w->object, w->frame.start, now, &waker,
			       &released, &waker_stack);
	v[CT_F_wait_op] = w->op;
	v[CT_F_wait_dur] = dur;
	v[CT_F_wait_object] = w->object;
	v[CT_F_wait_stack] = w->stack;
	if (waker) {
		v[CT_F_wait_wake_ago] = now - released;
		v[CT_F_wait_waker] = waker;
		v[CT_F_wait_waker_stack] = waker_stack;
	}
	v[CT_F_wait_owner] = w->owner;
	if (w->owner_last != w->owner)
		v[CT_F_wait_owner_last] = w->owner_last;
	v[CT_F_wait_result] = (uint64_t)result;
	v[CT_F_wait_mutex] = w->mutex;
	ct_emit(s, CT_EV_wait, v, now);
}

void ct_wait_drop(struct ct_wait *w)
{
	if (w->published)
		ct_inflight_clear(w->frame.slot);
}

void ct_wait_late(enum ct_op op, const void *object, uint64_t start, long result, bool shared)
{
	struct ct_wait w = {.frame.start = start,
			    .op = op,
			    .object = (uint64_t)(uintptr_t)object,
			    .shared = shared};

	if (ct_now() - start < ct_cap.wait_threshold)
		return;
	w.frame.slot = ct_self();
	if (!w.frame.slot)
		return;
	w.stack = stack_here(w.frame.slot);
	introduce_object(w.frame.slot, op, w.object, start, shared);
	ct_wait_end(&w, result);
}

void ct_wake(enum ct_op op, const void *object, uint64_t released, bool all, bool shared)
{
	struct ct_slot *s = ct_self();
	uint64_t v[CT_FIELDS_wake] = {0};

	if (!s)
		return;
	if (shared)
		ct_introduce(s, op, (uint64_t)(uintptr_t)object, released, true);
	v[CT_F_wake_op] = op;
	v[CT_F_wake_object] = (uint64_t)(uintptr_t)object;
	v[CT_F_wake_stack] = stack_here(s);
	v[CT_F_wake_all] = all;
	ct_emit(s, CT_EV_wake, v, released);
}

/* The rare half of ct_call_end: it took long enough for a record. */
void ct_call_long(struct ct_call *c, uint64_t now, enum ct_op op, uint64_t object, long result)
{
	struct ct_slot *s = c->frame.slot;
	uint64_t v[CT_FIELDS_wait] = {0};

	s->waits++;
	v[CT_F_wait_op] = op;
	v[CT_F_wait_dur] = now - c->frame.start;
	v[CT_F_wait_object] = object;
	v[CT_F_wait_stack] = stack_here(s);
	v[CT_F_wait_result] = (uint64_t)result;
	ct_emit(s, CT_EV_wait, v, now);
}
