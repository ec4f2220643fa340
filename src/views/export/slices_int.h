/*
 * slices_int.h - what the files of the slices share: slices.c has threads, waits and numbers, slices_said.c what the program said of itself.
 */
#ifndef CT_VIEWS_SLICES_INT_H
#define CT_VIEWS_SLICES_INT_H

#include "views/export/slice_names.h"
#include "views/export/slices.h"

#define CT_SLICES_NOBODY UINT8_MAX

/* Regions, from inside out. */
struct ct_slices_due {
	struct ct_timeline_note *region;
	uint32_t n, room;
};

/* Where a thread is. */
struct ct_slices_place {
	uint32_t wait; /* number of the wait it is in, shown or not; 0: in none */
	uint8_t number; /* enum ct_slices_number that it counts in; CT_SLICES_NOBODY: it is not there */
	bool wait_open, part_open;
	bool begun;		  /* it was there at any time */
	struct ct_slices_due due; /* regions of which the end came in a wait: they end with it */
	uint64_t to;		  /* ticks: until when its state lasts */
};

/* The slices a thread is in, for who wants them as a whole. */
struct ct_slices_kept {
	struct ct_slice wait, part;
	struct ct_timeline_item wait_item, part_item;
};

/* What is told of a process over time. */
struct ct_slices_process {
	uint64_t now[CT_NUMBERS], told[CT_NUMBERS];
	bool due, any; /* changed since it was told; was told ever */
};

struct ct_slices {
	struct ct_view *v;
	struct ct_choice choice;
	const struct ct_slices_sink *sink;
	struct ct_timeline *timeline;
	struct ct_slice_names names;
	struct ct_slices_place *places;	     /* by row of the thread */
	struct ct_slices_kept *kept;	     /* the same; NULL: nobody wants them */
	struct ct_slices_process *processes; /* by index */
	uint32_t *due;			     /* processes of which there is something to tell */
	uint32_t due_n, process_n;
	uint64_t sample, next_sample; /* ticks */
	uint64_t ns;		      /* of the item that is told */
	uint64_t wakes;
	bool failed;
	uint8_t *aside; /* by number of the region, a bit each; NULL: there are none */
};

/*
 * ct_slices_close - the slices that a thread is in end now: the part, and if @wait the wait, and regions that had to end with it
 * ct_slices_end_regions - those regions alone
 * Context: tools.
 */
void ct_slices_close(struct ct_slices *s, uint32_t row, bool wait);
void ct_slices_end_regions(struct ct_slices *s, uint32_t row);

/*
 * ct_slices_say - an item about a task, a region or a message
 * Context: tools.
 */
void ct_slices_say(struct ct_slices *s, const struct ct_timeline_item *i);

#endif
