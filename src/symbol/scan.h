/*
 * scan.h - does a file of machine code wait behind the preload's back?  Looks for system call instructions, a Go runtime, and functions of its
 * own that we have wrappers for.
 */
#ifndef CT_SYMBOL_SCAN_H
#define CT_SYMBOL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#define CT_SCAN_NAMES 12 /* at most so many are kept */

struct ct_scan {
	uint64_t instructions; /* that enter the kernel */
	uint64_t waiting;      /* of them: a call that may wait, by its number */
	uint64_t unknown;      /* of them: the number is not plain from the code before */
	bool go, uring;
	const char *calls[CT_SCAN_NAMES]; /* names of calls that may wait, each once */
	unsigned calls_n;
	uint64_t own; /* functions of its own that have wrappers */
	const char *own_names[CT_SCAN_NAMES];
	unsigned own_n;
	uint64_t candidates; /* places where the bytes of such an instruction stand, in whatever */
};

/*
 * ct_scan - look through an ELF file
 * @elf: of an image (image.h)
 * @is_first: it comes before the preload in the order of symbol search: the executable
 * Returns 0; -ENOEXEC when it is not for this machine; -EIO when it cannot be read.
 * Context: tools.
 */
int ct_scan(Elf *elf, bool is_first, struct ct_scan *out);

#endif
