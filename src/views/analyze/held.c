/*
 * held.c - see held.h.
 */
#include "views/analyze/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define PARTS 6u

/* What holders were blocked on: waits that have the same name. */
struct on {
	uint32_t op, object; /* object CT_NONE: nameless, told apart by where it is */
	uint32_t stack;
	uint32_t pad;  /* so far the key */
	uint32_t cell; /* one of them */
	uint32_t pad2;
	uint64_t ticks;
};

struct held {
	struct ct_holder_did did;
	struct ct_table on; /* struct on, most time first */
	uint64_t unknown;
	uint64_t outside; /* in no recorded wait */
};

static void sum_did(struct ct_holder_did *sum, const struct ct_holder_did *d)
{
	sum->running += d->running;
	sum->preempted += d->preempted;
	sum->blocked += d->blocked;
	sum->woken += d->woken;
	sum->handoff += d->handoff;
	sum->unseen += d->unseen;
}

static void sum_on(struct ct_view *v, struct held *h, const struct ct_holder_on *from)
{
	const struct ct_cell *c;
	struct on key = {.object = CT_NONE}, *on;

	h->outside -= from->ticks < h->outside ? from->ticks : h->outside;
	if (ct_holder_on_cell(from) == CT_NONE) {
		h->unknown += from->ticks;
		return;
	}
	c = ct_model_cell(v->model, ct_holder_on_cell(from));
	key.op = c->op;
	if (ct_place_is_nameless(ct_model_place(v->model, c->object)))
		key.stack = c->stack;
	else
		key.object = c->object;
	on = ct_table_row(&h->on, ct_table_put(&h->on, &key));
	on->cell = ct_holder_on_cell(from);
	on->ticks += from->ticks;
}

static int by_ticks(const void *a, const void *b)
{
	const struct on *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks > y->ticks ? -1 : 1;
	return (x->cell > y->cell) - (x->cell < y->cell);
}

static const struct on *on_at(const struct held *h, uint32_t i)
{
	return ct_table_row(&h->on, i);
}

/* Returns 1 when something is known of a row's holders, 0 when not, or -ENOMEM; free h->on. */
static int find(struct ct_view *v, const struct ct_rows *rows, uint32_t row, struct held *h)
{
	const struct ct_holders *all = v->states ? ct_states_holders(v->states) : NULL;
	struct ct_table bins = {0};
	uint32_t i, k, n, end = rows->row[row + 1].cells;
	bool any = false;

	memset(h, 0, sizeof(*h));
	if (!all)
		return 0;
	if (ct_table_init(&bins, 8, 8) < 0 || ct_table_init(&h->on, sizeof(struct on), 16) < 0)
		goto out;
	for (i = rows->row[row].cells; i < end; i++) {
		const struct ct_holder_did *d = ct_holders_did(all, rows->cell[i]);
		uint64_t bin = ct_model_cell(v->model, rows->cell[i])->bin;

		if (!d)
			continue;
		any = true;
		sum_did(&h->did, d);
		ct_table_put(&bins, &bin);
	}
	h->outside = h->did.blocked;
	for (i = 0; i < bins.count; i++) {
		const struct ct_holder_on *on = ct_holders_on(
			all, (uint32_t) * (const uint64_t *)ct_table_row(&bins, i), &n);

		for (k = 0; k < n; k++)
			sum_on(v, h, &on[k]);
	}
out:
	if (!bins.rows || bins.failed || !h->on.rows || h->on.failed) {
		ct_table_free(&bins);
		ct_table_free(&h->on);
		return -ENOMEM;
	}
	ct_table_free(&bins);
	qsort(h->on.rows, h->on.count, sizeof(struct on), by_ticks);
	return any;
}

/* "in write fd 7 socket", "on mutex b in x.c:3", "in sleep in main (x.c:9)" */
static void name_on(struct ct_view *v, const struct on *on, char *buf, size_t size)
{
	const struct ct_cell *c = ct_model_cell(v->model, on->cell);
	char name[CT_NAME_MAX];

	buf[0] = 0;
	if (on->object != CT_NONE) {
		ct_text_add(buf, size, "%s %s", c->op >= CT_OP_FIRST_CALL ? "in" : "on",
			    ct_name_wait(v, c, name, sizeof(name)));
		return;
	}
	ct_text_add(buf, size, "in %s", ct_op_say(c->op));
	if (*ct_name_site(v, c->stack, name, sizeof(name)))
		ct_text_add(buf, size, " in %s", name);
}

/* --- text --------------------------------------------------------------------------------------------------------------------------- */

static void print_part(struct ct_view *v, const char *title, uint64_t part, uint64_t all,
		       const char *indent, const char *text)
{
	char n[2][CT_TEXT_NUMBER], line[CT_NAME_MAX + 8];

	snprintf(line, sizeof(line), "%s%s", indent, text);
	fprintf(v->out, "%s%12s%s %6s %9s  ", ct_dim(v), title, ct_plain(v),
		ct_text_share(n[0], part, all), ct_text_ns(n[1], ct_view_ns(v, part)));
	ct_text_wrap(v->out, line, 31, v->o.width);
}

