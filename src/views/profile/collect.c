/*
 * collect.c - what all profiles share: samples, labels, filters, comments.  The holders of locks are found in holders.c, states of threads
 * in spans.c.
 */
#include "views/profile/profile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "model/classify.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

const char *ct_leaf_text(enum ct_leaf leaf)
{
	static const char *const texts[CT_LEAVES] = {
		"",
		"[no stack]",
		"[outside]",
		"[short]",
		"[woken, no CPU yet]",
		"[new, never had a CPU]",
		"[preempted]",
		"[stopped]",
		"[hand-off]",
		"[changed hands unseen]",
		"[holder's stack not known]",
		"[holder not known]",
		"[holder of short waits not recorded]",
		"[gave up]",
	};

	return leaf < CT_LEAVES ? texts[leaf] : "";
}

void ct_profile_comment(struct ct_profile *p, const char *format, ...)
{
	char text[1024], **more;
	va_list ap;

	if (p->comments == p->comment_room) {
		more = realloc(p->comment, (p->comment_room + 16) * sizeof(*more));
		if (!more) {
			p->failed = true;
			return;
		}
		p->comment = more;
		p->comment_room += 16;
	}
	va_start(ap, format);
	/* The analyzer loses va_start() when it is given several files: NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	p->comment[p->comments] = strdup(text);
	if (p->comment[p->comments])
		p->comments++;
	else
		p->failed = true;
}

void ct_profile_add(struct ct_profile *p, const struct ct_sample *key, uint64_t count,
		    uint64_t total)
{
	struct ct_sample *s;

	if (!count && !total)
		return;
	s = ct_profile_sample(p, ct_table_put(&p->samples, key));
	s->count += count;
	s->total += total;
	p->count += count;
	p->total += total;
}

/* --- labels and filters ------------------------------------------------------------------------------------------------------- */

uint32_t ct_profile_thread(struct ct_profile *p, uint32_t row)
{
	char name[CT_NAME_MAX];
	const struct ct_thread *t;

	if (!p->o.labels || row >= p->v->model->threads.count)
		return 0;
	if (!p->thread_name[row]) {
		t = ct_model_thread_at(p->v->model, row);
		(p->v->o.each ? ct_name_thread : ct_name_thread_bare)(p->v, t, name, sizeof(name));
		p->thread_name[row] = ct_strings_put(&p->names, name);
	}
	return p->thread_name[row];
}

uint32_t ct_profile_stranger(struct ct_profile *p, uint32_t tid)
{
	char name[64];

	if (!p->o.labels || !tid)
		return 0;
	snprintf(name, sizeof(name), "thread %u, which was not traced", tid);
	return ct_strings_put(&p->names, name);
}

static uint32_t lock_name(struct ct_profile *p, uint32_t row)
{
	char name[CT_NAME_MAX];

	if (!p->lock_name[row])
		p->lock_name[row] = ct_strings_put(
			&p->names, ct_row_name(p->v, &p->rows.row[row], name, sizeof(name)));
	return p->lock_name[row];
}

const char *ct_profile_lock(struct ct_profile *p, const struct ct_sample *s)
{
	return s->lock ? ct_strings_at(&p->names, lock_name(p, s->lock - 1)) : "";
}

static bool wants_row(struct ct_profile *p, uint32_t row)
{
	char object[CT_NAME_MAX];

	if (!p->lock_wanted[row])
		p->lock_wanted[row] =
			ct_row_is_called(ct_strings_at(&p->names, lock_name(p, row)), p->o.lock) ||
					ct_row_is_called(ct_row_object(p->v, &p->rows.row[row],
								       object, sizeof(object)),
							 p->o.lock)
				? 2
				: 1;
	return p->lock_wanted[row] == 2;
}

bool ct_profile_wants(struct ct_profile *p, uint32_t cell)
{
	const struct ct_cell *c = ct_model_cell(p->v->model, cell);

	if ((p->o.no_idle && c->why == CT_WHY_IDLE) ||
	    !ct_view_shows(p->v, ct_model_thread_at(p->v->model, c->thread)))
		return false;
	return !p->o.lock ||
	       (p->row_of_cell[cell] != CT_NONE && wants_row(p, p->row_of_cell[cell]));
}

struct ct_sample ct_profile_key(struct ct_profile *p, uint32_t cell)
{
	const struct ct_cell *c = ct_model_cell(p->v->model, cell);
	struct ct_sample key = {.stack = c->stack, .leaf = c->stack ? 0 : CT_LEAF_NO_STACK};

	if (!p->o.labels)
		return key;
	if (p->row_of_cell[cell] != CT_NONE)
		key.lock = p->row_of_cell[cell] + 1;
	key.thread = ct_profile_thread(p, c->thread);
	key.why = (uint16_t)(c->why + 1);
	key.kind = (uint16_t)ct_model_place(p->v->model, c->object)->kind;
	return key;
}

/* --- all of them -------------------------------------------------------------------------------------------------------------- */

static int make_rows(struct ct_profile *p)
{
	uint32_t i, k, n = p->v->model->cells.count;
	int err = ct_rows_build(p->v, CT_WHY_ALL, CT_KINDS_ALL, &p->rows);

	if (err)
		return err;
	p->row_of_cell = malloc((n + 1u) * sizeof(*p->row_of_cell));
	p->lock_name = calloc(p->rows.count + 1u, sizeof(*p->lock_name));
	p->lock_wanted = calloc(p->rows.count + 1u, 1);
	if (!p->row_of_cell || !p->lock_name || !p->lock_wanted)
		return -ENOMEM;
	memset(p->row_of_cell, 0xff, (n + 1u) * sizeof(*p->row_of_cell));
	for (i = 0; i < p->rows.count; i++)
		for (k = p->rows.row[i].cells; k < p->rows.row[i + 1].cells; k++)
			p->row_of_cell[p->rows.cell[k]] = i;
	return 0;
}

static void say_rule(struct ct_profile *p)
{
	static const char *const rules[CT_PROFILES] = {
		"net: time blocked on sockets, pipes, pollers and for name look-ups, charged to "
		"the stack that waited",
		"sync: time blocked for other threads and processes (locks, condition variables, "
		"semaphores, joins, queues...), charged to the stack that waited",
		"syscall: time in recorded calls that are in neither net nor sync, sleeps left "
		"out, charged to the stack that called",
		"sched: time threads were ready and had no CPU, woken or preempted, charged to the "
		"stack of the wait they came from",
		"lock: waits for locks, charged to who held them",
		"offcpu: all time off the CPU, charged to the stack of the wait",
	};

	ct_profile_comment(p, "%s", rules[p->o.kind]);
	if (p->o.kind < CT_PROFILE_SCHED)
		ct_profile_comment(p, "from its release on a thread is ready: that is in sched");
	if (p->o.by_waker)
		ct_profile_comment(p, "rule: who was woken is charged to the stack that woke it "
				      "(--blame=waker), where that is known");
}

static void say_left_out(struct ct_profile *p)
{
	char n[2][CT_TEXT_NUMBER];

	if (p->left_out)
		ct_profile_comment(p, "left out, having no %s of their own: %s short %s, %s in all",
				   p->task	 ? "time"
				   : p->o.min_ns ? "length"
						 : "stack",
				   ct_text_count(n[0], p->left_out),
				   p->o.kind == CT_PROFILE_SYNC || p->o.kind == CT_PROFILE_LOCK
					   ? "waits"
					   : "calls",
				   ct_text_ns(n[1], ct_view_ns(p->v, p->left_out_total)));
	if (p->o.no_idle)
		ct_profile_comment(p, "idle waits are left out");
	if (p->o.min_ns)
		ct_profile_comment(p, "only waits of at least %s", ct_text_ns(n[0], p->o.min_ns));
	if (p->o.lock)
		ct_profile_comment(p, "only %s", p->o.lock);
	if (!p->task)
		return;
	ct_profile_comment(p, "only in the regions of task %s, of which there %s %s", p->o.task,
			   p->task->tasks == 1 ? "is" : "are", ct_text_count(n[0], p->task->tasks));
	if (p->task->bare)
		ct_profile_comment(p, "of %s of them no thread said that it works for it",
				   ct_text_count(n[0], p->task->bare));
}

/* What ct_view_window() and ct_view_blind() print, as comments. */
static int say_missing(struct ct_profile *p)
{
	FILE *was = p->v->out, *f;
	char *text = NULL, *line, *rest;
	size_t size = 0;

	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	p->v->out = f;
	(p->o.kind == CT_PROFILE_LOCK ? ct_view_window : ct_view_window_states)(p->v);
	ct_view_blind(p->v, "");
	p->v->out = was;
	if (fclose(f) != 0 || !text) {
		free(text);
		return -ENOMEM;
	}
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		ct_profile_comment(p, "%s", line);
	free(text);
	return 0;
}

static int find_task(struct ct_profile *p)
{
	p->task = calloc(1, sizeof(*p->task));
	return p->task ? ct_profile_task_find(p->task, p->v, p->o.task) : -ENOMEM;
}

int ct_profile_make(struct ct_profile *p, struct ct_view *v, const struct ct_profile_options *o)
{
	int err = 0;

	memset(p, 0, sizeof(*p));
	p->v = v;
	p->o = *o;
	p->thread_name = calloc(v->model->threads.count + 1u, sizeof(*p->thread_name));
	if (!p->thread_name ||
	    ct_table_init(&p->samples, sizeof(struct ct_sample), CT_SAMPLE_KEY) < 0)
		err = -ENOMEM;
	if (!err && o->task)
		err = find_task(p);
	if (!err && (o->labels || o->lock))
		err = make_rows(p);
	if (!err) {
		say_rule(p);
		err = o->kind == CT_PROFILE_LOCK ? ct_profile_holders(p) : ct_profile_spans(p);
	}
	if (!err) {
		say_left_out(p);
		err = say_missing(p);
	}
	if (!err && (p->failed || p->samples.failed || p->names.failed))
		err = -ENOMEM;
	if (err)
		ct_profile_free(p);
	return err;
}

void ct_profile_free(struct ct_profile *p)
{
	uint32_t i;

	for (i = 0; i < p->comments; i++)
		free(p->comment[i]);
	free(p->comment);
	ct_rows_free(&p->rows);
	ct_table_free(&p->samples);
	ct_strings_free(&p->names);
	free(p->row_of_cell);
	free(p->lock_name);
	free(p->lock_wanted);
	free(p->thread_name);
	if (p->task)
		ct_profile_task_free(p->task);
	free(p->task);
	memset(p, 0, sizeof(*p));
}
