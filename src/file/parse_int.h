/*
 * parse_int.h - inside of the text form's reader: the words of a line, and the trace that is being put together from them.
 * Prototypes stand under the file that defines them.
 */
#ifndef CT_FILE_PARSE_INT_H
#define CT_FILE_PARSE_INT_H

#include "build.h"
#include "stream.h"
#include "symbols.h"
#include "text_int.h"

/* --- line.c --------------------------------------------------------------------------------------------------------------- */

#define CT_LINE_WORDS 64

/* key=value, or key alone (value NULL), or "value" alone (key NULL). */
struct ct_word {
	char *key, *value;
	bool quoted; /* the value was in quotes */
	bool used;
};

struct ct_line {
	char *text;
	size_t room;
	unsigned number;
	struct ct_word word[CT_LINE_WORDS];
	unsigned words;
	const char *wrong; /* set by whoever finds a mistake */
	char wrong_word[64];
};

/*
 * ct_line_read - the next line that says something, cut into words
 * Returns 1, 0 at the end, or a negative error; -CT_ERR_SYNTAX with line->wrong set.
 * Context: tools.
 */
int ct_line_read(struct ct_line *line, FILE *in);

/*
 * ct_line_fail - note a mistake at a word (may be NULL)
 * Returns -CT_ERR_SYNTAX.
 * Context: tools.
 */
int ct_line_fail(struct ct_line *line, const char *wrong, const char *word);

/*
 * ct_line_key - the word with this key, marked as used; NULL when there is none
 * ct_line_bare - the next word without a key=, from index *at on
 * Context: tools.
 */
struct ct_word *ct_line_key(struct ct_line *line, const char *key);
struct ct_word *ct_line_bare(struct ct_line *line, unsigned *at);

/*
 * ct_line_all_used - is there no word that nobody asked for?  Returns 0 or -CT_ERR_SYNTAX.
 * Context: tools.
 */
int ct_line_all_used(struct ct_line *line);

/*
 * ct_parse_number, ct_parse_frame, ct_parse_hex - a whole word as a value
 * Returns false when it is none.
 * Context: tools.
 */
bool ct_parse_number(const char *text, uint64_t *v);
bool ct_parse_frame(const char *text, uint64_t *v);
bool ct_parse_hex(const char *text, uint8_t *bytes, size_t room, size_t *n);

/* --- the trace ------------------------------------------------------------------------------------------------------------- */

struct ct_rows {
	uint8_t *bytes;
	size_t n, room, item;
};

struct ct_named {
	char *name;
	uint64_t value;
};

/* What a slot's next chunk takes over from its last one. */
struct ct_slot_text {
	uint32_t slot, sequence, process, thread, tid;
	uint64_t ticks;
};

enum ct_break_kind { CT_BREAK_NOTHING, CT_BREAK_PAYLOAD, CT_BREAK_HEAD };
struct ct_break_at {
	uint64_t offset; /* of a block */
	enum ct_break_kind kind;
};

struct ct_parser {
	struct ct_line line;
	struct ct_stream *stream;
	struct ct_header header;
	bool begun, break_footer;
	uint64_t cut_bytes;
	struct ct_rows processes, modules, nodes, strings, slots, blind, threads;
	struct ct_rows stacks, objects; /* struct ct_named */
	struct ct_rows states;		/* struct ct_slot_text */
	struct ct_rows breaks;		/* struct ct_break_at */
	struct ct_symbols_builder *symbols;
	uint64_t last_symbol;
	bool has_symbol;
	struct ct_builder *open; /* chunk being written */
	struct ct_chunk open_head;
	bool in_chunk;
	struct ct_chunk **pending; /* chunks of the block being filled */
	size_t pending_n;
	uint32_t last_slot;
};

/* --- value.c ---------------------------------------------------------------------------------------------------------------- */

/*
 * ct_rows_at - row `index` of a table that grows; NULL when out of memory or beyond all bounds
 * Context: tools.
 */
void *ct_rows_at(struct ct_rows *r, size_t index);

/*
 * ct_named_find, ct_named_add - names that stand for a value
 * Context: tools.
 */
struct ct_named *ct_named_find(struct ct_rows *r, const char *name);
int ct_named_add(struct ct_rows *r, const char *name, uint64_t value);

/*
 * ct_parse_key - the value of key=value; *v stays as it is when the line has no such key
 * ct_parse_index - the bare number after the line's first word
 * ct_parse_fill - members of a row from the line's words; with `defaults` the others get theirs
 * Return 0 or a negative error.
 * Context: tools.
 */
int ct_parse_key(struct ct_parser *p, const char *key, enum ct_member_kind kind, uint64_t *v);
int ct_parse_index(struct ct_parser *p, uint64_t *v);
int ct_parse_fill(struct ct_parser *p, const struct ct_member *m, void *row, bool defaults);

/* --- parse_chunk.c: statements about chunks and records ---------------------------------------------------------------------- */

int ct_do_chunk(struct ct_parser *p);
int ct_do_end(struct ct_parser *p);
int ct_do_block(struct ct_parser *p);
int ct_do_record(struct ct_parser *p, unsigned type);

/*
 * ct_parse_close_chunk, ct_parse_flush - the open chunk joins its block; the block goes to the file
 * Return 0 or a negative error.
 * Context: tools.
 */
int ct_parse_close_chunk(struct ct_parser *p);
int ct_parse_flush(struct ct_parser *p);

/* --- parse_table.c: statements about rows of tables --------------------------------------------------------------------------- */

int ct_do_process(struct ct_parser *p);
int ct_do_module(struct ct_parser *p);
int ct_do_blind(struct ct_parser *p);
int ct_do_thread(struct ct_parser *p);
int ct_do_node(struct ct_parser *p);
int ct_do_slot(struct ct_parser *p);
int ct_do_string(struct ct_parser *p);
int ct_do_stack(struct ct_parser *p);
int ct_do_symbol(struct ct_parser *p);
int ct_do_data(struct ct_parser *p);

#endif