static void print_on(struct ct_view *v, const struct held *h, uint64_t all)
{
	char text[CT_NAME_MAX], n[CT_TEXT_NUMBER];
	uint64_t rest = 0;
	uint32_t i;

	for (i = 0; i < h->on.count; i++) {
		if (i >= v->o.stacks) {
			rest += on_at(h, i)->ticks;
			continue;
		}
		name_on(v, on_at(h, i), text, sizeof(text));
		print_part(v, "", on_at(h, i)->ticks, all, "- ", text);
	}
	if (rest) {
		snprintf(text, sizeof(text), "in %s other waits",
			 ct_text_count(n, h->on.count - v->o.stacks));
		print_part(v, "", rest, all, "- ", text);
	}
	if (h->outside)
		print_part(v, "", h->outside, all, "- ", "in no recorded wait");
	if (h->unknown)
		print_part(v, "", h->unknown, all, "- ", "not known in what");
}

int ct_held_print(struct ct_view *v, const struct ct_rows *rows, uint32_t row)
{
	static const char *const did[PARTS] = {"ran",
					       "was preempted",
					       "was itself blocked",
					       "had been woken, and waited for a CPU",
					       "had let go, and the waiter was not back",
					       "was not seen, or had ended"};
	const char *title = "the holder", *what;
	struct held h;
	uint64_t all = 0;
	size_t i;
	int any = find(v, rows, row, &h);

	if (any > 0) {
		const uint64_t part[PARTS] = {h.did.running, h.did.preempted, h.did.blocked,
					      h.did.woken,   h.did.handoff,   h.did.unseen};

		for (i = 0; i < PARTS; i++)
			all += part[i];
		for (i = 0; i < PARTS; i++) {
			if (!part[i])
				continue;
			what = did[i];
			if (i == 2 && v->model->turns.source != CT_SCHED_BPF)
				what = "was itself blocked, or woken and waiting for a CPU";
			print_part(v, title, part[i], all, "", what);
			if (i == 2)
				print_on(v, &h, all);
			title = "";
		}
	}
	ct_table_free(&h.on);
	return any < 0 ? any : 0;
}

void ct_held_say(struct ct_view *v, const struct ct_rows *rows, uint32_t row, char *buf,
		 size_t size)
{
	char text[CT_NAME_MAX], n[CT_TEXT_NUMBER];
	const struct ct_holder_did *d;
	struct held h;
	uint64_t all;

	if (find(v, rows, row, &h) > 0) {
		d = &h.did;
		all = d->running + d->preempted + d->blocked + d->woken + d->handoff + d->unseen;
		if (d->blocked > all / 2) {
			ct_text_add(buf, size, "; the holder was itself blocked for %s of that",
				    ct_text_share(n, d->blocked, all));
			if (h.on.count && on_at(&h, 0)->ticks > d->blocked / 2) {
				name_on(v, on_at(&h, 0), text, sizeof(text));
				ct_text_add(buf, size, ", mostly %s", text);
			}
		}
	}
	ct_table_free(&h.on);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------------------------- */

static void on_json(struct ct_view *v, struct ct_json *j, const struct on *on)
{
	const struct ct_cell *c = ct_model_cell(v->model, on->cell);
	char name[CT_NAME_MAX];

	ct_json_object(j, NULL);
	ct_json_text(j, "operation", ct_op_key(c->op));
	ct_json_text(j, "kind",
		     ct_kind_name((enum ct_kind)ct_model_place(v->model, c->object)->kind));
	ct_json_text(j, "name",
		     on->object == CT_NONE
			     ? NULL
			     : ct_name_object(v, c->object, c->op, name, sizeof(name)));
	ct_json_text(j, "site", *ct_name_site(v, c->stack, name, sizeof(name)) ? name : NULL);
	ct_json_number(j, "total_ns", ct_view_ns(v, on->ticks));
	ct_json_close(j, '}');
}

int ct_held_json(struct ct_view *v, struct ct_json *j, const struct ct_rows *rows, uint32_t row)
{
	struct held h;
	uint32_t i;
	int any = find(v, rows, row, &h);

	if (any > 0) {
		ct_json_object(j, "holder_did");
		ct_json_number(j, "running_ns", ct_view_ns(v, h.did.running));
		ct_json_number(j, "preempted_ns", ct_view_ns(v, h.did.preempted));
		ct_json_number(j, "blocked_ns", ct_view_ns(v, h.did.blocked));
		ct_json_number(j, "woken_ns", ct_view_ns(v, h.did.woken));
		ct_json_number(j, "handoff_ns", ct_view_ns(v, h.did.handoff));
		ct_json_number(j, "unseen_ns", ct_view_ns(v, h.did.unseen));
		ct_json_close(j, '}');
		ct_json_object(j, "holder_blocked");
		ct_json_array(j, "on");
		for (i = 0; i < h.on.count && i < v->o.top; i++)
			on_json(v, j, on_at(&h, i));
		ct_json_close(j, ']');
		ct_json_number(j, "outside_ns", ct_view_ns(v, h.outside));
		ct_json_number(j, "unknown_ns", ct_view_ns(v, h.unknown));
		ct_json_close(j, '}');
	}
	ct_table_free(&h.on);
	return any < 0 ? any : 0;
}
