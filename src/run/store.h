/*
 * store.h - where a recording lives while it runs: an arena file on a memory filesystem, with as much memory behind it as it needs
 * now.
 *
 * On a disk filesystem a store to a mapped page that was just written back can wait for the journal, in the traced program; so the
 * arena lies in /dev/shm, in a folder of its own that nobody else can enter, and only where there is no room for it beside the
 * output file.
 */
#ifndef CT_RUN_STORE_H
#define CT_RUN_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/arena.h"

struct ct_store {
	char dir[PATH_MAX];  /* made for this recording; removed with it */
	char path[PATH_MAX]; /* of the arena in it */
	int fd;
	void *memory;
	uint64_t bytes;
	struct ct_arena arena;
};

/*
 * ct_store_create - make, size, map and format an arena
 * @ring_bytes: 0: stream policy; else ring policy with about so many bytes of chunks
 * @beside:     folder to use when /dev/shm cannot
 * @why:        on error, one line
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_store_create(struct ct_store *s, uint64_t ring_bytes, const char *beside, char *why,
		    size_t why_size);

/*
 * ct_store_grow - give more slots and chunks memory where they run short; call often
 * Context: tools.
 */
void ct_store_grow(struct ct_store *s);

/*
 * ct_store_load - a private copy in memory of an arena that nobody writes any more
 * Nothing that is done to the copy reaches the file; the copy has memory behind all its parts.
 * What is in it may be anything: see mend.h.
 * Returns 0, -CT_ERR_FOREIGN when it is no arena of this version, or -errno.
 * Context: tools.
 */
int ct_store_load(struct ct_store *s, const char *path);

/* ct_store_is_ours - file and folder have the names that ct_store_create() gives: only such are removed */
bool ct_store_is_ours(const struct ct_store *s);

/*
 * ct_store_is_shared - does any process but us still have the arena mapped?
 * Also one that never wrote into it, or whose pid means nothing here.  The kernel is asked for a lease on the file, which it gives when no
 * other opening of it for writing is left; a mapping keeps its own alive.  False where leases are not to be had.
 * Context: tools.
 */
bool ct_store_is_shared(const struct ct_store *s);

/* ct_store_remove - unmap, delete file and folder */
void ct_store_remove(struct ct_store *s);

/* Processes that are still there: the mapping goes, the files stay until somebody removes them. */
void ct_store_leave(struct ct_store *s);

#endif
