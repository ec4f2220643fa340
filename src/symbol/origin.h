/*
 * origin.h - the open files of one module.
 *
 *	image (the file itself)    --> .symtab | .dynsym, PLT stubs, DWARF
 *	debug (a separate file)    --> .symtab, DWARF --> alt (DWZ)
 *	mini  (.gnu_debugdata)     --> .symtab
 */
#ifndef CT_SYMBOL_ORIGIN_H
#define CT_SYMBOL_ORIGIN_H

#include "symbol/debuginfo.h"
#include "symbol/image.h"
#include "symbol/symtab.h"

struct ct_origin {
	struct ct_image image, debug, alt; /* path is NULL where there is none */
	Elf *mini;
	uint8_t *mini_bytes;
	struct ct_symtab symtab;
	struct ct_debuginfo *dwarf;
	bool dwarf_tried;
};

/*
 * Opens and identifies the files of the module recorded as @path with build-id @id (@id_len 0: none
 * recorded).  *err says what is wrong with the file at @path: 0, -ESTALE when it is another build,
 * or what ct_image_open() returned.  @tried (PATH_MAX bytes) is where debug information was looked
 * for, "" when it was not.
 * Context: tools.
 */
void ct_origin_open(struct ct_origin *o, const char *path, const uint8_t *id, size_t id_len,
		    const char *debug_dir, char *tried, int *err);

/*
 * Closes everything; a zeroed origin is allowed.
 * Context: tools.
 */
void ct_origin_close(struct ct_origin *o);

/*
 * The file with debug information, NULL when there is none.
 * Context: tools.
 */
const struct ct_image *ct_origin_debug_image(const struct ct_origin *o);

/*
 * Reads the symbol tables, once.  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_origin_load_symtab(struct ct_origin *o);

#endif
