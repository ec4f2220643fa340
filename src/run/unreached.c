/*
 * unreached.c - see unreached.h.
 *
 * Every process of the tree is looked at from outside for what it executes, and is one of these:
 *
 *	WAITING   nobody knows yet: the dynamic linker is at work, or it was forked and has not recorded anything
 *	REACHED   the preloaded object is in it and does the rest
 *	OUT       it has a row of ours, and each of its threads a slot of ours
 *	LEFT      it is not to be recorded
 *
 * One that executes another program goes back to where it is judged by its file.
 */
#include "unreached.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/filter.h"
#include "run/maps.h"
#include "run/outside.h"
#include "run/program.h"

#define FIRST_PAUSE_NS                                                                             \
	2000000ull /* to the second look at a process, and twice as long to each later one */
#define LAST_PAUSE_NS 100000000ull
#define LOOK_BACK     2048 /* rows */
#define ONE_THREAD    3	   /* links of a folder with one in it */

enum state { WAITING, REACHED, OUT, LEFT };

struct ct_unreached_process {
	pid_t pid;
	enum state state;
	char *exe;    /* at the last look; NULL: not looked at yet */
	dev_t device; /* of that file */
	ino_t inode;
	uint64_t executed_ns;	  /* when it did that, 0 not told */
	uint64_t made_ns;	  /* when it was forked, 0 not told */
	bool is_new;		  /* has executed something since the last look */
	uint32_t row;		  /* of ours, + 1 */
	const char *what;	  /* it is, when it is OUT */
	const char *expected_exe; /* of the root, should it be gone before the first look */
	char *arguments;
	uint64_t next_ns, pause_ns;
	nlink_t links; /* of its folder of threads, when that was last gone through */
	uint64_t listed_ns;
	bool stirred;	 /* there may be a new thread of it */
	uint64_t missed; /* threads that came and went unseen, while WAITING */
	size_t told;	 /* in told[], + 1; 0 while it is not OUT */
};

struct ct_unreached_thread {
	uint32_t tid, serial;
	struct ct_slot *slot; /* NULL: there was none left */
	pid_t pid;
	bool seen; /* in this look */
};

/* --- tables ------------------------------------------------------------------------------------------------------------------- */

static struct ct_unreached_process *find_process(const struct ct_unreached *u, pid_t pid)
{
	const struct ct_set_row *row = ct_set_find(&u->by_pid, (uint64_t)pid);

	return row && row->value ? &u->processes[row->value - 1] : NULL;
}

/* Others move when one is added. */
static struct ct_unreached_process *add_process(struct ct_unreached *u, pid_t pid)
{
	struct ct_unreached_process *p = find_process(u, pid);
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

static struct ct_unreached_thread *find_thread(const struct ct_unreached *u, uint32_t tid)
{
	const struct ct_set_row *row = ct_set_find(&u->by_tid, tid);

