/*
 * module.h - which loaded object an address belongs to, without asking the dynamic linker.
 *
 * A private table of this process, in .bss, copied by fork.  Objects loaded at start never leave,
 * so they are looked up by binary search and trusted.  Objects loaded later are found through
 * glibc's _dl_find_object (2.35 and newer), which takes no lock; what it says is checked against
 * the table each time, because a library may go and another come to the same addresses.  Without
 * _dl_find_object they stay unknown.
 */
#ifndef CT_CAPTURE_MODULE_H
#define CT_CAPTURE_MODULE_H

#include "capture/dict.h"

/* Same layout as glibc's struct dl_find_object, with its reserved tail, for every architecture. */
struct ct_found_object {
	uint64_t flags;
	uintptr_t map_start;
	uintptr_t map_end;
	void *link_map;
	void *eh_frame_hdr;
	uint64_t rest[8];
};
typedef int ct_find_object_fn(void *address, struct ct_found_object *result);

struct ct_module {
	uintptr_t start, end; /* addresses in use here */
	uintptr_t hole,
		hole_bytes; /* in there, and not the object's: whole pages that no segment has */
	uintptr_t bias;	    /* run-time address minus ELF address */
	uintptr_t eh_lo, eh_hi; /* the mapped segment that holds the unwind tables */
	const uint8_t *eh_hdr;	/* NULL: none, or none with a search table */
	const uint8_t *eh_table;
	uint32_t eh_count;
	uintptr_t text_lo, text_hi; /* readable code */
	const uint8_t *note;	    /* build-id as mapped, when it lies in the first page */
	uint64_t check;		    /* build-id, or the first page, as a number */
	uint32_t next;		    /* hash chain of objects loaded later */
	uint16_t index;		    /* in this table, from 1; never used again for another object */
	uint16_t id;		    /* in the dictionary; 0: it had no room */
	uint8_t note_len;
	uint8_t later; /* not one of those loaded at start */
};

static inline int ct_module_covers(const struct ct_module *m, uintptr_t address)
{
	return address >= m->start && address < m->end && address - m->hole >= m->hole_bytes;
}

/* What the preload object knows when it starts. */
struct ct_module_boot {
	const void *link_maps; /* struct link_map *, head of the list; _r_debug.r_map */
	const void *main_phdr; /* AT_PHDR */
	unsigned main_phnum;   /* AT_PHNUM */
	const char *main_path; /* absolute, or NULL when not known */
	const void *own;       /* an address in the object whose frames are left out; NULL: none */
	ct_find_object_fn *find_object; /* _dl_find_object, or NULL */
	uint64_t ticks;			/* now */
};

#define CT_MODULE_MAX 2048

/**
 * ct_module_init - enter all objects of the link map list.  Call once, before there are threads.
 *
 * @dict: where their records go; must stay
 * Returns the number of objects entered.
 * Context: start of the process, one thread; no allocation, no libc.
 */
unsigned ct_module_init(struct ct_dict *dict, const struct ct_module_boot *boot);

enum ct_module_found {
	CT_MODULE_FOUND, /* *out is it */
	CT_MODULE_NONE,	 /* no object there, or it cannot be known */
	CT_MODULE_NEW	 /* loaded since: hand *tmp to ct_module_add */
};

/**
 * ct_module_find - the object that covers an address.
 *
 * @tmp: scratch of the caller's, which keeps it off the stack
 * Context: any thread, any signal; no allocation, no libc.
 */
enum ct_module_found ct_module_find(uintptr_t address, struct ct_found_object *tmp,
				    const struct ct_module **out);

/**
 * ct_module_add - enter the object that ct_module_find called new.
 *
 * Returns NULL when it cannot be used or the table is full.
 * Context: any thread, any signal; no allocation, no libc.
 */
const struct ct_module *ct_module_add(const struct ct_found_object *found);

/**
 * ct_module_current - 1 while the object `index` is still the one at its addresses.
 *
 * @tmp: scratch
 * Context: any thread, any signal; no allocation, no libc.
 */
int ct_module_current(unsigned index, struct ct_found_object *tmp);

/**
 * ct_module_own - index of the object whose frames stacks leave out; 0 when none.
 * Context: any thread, any signal; no allocation, no libc.
 */
unsigned ct_module_own(void);

/**
 * ct_module_of_data - an address in an object as module id << 48 | ELF address; 0 elsewhere.
 *
 * For naming globals.  Takes about 200 bytes of stack.
 * Context: any thread, any signal; no allocation, no libc.
 */
uint64_t ct_module_of_data(uintptr_t address);

#endif
