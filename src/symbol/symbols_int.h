/*
 * symbols_int.h - what the files of symbol.h share: symbols.c has sessions, modules and the answers they keep, symbols_resolve.c
 * makes the answers.
 */
#ifndef CT_SYMBOL_SYMBOLS_INT_H
#define CT_SYMBOL_SYMBOLS_INT_H

#include "symbol/cache.h"
#include "symbol/names.h"
#include "symbol/origin.h"
#include "symbol/symbol.h"

struct ct_sym_module {
	struct ct_symbols *session;
	struct ct_sym_module *next;
	char *path;
	uint8_t build_id[CT_SYM_BUILD_ID_MAX];
	size_t build_id_len;
	enum ct_sym_status status;
	char *text;
	bool use_image; /* the file at path is the recorded one */
	bool cached;	/* has a key, so answers may be stored */
	struct ct_cache_key key;
	struct ct_answers answers; /* the first n_loaded came from the disk cache */
	size_t n_loaded;
	char *cache_bytes;
	struct ct_origin *origin;
	uint64_t last_used;
};

struct ct_symbols {
	char *cache_dir; /* NULL: no cache */
	char *debug_dir;
	struct ct_names *names;
	struct ct_sym_module *modules;
	struct ct_symbols_stats stats;
	uint64_t clock;
	unsigned n_origins;
};

/*
 * The debug information of a module whose origin is open, opened at the first question.  Returns NULL when there is none.
 * Context: tools.
 */
struct ct_debuginfo *ct_module_dwarf(struct ct_sym_module *m);

/*
 * Asks the files of a module, whose origin is open.  @out: room for CT_SYM_FRAMES_MAX.  Of data the first frame names the variable,
 * a second one the function it is local to.  Returns the number of frames, 0 when nothing is known, or -ENOMEM.
 * Context: tools.
 */
int ct_module_code(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_frame *out);
int ct_module_data(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_frame *out);

#endif
