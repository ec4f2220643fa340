/*
 * dump.c - see dump.h.  It goes over chunks itself instead of walking over records, because the text form shows what a walk
 * hides: empty chunks, borders of blocks, torn ends.
 */
#include "dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file/build.h"
#include "file/text.h"
#include "file/words.h"
#include "trace_int.h"

/* --- tables ------------------------------------------------------------------------------------------------------------------ */

static void dump_header(struct ct_trace *t, FILE *out)
{
	struct ct_header h = t->header;
	unsigned n = h.clock_samples < CT_CLOCK_SAMPLES ? h.clock_samples : CT_CLOCK_SAMPLES, i;

	h.finished = t->info.finished;
	h.clock_samples = 0; /* the sample lines count */
	fputs("ctrace 1\nheader", out);
	ct_text_header(out, &h);
	putc('\n', out);
	for (i = 0; i < n; i++)
		fprintf(out, "sample ticks=%" PRIu64 " mono_ns=%" PRIu64 "\n", h.samples[i].ticks,
			h.samples[i].mono_ns);
	for (i = 0; i < CT_LOSS_REASONS; i++)
		if (h.lost[i])
			fprintf(out, "lost %u count=%" PRIu64 " # %s\n", i, (uint64_t)h.lost[i],
				ct_trace_loss_name(i));
}

static void comment(const struct ct_trace *t, uint32_t id, FILE *out)
{
	const char *text = ct_trace_string(t, id);

	if (text && *text) {
		fputs(" # ", out);
		ct_text_string(out, text);
	}
	putc('\n', out);
}

static void dump_strings(const struct ct_trace *t, FILE *out)
{
	const char *blob = (const char *)t->strings.rows;
	size_t at, size;

	for (at = 0; at < t->strings.n; at += size + 1) {
		size = strlen(blob + at); /* the last one ends: check_tables() */
		if (!size)
			continue;
		fprintf(out, "string %zu ", at + 1);
		ct_text_string(out, blob + at);
		putc('\n', out);
	}
}

static void dump_tables(const struct ct_trace *t, FILE *out)
{
	const struct ct_process_rec *processes = (const void *)t->processes.rows;
	const struct ct_module_rec *modules = (const void *)t->modules.rows;
	const struct ct_trie_node *nodes = (const void *)t->nodes.rows;
	const struct ct_thread_rec *ended = (const void *)t->ended.rows;
	size_t i;

	dump_strings(t, out);
	for (i = 0; i < t->processes.n; i++) {
		if (processes[i].state == CT_PROC_FREE)
			continue;
		fprintf(out, "process %zu", i);
		ct_text_process(out, &processes[i]);
		comment(t, processes[i].exe, out);
	}
	for (i = 0; i < t->modules.n; i++) {
		if (modules[i].state != 2)
			continue;
		fprintf(out, "module %zu", i);
		ct_text_module(out, &modules[i]);
		comment(t, modules[i].path, out);
	}
	for (i = 0; i < t->blind.n; i++) {
		const struct ct_blind_rec *b =
			&((const struct ct_blind_rec *)(const void *)t->blind.rows)[i];

		if (!b->kind)
			continue;
		fprintf(out, "blind %zu", i);
		ct_text_blind(out, b);
		comment(t, b->path, out);
	}
	for (i = 0; i < t->ended.n; i++) {
		if (!ended[i].thread)
			continue;
		fprintf(out, "thread %zu", i);
		ct_text_thread(out, &ended[i]);
		putc('\n', out);
	}
	for (i = 1; i < t->nodes.n; i++) {
		if (!nodes[i].frame && !nodes[i].parent)
			continue;
		fprintf(out, "node %zu", i);
		ct_text_node(out, &nodes[i]);
		putc('\n', out);
	}
}

static void key_text(FILE *out, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(out, " %s=", key);
	ct_text_string(out, text);
}

static void dump_symbols(const struct ct_trace *t, FILE *out)
{
	size_t i, k;

	for (i = 0; i < t->symbol_rows_n; i++) {
		const struct ct_symbol_row *row = &t->symbol_rows[i];

		if (i && row[-1].frame == row->frame)
			continue;
		for (k = 0; k < row->n; k++) {
			const struct ct_trace_line *line = &t->lines[row->first + k];

			fputs("symbol ", out);
			ct_text_frame(out, row->frame);
			key_text(out, "function", line->function);
			key_text(out, "file", line->file);
			fprintf(out, " line=%u flags=%u\n", line->line, line->flags);
		}
	}
	for (i = 0; i < t->data_rows_n; i++) {
		const struct ct_symbol_row *row = &t->data_rows[i];
		const struct ct_trace_data *data = &t->data[row->first];

		if (i && row[-1].frame == row->frame)
			continue;
		fputs("data ", out);
		ct_text_frame(out, row->frame);
		key_text(out, "name", data->name);
		key_text(out, "function", data->function);
		key_text(out, "file", data->file);
		fprintf(out, " line=%u offset=%" PRIu64 "\n", data->line, data->offset);
	}
}

