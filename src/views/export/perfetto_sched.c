/*
 * perfetto_sched.c - switches and wakings as ftrace tells them, so that Perfetto has its tracks of CPUs and of threads' states.
 *
 * A bundle holds records of one CPU in order of time: switches in columns, wakings one by one, because only so they name the waker whatever else ran.
 * The kernel told of traced threads alone.  What else a CPU did is, as in an idle one, thread 0: Perfetto draws nothing there, and nothing is
 * what is known.
 */
#include "views/export/perfetto_int.h"

#include <errno.h>
#include <stdlib.h>

#include "views/analyze/names.h"

#define BUNDLE	 512u /* records */
#define PRIORITY 120u /* of an ordinary thread: the trace does not tell */

/* How a thread left a CPU, in the bits of Linux 4.14 and newer. */
enum {
	STATE_SLEEPS = 1,
	STATE_STOPPED = 4,
	STATE_DEAD = 0x10,
	STATE_UNSEEN = 0x80, /* "idle": which no thread of a program is */
	STATE_PREEMPTED = 0x100
};

struct sched_switch {
	uint64_t ns;
	uint32_t next, next_row; /* tid 0, CT_NONE: nobody that is known */
	uint32_t state;		 /* of who had the CPU until then */
	uint32_t pad;
};

struct sched_waking {
	uint64_t ns;
	uint32_t tid, waker;
};

struct cpu {
	uint64_t cpu; /* key */
	struct sched_switch *switches;
	struct sched_waking *wakings;
	uint64_t last; /* ns of the last switch */
	uint32_t switch_n, waking_n;
	uint32_t tid; /* who has it; 0: nobody that is known */
	bool lost;    /* something before the next bundle is missing */
	bool off_due; /* the last switch is to nobody, and may still become one to somebody */
};

int ct_perfetto_sched_init(struct ct_perfetto_sched *s, struct ct_view *v, struct ct_wire *b)
{
	uint32_t n = v->model->threads.count + 1;

	memset(s, 0, sizeof(*s));
	s->v = v;
	s->b = b;
	s->told_in = calloc(n, sizeof(*s->told_in));
	s->name = calloc(n, sizeof(*s->name));
	return s->told_in && s->name && ct_table_init(&s->cpus, sizeof(struct cpu), 8) == 0
		       ? 0
		       : -ENOMEM;
}

void ct_perfetto_sched_free(struct ct_perfetto_sched *s)
{
	uint32_t i;

	for (i = 0; i < s->cpus.count; i++) {
		struct cpu *c = ct_table_row(&s->cpus, i);

		free(c->switches);
		free(c->wakings);
	}
	ct_table_free(&s->cpus);
	free(s->told_in);
	free(s->name);
}

/* --- writing ---------------------------------------------------------------------------------------------------------------- */

/* The names of a bundle, in a table of its own; 0 is who is not known. */
static void tell_names(struct ct_perfetto_sched *s, const struct cpu *c)
{
	char name[CT_NAME_MAX];
	uint32_t i, n = 0;

	s->bundle++;
	ct_wire_text(s->b, 5, "");
	for (i = 0; i < c->switch_n; i++) {
		uint32_t row = c->switches[i].next_row;

		if (row == CT_NONE || s->told_in[row] == s->bundle)
			continue;
		s->told_in[row] = s->bundle;
		s->name[row] = ++n;
		ct_name_thread_bare(s->v, ct_model_thread_at(s->v->model, row), name, sizeof(name));
		ct_perfetto_text(s->b, 5, name);
	}
}

