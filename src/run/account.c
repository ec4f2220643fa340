/*
 * account.c - see account.h.
 */
#include "account.h"

#include <stdlib.h>

#define PAUSE_NS 10000000u /* turns that lie further apart are told apart */
#define LATE_NS	 10000000u /* the account's clock may be so late, a tick and more */
#define BEHIND	 16
#define ENDING_NS                                                                                  \
	100000000u /* a thread that says it ends may have some more turns until it has; its number is not given away before */

static struct ct_account_row *add_row(struct ct_account_rows *r)
{
	if (r->n == r->room) {
		uint32_t room = r->room ? r->room * 2 : 64;
		struct ct_account_row *p = realloc(r->at, room * sizeof(*p));

		if (!p)
			return NULL;
		r->at = p;
		r->room = room;
	}
	return &r->at[r->n++];
}

static struct ct_account_row *row_of(struct ct_account *a, uint32_t tid, uint64_t ns)
{
	struct ct_set_row *at = ct_set_at(&a->by_tid, tid, NULL);
	struct ct_account_row *p;

	if (at && at->value) {
		p = &a->rows.at[at->value - 1];
		if (p->gone_ns && ns > p->gone_ns + ENDING_NS)
			p->ready_all = p->on_ns = p->gone_ns = 0; /* another one */
		return p;
	}
	p = at ? add_row(&a->rows) : NULL;
	if (!p) {
		a->failed = true;
		return NULL;
	}
	*p = (struct ct_account_row){.tid = tid};
	at->value = a->rows.n;
	return p;
}

/* How much more it is since the newest; nobody is ready for longer than time goes by. */
static uint64_t more(const struct ct_account_row *row, const struct ct_switch *w)
{
	uint64_t wrap = 1u << CT_READY_BITS, units = (w->ready_all - row->ready_all) & (wrap - 1);

	if (w->ready_ns)
		return w->ready_ns >> CT_READY_SHIFT;
	if (!row->on_ns)
		return units;
	/* one CPU's clock may be behind another's, so that the kernel takes some away again */
	if (units >= wrap - BEHIND || units << CT_READY_SHIFT > w->ns - row->on_ns + LATE_NS)
		return 0;
	return units;
}

uint64_t ct_account_on(struct ct_account *a, const struct ct_switch *w)
{
	struct ct_account_row *row = row_of(a, w->tid, w->ns);
	uint64_t units;

	if (!row || w->ns < row->on_ns)
		return 0;
	units = more(row, w);
	row->on_ns = w->ns;
	row->ready_all += units;
	row->ready += units;
	return units << CT_READY_SHIFT;
}

/* Who asks for a part of the trace gets what lies in it whole: so what is told together is together. */
static void part(struct ct_account *a, struct ct_account_row *row, uint64_t ready)
{
	struct ct_account_row *done = add_row(&a->done);

	if (!done) {
		a->failed = true;
		return;
	}
	*done = *row;
	done->ready -= ready;
	row->run_ns = row->turns = 0;
	row->ready = ready;
}

void ct_account_off(struct ct_account *a, const struct ct_switch *w, uint32_t cpu, uint64_t on_ns,
		    uint64_t ready_ns)
{
	struct ct_account_row *row = row_of(a, w->tid, w->ns);
	uint64_t from_ns = on_ns - ready_ns;

	if (!row)
		return;
	if (row->turns && from_ns > row->to_ns + PAUSE_NS)
		part(a, row, ready_ns >> CT_READY_SHIFT);
	if (!row->turns || from_ns < row->from_ns)
		row->from_ns = from_ns;
	if (!row->turns || w->ns > row->to_ns)
		row->to_ns = w->ns;
	row->cpu = cpu;
	row->run_ns += w->ran_ns;
	row->turns++;
}

void ct_account_gone(struct ct_account *a, uint32_t tid, uint64_t ns)
{
	struct ct_set_row *at = ct_set_find(&a->by_tid, tid);

	if (at && at->value)
		a->rows.at[at->value - 1].gone_ns = ns;
}

/* Numbers of threads that have ended go out of the set with all others, which come back. */
static void number_anew(struct ct_account *a)
{
	uint32_t i;

	ct_set_free(&a->by_tid);
	for (i = 0; i < a->rows.n; i++) {
		struct ct_set_row *at = ct_set_at(&a->by_tid, a->rows.at[i].tid, NULL);

		if (at)
			at->value = i + 1;
		else
			a->failed = true;
	}
}

void ct_account_told(struct ct_account *a, uint64_t now_ns)
{
	uint32_t i, n = 0;

	for (i = 0; i < a->rows.n; i++) {
		struct ct_account_row *row = &a->rows.at[i];

		if (row->gone_ns && now_ns > row->gone_ns + ENDING_NS)
			continue;
		if (row->turns)
			row->run_ns = row->ready = row->turns = 0;
		a->rows.at[n++] = *row;
	}
	if (n < a->rows.n) {
		a->rows.n = n;
		number_anew(a);
	}
	a->done.n = 0;
}

void ct_account_free(struct ct_account *a)
{
	ct_set_free(&a->by_tid);
	free(a->rows.at);
	free(a->done.at);
	*a = (struct ct_account){0};
}
