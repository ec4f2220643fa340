/*
 * parse_chunk.c - the lines of the text form that make chunks: chunk, end, block and one for each event.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse_int.h"

/* --- chunks --------------------------------------------------------------------------------------------------------------------- */

static struct ct_slot_text *slot_state(struct ct_parser *p, uint32_t slot)
{
	struct ct_slot_text *all = (void *)p->states.bytes, *new;
	size_t i;

	for (i = 0; i < p->states.n; i++)
		if (all[i].slot == slot)
			return &all[i];
	new = ct_rows_at(&p->states, p->states.n);
	if (new)
		*new = slot >= CT_SLOT_CPU
			       ? (struct ct_slot_text){slot, 0, 0, 0, 0, 1000}
			       : (struct ct_slot_text){slot, 0, 0, slot + 1, slot + 100, 1000};
	return new;
}

int ct_parse_flush(struct ct_parser *p)
{
	int err = 0;
	size_t i;

	if (p->pending_n)
		err = ct_stream_chunks(p->stream, (const struct ct_chunk *const *)p->pending,
				       p->pending_n);
	for (i = 0; i < p->pending_n; i++)
		free(p->pending[i]);
	p->pending_n = 0;
	return err;
}

/* Seals the open chunk; end= words of the text were applied to open_head. */
int ct_parse_close_chunk(struct ct_parser *p)
{
	struct ct_chunk *copy;
	struct ct_slot_text *state;

	if (!p->in_chunk)
		return 0;
	p->in_chunk = false;
	copy = malloc(sizeof(*copy));
	state = slot_state(p, p->open->chunk.slot);
	if (!copy || !state) {
		free(copy);
		return -ENOMEM;
	}
	ct_builder_seal(p->open);
	state->ticks = p->open->ticks;
	memcpy(copy, &p->open->chunk, sizeof(*copy));
	copy->state = p->open_head.state;
	if (p->open_head.records)
		copy->records = p->open_head.records - 1;
	if (p->open_head.cursor)
		copy->cursor = (p->open_head.cursor - 1) << 16 | p->open->used;
	p->pending[p->pending_n++] = copy;
	return p->pending_n == CT_STREAM_BLOCK_CHUNKS ? ct_parse_flush(p) : 0;
}

static uint64_t mono_at(const struct ct_parser *p, uint64_t ticks)
{
	uint64_t per_second = p->header.ticks_per_second;

	return per_second ? (uint64_t)((unsigned __int128)ticks * 1000000000u / per_second) : 0;
}

static int open_chunk(struct ct_parser *p, const struct ct_chunk *head)
{
	struct ct_slot_text *state = slot_state(p, head->slot);

	if (!state)
		return -ENOMEM;
	state->sequence = head->sequence + 1;
	state->process = head->process;
	state->thread = head->thread;
	state->tid = head->tid;
	p->last_slot = head->slot;
	p->open_head = *head;
	ct_builder_start(p->open, head);
	p->in_chunk = true;
	return 0;
}

/* The head a chunk of this slot has when the text says nothing. */
static int default_head(struct ct_parser *p, uint32_t slot, struct ct_chunk *head)
{
	const struct ct_slot_text *state = slot_state(p, slot);

	if (!state)
		return -ENOMEM;
	memset(head, 0, offsetof(struct ct_chunk, bytes));
	head->slot = slot;
	head->sequence = state->sequence;
	head->process = state->process;
	head->thread = state->thread;
	head->tid = state->tid;
	head->base_ticks = state->ticks;
	head->state = CT_CHUNK_SEALED;
	return 0;
}

int ct_do_chunk(struct ct_parser *p)
{
	struct ct_chunk head;
	uint64_t slot = p->last_slot;
	int err = ct_parse_close_chunk(p);

	if (!err)
		err = ct_parse_key(p, "slot", CT_MEMBER_NUMBER, &slot);
	if (!err)
		err = default_head(p, (uint32_t)slot, &head);
	if (!err)
		err = ct_parse_fill(p, ct_chunk_members, &head, false);
	if (err)
		return err;
	if (!ct_line_key(&p->line, "mono"))
		head.base_mono_ns = mono_at(p, head.base_ticks);
	return open_chunk(p, &head);
}

int ct_do_end(struct ct_parser *p)
{
	uint64_t records = UINT64_MAX, ticks = UINT64_MAX, torn = 0;
	int err = 0;

	if (!p->in_chunk)
		return ct_line_fail(&p->line, "no chunk is open", NULL);
	err = ct_parse_key(p, "records", CT_MEMBER_NUMBER, &records);
	if (!err)
		err = ct_parse_key(p, "ticks", CT_MEMBER_NUMBER, &ticks);
	if (!err)
		err = ct_parse_key(p, "torn", CT_MEMBER_NUMBER, &torn);
	if (err)
		return err;
	if (torn > CT_CHUNK_PAYLOAD || ct_builder_torn(p->open, (uint32_t)torn) < 0)
		return ct_line_fail(&p->line, "the chunk is full", NULL);
	/* one more than the value, so that 0 is "not said" */
	p->open_head.records = records == UINT64_MAX ? 0 : (uint32_t)records + 1;
	p->open_head.cursor = ticks == UINT64_MAX ? 0 : ticks - p->open->chunk.base_ticks + 1;
	return ct_parse_close_chunk(p);
}

