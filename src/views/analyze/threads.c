/*
 * threads.c - every thread: how long it lived, what it waited for, and what is left of its life.
 *
 * Where the kernel's switches were recorded, the life is told by states (model/states.h), and nothing is left.  Where they were not, what
 * is left is "running or runnable": ctrace sees when a thread stops for a wrapped call and nothing in between.  How long it ran and was
 * ready in all may be known even so, from the kernel's sums (schedstat), and is marked as theirs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/groups.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/sums.h"
#include "views/analyze/text.h"

struct line {
	uint32_t thread; /* row in the model */
	uint64_t waits[CT_WHYS], total[CT_WHYS];
	uint64_t busy; /* total without short calls, sleep and idle: the order */
	uint64_t life, rest;
	uint64_t abandoned, abandoned_total; /* in the rest */
	const struct ct_life *states;	     /* NULL: no switches */
	bool ran;			     /* of some threads it is known how long they ran */
	uint64_t ran_run, ran_ready;	     /* without states: of this one */
};

static int by_busy(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->busy != y->busy)
		return x->busy > y->busy ? -1 : 1;
	return (x->thread > y->thread) - (x->thread < y->thread);
}

/* What of its states nothing tells. */
static uint64_t not_seen(const struct ct_life *s)
{
	return s->state[CT_STATE_AWAKE] - s->awake_run - s->awake_ready;
}

static struct line *make_lines(struct ct_view *v, uint32_t *count)
{
	struct ct_model *m = v->model;
	struct line *all = calloc(m->threads.count + 1u, sizeof(*all));
	uint32_t i, n = 0;
	int why;

	if (!all)
		return NULL;
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		all[c->thread].waits[c->why] += ct_cell_waits(c);
		all[c->thread].total[c->why] += ct_cell_total(c);
		all[c->thread].abandoned += ct_cell_more(m, c)->abandoned;
		all[c->thread].abandoned_total += ct_cell_more(m, c)->abandoned_total;
	}
	for (i = 0; i < m->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(m, i);
		struct line l = all[i];
		uint64_t sum = 0;

		if (!t->known || !t->serial || !ct_view_shows(v, t))
			continue;
		l.thread = i;
		l.states = v->states ? ct_states_life(v->states, i) : NULL;
		for (why = 0; why < CT_WHYS; why++)
			sum += l.total[why];
		l.busy = l.total[CT_WHY_LOCK] + l.total[CT_WHY_OTHERS] + l.total[CT_WHY_IO];
		l.ran = !l.states && ct_sums_any(v);
		if (l.ran) {
			l.ran_run = ct_sums_ticks(v, t->ran.run_ns);
			l.ran_ready = ct_sums_ticks(v, t->ran.delay_ns);
		}
		l.life = ct_view_lived(v, t);
		l.rest = l.life > sum ? l.life - sum : 0;
		all[n++] = l;
	}
	qsort(all, n, sizeof(*all), by_busy);
	*count = n;
	return all;
}

/* Reasons as columns.  Short calls are told with I/O: both are calls. */
static const enum ct_why reasons[] = {CT_WHY_LOCK, CT_WHY_OTHERS, CT_WHY_IO, CT_WHY_SLEEP,
				      CT_WHY_IDLE};
#define REASONS (sizeof(reasons) / sizeof(reasons[0]))
#define COLUMNS (REASONS + 4)

/* What a table shows of a thread, in ticks. */
struct row {
	uint64_t column[COLUMNS];
	unsigned n;
};

/* Without switches: lived, how long it ran and was ready where that is known, the reasons, and what is left. */
static struct row rest_row(const struct line *l)
{
	struct row r = {.n = 0};
	size_t k;

	r.column[r.n++] = l->life;
	if (l->ran) {
		r.column[r.n++] = l->ran_run;
		r.column[r.n++] = l->ran_ready;
	}
	for (k = 0; k < REASONS; k++)
		r.column[r.n++] = l->total[reasons[k]] +
				  (reasons[k] == CT_WHY_IO ? l->total[CT_WHY_CALLS] : 0);
	r.column[r.n++] = l->rest;
	return r;
}

