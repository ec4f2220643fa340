/*
 * reader.h - read traces of ctrace in a program of your own: libctrace-reader.
 *
 *	struct ctr_trace *t;
 *	struct ctr_walk *w;
 *	char why[256];
 *
 *	if (ctr_open("my.ctrace", NULL, &t, why, sizeof(why)) < 0)
 *		errx(2, "%s", why);
 *	if (ctr_walk_open(t, NULL, &w) < 0)
 *		errx(2, "%s", ctr_error(t));
 *	while (ctr_walk_next(w) == 1)
 *		if (ctr_item_kind(w) == CTR_ITEM_STATE && ctr_item_state(w) == CTR_STATE_BLOCKED)
 *			printf("%s waited %" PRIu64 " ns\n", ctr_thread_name(t, ctr_item_thread(w)),
 *			       ctr_item_end_ns(w) - ctr_item_ns(w));
 *	ctr_walk_close(w);
 *	ctr_close(t);
 *
 *	cc analyser.c $(pkg-config --cflags --libs ctrace-reader)
 *
 * Things of a trace (threads, processes, objects, sums, losses) are rows, numbered from 0; a function of the thing's name in the plural tells how
 * many there are, and functions that take a row tell about it.  CTR_NONE is no row.  A row, stack or frame that is not there is no error:
 * the answer is then 0, NULL, false or CTR_NONE, which is also the answer where the trace does not know.
 *
 * Times are ns since the start of the trace; ctr_start_mono_ns() and ctr_start_real_ns() place that.  What was there before the start is at 0.
 *
 * Times are converted by the clock samples around them, sums at the clock's mean rate: what is added up from times can differ, in short traces by some ten-thousandths.
 *
 * Strings belong to the trace they came from and live until its ctr_close().  They are as the traced program had them: they may hold control
 * characters and need not be UTF-8, except where "safe to print" is said.
 *
 * Threads.  A trace, and everything that came from it, may be used by one thread at a time; different traces are independent.
 *
 * Errors.  Functions that can fail return 0 or more, or a negative enum ctr_error; ctr_error() then has one line about it.  The library
 * prints nothing, ends nothing and changes no signal.  A trace may be damaged or hostile: what cannot be read is left out and told by
 * ctr_note().
 *
 * ABI.  The types are opaque and all facts come from functions, so programs go on working with every later libctrace-reader.so.1; functions
 * are only added, and ctr_api_version() grows with them.  Enums may grow: treat a value you do not know as "other".
 */
#ifndef CTRACE_READER_H
#define CTRACE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTR_API __attribute__((visibility("default")))

#define CTR_API_VERSION 1
#define CTR_NONE	UINT32_MAX

struct ctr_trace;
struct ctr_walk;

enum ctr_error {
	CTR_ERR_ARGUMENT = -1, /* a call that makes no sense */
	CTR_ERR_MEMORY = -2,
	CTR_ERR_FILE = -3,    /* cannot be opened or read; errno tells why */
	CTR_ERR_FOREIGN = -4, /* not a trace of ctrace, or one of nothing */
	CTR_ERR_NEWER = -5    /* made by a ctrace that this library is too old for */
};

/* --- opening ------------------------------------------------------------------------------------------------------------- */

struct ctr_options {
	size_t size;	  /* sizeof(struct ctr_options), so that the struct can grow */
	uint64_t from_ns; /* only this part of the trace; sums then are of waits that ended in it */
	uint64_t to_ns;	  /* 0: to the end */
	uint32_t flags;	  /* CTR_OPEN_* */
	uint32_t pad;	  /* 0 */
};
#define CTR_OPTIONS_INIT                                                                           \
	{                                                                                          \
		sizeof(struct ctr_options), 0, 0, 0, 0                                             \
	}
/* Names from the trace alone.  Without it, what the trace has no name for is looked up in the programs and libraries on this machine
 * (only in those with the same build-id) and kept in ~/.cache/ctrace/symbols. */
#define CTR_OPEN_NO_FILES 1u

/*
 * ctr_api_version - CTR_API_VERSION of the library that was found at run time
 * ctr_version - its release: "0.1"
 * Thread safety: any.
 */
CTR_API unsigned ctr_api_version(void);
CTR_API const char *ctr_version(void);

