/*
 * elf_symbol.h - symbols of loaded objects.
 *
 * Context of all of it: any thread, any signal; no allocation, no libc.
 */
#ifndef CT_PRELOAD_ELF_SYMBOL_H
#define CT_PRELOAD_ELF_SYMBOL_H

#include <elf.h>
#include <link.h>
#include <stdint.h>

/* What a look-up needs of an object's dynamic section. */
struct ct_elf {
	uintptr_t bias;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const ElfW(Half) * versions;
	const ElfW(Verdef) * version_defs;
	uintptr_t version_def_count;
};

void ct_elf_open(struct ct_elf *im, const struct link_map *map);

/* ct_elf_hash - of a name, as DT_GNU_HASH has it */
uint32_t ct_elf_hash(const char *name);

/*
 * ct_elf_find - address of a defined symbol; NULL when the object has none
 * @version: NULL: the default version, or one without any
 */
void *ct_elf_find(const struct ct_elf *im, uint32_t hash, const char *name, const char *version);

/* ct_elf_symbol - the same for one look-up */
void *ct_elf_symbol(const struct link_map *map, const char *name, const char *version);

/* ct_elf_vdso - the same in the vDSO, whose ELF header the kernel gave */
void *ct_elf_vdso(unsigned long ehdr, const char *name);

#endif
