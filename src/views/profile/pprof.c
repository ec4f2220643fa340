/*
 * pprof.c - profile.proto, gzipped, as `go tool pprof`, Pyroscope, Parca, speedscope and Perfetto read it.
 *
 * Sample types are Go's of a mutex profile and Google's of contention: contentions/count and delay/nanoseconds; pprof's
 * -contentions and -mean_delay look for these names.  Labels are lock, kind, reason, thread and holder.
 *
 * Addresses in a trace are those of the ELF file.  Each module gets a mapping at an address of its own, so that none is in two; programs that
 * are linked to a fixed address keep it.  Frames have their functions and lines, inlined ones too; where none of a module is known its mapping
 * says so, and pprof looks for symbols itself, by the build-id.
 */
#include "views/profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "views/analyze/names.h"
#include "views/write/wire.h"

/* Fields of profile.proto. */
enum {
	SAMPLE_TYPE = 1,
	SAMPLE = 2,
	MAPPING = 3,
	LOCATION = 4,
	FUNCTION = 5,
	STRING = 6,
	TIME_NANOS = 9,
	DURATION_NANOS = 10,
	PERIOD_TYPE = 11,
	PERIOD = 12,
	COMMENT = 13,
	DEFAULT_SAMPLE_TYPE = 14
};

#define FIXED_LOW    0x10000u /* a program linked to an address has none below it */
#define MODULE_SHIFT 40

/* A location: a frame, or a leaf's text. */
struct location {
	uint64_t frame; /* key; LEAF + enum ct_leaf: no frame */
	uint64_t lines; /* of them a function is known */
};
#define LEAF 0xfffe000000000000ull
#define CUT  (LEAF + CT_LEAVES)

struct module {
	uint64_t id; /* key: in the frame */
	uint64_t highest;
	uint64_t named; /* frames with a function */
};

struct function {
	uint64_t name_file; /* key: strings */
};

struct writer {
	struct ct_profile *p;
	FILE *out;
	z_stream z;
	struct ct_strings strings;
	struct ct_table locations, modules, functions;
	struct ct_wire top;
	bool failed;
};

/* --- gzip --------------------------------------------------------------------------------------------------------------------- */

static void deflate_some(struct writer *w, int flush)
{
	uint8_t chunk[16384] = {0};

	w->z.next_in = w->top.p;
	w->z.avail_in = (unsigned)w->top.n;
	do {
		w->z.next_out = chunk;
		w->z.avail_out = sizeof(chunk);
		if (deflate(&w->z, flush) == Z_STREAM_ERROR)
			w->failed = true;
		fwrite(chunk, 1, sizeof(chunk) - w->z.avail_out, w->out);
	} while (!w->z.avail_out && !w->failed);
	w->failed |= w->top.failed;
	w->top.n = 0;
}

/* The end of a message; what is ready is written now and then. */
static void close_message(struct writer *w, size_t opened)
{
	ct_wire_close(&w->top, opened);
	if (w->top.n > 1u << 16)
		deflate_some(w, Z_NO_FLUSH);
}

/* --- what samples refer to ---------------------------------------------------------------------------------------------------- */

static uint32_t string(struct writer *w, const char *text)
{
	return ct_strings_put(&w->strings, text);
}

/* Number of a location, from 1. */
static uint64_t location(struct writer *w, uint64_t frame)
{
	return ct_table_put(&w->locations, &frame) + 1u;
}

static void write_value_type(struct writer *w, unsigned field, const char *type, const char *unit)
{
	size_t m = ct_wire_open(&w->top, field);

	ct_wire_nonzero(&w->top, 1, string(w, type));
	ct_wire_nonzero(&w->top, 2, string(w, unit));
	close_message(w, m);
}

static void add_label(struct writer *w, const char *key, const char *value)
{
	size_t m;

	if (!value || !*value)
		return;
	m = ct_wire_open(&w->top, 3);
	ct_wire_nonzero(&w->top, 1, string(w, key));
	ct_wire_nonzero(&w->top, 2, string(w, value));
	ct_wire_close(&w->top, m);
}

