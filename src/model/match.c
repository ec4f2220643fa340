/*
 * match.c - who woke whom, where the object itself could not tell.
 *
 * A mutex's waiter learns its waker's serial from the wake board, and at most the stack is missing; that is looked up exactly,
 * by thread and time of release.  Condition variables, semaphores, barriers, once, futexes and read-write locks leave wake
 * records, each at the time of the release.  A wake can have ended a wait only if the release lies between the wait's start
 * and its end:
 *
 *   read-write lock, barrier, once   the last such wake: it is the one that completed what the waiter needed
 *   condition, semaphore, futex      a wake for one serves one wait, a wake for all serves all that wait
 *
 * For the second kind the wakes are gone through in order of time, and each one goes to the wait among those that contain it
 * that ended first (on equal ends to the one that began first).  Giving points to intervals by earliest end leaves as few waits
 * without a waker as any assignment can, and it is also the likeliest truth: who was woken runs first.  Waits that ended by
 * a time-out or a signal are not here at all, so they take no wake from others.
 *
 * A wait that gets none has the waker that the kernel saw, if it told: who woke the thread from its last sleep in the wait.  That may be
 * somebody who is not traced, and is nobody when an interrupt did it.
 */
#include "merge.h"
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Key: the time of a release, or the start of a wait; index in model->wakes or ->pending; who: the waking or waiting thread, and TAKEN. */
#define TAKEN 0x80000000u

/* Numbers of wakes, or of waits, object after object. */
struct order {
	uint32_t *index;
	uint32_t *start; /* one entry more than there are objects */
};

struct work {
	struct ct_item *wakes, *waits, *heap, *scratch;
	uint32_t wake_room, wait_room, scratch_room;
	uint32_t n_wakes, n_waits, n_heap;
	uint64_t
		steps; /* back over wakes of others that may still be gone: a trace can be made to want more than anybody waits for */
};
#define STEPS_MAX (1ull << 27)

