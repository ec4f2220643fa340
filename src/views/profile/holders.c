/*
 * holders.c - lock profiles: waits for locks, charged to who held them meanwhile.
 *
 * Of a mutex it mostly follows from all waits for it together who held it when: held.h.  Its waits are kept, 40 bytes each, and then gone through
 * in order of time.
 *
 * A read-write lock has several holders at once, of whom the trace names one: its waits are charged to who ended them.
 */
#include "views/profile/held.h"

#include <errno.h>
#include <stdlib.h>

#include "file/words.h"
#include "views/analyze/text.h"

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

static void charge_cell(struct ct_held *s, uint32_t cell, enum ct_leaf leaf, uint32_t stack,
			uint32_t holder, uint64_t count, uint64_t ticks)
{
	const struct ct_cell *c = ct_model_cell(s->p->v->model, cell);
	uint32_t row = s->p->row_of_cell ? s->p->row_of_cell[cell] + 1 : 0;
	struct ct_sample key = ct_held_key(s, row, ct_model_place(s->p->v->model, c->object)->kind,
					   leaf, stack, holder);

	ct_profile_add(s->p, &key, count, ticks);
}

/* All of it to the unlock that ended it. */
static void by_unlock(struct ct_held *s, const struct ct_ended *e)
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
static void alone(struct ct_held *s, const struct ct_ended *e)
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

static uint64_t least48(uint64_t v)
{
	return v < 1ull << 48 ? v : (1ull << 48) - 1;
}

/* A wait counts as a whole when it ended in a region. */
static bool is_for_task(const struct ct_profile *p, const struct ct_ended *e)
{
	return !p->task || ct_profile_task_part(p->task, e->thread, e->end - 1, e->end);
}

static void take_wait(void *arg, const struct ct_ended *e)
{
	struct ct_held *s = arg;
	const struct ct_model *m = s->p->v->model;
	bool counted =
		e->cell != CT_NONE && s->wanted[e->cell] && is_for_task(s->p, e) &&
		(!s->p->o.min_ns || ct_view_ns(s->p->v, e->end - e->start) >= s->p->o.min_ns);
	uint64_t dur = least48(e->end - e->start), ago;
	uint32_t object = canonical(m, e->object),
		 lock = object < s->objects ? s->lock_of[object] : 0;
	struct ct_held_wait w = {.start = e->end - dur, .counted = counted};

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
	ct_held_keep(s, &w, e->thread);
}

/* Waits that have not ended, and short ones. */
static void take_rest(struct ct_held *s)
{
	const struct ct_model *m = s->p->v->model;
	uint32_t i;

	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);
		const struct ct_more *more = ct_cell_more(m, c);
		uint64_t dur = least48(c->open_total);
		struct ct_held_wait w = {.start = more->open_since,
					 .dur = (uint32_t)dur,
					 .dur_hi = (uint16_t)(dur >> 32),
					 .counted = 1,
					 .owner =
						 row_of_tid(m, more->open_owner, more->open_since)};

		if (!s->wanted[i])
			continue;
		if (c->open && s->p->task &&
		    !ct_profile_task_part(s->p->task, c->thread, more->open_since,
					  more->open_since + 1))
			w.counted = 0;
		if (c->open && !s->p->o.by_unlock && has_one_holder(c->op)) {
			w.lock = (s->lock_of[canonical(m, c->object)] - 1) & 0x1fffffff;
			ct_held_keep(s, &w, c->thread);
		} else if (c->open && w.counted) {
			charge_cell(s, i, w.owner ? CT_LEAF_HELD : CT_LEAF_UNKNOWN, 0, w.owner, 1,
				    c->open_total);
			*(w.owner ? &s->assumed : &s->unknown) += c->open_total;
		}
		if (!ct_profile_sums_short(s->p)) {
			s->p->left_out += c->short_waits;
			s->p->left_out_total += c->short_total;
		} else {
			charge_cell(s, i, CT_LEAF_SHORTS, 0, 0, c->short_waits, c->short_total);
			s->shorts += c->short_total;
		}
	}
}

/* Which cells and locks: contention alone. */
static int choose(struct ct_held *s)
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
		struct ct_held_lock *l;

		if (!s->wanted[i] || !has_one_holder(c->op))
			continue;
		l = &s->lock[s->lock_of[canonical(m, c->object)] - 1];
		l->kind = (uint16_t)ct_model_place(m, c->object)->kind;
		l->row = p->row_of_cell && p->row_of_cell[i] != CT_NONE ? p->row_of_cell[i] + 1 : 0;
	}
	return 0;
}

/* @ticks: nothing is said of 0 */
static void add_part(const struct ct_held *s, char *text, size_t size, uint64_t ticks,
		     const char *what)
{
	char n[CT_TEXT_NUMBER];

	if (ticks)
		ct_text_add(text, size, "%s%s %s", text[0] ? ", " : "", what,
			    ct_text_ns(n, ct_view_ns(s->p->v, ticks)));
}

static void say(struct ct_held *s)
{
	struct ct_profile *p = s->p;
	char text[512] = "";
	uint64_t lost = 0;
	unsigned i;

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
	for (i = 0; i < CT_LOSS_REASONS; i++)
		lost |= ct_trace_losses(p->v->trace)[i];
	if (lost)
		ct_profile_comment(p,
				   "records are lost: where they told of another holder, one who "
				   "looks known is charged for it");
}

int ct_profile_holders(struct ct_profile *p)
{
	struct ct_model *m = p->v->model;
	struct ct_held s = {.p = p,
			    .objects = m->object_count,
			    .waits.item_bytes = sizeof(struct ct_held_wait)};
	int err = -ENOMEM;

	s.wanted = calloc(m->cells.count + 1u, 1);
	s.lock_of = calloc(m->object_count + 1u, sizeof(*s.lock_of));
	s.first = calloc(m->threads.count + 1u, sizeof(*s.first));
	s.last = calloc(m->threads.count + 1u, sizeof(*s.last));
	if (s.wanted && s.lock_of && s.first && s.last)
		err = choose(&s);
	if (!err)
		err = ct_ended_build(p->v->trace, m, take_wait, &s);
	if (!err) {
		take_rest(&s);
		err = ct_held_go(&s);
	}
	if (!err)
		say(&s);
	free(s.wanted);
	free(s.lock_of);
	free(s.lock);
	free(s.first);
	free(s.last);
	ct_pool_free(&s.waits);
	return err;
}
