/*
 * plt.c - names for PLT stubs.
 *
 * Linkers disagree about which PLT section holds the stub a call lands on (.plt, .plt.sec, .plt.got,
 * .plt.bnd) and about its layout, but every stub jumps through one GOT slot, and the relocation of
 * that slot names the function.  So the stubs are decoded and no layout is assumed.
 */
#include "symbol/symtab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

struct slot {
	uint64_t addr; /* of the GOT slot */
	const char *name;
};

struct slots {
	struct slot *items;
	size_t n, size;
};

static int compare_slot(const void *pa, const void *pb)
{
	const struct slot *a = pa, *b = pb;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static int add_slot(struct slots *slots, uint64_t addr, const char *name)
{
	if (slots->n == slots->size) {
		size_t size = slots->size ? slots->size * 2 : 256;
		struct slot *items = reallocarray(slots->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		slots->items = items;
		slots->size = size;
	}
	slots->items[slots->n++] = (struct slot){addr, name};
	return 0;
}

/* All relocations with a symbol: PLT slots are in .rela.plt, those of .plt.got in .rela.dyn. */
static int read_slots(Elf *elf, struct slots *slots)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr, sym_shdr;
		Elf_Scn *sym_scn;
		Elf_Data *data, *sym_data;
		size_t n;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_RELA || !shdr.sh_entsize ||
		    !(shdr.sh_flags & SHF_ALLOC))
			continue;
		sym_scn = elf_getscn(elf, shdr.sh_link);
		if (!sym_scn || !gelf_getshdr(sym_scn, &sym_shdr) ||
		    sym_shdr.sh_type != SHT_DYNSYM || !(sym_data = elf_getdata(sym_scn, NULL)) ||
		    !(data = elf_getdata(scn, NULL)))
			continue;
		n = data->d_size / shdr.sh_entsize;
		for (size_t i = 0; i < n; i++) {
			const char *name;
			GElf_Rela rela;
			GElf_Sym sym;

			if (!gelf_getrela(data, (int)i, &rela) || GELF_R_SYM(rela.r_info) == 0 ||
			    !gelf_getsym(sym_data, (int)GELF_R_SYM(rela.r_info), &sym))
				continue;
			name = elf_strptr(elf, sym_shdr.sh_link, sym.st_name);
			if (name && name[0] && add_slot(slots, rela.r_offset, name) != 0)
				return -ENOMEM;
		}
	}
	if (slots->n)
		qsort(slots->items, slots->n, sizeof(*slots->items), compare_slot);
	return 0;
}

static const char *find_slot(const struct slots *slots, uint64_t addr)
{
	struct slot key = {.addr = addr};
	const struct slot *found = NULL;

	if (slots->n)
		found = bsearch(&key, slots->items, slots->n, sizeof(key), compare_slot);
	return found ? found->name : NULL;
}

/* The GOT slot the 16-byte stub at @p, loaded at @addr, jumps through; 0 when it is no stub. */
static uint64_t slot_of_x86_64(const uint8_t *p, size_t len, uint64_t addr)
{
	for (size_t i = 0; i + 6 <= len; i++) {
		int32_t disp;

		if (p[i] != 0xff ||
		    p[i + 1] != 0x25) /* jmp *disp(%rip), maybe after bnd, endbr64 */
			continue;
		memcpy(&disp, p + i + 2, sizeof(disp));
		return addr + i + 6 + (uint64_t)(int64_t)disp;
	}
	return 0;
}

static uint64_t slot_of_aarch64(const uint8_t *p, size_t len, uint64_t addr)
{
	for (size_t i = 0; i + 8 <= len; i += 4) {
		uint32_t adrp, ldr;
		uint64_t page;

		memcpy(&adrp, p + i, 4);
		memcpy(&ldr, p + i + 4, 4);
		if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211)
			continue; /* adrp x16, page; ldr x17, [x16, #offset] */
		page = ((uint64_t)((adrp >> 5) & 0x7ffff) << 2 | ((adrp >> 29) & 3)) << 12;
		if (page & (UINT64_C(1) << 32))
			page |= ~((UINT64_C(1) << 33) - 1);
		return ((addr + i) & ~UINT64_C(0xfff)) + page + (((ldr >> 10) & 0xfff) << 3);
	}
	return 0;
}

static int add_stubs(struct ct_symtab *t, Elf_Scn *scn, const GElf_Shdr *shdr, unsigned machine,
		     const char *name, const struct slots *slots)
{
	Elf_Data *data = elf_rawdata(scn, NULL);
	size_t step = 16;

	if (!data || !data->d_buf)
		return 0;
	if (machine == EM_X86_64 && strcmp(name, ".plt.got") == 0 && shdr->sh_entsize == 8)
		step = 8;
	for (size_t at = 0; at + step <= data->d_size; at += step) {
		const uint8_t *p = (const uint8_t *)data->d_buf + at;
		uint64_t addr = shdr->sh_addr + at;
		uint64_t got = machine == EM_X86_64 ? slot_of_x86_64(p, step, addr)
						    : slot_of_aarch64(p, step, addr);
		const char *target = got ? find_slot(slots, got) : NULL;

		struct ct_symbol stub = {.addr = addr,
					 .end = addr + step,
					 .name = target,
					 .bind = STB_LOCAL,
					 .type = STT_FUNC,
					 .plt = true};

		if (target && ct_symtab_append(&t->code, &stub) != 0)
			return -ENOMEM;
	}
	return 0;
}

int ct_symtab_add_plt(struct ct_symtab *t, Elf *elf)
{
	struct slots slots = {0};
	Elf_Scn *scn = NULL;
	GElf_Ehdr ehdr;
	size_t names;
	int err;

	if (!gelf_getehdr(elf, &ehdr) ||
	    (ehdr.e_machine != EM_X86_64 && ehdr.e_machine != EM_AARCH64) ||
	    elf_getshdrstrndx(elf, &names) != 0)
		return 0;
	err = read_slots(elf, &slots);
	while (err == 0 && slots.n && (scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;
		const char *name;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_EXECINSTR))
			continue;
		name = elf_strptr(elf, names, shdr.sh_name);
		if (name && strncmp(name, ".plt", 4) == 0)
			err = add_stubs(t, scn, &shdr, ehdr.e_machine, name, &slots);
	}
	free(slots.items);
	return err;
}