/* With them: lived, and parts that add up to it but for what was not seen. */
static struct row states_row(const struct line *l)
{
	const struct ct_life *s = l->states;
	struct row r = {.n = 0};
	size_t k;

	r.column[r.n++] = l->life;
	r.column[r.n++] = s->state[CT_STATE_RUNNING] + s->state[CT_STATE_CALL] + s->awake_run;
	r.column[r.n++] = s->state[CT_STATE_WOKEN] + s->state[CT_STATE_PREEMPTED] + s->awake_ready;
	for (k = 0; k < REASONS; k++)
		r.column[r.n++] = s->blocked[reasons[k]];
	r.column[r.n++] =
		s->state[CT_STATE_SHORT] + s->state[CT_STATE_OUTSIDE] + s->state[CT_STATE_STOPPED];
	return r;
}

static struct row row_of(const struct line *l)
{
	return l->states ? states_row(l) : rest_row(l);
}

static int column_width(const struct row *r)
{
	return r->n == COLUMNS ? 8 : 10;
}

static void print_row(struct ct_view *v, const struct row *r)
{
	char n[CT_TEXT_NUMBER];
	unsigned k;

	for (k = 0; k < r->n; k++)
		fprintf(v->out, "%*s", column_width(r) - !k,
			r->column[k] || !k ? ct_text_ns(n, ct_view_ns(v, r->column[k])) : "-");
	fputs("  ", v->out);
}

static void print_line(struct ct_view *v, const struct line *l)
{
	const struct ct_thread *t = ct_model_thread_at(v->model, l->thread);
	char name[CT_NAME_MAX], n[CT_TEXT_NUMBER];
	struct row r = row_of(l);

	print_row(v, &r);
	ct_name_thread(v, t, name, sizeof(name));
	if (v->many_processes && t->process < v->model->tables.process_count)
		ct_text_add(name, sizeof(name), ", pid %u",
			    v->model->tables.processes[t->process].pid);
	if (l->states && not_seen(l->states))
		ct_text_add(name, sizeof(name), ", %s not seen",
			    ct_text_ns(n, ct_view_ns(v, not_seen(l->states))));
	if (l->states && l->states->state[CT_STATE_STOPPED])
		ct_text_add(name, sizeof(name), ", %s stopped",
			    ct_text_ns(n, ct_view_ns(v, l->states->state[CT_STATE_STOPPED])));
	if (l->states && l->states->state[CT_STATE_PAUSED])
		ct_text_add(name, sizeof(name), ", %s with recording stopped",
			    ct_text_ns(n, ct_view_ns(v, l->states->state[CT_STATE_PAUSED])));
	if (l->ran && !t->ran.until)
		ct_text_add(name, sizeof(name), ", not read");
	if (!t->ended && !ct_trace_info(v->trace)->live)
		ct_text_add(name, sizeof(name), " *");
	fputs(ct_bold(v), v->out);
	ct_text_wrap(v->out, name, (unsigned)column_width(&r) * r.n + 1, v->o.width);
	fputs(ct_plain(v), v->out);
}

static void print_head(struct ct_view *v, bool states, bool ran)
{
	static const char *const with[] = {"lived", "run",   "ready", "locks",	"others",
					   "I/O",   "sleep", "idle",  "outside"};
	static const char *const sums[] = {"lived", "run",   "ready", "locks", "others",
					   "I/O",   "sleep", "idle",  "rest"};
	static const char *const without[] = {"lived", "locks", "others", "I/O",
					      "sleep", "idle",	"rest"};
	const char *const *head = states ? with : ran ? sums : without;
	struct row r = {.n = states || ran ? COLUMNS : COLUMNS - 2};
	unsigned k;

	fputs(ct_dim(v), v->out);
	for (k = 0; k < r.n; k++)
		fprintf(v->out, "%*s", column_width(&r) - !k, head[k]);
	fprintf(v->out, "  thread%s\n", ct_plain(v));
}

