/*
 * mem.h - the few byte loops the recorder needs, without the C library.
 *
 * A compiler may turn a plain loop into a call of memcpy or memset; the empty asm in each loop
 * stops it.  These run on cold paths over tens of bytes, so they are simple and slow.
 */
#ifndef CT_SYS_MEM_H
#define CT_SYS_MEM_H

#include <stddef.h>
#include <stdint.h>

/**
 * ct_mem_copy - copy n bytes between areas that do not overlap.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline void ct_mem_copy(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	for (size_t i = 0; i < n; i++) {
		d[i] = s[i];
		__asm__ volatile("" ::: "memory");
	}
}

/**
 * ct_mem_zero - clear n bytes.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline void ct_mem_zero(void *to, size_t n)
{
	unsigned char *d = to;

	for (size_t i = 0; i < n; i++) {
		d[i] = 0;
		__asm__ volatile("" ::: "memory");
	}
}

/**
 * ct_mem_equal - 1 when n bytes are the same.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline int ct_mem_equal(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return 0;
	return 1;
}

/**
 * ct_str_length - bytes before the NUL, at most max.
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline size_t ct_str_length(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n]) {
		n++;
		__asm__ volatile("" ::: "memory");
	}
	return n;
}

/* An unaligned little-endian load; compiles to one instruction. */
struct ct_mem_u16 {
	uint16_t v;
} __attribute__((packed, may_alias));
struct ct_mem_u32 {
	uint32_t v;
} __attribute__((packed, may_alias));
struct ct_mem_u64 {
	uint64_t v;
} __attribute__((packed, may_alias));

static inline uint16_t ct_load16(const void *p)
{
	return ((const struct ct_mem_u16 *)p)->v;
}

static inline uint32_t ct_load32(const void *p)
{
	return ((const struct ct_mem_u32 *)p)->v;
}

static inline uint64_t ct_load64(const void *p)
{
	return ((const struct ct_mem_u64 *)p)->v;
}

#endif
