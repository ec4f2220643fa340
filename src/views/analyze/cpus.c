/*
 * cpus.c - see cpus.h.
 */
#include "views/analyze/cpus.h"

#include <errno.h>
#include <stdlib.h>

#include "model/cpustat.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

#define LETTERS 26u

struct cpu {
	uint64_t cpu;		/* key */
	uint64_t ran, ran_seen; /* ticks; the second without what is in holes of other CPUs */
	uint64_t turns;
	uint64_t hidden; /* ticks of threads of the tree that the filter leaves out */
	uint64_t slice_hidden[CT_SLICES];
	uint64_t slice[CT_SLICES];    /* ticks of the tree in it */
	uint64_t most[CT_SLICES];     /* of that, of who had most */
	uint32_t who_most[CT_SLICES]; /* tid */
};

struct had {
	uint64_t place; /* key: CPU << 32 | slice */
	uint64_t tid;	/* key */
	uint64_t ticks;
};

struct whom {
	uint64_t tid; /* key */
	uint64_t ticks, turns;
	uint64_t at; /* a moment at which it had a CPU */
};

struct ct_cpus {
	const struct ct_delays *d;
	struct ct_cpustats stats;
	uint64_t seen;
	struct ct_table cpu;  /* struct cpu */
	struct ct_table had;  /* struct had */
	struct ct_table whom; /* struct whom, most time first when everything is found */
};

void ct_cpus_free(struct ct_cpus *c)
{
	if (!c)
		return;
	ct_table_free(&c->cpu);
	ct_table_free(&c->had);
	ct_table_free(&c->whom);
	ct_cpustats_free(&c->stats);
	free(c);
}

static void spread(struct ct_cpus *c, struct cpu *cpu, uint32_t tid, uint64_t from, uint64_t to)
{
	uint64_t i = (from - c->d->begin) / c->d->slice;

	for (; i < CT_SLICES && from < to; i++) {
		uint64_t part = c->d->slice - (from - c->d->begin) % c->d->slice;
		const struct had key = {.place = cpu->cpu << 32 | i, .tid = tid};
		struct had *had;

		part = part < to - from ? part : to - from;
		had = ct_table_row(&c->had, ct_table_put(&c->had, &key));
		had->ticks += part;
		cpu->slice[i] += part;
		if (had->ticks > cpu->most[i]) {
			cpu->most[i] = had->ticks;
			cpu->who_most[i] = tid;
		}
		from += part;
	}
}

static void hide(struct ct_cpus *c, struct cpu *cpu, uint64_t from, uint64_t to)
{
	uint64_t i = (from - c->d->begin) / c->d->slice;

	cpu->hidden += to - from;
	for (; i < CT_SLICES && from < to; i++) {
		uint64_t part = c->d->slice - (from - c->d->begin) % c->d->slice;

		part = part < to - from ? part : to - from;
		cpu->slice_hidden[i] += part;
		from += part;
	}
}

static void take_turn(struct ct_view *v, struct ct_cpus *c, const struct ct_turn *turn)
{
	const struct ct_thread *t = ct_model_thread_outside(v->model, turn->tid, turn->on);
	uint64_t from = turn->on > c->d->begin ? turn->on : c->d->begin;
	uint64_t to = turn->off < c->d->end ? turn->off : c->d->end, key;
	struct cpu *cpu;
	struct whom *w;

	if (from >= to)
		return;
	key = turn->cpu;
	cpu = ct_table_row(&c->cpu, ct_table_put(&c->cpu, &key));
	if (t ? !ct_view_shows(v, t) : v->o.thread || v->o.process) {
		hide(c, cpu, from, to);
		return;
	}
	cpu->ran += to - from;
	cpu->ran_seen += ct_turns_seen(&v->model->turns, from, to);
	cpu->turns++;
	spread(c, cpu, turn->tid, from, to);
	key = turn->tid;
	w = ct_table_row(&c->whom, ct_table_put(&c->whom, &key));
	w->ticks += to - from;
	w->turns++;
	w->at = turn->on;
}

