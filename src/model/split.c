/*
 * split.c - see split.h.
 */
#include "split.h"

#include <errno.h>
#include <stdlib.h>

#include "build.h"

#define PARTS (sizeof(struct ct_split) / sizeof(uint64_t))

/* An end of a stretch. */
struct point {
	uint64_t at;
	uint32_t thread;
	uint32_t into; /* << 1 | 1: its end */
};

struct sums {
	const struct ct_model *m;
	struct point *points;
	uint32_t count;
	uint32_t *next;	       /* by thread: the point that comes next */
	struct ct_split *sum;  /* by thread: up to `at` */
	struct ct_split *into; /* the caller's */
};

static int by_time(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static uint64_t *part_of(const struct sums *s, struct ct_split *split, const struct ct_span *span)
{
	switch (span->state) {
	case CT_STATE_RUNNING:
	case CT_STATE_CALL: return &split->running;
	case CT_STATE_WOKEN:
	case CT_STATE_PREEMPTED: return &split->runnable;
	case CT_STATE_BLOCKED:
		return &split->blocked[span->cell == CT_NONE
					       ? CT_KIND_OTHER
					       : ct_kind_of(ct_model_cell(s->m, span->cell)->op)];
	case CT_STATE_AWAKE: return &split->awake;
	case CT_STATE_PAUSED: return &split->unseen;
	default: return &split->outside;
	}
}

/* A stretch is what the sums grow by between its ends; unsigned, so the order of the two does not matter. */
static void pass(struct sums *s, const struct point *p)
{
	const uint64_t *sum = (const uint64_t *)&s->sum[p->thread];
	uint64_t *to = (uint64_t *)&s->into[p->into >> 1];
	size_t i;

	for (i = 0; i < PARTS; i++)
		to[i] += p->into & 1 ? sum[i] : 0 - sum[i];
}

static void take(void *arg, const struct ct_span *span)
{
	struct sums *s = arg;
	uint64_t *part = part_of(s, &s->sum[span->thread], span), at = span->from;
	uint32_t *next = &s->next[span->thread];

	for (; *next < s->count && s->points[*next].thread == span->thread &&
	       s->points[*next].at < span->to;
	     ++*next) {
		const struct point *p = &s->points[*next];

		if (p->at > at) {
			*part += p->at - at;
			at = p->at;
		}
		pass(s, p);
	}
	*part += span->to - at;
}

static int find(struct sums *s, struct ct_trace *t, struct ct_model *m)
{
	struct ct_states *states;
	uint32_t i;
	int err;

	qsort(s->points, s->count, sizeof(*s->points), by_time);
	for (i = s->count; i-- > 0;)
		s->next[s->points[i].thread] = i;
	err = ct_states_build_with(t, m, take, 0, NULL, s, NULL, NULL, &states);
	if (err)
		return err;
	ct_states_free(states);
	/* those after the thread's last span; of threads without points `next` is 0, whose point is another's */
	for (i = 0; i < m->threads.count; i++)
		for (; s->next[i] < s->count && s->points[s->next[i]].thread == i; s->next[i]++)
			pass(s, &s->points[s->next[i]]);
	return 0;
}

int ct_split_find(struct ct_trace *t, struct ct_model *m, const struct ct_stretch *stretches,
		  uint32_t n, struct ct_split *splits)
{
	struct sums s = {.m = m, .into = splits};
	uint32_t i;
	int err = -ENOMEM;

	if (!n)
		return 0;
	if (n > UINT32_MAX / 2)
		return -ENOMEM;
	s.points = malloc(2 * (size_t)n * sizeof(*s.points));
	s.next = calloc(m->threads.count + 1u, sizeof(*s.next));
	s.sum = calloc(m->threads.count + 1u, sizeof(*s.sum));
	for (i = 0; s.points && i < n; i++) {
		const struct ct_stretch *x = &stretches[i];

		s.points[s.count++] = (struct point){x->from, x->thread, x->into << 1};
		s.points[s.count++] = (struct point){x->to, x->thread, x->into << 1 | 1};
	}
	if (s.points && s.next && s.sum)
		err = find(&s, t, m);
	free(s.points);
	free(s.next);
	free(s.sum);
	return err;
}

uint64_t ct_split_blocked(const struct ct_split *s)
{
	uint64_t all = 0;
	int i;

	for (i = 0; i < CT_KINDS; i++)
		all += s->blocked[i];
	return all;
}

uint64_t ct_split_known(const struct ct_split *s)
{
	return s->running + s->runnable + ct_split_blocked(s) + s->outside + s->awake + s->unseen;
}
