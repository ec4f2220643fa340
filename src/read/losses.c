/*
 * losses.c - whose records are not here, and between which times.
 *
 * Two things tell.  Losses for want of room have `lost` records.  What a ring overwrites has none; but every chunk of it says how many records its
 * thread wrote before (`before`), and the table of ended threads how many each wrote in all.  So a thread's records are counted as they come, and
 * what is told and has not come is lost:
 *
 *      thread 7:   [lost.......] chunk: before=5200, 1300 records   chunk: before=6500, 900   [lost...]  ended: 8100
 *                   5200                                                                        700
 *
 * What the header has counted and no thread is known to have lost is told of no thread in particular.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace_int.h"

/* One slot's way through its threads. */
struct tape {
	uint32_t thread;	 /* serial; 0: none yet */
	uint64_t records, waits; /* of the thread: there, or known to be lost */
	uint64_t own;	   /* of these, `lost` records, which may have been written after its end */
	uint64_t since;	   /* nothing before this is missing any more */
	bool is_told;	   /* of all that came so far: what came before it is known */
	uint32_t sequence; /* of its last chunk */
	size_t first_loss; /* row + 1 of a loss whose beginning its thread_begin will tell */
};

struct pass {
	struct ct_trace *t;
	struct tape *tapes;  /* by run */
	uint32_t *run_of;    /* by chunk */
	uint32_t *by_serial; /* rows of `ended` in the order of their serials */
	size_t ended_n;
	uint64_t overwritten;
	bool is_ring;
};

static int add(struct pass *p, struct ct_trace_loss loss)
{
	struct ct_trace *t = p->t;
	struct ct_trace_loss *rows =
		ct_trace_grow(t->losses, t->losses_n, &t->losses_room, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	t->losses = rows;
	if (loss.from_ticks > loss.to_ticks)
		loss.from_ticks = loss.to_ticks;
	rows[t->losses_n++] = loss;
	if (loss.reason == CT_LOSS_OVERWRITTEN &&
	    __builtin_add_overflow(p->overwritten, loss.records, &p->overwritten))
		p->overwritten = UINT64_MAX;
	return 0;
}

/* Of so many records and waits that a thread has written, what has not come: lost between tape->since and `until`. */
static int miss(struct pass *p, struct tape *tape, uint64_t records, uint64_t waits, uint64_t until)
{
	struct ct_trace_loss loss = {.thread = tape->thread,
				     .reason = CT_LOSS_OVERWRITTEN,
				     .from_ticks = tape->since,
				     .to_ticks = until};
	int err = 0;

	if (waits > tape->waits)
		loss.waits = waits - tape->waits;
	if (records > tape->records)
		loss.records = records - tape->records;
	if (loss.records)
		err = add(p, loss);
	tape->records += loss.records;
	tape->waits += loss.waits;
	return err;
}

/* --- threads that have ended ---------------------------------------------------------------------------------------------------- */

static const struct ct_thread_rec *ended_row(const struct pass *p, size_t i)
{
	return (const struct ct_thread_rec *)(const void *)p->t->ended.rows + p->by_serial[i];
}

static int by_serial(const void *a, const void *b, void *rows)
{
	const struct ct_thread_rec *r = rows;
	uint32_t x = r[*(const uint32_t *)a].thread, y = r[*(const uint32_t *)b].thread;

	return x < y ? -1 : x > y;
}

/* Rows that are whole, one for a serial. */
static int sort_ended(struct pass *p)
{
	struct ct_thread_rec *rows = (void *)p->t->ended.rows;
	size_t n = p->t->ended.n, kept = 0, i;

	p->by_serial = malloc((n + 1) * sizeof(*p->by_serial));
	p->t->ended_found = malloc((n + 1) * sizeof(*p->t->ended_found));
	if (!p->by_serial || !p->t->ended_found)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		p->t->ended_found[i] = UINT64_MAX; /* not looked for yet */
		if (rows[i].thread)
			p->by_serial[p->ended_n++] = (uint32_t)i;
	}
	qsort_r(p->by_serial, p->ended_n, sizeof(*p->by_serial), by_serial, rows);
	for (i = 0; i < p->ended_n; i++)
		if (!i || ended_row(p, i)->thread != ended_row(p, kept - 1)->thread)
			p->by_serial[kept++] = p->by_serial[i];
	p->ended_n = kept;
	return 0;
}

static const struct ct_thread_rec *find_ended(const struct pass *p, uint32_t serial)
{
	size_t lo = 0, hi = p->ended_n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (ended_row(p, mid)->thread < serial)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->ended_n && ended_row(p, lo)->thread == serial ? ended_row(p, lo) : NULL;
}