static void dump_slots(const struct ct_trace *t, FILE *out)
{
	struct ct_slot *slot = calloc(1, sizeof(*slot));
	size_t i;

	for (i = 0; slot && i < t->slots_n; i++) {
		const struct ct_trace_slot *s = &t->slots[i];

		memset(slot, 0, sizeof(*slot));
		slot->process = s->process;
		slot->tid = s->tid;
		slot->thread = s->thread;
		slot->parent = s->parent;
		slot->routine = s->routine;
		slot->begin_ticks = s->begin_ticks;
		memcpy(slot->name, s->name, sizeof(slot->name));
		slot->lost_total = s->lost;
		slot->waits = s->waits;
		slot->inflight.op = s->op;
		slot->inflight.object = s->object;
		slot->inflight.start_ticks = s->start_ticks;
		slot->inflight.owner = s->owner;
		slot->inflight.stack = s->stack;
		slot->inflight.site = s->site;
		slot->inflight.mutex = s->mutex;
		fprintf(out, "slot %u", s->slot);
		ct_text_slot(out, slot);
		putc('\n', out);
	}
	free(slot);
}

/* --- chunks ------------------------------------------------------------------------------------------------------------------- */

static void dump_chunk(struct ct_trace *t, uint32_t index, FILE *out)
{
	const struct ct_trace_chunk *c = &t->chunks[index];
	struct ct_chunk head = {.slot = c->slot,
				.sequence = c->sequence,
				.process = c->process,
				.thread = c->thread,
				.tid = c->tid,
				.lost = c->lost,
				.base_ticks = c->base_ticks,
				.base_mono_ns = c->base_mono_ns,
				.epoch = c->epoch,
				.state = c->state};
	uint8_t bytes[CT_CHUNK_PAYLOAD];
	enum ct_decode_result result;
	struct ct_decoder d;
	struct ct_record r;
	uint32_t used, records = 0;

	fputs("chunk", out);
	ct_text_chunk(out, &head);
	putc('\n', out);
	if (!ct_chunk_fetch(t, index, bytes, &used)) {
		fputs("# its records cannot be read\n", out);
		return;
	}
	ct_decoder_start(&d, bytes, used, c->base_ticks);
	while ((result = ct_decode(&d, &r)) == CT_DECODE_OK || result == CT_DECODE_UNKNOWN) {
		ct_text_record(out, &r);
		records++;
	}
	if (result == CT_DECODE_DAMAGED)
		fprintf(out, "# no record begins at byte %td\n", d.p - d.start);
	if (records == c->records && d.ticks == c->last_ticks && d.p == d.end)
		return;
	fputs("end", out);
	if (records != c->records)
		fprintf(out, " records=%u", c->records);
	if (d.ticks != c->last_ticks)
		fprintf(out, " ticks=%" PRIu64, c->last_ticks);
	if (d.p != d.end)
		fprintf(out, " torn=%td", d.end - d.p);
	putc('\n', out);
}

static uint32_t next_sequence(const struct ct_trace *t, uint32_t slot)
{
	size_t i;

	for (i = 0; i < t->runs_n; i++)
		if (t->runs[i].slot == slot)
			return t->chunks[t->order[t->runs[i].first + t->runs[i].n - 1]].sequence +
			       1;
	return 0;
}

/* Totals that are still in their slots, a chunk for each slot. */
static int dump_totals(struct ct_trace *t, FILE *out)
{
	struct ct_filter filter = CT_FILTER_NONE;
	const struct ct_event *e;
	uint32_t slot = UINT32_MAX;
	struct ct_walk *w;
	int err;

	if (!t->totals_n)
		return 0;
	filter.from_ticks = t->info.last_ticks; /* nothing else needs to be read */
	filter.events = 1ull << CT_EV_tally | 1ull << CT_EV_opstat | 1ull << CT_EV_ophist;
	err = ct_walk_open(t, CT_ORDER_CHUNK, &filter, &w);
	if (err)
		return err;
	while ((err = ct_walk_next(w, &e)) > 0) {
		if (!(e->flags & CT_RECORD_SYNTHETIC))
			continue;
		if (e->slot != slot) {
			struct ct_chunk head = {.slot = e->slot,
						.process = e->process,
						.thread = e->thread,
						.tid = e->tid,
						.sequence = next_sequence(t, e->slot),
						.base_ticks = e->r.ticks,
						.state = CT_CHUNK_SEALED};

			head.base_mono_ns = ct_trace_ns(t, e->r.ticks);
			fputs("chunk", out);
			ct_text_chunk(out, &head);
			putc('\n', out);
			slot = e->slot;
		}
		ct_text_record(out, &e->r);
	}
	ct_walk_close(w);
	return err;
}

