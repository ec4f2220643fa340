/*
 * delays.c - see delays.h.
 */
#include "views/analyze/delays.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- taking spans ---------------------------------------------------------------------------------------------------------- */

/* Kept in order: few come in once there are enough. */
static void keep_longest(struct ct_delays *s, const struct ct_delay *d)
{
	uint32_t top = s->v->o.top, i = s->longest_n;

	if (i == top && (!top || d->to - d->from <= s->longest[i - 1].to - s->longest[i - 1].from))
		return;
	i = i < top ? s->longest_n++ : top - 1;
	for (; i && s->longest[i - 1].to - s->longest[i - 1].from < d->to - d->from; i--)
		s->longest[i] = s->longest[i - 1];
	s->longest[i] = *d;
}

/* The delay that was going on is over. */
static void close_delay(struct ct_delays *s)
{
	struct ct_delay_sums *to = s->open.state == CT_STATE_WOKEN ? &s->woken : &s->preempted;
	uint64_t dur = s->open.to - s->open.from;

	if (!dur)
		return;
	to->count++;
	to->total += dur;
	if (dur > to->max)
		to->max = dur;
	to->hist[ct_hist_bucket(dur)]++;
	keep_longest(s, &s->open);
	s->open.from = s->open.to = 0;
}

static void spread(struct ct_delays *s, uint64_t *slices, uint64_t from, uint64_t to)
{
	uint64_t i, part;

	if (from < s->begin)
		from = s->begin;
	for (i = (from - s->begin) / s->slice; i < CT_SLICES && from < to; i++) {
		part = s->slice - (from - s->begin) % s->slice;
		part = part < to - from ? part : to - from;
		slices[i] += part;
		from += part;
	}
}

static void take(void *arg, const struct ct_span *span)
{
	struct ct_delays *s = arg;
	bool ready = span->state == CT_STATE_WOKEN || span->state == CT_STATE_PREEMPTED;

	if (!ct_view_shows(s->v, ct_model_thread_at(s->v->model, span->thread)))
		return;
	if (!ready || s->open.thread != span->thread || s->open.state != span->state ||
	    s->open.to != span->from)
		close_delay(s);
	if (span->state == CT_STATE_RUNNING || span->state == CT_STATE_CALL) {
		s->ran += span->to - span->from;
		spread(s, s->running, span->from, span->to);
	} else if (span->state == CT_STATE_AWAKE ||
		   (span->state == CT_STATE_PAUSED && span->source == CT_SOURCE_WAITS)) {
		s->unseen += span->to - span->from;
	} else if (ready) {
		s->was_ready += span->to - span->from;
		spread(s, s->ready, span->from, span->to);
		if (s->open.to == s->open.from)
			s->open = (struct ct_delay){.from = span->from,
						    .thread = span->thread,
						    .waker = span->waker,
						    .stranger = span->stranger,
						    .cpu = span->cpu,
						    .cpu_seen = span->source == CT_SOURCE_SWITCHES,
						    .state = span->state};
		s->open.to = span->to;
	}
}

/* --- who had the CPU ---------------------------------------------------------------------------------------------------------- */

unsigned ct_delay_instead(struct ct_view *v, const struct ct_delay *d,
			  struct ct_had had[CT_INSTEAD], uint64_t *rest)
{
	const struct ct_turns *t = &v->model->turns;
	uint64_t sum = 0;
	unsigned n = 0, k;
	uint32_t i;

	for (i = 0; i < t->tids.count; i++) {
		const struct ct_turns_row *row = ct_table_row(&t->tids, i);
		uint32_t at = ct_turns_after(t, row->first, row->count, d->from);
		uint64_t ticks = 0;

		for (; at < row->first + row->count; at++) {
			const struct ct_turn *turn = ct_turn_at(t, at);
			uint64_t from = turn->on > d->from ? turn->on : d->from,
				 to = turn->off < d->to ? turn->off : d->to;

			if (turn->on >= d->to)
				break;
			if (turn->cpu == d->cpu && to > from)
				ticks += to - from;
		}
		if (!ticks)
			continue;
		sum += ticks;
		for (k = n; k && had[k - 1].ticks < ticks; k--)
			if (k < CT_INSTEAD)
				had[k] = had[k - 1];
		if (k < CT_INSTEAD)
			had[k] = (struct ct_had){(uint32_t)row->tid, ticks};
		n += n < CT_INSTEAD;
	}
	*rest = d->to - d->from > sum ? d->to - d->from - sum : 0;
	return n;
}

uint64_t ct_delays_percentile(const struct ct_delay_sums *d, unsigned per_mille)
{
	struct ct_hist_part parts[CT_HIST_BUCKETS];
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < CT_HIST_BUCKETS; i++)
		if (d->hist[i])
			parts[n++] = (struct ct_hist_part){i, d->hist[i]};
	return ct_hist_percentile(parts, n, per_mille, d->max);
}

int ct_delays_find(struct ct_view *v, struct ct_delays *d)
{
	const struct ct_model *m = v->model;
	uint32_t i;
	int err;

	memset(d, 0, sizeof(*d));
	d->longest = calloc(v->o.top + 1u, sizeof(*d->longest));
	if (!d->longest)
		return -ENOMEM;
	d->v = v;
	d->begin = ct_view_from(v);
	d->end = ct_view_to(v);
	d->slice = (d->end - d->begin) / CT_SLICES + 1;
	err = ct_view_states(v, take, d);
	if (err) {
		ct_delays_free(d);
		return err;
	}
	close_delay(d);
	for (i = 0; i < m->threads.count; i++)
		if (ct_view_shows(v, ct_model_thread_at(m, i)))
			d->migrations += ct_states_life(v->states, i)->migrations;
	return 0;
}

void ct_delays_free(struct ct_delays *d)
{
	free(d->longest);
	d->longest = NULL;
}
