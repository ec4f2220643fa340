/*
 * turns.c - see turns.h.
 *
 *   CPU 0   from |--A--|   |--B--|--A--| to          from ...
 *   CPU 1   from     |--C------------| missing |--C--|
 *                                    '--hole---'
 *
 * A thread may run on any CPU, so a time that was not recorded on one of them is a hole for all threads.
 */
#include "turns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "model_int.h"

int ct_turns_init(struct ct_turns *t)
{
	memset(t, 0, sizeof(*t));
	t->all.item_bytes = sizeof(struct ct_turn);
	t->wakings.item_bytes = sizeof(struct ct_waking);
	if (ct_table_init(&t->cpus, sizeof(struct ct_turns_cpu), 8) < 0 ||
	    ct_table_init(&t->tids, sizeof(struct ct_turns_row), 8) < 0)
		return -ENOMEM;
	return 0;
}

void ct_turns_free(struct ct_turns *t)
{
	ct_pool_free(&t->all);
	ct_pool_free(&t->wakings);
	ct_table_free(&t->cpus);
	ct_table_free(&t->tids);
	free(t->order);
	free(t->holes);
	free(t->sums);
}

static void add_hole(struct ct_turns *t, uint64_t from, uint64_t to)
{
	struct ct_hole *p;

	if (from >= to)
		return;
	if (t->hole_n == t->hole_room) {
		uint32_t room = t->hole_room ? t->hole_room * 2 : 16;

		p = realloc(t->holes, room * sizeof(*p));
		if (!p) {
			t->failed = true;
			return;
		}
		t->holes = p;
		t->hole_room = room;
	}
	t->holes[t->hole_n++] = (struct ct_hole){.from = from, .to = to};
}

static void close_turn(struct ct_turns *t, struct ct_turns_cpu *c, uint64_t ticks,
		       enum ct_turn_end end)
{
	struct ct_turn *turn;

	if (!c->open)
		return;
	turn = ct_pool_at(&t->all, c->open - 1);
	turn->off = ticks > turn->on ? ticks : turn->on;
	turn->end = (uint8_t)end;
	c->open = 0;
}

static void open_turn(struct ct_turns *t, struct ct_turns_cpu *c, uint64_t ticks, uint32_t tid)
{
	uint32_t i = ct_pool_add(&t->all);
	struct ct_turn *turn;

	if (i == CT_NONE)
		return;
	turn = ct_pool_at(&t->all, i);
	*turn = (struct ct_turn){.on = ticks,
				 .off = UINT64_MAX,
				 .tid = tid,
				 .cpu = (uint16_t)c->cpu,
				 .end = CT_TURN_UNSEEN};
	c->open = i + 1;
}

static void take_sched(struct ct_turns *t, struct ct_turns_cpu *c, const struct ct_record *r)
{
	uint64_t span = r->v[CT_F_sched_span], from = r->ticks > span ? r->ticks - span : 0;

	t->source = (uint32_t)r->v[CT_F_sched_source];
	if (r->v[CT_F_sched_error_ns] > t->error_ns)
		t->error_ns = r->v[CT_F_sched_error_ns];
	switch (r->v[CT_F_sched_what]) {
	case CT_SCHED_FROM:
		/* in a ring every chunk says it again */
		if (c->to) {
			add_hole(t, c->to, r->ticks);
			c->came += c->off && r->ticks > c->to ? r->ticks - c->to : 0;
		} else if (!c->from) {
			c->from = r->ticks;
		}
		c->to = 0;
		c->off = c->off || r->v[CT_F_sched_count];
		break;
	case CT_SCHED_TO:
		close_turn(t, c, r->ticks, CT_TURN_UNSEEN);
		c->to = r->ticks;
		break;
	case CT_SCHED_MISSING:
		t->missing += r->v[CT_F_sched_count];
		close_turn(t, c, from, CT_TURN_UNSEEN);
		add_hole(t, from, r->ticks);
		break;
	default: break;
	}
}

