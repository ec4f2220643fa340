/*
 * debuginfo.h - functions, lines, inlined calls and variables from DWARF.
 */
#ifndef CT_SYMBOL_DEBUGINFO_H
#define CT_SYMBOL_DEBUGINFO_H

#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#include "symbol/names.h"
#include "symbol/symbol.h"

struct ct_debuginfo;

/*
 * Opens the DWARF in @elf, the file at @path.  @alt: the DWZ file it refers to, or NULL.  Both must outlive the result.
 * Names go to @names.  Returns 0 and *out, -ENOMEM, or -ENOEXEC when there is no usable DWARF.
 * Context: tools.
 */
int ct_debuginfo_open(struct ct_debuginfo **out, const char *path, Elf *elf, Elf *alt,
		      struct ct_names *names);

/*
 * Frees everything but the names.  NULL is allowed.
 * Context: tools.
 */
void ct_debuginfo_close(struct ct_debuginfo *d);

/*
 * Frames at @vaddr, innermost first, at most CT_SYM_FRAMES_MAX in @out.  When the compilation unit
 * is known but not the function, one frame without a name has the line.  Returns the number, 0 when
 * nothing is known, or -ENOMEM.
 * Context: tools.
 */
int ct_debuginfo_code(struct ct_debuginfo *d, uint64_t vaddr, struct ct_sym_frame *out);

/*
 * The variable that starts at @base: name, declaration and, for a local static, its function.
 * Returns 1, 0 when there is none, or -ENOMEM.
 * Context: tools.
 */
int ct_debuginfo_data(struct ct_debuginfo *d, uint64_t base, struct ct_sym_data *out);

#endif
