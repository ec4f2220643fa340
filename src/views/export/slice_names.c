/*
 * slice_names.c - see slice_names.h.
 */
#include "views/export/slice_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/words.h"
#include "views/analyze/names.h"

struct owner {
	uint32_t object, owner; /* key */
	uint64_t number;
};

struct string {
	uint64_t id; /* key */
	uint64_t number;
};

/* --- opening ---------------------------------------------------------------------------------------------------------------- */

int ct_slice_names_init(struct ct_slice_names *n, struct ct_view *v)
{
	memset(n, 0, sizeof(*n));
	n->v = v;
	n->cells = calloc(v->model->cells.count + 1u, sizeof(*n->cells));
	n->texts.raw = true;
	if (!n->cells || ct_table_init(&n->owners, sizeof(struct owner), 8) < 0 ||
	    ct_table_init(&n->strings, sizeof(struct string), 8) < 0)
		return -ENOMEM;
	return 0;
}

void ct_slice_names_free(struct ct_slice_names *n)
{
	ct_strings_free(&n->texts);
	ct_table_free(&n->owners);
	ct_table_free(&n->strings);
	free(n->cells);
}

/* --- names ------------------------------------------------------------------------------------------------------------------ */

static uint32_t name_op(struct ct_slice_names *n, uint32_t op)
{
	uint32_t *number = &n->op_names[op < CT_OP_LIMIT ? op : 0];

	if (!*number)
		*number = ct_strings_put(&n->texts, ct_op_say(op));
	return *number;
}

static uint32_t name_cell(struct ct_slice_names *n, uint32_t cell, bool lock)
{
	const struct ct_cell *c = ct_model_cell(n->v->model, cell);
	char name[CT_NAME_MAX];

	if (!n->cells[cell]) {
		if (lock)
			ct_name_object(n->v, c->object, c->op, name, sizeof(name));
		else
			ct_name_wait(n->v, c, name, sizeof(name));
		n->cells[cell] = ct_strings_put(&n->texts, name);
	}
	return n->cells[cell];
}

/* The words that Perfetto's view of lock contention looks for. */
static uint32_t name_contention(struct ct_slice_names *n, uint32_t object, uint32_t owner)
{
	struct owner key = {.object = object, .owner = owner}, *row;
	uint32_t before = n->owners.count;
	char text[CT_NAME_MAX + 80];

	row = ct_table_row(&n->owners, ct_table_put(&n->owners, &key));
	if (n->owners.count != before && owner) {
		snprintf(text, sizeof(text), "Lock contention on %s lock (owner tid: %u)",
			 ct_strings_at(&n->texts, object), owner);
		row->number = ct_strings_put(&n->texts, text);
	} else if (n->owners.count != before) {
		snprintf(text, sizeof(text), "Lock contention on %s lock",
			 ct_strings_at(&n->texts, object));
		row->number = ct_strings_put(&n->texts, text);
	}
	return (uint32_t)row->number;
}

uint32_t ct_slice_names_wait(struct ct_slice_names *n, const struct ct_timeline_item *i)
{
	bool lock = ct_op_class(i->op) == CT_CLASS_LOCK;

	if (i->cell == CT_NONE)
		return name_op(n, i->op);
	if (!lock)
		return name_cell(n, i->cell, false);
	return name_contention(n, name_cell(n, i->cell, true), i->owner);
}

uint32_t ct_slice_names_part(struct ct_slice_names *n, enum ct_state state)
{
	static const char *const texts[CT_STATES] = {
		[CT_STATE_RUNNING] = "running",
		[CT_STATE_CALL] = "running in the call",
		[CT_STATE_WOKEN] = "woken, no CPU yet",
		[CT_STATE_PREEMPTED] = "preempted",
		[CT_STATE_BLOCKED] = "blocked",
		[CT_STATE_SHORT] = "off the CPU for a short time",
		[CT_STATE_OUTSIDE] = "off the CPU in no recorded wait",
		[CT_STATE_AWAKE] = "awake",
		[CT_STATE_PAUSED] = "the program had stopped its recording",
		[CT_STATE_STOPPED] = "stopped by a signal or a debugger"};
	uint32_t *number = &n->part_names[state];

	if (!*number)
		*number = ct_strings_put(&n->texts, texts[state]);
	return *number;
}

uint32_t ct_slice_names_string(struct ct_slice_names *n, uint32_t id)
{
	uint64_t key = id;
	struct string *row = ct_table_row(&n->strings, ct_table_put(&n->strings, &key));
	const char *text;

	if (!row->number && !n->strings.failed) {
		text = ct_trace_string(n->v->trace, id);
		row->number = ct_strings_put(&n->texts, text && *text ? text : "(no name)");
	}
	return (uint32_t)row->number;
}
