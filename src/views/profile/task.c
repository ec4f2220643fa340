/*
 * task.c - see task.h.
 */
#include "views/profile/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/tasks.h"
#include "views/analyze/notes.h"

static bool is_called(struct ct_view *v, const struct ct_user_task *t, const char *task)
{
	const char *name = t->name ? ct_trace_string(v->trace, t->name) : NULL;
	char id[32];

	return (name && !strcmp(name, task)) || !strcmp(ct_note_task(t->id, id, sizeof(id)), task);
}

static int by_thread(const void *a, const void *b)
{
	const struct ct_stretch *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

/* Regions lie in each other, and several of the tasks may be of one name. */
static void merge(struct ct_profile_task *t)
{
	uint32_t i, n = 0;

	qsort(t->stretch, t->count, sizeof(*t->stretch), by_thread);
	for (i = 0; i < t->count; i++) {
		const struct ct_stretch *s = &t->stretch[i];
		struct ct_stretch *last = n ? &t->stretch[n - 1] : NULL;

		if (last && last->thread == s->thread && s->from <= last->to)
			last->to = s->to > last->to ? s->to : last->to;
		else
			t->stretch[n++] = *s;
	}
	t->count = n;
}

static void index_threads(struct ct_profile_task *t, uint32_t threads)
{
	uint32_t i, k = 0;

	for (i = 0; i <= threads; i++) {
		while (k < t->count && t->stretch[k].thread < i)
			k++;
		t->first[i] = k;
	}
}

static void collect(struct ct_profile_task *t, struct ct_view *v, const struct ct_tasks *all,
		    const char *task)
{
	uint32_t i, k;

	for (i = 0; i < all->tasks.count; i++) {
		const struct ct_user_task *one = ct_tasks_at(all, i);

		if (!is_called(v, one, task))
			continue;
		t->tasks++;
		t->bare += !one->regions;
		for (k = one->regions; k; k = all->regions[k - 1].next) {
			const struct ct_user_region *g = &all->regions[k - 1];

			t->stretch[t->count++] = (struct ct_stretch){
				.from = g->begin, .to = g->end, .thread = g->thread};
		}
	}
}

int ct_profile_task_find(struct ct_profile_task *t, struct ct_view *v, const char *task)
{
	uint32_t threads = v->model->threads.count;
	struct ct_tasks *all;
	int err = ct_tasks_build(v->trace, v->model, NULL, false, &all);

	memset(t, 0, sizeof(*t));
	if (err)
		return err;
	t->stretch = malloc((all->region_count + 1u) * sizeof(*t->stretch));
	t->first = calloc(threads + 1u, sizeof(*t->first));
	if (t->stretch && t->first) {
		collect(t, v, all, task);
		merge(t);
		index_threads(t, threads);
		err = t->tasks ? 0 : -ENOENT;
	} else {
		err = -ENOMEM;
	}
	ct_tasks_free(all);
	if (err)
		ct_profile_task_free(t);
	return err;
}

uint64_t ct_profile_task_part(const struct ct_profile_task *t, uint32_t thread, uint64_t from,
			      uint64_t to)
{
	uint32_t lo, hi, mid;
	uint64_t part = 0;

	if (!t)
		return to - from;
	lo = t->first[thread];
	hi = t->first[thread + 1];
	while (lo < hi) { /* the first that ends after `from` */
		mid = lo + (hi - lo) / 2;
		if (t->stretch[mid].to <= from)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < t->first[thread + 1] && t->stretch[lo].from < to; lo++) {
		const struct ct_stretch *s = &t->stretch[lo];

		part += (s->to < to ? s->to : to) - (s->from > from ? s->from : from);
	}
	return part;
}

void ct_profile_task_free(struct ct_profile_task *t)
{
	free(t->stretch);
	free(t->first);
	memset(t, 0, sizeof(*t));
}
