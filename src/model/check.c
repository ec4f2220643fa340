/*
 * check.c - see check.h.
 */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "build.h"

/* What the spans of a thread told so far. */
struct seen {
	uint64_t from, at; /* of the first one; of the last one's end */
	uint64_t state[CT_STATES];
	uint32_t spans;
};

struct check {
	struct ct_model *model;
	struct ct_states *states;
	struct seen *seen; /* by row of the thread */
	void (*tell)(void *arg, const char *text);
	void *arg;
	int64_t wrong;
};

static __attribute__((format(printf, 2, 3))) void wrong(struct check *c, const char *format, ...)
{
	char text[200];
	va_list ap;

	c->wrong++;
	if (!c->tell)
		return;
	va_start(ap, format);
	/* The analyzer loses va_start() when it is given several files: NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	c->tell(c->arg, text);
}

static uint64_t serial(const struct check *c, uint32_t thread)
{
	return ct_model_thread_at(c->model, thread)->serial;
}

static void take_span(void *arg, const struct ct_span *s)
{
	struct check *c = arg;
	struct seen *seen = &c->seen[s->thread];

	if (s->from >= s->to)
		wrong(c, "thread %" PRIu64 ": a state that lasts from tick %" PRIu64 " to %" PRIu64,
		      serial(c, s->thread), s->from, s->to);
	if (!seen->spans++)
		seen->from = s->from;
	else if (s->from != seen->at)
		wrong(c,
		      "thread %" PRIu64 ": a state begins at tick %" PRIu64
		      ", the one before ended at %" PRIu64,
		      serial(c, s->thread), s->from, seen->at);
	seen->at = s->to;
	seen->state[s->state] += s->to - s->from;
}

static void check_thread(struct check *c, uint32_t thread)
{
	const struct ct_thread *t = ct_model_thread_at(c->model, thread);
	const struct ct_life *life = ct_states_life(c->states, thread);
	const struct seen *seen = &c->seen[thread];
	uint64_t sum = 0, blocked = 0;
	int i;

	if (seen->spans && (seen->from != t->begin || seen->at != t->end))
		wrong(c,
		      "thread %" PRIu64 ": its states are of ticks %" PRIu64 " to %" PRIu64
		      ", its life of %" PRIu64 " to %" PRIu64,
		      t->serial, seen->from, seen->at, t->begin, t->end);
	for (i = 0; i < CT_STATES; i++) {
		sum += life->state[i];
		if (life->state[i] != seen->state[i])
			wrong(c,
			      "thread %" PRIu64 ": %" PRIu64 " ticks are summed as %s, %" PRIu64
			      " were told",
			      t->serial, life->state[i], ct_state_name((enum ct_state)i),
			      seen->state[i]);
	}
	for (i = 0; i < CT_WHYS; i++)
		blocked += life->blocked[i];
	if (blocked != life->state[CT_STATE_BLOCKED])
		wrong(c, "thread %" PRIu64 ": blocked for %" PRIu64 " ticks, %" PRIu64 " by reason",
		      t->serial, life->state[CT_STATE_BLOCKED], blocked);
	if (t->known && t->serial && sum != t->end - t->begin)
		wrong(c,
		      "thread %" PRIu64 ": its states add up to %" PRIu64
		      " ticks, and it lived %" PRIu64,
		      t->serial, sum, t->end - t->begin);
}

/* Turns of a CPU stand in model->turns.all in the order they were told. */
static int check_cpus(struct check *c)
{
	const struct ct_turns *t = &c->model->turns;
	uint64_t *until = calloc(1u << 16, sizeof(*until));
	uint32_t i;

	if (!until)
		return -ENOMEM;
	for (i = 0; i < t->all.count; i++) {
		const struct ct_turn *turn = ct_pool_at(&t->all, i);

		if (turn->on < until[turn->cpu])
			wrong(c,
			      "CPU %u: thread %u has it from tick %" PRIu64
			      " on, the one before had it until %" PRIu64,
			      turn->cpu, turn->tid, turn->on, until[turn->cpu]);
		if (turn->off < turn->on)
			wrong(c,
			      "CPU %u: thread %u leaves it at tick %" PRIu64
			      " and got it at %" PRIu64,
			      turn->cpu, turn->tid, turn->off, turn->on);
		until[turn->cpu] = turn->off;
	}
	free(until);
	return 0;
}

int64_t ct_model_check(struct ct_trace *t, void (*tell)(void *arg, const char *text), void *arg)
{
	const struct ct_model_options options = {.to_ticks = UINT64_MAX};
	struct check c = {.tell = tell, .arg = arg};
	uint32_t i;
	int err = ct_model_build(t, &options, NULL, NULL, &c.model);

	if (err)
		return err;
	c.seen = calloc(c.model->threads.count + 1u, sizeof(*c.seen));
	err = c.seen ? ct_states_build(t, c.model, take_span, &c, NULL, NULL, &c.states) : -ENOMEM;
	if (!err) {
		for (i = 0; i < c.model->threads.count; i++)
			check_thread(&c, i);
		err = check_cpus(&c);
	}
	ct_states_free(c.states);
	ct_model_free(c.model);
	free(c.seen);
	return err ? err : c.wrong;
}
