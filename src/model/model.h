/*
 * model.h - what the records of a trace mean: who waited, on what, for how long, why, and who ended it.
 *
 * It is not a reader: records come in decoded, each with the thread it belongs to.  It is not a view: nothing here prints, and
 * no address is turned into a name.
 *
 * Records are fed twice.  The first time (learn) the model takes what gives other records their meaning wherever they stand:
 * threads, names, which object stood at an address from when on, descriptors.  The second time (take) it counts.  Both orders
 * are free, so records can come thread by thread, the way they lie in a trace, and nothing is ever sorted by time as a whole.
 *
 *                +--------- threads ------ processes
 *   records ---> | places -> objects  (process, address) -> what stood there, one after another; of several processes: shared.c
 *                | cells    (thread, object, operation, stack) -> waits, time, and for few of them more: the longest, those without an end
 *                | bins     cells whose waits are looked at together: of one thread on one object
 *                | hist     (bin, length) -> waits
 *                | edges    (bin, thread) -> who held, who woke; (bin, stack) -> where it let go
 *                | open     waits that have not ended, and the circles among them (deadlock.c)
 *                | pending  waits whose waker is told by a wake record, matched when everything was taken (match.c)
 *                |- calls   (thread, operation) -> all calls, the short ones too
 *                +- turns   when threads had a CPU (turns.h), from which states.h makes their lives
 *
 * Memory grows with the number of different cells (about 100 bytes), edges (50) and buckets (30), by 52 bytes for every wait whose waker
 * has to be looked for, and until they are matched by 28 for every wake record; not with the number of records.
 *
 * All times are clock ticks of the trace until a view converts them.
 */
#ifndef CT_MODEL_MODEL_H
#define CT_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctrace/format.h>

#include "file/decode.h"
#include "model/hist.h"
#include "model/table.h"
#include "model/turns.h"

/* Why a thread waited.  The order is the order of views. */
enum ct_why {
	CT_WHY_LOCK,   /* contention: somebody held what it wanted */
	CT_WHY_OTHERS, /* it needed another thread, process or host to do something */
	CT_WHY_IO,     /* files and devices */
	CT_WHY_CALLS,  /* calls too short for a record: work more than waiting */
	CT_WHY_SLEEP,
	CT_WHY_IDLE, /* it had nothing to do: see classify.c for the rule */
	CT_WHYS
};

/* What kind of thing an object is; operations on the same thing share it. */
enum ct_kind {
	CT_KIND_NONE,
	CT_KIND_MUTEX,
	CT_KIND_RWLOCK,
	CT_KIND_SPIN,
	CT_KIND_COND,
	CT_KIND_SEM,
	CT_KIND_BARRIER,
	CT_KIND_ONCE,
	CT_KIND_THREAD, /* joined */
	CT_KIND_FUTEX,
	CT_KIND_SLEEP,
	CT_KIND_FD,
	CT_KIND_POLL,  /* a set of descriptors */
	CT_KIND_CALL,  /* nothing that has a name: a child, a signal, a host to look up */
	CT_KIND_IPC,   /* System V semaphores and messages */
	CT_KIND_OTHER, /* an operation of a later version */
	CT_KINDS
};

/* How long a thread ran by the kernel's account: its sums until they were read from outside the last time, or came with the last switches. */
struct ct_ran {
	uint64_t run_ns, delay_ns; /* on a CPU, and ready for one */
	uint64_t turns;		   /* times it got one */
	uint64_t until;		   /* ticks; 0: not known */
	bool read;		   /* from outside */
};

struct ct_thread {
	uint64_t serial; /* key */
	uint32_t process;
	uint32_t tid;
	uint32_t
		outside; /* its tid as ctrace-run sees it, by which the kernel's switches name it; 0 not known */
	uint32_t parent; /* serial */
	uint32_t create_stack;
	uint64_t routine;
	uint64_t begin, end;  /* ticks; end 0: not seen to end */
	uint64_t first, last; /* of its records */
	uint64_t waits;	      /* records */
	struct ct_ran ran;
	char name[17];
	bool known; /* a thread_begin, a slot or a chunk head told who it is */
	bool ended;
	bool main; /* the first thread of its process */
};

