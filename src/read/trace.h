/*
 * trace.h - a trace, opened: whatever the file is (a finished file, a stream whose writer died, an arena that is being written
 * this moment, a wreck), what it holds comes out of here in one shape.  It keeps no state about threads or locks and does
 * not judge what a record means; that is src/model.
 *
 * Two promises.  What is handed out was checked: indices, lengths and parents lie where they may, or are left out and told of.
 * And nothing is left out silently: ct_trace_losses() and ct_trace_damage() say what is missing and why.
 *
 * Memory: opening costs the dictionary plus about 100 bytes for each chunk; a walk over the records adds a cache of decompressed
 * blocks (32 MiB at most) and one chunk (16 KiB) for each slot.  Files are read with pread(), never mapped, so a file that
 * shrinks under our hands is an error and not a SIGBUS.  A trace belongs to one thread at a time.
 */
#ifndef CT_READ_TRACE_H
#define CT_READ_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctrace/format.h>

#include "file/decode.h"
#include "file/err.h"

struct ct_trace;

/* --- opening ------------------------------------------------------------------------------------------------------------- */

/*
 * ct_trace_open - open a trace file of any kind and state
 * @path: arena, finished stream, or a stream whose writer died (its arena is then opened as well)
 * @out:  the trace; NULL on error
 * @why, @why_size: on error one line without newline that names the file and what is wrong with it; may be NULL, 0
 * Returns 0, -errno, -CT_ERR_FOREIGN or -CT_ERR_NEWER.  Damage behind a sound header is no error: see ct_trace_damage().
 * Context: tools.
 */
int ct_trace_open(const char *path, struct ct_trace **out, char *why, size_t why_size);

/*
 * ct_trace_open_memory - the same over bytes in memory, which must stay until ct_trace_close()
 * Context: tools.
 */
int ct_trace_open_memory(const void *bytes, size_t size, struct ct_trace **out, char *why,
			 size_t why_size);

/*
 * ct_trace_close - release everything handed out by this trace; NULL is allowed
 * Context: tools.
 */
void ct_trace_close(struct ct_trace *t);

/* --- what it is ------------------------------------------------------------------------------------------------------------ */

struct ct_trace_info {
	const char *path; /* "<memory>" for ct_trace_open_memory */
	const char *
		arena_path; /* the arena that was opened together with an unfinished stream; NULL */
	uint64_t file_bytes;
	uint32_t container; /* enum ct_container of the file at path */
	bool finished;	    /* a stream with its footer */
	bool live;	    /* an arena with at least one process that still runs */
	uint64_t blocks;    /* readable ones */
	uint64_t chunks;    /* readable ones, duplicates dropped */
	uint64_t
		chunk_bytes; /* of the file: blocks of chunks; the rest tells what their numbers mean and hardly grows */
	uint64_t cpu_bytes;   /* the same of chunks about CPUs, which are not in chunk_bytes */
	uint64_t raw_bytes;   /* records before compression */
	uint64_t records;     /* as the chunks' heads tell; exact after a walk over a sound file */
	uint64_t first_ticks; /* of the first record, or the start of the trace */
	uint64_t last_ticks;  /* of the last record */
};

/*
 * ct_trace_info, ct_trace_header - facts about the file; the header is a private copy with sane, terminated strings
 * Context: tools.
 */
const struct ct_trace_info *ct_trace_info(const struct ct_trace *t);
const struct ct_header *ct_trace_header(const struct ct_trace *t);

/* --- time ------------------------------------------------------------------------------------------------------------------ */

/*
 * ct_trace_ns - CLOCK_MONOTONIC in ns at a time in ticks
 * Never decreases as ticks grow.  A duration is the difference of two: ct_trace_ns(end) - ct_trace_ns(end - dur).
 * Context: tools.
 */
uint64_t ct_trace_ns(const struct ct_trace *t, uint64_t ticks);

/*
 * ct_trace_ticks - the first tick whose ct_trace_ns() is at least mono_ns
 * Context: tools.
 */
uint64_t ct_trace_ticks(const struct ct_trace *t, uint64_t mono_ns);

/*
 * ct_trace_span_ns - ns of a duration in ticks that ended at end_ticks
 * Context: tools.
 */
uint64_t ct_trace_span_ns(const struct ct_trace *t, uint64_t end_ticks, uint64_t dur_ticks);

/*
 * ct_trace_realtime_ns - ns since 1970 at a CLOCK_MONOTONIC time, by the anchor taken at the start of the trace
 * Context: tools.
 */
uint64_t ct_trace_realtime_ns(const struct ct_trace *t, uint64_t mono_ns);

/* --- dictionary -------------------------------------------------------------------------------------------------------------- */

/*
 * ct_trace_processes, ct_trace_modules - rows by index; rows that were not complete have state 0
 * Returns their number.
 * Context: tools.
 */
size_t ct_trace_processes(const struct ct_trace *t, const struct ct_process_rec **rows);
size_t ct_trace_modules(const struct ct_trace *t, const struct ct_module_rec **rows);

