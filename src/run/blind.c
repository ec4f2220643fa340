/*
 * blind.c - see blind.h.
 */
#include "blind.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/image.h"
#include "run/unreached.h"
#include "symbol/scan.h"

struct ct_blind_module {
	char *path;
	uint64_t device, inode; /* 0: not known */
	bool scanned;
	int err;
	struct ct_scan scan;
};

struct ct_blind_process {
	uint32_t *modules; /* in b->modules, each once; the first is the executable */
	uint32_t modules_n, modules_room;
	bool looked;
	uint64_t made;	      /* bytes of code without a file, the most seen */
	uint64_t made_now;    /* at the look that is going on */
	char *apart;	      /* executable of the last look, if the arena was not mapped then */
	uint32_t apart_looks; /* how many such looks in a row */
};

/* --- what there is -------------------------------------------------------------------------------------------------------------------- */

static struct ct_blind_process *process_at(struct ct_blind_spots *b, size_t index)
{
	struct ct_blind_process *rows;
	size_t n = b->processes_n;

	if (index < n)
		return &b->processes[index];
	n = index * 2 + 16;
	rows = realloc(b->processes, n * sizeof(*rows));
	if (!rows)
		return NULL;
	memset(rows + b->processes_n, 0, (n - b->processes_n) * sizeof(*rows));
	b->processes = rows;
	b->processes_n = n;
	return &rows[index];
}

/* Index of a module, or -1. */
static int64_t module_of(struct ct_blind_spots *b, const char *path, uint64_t device,
			 uint64_t inode)
{
	size_t i;

	for (i = b->modules_n; i-- > 0;)
		if (b->modules[i].inode == inode && b->modules[i].device == device &&
		    !strcmp(b->modules[i].path, path))
			return (int64_t)i;
	if (b->modules_n == b->modules_room) {
		size_t room = b->modules_room ? b->modules_room * 2 : 64;
		struct ct_blind_module *rows = realloc(b->modules, room * sizeof(*rows));

		if (!rows)
			return -1;
		b->modules = rows;
		b->modules_room = room;
	}
	b->modules[b->modules_n] =
		(struct ct_blind_module){.path = strdup(path), .device = device, .inode = inode};
	return b->modules[b->modules_n].path ? (int64_t)b->modules_n++ : -1;
}

static void add_module(struct ct_blind_process *p, int64_t module)
{
	uint32_t i, *rows;

	if (module < 0)
		return;
	for (i = 0; i < p->modules_n; i++)
		if (p->modules[i] == (uint32_t)module)
			return;
	if (p->modules_n == p->modules_room) {
		rows = realloc(p->modules, (p->modules_room * 2 + 16) * sizeof(*rows));
		if (!rows)
			return;
		p->modules = rows;
		p->modules_room = p->modules_room * 2 + 16;
	}
	p->modules[p->modules_n++] = (uint32_t)module;
}

/* It may have executed another program that did not find the arena, as one of another user.  One look is no proof: the dynamic linker may be at
 * work, so it takes two, and that no row of the process table follows. */
static void note_apart(struct ct_blind_process *p, pid_t pid, bool has_arena)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	p->apart_looks = has_arena ? 0 : p->apart_looks + 1;
	free(p->apart);
	p->apart = NULL;
	if (has_arena)
		return;
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = 0;
	p->apart = strdup(path);
}

/* --- looking -------------------------------------------------------------------------------------------------------------------------- */

void ct_blind_begin(struct ct_blind_spots *b, size_t process)
{
	struct ct_blind_process *p = process_at(b, process);

	if (p)
		p->made_now = 0;
}

void ct_blind_add(struct ct_blind_spots *b, size_t process, const struct ct_map *map)
{
	struct ct_blind_process *p = process_at(b, process);

	if (!p || !map->executable || !strcmp(map->path, "[vdso]") ||
	    !strcmp(map->path, "[vsyscall]"))
		return;
	if (map->path[0] == '/' && map->inode && strncmp(map->path, "/memfd:", 7) != 0 &&
	    strncmp(map->path, "/dev/zero", 9) != 0)
		add_module(p, module_of(b, map->path, map->device, map->inode));
	else
		p->made_now += map->to - map->from;
}

