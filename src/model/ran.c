/*
 * ran.c - how long threads ran and waited for a CPU, as the kernel counts: what is left where switches were not recorded, and what stands
 * beside them where they were.
 *
 * Records name threads by their tids.  They are kept until it is known which threads there were: those that ctrace-run read (ran) added up by tid
 * and process; those that came with the switches (account) one by one, because they come CPU by CPU.
 */
#include "model_int.h"

#include <errno.h>

/* Of one thread.  A record without a span begins another one with the number. */
struct ran {
	uint32_t tid;
	uint32_t process; /* CT_NONE: not told, a record that came with switches */
	struct ct_ran sums;
	struct ct_ran
		made; /* of the record without a span: since the thread was made, which may be before the window */
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

/* What lies over a border of the window cannot be parted. */
static bool in_window(const struct ct_model *m, uint64_t from, uint64_t to)
{
	return from >= m->options.from_ticks && to <= m->options.to_ticks;
}

static uint64_t before(uint64_t ticks, uint64_t ago)
{
	return ago < ticks ? ticks - ago : 0;
}

static void learn_account(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint64_t from = before(r->ticks, r->v[CT_F_account_span]),
		 to = before(r->ticks, r->v[CT_F_account_ago]);
	uint32_t i;

	if (!ct_slot_is_cpu(who->slot, r->v[CT_F_account_cpu]) || !in_window(m, from, to))
		return;
	i = ct_pool_add(&m->ran);
	if (i == CT_NONE)
		return;
	*(struct ran *)ct_pool_at(&m->ran, i) =
		(struct ran){.tid = (uint32_t)r->v[CT_F_account_tid],
			     .process = CT_NONE,
			     .sums = {.run_ns = r->v[CT_F_account_run_ns],
				      .delay_ns = r->v[CT_F_account_delay_ns],
				      .turns = r->v[CT_F_account_turns],
				      .until = to}};
}

void ct_ran_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r)
{
	uint64_t span = r->v[CT_F_ran_span],
		 from = span ? before(r->ticks, span) : m->options.from_ticks;
	struct ct_ran *sums;
	struct ran *ran;

	if (r->type == CT_EV_account) {
		learn_account(m, who, r);
		return;
	}
	/* a thread of a program does not say what others did */
	if (who->thread || !in_window(m, from, r->ticks))
		return;
	ran = row_of(m, r);
	if (!ran)
		return;
	sums = span ? &ran->sums : &ran->made;
	sums->run_ns += r->v[CT_F_ran_run_ns];
	sums->delay_ns += r->v[CT_F_ran_delay_ns];
	sums->turns += r->v[CT_F_ran_turns];
	sums->until = r->ticks;
}

static void add_to(struct ct_thread *t, const struct ct_ran *sums)
{
	t->ran.run_ns += sums->run_ns;
	t->ran.delay_ns += sums->delay_ns;
	t->ran.turns += sums->turns;
	if (sums->until > t->ran.until)
		t->ran.until = sums->until;
}

static void add_all(struct ct_model *m, bool read)
{
	uint32_t i;

	for (i = 0; i < m->ran.count; i++) {
		const struct ran *ran = ct_pool_at(&m->ran, i);
		struct ct_thread *t;

		if ((ran->process != CT_NONE) != read)
			continue;
		t = ct_threads_outside(m, ran->process, ran->tid,
				       ran->sums.until ? ran->sums.until : ran->made.until);
		if (!t || (!read && t->ran.read))
			continue;
		if (t->begin >= m->options.from_ticks)
			add_to(t, &ran->made);
		add_to(t, &ran->sums);
		t->ran.read = read && t->ran.until;
	}
}

/* What was read is since the thread was made, and so has in it what came with the switches. */
int ct_ran_finish(struct ct_model *m)
{
	add_all(m, true);
	add_all(m, false);
	return m->ran.failed || m->ran_newest.failed ? -ENOMEM : 0;
}

void ct_ran_free(struct ct_model *m)
{
	ct_pool_free(&m->ran);
	ct_table_free(&m->ran_newest);
}
