/*
 * symbol.h - from (module, address) to function, source line and variable.
 *
 * A session opens modules as a trace names them: path, build-id, address in the module's own ELF
 * address space.  Everything in a trace is hostile: the path may be a FIFO, the file another build,
 * the ELF corrupt, the address arbitrary.  Two promises follow:
 *
 *   1. no name is better than a wrong name.  A file whose build-id differs from the recorded one is
 *      never used, a symbol is used only inside its own bounds, and a guess is marked;
 *   2. every absence has a reason: ct_symbols_status() and ct_symbols_status_text() say what was
 *      looked for, and what would help.
 *
 * What it is not: a debugger (no types, no locations) and no downloader (nothing here opens a
 * network connection; debuginfod is never asked).
 *
 * Resolved addresses are kept on disk by build-id (cache.h), so the second report about the same
 * binary reads no debug information.  A session belongs to one thread; strings it hands out live
 * until ct_symbols_free().
 */
#ifndef CT_SYMBOL_SYMBOL_H
#define CT_SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_SYM_FRAMES_MAX   64	  /* frames one address can expand to */
#define CT_SYM_NAME_MAX	    65536 /* bytes; longer names end in "..." */
#define CT_SYM_BUILD_ID_MAX 64	  /* bytes; GNU ld makes 20, others up to 32 */

enum ct_sym_status {
	CT_SYM_OK,	   /* debug information: functions, lines, inlined frames */
	CT_SYM_SYMTAB,	   /* no debug information, but a full symbol table */
	CT_SYM_DYNSYM,	   /* stripped: only exported names (and .gnu_debugdata, if any) */
	CT_SYM_NONE,	   /* a good file without any symbol */
	CT_SYM_MISSING,	   /* nothing at the recorded path */
	CT_SYM_MISMATCH,   /* the file there is another build: not used */
	CT_SYM_UNREADABLE, /* exists, but may not be read or is no regular file */
	CT_SYM_NOT_ELF,	   /* regular file, but no ELF program, or a corrupt one */
};

struct ct_sym_frame {
	const char *function;	  /* demangled; NULL when unknown */
	const char *linkage_name; /* as the linker sees it; NULL when unknown */
	const char *file;	  /* NULL when unknown */
	uint32_t line;		  /* 0 when unknown */
	bool inlined;		  /* has no call of its own; the next frame is its caller */
	bool approximate;	  /* symbol without a size, bounded only by its neighbour */
	uint64_t function_offset; /* bytes from the start of the function, or its piece */
};

struct ct_sym_data {
	const char *name;	  /* demangled variable name */
	const char *linkage_name; /* as in the symbol table */
	const char *function;	  /* the function a local static belongs to, else NULL */
	const char *file;	  /* of the declaration; NULL when unknown */
	uint32_t line;		  /* of the declaration; 0 when unknown */
	uint64_t offset;	  /* bytes from the start of the variable */
};

struct ct_symbols_stats {
	uint64_t from_cache;  /* distinct addresses answered by the disk cache */
	uint64_t resolved;    /* distinct addresses looked up in ELF files */
	uint64_t debug_loads; /* times debug information was opened */
};

struct ct_symbols;
struct ct_sym_module;

/*
 * Starts a session.  @cache_dir: where resolved addresses are kept; NULL is
 * $XDG_CACHE_HOME/ctrace/symbols or ~/.cache/ctrace/symbols, "" keeps none.  A cache that cannot be
 * used (not ours, not writable) is silently not used.  Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_symbols *ct_symbols_new(const char *cache_dir);

/*
 * Writes new answers to the disk cache and frees the session with everything it handed out.
 * Context: tools.
 */
void ct_symbols_free(struct ct_symbols *s);

/*
 * Looks for separate debug files below @dir instead of /usr/lib/debug.  Before the first module.
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symbols_debug_dir(struct ct_symbols *s, const char *dir);

/*
 * Finds or adds a module.  @path: absolute, as recorded; anything else ("[vdso]") is "missing".
 * @build_id: @build_id_len bytes as recorded, 0 when the module had none (then the file cannot be
 * checked, is used, and the status text says so).  Returns NULL only when out of memory.
 * Context: tools.
 */
struct ct_sym_module *ct_symbols_module(struct ct_symbols *s, const char *path,
					const uint8_t *build_id, size_t build_id_len);

/*
 * What is known about the module's symbols.
 * Context: tools.
 */
enum ct_sym_status ct_symbols_status(const struct ct_sym_module *m);

/*
 * The same in words, one line without newline: where symbols come from, or why there are none, what
 * was looked for and what would help.
 * Context: tools.
 */
const char *ct_symbols_status_text(const struct ct_sym_module *m);

/*
 * Function, file and line of the code at @vaddr (for a return address pass address - 1), innermost
 * inlined frame first, at most @max.  When there are more than @max the middle is dropped: the last
 * frame is always the function the code physically belongs to.  Returns the number of frames, 0 when
 * nothing is known (print `module+0xoffset`), or -ENOMEM.
 * Context: tools.
 */
int ct_symbols_code(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_frame *out, size_t max);

/*
 * The variable @vaddr lies in.  Returns 1, 0 when unknown, or -ENOMEM.
 * Context: tools.
 */
int ct_symbols_data(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_data *out);

/*
 * Writes new answers to the disk cache and closes all files and debug information; answers already
 * given stay valid and later questions open the files again.
 * Context: tools.
 */
void ct_symbols_trim(struct ct_symbols *s);

/*
 * Counters of this session.
 * Context: tools.
 */
struct ct_symbols_stats ct_symbols_stats(const struct ct_symbols *s);

#endif
