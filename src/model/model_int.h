/*
 * model_int.h - what the files of the model share among themselves.
 */
#ifndef CT_MODEL_MODEL_INT_H
#define CT_MODEL_MODEL_INT_H

#include "model/model.h"

/* What a process had mapped at an address from a look on.  Inode 0: nothing; no bytes: just that it was looked at. */
struct ct_mapping {
	uint64_t ticks;
	uint32_t process;
	uint32_t order; /* as they came: of those of one look */
	uint64_t from, bytes;
	uint64_t device, inode, offset;
};

/*
 * ct_threads_row - row of a thread, made when it is not there
 * Context: tools.
 */
uint32_t ct_threads_row(struct ct_model *m, uint32_t serial);

/*
 * ct_threads_who - row of the thread a record belongs to; remembers its tid, process and times
 * Context: tools.
 */
uint32_t ct_threads_who(struct ct_model *m, const struct ct_who *who, uint64_t ticks);

/*
 * ct_threads_learn - take in a thread_* record
 * Context: tools.
 */
void ct_threads_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);

/*
 * ct_threads_finish - fill in ends, find main threads, order by tid
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_threads_finish(struct ct_model *m);

/*
 * ct_thread_last - the end of a thread in ticks, as ct_threads_finish() will fill it in: what is told of it, or its process's, or the trace's, and
 * never before its newest record
 * Context: tools.
 */
uint64_t ct_thread_last(const struct ct_model *m, const struct ct_thread *t);

/* ct_threads_learn_outside - take in an outside record */
void ct_threads_learn_outside(struct ct_model *m, const struct ct_who *who,
			      const struct ct_record *r);

/*
 * ct_threads_outside - the thread of a process, or of the image before or after it, that had a tid outside at a time; NULL none
 * @process: CT_NONE: whichever
 * Context: tools.
 */
struct ct_thread *ct_threads_outside(const struct ct_model *m, uint32_t process, uint32_t tid,
				     uint64_t ticks);

/*
 * ct_ran_init, ct_ran_free, ct_ran_learn, ct_ran_finish - ran records: added up, and given to threads when these are known
 * init and finish return 0 or -ENOMEM.
 * Context: tools.
 */
int ct_ran_init(struct ct_model *m);
void ct_ran_free(struct ct_model *m);
void ct_ran_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);
int ct_ran_finish(struct ct_model *m);

/*
 * ct_tids_are_ours - do tids as ctrace-run saw them, those of switches, mean what they mean to the process?
 * Context: tools.
 */
bool ct_tids_are_ours(const struct ct_model *m, uint32_t process);

/*
 * ct_thread_turns - the turns of all threads with this thread's tid, as ct_turns_of(); none where its tid out here is not known
 * Context: tools.
 */
uint32_t ct_thread_turns(const struct ct_model *m, const struct ct_thread *t, uint32_t *first);

/*
 * ct_thread_waking - the turn that ended a thread's last sleep in a stretch of time, where the kernel told who woke it; else NULL
 * Context: tools.
 */
const struct ct_turn *ct_thread_waking(const struct ct_model *m, const struct ct_thread *t,
				       uint64_t from, uint64_t to);

/*
 * ct_turns_add_up - make the sums that ct_turns_split() asks, of turns that are in their order
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_turns_add_up(struct ct_turns *t);

/*
 * ct_threads_leave - a thread that has ended has no CPU, whatever the records of CPUs leave open; between ct_threads_finish() and
 * ct_turns_finish()
 * Context: tools.
 */
void ct_threads_leave(struct ct_model *m);

/*
 * ct_threads_born - a thread lives from the moment it was made, not from its first record, where the kernel told; after
 * ct_turns_finish() and ct_threads_finish()
 * Context: tools.
 */
void ct_threads_born(struct ct_model *m);

/*
 * ct_objects_learn - take in an object or fd record
 * Context: tools.
 */
void ct_objects_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);

/*
 * ct_objects_settle - learning is over: put the objects of every place in order of time
 * Context: tools.
 */
void ct_objects_settle(struct ct_model *m);

/*
 * ct_objects_at - what stood at an address at a time; made when nothing is known of it.  Only after ct_objects_settle()
 * Returns CT_NONE when out of memory (m->error is set).
 * Context: tools.
 */
uint32_t ct_objects_at(struct ct_model *m, uint32_t process, uint32_t op, uint64_t address,
		       uint64_t ticks);

/*
 * ct_pauses_learn, ct_pauses_finish - take in a `recording` record; bring stops and starts together
 * ct_pauses_finish() returns 0 or -ENOMEM.
 * Context: tools.
 */
void ct_pauses_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);
int ct_pauses_finish(struct ct_model *m);

/*
 * ct_shared_learn - take in a mapping record of ctrace-run's; one that a thread of a program wrote is not believed
 * Context: tools.
 */
void ct_shared_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);

/*
 * ct_shared_find - learning is over: which object of all processes each object is (object->share)
 * ct_shared_join - objects are in order: which one stands for all of them (object->same)
 * Return 0 or -ENOMEM.
 * Context: tools.
 */
