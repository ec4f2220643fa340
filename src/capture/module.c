/*
 * module.c - the table of loaded objects of this process.
 *
 *   mod[1 .. startup]        sorted by address, written once before there are threads
 *   mod[startup+1 .. MAX-1]  appended as later objects are met on a stack; found through
 *                            bucket[hash(map_start)], newest first, linked by compare-and-swap
 *
 * An entry never changes after it can be found and its index is never used for another object, so
 * whatever was derived from an object (unwind rows, replay entries) is keyed by the index and
 * needs no invalidation: an object that went away is simply no longer found.  If the same file
 * comes back to the same place its old entry serves again.
 *
 * "The same object" means: same mapped interval and same build-id as it stands in memory now.
 * Objects without a build-id in their first page are compared by a hash of that page's headers
 * (entry point, section header offset, all segment sizes); two builds that differ in nothing of
 * this would be taken for one.
 *
 * Every address read was vouched for by the dynamic linker: the first page of a mapped object,
 * and from there what its program headers say is mapped.  An object can only disappear under us
 * if the program unmaps code that it is about to return to.
 */
#include <elf.h>
#include <link.h>

#include "capture/module.h"
#include "sys/mem.h"
#include "sys/poison.h"

#define FIRST_PAGE 4096u
#define PAGE_MASK  (~(uintptr_t)(FIRST_PAGE - 1))
#define BUCKETS	   256u
#define SCAN_PAGES 256u /* how far below its dynamic symbols an object's first byte may lie */

enum { PEL_SDATA4_PCREL = 0x1b, PE_SDATA4_DATAREL = 0x3b };

static struct {
	struct ct_module mod[CT_MODULE_MAX];
	_Atomic uint32_t bucket[BUCKETS];
	_Atomic uint32_t count; /* entries taken, the unused first one included */
	_Atomic uint32_t startup;
	unsigned own;
	ct_find_object_fn *find_object;
	struct ct_dict *dict;
	uint64_t ticks;
} table;

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 32);
}

static uint32_t bucket_of(uintptr_t start)
{
	return (uint32_t)(mix(0, start >> 12) >> 20) % BUCKETS;
}

/* The program headers, when `start` is the first byte of an ELF object they lie in the page of. */
static const ElfW(Phdr) * headers_at(uintptr_t start, unsigned *count)
{
	const ElfW(Ehdr) *eh = (const void *)start;

	if (ct_load32(eh->e_ident) != 0x464c457fu || eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_phentsize != sizeof(ElfW(Phdr)) || eh->e_phoff % 8 || eh->e_phoff >= FIRST_PAGE ||
	    eh->e_phnum > (FIRST_PAGE - eh->e_phoff) / sizeof(ElfW(Phdr)))
		return NULL;
	*count = eh->e_phnum;
	return (const void *)(start + eh->e_phoff);
}

static uint64_t check_of(const struct ct_module *m)
{
	uint64_t h = m->note_len;
	const ElfW(Phdr) * ph;
	unsigned count;

	if (m->note) {
		for (unsigned i = 0; i + 8 <= m->note_len; i += 8)
			h = mix(h, ct_load64(m->note + i));
		return m->note_len >= 8 ? mix(h, ct_load64(m->note + m->note_len - 8)) : h;
	}
	ph = headers_at(m->start, &count);
	if (!ph)
		return 0;
	h = mix(h, ct_load64((const void *)(m->start + offsetof(ElfW(Ehdr), e_entry))));
	h = mix(h, ct_load64((const void *)(m->start + offsetof(ElfW(Ehdr), e_shoff))));
	for (unsigned i = 0; i < count; i++)
		h = mix(mix(h, ph[i].p_filesz), ph[i].p_memsz ^ (ph[i].p_vaddr << 20));
	return h;
}

static void read_note(struct ct_module *m, uintptr_t at, size_t bytes, size_t align)
{
	uintptr_t end = at + bytes;

	align = align == 8 ? 8 : 4;
	while (end - at >= 12) {
		uint32_t namesz = ct_load32((const void *)at),
			 descsz = ct_load32((const void *)(at + 4));
		uint32_t type = ct_load32((const void *)(at + 8));
		uintptr_t desc = at + 12 + ((namesz + 3u) & ~3u);

		desc = (desc + align - 1) & ~(uintptr_t)(align - 1);
		if (namesz > bytes || descsz > bytes || desc > end || descsz > end - desc)
			return;
		if (type == NT_GNU_BUILD_ID && namesz == 4 && descsz > 0 &&
		    ct_load32((const void *)(at + 12)) == 0x00554e47u /* "GNU" */) {
			m->note = (const uint8_t *)desc;
			m->note_len = (uint8_t)(descsz > 20 ? 20 : descsz);
			return;
		}
		at = (desc + descsz + align - 1) & ~(uintptr_t)(align - 1);
		if (at >= end)
			return;
	}
}

