/*
 * reader_int.h - what is behind the opaque types of <ctrace/reader.h>: a view with its names, and a timeline.
 *
 * There is no second reader here: read/ opens, model/ gives meaning, views/analyze/ names.  These files only hand out.
 */
#ifndef CT_READER_INT_H
#define CT_READER_INT_H

#include <ctrace/reader.h>

#include "model/timeline.h"
#include "views/analyze/names.h"
#include "views/analyze/view.h"

/* Strings that are made when they are first asked for, and then kept: one for each row of something. */
struct ctr_names {
	char **text; /* NULL: none was asked for yet */
	uint32_t count;
};

struct ctr_trace {
	struct ct_view v;
	char error[320];
	struct ctr_names thread_names, thread_starts, object_names, sites;
	struct ct_table frames; /* struct ctr_frame_row */
	struct ct_table builds; /* struct ctr_build_row */
	uint32_t *
		object_ops; /* of each object the operation with most time, which tells what a descriptor was */
	char **notes;
	uint32_t note_count;
	bool noted; /* they were collected */
	const struct ct_trace_loss *losses;
	size_t loss_count;
};

struct ctr_walk {
	struct ctr_trace *t;
	struct ct_timeline *timeline;
	struct ct_timeline_item item;
	bool on; /* the walk stands on an item */
};

struct ctr_frame_row {
	uint64_t frame; /* key */
	char *name;
};

struct ctr_build_row {
	uint64_t module; /* key */
	char *hex;
};

/*
 * ctr_fail - keep a line about what failed
 * Returns @code.
 */
int ctr_fail(struct ctr_trace *t, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * ctr_code - the public code of an internal error
 */
int ctr_code(int err);

/*
 * ctr_keep - the kept string of a row, made by @make when it is the first time
 * @rows: how many there can be
 * Returns "" when there is no such row or no memory.
 */
typedef char *ctr_make_fn(struct ctr_trace *t, uint32_t row, char *buf, size_t size);
const char *ctr_keep(struct ctr_trace *t, struct ctr_names *names, uint32_t rows, uint32_t row,
		     ctr_make_fn *make);

/* ctr_names_free - all of them */
void ctr_names_free(struct ctr_names *names);

/* ctr_row - the row of a serial, CTR_NONE when there is none */
uint32_t ctr_row(const struct ctr_trace *t, uint64_t serial);

/* ctr_public_reason - enum ctr_reason of a cell; CTR_REASON_UNKNOWN for CT_NONE */
enum ctr_reason ctr_public_reason(const struct ctr_trace *t, uint32_t cell);

#endif
