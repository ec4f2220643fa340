/*
 * traces.c - see traces.h.
 */
#include "traces.h"

#include <sys/mman.h>
#include <unistd.h>

const char *t_path(const char *name)
{
	static char names[8][512];
	static unsigned next;
	const char *dir = getenv("TMPDIR");
	char *path = names[next++ % 8];

	snprintf(path, sizeof(names[0]), "%s/%d-%s", dir ? dir : "/tmp", (int)getpid(), name);
	return path;
}

void t_make(const char *path, const char *text)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	char why[300] = "";

	assert_non_null(in);
	if (ct_text_parse(in, "test", path, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	fclose(in);
}

uint8_t *t_load(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*size = (size_t)ftell(f);
	rewind(f);
	bytes = malloc(*size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, f), *size);
	fclose(f);
	return bytes;
}

struct ct_trace *t_open(const char *path)
{
	char why[300] = "";
	struct ct_trace *t;

	if (ct_trace_open(path, &t, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return t;
}

struct ct_event *t_records(struct ct_trace *t, enum ct_order order, const struct ct_filter *filter,
			   size_t *n)
{
	size_t room = 1024;
	struct ct_event *all = malloc(room * sizeof(*all));
	const struct ct_event *e;
	struct ct_walk *w;
	int got;

	*n = 0;
	assert_int_equal(ct_walk_open(t, order, filter, &w), 0);
	while ((got = ct_walk_next(w, &e)) > 0) {
		if (*n == room) {
			room *= 2;
			all = realloc(all, room * sizeof(*all));
		}
		assert_non_null(all);
		all[(*n)++] = *e;
	}
	assert_int_equal(got, 0);
	ct_walk_close(w);
	return all;
}

uint64_t t_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void *place(struct t_arena *a, unsigned region, uint32_t type, size_t item, size_t items,
		   size_t *at)
{
	struct ct_region *r = &a->header->regions[region];
	void *where = a->bytes + *at;

	r->type = type;
	r->item_bytes = (uint32_t)item;
	r->offset = *at;
	r->items = items;
	r->used = items;
	*at += item * items;
	return where;
}

void t_arena_make(struct t_arena *a)
{
	size_t at = CT_HEADER_BYTES, i;
	uint8_t *slots;

	a->size = CT_HEADER_BYTES +
		  T_ROWS * (sizeof(struct ct_process_rec) + sizeof(struct ct_trie_node) +
			    sizeof(struct ct_module_rec)) +
		  4096 + (size_t)T_SLOTS * CT_SLOT_BYTES + (size_t)T_CHUNKS * CT_CHUNK_BYTES;
	a->fd = memfd_create("arena", MFD_CLOEXEC);
	assert_true(a->fd >= 0);
	assert_int_equal(ftruncate(a->fd, (off_t)a->size), 0);
	a->bytes = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, 0);
	assert_true(a->bytes != MAP_FAILED);
	snprintf(a->path, sizeof(a->path), "/proc/self/fd/%d", a->fd);
	a->header = (void *)a->bytes;
	a->header->magic = CT_MAGIC;
	a->header->major = CT_FORMAT_MAJOR;
	a->header->header_bytes = CT_HEADER_BYTES;
	a->header->container = CT_ARENA;
	a->header->policy = CT_POLICY_RING;
	a->header->clock = CT_CLOCK_MONOTONIC;
	a->header->ticks_per_second = 1000000000;
	a->header->end_mono_ns = 1000000;
	a->processes = place(a, 0, CT_REGION_PROCESSES, sizeof(struct ct_process_rec), T_ROWS, &at);
	a->nodes = place(a, 1, CT_REGION_NODES, sizeof(struct ct_trie_node), T_ROWS, &at);
	a->modules = place(a, 2, CT_REGION_MODULES, sizeof(struct ct_module_rec), T_ROWS, &at);
	a->strings = place(a, 3, CT_REGION_STRINGS, 1, 4096, &at);
	slots = place(a, 4, CT_REGION_SLOTS, CT_SLOT_BYTES, T_SLOTS, &at);
	a->chunks = place(a, 5, CT_REGION_CHUNKS, sizeof(struct ct_chunk), T_CHUNKS, &at);
	for (i = 0; i < T_SLOTS; i++)
		a->slot[i] = (void *)(slots + i * CT_SLOT_BYTES);
	a->processes[0].state = CT_PROC_ENDED;
	a->processes[0].pid = 100;
}

void t_arena_free(struct t_arena *a)
{
	munmap(a->bytes, a->size);
	close(a->fd);
}

void t_arena_chunk(struct t_arena *a, unsigned index, const struct ct_builder *b, uint32_t state)
{
	struct ct_builder copy = *b;

	ct_builder_seal(&copy);
	memcpy(&a->chunks[index], &copy.chunk, sizeof(copy.chunk));
	a->chunks[index].state = state;
}

void t_begin(struct ct_builder *b, uint32_t slot, uint32_t sequence, uint64_t base_ticks)
{
	struct ct_chunk head = {.slot = slot,
				.sequence = sequence,
				.thread = slot + 1,
				.tid = slot + 100,
				.base_ticks = base_ticks,
				.base_mono_ns = base_ticks};

	ct_builder_start(b, &head);
}

void t_wait(struct ct_builder *b, uint64_t ticks, uint64_t dur, uint64_t object)
{
	struct ct_record r = {.type = CT_EV_wait, .ticks = ticks};

	r.v[CT_F_wait_op] = CT_OP_mutex;
	r.v[CT_F_wait_dur] = dur;
	r.v[CT_F_wait_object] = object;
	assert_int_equal(ct_builder_add(b, &r), 0);
}

void t_thread(struct ct_builder *b, uint64_t ticks, uint32_t serial)
{
	struct ct_record r = {.type = CT_EV_thread_begin, .ticks = ticks};

	r.v[CT_F_thread_begin_thread] = serial;
	r.v[CT_F_thread_begin_tid] = serial + 99;
	assert_int_equal(ct_builder_add(b, &r), 0);
}
