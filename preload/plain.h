/*
 * plain.h - what more than one file of start-up does without libc: a mapping, the environment, a text put together.
 */
#ifndef CT_PRELOAD_PLAIN_H
#define CT_PRELOAD_PLAIN_H

#include <stdbool.h>
#include <sys/mman.h>

#include "sys/mem.h"
#include "sys/raw.h"

/* NULL where the kernel refuses. */
static inline void *ct_plain_map(uint64_t bytes, int flags, long fd)
{
	long p = ct_syscall6(__NR_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	return p < 0 && p > -4096 ? 0 : (void *)p;
}

/* Value of a variable; NULL when it is not set. */
static inline const char *ct_plain_env(char **env, const char *name)
{
	size_t n = ct_str_length(name, 64);

	for (; env && *env; env++)
		if (ct_mem_equal(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return 0;
}

/* Append to a NUL-terminated string; false when it does not fit. */
static inline bool ct_plain_append(char *to, size_t room, const char *s)
{
	size_t at = ct_str_length(to, room), n = ct_str_length(s, room);

	if (at + n >= room)
		return false;
	ct_mem_copy(to + at, s, n);
	to[at + n] = 0;
	return true;
}

#endif
