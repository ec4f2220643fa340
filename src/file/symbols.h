/*
 * symbols.h - the payload of a SYMBOLS block: names and lines for the frames of a trace, so that it can be read where the
 * binaries are not.  It finds no symbols (src/symbol does) and knows no file around it.
 *
 *   +---------------------+
 *   | ct_symbols_head     |  how many of each
 *   | ct_symbol_frame[]   |  sorted by frame; each has a run of lines, innermost inlined function first
 *   | ct_symbol_line[]    |
 *   | ct_symbol_data[]    |  sorted by frame: variables that objects of the trace lie in
 *   | string bytes        |  NUL-terminated; ids are offset + 1, 0 is none
 *   +---------------------+
 */
#ifndef CT_FILE_SYMBOLS_H
#define CT_FILE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct ct_symbols_head {
	uint64_t frames, lines, data, string_bytes;
};

struct ct_symbol_frame {
	uint64_t frame; /* as in struct ct_trie_node */
	uint32_t first; /* index of its first line */
	uint32_t lines;
};

#define CT_SYMBOL_INLINED     1u /* has no call of its own; the next line is its caller */
#define CT_SYMBOL_APPROXIMATE 2u /* the nearest symbol before, which has no size */
struct ct_symbol_line {
	uint32_t function, file; /* string ids of this block */
	uint32_t line;
	uint32_t flags; /* CT_SYMBOL_* */
};

struct ct_symbol_data {
	uint64_t frame;
	uint64_t offset;	       /* from the start of the variable */
	uint32_t name, function, file; /* string ids of this block; function: of a local static */
	uint32_t line;
};

_Static_assert(sizeof(struct ct_symbols_head) == 32, "symbols head");
_Static_assert(sizeof(struct ct_symbol_frame) == 16, "symbol frame");
_Static_assert(sizeof(struct ct_symbol_line) == 16, "symbol line");
_Static_assert(sizeof(struct ct_symbol_data) == 32, "symbol data");

/* Collects symbols and makes the payload. */
struct ct_symbols_builder;

/*
 * ct_symbols_builder_new, ct_symbols_builder_free
 * Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_symbols_builder *ct_symbols_builder_new(void);
void ct_symbols_builder_free(struct ct_symbols_builder *b);

/*
 * ct_symbols_add_frame - begin a code frame; ct_symbols_add_line() then adds its lines, innermost first
 * A frame that was added before is taken from its first time.
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symbols_add_frame(struct ct_symbols_builder *b, uint64_t frame);
int ct_symbols_add_line(struct ct_symbols_builder *b, const char *function, const char *file,
			uint32_t line, uint32_t flags);

/*
 * ct_symbols_add_data - the variable that lies at a frame; strings may be NULL
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symbols_add_data(struct ct_symbols_builder *b, uint64_t frame, const char *name,
			const char *function, const char *file, uint32_t line, uint64_t offset);

/*
 * ct_symbols_payload - the bytes of the block, for ct_stream_rows(s, CT_BLOCK_SYMBOLS, 0, ...)
 * @bytes, @size: out; belong to the builder.  Size is 0 when nothing was added.
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_symbols_payload(struct ct_symbols_builder *b, const void **bytes, size_t *size);

/*
 * ct_symbols_check - are these bytes a payload whose every index and string id lies inside?
 * Returns NULL, or what is wrong in a few words.
 * Context: tools; no allocation.
 */
const char *ct_symbols_check(const void *bytes, size_t size);

#endif
