/*
 * counters.c - threads by state, memory, switches, page faults and processor time, over the time of the trace.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/usage.h"
#include "views/analyze/lines.h"
#include "views/analyze/text.h"

#define SLICES	   20u
#define ALL	   SLICES /* one more, for the whole time */
#define HEAD_WIDTH 9

/* States that are told together. */
enum group { RUN, CALLS, READY, BLOCKED, OUTSIDE, UNSEEN, GROUPS };

struct counters {
	struct ct_view *v;
	uint64_t begin, slice;
	uint64_t ticks[SLICES + 1][GROUPS]; /* of all threads */
	struct ct_usage_slice used[SLICES + 1];
	struct ct_usage_over over;
	uint32_t processes;
	bool switches; /* were recorded */
};

/* --- adding up ------------------------------------------------------------------------------------------------------------- */

static enum group group_of(uint8_t state)
{
	switch (state) {
	case CT_STATE_RUNNING: return RUN;
	case CT_STATE_CALL: return CALLS;
	case CT_STATE_WOKEN:
	case CT_STATE_PREEMPTED: return READY;
	case CT_STATE_BLOCKED: return BLOCKED;
	case CT_STATE_PAUSED:
	case CT_STATE_AWAKE: return UNSEEN;
	default: return OUTSIDE;
	}
}

static void take(void *arg, const struct ct_span *span)
{
	struct counters *c = arg;
	uint64_t from = span->from > c->begin ? span->from : c->begin, i, part;
	enum group g = group_of(span->state);

	if (!ct_view_shows(c->v, ct_model_thread_at(c->v->model, span->thread)))
		return;
	for (i = (from - c->begin) / c->slice; i < SLICES && from < span->to; i++) {
		part = c->slice - (from - c->begin) % c->slice;
		part = part < span->to - from ? part : span->to - from;
		c->ticks[i][g] += part;
		c->ticks[ALL][g] += part;
		from += part;
	}
}

static bool shows_process(void *arg, uint32_t process)
{
	return ct_view_shows_process(arg, process);
}

static void add_up(struct counters *c)
{
	struct ct_usage_slice *all = &c->used[ALL];
	unsigned i;

	for (i = 0; i < SLICES; i++) {
		const struct ct_usage_slice *s = &c->used[i];

		all->cpu_ns += s->cpu_ns;
		all->system_ns += s->system_ns;
		all->minor += s->minor;
		all->major += s->major;
		all->voluntary += s->voluntary;
		all->involuntary += s->involuntary;
		all->resident = s->resident > all->resident ? s->resident : all->resident;
		all->anonymous = s->anonymous > all->anonymous ? s->anonymous : all->anonymous;
	}
}

static int find(struct ct_view *v, struct counters *c)
{
	const struct ct_model *m = v->model;
	uint64_t end = m->end < m->options.to_ticks ? m->end : m->options.to_ticks;
	uint32_t i;
	int err;

	c->v = v;
	c->begin = m->begin > m->options.from_ticks ? m->begin : m->options.from_ticks;
	c->slice = end > c->begin ? (end - c->begin) / SLICES + 1 : 1;
	c->switches = ct_turns_any(&m->turns);
	for (i = 0; i < m->tables.process_count; i++)
		c->processes += m->tables.processes[i].state >= CT_PROC_LIVE &&
				!(m->tables.processes[i].flags & CT_PROC_LEFT_OUT) &&
				ct_view_shows_process(v, i);
	/* waits tell something without switches, too */
	err = ct_states_build(v->trace, v->model, take, c, NULL, NULL, &v->states);
	if (err)
		return err;
	c->over = (struct ct_usage_over){
		.begin = c->begin, .slice = c->slice, .n = SLICES, .slices = c->used};
	err = ct_usage_build(v->trace, m, &c->over, shows_process, v);
	add_up(c);
	return err;
}

/* The length of a slice, or of all. */
static uint64_t length(const struct counters *c, unsigned row)
{
	return row == ALL ? c->slice * SLICES : c->slice;
}

/* Nothing was looked at then. */
static bool is_unknown(const struct counters *c, unsigned row)
{
	return row != ALL && c->begin + c->slice * (row + 1) <= c->over.known_from;
}

/* --- text -------------------------------------------------------------------------------------------------------------------- */