/*
 * ct_trace_blind - where processes can wait unseen; rows of kind 0 are none
 * Returns their number; 0 also when the trace was not finished, so that nobody has looked.
 * Context: tools.
 */
size_t ct_trace_blind(const struct ct_trace *t, const struct ct_blind_rec **rows);

/*
 * ct_trace_ended - threads of a ring that have ended, of which there need not be a record; rows with thread 0 are none
 * Returns their number.
 * Context: tools.
 */
size_t ct_trace_ended(const struct ct_trace *t, const struct ct_thread_rec **rows);

/*
 * ct_trace_module - the module a frame lies in
 * @frame: as in struct ct_trie_node; the module id, its upper 16 bits, is an index in the table; row 0 is not used
 * Returns NULL for a raw address, a truncation mark, or a module the trace does not have.
 * Context: tools.
 */
const struct ct_module_rec *ct_trace_module(const struct ct_trace *t, uint64_t frame);

/*
 * ct_trace_string - text of a string id
 * Returns NULL for id 0 and for ids that are not in the trace.
 * Context: tools.
 */
const char *ct_trace_string(const struct ct_trace *t, uint32_t id);

/*
 * ct_trace_stack - frames of a stack id, innermost first
 * @frames, @room: where to put them; CT_TRACE_STACK_MAX is always enough
 * Returns their number; 0 for stack 0 and for ids that are not in the trace.
 * Context: tools.
 */
#define CT_TRACE_STACK_MAX 512
size_t ct_trace_stack(const struct ct_trace *t, uint32_t id, uint64_t *frames, size_t room);

/*
 * ct_trace_nodes - the stack trie itself
 * Returns the number of nodes; index 0 is the root and holds nothing.  A parent's index is smaller than its child's.
 * Context: tools.
 */
size_t ct_trace_nodes(const struct ct_trace *t, const struct ct_trie_node **nodes);

/* What ctrace-run resolved when it finished the trace. */
struct ct_trace_line {
	const char *function; /* demangled; NULL unknown */
	const char *file;     /* NULL unknown */
	uint32_t line;	      /* 0 unknown */
	uint32_t flags;	      /* CT_SYMBOL_* of file/symbols.h */
};

struct ct_trace_data {
	const char *name;     /* of the variable; NULL unknown */
	const char *function; /* of a local static */
	const char *file;
	uint32_t line;
	uint64_t offset; /* from the start of the variable */
};

/*
 * ct_trace_symbol - source lines of a code frame, innermost inlined function first
 * Returns the number of lines; 0 when the trace holds nothing about this frame.
 * Context: tools.
 */
size_t ct_trace_symbol(const struct ct_trace *t, uint64_t frame,
		       const struct ct_trace_line **lines);

/*
 * ct_trace_symbol_data - the variable at an address of a module
 * Returns NULL when the trace holds nothing about it.
 * Context: tools.
 */
const struct ct_trace_data *ct_trace_symbol_data(const struct ct_trace *t, uint64_t frame);

/* --- threads that were there at the end ---------------------------------------------------------------------------------------- */

/* A slot that was claimed when the trace ended (or is now, in a live arena), and what its thread was blocked in. */
struct ct_trace_slot {
	uint32_t slot;
	uint32_t process; /* index */
	uint32_t tid;
	uint32_t thread; /* serial */
	uint32_t parent; /* serial */
	uint64_t routine;
	uint64_t begin_ticks;
	char name[17];
	uint64_t waits;
	uint64_t lost; /* records, in all */
	/* in-flight line; op 0: not in a wait */
	uint32_t op;
	uint32_t owner; /* tid */
	uint32_t stack;
	uint64_t object;
	uint64_t start_ticks;
	uint64_t site; /* return address, raw */
	uint64_t mutex;
};

/*
 * ct_trace_slots - claimed slots
 * Returns their number.
 * Context: tools.
 */
size_t ct_trace_slots(const struct ct_trace *t, const struct ct_trace_slot **rows);

/* --- what is missing ------------------------------------------------------------------------------------------------------------- */

struct ct_trace_damage {
	char text[160];	 /* what and where, one line */
	uint64_t offset; /* in the file */
	uint64_t bytes;	 /* skipped; 0 when nothing was */
	bool arena;	 /* offset counts in info.arena_path */
};

/*
 * ct_trace_damage - what could not be read.  Walking over the records may add to it.
 * Returns the number of reports; at most CT_TRACE_DAMAGE_MAX are kept, *more (may be NULL) counts the others.
 * Context: tools.
 */
#define CT_TRACE_DAMAGE_MAX 256
size_t ct_trace_damage(const struct ct_trace *t, const struct ct_trace_damage **rows,
		       uint64_t *more);

/*
 * ct_trace_losses - records (of CT_LOSS_NO_CLOCK: processes) that are not here, by enum ct_loss: what the recorder counted and what the reader found
 * Context: tools.
 */
const uint64_t *ct_trace_losses(const struct ct_trace *t);