/* No more records of the tape's thread. */
static int finish_thread(struct pass *p, struct tape *tape)
{
	const struct ct_thread_rec *r = tape->thread ? find_ended(p, tape->thread) : NULL;
	uint64_t *found;

	if (!r)
		return 0;
	found = &p->t->ended_found[r -
				   (const struct ct_thread_rec *)(const void *)p->t->ended.rows];
	*found = tape->records - tape->own;
	return miss(p, tape, r->records, r->waits, r->end_ticks);
}

static int start_thread(struct pass *p, struct tape *tape, uint32_t serial, uint64_t since)
{
	int err = finish_thread(p, tape);

	*tape = (struct tape){.thread = serial, .since = since};
	return err;
}

/* Those of which not a single record is left. */
static int missed_whole(struct pass *p)
{
	const struct ct_thread_rec *rows = (const void *)p->t->ended.rows;
	size_t i;
	int err = 0;

	for (i = 0; i < p->ended_n && !err; i++) {
		const struct ct_thread_rec *r = ended_row(p, i);
		struct tape tape = {.thread = r->thread, .since = r->begin_ticks};

		if (p->t->ended_found[r - rows] == UINT64_MAX)
			err = finish_thread(p, &tape);
	}
	return err;
}

/* --- records ---------------------------------------------------------------------------------------------------------------------- */

static int take_lost(struct pass *p, const struct ct_record *r)
{
	uint64_t span = r->v[CT_F_lost_span];

	if (r->v[CT_F_lost_reason] >= CT_LOSS_REASONS ||
	    r->v[CT_F_lost_reason] == CT_LOSS_OVERWRITTEN)
		return 0;
	return add(p, (struct ct_trace_loss){.thread = (uint32_t)r->v[CT_F_lost_thread],
					     .reason = (uint32_t)r->v[CT_F_lost_reason],
					     .records = r->v[CT_F_lost_count],
					     .from_ticks = r->ticks > span ? r->ticks - span : 0,
					     .to_ticks = r->ticks});
}

static int take_before(struct pass *p, struct tape *tape, const struct ct_record *r)
{
	uint64_t ago = r->v[CT_F_before_ago];
	size_t n = p->t->losses_n;
	bool is_first = !tape->records;
	int err = miss(p, tape, r->v[CT_F_before_records], r->v[CT_F_before_waits],
		       r->ticks > ago ? r->ticks - ago : 0);

	tape->is_told = true;
	if (!err && is_first && p->t->losses_n > n)
		tape->first_loss = n + 1;
	return err;
}

static int take_begin(struct pass *p, struct tape *tape, const struct ct_record *r)
{
	uint32_t serial = (uint32_t)r->v[CT_F_thread_begin_thread];
	struct ct_trace_loss *loss;

	int err = 0;

	if (serial != tape->thread)
		err = start_thread(p, tape, serial, r->ticks);
	/* its very first record: introductions come later in a chunk */
	if (!tape->records)
		tape->is_told = true;
	if (tape->first_loss) {
		loss = &p->t->losses[tape->first_loss - 1];
		if (r->ticks < loss->to_ticks)
			loss->from_ticks = r->ticks;
		tape->first_loss = 0;
	}
	return err;
}

static int take_record(struct pass *p, struct tape *tape, const struct ct_record *r, bool is_first)
{
	int err = 0;

	if (r->type == CT_EV_lost)
		err = take_lost(p, r);
	if (!p->is_ring)
		return err;
	if (r->type == CT_EV_before && is_first)
		err = take_before(p, tape, r);
	else if (r->type == CT_EV_thread_begin)
		err = take_begin(p, tape, r);
	tape->records++;
	tape->own += r->type == CT_EV_lost;
	if (r->type == CT_EV_wait)
		tape->waits++;
	else if (r->type == CT_EV_tally)
		tape->waits += r->v[CT_F_tally_count];
	return err;
}

static int take_chunk(struct pass *p, uint32_t index)
{
	const struct ct_trace_chunk *c = &p->t->chunks[index];
	struct tape *tape = &p->tapes[p->run_of[index]];
	uint8_t bytes[CT_CHUNK_PAYLOAD];
	enum ct_decode_result result;
	uint32_t used, records = 0;
	struct ct_decoder d;
	struct ct_record r;
	int err = 0;

	if (!ct_chunk_fetch(p->t, index, bytes, &used))
		return 0;
	if (c->thread != tape->thread)
		err = start_thread(p, tape, c->thread, p->t->info.first_ticks);
	else if (c->sequence != tape->sequence + 1)
		tape->is_told = false;
	ct_decoder_start(&d, bytes, used, c->base_ticks);
	d.skip = ~(1ull << CT_EV_lost | 1ull << CT_EV_before | 1ull << CT_EV_thread_begin |
		   1ull << CT_EV_tally);
	while (!err) {
		result = ct_decode(&d, &r);
		if (result == CT_DECODE_END || result == CT_DECODE_DAMAGED)
			break;
		records++;
		err = take_record(p, tape, &r, records == 1);
	}
	/* begun and not completed: of the last thread in it */
	if (c->records > records)
		tape->records += c->records - records;
	if (tape->is_told)
		tape->since = c->last_ticks;
	tape->sequence = c->sequence;
	return err;
}

