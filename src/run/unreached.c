/*
 * unreached.c - see unreached.h.
 *
 * Every process of the tree is looked at from outside for what it executes, and is in a state of unreached_int.h.
 * One that executes another program goes back to where it is judged by its file.
 */
#include "unreached.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "run/maps.h"
#include "run/program.h"
#include "unreached_int.h"

/* to the second look at a process, and twice as long to each later one */
#define FIRST_PAUSE_NS 2000000ull
/* from when /proc has another program to when the kernel tells of it, at most */
#define EXECUTES_NS 10000000ull
#define LOOK_BACK   2048 /* rows */
#define ONE_THREAD  3	 /* links of a folder with one in it */

/* --- tables ------------------------------------------------------------------------------------------------------------------- */

struct ct_unreached_process *ct_unreached_find_process(const struct ct_unreached *u, pid_t pid)
{
	const struct ct_set_row *row = ct_set_find(&u->by_pid, (uint64_t)pid);

	return row && row->value ? &u->processes[row->value - 1] : NULL;
}

/* Others move when one is added. */
static struct ct_unreached_process *add_process(struct ct_unreached *u, pid_t pid)
{
	struct ct_unreached_process *p = ct_unreached_find_process(u, pid);
	struct ct_set_row *row;

	if (p)
		return p;
	if (u->processes_n == u->processes_room) {
		size_t room = u->processes_room ? u->processes_room * 2 : 16;

		p = realloc(u->processes, room * sizeof(*p));
		if (!p)
			return NULL;
		u->processes = p;
		u->processes_room = room;
	}
	row = ct_set_at(&u->by_pid, (uint64_t)pid, NULL);
	if (!row)
		return NULL;
	p = &u->processes[u->processes_n++];
	*p = (struct ct_unreached_process){.pid = pid};
	row->value = u->processes_n;
	return p;
}

static void drop_process(struct ct_unreached *u, size_t i)
{
	struct ct_unreached_process *p = &u->processes[i];

	ct_set_at(&u->by_pid, (uint64_t)p->pid, NULL)->value = 0;
	free(p->exe);
	free(p->arguments);
	*p = u->processes[--u->processes_n];
	if (i < u->processes_n)
		ct_set_at(&u->by_pid, (uint64_t)p->pid, NULL)->value = i + 1;
}

/* --- looking ------------------------------------------------------------------------------------------------------------------------ */

/*
 * The objects that LD_PRELOAD names are mapped before those that the program needs.  The stack comes last: of a process that dies meanwhile the
 * list is cut short.
 */
static bool maps_libc_without_us(pid_t pid, bool *ours)
{
	struct ct_maps maps;
	struct ct_map map;
	bool libc = false, whole = false;

	*ours = false;
	if (!ct_maps_open(&maps, pid))
		return false;
	while (ct_maps_next(&maps, &map)) {
		const char *base = ct_unreached_base(map.path);

		libc = libc || !strcmp(base, "libc.so.6") || !strncmp(base, "libc-2.", 7);
		*ours = *ours || !strcmp(base, "libctrace.so");
		whole = whole || !strcmp(base, "[stack]");
	}
	ct_maps_close(&maps);
	return libc && whole && !*ours;
}

static void look_at_waiting(struct ct_unreached *u, struct ct_unreached_process *p)
{
	bool ours, is_without;

	if (ct_unreached_has_row(u, p)) {
		p->state = CT_REACHED;
		return;
	}
	is_without = maps_libc_without_us(p->pid, &ours);
	if (ours)
		p->state =
			CT_REACHED; /* as long as it says nothing there is nothing to say of it */
	else if (is_without)
		ct_unreached_go_out(u, p, "a program that was started without LD_PRELOAD");
}

static bool is_linker(const char *path)
{
	const char *base = ct_unreached_base(path);

	return !strncmp(base, "ld-linux", 8) || !strncmp(base, "ld-2.", 5);
}

/*
 * Emulators of other machines are static, and what they run may have the object in it all the same: that shows in what is mapped, later.
 */
static bool is_emulator(const char *path)
{
	return !strncmp(ct_unreached_base(path), "qemu-", 5);
}

