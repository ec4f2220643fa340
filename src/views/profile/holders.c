/*
 * holders.c - lock profiles: waits for locks, charged to who held them meanwhile.
 *
 * What is known of a lock over time are moments, told by all waits for it: somebody was seen to hold it when a wait began (HELD), somebody
 * got it when a wait ended (GOT), and somebody let it go, at a stack (FREED).  While anybody waits no release goes by that the next
 * one to get it after a wait does not tell of; so between two moments it is mostly known who had it:
 *
 *      HELD A or GOT A ... HELD A or FREED A     A, exactly
 *      FREED A ........... GOT B                 nobody: the hand-off
 *      FREED A ........... HELD C or FREED C     C, from a time on that was not seen; at most all of it
 *      HELD A or GOT A ... anything of C         A and then C, one knows not until when: charged to neither
 *
 * The stretch is charged as often as there are waits in it, at the stack where the holder let go in the end.  All waits are gone through
 * at once in order of time, each thread's in their own order (a merge over threads), so the cost grows with the number of waits and
 * not with who waited beside whom.  Memory: 40 bytes for each wait for a mutex.
 *
 * A read-write lock has several holders at once, of whom the trace names one: its waits are charged to who ended them.
 */
#include "views/profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "views/analyze/text.h"

/* One wait for a mutex or spin lock.  Threads are rows + 1, 0 unknown. */
struct wait_row {
	uint64_t start;
	uint32_t dur, ago; /* low halves */
	uint16_t dur_hi, ago_hi;
	uint32_t lock : 29; /* in sweep.lock */
	uint32_t got : 1;
	uint32_t counted : 1;
	uint32_t told : 1; /* when it was let go, at start + dur - ago, and by whom */
	uint32_t waker;	   /* not got: who had it at the end */
	uint32_t stack;	   /* of the waker */
	uint32_t owner;
	uint32_t next; /* of the same thread, index + 1 */
};

enum what { UNKNOWN, FREED, HELD };

/* A lock while time goes over it. */
struct lock {
	uint64_t at;   /* up to here the area is made up */
	uint64_t area; /* counted waits times ticks, since the last moment something was known */
	uint64_t exact, assumed;  /* the same of the holder's run up to that moment */
	uint64_t run_count;	  /* waits in that run */
	uint32_t waiters, all;	  /* counted ones now; all */
	uint32_t before, arrived; /* counted ones at the last moment, and those that came since */
	uint32_t holder;
	uint32_t row; /* in p->rows, + 1 */
	uint16_t kind;
	uint8_t state; /* enum what */
	bool running;
};

/* Order of what happens at one time. */
enum phase { RELEASE, END, START };

struct item {
	uint64_t at;
	uint32_t wait;
	uint32_t phase : 2;
	uint32_t thread : 30; /* row */
};

struct sweep {
	struct ct_profile *p;
	uint8_t *wanted;   /* by cell */
	uint32_t *lock_of; /* by object, + 1 */
	uint32_t objects;
	struct lock *lock;
	uint32_t locks;
	struct ct_pool waits;
	uint32_t *first, *last; /* by row of the thread, index + 1 */
	struct item *heap;
	uint32_t heap_n;
	uint64_t exact, assumed, changed, handoff, unknown, shorts; /* ticks */
};

/* --- charging ----------------------------------------------------------------------------------------------------------------- */

