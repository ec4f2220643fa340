/*
 * states.c - see states.h.
 *
 * Each thread has a cursor: up to there its life is told.  A wait moves it to the wait's start in no wait, and to its end in the
 * wait; on the way it stops wherever a turn begins or ends, where recording has a hole, and at the release.
 */
#include "states.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "holders.h"
#include "model/ended.h"
#include "model_int.h"

/* What a thread is in while its cursor moves. */
struct in {
	bool wait;
	uint32_t cell; /* CT_NONE: nothing was counted for it */
	enum ct_why why;
	uint32_t waker;	      /* serial, 0 unknown */
	uint32_t waker_stack; /* 0 unknown */
	uint32_t stranger;    /* tid of a waker that was not traced, 0 none */
	uint64_t release;     /* UINT64_MAX unknown */
	bool call;	      /* it enters the kernel */
	enum ct_state
		off; /* while it has no CPU: blocked; or preempted, when it only let others go first */
	uint32_t number, op, stack;
	const struct ct_record *record;
	uint64_t restart; /* in no wait: recording is stopped, or was until then; 0: it is not */
};

struct cursor {
	uint64_t at, end;
	/* places in turns->order: the thread's own, and of them the next that ends after `at` */
	uint32_t turns_first, turns_end, turn;
	const struct ct_pause *pause; /* the next one of its process that tells of it */
	uint32_t pauses;	      /* from there on */
	uint64_t delay;		      /* ready to run for so long by now */
	uint16_t last_cpu;
	uint8_t last_state;
	bool begun, had_turn;
	uint32_t waits;
	struct ct_life life;
};

struct ct_states {
	struct ct_model *model;
	void (*span)(void *arg, const struct ct_span *s);
	void *arg;
	struct cursor *cursor; /* by row of the thread */
	struct ct_ended_walk waits;
	struct ct_holders holders;
	bool watches_holders; /* where switches were recorded, and somebody asks */
	uint64_t short_ticks;
};

struct ct_states *ct_states_new(struct ct_model *m,
				void (*span)(void *arg, const struct ct_span *s), void *arg)
{
	struct ct_states *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->model = m;
	s->waits.model = m;
	s->span = span;
	s->arg = arg;
	s->short_ticks = m->tables.short_ticks;
	s->cursor = calloc(m->threads.count + 1u, sizeof(*s->cursor));
	s->watches_holders = ct_turns_any(&m->turns);
	if (!s->cursor || (s->watches_holders && ct_holders_init(&s->holders, m) < 0)) {
		ct_states_free(s);
		return NULL;
	}
	return s;
}

void ct_states_free(struct ct_states *s)
{
	if (!s)
		return;
	ct_holders_free(&s->holders);
	free(s->cursor);
	free(s);
}

void ct_states_no_holders(struct ct_states *s)
{
	ct_holders_free(&s->holders);
	memset(&s->holders, 0, sizeof(s->holders));
	s->watches_holders = false;
}

const struct ct_holders *ct_states_holders(const struct ct_states *s)
{
	return s->watches_holders ? &s->holders : NULL;
}

const struct ct_life *ct_states_life(const struct ct_states *s, uint32_t thread)
{
	return &s->cursor[thread].life;
}

/* One delay may come in pieces. */
static void count_delay(struct cursor *c, enum ct_state state, uint64_t dur)
{
	bool woken = state == CT_STATE_WOKEN, goes_on = c->last_state == state;
	uint64_t *max = woken ? &c->life.woken_max : &c->life.preempted_max;

	c->delay = goes_on ? c->delay + dur : dur;
	if (!goes_on)
		*(woken ? &c->life.woken : &c->life.preempted) += 1;
	if (c->delay > *max)
		*max = c->delay;
}