/*
 * It executes another program: its first thread goes on as that one's, and the others have died.  When the new row is found, the first one's
 * life in the old program is ended where that begins, as every process's is.
 */
static void end_image(struct ct_unreached *u, const struct ct_unreached_process *p)
{
	const struct ct_unreached_thread *t = ct_unreached_find_thread(u, (uint32_t)p->pid);

	if (t && t->pid == p->pid)
		ct_unreached_drop_thread(u, (size_t)(t - u->threads));
	ct_unreached_end_threads(u, p->pid, false);
}

/* Has it a row from between these times?  One that has ended may not be watched yet, or no longer. */
static bool has_written(const struct ct_unreached *u, const struct ct_unreached_process *p,
			uint64_t since_ns, uint64_t until_ns)
{
	const struct ct_arena *a = &u->reap->store->arena;
	uint64_t n = atomic_load(&ct_arena_region(a->header, CT_REGION_PROCESSES)->used),
		 limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]),
		 since = ct_sched_ticks(u->sched, since_ns),
		 until = until_ns ? ct_sched_ticks(u->sched, until_ns) : UINT64_MAX, i, steps = 0;

	for (i = n < limit ? n : limit; i-- > 0 && steps < LOOK_BACK; steps++)
		if (a->processes[i].pid == (uint32_t)p->pid &&
		    a->processes[i].begin_ticks >= since && a->processes[i].begin_ticks < until)
			return true;
	return false;
}

/* What it executed then is over, and was never looked at.  @until_ns: 0: everything is */
static void pass_over(struct ct_unreached *u, const struct ct_unreached_process *p,
		      uint64_t since_ns, uint64_t until_ns)
{
	if (since_ns && !u->no_follow && !has_written(u, p, since_ns, until_ns))
		u->unknown++;
}

/* It has executed something which it has not been judged by. */
static void go_on_as_new(struct ct_unreached *u, struct ct_unreached_process *p, uint64_t ns)
{
	if (p->is_new && !p->expected_exe)
		pass_over(u, p, p->executed_ns, ns);
	end_image(u, p);
	p->state = CT_WAITING;
	p->told = 0;
	p->missed = 0;
	p->executed_ns = ns;
	p->is_new = true;
}

/* It executes this now. */
static void judge(struct ct_unreached *u, struct ct_unreached_process *p)
{
	struct ct_program program;
	char path[64];

	end_image(u, p);
	if (!p->is_new)
		p->executed_ns = 0; /* that was another time */
	p->is_new = false;
	p->passed_ns = 0;
	p->told = 0;
	p->state = CT_WAITING;
	p->pause_ns = 0;
	if (ct_unreached_has_row(u, p)) {
		p->state = CT_REACHED;
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	ct_program_judge(&program, path);
	if (program.status && !is_linker(p->exe) && !is_emulator(p->exe))
		ct_unreached_go_out(u, p, program.what ? program.what : "a program out of reach");
	else
		look_at_waiting(u, p);
}

static char *read_exe(pid_t pid)
{
	static const char deleted[] = " (deleted)";
	char link[64], path[PATH_MAX];
	ssize_t n, tail = (ssize_t)sizeof(deleted) - 1;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > tail && !memcmp(path + n - tail, deleted, (size_t)tail))
		n -= tail;
	return n > 0 ? strndup(path, (size_t)n) : NULL;
}

/* Is it another file than at the last look, whatever it is called now?  False as well: there is none, since it is over. */
static bool find_exe(struct ct_unreached_process *p, bool *other)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	if (stat(path, &st) < 0)
		return false;
	*other = !p->exe || p->is_new || p->device != st.st_dev || p->inode != st.st_ino;
	p->device = st.st_dev;
	p->inode = st.st_ino;
	return true;
}

/* Has the kernel told all there is of a process that /proc no longer has?  It is told later, and of threads that came and went until its end. */
static bool is_told(const struct ct_unreached *u, struct ct_unreached_process *p, uint64_t now_ns)
{
	if (!p->over_ns)
		p->over_ns = now_ns;
	return !u->lives.life.used || ct_lives_gone(&u->lives, (uint32_t)p->pid) ||
	       now_ns - p->over_ns > CT_UNREACHED_PAUSE_NS;
}