static void tell_switches(struct ct_perfetto_sched *s, const struct cpu *c)
{
	enum { TIMES = 1, STATES, NEXTS, PRIORITIES, NAMES = 6 };
	static const uint32_t columns[] = {TIMES, STATES, NEXTS, PRIORITIES, NAMES};
	size_t m = ct_wire_open(s->b, 4), column, k;
	uint64_t before = 0;
	uint32_t i;

	tell_names(s, c);
	for (k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
		column = ct_wire_open(s->b, columns[k]);
		for (i = 0; i < c->switch_n; i++) {
			const struct sched_switch *w = &c->switches[i];

			switch (columns[k]) {
			case TIMES: ct_wire_varint(s->b, w->ns - before); break;
			case STATES: ct_wire_varint(s->b, w->state); break;
			case NEXTS: ct_wire_varint(s->b, w->next); break;
			case PRIORITIES: ct_wire_varint(s->b, PRIORITY); break;
			default:
				ct_wire_varint(s->b,
					       w->next_row == CT_NONE ? 0 : s->name[w->next_row]);
			}
			before = w->ns;
		}
		ct_wire_close(s->b, column);
	}
	ct_wire_close(s->b, m);
}

static void tell_waking(struct ct_wire *b, const struct cpu *c, const struct sched_waking *w)
{
	size_t event = ct_wire_open(b, 2), m;

	ct_wire_number(b, 1, w->ns);
	ct_wire_number(b, 2, w->waker);
	m = ct_wire_open(b, 20);
	ct_wire_number(b, 2, w->tid);
	ct_wire_number(b, 3, PRIORITY);
	ct_wire_number(b, 4, 1);
	ct_wire_number(b, 5, c->cpu);
	ct_wire_close(b, m);
	ct_wire_close(b, event);
}

static void flush(struct ct_perfetto_sched *s, struct cpu *c)
{
	size_t packet, m;
	uint32_t i;

	if (!c->switch_n && !c->waking_n)
		return;
	packet = ct_wire_open(s->b, 1);
	ct_wire_number(s->b, 10, CT_PERFETTO_ABSOLUTE);
	m = ct_wire_open(s->b, 1);
	ct_wire_number(s->b, 1, c->cpu);
	for (i = 0; i < c->waking_n; i++)
		tell_waking(s->b, c, &c->wakings[i]);
	if (c->lost)
		ct_wire_number(s->b, 3, 1);
	if (c->switch_n)
		tell_switches(s, c);
	ct_wire_close(s->b, m);
	ct_wire_close(s->b, packet);
	s->packets++;
	c->switch_n = c->waking_n = 0;
	c->lost = c->off_due = false;
}

void ct_perfetto_sched_finish(struct ct_perfetto_sched *s)
{
	uint32_t i;

	for (i = 0; i < s->cpus.count; i++)
		flush(s, ct_table_row(&s->cpus, i));
}

/* --- taking in -------------------------------------------------------------------------------------------------------------- */

static struct cpu *cpu_of(struct ct_perfetto_sched *s, uint64_t number)
{
	uint32_t before = s->cpus.count, i = ct_table_put(&s->cpus, &number);
	struct cpu *c = ct_table_row(&s->cpus, i);

	if (s->cpus.count != before) {
		c->switches = calloc(BUNDLE, sizeof(*c->switches));
		c->wakings = calloc(BUNDLE, sizeof(*c->wakings));
	}
	if (s->cpus.failed || !c->switches || !c->wakings) {
		s->failed = true;
		return NULL;
	}
	return c;
}

static void add_switch(struct ct_perfetto_sched *s, struct cpu *c, uint64_t ns, uint32_t next,
		       uint32_t row, uint32_t state)
{
	if (c->switch_n == BUNDLE)
		flush(s, c);
	c->switches[c->switch_n++] =
		(struct sched_switch){.ns = ns, .next = next, .next_row = row, .state = state};
	c->tid = next;
	c->last = ns;
	c->off_due = false;
}

static uint32_t row_of(struct ct_perfetto_sched *s, uint32_t tid, uint64_t ticks)
{
	const struct ct_thread *t = ct_model_thread_outside(s->v->model, tid, ticks);

	return t ? ct_table_find(&s->v->model->threads, &t->serial) : CT_NONE;
}

static bool shows(struct ct_perfetto_sched *s, uint32_t row)
{
	if (!s->v->o.thread && !s->v->o.process)
		return true;
	return row != CT_NONE && ct_view_shows(s->v, ct_model_thread_at(s->v->model, row));
}