void ct_blind_end(struct ct_blind_spots *b, size_t process, bool has_arena)
{
	struct ct_blind_process *p = process_at(b, process);

	if (!p)
		return;
	note_apart(p, b->reap->watched[process].pid, has_arena);
	if (p->made_now > p->made)
		p->made = p->made_now;
	p->looked = true;
	b->reap->store->arena.processes[process].looks++;
}

/* --- looking through -------------------------------------------------------------------------------------------------------------------- */

/* libc itself, in whatever pieces: its system calls are behind the functions that have wrappers.  And our own object. */
static bool is_libc(const char *path)
{
	static const char *const names[] = {"libc.so.6",    "libpthread.so.0", "librt.so.1",
					    "libdl.so.2",   "libm.so.6",       "libresolv.so.2",
					    "libanl.so.1",  "libutil.so.1",    "libnsl.so.1",
					    "libmvec.so.1", "libctrace.so",    "libthread_db.so.1"};
	const char *base = strrchr(path, '/');
	size_t i;

	base = base ? base + 1 : path;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(base, names[i]))
			return true;
	/* glibc before 2.34 has names with its version: libc-2.31.so */
	for (i = 0; i < 8; i++) {
		size_t n = strcspn(names[i], ".");

		if (!strncmp(base, names[i], n) && base[n] == '-' && base[n + 1] == '2' &&
		    base[n + 2] == '.')
			return true;
	}
	return !strncmp(base, "ld-linux", 8) || !strncmp(base, "ld-2.", 5) ||
	       !strncmp(base, "libnss_", 7);
}

static void scan_module(struct ct_blind_module *m, bool is_first)
{
	struct ct_image image;
	struct stat st;
	Elf *elf;

	m->scanned = true;
	m->err = ct_image_open(&image, m->path);
	if (m->err)
		return;
	/* a file that was replaced since, or that is another one in the process's own root */
	if (fstat(image.fd, &st) < 0 || (m->inode && st.st_ino != m->inode)) {
		m->err = -ESTALE;
	} else {
		/* one of its own: libelf does not free sections that it has read before it reads the whole file */
		elf = ct_image_elf(&image);
		m->err = elf ? ct_scan(elf, is_first, &m->scan) : -EIO;
		elf_end(elf);
	}
	ct_image_close(&image);
}

static uint32_t text_id(struct ct_blind_spots *b, const char *text)
{
	return text && *text ? ct_dict_string(&b->reap->store->arena.dict, text, strlen(text)) : 0;
}

static int add_row(struct ct_blind_spots *b, uint32_t process, enum ct_blind kind, uint32_t path,
		   const char *detail, uint64_t count)
{
	if (b->rows_n == b->rows_room) {
		size_t room = b->rows_room ? b->rows_room * 2 : 64;
		struct ct_blind_rec *rows = realloc(b->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		b->rows = rows;
		b->rows_room = room;
	}
	b->rows[b->rows_n++] = (struct ct_blind_rec){.process = process,
						     .kind = (uint32_t)kind,
						     .path = path,
						     .detail = text_id(b, detail),
						     .count = count};
	return 0;
}

static const char *join(const char *const *names, unsigned n, char *to, size_t room)
{
	unsigned i;

	to[0] = 0;
	for (i = 0; i < n; i++)
		snprintf(to + strlen(to), room - strlen(to), "%s%s", i ? ", " : "", names[i]);
	return to;
}

static int module_rows(struct ct_blind_spots *b, uint32_t process, const struct ct_blind_module *m)
{
	const struct ct_scan *s = &m->scan;
	char text[1024];
	uint32_t path;
	int err = 0;

	if (m->err == -ENOEXEC)
		return 0; /* data that somebody mapped executable */
	if (m->err)
		return add_row(b, process, CT_BLIND_UNREAD, text_id(b, m->path), strerror(-m->err),
			       1);
	if (!s->waiting && !s->unknown && !s->own && !s->go)
		return 0;
	path = text_id(b, m->path);
	join(s->calls, s->calls_n, text, sizeof(text));
	if (s->go)
		err = add_row(b, process, CT_BLIND_GO, path, text, s->instructions);
	else if (s->uring && s->calls_n == 1)
		err = add_row(b, process, CT_BLIND_URING, path, text, s->waiting);
	else if (s->waiting || s->unknown)
		err = add_row(b, process, CT_BLIND_CALLS, path, text, s->waiting + s->unknown);
	if (!err && s->own)
		err = add_row(b, process, CT_BLIND_OWN, path,
			      join(s->own_names, s->own_n, text, sizeof(text)), s->own);
	return err;
}

/* What a forked process shares with the one it was copied from is told there. */
static bool has_module(const struct ct_blind_spots *b, uint32_t process, uint32_t module)
{
	uint32_t i;

	if (process >= b->processes_n)
		return false;
	for (i = 0; i < b->processes[process].modules_n; i++)
		if (b->processes[process].modules[i] == module)
			return true;
	return false;
}

/* A later row has the same pid: the next image was reached, or another process has its number now. */
static bool goes_on(const struct ct_arena *a, uint32_t index)
{
	const struct ct_region *r = ct_arena_region(a->header, CT_REGION_PROCESSES);
	uint64_t n = atomic_load(&r->used),
		 limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]), i;

	for (i = index + 1; i < n && i < limit; i++)
		if (a->processes[i].pid == a->processes[index].pid)
			return true;
	return a->processes[index].next_image != 0;
}

