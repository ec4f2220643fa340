/*
 * stream.h - writes a stream file: header, blocks appended one by one, index and footer at the end.  It decides nothing about
 * when: that is the drainer's (src/run) and the text form's job.
 *
 * After every call that returned, the file on disk is a readable trace of all that was given so far: a block is written with one
 * pwrite() behind the last whole one, and when that fails (disk full) the file is cut back to the last whole block, the error is
 * returned, and the stream can be used further (the next block may fit again).  So memory of a chunk may be given back when
 * ct_stream_chunks() has returned 0.
 */
#ifndef CT_FILE_STREAM_H
#define CT_FILE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctrace/format.h>

struct ct_stream;

/*
 * ct_stream_create - make a stream file with its header
 * @path:    where.  A regular file that is there is replaced at once (a new inode, mode 0600, never written through a link);
 *           a character device such as /dev/null is opened; all else is refused with -EINVAL, another name of an open
 *           descriptor (/dev/stdout) too, whatever is open there.
 * @header:  container, finished, file_bytes and the identity fields are set here, the rest is taken as it is
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_stream_create(const char *path, const struct ct_header *header, struct ct_stream **out);

/*
 * ct_stream_reopen - go on with a stream that was left without an end
 * @path:        the file; a lock (flock) keeps a second one out
 * @chunks_only: also take off what lies behind the last CHUNKS block: tables of an attempt to finish it, which will be written again
 * Whole blocks are kept and counted, damaged parts between them stay where they are; a torn block at the end, an index and a
 * footer are cut off.
 * Returns 0; -CT_ERR_FOREIGN: no stream; -CT_ERR_NEWER; -EALREADY: finished; -EWOULDBLOCK: somebody else is at it; or -errno.
 * Context: tools.
 */
int ct_stream_reopen(const char *path, bool chunks_only, struct ct_stream **out);

/*
 * ct_stream_branch - go on in another file
 * @fd: an empty regular file, the stream's from here on; it gets all that was written so far
 * The file until now is only read, and closed; whoever else writes it, as the process that this one was forked from does, may go on.
 * Returns 0, -EINVAL when that was no regular file, or -errno; then nothing has changed but what is in the new file.
 * Context: tools.
 */
int ct_stream_branch(struct ct_stream *s, int fd);

/*
 * ct_stream_chunks - append one or more CHUNKS blocks
 * @chunks: n pointers to chunks, at most CT_CHUNK_BYTES each; only the head and cursor & 0xffff bytes are read and written
 * The chunks should be private, or sealed: they are read more than once.
 * Up to 64 make one block; 64 full ones are the size that compresses well and still seeks well.
 * Returns 0 when all are in the file; else -errno and some may be (readers drop duplicates by slot and sequence).
 * Context: tools.
 */
#define CT_STREAM_BLOCK_CHUNKS 64
int ct_stream_chunks(struct ct_stream *s, const struct ct_chunk *const *chunks, size_t n);

/*
 * ct_stream_rows - append a block of any other kind
 * @type:  CT_BLOCK_PROCESSES, _SLOTS, _NODES, _MODULES, _STRINGS, _SYMBOLS
 * @first: index of the first row; for strings the offset of the first byte
 * @rows, @bytes: the rows.  Of struct ct_slot rows the totals are not written: they are records in a finished trace.
 * Rows may be written again: later ones win.  Large ones are split.
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_stream_rows(struct ct_stream *s, enum ct_block_type type, uint64_t first, const void *rows,
		   size_t bytes);

/*
 * ct_stream_header - write the header again (samples, counters); finished stays 0
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_stream_header(struct ct_stream *s, const struct ct_header *header);

/*
 * ct_stream_finish - write index, footer and the final header
 * @header: end_mono_ns and counters as they are now; arena_path is cleared
 * Returns 0 or -errno; after an error the file is still readable by scanning.
 * Context: tools.
 */
int ct_stream_finish(struct ct_stream *s, const struct ct_header *header);

/* What was written so far. */
struct ct_stream_stats {
	uint64_t file_bytes;
	uint64_t blocks, chunks;
	uint64_t raw_bytes; /* of chunk blocks */
	uint64_t records, waits;
	uint64_t
		refused_chunks; /* given to ct_stream_chunks() and not in the file because a write failed */
	uint64_t refused_records;
};

/*
 * ct_stream_stats - counters
 * Context: tools.
 */
struct ct_stream_stats ct_stream_stats(const struct ct_stream *s);

/*
 * ct_stream_fd - the open descriptor, for fsync() and the like
 * Context: tools.
 */
int ct_stream_fd(const struct ct_stream *s);

/*
 * ct_stream_close - close the file; NULL is allowed.  Without ct_stream_finish() it stays unfinished.
 * Context: tools.
 */
void ct_stream_close(struct ct_stream *s);

#endif
