/*
 * pauses.c - when a program had stopped its recording.
 *
 * Of what its threads did then there is nothing, and of what they had begun by the end of it neither: a thread may be in a wait nobody recorded, until
 * it is seen to begin another one.  Only the thread that started the recording again is known to have been awake.
 */
#include <errno.h>
#include <stdlib.h>

#include "model_int.h"

void ct_pauses_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint32_t i = ct_pool_add(&m->marks);
	struct ct_pause_mark *mark;

	if (i == CT_NONE)
		return;
	mark = ct_pool_at(&m->marks, i);
	mark->ticks = r->ticks;
	mark->process = who->process;
	mark->thread = who->thread;
	mark->on = r->v[CT_F_recording_on] != 0;
}

static int by_time(const void *a, const void *b)
{
	const struct ct_pause_mark *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return (x->on > y->on) - (x->on < y->on);
}

/* A start without a stop: a ring has lost that, or the process was forked in between. */
static void make(struct ct_model *m, const struct ct_pause_mark *marks, uint32_t n)
{
	struct ct_pause *p = NULL;
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct ct_pause_mark *mark = &marks[i];
		bool open = p && p->process == mark->process && p->on == UINT64_MAX;

		if (!open && mark->on && p && p->process == mark->process)
			continue; /* twice; it was on */
		if (!open) {
			p = &m->pauses[m->pause_count++];
			*p = (struct ct_pause){.off = mark->on ? 0 : mark->ticks,
					       .on = UINT64_MAX,
					       .process = mark->process};
		}
		if (mark->on) {
			p->on = mark->ticks;
			p->thread = mark->thread;
		}
	}
}

int ct_pauses_finish(struct ct_model *m)
{
	uint32_t n = m->marks.count, i;
	struct ct_pause_mark *marks;

	if (m->marks.failed)
		return -ENOMEM;
	if (!n)
		return 0;
	marks = malloc(n * sizeof(*marks));
	m->pauses = calloc(n, sizeof(*m->pauses));
	if (!marks || !m->pauses) {
		free(marks);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		marks[i] = *(struct ct_pause_mark *)ct_pool_at(&m->marks, i);
	qsort(marks, n, sizeof(*marks), by_time);
	make(m, marks, n);
	free(marks);
	return 0;
}

const struct ct_pause *ct_pauses_of(const struct ct_model *m, uint32_t process, uint32_t *n)
{
	uint32_t lo = 0, hi = m->pause_count, end;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->pauses[mid].process < process)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < m->pause_count && m->pauses[end].process == process;)
		end++;
	*n = end - lo;
	return end > lo ? &m->pauses[lo] : NULL;
}
