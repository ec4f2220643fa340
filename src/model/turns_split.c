/*
 * turns_split.c - what a thread did in a stretch of time, from its turns on CPUs: see turns.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "model_int.h"

uint32_t ct_turns_hole(const struct ct_turns *t, uint64_t ticks)
{
	uint32_t lo = 0, hi = t->hole_n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->holes[mid].to <= ticks)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Ticks in holes before a time. */
static uint64_t unseen_until(const struct ct_turns *t, uint64_t ticks)
{
	uint32_t i = ct_turns_hole(t, ticks);
	const struct ct_hole *h;

	if (i < t->hole_n && t->holes[i].from < ticks)
		return t->holes[i].before + ticks - t->holes[i].from;
	if (!i)
		return 0;
	h = &t->holes[i - 1];
	return h->before + h->to - h->from;
}

uint64_t ct_turns_seen(const struct ct_turns *t, uint64_t from, uint64_t to)
{
	return to > from ? to - from - (unseen_until(t, to) - unseen_until(t, from)) : 0;
}

/* The first time in a hole from a time on; UINT64_MAX: no more. */
static uint64_t next_hole(const struct ct_turns *t, uint64_t ticks)
{
	uint32_t i = ct_turns_hole(t, ticks);

	if (i == t->hole_n)
		return UINT64_MAX;
	return t->holes[i].from > ticks ? t->holes[i].from : ticks;
}

struct ct_turns_gap ct_turns_gap(const struct ct_turns *t, const struct ct_turn *before,
				 const struct ct_turn *next)
{
	struct ct_turns_gap g = {.woken = UINT64_MAX};

	if (before && before->end != CT_TURN_UNSEEN)
		g.known = next_hole(t, before->off);
	if (next && next->woken && next_hole(t, next->woken) >= next->on &&
	    !(before && before->end == CT_TURN_PREEMPTED && g.known >= next->on))
		g.woken = next->woken;
	return g;
}

/* Between two turns, or before the first or after the last one.  from <= to */
static void split_off(struct ct_turns_split *s, const struct ct_turns *t,
		      const struct ct_turn *before, const struct ct_turn *next, uint64_t from,
		      uint64_t to)
{
	struct ct_turns_gap g = ct_turns_gap(t, before, next);

	if (g.woken < to) {
		s->woken += to - (g.woken > from ? g.woken : from);
		to = g.woken > from ? g.woken : from;
	}
	if (g.known > from) {
		uint64_t known = (g.known < to ? g.known : to) - from;

		*(before->end == CT_TURN_PREEMPTED ? &s->preempted : &s->off) += known;
		from += known;
	}
	s->unseen += to - from;
}

/* A turn, and what was between its thread's last one and it. */
static void add_turn(struct ct_turns_split *s, const struct ct_turns *t, uint32_t place)
{
	const struct ct_turn *turn = ct_turn_at(t, place);
	const struct ct_turn *before = place ? ct_turn_at(t, place - 1) : NULL;

	if (before && before->tid == turn->tid)
		split_off(s, t, before, turn, before->off, turn->on);
	s->running += turn->off - turn->on;
}

/*
 * A holder may have a million turns in each of a million waits.  So every SUM_PLACES places there is a sum of all the turns before,
 * whoever's they are: the difference of two is of those between.
 */
#define SUM_PLACES 16u

int ct_turns_add_up(struct ct_turns *t)
{
	struct ct_turns_split s = {0};
	uint32_t i, n = t->all.count;

	t->sums = malloc((n / SUM_PLACES + 1) * sizeof(*t->sums));
	if (!t->sums)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (i % SUM_PLACES == 0)
			t->sums[i / SUM_PLACES] = s;
		add_turn(&s, t, i);
	}
	if (n % SUM_PLACES == 0) /* of all */
		t->sums[n / SUM_PLACES] = s;
	return 0;
}

/* Turns of one thread and what is between them, in [at, end). */
static void add_turns(struct ct_turns_split *s, const struct ct_turns *t, uint32_t at, uint32_t end)
{
	const struct ct_turns_split *a, *b;

	for (; at < end && at % SUM_PLACES; at++)
		add_turn(s, t, at);
	if (end - at >= SUM_PLACES) {
		a = &t->sums[at / SUM_PLACES];
		b = &t->sums[end / SUM_PLACES];
		s->running += b->running - a->running;
		s->preempted += b->preempted - a->preempted;
		s->off += b->off - a->off;
		s->woken += b->woken - a->woken;
		s->unseen += b->unseen - a->unseen;
		at = end - end % SUM_PLACES;
	}
	for (; at < end; at++)
		add_turn(s, t, at);
}

struct ct_turns_split ct_turns_split(const struct ct_turns *t, uint32_t tid, uint64_t from,
				     uint64_t to)
{
	struct ct_turns_split s = {0};
	uint32_t first, n = ct_turns_of(t, tid, &first), i = ct_turns_after(t, first, n, from), k;
	const struct ct_turn *before = i > first ? ct_turn_at(t, i - 1) : NULL, *turn;
	uint64_t on;

	if (from >= to)
		return s;
	k = ct_turns_after(t, first, n, to);
	if (i < k) { /* these end in it */
		turn = ct_turn_at(t, i);
		on = turn->on > from ? turn->on : from;
		split_off(&s, t, before, turn, from, on);
		s.running += turn->off - on;
		add_turns(&s, t, i + 1, k);
		before = ct_turn_at(t, k - 1);
		from = before->off;
	}
	if (k < first + n && ct_turn_at(t, k)->on < to) { /* this one goes on */
		turn = ct_turn_at(t, k);
		on = turn->on > from ? turn->on : from;
		split_off(&s, t, before, turn, from, on);
		s.running += to - on;
		from = to;
	}
	split_off(&s, t, before, k < first + n ? ct_turn_at(t, k) : NULL, from, to);
	return s;
}