/* Finds the binary search table; without one the object counts as having no unwind tables. */
static void read_eh_hdr(struct ct_module *m, uintptr_t hdr)
{
	const uint8_t *p = (const uint8_t *)hdr;
	unsigned frame_bytes, count_bytes;

	if (hdr < m->eh_lo || hdr + 12 > m->eh_hi || p[0] != 1 || p[3] != PE_SDATA4_DATAREL)
		return;
	frame_bytes = (p[1] & 0x0f) == 0x0b || (p[1] & 0x0f) == 0x03 ? 4 : 8;
	count_bytes = (p[2] & 0x0f) == 0x0b || (p[2] & 0x0f) == 0x03 ? 4 : 8;
	if (p[2] == 0xff || (p[2] & 0xf0) || p[1] == 0xff)
		return;
	p += 4 + frame_bytes;
	if ((uintptr_t)p + count_bytes > m->eh_hi)
		return;
	m->eh_count = ct_load32(p);
	if (count_bytes == 8 && ct_load32(p + 4))
		return;
	p += count_bytes;
	if (((uintptr_t)p & 3) || m->eh_count == 0 || m->eh_count > (m->eh_hi - (uintptr_t)p) / 8)
		return;
	m->eh_hdr = (const uint8_t *)hdr;
	m->eh_table = p;
}

/*
 * The widest gap between two segments.  glibc maps nothing there that can be used, but the kernel, which maps the dynamic linker, leaves it free,
 * and code made at run time may come to lie in it.
 */
static void find_hole(struct ct_module *m, const ElfW(Phdr) * ph, unsigned count)
{
	uintptr_t end = 0, begin;

	for (unsigned i = 0; i < count; i++) {
		if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
			continue;
		begin = m->bias + (ph[i].p_vaddr & PAGE_MASK);
		if (end && begin > end && begin - end > m->hole_bytes) {
			m->hole = end;
			m->hole_bytes = begin - end;
		}
		end = (m->bias + ph[i].p_vaddr + ph[i].p_memsz + FIRST_PAGE - 1) & PAGE_MASK;
	}
}

/* Fills in everything that follows from the program headers.  Returns 0 when there is no code. */
static int read_headers(struct ct_module *m, const ElfW(Phdr) * ph, unsigned count)
{
	const ElfW(Phdr) *eh = NULL;
	uintptr_t lo = UINTPTR_MAX, hi = 0;

	for (unsigned i = 0; i < count; i++) {
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			eh = &ph[i];
		if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
			continue;
		if (ph[i].p_vaddr < lo)
			lo = ph[i].p_vaddr;
		if (ph[i].p_vaddr + ph[i].p_memsz > hi)
			hi = ph[i].p_vaddr + ph[i].p_memsz;
		if ((ph[i].p_flags & (PF_X | PF_R)) == (PF_X | PF_R) && !m->text_hi) {
			m->text_lo = m->bias + ph[i].p_vaddr;
			m->text_hi = m->text_lo + ph[i].p_filesz;
		}
	}
	if (!hi)
		return 0;
	find_hole(m, ph, count);
	m->start = m->bias + (lo & PAGE_MASK);
	m->end = m->bias + hi;
	for (unsigned i = 0; i < count; i++) {
		uintptr_t at = m->bias + ph[i].p_vaddr;

		if (eh && ph[i].p_type == PT_LOAD && eh->p_vaddr - ph[i].p_vaddr < ph[i].p_filesz) {
			m->eh_lo = at;
			m->eh_hi = at + ph[i].p_filesz;
		}
		if (ph[i].p_type == PT_NOTE && !m->note && ph[i].p_memsz && at >= m->start &&
		    at < m->end && ph[i].p_memsz <= m->end - at)
			read_note(m, at, ph[i].p_memsz, ph[i].p_align);
	}
	if (eh && m->eh_hi)
		read_eh_hdr(m, m->bias + eh->p_vaddr);
	return 1;
}

