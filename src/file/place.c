/*
 * place.c - see place.h.
 */
#include "place.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as the kernel follows */

/* Where the link at a path leads, seen from where the path is seen from.  False: it is no link, or leads nowhere. */
static bool follow(char path[PATH_MAX], int link)
{
	char to[PATH_MAX], from[PATH_MAX];
	ssize_t n = readlinkat(link, "", to, sizeof(to) - 1);
	char *slash;
	int len;

	if (n <= 0)
		return false;
	to[n] = 0;
	snprintf(from, sizeof(from), "%s", path);
	slash = strrchr(from, '/');
	if (to[0] == '/' || !slash)
		from[0] = 0;
	else
		slash[1] = 0;
	len = snprintf(path, PATH_MAX, "%s%s", from, to);
	return len > 0 && len < PATH_MAX;
}

bool ct_place_is_descriptor(const char *path)
{
	bool into_proc = false, more = true;
	char at[PATH_MAX];
	struct statfs fs;
	struct stat st;
	int i, fd;

	if (snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at))
		return false;
	for (i = 0; i < LINKS_MAX && more && !into_proc; i++) {
		fd = open(at, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return false;
		more = fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && fstatfs(fd, &fs) == 0;
		into_proc = more && fs.f_type == PROC_SUPER_MAGIC;
		more = more && follow(at, fd);
		close(fd);
	}
	return into_proc;
}
