/*
 * dwarf_attrs.c - names, files and lines of DIEs, without libdw's habit of opening other files.
 *
 * dwarf_attr_integrate(), dwarf_diename() and dwarf_decl_file() follow a chain of references and may
 * end in a skeleton unit, for which libdw opens a file by a name found in the input.  The chain is
 * followed here instead, a bounded number of steps.
 */
#include "symbol/debuginfo_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#define CHAIN_MAX 16

Dwarf_Attribute *ct_dw_attr(Dwarf_Die *die, unsigned name, Dwarf_Attribute *attr, Dwarf_Die *holder)
{
	Dwarf_Die at = *die;

	for (int i = 0; i < CHAIN_MAX; i++) {
		Dwarf_Attribute ref;
		Dwarf_Die next;

		if (dwarf_attr(&at, name, attr)) {
			if (holder)
				*holder = at;
			return attr;
		}
		if (!dwarf_attr(&at, DW_AT_abstract_origin, &ref) &&
		    !dwarf_attr(&at, DW_AT_specification, &ref))
			return NULL;
		if (!dwarf_formref_die(&ref, &next))
			return NULL;
		at = next;
	}
	return NULL;
}

static const char *string_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	const char *s;

	if (!ct_dw_attr(die, name, &attr, NULL))
		return NULL;
	s = dwarf_formstring(&attr);
	return s && s[0] ? s : NULL;
}

const char *ct_dw_linkage_name(Dwarf_Die *die)
{
	const char *s = string_of(die, DW_AT_linkage_name);

	return s ? s : string_of(die, DW_AT_MIPS_linkage_name);
}

const char *ct_dw_name(Dwarf_Die *die)
{
	return string_of(die, DW_AT_name);
}

/*
 * @file as one can open it: relative names count from where the unit was compiled, and libdw joins
 * that directory only to some of them.
 */
static const char *kept_path(struct ct_debuginfo *d, Dwarf_Die *unit, const char *file)
{
	const char *dir = NULL, *kept;
	Dwarf_Attribute attr;
	size_t dir_len;
	char *path;

	if (!file || strcmp(file, "???") == 0)
		return NULL;
	if (file[0] != '/' && dwarf_attr(unit, DW_AT_comp_dir, &attr))
		dir = dwarf_formstring(&attr);
	dir_len = dir ? strlen(dir) : 0;
	/* joined already, when the directory itself is relative */
	if (dir_len == 0 || (strncmp(file, dir, dir_len) == 0 && file[dir_len] == '/'))
		return ct_names_add_z(d->names, file);
	if (asprintf(&path, "%s/%s", dir, file) < 0)
		return NULL;
	kept = ct_names_add_z(d->names, path);
	free(path);
	return kept;
}

const char *ct_dw_file(struct ct_debuginfo *d, Dwarf_Die *die, unsigned file_attr)
{
	Dwarf_Die holder, unit;
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word number;
	size_t n;

	/* the number counts in the file table of the unit that holds the attribute */
	if (!ct_dw_attr(die, file_attr, &attr, &holder) || dwarf_formudata(&attr, &number) != 0 ||
	    !dwarf_diecu(&holder, &unit, NULL, NULL) || dwarf_getsrcfiles(&unit, &files, &n) != 0 ||
	    number >= n)
		return NULL;
	return kept_path(d, &unit, dwarf_filesrc(files, number, NULL, NULL));
}

uint32_t ct_dw_line(Dwarf_Die *die, unsigned line_attr)
{
	Dwarf_Attribute attr;
	Dwarf_Word line;

	if (!ct_dw_attr(die, line_attr, &attr, NULL) || dwarf_formudata(&attr, &line) != 0 ||
	    line > INT32_MAX)
		return 0;
	return (uint32_t)line;
}

/* The row that covers @addr.  Our own search: dwarf_getsrc_die() asserts on tables it dislikes. */
static Dwarf_Line *row_at(Dwarf_Lines *lines, size_t n, uint64_t addr)
{
	size_t lo = 0, hi = n;
	Dwarf_Line *row;
	Dwarf_Addr at;
	bool end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		row = dwarf_onesrcline(lines, mid);
		if (!row || dwarf_lineaddr(row, &at) != 0)
			return NULL;
		if (at <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* the row after it proves that the sequence goes on beyond addr */
	if (lo == 0 || lo == n)
		return NULL;
	row = dwarf_onesrcline(lines, lo - 1);
	return row && dwarf_lineendsequence(row, &end) == 0 && !end ? row : NULL;
}

bool ct_dw_source(struct ct_debuginfo *d, struct ct_dw_unit *unit, uint64_t addr, const char **file,
		  uint32_t *line)
{
	Dwarf_Lines *lines;
	Dwarf_Line *row;
	size_t n;
	int number;

	if (dwarf_getsrclines(&unit->die, &lines, &n) != 0)
		return false;
	row = row_at(lines, n, addr);
	if (!row)
		return false;
	*file = kept_path(d, &unit->die, dwarf_linesrc(row, NULL, NULL));
	*line = dwarf_lineno(row, &number) == 0 && number > 0 ? (uint32_t)number : 0;
	return *file != NULL;
}