	return row && row->value ? &u->threads[row->value - 1] : NULL;
}

static void drop_thread(struct ct_unreached *u, size_t i)
{
	struct ct_unreached_thread *t = &u->threads[i];

	ct_set_at(&u->by_tid, t->tid, NULL)->value = 0;
	*t = u->threads[--u->threads_n];
	if (i < u->threads_n)
		ct_set_at(&u->by_tid, t->tid, NULL)->value = i + 1;
}

/* --- threads -------------------------------------------------------------------------------------------------------------------- */

static uint64_t begin_of(const struct ct_unreached *u, const struct ct_unreached_process *p,
			 uint32_t tid)
{
	uint64_t row = u->reap->store->arena.processes[p->row - 1].begin_ticks,
		 made = ct_lives_made(&u->lives, tid);

	if ((pid_t)tid == p->pid)
		return row;
	made = made ? ct_sched_ticks(u->sched, made) : ct_now();
	return made > row ? made : row;
}

static void begin_thread(struct ct_unreached *u, struct ct_unreached_process *p, uint32_t tid)
{
	uint64_t ticks = begin_of(u, p, tid);
	struct ct_unreached_thread *t;
	struct ct_set_row *row;
	struct ct_slot *s;
	uint64_t v[CT_FIELDS_thread_begin] = {0};

	if (u->threads_n == u->threads_room) {
		size_t room = u->threads_room ? u->threads_room * 2 : 64;

		t = realloc(u->threads, room * sizeof(*t));
		if (!t)
			return;
		u->threads = t;
		u->threads_room = room;
	}
	row = ct_set_at(&u->by_tid, tid, NULL);
	if (!row)
		return;
	s = ct_slot_claim();
	u->threads[u->threads_n++] =
		(struct ct_unreached_thread){tid, s ? s->thread : 0, s, p->pid, true};
	row->value = u->threads_n;
	if (!s)
		return; /* none left, which was counted */
	/* what it had open is of its last thread's time */
	ct_chunk_finish(s);
	s->process = p->row - 1;
	s->tid = tid;
	s->begin_ticks = ticks;
	v[CT_F_thread_begin_thread] = s->thread;
	v[CT_F_thread_begin_tid] = tid;
	v[CT_F_thread_begin_process] = p->row - 1;
	ct_emit(s, CT_EV_thread_begin, v, ticks);
	ct_own(s)->begun = s->thread;
}

/* @ns: when, 0: when it last left a CPU if that is told, else now */
static void end_thread(struct ct_unreached *u, size_t i, uint64_t ns)
{
	struct ct_unreached_thread t = u->threads[i];
	uint64_t ticks;

	drop_thread(u, i);
	/* ctrace-run has seen the process end before, and has buried all its threads */
	if (!t.slot || t.slot->thread != t.serial || atomic_load(&t.slot->state) != CT_SLOT_CLAIMED)
		return;
	if (!ns && ct_sched_tells(u->sched))
		ns = ct_lives_left(&u->lives, t.tid);
	ticks = ns ? ct_sched_ticks(u->sched, ns) : ct_now();
	if (ticks < t.slot->begin_ticks)
		ticks = t.slot->begin_ticks;
	ct_reap_bury(u->reap, t.slot, ticks);
}

static void end_threads(struct ct_unreached *u, pid_t pid, bool unseen_only)
{
	size_t i = u->threads ? u->threads_n : 0;

	while (i-- > 0)
		if (u->threads[i].pid == pid && !(unseen_only && u->threads[i].seen))
			end_thread(u, i, 0);
}

/* What /proc has of them now.  Only when something has changed, or has had time to. */
static void list_threads(struct ct_unreached *u, struct ct_unreached_process *p, uint64_t now_ns)
{
	struct ct_unreached_thread *t;
	struct dirent *e;
	char path[64];
	struct stat st;
	size_t i;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	if (stat(path, &st) < 0) {
		end_threads(u, p->pid, false);
		return;
	}
	if (!p->stirred && st.st_nlink == p->links && now_ns - p->listed_ns < LAST_PAUSE_NS)
		return;
	dir = opendir(path);
	if (!dir)
		return;
	for (i = 0; i < u->threads_n; i++)
		u->threads[i].seen = u->threads[i].pid != p->pid;
	/* cppcheck-suppress readdirCalled ; the stream is this function's own */
	while ((e = readdir(dir))) {
		uint32_t tid = (uint32_t)strtoul(e->d_name, NULL, 10);

		if (!tid)
			continue;
		t = find_thread(u, tid);
		if (t && t->pid != p->pid) {
			end_thread(u, (size_t)(t - u->threads), 0);
			t = NULL;
		}
		if (t)
			t->seen = true;
		else if (
			!ct_lives_gone(
				&u->lives,
				tid)) /* the first one stays there, dead, until the last has gone */
			begin_thread(u, p, tid);
	}
	closedir(dir);
	end_threads(u, p->pid, true);
	p->links = st.st_nlink;
	p->listed_ns = now_ns;
	p->stirred = false;
}

/* --- rows -------------------------------------------------------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static uint32_t text_id(const struct ct_unreached *u, const char *text)
{
	return ct_dict_string(&u->reap->store->arena.dict, text, strlen(text));
}

/* Arguments joined by spaces. */
static uint32_t read_arguments(const struct ct_unreached *u, const struct ct_unreached_process *p)
{
	char path[64], line[1024];
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, line, sizeof(line) - 1) : 0;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return text_id(u, p->arguments ? p->arguments : base_of(p->exe));
	for (i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = 0;
	return text_id(u, line);
}

/* The newest row of a process that runs, NULL none. */
static const struct ct_process_rec *newest_row(const struct ct_unreached *u, pid_t pid)
{
	const struct ct_reap *r = u->reap;
	size_t i;

	for (i = r->count; i-- > 0;)
		if (r->watched[i].trusted && !r->watched[i].ended && r->watched[i].pid == pid)
			return &r->store->arena.processes[r->watched[i].index];
	return NULL;
}

/* Has the object that is in it written a row for what it executes now? */
static bool has_row(const struct ct_unreached *u, const struct ct_unreached_process *p)
{
	const struct ct_process_rec *row = newest_row(u, p->pid);
	const struct ct_arena *a = &u->reap->store->arena;

	if (!row || (row->flags & CT_PROC_UNREACHED))
		return false;
	if (p->executed_ns && row->begin_ticks < ct_sched_ticks(u->sched, p->executed_ns))
		return false;
	return !p->exe || !row->exe || row->exe > a->dict.string_cap ||
	       !strcmp(a->dict.strings + row->exe - 1, p->exe);
}

static uint64_t row_begin(const struct ct_unreached *u, const struct ct_unreached_process *p,
			  bool forked)
{
	uint64_t ns = forked ? p->made_ns : p->executed_ns;

	return ns ? ct_sched_ticks(u->sched, ns) : ct_now();
}

/* A row of ours in the process table; false: it is full. */
static bool make_row(struct ct_unreached *u, struct ct_unreached_process *p)
{
	struct ct_arena *a = &u->reap->store->arena;
	struct ct_region *r = ct_arena_region(a->header, CT_REGION_PROCESSES);
	uint64_t limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]);
	uint64_t i = atomic_load(&r->used);
	pid_t ppid = ct_outside_parent(p->pid);
	const struct ct_unreached_process *parent = ppid ? find_process(u, ppid) : NULL;
	bool forked = parent && parent->state == OUT && !p->executed_ns && parent->exe &&
		      !strcmp(parent->exe, p->exe);
	struct ct_process_rec *row;

	if (i < limit)
		i = atomic_fetch_add(&r->used, 1);
	if (i >= limit)
		return false;
	row = &a->processes[i];
	row->pid = (uint32_t)p->pid;
	row->ppid = ppid ? (uint32_t)ppid : (uint32_t)getpid();
	row->forked_from = forked ? parent->row : 0;
	row->begin_ticks = row_begin(u, p, forked);
	row->exit_status = CT_EXIT_UNKNOWN;
	row->exe = text_id(u, p->exe);
	row->cmdline = read_arguments(u, p);
	row->flags = CT_PROC_UNREACHED;
	if (!ct_filter_wants(a->shared->filter, base_of(p->exe)))
		row->flags |= CT_PROC_LEFT_OUT;
	row->pid_namespace = forked ? 0 : u->reap->namespace;
	atomic_store_explicit(&row->state, CT_PROC_LIVE, memory_order_release);
	p->row = (uint32_t)i + 1;
	p->state = row->flags & CT_PROC_LEFT_OUT ? LEFT : OUT;
	return true;
}