/* What one thread lost for one reason. */
struct ct_trace_loss {
	uint32_t thread; /* serial; 0: of several, or of one that is not known */
	uint32_t reason; /* enum ct_loss */
	uint64_t records;
	uint64_t
		waits; /* of these, also those that tally records summed up; of CT_LOSS_OVERWRITTEN only, and of a known thread */
	uint64_t from_ticks, to_ticks; /* no earlier, no later */
};

/*
 * ct_trace_losses_by_thread - whose records are not here, and between which times, as far as that is told
 * A row for each thread and reason, the largest first.  It reads all records once, when the header or a walk before has told of such losses; ct_trace_losses() is
 * exact afterwards where a program was killed while it overwrote a chunk.
 * Returns 0 or a negative error.
 * Context: tools.
 */
int ct_trace_losses_by_thread(struct ct_trace *t, const struct ct_trace_loss **rows, size_t *n);

/*
 * ct_trace_loss_name, ct_trace_loss_text - "no_chunk" and "no free chunk ..." for a reason
 * Context: tools.
 */
const char *ct_trace_loss_name(unsigned reason);
const char *ct_trace_loss_text(unsigned reason);

/*
 * ct_trace_unknown_events - records of later minor versions that were skipped, as of the last complete walk
 * Context: tools.
 */
uint64_t ct_trace_unknown_events(const struct ct_trace *t);

/* --- records ----------------------------------------------------------------------------------------------------------------------- */

enum ct_order {
	/*
	 * One chunk after another as they lie in the file; the chunks of a slot, and so the records of a thread, come in the order
	 * they were written.  The fastest.
	 */
	CT_ORDER_CHUNK = 1,
	/*
	 * By time over all slots; equal times by slot, then as written.  A record's time is its end.  Times never decrease, except
	 * that a record marked CT_RECORD_LATE comes after later ones (a signal handler interrupted the recorder while it
	 * changed chunks).
	 */
	CT_ORDER_TIME = 2
};

#define CT_ANY_PROCESS UINT32_MAX
struct ct_filter {
	uint64_t from_ticks, to_ticks; /* inclusive; to_ticks 0: no end.  By the record's time */
	uint32_t process;	       /* index, or CT_ANY_PROCESS */
	uint32_t thread;	       /* serial; 0: any */
	uint64_t events;	       /* bit 1 << enum ct_event_type; 0: all */
};
#define CT_FILTER_NONE ((struct ct_filter){.process = CT_ANY_PROCESS})

#define CT_RECORD_SYNTHETIC 1u /* made from a slot's undrained totals, not a record in a chunk */
#define CT_RECORD_LATE	    2u
#define CT_RECORD_UNKNOWN   4u /* event of a later version; only with ct_walk_unknown() */
#define CT_RECORD_FIRST	    8u /* first one of its chunk */

struct ct_event {
	struct ct_record r;
	uint32_t slot;
	uint32_t process; /* index */
	uint32_t thread;  /* serial */
	uint32_t tid;
	uint32_t flags;	 /* CT_RECORD_* */
	uint32_t chunk;	 /* for ct_trace_chunk(); UINT32_MAX: synthetic */
	uint32_t offset; /* in the chunk's bytes */
};

struct ct_walk;

/*
 * ct_walk_open - begin to read records
 * @filter: NULL for everything; copied
 * Several walks over one trace may be open at once.  In an arena each sees the chunks as they stood when the trace was opened.
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_walk_open(struct ct_trace *t, enum ct_order order, const struct ct_filter *filter,
		 struct ct_walk **out);

/*
 * ct_walk_next - the next record
 * @event: points to it until the next call on this walk
 * Returns 1; 0 at the end; -ENOMEM or -EIO.  What cannot be read is skipped and told in ct_trace_damage().
 * Context: tools.
 */
int ct_walk_next(struct ct_walk *w, const struct ct_event **event);

/*
 * ct_walk_unknown - also hand out events this version does not know (their fields undecoded in r.v)
 * Context: tools.
 */
void ct_walk_unknown(struct ct_walk *w, bool yes);

/*
 * ct_walk_progress - how much of the trace was read, 0 to 1
 * Context: tools.
 */
double ct_walk_progress(const struct ct_walk *w);

/*
 * ct_walk_close - NULL is allowed
 * Context: tools.
 */
void ct_walk_close(struct ct_walk *w);

/* --- chunks: for validate and the text form ------------------------------------------------------------------------------------------- */

struct ct_trace_chunk {
	uint32_t slot, sequence, process, thread, tid, lost;
	uint32_t records; /* as its head tells */
	uint32_t epoch;
	uint32_t state; /* enum ct_chunk_state */
	uint32_t used;	/* bytes */
	uint64_t base_ticks, base_mono_ns;
	uint64_t last_ticks; /* running time at its end */
	uint64_t offset;     /* in the file: of the chunk (arena), of its block (stream) */
	uint32_t inside;     /* stream: offset in the decompressed block */
	bool arena;
};

/*
 * ct_trace_chunks - all chunks in the order of CT_ORDER_CHUNK
 * Returns their number.
 * Context: tools.
 */
size_t ct_trace_chunks(const struct ct_trace *t, const struct ct_trace_chunk **rows);

#endif