static void write_sample(struct writer *w, const struct ct_sample *s)
{
	struct ct_profile *p = w->p;
	uint64_t frame[CT_TRACE_STACK_MAX];
	size_t n = ct_trace_stack(p->v->trace, s->stack, frame, CT_TRACE_STACK_MAX), i;
	bool cut = n && frame[n - 1] >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED;
	size_t m = ct_wire_open(&w->top, SAMPLE), packed = ct_wire_open(&w->top, 1);

	if (s->leaf)
		ct_wire_varint(&w->top, location(w, LEAF + s->leaf));
	for (i = 0; i < n - cut; i++)
		ct_wire_varint(&w->top, location(w, frame[i]));
	if (s->root)
		ct_wire_varint(&w->top, location(w, s->root));
	if (cut)
		ct_wire_varint(&w->top, location(w, CUT));
	ct_wire_close(&w->top, packed);
	packed = ct_wire_open(&w->top, 2);
	ct_wire_varint(&w->top, s->count);
	ct_wire_varint(&w->top, ct_view_ns(p->v, s->total));
	ct_wire_close(&w->top, packed);
	add_label(w, "lock", ct_profile_lock(p, s));
	add_label(w, "kind", s->kind ? ct_kind_name((enum ct_kind)s->kind) : NULL);
	add_label(w, "reason", s->why ? ct_why_name((enum ct_why)(s->why - 1)) : NULL);
	add_label(w, "thread", ct_strings_at(&p->names, s->thread));
	add_label(w, "holder", ct_strings_at(&p->names, s->holder));
	close_message(w, m);
}

/* --- locations, functions, mappings -------------------------------------------------------------------------------------------- */

static uint64_t base_of(const struct ct_module_rec *rec, uint64_t id)
{
	return rec->vaddr_lo < FIXED_LOW ? id << MODULE_SHIFT : 0;
}

static void add_line(struct writer *w, const char *function, const char *file, uint32_t line)
{
	uint64_t key = (uint64_t)string(w, function) << 32 | string(w, file);
	size_t m = ct_wire_open(&w->top, 4);

	ct_wire_nonzero(&w->top, 1, ct_table_put(&w->functions, &key) + 1u);
	ct_wire_nonzero(&w->top, 2, line);
	ct_wire_close(&w->top, m);
}

/* Number of the frame's mapping, from 1; 0 for one that lies in no module. */
static uint64_t mapping(struct writer *w, uint64_t frame, bool named)
{
	uint64_t id = frame >> CT_FRAME_MODULE_SHIFT;
	struct module *m;
	uint32_t row;

	if (!ct_trace_module(w->p->v->trace, frame))
		return 0;
	row = ct_table_put(&w->modules, &id);
	m = ct_table_row(&w->modules, row);
	if ((frame & CT_FRAME_OFFSET) > m->highest)
		m->highest = frame & CT_FRAME_OFFSET;
	m->named += named;
	return row + 1u;
}

static void write_location(struct writer *w, uint32_t i)
{
	struct ct_view *v = w->p->v;
	uint64_t frame = ((struct location *)ct_table_row(&w->locations, i))->frame, to;
	const struct ct_module_rec *rec;
	const struct ct_name_line *l;
	char name[CT_NAME_MAX];
	size_t n, k, m = ct_wire_open(&w->top, LOCATION);

	ct_wire_nonzero(&w->top, 1, i + 1u);
	if (frame >= LEAF && frame <= CUT) {
		add_line(w, frame == CUT ? "[cut]" : ct_leaf_text((enum ct_leaf)(frame - LEAF)),
			 NULL, 0);
		close_message(w, m);
		return;
	}
	n = ct_name_lines(v, frame, &l);
	to = mapping(w, frame, n && l[0].function);
	rec = to ? ct_trace_module(v->trace, frame) : NULL;
	ct_wire_nonzero(&w->top, 2, to);
	ct_wire_nonzero(&w->top, 3,
			(frame & CT_FRAME_OFFSET) +
				(rec ? base_of(rec, frame >> CT_FRAME_MODULE_SHIFT) : 0));
	for (k = 0; k < n; k++)
		add_line(w, l[k].function ? l[k].function : "??", l[k].file, l[k].line);
	if (!n)
		add_line(w, ct_name_module(v, frame, name, sizeof(name)), NULL, 0);
	close_message(w, m);
}

static void write_function(struct writer *w, uint32_t i)
{
	uint64_t key = ((struct function *)ct_table_row(&w->functions, i))->name_file;
	size_t m = ct_wire_open(&w->top, FUNCTION);

	ct_wire_nonzero(&w->top, 1, i + 1u);
	ct_wire_nonzero(&w->top, 2, key >> 32);
	ct_wire_nonzero(&w->top, 3, key >> 32);
	ct_wire_nonzero(&w->top, 4, key & UINT32_MAX);
	close_message(w, m);
}