static int by_ticks(const void *a, const void *b)
{
	const struct whom *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks > y->ticks ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

static int by_number(const void *a, const void *b)
{
	const struct cpu *x = a, *y = b;

	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

/* Those that were recorded or counted. */
static void list_cpus(struct ct_view *v, struct ct_cpus *c)
{
	const struct ct_table *recorded = &v->model->turns.cpus;
	uint32_t i;

	for (i = 0; i < recorded->count; i++)
		ct_table_put(&c->cpu,
			     &((const struct ct_turns_cpu *)ct_table_row(recorded, i))->cpu);
	for (i = 0; i < c->stats.count; i++)
		ct_table_put(&c->cpu, &c->stats.cpu[i].cpu);
}

int ct_cpus_find(struct ct_view *v, const struct ct_delays *d, struct ct_cpus **out)
{
	const struct ct_turns *t = &v->model->turns;
	struct ct_cpus *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;
	uint32_t i;

	*out = NULL;
	if (!c || ct_table_init(&c->cpu, sizeof(struct cpu), 8) < 0 ||
	    ct_table_init(&c->had, sizeof(struct had), 16) < 0 ||
	    ct_table_init(&c->whom, sizeof(struct whom), 8) < 0)
		goto out;
	c->d = d;
	c->seen = ct_turns_seen(t, d->begin, d->end);
	c->stats.begin = d->begin;
	c->stats.slice = d->slice;
	c->stats.n = CT_SLICES;
	err = ct_cpustats_build(v->trace, v->model, &c->stats);
	if (err)
		goto out;
	list_cpus(v, c);
	for (i = 0; i < t->all.count && !c->cpu.failed && !c->had.failed && !c->whom.failed; i++)
		take_turn(v, c, ct_pool_at(&t->all, i));
	err = -ENOMEM;
	if (c->cpu.failed || c->had.failed || c->whom.failed)
		goto out;
	qsort(c->cpu.rows, c->cpu.count, sizeof(struct cpu), by_number);
	qsort(c->whom.rows, c->whom.count, sizeof(struct whom), by_ticks);
	*out = c;
	return 0;
out:
	ct_cpus_free(c);
	return err;
}

bool ct_cpus_counted(const struct ct_cpus *c)
{
	return c->stats.count != 0;
}

static const struct cpu *cpu_at(const struct ct_cpus *c, uint32_t i)
{
	return ct_table_row(&c->cpu, i);
}

static const struct whom *whom_at(const struct ct_cpus *c, uint32_t i)
{
	return ct_table_row(&c->whom, i);
}

/* What is left of the time that was seen on all CPUs. */
static uint64_t others_or_idle(const struct ct_cpus *c, const struct cpu *cpu)
{
	return c->seen > cpu->ran_seen ? c->seen - cpu->ran_seen : 0;
}

static uint64_t not_seen(const struct ct_cpus *c, const struct cpu *cpu)
{
	uint64_t known = cpu->ran + others_or_idle(c, cpu), all = c->d->end - c->d->begin;

	return all > known ? all - known : 0;
}

/* What the counts tell of a CPU, with threads that are left out as others'.  False: there are none. */
static bool counted(const struct ct_cpus *c, const struct cpu *cpu, struct ct_cpustat_part *all)
{
	const struct ct_cpustat_cpu *s = ct_cpustats_of(&c->stats, cpu->cpu);

	if (!s)
		return false;
	*all = s->all;
	all->others += (double)cpu->hidden;
	return true;
}

static struct ct_cpustat_part counted_in(const struct ct_cpus *c, const struct cpu *cpu,
					 unsigned slice)
{
	struct ct_cpustat_part p = ct_cpustats_of(&c->stats, cpu->cpu)->slice[slice];

	p.others += (double)cpu->slice_hidden[slice];
	return p;
}

/* --- text --------------------------------------------------------------------------------------------------------------------------- */

/* What a slice was in which none of the tree had the CPU, or for less than a tenth of it. */
static char letter_of_rest(const struct ct_cpustat_part *p, char idle)
{
	if (p->unknown >= p->idle && p->unknown >= p->others && p->unknown >= p->stolen)
		return '?';
	if (p->others >= p->idle && p->others >= p->stolen)
		return '*';
	return p->stolen > p->idle ? '!' : idle;
}

/* Who had the CPU most in a slice: "." none of the tree, "-" one for less than a tenth of it, "+" one that has no letter. */
static char letter(const struct ct_cpus *c, const struct cpu *cpu, unsigned slice)
{
	char few = cpu->slice[slice] ? '-' : '.';
	uint32_t i;

	if (cpu->slice[slice] * 10 < c->d->slice || !cpu->slice[slice]) {
		struct ct_cpustat_part p;

		if (!counted(c, cpu, &p))
			return few;
		p = counted_in(c, cpu, slice);
		return letter_of_rest(&p, few);
	}
	for (i = 0; i < c->whom.count && i < LETTERS; i++)
		if (whom_at(c, i)->tid == cpu->who_most[slice])
			return (char)('a' + i);
	return '+';
}

static char *name(struct ct_view *v, const struct whom *w, char *buf, size_t size)
{
	const struct ct_thread *t = ct_model_thread_outside(v->model, (uint32_t)w->tid, w->at);

	if (t)
		return ct_name_thread(v, t, buf, size);
	snprintf(buf, size, "thread %u", (uint32_t)w->tid);
	return buf;
}

static void print_letters(struct ct_view *v, const struct ct_cpus *c)
{
	char shown[LETTERS + 2] = "", n[CT_TEXT_NUMBER], text[CT_NAME_MAX];
	uint32_t i;
	unsigned k;

	for (i = 0; i < c->cpu.count && i < v->o.top; i++)
		for (k = 0; k < CT_SLICES; k++) {
			char l = letter(c, cpu_at(c, i), k);

			if (l >= 'a' && l <= 'z')
				shown[l - 'a'] = 1;
		}
	for (i = 0; i < c->whom.count && i < LETTERS; i++)
		if (shown[i])
			fprintf(v->out, "%10s  %c %s\n",
				ct_text_ns(n, ct_view_ns(v, whom_at(c, i)->ticks)), (int)('a' + i),
				name(v, whom_at(c, i), text, sizeof(text)));
}

static void print_share(struct ct_view *v, const char *what, double ticks, uint64_t all)
{
	char n[CT_TEXT_NUMBER];

	if (ticks >= 0.5)
		fprintf(v->out, ", %s %s", what, ct_text_share(n, (uint64_t)(ticks + 0.5), all));
}

/* How much of the time it was whose. */
static void print_parts(struct ct_view *v, const struct ct_cpus *c, const struct cpu *cpu)
{
	uint64_t all = c->d->end - c->d->begin;
	const struct ct_cpustat_cpu *s = ct_cpustats_of(&c->stats, cpu->cpu);
	struct ct_cpustat_part p;
	char n[3][CT_TEXT_NUMBER];

	if (!s || !counted(c, cpu, &p)) {
		fprintf(v->out, "%12sthreads %s, others or idle %s, not seen %s\n", "",
			ct_text_share(n[0], cpu->ran, all),
			ct_text_share(n[1], others_or_idle(c, cpu), all),
			ct_text_share(n[2], not_seen(c, cpu), all));
		return;
	}
	if (ct_turns_any(&v->model->turns))
		fprintf(v->out, "%12sthreads %s, others %s, idle %s", "",
			ct_text_share(n[0], cpu->ran, all),
			ct_text_share(n[1], (uint64_t)(p.others + 0.5), all),
			ct_text_share(n[2], (uint64_t)(p.idle + 0.5), all));
	else
		fprintf(v->out, "%12sidle %s", "",
			ct_text_share(n[0], (uint64_t)(p.idle + 0.5), all));
	print_share(v, "stolen", p.stolen, all);
	print_share(v, "not known", p.unknown, all);
	if (s->stolen_more >= 0.5)
		fprintf(v->out, "; of the threads' or idle time %s was stolen, too",
			ct_text_share(n[0], (uint64_t)(s->stolen_more + 0.5), all));
	fputc('\n', v->out);
}

static void print_what_they_mean(struct ct_view *v)
{
	char text[400] = "";

	if (ct_turns_any(&v->model->turns))
		ct_text_add(text, sizeof(text), "others: %sother programs and the kernel itself; ",
			    v->o.thread || v->o.process ? "threads that are not shown, " : "");
	ct_text_add(text, sizeof(text),
		    "the kernel counts idle time in hundredths of a second: right to %u ms of each "
		    "CPU, and when in a tenth of a second is not known",
		    CT_CPUSTAT_ERROR_NS / 1000000);
	fprintf(v->out, "%12s", "");
	ct_text_wrap(v->out, text, 12, v->o.width);
}

void ct_cpus_print(struct ct_view *v, const struct ct_cpus *c)
{
	uint32_t i;
	unsigned k;

	fprintf(v->out, "\n%sCPUs%s   who had each most, by column; - less than a tenth, %s\n",
		ct_bold(v), ct_plain(v),
		ct_cpus_counted(c) ? ". idle, * others, ! stolen, ? not known" : ". none of these");
	for (i = 0; i < c->cpu.count && i < v->o.top; i++) {
		const struct cpu *cpu = cpu_at(c, i);

		fprintf(v->out, "%10u  ", (uint32_t)cpu->cpu);
		for (k = 0; k < CT_SLICES; k++)
			fputc(letter(c, cpu, k), v->out);
		fputc('\n', v->out);
		print_parts(v, c, cpu);
	}
	if (i < c->cpu.count)
		fprintf(v->out, "%12sand %u more; --top %u shows them\n", "", c->cpu.count - i,
			c->cpu.count);
	if (ct_cpus_counted(c))
		print_what_they_mean(v);
	print_letters(v, c);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------------------------- */

static void ns_json(struct ct_view *v, struct ct_json *j, const char *key, double ticks)
{
	ct_json_number(j, key, ct_view_ns(v, (uint64_t)(ticks + 0.5)));
}

static void slice_json(struct ct_json *j, const struct ct_cpus *c, const struct cpu *cpu,
		       unsigned slice)
{
	const double length = (double)c->d->slice;
	struct ct_cpustat_part p = counted_in(c, cpu, slice);

	ct_json_real(j, "others", p.others / length);
	ct_json_real(j, "idle", p.idle / length);
	ct_json_real(j, "stolen", p.stolen / length);
	ct_json_real(j, "unknown", p.unknown / length);
}

static void cpu_json(struct ct_view *v, struct ct_json *j, const struct ct_cpus *c,
		     const struct cpu *cpu)
{
	struct ct_cpustat_part p;
	bool told = counted(c, cpu, &p);
	unsigned k;

	ct_json_object(j, NULL);
	ct_json_number(j, "cpu", cpu->cpu);
	ct_json_number(j, "ran_ns", ct_view_ns(v, cpu->ran));
	ct_json_number(j, "others_or_idle_ns", ct_view_ns(v, others_or_idle(c, cpu)));
	ct_json_number(j, "not_seen_ns", ct_view_ns(v, not_seen(c, cpu)));
	if (told) {
		ns_json(v, j, "others_ns", p.others);
		ns_json(v, j, "idle_ns", p.idle);
		ns_json(v, j, "stolen_ns", p.stolen);
		ns_json(v, j, "unknown_ns", p.unknown);
		ns_json(v, j, "stolen_more_ns", ct_cpustats_of(&c->stats, cpu->cpu)->stolen_more);
		ct_json_number(j, "right_to_ns", CT_CPUSTAT_ERROR_NS);
	}
	ct_json_number(j, "turns", cpu->turns);
	ct_json_array(j, "over_time");
	for (k = 0; k < CT_SLICES; k++) {
		ct_json_object(j, NULL);
		ct_json_real(j, "running", (double)cpu->slice[k] / (double)c->d->slice);
		ct_json_number(j, "most_tid", cpu->who_most[k]);
		ct_json_real(j, "most", (double)cpu->most[k] / (double)c->d->slice);
		if (told)
			slice_json(j, c, cpu, k);
		ct_json_close(j, '}');
	}
	ct_json_close(j, ']');
	ct_json_close(j, '}');
}

void ct_cpus_json(struct ct_view *v, struct ct_json *j, const struct ct_cpus *c)
{
	uint32_t i;

	ct_json_array(j, "each_cpu");
	for (i = 0; i < c->cpu.count; i++)
		cpu_json(v, j, c, cpu_at(c, i));
	ct_json_close(j, ']');
}