static int room_for(struct ct_item **a, uint32_t *room, uint32_t n)
{
	struct ct_item *p;

	if (*a && n <= *room)
		return 0;
	p = realloc(*a, ((size_t)n + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	*a = p;
	*room = n;
	return 0;
}

static const struct ct_wake *wake_at(const struct ct_model *m, uint32_t i)
{
	return ct_pool_at(&m->wakes, i);
}

static struct ct_pending *wait_at(const struct ct_model *m, uint32_t i)
{
	return ct_pool_at(&m->pending, i);
}

/* Counts, then places: twice through memory in its order instead of once along a list for each object. */
static int order_by_object(const struct ct_model *m, const struct ct_pool *pool,
			   uint32_t (*object_of)(const struct ct_model *, uint32_t),
			   struct order *out)
{
	uint32_t i, n = m->object_count;

	out->start = calloc(n + 2u, sizeof(*out->start));
	out->index = malloc((pool->count + 1u) * sizeof(*out->index));
	if (!out->start || !out->index)
		return -ENOMEM;
	for (i = 0; i < pool->count; i++)
		out->start[object_of(m, i) + 2]++;
	for (i = 2; i < n + 2; i++)
		out->start[i] += out->start[i - 1];
	/* start[o + 1] walks from the first to the end of o's, which is the first of the next. */
	for (i = 0; i < pool->count; i++)
		out->index[out->start[object_of(m, i) + 1]++] = i;
	return 0;
}

static uint32_t object_of_wake(const struct ct_model *m, uint32_t i)
{
	return wake_at(m, i)->object;
}

static uint32_t object_of_wait(const struct ct_model *m, uint32_t i)
{
	return wait_at(m, i)->object;
}

static int gather(struct ct_model *m, const uint32_t *wakes, uint32_t n_wakes,
		  const uint32_t *waits, uint32_t n_waits, struct work *w)
{
	uint32_t i;

	w->n_wakes = n_wakes;
	w->n_waits = n_waits;
	w->n_heap = 0;
	/* one more: there is memory also for none */
	if (room_for(&w->wakes, &w->wake_room, n_wakes + 1) < 0 ||
	    room_for(&w->waits, &w->wait_room, n_waits + 1) < 0 ||
	    room_for(&w->scratch, &w->scratch_room, (n_wakes > n_waits ? n_wakes : n_waits) + 1) <
		    0)
		return -ENOMEM;
	for (i = 0; i < n_wakes; i++) {
		const struct ct_wake *k = wake_at(m, wakes[i]);

		w->wakes[i] = (struct ct_item){k->release >> 1, wakes[i], k->thread & ~TAKEN};
	}
	for (i = 0; i < n_waits; i++) {
		const struct ct_pending *p = wait_at(m, waits[i]);
		uint32_t row = ct_model_bin(m, p->bin)->thread;

		w->waits[i] =
			(struct ct_item){p->end - p->dur, waits[i],
					 (uint32_t)ct_model_thread_at(m, row)->serial & ~TAKEN};
	}
	ct_merge_runs(w->wakes, w->scratch, n_wakes);
	ct_merge_runs(w->waits, w->scratch, n_waits);
	return 0;
}

/* Number of wakes at or before a time. */
static uint32_t wakes_until(const struct work *w, uint64_t ticks)
{
	uint32_t lo = 0, hi = w->n_wakes;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (w->wakes[mid].key <= ticks)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void give(struct ct_model *m, struct ct_item *wait, struct ct_item *wake)
{
	struct ct_pending *p = wait_at(m, wait->index);
	const struct ct_wake *k = wake_at(m, wake->index);

	p->waker = k->thread;
	p->waker_stack = k->stack;
	p->ago = p->end - wake->key;
	wait->who |= TAKEN;
	if (!(k->release & 1))
		wake->who |= TAKEN;
}

static bool same_thread(const struct ct_item *a, const struct ct_item *b)
{
	return ((a->who ^ b->who) & ~TAKEN) == 0;
}

/* The record told who: find that thread's wake for its stack. */
static void match_told(struct ct_model *m, struct work *w, struct ct_item *wait)
{
	const struct ct_pending *p = wait_at(m, wait->index);
	bool exact = p->ago != CT_AGO_UNKNOWN && p->ago <= p->end;
	uint64_t from = exact ? p->end - p->ago : wait->key, to = exact ? from : p->end;
	uint32_t i = wakes_until(w, to);

	wait->who |= TAKEN;
	for (; i && w->wakes[i - 1].key >= from && w->steps; i--, w->steps--) {
		if (wake_at(m, w->wakes[i - 1].index)->thread == p->waker) {
			give(m, wait, &w->wakes[i - 1]);
			return;
		}
	}
}

static void match_last(struct ct_model *m, struct work *w, struct ct_item *wait)
{
	const struct ct_pending *p = wait_at(m, wait->index);
	uint32_t i = wakes_until(w, p->end);

	for (; i && w->wakes[i - 1].key >= wait->key && w->steps; i--, w->steps--) {
		if (!same_thread(&w->wakes[i - 1], wait)) {
			give(m, wait, &w->wakes[i - 1]);
			return;
		}
	}
}

/* --- one wake, one wait: a heap of the waits that are going on, the one that ends first on top ----------------------------- */

static bool before(const struct ct_item *a, const struct ct_item *b)
{
	return a->key != b->key ? a->key < b->key : a->index < b->index;
}

static void push(struct work *w, struct ct_item x)
{
	uint32_t i = w->n_heap++;

	while (i && before(&x, &w->heap[(i - 1) / 2])) {
		w->heap[i] = w->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->heap[i] = x;
}

static struct ct_item pop(struct work *w)
{
	struct ct_item top = w->heap[0], x = w->heap[--w->n_heap];
	uint32_t i = 0, child;

	for (; (child = 2 * i + 1) < w->n_heap; i = child) {
		if (child + 1 < w->n_heap && before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (before(&x, &w->heap[child]))
			break;
		w->heap[i] = w->heap[child];
	}
	if (w->n_heap)
		w->heap[i] = x;
	return top;
}

static void serve(struct ct_model *m, struct work *w, struct ct_item *wake)
{
	bool all = wake_at(m, wake->index)->release & 1;
	struct ct_item own = {0, 0, 0}, top;
	bool have_own = false;

	while (w->n_heap) {
		top = pop(w);
		if (top.key < wake->key) /* over before the release: nobody's */
			continue;
		if (same_thread(&w->waits[top.index], wake)) {
			own = top; /* nobody wakes himself; there can be one at most */
			have_own = true;
			continue;
		}
		give(m, &w->waits[top.index], wake);
		if (!all)
			break;
	}
	if (have_own)
		push(w, own);
}

static int match_one_each(struct ct_model *m, struct work *w)
{
	uint32_t i, next = 0;

	/* The merge is over: its scratch, as long as the longer list, holds the heap. */
	w->heap = w->scratch;
	for (i = 0; i < w->n_wakes; i++) {
		if (w->wakes[i].who & TAKEN)
			continue;
		for (; next < w->n_waits && w->waits[next].key <= w->wakes[i].key; next++) {
			const struct ct_pending *p = wait_at(m, w->waits[next].index);

			if (!(w->waits[next].who & TAKEN))
				push(w, (struct ct_item){p->end, next, 0});
		}
		serve(m, w, &w->wakes[i]);
	}
	return 0;
}

/* Has it a CPU then?  A thread does, and wakes others, for a moment after its last record. */
static bool has_turn_at(const struct ct_model *m, const struct ct_thread *t, uint64_t ticks)
{
	uint32_t first, n = ct_thread_turns(m, t, &first);
	uint32_t i = ct_turns_after(&m->turns, first, n, ticks);

	return i < first + n && ct_turn_at(&m->turns, i)->on <= ticks;
}

bool ct_turn_waker(const struct ct_model *m, const struct ct_turn *turn, struct ct_kernel_waker *w)
{
	const struct ct_thread *waker;

	if (!turn->woken || turn->how != CT_WAKING_DIRECT || !turn->waker)
		return false;
	waker = ct_model_thread_outside(m, turn->waker, turn->woken);
	*w = (struct ct_kernel_waker){0};
	if (waker && waker->begin <= turn->woken &&
	    (waker->end >= turn->woken || has_turn_at(m, waker, turn->woken)))
		w->thread = (uint32_t)waker->serial;
	else
		w->stranger = turn->waker;
	return true;
}

bool ct_kernel_waker(const struct ct_model *m, uint32_t thread, uint64_t end, uint64_t dur,
		     struct ct_kernel_waker *w)
{
	const struct ct_turn *turn =
		ct_thread_waking(m, ct_model_thread_at(m, thread), end - dur, end);

	if (!turn || !ct_turn_waker(m, turn, w))
		return false;
	w->ago = end - turn->woken;
	return true;
}

static void ask_kernel(struct ct_model *m, struct ct_pending *p)
{
	struct ct_kernel_waker w;

	if (!ct_kernel_waker(m, ct_model_bin(m, p->bin)->thread, p->end, p->dur, &w))
		return;
	if (w.thread) {
		p->waker = w.thread;
		p->waker_stack = 0;
	}
	p->stranger = w.stranger;
	p->ago = w.ago;
}

static void match_object(struct ct_model *m, uint32_t object, struct work *w)
{
	uint32_t kind = ct_model_place(m, object)->kind;
	bool one_each = kind == CT_KIND_COND || kind == CT_KIND_SEM || kind == CT_KIND_FUTEX;
	/* who unlocks one tells the waiter himself, but not across processes */
	bool tells = (kind == CT_KIND_MUTEX || kind == CT_KIND_SPIN) && !m->objects[object].shared;
	uint32_t i;

	for (i = 0; i < w->n_waits; i++) {
		if (wait_at(m, w->waits[i].index)->waker)
			match_told(m, w, &w->waits[i]);
		else if (!one_each && !tells)
			match_last(m, w, &w->waits[i]);
	}
	if (one_each)
		match_one_each(m, w);
	for (i = 0; i < w->n_waits; i++) {
		struct ct_pending *p = wait_at(m, w->waits[i].index);

		if (!p->waker)
			ask_kernel(m, p);
		if (p->stranger) {
			ct_edge_stranger(m, p->bin, p->stranger, p->dur);
			m->matched++;
			continue;
		}
		ct_edge_waker(m, p->bin, p->waker, p->waker ? p->waker_stack : 0,
			      p->waker ? 0 : p->waker_stack, p->dur);
		if (p->waker)
			m->matched++;
		else
			m->unmatched++;
	}
}

int ct_match(struct ct_model *m)
{
	struct order wakes = {0}, waits = {0};
	struct work w = {.steps = STEPS_MAX};
	uint32_t i;
	int err;

	err = order_by_object(m, &m->wakes, object_of_wake, &wakes);
	if (!err)
		err = order_by_object(m, &m->pending, object_of_wait, &waits);
	for (i = 0; i < m->object_count && !err; i++) {
		uint32_t n = waits.start[i + 1] - waits.start[i];

		if (!n)
			continue;
		err = gather(m, wakes.index + wakes.start[i], wakes.start[i + 1] - wakes.start[i],
			     waits.index + waits.start[i], n, &w);
		if (!err)
			match_object(m, i, &w);
	}
	free(wakes.index);
	free(wakes.start);
	free(waits.index);
	free(waits.start);
	free(w.wakes);
	free(w.waits);
	free(w.scratch);
	return err;
}