static int process_rows(struct ct_blind_spots *b, uint32_t index)
{
	const struct ct_arena *a = &b->reap->store->arena;
	const struct ct_process_rec *rec = &a->processes[index];
	struct ct_blind_process *p = process_at(b, index);
	const char *exe =
		rec->exe && rec->exe <= a->dict.string_cap ? a->dict.strings + rec->exe - 1 : NULL;
	uint32_t parent = rec->forked_from, i;
	int err = 0;

	if (!p)
		return -ENOMEM;
	if (!p->looked && !parent) {
		if (exe)
			add_module(p, module_of(b, exe, 0, 0));
		err = add_row(b, index, CT_BLIND_UNSEEN, 0, NULL, 1);
	}
	for (i = 0; i < p->modules_n && !err; i++) {
		struct ct_blind_module *m = &b->modules[p->modules[i]];

		if (is_libc(m->path) || (parent && has_module(b, parent - 1, p->modules[i])))
			continue;
		if (!m->scanned)
			scan_module(m, exe && !strcmp(m->path, exe));
		err = module_rows(b, index, m);
	}
	if (!err && rec->deepbind_loads)
		err = add_row(b, index, CT_BLIND_DEEPBIND, rec->deepbind_path, NULL,
			      rec->deepbind_loads);
	if (!err && rec->namespace_loads)
		err = add_row(b, index, CT_BLIND_NAMESPACE, rec->namespace_path, NULL,
			      rec->namespace_loads);
	if (!err && p->apart && p->apart_looks > 1 && !goes_on(a, index))
		err = add_row(b, index, CT_BLIND_IMAGE, text_id(b, p->apart), NULL, 1);
	if (!err && p->made &&
	    !(parent && parent - 1 < b->processes_n && b->processes[parent - 1].made))
		err = add_row(b, index, CT_BLIND_MADE, 0, NULL, p->made);
	return err;
}

static int add_unreached(void *arg, uint32_t process, enum ct_blind kind, uint32_t path,
			 const char *detail, uint64_t count)
{
	return add_row(arg, process, kind, path, detail, count);
}

int ct_blind_rows(struct ct_blind_spots *b)
{
	const struct ct_arena *a = &b->reap->store->arena;
	const struct ct_region *r = ct_arena_region(a->header, CT_REGION_PROCESSES);
	uint64_t n = atomic_load(&r->used),
		 limit = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]);
	uint32_t i;
	int err = b->unreached ? ct_unreached_each(b->unreached, add_unreached, b) : 0;

	for (i = 0; i < n && i < limit && !err; i++)
		if (atomic_load(&a->processes[i].state) >= CT_PROC_LIVE &&
		    !(a->processes[i].flags & (CT_PROC_LEFT_OUT | CT_PROC_UNREACHED)))
			err = process_rows(b, i);
	return err;
}

void ct_blind_free(struct ct_blind_spots *b)
{
	size_t i;

	for (i = 0; i < b->modules_n; i++)
		free(b->modules[i].path);
	for (i = 0; i < b->processes_n; i++) {
		free(b->processes[i].modules);
		free(b->processes[i].apart);
	}
	free(b->modules);
	free(b->processes);
	free(b->rows);
	memset(b, 0, sizeof(*b));
}
