/*
 * timeline_int.h - what the parts of the timeline share: its streams, and how they keep items in memory: a list of blocks of bytes for each, and
 * items as differences.
 *
 *	timeline.c        streams of states and records, and the heap that merges them
 *	timeline_notes.c  streams of what the program said of itself
 *	timeline_bytes.c  items as bytes
 *
 * State   tag: state in 3 bits (rare ones: TAG_RARE), source << 3, TAG_WAIT or TAG_NEW, TAG_WAKER, TAG_CPU; length of the state in ticks; cpu; then for
 *         TAG_NEW the wait, for TAG_WAKER who woke
 * Record  event, mask of the fields that differ from the record before; ticks, then those fields, as differences
 * Numbers are LEB128, differences zigzag.
 */
#ifndef CT_MODEL_TIMELINE_INT_H
#define CT_MODEL_TIMELINE_INT_H

#include "model/texts.h"
#include "model/timeline.h"

struct ct_line_block;
struct ct_bytes {
	struct ct_line_block *first, *last;
};

struct ct_bytes_place {
	const struct ct_line_block *block;
	uint32_t at;
};

/* What the next item is different from; the same for writing and reading. */
struct ct_line_coder {
	struct ct_timeline_item state;
	struct ct_record record;
};

/* ct_bytes_free - give the memory back */
void ct_bytes_free(struct ct_bytes *b);

/* ct_bytes_start - to the first item */
void ct_bytes_start(const struct ct_bytes *b, struct ct_bytes_place *p);

/*
 * ct_line_put_state, ct_line_put_record - append an item
 * A state begins where the one before ended.
 * Return 0 or -ENOMEM.
 * Context: tools.
 */
int ct_line_put_state(struct ct_line_coder *c, struct ct_bytes *b,
		      const struct ct_timeline_item *item);
int ct_line_put_record(struct ct_line_coder *c, struct ct_bytes *b, const struct ct_record *r);

/*
 * ct_line_get_state, ct_line_get_record - the next item
 * @item: as it was left by the one before
 * Return false at the end.
 * Context: tools.
 */
bool ct_line_get_state(struct ct_line_coder *c, struct ct_bytes_place *p,
		       struct ct_timeline_item *item);
bool ct_line_get_record(struct ct_line_coder *c, struct ct_bytes_place *p, struct ct_record *r);

/* --- streams ------------------------------------------------------------------------------------------------------------------ */

/* What comes first of what happens in one tick. */
enum ct_line_rank {
	CT_RANK_BEGIN,
	CT_RANK_TASK_BEGIN,
	CT_RANK_REGION,
	CT_RANK_LOG,
	CT_RANK_WOKEN,
	CT_RANK_OFF,
	CT_RANK_ON,
	CT_RANK_RECORD,
	CT_RANK_TASK_END,
	CT_RANK_END
};

enum ct_line_kind { CT_LINE_STATES, CT_LINE_RECORDS, CT_LINE_REGIONS, CT_LINE_MOMENTS };

struct ct_line_stream {
	struct ct_bytes bytes; /* states and records */
	uint32_t thread;       /* row; of moments each has its own */
	uint8_t kind;	       /* enum ct_line_kind */
	bool shown;
	uint64_t from, to;     /* states and regions: of the life */
	uint32_t first, after; /* regions: in tasks->regions; moments: in tl->moments */
	struct ct_line_coder write;
};

/* Regions that have begun in the place that a reader of them stands at, innermost last. */
struct ct_line_open {
	uint32_t *region;
	uint32_t n, room;
};

/* Where reading stands in a stream. */
struct ct_line_reader {
	struct ct_bytes_place place;
	struct ct_line_coder coder;
	struct ct_timeline_item item; /* the next one */
	struct ct_record record;
	struct ct_whole_text *text; /* records: of the message that is next */
	struct ct_line_open open;
	uint32_t next;	 /* regions, moments: the one after the next item */
	uint32_t number; /* of the next item: region, or row of the task */
	uint8_t rank;
	bool begun;
};

/* A begin or an end that is in no thread's stream of regions. */
struct ct_line_moment {
	uint64_t ticks;
	uint32_t thread, number;
	uint8_t kind; /* enum ct_timeline_kind */
};

struct ct_timeline {
	struct ct_trace *trace;
	struct ct_model *model;
	struct ct_timeline_options options;
	struct ct_line_stream *streams; /* those of states first, by row */
	struct ct_line_reader *readers;
	uint32_t count, room;
	struct ct_table record_streams; /* struct record_key of timeline.c */
	uint32_t *heap;
	uint32_t heap_n;
	struct ct_record record; /* that was handed out last */
	struct ct_tasks *tasks;
	struct ct_line_moment *moments;
	uint32_t moment_n, moment_room;
	struct ct_timeline_note note; /* that was handed out last, and its text */
	char text[CT_TEXT_ROOM];
	uint64_t items, given;
	bool failed;
};

/* ct_line_add_stream - one more, of zeros; NULL when out of memory, which the timeline remembers */
struct ct_line_stream *ct_line_add_stream(struct ct_timeline *tl);

/*
 * ct_line_notes_build - find the tasks and regions of the trace and add their streams
 * Returns 0 or a negative error.
 * Context: tools.
 */
int ct_line_notes_build(struct ct_timeline *tl);

/*
 * ct_line_next_region, ct_line_next_moment - go on to the next item of such a stream
 * Return false at the end, and when out of memory.
 * Context: tools.
 */
bool ct_line_next_region(struct ct_timeline *tl, const struct ct_line_stream *st,
			 struct ct_line_reader *r);
bool ct_line_next_moment(const struct ct_timeline *tl, const struct ct_line_stream *st,
			 struct ct_line_reader *r);

/*
 * ct_line_message - a log record has been read: read what goes on with it, and make it the next item
 * Returns false when out of memory, which the timeline remembers.
 * Context: tools.
 */
bool ct_line_message(struct ct_timeline *tl, const struct ct_line_stream *st,
		     struct ct_line_reader *r);

/*
 * ct_line_note - what the next item of a reader is about, into tl->note
 * Context: tools.
 */
void ct_line_note(struct ct_timeline *tl, const struct ct_line_reader *r);

#endif