/* Its program is gone, and so is everybody of it but perhaps some threads. */
static bool is_over(struct ct_unreached *u, struct ct_unreached_process *p, uint64_t now_ns)
{
	if (p->expected_exe) {
		/* it was there */
		p->exe = strdup(p->expected_exe);
		p->expected_exe = NULL;
		if (p->exe)
			ct_unreached_go_out(u, p, p->what);
	}
	/* never looked at, or looked at when it was ending, which told nothing */
	if (p->is_new || p->state == CT_WAITING)
		pass_over(u, p, p->executed_ns, 0);
	if (p->state != CT_OUT)
		return true;
	ct_unreached_list_threads(u, p, 0);
	if (p->links == ONE_THREAD) {
		ct_unreached_end_threads(u, p->pid, false); /* of which /proc has what is left */
		return is_told(u, p, now_ns);
	}
	return p->row - 1 < u->reap->count && u->reap->watched[p->row - 1].ended &&
	       is_told(u, p, now_ns);
}

/* False: it is over. */
static bool look_at(struct ct_unreached *u, struct ct_unreached_process *p, uint64_t now_ns)
{
	bool other;
	char *exe;

	if (!find_exe(p, &other))
		return !is_over(u, p, now_ns);
	if (other) {
		exe = read_exe(p->pid);
		if (!exe) {
			p->inode = 0; /* over since, which the next look sees */
			return true;
		}
		free(p->exe);
		p->exe = exe;
		p->expected_exe = NULL;
		if (p->perhaps_ns)
			go_on_as_new(u, p, p->perhaps_ns);
		p->judged_ns = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
		judge(u, p);
	} else if (p->state == CT_WAITING) {
		look_at_waiting(u, p);
	}
	p->perhaps_ns = 0;
	if (p->state == CT_OUT)
		ct_unreached_list_threads(u, p, now_ns);
	p->pause_ns = p->pause_ns ? p->pause_ns * 2 : FIRST_PAUSE_NS;
	if (p->pause_ns > CT_UNREACHED_PAUSE_NS)
		p->pause_ns = CT_UNREACHED_PAUSE_NS;
	p->next_ns = p->state == CT_OUT ? 0 : now_ns + p->pause_ns;
	return true;
}

/* --- what the switches tell ---------------------------------------------------------------------------------------------------------- */

/* There may be threads and programs that were not told of. */
static void stir_all(struct ct_unreached *u)
{
	size_t i;

	for (i = 0; i < u->processes_n; i++) {
		u->processes[i].stirred = true;
		u->processes[i].next_ns = 0;
	}
}

static void add_made(struct ct_unreached *u, pid_t pid, uint64_t ns)
{
	struct ct_unreached_process *p = add_process(u, pid);

	if (!p)
		return;
	if (p->exe) {
		/* another one had the number */
		size_t i = (size_t)(p - u->processes);

		ct_unreached_end_threads(u, pid, false);
		drop_process(u, i);
		p = add_process(u, pid);
		if (!p)
			return;
	}
	p->made_ns = ns;
	p->next_ns = 0;
}

static void take_made(struct ct_unreached *u, const struct ct_life_event *e)
{
	struct ct_unreached_process *p = ct_unreached_find_process(u, (pid_t)e->pid);

	ct_unreached_told_end(u, e->tid);
	if (e->pid == e->tid)
		add_made(u, (pid_t)e->pid, e->ns);
	else if (p && p->state == CT_OUT && !p->is_new && !ct_unreached_find_thread(u, e->tid))
		ct_unreached_begin_thread(u, p, e->tid);
}

static void take_gone(struct ct_unreached *u, const struct ct_life_event *e)
{
	const struct ct_unreached_thread *t = ct_unreached_find_thread(u, e->tid);
	struct ct_unreached_process *p = ct_unreached_find_process(u, (pid_t)e->pid);

	if (t && t->pid == (pid_t)e->pid)
		ct_unreached_end_thread(u, (size_t)(t - u->threads), e->ns);
	/* one that began before its process was judged, and was gone when its threads were listed; of one that waits it is said if it turns out to be out of reach */
	if (!ct_unreached_told_end(u, e->tid) && p && e->pid != e->tid &&
	    (p->state == CT_WAITING || p->state == CT_OUT))
		ct_unreached_count_missed(u, p);
}