int ct_do_block(struct ct_parser *p)
{
	int err = ct_parse_close_chunk(p);

	return err ? err : ct_parse_flush(p);
}

/* --- records --------------------------------------------------------------------------------------------------------------------- */

static int read_time(struct ct_parser *p, const char *word, struct ct_record *r)
{
	uint64_t v;

	if (!strchr("+-@", word[0]))
		return ct_line_fail(&p->line, "a time begins with +, - or @", word);
	if (!ct_parse_number(word + 1, &v))
		return ct_line_fail(&p->line, "not a time", word);
	switch (word[0]) {
	case '+': r->ticks = p->open->ticks + v; return 0;
	case '-': r->ticks = p->open->ticks - v; return 0;
	default: r->ticks = v; return 0;
	}
}

static enum ct_member_kind kind_of(enum ct_field_type type)
{
	switch (type) {
	case CT_TYPE_op: return CT_MEMBER_OP;
	case CT_TYPE_addr: return CT_MEMBER_ADDR;
	case CT_TYPE_stack: return CT_MEMBER_STACK;
	case CT_TYPE_frame: return CT_MEMBER_FRAME;
	case CT_TYPE_str: return CT_MEMBER_STRING;
	default: return CT_MEMBER_NUMBER;
	}
}

/* The word text="..." of an event that has such fields. */
static struct ct_word *text_word(struct ct_parser *p, const struct ct_record *r)
{
	char nothing[CT_TEXT_BYTES + 1];

	return ct_text_words(r, nothing) < 0 ? NULL : ct_line_key(&p->line, "text");
}

static int read_text(struct ct_parser *p, struct ct_record *r, const struct ct_word *w)
{
	char text[CT_TEXT_BYTES + 1] = {0}, *from = text;
	unsigned i, room = 0;

	for (i = 0; i < CT_FIELDS_MAX && ct_field_name(r->type, i); i++)
		room += ct_field_type(r->type, i) == CT_TYPE_text ? 8 : 0;
	if (!w->quoted || strlen(w->value) > room)
		return ct_line_fail(&p->line, "not a text that fits", w->value);
	memcpy(text, w->value, strlen(w->value));
	for (i = 0; i < CT_FIELDS_MAX && ct_field_name(r->type, i); i++) {
		if (ct_field_type(r->type, i) != CT_TYPE_text)
			continue;
		memcpy(&r->v[i], from, 8);
		from += 8;
	}
	return 0;
}

static int read_fields(struct ct_parser *p, struct ct_record *r)
{
	const char *field;
	struct ct_word *w;
	unsigned i;
	int err = 0;

	if (r->type == CT_EV_thread_name && (w = ct_line_key(&p->line, "name"))) {
		char name[17] = {0};

		if (!w->quoted || strlen(w->value) > 16)
			return ct_line_fail(&p->line, "not a name of at most 16 bytes", w->value);
		memcpy(name, w->value, strlen(w->value));
		memcpy(&r->v[CT_F_thread_name_name_lo], name, 8);
		memcpy(&r->v[CT_F_thread_name_name_hi], name + 8, 8);
	}
	if (ct_event_name(r->type) && (w = text_word(p, r)))
		err = read_text(p, r, w);
	for (i = 0; i < CT_FIELDS_MAX && !err; i++) {
		char number[8];

		snprintf(number, sizeof(number), "f%u", i);
		field = ct_event_name(r->type) ? ct_field_name(r->type, i) : number;
		if (field)
			err = ct_parse_key(p, field, kind_of(ct_field_type(r->type, i)), &r->v[i]);
	}
	return err;
}

int ct_do_record(struct ct_parser *p, unsigned type)
{
	struct ct_record r = {.type = (uint8_t)type};
	unsigned at = 1;
	struct ct_word *time = ct_line_bare(&p->line, &at), *plain = ct_line_bare(&p->line, &at);
	struct ct_slot_text *state;
	struct ct_chunk head;
	int err = 0;

	if (!p->in_chunk) {
		err = default_head(p, p->last_slot, &head);
		if (err)
			return err;
		head.base_mono_ns = mono_at(p, head.base_ticks);
		err = open_chunk(p, &head);
	}
	if (err)
		return err;
	if (!time || !time->key)
		return ct_line_fail(&p->line, "a time is missing", NULL);
	if (plain && (!plain->key || strcmp(plain->key, "plain") != 0))
		return ct_line_fail(&p->line, "unknown word", plain->key);
	r.plain = plain != NULL;
	err = read_time(p, time->key, &r);
	if (!err)
		err = read_fields(p, &r);
	if (err)
		return err;
	if (r.type == CT_EV_thread_begin && (state = slot_state(p, p->open->chunk.slot))) {
		state->thread = (uint32_t)r.v[CT_F_thread_begin_thread];
		state->tid = (uint32_t)r.v[CT_F_thread_begin_tid];
		state->process = (uint32_t)r.v[CT_F_thread_begin_process];
	}
	err = ct_builder_add(p->open, &r);
	if (err != -ENOSPC)
		return err;
	err = ct_parse_close_chunk(p);
	if (!err)
		err = default_head(p, p->last_slot, &head);
	if (err)
		return err;
	head.base_mono_ns = mono_at(p, head.base_ticks);
	err = open_chunk(p, &head);
	return err ? err : ct_builder_add(p->open, &r);
}
