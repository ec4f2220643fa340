/*
 * stream.c - see stream.h.
 *
 * One block is one pwrite() at `end`, which only moves after it succeeded whole.  Everything the index needs is counted while a
 * chunk passes by, by decoding it: that costs the drainer some 30 ns a record and saves every later reader a pass.
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode.h"
#include "place.h"
#include "stream_int.h"

/* --- the file -------------------------------------------------------------------------------------------------------------- */

static int write_at(int fd, const void *bytes, size_t size, uint64_t offset)
{
	const uint8_t *p = bytes;

	while (size) {
		ssize_t n = pwrite(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* A new inode beside the path, then renamed over it: nobody else's file or link target is ever written. */
static int open_replacing(const char *path, int *out)
{
	char temp[4096];
	int fd, n;

	n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temp))
		return -ENAMETOOLONG;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (rename(temp, path) < 0) {
		int err = -errno;

		unlink(temp);
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static int open_output(const char *path, int *out)
{
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (!S_ISCHR(st.st_mode))
			return -EINVAL;
		*out = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return *out < 0 ? -errno : 0;
	}
	/* stat() saw what the name leads to, rename() would take the name itself away: from everybody, when it is /dev/stdout */
	if (ct_place_is_descriptor(path))
		return -EINVAL;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		*out = fd;
		return 0;
	}
	return errno == EEXIST ? open_replacing(path, out) : -errno;
}

struct ct_stream *ct_stream_new(void)
{
	struct ct_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fd = -1;
	s->coder = ct_coder_new();
	s->raw = malloc((size_t)CT_STREAM_BLOCK_CHUNKS * CT_CHUNK_BYTES);
	if (s->coder && s->raw)
		return s;
	ct_stream_close(s);
	return NULL;
}

static void fill_header(struct ct_stream *s, const struct ct_header *header, bool finished)
{
	s->header = *header;
	s->header.magic = CT_MAGIC;
	s->header.major = CT_FORMAT_MAJOR;
	s->header.minor = CT_FORMAT_MINOR;
	s->header.header_bytes = CT_HEADER_BYTES;
	s->header.container = CT_STREAM;
	s->header.finished = finished;
	s->header.file_bytes = 0;
	memset(s->header.regions, 0, sizeof(s->header.regions));
	s->header.ask = 0;
	memset(s->header.ask_name, 0, sizeof(s->header.ask_name));
	if (finished)
		memset(s->header.arena_path, 0, sizeof(s->header.arena_path));
}

int ct_stream_create(const char *path, const struct ct_header *header, struct ct_stream **out)
{
	struct ct_stream *s = ct_stream_new();
	int err;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	err = open_output(path, &s->fd);
	if (err)
		goto fail;
	fill_header(s, header, false);
	err = write_at(s->fd, &s->header, sizeof(s->header), 0);
	if (err) {
		struct stat st;

		if (fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode))
			unlink(path);
		goto fail;
	}
	s->end = sizeof(s->header);
	*out = s;
	return 0;
fail:
	ct_stream_close(s);
	return err;
}

void ct_stream_close(struct ct_stream *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	ct_coder_free(s->coder);
	free(s->raw);
	free(s->out);
	free(s->index);
	free(s);
}