/*
 * ctr_open - open a trace, finished or not, and read it once: threads, objects and sums
 * @path:    file
 * @options: NULL for all of it
 * @out:     the trace; NULL on error
 * @why, @why_size: on error one line without newline that names the file and what is wrong; may be NULL, 0
 * Returns 0 or a negative enum ctr_error.  Damage is no error: see ctr_note().
 * Thread safety: any.
 */
CTR_API int ctr_open(const char *path, const struct ctr_options *options, struct ctr_trace **out,
		     char *why, size_t why_size);

/*
 * ctr_close - release a trace and everything that came from it; close its walks before.  NULL is allowed.
 * Thread safety: see above.
 */
CTR_API void ctr_close(struct ctr_trace *t);

/*
 * ctr_error - one line, without newline, about the last call on this trace or its walks that failed; "" when none did
 * Thread safety: see above.
 */
CTR_API const char *ctr_error(const struct ctr_trace *t);

/* --- the trace ----------------------------------------------------------------------------------------------------------- */

/*
 * ctr_start_mono_ns, ctr_start_real_ns - CLOCK_MONOTONIC, and ns since 1970, at time 0
 * ctr_from_ns, ctr_to_ns - the part that is looked at: the trace, or what the options said of it
 * ctr_live - the program still runs; the trace is as it was at ctr_open()
 * ctr_complete - the trace has its end: ctrace-run finished it
 * ctr_switches - did the kernel tell when threads had a CPU?  Else they are AWAKE when they are in no wait
 * ctr_short_wait_ns, ctr_short_call_ns - waits for threads, and calls, below this are in sums only (ctr_sum_short_waits())
 * Thread safety: see above.
 */
CTR_API uint64_t ctr_start_mono_ns(const struct ctr_trace *t);
CTR_API uint64_t ctr_start_real_ns(const struct ctr_trace *t);
CTR_API uint64_t ctr_from_ns(const struct ctr_trace *t);
CTR_API uint64_t ctr_to_ns(const struct ctr_trace *t);
CTR_API bool ctr_live(const struct ctr_trace *t);
CTR_API bool ctr_complete(const struct ctr_trace *t);
CTR_API bool ctr_switches(const struct ctr_trace *t);
CTR_API uint64_t ctr_short_wait_ns(const struct ctr_trace *t);
CTR_API uint64_t ctr_short_call_ns(const struct ctr_trace *t);

/* --- processes ----------------------------------------------------------------------------------------------------------- */

/*
 * ctr_processes - how many rows; an executed image is a row of its own, so a pid may have several
 * ctr_process_pid, ctr_process_parent_pid - 0: a row that was never completed
 * ctr_process_exe, ctr_process_cmdline - path of the program, and its arguments with blanks between them; NULL unknown
 * ctr_process_begin_ns, ctr_process_end_ns - when it began and ended; end: UINT64_MAX where that was not seen
 * ctr_process_exit - its status as wait(2) gives it; -1 unknown
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_processes(const struct ctr_trace *t);
CTR_API uint32_t ctr_process_pid(const struct ctr_trace *t, uint32_t process);
CTR_API uint32_t ctr_process_parent_pid(const struct ctr_trace *t, uint32_t process);
CTR_API const char *ctr_process_exe(const struct ctr_trace *t, uint32_t process);
CTR_API const char *ctr_process_cmdline(const struct ctr_trace *t, uint32_t process);
CTR_API uint64_t ctr_process_begin_ns(const struct ctr_trace *t, uint32_t process);
CTR_API uint64_t ctr_process_end_ns(const struct ctr_trace *t, uint32_t process);
CTR_API int ctr_process_exit(const struct ctr_trace *t, uint32_t process);

/* --- threads ------------------------------------------------------------------------------------------------------------- */

