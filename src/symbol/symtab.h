/*
 * symtab.h - names from ELF symbol tables and PLT stubs, each valid only inside its own bounds.
 */
#ifndef CT_SYMBOL_SYMTAB_H
#define CT_SYMBOL_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

struct ct_symbol {
	uint64_t addr, end; /* valid for addr <= x < end */
	const char *name;   /* in the ELF file's string table */
	uint8_t bind, type;
	bool approximate; /* had no size: ends where the next symbol begins */
	bool plt;	  /* a stub; @name is the function it jumps to */
};

struct ct_symbol_list {
	struct ct_symbol *items;
	uint64_t *max_end; /* largest end of items[0..i] */
	size_t n, size;
};

struct ct_symtab {
	struct ct_symbol_list code, data;
};

/*
 * Adds the symbols of @elf.  @section_type: SHT_SYMTAB or SHT_DYNSYM.  @complete: every function is in
 * it, so symbols without a size may be bounded by their neighbours; in a .dynsym the neighbour may be
 * far away and the code in between somebody else's.  Names point into @elf, which must outlive the
 * table.  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symtab_add(struct ct_symtab *t, Elf *elf, uint32_t section_type, bool complete);

/*
 * Adds the PLT stubs of @elf, which must be the program itself and not its debug file.  Returns 0 or
 * -ENOMEM.
 * Context: tools.
 */
int ct_symtab_add_plt(struct ct_symtab *t, Elf *elf);

/*
 * Adds one entry to a list not yet finished.  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symtab_append(struct ct_symbol_list *list, const struct ct_symbol *sym);

/*
 * Sorts what was added; call once, before the lookups.  Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symtab_finish(struct ct_symtab *t);

/*
 * The best symbol whose bounds contain @addr, NULL when there is none.
 * Context: tools.
 */
const struct ct_symbol *ct_symtab_find(const struct ct_symbol_list *list, uint64_t addr);

/*
 * Frees the lists, not the table itself.
 * Context: tools.
 */
void ct_symtab_clear(struct ct_symtab *t);

#endif
