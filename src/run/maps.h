/*
 * maps.h - what a process has mapped, as /proc/PID/maps tells it.
 */
#ifndef CT_RUN_MAPS_H
#define CT_RUN_MAPS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct ct_map {
	uint64_t from, to;
	uint64_t offset;	/* in the file */
	uint64_t device, inode; /* device: major << 32 | minor */
	bool executable, writable, shared;
	const char *path; /* "" none; until the next one is read */
};

struct ct_maps {
	FILE *file;
	char line[PATH_MAX + 128];
};

/*
 * ct_maps_open - begin with the first mapping of a process; pid 0: our own
 * Costs the process nothing but the kernel's lock on its mappings for as long as they are read.
 * Returns false when it cannot be read.
 * Context: tools.
 */
bool ct_maps_open(struct ct_maps *m, pid_t pid);

/* ct_maps_next - the next one; false: there are no more */
bool ct_maps_next(struct ct_maps *m, struct ct_map *out);

void ct_maps_close(struct ct_maps *m);

#endif
