/*
 * export.c - the table of formats.
 */
#include "views/export/export.h"

#include <errno.h>
#include <string.h>

static const struct ct_export_format formats[] = {
	{"go", "Go execution trace, for go tool trace and gotraceui", false, false, ct_export_go},
	{"perfetto", "Perfetto trace, for ui.perfetto.dev", false, true, ct_export_perfetto},
	{"chrome", "Chrome trace events in JSON, for what reads nothing else", true, true,
	 ct_export_chrome},
	{"firefox", "Firefox Profiler's processed profile", true, true, ct_export_firefox},
	{NULL, NULL, false, false, NULL},
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

int ct_export_slices(struct ct_view *v, const struct ct_export_options *o, uint64_t records,
		     struct ct_slices **slices, struct ct_export_sums *sums)
{
	int err = ct_slices_new(v, &o->slices, records, slices);

	if (err != -ENOENT)
		return err;
	snprintf(sums->why, sizeof(sums->why),
		 "nothing that threads waited for is called %.100s; ctrace locks lists names",
		 o->slices.lock);
	return -EINVAL;
}