/* An address, or another number, that threads wait on.  Holds one object after another. */
struct ct_place {
	uint32_t process;
	uint32_t kind;
	uint64_t address;
	uint32_t first, objects; /* in model->objects, by time */
};

struct ct_object {
	uint32_t place;
	uint32_t birth;
	uint64_t since; /* it stands there from this tick on; the first one: from 0 */
	uint64_t data;	/* frame of the variable, 0: not a global */
	uint32_t init_stack;
	uint32_t first_stack; /* of its earliest wait that has one */
	uint64_t first_ticks; /* start of that wait */
	uint64_t last_got;    /* locks: when somebody was last seen to get it after a wait */
	uint32_t names;	      /* descriptors: newest of its names, index + 1 in model->fd_names */
	uint32_t needs;	      /* descriptors: of all that was done on it (fds.c) */
	uint32_t share;	      /* number of the object of all processes that it is; 0: of this one */
	uint32_t same;	      /* index + 1 of the object that stands for that one */
	uint32_t processes;   /* of the one that stands for others: that have it */
	bool shared;	      /* says that it may be used by other processes */
};

/* All waits of one thread on one object in one operation from one place of the program.  There may be a million: keep it small. */
struct ct_cell {
	uint32_t thread; /* row in model->threads */
	uint32_t object;
	uint32_t stack;
	uint32_t op;
	uint64_t waits, total, max;	   /* records; max: the tallied and the open one too */
	uint64_t short_waits, short_total; /* tallied */
	uint64_t open_total; /* of a wait that has not ended: how long it has lasted */
	uint32_t timeouts;   /* of the records */
	uint32_t bin;
	uint32_t more; /* index + 1 in model->more; 0: nothing there */
	uint16_t why;  /* enum ct_why, after ct_model_finish() */
	bool open;     /* a wait of it has not ended */
};

/* What few cells have. */
struct ct_more {
	uint64_t open_since; /* start of a wait that has not ended */
	uint64_t
		abandoned; /* waits left by longjmp or cancellation: in no total, their ends are not known */
	uint64_t abandoned_total; /* they lasted so long together at most */
	struct ct_long *longest;  /* heap, shortest first */
	struct ct_long *left;	  /* the same of abandoned ones */
	uint32_t longest_count, left_count;
	uint32_t longest_room, left_room;
	uint32_t open_owner; /* tid: who was seen to hold it */
	uint32_t pad;
};

/*
 * What histograms and edges hang on: all waits of a thread on a lock, or in one operation on something else.  Apart by stack are
 * those that may turn out to be idle, and those that views tell apart by where they are (things without a name, and joins).
 */
struct ct_bin {
	uint32_t thread; /* row in model->threads */
	uint32_t object;
	uint32_t op, stack; /* of the cell; op 0 for locks; stack 0 where it tells nothing apart */
};

/* One of the longest waits of a cell. */
struct ct_long {
	uint64_t end, dur, ago;
	uint32_t waker, waker_stack;
	uint32_t owner, owner_last;
	uint32_t pending; /* index + 1: the waker is to be found there */
	uint32_t flags;
	uint32_t stranger; /* tid of a waker that was not traced, 0 none */
	uint32_t pad;
	int64_t result;
};

/*
 * What `who` of an edge is.  Every recorded wait of a bin for a thread or a lock that ended has one WAKER, HELD or STRANGER edge; with a
 * known waker also one PLACE or BARE.
 */
enum ct_edge_kind {
	CT_EDGE_WAKER, /* serial: ended the wait; 0: nobody knows */
	CT_EDGE_PLACE, /* stack: where the waker did it */
	CT_EDGE_BARE,  /* serial: the waker, whose stack is not known */
	CT_EDGE_HELD, /* tid: nobody told who ended the wait (it ran out, most of all), but this one held the lock when it did, as far as seen */
	CT_EDGE_HOLDS,	 /* tid: the wait has not ended, and this one holds the lock */
	CT_EDGE_OWNER,	 /* tid: held the lock when the wait began; 0: not seen */
	CT_EDGE_STRANGER /* tid: ended the wait, and was not traced: the kernel told */
};

