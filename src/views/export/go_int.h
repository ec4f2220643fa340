/*
 * go_int.h - what the files of the Go export share: go.c tells which state a thread is in, go_moves.c how a goroutine gets there, go_notes.c what
 * the program said of itself.
 */
#ifndef CT_VIEWS_GO_INT_H
#define CT_VIEWS_GO_INT_H

#include "model/timeline.h"
#include "views/export/choice.h"
#include "views/export/go_procs.h"
#include "views/export/go_stacks.h"
#include "views/export/go_wire.h"

/* Events that have to wait for who can tell them. */
struct due {
	uint64_t args[CT_GO_ARGS_MAX];
	uint8_t event; /* enum ct_go_event */
};

struct dues {
	struct due *due;
	uint32_t n, room;
};

struct goroutine {
	uint32_t number; /* of G and M; 0: not begun */
	uint32_t p;	 /* that it holds */
	uint32_t wait;	 /* number of the wait it is waiting or calling in; 0: in none */
	uint8_t status;	 /* enum ct_go_status */
	bool labelled;
	uint32_t reason;  /* string, while it waits */
	uint32_t stack;	  /* of the wait */
	struct dues dues; /* until it runs */
	struct dues
		unended; /* ends that nobody saw: of regions that are over when one around them ends */
};

/* What the waits of a cell are in a Go trace. */
struct waiting {
	uint32_t reason, stack; /* string, stack */
	uint8_t how;		/* enum ct_go_how */
	bool known;
};

/* A message that has to wait for somebody who can tell it. */
#define NOTES_MAX  64u
#define NOTE_BYTES 400u

struct export
{
	struct ct_view *v;
	struct ct_choice choice;
	struct ct_go_wire *w;
	struct ct_go_stacks stacks;
	struct ct_go_procs procs;
	struct ct_timeline *timeline;
	struct goroutine *newest; /* that got a P last */
	struct goroutine *all;	  /* by row of the thread */
	struct waiting *by_cell;
	uint32_t outside, preempted; /* stacks */
	uint32_t last_number;
	uint32_t cpus;
	uint32_t generation; /* that was told the number of processors */
	uint32_t gens;
	char notes[NOTES_MAX][NOTE_BYTES];
	uint32_t notes_n, notes_left_out;
	uint64_t *resident; /* by process */
	uint64_t memory;
	bool memory_due;
	struct ct_table tasks; /* ids: a task's number is its row + 1 */
	struct dues dues;      /* of nobody that is there: until anybody runs */
	uint64_t now;	       /* ns */
	const struct ct_timeline_item *item;
	int err;
};

/* ct_go_tell - an event of thread m now; what goes wrong is kept in x->err */
void ct_go_tell(struct export *x, uint32_t m, enum ct_go_event e, uint64_t a0, uint64_t a1,
		uint64_t a2);

/* ct_go_take_p, ct_go_drop_p - get a P, and give it back; nothing where it has one, or has none */
void ct_go_take_p(struct export *x, struct goroutine *g);
void ct_go_drop_p(struct export *x, struct goroutine *g);

/* ct_go_tell_dues - labels, notes and figures, which only somebody who runs can tell */
void ct_go_tell_dues(struct export *x, struct goroutine *g);

/* ct_go_note - a task, a region or a message, the item */
void ct_go_note(struct export *x);

/* ct_go_tell_notes - what waited for this goroutine to run, and what anybody may tell */
void ct_go_tell_notes(struct export *x, struct goroutine *g);

/* ct_go_notes_init, ct_go_notes_free - of all goroutines; returns 0 or -ENOMEM */
int ct_go_notes_init(struct export *x);
void ct_go_notes_free(struct export *x);

/* ct_go_unblock - @by: thread whose deed it was; 0 none */
void ct_go_unblock(struct export *x, uint32_t by, struct goroutine *g, uint32_t stack);

/* ct_go_end_call - out of a system call: to running when it kept its P, else to runnable */
void ct_go_end_call(struct export *x, struct goroutine *g);

/* From whatever state to this one; strings and stacks are numbers of the wire. */
void ct_go_to_running(struct export *x, struct goroutine *g);
void ct_go_to_waiting(struct export *x, struct goroutine *g, uint32_t reason, uint32_t stack);
void ct_go_to_stopped(struct export *x, struct goroutine *g, uint32_t reason, uint32_t stack);
void ct_go_to_calling(struct export *x, struct goroutine *g, uint32_t stack, bool keep_p);

#endif