int ct_shared_find(struct ct_model *m);
int ct_shared_join(struct ct_model *m);

/*
 * ct_shared_homes - find the first process of each IPC namespace
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_shared_homes(struct ct_model *m);

/*
 * ct_fd_needs - what a descriptor must be for an operation, in bits of its own; 0 anything
 * Context: tools.
 */
uint32_t ct_fd_needs(uint32_t op);

/*
 * ct_cell_at - row of the cell of a thread, an object, a stack and an operation; made, with its bin, when it is not there
 * Context: tools.
 */
uint32_t ct_cell_at(struct ct_model *m, uint32_t thread, uint32_t object, uint32_t stack,
		    uint32_t op);

/*
 * ct_cell_length - @count waits of a bin were of this length, in ticks
 * Context: tools.
 */
void ct_cell_length(struct ct_model *m, uint32_t bin, uint64_t length, uint64_t count);

/*
 * ct_cell_keep - the rare things of a cell, made when they are not there
 * Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_more *ct_cell_keep(struct ct_model *m, struct ct_cell *c);

/*
 * ct_in_window, ct_has_window - does a time count?  Is there any that does not?
 * Context: tools.
 */
bool ct_in_window(const struct ct_model *m, uint64_t ticks);
bool ct_has_window(const struct ct_model *m);

/*
 * ct_calls_take, ct_calls_finish - take in an opstat or ophist record; when all waits are in: what no record tells gets cells
 * @thread: row
 * Context: tools.
 */
void ct_calls_take(struct ct_model *m, uint32_t thread, const struct ct_record *r);
void ct_calls_finish(struct ct_model *m);

/*
 * ct_edge_add - one wait of a bin
 * Context: tools.
 */
void ct_edge_add(struct ct_model *m, uint32_t bin, enum ct_edge_kind kind, uint32_t who,
		 uint64_t dur);

/*
 * ct_edge_waker - one wait of a bin was ended by somebody
 * @waker:  serial, 0 unknown
 * @stack:  of the waker, 0 unknown
 * @holder: tid of who held it, for a wait whose waker is unknown; 0 unknown
 * Context: tools.
 */
void ct_edge_waker(struct ct_model *m, uint32_t bin, uint32_t waker, uint32_t stack,
		   uint32_t holder, uint64_t dur);

/*
 * ct_edge_stranger - one wait of a bin was ended by a thread that was not traced
 * Context: tools.
 */
void ct_edge_stranger(struct ct_model *m, uint32_t bin, uint32_t tid, uint64_t dur);

/* Who the kernel says ended a wait. */
struct ct_kernel_waker {
	uint32_t thread;   /* serial; 0: not traced, or unknown */
	uint32_t stranger; /* tid of one that was not traced; 0: none */
	uint64_t ago;	   /* before the wait was over */
};

/*
 * ct_turn_waker - who the kernel says woke the thread for this turn; w->ago is not set
 * Returns false when it does not tell.
 * Context: tools.
 */
bool ct_turn_waker(const struct ct_model *m, const struct ct_turn *turn, struct ct_kernel_waker *w);

/*
 * ct_kernel_waker - ask the kernel's wakings for who ended a wait, after ct_turns_finish() and ct_threads_finish()
 * @thread: row of the thread that waited until @end for @dur
 * Returns false when they do not tell.
 * Context: tools.
 */
bool ct_kernel_waker(const struct ct_model *m, uint32_t thread, uint64_t end, uint64_t dur,
		     struct ct_kernel_waker *w);

/*
 * ct_wait_is_pending - does it take wake records to tell who ended this wait?  Such a wait has its row in model->pending, in order
 * @object: that it was for
 * @r:      a wait record that ct_model_counts()
 * Context: tools.
 */
bool ct_wait_is_pending(const struct ct_model *m, uint32_t object, const struct ct_record *r);

/*
 * ct_model_counts - is this wait record in the sums?  Not when it lies outside the window, or was abandoned
 * Context: tools.
 */
bool ct_model_counts(const struct ct_model *m, const struct ct_record *r);

/*
 * ct_model_cell_of - the cell that ct_model_take() counted a wait record in
 * @thread: row of who's thread
 * Context: tools.
 */
uint32_t ct_model_cell_of(struct ct_model *m, const struct ct_who *who, uint32_t thread,
			  const struct ct_record *r);

/*
 * ct_match - find the wakers of all pending waits
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_match(struct ct_model *m);

/*
 * ct_may_rest - could a wait of this operation at this stack be idle by rule 2 of classify.c?  It is where it is, not how long
 * Context: tools.
 */
bool ct_may_rest(struct ct_model *m, uint32_t op, uint32_t stack);

/*
 * ct_deadlocks_find - find the circles among the waits that have not ended
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_deadlocks_find(struct ct_model *m);

/*
 * ct_classify - give every cell its enum ct_why
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_classify(struct ct_model *m);

#endif
