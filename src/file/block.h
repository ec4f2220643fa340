/*
 * block.h - one block of a stream file: how its payload is stored and how it is known to be whole.  It reads and writes no
 * files; stream.c places blocks in one and src/read finds them there.  FORMAT.md, "Blocks", is the contract.
 */
#ifndef CT_FILE_BLOCK_H
#define CT_FILE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctrace/format.h>

/* Limits that keep a hostile block from costing more memory or time than its size deserves. */
#define CT_BLOCK_RAW_MAX (64u << 20) /* raw_bytes of any block */
#define CT_BLOCK_RATIO_MAX                                                                         \
	1024u /* raw_bytes <= 64 KiB + ratio * stored_bytes, or it is stored uncompressed */

/*
 * ct_block_head_check - is this the head of a block that can be read from `room` bytes (head included)?
 * Returns NULL, or what is wrong in a few words.
 * Context: tools; no allocation.
 */
const char *ct_block_head_check(const struct ct_block *head, uint64_t room);

/* bytes from one block's head to the next one's */
static inline uint64_t ct_block_stride(const struct ct_block *head)
{
	return sizeof(*head) + ((head->stored_bytes + 7) & ~7ull);
}

/* A compressor or decompressor with its memory, for many blocks. */
struct ct_coder;
struct ct_coder *ct_coder_new(void);
void ct_coder_free(struct ct_coder *c);

/*
 * ct_block_pack - compress a payload and fill in its head (all but type, first and the times)
 * @head:   type is read (a footer is never compressed); flags, stored_bytes, raw_bytes, checksum and magic are set
 * @stored: out: where the stored bytes are; either raw itself or memory of the coder, valid until its next use
 * Returns 0, -ENOMEM or -E2BIG (more than CT_BLOCK_RAW_MAX).
 * Context: tools.
 */
int ct_block_pack(struct ct_coder *c, struct ct_block *head, const void *raw, size_t raw_bytes,
		  const void **stored);

/*
 * ct_block_unpack - check and decompress a payload
 * @head:   passed ct_block_head_check()
 * @stored: head->stored_bytes bytes
 * @raw:    room for head->raw_bytes
 * Returns NULL, or what is wrong in a few words.
 * Context: tools.
 */
const char *ct_block_unpack(struct ct_coder *c, const struct ct_block *head, const void *stored,
			    void *raw);

/*
 * ct_block_type_name - "chunks", "processes"...; NULL for a type this version does not know
 * Context: tools; no allocation.
 */
const char *ct_block_type_name(uint32_t type);

#endif