/* @holder: row + 1 */
static struct ct_sample key_of(struct sweep *s, uint32_t row, uint32_t kind, enum ct_leaf leaf,
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

static void charge(struct sweep *s, const struct lock *l, enum ct_leaf leaf, uint32_t stack,
		   uint64_t count, uint64_t ticks)
{
	bool known = leaf == CT_LEAF_NONE || leaf == CT_LEAF_HELD;
	struct ct_sample key = key_of(s, l->row, l->kind, leaf, stack, known ? l->holder : 0);

	if (ticks)
		ct_profile_add(s->p, &key, count, ticks);
}

/* --- a lock over time --------------------------------------------------------------------------------------------------------- */

static void next_stretch(struct lock *l)
{
	l->area = 0;
	l->before = l->waiters;
	l->arrived = 0;
}

/* The stretch up to now was the holder's. */
static void go_on(struct lock *l, bool is_exact)
{
	l->run_count = l->running ? l->run_count + l->arrived : (uint64_t)l->before + l->arrived;
	l->running = true;
	*(is_exact ? &l->exact : &l->assumed) += l->area;
	next_stretch(l);
}

/* The holder's run is over, at this stack; 0: it was not seen to let go. */
static void end_run(struct sweep *s, struct lock *l, uint32_t stack)
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
static void nobody(struct sweep *s, struct lock *l, enum ct_leaf leaf, uint64_t *sum)
{
	*sum += l->area;
	charge(s, l, leaf, 0, (uint64_t)l->before + l->arrived, l->area);
	next_stretch(l);
}

static void freed(struct sweep *s, struct lock *l, uint32_t by, uint32_t stack)
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

static void held(struct sweep *s, struct lock *l, uint32_t by, bool got)
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
static void left_alone(struct sweep *s, struct lock *l)
{
	if (l->state == HELD) {
		go_on(l, false);
		end_run(s, l, 0);
	} else {
		nobody(s, l, CT_LEAF_UNKNOWN, &s->unknown);
	}
	l->state = UNKNOWN;
}

static void until(struct lock *l, uint64_t at)
{
	if (at > l->at)
		l->area += l->waiters * (at - l->at);
	l->at = at;
}

/* --- waits in order of time --------------------------------------------------------------------------------------------------- */

static uint64_t length_of(const struct wait_row *w)
{
	return (uint64_t)w->dur_hi << 32 | w->dur;
}

static uint64_t ago_of(const struct wait_row *w)
{
	return (uint64_t)w->ago_hi << 32 | w->ago;
}

static struct wait_row *wait_at(const struct sweep *s, uint32_t i)
{
	return ct_pool_at(&s->waits, i);
}

static bool before(const struct item *a, const struct item *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return a->phase != b->phase ? a->phase < b->phase : a->wait < b->wait;
}

static void sift_down(struct sweep *s, struct item x)
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

static void push(struct sweep *s, struct item x)
{
	uint32_t i = s->heap_n++;

	while (i && before(&x, &s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = x;
}

/* A wait that a signal handler made in another, or out of order: what of it lies before now cannot be parted any more. */
static void begin(struct sweep *s, struct lock *l, const struct wait_row *w, uint64_t now)
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

static void end(struct sweep *s, struct lock *l, const struct wait_row *w, uint32_t thread,
		uint64_t now)
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
static bool follow(const struct sweep *s, struct item *x)
{
	const struct wait_row *w = wait_at(s, x->wait);
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

static void go_over(struct sweep *s)
{
	uint32_t i, threads = s->p->v->model->threads.count;

	for (i = 0; i < threads; i++)
		if (s->first[i])
			push(s, (struct item){wait_at(s, s->first[i] - 1)->start, s->first[i] - 1,
					      START, i & 0x3fffffff});
	while (s->heap_n) {
		struct item x = s->heap[0];
		const struct wait_row *w = wait_at(s, x.wait);
		struct lock *l = &s->lock[w->lock];

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
}

/* --- taking waits in ------------------------------------------------------------------------------------------------------------ */

static bool has_one_holder(uint32_t op)
{
	return op == CT_OP_mutex || op == CT_OP_spin;
}

/* The same mutex in several processes is one. */
static uint32_t canonical(const struct ct_model *m, uint32_t object)
{
	return m->objects[object].same ? m->objects[object].same - 1 : object;
}

static uint32_t row_of_serial(const struct ct_model *m, uint64_t serial)
{
	uint32_t row = serial ? ct_table_find(&m->threads, &serial) : CT_NONE;

	return row == CT_NONE ? 0 : row + 1;
}

static uint32_t row_of_tid(const struct ct_model *m, uint32_t tid, uint64_t ticks)
{
	const struct ct_thread *t = ct_model_thread_by_tid(m, tid, ticks);

	return t ? row_of_serial(m, t->serial) : 0;
}

static bool gave_up(const struct ct_ended *e)
{
	int64_t r = e->result < 0 ? -e->result : e->result;

	return r == ETIMEDOUT || r == EINTR || r == EAGAIN;
}

static void charge_cell(struct sweep *s, uint32_t cell, enum ct_leaf leaf, uint32_t stack,
			uint32_t holder, uint64_t count, uint64_t ticks)
{
	const struct ct_cell *c = ct_model_cell(s->p->v->model, cell);
	uint32_t row = s->p->row_of_cell ? s->p->row_of_cell[cell] + 1 : 0;
	struct ct_sample key = key_of(s, row, ct_model_place(s->p->v->model, c->object)->kind, leaf,
				      stack, holder);

	ct_profile_add(s->p, &key, count, ticks);
}

/* All of it to the unlock that ended it. */
static void by_unlock(struct sweep *s, const struct ct_ended *e)
{
	uint32_t waker = row_of_serial(s->p->v->model, e->waker);
	uint64_t dur = e->end - e->start;

	if (waker && e->waker_stack)
		charge_cell(s, e->cell, CT_LEAF_NONE, e->waker_stack, waker, 1, dur);
	else if (waker)
		charge_cell(s, e->cell, CT_LEAF_HELD, 0, waker, 1, dur);
	else
		charge_cell(s, e->cell, gave_up(e) ? CT_LEAF_GAVE_UP : CT_LEAF_UNKNOWN, 0, 0, 1,
			    dur);
}

/* By this wait alone: who ended it held it until then, as far as is known. */
static void alone(struct sweep *s, const struct ct_ended *e)
{
	const struct ct_model *m = s->p->v->model;
	uint32_t waker = row_of_serial(m, e->waker), owner = row_of_tid(m, e->owner, e->start);
	uint64_t stop = e->release < e->end ? e->release : e->end, held, rest;

	stop = stop > e->start ? stop : e->start;
	held = stop - e->start;
	rest = e->end - stop;
	if (!waker && !owner) {
		s->unknown += held + rest;
		charge_cell(s, e->cell, CT_LEAF_UNKNOWN, 0, 0, 1, held + rest);
		return;
	}
	if (waker && e->waker_stack)
		charge_cell(s, e->cell, CT_LEAF_NONE, e->waker_stack, waker, 1, held);
	else
		charge_cell(s, e->cell, CT_LEAF_HELD, 0, waker ? waker : owner, 1, held);
	*(waker && waker == owner ? &s->exact : &s->assumed) += held;
	if (rest)
		charge_cell(s, e->cell, CT_LEAF_HANDOFF, 0, 0, 1, rest);
	s->handoff += rest;
}

static void keep(struct sweep *s, const struct wait_row *w, uint32_t thread)
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

static uint64_t least48(uint64_t v)
{
	return v < 1ull << 48 ? v : (1ull << 48) - 1;
}

static void take_wait(void *arg, const struct ct_ended *e)
{
	struct sweep *s = arg;
	const struct ct_model *m = s->p->v->model;
	bool counted =
		e->cell != CT_NONE && s->wanted[e->cell] &&
		(!s->p->o.min_ns || ct_view_ns(s->p->v, e->end - e->start) >= s->p->o.min_ns);
	uint64_t dur = least48(e->end - e->start), ago;
	uint32_t object = canonical(m, e->object),
		 lock = object < s->objects ? s->lock_of[object] : 0;
	struct wait_row w = {.start = e->end - dur, .counted = counted};

	if (s->p->o.by_unlock || !has_one_holder(e->op)) {
		if (counted)
			(s->p->o.by_unlock ? by_unlock : alone)(s, e);
		return;
	}
	if (!lock)
		return;
	w.lock = (lock - 1) & 0x1fffffff;
	w.dur = (uint32_t)dur;
	w.dur_hi = (uint16_t)(dur >> 32);
	w.owner = row_of_tid(m, e->owner, e->start);
	w.got = e->result == 0 || e->result == EOWNERDEAD;
	w.waker = w.got ? row_of_serial(m, e->waker) : row_of_tid(m, e->owner_last, e->end);
	w.told = w.got && w.waker && e->release <= e->end;
	ago = w.told ? least48(e->end - e->release) : 0;
	w.stack = w.told ? e->waker_stack : 0;
	w.ago = (uint32_t)ago;
	w.ago_hi = (uint16_t)(ago >> 32);
	keep(s, &w, e->thread);
}

/* Waits that have not ended, and short ones. */
static void take_rest(struct sweep *s)
{
	const struct ct_model *m = s->p->v->model;
	uint32_t i;

	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		const struct ct_more *more = ct_cell_more(m, c);
		uint64_t dur = least48(c->open_total);
		struct wait_row w = {.start = more->open_since,
				     .dur = (uint32_t)dur,
				     .dur_hi = (uint16_t)(dur >> 32),
				     .counted = 1,
				     .owner = row_of_tid(m, more->open_owner, more->open_since)};

		if (!s->wanted[i])
			continue;
		if (c->open && !s->p->o.by_unlock && has_one_holder(c->op)) {
			w.lock = (s->lock_of[canonical(m, c->object)] - 1) & 0x1fffffff;
			keep(s, &w, c->thread);
		} else if (c->open) {
			charge_cell(s, i, w.owner ? CT_LEAF_HELD : CT_LEAF_UNKNOWN, 0, w.owner, 1,
				    c->open_total);
			*(w.owner ? &s->assumed : &s->unknown) += c->open_total;
		}
		if (s->p->o.min_ns) {
			s->p->left_out += c->short_waits;
			s->p->left_out_total += c->short_total;
		} else {
			charge_cell(s, i, CT_LEAF_SHORTS, 0, 0, c->short_waits, c->short_total);
			s->shorts += c->short_total;
		}
	}
}

/* Which cells and locks: contention alone. */
static int choose(struct sweep *s)
{
	struct ct_profile *p = s->p;
	const struct ct_model *m = p->v->model;
	uint32_t i, *lock;

	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		s->wanted[i] = c->why == CT_WHY_LOCK && ct_profile_wants(p, i);
		lock = &s->lock_of[canonical(m, c->object)];
		if (s->wanted[i] && has_one_holder(c->op) && !*lock)
			*lock = ++s->locks;
	}
	s->lock = calloc(s->locks + 1u, sizeof(*s->lock));
	if (!s->lock)
		return -ENOMEM;
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		struct lock *l;

		if (!s->wanted[i] || !has_one_holder(c->op))
			continue;
		l = &s->lock[s->lock_of[canonical(m, c->object)] - 1];
		l->kind = (uint16_t)ct_model_place(m, c->object)->kind;
		l->row = p->row_of_cell && p->row_of_cell[i] != CT_NONE ? p->row_of_cell[i] + 1 : 0;
	}
	return 0;
}

/* @ticks: nothing is said of 0 */
static void add_part(const struct sweep *s, char *text, size_t size, uint64_t ticks,
		     const char *what)
{
	char n[CT_TEXT_NUMBER];

	if (ticks)
		ct_text_add(text, size, "%s%s %s", text[0] ? ", " : "", what,
			    ct_text_ns(n, ct_view_ns(s->p->v, ticks)));
}

static void say(struct sweep *s)
{
	struct ct_profile *p = s->p;
	char text[512] = "";

	if (p->o.by_unlock) {
		ct_profile_comment(p,
				   "rule: all of a wait is charged to the stack of the unlock "
				   "that ended it (--blame=unlock), whoever held the lock before");
		return;
	}
	ct_profile_comment(p, "rule: each holder is charged for the time that its hold and a wait "
			      "have in common, at the stack where it let go; a wait counts once "
			      "for each holder");
	ct_profile_comment(p,
			   "it rests on who was seen to hold a lock when a wait for it began, who "
			   "got it, who let it go and when, as all waits for it tell");
	add_part(s, text, sizeof(text), s->exact, "known exactly");
	add_part(s, text, sizeof(text), s->assumed, "known but for since or until when");
	add_part(s, text, sizeof(text), s->handoff, "hand-offs");
	add_part(s, text, sizeof(text), s->changed, "changed hands unseen");
	add_part(s, text, sizeof(text), s->unknown, "not known");
	add_part(s, text, sizeof(text), s->shorts, "short waits");
	ct_profile_comment(p, "holders: %s", text);
}

int ct_profile_holders(struct ct_profile *p)
{
	struct ct_model *m = p->v->model;
	struct sweep s = {
		.p = p, .objects = m->object_count, .waits.item_bytes = sizeof(struct wait_row)};
	int err = -ENOMEM;

	s.wanted = calloc(m->cells.count + 1u, 1);
	s.lock_of = calloc(m->object_count + 1u, sizeof(*s.lock_of));
	s.first = calloc(m->threads.count + 1u, sizeof(*s.first));
	s.last = calloc(m->threads.count + 1u, sizeof(*s.last));
	s.heap = calloc(m->threads.count + 1u, sizeof(*s.heap));
	if (s.wanted && s.lock_of && s.first && s.last && s.heap)
		err = choose(&s);
	if (!err)
		err = ct_ended_build(p->v->trace, m, take_wait, &s);
	if (!err) {
		take_rest(&s);
		go_over(&s);
		say(&s);
		err = s.waits.failed ? -ENOMEM : 0;
	}
	free(s.wanted);
	free(s.lock_of);
	free(s.lock);
	free(s.first);
	free(s.last);
	free(s.heap);
	ct_pool_free(&s.waits);
	return err;
}
