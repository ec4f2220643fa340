/*
 * usage.c - see usage.h.
 *
 * For each process its stat and statm stay open: they are of that process for ever, whoever gets its number, and 6 us read all of it.
 * Switches are counted by thread, 8 us each, and 5 more for how long it ran, where a process used any processor time; programs with
 * many threads are gone through in parts.  What reading costs is measured, and the pause after it is so long that it was 0.5 % of both; twice, because sums do not wait
 * for threads.
 *
 * smaps_rollup would part the heap from other anonymous memory, and is not read: it goes through all pages of the program under its
 * mmap_lock, 17 ms for 600 MiB (statm: 2 us), in which threads that map memory may have to wait.
 */
#include "usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

#define QUIET_NS     40000000u /* the longest pause, as long as nothing is used */
#define PAUSE_TIMES  200u      /* as long as reading took */
#define THREADS_ONCE 64u       /* read without going on with anything else: 0.5 ms */

#define CPU_CLOCK(pid)                                                                             \
	((clockid_t)(~(unsigned)(pid) << 3 | 2u)) /* of all its threads: CPUCLOCK_SCHED */

static uint64_t own_cpu_ns(void)
{
	return ct_clock_ns(&ct_cap.clock, CLOCK_THREAD_CPUTIME_ID);
}

