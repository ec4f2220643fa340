/*
 * dwarf_scope.c - where in the source tree a DIE stands: the way down to it, and its full name.
 *
 * Compilers give a linkage name to what other files may link with.  Lambdas, local classes and
 * templates over them have none, and there are many of them between a lock and the function that took
 * it: "operator()" says nothing, "serve(int)::<lambda()>::operator()" does.  DWARF has no pointers to
 * parents, but DIEs are stored in pre-order, so the parents of an offset are found from the top: at
 * each level the last DIE that starts at or before it.
 *
 * What may go wrong: the walk over thousands of siblings is slow for one name; names are remembered
 * by DIE, so each is made once.
 */
#include "symbol/debuginfo_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "symbol/demangle.h"

#define DEPTH_MAX 8 /* functions inside functions */

static const char *full_name(struct ct_debuginfo *d, Dwarf_Die *die, int depth);

size_t ct_dw_path(Dwarf_Die *unit, Dwarf_Off off, Dwarf_Die *path, size_t max)
{
	Dwarf_Die at = *unit;
	size_t n = 0;

	path[n++] = at;
	while (n < max) {
		Dwarf_Die child, next;

		if (dwarf_child(&at, &child) != 0 || dwarf_dieoffset(&child) > off)
			break;
		next = child;
		while (ct_dw_next(&next) && dwarf_dieoffset(&next) <= off)
			child = next;
		path[n++] = at = child;
	}
	return n;
}

static bool has_scopes(Dwarf_Die *unit)
{
	Dwarf_Attribute attr;
	Dwarf_Word language;

	if (!dwarf_attr(unit, DW_AT_language, &attr) || dwarf_formudata(&attr, &language) != 0)
		return true;
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler: return false;
	default: return true;
	}
}

/*
 * What @die adds before the @name below it; NULL for nothing.  *whole: it is a full name already.
 * A function's own name may stand elsewhere (in the declaration it specifies), hence the recursion,
 * which @depth bounds.
 */
static char *prefix_of(struct ct_debuginfo *d, Dwarf_Die *die, const char *below, int depth,
		       bool *whole)
{
	const char *name = ct_dw_name(die), *linkage;
	char *plain;

	*whole = false;
	switch (dwarf_tag(die)) {
	case DW_TAG_namespace: return strdup(name ? name : "(anonymous namespace)");
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		if (!name)
			name = strcmp(below, "operator()") == 0 ? "<lambda>" : "<unnamed>";
		return strdup(name);
	case DW_TAG_subprogram:
		*whole = true;
		linkage = ct_dw_linkage_name(die);
		plain = linkage ? ct_demangle(linkage) : NULL;
		if (plain)
			return plain;
		name = full_name(d, die, depth + 1);
		return name ? strdup(name) : NULL;
	default: return NULL;
	}
}

/* @path leads from the unit to the DIE whose name is @name. */
static char *join(struct ct_debuginfo *d, Dwarf_Die *path, size_t n, const char *name, int depth)
{
	char *all = strdup(name);

	for (size_t i = n - 1; all && i-- > 1;) {
		char *prefix, *longer;
		bool whole;

		prefix = prefix_of(d, &path[i], all, depth, &whole);
		if (!prefix)
			continue;
		if (strlen(prefix) + strlen(all) > CT_SYM_NAME_MAX ||
		    asprintf(&longer, "%s::%s", prefix, all) < 0) {
			free(prefix);
			break;
		}
		free(prefix);
		free(all);
		all = longer;
		if (whole)
			break;
	}
	return all;
}

static const char *make_name(struct ct_debuginfo *d, Dwarf_Die *holder, const char *name, int depth)
{
	Dwarf_Die unit, path[CT_DW_PATH_MAX];
	const char *kept;
	char *all = NULL;
	size_t n;

	if (depth < DEPTH_MAX && dwarf_diecu(holder, &unit, NULL, NULL) && has_scopes(&unit)) {
		n = ct_dw_path(&unit, dwarf_dieoffset(holder), path, CT_DW_PATH_MAX);
		if (n > 1 && path[n - 1].addr == holder->addr)
			all = join(d, path, n, name, depth);
	}
	kept = ct_names_add_z(d->names, all ? all : name);
	free(all);
	return kept;
}

/* Where @die is, or is to be put. */
static size_t slot_of(const struct ct_dw_scopes *s, const void *die)
{
	size_t at = ((uintptr_t)die >> 1) & (s->size - 1);

	if (!s->size)
		return 0;
	while (s->items[at].die && s->items[at].die != die)
		at = (at + 1) & (s->size - 1);
	return at;
}

static bool grow(struct ct_dw_scopes *s)
{
	size_t size = s->size ? s->size * 2 : 256;
	struct ct_dw_scope *items = calloc(size, sizeof(*items));

	if (!items)
		return false;
	for (size_t i = 0; i < s->size; i++) {
		size_t at = ((uintptr_t)s->items[i].die >> 1) & (size - 1);

		if (!s->items[i].die)
			continue;
		while (items[at].die)
			at = (at + 1) & (size - 1);
		items[at] = s->items[i];
	}
	free(s->items);
	s->items = items;
	s->size = size;
	return true;
}

static const char *full_name(struct ct_debuginfo *d, Dwarf_Die *die, int depth)
{
	struct ct_dw_scopes *s = &d->scopes;
	Dwarf_Attribute attr;
	Dwarf_Die holder;
	const char *name;
	size_t at;

	if (!ct_dw_attr(die, DW_AT_name, &attr, &holder) || !(name = dwarf_formstring(&attr)))
		return NULL;
	at = slot_of(s, holder.addr);
	if (s->size && s->items[at].die)
		return s->items[at].name;
	name = make_name(d, &holder, name, depth);
	/* making it may have added the names around it, and moved the table */
	if (!name || (s->n * 4 >= s->size * 3 && !grow(s)))
		return name;
	at = slot_of(s, holder.addr);
	s->items[at] = (struct ct_dw_scope){holder.addr, name};
	s->n++;
	return name;
}

const char *ct_dw_full_name(struct ct_debuginfo *d, Dwarf_Die *die)
{
	return full_name(d, die, 0);
}
