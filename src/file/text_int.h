/*
 * text_int.h - which members of which structures the text form has, by what key; printing and parsing both go by these tables.
 */
#ifndef CT_FILE_TEXT_INT_H
#define CT_FILE_TEXT_INT_H

#include "text.h"
#include "words.h"

enum ct_member_kind {
	CT_MEMBER_NUMBER,
	CT_MEMBER_HEX, /* a number that is better read so */
	CT_MEMBER_ADDR,
	CT_MEMBER_STACK,
	CT_MEMBER_FRAME,
	CT_MEMBER_OP,
	CT_MEMBER_STRING, /* string id */
	CT_MEMBER_TEXT,	  /* characters in place */
	CT_MEMBER_BYTES	  /* hexadecimal bytes */
};

struct ct_member {
	const char *key; /* NULL ends a table */
	uint16_t offset, bytes;
	uint8_t kind;
	bool always;	   /* printed even when it has its default */
	uint64_t fallback; /* value when the line does not say */
};

extern const struct ct_member ct_header_members[], ct_process_members[], ct_module_members[],
	ct_blind_members[], ct_thread_members[], ct_node_members[], ct_slot_members[],
	ct_chunk_members[];

/*
 * ct_member_get, ct_member_set - a member that is a number
 * Context: tools; no allocation.
 */
uint64_t ct_member_get(const struct ct_member *m, const void *row);
void ct_member_set(const struct ct_member *m, void *row, uint64_t v);

#endif