static void print_legend(struct ct_view *v, const struct ct_life *all, bool abandoned, bool open)
{
	char n[3][CT_TEXT_NUMBER];

	if (!all) {
		fprintf(v->out,
			"\nrest: running, ready to run, or in a call that is not traced%s%s\n",
			abandoned ? " or was abandoned" : "",
			open ? "; *: its end was not seen" : "");
		return;
	}
	fprintf(v->out, "\nrun: on a CPU, %s of it in recorded calls\n",
		ct_text_ns(n[0], ct_view_ns(v, all->state[CT_STATE_CALL])));
	fprintf(v->out,
		"ready: waiting for a CPU, %s after being woken and %s after being preempted\n",
		ct_text_ns(n[0], ct_view_ns(v, all->state[CT_STATE_WOKEN])),
		ct_text_ns(n[1], ct_view_ns(v, all->state[CT_STATE_PREEMPTED])));
	fprintf(v->out,
		"outside: off the CPU in no recorded wait%s, %s of it in waits too short for a "
		"record\n",
		abandoned ? " or in an abandoned one" : "",
		ct_text_ns(n[0], ct_view_ns(v, all->state[CT_STATE_SHORT])));
	if (all->state[CT_STATE_STOPPED])
		fprintf(v->out, "stopped: by a signal or a debugger, %s, which is in \"outside\"\n",
			ct_text_ns(n[0], ct_view_ns(v, all->state[CT_STATE_STOPPED])));
	if (not_seen(all))
		fprintf(v->out,
			"not seen: in no recorded wait while switches were not recorded, %s\n",
			ct_text_ns(n[0], ct_view_ns(v, not_seen(all))));
	if (open)
		fputs("*: its end was not seen\n", v->out);
}

static void add_life(struct ct_life *to, const struct ct_life *l)
{
	int i;

	for (i = 0; i < CT_STATES; i++)
		to->state[i] += l->state[i];
	for (i = 0; i < CT_WHYS; i++)
		to->blocked[i] += l->blocked[i];
	to->awake_run += l->awake_run;
	to->awake_ready += l->awake_ready;
}

static void print_text(struct ct_view *v, const struct line *lines, uint32_t n)
{
	bool states = n && lines[0].states;
	struct ct_life lives = {.state = {0}};
	struct line all = {.states = states ? &lives : NULL, .ran = n && lines[0].ran};
	struct ct_sums sums = {.switches = states};
	uint32_t i, open = 0;
	struct row r;
	int why;

	(states ? ct_view_window_states : ct_view_window)(v);
	print_head(v, states, all.ran);
	for (i = 0; i < n; i++) {
		const struct ct_thread *t = ct_model_thread_at(v->model, lines[i].thread);

		if (i < v->o.top) {
			print_line(v, &lines[i]);
			open += !t->ended && !ct_trace_info(v->trace)->live;
		}
		for (why = 0; why < CT_WHYS; why++)
			all.total[why] += lines[i].total[why];
		ct_sums_add(v, &sums, t, lines[i].states);
		all.ran_run += lines[i].ran_run;
		all.ran_ready += lines[i].ran_ready;
		all.abandoned += lines[i].abandoned;
		all.life += lines[i].life;
		all.rest += lines[i].rest;
		if (states)
			add_life(&lives, lines[i].states);
	}
	r = row_of(&all);
	print_row(v, &r);
	fprintf(v->out, "all %u threads\n", n);
	if (n > v->o.top)
		fprintf(v->out, "%u threads are not listed; --top %u shows them\n", n - v->o.top,
			n);
	print_legend(v, all.states, all.abandoned != 0, open != 0);
	if (n)
		ct_sums_legend(v, &sums);
	ct_view_blind(v, "");
}

