/*
 * source.h - where bytes of a trace come from: a file read with pread(), or memory.  Every read is a private copy, so what was
 * checked cannot change after the check.
 */
#ifndef CT_READ_SOURCE_H
#define CT_READ_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_source {
	int fd; /* -1: memory, or nothing */
	const uint8_t *bytes;
	uint64_t size; /* when it was opened; a file may have grown since */
};

/*
 * ct_source_open - open a regular file
 * Returns 0, -errno, -EISDIR, or -EINVAL for what is neither file nor folder.
 * Context: tools.
 */
int ct_source_open(struct ct_source *s, const char *path);

/*
 * ct_source_memory - read from memory that stays where it is
 * Context: tools.
 */
void ct_source_memory(struct ct_source *s, const void *bytes, size_t size);

/*
 * ct_source_close - also for a source that is all zero with fd -1
 * Context: tools.
 */
void ct_source_close(struct ct_source *s);

/*
 * ct_source_read - copy `size` bytes at `offset`
 * Returns how many there were (fewer at the end of the file), or -errno.
 * Context: tools.
 */
int64_t ct_source_read(const struct ct_source *s, uint64_t offset, void *to, size_t size);

/*
 * ct_source_read_all - the same, but all or nothing
 * Context: tools.
 */
bool ct_source_read_all(const struct ct_source *s, uint64_t offset, void *to, size_t size);

#endif