/*
 * ctr_threads - how many rows
 * ctr_thread_tid, ctr_thread_process, ctr_thread_parent - kernel's number; row of its process; row of the thread that made it
 * ctr_thread_serial - its number in the trace, which is never used again, as `ctrace --thread '#7'` takes it
 * ctr_thread_is_main - is it the first one of its process?
 * ctr_thread_begin_ns, ctr_thread_end_ns - its life; where its end was not seen: the last that was seen of it
 * ctr_thread_ended - was its end seen?
 * ctr_thread_create_stack - where it was made; 0 unknown
 * ctr_thread_name - the name it was given, else "main", its start routine, or who made it; safe to print, never NULL
 * ctr_thread_start - its start routine, whatever its name; "main" for the first one; safe to print, never NULL
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_threads(const struct ctr_trace *t);
CTR_API uint32_t ctr_thread_tid(const struct ctr_trace *t, uint32_t thread);
CTR_API uint32_t ctr_thread_process(const struct ctr_trace *t, uint32_t thread);
CTR_API uint32_t ctr_thread_parent(const struct ctr_trace *t, uint32_t thread);
CTR_API uint32_t ctr_thread_serial(const struct ctr_trace *t, uint32_t thread);
CTR_API bool ctr_thread_is_main(const struct ctr_trace *t, uint32_t thread);
CTR_API uint64_t ctr_thread_begin_ns(const struct ctr_trace *t, uint32_t thread);
CTR_API uint64_t ctr_thread_end_ns(const struct ctr_trace *t, uint32_t thread);
CTR_API bool ctr_thread_ended(const struct ctr_trace *t, uint32_t thread);
CTR_API uint32_t ctr_thread_create_stack(const struct ctr_trace *t, uint32_t thread);
CTR_API const char *ctr_thread_name(struct ctr_trace *t, uint32_t thread);
CTR_API const char *ctr_thread_start(struct ctr_trace *t, uint32_t thread);

/*
 * ctr_thread_by_tid - the thread that had this tid last at a time; CTR_NONE when there is none
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_thread_by_tid(const struct ctr_trace *t, uint32_t tid, uint64_t ns);

/* --- objects that threads wait on ---------------------------------------------------------------------------------------- */

enum ctr_kind {
	CTR_KIND_OTHER = 0,
	CTR_KIND_MUTEX = 1,
	CTR_KIND_RWLOCK = 2,
	CTR_KIND_SPIN = 3,
	CTR_KIND_COND = 4,
	CTR_KIND_SEM = 5,
	CTR_KIND_BARRIER = 6,
	CTR_KIND_ONCE = 7,
	CTR_KIND_THREAD = 8, /* joined */
	CTR_KIND_FUTEX = 9,
	CTR_KIND_SLEEP = 10,
	CTR_KIND_FD = 11,
	CTR_KIND_POLL = 12, /* a set of descriptors */
	CTR_KIND_CALL = 13, /* nothing that has a name: a child, a signal, a host to look up */
	CTR_KIND_IPC = 14   /* System V semaphores and messages */
};

/*
 * ctr_objects - how many rows; what stands at an address after it was initialised anew is another object
 * ctr_object_kind, ctr_kind_name - enum ctr_kind, and "mutex" for it
 * ctr_object_process - row
 * ctr_object_same - the row that stands for this object in all processes that share it; itself when it is not shared
 * ctr_object_address - address in the program; of a descriptor or System V object its number + 1; of a joined thread its serial
 * ctr_object_create_stack - where it was initialised; 0 unknown
 * ctr_object_name - "cache_lock in memcached.c:120", "created in conn_new (conn.c:44)", "fd 7 socket 127.0.0.1:6379"; "" for
 *	what has no name; safe to print, never NULL.  Different objects may have the same name
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_objects(const struct ctr_trace *t);
CTR_API enum ctr_kind ctr_object_kind(const struct ctr_trace *t, uint32_t object);
CTR_API const char *ctr_kind_name(enum ctr_kind kind);
CTR_API uint32_t ctr_object_process(const struct ctr_trace *t, uint32_t object);
CTR_API uint32_t ctr_object_same(const struct ctr_trace *t, uint32_t object);
CTR_API uint64_t ctr_object_address(const struct ctr_trace *t, uint32_t object);
CTR_API uint32_t ctr_object_create_stack(const struct ctr_trace *t, uint32_t object);
CTR_API const char *ctr_object_name(struct ctr_trace *t, uint32_t object);

/* --- sums ---------------------------------------------------------------------------------------------------------------- */

/* Why a thread waited. */
enum ctr_reason {
	CTR_REASON_UNKNOWN = 0,
	CTR_REASON_CONTENTION = 1, /* somebody held what it wanted */
	CTR_REASON_OTHERS = 2,	   /* it needed another thread, process or host to do something */
	CTR_REASON_IO = 3,
	CTR_REASON_CALLS = 4, /* calls too short for a record */
	CTR_REASON_SLEEP = 5,
	CTR_REASON_IDLE = 6 /* it had nothing to do */
};