static void json_states(struct ct_view *v, struct ct_json *j, const struct ct_life *s)
{
	char key[32];
	int i;

	ct_json_object(j, "states");
	for (i = 0; i < CT_STATES; i++) {
		snprintf(key, sizeof(key), "%s_ns", ct_state_name((enum ct_state)i));
		ct_json_number(j, key, ct_view_ns(v, s->state[i]));
	}
	ct_json_number(j, "awake_run_ns", ct_view_ns(v, s->awake_run));
	ct_json_number(j, "awake_ready_ns", ct_view_ns(v, s->awake_ready));
	ct_json_object(j, "blocked_by_reason");
	for (i = 0; i < CT_WHYS; i++) {
		snprintf(key, sizeof(key), "%s_ns", ct_why_name((enum ct_why)i));
		ct_json_number(j, key, ct_view_ns(v, s->blocked[i]));
	}
	ct_json_close(j, '}');
	ct_json_number(j, "woken", s->woken);
	ct_json_number(j, "woken_max_ns", ct_view_ns(v, s->woken_max));
	ct_json_number(j, "preempted", s->preempted);
	ct_json_number(j, "preempted_max_ns", ct_view_ns(v, s->preempted_max));
	ct_json_number(j, "migrations", s->migrations);
	ct_json_close(j, '}');
}

/* What is said of when it ran rests on this. */
static const char *source_of(const struct line *l, const struct ct_thread *t)
{
	const struct ct_life *s = l->states;

	if (!s)
		return t->ran.until ? "schedstat" : "waits";
	if (!s->state[CT_STATE_AWAKE])
		return "switches";
	return t->ran.read ? "switches and schedstat" : "switches and waits";
}

static void json_ran(struct ct_view *v, struct ct_json *j, const struct ct_thread *t)
{
	ct_json_object(j, "schedstat");
	ct_json_number(j, "run_ns", t->ran.run_ns);
	ct_json_number(j, "ready_ns", t->ran.delay_ns);
	ct_json_number(j, "turns", t->ran.turns);
	ct_json_number(j, "unread_ns",
		       ct_view_ns(v, t->end > t->ran.until ? t->end - t->ran.until : 0));
	ct_json_close(j, '}');
}

static void print_json(struct ct_view *v, const struct line *lines, uint32_t n)
{
	struct ct_json j;
	uint32_t i;
	int why;

	ct_line_head_json(v, &j, "threads");
	ct_json_array(&j, "threads");
	for (i = 0; i < n && i < v->o.top; i++) {
		const struct line *l = &lines[i];
		const struct ct_thread *t = ct_model_thread_at(v->model, l->thread);
		const struct ct_thread *parent = ct_model_thread(v->model, t->parent);

		ct_json_object(&j, NULL);
		ct_name_thread_json(v, &j, "", t);
		ct_json_number(&j, "serial", t->serial);
		ct_json_number(&j, "parent_tid", parent ? parent->tid : 0);
		ct_json_bool(&j, "ended", t->ended);
		ct_json_number(&j, "begin_ns", ct_view_when(v, t->begin));
		ct_json_number(&j, "end_ns", ct_view_when(v, t->end));
		ct_json_number(&j, "lived_ns", ct_view_ns(v, l->life));
		ct_json_number(&j, "rest_ns", ct_view_ns(v, l->rest));
		ct_json_number(&j, "recorded_waits", t->waits);
		ct_json_number(&j, "abandoned", l->abandoned);
		ct_json_number(&j, "abandoned_at_most_ns", ct_view_ns(v, l->abandoned_total));
		ct_json_object(&j, "by_reason");
		for (why = 0; why < CT_WHYS; why++) {
			ct_json_object(&j, ct_why_name((enum ct_why)why));
			ct_json_number(&j, "waits", l->waits[why]);
			ct_json_number(&j, "total_ns", ct_view_ns(v, l->total[why]));
			ct_json_close(&j, '}');
		}
		ct_json_close(&j, '}');
		ct_json_text(&j, "source", source_of(l, t));
		if (t->ran.until)
			json_ran(v, &j, t);
		if (l->states)
			json_states(v, &j, l->states);
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_finish(&j);
}

int ct_view_threads(struct ct_view *v)
{
	int err = ct_view_states(v, NULL, NULL);
	struct line *lines;
	uint32_t n;

	if (err)
		return err;
	if (v->o.group)
		return ct_groups_show(v);
	lines = make_lines(v, &n);
	if (!lines)
		return -ENOMEM;
	if (v->o.json)
		print_json(v, lines, n);
	else
		print_text(v, lines, n);
	free(lines);
	return 0;
}