static void take_off(struct ct_turns *t, struct ct_turns_cpu *c, const struct ct_record *r)
{
	uint32_t tid = (uint32_t)r->v[CT_F_cpu_off_tid];
	const struct ct_turn *open = c->open ? ct_pool_at(&t->all, c->open - 1) : NULL;

	if (open && open->tid != tid) {
		close_turn(t, c, r->ticks, CT_TURN_UNSEEN);
		open = NULL;
	}
	/* who leaves a CPU had it: since recording began, when nobody saw it come */
	if (!open)
		open_turn(t, c, c->last ? c->last : r->ticks, tid);
	close_turn(t, c, r->ticks,
		   r->v[CT_F_cpu_off_how] == CT_OFF_PREEMPTED ? CT_TURN_PREEMPTED
		   : r->v[CT_F_cpu_off_how] == CT_OFF_STOPPED ? CT_TURN_STOPPED
							      : CT_TURN_WAITS);
}

static void take_waking(struct ct_turns *t, const struct ct_record *r)
{
	uint32_t i = ct_pool_add(&t->wakings);

	if (i != CT_NONE)
		*(struct ct_waking *)ct_pool_at(&t->wakings, i) =
			(struct ct_waking){.ticks = r->ticks,
					   .tid = (uint32_t)r->v[CT_F_waking_tid],
					   .waker = (uint32_t)r->v[CT_F_waking_waker],
					   .how = (uint32_t)r->v[CT_F_waking_how]};
}

void ct_turns_take(struct ct_turns *t, const struct ct_record *r)
{
	uint64_t cpu = r->v[CT_F_cpu_on_cpu] & 0xffff;
	struct ct_turns_cpu *c;

	if (r->type == CT_EV_sched && r->v[CT_F_sched_what] == CT_SCHED_REFUSED) {
		if (r->v[CT_F_sched_source] <= CT_SCHED_BPF)
			t->refused[r->v[CT_F_sched_source]] = (int)(r->v[CT_F_sched_count] & 0xfff);
		return;
	}
	c = ct_table_row(&t->cpus, ct_table_put(&t->cpus, &cpu));
	if (r->type == CT_EV_sched) {
		take_sched(t, c, r);
	} else if (r->type == CT_EV_waking) {
		take_waking(t, r);
	} else if (r->type == CT_EV_cpu_on) {
		/* who had it before is dead: the kernel tells of nobody's last switch */
		close_turn(t, c, r->ticks, CT_TURN_UNSEEN);
		open_turn(t, c, r->ticks, (uint32_t)r->v[CT_F_cpu_on_tid]);
	} else {
		take_off(t, c, r);
	}
	if (r->ticks > c->last)
		c->last = r->ticks;
}

_Static_assert((int)CT_F_cpu_on_cpu == (int)CT_F_cpu_off_cpu &&
		       (int)CT_F_cpu_on_cpu == (int)CT_F_waking_cpu &&
		       (int)CT_F_cpu_on_cpu == (int)CT_F_sched_cpu &&
		       (int)CT_F_cpu_on_cpu == (int)CT_F_account_cpu,
	       "they are read as one");

/* --- the end ------------------------------------------------------------------------------------------------------------------ */

static int by_from(const void *a, const void *b)
{
	const struct ct_hole *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* One that was off, came, and stayed: it is recorded no more, and others are. */
static void settle_came(struct ct_turns *t)
{
	uint64_t last = 0;
	uint32_t i;

	for (i = 0; i < t->cpus.count; i++) {
		const struct ct_turns_cpu *c = ct_table_row(&t->cpus, i);

		if (!c->off && c->to > last)
			last = c->to;
	}
	for (i = 0; i < t->cpus.count; i++) {
		struct ct_turns_cpu *c = ct_table_row(&t->cpus, i);

		c->came += c->off && c->to < last ? last - c->to : 0;
	}
}

/* Before all CPUs are recorded, and after one no longer is, there are holes too. */
static void settle_holes(struct ct_turns *t, uint64_t begin, uint64_t end)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->cpus.count; i++) {
		struct ct_turns_cpu *c = ct_table_row(&t->cpus, i);

		/* a recording that was cut off, or goes on: what came after its newest record is not here */
		if (!c->to) {
			close_turn(t, c, c->last, CT_TURN_UNSEEN);
			c->to = c->last;
		}
		add_hole(t, begin, c->from ? c->from : end);
		add_hole(t, c->to, end);
	}
	settle_came(t);
	if (!t->cpus.count)
		add_hole(t, begin, end);
	if (!t->hole_n)
		return;
	qsort(t->holes, t->hole_n, sizeof(*t->holes), by_from);
	for (i = 0; i < t->hole_n; i++) {
		if (n && t->holes[i].from <= t->holes[n - 1].to) {
			if (t->holes[i].to > t->holes[n - 1].to)
				t->holes[n - 1].to = t->holes[i].to;
		} else {
			t->holes[n++] = t->holes[i];
		}
	}
	t->hole_n = n;
	for (i = 1; i < n; i++)
		t->holes[i].before =
			t->holes[i - 1].before + t->holes[i - 1].to - t->holes[i - 1].from;
}

