/*
 * export.h - a trace in the formats of other people's viewers.
 *
 * A format is a row of the table in export.c, and a function that writes to a stream what it finds in a view: the model, and the timeline of
 * model/timeline.h.  Options of one format only are in struct ct_export_options, too; a format that does not know one ignores it.
 */
#ifndef CT_VIEWS_EXPORT_H
#define CT_VIEWS_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "views/analyze/view.h"
#include "views/export/slices.h"

enum ct_export_procs { CT_PROCS_VIRTUAL, CT_PROCS_CPU };

struct ct_export_options {
	unsigned go_version; /* 22, 23, 25 or 26 */
	enum ct_export_procs procs;
	uint64_t generation_events; /* of a Go trace: for tests; 0: as is best */
	struct ct_choice_options choice;
};

/* What was written, for who asks. */
struct ct_export_sums {
	uint64_t bytes, events, threads;
	uint64_t generations; /* of a Go trace */
	uint64_t processors;  /* of a Go trace */
	char why[256];	      /* on -EPROTO and -EINVAL: one line about what is wrong */
};

struct ct_export_format {
	const char *name;
	const char *text;    /* one line for the help */
	const char *viewer;  /* what it is for, when that has a limit */
	uint64_t most_bytes; /* as much as it takes; 0: not known to have a limit */
	uint64_t most_rows;  /* of one table, likewise */
	unsigned wait_bytes, wake_bytes,
		switch_bytes;		   /* about, of a wait, one that was woken, a switch */
	uint64_t most_events, well_events; /* more than it takes, or shows well; 0: as above */
	unsigned event_memory;		   /* of the viewer, for each */
	bool text_form;			   /* fit for a terminal */
	bool folder;			   /* with write_at() */
	int (*write)(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		     struct ct_export_sums *sums);
	/* NULL, or instead of write(): into an empty file or folder that is there */
	int (*write_at)(struct ct_view *v, const struct ct_export_options *o, const char *path,
			struct ct_export_sums *sums);
};

/*
 * ct_export_formats - the table of formats, ended by a row without a name
 * ct_export_format - the one with this name, NULL when there is none
 * Context: tools.
 */
const struct ct_export_format *ct_export_formats(void);
const struct ct_export_format *ct_export_format(const char *name);

/*
 * ct_export_go - a Go execution trace, for `go tool trace` and what else reads those
 * Returns 0, a negative error of the trace or the stream; -EPROTO: a fault of ours, sums->why tells; -EINVAL: asked for what the trace does not have.
 * Context: tools.
 */
int ct_export_go(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		 struct ct_export_sums *sums);

/*
 * ct_export_perfetto - TracePackets, for ui.perfetto.dev and trace_processor
 * ct_export_chrome - trace events in JSON, for chrome://tracing, Perfetto, Firefox Profiler, speedscope
 * ct_export_firefox - a processed profile, for profiler.firefox.com
 * Returns 0, a negative error of the trace or the stream; -EINVAL: asked for what the trace does not have, sums->why tells.
 * Context: tools.
 */
int ct_export_perfetto(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		       struct ct_export_sums *sums);
int ct_export_chrome(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		     struct ct_export_sums *sums);
int ct_export_firefox(struct ct_view *v, const struct ct_export_options *o, FILE *out,
		      struct ct_export_sums *sums);

/*
 * ct_export_slices - the slices that were asked for
 * Returns as ct_slices_new() does, but -EINVAL, with sums->why, when nothing is chosen.
 * Context: tools.
 */
int ct_export_slices(struct ct_view *v, const struct ct_export_options *o, uint64_t records,
		     struct ct_slices **slices, struct ct_export_sums *sums);

/*
 * ct_export_chosen - @err, but -EINVAL, with sums->why, when it says that nothing is chosen
 * Context: tools.
 */
int ct_export_chosen(const struct ct_export_options *o, int err, struct ct_export_sums *sums);

/*
 * ct_export_csv - a folder of tables, ct_export_sqlite - a database of them: see tables.h
 * ct_export_ctf - a folder that is a trace in the Common Trace Format 1.8: see ctf_wire.h
 * @path: an empty file (sqlite) or folder (csv, ctf)
 * Returns 0, or a negative error of the trace or of what is written.
 * Context: tools.
 */
int ct_export_csv(struct ct_view *v, const struct ct_export_options *o, const char *path,
		  struct ct_export_sums *sums);
int ct_export_sqlite(struct ct_view *v, const struct ct_export_options *o, const char *path,
		     struct ct_export_sums *sums);
int ct_export_ctf(struct ct_view *v, const struct ct_export_options *o, const char *path,
		  struct ct_export_sums *sums);

#endif
