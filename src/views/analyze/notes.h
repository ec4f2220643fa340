/*
 * notes.h - what the views of tasks and regions share: rows by name with their latencies, and what was done in one of them.
 */
#ifndef CT_VIEWS_NOTES_H
#define CT_VIEWS_NOTES_H

#include "model/split.h"
#include "model/tasks.h"
#include "views/analyze/json.h"
#include "views/analyze/view.h"

/* One task or region that the filter lets through. */
struct ct_note {
	uint64_t dur;
	uint32_t index; /* in tasks->regions, or row of tasks->tasks */
	uint32_t name;
	uint32_t flags;
};

/* All of one name. */
struct ct_note_row {
	uint32_t name;
	uint32_t first, count; /* in notes->note: those with both ends, shortest first */
	uint32_t unended, unbegun;
	uint64_t total;
};

struct ct_notes {
	struct ct_tasks *tasks;
	struct ct_note *note; /* by name; the whole ones first and by length */
	uint32_t count;
	struct ct_note_row *row; /* largest total first */
	uint32_t rows;
};

/*
 * ct_notes_rows - sort n->note and make rows of it
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_notes_rows(struct ct_notes *n);

/* ct_notes_free - all of it */
void ct_notes_free(struct ct_notes *n);

/*
 * ct_notes_longest - n->note anew: the longest first, those whose length is not known last
 * Context: tools.
 */
void ct_notes_longest(struct ct_notes *n);

/*
 * ct_notes_in_time - does it end in the time that is looked at?
 * Context: tools.
 */
bool ct_notes_in_time(const struct ct_view *v, uint64_t end);

/* ct_notes_before - how much of a stretch lies before the time that is looked at, where nobody has added up what threads did */
uint64_t ct_notes_before(const struct ct_view *v, uint64_t from, uint64_t to);

/*
 * ct_notes_print, ct_notes_json - the rows: count, total, percentiles, histogram
 * @what: heading of the last column
 * Context: tools.
 */
void ct_notes_print(struct ct_view *v, const struct ct_notes *n, const char *what);
void ct_notes_json(struct ct_view *v, struct ct_json *j, const struct ct_notes *n);

/*
 * ct_note_name - of a string id; "(no name)"
 * Returns buf.
 * Context: tools.
 */
char *ct_note_name(struct ct_view *v, uint32_t id, char *buf, size_t size);

/*
 * ct_note_task - "2.17", the seventeenth task that thread #2 began; "-" for 0
 * Returns buf.
 * Context: tools.
 */
char *ct_note_task(uint64_t id, char *buf, size_t size);

/*
 * ct_notes_labelled - had a thread the label that options.label asks for, at this time?  True when it asks for none.
 * ct_note_labels - ", tenant=acme" for each label it had
 * ct_note_labels_json - the same as an object "labels"
 * Context: tools.
 */
bool ct_notes_labelled(struct ct_view *v, const struct ct_tasks *t, uint32_t thread,
		       uint64_t ticks);
void ct_note_labels(struct ct_view *v, const struct ct_tasks *t, uint32_t thread, uint64_t ticks,
		    char *text, size_t size);
void ct_note_labels_json(struct ct_view *v, struct ct_json *j, const struct ct_tasks *t,
			 uint32_t thread, uint64_t ticks);

/*
 * ct_notes_missing - lines about what the trace does not tell of tasks and regions
 * Context: tools.
 */
void ct_notes_missing(struct ct_view *v, const struct ct_tasks *t);

/*
 * ct_note_split, ct_note_split_json - "running 1 ms, blocked 3 ms (mutex 2 ms, sleep 1 ms)"
 * @dur:    of all its stretches, in ticks; what the split does not cover is not known
 * @before: of these: before the time that is looked at
 * Context: tools.
 */
void ct_note_split(struct ct_view *v, const struct ct_split *s, uint64_t dur, uint64_t before,
		   char *text, size_t size);
void ct_note_split_json(struct ct_view *v, struct ct_json *j, const struct ct_split *s,
			uint64_t dur, uint64_t before);

#endif
