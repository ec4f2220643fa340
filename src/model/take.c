/*
 * take.c - takes records in and adds them up.  See model.h for the picture.
 *
 * ct_model_take() is the hot loop of every view: six million records go through it in well under a second.  A wait costs a
 * look-up of its object, its cell, one histogram bucket and at most two edges, most of them answered by what the record before
 * asked for, because a thread tends to wait where it waited last.
 */
#include "model_int.h"

#include <errno.h>
#include <stdlib.h>

#include "file/words.h"

/* Things that are told apart by where threads wait for them. */
static bool is_apart(const struct ct_place *p)
{
	return ct_place_is_nameless(p) || p->kind == CT_KIND_THREAD;
}

uint32_t ct_cell_at(struct ct_model *m, uint32_t thread, uint32_t object, uint32_t stack,
		    uint32_t op)
{
	struct {
		uint32_t thread, object, stack, op;
	} key = {thread, object, stack, op};
	uint32_t before = m->cells.count, row;
	struct ct_cell *c;

	if (m->last_cell != CT_NONE) {
		c = ct_model_cell(m, m->last_cell);
		if (c->thread == thread && c->object == object && c->stack == stack && c->op == op)
			return m->last_cell;
	}
	row = m->last_cell = ct_table_put(&m->cells, &key);
	if (m->cells.count != before) {
		struct ct_bin bin = {thread, object, op, stack};

		if (ct_op_class(op) == CT_CLASS_LOCK)
			bin.op = bin.stack = 0;
		else if (!is_apart(ct_model_place(m, object)) && !ct_may_rest(m, op, stack))
			bin.stack = 0;
		c = ct_model_cell(m, row);
		c->bin = ct_table_put(&m->bins, &bin);
	}
	return row;
}

void ct_cell_length(struct ct_model *m, uint32_t bin, uint64_t length, uint64_t count)
{
	uint64_t key = (uint64_t)bin << 16 | ct_hist_bucket(length);
	struct ct_hist_row *h = ct_table_row(&m->hist, ct_table_put(&m->hist, &key));

	h->count += count;
}

void ct_edge_add(struct ct_model *m, uint32_t bin, enum ct_edge_kind kind, uint32_t who,
		 uint64_t dur)
{
	struct ct_edge key = {.bin = bin & 0x1fffffff, .kind = kind & 7, .who = who};
	struct ct_edge *e = ct_model_edge(m, ct_table_put(&m->edges, &key));

	e->count++;
	e->total += dur;
}

void ct_edge_waker(struct ct_model *m, uint32_t bin, uint32_t waker, uint32_t stack,
		   uint32_t holder, uint64_t dur)
{
	if (!waker && holder) {
		ct_edge_add(m, bin, CT_EDGE_HELD, holder, dur);
		return;
	}
	ct_edge_add(m, bin, CT_EDGE_WAKER, waker, dur);
	if (waker && stack)
		ct_edge_add(m, bin, CT_EDGE_PLACE, stack, dur);
	else if (waker)
		ct_edge_add(m, bin, CT_EDGE_BARE, waker, dur);
}

void ct_edge_stranger(struct ct_model *m, uint32_t bin, uint32_t tid, uint64_t dur)
{
	ct_edge_add(m, bin, CT_EDGE_STRANGER, tid, dur);
}

/* --- the longest waits of a cell: a heap with the shortest of them on top -------------------------------------------------- */

static void sift_down(struct ct_long *heap, uint32_t n, struct ct_long add)
{
	uint32_t i = 0, child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && heap[child + 1].dur < heap[child].dur)
			child++;
		if (add.dur <= heap[child].dur)
			break;
		heap[i] = heap[child];
	}
	heap[i] = add;
}

