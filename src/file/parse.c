/*
 * parse.c - makes a stream file of the text form (text.h says what that is).
 *
 * Chunks go to the file as soon as their block ends; tables are kept and written behind them, as they are in a file that
 * ctrace-run finished.  What no writer would make (another major version, a damaged block) is made by writing over
 * the finished file at the very end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "parse_int.h"

/* --- header and the rest ---------------------------------------------------------------------------------------------------------- */

static int do_ctrace(struct ct_parser *p)
{
	uint64_t version;
	int err = ct_parse_index(p, &version);

	if (!err && version != 1)
		return ct_line_fail(&p->line, "text form of another version", NULL);
	p->begun = true;
	return err;
}

static int do_header(struct ct_parser *p)
{
	return ct_parse_fill(p, ct_header_members, &p->header, false);
}

static int do_sample(struct ct_parser *p)
{
	uint32_t at = p->header.clock_samples;
	uint64_t ticks = 0, mono_ns = 0;
	int err = ct_parse_key(p, "ticks", CT_MEMBER_NUMBER, &ticks);

	if (!err)
		err = ct_parse_key(p, "mono_ns", CT_MEMBER_NUMBER, &mono_ns);
	if (at >= CT_CLOCK_SAMPLES)
		return ct_line_fail(&p->line, "too many samples", NULL);
	p->header.samples[at] = (struct ct_clock_sample){ticks, mono_ns};
	p->header.clock_samples = at + 1;
	return err;
}

static int do_lost(struct ct_parser *p)
{
	uint64_t reason, count = 0;
	int err = ct_parse_index(p, &reason);

	if (!err)
		err = ct_parse_key(p, "count", CT_MEMBER_NUMBER, &count);
	if (!err && reason >= CT_LOSS_REASONS)
		return ct_line_fail(&p->line, "no such reason", p->line.word[1].key);
	if (!err)
		p->header.lost[reason] = count;
	return err;
}

static int do_break(struct ct_parser *p)
{
	struct ct_word *w = p->line.words > 1 ? &p->line.word[1] : NULL;
	struct ct_break_at *new;
	int err;

	if (!w || !w->key)
		return ct_line_fail(&p->line, "what to break is missing", NULL);
	w->used = true;
	if (!strcmp(w->key, "footer")) {
		p->break_footer = true;
		return 0;
	}
	if (!strcmp(w->key, "end"))
		return ct_parse_key(p, "bytes", CT_MEMBER_NUMBER, &p->cut_bytes);
	if (strcmp(w->key, "payload") != 0 && strcmp(w->key, "head") != 0)
		return ct_line_fail(&p->line, "cannot break this", w->key);
	err = ct_parse_close_chunk(p);
	new = ct_rows_at(&p->breaks, p->breaks.n);
	if (err || !new)
		return err ? err : -ENOMEM;
	new->offset = ct_stream_stats(p->stream).file_bytes;
	new->kind = w->key[0] == 'p' ? CT_BREAK_PAYLOAD : CT_BREAK_HEAD;
	return ct_parse_flush(p);
}

static const struct {
	const char *word;
	int (*run)(struct ct_parser *p);
} statements[] = {
	{"header", do_header},	    {"sample", do_sample},    {"lost", do_lost},
	{"process", ct_do_process}, {"module", ct_do_module}, {"string", ct_do_string},
	{"node", ct_do_node},	    {"stack", ct_do_stack},   {"symbol", ct_do_symbol},
	{"data", ct_do_data},	    {"slot", ct_do_slot},     {"chunk", ct_do_chunk},
	{"blind", ct_do_blind},	    {"end", ct_do_end},	      {"block", ct_do_block},
	{"break", do_break},	    {"thread", ct_do_thread},
};

static unsigned event_number(const char *word)
{
	unsigned type = ct_event_find(word);
	uint64_t v;

	if (!type && !strncmp(word, "event", 5) && ct_parse_number(word + 5, &v) && v < CT_EV_LIMIT)
		type = (unsigned)v;
	return type;
}

static int do_line(struct ct_parser *p)
{
	const char *word = p->line.word[0].key;
	unsigned type, i;
	int err;

	if (!word || p->line.word[0].value)
		return ct_line_fail(&p->line, "the line begins with no known word", word);
	if (!strcmp(word, "ctrace")) {
		err = do_ctrace(p);
		goto out;
	}
	if (!p->begun)
		return ct_line_fail(&p->line, "the first line must be: ctrace 1", NULL);
	type = event_number(word);
	/* "lost" is both: a counter of the header before the first chunk, a record where a time follows */
	if (type == CT_EV_lost && p->line.words > 1 && p->line.word[1].key &&
	    !strchr("+-@", p->line.word[1].key[0]))
		type = 0;
	if (type) {
		err = ct_do_record(p, type);
		goto out;
	}
	for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (!strcmp(word, statements[i].word)) {
			err = statements[i].run(p);
			goto out;
		}
	}
	return ct_line_fail(&p->line, "unknown word", word);
out:
	return err ? err : ct_line_all_used(&p->line);
}

