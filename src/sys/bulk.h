/*
 * bulk.h - clearing kilobytes without the C library.  For tens of bytes see mem.h.
 */
#ifndef CT_SYS_BULK_H
#define CT_SYS_BULK_H

#include <stddef.h>
#include <stdint.h>

/*
 * ct_bulk_zero - clear n bytes, n a multiple of 8
 * Context: any thread, any signal; no allocation, no libc.
 */
static inline void ct_bulk_zero(void *to, size_t n)
{
#if defined(__x86_64__)
	size_t words = n / 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0) : "memory");
#else
	uint64_t *d = to;
	size_t i;

	for (i = 0; i < n / 8; i++) {
		d[i] = 0;
		__asm__ volatile("" ::: "memory");
	}
#endif
}

#endif