static void sift_up(struct ct_long *heap, uint32_t i, struct ct_long add)
{
	while (i && heap[(i - 1) / 2].dur > add.dur) {
		heap[i] = heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap[i] = add;
}

/* Keeps a wait if it is one of the longest. */
static void keep_long(struct ct_model *m, struct ct_long **heap, uint32_t *count, uint32_t *room,
		      const struct ct_long *add)
{
	struct ct_long *p;

	if (*count == m->options.longest) {
		if (*count && add->dur > (*heap)[0].dur)
			sift_down(*heap, *count, *add);
		return;
	}
	if (*count == *room) {
		*room = *room ? *room * 2 : 2;
		if (*room > m->options.longest)
			*room = m->options.longest;
		p = realloc(*heap, *room * sizeof(*p));
		if (!p) {
			m->error = -ENOMEM;
			return;
		}
		*heap = p;
	}
	sift_up(*heap, (*count)++, *add);
}

struct ct_more *ct_cell_keep(struct ct_model *m, struct ct_cell *c)
{
	if (!c->more)
		c->more = ct_pool_add(&m->more) + 1; /* CT_NONE + 1 is 0 */
	return c->more ? ct_pool_at(&m->more, c->more - 1) : NULL;
}

/* --- records ----------------------------------------------------------------------------------------------------------------- */

bool ct_in_window(const struct ct_model *m, uint64_t ticks)
{
	return ticks >= m->options.from_ticks && ticks <= m->options.to_ticks;
}

bool ct_has_window(const struct ct_model *m)
{
	return m->options.from_ticks != 0 || m->options.to_ticks != UINT64_MAX;
}

/* Did nobody end this wait because the call gave up?  Pthread functions return the error, calls its negative. */
static bool gave_up(int64_t result)
{
	int64_t e = result < 0 ? -result : result;

	return e == ETIMEDOUT || e == EINTR || e == EAGAIN;
}

/* Who held a lock when its wait ended, as far as the record tells: tid, 0 unknown. */
static uint32_t holder_of(const struct ct_record *r)
{
	if (ct_op_class((uint32_t)r->v[CT_F_wait_op]) != CT_CLASS_LOCK)
		return 0;
	return (uint32_t)(r->v[CT_F_wait_owner_last] ? r->v[CT_F_wait_owner_last]
						     : r->v[CT_F_wait_owner]);
}

static uint32_t add_pending(struct ct_model *m, uint32_t bin, uint32_t object,
			    const struct ct_record *r, uint64_t dur, uint64_t ago)
{
	uint32_t i = ct_pool_add(&m->pending);
	struct ct_pending *p;

	if (i == CT_NONE)
		return 0;
	p = ct_pool_at(&m->pending, i);
	p->end = r->ticks;
	p->dur = dur;
	p->ago = ago;
	p->bin = bin;
	p->object = object;
	p->waker = (uint32_t)r->v[CT_F_wait_waker];
	p->waker_stack = p->waker ? 0 : holder_of(r);
	return i + 1;
}

bool ct_wait_is_pending(const struct ct_model *m, uint32_t object, const struct ct_record *r)
{
	uint32_t op = (uint32_t)r->v[CT_F_wait_op];

	if (op >= CT_OP_FIRST_CALL)
		return false;
	if (r->v[CT_F_wait_waker])
		return !r->v[CT_F_wait_waker_stack];
	if (op == CT_OP_mutex && m->objects[object].shared && r->v[CT_F_wait_result])
		return false;
	return op != CT_OP_join && !gave_up((int64_t)r->v[CT_F_wait_result]);
}

/* Who ended the wait: the record tells, or wake records or the kernel do later, or nobody knows.  Returns the pending wait, 0 for none. */
static uint32_t take_waker(struct ct_model *m, uint32_t bin, uint32_t object,
			   const struct ct_record *r, uint64_t dur)
{
	uint32_t op = (uint32_t)r->v[CT_F_wait_op];
	uint32_t waker = (uint32_t)r->v[CT_F_wait_waker];
	uint32_t stack = (uint32_t)r->v[CT_F_wait_waker_stack];
	uint64_t ago = r->v[CT_F_wait_wake_ago];

	if (op >= CT_OP_FIRST_CALL)
		return 0;
	if (ct_wait_is_pending(m, object, r))
		return add_pending(m, bin, object, r, dur, waker && ago ? ago : CT_AGO_UNKNOWN);
	if (waker)
		ct_edge_waker(m, bin, waker, stack, 0, dur);
	else if (op == CT_OP_join)
		ct_edge_waker(m, bin, (uint32_t)r->v[CT_F_wait_object], 0, 0, dur);
	else
		ct_edge_waker(m, bin, 0, 0, holder_of(r), dur);
	return 0;
}

static void fill_long(struct ct_long *l, const struct ct_record *r, uint64_t dur, uint32_t pending)
{
	*l = (struct ct_long){
		.end = r->ticks,
		.dur = dur,
		.ago = r->v[CT_F_wait_wake_ago],
		.waker = (uint32_t)r->v[CT_F_wait_waker],
		.waker_stack = (uint32_t)r->v[CT_F_wait_waker_stack],
		.owner = (uint32_t)r->v[CT_F_wait_owner],
		.owner_last = (uint32_t)r->v[CT_F_wait_owner_last],
		.pending = pending,
		.flags = (uint32_t)r->v[CT_F_wait_flags],
		.result = (int64_t)r->v[CT_F_wait_result],
	};
	if (r->v[CT_F_wait_op] == CT_OP_join && !l->waker)
		l->waker = (uint32_t)r->v[CT_F_wait_object];
}

/*
 * A call that was left by longjmp or cancellation.  Its record was made by the thread's next event, whenever that was, so it tells that
 * there was a wait, since when, and how long it was at most: nothing to add to anything.
 */
static void take_abandoned(struct ct_model *m, struct ct_cell *c, const struct ct_record *r,
			   uint64_t dur)
{
	struct ct_more *more = ct_cell_keep(m, c);
	struct ct_long l;

	m->abandoned++;
	m->abandoned_total += dur;
	if (!more)
		return;
	more->abandoned++;
	more->abandoned_total += dur;
	if (m->options.longest) {
		fill_long(&l, r, dur, 0);
		keep_long(m, &more->left, &more->left_count, &more->left_room, &l);
	}
}

/* CPUs have slots of their own; what a program's thread writes about one is not believed. */
static void take_turn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	if (ct_slot_is_cpu(who->slot, r->v[CT_F_cpu_on_cpu]))
		ct_turns_take(&m->turns, r);
}