/* A part of the waits of a bin, by who ended them or stood in their way. */
struct ct_edge {
	uint32_t bin : 29;
	uint32_t kind : 3; /* enum ct_edge_kind */
	uint32_t who;
	uint64_t count, total;
};

/* All calls of one operation by one thread. */
struct ct_calls {
	uint32_t thread;
	uint32_t op;
	uint64_t count, total, max;
	uint64_t recorded, recorded_total; /* those that have a record of their own */
	uint64_t bucket[CT_OPSTAT_BUCKETS];
};

/* A wake record, until it is matched. */
struct ct_wake {
	uint64_t release; /* ticks << 1 | all */
	uint32_t thread;  /* serial */
	uint32_t stack;
	uint32_t object;
	uint32_t pad;
};

/* A wait whose waker has to be looked for. */
struct ct_pending {
	uint64_t end, dur;
	uint64_t ago; /* the release was at end - ago; CT_AGO_UNKNOWN */
	uint32_t bin;
	uint32_t object;
	uint32_t waker;
	uint32_t waker_stack; /* as long as there is no waker: tid of the holder, 0 unknown */
	uint32_t stranger;    /* tid of a waker that was not traced, 0 none */
	uint32_t pad;
};
#define CT_AGO_UNKNOWN UINT64_MAX

/* A process had stopped its recording between the two. */
struct ct_pause {
	uint64_t off; /* 0: nobody knows since when */
	uint64_t on;  /* UINT64_MAX: it did not start it again */
	uint32_t process;
	uint32_t thread; /* serial; who started it again */
};

/* One stop or start, before they are brought together. */
struct ct_pause_mark {
	uint64_t ticks;
	uint32_t process, thread;
	bool on;
};

struct ct_fd_name {
	uint64_t ticks;
	uint32_t name; /* string id */
	uint32_t next; /* older one, index + 1 */
};

/* A wait that had not ended when the trace did. */
struct ct_open_wait {
	uint32_t process, thread, tid;
	uint32_t op;
	uint64_t object;
	uint64_t start;
	uint32_t owner;
	uint32_t stack;
	uint64_t site;
	uint32_t cell;
	uint32_t pad;
};

/* Who a record belongs to. */
struct ct_who {
	uint32_t process;
	uint32_t thread; /* serial */
	uint32_t tid;
	uint32_t slot;
};

struct ct_model_options {
	uint32_t longest;	       /* how many single waits to keep for each cell; 0 none */
	uint64_t from_ticks, to_ticks; /* count waits that ended between them; 0, UINT64_MAX: all */
};

/* The tables of the trace that records point into.  They belong to the caller and outlive the model. */
struct ct_model_tables {
	const struct ct_process_rec *processes;
	uint32_t process_count;
	const struct ct_trie_node *nodes;
	uint32_t node_count;
	const char *(*module_path)(void *ctx, uint32_t module); /* NULL: no such module */
	const char *(*string)(void *ctx, uint32_t id);		/* NULL: no such string */
	void *ctx;
	uint64_t begin_ticks, end_ticks; /* of the trace */
	uint64_t second_ticks;
	uint64_t short_ticks; /* every wait and call of at least this length has a record */
};

