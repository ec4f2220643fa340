/*
 * tasks.c - see tasks.h.
 *
 * While records come, an end mostly closes the region its thread opened last; those that do not are sorted to their beginnings afterwards.
 * Then one sweep over the regions of each thread says what lies in what.
 */
#include "tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "texts.h"

#define LOOK_UP	  32u /* open regions an end is looked for among, at once */
#define UP_MAX	  4096u
#define NO_END	  UINT64_MAX
#define ENDS_ONLY (1u << 31) /* a row made of an end, not yet brought together with its beginning */

#define EVENTS                                                                                     \
	(1ull << CT_EV_task_begin | 1ull << CT_EV_task_end | 1ull << CT_EV_region_begin |          \
	 1ull << CT_EV_region_end | 1ull << CT_EV_log | 1ull << CT_EV_label | 1ull << CT_EV_text)

struct build {
	struct ct_tasks *t;
	const struct ct_model *m;
	const char *log;
	uint32_t *open; /* by thread: the region it opened last and has not ended, index + 1 */
	struct ct_texts *texts; /* NULL: not wanted */
	bool failed;
};

/* --- arrays that grow ------------------------------------------------------------------------------------------------------- */

static void *grow(struct build *b, void *rows, uint32_t count, uint32_t *room, size_t bytes)
{
	uint32_t more = *room ? *room * 2 : 256;
	void *p;

	if (count < *room)
		return rows;
	p = more > CT_TABLE_ROWS_MAX ? NULL : realloc(rows, more * bytes);
	if (!p) {
		b->failed = true;
		return rows;
	}
	*room = more;
	return p;
}

static struct ct_user_region *add_region(struct build *b)
{
	struct ct_tasks *t = b->t;

	t->regions = grow(b, t->regions, t->region_count, &t->region_room, sizeof(*t->regions));
	if (b->failed)
		return NULL;
	memset(&t->regions[t->region_count], 0, sizeof(*t->regions));
	return &t->regions[t->region_count++];
}

static struct ct_user_task *task_of(struct build *b, uint64_t id)
{
	uint32_t before = b->t->tasks.count;
	struct ct_user_task *task = ct_table_row(&b->t->tasks, ct_table_put(&b->t->tasks, &id));

	if (b->t->tasks.count > before) {
		task->thread = task->end_thread = CT_NONE;
		task->flags = CT_NOTE_UNENDED | CT_NOTE_UNBEGUN;
	}
	return task;
}

/* --- records ------------------------------------------------------------------------------------------------------------------ */

static void take_task_begin(struct build *b, uint32_t thread, const struct ct_record *r)
{
	struct ct_user_task *task = task_of(b, r->v[CT_F_task_begin_task]);

	task->begin = r->ticks;
	task->name = (uint32_t)r->v[CT_F_task_begin_name];
	task->parent = r->v[CT_F_task_begin_parent];
	task->thread = thread;
	task->flags &= ~CT_NOTE_UNBEGUN;
}

static void take_task_end(struct build *b, uint32_t thread, const struct ct_record *r)
{
	struct ct_user_task *task = task_of(b, r->v[CT_F_task_end_task]);
	uint64_t dur = r->v[CT_F_task_end_dur];
	bool again = !(task->flags & CT_NOTE_UNENDED);

	/* chunks come in any order */
	if (!again || r->ticks < task->end) {
		task->end = r->ticks;
		task->end_thread = thread;
	}
	task->flags = (task->flags & ~CT_NOTE_UNENDED) | (again ? CT_NOTE_AGAIN : 0);
	if (!(task->flags & CT_NOTE_UNBEGUN) || !dur || dur > r->ticks)
		return;
	task->begin = r->ticks - dur;
	task->name = (uint32_t)r->v[CT_F_task_end_name];
}