static void take_wait(struct ct_model *m, const struct ct_who *who, uint32_t thread,
		      const struct ct_record *r)
{
	uint64_t dur = r->v[CT_F_wait_dur] < r->ticks ? r->v[CT_F_wait_dur] : r->ticks;
	uint32_t op = (uint32_t)r->v[CT_F_wait_op], stack = (uint32_t)r->v[CT_F_wait_stack];
	uint32_t object = ct_objects_at(m, who->process, op, r->v[CT_F_wait_object], r->ticks);
	uint32_t pending;
	struct ct_object *o;
	struct ct_more *more;
	struct ct_cell *c;
	struct ct_long l;

	if (object == CT_NONE)
		return;
	o = &m->objects[object];
	if (op >= CT_OP_FIRST_CALL)
		o->needs |= ct_fd_needs(op);
	if (stack && r->ticks - dur < o->first_ticks) {
		o->first_ticks = r->ticks - dur;
		o->first_stack = stack;
	}
	if (r->v[CT_F_wait_result] == 0 && !(r->v[CT_F_wait_flags] & CT_WAIT_CANCELLED) &&
	    r->ticks > o->last_got)
		o->last_got = r->ticks;
	if (!ct_in_window(m, r->ticks))
		return;
	c = ct_model_cell(m, ct_cell_at(m, thread, object, stack, op));
	if (r->v[CT_F_wait_flags] & CT_WAIT_CANCELLED) {
		take_abandoned(m, c, r, dur);
		return;
	}
	m->waits++;
	ct_model_thread_at(m, thread)->waits++;
	c->waits++;
	c->total += dur;
	if (dur > c->max)
		c->max = dur;
	if (gave_up((int64_t)r->v[CT_F_wait_result]))
		c->timeouts++;
	ct_cell_length(m, c->bin, dur, 1);
	pending = take_waker(m, c->bin, object, r, dur);
	if (ct_op_class(op) == CT_CLASS_LOCK)
		ct_edge_add(m, c->bin, CT_EDGE_OWNER, (uint32_t)r->v[CT_F_wait_owner], dur);
	more = m->options.longest ? ct_cell_keep(m, c) : NULL;
	if (more) {
		fill_long(&l, r, dur, pending);
		keep_long(m, &more->longest, &more->longest_count, &more->longest_room, &l);
	}
}