static void tell(struct ct_unreached *u, struct ct_unreached_process *p)
{
	if (u->told_n == u->told_room) {
		size_t room = u->told_room ? u->told_room * 2 : 16;
		struct ct_unreached_told *rows = realloc(u->told, room * sizeof(*rows));

		if (!rows)
			return;
		u->told = rows;
		u->told_room = room;
	}
	u->told[u->told_n++] = (struct ct_unreached_told){p->row - 1, p->what, p->missed};
	p->told = u->told_n;
	p->missed = 0;
}

static void count_missed(struct ct_unreached *u, struct ct_unreached_process *p)
{
	if (p->told)
		u->told[p->told - 1].missed++;
	else
		p->missed++;
}

static void go_out(struct ct_unreached *u, struct ct_unreached_process *p, const char *what)
{
	p->what = what;
	if ((u->no_follow && (uint32_t)p->pid != u->reap->store->arena.shared->root_pid) ||
	    !make_row(u, p)) {
		p->state = LEFT;
		return;
	}
	if (p->state != OUT)
		return;
	tell(u, p);
	begin_thread(u, p, (uint32_t)p->pid);
	p->stirred = true;
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
		const char *base = base_of(map.path);

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

	if (has_row(u, p)) {
		p->state = REACHED;
		return;
	}
	is_without = maps_libc_without_us(p->pid, &ours);
	if (ours)
		p->state = REACHED; /* as long as it says nothing there is nothing to say of it */
	else if (is_without)
		go_out(u, p, "a program that was started without LD_PRELOAD");
}

static bool is_linker(const char *path)
{
	const char *base = base_of(path);

	return !strncmp(base, "ld-linux", 8) || !strncmp(base, "ld-2.", 5);
}

/*
 * It executes another program: its first thread goes on as that one's, and the others have died.  When the new row is found, the first one's
 * life in the old program is ended where that begins, as every process's is.
 */
static void end_image(struct ct_unreached *u, const struct ct_unreached_process *p)
{
	const struct ct_unreached_thread *t = find_thread(u, (uint32_t)p->pid);

	if (t && t->pid == p->pid)
		drop_thread(u, (size_t)(t - u->threads));
	end_threads(u, p->pid, false);
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
	p->told = 0;
	p->state = WAITING;
	p->pause_ns = 0;
	if (has_row(u, p)) {
		p->state = REACHED;
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	ct_program_judge(&program, path);
	if (program.status && !is_linker(p->exe))
		go_out(u, p, program.what ? program.what : "a program out of reach");
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

/* Has it written a row since it executed something?  One that has ended may not be watched yet, or no longer. */
static bool has_written(const struct ct_unreached *u, const struct ct_unreached_process *p)
{
	const struct ct_arena *a = &u->reap->store->arena;
	uint64_t n = atomic_load(&ct_arena_region(a->header, CT_REGION_PROCESSES)->used),
		 limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]),
		 since = ct_sched_ticks(u->sched, p->executed_ns), i, steps = 0;

	for (i = n < limit ? n : limit; i-- > 0 && steps < LOOK_BACK; steps++)
		if (a->processes[i].pid == (uint32_t)p->pid && a->processes[i].begin_ticks >= since)
			return true;
	return false;
}

