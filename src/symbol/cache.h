/*
 * cache.h - answers on disk, one file for each build of a module.
 *
 * The file name is the build-id and a fingerprint of everything the answers depend on besides: which
 * files the symbols came from, and which were looked for in vain.  Installing a debug package
 * changes the fingerprint, so the answers made without it are not found again.
 *
 *	<build-id>-<fingerprint>.sym
 *	+--------+---------+--------+-----------------+
 *	| header | answers | frames | strings, each   |
 *	| 56 B   | 16 B    | 32 B   | ended by NUL    |
 *	+--------+---------+--------+-----------------+
 *	host byte order; sum covers everything after the header
 *
 * A file read back is input like any other: it must be a regular file of our own, its checksum must
 * hold, and every index and string is checked before use.  A bad file is as good as none.
 */
#ifndef CT_SYMBOL_CACHE_H
#define CT_SYMBOL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "symbol/answers.h"

struct ct_cache_key {
	uint8_t build_id[CT_SYM_BUILD_ID_MAX];
	size_t build_id_len;
	uint64_t fingerprint;
};

/*
 * The cache directory: @dir, or the default one when NULL; made when missing.  Returns a malloc'd
 * path, or NULL when there is to be no cache or it is not safe to use (not a directory of ours that
 * only we can write to).
 * Context: tools.
 */
char *ct_cache_dir(const char *dir);

/*
 * Reads the answers of @key into the empty @out.  *bytes is the memory their strings live in: free
 * it after the answers.  Returns 0, or -ENOENT when there is no usable file.
 * Context: tools.
 */
int ct_cache_load(const char *dir, const struct ct_cache_key *key, struct ct_answers *out,
		  char **bytes);

/*
 * Writes all answers, replacing the file at once, and removes the oldest files when there are too
 * many.  Returns 0 or -errno.
 * Context: tools.
 */
int ct_cache_save(const char *dir, const struct ct_cache_key *key, const struct ct_answers *a);

#endif
