/*
 * source.c - see source.h.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ct_source_open(struct ct_source *s, const char *path)
{
	struct stat st;
	int err = 0;

	*s = (struct ct_source){.fd = -1};
	/* O_NONBLOCK: a FIFO must not hang us before it is refused */
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0)
		return -errno;
	if (fstat(s->fd, &st) < 0)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	if (err)
		ct_source_close(s);
	else
		s->size = (uint64_t)st.st_size;
	return err;
}

void ct_source_memory(struct ct_source *s, const void *bytes, size_t size)
{
	*s = (struct ct_source){.fd = -1, .bytes = bytes, .size = size};
}

void ct_source_close(struct ct_source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct ct_source){.fd = -1};
}

int64_t ct_source_read(const struct ct_source *s, uint64_t offset, void *to, size_t size)
{
	size_t done = 0;

	if (offset >= s->size)
		return 0;
	if (s->fd < 0) {
		done = size < s->size - offset ? size : (size_t)(s->size - offset);
		if (done)
			memcpy(to, s->bytes + offset, done);
		return (int64_t)done;
	}
	while (done < size) {
		ssize_t n = pread(s->fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

bool ct_source_read_all(const struct ct_source *s, uint64_t offset, void *to, size_t size)
{
	return ct_source_read(s, offset, to, size) == (int64_t)size;
}
