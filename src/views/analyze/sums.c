/*
 * sums.c - see sums.h.
 */
#include "views/analyze/sums.h"

#include "views/analyze/text.h"

bool ct_sums_any(const struct ct_view *v)
{
	return v->model->events[CT_EV_ran] != 0;
}

uint64_t ct_sums_ticks(const struct ct_view *v, uint64_t ns)
{
	return (uint64_t)((double)ns * (double)v->model->tables.second_ticks / 1e9);
}

static void add_seen(struct ct_sums *s, const struct ct_thread *t, const struct ct_life *life)
{
	if (!t->ran.until)
		return;
	s->run += life->state[CT_STATE_RUNNING] + life->state[CT_STATE_CALL];
	s->ready += life->state[CT_STATE_WOKEN] + life->state[CT_STATE_PREEMPTED];
	s->run_ns += t->ran.run_ns;
	s->ready_ns += t->ran.delay_ns;
}

void ct_sums_add(struct ct_view *v, struct ct_sums *s, const struct ct_thread *t,
		 const struct ct_life *life)
{
	if (life && !life->state[CT_STATE_AWAKE]) {
		add_seen(s, t, life);
		return;
	}
	if (!ct_sums_any(v))
		return;
	if (life) {
		s->awake_run += life->awake_run;
		s->awake_ready += life->awake_ready;
	}
	if (!t->ran.read)
		s->unread++;
	else if (t->end > t->ran.until)
		s->after += t->end - t->ran.until;
}

static bool far(uint64_t a, uint64_t b)
{
	return a > b + b / 50 || b > a + a / 50;
}

/* The two are not the same, and who compares should not have to wonder. */
static void account_legend(struct ct_view *v, const struct ct_sums *s)
{
	char n[2][CT_TEXT_NUMBER];

	if (far(ct_view_ns(v, s->run), s->run_ns) || far(ct_view_ns(v, s->ready), s->ready_ns))
		fprintf(v->out, "by the kernel's own account (schedstat): run %s, ready %s\n",
			ct_text_ns(n[0], s->run_ns), ct_text_ns(n[1], s->ready_ns));
}

void ct_sums_legend(struct ct_view *v, const struct ct_sums *s)
{
	char n[2][CT_TEXT_NUMBER];

	if (s->run_ns)
		account_legend(v, s);
	if (!ct_sums_any(v))
		return;
	if (s->awake_run + s->awake_ready)
		fprintf(v->out,
			"from schedstat, while switches were not recorded: run %s, ready %s\n",
			ct_text_ns(n[0], ct_view_ns(v, s->awake_run)),
			ct_text_ns(n[1], ct_view_ns(v, s->awake_ready)));
	if (!s->switches)
		fputs("run, ready: on a CPU and waiting for one in all, from schedstat; in waits "
		      "and in the rest\n",
		      v->out);
	if (s->unread)
		fprintf(v->out, "schedstat was not read of %u thread%s, which ended before that\n",
			s->unread, s->unread == 1 ? "" : "s");
	if (!s->switches && s->after)
		fprintf(v->out,
			"schedstat was last read of the others %s before they ended, in all\n",
			ct_text_ns(n[0], ct_view_ns(v, s->after)));
}
