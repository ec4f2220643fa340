/*
 * hook_stdio.c - the calls of stdio with a variable number of arguments.  Each goes on to what stands behind its v-form, which does the
 * same in glibc; all other calls of stdio are rows of hooks.def.
 */
#include "stream.h"

#define VIA(op, object, last, real_call, answer)                                                   \
	do {                                                                                       \
		struct ct_call call_;                                                              \
		uint64_t object_ = (object);                                                       \
		bool recorded_ = ct_call_begin(&call_, (op), object_, CT_SITE);                    \
		va_list args;                                                                      \
		int r_;                                                                            \
		va_start(args, last);                                                              \
		r_ = real_call;                                                                    \
		va_end(args);                                                                      \
		if (ct_likely(recorded_))                                                          \
			ct_call_end(&call_, (op), object_, (answer));                              \
		return r_;                                                                         \
	} while (0)

/* The end of the input leaves errno as it was, so a reader's EOF stays what it is. */
#define WRITE(object, last, real_call)                                                             \
	VIA(CT_OP_stdio_write, object, last, real_call, ct_call_result(r_))
#define READ(object, last, real_call) VIA(CT_OP_stdio_read, object, last, real_call, r_)

/* Fortified entry points; headers declare them only where they are used. */
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *f, int flag, const char *format, ...);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int ct_hook_scanf(const char *format, ...) __asm__("scanf") CT_EXPORT;
int ct_hook_fscanf(FILE *f, const char *format, ...) __asm__("fscanf") CT_EXPORT;
int ct_hook_isoc99_scanf(const char *format, ...) __asm__("__isoc99_scanf") CT_EXPORT;
int ct_hook_isoc99_fscanf(FILE *f, const char *format, ...) __asm__("__isoc99_fscanf") CT_EXPORT;

CT_EXPORT int printf(const char *format, ...)
{
	WRITE(ct_stream_object(ct_stdout()), format, ct_real.vprintf(format, args));
}

CT_EXPORT int fprintf(FILE *f, const char *format, ...)
{
	WRITE(ct_stream_object(f), format, ct_real.vfprintf(f, format, args));
}

CT_EXPORT int dprintf(int fd, const char *format, ...)
{
	WRITE((uint64_t)(uint32_t)fd + 1, format, ct_real.vdprintf(fd, format, args));
}

CT_EXPORT int __printf_chk(int flag, const char *format, ...)
{
	WRITE(ct_stream_object(ct_stdout()), format, ct_real.__vprintf_chk(flag, format, args));
}

CT_EXPORT int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
	WRITE(ct_stream_object(f), format, ct_real.__vfprintf_chk(f, flag, format, args));
}

CT_EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	WRITE((uint64_t)(uint32_t)fd + 1, format, ct_real.__vdprintf_chk(fd, flag, format, args));
}

/* Headers give the plain names to the C99 functions; the plain ones are those of old programs. */
int ct_hook_scanf(const char *format, ...)
{
	READ(ct_stream_object(ct_stdin()), format, ct_real.vscanf(format, args));
}

int ct_hook_fscanf(FILE *f, const char *format, ...)
{
	READ(ct_stream_object(f), format, ct_real.vfscanf(f, format, args));
}

int ct_hook_isoc99_scanf(const char *format, ...)
{
	READ(ct_stream_object(ct_stdin()), format, ct_real.__isoc99_vscanf(format, args));
}

int ct_hook_isoc99_fscanf(FILE *f, const char *format, ...)
{
	READ(ct_stream_object(f), format, ct_real.__isoc99_vfscanf(f, format, args));
}
