/*
 * dwarf_index.c - which compilation unit, and which function in it, contains an address.
 *
 * .debug_aranges would answer the first question, but clang and rustc do not write it and assembler
 * files are often missing; the ranges of the units' own DIEs are complete and cost one DIE each.
 * Functions are indexed per unit at its first hit: the DIEs below the unit and its namespaces, with
 * whole function bodies stepped over.  Functions nested in functions (lambdas, local classes, GNU C)
 * take a second, deep pass, made only when the first one has no answer for an address.
 *
 * What may go wrong: ranges and trees are the file's claims.  Each walk moves forward only, is limited
 * in depth, and each index in size.
 */
#include "symbol/debuginfo_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <dwarf.h>

#define RANGES_MAX ((size_t)8 * 1024 * 1024)
#define UNITS_MAX  ((size_t)1024 * 1024)
#define DEPTH_MAX  128
#define STEPS_MAX  4096
/* No function is larger, and no user address is higher. */
#define ADDRESS_MAX (UINT64_C(1) << 56)

int ct_dw_ranges_add(struct ct_dw_ranges *r, uint64_t lo, uint64_t hi, uint64_t what)
{
	/* linkers leave the ranges of dropped functions at 0 or 1, or near the top */
	if (lo <= 1 || lo >= hi || hi > ADDRESS_MAX || r->n >= RANGES_MAX)
		return 0;
	if (r->n == r->size) {
		size_t size = r->size ? r->size * 2 : 32;
		struct ct_dw_range *items = reallocarray(r->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		r->items = items;
		r->size = size;
	}
	r->items[r->n++] = (struct ct_dw_range){lo, hi, what};
	return 0;
}

static int compare_lo(const void *pa, const void *pb)
{
	const struct ct_dw_range *a = pa, *b = pb;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->what < b->what ? -1 : a->what > b->what;
}

int ct_dw_ranges_sort(struct ct_dw_ranges *r)
{
	uint64_t max = 0;

	if (r->n == 0)
		return 0;
	qsort(r->items, r->n, sizeof(*r->items), compare_lo);
	r->max_hi = malloc(r->n * sizeof(*r->max_hi));
	if (!r->max_hi)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++) {
		if (r->items[i].hi > max)
			max = r->items[i].hi;
		r->max_hi[i] = max;
	}
	return 0;
}

const struct ct_dw_range *ct_dw_ranges_find(const struct ct_dw_ranges *r, uint64_t addr)
{
	const struct ct_dw_range *best = NULL;
	size_t lo = 0, hi = r->n;

	if (!r->max_hi)
		return NULL;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->items[mid].lo <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo, steps = 0; i-- > 0 && steps < STEPS_MAX; steps++) {
		const struct ct_dw_range *x = &r->items[i];

		if (r->max_hi[i] <= addr)
			break;
		if (x->hi > addr && (!best || x->hi - x->lo < best->hi - best->lo))
			best = x;
	}
	return best;
}

bool ct_dw_next(Dwarf_Die *die)
{
	Dwarf_Off before = dwarf_dieoffset(die);

	return dwarf_siblingof(die, die) == 0 && dwarf_dieoffset(die) > before;
}