bool ct_model_counts(const struct ct_model *m, const struct ct_record *r)
{
	return ct_in_window(m, r->ticks) && !(r->v[CT_F_wait_flags] & CT_WAIT_CANCELLED);
}

uint32_t ct_model_cell_of(struct ct_model *m, const struct ct_who *who, uint32_t thread,
			  const struct ct_record *r)
{
	uint32_t op = (uint32_t)r->v[CT_F_wait_op];
	uint32_t object = ct_objects_at(m, who->process, op, r->v[CT_F_wait_object], r->ticks);

	if (object == CT_NONE)
		return CT_NONE;
	return ct_cell_at(m, thread, object, (uint32_t)r->v[CT_F_wait_stack], op);
}

static void take_wake(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint32_t object = ct_objects_at(m, who->process, (uint32_t)r->v[CT_F_wake_op],
					r->v[CT_F_wake_object], r->ticks);
	struct ct_wake *w;
	uint32_t i;

	if (object == CT_NONE)
		return;
	m->wakes_seen++;
	i = ct_pool_add(&m->wakes);
	if (i == CT_NONE)
		return;
	w = ct_pool_at(&m->wakes, i);
	w->release = r->ticks << 1 | (r->v[CT_F_wake_all] != 0);
	w->thread = who->thread;
	w->stack = (uint32_t)r->v[CT_F_wake_stack];
	w->object = object;
}

static void take_tally(struct ct_model *m, const struct ct_who *who, uint32_t thread,
		       const struct ct_record *r)
{
	uint64_t count = r->v[CT_F_tally_count], total = r->v[CT_F_tally_total];
	uint32_t op = (uint32_t)r->v[CT_F_tally_op], stack = (uint32_t)r->v[CT_F_tally_stack];
	uint32_t object, cell;
	struct ct_object *o;
	struct ct_cell *c;

	if (!count || !ct_in_window(m, r->ticks))
		return;
	object = ct_objects_at(m, who->process, op, r->v[CT_F_tally_object], r->ticks);
	if (object == CT_NONE)
		return;
	o = &m->objects[object];
	if (!o->first_stack)
		o->first_stack = stack;
	if (ct_has_window(m))
		m->timed_short_waits += count;
	m->short_waits += count;
	cell = ct_cell_at(m, thread, object, stack, op);
	c = ct_model_cell(m, cell);
	c->short_waits += count;
	c->short_total += total;
	if (r->v[CT_F_tally_max] > c->max)
		c->max = r->v[CT_F_tally_max];
	ct_cell_length(m, c->bin, total / count, count);
}

void ct_model_take(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint32_t thread;

	if (!m->placed)
		ct_objects_settle(m);
	m->records++;
	if (r->type < CT_EV_LIMIT)
		m->events[r->type]++;
	if (!m->begin || r->ticks < m->begin)
		m->begin = r->ticks;
	if (r->ticks > m->end)
		m->end = r->ticks;
	if (r->type == CT_EV_cpu_on || r->type == CT_EV_cpu_off || r->type == CT_EV_waking ||
	    r->type == CT_EV_sched) {
		take_turn(m, who, r);
		return;
	}
	thread = ct_threads_who(m, who, r->ticks);
	switch (r->type) {
	case CT_EV_wait: take_wait(m, who, thread, r); break;
	case CT_EV_wake: take_wake(m, who, r); break;
	case CT_EV_tally: take_tally(m, who, thread, r); break;
	case CT_EV_opstat:
	case CT_EV_ophist: ct_calls_take(m, thread, r); break;
	case CT_EV_lost:
		if (r->v[CT_F_lost_reason] < CT_LOSS_REASONS)
			m->lost[r->v[CT_F_lost_reason]] += r->v[CT_F_lost_count];
		break;
	default: break;
	}
}