static void take_region_begin(struct build *b, uint32_t thread, const struct ct_record *r)
{
	struct ct_user_region *g = add_region(b);

	if (!g)
		return;
	*g = (struct ct_user_region){.begin = r->ticks,
				     .end = NO_END,
				     .task = r->v[CT_F_region_begin_task],
				     .thread = thread,
				     .name = (uint32_t)r->v[CT_F_region_begin_name],
				     .up = b->open[thread],
				     .flags = CT_NOTE_UNENDED};
	b->open[thread] = b->t->region_count;
}

/* The one among those its thread opened last that begins then. */
static struct ct_user_region *find_open(const struct build *b, uint32_t thread, uint64_t begin)
{
	uint32_t i = b->open[thread], n;

	for (n = 0; i && n < LOOK_UP; n++, i = b->t->regions[i - 1].up)
		if (b->t->regions[i - 1].begin == begin)
			return &b->t->regions[i - 1];
	return NULL;
}

static void take_region_end(struct build *b, uint32_t thread, const struct ct_record *r)
{
	uint64_t dur = r->v[CT_F_region_end_dur], begin = dur < r->ticks ? r->ticks - dur : 0;
	struct ct_user_region *g = find_open(b, thread, begin);

	if (g) {
		g->end = r->ticks;
		g->flags = 0;
		b->open[thread] = g->up;
		return;
	}
	g = add_region(b);
	if (g)
		*g = (struct ct_user_region){.begin = begin,
					     .end = r->ticks,
					     .task = r->v[CT_F_region_end_task],
					     .thread = thread,
					     .name = (uint32_t)r->v[CT_F_region_end_name],
					     .flags = ENDS_ONLY};
}

/* --- messages ----------------------------------------------------------------------------------------------------------------- */

static void keep_log(struct build *b, const struct ct_whole_text *w)
{
	struct ct_tasks *t = b->t;
	uint32_t room;
	char *p;

	t->logs_matched++;
	if (t->log_count >= CT_TASKS_LOGS_MAX)
		return;
	t->logs = grow(b, t->logs, t->log_count, &t->log_room, sizeof(*t->logs));
	if (t->text_used + w->n + 1 > t->text_room) {
		room = (t->text_used + w->n + 1) * 2;
		p = realloc(t->text, room);
		b->failed |= !p;
		t->text = p ? p : t->text;
		t->text_room = p ? room : t->text_room;
	}
	if (b->failed)
		return;
	memcpy(t->text + t->text_used, w->text, w->n + 1);
	t->logs[t->log_count++] =
		(struct ct_user_log){.ticks = w->first.ticks,
				     .task = w->first.v[CT_F_log_task],
				     .thread = w->thread,
				     .category = (uint32_t)w->first.v[CT_F_log_category],
				     .text = t->text_used,
				     .bytes = (uint32_t)w->first.v[CT_F_log_bytes]};
	t->text_used += w->n + 1;
}

static void take_whole(void *arg, const struct ct_whole_text *w)
{
	struct build *b = arg;

	if (w->first.type == CT_EV_label)
		ct_labels_add(&b->t->labels, w);
	else if (b->log && strstr(w->text, b->log))
		keep_log(b, w);
}

static void take(struct build *b, uint32_t thread, const struct ct_record *r)
{
	switch (r->type) {
	case CT_EV_task_begin: take_task_begin(b, thread, r); break;
	case CT_EV_task_end: take_task_end(b, thread, r); break;
	case CT_EV_region_begin: take_region_begin(b, thread, r); break;
	case CT_EV_region_end: take_region_end(b, thread, r); break;
	case CT_EV_log:
		if (r->v[CT_F_log_task])
			task_of(b, r->v[CT_F_log_task])->logs++;
		/* fall through */
	case CT_EV_label:
	case CT_EV_text:
		if (b->texts)
			ct_texts_take(b->texts, thread, r);
		break;
	default: break;
	}
}

/* --- regions: bringing beginnings and ends together ------------------------------------------------------------------------------ */

