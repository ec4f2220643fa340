/*
 * cpustat.c - see cpustat.h.
 *
 * /proc/stat tells of much else, and the kernel makes all of it each time: 7 us on two CPUs and a millisecond on hundreds, where it goes
 * through the interrupts of each.  So it is read ten times a second, which is as often as hundredths of a second are worth, and less often where that
 * takes long.
 */
#include "cpustat.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

#define PAUSE_TIMES 200u	/* as long as reading took */
#define HELD_NS	    1000000000u /* a CPU that is idle all the time is told of as seldom as that */
#define TEXT_MAX    (16u << 20)

/* --- the text ---------------------------------------------------------------------------------------------------------------- */

/* Columns: user nice system idle iowait irq softirq steal guest guest_nice; those behind idle came one by one with newer kernels. */
enum { IDLE = 3, IOWAIT = 4, STEAL = 7, COLUMNS = 8 };

/* Returns how many there are, up to COLUMNS. */
static unsigned read_columns(const char *at, const char *end, uint64_t column[COLUMNS])
{
	unsigned n = 0;
	char *next;

	while (n < COLUMNS) {
		while (at < end && *at == ' ')
			at++;
		if (at == end || !isdigit((unsigned char)*at))
			break;
		column[n++] = strtoull(at, &next, 10);
		at = next;
	}
	return n;
}

bool ct_cpustat_parse(const char *text,
		      void (*take)(void *arg, unsigned long cpu, uint64_t idle, uint64_t stolen),
		      void *arg)
{
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		uint64_t column[COLUMNS] = {0};
		unsigned long cpu;
		char *at;

		if (strncmp(text, "cpu", 3) != 0)
			return true;
		/* the first line has no number: it is of all */
		if (!isdigit((unsigned char)text[3]))
			continue;
		cpu = strtoul(text + 3, &at, 10);
		if (*at == ' ' && read_columns(at, end, column) > IDLE)
			take(arg, cpu, column[IDLE] + column[IOWAIT], column[STEAL]);
	}
	return false;
}

/* --- what is told ------------------------------------------------------------------------------------------------------------ */

