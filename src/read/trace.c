/*
 * trace.c - opens a trace of any kind and hands out what it holds, except records (walk.c) and time (ticks.c).
 *
 * The order of opening matters while somebody writes: first the arena's chunks, then the stream (a chunk that is drained in
 * between is then seen twice, never not at all), last the tables (so that they have everything the chunks name).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace_int.h"

#define TABLE_BYTES_MAX (1ull << 30)
#define HOLE_BYTES_MAX	(64ull << 20) /* what damaged blocks may leave empty in one table */

/* --- small things the other files use --------------------------------------------------------------------------------------- */

void ct_trace_note(struct ct_trace *t, bool arena, uint64_t offset, uint64_t bytes, const char *fmt,
		   ...)
{
	struct ct_trace_damage *d;
	va_list args;

	if (!t->damage)
		t->damage = calloc(CT_TRACE_DAMAGE_MAX, sizeof(*t->damage));
	if (!t->damage || t->damage_n == CT_TRACE_DAMAGE_MAX) {
		t->damage_more++;
		return;
	}
	d = &t->damage[t->damage_n++];
	d->offset = offset;
	d->bytes = bytes;
	d->arena = arena;
	va_start(args, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, args);
	va_end(args);
}

/* Room for one more item; NULL when out of memory, and then the old items are still there. */
void *ct_trace_grow(void *items, size_t n, size_t *room, size_t item_bytes)
{
	size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (n < *room)
		return items;
	grown = realloc(items, more * item_bytes);
	if (grown)
		*room = more;
	return grown;
}