static int by_place(const void *a, const void *b)
{
	const struct ct_user_region *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* Regions [from, to) began at once in one thread: the open ones come first, ends without a beginning among the others. */
static void pair(struct ct_tasks *t, uint32_t from, uint32_t to)
{
	uint32_t open = from, i;

	for (i = from; i < to; i++) {
		struct ct_user_region *end = &t->regions[i], *g = &t->regions[open];

		if (!(end->flags & ENDS_ONLY))
			continue;
		end->flags = 0;
		if (open < i && (g->flags & CT_NOTE_UNENDED)) {
			g->end = end->end;
			g->flags = 0;
			end->thread = CT_NONE; /* gone */
			open++;
		} else {
			end->flags = CT_NOTE_UNBEGUN;
			t->nameless_ends += !end->name;
		}
	}
}

static void pair_all(struct ct_tasks *t)
{
	uint32_t i, from, to, kept = 0;

	for (from = 0; from < t->region_count; from = to) {
		const struct ct_user_region *g = &t->regions[from];

		for (to = from + 1; to < t->region_count && t->regions[to].thread == g->thread &&
				    t->regions[to].begin == g->begin;)
			to++;
		pair(t, from, to);
	}
	for (i = 0; i < t->region_count; i++)
		if (t->regions[i].thread != CT_NONE)
			t->regions[kept++] = t->regions[i];
	t->region_count = kept;
}

/* --- regions: what lies in what ---------------------------------------------------------------------------------------------------- */

struct level {
	uint32_t region;
	uint64_t end; /* not after that of the level around it */
};

/* Is one of the regions around it of the same task?  Nearly always the next one tells. */
static bool is_inside(const struct ct_tasks *t, const struct ct_user_region *g)
{
	uint32_t i = g->up, n;

	for (n = 0; i && n < LOOK_UP; n++, i = t->regions[i - 1].up)
		if (t->regions[i - 1].task == g->task)
			return true;
	return false;
}

static int nest(struct build *b)
{
	struct ct_tasks *t = b->t;
	struct level *stack = NULL;
	uint32_t depth = 0, room = 0, i;

	for (i = 0; i < t->region_count; i++) {
		struct ct_user_region *g = &t->regions[i];
		const struct ct_thread *thread = ct_model_thread_at(b->m, g->thread);
		uint64_t end = thread->ended ? thread->end : b->m->end;

		if (i && g[-1].thread != g->thread)
			depth = 0;
		while (depth && stack[depth - 1].end <= g->begin)
			depth--;
		g->up = depth ? stack[depth - 1].region + 1 : 0;
		if (depth && stack[depth - 1].end < end)
			end = stack[depth - 1].end;
		if (g->flags & CT_NOTE_UNENDED)
			g->end = end > g->begin ? end : g->begin;
		else if (depth && g->end > end)
			g->flags |= CT_NOTE_CROSSES;
		if (g->end < end)
			end = g->end;
		if (!g->task && g->up)
			g->task = t->regions[g->up - 1].task;
		if (g->task && is_inside(t, g))
			g->flags |= CT_NOTE_INSIDE;
		stack = grow(b, stack, depth, &room, sizeof(*stack));
		if (b->failed)
			break;
		stack[depth++] = (struct level){i, end};
	}
	free(stack);
	return b->failed ? -ENOMEM : 0;
}

/* From the last one, so that each task's come in order. */
static void hang_on_tasks(struct build *b)
{
	struct ct_tasks *t = b->t;
	uint32_t i;

	for (i = t->region_count; i-- > 0;) {
		struct ct_user_task *task;

		if (!t->regions[i].task)
			continue;
		task = task_of(b, t->regions[i].task);
		t->regions[i].next = task->regions;
		task->regions = i + 1;
		task->region_count++;
	}
}

static void place_logs(struct build *b)
{
	struct ct_tasks *t = b->t;
	uint32_t i;

	for (i = 0; i < t->log_count; i++) {
		struct ct_user_log *log = &t->logs[i];
		const struct ct_user_region *g;

		if (log->task)
			continue;
		g = ct_tasks_region(t, log->thread, log->ticks);
		log->task = g ? g->task : 0;
	}
}

const struct ct_user_region *ct_tasks_region(const struct ct_tasks *t, uint32_t thread,
					     uint64_t ticks)
{
	uint32_t lo = 0, hi = t->region_count, n;

	/* the last one that began by then */
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct ct_user_region *g = &t->regions[mid];

		if (g->thread < thread || (g->thread == thread && g->begin <= ticks))
			lo = mid + 1;
		else
			hi = mid;
	}
	for (n = 0; lo && n < UP_MAX; n++, lo = t->regions[lo - 1].up) {
		const struct ct_user_region *g = &t->regions[lo - 1];

		if (g->thread != thread)
			return NULL;
		if (g->end >= ticks)
			return g;
	}
	return NULL;
}

