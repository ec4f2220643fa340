/*
 * scan.c - see scan.h.
 *
 * The bytes 0f 05 are a system call only where an instruction begins: in a megabyte of code they stand a dozen times inside others.  So where
 * they are found, the function around them is gone through from its first instruction.  Where that begins .eh_frame_hdr tells, also in
 * stripped files; code that it does not cover is gone through from the end of the function before.
 */
#include "scan.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/calls.h"
#include "symbol/wrapped.h"
#include "symbol/x86.h"

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#else
#define OUR_MACHINE EM_AARCH64
#endif
#define NUMBER_UNKNOWN UINT32_MAX

struct function {
	uint64_t begin, end; /* ELF addresses */
};

struct work {
	Elf *elf;
	const uint8_t *bytes;
	size_t size;
	struct function *functions; /* sorted */
	size_t functions_n;
	struct ct_scan *out;
};

static void add_name(const char **names, unsigned *n, const char *name)
{
	unsigned i;

	for (i = 0; i < *n; i++)
		if (!strcmp(names[i], name))
			return;
	if (*n < CT_SCAN_NAMES)
		names[(*n)++] = name;
}

static void found(struct work *w, uint32_t number)
{
	const char *name = number == NUMBER_UNKNOWN ? NULL : ct_call_waiting(number);

	w->out->instructions++;
	if (number == NUMBER_UNKNOWN)
		w->out->unknown++;
	if (!name)
		return;
	w->out->waiting++;
	if (number == 426)
		w->out->uring = true;
	add_name(w->out->calls, &w->out->calls_n, name);
}

/* --- where functions begin ---------------------------------------------------------------------------------------------------------- */

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Bytes at an ELF address, and how many follow in its segment; NULL outside of the file. */
static const uint8_t *at_address(const struct work *w, uint64_t address, size_t *room)
{
	size_t n, i;
	GElf_Phdr ph;

	if (elf_getphdrnum(w->elf, &n) < 0)
		return NULL;
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(w->elf, (int)i, &ph) || ph.p_type != PT_LOAD ||
		    address < ph.p_vaddr || address - ph.p_vaddr >= ph.p_filesz ||
		    ph.p_offset > w->size || ph.p_filesz > w->size - ph.p_offset)
			continue;
		*room = ph.p_filesz - (address - ph.p_vaddr);
		return w->bytes + ph.p_offset + (address - ph.p_vaddr);
	}
	return NULL;
}

static int by_begin(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* The table of .eh_frame_hdr in the one form that linkers write: pairs of 32 bits, relative to the section. */
static void find_functions(struct work *w)
{
	size_t phnum, i, room, entries, fde_room;
	const uint8_t *hdr = NULL, *fde;
	uint64_t base = 0;
	GElf_Phdr ph;

	if (elf_getphdrnum(w->elf, &phnum) < 0)
		return;
	for (i = 0; i < phnum && !hdr; i++)
		if (gelf_getphdr(w->elf, (int)i, &ph) && ph.p_type == PT_GNU_EH_FRAME) {
			base = ph.p_vaddr;
			hdr = at_address(w, base, &room);
		}
	if (!hdr || room < 12 || hdr[0] != 1 || (hdr[1] & 0x0f) != 0x0b || hdr[2] != 0x03 ||
	    hdr[3] != 0x3b)
		return;
	entries = load32(hdr + 8);
	if (entries > (room - 12) / 8)
		entries = (room - 12) / 8;
	w->functions = calloc(entries + 1, sizeof(*w->functions));
	for (i = 0; w->functions && i < entries; i++) {
		struct function *f = &w->functions[w->functions_n];

		f->begin = base + (uint64_t)(int64_t)(int32_t)load32(hdr + 12 + i * 8);
		fde = at_address(w, base + (uint64_t)(int64_t)(int32_t)load32(hdr + 16 + i * 8),
				 &fde_room);
		if (!fde || fde_room < 16 || load32(fde) == UINT32_MAX)
			continue;
		f->end = f->begin + load32(fde + 12);
		w->functions_n++;
	}
	if (w->functions)
		qsort(w->functions, w->functions_n, sizeof(*w->functions), by_begin);
}

/* --- code ---------------------------------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
/* Where to begin reading so as to come to an address right, and where what is read ends.  Returns whether a function is known to be there. */
static bool bounds_of(const struct work *w, uint64_t address, uint64_t *from, uint64_t *to)
{
	size_t low = 0, high = w->functions_n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->functions[mid].begin <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < w->functions_n && w->functions[low].begin < *to)
		*to = w->functions[low].begin;
	if (!low)
		return false;
	if (address < w->functions[low - 1].end) {
		*from = w->functions[low - 1].begin > *from ? w->functions[low - 1].begin : *from;
		*to = w->functions[low - 1].end < *to ? w->functions[low - 1].end : *to;
		return true;
	}
	if (w->functions[low - 1].end > *from)
		*from = w->functions[low - 1].end;
	return false;
}

