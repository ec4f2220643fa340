/*
 * dwarf_vars.c - the declaration of the variable at a data address.
 *
 * DWARF has no index from address to variable, and walking every DIE of a large program to make one
 * costs seconds.  But the variable's DIE contains its address: a location expression is the byte
 * DW_OP_addr followed by the eight bytes of the address.  One pass over .debug_info lists all
 * bytes that could be that ("mentions"); the DIE around a mention is then read properly and must
 * really be a variable with that location.  clang's DWARF 5 writes a number instead, counting in the
 * unit's part of .debug_addr; there the unit is found through .debug_addr and walked.
 */
#include "symbol/debuginfo_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <gelf.h>

#include "symbol/demangle.h"

#define HITS_MAX     64
#define MENTIONS_MAX ((size_t)4 * 1024 * 1024)
#define DEPTH_MAX    128

static bool is_variable_at(Dwarf_Die *die, uint64_t base)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_tag(die) != DW_TAG_variable || !dwarf_attr(die, DW_AT_location, &attr) ||
	    dwarf_getlocation(&attr, &ops, &n) != 0 || n != 1)
		return false;
	if (ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index) {
		Dwarf_Attribute addr_attr;
		Dwarf_Addr addr;

		return dwarf_getlocation_attr(&attr, ops, &addr_attr) == 0 &&
		       dwarf_formaddr(&addr_attr, &addr) == 0 && addr == base;
	}
	return ops[0].atom == DW_OP_addr && ops[0].number == base;
}

static void note_function(Dwarf_Die *die, Dwarf_Die *function)
{
	int tag = dwarf_tag(die);

	if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
		*function = *die;
}

/* The DIE whose bytes include offset @off, and the function it lies in. */
static void die_around(Dwarf_Die *unit, Dwarf_Off off, Dwarf_Die *out, Dwarf_Die *function)
{
	Dwarf_Die path[CT_DW_PATH_MAX];
	size_t n = ct_dw_path(unit, off, path, CT_DW_PATH_MAX);

	memset(function, 0, sizeof(*function));
	for (size_t i = 0; i + 1 < n; i++)
		note_function(&path[i], function);
	*out = path[n - 1];
}

/* Walks a whole unit; only for units that are known to hold the address. */
static bool search_unit(Dwarf_Die *parent, uint64_t base, int depth, Dwarf_Die *out,
			Dwarf_Die *function)
{
	Dwarf_Die die;

	if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return false;
	do {
		if (is_variable_at(&die, base)) {
			*out = die;
			return true;
		}
		if (search_unit(&die, base, depth + 1, out, function)) {
			int tag = dwarf_tag(&die);

			if (!function->addr &&
			    (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine))
				*function = die;
			return true;
		}
	} while (ct_dw_next(&die));
	return false;
}

static struct ct_dw_unit *unit_around(struct ct_debuginfo *d, Dwarf_Off off)
{
	size_t lo = 0, hi = d->n_units;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (dwarf_dieoffset(&d->units[mid].die) <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &d->units[lo - 1] : NULL;
}

/* Where variables can be: below the lowest and above the highest data section there are none. */
static void data_bounds(struct ct_debuginfo *d, uint64_t *lo, uint64_t *hi)
{
	Elf *elf = dwarf_getelf(d->dw);
	Elf_Scn *scn = NULL;

	*lo = UINT64_MAX;
	*hi = 0;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;

		if (!gelf_getshdr(scn, &shdr) || !(shdr.sh_flags & SHF_ALLOC) ||
		    (shdr.sh_flags & (SHF_EXECINSTR | SHF_TLS)) || shdr.sh_addr == 0 ||
		    shdr.sh_size > UINT64_MAX - shdr.sh_addr)
			continue;
		if (shdr.sh_addr < *lo)
			*lo = shdr.sh_addr;
		if (shdr.sh_addr + shdr.sh_size > *hi)
			*hi = shdr.sh_addr + shdr.sh_size;
	}
}

static int compare_mention(const void *pa, const void *pb)
{
	const struct ct_dw_mention *a = pa, *b = pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->off < b->off ? -1 : a->off > b->off;
}