/* --- all of it --------------------------------------------------------------------------------------------------------------------- */

static int walk(struct build *b, struct ct_trace *trace)
{
	struct ct_filter filter = CT_FILTER_NONE;
	const struct ct_event *e;
	struct ct_walk *w;
	int err;

	filter.events = EVENTS;
	err = ct_walk_open(trace, CT_ORDER_CHUNK, &filter, &w);
	if (err)
		return err;
	while (!b->failed && (err = ct_walk_next(w, &e)) > 0) {
		uint64_t serial = e->thread;
		uint32_t thread = ct_table_find(&b->m->threads, &serial);

		if (thread != CT_NONE)
			take(b, thread, &e->r);
	}
	ct_walk_close(w);
	if (!err && b->texts)
		err = ct_texts_finish(b->texts);
	return err ? err : ct_labels_finish(&b->t->labels);
}

static int build(struct build *b, struct ct_trace *trace)
{
	int err = walk(b, trace);

	if (err)
		return err;
	if (b->failed || b->t->tasks.failed)
		return -ENOMEM;
	if (b->t->region_count)
		qsort(b->t->regions, b->t->region_count, sizeof(*b->t->regions), by_place);
	pair_all(b->t);
	if (b->t->region_count)
		qsort(b->t->regions, b->t->region_count, sizeof(*b->t->regions), by_place);
	err = nest(b);
	if (err)
		return err;
	place_logs(b);
	hang_on_tasks(b);
	return b->t->tasks.failed ? -ENOMEM : 0;
}

int ct_tasks_build(struct ct_trace *trace, const struct ct_model *m, const char *log, bool labels,
		   struct ct_tasks **out)
{
	struct build b = {.t = calloc(1, sizeof(*b.t)), .m = m, .log = log};
	bool texts = log || labels;
	int err = -ENOMEM;

	*out = NULL;
	b.open = calloc(m->threads.count + 1u, sizeof(*b.open));
	if (texts)
		b.texts = ct_texts_new(m->threads.count, take_whole, &b);
	if (b.t && b.open && (b.texts || !texts) &&
	    ct_table_init(&b.t->tasks, sizeof(struct ct_user_task), 8) == 0)
		err = build(&b, trace);
	ct_texts_free(b.texts);
	free(b.open);
	if (err) {
		ct_tasks_free(b.t);
		return err;
	}
	*out = b.t;
	return 0;
}

void ct_tasks_free(struct ct_tasks *t)
{
	if (!t)
		return;
	ct_table_free(&t->tasks);
	ct_labels_free(&t->labels);
	free(t->regions);
	free(t->logs);
	free(t->text);
	free(t);
}

const struct ct_user_task *ct_tasks_find(const struct ct_tasks *t, uint64_t id)
{
	uint32_t row = ct_table_find(&t->tasks, &id);

	return row == CT_NONE ? NULL : ct_table_row(&t->tasks, row);
}
