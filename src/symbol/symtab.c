/*
 * symtab.c - reading .symtab and .dynsym, and searching them by address.
 *
 * Code and data are two lists sorted by address.  Symbols may nest and repeat (aliases, hostile
 * files), so next to each symbol stands the largest end seen so far: the search walks back from the
 * last symbol that starts at or before the address until nothing further down can reach it.
 */
#include "symbol/symtab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#define SYMBOLS_MAX ((size_t)16 * 1024 * 1024)
#define STEPS_MAX   4096 /* overlapping symbols looked at for one address */

struct section {
	uint64_t addr, end, flags;
};

int ct_symtab_append(struct ct_symbol_list *list, const struct ct_symbol *sym)
{
	if (list->n == list->size) {
		size_t size = list->size ? list->size * 2 : 256;
		struct ct_symbol *items = reallocarray(list->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->size = size;
	}
	list->items[list->n++] = *sym;
	return 0;
}

static int read_sections(Elf *elf, struct section **out, size_t *n_out)
{
	struct section *sections;
	Elf_Scn *scn = NULL;
	size_t n;

	if (elf_getshdrnum(elf, &n) != 0 || n == 0)
		return -ENOEXEC;
	sections = calloc(n, sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	while ((scn = elf_nextscn(elf, scn))) {
		size_t i = elf_ndxscn(scn);
		GElf_Shdr shdr;

		if (i >= n || !gelf_getshdr(scn, &shdr) || shdr.sh_size > UINT64_MAX - shdr.sh_addr)
			continue;
		sections[i] =
			(struct section){shdr.sh_addr, shdr.sh_addr + shdr.sh_size, shdr.sh_flags};
	}
	*out = sections;
	*n_out = n;
	return 0;
}

static bool is_mapping_symbol(const char *name)
{
	/* aarch64's $x and $d say what the bytes are; .L labels are the compiler's own */
	return name[0] == '$' || (name[0] == '.' && name[1] == 'L');
}

/* One table entry; 0 also when it is none of ours. */
static int add_symbol(struct ct_symtab *t, const GElf_Sym *sym, const char *name,
		      const struct section *sec, bool complete)
{
	uint8_t type = (uint8_t)GELF_ST_TYPE(sym->st_info);
	struct ct_symbol out = {.addr = sym->st_value,
				.name = name,
				.bind = (uint8_t)GELF_ST_BIND(sym->st_info),
				.type = type};
	bool code = (sec->flags & SHF_EXECINSTR) != 0;

	if (!(sec->flags & SHF_ALLOC) || (sec->flags & SHF_TLS) || !name[0] ||
	    is_mapping_symbol(name))
		return 0;
	if (type != STT_NOTYPE && type != STT_OBJECT && type != STT_FUNC && type != STT_COMMON &&
	    type != STT_GNU_IFUNC)
		return 0;
	if ((type == STT_FUNC || type == STT_GNU_IFUNC) && !code)
		return 0;
	/* constants the assembler writer put between functions are data */
	if (type == STT_OBJECT || type == STT_COMMON)
		code = false;
	/* a symbol that leaves its own section claims what is not its own */
	if (sym->st_value < sec->addr || sym->st_value >= sec->end ||
	    sym->st_size > sec->end - sym->st_value)
		return 0;
	out.end = sym->st_value + sym->st_size;
	if (sym->st_size == 0) {
		if (!complete || !code)
			return 0;
		out.end = sec->end; /* shortened to the next symbol by finish */
		out.approximate = true;
	}
	return ct_symtab_append(code ? &t->code : &t->data, &out);
}

int ct_symtab_add(struct ct_symtab *t, Elf *elf, uint32_t section_type, bool complete)
{
	struct section *sections;
	Elf_Scn *scn = NULL;
	size_t n_sections;
	int err;

	err = read_sections(elf, &sections, &n_sections);
	if (err != 0)
		return err == -ENOMEM ? err : 0;
	while (err == 0 && (scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;
		Elf_Data *data;
		size_t n;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != section_type ||
		    shdr.sh_entsize == 0 || !(data = elf_getdata(scn, NULL)))
			continue;
		n = data->d_size / shdr.sh_entsize;
		for (size_t i = 1; err == 0 && i < n && i < SYMBOLS_MAX; i++) {
			GElf_Sym sym;
			const char *name;

			if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
			    sym.st_shndx >= n_sections)
				continue;
			name = elf_strptr(elf, shdr.sh_link, sym.st_name);
			if (name)
				err = add_symbol(t, &sym, name, &sections[sym.st_shndx], complete);
		}
	}
	free(sections);
	return err;
}

static size_t underscores(const char *s)
{
	return strspn(s, "_");
}

/* Which of two names for the same bytes people know: below zero when @a. */
static int compare_rank(const struct ct_symbol *a, const struct ct_symbol *b)
{
	static const uint8_t bind_rank[16] = {[STB_LOCAL] = 2, [STB_GLOBAL] = 0, [STB_WEAK] = 1};
	size_t len_a, len_b;

	if (a->approximate != b->approximate)
		return a->approximate ? 1 : -1;
	if ((a->type == STT_NOTYPE) != (b->type == STT_NOTYPE))
		return a->type == STT_NOTYPE ? 1 : -1;
	/* only a local name gives way: `read` is as often the weak as the global one */
	if ((bind_rank[a->bind & 15] == 2) != (bind_rank[b->bind & 15] == 2))
		return bind_rank[a->bind & 15] == 2 ? 1 : -1;
	len_a = underscores(a->name);
	len_b = underscores(b->name);
	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	if (bind_rank[a->bind & 15] != bind_rank[b->bind & 15])
		return bind_rank[a->bind & 15] < bind_rank[b->bind & 15] ? -1 : 1;
	len_a = strlen(a->name);
	len_b = strlen(b->name);
	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare_addr(const void *pa, const void *pb)
{
	const struct ct_symbol *a = pa, *b = pb;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static int finish_list(struct ct_symbol_list *list)
{
	uint64_t max = 0, next = UINT64_MAX;

	if (list->n == 0)
		return 0;
	qsort(list->items, list->n, sizeof(*list->items), compare_addr);
	for (size_t i = list->n; i-- > 0;) {
		struct ct_symbol *s = &list->items[i];

		if (i + 1 < list->n && list->items[i + 1].addr != s->addr)
			next = list->items[i + 1].addr;
		if (s->approximate && s->end > next)
			s->end = next;
	}
	list->max_end = malloc(list->n * sizeof(*list->max_end));
	if (!list->max_end)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].end > max)
			max = list->items[i].end;
		list->max_end[i] = max;
	}
	return 0;
}

int ct_symtab_finish(struct ct_symtab *t)
{
	int err = finish_list(&t->code);

	return err ? err : finish_list(&t->data);
}

const struct ct_symbol *ct_symtab_find(const struct ct_symbol_list *list, uint64_t addr)
{
	const struct ct_symbol *best = NULL;
	size_t lo = 0, hi = list->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (list->items[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo, steps = 0; i-- > 0 && steps < STEPS_MAX; steps++) {
		const struct ct_symbol *s = &list->items[i];

		if (list->max_end[i] <= addr)
			break;
		if (s->end <= addr)
			continue;
		/* a sized symbol beats a guess; then the innermost; then the best known name */
		if (!best || (best->approximate && !s->approximate) ||
		    (best->addr == s->addr && compare_rank(s, best) < 0))
			best = s;
	}
	return best;
}

void ct_symtab_clear(struct ct_symtab *t)
{
	free(t->code.items);
	free(t->code.max_end);
	free(t->data.items);
	free(t->data.max_end);
	memset(t, 0, sizeof(*t));
}