static int add_mention(struct ct_dw_mentions *m, uint64_t addr, uint64_t off)
{
	if (m->n == MENTIONS_MAX)
		return 0;
	if (m->n == m->size) {
		size_t size = m->size ? m->size * 2 : 256;
		struct ct_dw_mention *items = reallocarray(m->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		m->items = items;
		m->size = size;
	}
	m->items[m->n++] = (struct ct_dw_mention){addr, off};
	return 0;
}

/* All places in .debug_info that look like DW_OP_addr and the address of data, by address. */
static int find_mentions(struct ct_debuginfo *d)
{
	const Elf_Data *data = ct_dw_section(d->dw, ".debug_info");
	const uint8_t *start, *at, *end;
	uint64_t lo, hi;

	if (d->mentions.made || !data || !data->d_buf || data->d_size < 9)
		return 0;
	data_bounds(d, &lo, &hi);
	start = data->d_buf;
	end = start + data->d_size - 8;
	for (at = start; at < end && (at = memchr(at, DW_OP_addr, (size_t)(end - at))); at++) {
		uint64_t addr;

		memcpy(&addr, at + 1, sizeof(addr));
		if (addr >= lo && addr < hi &&
		    add_mention(&d->mentions, addr, (uint64_t)(at - start)) != 0)
			return -ENOMEM;
	}
	if (d->mentions.n)
		qsort(d->mentions.items, d->mentions.n, sizeof(*d->mentions.items),
		      compare_mention);
	d->mentions.made = true;
	return 0;
}

static bool find_by_bytes(struct ct_debuginfo *d, uint64_t base, Dwarf_Die *die,
			  Dwarf_Die *function)
{
	const struct ct_dw_mentions *m = &d->mentions;
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->items[mid].addr < base)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (int hits = 0; lo < m->n && m->items[lo].addr == base && hits < HITS_MAX;
	     lo++, hits++) {
		struct ct_dw_unit *unit = unit_around(d, m->items[lo].off);

		if (!unit)
			continue;
		die_around(&unit->die, m->items[lo].off, die, function);
		if (is_variable_at(die, base))
			return true;
	}
	return false;
}

/* A unit's part of .debug_addr begins at its addr_base and has its length eight bytes before. */
static bool unit_has_address(struct ct_dw_unit *unit, const Elf_Data *data, uint64_t base)
{
	const uint8_t *bytes = data->d_buf, *at, *end;
	Dwarf_Attribute attr;
	Dwarf_Word from;
	uint32_t len;

	if (!dwarf_attr(&unit->die, DW_AT_addr_base, &attr) || dwarf_formudata(&attr, &from) != 0 ||
	    from < 8 || from > data->d_size)
		return false;
	memcpy(&len, bytes + from - 8, sizeof(len));
	if (len < 4 || len - 4 > data->d_size - from)
		return false;
	at = bytes + from;
	end = at + (len - 4);
	for (; (size_t)(end - at) >= 8; at += 8) {
		if (memcmp(at, &base, 8) == 0)
			return true;
	}
	return false;
}

static bool find_by_index(struct ct_debuginfo *d, uint64_t base, Dwarf_Die *die,
			  Dwarf_Die *function)
{
	Elf_Data *data = ct_dw_section(d->dw, ".debug_addr");

	if (!data || !data->d_buf)
		return false;
	for (size_t i = 0; i < d->n_units; i++) {
		struct ct_dw_unit *unit = &d->units[i];

		memset(function, 0, sizeof(*function));
		if (unit->tree.addr && unit_has_address(unit, data, base) &&
		    search_unit(&unit->tree, base, 0, die, function))
			return true;
	}
	return false;
}

int ct_debuginfo_data(struct ct_debuginfo *d, uint64_t base, struct ct_sym_data *out)
{
	const char *name, *linkage;
	Dwarf_Die die, function;
	char *plain = NULL;
	int err;

	memset(out, 0, sizeof(*out));
	err = ct_dw_index(d);
	if (err == 0)
		err = find_mentions(d);
	if (err != 0)
		return err;
	if (!find_by_bytes(d, base, &die, &function) && !find_by_index(d, base, &die, &function))
		return 0;
	name = ct_dw_name(&die);
	linkage = ct_dw_linkage_name(&die);
	if (!name)
		return 0;
	plain = linkage ? ct_demangle(linkage) : NULL;
	out->name = ct_names_add_z(d->names, plain ? plain : name);
	free(plain);
	out->linkage_name = ct_names_add_z(d->names, linkage);
	out->file = ct_dw_file(d, &die, DW_AT_decl_file);
	out->line = ct_dw_line(&die, DW_AT_decl_line);
	if (function.addr) {
		const char *fn_linkage = ct_dw_linkage_name(&function);

		plain = fn_linkage ? ct_demangle(fn_linkage) : NULL;
		out->function =
			plain ? ct_names_add_z(d->names, plain) : ct_dw_full_name(d, &function);
		free(plain);
	}
	return out->name ? 1 : -ENOMEM;
}
