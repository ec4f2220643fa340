/*
 * names_int.h - what the files of names.h share: names.c has frames; name_stacks.c, name_objects.c and name_threads.c the rest.
 */
#ifndef CT_VIEWS_NAMES_INT_H
#define CT_VIEWS_NAMES_INT_H

#include "symbol/symbol.h"
#include "views/analyze/names.h"

/* ct_name_module_of - number of the module a frame is in */
static inline uint32_t ct_name_module_of(uint64_t frame)
{
	return (uint32_t)(frame >> CT_FRAME_MODULE_SHIFT);
}

/*
 * ct_name_base - a path without its folders; NULL for NULL
 * Context: tools.
 */
const char *ct_name_base(const char *path);

/*
 * ct_name_symbols - the symbols of a frame's module as the files of this machine have them
 * Returns NULL when it lies in no module, or when files are not to be asked.
 * Context: tools.
 */
struct ct_sym_module *ct_name_symbols(struct ct_view *v, uint64_t frame);

/*
 * ct_name_shorten - drop of a function's name what a reader of waits does not care about
 * Context: tools.
 */
void ct_name_shorten(char *s);

/*
 * ct_name_line_text - "item_get (items.c:120)"
 * Context: tools.
 */
char *ct_name_line_text(const struct ct_name_line *l, char *buf, size_t size);

#endif