int ct_trace_dump(struct ct_trace *t, FILE *out)
{
	size_t i;
	int err;

	dump_header(t, out);
	dump_tables(t, out);
	dump_symbols(t, out);
	dump_slots(t, out);
	for (i = 0; i < t->chunks_n; i++) {
		if (i && (t->chunks[i].arena != t->chunks[i - 1].arena ||
			  (!t->chunks[i].arena && t->chunks[i].offset != t->chunks[i - 1].offset)))
			fputs("block\n", out);
		dump_chunk(t, (uint32_t)i, out);
	}
	err = dump_totals(t, out);
	return err ? err : ferror(out) ? -EIO : 0;
}

/* --- records only -------------------------------------------------------------------------------------------------------------- */

static void json_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putc('"', out);
	for (; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			fprintf(out, "\\u%04x",
				*p); /* a thread's name may be cut inside a character */
		else
			putc(*p, out);
	}
	putc('"', out);
}

static void json_value(FILE *out, enum ct_field_type type, uint64_t v)
{
	if (type == CT_TYPE_op && ct_op_name(v))
		fprintf(out, "\"%s\"", ct_op_name(v));
	else if (type == CT_TYPE_s)
		fprintf(out, "%" PRId64, (int64_t)v);
	else if (type == CT_TYPE_addr || type == CT_TYPE_frame)
		fprintf(out, "\"0x%" PRIx64 "\"", v); /* beyond what a JSON number holds exactly */
	else
		fprintf(out, "%" PRIu64, v);
}

static void json_record(struct ct_trace *t, const struct ct_event *e, FILE *out)
{
	const char *name = ct_event_name(e->r.type), *field;
	char text[17], words[CT_TEXT_BYTES + 1];
	unsigned i;

	fprintf(out, "{\"ns\":%" PRIu64 ",\"ticks\":%" PRIu64 ",\"slot\":%u,\"process\":%u,",
		ct_trace_ns(t, e->r.ticks), e->r.ticks, e->slot, e->process);
	fprintf(out, "\"thread\":%u,\"tid\":%u,\"event\":\"", e->thread, e->tid);
	if (name)
		fputs(name, out);
	else
		fprintf(out, "event%u", e->r.type);
	putc('"', out);
	if (e->flags & CT_RECORD_SYNTHETIC)
		fputs(",\"synthetic\":true", out);
	if (e->flags & CT_RECORD_LATE)
		fputs(",\"late\":true", out);
	fputs(",\"fields\":{", out);
	if (e->r.type == CT_EV_thread_name) {
		ct_text_thread_name(&e->r, text);
		fprintf(out, "\"thread\":%" PRIu64 ",\"name\":", e->r.v[CT_F_thread_name_thread]);
		json_string(out, text);
	}
	for (i = 0; e->r.type != CT_EV_thread_name && (field = ct_field_name(e->r.type, i)); i++) {
		if (ct_field_type(e->r.type, i) == CT_TYPE_text) {
			ct_text_words(&e->r, words);
			fputs(",\"text\":", out);
			json_string(out, words);
			break;
		}
		fprintf(out, "%s\"%s\":", i ? "," : "", field);
		json_value(out, ct_field_type(e->r.type, i), e->r.v[i]);
	}
	fputs("}}\n", out);
}

int ct_trace_dump_records(struct ct_trace *t, const struct ct_filter *filter, bool json, FILE *out)
{
	const struct ct_event *e;
	struct ct_walk *w;
	int err = ct_walk_open(t, CT_ORDER_TIME, filter, &w);

	if (err)
		return err;
	ct_walk_unknown(w, true);
	while ((err = ct_walk_next(w, &e)) > 0 && !ferror(out)) {
		if (json) {
			json_record(t, e, out);
			continue;
		}
		fprintf(out, "# slot=%u process=%u thread=%u tid=%u ns=%" PRIu64 "%s%s\n", e->slot,
			e->process, e->thread, e->tid, ct_trace_ns(t, e->r.ticks),
			e->flags & CT_RECORD_SYNTHETIC ? " synthetic" : "",
			e->flags & CT_RECORD_LATE ? " late" : "");
		ct_text_record(out, &e->r);
	}
	ct_walk_close(w);
	return err < 0 ? err : ferror(out) ? -EIO : 0;
}
