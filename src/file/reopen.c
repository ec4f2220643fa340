/*
 * reopen.c - goes on with a stream whose writer was killed: finds its whole blocks and counts them again, as if they had just been written.
 *
 * It is not a reader: it takes nothing in but what index and footer need, and repairs nothing.  The file is only ever shortened by what
 * no reader could use: the torn block at its end, and the end itself.
 * Whatever the file holds, it costs a small multiple of its size: a head that lies is believed only until the budget is used up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "stream_int.h"

/* Memory for the blocks of a file, and what false heads may still make us read in vain. */
struct reopening {
	uint64_t size, budget;
	uint8_t *stored, *raw;
	size_t stored_room, raw_room;
};

static int read_at(int fd, void *to, size_t size, uint64_t offset)
{
	uint8_t *p = to;

	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* somebody cut it meanwhile */
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int make_room(uint8_t **p, size_t *room, uint64_t need)
{
	uint8_t *bigger;

	if (need <= *room)
		return 0;
	bigger = realloc(*p, need);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	*room = need;
	return 0;
}

/* The payload of a block in r->raw.  Returns 1 when it is whole, 0 when it is not, or -errno. */
static int load(struct ct_stream *s, struct reopening *r, const struct ct_block *head, uint64_t at)
{
	int err = make_room(&r->stored, &r->stored_room, head->stored_bytes + 1);

	if (!err)
		err = make_room(&r->raw, &r->raw_room, head->raw_bytes + 1);
	if (!err)
		err = read_at(s->fd, r->stored, head->stored_bytes, at + sizeof(*head));
	if (err)
		return err;
	return ct_block_unpack(s->coder, head, r->stored, r->raw) == NULL;
}

static int take_chunks(struct ct_stream *s, const struct ct_block *head, const uint8_t *raw,
		       uint64_t offset)
{
	struct ct_index_row row = {.offset = offset,
				   .stored_bytes = head->stored_bytes,
				   .raw_bytes = head->raw_bytes,
				   .min_ticks = UINT64_MAX};
	const size_t head_bytes = offsetof(struct ct_chunk, bytes);
	struct ct_chunk chunk = {0};
	uint64_t at = 0, used;
	size_t chunks = 0;
	int err = ct_stream_room(s);

	while (!err && head->raw_bytes - at >= head_bytes) {
		memcpy(&chunk, raw + at, head_bytes);
		at += head_bytes;
		used = chunk.cursor & 0xffff;
		if (chunk.magic != CT_CHUNK_MAGIC || used > CT_CHUNK_PAYLOAD ||
		    ((used + 7) & ~7ull) > head->raw_bytes - at)
			break;
		ct_stream_count(&row, &chunk, raw + at, used);
		at += (used + 7) & ~7ull;
		chunks++;
	}
	if (!err)
		ct_stream_row(s, &row, chunks);
	return err;
}

/* The next place from `at` on where a block's magic stands; the file's size when there is none. */
static uint64_t next_magic(int fd, uint64_t at, uint64_t size)
{
	uint64_t words[1024] = {0};
	size_t n, i;

	for (at = (at + 7) & ~7ull; at + 8 <= size; at += n * 8) {
		n = (size - at) / 8 < 1024 ? (size_t)(size - at) / 8 : 1024;
		if (read_at(fd, words, n * 8, at) < 0)
			return size;
		for (i = 0; i < n; i++)
			if (words[i] == CT_BLOCK_MAGIC)
				return at + i * 8;
	}
	return size;
}

/* What lies before the last whole block stays as it is, damaged or not; s->end is where the next one goes. */
static int scan(struct ct_stream *s, struct reopening *r, bool chunks_only)
{
	uint64_t at = sizeof(struct ct_header);
	struct ct_block head;
	int got = 0;

	s->end = at;
	while (at < r->size && r->size - at >= sizeof(head)) {
		got = read_at(s->fd, &head, sizeof(head), at);
		if (got < 0)
			return got;
		if (ct_block_head_check(&head, r->size - at)) {
			at = next_magic(s->fd, at + 8, r->size);
			continue;
		}
		got = load(s, r, &head, at);
		if (got < 0)
			return got;
		if (!got) {
			uint64_t cost = head.stored_bytes + head.raw_bytes;
			bool trust = cost > r->budget;

			r->budget -= trust ? 0 : cost;
			at = next_magic(s->fd, at + (trust ? ct_block_stride(&head) : 8), r->size);
			continue;
		}
		if (head.type == CT_BLOCK_CHUNKS) {
			got = take_chunks(s, &head, r->raw, at);
			if (got < 0)
				return got;
		}
		at += ct_block_stride(&head);
		s->stats.blocks++;
		if (head.type == CT_BLOCK_CHUNKS ||
		    (!chunks_only && head.type != CT_BLOCK_INDEX && head.type != CT_BLOCK_FOOTER))
			s->end = at;
	}
	return 0;
}

static int check_reopened(const struct ct_header *h)
{
	if (h->magic != CT_MAGIC || h->header_bytes != CT_HEADER_BYTES || h->container != CT_STREAM)
		return -CT_ERR_FOREIGN;
	if (h->major != CT_FORMAT_MAJOR || h->minor > CT_FORMAT_MINOR ||
	    (h->features & ~CT_FEATURES_KNOWN))
		return -CT_ERR_NEWER;
	return h->finished ? -EALREADY : 0;
}

static int reopen(struct ct_stream *s, const char *path, bool chunks_only)
{
	struct reopening r = {0};
	struct stat st;
	int err;

	/* O_NONBLOCK: a FIFO must not hang us before it is refused */
	s->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < sizeof(s->header))
		return -CT_ERR_FOREIGN;
	if (flock(s->fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	err = read_at(s->fd, &s->header, sizeof(s->header), 0);
	if (!err)
		err = check_reopened(&s->header);
	if (err)
		return err;
	r.size = (uint64_t)st.st_size;
	r.budget = r.size * 4 + 65536;
	err = scan(s, &r, chunks_only);
	free(r.stored);
	free(r.raw);
	if (!err && ftruncate(s->fd, (off_t)s->end) < 0)
		err = -errno;
	return err;
}

int ct_stream_reopen(const char *path, bool chunks_only, struct ct_stream **out)
{
	struct ct_stream *s = ct_stream_new();
	int err;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	err = reopen(s, path, chunks_only);
	if (err)
		ct_stream_close(s);
	else
		*out = s;
	return err;
}
