/*
 * output.c - see output.h.
 */
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool empty = d != NULL;

	while (empty && (e = readdir(d)))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return empty;
}

static int check_place(const char *path, bool folder, char *why, size_t size)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (folder && !S_ISDIR(st.st_mode)) {
		snprintf(why, size, "is there, and no folder");
		return -ENOTDIR;
	}
	if (folder && !is_empty(path)) {
		snprintf(why, size, "is a folder that is not empty: not overwritten");
		return -ENOTEMPTY;
	}
	if (!folder && !S_ISREG(st.st_mode)) {
		snprintf(why, size, "is there, and no regular file");
		return -EINVAL;
	}
	return 0;
}

int ct_output_open(struct ct_output *o, const char *path, bool folder, char *why, size_t size)
{
	size_t n = strlen(path);
	int err = check_place(path, folder, why, size), fd;

	*o = (struct ct_output){.folder = folder};
	if (err)
		return err;
	while (folder && n > 1 && path[n - 1] == '/')
		n--;
	o->path = strndup(path, n);
	o->temporary = malloc(n + sizeof(".XXXXXX"));
	if (!o->path || !o->temporary) {
		err = -ENOMEM;
	} else {
		snprintf(o->temporary, n + sizeof(".XXXXXX"), "%s.XXXXXX", o->path);
		if (folder) {
			err = mkdtemp(o->temporary) ? 0 : -errno;
		} else {
			fd = mkstemp(o->temporary);
			err = fd < 0 ? -errno : 0;
			if (fd >= 0)
				close(fd);
		}
	}
	if (err) {
		free(o->path);
		free(o->temporary);
	}
	return err;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

int ct_output_close(struct ct_output *o, int err)
{
	if (!err && rename(o->temporary, o->path) != 0)
		err = -errno;
	if (err)
		nftw(o->temporary, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(o->path);
	free(o->temporary);
	return err;
}
