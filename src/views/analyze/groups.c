/*
 * groups.c - see groups.h.
 */
#include "views/analyze/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/states.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/sums.h"
#include "views/analyze/text.h"

enum { RUN, READY, BLOCKED, LEFT, FIGURES };

/*
 * What is told of a thread, and adds up to its life.  Without switches the last is what is left of it, and how long it ran and was ready are parts of both,
 * where the kernel's sums tell.
 */
static const char *const with_switches[FIGURES] = {"run", "ready", "blocked", "not_seen"};
static const char *const with_sums[FIGURES] = {"run", "ready", "blocked", "rest"};
static const char *const without[FIGURES] = {NULL, NULL, "blocked", "rest"};

struct member {
	char *name;
	bool unread;		  /* without switches: run and ready are not known */
	uint64_t figure[FIGURES]; /* ticks */
};

struct group {
	uint32_t first, count; /* of the members */
	uint64_t total;	       /* blocked: the order */
};

struct groups {
	struct member *member;
	struct group *group;
	uint64_t *sorted; /* room for a figure of all members */
	uint32_t members, n;
	const char *const *what;
	struct ct_sums sums;
};

struct spread {
	uint32_t count; /* of those of which it is known */
	uint64_t total, min, mean, p50, p99, max;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static int by_total(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Nearest rank. */
static uint64_t percentile(const uint64_t *sorted, uint32_t n, unsigned per_cent)
{
	return sorted[((uint64_t)n * per_cent + 99) / 100 - 1];
}

static struct spread spread_of(const struct groups *all, const struct group *g, int figure)
{
	struct spread s = {0};
	uint32_t i;

	for (i = 0; i < g->count; i++) {
		const struct member *m = &all->member[g->first + i];

		if (m->unread && (figure == RUN || figure == READY))
			continue;
		all->sorted[s.count++] = m->figure[figure];
		s.total += m->figure[figure];
	}
	if (!s.count)
		return s;
	qsort(all->sorted, s.count, sizeof(*all->sorted), by_value);
	s.min = all->sorted[0];
	s.mean = s.total / s.count;
	s.p50 = percentile(all->sorted, s.count, 50);
	s.p99 = percentile(all->sorted, s.count, 99);
	s.max = all->sorted[s.count - 1];
	return s;
}

static uint32_t unread_of(const struct groups *all, const struct group *g)
{
	uint32_t i, n = 0;

	for (i = 0; i < g->count; i++)
		n += all->member[g->first + i].unread;
	return n;
}

static void fill(struct ct_view *v, uint32_t thread, uint64_t waited, struct groups *g,
		 struct member *to)
{
	const struct ct_thread *t = ct_model_thread_at(v->model, thread);
	const struct ct_life *l = v->states ? ct_states_life(v->states, thread) : NULL;
	uint64_t life = ct_view_lived(v, t);

	ct_sums_add(v, &g->sums, t, l);
	if (!l) {
		to->unread = !t->ran.until;
		to->figure[RUN] = ct_sums_ticks(v, t->ran.run_ns);
		to->figure[READY] = ct_sums_ticks(v, t->ran.delay_ns);
		to->figure[BLOCKED] = waited;
		to->figure[LEFT] = life > waited ? life - waited : 0;
		return;
	}
	to->figure[RUN] = l->state[CT_STATE_RUNNING] + l->state[CT_STATE_CALL] + l->awake_run;
	to->figure[READY] =
		l->state[CT_STATE_WOKEN] + l->state[CT_STATE_PREEMPTED] + l->awake_ready;
	to->figure[BLOCKED] = l->state[CT_STATE_BLOCKED] + l->state[CT_STATE_SHORT] +
			      l->state[CT_STATE_OUTSIDE] + l->state[CT_STATE_STOPPED];
	to->figure[LEFT] = l->state[CT_STATE_AWAKE] - l->awake_run - l->awake_ready +
			   l->state[CT_STATE_PAUSED];
}

static int find_members(struct ct_view *v, struct groups *g, uint64_t *waited)
{
	const struct ct_model *m = v->model;
	char name[CT_NAME_MAX];
	uint32_t i;

	for (i = 0; i < m->cells.count; i++)
		waited[ct_model_cell(m, i)->thread] += ct_cell_total(ct_model_cell(m, i));
	for (i = 0; i < m->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(m, i);

		if (!t->known || !t->serial || !ct_view_shows(v, t))
			continue;
		if (v->o.group == CT_GROUP_START)
			ct_name_start(v, t, name, sizeof(name));
		else
			ct_name_thread_bare(v, t, name, sizeof(name));
		fill(v, i, waited[i], g, &g->member[g->members]);
		g->member[g->members].name = strdup(name);
		if (!g->member[g->members].name)
			return -ENOMEM;
		g->members++;
	}
	return 0;
}

static void part(struct groups *g)
{
	uint32_t i;

	qsort(g->member, g->members, sizeof(*g->member), by_name);
	for (i = 0; i < g->members; i++) {
		if (!i || by_name(&g->member[i - 1], &g->member[i]) != 0)
			g->group[g->n++] = (struct group){.first = i};
		g->group[g->n - 1].count++;
		g->group[g->n - 1].total += g->member[i].figure[BLOCKED];
	}
	qsort(g->group, g->n, sizeof(*g->group), by_total);
}

static void print_spread(struct ct_view *v, const struct spread *s, const char *what)
{
	char n[6][CT_TEXT_NUMBER];

	fprintf(v->out, "%9s %8s %8s %8s %8s %8s  %s\n", ct_text_ns(n[0], ct_view_ns(v, s->total)),
		ct_text_ns(n[1], ct_view_ns(v, s->min)), ct_text_ns(n[2], ct_view_ns(v, s->mean)),
		ct_text_ns(n[3], ct_view_ns(v, s->p50)), ct_text_ns(n[4], ct_view_ns(v, s->p99)),
		ct_text_ns(n[5], ct_view_ns(v, s->max)), what);
}

static void print_group(struct ct_view *v, const struct groups *all, const struct group *g)
{
	uint32_t unread = all->what == with_sums ? unread_of(all, g) : 0;
	char n[CT_TEXT_NUMBER];
	int k;

	fprintf(v->out, "%s%s%s, %s thread%s", ct_bold(v), all->member[g->first].name, ct_plain(v),
		ct_text_count(n, g->count), g->count == 1 ? "" : "s");
	if (unread)
		fprintf(v->out, ", %s not read", ct_text_count(n, unread));
	fputc('\n', v->out);
	for (k = 0; k < FIGURES; k++) {
		struct spread s = spread_of(all, g, k);
		bool unseen = k == LEFT && v->states;

		if (all->what[k] && s.count && !(unseen && !s.total))
			print_spread(v, &s, unseen ? "not seen" : all->what[k]);
	}
}

static void print_text(struct ct_view *v, const struct groups *all)
{
	uint32_t i;

	(v->states ? ct_view_window_states : ct_view_window)(v);
	fprintf(v->out, "%s%9s %8s %8s %8s %8s %8s%s\n", ct_dim(v), "total", "min", "mean", "p50",
		"p99", "max", ct_plain(v));
	for (i = 0; i < all->n && i < v->o.top; i++)
		print_group(v, all, &all->group[i]);
	if (i < all->n)
		fprintf(v->out, "%u groups are not listed; --top %u shows them\n", all->n - i,
			all->n);
	fputc('\n', v->out);
	if (all->members)
		ct_sums_legend(v, &all->sums);
	ct_view_blind(v, "");
}

static void print_json(struct ct_view *v, const struct groups *all)
{
	struct ct_json j;
	uint32_t i;
	int k;

	ct_line_head_json(v, &j, "threads");
	ct_json_array(&j, "groups");
	for (i = 0; i < all->n && i < v->o.top; i++) {
		const struct group *g = &all->group[i];

		ct_json_object(&j, NULL);
		ct_json_text(&j, "group", all->member[g->first].name);
		ct_json_number(&j, "count", g->count);
		if (all->what == with_sums)
			ct_json_number(&j, "not_read", unread_of(all, g));
		for (k = 0; k < FIGURES; k++) {
			struct spread s;

			if (!all->what[k])
				continue;
			s = spread_of(all, g, k);
			if (!s.count)
				continue;
			ct_json_object(&j, all->what[k]);
			ct_json_number(&j, "total_ns", ct_view_ns(v, s.total));
			ct_json_number(&j, "min_ns", ct_view_ns(v, s.min));
			ct_json_number(&j, "mean_ns", ct_view_ns(v, s.mean));
			ct_json_number(&j, "p50_ns", ct_view_ns(v, s.p50));
			ct_json_number(&j, "p99_ns", ct_view_ns(v, s.p99));
			ct_json_number(&j, "max_ns", ct_view_ns(v, s.max));
			ct_json_close(&j, '}');
		}
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_finish(&j);
}

int ct_groups_show(struct ct_view *v)
{
	uint32_t room = v->model->threads.count + 1u, i;
	uint64_t *waited = calloc(room, sizeof(*waited));
	struct groups g = {.member = calloc(room, sizeof(*g.member)),
			   .group = calloc(room, sizeof(*g.group)),
			   .sorted = calloc(room, sizeof(*g.sorted)),
			   .what = v->states	    ? with_switches
				   : ct_sums_any(v) ? with_sums
						    : without,
			   .sums = {.switches = v->states != NULL}};
	int err = -ENOMEM;

	if (waited && g.member && g.group && g.sorted)
		err = find_members(v, &g, waited);
	if (!err) {
		part(&g);
		if (v->o.json)
			print_json(v, &g);
		else
			print_text(v, &g);
	}
	for (i = 0; g.member && i < g.members; i++)
		free(g.member[i].name);
	free(g.member);
	free(g.group);
	free(g.sorted);
	free(waited);
	return err;
}