static void print_number(FILE *f, int width, double n)
{
	char text[CT_TEXT_NUMBER];

	if (n < 0.005)
		fprintf(f, "%*s", width, "-");
	else if (n < 999.5)
		fprintf(f, "%*.*f", width, n < 10 ? 2 : n < 100 ? 1 : 0, n);
	else
		fprintf(f, "%*s", width, ct_text_count(text, (uint64_t)(n + 0.5)));
}

static double threads_in(const struct counters *c, unsigned row, enum group g)
{
	return (double)c->ticks[row][g] / (double)length(c, row);
}

/* What there is in a second. */
static double rate(const struct counters *c, unsigned row, double n)
{
	return n * 1e9 / (double)ct_view_ns(c->v, length(c, row));
}

static void print_used(const struct counters *c, unsigned row, int width, unsigned column)
{
	const struct ct_usage_slice *s = &c->used[row];
	char text[CT_TEXT_NUMBER];

	if (is_unknown(c, row))
		fprintf(c->v->out, "%*s", width, "?");
	else if (column == 0 && !s->resident)
		fprintf(c->v->out, "%*s", width, "-");
	else if (column == 0)
		fprintf(c->v->out, "%*s", width, ct_text_bytes(text, s->resident));
	else if (column == 1)
		print_number(c->v->out, width, rate(c, row, s->cpu_ns) / 1e9);
	else if (column == 2)
		print_number(c->v->out, width, rate(c, row, s->voluntary + s->involuntary));
	else
		print_number(c->v->out, width, rate(c, row, s->minor + s->major));
}

struct column {
	const char *head;
	int width;
	int group; /* enum group, or GROUPS + number of what is used */
};

/* Which there are, as far as they fit into the width: the most telling first, but in this order. */
static unsigned choose(const struct counters *c, struct column *to)
{
	static const struct column with[] = {{"run", 8, RUN},	      {"ready", 8, READY},
					     {"blocked", 8, BLOCKED}, {"calls", 8, CALLS},
					     {"outside", 8, OUTSIDE}, {"not seen", 9, UNSEEN}};
	static const struct column without[] = {
		{"awake", 8, UNSEEN}, {"blocked", 8, BLOCKED}, {"woken", 8, READY}};
	static const struct column used[] = {{"memory", 10, GROUPS},
					     {"cpu", 7, GROUPS + 1},
					     {"switches", 10, GROUPS + 2},
					     {"faults", 10, GROUPS + 3}};
	const struct column *states = c->switches ? with : without;
	size_t n =
		c->switches ? sizeof(with) / sizeof(with[0]) : sizeof(without) / sizeof(without[0]);
	unsigned room = c->v->o.width > HEAD_WIDTH ? c->v->o.width - HEAD_WIDTH : 0, count = 0;
	size_t i;

	for (i = 0; i < n + 4; i++) {
		const struct column *k = i < n ? &states[i] : &used[i - n];
		/* of the states two are kept where it is narrow: what is used says more than the others */
		bool keep = i < 2 || i >= n || c->v->o.width >= 80;

		if (i >= n && c->over.known_from == UINT64_MAX)
			break;
		if (k->group == UNSEEN && !c->ticks[ALL][UNSEEN])
			continue;
		if (!keep || (unsigned)k->width > room)
			continue;
		room -= (unsigned)k->width;
		to[count++] = *k;
	}
	return count;
}

static void print_row(const struct counters *c, unsigned row, const struct column *columns,
		      unsigned n)
{
	char at[CT_TEXT_NUMBER];
	unsigned i;

	fprintf(c->v->out, "%*s", HEAD_WIDTH,
		row == ALL ? "all" : ct_text_ns(at, ct_view_when(c->v, c->begin + c->slice * row)));
	for (i = 0; i < n; i++) {
		if (columns[i].group < GROUPS)
			print_number(c->v->out, columns[i].width,
				     threads_in(c, row, (enum group)columns[i].group));
		else
			print_used(c, row, columns[i].width, (unsigned)columns[i].group - GROUPS);
	}
	fputc('\n', c->v->out);
}