/*
 * A look may come before the word, and has judged it then by what it had executed; also before the kernel tells, which it does when the
 * new program is all in place.
 */
static void take_executed(struct ct_unreached *u, const struct ct_life_event *e)
{
	struct ct_unreached_process *p = add_process(u, (pid_t)e->pid);

	if (!p)
		return;
	if (e->ns < p->judged_ns) {
		pass_over(u, p, p->passed_ns, e->ns);
		p->passed_ns = e->ns;
	} else if (p->state >= CT_OUT && !p->forked && e->ns - p->judged_ns < EXECUTES_NS) {
		p->perhaps_ns = e->ns;
	} else {
		go_on_as_new(u, p, e->ns);
	}
	p->next_ns = 0;
}

static void take_events(struct ct_unreached *u)
{
	size_t i;

	ct_lives_sort(&u->lives);
	for (i = 0; i < u->lives.n; i++) {
		const struct ct_life_event *e = &u->lives.events[i];

		switch (e->what) {
		case CT_LIFE_MADE: take_made(u, e); break;
		case CT_LIFE_GONE: take_gone(u, e); break;
		case CT_LIFE_EXECUTED: take_executed(u, e); break;
		}
	}
	u->lives.n = 0;
	if (u->lives_missing != u->lives.missing)
		stir_all(u);
	u->lives_missing = u->lives.missing;
}

/* Processes that wrote rows themselves: each may go on with a program that does not. */
static void take_rows(struct ct_unreached *u)
{
	const struct ct_reap *r = u->reap;

	for (; u->rows_seen < r->count; u->rows_seen++) {
		const struct ct_watched *w = &r->watched[u->rows_seen];
		struct ct_unreached_process *p;

		if (!w->trusted || w->ended ||
		    (r->store->arena.processes[w->index].flags & CT_PROC_UNREACHED))
			continue;
		p = add_process(u, w->pid);
		if (p)
			p->next_ns = 0;
	}
}

void ct_unreached_root(struct ct_unreached *u, pid_t pid, const char *path, char *const *argv,
		       const char *what)
{
	struct ct_unreached_process *p = add_process(u, pid);
	size_t room = 1024, n = 0;
	int i;

	if (!p)
		return;
	p->executed_ns = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
	p->is_new = true;
	p->expected_exe = path;
	p->what = what;
	p->arguments = calloc(1, room);
	for (i = 0; p->arguments && argv[i] && n < room; i++)
		n += (size_t)snprintf(p->arguments + n, room - n, "%s%s", i ? " " : "", argv[i]);
}

void ct_unreached_look(struct ct_unreached *u, uint64_t now_ns)
{
	size_t i;

	take_rows(u);
	take_events(u);
	for (i = u->processes_n; i-- > 0;)
		if (u->processes[i].next_ns <= now_ns && !look_at(u, &u->processes[i], now_ns))
			drop_process(u, i);
}

int ct_unreached_each(const struct ct_unreached *u,
		      int (*add)(void *arg, uint32_t process, enum ct_blind kind, uint32_t path,
				 const char *detail, uint64_t count),
		      void *arg)
{
	const struct ct_process_rec *rows = u->reap->store->arena.processes;
	size_t i;
	int err = 0;

	for (i = 0; i < u->told_n && !err; i++) {
		const struct ct_unreached_told *t = &u->told[i];

		err = add(arg, t->process, CT_BLIND_UNREACHED, rows[t->process].exe, t->what, 1);
		if (!err && t->missed)
			err = add(arg, t->process, CT_BLIND_THREADS, 0, NULL, t->missed);
	}
	if (!err && u->unknown)
		err = add(arg, 0, CT_BLIND_PROGRAMS, 0, NULL, u->unknown);
	return err;
}

void ct_unreached_free(struct ct_unreached *u)
{
	while (u->processes_n)
		drop_process(u, u->processes_n - 1);
	free(u->processes);
	free(u->threads);
	free(u->told);
	ct_set_free(&u->by_pid);
	ct_set_free(&u->by_tid);
	ct_lives_free(&u->lives);
}
