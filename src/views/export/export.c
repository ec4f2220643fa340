/*
 * export.c - the table of formats.
 */
#include "views/export/export.h"

#include <string.h>

static const struct ct_export_format formats[] = {
	{"go", "Go execution trace, for go tool trace and gotraceui", false, ct_export_go},
	{NULL, NULL, false, NULL},
};

const struct ct_export_format *ct_export_formats(void)
{
	return formats;
}

const struct ct_export_format *ct_export_format(const char *name)
{
	const struct ct_export_format *f;

	for (f = formats; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}
