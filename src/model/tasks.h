/*
 * tasks.h - what the program said of itself: tasks, the regions its threads were in, messages.
 *
 * It adds nothing: a beginning without an end, or an end without a beginning, is told as such.  A region's end names the moment of its beginning, so
 * the two find each other in whatever order they come; and it repeats the name, so that one whose beginning a ring has lost is whole all the same.
 *
 *	thread 1   |----- handle ------------------|        task of `handle`: as the program said
 *	             |-- parse --|   |-- reply --|          of the others: that of the region around them, unless they have one
 *	thread 2                  |---- query ----|         of the same task: it was given along
 *
 * Memory: 56 bytes a region, 80 a task, the messages that were asked for, and labels.
 */
#ifndef CT_MODEL_TASKS_H
#define CT_MODEL_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/labels.h"
#include "model/model.h"
#include "model/table.h"
#include "read/trace.h"

#define CT_NOTE_UNENDED 1u  /* no end; regions: `end` is the latest it can have been */
#define CT_NOTE_UNBEGUN 2u  /* the beginning is not there; of a task nor is its time: begin 0 */
#define CT_NOTE_INSIDE	4u  /* region: inside another one of the same task */
#define CT_NOTE_CROSSES 8u  /* region: ended after the one around it */
#define CT_NOTE_AGAIN	16u /* task: ended more than once; the first one counts */

struct ct_user_region {
	uint64_t begin, end; /* ticks */
	uint64_t task;	     /* its own, or of the region around it; 0 none */
	uint32_t thread;     /* row in model->threads */
	uint32_t name;	     /* string id; 0 none */
	uint32_t up;	     /* the region around it, index + 1; 0 none */
	uint32_t next;	     /* the next of the same task, index + 1 */
	uint32_t flags;	     /* CT_NOTE_* */
	uint32_t pad;
};

struct ct_user_task {
	uint64_t id; /* key */
	uint64_t begin, end;
	uint64_t parent; /* id; 0 none */
	uint32_t name;
	uint32_t thread;     /* row; where it began, CT_NONE unknown */
	uint32_t end_thread; /* likewise */
	uint32_t regions;    /* the first of them, index + 1 */
	uint32_t region_count;
	uint32_t logs;
	uint32_t flags;
	uint32_t pad;
};

/* A message that was looked for. */
struct ct_user_log {
	uint64_t ticks;
	uint64_t task; /* of its own, or of the region around it; 0 none */
	uint32_t thread;
	uint32_t category; /* string id */
	uint32_t text;	   /* offset in tasks->text */
	uint32_t bytes;	   /* as the program had it; more than are here: cut off */
};

struct ct_tasks {
	struct ct_user_region *regions; /* by thread and beginning, outer ones first */
	uint32_t region_count, region_room;
	struct ct_table tasks; /* struct ct_user_task */
	struct ct_user_log *logs;
	uint32_t log_count, log_room;
	char *text;
	uint32_t text_used, text_room;
	struct ct_labels labels;
	uint64_t logs_matched;	/* more than log_count: the others were too many */
	uint64_t nameless_ends; /* regions of which nothing but the end is there, not even a name */
};

#define CT_TASKS_LOGS_MAX 10000u

/*
 * ct_tasks_build - read all of it from a trace
 * @m:    its model, finished
 * @log:  keep messages that have this in them; NULL: none
 * @labels: labels are wanted
 * Returns 0 or a negative error.
 * Context: tools.
 */
int ct_tasks_build(struct ct_trace *t, const struct ct_model *m, const char *log, bool labels,
		   struct ct_tasks **out);

/*
 * ct_tasks_free - NULL is allowed
 * Context: tools.
 */
void ct_tasks_free(struct ct_tasks *t);

/*
 * ct_tasks_find - the task with this id, NULL when there is none
 * Context: tools.
 */
const struct ct_user_task *ct_tasks_find(const struct ct_tasks *t, uint64_t id);

static inline const struct ct_user_task *ct_tasks_at(const struct ct_tasks *t, uint32_t row)
{
	return ct_table_row(&t->tasks, row);
}

/*
 * ct_tasks_region - the innermost region that a thread was in at a time; NULL: none
 * Context: tools.
 */
const struct ct_user_region *ct_tasks_region(const struct ct_tasks *t, uint32_t thread,
					     uint64_t ticks);

#endif
