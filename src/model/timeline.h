/*
 * timeline.h - a whole trace in order of time: what every thread was in at each instant, and what it told on the way.
 *
 * It is the floor that everything stands on that goes through a trace from its beginning to its end (exports, readers): the lives of
 * states.h, which come thread by thread, merged with each other and with single records.
 *
 *	thread 1   begin |-awake--|-blocked in wait 1-|woken|-awake--------| end
 *	thread 2          begin |-awake----------------------------|-blocked, its end not seen
 *	                                 ^ record     ^ release      ^ record
 *
 * Items:
 *   BEGIN   a thread's life begins, or it was there already when the window began.  The first item of every thread.
 *   STATE   from here on, until `to`, it is in a state.  The states of a thread have no gap: each begins where the one before ended,
 *           the first at the thread's BEGIN, and the last ends at its END.
 *   END     its life ends, or (item.ended false) the trace or the window does.
 *   RECORD  any other record of the trace that was asked for (options.events), decoded: wakes, creations, names, losses, what
 *           processes use.  A new event needs nothing here but its bit in options.events.
 *   TASK_BEGIN, TASK_END, REGION_BEGIN, REGION_END, LOG
 *           with options.notes: what the program said of itself (tasks.h), from ticks on in item.note.  Each of them that begins also ends, at the latest
 *           at the end of its thread, of the trace or of the window; flags tell where that is not what the program said.
 *
 * A wait is one STATE item or several (blocked, then woken; with switches also on the CPU), all with the same number item.wait.  Every one of
 * them tells the whole wait: operation, stack, cell (which has the object), who ended it and where, the result.  `woken` begins
 * at the release, so its waker, if it is a thread of this trace, is awake or running then, up to what clocks of CPUs differ.
 *
 * The regions of a thread nest: one that ends is the one that began last.  Those that do not (CT_NOTE_CROSSES) are told all the same, and it is for
 * whoever draws them to set them apart.
 *
 * Order: by ticks; on equal ticks BEGIN, then TASK_BEGIN, regions and LOG, then woken, then states off the CPU, then the others, then RECORD, then
 * TASK_END, then END, and then by thread.  So who
 * leaves a CPU comes before who gets it, and a thread that was released by another one's last deed comes before the other's end.
 * Ticks never decrease, but for records that the recorder wrote late (CT_RECORD_LATE of read/trace.h).
 *
 * Memory: 3.5 bytes a state, its wait included, in a trace of contended locks; a wait that is like none before adds about 10, a record of
 * another event takes about 8; and 700 bytes a thread; notes as in tasks.h, 50 more a task, and messages about their length.  Nothing else grows with the
 * trace.  Making it reads the records once, and once more when there are notes.
 */
#ifndef CT_MODEL_TIMELINE_H
#define CT_MODEL_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/build.h"
#include "model/tasks.h"

struct ct_timeline;

enum ct_timeline_kind {
	CT_TIMELINE_BEGIN,
	CT_TIMELINE_STATE,
	CT_TIMELINE_RECORD,
	CT_TIMELINE_END,
	CT_TIMELINE_TASK_BEGIN,
	CT_TIMELINE_TASK_END,
	CT_TIMELINE_REGION_BEGIN,
	CT_TIMELINE_REGION_END,
	CT_TIMELINE_LOG
};

#define CT_NOTE_EARLIER                                                                            \
	256u /* it began before the window, or before anything else is known of its thread */
#define CT_NOTE_LATER 512u /* it went on after the window */

/* A task, a region or a message. */
struct ct_timeline_note {
	uint64_t
		task; /* id; of regions and messages, theirs or that of the region around them; 0 none */
	uint64_t begin, end; /* ticks, as items tell them; of a message both */
	uint32_t name;	     /* string id; of a message its category; 0 none */
	uint32_t
		row; /* of the task in tasks->tasks, of the region in tasks->regions; 0 of a message */
	uint32_t flags; /* CT_NOTE_* */
	uint32_t
		bytes; /* of the message as the program had it: more than are in text were cut off */
	const struct ct_user_task *about; /* of tasks; else NULL */
	const char *text;		  /* of a message; else NULL */
};

struct ct_timeline_item {
	uint64_t ticks;
	uint32_t
		thread; /* row in model->threads; records of no thread: of serial 0, CT_NONE when there is no such row; of tasks CT_NONE when it
			   is not known, or not shown or there at that time */
	uint8_t kind;	/* enum ct_timeline_kind */
	bool ended;	/* END: the thread has ended */
	/* STATE */
	uint8_t state;	/* enum ct_state */
	uint8_t source; /* enum ct_state_source */
	uint64_t to;
	uint16_t cpu;	      /* as in struct ct_span */
	bool open;	      /* in a wait that has not ended */
	uint32_t waker;	      /* serial of who ended the wait or woke it, 0 unknown */
	uint32_t waker_stack; /* 0 unknown */
	uint32_t stranger;    /* tid of a waker that was not traced, 0 none */
	uint32_t
		wait; /* number of the wait among the thread's, 0: in none; what follows is 0 then */
	uint32_t op, stack;
	uint32_t cell; /* CT_NONE outside of a wait, and in one that ended after the window */
	uint32_t owner, owner_last, flags;
	int64_t result;
	/* RECORD; TASK_BEGIN and so on: until the next call */
	const struct ct_record *record;
	const struct ct_timeline_note *note;
};

/* ct_timeline_cpu - of a state on a CPU, or waiting for one: which, or the one it got at last; -1 none or unknown */
static inline int ct_timeline_cpu(const struct ct_timeline_item *i)
{
	bool ready = i->state == CT_STATE_RUNNING || i->state == CT_STATE_CALL ||
		     i->state == CT_STATE_WOKEN || i->state == CT_STATE_PREEMPTED;

	return ready && i->source == CT_SOURCE_SWITCHES && i->cpu != UINT16_MAX ? i->cpu : -1;
}

struct ct_timeline_options {
	uint64_t
		events; /* bit 1 << enum ct_event_type of the records to merge; 0: none.  Not CT_EV_wait, nor with notes log and text */
	bool notes;	/* tasks, regions and messages, too */
	bool (*shows)(void *arg, uint32_t thread); /* by row: only of these threads; NULL: of all */
	void *arg;
};

/*
 * ct_timeline_build - read the trace that ct_model_build() has made a model of; its window is the timeline's
 * @progress: may be NULL
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_timeline_build(struct ct_trace *t, struct ct_model *m, const struct ct_timeline_options *o,
		      ct_progress_fn *progress, void *arg, struct ct_timeline **out);

/*
 * ct_timeline_next - the next item
 * Returns false at the end.
 * Context: tools.
 */
bool ct_timeline_next(struct ct_timeline *tl, struct ct_timeline_item *item);

/*
 * ct_timeline_rewind - begin again
 * Context: tools.
 */
void ct_timeline_rewind(struct ct_timeline *tl);

/*
 * ct_timeline_tasks - what notes are rows of; NULL: there are none, or they were not asked for
 * Context: tools.
 */
const struct ct_tasks *ct_timeline_tasks(const struct ct_timeline *tl);

/*
 * ct_timeline_progress - how much was handed out, 0 to 1
 * Context: tools.
 */
double ct_timeline_progress(const struct ct_timeline *tl);

/*
 * ct_timeline_free - NULL is allowed
 * Context: tools.
 */
void ct_timeline_free(struct ct_timeline *tl);

#endif