static void write_mapping(struct writer *w, uint32_t i)
{
	const struct module *m = ct_table_row(&w->modules, i);
	struct ct_trace *t = w->p->v->trace;
	const struct ct_module_rec *rec = ct_trace_module(t, m->id << CT_FRAME_MODULE_SHIFT);
	uint64_t base = base_of(rec, m->id), hi = rec->vaddr_hi;
	size_t n = rec->build_id_len < sizeof(rec->build_id) ? rec->build_id_len
							     : sizeof(rec->build_id),
	       k, opened = ct_wire_open(&w->top, MAPPING);
	char hex[2 * sizeof(rec->build_id) + 1] = "";

	for (k = 0; k < n; k++)
		snprintf(hex + 2 * k, 3, "%02x", rec->build_id[k]);
	if (hi <= m->highest || hi > CT_FRAME_OFFSET)
		hi = m->highest + 1;
	ct_wire_nonzero(&w->top, 1, i + 1u);
	ct_wire_nonzero(&w->top, 2, base + (base ? 0 : rec->vaddr_lo & ~0xfffull));
	ct_wire_nonzero(&w->top, 3, base + ((hi + 0xfff) & ~0xfffull));
	ct_wire_nonzero(&w->top, 5, string(w, ct_trace_string(t, rec->path)));
	ct_wire_nonzero(&w->top, 6, string(w, hex));
	if (m->named)
		for (k = 7; k <= 10; k++)
			ct_wire_nonzero(&w->top, (unsigned)k, 1);
	close_message(w, opened);
}

/* The first mapping is to be the program's own. */
static void put_program_first(struct writer *w)
{
	struct ct_trace *t = w->p->v->trace;
	const struct ct_process_rec *processes;
	const struct ct_module_rec *rows;
	size_t n = ct_trace_modules(t, &rows), i;
	const char *exe =
		ct_trace_processes(t, &processes) ? ct_trace_string(t, processes[0].exe) : NULL;

	for (i = 1; exe && i < n; i++) {
		const char *path = ct_trace_string(t, rows[i].path);
		uint64_t id = i;

		if (path && !strcmp(path, exe) && ct_trace_module(t, id << CT_FRAME_MODULE_SHIFT)) {
			ct_table_put(&w->modules, &id);
			return;
		}
	}
}

static void write_all(struct writer *w)
{
	struct ct_profile *p = w->p;
	struct ct_trace *t = p->v->trace;
	uint64_t from = ct_trace_ns(t, ct_view_from(p->v)), to = ct_trace_ns(t, ct_view_to(p->v));
	uint32_t i;

	write_value_type(w, SAMPLE_TYPE, "contentions", "count");
	write_value_type(w, SAMPLE_TYPE, "delay", "nanoseconds");
	for (i = 0; i < p->samples.count; i++)
		write_sample(w, ct_profile_sample(p, i));
	put_program_first(w);
	for (i = 0; i < w->locations.count; i++)
		write_location(w, i);
	for (i = 0; i < w->functions.count; i++)
		write_function(w, i);
	for (i = 0; i < w->modules.count; i++)
		write_mapping(w, i);
	ct_wire_nonzero(&w->top, TIME_NANOS, ct_trace_realtime_ns(t, from));
	ct_wire_nonzero(&w->top, DURATION_NANOS, to - from);
	write_value_type(w, PERIOD_TYPE, "contentions", "count");
	ct_wire_nonzero(&w->top, PERIOD, 1);
	ct_wire_nonzero(&w->top, DEFAULT_SAMPLE_TYPE, string(w, "delay"));
	for (i = 0; i < p->comments; i++)
		ct_wire_nonzero(&w->top, COMMENT, string(w, p->comment[i]));
	/* last, when all are known; the first one is "" */
	ct_wire_text(&w->top, STRING, "");
	for (i = 1; i < w->strings.count; i++) {
		ct_wire_text(&w->top, STRING, ct_strings_at(&w->strings, i));
		if (w->top.n > 1u << 16)
			deflate_some(w, Z_NO_FLUSH);
	}
	deflate_some(w, Z_FINISH);
}

int ct_profile_pprof(struct ct_profile *p, FILE *out)
{
	struct writer w = {.p = p, .out = out};
	int err = -ENOMEM;

	/* 15 bits of window, and 16 for a gzip head; it has no time in it, so that equal profiles are equal files */
	if (deflateInit2(&w.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return -ENOMEM;
	if (ct_table_init(&w.locations, sizeof(struct location), 8) == 0 &&
	    ct_table_init(&w.modules, sizeof(struct module), 8) == 0 &&
	    ct_table_init(&w.functions, sizeof(struct function), 8) == 0) {
		write_all(&w);
		err = w.failed || w.locations.failed || w.modules.failed || w.functions.failed ||
				      w.strings.failed || p->names.failed
			      ? -ENOMEM
			      : 0;
	}
	deflateEnd(&w.z);
	ct_table_free(&w.locations);
	ct_table_free(&w.modules);
	ct_table_free(&w.functions);
	ct_strings_free(&w.strings);
	ct_wire_free(&w.top);
	return err;
}
