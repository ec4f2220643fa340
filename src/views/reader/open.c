/*
 * open.c - opening a trace for <ctrace/reader.h>, and facts about all of it.
 */
#include "reader_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ctrace/version.h>

#include "file/err.h"
#include "symbol/symbol.h"

unsigned ctr_api_version(void)
{
	return CTR_API_VERSION;
}

const char *ctr_version(void)
{
	return CTRACE_VERSION;
}

int ctr_code(int err)
{
	switch (-err) {
	case 0: return 0;
	case ENOMEM: return CTR_ERR_MEMORY;
	case CT_ERR_FOREIGN: return CTR_ERR_FOREIGN;
	case CT_ERR_NEWER: return CTR_ERR_NEWER;
	default: errno = -err < CT_ERR_FIRST ? -err : EIO; return CTR_ERR_FILE;
	}
}

int ctr_fail(struct ctr_trace *t, int code, const char *format, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	vsnprintf(t->error, sizeof(t->error), format, ap);
	va_end(ap);
	errno = saved;
	return code;
}

const char *ctr_error(const struct ctr_trace *t)
{
	return t->error;
}

static int refuse(int code, char *why, size_t why_size, const char *text)
{
	if (why && why_size)
		snprintf(why, why_size, "%s", text);
	return code;
}

/* Half a nanosecond more, so that it is not one less when it is a whole number again. */
static double seconds(uint64_t ns)
{
	return ns ? ((double)ns + 0.5) * 1e-9 : 0;
}

int ctr_open(const char *path, const struct ctr_options *options, struct ctr_trace **out, char *why,
	     size_t why_size)
{
	struct ct_view_options o = {0};
	struct ctr_options given = CTR_OPTIONS_INIT;
	struct ctr_trace *t;
	char text[512] = "";
	int err;

	if (!path || !out)
		return refuse(CTR_ERR_ARGUMENT, why, why_size, "ctr_open: no path or no place");
	*out = NULL;
	/* what a later version of the struct has behind ours is not for us */
	if (options)
		memcpy(&given, options,
		       options->size < sizeof(given) ? options->size : sizeof(given));
	if (given.flags & ~CTR_OPEN_NO_FILES)
		return refuse(CTR_ERR_ARGUMENT, why, why_size,
			      "ctr_open: a flag this library does not have");
	if (given.to_ns && given.to_ns < given.from_ns)
		return refuse(CTR_ERR_ARGUMENT, why, why_size,
			      "ctr_open: the time ends before it begins");
	o.from_s = seconds(given.from_ns);
	o.to_s = seconds(given.to_ns);
	t = calloc(1, sizeof(*t));
	if (!t || ct_table_init(&t->frames, sizeof(struct ctr_frame_row), 8) < 0 ||
	    ct_table_init(&t->builds, sizeof(struct ctr_build_row), 8) < 0) {
		ctr_close(t);
		return refuse(CTR_ERR_MEMORY, why, why_size, "ctr_open: out of memory");
	}
	err = ct_view_open(&t->v, path, &o, NULL, text, sizeof(text));
	if (!err)
		err = ct_trace_losses_by_thread(t->v.trace, &t->losses, &t->loss_count);
	if (err) {
		if (!text[0])
			snprintf(text, sizeof(text), "%s: %s", path, ct_err_text(err));
		ctr_close(t);
		return refuse(ctr_code(err), why, why_size, text);
	}
	if (given.flags & CTR_OPEN_NO_FILES) {
		ct_symbols_free(t->v.symbols);
		t->v.symbols = NULL;
	}
	*out = t;
	return 0;
}

void ctr_close(struct ctr_trace *t)
{
	uint32_t i;

	if (!t)
		return;
	for (i = 0; i < t->frames.count; i++)
		free(((struct ctr_frame_row *)ct_table_row(&t->frames, i))->name);
	for (i = 0; i < t->builds.count; i++)
		free(((struct ctr_build_row *)ct_table_row(&t->builds, i))->hex);
	for (i = 0; i < t->note_count; i++)
		free(t->notes[i]);
	free(t->notes);
	ct_table_free(&t->frames);
	ct_table_free(&t->builds);
	ctr_names_free(&t->thread_names);
	ctr_names_free(&t->thread_starts);
	ctr_names_free(&t->object_names);
	ctr_names_free(&t->sites);
	free(t->object_ops);
	if (t->v.model)
		ct_view_close(&t->v, true);
	free(t);
}

/* --- strings that are kept ----------------------------------------------------------------------------------------------- */

const char *ctr_keep(struct ctr_trace *t, struct ctr_names *names, uint32_t rows, uint32_t row,
		     ctr_make_fn *make)
{
	char buf[CT_NAME_MAX * 2];

	if (row >= rows)
		return "";
	if (!names->text) {
		names->text = calloc(rows, sizeof(*names->text));
		if (!names->text)
			return "";
		names->count = rows;
	}
	if (!names->text[row]) {
		buf[0] = 0;
		names->text[row] = strdup(make(t, row, buf, sizeof(buf)));
	}
	return names->text[row] ? names->text[row] : "";
}

void ctr_names_free(struct ctr_names *names)
{
	uint32_t i;

	for (i = 0; i < names->count; i++)
		free(names->text[i]);
	free(names->text);
}

/* --- the trace ----------------------------------------------------------------------------------------------------------- */

uint64_t ctr_start_mono_ns(const struct ctr_trace *t)
{
	return t->v.start_ns;
}

uint64_t ctr_start_real_ns(const struct ctr_trace *t)
{
	return ct_trace_realtime_ns(t->v.trace, t->v.start_ns);
}

uint64_t ctr_from_ns(const struct ctr_trace *t)
{
	return ct_view_when(&t->v, ct_view_from(&t->v));
}

uint64_t ctr_to_ns(const struct ctr_trace *t)
{
	return ct_view_when(&t->v, ct_view_to(&t->v));
}

bool ctr_live(const struct ctr_trace *t)
{
	return ct_trace_info(t->v.trace)->live;
}

bool ctr_complete(const struct ctr_trace *t)
{
	return ct_trace_info(t->v.trace)->finished;
}

bool ctr_switches(const struct ctr_trace *t)
{
	return ct_turns_any(&t->v.model->turns);
}

uint64_t ctr_short_wait_ns(const struct ctr_trace *t)
{
	return ct_trace_header(t->v.trace)->wait_threshold_ns;
}

uint64_t ctr_short_call_ns(const struct ctr_trace *t)
{
	return ct_trace_header(t->v.trace)->call_threshold_ns;
}