/* Through memory where the filesystem cannot do it by itself. */
static int copy_through(int from, int to, uint64_t offset, uint64_t end)
{
	const size_t room = 1u << 18;
	uint8_t *bytes = malloc(room);
	int err = bytes ? 0 : -ENOMEM;

	while (!err && offset < end) {
		ssize_t n = pread(from, bytes, end - offset < room ? end - offset : room,
				  (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		err = n > 0 ? write_at(to, bytes, (size_t)n, offset) : n < 0 ? -errno : -EIO;
		offset += n > 0 ? (uint64_t)n : 0;
	}
	free(bytes);
	return err;
}

int ct_stream_branch(struct ct_stream *s, int fd)
{
	loff_t from = 0, to = 0;
	struct stat st;
	ssize_t n = 1;
	int err;

	if (fstat(s->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	while (n > 0 && (uint64_t)to < s->end)
		n = copy_file_range(s->fd, &from, fd, &to, s->end - (uint64_t)to, 0);
	err = (uint64_t)to < s->end ? copy_through(s->fd, fd, (uint64_t)to, s->end) : 0;
	if (err)
		return err;
	close(s->fd);
	s->fd = fd;
	return 0;
}

int ct_stream_fd(const struct ct_stream *s)
{
	return s->fd;
}

struct ct_stream_stats ct_stream_stats(const struct ct_stream *s)
{
	struct ct_stream_stats stats = s->stats;

	stats.file_bytes = s->end;
	return stats;
}

/* --- blocks ----------------------------------------------------------------------------------------------------------------- */

/* Head and payload go out in one pwrite(), so a kill in between leaves at most one torn block at the end. */
static int append(struct ct_stream *s, struct ct_block *head, const void *raw, size_t raw_bytes)
{
	const void *stored;
	size_t total;
	int err;

	err = ct_block_pack(s->coder, head, raw, raw_bytes, &stored);
	if (err)
		return err;
	total = ct_block_stride(head);
	if (total > s->out_room) {
		uint8_t *out = realloc(s->out, total);

		if (!out)
			return -ENOMEM;
		s->out = out;
		s->out_room = total;
	}
	memset(s->out + total - 8, 0, 8);
	memcpy(s->out, head, sizeof(*head));
	if (head->stored_bytes)
		memcpy(s->out + sizeof(*head), stored, head->stored_bytes);
	err = write_at(s->fd, s->out, total, s->end);
	if (err) {
		s->torn = ftruncate(s->fd, (off_t)s->end) < 0;
		return err;
	}
	s->end += total;
	s->torn = false;
	s->stats.blocks++;
	return 0;
}

static void count_record(struct ct_index_row *row, const struct ct_record *r)
{
	row->records++;
	if (r->ticks < row->min_ticks)
		row->min_ticks = r->ticks;
	if (r->ticks > row->max_ticks)
		row->max_ticks = r->ticks;
	if (r->type == CT_EV_wait) {
		row->waits++;
		row->wait_ticks += r->v[CT_F_wait_dur];
	}
}

void ct_stream_count(struct ct_index_row *row, const struct ct_chunk *head, const uint8_t *bytes,
		     size_t used)
{
	struct ct_decoder d;
	struct ct_record r;
	enum ct_decode_result result;

	if (head->base_ticks < row->min_ticks)
		row->min_ticks = head->base_ticks;
	if (head->base_ticks > row->max_ticks)
		row->max_ticks = head->base_ticks;
	ct_decoder_start(&d, bytes, used, head->base_ticks);
	d.skip = ~(1ull << CT_EV_wait);
	while ((result = ct_decode(&d, &r)) != CT_DECODE_END && result != CT_DECODE_DAMAGED)
		count_record(row, &r);
}

/* Copies one chunk to p; returns the bytes it takes there. */
static size_t put_chunk(uint8_t *p, const struct ct_chunk *chunk, struct ct_index_row *row)
{
	struct ct_chunk head;
	size_t used, padded;

	memcpy(&head, chunk, offsetof(struct ct_chunk, bytes));
	used = head.cursor & 0xffff;
	if (used > CT_CHUNK_PAYLOAD)
		used = CT_CHUNK_PAYLOAD;
	padded = (used + 7) & ~(size_t)7;
	head.cursor = (head.cursor & ~0xffffull) | used;
	memcpy(p, &head, offsetof(struct ct_chunk, bytes));
	p += offsetof(struct ct_chunk, bytes);
	memset(p + padded - (padded ? 8 : 0), 0, padded ? 8 : 0);
	memcpy(p, chunk->bytes, used);
	ct_stream_count(row, &head, p, used);
	return offsetof(struct ct_chunk, bytes) + padded;
}

int ct_stream_room(struct ct_stream *s)
{
	size_t room = s->rows_room ? s->rows_room * 2 : 64;
	struct ct_index_row *index;

	if (s->rows < s->rows_room)
		return 0;
	index = realloc(s->index, room * sizeof(*index));
	if (!index)
		return -ENOMEM;
	s->index = index;
	s->rows_room = room;
	return 0;
}

void ct_stream_row(struct ct_stream *s, const struct ct_index_row *row, size_t chunks)
{
	s->index[s->rows++] = *row;
	s->stats.chunks += chunks;
	s->stats.raw_bytes += row->raw_bytes;
	s->stats.records += row->records;
	s->stats.waits += row->waits;
}

static int append_chunks(struct ct_stream *s, const struct ct_chunk *const *chunks, size_t n)
{
	struct ct_index_row row = {.min_ticks = UINT64_MAX};
	struct ct_block head = {.type = CT_BLOCK_CHUNKS};
	size_t bytes = 0, i;
	int err;

	for (i = 0; i < n; i++)
		bytes += put_chunk(s->raw + bytes, chunks[i], &row);
	head.min_ticks = row.min_ticks;
	head.max_ticks = row.max_ticks;
	row.offset = s->end;
	err = ct_stream_room(s);
	if (!err)
		err = append(s, &head, s->raw, bytes);
	if (err) {
		s->stats.refused_chunks += n;
		s->stats.refused_records += row.records;
		return err;
	}
	row.stored_bytes = head.stored_bytes;
	row.raw_bytes = head.raw_bytes;
	ct_stream_row(s, &row, n);
	return 0;
}

int ct_stream_chunks(struct ct_stream *s, const struct ct_chunk *const *chunks, size_t n)
{
	int first = 0;

	while (n) {
		size_t part = n < CT_STREAM_BLOCK_CHUNKS ? n : CT_STREAM_BLOCK_CHUNKS;
		int err = append_chunks(s, chunks, part);

		if (err && !first)
			first = err;
		chunks += part;
		n -= part;
	}
	return first;
}

static int append_slots(struct ct_stream *s, uint64_t first, const struct ct_slot *slots, size_t n)
{
	struct ct_block head = {.type = CT_BLOCK_SLOTS, .first = first};
	struct ct_slot *copy = calloc(n, sizeof(*copy));
	size_t i;
	int err;

	if (!copy)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		memcpy(&copy[i], &slots[i], offsetof(struct ct_slot, tally));
	err = append(s, &head, copy, n * sizeof(*copy));
	free(copy);
	return err;
}

static size_t item_bytes(enum ct_block_type type)
{
	switch (type) {
	case CT_BLOCK_PROCESSES: return sizeof(struct ct_process_rec);
	case CT_BLOCK_SLOTS: return sizeof(struct ct_slot);
	case CT_BLOCK_NODES: return sizeof(struct ct_trie_node);
	case CT_BLOCK_MODULES: return sizeof(struct ct_module_rec);
	case CT_BLOCK_BLIND: return sizeof(struct ct_blind_rec);
	case CT_BLOCK_THREADS: return sizeof(struct ct_thread_rec);
	case CT_BLOCK_STRINGS: return 1;
	default: return 0;
	}
}

int ct_stream_rows(struct ct_stream *s, enum ct_block_type type, uint64_t first, const void *rows,
		   size_t bytes)
{
	size_t item = item_bytes(type), most;
	const uint8_t *p = rows;
	int err = 0;

	if (type == CT_BLOCK_SYMBOLS) {
		struct ct_block head = {.type = type, .first = first};

		return bytes ? append(s, &head, rows, bytes) : 0;
	}
	if (!item || bytes % item)
		return -EINVAL;
	most = type == CT_BLOCK_SLOTS ? 64 * item : (1u << 20) / item * item;
	while (bytes && !err) {
		size_t part = bytes < most ? bytes : most;
		struct ct_block head = {.type = type, .first = first};

		if (type == CT_BLOCK_SLOTS)
			err = append_slots(s, first, (const void *)p, part / item);
		else
			err = append(s, &head, p, part);
		p += part;
		bytes -= part;
		first += part / item;
	}
	return err;
}

/* --- header and end ----------------------------------------------------------------------------------------------------------- */

int ct_stream_header(struct ct_stream *s, const struct ct_header *header)
{
	fill_header(s, header, false);
	return write_at(s->fd, &s->header, sizeof(s->header), 0);
}

/* The footer is never compressed: its magic must be the last eight bytes of the file. */
static int append_footer(struct ct_stream *s, const struct ct_footer *footer)
{
	struct ct_block head = {.type = CT_BLOCK_FOOTER};

	return append(s, &head, footer, sizeof(*footer));
}

int ct_stream_finish(struct ct_stream *s, const struct ct_header *header)
{
	struct ct_block head = {.type = CT_BLOCK_INDEX};
	struct ct_footer footer = {.magic = CT_MAGIC};
	uint64_t before = s->end;
	int err;

	footer.index_offset = s->end;
	footer.records = s->stats.records;
	footer.end_mono_ns = header->end_mono_ns;
	err = append(s, &head, s->index, s->rows * sizeof(*s->index));
	if (err)
		return err;
	err = append_footer(s, &footer);
	if (err) {
		s->end = before;
		s->torn = ftruncate(s->fd, (off_t)before) < 0;
		return err;
	}
	fill_header(s, header, true);
	return write_at(s->fd, &s->header, sizeof(s->header), 0);
}
