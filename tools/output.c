/*
 * output.c - see output.h.
 */
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/place.h"

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool empty = d != NULL;

	/* cppcheck-suppress readdirCalled ; the stream is this function's own */
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
	if (!folder && ct_place_is_descriptor(path)) {
		snprintf(why, size, "is the name of a descriptor, and no regular file");
		return -EINVAL;
	}
	return 0;
}

/* "PATH.XXXXXX", of the first n bytes. */
static int name_temporary(struct ct_output *o, const char *path, size_t n)
{
	o->path = strndup(path, n);
	o->temporary = malloc(n + sizeof(".XXXXXX"));
	if (!o->path || !o->temporary)
		return -ENOMEM;
	snprintf(o->temporary, n + sizeof(".XXXXXX"), "%s.XXXXXX", o->path);
	return 0;
}

static int fail(struct ct_output *o, int err)
{
	free(o->path);
	free(o->temporary);
	*o = (struct ct_output){.path = NULL};
	return err;
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
	err = name_temporary(o, path, n);
	if (!err && folder) {
		err = mkdtemp(o->temporary) ? 0 : -errno;
	} else if (!err) {
		fd = mkostemp(o->temporary, O_CLOEXEC);
		err = fd < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	return err ? fail(o, err) : 0;
}

int ct_output_stream(struct ct_output *o, const char *path)
{
	struct stat st;
	int err, fd;

	*o = (struct ct_output){.f = stdout};
	errno = 0;
	if (!path)
		return 0;
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->f = fopen(path, "we");
		err = o->f ? 0 : -errno;
		errno = 0;
		return err;
	}
	err = name_temporary(o, path, strlen(path));
	if (err)
		return fail(o, err);
	fd = mkostemp(o->temporary, O_CLOEXEC);
	o->f = fd < 0 ? NULL : fdopen(fd, "w");
	if (o->f) {
		errno = 0;
		return 0;
	}
	err = -errno;
	if (fd >= 0) {
		close(fd);
		unlink(o->temporary);
	}
	return fail(o, err);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

/* What made a write fail stands in errno since then, most likely. */
static int close_stream(FILE *f, int err)
{
	if (!ferror(f))
		errno = 0;
	if ((ferror(f) || fflush(f) != 0) && !err)
		err = errno ? -errno : -EIO;
	if (f != stdout && fclose(f) != 0 && !err)
		err = -errno;
	return err;
}

int ct_output_close(struct ct_output *o, int err)
{
	if (o->f)
		err = close_stream(o->f, err);
	if (o->temporary && !err && rename(o->temporary, o->path) != 0)
		err = -errno;
	if (o->temporary && err)
		nftw(o->temporary, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(o->path);
	free(o->temporary);
	return err;
}
