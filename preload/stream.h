/*
 * stream.h - will this stdio call enter the kernel, or wait for another thread?
 *
 * Most do neither: the stream's buffer has what is asked for, or room for what is given.  That is two loads of fields which glibc's own
 * inline getc_unlocked() reads too, so their place is fixed for good; a wrong answer would cost a clock reading or a wait that is not
 * seen, never the program's result.  Only fields of a stream the caller passes to libc anyway are looked at.
 */
#ifndef CT_PRELOAD_STREAM_H
#define CT_PRELOAD_STREAM_H

#include "wrap.h"

/* Nobody is in it, and it is glibc's.  The lock behind the pointer begins with its futex word since glibc has threads of its own. */
static inline bool ct_stream_is_free(const FILE *f)
{
	if (ct_unlikely(!ct_loaded.is_glibc))
		return false;
	return !f->_lock || __atomic_load_n((const int *)f->_lock, __ATOMIC_RELAXED) == 0;
}

static inline bool ct_stream_has(const FILE *f, size_t size, size_t n)
{
	size_t bytes;

	return !__builtin_mul_overflow(size, n, &bytes) &&
	       f->_IO_read_end - f->_IO_read_ptr >= (ptrdiff_t)bytes && ct_stream_is_free(f);
}

/* An unbuffered stream, and one that writes at the end of a line, show no room. */
static inline bool ct_stream_takes(const FILE *f, size_t size, size_t n)
{
	size_t bytes;

	return !__builtin_mul_overflow(size, n, &bytes) &&
	       f->_IO_write_end - f->_IO_write_ptr >= (ptrdiff_t)bytes && ct_stream_is_free(f);
}

/* n: with the NUL, as fgets has it */
static inline bool ct_stream_has_line(const FILE *f, int n, int delim)
{
	ptrdiff_t i, there = f->_IO_read_end - f->_IO_read_ptr;

	if (!ct_stream_is_free(f))
		return false;
	if (there >= (ptrdiff_t)n - 1)
		return true;
	for (i = 0; i < there; i++)
		if (f->_IO_read_ptr[i] == (char)delim)
			return true;
	return false;
}

static inline bool ct_stream_takes_text(const FILE *f, const char *s)
{
	ptrdiff_t i, room = f->_IO_write_end - f->_IO_write_ptr;

	for (i = 0; i < room && s[i]; i++)
		;
	return i < room && ct_stream_is_free(f);
}

/* The object of a call on a stream: its descriptor; a stream in memory has none. */
static inline uint64_t ct_stream_object(const FILE *f)
{
	return f && f->_fileno >= 0 ? (uint64_t)f->_fileno + 1 : 0;
}

static inline const FILE *ct_stdin(void)
{
	return ct_loaded.std_in ? *ct_loaded.std_in : 0;
}

static inline const FILE *ct_stdout(void)
{
	return ct_loaded.std_out ? *ct_loaded.std_out : 0;
}

#endif
