/*
 * export.c - the table of formats.
 */
#include "views/export/export.h"

#include <errno.h>
#include <string.h>

/*
 * What viewers take: Perfetto's UI keeps a trace in 2 to 4 GiB of a browser, at several times its size on disk; Chrome's viewer and Firefox Profiler read
 * JSON as one text, which browsers allow 256 and 512 MiB.  go tool trace of 1.22 to 1.27 keeps all events in memory, and a browser takes about a
 * million of them.  Spreadsheets take 2^20 rows; what else reads tables, and CTF, is not known to have a limit.  Bytes were measured on recorded
 * traces.
 */
static const struct ct_export_format formats[] = {
	{.name = "go",
	 .text = "Go execution trace, for go tool trace and gotraceui",
	 .viewer = "go tool trace",
	 .most_events = 3000000,
	 .well_events = 1000000,
	 .event_memory = 400,
	 .write = ct_export_go},
	{.name = "perfetto",
	 .text = "Perfetto trace, for ui.perfetto.dev and trace_processor",
	 .viewer = "ui.perfetto.dev",
	 .most_bytes = 2000000000,
	 .wait_bytes = 40,
	 .wake_bytes = 70,
	 .switch_bytes = 9,
	 .write = ct_export_perfetto},
	{.name = "chrome",
	 .text = "Chrome trace events in JSON, for what reads nothing else",
	 .text_form = true,
	 .viewer = "chrome://tracing",
	 .most_bytes = 256u << 20,
	 .wait_bytes = 200,
	 .wake_bytes = 420,
	 .write = ct_export_chrome},
	{.name = "firefox",
	 .text = "Firefox Profiler's processed profile",
	 .text_form = true,
	 .viewer = "profiler.firefox.com",
	 .most_bytes = 512u << 20,
	 .wait_bytes = 170,
	 .wake_bytes = 300,
	 .write = ct_export_firefox},
	{.name = "csv",
	 .text = "folder of tables, for spreadsheets, DuckDB, pandas",
	 .folder = true,
	 .viewer = "a spreadsheet",
	 .most_rows = 1u << 20,
	 .wait_bytes = 165,
	 .wake_bytes = 40,
	 .switch_bytes = 40,
	 .write_at = ct_export_csv},
	{.name = "sqlite",
	 .text = "the same tables in a database of SQLite",
	 .wait_bytes = 205,
	 .wake_bytes = 60,
	 .switch_bytes = 55,
	 .write_at = ct_export_sqlite},
	{.name = "ctf",
	 .text = "folder in the Common Trace Format 1.8, for babeltrace2, Trace Compass",
	 .folder = true,
	 .wait_bytes = 195,
	 .wake_bytes = 50,
	 .switch_bytes = 30,
	 .write_at = ct_export_ctf},
	{.name = NULL},
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
	int err = ct_slices_new(v, &o->choice, records, slices);

	return ct_export_chosen(o, err, sums);
}

int ct_export_chosen(const struct ct_export_options *o, int err, struct ct_export_sums *sums)
{
	if (err != -ENOENT && err != -ENODATA)
		return err;
	ct_choice_why(&o->choice, err, sums->why, sizeof(sums->why));
	return -EINVAL;
}
