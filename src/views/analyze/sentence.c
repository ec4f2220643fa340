/*
 * sentence.c - see sentence.h.
 */
#include "views/analyze/sentence.h"

#include <stdlib.h>
#include <string.h>

#include "views/analyze/held.h"
#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

void ct_sums_of(struct ct_view *v, struct ct_sums *out)
{
	struct ct_model *m = v->model;
	uint32_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < m->cells.count; i++) {
		const struct ct_cell *c = ct_model_cell(m, i);

		if (!ct_view_shows(v, ct_model_thread_at(m, c->thread)))
			continue;
		out->waits[c->why] += ct_cell_waits(c);
		out->total[c->why] += ct_cell_total(c);
		out->abandoned += ct_cell_more(m, c)->abandoned;
		out->abandoned_total += ct_cell_more(m, c)->abandoned_total;
		if (CT_WHY_BUSY >> c->why & 1) {
			out->short_waits += c->short_waits;
			out->waited += ct_cell_total(c);
		}
	}
	for (i = 0; i < m->threads.count; i++) {
		const struct ct_thread *t = ct_model_thread_at(m, i);

		/* serial 0 is ctrace-run itself */
		out->threads += t->known && t->serial && ct_view_shows(v, t);
	}
	for (i = 0; i < m->tables.process_count; i++)
		out->processes += m->tables.processes[i].state >= CT_PROC_LIVE;
}

bool ct_sums_contended(const struct ct_sums *sums)
{
	return sums->total[CT_WHY_LOCK] && sums->total[CT_WHY_LOCK] >= sums->waited / 10;
}

/* ", mostly held by f (x.c:1)" */
static void add_holder(struct ct_view *v, const struct ct_rows *busy, uint32_t row, char *buf,
		       size_t size)
{
	char holder[CT_NAME_MAX];

	if (*ct_line_holder(v, busy, row, holder, sizeof(holder)))
		ct_text_add(buf, size, ", mostly %s by %s",
			    CT_KINDS_LOCKS >> busy->row[row].kind & 1 ? "held" : "woken", holder);
}

/* Contention is what people look for, so it comes first where there is a tenth of it. */
static void say_locks(struct ct_view *v, const struct ct_sums *sums, const struct ct_rows *busy,
		      char *buf, size_t size)
{
	uint64_t locks = sums->total[CT_WHY_LOCK];
	char name[CT_NAME_MAX], n[CT_TEXT_NUMBER];
	uint32_t i = 0;

	while (!busy->row[i].part_total[CT_WHY_LOCK])
		i++;
	ct_text_add(buf, size, "%s of it is contention", ct_text_share(n, locks, sums->waited));
	if (busy->row[i].total < locks)
		ct_text_add(buf, size, ", most of all (%s)",
			    ct_text_share(n, busy->row[i].total, sums->waited));
	ct_text_add(buf, size, " on %s", ct_row_name(v, &busy->row[i], name, sizeof(name)));
	add_holder(v, busy, i, buf, size);
	ct_held_say(v, busy, i, buf, size);
	ct_text_add(buf, size, ".");
}

static void say_others(struct ct_view *v, const struct ct_sums *sums, const struct ct_rows *busy,
		       char *buf, size_t size)
{
	uint64_t locks = sums->total[CT_WHY_LOCK];
	char name[CT_NAME_MAX], n[CT_TEXT_NUMBER];

	ct_text_add(buf, size, "%s of it", ct_text_share(n, busy->row[0].total, sums->waited));
	ct_text_add(buf, size, " in %s", ct_row_name(v, &busy->row[0], name, sizeof(name)));
	add_holder(v, busy, 0, buf, size);
	if (!locks) {
		ct_text_add(buf, size, ". No thread had to wait for a lock.");
		return;
	}
	ct_text_add(buf, size, ". Contention for locks is %s",
		    ct_text_share(n, locks, sums->waited));
	ct_text_add(buf, size, " (%s).", ct_text_ns(n, ct_view_ns(v, locks)));
}

/* All of the program was out of reach. */
static bool none_is_reached(const struct ct_view *v)
{
	const struct ct_model_tables *t = &v->model->tables;
	uint32_t i;

	for (i = 0; i < t->process_count; i++)
		if (!(t->processes[i].flags & CT_PROC_UNREACHED))
			return false;
	return t->process_count != 0;
}

char *ct_sentence(struct ct_view *v, const struct ct_sums *sums, const struct ct_rows *busy,
		  char *buf, size_t size)
{
	char n[CT_TEXT_NUMBER];

	buf[0] = 0;
	if (!busy->count || !sums->waited) {
		if (none_is_reached(v)) {
			ct_text_add(buf, size, "What the threads waited for is not recorded.");
			return buf;
		}
		ct_text_add(buf, size, "No thread waited for anything");
		if (sums->total[CT_WHY_SLEEP] || sums->total[CT_WHY_IDLE])
			ct_text_add(buf, size, " but %s%s%s",
				    sums->total[CT_WHY_SLEEP] ? "time to pass" : "",
				    sums->total[CT_WHY_SLEEP] && sums->total[CT_WHY_IDLE] ? " and "
											  : "",
				    sums->total[CT_WHY_IDLE] ? "work" : "");
		ct_text_add(buf, size, ".");
		return buf;
	}
	ct_text_add(buf, size, "Threads waited %s; ", ct_text_ns(n, ct_view_ns(v, sums->waited)));
	if (ct_sums_contended(sums))
		say_locks(v, sums, busy, buf, size);
	else
		say_others(v, sums, busy, buf, size);
	return buf;
}