static int write_tables(struct ct_parser *p)
{
	const struct {
		enum ct_block_type type;
		const struct ct_rows *rows;
	} tables[] = {{CT_BLOCK_PROCESSES, &p->processes}, {CT_BLOCK_NODES, &p->nodes},
		      {CT_BLOCK_MODULES, &p->modules},	   {CT_BLOCK_STRINGS, &p->strings},
		      {CT_BLOCK_SLOTS, &p->slots},	   {CT_BLOCK_BLIND, &p->blind},
		      {CT_BLOCK_THREADS, &p->threads}};
	const void *symbols;
	size_t size, i;
	int err = 0;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++)
		err = ct_stream_rows(p->stream, tables[i].type, 0, tables[i].rows->bytes,
				     tables[i].rows->n * tables[i].rows->item);
	if (!err)
		err = ct_symbols_payload(p->symbols, &symbols, &size);
	if (!err && size)
		err = ct_stream_rows(p->stream, CT_BLOCK_SYMBOLS, 0, symbols, size);
	return err;
}

/* --- what no writer makes ------------------------------------------------------------------------------------------------------------ */

static int flip(int fd, uint64_t offset)
{
	uint8_t byte;

	if (pread(fd, &byte, 1, (off_t)offset) != 1)
		return -EIO;
	byte ^= 0x55;
	return pwrite(fd, &byte, 1, (off_t)offset) == 1 ? 0 : -EIO;
}

static int apply_breaks(struct ct_parser *p)
{
	const struct ct_break_at *breaks = (const void *)p->breaks.bytes;
	int fd = ct_stream_fd(p->stream), err = 0;
	uint64_t end = ct_stream_stats(p->stream).file_bytes;
	size_t i;

	/* major to features */
	if (pwrite(fd, (const char *)&p->header + 8, 16, 8) != 16)
		err = -EIO;
	if (!err && p->break_footer &&
	    pwrite(fd, &p->header.finished, 4, offsetof(struct ct_header, finished)) != 4)
		err = -EIO;
	for (i = 0; i < p->breaks.n && !err; i++)
		err = flip(fd, breaks[i].offset + (breaks[i].kind == CT_BREAK_PAYLOAD
							   ? sizeof(struct ct_block)
							   : 0));
	if (!err && p->cut_bytes && ftruncate(fd, (off_t)(end - p->cut_bytes % (end + 1))) < 0)
		err = -errno;
	return err;
}

static int finish(struct ct_parser *p)
{
	int err = ct_do_block(p);

	if (!err)
		err = write_tables(p);
	if (!err && p->header.finished && !p->break_footer)
		err = ct_stream_finish(p->stream, &p->header);
	else if (!err)
		err = ct_stream_header(p->stream, &p->header);
	return err ? err : apply_breaks(p);
}

/* --- beginning and end --------------------------------------------------------------------------------------------------------------- */

static int start(struct ct_parser *p, const char *path)
{
	const struct ct_member *m;

	p->processes.item = sizeof(struct ct_process_rec);
	p->modules.item = sizeof(struct ct_module_rec);
	p->nodes.item = sizeof(struct ct_trie_node);
	p->slots.item = sizeof(struct ct_slot);
	p->blind.item = sizeof(struct ct_blind_rec);
	p->threads.item = sizeof(struct ct_thread_rec);
	p->strings.item = 1;
	p->stacks.item = p->objects.item = sizeof(struct ct_named);
	p->states.item = sizeof(struct ct_slot_text);
	p->breaks.item = sizeof(struct ct_break_at);
	for (m = ct_header_members; m->key; m++)
		if (m->fallback)
			ct_member_set(m, &p->header, m->fallback);
	p->header.header_bytes = CT_HEADER_BYTES;
	p->symbols = ct_symbols_builder_new();
	p->open = malloc(sizeof(*p->open));
	p->pending = calloc(CT_STREAM_BLOCK_CHUNKS, sizeof(struct ct_chunk *));
	if (!p->symbols || !p->open || !p->pending)
		return -ENOMEM;
	return ct_stream_create(path, &p->header, &p->stream);
}

static void end(struct ct_parser *p)
{
	struct ct_named *stacks = (void *)p->stacks.bytes, *objects = (void *)p->objects.bytes;
	size_t i;

	for (i = 0; i < p->stacks.n; i++)
		free(stacks[i].name);
	for (i = 0; i < p->objects.n; i++)
		free(objects[i].name);
	for (i = 0; i < p->pending_n; i++)
		free(p->pending[i]);
	free(p->pending);
	free(p->processes.bytes);
	free(p->modules.bytes);
	free(p->nodes.bytes);
	free(p->strings.bytes);
	free(p->slots.bytes);
	free(p->blind.bytes);
	free(p->threads.bytes);
	free(p->stacks.bytes);
	free(p->objects.bytes);
	free(p->states.bytes);
	free(p->breaks.bytes);
	free(p->open);
	ct_symbols_builder_free(p->symbols);
	ct_stream_close(p->stream);
	free(p->line.text);
	free(p);
}

int ct_text_parse(FILE *in, const char *in_name, const char *path, char *why, size_t why_size)
{
	struct ct_parser *p = calloc(1, sizeof(*p));
	int err = -ENOMEM;

	if (!p)
		return err;
	err = start(p, path);
	if (err) {
		if (why_size)
			snprintf(why, why_size, "%s: %s", path, ct_err_text(err));
		goto out;
	}
	while ((err = ct_line_read(&p->line, in)) > 0 && (err = do_line(p)) == 0)
		;
	if (!err && !p->begun)
		err = ct_line_fail(&p->line, "the first line must be: ctrace 1", NULL);
	if (!err)
		err = finish(p);
	if (err && why_size && p->line.wrong)
		snprintf(why, why_size, "%s:%u: %s%s%s", in_name, p->line.number, p->line.wrong,
			 p->line.wrong_word[0] ? ": " : "", p->line.wrong_word);
	else if (err && why_size)
		snprintf(why, why_size, "%s: %s", path, ct_err_text(err));
out:
	end(p);
	return err;
}