/* Its program is gone, and so is everybody of it but perhaps some threads. */
static bool is_over(struct ct_unreached *u, struct ct_unreached_process *p)
{
	if (p->expected_exe) {
		/* it was there */
		p->exe = strdup(p->expected_exe);
		p->expected_exe = NULL;
		if (p->exe)
			go_out(u, p, p->what);
	}
	if (p->is_new && p->executed_ns && !u->no_follow && !has_written(u, p))
		u->unknown++;
	if (p->state != OUT)
		return true;
	list_threads(u, p, 0);
	if (p->links == ONE_THREAD) {
		end_threads(u, p->pid, false); /* of which /proc has what is left */
		return true;
	}
	return p->row - 1 < u->reap->count && u->reap->watched[p->row - 1].ended;
}

/* False: it is over. */
static bool look_at(struct ct_unreached *u, struct ct_unreached_process *p, uint64_t now_ns)
{
	bool other;
	char *exe;

	if (!find_exe(p, &other))
		return !is_over(u, p);
	if (other) {
		exe = read_exe(p->pid);
		if (!exe) {
			p->inode = 0; /* over since, which the next look sees */
			return true;
		}
		free(p->exe);
		p->exe = exe;
		p->expected_exe = NULL;
		judge(u, p);
	} else if (p->state == WAITING) {
		look_at_waiting(u, p);
	}
	if (p->state == OUT)
		list_threads(u, p, now_ns);
	p->pause_ns = p->pause_ns ? p->pause_ns * 2 : FIRST_PAUSE_NS;
	if (p->pause_ns > LAST_PAUSE_NS)
		p->pause_ns = LAST_PAUSE_NS;
	p->next_ns = p->state == OUT ? 0 : now_ns + p->pause_ns;
	return true;
}

/* --- what the switches tell ---------------------------------------------------------------------------------------------------------- */

static void stir_all(struct ct_unreached *u)
{
	size_t i;

	for (i = 0; i < u->processes_n; i++)
		u->processes[i].stirred = true;
}

static void add_made(struct ct_unreached *u, pid_t pid, uint64_t ns)
{
	struct ct_unreached_process *p = add_process(u, pid);

	if (!p)
		return;
	if (p->exe) {
		/* another one had the number */
		size_t i = (size_t)(p - u->processes);

		end_threads(u, pid, false);
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
	struct ct_unreached_process *p = e->pid ? find_process(u, (pid_t)e->pid) : NULL;
	int fd;

	if (e->pid && e->pid != e->tid) {
		if (p && p->state == OUT && !p->is_new && !find_thread(u, e->tid))
			begin_thread(u, p, e->tid);
		return;
	}
	if (e->pid) {
		add_made(u, (pid_t)e->pid, e->ns);
		return;
	}
	/* whose it is was not told; there is such a descriptor of whole processes only */
	fd = (int)syscall(SYS_pidfd_open, e->tid, 0);
	if (fd >= 0) {
		close(fd);
		add_made(u, (pid_t)e->tid, e->ns);
	} else if (errno == ESRCH) {
		const struct ct_unreached_thread *maker = find_thread(u, e->maker);

		p = maker ? find_process(u, maker->pid) : NULL;
		if (p)
			count_missed(u, p);
	} else {
		stir_all(u);
	}
}

static void take_gone(struct ct_unreached *u, const struct ct_life_event *e)
{
	const struct ct_unreached_thread *t = find_thread(u, e->tid);
	struct ct_unreached_process *p = find_process(u, (pid_t)e->pid);

	if (t && t->pid == (pid_t)e->pid)
		end_thread(u, (size_t)(t - u->threads), e->ns);
	else if (p && e->pid != e->tid && p->state == WAITING)
		count_missed(u, p); /* said if it turns out to be out of reach */
}

static void take_events(struct ct_unreached *u)
{
	struct ct_unreached_process *p;
	size_t i;

	ct_lives_sort(&u->lives);
	for (i = 0; i < u->lives.n; i++) {
		const struct ct_life_event *e = &u->lives.events[i];

		switch (e->what) {
		case CT_LIFE_MADE: take_made(u, e); break;
		case CT_LIFE_GONE: take_gone(u, e); break;
		case CT_LIFE_EXECUTED:
			p = add_process(u, (pid_t)e->pid);
			if (!p)
				break;
			p->executed_ns = e->ns;
			p->is_new = true;
			p->next_ns = 0;
			break;
		}
	}
	u->lives.n = 0;
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
