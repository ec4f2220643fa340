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
#include "views/analyze/text.h"

#define FIGURES 4
#define UNSEEN	3

/* What is told of a thread, and adds up to its life.  Without switches the first is what is left of it. */
static const char *const with_switches[FIGURES] = {"run", "ready", "blocked", "not_seen"};
static const char *const without[FIGURES] = {"rest", NULL, "blocked", NULL};

struct member {
	char *name;
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
};

struct spread {
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

	if (!g->count)
		return s;
	for (i = 0; i < g->count; i++) {
		all->sorted[i] = all->member[g->first + i].figure[figure];
		s.total += all->sorted[i];
	}
	qsort(all->sorted, g->count, sizeof(*all->sorted), by_value);
	s.min = all->sorted[0];
	s.mean = s.total / g->count;
	s.p50 = percentile(all->sorted, g->count, 50);
	s.p99 = percentile(all->sorted, g->count, 99);
	s.max = all->sorted[g->count - 1];
	return s;
}

static void fill(struct ct_view *v, uint32_t thread, uint64_t waited, struct member *to)
{
	const struct ct_thread *t = ct_model_thread_at(v->model, thread);
	const uint64_t *state;
	uint64_t life = ct_view_lived(v, t);

	if (!v->states) {
		to->figure[0] = life > waited ? life - waited : 0;
		to->figure[2] = waited;
		return;
	}
	state = ct_states_life(v->states, thread)->state;
	to->figure[0] = state[CT_STATE_RUNNING] + state[CT_STATE_CALL];
	to->figure[1] = state[CT_STATE_WOKEN] + state[CT_STATE_PREEMPTED];
	to->figure[2] = state[CT_STATE_BLOCKED] + state[CT_STATE_SHORT] + state[CT_STATE_OUTSIDE];
	to->figure[UNSEEN] = state[CT_STATE_AWAKE] + state[CT_STATE_STOPPED];
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
		fill(v, i, waited[i], &g->member[g->members]);
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
		g->group[g->n - 1].total += g->member[i].figure[2];
	}
	qsort(g->group, g->n, sizeof(*g->group), by_total);
}

static void print_text(struct ct_view *v, const struct groups *all)
{
	char n[6][CT_TEXT_NUMBER];
	uint32_t i;
	int k;

	(v->states ? ct_view_window_states : ct_view_window)(v);
	fprintf(v->out, "%s%9s %8s %8s %8s %8s %8s%s\n", ct_dim(v), "total", "min", "mean", "p50",
		"p99", "max", ct_plain(v));
	for (i = 0; i < all->n && i < v->o.top; i++) {
		const struct group *g = &all->group[i];

		fprintf(v->out, "%s%s%s, %s thread%s\n", ct_bold(v), all->member[g->first].name,
			ct_plain(v), ct_text_count(n[0], g->count), g->count == 1 ? "" : "s");
		for (k = 0; k < FIGURES; k++) {
			struct spread s;

			if (!all->what[k])
				continue;
			s = spread_of(all, g, k);
			if (k == UNSEEN && !s.total)
				continue;
			fprintf(v->out, "%9s %8s %8s %8s %8s %8s  %s\n",
				ct_text_ns(n[0], ct_view_ns(v, s.total)),
				ct_text_ns(n[1], ct_view_ns(v, s.min)),
				ct_text_ns(n[2], ct_view_ns(v, s.mean)),
				ct_text_ns(n[3], ct_view_ns(v, s.p50)),
				ct_text_ns(n[4], ct_view_ns(v, s.p99)),
				ct_text_ns(n[5], ct_view_ns(v, s.max)),
				k == UNSEEN ? "not seen" : all->what[k]);
		}
	}
	if (i < all->n)
		fprintf(v->out, "%u groups are not listed; --top %u shows them\n", all->n - i,
			all->n);
	fputc('\n', v->out);
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
		for (k = 0; k < FIGURES; k++) {
			struct spread s;

			if (!all->what[k])
				continue;
			s = spread_of(all, g, k);
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
			   .what = v->states ? with_switches : without};
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
