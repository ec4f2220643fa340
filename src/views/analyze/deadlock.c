/*
 * deadlock.c - see deadlock.h.  What a circle is, and when one is believed: src/model/deadlock.c.
 */
#include "views/analyze/deadlock.h"

#include "views/analyze/names.h"
#include "views/analyze/text.h"

static const struct ct_thread *thread_of(const struct ct_view *v, uint32_t wait)
{
	return ct_model_thread_at(v->model,
				  ct_model_cell(v->model, v->model->open[wait].cell)->thread);
}

/* Does the filter let a thread of the circle that begins here through?  Then the whole of it is shown. */
static bool is_shown(struct ct_view *v, uint32_t at)
{
	for (; v->model->circles[at] != CT_NONE; at++)
		if (ct_view_shows(v, thread_of(v, v->model->circles[at])))
			return true;
	return false;
}

static uint32_t next_circle(const struct ct_view *v, uint32_t at)
{
	while (v->model->circles[at] != CT_NONE)
		at++;
	return at + 1;
}

/* Of another process than the first one of the circle: then it says so. */
static char *name_one(struct ct_view *v, const uint32_t *first, uint32_t wait, char *buf,
		      size_t size)
{
	return ct_name_thread_apart(v, thread_of(v, wait), thread_of(v, *first)->process, buf,
				    size);
}

static void print_circle(struct ct_view *v, uint32_t at, const char *prefix, bool detail)
{
	const uint32_t *wait = &v->model->circles[at];
	char name[CT_NAME_MAX], object[CT_NAME_MAX], text[4 * CT_NAME_MAX] = "";
	uint32_t i;

	ct_text_add(text, sizeof(text), "%sdeadlock: ", prefix);
	for (i = 0; wait[i] != CT_NONE; i++)
		ct_text_add(text, sizeof(text), "%s -> ",
			    name_one(v, wait, wait[i], name, sizeof(name)));
	ct_text_add(text, sizeof(text), "%s",
		    ct_name_thread(v, thread_of(v, wait[0]), name, sizeof(name)));
	fputs(ct_bold(v), v->out);
	ct_text_wrap(v->out, text, 0, v->o.width);
	fputs(ct_plain(v), v->out);
	for (i = 0; detail && wait[i] != CT_NONE; i++) {
		const struct ct_cell *c = ct_model_cell(v->model, v->model->open[wait[i]].cell);

		text[0] = 0;
		if (c->op == CT_OP_join)
			ct_name_object(v, c->object, c->op, object, sizeof(object));
		else
			ct_name_wait(v, c, object, sizeof(object));
		ct_text_add(text, sizeof(text), "%s waits for %s%s",
			    name_one(v, wait, wait[i], name, sizeof(name)),
			    c->op == CT_OP_join ? "the end of " : "", object);
		if (*ct_name_site(v, c->stack, name, sizeof(name)))
			ct_text_add(text, sizeof(text), ", in %s", name);
		fprintf(v->out, "%10s", "");
		ct_text_wrap(v->out, text, 10, v->o.width);
	}
}

unsigned ct_deadlock_lines(struct ct_view *v, const char *prefix, bool detail)
{
	uint32_t at, n = 0;

	for (at = 0; at < v->model->circles_n; at = next_circle(v, at)) {
		if (!is_shown(v, at))
			continue;
		print_circle(v, at, prefix, detail);
		n++;
	}
	if (n && detail)
		fputc('\n', v->out);
	return n;
}

void ct_deadlock_json(struct ct_view *v, struct ct_json *j)
{
	char name[CT_NAME_MAX];
	uint32_t at, i;

	ct_json_array(j, "deadlocks");
	for (at = 0; at < v->model->circles_n; at = next_circle(v, at)) {
		if (!is_shown(v, at))
			continue;
		ct_json_array(j, NULL);
		for (i = at; v->model->circles[i] != CT_NONE; i++) {
			const struct ct_thread *t = thread_of(v, v->model->circles[i]);
			const struct ct_cell *c =
				ct_model_cell(v->model, v->model->open[v->model->circles[i]].cell);

			ct_json_object(j, NULL);
			ct_name_thread_json(v, j, "", t);
			ct_json_text(j, "operation", ct_op_key(c->op));
			ct_json_text(j, "object",
				     ct_name_object(v, c->object, c->op, name, sizeof(name)));
			ct_json_text(j, "site",
				     *ct_name_site(v, c->stack, name, sizeof(name)) ? name : NULL);
			ct_name_stack_json(v, j, "stack", c->stack);
			ct_json_close(j, '}');
		}
		ct_json_close(j, ']');
	}
	ct_json_close(j, ']');
}