/* Puts rows at their index; rows nobody gave are zero.  Returns NULL or what is wrong. */
const char *ct_table_place(struct ct_table *table, uint64_t first, const void *rows, size_t bytes)
{
	size_t item = table->item_bytes, n = bytes / item;
	uint64_t end = first + n;

	if (bytes % item)
		return "rows of an unknown size";
	if (end < first || end > TABLE_BYTES_MAX / item)
		return "rows beyond all bounds";
	if (first > table->n) {
		table->hole_bytes += (first - table->n) * item;
		if (table->hole_bytes > HOLE_BYTES_MAX)
			return "rows too far behind those before";
	}
	if (end > table->room) {
		size_t room = (size_t)end + (size_t)end / 2;
		uint8_t *grown = realloc(table->rows, room * item + 8);

		if (!grown)
			return "out of memory";
		table->rows = grown;
		table->room = room;
	}
	if (first > table->n)
		memset(table->rows + table->n * item, 0, (first - table->n) * item);
	if (bytes)
		memcpy(table->rows + first * item, rows, bytes);
	if (end > table->n)
		table->n = (size_t)end;
	return NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------------------ */

/* A relative arena path counts from the folder of the stream. */
static char *arena_name(const struct ct_trace *t)
{
	const char *slash = strrchr(t->path, '/');
	char *name;
	int n;

	if (t->header.arena_path[0] == '/' || !slash)
		return strdup(t->header.arena_path);
	n = asprintf(&name, "%.*s/%s", (int)(slash - t->path), t->path, t->header.arena_path);
	return n < 0 ? NULL : name;
}

/* The arena of a stream that is not finished; it may be gone, and that is damage but no error. */
static int open_arena(struct ct_trace *t)
{
	char why[256];
	int err;

	if (t->header.container == CT_ARENA) {
		t->arena = t->file;
		t->arena_header = t->header;
		t->has_arena = true;
		return 0;
	}
	if (t->header.finished || !t->header.arena_path[0] || t->file.fd < 0)
		return 0;
	t->arena_name = arena_name(t);
	if (!t->arena_name)
		return -ENOMEM;
	err = ct_source_open(&t->arena, t->arena_name);
	if (!err)
		err = ct_header_read(&t->arena, t->arena_name, &t->arena_header, why, sizeof(why));
	if (!err && (t->arena_header.container != CT_ARENA ||
		     memcmp(t->arena_header.trace_id, t->header.trace_id, 16) != 0))
		err = -CT_ERR_FOREIGN;
	if (err) {
		ct_trace_note(t, true, 0, 0,
			      "the arena %.80s is not there: what was not drained is missing",
			      t->arena_name);
		ct_source_close(&t->arena);
		return 0;
	}
	t->has_arena = true;
	t->info.arena_path = t->arena_name;
	return 0;
}

/* Counters of stream and arena are written by different processes; neither is ever too high. */
static void merge_headers(struct ct_trace *t)
{
	unsigned i;

	for (i = 0; i < CT_LOSS_REASONS; i++) {
		t->lost[i] = t->header.lost[i];
		if (t->has_arena && t->arena_header.lost[i] > t->lost[i])
			t->lost[i] = t->arena_header.lost[i];
	}
	if (t->has_arena && !t->header.end_mono_ns)
		t->header.end_mono_ns = t->arena_header.end_mono_ns;
}

/* Rows that were being written when we looked, and parents that would send a reader in circles. */
static void check_tables(struct ct_trace *t)
{
	struct ct_process_rec *processes = (void *)t->processes.rows;
	struct ct_module_rec *modules = (void *)t->modules.rows;
	struct ct_trie_node *nodes = (void *)t->nodes.rows;
	uint64_t wrong = 0;
	size_t first = 0, i;

	for (i = 0; i < t->processes.n; i++)
		if (processes[i].state != CT_PROC_LIVE && processes[i].state != CT_PROC_ENDED)
			processes[i].state = CT_PROC_FREE;
	for (i = 0; i < t->modules.n; i++)
		if (modules[i].state != 2 || modules[i].build_id_len > sizeof(modules[i].build_id))
			modules[i].state = 0;
	for (i = 0; i < t->nodes.n; i++) {
		if (nodes[i].parent < i || (i == 0 && nodes[i].parent == 0))
			continue;
		if (!wrong++)
			first = i;
		nodes[i].frame = 0;
		nodes[i].parent = 0;
	}
	if (wrong)
		ct_trace_note(t, t->has_arena, 0, wrong * sizeof(*nodes),
			      "%" PRIu64
			      " stack nodes have a parent that is not before them, first %zu",
			      wrong, first);
	if (t->strings.n)
		t->strings.rows[t->strings.n] =
			0; /* there is room: see ct_table_place(), read_table() */
}

static void find_span(struct ct_trace *t)
{
	uint64_t first = UINT64_MAX, last = 0, start;
	size_t i;

	for (i = 0; i < t->chunks_n; i++) {
		if (t->chunks[i].base_ticks < first)
			first = t->chunks[i].base_ticks;
		if (t->chunks[i].last_ticks > last)
			last = t->chunks[i].last_ticks;
	}
	start = ct_trace_ticks(t, t->header.start_mono_ns);
	if (t->header.start_mono_ns && start < first)
		first = start;
	if (first == UINT64_MAX)
		first = 0;
	if (t->header.end_mono_ns && ct_trace_ticks(t, t->header.end_mono_ns) > last)
		last = ct_trace_ticks(t, t->header.end_mono_ns);
	if (t->info.live) {
		struct timespec now;
		uint64_t ticks;

		clock_gettime(CLOCK_MONOTONIC, &now);
		ticks = ct_trace_ticks(t,
				       (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
		if (ticks > last)
			last = ticks;
	}
	t->info.first_ticks = first;
	t->info.last_ticks = last > first ? last : first;
}

static int load(struct ct_trace *t)
{
	int err = open_arena(t);

	merge_headers(t);
	if (!err && t->has_arena)
		err = ct_arena_ended(t);
	if (!err && t->has_arena)
		err = ct_arena_chunks(t);
	if (!err && t->has_arena)
		err = ct_arena_slots(t);
	if (!err && t->has_arena)
		err = ct_arena_tables(t);
	if (!err && t->header.container == CT_STREAM)
		err = ct_blocks_scan(t);
	if (err)
		return err;
	check_tables(t);
	t->info.live = ct_arena_live(t);
	err = ct_chunks_arrange(t);
	if (!err)
		err = ct_trace_names_build(t);
	if (!err)
		err = ct_clock_build(t);
	if (!err)
		find_span(t);
	return err;
}

static int open_source(struct ct_trace *t, struct ct_trace **out, char *why, size_t why_size)
{
	int err;

	t->arena.fd = -1;
	t->processes.item_bytes = sizeof(struct ct_process_rec);
	t->modules.item_bytes = sizeof(struct ct_module_rec);
	t->blind.item_bytes = sizeof(struct ct_blind_rec);
	t->ended.item_bytes = sizeof(struct ct_thread_rec);
	t->nodes.item_bytes = sizeof(struct ct_trie_node);
	t->strings.item_bytes = 1;
	err = ct_header_read(&t->file, t->path, &t->header, why, why_size);
	if (err)
		goto fail;
	t->info.path = t->path;
	t->info.container = t->header.container;
	t->info.file_bytes = t->file.size;
	t->coder = ct_coder_new();
	err = t->coder ? load(t) : -ENOMEM;
	if (err) {
		if (why_size)
			snprintf(why, why_size, "%s: %s", t->path, ct_err_text(err));
		goto fail;
	}
	*out = t;
	return 0;
fail:
	ct_trace_close(t);
	return err;
}

int ct_trace_open(const char *path, struct ct_trace **out, char *why, size_t why_size)
{
	struct ct_trace *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	*out = NULL;
	if (!t)
		goto fail;
	t->arena.fd = t->file.fd = -1;
	t->path = strdup(path);
	if (!t->path)
		goto fail;
	err = ct_source_open(&t->file, path);
	if (!err)
		return open_source(t, out, why, why_size);
fail:
	if (why_size)
		snprintf(why, why_size, "%s: %s", path,
			 err == -EINVAL ? "not a regular file" : ct_err_text(err));
	ct_trace_close(t);
	return err;
}

int ct_trace_open_memory(const void *bytes, size_t size, struct ct_trace **out, char *why,
			 size_t why_size)
{
	struct ct_trace *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t)
		t->path = strdup("<memory>");
	if (!t || !t->path) {
		free(t);
		return -ENOMEM;
	}
	ct_source_memory(&t->file, bytes, size);
	return open_source(t, out, why, why_size);
}

void ct_trace_close(struct ct_trace *t)
{
	if (!t)
		return;
	ct_trace_names_free(t);
	ct_chunks_free(t);
	if (t->arena.fd != t->file.fd)
		ct_source_close(&t->arena);
	ct_source_close(&t->file);
	ct_coder_free(t->coder);
	free(t->processes.rows);
	free(t->modules.rows);
	free(t->blind.rows);
	free(t->ended.rows);
	ct_losses_free(t);
	free(t->nodes.rows);
	free(t->strings.rows);
	free(t->slots);
	free(t->totals);
	free(t->blocks);
	free(t->index);
	free(t->stored);
	free(t->clock);
	free(t->damage);
	free(t->arena_name);
	free(t->path);
	free(t);
}

/* --- handing out ---------------------------------------------------------------------------------------------------------------- */

const struct ct_trace_info *ct_trace_info(const struct ct_trace *t)
{
	return &t->info;
}

const struct ct_header *ct_trace_header(const struct ct_trace *t)
{
	return &t->header;
}

size_t ct_trace_processes(const struct ct_trace *t, const struct ct_process_rec **rows)
{
	*rows = (const void *)t->processes.rows;
	return t->processes.n;
}

size_t ct_trace_modules(const struct ct_trace *t, const struct ct_module_rec **rows)
{
	*rows = (const void *)t->modules.rows;
	return t->modules.n;
}

size_t ct_trace_ended(const struct ct_trace *t, const struct ct_thread_rec **rows)
{
	*rows = (const void *)t->ended.rows;
	return t->ended.n;
}

size_t ct_trace_blind(const struct ct_trace *t, const struct ct_blind_rec **rows)
{
	*rows = (const void *)t->blind.rows;
	return t->blind.n;
}

const struct ct_module_rec *ct_trace_module(const struct ct_trace *t, uint64_t frame)
{
	uint64_t id = frame >> CT_FRAME_MODULE_SHIFT;
	const struct ct_module_rec *rows = (const void *)t->modules.rows;

	if (id == 0 || id == CT_MODULE_TRUNCATED || id >= t->modules.n || rows[id].state != 2)
		return NULL;
	return &rows[id];
}

const char *ct_trace_string(const struct ct_trace *t, uint32_t id)
{
	if (id == 0 || id > t->strings.n)
		return NULL;
	return (const char *)t->strings.rows + id - 1;
}

size_t ct_trace_nodes(const struct ct_trace *t, const struct ct_trie_node **nodes)
{
	*nodes = (const void *)t->nodes.rows;
	return t->nodes.n;
}

size_t ct_trace_stack(const struct ct_trace *t, uint32_t id, uint64_t *frames, size_t room)
{
	const struct ct_trie_node *nodes = (const void *)t->nodes.rows;
	size_t n = 0;

	while (id && id < t->nodes.n && n < room) {
		if (nodes[id].frame == 0 && nodes[id].parent == 0)
			break;
		frames[n++] = nodes[id].frame;
		id = nodes[id].parent; /* smaller: checked when the trace was opened */
	}
	return n;
}

size_t ct_trace_slots(const struct ct_trace *t, const struct ct_trace_slot **rows)
{
	*rows = t->slots;
	return t->slots_n;
}

size_t ct_trace_damage(const struct ct_trace *t, const struct ct_trace_damage **rows,
		       uint64_t *more)
{
	*rows = t->damage;
	if (more)
		*more = t->damage_more;
	return t->damage_n;
}

size_t ct_trace_chunks(const struct ct_trace *t, const struct ct_trace_chunk **rows)
{
	*rows = t->chunks;
	return t->chunks_n;
}

uint64_t ct_trace_unknown_events(const struct ct_trace *t)
{
	return t->unknown_events;
}

/* --- losses ----------------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
} losses[CT_LOSS_REASONS] = {
	[CT_LOSS_NO_CHUNK] = {"no_chunk", "no free chunk: written faster than drained"},
	[CT_LOSS_NO_SLOT] = {"no_slot", "more threads at once than slots"},
	[CT_LOSS_OVERWRITTEN] = {"overwritten", "overwritten by newer ones in the ring"},
	[CT_LOSS_NESTED] = {"nested", "signal handlers interrupted the recorder too deeply"},
	[CT_LOSS_DICT_FULL] = {"dict_full", "recorded without a stack: the stack table is full"},
	[CT_LOSS_TORN] = {"torn", "begun but not completed when the thread died"},
	[CT_LOSS_DAMAGED] = {"damaged", "in parts of the file that cannot be read (at least)"},
	[CT_LOSS_DISK] = {"disk", "drained, but the disk refused them"},
	[CT_LOSS_NO_CLOCK] = {"no_clock", "not recorded once forbidden to read the clock"},
};

const uint64_t *ct_trace_losses(const struct ct_trace *t)
{
	return t->lost;
}

const char *ct_trace_loss_name(unsigned reason)
{
	return reason < CT_LOSS_REASONS && losses[reason].name ? losses[reason].name : "unknown";
}

const char *ct_trace_loss_text(unsigned reason)
{
	return reason < CT_LOSS_REASONS && losses[reason].text ? losses[reason].text
							       : "for an unknown reason";
}
