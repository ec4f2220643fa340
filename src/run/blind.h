/*
 * blind.h - where the traced processes can wait without being seen: what they have mapped is looked at from outside while they live, and the
 * files are looked through (symbol/scan.h) when the recording ends.
 */
#ifndef CT_RUN_BLIND_H
#define CT_RUN_BLIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctrace/format.h>

#include "run/maps.h"
#include "run/reap.h"

struct ct_blind_module;
struct ct_blind_process;

struct ct_unreached;

struct ct_blind_spots {
	const struct ct_reap *reap;
	const struct ct_unreached *unreached; /* NULL: not known */
	struct ct_blind_module *modules;
	size_t modules_n, modules_room;
	struct ct_blind_process *processes; /* by index in the process table */
	size_t processes_n;
	struct ct_blind_rec *rows; /* of ct_blind_rows() */
	size_t rows_n, rows_room;
};

/*
 * ct_blind_begin, ct_blind_add, ct_blind_end - around a look at a process, and for each of its mappings
 * @has_arena: it had the arena mapped
 * Context: tools.
 */
void ct_blind_begin(struct ct_blind_spots *b, size_t process);
void ct_blind_add(struct ct_blind_spots *b, size_t process, const struct ct_map *map);
void ct_blind_end(struct ct_blind_spots *b, size_t process, bool has_arena);

/*
 * ct_blind_rows - look through the files and make the rows of the trace; adds texts to the arena's dictionary
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_blind_rows(struct ct_blind_spots *b);

void ct_blind_free(struct ct_blind_spots *b);

#endif
