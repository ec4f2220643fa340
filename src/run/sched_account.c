/*
 * sched_account.c - the kernel's account of threads, from their switches into the trace.
 */
#include "sched_int.h"

#include <errno.h>

static uint64_t ticks_between(const struct ct_sched *s, uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? ct_sched_ticks(s, to_ns) - ct_sched_ticks(s, from_ns) : 0;
}

/* It stands in the stream of the CPU that its thread had last, at the time of the newest record there. */
static void tell(struct ct_sched *s, const struct ct_account_row *a)
{
	struct ct_sched_cpu *c = &s->cpu[a->cpu];
	uint64_t ns = c->last_ns;
	struct ct_record r = {.type = CT_EV_account};

	if (!a->turns)
		return;
	r.v[CT_F_account_tid] = a->tid;
	r.v[CT_F_account_cpu] = c->cpu;
	r.v[CT_F_account_span] = ticks_between(s, a->from_ns, ns);
	r.v[CT_F_account_run_ns] = a->run_ns;
	r.v[CT_F_account_delay_ns] = a->ready << CT_READY_SHIFT;
	r.v[CT_F_account_turns] = a->turns;
	r.v[CT_F_account_ago] = ticks_between(s, a->to_ns, ns);
	ct_sched_add(s, c, &r, ns);
}

void ct_sched_tell_account(struct ct_sched *s)
{
	struct ct_account *a = &s->account;
	uint32_t i;

	for (i = 0; i < a->done.n; i++)
		tell(s, &a->done.at[i]);
	for (i = 0; i < a->rows.n; i++)
		tell(s, &a->rows.at[i]);
	if (a->failed)
		s->error = -ENOMEM;
	ct_account_told(a, s->now.mono_ns);
	s->account_ns = s->now.mono_ns;
}
