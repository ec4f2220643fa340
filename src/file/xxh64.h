/*
 * xxh64.h - XXH64, the checksum of a block's stored bytes.  Our own forty lines instead of one more library; the algorithm is
 * Yann Collet's, its test vectors are in tests/unit/test_file.c.  It finds damage, it does not authenticate.
 */
#ifndef CT_FILE_XXH64_H
#define CT_FILE_XXH64_H

#include <stddef.h>
#include <stdint.h>

/*
 * ct_xxh64 - checksum of bytes
 * Context: tools.
 */
uint64_t ct_xxh64(const void *bytes, size_t size, uint64_t seed);

#endif