/* The text of a file, from its beginning. */
static bool read_text(int fd, char *text, size_t room)
{
	ssize_t n = pread(fd, text, room - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* --- switches ---------------------------------------------------------------------------------------------------------------- */

struct walk {
	struct ct_usage *usage;
	struct ct_usage_process *process;
};

/* How long it ran, where that does not come with the kernel's switches. */
static void tell_ran(const struct walk *w, const struct ct_task *was, const struct ct_task *is)
{
	uint64_t from = was->ticks > w->process->still ? was->ticks : w->process->still;
	uint64_t v[CT_FIELDS_MAX] = {0};

	v[CT_F_ran_tid] = is->tid;
	v[CT_F_ran_process] = w->process->index;
	v[CT_F_ran_span] = was->timed && is->ticks > from ? is->ticks - from : 0;
	v[CT_F_ran_run_ns] = is->run_ns - was->run_ns;
	v[CT_F_ran_delay_ns] = is->delay_ns - was->delay_ns;
	v[CT_F_ran_turns] = is->turns - was->turns;
	ct_emit(w->usage->slot, CT_EV_ran, v, is->ticks);
}

/* A thread's switches are those of its process from the last time it was seen on. */
static void take_task(void *arg, const struct ct_task *was, const struct ct_task *is)
{
	const struct walk *w = arg;
	struct ct_usage_process *p = w->process;

	p->now.voluntary += is->voluntary - was->voluntary;
	p->now.involuntary += is->involuntary - was->involuntary;
	if (is->timed && (!was->timed || is->turns != was->turns || is->run_ns != was->run_ns))
		tell_ran(w, was, is);
}

/* As many threads as may be read at once.  Returns how many are left of `room`. */
static unsigned count_threads(struct ct_usage *u, struct ct_usage_process *p, unsigned room)
{
	struct walk w = {u, p};
	bool timed = u->sched && ct_sched_unaccounted(u->sched);
	int left;

	/* who used no processor time has not come to a CPU, and so has not left one */
	if (!room || p->now.cpu_ns == p->counted)
		return room;
	left = ct_tasks_walk(&p->tasks, room, timed, take_task, &w);
	if (left < 0)
		return 0;
	p->counted = p->now.cpu_ns;
	return (unsigned)left;
}

static void count_switches(struct ct_usage *u)
{
	unsigned room = THREADS_ONCE, i;

	for (i = 0; i < u->n; i++) {
		room = count_threads(u, &u->process[u->turn % u->n], room);
		if (!room)
			return;
		u->turn = (u->turn + 1) % u->n;
	}
}

/* --- one process ------------------------------------------------------------------------------------------------------------- */

/* Field n of /proc/PID/stat, from 3 on: behind the name, which may hold anything. */
static uint64_t stat_field(const char *text, unsigned n)
{
	const char *at = strrchr(text, ')');

	for (n -= 2; n && at; n--)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* False: it is gone. */
static bool read_sums(struct ct_usage_process *p)
{
	uint64_t before = ct_now(), cpu_ns = ct_clock_ns(&ct_cap.clock, CPU_CLOCK(p->pid)),
		 tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK),
		 page = (uint64_t)sysconf(_SC_PAGESIZE), all, files;
	char text[1024], *at;

	/* what answers now was there when the clock was asked for by number */
	if (!read_text(p->stat, text, sizeof(text)))
		return false;
	p->now.minor = stat_field(text, 10);
	p->now.major = stat_field(text, 12);
	p->now.system_ns = stat_field(text, 15) * tick_ns;
	p->now.cpu_ns = cpu_ns ? cpu_ns : stat_field(text, 14) * tick_ns + p->now.system_ns;
	if (p->now.cpu_ns == p->counted)
		p->still = before;
	if (!read_text(p->statm, text, sizeof(text)))
		return false;
	strtoull(text, &at, 10);
	all = strtoull(at, &at, 10);
	files = strtoull(at, &at, 10);
	p->now.resident = all * page;
	p->now.anonymous = all > files ? (all - files) * page : 0;
	return true;
}

/* Returns whether there was anything to tell. */
static bool tell(struct ct_usage *u, struct ct_usage_process *p)
{
	const struct ct_usage_sums *now = &p->now, *told = &p->told;
	uint64_t ticks = ct_now(), v[CT_FIELDS_MAX] = {0};

	v[CT_F_usage_process] = p->index;
	v[CT_F_usage_span] = ticks > p->looked ? ticks - p->looked : 0;
	v[CT_F_usage_cpu_ns] = now->cpu_ns - told->cpu_ns;
	v[CT_F_usage_system_ns] = now->system_ns - told->system_ns;
	v[CT_F_usage_minor] = now->minor - told->minor;
	v[CT_F_usage_major] = now->major - told->major;
	v[CT_F_usage_voluntary] = now->voluntary - told->voluntary;
	v[CT_F_usage_involuntary] = now->involuntary - told->involuntary;
	v[CT_F_usage_resident] = now->resident;
	v[CT_F_usage_anonymous] = now->anonymous;
	p->looked = ticks;
	if (!memcmp(now, told, sizeof(*now)))
		return false;
	p->told = p->now;
	ct_emit(u->slot, CT_EV_usage, v, ticks);
	return true;
}

/* --- which there are ---------------------------------------------------------------------------------------------------------- */

static void forget(struct ct_usage_process *p)
{
	if (p->stat >= 0)
		close(p->stat);
	if (p->statm >= 0)
		close(p->statm);
	ct_tasks_close(&p->tasks);
}

static int open_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void meet(struct ct_usage *u, const struct ct_watched *w)
{
	const struct ct_process_rec *row = &u->reap->store->arena.processes[w->index];
	struct ct_usage_process *p = &u->process[u->n];
	char path[64];

	*p = (struct ct_usage_process){
		.index = w->index, .pid = w->pid, .looked = row->begin_ticks};
	p->stat = open_file(w->pid, "stat");
	p->statm = open_file(w->pid, "statm");
	if (p->stat < 0 || p->statm < 0) {
		forget(p);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/task", (int)w->pid);
	ct_tasks_open(&p->tasks, path);
	u->n++;
}

static bool is_met(const struct ct_usage *u, uint32_t index)
{
	unsigned i;

	for (i = 0; i < u->n; i++)
		if (u->process[i].index == index)
			return true;
	return false;
}

static void meet_new(struct ct_usage *u)
{
	const struct ct_process_rec *rows = u->reap->store->arena.processes;
	size_t i;

	for (i = u->from; i < u->reap->count && u->n < CT_USAGE_PROCESSES; i++) {
		const struct ct_watched *w = &u->reap->watched[i];

		if (w->ended || rows[w->index].flags & CT_PROC_LEFT_OUT) {
			u->from += i == u->from;
			continue;
		}
		if (w->trusted && !is_met(u, w->index))
			meet(u, w);
	}
}

/* Those that execute another program go on as its row. */
static void follow_images(struct ct_usage *u)
{
	const struct ct_process_rec *rows = u->reap->store->arena.processes;
	unsigned i;

	for (i = 0; i < u->n; i++)
		while (rows[u->process[i].index].next_image)
			u->process[i].index = rows[u->process[i].index].next_image - 1;
}

/* Those that have ended were looked at for the last time. */
static void part(struct ct_usage *u)
{
	unsigned i, n = 0;

	for (i = 0; i < u->n; i++) {
		if (u->reap->watched[u->process[i].index].ended)
			forget(&u->process[i]);
		else
			u->process[n++] = u->process[i];
	}
	u->n = n;
}

/* --- all of them --------------------------------------------------------------------------------------------------------------- */

/* The pause after something that took a while. */
static uint64_t pause_after(const struct ct_usage *u, uint64_t began, uint64_t ended)
{
	uint64_t pause = (ended - began) * PAUSE_TIMES;

	return pause > u->pause_ns ? pause : u->pause_ns;
}

void ct_usage_look(struct ct_usage *u, uint64_t now_ns)
{
	uint64_t began, read, counted;
	bool any = false;
	unsigned i;

	if (!u->slot || now_ns < u->sums_ns)
		return;
	began = own_cpu_ns();
	follow_images(u);
	meet_new(u);
	for (i = 0; i < u->n; i++)
		u->process[i].there = read_sums(&u->process[i]);
	read = counted = own_cpu_ns();
	if (now_ns >= u->switches_ns) {
		count_switches(u);
		counted = own_cpu_ns();
		u->switches_ns = now_ns + pause_after(u, read, counted);
	}
	for (i = 0; i < u->n; i++)
		any |= u->process[i].there && tell(u, &u->process[i]);
	part(u);
	u->pause_ns = any			   ? CT_USAGE_PAUSE_NS
		      : u->pause_ns * 2 < QUIET_NS ? u->pause_ns * 2
						   : QUIET_NS;
	u->sums_ns = now_ns + pause_after(u, began + (counted - read), own_cpu_ns());
}

void ct_usage_last(struct ct_usage *u, uint64_t now_ns)
{
	u->sums_ns = u->switches_ns = 0;
	ct_usage_look(u, now_ns);
}

void ct_usage_free(struct ct_usage *u)
{
	unsigned i;

	for (i = 0; i < u->n; i++)
		forget(&u->process[i]);
	u->n = 0;
}