static void take_on(struct ct_perfetto_sched *s, struct cpu *c, uint64_t ns,
		    const struct ct_record *r)
{
	uint32_t tid = (uint32_t)r->v[CT_F_cpu_on_tid], row = row_of(s, tid, r->ticks);
	struct sched_switch *last = c->switch_n ? &c->switches[c->switch_n - 1] : NULL;

	if (!shows(s, row))
		return;
	/* who leaves and who comes is one switch */
	if (c->off_due && last && last->ns == ns) {
		last->next = c->tid = tid;
		last->next_row = row;
		c->off_due = false;
		return;
	}
	/* Somebody whose leaving is not there. */
	add_switch(s, c, ns, tid, row, c->tid ? STATE_UNSEEN : 0);
}

static void take_off(struct ct_perfetto_sched *s, struct cpu *c, uint64_t ns,
		     const struct ct_record *r)
{
	uint32_t tid = (uint32_t)r->v[CT_F_cpu_off_tid], row = row_of(s, tid, r->ticks);
	const struct ct_thread *t;
	bool preempted = r->v[CT_F_cpu_off_how] == CT_OFF_PREEMPTED;
	uint32_t state = preempted				    ? STATE_PREEMPTED
			 : r->v[CT_F_cpu_off_how] == CT_OFF_STOPPED ? STATE_STOPPED
								    : STATE_SLEEPS;

	if (!shows(s, row))
		return;
	if (c->tid != tid) /* its coming is not there: when it came is not known */
		return;
	t = row == CT_NONE ? NULL : ct_model_thread_at(s->v->model, row);
	if (t && t->ended && r->ticks >= t->end && !preempted)
		state = STATE_DEAD;
	add_switch(s, c, ns, 0, CT_NONE, state);
	c->off_due = true;
}

static void take_waking(struct ct_perfetto_sched *s, struct cpu *c, uint64_t ns,
			const struct ct_record *r)
{
	uint32_t tid = (uint32_t)r->v[CT_F_waking_tid];

	if (!shows(s, row_of(s, tid, r->ticks)))
		return;
	if (c->waking_n == BUNDLE)
		flush(s, c);
	c->wakings[c->waking_n++] = (struct sched_waking){
		.ns = ns, .tid = tid, .waker = (uint32_t)r->v[CT_F_waking_waker]};
}

/* Switches are not recorded from here on, or were not for a while: who has the CPU is not known then. */
static void take_border(struct ct_perfetto_sched *s, struct cpu *c, uint64_t ns,
			const struct ct_record *r)
{
	uint64_t span = 0;

	if (r->v[CT_F_sched_what] == CT_SCHED_MISSING) {
		flush(s, c);
		c->lost = true;
		span = ct_trace_span_ns(s->v->trace, r->ticks, r->v[CT_F_sched_span]);
	} else if (r->v[CT_F_sched_what] != CT_SCHED_TO) {
		return;
	}
	ns = span < ns ? ns - span : 0;
	if (c->tid)
		add_switch(s, c, ns > c->last ? ns : c->last, 0, CT_NONE, STATE_UNSEEN);
}

void ct_perfetto_sched_take(struct ct_perfetto_sched *s, uint64_t ns, const struct ct_record *r)
{
	uint64_t number = r->type == CT_EV_cpu_on    ? r->v[CT_F_cpu_on_cpu]
			  : r->type == CT_EV_cpu_off ? r->v[CT_F_cpu_off_cpu]
			  : r->type == CT_EV_waking  ? r->v[CT_F_waking_cpu]
						     : r->v[CT_F_sched_cpu];
	struct cpu *c;

	if (r->type == CT_EV_sched && r->v[CT_F_sched_what] == CT_SCHED_REFUSED)
		return;
	c = cpu_of(s, number);
	if (!c)
		return;
	switch (r->type) {
	case CT_EV_cpu_on: take_on(s, c, ns, r); break;
	case CT_EV_cpu_off: take_off(s, c, ns, r); break;
	case CT_EV_waking: take_waking(s, c, ns, r); break;
	case CT_EV_sched: take_border(s, c, ns, r); break;
	default: break;
	}
}
