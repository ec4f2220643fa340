/*
 * ran.c - how long threads ran and waited for a CPU, as the kernel counts and ctrace-run read from outside: what is left where switches
 * were not recorded.
 *
 * Records name threads by their tids.  They are added up by tid and process until it is known which threads there were.
 */
#include "model_int.h"

#include <errno.h>

/* Of one thread.  A record without a span begins another one with the number. */
struct ran {
	uint32_t tid, process;
	struct ct_ran sums;
};

struct newest {
	uint32_t tid, process; /* key */
	uint32_t row;	       /* in model->ran, + 1 */
	uint32_t pad;
};

int ct_ran_init(struct ct_model *m)
{
	m->ran.item_bytes = sizeof(struct ran);
	return ct_table_init(&m->ran_newest, sizeof(struct newest), 8);
}

static struct ran *row_of(struct ct_model *m, const struct ct_record *r)
{
	struct newest key = {.tid = (uint32_t)r->v[CT_F_ran_tid],
			     .process = (uint32_t)r->v[CT_F_ran_process]};
	uint32_t i = ct_table_put(&m->ran_newest, &key);
	struct newest *n;
	struct ran *ran;

	if (m->ran_newest.failed)
		return NULL;
	n = ct_table_row(&m->ran_newest, i);
	if (n->row && r->v[CT_F_ran_span])
		return ct_pool_at(&m->ran, n->row - 1);
	i = ct_pool_add(&m->ran);
	if (i == CT_NONE)
		return NULL;
	ran = ct_pool_at(&m->ran, i);
	*ran = (struct ran){.tid = key.tid, .process = key.process};
	n->row = i + 1;
	return ran;
}

void ct_ran_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint64_t span = r->v[CT_F_ran_span], from = span && span < r->ticks ? r->ticks - span : 0;
	struct ran *ran;

	/* a thread of a program does not say what others did; and what lies over a border of the window cannot be parted */
	if (who->thread || from < m->options.from_ticks || r->ticks > m->options.to_ticks)
		return;
	ran = row_of(m, r);
	if (!ran)
		return;
	ran->sums.run_ns += r->v[CT_F_ran_run_ns];
	ran->sums.delay_ns += r->v[CT_F_ran_delay_ns];
	ran->sums.turns += r->v[CT_F_ran_turns];
	ran->sums.until = r->ticks;
}

int ct_ran_finish(struct ct_model *m)
{
	uint32_t i;

	for (i = 0; i < m->ran.count; i++) {
		const struct ran *ran = ct_pool_at(&m->ran, i);
		struct ct_thread *t =
			ct_threads_outside(m, ran->process, ran->tid, ran->sums.until);

		if (!t)
			continue;
		t->ran.run_ns += ran->sums.run_ns;
		t->ran.delay_ns += ran->sums.delay_ns;
		t->ran.turns += ran->sums.turns;
		t->ran.until = ran->sums.until;
	}
	return m->ran.failed || m->ran_newest.failed ? -ENOMEM : 0;
}

void ct_ran_free(struct ct_model *m)
{
	ct_pool_free(&m->ran);
	ct_table_free(&m->ran_newest);
}
