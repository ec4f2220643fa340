/*
 * hook_calls.c - every wrapper that is made from its row of hooks.def: calls that wait in the kernel for a descriptor, the clock, a process.
 * They have one shape: counted exactly, recorded when long.  Nothing of one call in particular is here.
 *
 * A wrapper has another name in C than in the object, because its prototype is the row's: headers may have it variadic (open, ioctl), of
 * another type (aio_suspend64) or not at all (__read_chk).  How arguments are passed is the same.
 *
 * The stack of a long call is taken after it, when nobody waits for this thread on account of it.
 */
#include "stream.h"

/* The number that goes with a call: of a descriptor or a System V object, plus one. */
#define CT_ID(n)     ((int)(n) < 0 ? 0 : (uint64_t)(uint32_t)(n) + 1)
#define CT_STREAM(f) ct_stream_object(f)

#define RESULT_ERRNO(r)	     ct_call_result((long)(r))
#define RESULT_AS_IS(r)	     ((long)(r))
#define RESULT_LINE(r)	     ((r) ? 1 : -1)
#define RESULT_CHAR(r)	     ((r) < 0 ? -1 : 1)
#define RESULT_ERROR(r)	     (-(long)(r))
#define RESULT_POINTER(r)    ((r) ? 0 : -(long)*__errno_location())
#define RESULT_EAI(r)	     resolver_error(r)
#define RESULT_OPENED(r)     (object_ = CT_ID(r), ct_call_result((long)(r)))
#define RESULT_CHILD(r)	     child((long)(r), status)
#define RESULT_CHILD_INFO(r) child_info((long)(r), info)

/* A child that has ended, not one that was stopped or goes on. */
static long child(long r, const int *status)
{
	if (r > 0 && status && (WIFEXITED(*status) || WIFSIGNALED(*status)))
		ct_process_reaped((uint32_t)r, (uint32_t)*status);
	return ct_call_result(r);
}

static long child_info(long r, const siginfo_t *info)
{
	int status = info ? info->si_status : 0;

	if (r != 0 || !info || !info->si_pid)
		return ct_call_result(r);
	if (info->si_code == CLD_EXITED)
		ct_process_reaped((uint32_t)info->si_pid, (uint32_t)(status & 0xff) << 8);
	else if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		ct_process_reaped((uint32_t)info->si_pid,
				  (uint32_t)(status & 0x7f) |
					  (info->si_code == CLD_DUMPED ? 0x80u : 0));
	return 0;
}

/* A resolver's errors are numbers of its own; those that have no like among errno's are "no such entry". */
static long resolver_error(int r)
{
	switch (r) {
	case 0: return 0;
	case EAI_SYSTEM: return -(long)*__errno_location();
	case EAI_AGAIN: return -EAGAIN;
	case EAI_MEMORY: return -ENOMEM;
	case EAI_INTR: return -EINTR;
	case EAI_FAMILY: return -EAFNOSUPPORT;
	default: return -ENOENT;
	}
}

/*
 * Nothing of ours needs undoing when the call is left by cancellation or longjmp (capture.h).  What the row says of the result is read
 * before anything else may change errno, and errno is what the call made it: nothing here calls libc.
 */
#define CT_CALL_HOOK(symbol, missing, answer, op, object, unless, tier, wakes, ret, params, args)  \
	ret ct_hook_##symbol params __asm__(#symbol) CT_EXPORT;                                    \
	ret ct_hook_##symbol params                                                                \
	{                                                                                          \
		struct ct_call call_;                                                              \
		uint64_t object_;                                                                  \
		long answer_;                                                                      \
		ret result_;                                                                       \
                                                                                                   \
		if (unless)                                                                        \
			return ct_real.symbol args;                                                \
		object_ = (object);                                                                \
		if (ct_unlikely(!ct_call_begin(&call_, CT_OP_##op, object_, CT_SITE)))             \
			return ct_real.symbol args;                                                \
		result_ = ct_real.symbol args;                                                     \
		answer_ = RESULT_##answer(result_);                                                \
		ct_call_end(&call_, CT_OP_##op, object_, answer_);                                 \
		return result_;                                                                    \
	}
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args)                        \
	void ct_hook_##symbol params __asm__(#symbol) CT_EXPORT;                                   \
	void ct_hook_##symbol params                                                               \
	{                                                                                          \
		struct ct_call call_;                                                              \
		uint64_t object_ = (object);                                                       \
                                                                                                   \
		if (unless || ct_unlikely(!ct_call_begin(&call_, CT_OP_##op, object_, CT_SITE))) { \
			ct_real.symbol args;                                                       \
			return;                                                                    \
		}                                                                                  \
		ct_real.symbol args;                                                               \
		ct_call_end(&call_, CT_OP_##op, object_, 0);                                       \
	}
#define CT_CALL_NAME(alias, symbol)                                                                \
	__asm__(".globl " #alias "\n\t.type " #alias ", %function\n\t.set " #alias ", " #symbol);
#include <ctrace/hooks.h>