/* Gives the entry its id in the dictionary, and the value it is recognized by. */
static void enter(struct ct_module *m, const char *path)
{
	m->id = ct_dict_module(table.dict, path ? path : "", m->note, m->note_len,
			       m->start - m->bias, m->end - m->bias, table.ticks);
	if (m->note && (uintptr_t)m->note + m->note_len > m->start + FIRST_PAGE)
		m->note = NULL; /* may not be mapped when this is checked again */
	m->check = check_of(m);
}

/*
 * The first byte of an object, when there is no _dl_find_object to say: its dynamic symbol tables
 * lie in the first segment on every linker known, so a search downwards from the lowest of them
 * stays in mapped memory until it meets the ELF magic.
 */
static uintptr_t start_of(const struct link_map *lm)
{
	uintptr_t low = UINTPTR_MAX;

	for (const ElfW(Dyn) *d = lm->l_ld; d->d_tag != DT_NULL; d++) {
		uintptr_t at = d->d_un.d_ptr;

		if (d->d_tag != DT_GNU_HASH && d->d_tag != DT_HASH && d->d_tag != DT_SYMTAB &&
		    d->d_tag != DT_STRTAB)
			continue;
		if (at < lm->l_addr)
			at += lm->l_addr;
		if (at < low)
			low = at;
	}
	if (low == UINTPTR_MAX || low < FIRST_PAGE)
		return 0;
	low &= PAGE_MASK;
	for (unsigned i = 0; i < SCAN_PAGES && low; i++, low -= FIRST_PAGE)
		if (ct_load32((const void *)low) == 0x464c457fu)
			return low;
	return 0;
}

static void enter_startup(const struct link_map *lm, const struct ct_module_boot *boot,
			  struct ct_found_object *tmp)
{
	uint32_t n = atomic_load_explicit(&table.count, memory_order_relaxed);
	struct ct_module *m = &table.mod[n];
	int is_main = !lm->l_prev && boot->main_phdr;
	const ElfW(Phdr) *ph = boot->main_phdr;
	unsigned count = boot->main_phnum;
	uintptr_t start;

	if (n >= CT_MODULE_MAX || !lm->l_ld)
		return;
	ct_mem_zero(m, sizeof(*m));
	m->bias = lm->l_addr;
	if (!is_main) {
		if (boot->find_object && boot->find_object(lm->l_ld, tmp) == 0)
			start = tmp->map_start;
		else
			start = start_of(lm);
		ph = start ? headers_at(start, &count) : NULL;
	}
	if (!ph || !read_headers(m, ph, count))
		return;
	enter(m, is_main && boot->main_path ? boot->main_path : lm->l_name);
	atomic_store_explicit(&table.count, n + 1, memory_order_relaxed);
}

/* Programs have hundreds of objects, mostly in falling order, so what is moved about is their numbers and not they. */
static void sort_startup(uint32_t count)
{
	static uint16_t order[CT_MODULE_MAX];

	for (uint32_t i = 1; i < count; i++) {
		uint32_t j = i;

		for (; j > 1 && table.mod[order[j - 1]].start > table.mod[i].start; j--)
			order[j] = order[j - 1];
		order[j] = (uint16_t)i;
	}
	/* then each to its place, along the cycles of the permutation */
	for (uint32_t i = 1; i < count; i++) {
		struct ct_module first;
		uint32_t to = i, from;

		ct_mem_copy(&first, &table.mod[i], sizeof(first));
		for (; (from = order[to]) != i; to = from) {
			ct_mem_copy(&table.mod[to], &table.mod[from], sizeof(first));
			order[to] = (uint16_t)to;
		}
		ct_mem_copy(&table.mod[to], &first, sizeof(first));
		order[to] = (uint16_t)to;
	}
	for (uint32_t i = 1; i < count; i++)
		table.mod[i].index = (uint16_t)i;
}

static const struct ct_module *find_startup(uintptr_t address)
{
	uint32_t lo = 1, hi = atomic_load_explicit(&table.startup, memory_order_acquire);

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (address < table.mod[mid].start)
			hi = mid;
		else if (address >= table.mod[mid].end)
			lo = mid + 1;
		else
			return &table.mod[mid];
	}
	return NULL;
}