static struct ct_item turn_item(const struct ct_pool *p, uint32_t i)
{
	const struct ct_turn *turn = ct_pool_at(p, i);

	return (struct ct_item){turn->on, i, turn->tid};
}

static struct ct_item waking_item(const struct ct_pool *p, uint32_t i)
{
	const struct ct_waking *w = ct_pool_at(p, i);

	return (struct ct_item){w->ticks, i, w->tid};
}

/* By tid as they come, which is a few ascending runs for each (one for each chunk of a CPU); then each tid's by time. */
static int order_by_tid(const struct ct_pool *p,
			struct ct_item (*item)(const struct ct_pool *p, uint32_t i),
			struct ct_table *tids, uint32_t **order)
{
	uint32_t n = p->count, i, at = 0, longest = 0;
	struct ct_item *items = malloc((n + 1u) * sizeof(*items)), *scratch;
	int err = -ENOMEM;

	*order = malloc((n + 1u) * sizeof(**order));
	if (!items || !*order)
		goto out;
	for (i = 0; i < n; i++) {
		uint64_t tid = item(p, i).who;
		struct ct_turns_row *of = ct_table_row(tids, ct_table_put(tids, &tid));

		if (++of->count > longest)
			longest = of->count;
	}
	if (tids->failed)
		goto out;
	for (i = 0; i < tids->count; i++) {
		struct ct_turns_row *of = ct_table_row(tids, i);

		of->first = at;
		at += of->count;
		of->count = 0;
	}
	for (i = 0; i < n; i++) {
		struct ct_item it = item(p, i);
		uint64_t tid = it.who;
		struct ct_turns_row *of = ct_table_row(tids, ct_table_put(tids, &tid));

		items[of->first + of->count++] = it;
	}
	scratch = malloc((longest + 1u) * sizeof(*scratch));
	if (!scratch)
		goto out;
	for (i = 0; i < tids->count; i++) {
		struct ct_turns_row *of = ct_table_row(tids, i);

		ct_merge_runs(items + of->first, scratch, of->count);
	}
	free(scratch);
	for (i = 0; i < n; i++)
		(*order)[i] = items[i].index;
	err = 0;
out:
	free(items);
	return err;
}

/*
 * A turn that follows a sleep was given by the last waking before it.  That may be from the turn before, when the thread was on its way
 * to sleep and still had the CPU.
 */
static void give_wakings(struct ct_turns *t, const struct ct_turns_row *turns,
			 const uint32_t *waking, uint32_t n)
{
	uint64_t since = 0;
	uint32_t i, w = 0, last = 0;

	for (i = 0; i < turns->count; i++) {
		struct ct_turn *turn = ct_pool_at(&t->all, t->order[turns->first + i]);
		const struct ct_waking *k;

		while (w < n &&
		       ((const struct ct_waking *)ct_pool_at(&t->wakings, waking[w]))->ticks <=
			       turn->on)
			w++;
		k = w ? ct_pool_at(&t->wakings, waking[w - 1]) : NULL;
		if (k && k->ticks > since) {
			turn->woken = k->ticks;
			turn->waker = k->waker;
			turn->how = (uint8_t)k->how;
			last = turns->first + i + 1;
		}
		turn->last_woken = last;
		since = turn->on;
	}
}