struct ct_model {
	struct ct_model_options options;
	struct ct_model_tables tables;
	struct ct_table threads, places, cells, bins, edges, calls, hist;
	struct ct_object *objects; /* sorted by place and time once everything is learnt */
	uint32_t object_count, object_room;
	struct ct_pool wakes, pending, fd_names, more;
	uint32_t *ipc_homes;	 /* by process: the first one of its IPC namespace (shared.c) */
	struct ct_pool mappings; /* of shared memory, by process and look (shared.c) */
	uint32_t share_count;
	struct ct_pool marks;
	struct ct_pause *pauses; /* by process and time */
	uint32_t pause_count;
	struct ct_turns turns;
	struct ct_pool ran;	    /* ran.c */
	struct ct_table ran_newest; /* ran.c */
	struct ct_open_wait *open;
	uint32_t open_count, open_room;
	uint32_t *
		circles; /* in model->open: deadlocks, the waits of each in order and then CT_NONE (deadlock.c) */
	uint32_t circles_n;
	uint8_t *
		module_runtime; /* per module: 0 not looked at, 1 the program's, 2 runtime (classify.c) */
	uint64_t events[CT_EV_LIMIT];
	uint64_t unknown_events;
	uint64_t records, waits, wakes_seen, short_waits;
	uint64_t abandoned, abandoned_total; /* waits: in no other figure */
	uint64_t timed_short_waits;	/* tallied ones a time filter could not place exactly */
	uint64_t matched, unmatched;	/* pending waits */
	uint64_t lost[CT_LOSS_REASONS]; /* as told by lost records; headers tell the totals */
	uint64_t begin, end;		/* of the trace in ticks, widened by the records seen */
	uint32_t *by_tid;		/* rows of threads by (tid, begin) */
	uint32_t *by_outside;		/* and by (outside, begin) */
	uint32_t last_thread_serial, last_thread; /* one-entry cache */
	uint32_t last_place;
	uint32_t last_cell;
	bool placed; /* objects are sorted: learning is over */
	int error;
};

/*
 * ct_model_new - an empty model
 * Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_model *ct_model_new(const struct ct_model_tables *tables,
			      const struct ct_model_options *options);

/*
 * ct_model_free - give it back
 * Context: tools.
 */
void ct_model_free(struct ct_model *m);

/*
 * ct_model_learn - first time: threads, names, objects, descriptors
 * @who: the thread the record belongs to; a thread_begin already belongs to the thread that begins
 * Context: tools.
 */
void ct_model_learn(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);

/*
 * ct_model_take - second time: waits, wakes and totals
 * Context: tools.
 */
void ct_model_take(struct ct_model *m, const struct ct_who *who, const struct ct_record *r);

/*
 * ct_model_open_wait - a thread was blocked when the trace ended; after the last ct_model_learn()
 * Context: tools.
 */
void ct_model_open_wait(struct ct_model *m, const struct ct_open_wait *w);

/*
 * ct_model_thread_seen - a slot of the trace tells of a thread that may have written no record
 * Context: tools.
 */
void ct_model_thread_seen(struct ct_model *m, const struct ct_who *who, uint64_t routine,
			  uint64_t begin_ticks, const char name[16]);

/*
 * ct_model_thread_ended - a thread's end, where its record is not there
 * Context: tools.
 */
void ct_model_thread_ended(struct ct_model *m, uint32_t serial, uint64_t ticks);

/*
 * ct_model_finish - match wakes with waits, classify
 * Returns 0, or -ENOMEM when memory ran out at any time since ct_model_new().
 * Context: tools.
 */
int ct_model_finish(struct ct_model *m);

/* --- questions, after ct_model_finish() --------------------------------------------------------------------------------- */

/*
 * ct_pauses_of - when a process had stopped its recording, in order of time
 * Returns the first of @n, or NULL.
 * Context: tools.
 */
const struct ct_pause *ct_pauses_of(const struct ct_model *m, uint32_t process, uint32_t *n);

/*
 * ct_kind_of - the kind of thing an operation waits on
 * Context: tools.
 */
enum ct_kind ct_kind_of(uint32_t op);

/*
 * ct_op_say, ct_op_key - label and name of an operation as in ops.def; "unknown operation", "unknown" for one that is not there
 * Context: tools.
 */
const char *ct_op_say(uint32_t op);
const char *ct_op_key(uint32_t op);

/*
 * ct_model_thread - the thread with this serial, NULL when the trace does not know it
 * Context: tools.
 */
const struct ct_thread *ct_model_thread(const struct ct_model *m, uint32_t serial);

