/*
 * hooks.h - one reading of the table of hooks, with whichever of its rows the includer has defined; the others are nothing.  No include
 * guard: it is for including many times, and takes all the definitions with it.
 */
#ifndef CT_HOOK
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)
#endif
#ifndef CT_CALL_HOOK
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)
#endif
#ifndef CT_VOID_HOOK
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args)
#endif
#ifndef CT_VIA_HOOK
#define CT_VIA_HOOK(symbol, via, op, tier, wakes, ret, params)
#endif
#ifndef CT_NAME
#define CT_NAME(alias, symbol)
#endif
#ifndef CT_CALL_NAME
#define CT_CALL_NAME(alias, symbol)
#endif
#ifndef CT_REAL
#define CT_REAL(name, symbol, version, missing, ret, params, args)
#endif
#ifndef CT_UNWRAPPED
#define CT_UNWRAPPED(names, tier, why)
#endif

/* Where there are two versions with different objects, the one that new programs get. */
#undef CT_COND_VERSION
#if defined(__x86_64__)
#define CT_COND_VERSION "GLIBC_2.3.2"
#else
#define CT_COND_VERSION 0
#endif

#include "hooks.def"

#undef CT_HOOK
#undef CT_CALL_HOOK
#undef CT_VOID_HOOK
#undef CT_VIA_HOOK
#undef CT_NAME
#undef CT_CALL_NAME
#undef CT_REAL
#undef CT_UNWRAPPED
