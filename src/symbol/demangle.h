/*
 * demangle.h - C++ and Rust linkage names made readable.
 */
#ifndef CT_SYMBOL_DEMANGLE_H
#define CT_SYMBOL_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when @name looks like a mangled C++ (Itanium) or Rust name.
 * Context: tools.
 */
bool ct_demangle_wanted(const char *name);

/*
 * Demangles @name.  The result has at most CT_SYM_NAME_MAX bytes.  Returns a malloc'd string, or
 * NULL when @name is not mangled, is malformed, or is meant to explode.
 * Context: tools.
 */
char *ct_demangle(const char *name);

#endif