static int take_all(struct pass *p)
{
	struct ct_trace *t = p->t;
	size_t i, k;
	int err;

	p->tapes = calloc(t->runs_n + 1, sizeof(*p->tapes));
	p->run_of = calloc(t->chunks_n + 1, sizeof(*p->run_of));
	if (!p->tapes || !p->run_of)
		return -ENOMEM;
	for (i = 0; i < t->runs_n; i++)
		for (k = 0; k < t->runs[i].n; k++)
			p->run_of[t->order[t->runs[i].first + k]] = (uint32_t)i;
	err = sort_ended(p);
	for (i = 0; i < t->chunks_n && !err; i++)
		err = take_chunk(p, (uint32_t)i);
	for (i = 0; i < t->runs_n && !err; i++)
		err = start_thread(p, &p->tapes[i], 0, 0);
	return err ? err : missed_whole(p);
}

/* --- the sum ------------------------------------------------------------------------------------------------------------------------ */

static int by_thread(const void *a, const void *b)
{
	const struct ct_trace_loss *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->reason < y->reason ? -1 : x->reason > y->reason;
}

static int largest_first(const void *a, const void *b)
{
	const struct ct_trace_loss *x = a, *y = b;

	if (x->records != y->records)
		return x->records > y->records ? -1 : 1;
	return by_thread(a, b);
}

static void sum_up(struct ct_trace *t)
{
	struct ct_trace_loss *rows = t->losses, *to;
	size_t n = 0, i;

	if (!t->losses_n)
		return;
	qsort(rows, t->losses_n, sizeof(*rows), by_thread);
	for (i = 0; i < t->losses_n; i++) {
		if (!n || by_thread(&rows[n - 1], &rows[i])) {
			rows[n++] = rows[i];
			continue;
		}
		to = &rows[n - 1];
		to->records += rows[i].records;
		to->waits += rows[i].waits;
		if (rows[i].from_ticks < to->from_ticks)
			to->from_ticks = rows[i].from_ticks;
		if (rows[i].to_ticks > to->to_ticks)
			to->to_ticks = rows[i].to_ticks;
	}
	t->losses_n = n;
	qsort(rows, n, sizeof(*rows), largest_first);
}

/* Where parts are missing for other reasons, nobody can tell which of the two it was. */
static void forget_overwritten(struct pass *p)
{
	struct ct_trace *t = p->t;
	size_t n = 0, i;

	for (i = 0; i < t->losses_n; i++)
		if (t->losses[i].reason != CT_LOSS_OVERWRITTEN)
			t->losses[n++] = t->losses[i];
	t->losses_n = n;
	p->overwritten = 0;
}

static int find(struct ct_trace *t)
{
	uint64_t *header = &t->lost[CT_LOSS_OVERWRITTEN];
	struct pass p = {.t = t, .is_ring = t->header.policy == CT_POLICY_RING};
	int err = take_all(&p);

	if (!err && p.is_ring && (t->lost[CT_LOSS_DAMAGED] || t->lost[CT_LOSS_DISK]))
		forget_overwritten(&p);
	if (!err && p.overwritten < *header && p.is_ring)
		err = add(&p, (struct ct_trace_loss){.reason = CT_LOSS_OVERWRITTEN,
						     .records = *header - p.overwritten,
						     .from_ticks = t->info.first_ticks,
						     .to_ticks = t->info.last_ticks});
	if (p.overwritten > *header)
		*header = p.overwritten;
	if (!err)
		sum_up(t);
	free(p.tapes);
	free(p.run_of);
	free(p.by_serial);
	return err;
}

int ct_trace_losses_by_thread(struct ct_trace *t, const struct ct_trace_loss **rows, size_t *n)
{
	int err = 0;

	/* of a stream there is nothing but `lost` records, which its header may not know of when it has no end */
	if (!t->losses_found &&
	    (t->lost[CT_LOSS_NO_CHUNK] || t->lost_seen || t->header.policy == CT_POLICY_RING)) {
		t->losses_found = true;
		err = find(t);
	}
	if (err)
		t->losses_n = 0;
	*rows = t->losses;
	*n = t->losses_n;
	return err;
}

void ct_losses_free(struct ct_trace *t)
{
	free(t->losses);
	free(t->ended_found);
}
