/*
 * debuginfo.c - opening DWARF, and the frames at a code address.
 *
 * libdw reads, this file decides.  An address leads to a unit, to a function in it, and from there
 * down the tree of blocks and inlined calls; that chain read backwards is the list of frames.  The
 * innermost frame's line is that of the line table; each further frame's line is where the frame
 * inside it was called.
 */
#include "symbol/debuginfo_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <elf.h>
#include <gelf.h>

#include "symbol/demangle.h"

#define BLOCKS_MAX 256 /* nested blocks and inlined calls followed for one address */

/*
 * libdw looks for a missing DWZ file by itself, and opens whatever has its name.  Given this one, an
 * object with an empty .debug_line, it does not look, and references into it find nothing.
 */
static const struct {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdr[3];
	char names[32];
	char line[8];
} no_alt_image = {
	.ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64,
			     __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB,
			     EV_CURRENT},
		 .e_type = ET_DYN,
		 .e_machine = EM_X86_64,
		 .e_version = EV_CURRENT,
		 .e_shoff = sizeof(Elf64_Ehdr),
		 .e_ehsize = sizeof(Elf64_Ehdr),
		 .e_shentsize = sizeof(Elf64_Shdr),
		 .e_shnum = 3,
		 .e_shstrndx = 1},
	.shdr = {[1] = {.sh_name = 1,
			.sh_type = SHT_STRTAB,
			.sh_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr),
			.sh_size = 32,
			.sh_addralign = 1},
		 [2] = {.sh_name = 11,
			.sh_type = SHT_PROGBITS,
			.sh_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr) + 32,
			.sh_size = 8,
			.sh_addralign = 1}},
	.names = "\0.shstrtab\0.debug_line",
};

/* libdw has unpacked the section already where it was compressed. */
Elf_Data *ct_dw_section(Dwarf *dw, const char *name)
{
	Elf *elf = dwarf_getelf(dw);
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;
		const char *is;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS)
			continue;
		is = elf_strptr(elf, names, shdr.sh_name);
		if (is && strncmp(is, ".z", 2) == 0 && strcmp(is + 2, name + 1) == 0)
			return elf_rawdata(scn, NULL);
		if (is && strcmp(is, name) == 0)
			return elf_rawdata(scn, NULL);
	}
	return NULL;
}

/* libdw 0.188 reads line_strp strings without looking for the end of their section. */
static bool strings_end(Dwarf *dw)
{
	static const char *const sections[] = {".debug_line_str", ".debug_str"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const Elf_Data *data = ct_dw_section(dw, sections[i]);

		if (data && data->d_buf && data->d_size &&
		    ((const char *)data->d_buf)[data->d_size - 1] != '\0')
			return false;
	}
	return true;
}

int ct_debuginfo_open(struct ct_debuginfo **out, const char *path, Elf *elf, Elf *alt,
		      struct ct_names *names)
{
	struct ct_debuginfo *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		return -ENOMEM;
	d->names = names;
	d->path = strdup(path);
	if (!d->path)
		goto fail;
	err = -ENOEXEC;
	d->dw = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!d->dw || !strings_end(d->dw))
		goto fail;
	if (alt)
		d->alt = dwarf_begin_elf(alt, DWARF_C_READ, NULL);
	if (d->alt && !strings_end(d->alt)) {
		dwarf_end(d->alt);
		d->alt = NULL;
	}
	if (!d->alt) {
		/* read-only use; the interface lacks the const */
		d->no_alt = elf_memory((char *)(uintptr_t)&no_alt_image, sizeof(no_alt_image));
		d->alt = d->no_alt ? dwarf_begin_elf(d->no_alt, DWARF_C_READ, NULL) : NULL;
		if (!d->alt)
			goto fail;
	}
	dwarf_setalt(d->dw, d->alt);
	*out = d;
	return 0;
fail:
	ct_debuginfo_close(d);
	return err;
}

void ct_debuginfo_close(struct ct_debuginfo *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_units; i++) {
		free(d->units[i].funcs.items);
		free(d->units[i].funcs.max_hi);
		free(d->units[i].nested.items);
		free(d->units[i].nested.max_hi);
	}
	free(d->units);
	free(d->ranges.items);
	free(d->ranges.max_hi);
	free(d->scopes.items);
	free(d->mentions.items);
	dwarf_end(d->dw);
	dwarf_end(d->alt);
	elf_end(d->no_alt);
	free(d->path);
	free(d);
}

/* The DIEs at @pc from the function inwards: chain[0] is the function, the others inlined calls. */
static size_t inline_chain(Dwarf_Die *function, uint64_t pc, Dwarf_Die *chain, size_t max)
{
	Dwarf_Die die = *function, child;
	size_t n = 0;

	chain[n++] = die;
	for (int steps = 0; steps < BLOCKS_MAX && n < max; steps++) {
		bool found = false;

		if (dwarf_child(&die, &child) != 0)
			break;
		do {
			int tag = dwarf_tag(&child);

			if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
			    tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
				continue;
			found = dwarf_haspc(&child, pc) > 0;
		} while (!found && ct_dw_next(&child));
		if (!found)
			break;
		die = child;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
			chain[n++] = die;
	}
	return n;
}

static int name_frame(struct ct_debuginfo *d, Dwarf_Die *die, struct ct_sym_frame *out)
{
	const char *linkage = ct_dw_linkage_name(die);
	char *plain = linkage ? ct_demangle(linkage) : NULL;

	out->linkage_name = ct_names_add_z(d->names, linkage);
	if (plain)
		out->function = ct_names_add_z(d->names, plain);
	else
		out->function = ct_dw_full_name(d, die);
	if (!out->function)
		out->function = out->linkage_name;
	free(plain);
	return linkage && !out->linkage_name ? -ENOMEM : 0;
}

static uint64_t start_of(Dwarf_Die *die, uint64_t pc)
{
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0) {
		if (lo <= pc && pc < hi)
			return lo;
	}
	return pc;
}

int ct_debuginfo_code(struct ct_debuginfo *d, uint64_t vaddr, struct ct_sym_frame *out)
{
	const struct ct_dw_range *range;
	struct ct_dw_unit *unit;
	Dwarf_Die chain[CT_SYM_FRAMES_MAX], function;
	const char *file = NULL;
	uint32_t line = 0;
	uint64_t lo = vaddr;
	size_t n;
	int ret;

	ret = ct_dw_index(d);
	if (ret != 0)
		return ret;
	range = ct_dw_ranges_find(&d->ranges, vaddr);
	if (!range)
		return 0;
	unit = &d->units[range->what];
	ct_dw_source(d, unit, vaddr, &file, &line);
	ret = ct_dw_function(unit, vaddr, &function, &lo);
	if (ret < 0 || (ret == 0 && !file))
		return ret;
	n = ret ? inline_chain(&function, vaddr, chain, CT_SYM_FRAMES_MAX) : 0;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < (n ? n : 1); i++) {
		Dwarf_Die *die = n ? &chain[n - 1 - i] : NULL;
		struct ct_sym_frame *f = &out[i];

		memset(f, 0, sizeof(*f));
		f->line = line;
		f->file = file;
		if (!die)
			return 1;
		f->inlined = i + 1 < n;
		f->function_offset = vaddr - (f->inlined ? start_of(die, vaddr) : lo);
		if (name_frame(d, die, f) != 0)
			return -ENOMEM;
		if (f->inlined) {
			file = ct_dw_file(d, die, DW_AT_call_file);
			line = ct_dw_line(die, DW_AT_call_line);
		}
	}
	return (int)n;
}