/*
 * Every wait is in exactly one sum, the short ones too, which no walk shows: all waits of one thread on one object in one operation from one stack.
 *
 * ctr_sums - how many rows
 * ctr_sum_thread, ctr_sum_object, ctr_sum_op, ctr_sum_stack - rows; operation; stack
 * ctr_sum_reason, ctr_reason_name - why, and "contention" for it
 * ctr_sum_waits, ctr_sum_ns, ctr_sum_max_ns - how many, how long together, and the longest: with short ones, and one that has not ended
 * ctr_sum_short_waits, ctr_sum_short_ns - of these, the short ones
 * ctr_op_name, ctr_op_label - "rwlock_read", "rwlock read"; NULL for an operation this library does not know
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_sums(const struct ctr_trace *t);
CTR_API uint32_t ctr_sum_thread(const struct ctr_trace *t, uint32_t sum);
CTR_API uint32_t ctr_sum_object(const struct ctr_trace *t, uint32_t sum);
CTR_API uint32_t ctr_sum_op(const struct ctr_trace *t, uint32_t sum);
CTR_API uint32_t ctr_sum_stack(const struct ctr_trace *t, uint32_t sum);
CTR_API enum ctr_reason ctr_sum_reason(const struct ctr_trace *t, uint32_t sum);
CTR_API const char *ctr_reason_name(enum ctr_reason reason);
CTR_API uint64_t ctr_sum_waits(const struct ctr_trace *t, uint32_t sum);
CTR_API uint64_t ctr_sum_ns(const struct ctr_trace *t, uint32_t sum);
CTR_API uint64_t ctr_sum_max_ns(const struct ctr_trace *t, uint32_t sum);
CTR_API uint64_t ctr_sum_short_waits(const struct ctr_trace *t, uint32_t sum);
CTR_API uint64_t ctr_sum_short_ns(const struct ctr_trace *t, uint32_t sum);
CTR_API const char *ctr_op_name(uint32_t op);
CTR_API const char *ctr_op_label(uint32_t op);

/*
 * Calls into the kernel, all of one operation by one thread.  Sums have them as well: those with a record by object and stack, and the short
 * ones, of which neither is known, together.
 *
 * ctr_calls - how many rows
 * ctr_call_thread, ctr_call_op - row; operation
 * ctr_call_count, ctr_call_ns, ctr_call_max_ns - how many, how long together, and the longest
 * ctr_call_recorded, ctr_call_recorded_ns - of these, those that have a record, and so are in walks
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_calls(const struct ctr_trace *t);
CTR_API uint32_t ctr_call_thread(const struct ctr_trace *t, uint32_t call);
CTR_API uint32_t ctr_call_op(const struct ctr_trace *t, uint32_t call);
CTR_API uint64_t ctr_call_count(const struct ctr_trace *t, uint32_t call);
CTR_API uint64_t ctr_call_ns(const struct ctr_trace *t, uint32_t call);
CTR_API uint64_t ctr_call_max_ns(const struct ctr_trace *t, uint32_t call);
CTR_API uint64_t ctr_call_recorded(const struct ctr_trace *t, uint32_t call);
CTR_API uint64_t ctr_call_recorded_ns(const struct ctr_trace *t, uint32_t call);

/* --- stacks and symbols -------------------------------------------------------------------------------------------------- */

#define CTR_STACK_MAX 512

/*
 * ctr_stack - the frames of a stack, innermost first
 * @stack:  number; 0 is "not known"
 * @frames, @room: where to put them; CTR_STACK_MAX is always enough
 * Returns how many there are, at most @room.
 * Thread safety: see above.
 */
CTR_API size_t ctr_stack(const struct ctr_trace *t, uint32_t stack, uint64_t *frames, size_t room);

/*
 * ctr_stack_cut - does the stack go on beyond its last frame, where it could not be followed?
 * ctr_stack_site - its innermost line that is the program's own, not of libc or the C++ library: "conn_new (conn.c:44)"; "" for an
 *	unknown stack; safe to print, never NULL
 * Thread safety: see above.
 */
CTR_API bool ctr_stack_cut(const struct ctr_trace *t, uint32_t stack);
CTR_API const char *ctr_stack_site(struct ctr_trace *t, uint32_t stack);

/*
 * A frame is one source line, or several where functions were inlined: line 0 is the innermost.
 *
 * ctr_frame_lines - how many; 0 when there is no symbol
 * ctr_frame_function, ctr_frame_file, ctr_frame_line - of a line; NULL, NULL, 0 unknown
 * ctr_frame_module, ctr_frame_build_id - path of the program or library, and its build-id in hexadecimal; NULL unknown
 * ctr_frame_offset - address in the file's own address space; of a frame in no module, in the program
 * ctr_frame_name - "item_get (items.c:120)", "libfoo.so.1+0x1234": the function that is there, not what was inlined into it; safe to
 *	print, never NULL
 * Thread safety: see above.
 */
