/*
 * debuginfo_int.h - what the files of the DWARF reader share: the index of compilation units and
 * safe attribute access.  Only debuginfo*.c and dwarf_*.c include it.
 *
 *	struct ct_debuginfo
 *	  units[]   one per compilation unit, in file order
 *	  ranges[]  (address range -> unit), sorted            made at the first question
 *	  units[i].funcs[]  (address range -> subprogram DIE)  made when the unit is first hit
 */
#ifndef CT_SYMBOL_DEBUGINFO_INT_H
#define CT_SYMBOL_DEBUGINFO_INT_H

#include <stdbool.h>

#include <elfutils/libdw.h>

#include "symbol/debuginfo.h"

struct ct_dw_range {
	uint64_t lo, hi;
	uint64_t what; /* unit number, or offset of the DIE in .debug_info */
};

struct ct_dw_ranges {
	struct ct_dw_range *items;
	uint64_t *max_hi; /* largest hi of items[0..i]; NULL until sorted */
	size_t n, size;
};

#define CT_DW_PATH_MAX 128 /* levels of the tree looked at */

struct ct_dw_scope {
	const void *die; /* its bytes in .debug_info */
	const char *name;
};

struct ct_dw_scopes {
	struct ct_dw_scope *items; /* open addressing by die */
	size_t n, size;
};

struct ct_dw_mention {
	uint64_t addr, off; /* what looks like @addr stands at @off of .debug_info */
};

struct ct_dw_mentions {
	struct ct_dw_mention *items; /* by address */
	size_t n, size;
	bool made;
};

struct ct_dw_unit {
	Dwarf_Die die;	/* owns the line table and the address ranges */
	Dwarf_Die tree; /* the same, or the split unit (.dwo) */
	struct ct_dw_ranges funcs, nested;
	bool has_funcs, has_nested;
};

struct ct_debuginfo {
	Dwarf *dw;
	Dwarf *alt;  /* the DWZ file, or an empty one in its place */
	Elf *no_alt; /* of that empty one */
	char *path;  /* of the file @dw is read from */
	struct ct_names *names;
	struct ct_dw_unit *units;
	size_t n_units, size_units;
	bool indexed;
	struct ct_dw_ranges ranges;
	struct ct_dw_scopes scopes;
	struct ct_dw_mentions mentions;
};

/*
 * The bytes of debug section @name of @dw, unpacked; NULL when there is none.
 * Context: tools.
 */
Elf_Data *ct_dw_section(Dwarf *dw, const char *name);

/*
 * Adds a range (empty and absurd ones are left out).  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_dw_ranges_add(struct ct_dw_ranges *r, uint64_t lo, uint64_t hi, uint64_t what);

/*
 * Sorts the ranges for ct_dw_ranges_find().  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_dw_ranges_sort(struct ct_dw_ranges *r);

/*
 * The narrowest range that contains @addr, or NULL.
 * Context: tools.
 */
const struct ct_dw_range *ct_dw_ranges_find(const struct ct_dw_ranges *r, uint64_t addr);

/*
 * Makes the index of units (once).  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_dw_index(struct ct_debuginfo *d);

/*
 * The subprogram of @unit that contains @addr.  Returns 1 with *die and *lo, the start of the
 * contiguous piece of code; 0 when there is none; or -ENOMEM.
 * Context: tools.
 */
int ct_dw_function(struct ct_dw_unit *unit, uint64_t addr, Dwarf_Die *die, uint64_t *lo);

/*
 * Finds attribute @name of @die, or of what it is an instance or a specification of; *holder (may
 * be NULL) is the DIE it was found in.  Unlike dwarf_attr_integrate() this never opens a file.
 * Context: tools.
 */
Dwarf_Attribute *ct_dw_attr(Dwarf_Die *die, unsigned name, Dwarf_Attribute *attr,
			    Dwarf_Die *holder);

/*
 * Advances *die to its next sibling; false at the end and where the file points backwards.
 * Context: tools.
 */
bool ct_dw_next(Dwarf_Die *die);

/*
 * The linkage name of a function or variable, or NULL.
 * Context: tools.
 */
const char *ct_dw_linkage_name(Dwarf_Die *die);

/*
 * The source name of a function or variable, or NULL.
 * Context: tools.
 */
const char *ct_dw_name(Dwarf_Die *die);

/*
 * The source name with the namespaces, types and functions around it, in the names of @d; NULL when it
 * has none or memory is short.
 * Context: tools.
 */
const char *ct_dw_full_name(struct ct_debuginfo *d, Dwarf_Die *die);

/*
 * The DIEs from @unit down to the one whose bytes include offset @off of the section, at most @max of
 * them.  Returns their number, at least 1.
 * Context: tools.
 */
size_t ct_dw_path(Dwarf_Die *unit, Dwarf_Off off, Dwarf_Die *path, size_t max);

/*
 * The source file that attribute @file_attr (DW_AT_decl_file, DW_AT_call_file) of @die names, kept
 * in the names of @d, or NULL.
 * Context: tools.
 */
const char *ct_dw_file(struct ct_debuginfo *d, Dwarf_Die *die, unsigned file_attr);

/*
 * The number in attribute @line_attr (DW_AT_decl_line, DW_AT_call_line), or 0.
 * Context: tools.
 */
uint32_t ct_dw_line(Dwarf_Die *die, unsigned line_attr);

/*
 * The source position of @addr in the line table of @unit, the file kept in the names of
 * @d; false when there is none.
 * Context: tools.
 */
bool ct_dw_source(struct ct_debuginfo *d, struct ct_dw_unit *unit, uint64_t addr, const char **file,
		  uint32_t *line);

#endif