static bool is_candidate(const uint8_t *p)
{
	return (p[0] == 0x0f && (p[1] == 0x05 || p[1] == 0x34)) || (p[0] == 0xcd && p[1] == 0x80);
}

/* After a system call somebody looks at its result, or returns it.  In data that happens to hold the bytes of one nobody does. */
static bool looks_like_code(const uint8_t *p, const uint8_t *end)
{
	struct ct_x86 insn;
	int i;

	for (i = 0; i < 6 && end - p >= 3; i++) {
		bool compares = p[0] == 0x48 &&
				(p[1] == 0x3d || p[1] == 0x83 || p[1] == 0x85 || p[1] == 0x89);

		if (*p == 0xc3 || compares || (p[0] == 0x85 && p[1] == 0xc0))
			return true;
		if (ct_x86_decode(p, (size_t)(end - p), &insn) < 0)
			return false;
		p += insn.length;
	}
	return false;
}

/*
 * All system calls of [p, end), which begins where an instruction does.  A number that comes by way of another register is a guess, which may
 * name a call and clears nobody.
 */
static void read_code(struct work *w, const uint8_t *p, const uint8_t *end, bool covered)
{
	uint32_t number[16];
	struct ct_x86 insn;
	bool guess = false;

	memset(number, 0xff, sizeof(number));
	while (p < end) {
		if (ct_x86_decode(p, (size_t)(end - p), &insn) < 0) {
			/* data, or what nobody knows: find back in */
			p++;
			memset(number, 0xff, sizeof(number));
			continue;
		}
		p += insn.length;
		switch (insn.effect) {
		case CT_X86_SYSCALL:
			if (guess && number[0] != NUMBER_UNKNOWN && !ct_call_waiting(number[0]))
				number[0] = NUMBER_UNKNOWN;
			if (covered || looks_like_code(p, end))
				found(w, number[0]);
			number[0] = NUMBER_UNKNOWN;
			break;
		case CT_X86_SET: number[insn.reg] = insn.number; break;
		case CT_X86_MOVE: number[0] = number[insn.reg]; break;
		case CT_X86_LEAVE:
			/* where functions are not known, another may begin here */
			if (!covered)
				memset(number, 0xff, sizeof(number));
			number[0] = NUMBER_UNKNOWN;
			break;
		case CT_X86_LOSE: number[0] = NUMBER_UNKNOWN; break;
		default: break;
		}
		if (insn.effect == CT_X86_SET || insn.effect == CT_X86_MOVE)
			guess = insn.effect == CT_X86_MOVE || (guess && insn.reg);
	}
}

static void scan_code(struct work *w, const uint8_t *code, size_t size, uint64_t address)
{
	const uint8_t *end = code + size, *p = code, *next;
	uint64_t from, to;
	bool covered;

	while (p + 1 < end) {
		/* what begins with neither byte is most of it */
		for (next = p; next + 1 < end && !is_candidate(next); next++)
			;
		if (next + 1 >= end)
			return;
		w->out->candidates++;
		from = address;
		to = address + size;
		covered = bounds_of(w, address + (uint64_t)(next - code), &from, &to);
		read_code(w, code + (from - address), code + (to - address), covered);
		p = code + (to - address) > next + 1 ? code + (to - address) : next + 2;
	}
}
#else
static void scan_code(struct work *w, const uint8_t *code, size_t size, uint64_t address)
{
	uint32_t number = NUMBER_UNKNOWN, insn;
	size_t i;

	(void)address;
	for (i = 0; i + 4 <= size; i += 4) {
		insn = load32(code + i);
		if (insn == 0xd4000001) { /* svc #0 */
			w->out->candidates++;
			found(w, number);
		}
		if ((insn & 0x7fe0001f) == 0x52800008) /* movz w8 or x8, #imm */
			number = insn >> 5 & 0xffff;
		else if ((insn & 0x1f) == 8 || (insn & 0xfc000000) == 0x94000000 ||
			 (insn & 0xfc000000) == 0x14000000)
			number = NUMBER_UNKNOWN; /* it may write x8; calls and jumps */
	}
}
#endif

