/*
 * held.c - see held.h.
 */
#include "views/profile/held.h"

#include <errno.h>
#include <stdlib.h>

enum what { UNKNOWN, FREED, HELD };

/* Order of what happens at one time. */
enum phase { RELEASE, END, START };

struct ct_held_item {
	uint64_t at;
	uint32_t wait;
	uint32_t phase : 2;
	uint32_t thread : 30; /* row */
};

/* --- charging ----------------------------------------------------------------------------------------------------------------- */

/* @holder: row + 1 */
struct ct_sample ct_held_key(struct ct_held *s, uint32_t row, uint32_t kind, enum ct_leaf leaf,
			     uint32_t stack, uint32_t holder)
{
	const struct ct_model *m = s->p->v->model;
	struct ct_sample key = {.leaf = leaf};
	const struct ct_thread *t;

	if (leaf == CT_LEAF_NONE)
		key.stack = stack;
	if (leaf == CT_LEAF_HELD && holder) {
		t = ct_model_thread_at(m, holder - 1);
		key.root = t->routine && !t->main ? t->routine | CT_FRAME_EXACT : 0;
	}
	if (s->p->o.labels) {
		key.lock = row;
		key.kind = (uint16_t)kind;
		key.why = CT_WHY_LOCK + 1;
		key.holder = holder ? ct_profile_thread(s->p, holder - 1) : 0;
		key.thread = key.holder;
	}
	return key;
}

static void charge(struct ct_held *s, const struct ct_held_lock *l, enum ct_leaf leaf,
		   uint32_t stack, uint64_t count, uint64_t ticks)
{
	bool known = leaf == CT_LEAF_NONE || leaf == CT_LEAF_HELD;
	struct ct_sample key = ct_held_key(s, l->row, l->kind, leaf, stack, known ? l->holder : 0);

	if (ticks)
		ct_profile_add(s->p, &key, count, ticks);
}

/* --- a lock over time --------------------------------------------------------------------------------------------------------- */

static void next_stretch(struct ct_held_lock *l)
{
	l->area = 0;
	l->before = l->waiters;
	l->arrived = 0;
}

/* The stretch up to now was the holder's. */
static void go_on(struct ct_held_lock *l, bool is_exact)
{
	l->run_count = l->running ? l->run_count + l->arrived : (uint64_t)l->before + l->arrived;
	l->running = true;
	*(is_exact ? &l->exact : &l->assumed) += l->area;
	next_stretch(l);
}

/* The holder's run is over, at this stack; 0: it was not seen to let go. */
static void end_run(struct ct_held *s, struct ct_held_lock *l, uint32_t stack)
{
	if (!l->running)
		return;
	charge(s, l, stack ? CT_LEAF_NONE : CT_LEAF_HELD, stack, l->run_count,
	       l->exact + l->assumed);
	s->exact += l->exact;
	s->assumed += l->assumed;
	l->exact = l->assumed = 0;
	l->running = false;
}

/* The stretch up to now was nobody's that is known. */
static void nobody(struct ct_held *s, struct ct_held_lock *l, enum ct_leaf leaf, uint64_t *sum)
{
	*sum += l->area;
	charge(s, l, leaf, 0, (uint64_t)l->before + l->arrived, l->area);
	next_stretch(l);
}

static void freed(struct ct_held *s, struct ct_held_lock *l, uint32_t by, uint32_t stack)
{
	if (l->state == HELD && l->holder != by) {
		end_run(s, l, 0);
		nobody(s, l, CT_LEAF_CHANGED, &s->changed);
	} else {
		l->holder = by;
		go_on(l, l->state == HELD);
		end_run(s, l, stack);
	}
	l->state = FREED;
}

static void held(struct ct_held *s, struct ct_held_lock *l, uint32_t by, bool got)
{
	if (l->state == HELD && l->holder == by) {
		go_on(l, true);
	} else if (l->state == HELD) {
		end_run(s, l, 0);
		nobody(s, l, CT_LEAF_CHANGED, &s->changed);
	} else if (l->state == UNKNOWN) {
		nobody(s, l, CT_LEAF_UNKNOWN, &s->unknown);
	} else if (got) {
		nobody(s, l, CT_LEAF_HANDOFF, &s->handoff);
	} else {
		l->holder = by;
		go_on(l, false);
	}
	l->holder = by;
	l->state = HELD;
}

/* Nobody waits any more: what is told of the lock ends here. */
static void left_alone(struct ct_held *s, struct ct_held_lock *l)
{
	if (l->state == HELD) {
		go_on(l, false);
		end_run(s, l, 0);
	} else {
		nobody(s, l, CT_LEAF_UNKNOWN, &s->unknown);
	}
	l->state = UNKNOWN;
}

static void until(struct ct_held_lock *l, uint64_t at)
{
	if (at > l->at)
		l->area += l->waiters * (at - l->at);
	l->at = at;
}

