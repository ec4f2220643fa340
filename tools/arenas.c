/*
 * arenas.c - see arenas.h.
 */
#include "arenas.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "read/trace.h"

#define SHM_PATTERN "/dev/shm/ctrace-*/arena"

struct list {
	char **path;
	size_t count, room;
};

static void add(struct list *l, const char *path)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (!strcmp(l->path[i], path))
			return;
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		char **p = realloc(l->path, room * sizeof(*p));

		if (!p)
			return;
		l->path = p;
		l->room = room;
	}
	l->path[l->count] = strdup(path);
	l->count += l->path[l->count] != NULL;
}

static bool is_arena_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *dir;
	size_t n = strlen(path);

	if (!slash)
		return false;
	if (n > 7 && !strcmp(path + n - 7, ".ctrace"))
		return true;
	if (strcmp(slash, "/arena") != 0)
		return false;
	for (dir = slash; dir > path && dir[-1] != '/';)
		dir--;
	/* beside the output file it is a hidden folder */
	return !strncmp(dir + (*dir == '.'), "ctrace-", 7);
}

/* Mapped files whose name is that of an arena. */
static void add_of_process(struct list *l, const char *pid)
{
	char file[300], line[4352], *path;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%s/maps", pid);
	f = fopen(file, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		path = strchr(line, '/');
		if (path && is_arena_path(path))
			add(l, path);
	}
	fclose(f);
}

static void add_of_glob(struct list *l, const char *pattern)
{
	glob_t g;
	size_t i;

	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (i = 0; i < g.gl_pathc; i++)
		add(l, g.gl_pathv[i]);
	globfree(&g);
}

char **ct_arenas_find(size_t *n)
{
	struct list l = {0};
	struct dirent *e;
	DIR *d = opendir("/proc");

	/* one thread, one stream; readdir_r is deprecated */
	/* cppcheck-suppress readdirCalled */
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			add_of_process(&l, e->d_name);
	if (d)
		closedir(d);
	add_of_glob(&l, SHM_PATTERN);
	*n = l.count;
	return l.path;
}

void ct_arenas_free(char **paths, size_t n)
{
	while (n)
		free(paths[--n]);
	free(paths);
}

static bool holds_process(const char *path, uint32_t pid)
{
	const struct ct_process_rec *p;
	struct ct_trace *t;
	bool found = false;
	size_t n, i;

	if (ct_trace_open(path, &t, NULL, 0) < 0)
		return false;
	n = ct_trace_processes(t, &p);
	for (i = 0; i < n && !found; i++)
		found = p[i].state >= CT_PROC_LIVE && p[i].pid == pid;
	ct_trace_close(t);
	return found;
}

char *ct_arena_of(uint32_t pid)
{
	struct list l = {0};
	char text[64], *found = NULL;
	time_t newest = 0;
	struct stat st;
	size_t i;

	snprintf(text, sizeof(text), "%u", pid);
	add_of_process(&l, text);
	add_of_glob(&l, SHM_PATTERN);
	for (i = 0; i < l.count && !found; i++)
		if (holds_process(l.path[i], pid))
			found = strdup(l.path[i]);
	ct_arenas_free(l.path, l.count);
	if (found)
		return found;
	l = (struct list){0};
	add_of_glob(&l, "*.ctrace");
	for (i = 0; i < l.count; i++) {
		if (stat(l.path[i], &st) < 0 || st.st_mtim.tv_sec < newest ||
		    !holds_process(l.path[i], pid))
			continue;
		newest = st.st_mtim.tv_sec;
		free(found);
		found = strdup(l.path[i]);
	}
	ct_arenas_free(l.path, l.count);
	return found;
}