static void print_legend(const struct counters *c)
{
	char n[2][CT_TEXT_NUMBER];
	const struct ct_usage_slice *all = &c->used[ALL];

	fprintf(c->v->out, "\n%s\n",
		c->switches ? "run: threads on a CPU; calls: on one in a recorded call; ready: "
			      "waiting for one"
			    : "awake: threads in no recorded wait; whether they had a CPU was not "
			      "recorded");
	if (c->over.known_from == UINT64_MAX) {
		fputs("memory, switches and faults are not in this trace\n", c->v->out);
		return;
	}
	fprintf(c->v->out,
		"memory: the most there was at once, %s of it heap and stacks; cpu: CPUs used\n",
		ct_text_bytes(n[0], all->anonymous));
	fprintf(c->v->out, "switches, faults: in a second; in all %s switches, ",
		ct_text_count(n[0], (uint64_t)(all->voluntary + all->involuntary + 0.5)));
	fprintf(c->v->out, "%s of them preempted, %s faults, ",
		ct_text_count(n[0], (uint64_t)(all->involuntary + 0.5)),
		ct_text_count(n[1], (uint64_t)(all->minor + all->major + 0.5)));
	fprintf(c->v->out, "%s from disk\n", ct_text_count(n[0], (uint64_t)(all->major + 0.5)));
	if (c->over.processes < c->processes)
		fprintf(c->v->out,
			"of %u of %u processes: others were not looked at in time, or were too "
			"many\n",
			c->over.processes, c->processes);
}

static void print_text(const struct counters *c)
{
	struct column columns[GROUPS + 4];
	struct ct_view *v = c->v;
	unsigned n = choose(c, columns), i;
	char text[CT_TEXT_NUMBER];

	ct_view_window_states(v);
	fprintf(v->out, "%u slices of %s\n\n%s%*s", SLICES,
		ct_text_ns(text, ct_view_ns(v, c->slice)), ct_dim(v), HEAD_WIDTH, "from");
	for (i = 0; i < n; i++)
		fprintf(v->out, "%*s", columns[i].width, columns[i].head);
	fprintf(v->out, "%s\n", ct_plain(v));
	for (i = 0; i < SLICES; i++)
		print_row(c, i, columns, n);
	fputs(ct_bold(v), v->out);
	print_row(c, ALL, columns, n);
	fputs(ct_plain(v), v->out);
	print_legend(c);
	ct_view_blind(v, "");
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------- */

static void row_json(const struct counters *c, struct ct_json *j, unsigned row)
{
	static const char *const names[GROUPS] = {"running", "system_call", "ready",
						  "blocked", "outside",	    "not_seen"};
	const struct ct_usage_slice *s = &c->used[row];
	int g;

	ct_json_object(j, row == ALL ? "all" : NULL);
	ct_json_number(j, "from_ns",
		       ct_view_when(c->v, c->begin + (row == ALL ? 0 : c->slice * row)));
	for (g = 0; g < GROUPS; g++)
		ct_json_real(j, names[g], threads_in(c, row, (enum group)g));
	if (c->over.known_from != UINT64_MAX && !is_unknown(c, row)) {
		ct_json_number(j, "resident_bytes", s->resident);
		ct_json_number(j, "anonymous_bytes", s->anonymous);
		ct_json_real(j, "voluntary", s->voluntary);
		ct_json_real(j, "involuntary", s->involuntary);
		ct_json_real(j, "minor_faults", s->minor);
		ct_json_real(j, "major_faults", s->major);
		ct_json_number(j, "cpu_ns", (uint64_t)(s->cpu_ns + 0.5));
		ct_json_number(j, "system_ns", (uint64_t)(s->system_ns + 0.5));
	}
	ct_json_close(j, '}');
}

static void print_json(const struct counters *c)
{
	struct ct_json j;
	unsigned i;

	ct_line_head_json(c->v, &j, "counters");
	ct_json_bool(&j, "switches_recorded", c->switches);
	ct_json_number(&j, "processes", c->processes);
	ct_json_number(&j, "processes_counted", c->over.processes);
	ct_json_number(&j, "slice_ns", ct_view_ns(c->v, c->slice));
	ct_json_array(&j, "over_time");
	for (i = 0; i < SLICES; i++)
		row_json(c, &j, i);
	ct_json_close(&j, ']');
	row_json(c, &j, ALL);
	ct_json_finish(&j);
}

int ct_view_counters(struct ct_view *v)
{
	struct counters *c = calloc(1, sizeof(*c));
	int err = c ? find(v, c) : -ENOMEM;

	if (!err && v->o.json)
		print_json(c);
	else if (!err)
		print_text(c);
	free(c);
	return err;
}