CTR_API size_t ctr_frame_lines(struct ctr_trace *t, uint64_t frame);
CTR_API const char *ctr_frame_function(struct ctr_trace *t, uint64_t frame, size_t line);
CTR_API const char *ctr_frame_file(struct ctr_trace *t, uint64_t frame, size_t line);
CTR_API uint32_t ctr_frame_line(struct ctr_trace *t, uint64_t frame, size_t line);
CTR_API const char *ctr_frame_module(const struct ctr_trace *t, uint64_t frame);
CTR_API const char *ctr_frame_build_id(struct ctr_trace *t, uint64_t frame);
CTR_API uint64_t ctr_frame_offset(const struct ctr_trace *t, uint64_t frame);
CTR_API const char *ctr_frame_name(struct ctr_trace *t, uint64_t frame);

/* --- in order of time ---------------------------------------------------------------------------------------------------- */

enum ctr_item_kind {
	CTR_ITEM_BEGIN = 1,  /* a thread's life begins, or it was there already */
	CTR_ITEM_STATE = 2,  /* from here until ctr_item_end_ns() it is in a state */
	CTR_ITEM_RECORD = 3, /* something else was recorded that was asked for */
	CTR_ITEM_END = 4     /* a thread's life ends, or the part of the trace that is looked at */
};

/* The states of a thread follow each other without a gap from its BEGIN to its END. */
enum ctr_state {
	CTR_STATE_UNKNOWN = 0,
	CTR_STATE_RUNNING = 1,	 /* on a CPU */
	CTR_STATE_CALL = 2,	 /* on a CPU in a recorded call */
	CTR_STATE_WOKEN = 3,	 /* woken, released or new, and waiting for a CPU */
	CTR_STATE_PREEMPTED = 4, /* had to give the CPU away, and waits for one */
	CTR_STATE_BLOCKED = 5,	 /* in a recorded wait */
	CTR_STATE_SHORT = 6,	 /* off the CPU for less than what is recorded */
	CTR_STATE_OUTSIDE =
		7, /* off the CPU in no recorded wait: page fault, a call that is not traced; stopped, where the kernel did not tell */
	CTR_STATE_AWAKE = 8, /* in no recorded wait, and nobody saw whether on a CPU */
	CTR_STATE_PAUSED =
		9, /* the program had stopped its recording, and it was not seen on a CPU */
	CTR_STATE_STOPPED = 10 /* by a signal or a debugger */
};

/*
 * ctr_walk_open - begin to go through the trace by time, the threads merged
 * @records: names of records to be handed out as well, as `ctrace raw` prints them, with commas: "wake,thread_create"; "*" for all; NULL for none
 * @out: the walk; NULL on error
 * It reads the trace again and keeps about ten bytes for each item.  Several walks may be open.
 * Returns 0 or a negative enum ctr_error.
 * Thread safety: see above.
 */
CTR_API int ctr_walk_open(struct ctr_trace *t, const char *records, struct ctr_walk **out);

/*
 * ctr_walk_next - go to the next item, or the first one
 * Returns 1, or 0 at the end.  Times do not decrease, except of records that the recorder wrote late (from signal handlers).  On
 * equal times a BEGIN comes first, then woken threads, threads that leave a CPU, all other states, records, and END.
 * Thread safety: see above.
 */
CTR_API int ctr_walk_next(struct ctr_walk *w);

/*
 * ctr_walk_rewind - to before the first item
 * ctr_walk_close - NULL is allowed
 * Thread safety: see above.
 */
CTR_API void ctr_walk_rewind(struct ctr_walk *w);
CTR_API void ctr_walk_close(struct ctr_walk *w);

/*
 * Where the walk stands.  What an item does not have is 0, NULL, false or CTR_NONE.
 *
 * ctr_item_kind - enum ctr_item_kind
 * ctr_item_ns, ctr_item_end_ns - when; a state has an end
 * ctr_item_thread - row; CTR_NONE for a record of no thread
 * ctr_item_ended - END: the thread has ended
 * Thread safety: see above.
 */
