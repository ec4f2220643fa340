/*
 * wrapped.c - see wrapped.h.
 */
#include "wrapped.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *names[] = {
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args) symbol,
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
#symbol,
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args) #symbol,
#define CT_VIA_HOOK(symbol, via, op, tier, wakes, ret, params)		    #symbol,
#define CT_NAME(alias, symbol)						    #alias,
#define CT_CALL_NAME(alias, symbol)					    #alias,
#include <ctrace/hooks.h>
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *ct_wrapped(const char *name)
{
	static bool is_sorted;
	const char **row;

	if (!is_sorted)
		qsort(names, NAMES, sizeof(names[0]), by_name);
	is_sorted = true;
	row = bsearch(&name, names, NAMES, sizeof(names[0]), by_name);
	return row ? *row : NULL;
}
