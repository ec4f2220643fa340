/*
 * elf_symbol.c - looking up a symbol in a loaded object, by its hash table and versions.  It is not a search through objects: which one
 * to ask is resolve.c's business.
 *
 * dlsym() is no choice: it takes the loader's lock, it allocates on its error path, and before glibc 2.36 it could give
 * the oldest version of a symbol where the newest was meant.
 */
#include <stdbool.h>

#include "elf_symbol.h"
#include "sys/mem.h"

#if __ELF_NATIVE_CLASS == 64
#define R_INFO_TYPE(info) ELF64_ST_TYPE(info)
#define R_INFO_BIND(info) ELF64_ST_BIND(info)
#endif

/* glibc relocates these pointers in place on most architectures, but not in read-only dynamic sections (vDSO). */
static uintptr_t address(const struct ct_elf *im, uintptr_t value)
{
	return value < im->bias ? value + im->bias : value;
}

static void read_dynamic(struct ct_elf *im, uintptr_t bias, const ElfW(Dyn) * d)
{
	*im = (struct ct_elf){.bias = bias};
	for (; d->d_tag != DT_NULL; d++) {
		uintptr_t p = address(im, d->d_un.d_ptr);

		switch (d->d_tag) {
		case DT_SYMTAB: im->symbols = (const void *)p; break;
		case DT_STRTAB: im->strings = (const void *)p; break;
		case DT_GNU_HASH: im->gnu_hash = (const void *)p; break;
		case DT_HASH: im->sysv_hash = (const void *)p; break;
		case DT_VERSYM: im->versions = (const void *)p; break;
		case DT_VERDEF: im->version_defs = (const void *)p; break;
		case DT_VERDEFNUM: im->version_def_count = d->d_un.d_val; break;
		default: break;
		}
	}
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static const char *version_name(const struct ct_elf *im, unsigned index)
{
	const ElfW(Verdef) *def = im->version_defs;
	uintptr_t i;

	for (i = 0; def && i < im->version_def_count; i++) {
		if (def->vd_ndx == index && !(def->vd_flags & VER_FLG_BASE)) {
			const ElfW(Verdaux) *aux = (const void *)((const char *)def + def->vd_aux);

			return im->strings + aux->vda_name;
		}
		def = (const void *)((const char *)def + def->vd_next);
	}
	return 0;
}

/* Is symbol i the one with this version?  An object without versions, or an unversioned definition, satisfies any. */
static bool version_fits(const struct ct_elf *im, uint32_t i, const char *version)
{
	const char *name;
	unsigned v;

	if (!im->versions)
		return true;
	v = im->versions[i];
	if (!version)
		return !(v & 0x8000);
	name = version_name(im, v & 0x7fff);
	return name ? equal(name, version) : !(v & 0x8000);
}

static void *symbol_at(const struct ct_elf *im, uint32_t i, const char *name, const char *version)
{
	const ElfW(Sym) *s = &im->symbols[i];
	unsigned type = R_INFO_TYPE(s->st_info);
	void *p;

	if (s->st_shndx == SHN_UNDEF ||
	    (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE && type != STT_GNU_IFUNC))
		return 0;
	if (!equal(im->strings + s->st_name, name) || !version_fits(im, i, version))
		return 0;
	p = (void *)(im->bias + s->st_value);
	if (type == STT_GNU_IFUNC)
		p = ((void *(*)(void))p)();
	return p;
}

uint32_t ct_elf_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

static void *find_gnu(const struct ct_elf *im, uint32_t hash, const char *name, const char *version)
{
	const uint32_t *h = im->gnu_hash;
	uint32_t buckets = h[0], first = h[1], bloom_words = h[2], bloom_shift = h[3];
	const ElfW(Addr) *bloom = (const void *)(h + 4);
	const uint32_t *bucket = (const void *)(bloom + bloom_words), *chain = bucket + buckets;
	ElfW(Addr) word;
	uint32_t i;
	void *p;

	word = bloom[(hash / 64) % bloom_words];
	if (!(word >> (hash % 64) & word >> ((hash >> bloom_shift) % 64) & 1))
		return 0;
	i = bucket[hash % buckets];
	if (i < first)
		return 0;
	for (;; i++) {
		if ((chain[i - first] | 1) == (hash | 1)) {
			p = symbol_at(im, i, name, version);
			if (p)
				return p;
		}
		if (chain[i - first] & 1)
			return 0;
	}
}

static void *find_sysv(const struct ct_elf *im, const char *name, const char *version)
{
	uint32_t count = im->sysv_hash[1], i;
	void *p;

	for (i = 1; i < count; i++) {
		p = symbol_at(im, i, name, version);
		if (p)
			return p;
	}
	return 0;
}

void *ct_elf_find(const struct ct_elf *im, uint32_t hash, const char *name, const char *version)
{
	if (!im->symbols || !im->strings)
		return 0;
	if (im->gnu_hash)
		return find_gnu(im, hash, name, version);
	return im->sysv_hash ? find_sysv(im, name, version) : 0;
}

void ct_elf_open(struct ct_elf *im, const struct link_map *map)
{
	if (map->l_ld)
		read_dynamic(im, map->l_addr, map->l_ld);
	else
		*im = (struct ct_elf){0};
}

void *ct_elf_symbol(const struct link_map *map, const char *name, const char *version)
{
	struct ct_elf im;

	ct_elf_open(&im, map);
	return ct_elf_find(&im, ct_elf_hash(name), name, version);
}

void *ct_elf_vdso(unsigned long ehdr, const char *name)
{
	const ElfW(Ehdr) *e = (const void *)ehdr;
	const ElfW(Phdr) *ph = (const void *)(ehdr + e->e_phoff);
	const ElfW(Dyn) *dynamic = 0;
	uintptr_t bias = 0;
	struct ct_elf im;
	bool loaded = false;
	int i;

	for (i = 0; i < e->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !loaded) {
			bias = ehdr + ph[i].p_offset - ph[i].p_vaddr;
			loaded = true;
		} else if (ph[i].p_type == PT_DYNAMIC) {
			dynamic = (const void *)(ehdr + ph[i].p_offset);
		}
	}
	if (!loaded || !dynamic)
		return 0;
	read_dynamic(&im, bias, dynamic);
	return ct_elf_find(&im, ct_elf_hash(name), name, 0);
}