static void scan_sections(struct work *w)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	GElf_Phdr ph;
	size_t n, i;
	bool any = false;

	while ((scn = elf_nextscn(w->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_PROGBITS ||
		    !(sh.sh_flags & SHF_EXECINSTR) || sh.sh_offset > w->size ||
		    sh.sh_size > w->size - sh.sh_offset)
			continue;
		any = true;
		scan_code(w, w->bytes + sh.sh_offset, sh.sh_size, sh.sh_addr);
	}
	if (any || elf_getphdrnum(w->elf, &n) < 0)
		return;
	for (i = 0; i < n; i++)
		if (gelf_getphdr(w->elf, (int)i, &ph) && ph.p_type == PT_LOAD &&
		    (ph.p_flags & PF_X) && ph.p_offset <= w->size &&
		    ph.p_filesz <= w->size - ph.p_offset)
			scan_code(w, w->bytes + ph.p_offset, ph.p_filesz, ph.p_vaddr);
}

/* --- names --------------------------------------------------------------------------------------------------------------------------- */

/* A thread library that was linked in is there under its own names, exported or not; other names are anybody's as long as they are local. */
static bool is_own(const GElf_Sym *sym, const char *name, bool is_first)
{
	if (sym->st_shndx == SHN_UNDEF || GELF_ST_TYPE(sym->st_info) != STT_FUNC || !sym->st_size)
		return false;
	if (!strncmp(name, "pthread_", 8) || !strncmp(name, "sem_", 4))
		return is_first || GELF_ST_BIND(sym->st_info) == STB_LOCAL;
	return is_first && GELF_ST_BIND(sym->st_info) != STB_LOCAL &&
	       GELF_ST_VISIBILITY(sym->st_other) == STV_DEFAULT;
}

static bool binds_itself(struct work *w)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	GElf_Dyn dyn;
	Elf_Data *data;
	int i;

	while ((scn = elf_nextscn(w->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_DYNAMIC ||
		    !(data = elf_getdata(scn, NULL)))
			continue;
		for (i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
			if (dyn.d_tag == DT_SYMBOLIC ||
			    (dyn.d_tag == DT_FLAGS && (dyn.d_un.d_val & DF_SYMBOLIC)))
				return true;
	}
	return false;
}

static void scan_names(struct work *w, bool is_first)
{
	Elf_Scn *scn = NULL;
	const char *name;
	GElf_Shdr sh;
	GElf_Sym sym;
	Elf_Data *data;
	int i;

	/* what binds to itself first is as good as an executable for its own calls */
	is_first = is_first || binds_itself(w);
	while ((scn = elf_nextscn(w->elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if ((sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM) ||
		    !(data = elf_getdata(scn, NULL)))
			continue;
		for (i = 1; gelf_getsym(data, i, &sym); i++) {
			name = elf_strptr(w->elf, sh.sh_link, sym.st_name);
			if (!name || !is_own(&sym, name, is_first))
				continue;
			name = ct_wrapped(name);
			if (!name)
				continue;
			w->out->own +=
				sh.sh_type == SHT_DYNSYM || GELF_ST_BIND(sym.st_info) == STB_LOCAL;
			add_name(w->out->own_names, &w->out->own_n, name);
		}
	}
	w->out->own = w->out->own > w->out->own_n ? w->out->own : w->out->own_n;
}

static bool has_go(struct work *w)
{
	Elf_Scn *scn = NULL;
	const char *name;
	GElf_Shdr sh;
	size_t names;

	if (elf_getshdrstrndx(w->elf, &names) < 0)
		return false;
	while ((scn = elf_nextscn(w->elf, scn))) {
		name = gelf_getshdr(scn, &sh) ? elf_strptr(w->elf, names, sh.sh_name) : NULL;
		if (name && (!strcmp(name, ".note.go.buildid") || !strcmp(name, ".go.buildinfo") ||
			     !strcmp(name, ".gopclntab")))
			return true;
	}
	return false;
}

int ct_scan(Elf *elf, bool is_first, struct ct_scan *out)
{
	struct work w = {.elf = elf, .out = out};
	GElf_Ehdr head;

	memset(out, 0, sizeof(*out));
	if (!gelf_getehdr(elf, &head) || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_machine != OUR_MACHINE)
		return -ENOEXEC;
	w.bytes = (const uint8_t *)elf_rawfile(elf, &w.size);
	if (!w.bytes)
		return -EIO;
	out->go = has_go(&w);
	find_functions(&w);
	scan_sections(&w);
	scan_names(&w, is_first);
	free(w.functions);
	return 0;
}