CTR_API enum ctr_item_kind ctr_item_kind(const struct ctr_walk *w);
CTR_API uint64_t ctr_item_ns(const struct ctr_walk *w);
CTR_API uint64_t ctr_item_end_ns(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_thread(const struct ctr_walk *w);
CTR_API bool ctr_item_ended(const struct ctr_walk *w);

/*
 * Of a STATE.
 *
 * ctr_item_state, ctr_state_name - enum ctr_state, and "running" for it
 * ctr_item_seen - it rests on what the kernel told about CPUs, not on waits alone
 * ctr_item_cpu - RUNNING, CALL: which; WOKEN, PREEMPTED: the one it got at last; -1 unknown
 * ctr_item_wait - number of the wait among the thread's, 1 for its first; 0: in none.  A wait may be several states, one after another, and all
 *	tell the same of it:
 * ctr_item_op, ctr_item_object, ctr_item_stack, ctr_item_reason - of the wait; object CTR_NONE also when it ended after the part that is looked at
 * ctr_item_open - it has not ended
 * ctr_item_waker, ctr_item_waker_stack - who ended it, and where; WOKEN: who woke it, also in no wait; CTR_NONE, 0 unknown
 * ctr_item_stranger - tid of a waker that was not traced; 0 none
 * ctr_item_owner_tid - who held the lock when the wait began; 0 unknown
 * ctr_item_result - what the call returned
 * Thread safety: see above.
 */
CTR_API enum ctr_state ctr_item_state(const struct ctr_walk *w);
CTR_API const char *ctr_state_name(enum ctr_state state);
CTR_API bool ctr_item_seen(const struct ctr_walk *w);
CTR_API int ctr_item_cpu(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_wait(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_op(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_object(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_stack(const struct ctr_walk *w);
CTR_API enum ctr_reason ctr_item_reason(const struct ctr_walk *w);
CTR_API bool ctr_item_open(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_waker(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_waker_stack(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_stranger(const struct ctr_walk *w);
CTR_API uint32_t ctr_item_owner_tid(const struct ctr_walk *w);
CTR_API int64_t ctr_item_result(const struct ctr_walk *w);

/*
 * Of a RECORD: its name, and its fields as `ctrace raw` prints them.
 *
 * ctr_item_record - "thread_create"
 * ctr_item_field - a field as a number: durations in ns, threads as rows, all else as recorded
 * @value: out; not changed on error
 * Returns 0, or CTR_ERR_ARGUMENT when the item has no such field.
 * ctr_item_field_text - a field that is a string; NULL when there is none
 * Thread safety: see above.
 */
CTR_API const char *ctr_item_record(const struct ctr_walk *w);
CTR_API int ctr_item_field(const struct ctr_walk *w, const char *field, uint64_t *value);
CTR_API const char *ctr_item_field_text(const struct ctr_walk *w, const char *field);

/* --- what is missing ----------------------------------------------------------------------------------------------------- */

/*
 * A row for each thread and reason, the largest first, as far as it is known whose records were lost.
 *
 * ctr_lost - records that are missing, for all reasons together, whosever they were
 * ctr_losses - how many rows
 * ctr_loss_thread - row; CTR_NONE: of several, or of one that is not known
 * ctr_loss_records, ctr_loss_from_ns, ctr_loss_to_ns - how many; no earlier and no later than
 * ctr_loss_name, ctr_loss_text - "no_chunk", and a sentence for people
 * Thread safety: see above.
 */
CTR_API uint64_t ctr_lost(const struct ctr_trace *t);
CTR_API uint32_t ctr_losses(const struct ctr_trace *t);
CTR_API uint32_t ctr_loss_thread(const struct ctr_trace *t, uint32_t loss);
CTR_API uint64_t ctr_loss_records(const struct ctr_trace *t, uint32_t loss);
CTR_API uint64_t ctr_loss_from_ns(const struct ctr_trace *t, uint32_t loss);
CTR_API uint64_t ctr_loss_to_ns(const struct ctr_trace *t, uint32_t loss);
CTR_API const char *ctr_loss_name(const struct ctr_trace *t, uint32_t loss);
CTR_API const char *ctr_loss_text(const struct ctr_trace *t, uint32_t loss);

/*
 * ctr_notes, ctr_note - what a person should know who reads figures of this trace, one line each: losses, damage, what could not be seen.  Safe to
 *	print.  Analysers that print figures should print these too.
 * Thread safety: see above.
 */
CTR_API uint32_t ctr_notes(struct ctr_trace *t);
CTR_API const char *ctr_note(struct ctr_trace *t, uint32_t note);

#ifdef __cplusplus
}
#endif

#endif