/* --- waits in order of time --------------------------------------------------------------------------------------------------- */

static uint64_t length_of(const struct ct_held_wait *w)
{
	return (uint64_t)w->dur_hi << 32 | w->dur;
}

static uint64_t ago_of(const struct ct_held_wait *w)
{
	return (uint64_t)w->ago_hi << 32 | w->ago;
}

static struct ct_held_wait *wait_at(const struct ct_held *s, uint32_t i)
{
	return ct_pool_at(&s->waits, i);
}

static bool before(const struct ct_held_item *a, const struct ct_held_item *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return a->phase != b->phase ? a->phase < b->phase : a->wait < b->wait;
}

static void sift_down(struct ct_held *s, struct ct_held_item x)
{
	uint32_t i = 0, child;

	for (; (child = 2 * i + 1) < s->heap_n; i = child) {
		if (child + 1 < s->heap_n && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (before(&x, &s->heap[child]))
			break;
		s->heap[i] = s->heap[child];
	}
	if (s->heap_n)
		s->heap[i] = x;
}

static void push(struct ct_held *s, struct ct_held_item x)
{
	uint32_t i = s->heap_n++;

	while (i && before(&x, &s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = x;
}

/* A wait that a signal handler made in another, or out of order: what of it lies before now cannot be parted any more. */
static void begin(struct ct_held *s, struct ct_held_lock *l, const struct ct_held_wait *w,
		  uint64_t now)
{
	uint64_t late = now - w->start < length_of(w) ? now - w->start : length_of(w);

	until(l, now);
	if (!l->all) {
		next_stretch(l);
		l->state = w->owner ? HELD : UNKNOWN;
		l->holder = w->owner;
	} else if (w->owner) {
		held(s, l, w->owner, false);
	}
	l->all++;
	l->waiters += w->counted;
	l->arrived += w->counted;
	if (late && w->counted) {
		s->unknown += late;
		charge(s, l, CT_LEAF_UNKNOWN, 0, 0, late);
	}
}

static void end(struct ct_held *s, struct ct_held_lock *l, const struct ct_held_wait *w,
		uint32_t thread, uint64_t now)
{
	until(l, now);
	if (w->got)
		held(s, l, thread + 1, true);
	else if (w->waker)
		held(s, l, w->waker, false);
	if (l->all == 1)
		left_alone(s, l);
	l->all--;
	l->waiters -= w->counted;
	/* who has just gone is not in the stretch that begins */
	if (!l->area && !l->arrived)
		l->before = l->waiters;
}

/* What comes after this in its thread; false: nothing does. */
static bool follow(const struct ct_held *s, struct ct_held_item *x)
{
	const struct ct_held_wait *w = wait_at(s, x->wait);
	uint64_t now = x->at, stop = w->start + length_of(w), ago = ago_of(w);

	if (x->phase == END) {
		if (!w->next)
			return false;
		x->wait = w->next - 1;
		x->phase = START;
		x->at = wait_at(s, x->wait)->start;
	} else if (x->phase == START && w->told) {
		x->phase = RELEASE;
		x->at = stop - (ago < length_of(w) ? ago : length_of(w));
	} else {
		x->phase = END;
		x->at = stop;
	}
	if (x->at < now)
		x->at = now;
	return true;
}

int ct_held_go(struct ct_held *s)
{
	uint32_t i, threads = s->p->v->model->threads.count;

	if (s->waits.failed)
		return -ENOMEM;
	s->heap = calloc(threads + 1u, sizeof(*s->heap));
	if (!s->heap)
		return -ENOMEM;
	for (i = 0; i < threads; i++)
		if (s->first[i])
			push(s, (struct ct_held_item){wait_at(s, s->first[i] - 1)->start,
						      s->first[i] - 1, START, i & 0x3fffffff});
	while (s->heap_n) {
		struct ct_held_item x = s->heap[0];
		const struct ct_held_wait *w = wait_at(s, x.wait);
		struct ct_held_lock *l = &s->lock[w->lock];

		if (x.phase == START) {
			begin(s, l, w, x.at);
		} else if (x.phase == RELEASE) {
			until(l, x.at);
			freed(s, l, w->waker, w->stack);
		} else {
			end(s, l, w, x.thread, x.at);
		}
		if (!follow(s, &x))
			x = s->heap[--s->heap_n];
		sift_down(s, x);
	}
	free(s->heap);
	s->heap = NULL;
	return 0;
}

void ct_held_keep(struct ct_held *s, const struct ct_held_wait *w, uint32_t thread)
{
	uint32_t i = ct_pool_add(&s->waits);

	if (i == CT_NONE)
		return;
	*wait_at(s, i) = *w;
	if (s->last[thread])
		wait_at(s, s->last[thread] - 1)->next = i + 1;
	else
		s->first[thread] = i + 1;
	s->last[thread] = i + 1;
}