static void emit(struct ct_states *s, uint32_t thread, struct cursor *c, uint64_t to,
		 enum ct_state state, enum ct_state_source source, uint16_t cpu,
		 const struct in *in)
{
	uint64_t dur = to - c->at;
	struct ct_span span = {.from = c->at,
			       .to = to,
			       .thread = thread,
			       .state = (uint8_t)state,
			       .source = (uint8_t)source,
			       .cpu = cpu,
			       .cell = in->cell,
			       .waker = in->waker,
			       .waker_stack = in->waker_stack,
			       .stranger = in->stranger,
			       .wait = in->number,
			       .op = in->op,
			       .stack = in->stack,
			       .record = in->record};

	c->at = to;
	c->life.state[state] += dur;
	if (state == CT_STATE_BLOCKED)
		c->life.blocked[in->why] += dur;
	if (state == CT_STATE_WOKEN || state == CT_STATE_PREEMPTED)
		count_delay(c, state, dur);
	c->last_state = (uint8_t)state;
	if (s->span)
		s->span(s->arg, &span);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nobody saw switches here: what waits and releases tell. */
static void go_unseen(struct ct_states *s, uint32_t thread, struct cursor *c, uint64_t to,
		      const struct in *in)
{
	if (!in->wait) {
		emit(s, thread, c, to, in->restart ? CT_STATE_PAUSED : CT_STATE_AWAKE,
		     CT_SOURCE_WAITS, 0, in);
		return;
	}
	if (c->at < in->release)
		emit(s, thread, c, least(to, in->release), in->off, CT_SOURCE_WAITS, 0, in);
	if (c->at < to)
		emit(s, thread, c, to, CT_STATE_WOKEN, CT_SOURCE_WAITS, 0, in);
}

/* Woken for its next turn: the kernel's word on who did it goes over that of the record, which is on who ended the wait. */
static void go_woken(struct ct_states *s, uint32_t thread, struct cursor *c, uint64_t to,
		     const struct ct_turn *next, const struct in *in)
{
	struct ct_kernel_waker w;
	struct in by = *in;

	if (s->span && next && ct_turn_waker(s->model, next, &w)) {
		if (w.thread != by.waker)
			by.waker_stack = 0;
		by.waker = w.thread;
		by.stranger = w.stranger;
	}
	emit(s, thread, c, to, CT_STATE_WOKEN, CT_SOURCE_SWITCHES, next ? next->cpu : 0, &by);
}

/* Between the turn before this one, which ended in `end` at `off`, and `next`, when the thread gets a CPU again. */
static void go_off(struct ct_states *s, uint32_t thread, struct cursor *c, uint64_t to,
		   const struct ct_turn *before, const struct ct_turn *next, uint64_t woken,
		   const struct in *in)
{
	uint64_t release = woken;
	enum ct_state off = in->off;
	uint16_t cpu = next ? next->cpu : 0;

	if (before->end == CT_TURN_PREEMPTED) {
		emit(s, thread, c, to, CT_STATE_PREEMPTED, CT_SOURCE_SWITCHES, cpu, in);
		return;
	}
	if (before->end == CT_TURN_STOPPED)
		off = CT_STATE_STOPPED;
	else if (!in->wait)
		off = before->off < in->restart				? CT_STATE_PAUSED
		      : next && next->on - before->off < s->short_ticks ? CT_STATE_SHORT
									: CT_STATE_OUTSIDE;
	else if (off ==
		 CT_STATE_PREEMPTED) /* it lets others go first, and would be ready; but it slept */
		off = CT_STATE_OUTSIDE;
	else if (release == UINT64_MAX && in->release >= before->off)
		release =
			in->release; /* one from before it left the CPU was not what it slept for */
	if (c->at < release)
		emit(s, thread, c, least(to, release), off, CT_SOURCE_SWITCHES, cpu, in);
	if (c->at < to)
		go_woken(s, thread, c, to, next, in);
}

static void go_on_cpu(struct ct_states *s, uint32_t thread, struct cursor *c, uint64_t to,
		      const struct ct_turn *turn, const struct in *in)
{
	if (c->had_turn && c->last_cpu != turn->cpu)
		c->life.migrations++;
	c->had_turn = true;
	c->last_cpu = turn->cpu;
	emit(s, thread, c, to, in->call ? CT_STATE_CALL : CT_STATE_RUNNING, CT_SOURCE_SWITCHES,
	     turn->cpu, in);
}

static void go_to(struct ct_states *s, uint32_t thread, uint64_t until, const struct in *in)
{
	const struct ct_turns *turns = &s->model->turns;
	struct cursor *c = &s->cursor[thread];

	while (c->at < until) {
		const struct ct_turn *turn = NULL, *before = NULL;
		struct ct_turns_gap gap;
		uint64_t to = until;

		while (c->turn < c->turns_end && ct_turn_at(turns, c->turn)->off <= c->at)
			c->turn++;
		turn = c->turn < c->turns_end ? ct_turn_at(turns, c->turn) : NULL;
		if (turn && turn->on <= c->at) {
			go_on_cpu(s, thread, c, least(to, turn->off), turn, in);
			continue;
		}
		if (turn)
			to = least(to, turn->on);
		before = c->turn > c->turns_first ? ct_turn_at(turns, c->turn - 1) : NULL;
		gap = ct_turns_gap(turns, before, turn);
		if (c->at >= gap.woken)
			go_woken(s, thread, c, to, turn, in);
		else if (before && c->at < gap.known)
			go_off(s, thread, c, least(to, gap.known), before, turn, gap.woken, in);
		else
			go_unseen(s, thread, c, least(to, gap.woken), in);
	}
}

/*
 * In no recorded wait until then, when a recorded one begins or the thread ends.  From where recording was stopped on that means nothing, until the
 * thread is seen to do something again.
 */
static void go_free(struct ct_states *s, uint32_t thread, uint64_t until)
{
	uint64_t serial = ct_model_thread_at(s->model, thread)->serial;
	struct in none = {.cell = CT_NONE, .release = UINT64_MAX};
	struct cursor *c = &s->cursor[thread];

	for (; c->pauses; c->pause++, c->pauses--) {
		const struct ct_pause *p = c->pause;

		go_to(s, thread, least(p->off, until), &none);
		if (p->off >= until)
			return;
		none.restart = p->on;
		go_to(s, thread, p->thread == serial ? least(p->on, until) : until, &none);
		none.restart = 0;
		if (until < p->on)
			return;
	}
	go_to(s, thread, until, &none);
}

/*
 * Where switches were not recorded a thread was awake between its waits.  What it ran and waited for a CPU in all, less what was seen of
 * that, it did then.
 */
static void part_awake(const struct ct_states *s, uint32_t thread)
{
	const struct ct_model *m = s->model;
	const struct ct_ran *ran = &ct_model_thread_at(m, thread)->ran;
	struct ct_life *l = &s->cursor[thread].life;
	double ticks = (double)m->tables.second_ticks / 1e9;
	uint64_t run = (uint64_t)((double)ran->run_ns * ticks),
		 ready = (uint64_t)((double)ran->delay_ns * ticks),
		 seen = l->state[CT_STATE_RUNNING] + l->state[CT_STATE_CALL],
		 seen_ready = l->state[CT_STATE_WOKEN] + l->state[CT_STATE_PREEMPTED];

	/* what came with the switches is of turns that were seen */
	if (!ran->read)
		return;
	l->awake_run = least(run > seen ? run - seen : 0, l->state[CT_STATE_AWAKE]);
	l->awake_ready = least(ready > seen_ready ? ready - seen_ready : 0,
			       l->state[CT_STATE_AWAKE] - l->awake_run);
}

/* --- a thread's life ---------------------------------------------------------------------------------------------------------- */

static struct cursor *begin(struct ct_states *s, uint32_t thread)
{
	const struct ct_model *m = s->model;
	const struct ct_thread *t = ct_model_thread_at(m, thread);
	struct cursor *c = &s->cursor[thread];
	uint32_t first, n;

	if (c->begun)
		return c;
	c->begun = true;
	c->at = t->begin > m->options.from_ticks ? t->begin : m->options.from_ticks;
	c->end = least(t->end, m->options.to_ticks);
	c->last_state = CT_STATES;
	n = ct_thread_turns(m, t, &first);
	c->turns_first = c->turn = ct_turns_after(&m->turns, first, n, c->at);
	c->turns_end = first + n;
	c->pause = ct_pauses_of(m, t->process, &c->pauses);
	for (; c->pauses && c->pause->on <= t->begin; c->pause++)
		c->pauses--;
	return c;
}

/* Why a wait was that no cell knows: it ended after the window. */
static enum ct_why why_of(uint32_t op)
{
	switch (ct_op_class(op)) {
	case CT_CLASS_LOCK:
	case CT_CLASS_FILE_LOCK: return CT_WHY_LOCK;
	case CT_CLASS_SLEEP: return CT_WHY_SLEEP;
	case CT_CLASS_IO: return CT_WHY_IO;
	default: return CT_WHY_OTHERS;
	}
}

/* Who calls sched_yield waits for nothing but a CPU. */
static enum ct_state off_of(uint32_t op)
{
	return op == CT_OP_yield ? CT_STATE_PREEMPTED : CT_STATE_BLOCKED;
}

static void go_through(struct ct_states *s, uint32_t thread, uint64_t start, uint64_t end,
		       const struct in *in)
{
	struct cursor *c = begin(s, thread);

	go_free(s, thread, least(start, c->end));
	if (!in)
		return;
	if (s->watches_holders)
		ct_holders_wait(&s->holders, thread, in->cell, c->at, least(end, c->end));
	go_to(s, thread, least(end, c->end), in);
}

void ct_states_take(struct ct_states *s, const struct ct_who *who, const struct ct_record *r)
{
	struct in in = {.wait = true};
	struct ct_ended e;

	s->waits.kernel = s->span != NULL;
	/* of one that was left nobody knows when: what lies in it counts as outside */
	if (!ct_ended_take(&s->waits, who, r, &e))
		return;
	in.cell = e.cell;
	in.release = e.cell == CT_NONE ? UINT64_MAX : e.release;
	in.waker = e.cell == CT_NONE ? 0 : e.waker;
	in.waker_stack = e.cell == CT_NONE ? 0 : e.waker_stack;
	in.stranger = e.cell == CT_NONE ? 0 : e.stranger;
	in.why = e.cell == CT_NONE ? why_of(e.op)
				   : (enum ct_why)ct_model_cell(s->model, e.cell)->why;
	in.call = e.op >= CT_OP_FIRST_CALL;
	in.off = off_of(e.op);
	in.number = ++s->cursor[e.thread].waits;
	in.op = e.op;
	in.stack = (uint32_t)r->v[CT_F_wait_stack];
	in.record = r;
	if (s->watches_holders && e.cell != CT_NONE && ct_op_class(e.op) == CT_CLASS_LOCK)
		ct_holders_watch(&s->holders, who, r, in.cell, in.waker, in.release);
	go_through(s, e.thread, e.start, e.end, &in);
}

int ct_states_finish(struct ct_states *s)
{
	const struct ct_model *m = s->model;
	uint32_t i;

	for (i = 0; i < m->open_count; i++) {
		const struct ct_open_wait *w = &m->open[i];
		uint64_t serial = w->thread;
		uint32_t thread = ct_table_find(&m->threads, &serial);
		struct in in = {.wait = true,
				.cell = w->cell,
				.release = UINT64_MAX,
				.call = w->op >= CT_OP_FIRST_CALL,
				.off = off_of(w->op),
				.op = w->op,
				.stack = w->stack};

		if (thread == CT_NONE)
			continue;
		in.number = ++s->cursor[thread].waits;
		in.why = w->cell == CT_NONE ? why_of(w->op)
					    : (enum ct_why)ct_model_cell(m, w->cell)->why;
		go_through(s, thread, w->start, UINT64_MAX, &in);
	}
	for (i = 0; i < m->threads.count; i++)
		if (ct_model_thread_at(m, i)->known && ct_model_thread_at(m, i)->serial)
			go_through(s, i, UINT64_MAX, 0, NULL);
	for (i = 0; i < m->threads.count; i++)
		part_awake(s, i);
	if (m->cells.failed || m->bins.failed)
		return -ENOMEM;
	return m->error || !s->watches_holders ? m->error : ct_holders_finish(&s->holders);
}

const char *ct_state_name(enum ct_state state)
{
	static const char *const names[CT_STATES] = {
		[CT_STATE_RUNNING] = "running", [CT_STATE_CALL] = "system_call",
		[CT_STATE_WOKEN] = "woken",	[CT_STATE_PREEMPTED] = "preempted",
		[CT_STATE_BLOCKED] = "blocked", [CT_STATE_SHORT] = "short",
		[CT_STATE_OUTSIDE] = "outside", [CT_STATE_AWAKE] = "awake",
		[CT_STATE_PAUSED] = "paused",	[CT_STATE_STOPPED] = "stopped",
	};

	return state < CT_STATES ? names[state] : "unknown";
}
