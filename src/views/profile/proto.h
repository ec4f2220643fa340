/*
 * proto.h - the wire form of protocol buffers: fields are appended to a buffer, a nested message is made in one of its own first.
 */
#ifndef CT_VIEWS_PROFILE_PROTO_H
#define CT_VIEWS_PROFILE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_proto {
	uint8_t *bytes;
	size_t n, room;
	bool failed; /* out of memory */
};

/*
 * ct_proto_number - a varint field; 0, which is every field's default, is left out
 * Context: tools.
 */
void ct_proto_number(struct ct_proto *b, unsigned field, uint64_t value);

/*
 * ct_proto_bytes, ct_proto_text - a field of bytes, written also when it is empty
 * Context: tools.
 */
void ct_proto_bytes(struct ct_proto *b, unsigned field, const void *bytes, size_t n);
void ct_proto_text(struct ct_proto *b, unsigned field, const char *text);

/*
 * ct_proto_message - a nested message, which is empty again afterwards
 * Context: tools.
 */
void ct_proto_message(struct ct_proto *b, unsigned field, struct ct_proto *message);

/*
 * ct_proto_packed - one more number of a packed field that is being made in a buffer of its own
 * Context: tools.
 */
void ct_proto_packed(struct ct_proto *b, uint64_t value);

/*
 * ct_proto_free - give the memory back
 * Context: tools.
 */
void ct_proto_free(struct ct_proto *b);

#endif