static uint64_t count_ns(void)
{
	return 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void tell(const struct ct_cpustat *s, unsigned cpu, const struct ct_cpustat_count *to)
{
	const struct ct_cpustat_count *from = &s->cpu[cpu].told;
	uint64_t v[CT_FIELDS_MAX] = {0};

	v[CT_F_cpu_idle_cpu] = cpu;
	v[CT_F_cpu_idle_span] = to->ticks - from->ticks;
	v[CT_F_cpu_idle_idle_ns] = (to->idle - from->idle) * count_ns();
	v[CT_F_cpu_idle_stolen_ns] = (to->stolen - from->stolen) * count_ns();
	ct_emit(s->slot, CT_EV_cpu_idle, v, to->ticks);
	s->cpu[cpu].told = *to;
}

/* Since it was last told of, nobody has had it, as far as the counts can tell. */
static bool was_idle(const struct ct_cpustat_count *from, const struct ct_cpustat_count *to)
{
	return (to->idle - from->idle + 1) * count_ns() >= to->ns - from->ns;
}

/* Makes room for a CPU with this number.  False: there is none, or it is no CPU's. */
static bool has_room(struct ct_cpustat *s, unsigned long cpu)
{
	unsigned n = s->cpu_n ? s->cpu_n : 8;
	struct ct_cpustat_cpu *p;

	if (cpu < s->cpu_n)
		return true;
	if (cpu >= CT_CPUS_MAX)
		return false;
	while (n <= cpu)
		n *= 2;
	p = realloc(s->cpu, n * sizeof(*p));
	if (!p)
		return false;
	memset(p + s->cpu_n, 0, (n - s->cpu_n) * sizeof(*p));
	s->cpu = p;
	s->cpu_n = n;
	return true;
}

/* Of two counts that are shown in whole numbers the sum may go back when one goes on as the other; of a CPU that was off it does so by more. */
static uint64_t not_back(uint64_t was, uint64_t is)
{
	return is < was && was - is <= 2 ? was : is;
}

/* A CPU that was off in between, or not there, begins anew: what it did meanwhile is not known. */
static bool goes_on(const struct ct_cpustat *s, const struct ct_cpustat_cpu *c,
		    const struct ct_cpustat_count *now)
{
	return c->look && c->look == s->look - 1 && now->idle >= c->seen.idle &&
	       now->stolen >= c->seen.stolen;
}

static void take_cpu(void *arg, unsigned long number, uint64_t idle, uint64_t stolen)
{
	struct ct_cpustat *s = arg;
	struct ct_cpustat_count now = {idle, stolen, s->ticks, s->ns};
	struct ct_cpustat_cpu *c;
	bool goes, idle_on;

	if (!has_room(s, number))
		return;
	c = &s->cpu[number];
	if (c->look == s->look)
		return;
	now.idle = not_back(c->seen.idle, idle);
	goes = goes_on(s, c, &now);
	idle_on = goes && was_idle(&c->told, &now);
	if (idle_on && !s->last && now.ns - c->told.ns < HELD_NS) {
		c->seen = now;
		c->look = s->look;
		return;
	}
	/* what it was idle before does not blur into what comes now */
	if (!idle_on && c->seen.ticks != c->told.ticks)
		tell(s, (unsigned)number, &c->seen);
	if (goes)
		tell(s, (unsigned)number, &now);
	c->told = c->seen = now;
	c->look = s->look;
}

/* --- looking ----------------------------------------------------------------------------------------------------------------- */

static void look(struct ct_cpustat *s)
{
	ssize_t n;

	if (s->fd < 0)
		return;
	s->ticks = ct_now();
	s->ns = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
	n = pread(s->fd, s->text, s->room - 1, 0);
	if (n <= 0)
		return;
	s->text[n] = 0;
	s->look++;
	if (ct_cpustat_parse(s->text, take_cpu, s) || (size_t)n + 1 < s->room ||
	    s->room >= TEXT_MAX)
		return;
	/* not all CPUs were in it: the next time they are */
	free(s->text);
	s->room *= 2;
	s->text = malloc(s->room);
	if (!s->text)
		ct_cpustat_close(s);
}

void ct_cpustat_open(struct ct_cpustat *s, struct ct_slot *slot)
{
	struct statfs fs;

	*s = (struct ct_cpustat){.slot = slot, .room = 4096};
	s->fd = slot ? open("/proc/stat", O_RDONLY | O_CLOEXEC) : -1;
	s->text = malloc(s->room);
	/* in a container something else may stand there, which numbers the CPUs otherwise than the kernel's switches do */
	if (!s->text || s->fd < 0 || fstatfs(s->fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		ct_cpustat_close(s);
		return;
	}
	look(s);
	s->next_ns = s->ns + CT_CPUSTAT_PAUSE_NS;
}

void ct_cpustat_look(struct ct_cpustat *s, uint64_t now_ns)
{
	uint64_t took;

	if (s->fd < 0 || now_ns < s->next_ns)
		return;
	took = ct_clock_ns(&ct_cap.clock, CLOCK_THREAD_CPUTIME_ID);
	look(s);
	took = ct_clock_ns(&ct_cap.clock, CLOCK_THREAD_CPUTIME_ID) - took;
	s->next_ns = now_ns + (took * PAUSE_TIMES > CT_CPUSTAT_PAUSE_NS ? took * PAUSE_TIMES
									: CT_CPUSTAT_PAUSE_NS);
}

void ct_cpustat_last(struct ct_cpustat *s)
{
	s->last = true;
	look(s);
}

void ct_cpustat_close(struct ct_cpustat *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->text);
	free(s->cpu);
	*s = (struct ct_cpustat){.fd = -1};
}