/*
 * ct_model_thread_outside - the same by the tid that ctrace-run and the kernel's switches know it by
 * Context: tools.
 */
const struct ct_thread *ct_model_thread_outside(const struct ct_model *m, uint32_t tid,
						uint64_t ticks);

/*
 * ct_model_thread_by_tid - the thread that had this tid last before @ticks, NULL when there is none
 * Context: tools.
 */
const struct ct_thread *ct_model_thread_by_tid(const struct ct_model *m, uint32_t tid,
					       uint64_t ticks);

/*
 * ct_model_thread_only - the thread of a process that had this tid, or of any process when none of this one had
 * Returns NULL when there is none, or when it could be one of several.
 * Context: tools.
 */
const struct ct_thread *ct_model_thread_only(const struct ct_model *m, uint32_t process,
					     uint32_t tid);

static inline struct ct_thread *ct_model_thread_at(const struct ct_model *m, uint32_t row)
{
	return ct_table_row(&m->threads, row);
}

static inline struct ct_cell *ct_model_cell(const struct ct_model *m, uint32_t i)
{
	return ct_table_row(&m->cells, i);
}

static inline struct ct_bin *ct_model_bin(const struct ct_model *m, uint32_t i)
{
	return ct_table_row(&m->bins, i);
}

static inline struct ct_edge *ct_model_edge(const struct ct_model *m, uint32_t i)
{
	return ct_table_row(&m->edges, i);
}

static inline struct ct_place *ct_model_place(const struct ct_model *m, uint32_t object)
{
	return ct_table_row(&m->places, m->objects[object].place);
}

/* ct_place_is_nameless - nothing tells one such object from another: who waited is all there is to say */
static inline bool ct_place_is_nameless(const struct ct_place *p)
{
	switch (p->kind) {
	case CT_KIND_SLEEP:
	case CT_KIND_POLL:
	case CT_KIND_CALL: return true;
	case CT_KIND_FD:
	case CT_KIND_IPC: return !p->address;
	default: return false;
	}
}

/*
 * ct_cell_more - what few cells have; all zero for the others
 * Context: tools.
 */
static inline const struct ct_more *ct_cell_more(const struct ct_model *m, const struct ct_cell *c)
{
	static const struct ct_more none;

	return c->more ? ct_pool_at(&m->more, c->more - 1) : &none;
}

/*
 * ct_cell_waits, ct_cell_total - records, tallied waits and a wait that has not ended, together
 * Context: tools.
 */
static inline uint64_t ct_cell_waits(const struct ct_cell *c)
{
	return c->waits + c->short_waits + c->open;
}

static inline uint64_t ct_cell_total(const struct ct_cell *c)
{
	return c->total + c->short_total + c->open_total;
}

/* What is known of a descriptor. */
struct ct_fd_known {
	uint32_t name;	  /* string id, the newest that can be waited on so; 0 none */
	uint32_t earlier; /* other such names before it, each time it changed */
	bool sure;	  /* it was found twice */
};

/*
 * ct_model_fd - the name of a descriptor, for waits in an operation
 * A name is of the time it was looked up, and the number may have been another file's in the wait: what cannot be waited on by this
 * operation was.
 * Context: tools.
 */
struct ct_fd_known ct_model_fd(const struct ct_model *m, uint32_t object, uint32_t op);

/*
 * ct_model_object_ops - of each object the operation that most was waited in, which tells what a descriptor was; free() when done
 * Returns NULL when out of memory.
 * Context: tools.
 */
uint32_t *ct_model_object_ops(const struct ct_model *m);

/*
 * ct_model_is_runtime - does this frame belong to libc, libstdc++, the loader or libctrace rather than to the program?
 * Context: tools.
 */
bool ct_model_is_runtime(struct ct_model *m, uint64_t frame);

/* A bucket of the histogram of a bin: row of model->hist. */
struct ct_hist_row {
	uint64_t key; /* bin << 16 | bucket */
	uint64_t count;
};

#endif
