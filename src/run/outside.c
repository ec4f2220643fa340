/*
 * outside.c - see outside.h.
 */
#include "outside.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last number of a line "NSpid:\t4711\t1" is the one in the innermost namespace. */
static uint32_t innermost_number(const char *path)
{
	char line[512], *word, *rest;
	unsigned long number = 0;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "NSpid:", 6) != 0)
			continue;
		for (word = strtok_r(line + 6, " \t\n", &rest); word;
		     word = strtok_r(NULL, " \t\n", &rest))
			number = strtoul(word, NULL, 10);
		break;
	}
	if (f)
		fclose(f);
	return (uint32_t)number;
}

static uint32_t innermost_pid(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/status", pid);
	return innermost_number(path);
}

uint32_t ct_outside_own_tid(pid_t pid, uint32_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%u/status", (int)pid, tid);
	return innermost_number(path);
}

const char *ct_outside_stat(pid_t pid, char *text, size_t room)
{
	char path[64], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, room - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	/* the name before it may hold anything, also a ')' or the end of a line */
	at = strrchr(text, ')');
	return at && at[1] == ' ' && at[2] ? at + 2 : NULL;
}

uint64_t ct_outside_ipc(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

pid_t ct_outside_parent(pid_t pid)
{
	char text[1024];
	const char *stat = ct_outside_stat(pid, text, sizeof(text));

	return stat ? (pid_t)strtol(stat + 1, NULL, 10) : 0;
}

/* Is the process of this folder of /proc in the namespace, or a child of the parent, whichever is given? */
static bool is_wanted(const char *pid, uint64_t namespace, pid_t parent)
{
	char path[64];
	struct stat st;

	if (parent)
		return ct_outside_parent((pid_t)strtol(pid, NULL, 10)) == parent;
	snprintf(path, sizeof(path), "/proc/%.16s/ns/pid", pid);
	return stat(path, &st) == 0 && st.st_ino == namespace;
}

static pid_t find(uint64_t namespace, pid_t parent, uint32_t pid)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	/* cppcheck-suppress readdirCalled ; the stream is this function's own */
	while (proc && !found && (e = readdir(proc)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' &&
		    is_wanted(e->d_name, namespace, parent) && innermost_pid(e->d_name) == pid)
			found = (pid_t)strtol(e->d_name, NULL, 10);
	if (proc)
		closedir(proc);
	return found;
}

pid_t ct_outside_find(uint64_t namespace, uint32_t pid)
{
	return find(namespace, 0, pid);
}

pid_t ct_outside_child(pid_t parent, uint32_t pid)
{
	return find(0, parent, pid);
}
