/*
 * value.c - words of the text form as values: numbers, operations, frames, and names that stand for stacks, objects and strings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse_int.h"

/* A row's number is the writer's to choose: what lies between costs address space, not memory, and not without end. */
#define TABLE_BYTES_MAX (512u << 20)

void *ct_rows_at(struct ct_rows *r, size_t index)
{
	size_t most = TABLE_BYTES_MAX / r->item;

	if (index >= most)
		return NULL;
	if (index >= r->room) {
		size_t room = index < most / 2 ? (index + 1) * 2 : most;
		uint8_t *bytes = calloc(room, r->item);

		if (!bytes)
			return NULL;
		if (r->bytes)
			memcpy(bytes, r->bytes, r->n * r->item);
		free(r->bytes);
		r->bytes = bytes;
		r->room = room;
	}
	if (index >= r->n)
		r->n = index + 1;
	return r->bytes + index * r->item;
}

/* --- values ------------------------------------------------------------------------------------------------------------------- */

struct ct_named *ct_named_find(struct ct_rows *r, const char *name)
{
	struct ct_named *all = (void *)r->bytes;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

int ct_named_add(struct ct_rows *r, const char *name, uint64_t value)
{
	struct ct_named *new = ct_rows_at(r, r->n);

	if (!new)
		return -ENOMEM;
	new->name = strdup(name);
	new->value = value;
	return new->name ? 0 : -ENOMEM;
}

/* An address for a name; far from everything a test would write as a number. */
static int object_value(struct ct_parser *p, const char *name, uint64_t *v)
{
	struct ct_named *known = ct_named_find(&p->objects, name);

	*v = known ? known->value : 0x7e0000000000ull + p->objects.n * 64;
	return known ? 0 : ct_named_add(&p->objects, name, *v);
}

/* A text without characters is none: dumping prints strings, and it would be one that is not there when it is read back. */
static int string_value(struct ct_parser *p, const char *text, uint64_t *id)
{
	size_t size = strlen(text) + 1, at = 0;
	char *blob = (char *)p->strings.bytes;

	*id = 0;
	if (!*text)
		return 0;
	for (; at < p->strings.n; at += strlen(blob + at) + 1)
		if (!strcmp(blob + at, text))
			break;
	*id = at + 1;
	if (at < p->strings.n)
		return 0;
	blob = ct_rows_at(&p->strings, at + size - 1);
	if (!blob)
		return -ENOMEM;
	memcpy(p->strings.bytes + at, text, size);
	return 0;
}

/* One word as a value of a kind; the two tables of kinds (members and event fields) meet here. */
static int word_value(struct ct_parser *p, struct ct_word *w, enum ct_member_kind kind, uint64_t *v)
{
	struct ct_named *known;

	if (w->quoted) {
		if (kind == CT_MEMBER_STRING)
			return string_value(p, w->value, v);
		return ct_line_fail(&p->line, "a string where a number belongs", w->key);
	}
	if (kind == CT_MEMBER_FRAME && ct_parse_frame(w->value, v))
		return 0;
	if (kind != CT_MEMBER_FRAME && ct_parse_number(w->value, v))
		return 0;
	if (kind == CT_MEMBER_OP && (*v = ct_op_find(w->value)) != 0)
		return 0;
	if (kind == CT_MEMBER_ADDR && w->value[0])
		return object_value(p, w->value, v);
	if (kind == CT_MEMBER_STACK && (known = ct_named_find(&p->stacks, w->value))) {
		*v = known->value;
		return 0;
	}
	return ct_line_fail(&p->line, "not a value", w->value);
}

int ct_parse_key(struct ct_parser *p, const char *key, enum ct_member_kind kind, uint64_t *v)
{
	struct ct_word *w = ct_line_key(&p->line, key);

	return w ? word_value(p, w, kind, v) : 0;
}

/* Fills a row from the line's key=value words; members that are not named get their defaults if `defaults`. */
int ct_parse_fill(struct ct_parser *p, const struct ct_member *m, void *row, bool defaults)
{
	int err = 0;

	for (; m->key && !err; m++) {
		struct ct_word *w = ct_line_key(&p->line, m->key);
		char *at = (char *)row + m->offset;
		uint64_t v = m->fallback;
		size_t n;

		if (!w) {
			if (defaults && m->kind != CT_MEMBER_TEXT && m->kind != CT_MEMBER_BYTES)
				ct_member_set(m, row, v);
			continue;
		}
		if (m->kind == CT_MEMBER_TEXT) {
			if (!w->quoted || strlen(w->value) > m->bytes)
				return ct_line_fail(&p->line, "not a string that fits", w->key);
			memset(at, 0, m->bytes);
			memcpy(at, w->value, strlen(w->value));
		} else if (m->kind == CT_MEMBER_BYTES) {
			if (!ct_parse_hex(w->value, (uint8_t *)at, m->bytes, &n))
				return ct_line_fail(&p->line, "not hexadecimal bytes that fit",
						    w->key);
		} else {
			err = word_value(p, w, (enum ct_member_kind)m->kind, &v);
			if (!err && m->bytes < 8 && v >> (8 * m->bytes) && (int64_t)v >= 0)
				return ct_line_fail(&p->line, "too large", w->key);
			if (!err)
				ct_member_set(m, row, v);
		}
	}
	return err;
}

/* The bare number or name after the statement. */
int ct_parse_index(struct ct_parser *p, uint64_t *v)
{
	unsigned at = 1;
	struct ct_word *w = ct_line_bare(&p->line, &at);

	*v = 0;
	if (!w || !w->key || !ct_parse_number(w->key, v))
		return ct_line_fail(&p->line, "a number is missing", p->line.word[0].key);
	return 0;
}
