/*
 * holder.c - see holder.h.
 *
 * A pid alone says nothing, because numbers are used again; /proc/PID/maps says what the process with this number has mapped.  A mapped file is
 * known by its inode, and by its path where that is gone or where the process sees it in another mount namespace: the folder of an arena has
 * a random name.
 */
#include "holder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct wanted {
	const char *tail; /* end of the path that is enough to know it by */
	bool there;
	struct stat st;
};

static struct wanted wanted(const char *path)
{
	struct wanted w = {.tail = path};
	const char *slash = strrchr(path, '/');

	/* .../ctrace-XXXXXX/arena is unique without what comes before */
	if (slash && !strcmp(slash, "/arena")) {
		while (slash > path && slash[-1] != '/')
			slash--;
		if (slash > path && strstr(slash, "ctrace-"))
			w.tail = slash - 1;
	}
	w.there = stat(path, &w.st) == 0;
	return w;
}

static bool is_line_of(const struct wanted *w, char *line)
{
	static const char gone[] = " (deleted)";
	unsigned major, minor;
	unsigned long inode;
	size_t n, tail = strlen(w->tail);
	int at = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%*s %*s %*s %x:%x %lu %n", &major, &minor, &inode, &at) < 3 || !inode)
		return false;
	if (w->there && inode == w->st.st_ino && makedev(major, minor) == w->st.st_dev)
		return true;
	line += at;
	n = strlen(line);
	if (n > sizeof(gone) - 1 && !strcmp(line + n - (sizeof(gone) - 1), gone))
		n -= sizeof(gone) - 1;
	return tail && n >= tail && !memcmp(line + n - tail, w->tail, tail);
}

/* 1: it has; 0: it has not, or is no more; -1: we may not look. */
static int holds(const char *pid, const struct wanted *w)
{
	char file[300], line[PATH_MAX + 256];
	int found = 0;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%s/maps", pid);
	f = fopen(file, "re");
	if (!f)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	while (!found && fgets(line, sizeof(line), f))
		found = is_line_of(w, line);
	if (!found && ferror(f))
		found = -1;
	fclose(f);
	return found;
}

pid_t ct_holder_find(const char *path)
{
	struct wanted w = wanted(path);
	struct dirent *e;
	DIR *d = opendir("/proc");
	pid_t found = 0;

	/* cppcheck-suppress readdirCalled ; the stream is this function's own */
	while (d && !found && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) && holds(e->d_name, &w) == 1)
			found = (pid_t)strtol(e->d_name, NULL, 10);
	if (d)
		closedir(d);
	return found;
}

bool ct_holder_may(uint32_t pid, const char *path)
{
	struct wanted w = wanted(path);
	char text[16];
	int got;

	if (!pid || pid > INT_MAX)
		return false;
	snprintf(text, sizeof(text), "%u", pid);
	got = holds(text, &w);
	return got == 1 || (got < 0 && kill((pid_t)pid, 0) == 0);
}