static int add_ranges(struct ct_dw_ranges *r, Dwarf_Die *die, uint64_t what)
{
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0 && r->n < RANGES_MAX) {
		if (ct_dw_ranges_add(r, lo, hi, what) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* Absent or an ordinary file: libdw may try to open it. */
static bool is_harmless(const char *dir, int dir_len, const char *name, bool *found)
{
	char path[PATH_MAX];
	struct stat st;
	int n;

	n = snprintf(path, sizeof(path), "%.*s%s%s", dir_len, dir, dir_len ? "/" : "", name);
	if (n <= 0 || (size_t)n >= sizeof(path) || path[0] != '/')
		return false;
	if (stat(path, &st) != 0)
		return true;
	*found |= S_ISREG(st.st_mode);
	return S_ISREG(st.st_mode);
}

/*
 * A skeleton unit's DIEs are in a .dwo file which libdw opens by the name in the file; a name that
 * leads to a FIFO or a device would be opened as well, so all places it tries are looked at first.
 */
static bool split_file_is_safe(const struct ct_debuginfo *d, Dwarf_Die *die)
{
	const char *dir = NULL, *name = NULL, *slash = strrchr(d->path, '/');
	Dwarf_Attribute attr;
	bool found = false;

	if (dwarf_attr(die, DW_AT_comp_dir, &attr))
		dir = dwarf_formstring(&attr);
	if (dwarf_attr(die, DW_AT_dwo_name, &attr) || dwarf_attr(die, DW_AT_GNU_dwo_name, &attr))
		name = dwarf_formstring(&attr);
	if (!name || !dir || !slash)
		return false;
	if (name[0] == '/')
		return is_harmless("", 0, name, &found) && found;
	return is_harmless(dir, (int)strnlen(dir, PATH_MAX), name, &found) &&
	       is_harmless(d->path, (int)(slash - d->path), name, &found) && found;
}

static int add_unit(struct ct_debuginfo *d, Dwarf_CU *cu, Dwarf_Die *die, uint8_t type)
{
	struct ct_dw_unit *unit;
	Dwarf_Die split;

	if (!d->units || d->n_units == d->size_units) {
		size_t size = d->size_units ? d->size_units * 2 : 64;
		struct ct_dw_unit *units = reallocarray(d->units, size, sizeof(*units));

		if (!units)
			return -ENOMEM;
		d->units = units;
		d->size_units = size;
	}
	unit = &d->units[d->n_units];
	memset(unit, 0, sizeof(*unit));
	unit->die = *die;
	unit->tree = *die;
	if (type == DW_UT_skeleton) {
		memset(&split, 0, sizeof(split));
		if (!split_file_is_safe(d, die) ||
		    dwarf_cu_info(cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) != 0)
			memset(&split, 0, sizeof(split));
		/* without its .dwo the unit still has lines */
		unit->tree = split;
	}
	return add_ranges(&d->ranges, die, d->n_units++);
}

int ct_dw_index(struct ct_debuginfo *d)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	if (d->indexed)
		return 0;
	d->indexed = true;
	while (d->n_units < UNITS_MAX &&
	       dwarf_get_units(d->dw, cu, &cu, NULL, &type, &die, NULL) == 0) {
		int tag = dwarf_tag(&die);

		if ((type != DW_UT_compile && type != DW_UT_skeleton) ||
		    (tag != DW_TAG_compile_unit && tag != DW_TAG_skeleton_unit))
			continue;
		if (add_unit(d, cu, &die, type) != 0)
			return -ENOMEM;
	}
	return ct_dw_ranges_sort(&d->ranges);
}

/* @deep: also look inside functions and types. */
static int add_functions(struct ct_dw_ranges *r, Dwarf_Die *parent, bool deep, int depth)
{
	Dwarf_Die die;
	int err = 0;

	if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return 0;
	do {
		bool enter = false;

		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			err = add_ranges(r, &die, dwarf_dieoffset(&die));
			enter = deep;
			break;
		case DW_TAG_namespace:
		case DW_TAG_module: enter = true; break;
		case DW_TAG_structure_type: /* rustc defines methods inside the type */
		case DW_TAG_class_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine: enter = deep; break;
		default: break;
		}
		if (err == 0 && enter)
			err = add_functions(r, &die, deep, depth + 1);
	} while (err == 0 && ct_dw_next(&die));
	return err;
}

static int find_in(struct ct_dw_unit *unit, struct ct_dw_ranges *r, bool *made, bool deep,
		   uint64_t addr, Dwarf_Die *die, uint64_t *lo)
{
	const struct ct_dw_range *found;

	if (!*made) {
		int err = add_functions(r, &unit->tree, deep, 0);

		if (err == 0)
			err = ct_dw_ranges_sort(r);
		if (err != 0)
			return err;
		*made = true;
	}
	found = ct_dw_ranges_find(r, addr);
	if (!found)
		return 0;
	*lo = found->lo;
	/* a split unit has its own Dwarf and its own offsets */
	return dwarf_offdie(dwarf_cu_getdwarf(unit->tree.cu), found->what, die) ? 1 : 0;
}

int ct_dw_function(struct ct_dw_unit *unit, uint64_t addr, Dwarf_Die *die, uint64_t *lo)
{
	int ret;

	if (!unit->tree.addr)
		return 0;
	ret = find_in(unit, &unit->funcs, &unit->has_funcs, false, addr, die, lo);
	if (ret != 0)
		return ret;
	return find_in(unit, &unit->nested, &unit->has_nested, true, addr, die, lo);
}
