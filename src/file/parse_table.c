/*
 * parse_table.c - the lines of the text form that are rows of a table: processes, modules, strings, stacks, symbols, slots.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse_int.h"

/* --- tables ---------------------------------------------------------------------------------------------------------------------- */

static int do_row(struct ct_parser *p, struct ct_rows *rows, const struct ct_member *members)
{
	uint64_t index;
	void *row;
	int err = ct_parse_index(p, &index);

	if (err)
		return err;
	row = ct_rows_at(rows, index);
	if (!row)
		return ct_line_fail(&p->line, "the number is too large", p->line.word[1].key);
	err = ct_parse_fill(p, members, row, true);
	if (!err && members == ct_module_members && !ct_line_key(&p->line, "build_id_len")) {
		struct ct_word *w = ct_line_key(&p->line, "build_id");

		((struct ct_module_rec *)row)->build_id_len =
			w ? (uint8_t)(strlen(w->value) / 2) : 0;
	}
	if (!err && members == ct_slot_members) {
		((struct ct_slot *)row)->state = CT_SLOT_CLAIMED;
		((struct ct_slot *)row)->index = (uint32_t)index;
	}
	return err;
}

int ct_do_process(struct ct_parser *p)
{
	return do_row(p, &p->processes, ct_process_members);
}

int ct_do_module(struct ct_parser *p)
{
	return do_row(p, &p->modules, ct_module_members);
}

int ct_do_blind(struct ct_parser *p)
{
	return do_row(p, &p->blind, ct_blind_members);
}

int ct_do_thread(struct ct_parser *p)
{
	return do_row(p, &p->threads, ct_thread_members);
}

int ct_do_node(struct ct_parser *p)
{
	return do_row(p, &p->nodes, ct_node_members);
}

int ct_do_slot(struct ct_parser *p)
{
	return do_row(p, &p->slots, ct_slot_members);
}

int ct_do_string(struct ct_parser *p)
{
	uint64_t id;
	unsigned at = 2;
	struct ct_word *w;
	int err = ct_parse_index(p, &id);

	if (err)
		return err;
	w = ct_line_bare(&p->line, &at);
	if (!id || !w || w->key || !ct_rows_at(&p->strings, id - 1 + strlen(w->value)))
		return ct_line_fail(&p->line, "not an id and a string", NULL);
	memcpy(p->strings.bytes + id - 1, w->value, strlen(w->value) + 1);
	return 0;
}

/* The node with this frame under this parent, made when it is new. */
static int node_for(struct ct_parser *p, uint64_t frame, uint32_t parent, uint64_t *id)
{
	struct ct_trie_node *nodes = (void *)p->nodes.bytes, *new;
	size_t i;

	for (i = 1; i < p->nodes.n; i++) {
		if (nodes[i].frame == frame && nodes[i].parent == parent) {
			*id = i;
			return 0;
		}
	}
	*id = p->nodes.n ? p->nodes.n : 1;
	new = ct_rows_at(&p->nodes, *id);
	if (!new)
		return -ENOMEM;
	*new = (struct ct_trie_node){frame, parent, 0};
	return 0;
}

int ct_do_stack(struct ct_parser *p)
{
	uint64_t node = 0, frame;
	unsigned i;
	int err = 0;

	if (p->line.words < 3 || !p->line.word[1].key || p->line.word[1].value)
		return ct_line_fail(&p->line, "a name and frames are missing", NULL);
	p->line.word[1].used = true;
	for (i = p->line.words - 1; i >= 2 && !err; i--) {
		struct ct_word *w = &p->line.word[i];

		if (!w->key || w->value || !ct_parse_frame(w->key, &frame))
			return ct_line_fail(&p->line, "not a frame", w->key);
		w->used = true;
		err = node_for(p, frame, (uint32_t)node, &node);
	}
	if (!err && ct_named_find(&p->stacks, p->line.word[1].key))
		return ct_line_fail(&p->line, "the stack is there already", p->line.word[1].key);
	return err ? err : ct_named_add(&p->stacks, p->line.word[1].key, node);
}

static const char *key_text(struct ct_parser *p, const char *key)
{
	struct ct_word *w = ct_line_key(&p->line, key);

	return w ? w->value : NULL;
}

static int bare_frame(struct ct_parser *p, uint64_t *frame)
{
	unsigned at = 1;
	struct ct_word *w = ct_line_bare(&p->line, &at);

	*frame = 0;
	if (!w || !w->key || !ct_parse_frame(w->key, frame))
		return ct_line_fail(&p->line, "a frame is missing", NULL);
	return 0;
}

int ct_do_symbol(struct ct_parser *p)
{
	uint64_t frame, line = 0, flags = 0;
	int err = bare_frame(p, &frame);

	if (!err)
		err = ct_parse_key(p, "line", CT_MEMBER_NUMBER, &line);
	if (!err)
		err = ct_parse_key(p, "flags", CT_MEMBER_NUMBER, &flags);
	if (!err && (!p->has_symbol || p->last_symbol != frame))
		err = ct_symbols_add_frame(p->symbols, frame);
	p->has_symbol = true;
	p->last_symbol = frame;
	if (err)
		return err;
	return ct_symbols_add_line(p->symbols, key_text(p, "function"), key_text(p, "file"),
				   (uint32_t)line, (uint32_t)flags);
}

int ct_do_data(struct ct_parser *p)
{
	uint64_t frame, line = 0, offset = 0;
	int err = bare_frame(p, &frame);

	if (!err)
		err = ct_parse_key(p, "line", CT_MEMBER_NUMBER, &line);
	if (!err)
		err = ct_parse_key(p, "offset", CT_MEMBER_NUMBER, &offset);
	if (err)
		return err;
	return ct_symbols_add_data(p->symbols, frame, key_text(p, "name"), key_text(p, "function"),
				   key_text(p, "file"), (uint32_t)line, offset);
}