unsigned ct_module_init(struct ct_dict *dict, const struct ct_module_boot *boot)
{
	struct ct_found_object tmp;
	const struct ct_module *own;
	uint32_t count;

	table.dict = dict;
	table.ticks = boot->ticks;
	atomic_store_explicit(&table.count, 1, memory_order_relaxed);
	for (const struct link_map *lm = boot->link_maps; lm; lm = lm->l_next)
		enter_startup(lm, boot, &tmp);
	count = atomic_load_explicit(&table.count, memory_order_relaxed);
	sort_startup(count);
	table.find_object = boot->find_object;
	atomic_store_explicit(&table.startup, count, memory_order_release);
	own = boot->own ? find_startup((uintptr_t)boot->own) : NULL;
	table.own = own ? own->index : 0;
	return count - 1;
}

unsigned ct_module_own(void)
{
	return table.own;
}

/* The entry for what the dynamic linker has at this place now; 0 when there is none yet. */
static uint32_t find_later(uint32_t head, const struct ct_found_object *found)
{
	uint32_t i = head;

	for (unsigned hops = 0; i && hops < CT_MODULE_MAX; hops++, i = table.mod[i].next) {
		const struct ct_module *m = &table.mod[i];

		if (m->start == found->map_start && m->end == found->map_end &&
		    check_of(m) == m->check)
			return i;
	}
	return 0;
}

enum ct_module_found ct_module_find(uintptr_t address, struct ct_found_object *tmp,
				    const struct ct_module **out)
{
	uint32_t i;

	*out = find_startup(address);
	if (*out && ct_module_covers(*out, address))
		return CT_MODULE_FOUND;
	if (*out) {
		*out = NULL;
		return CT_MODULE_NONE;
	}
	if (!table.find_object || table.find_object((void *)address, tmp) != 0)
		return CT_MODULE_NONE;
	i = find_later(atomic_load_explicit(&table.bucket[bucket_of(tmp->map_start)],
					    memory_order_acquire),
		       tmp);
	if (!i)
		return CT_MODULE_NEW;
	if (!ct_module_covers(&table.mod[i], address))
		return CT_MODULE_NONE;
	*out = &table.mod[i];
	return CT_MODULE_FOUND;
}

const struct ct_module *ct_module_add(const struct ct_found_object *found)
{
	_Atomic uint32_t *bucket = &table.bucket[bucket_of(found->map_start)];
	const struct link_map *lm = found->link_map;
	const ElfW(Phdr) * ph;
	struct ct_module *m;
	unsigned count;
	uint32_t i, head, dup;

	ph = headers_at(found->map_start, &count);
	if (!ph || !lm || atomic_load_explicit(&table.count, memory_order_relaxed) >= CT_MODULE_MAX)
		return NULL;
	i = atomic_fetch_add_explicit(&table.count, 1, memory_order_relaxed);
	if (i == 0 || i >= CT_MODULE_MAX)
		return NULL;
	m = &table.mod[i];
	ct_mem_zero(m, sizeof(*m));
	m->bias = lm->l_addr;
	if (!read_headers(m, ph, count))
		return NULL;
	m->start = found->map_start;
	enter(m, lm->l_name);
	m->end = found->map_end;
	m->index = (uint16_t)i;
	m->later = 1;
	head = atomic_load_explicit(bucket, memory_order_acquire);
	do {
		dup = find_later(head, found);
		if (dup)
			return &table.mod[dup];
		m->next = head;
	} while (!atomic_compare_exchange_weak_explicit(bucket, &head, i, memory_order_release,
							memory_order_acquire));
	return m;
}

int ct_module_current(unsigned index, struct ct_found_object *tmp)
{
	const struct ct_module *m = &table.mod[index % CT_MODULE_MAX];

	if (!m->later)
		return 1;
	return table.find_object((void *)m->start, tmp) == 0 && tmp->map_start == m->start &&
	       tmp->map_end == m->end && check_of(m) == m->check;
}

uint64_t ct_module_of_data(uintptr_t address)
{
	struct ct_found_object tmp;
	const struct ct_module *m;

	if (ct_module_find(address, &tmp, &m) == CT_MODULE_NEW)
		m = ct_module_add(&tmp);
	if (!m || !m->id)
		return 0;
	return ((uint64_t)m->id << CT_FRAME_MODULE_SHIFT) | ((address - m->bias) & CT_FRAME_OFFSET);
}