static int join_wakings(struct ct_turns *t)
{
	struct ct_table tids;
	uint32_t *order = NULL, i;
	int err = -ENOMEM;

	if (!t->wakings.count)
		return 0;
	if (ct_table_init(&tids, sizeof(struct ct_turns_row), 8) == 0)
		err = order_by_tid(&t->wakings, waking_item, &tids, &order);
	for (i = 0; i < t->tids.count && !err; i++) {
		const struct ct_turns_row *turns = ct_table_row(&t->tids, i);
		uint32_t row = ct_table_find(&tids, &turns->tid);
		const struct ct_turns_row *of;

		if (row == CT_NONE)
			continue;
		of = ct_table_row(&tids, row);
		give_wakings(t, turns, order + of->first, of->count);
	}
	free(order);
	ct_table_free(&tids);
	ct_pool_free(&t->wakings);
	return err;
}

uint32_t ct_turns_cpus(const struct ct_turns *t)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->cpus.count; i++)
		n += !((const struct ct_turns_cpu *)ct_table_row(&t->cpus, i))->off;
	return n;
}

/* And a thread has one CPU at a time: where records say two, it had left the older one, and nobody saw when. */
static void part(struct ct_turns *t)
{
	uint32_t i;

	for (i = 1; i < t->all.count; i++) {
		struct ct_turn *turn = ct_pool_at(&t->all, t->order[i - 1]);
		const struct ct_turn *next = ct_turn_at(t, i);

		if (turn->tid == next->tid && turn->off > next->on) {
			turn->off = next->on;
			turn->end = CT_TURN_UNSEEN;
		}
	}
}

/*
 * A CPU has one thread at a time.  Where one leaves it that nobody saw come, the one before stayed until it is known to have ended (another
 * thread than the first that executes a program takes over the first one's tid), or else until nobody knows when.
 */
static int part_cpus(struct ct_turns *t)
{
	struct ct_turn **last = calloc(1u << 16, sizeof(struct ct_turn *)), *before;
	uint32_t i;

	if (!last)
		return -ENOMEM;
	for (i = 0; i < t->all.count; i++) {
		struct ct_turn *turn = ct_pool_at(&t->all, i);

		before = last[turn->cpu];
		last[turn->cpu] = turn;
		if (!before || before->off <= turn->on)
			continue;
		if (before->off < turn->off) {
			turn->on = before->off;
		} else {
			before->off = turn->on > before->on ? turn->on : before->on;
			turn->on = turn->off;
		}
	}
	free(last);
	return 0;
}

int ct_turns_finish(struct ct_turns *t, uint64_t begin, uint64_t end)
{
	int err;

	settle_holes(t, begin, end);
	err = part_cpus(t);
	if (!err)
		err = order_by_tid(&t->all, turn_item, &t->tids, &t->order);
	if (!err) {
		part(t);
		err = join_wakings(t);
	}
	if (!err)
		err = ct_turns_add_up(t);
	if (!err && (t->failed || t->all.failed || t->wakings.failed || t->cpus.failed))
		err = -ENOMEM;
	return err;
}

/* --- questions ------------------------------------------------------------------------------------------------------------------ */

uint32_t ct_turns_of(const struct ct_turns *t, uint32_t tid, uint32_t *first)
{
	uint64_t key = tid;
	uint32_t row = ct_table_find(&t->tids, &key);
	const struct ct_turns_row *of;

	*first = 0;
	if (row == CT_NONE || !t->order)
		return 0;
	of = ct_table_row(&t->tids, row);
	*first = of->first;
	return of->count;
}

const struct ct_turn *ct_turns_waking(const struct ct_turns *t, uint32_t tid, uint64_t from,
				      uint64_t to)
{
	uint32_t first, n = ct_turns_of(t, tid, &first);
	uint32_t i = ct_turns_after(t, first, n, to);

	/* the one that goes on then, or else the last one before */
	if (i < first + n && ct_turn_at(t, i)->on <= to)
		i++;
	i = i > first ? ct_turn_at(t, i - 1)->last_woken : 0;
	return i && ct_turn_at(t, i - 1)->on > from ? ct_turn_at(t, i - 1) : NULL;
}

uint32_t ct_turns_after(const struct ct_turns *t, uint32_t first, uint32_t n, uint64_t ticks)
{
	uint32_t lo = first, hi = first + n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (ct_turn_at(t, mid)->off <= ticks)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
