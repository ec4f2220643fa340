/*
 * wrapped.h - which functions have wrappers: the names in the table of hooks (ctrace/hooks.def).
 */
#ifndef CT_SYMBOL_WRAPPED_H
#define CT_SYMBOL_WRAPPED_H

/*
 * ct_wrapped - the name as it stands in the table, which is for ever; NULL when there is no wrapper of that name
 * Context: tools, one thread; no allocation.
 */
const char *ct_wrapped(const char *name);

#endif
