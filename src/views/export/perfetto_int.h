/*
 * perfetto_int.h - what the parts of the Perfetto export share.
 *
 *	perfetto.c         slices, arrows, counters
 *	perfetto_tracks.c  packets, clocks, tracks, what is missing
 *	perfetto_stacks.c  interned functions, frames and stacks
 *	perfetto_sched.c   the kernel's switches and wakings, as ftrace tells them
 *	perfetto_said.c    tasks, regions and messages of the program
 *
 * Numbers of fields are those of Perfetto's trace_packet.proto and of the messages in it.
 */
#ifndef CT_VIEWS_PERFETTO_INT_H
#define CT_VIEWS_PERFETTO_INT_H

#include "model/model.h"
#include "views/analyze/view.h"
#include "views/export/out.h"
#include "views/write/wire.h"
#include "views/export/slices.h"
#include "views/write/strings.h"

#define CT_ERRORS 4096 /* numbers of errors are smaller */

#define CT_PERFETTO_MONOTONIC 3u /* number of the clock */

/* The two sequences of packets: one of events in order of time, one of what is known beforehand. */
enum ct_perfetto_sequence { CT_PERFETTO_EVENTS = 1, CT_PERFETTO_ABSOLUTE = 2 };

/* TracePacket */
enum {
	CT_P_CLOCK_SNAPSHOT = 6,
	CT_P_TIMESTAMP = 8,
	CT_P_SEQUENCE = 10,
	CT_P_TRACK_EVENT = 11,
	CT_P_INTERNED_DATA = 12,
	CT_P_SEQUENCE_FLAGS = 13,
	CT_P_SYSTEM_INFO = 45,
	CT_P_CLOCK_ID = 58,
	CT_P_DEFAULTS = 59,
	CT_P_TRACK_DESCRIPTOR = 60,
	CT_P_FIRST = 87
};

/* TrackEvent */
enum {
	CT_E_CATEGORY = 3,
	CT_E_ANNOTATION = 4,
	CT_E_TYPE = 9,
	CT_E_NAME = 10,
	CT_E_TRACK = 11,
	CT_E_NAME_TEXT = 23,
	CT_E_VALUE = 30,
	CT_E_FLOW = 47,
	CT_E_FLOW_END = 48,
	CT_E_STACK = 56
};
enum { CT_E_SLICE_BEGIN = 1, CT_E_SLICE_END, CT_E_INSTANT, CT_E_COUNTER };

/* Stacks that were told. */
struct ct_perfetto_stacks {
	struct ct_view *v;
	uint32_t *number; /* by node of the trie: of the stack; 0: not told */
	uint32_t node_n, count;
	struct ct_table frames; /* frame -> numbers of its lines */
	uint32_t frame_count;
	struct ct_strings functions, files;
	uint8_t *modules; /* by module: told */
	size_t module_n;
	bool failed;
};

/*
 * ct_perfetto_stacks_init, ct_perfetto_stacks_free
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_perfetto_stacks_init(struct ct_perfetto_stacks *s, struct ct_view *v);
void ct_perfetto_stacks_free(struct ct_perfetto_stacks *s);

/*
 * ct_perfetto_stack - number of a stack; 0: it has no frames
 * @known: false: it was not told yet, and ct_perfetto_stack_tell() has to come before it is used
 * Context: tools.
 */
static inline uint32_t ct_perfetto_stack(const struct ct_perfetto_stacks *s, uint32_t node)
{
	return node < s->node_n ? s->number[node] : 0;
}

/*
 * ct_perfetto_stack_tell - add what is new of a stack to interned data that is open in a packet
 * Context: tools.
 */
void ct_perfetto_stack_tell(struct ct_perfetto_stacks *s, struct ct_wire *b, uint32_t node);

/* Switches on the way to the file, by CPU. */
struct ct_perfetto_sched {
	struct ct_view *v;
	struct ct_wire *b;
	struct ct_table cpus; /* struct cpu of perfetto_sched.c */
	uint32_t bundle;      /* number of the one that is written */
	uint32_t *told_in;    /* by row of the thread: bundle that has its name */
	uint32_t *name;	      /* which of the bundle's names it is */
	uint64_t packets;
	bool failed;
};

/*
 * ct_perfetto_sched_init, ct_perfetto_sched_free
 * @b: packets are added here
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_perfetto_sched_init(struct ct_perfetto_sched *s, struct ct_view *v, struct ct_wire *b);
void ct_perfetto_sched_free(struct ct_perfetto_sched *s);

/*
 * ct_perfetto_sched_take - one cpu_on, cpu_off, waking or sched record
 * @ns: CLOCK_MONOTONIC
 * Context: tools.
 */
void ct_perfetto_sched_take(struct ct_perfetto_sched *s, uint64_t ns, const struct ct_record *r);

/*
 * ct_perfetto_sched_finish - write what is left
 * Context: tools.
 */
void ct_perfetto_sched_finish(struct ct_perfetto_sched *s);

struct ct_perfetto {
	struct ct_view *v;
	struct ct_slices *slices;
	struct ct_wire b; /* packets that are complete, and the one that is written */
	struct ct_out out;
	struct ct_perfetto_stacks stacks;
	struct ct_perfetto_sched sched;
	struct ct_strings categories;
	uint32_t of_op[CT_OP_LIMIT],
		of_error[CT_ERRORS]; /* numbers of categories; 0: not asked yet */
	uint32_t state;
	uint64_t last; /* ns of the last event */
	uint64_t packets, threads;
	uint32_t names_told;
	uint8_t *
		process_told; /* by index: bit 1 << CT_NUMBERS the track itself, the others counters */
	bool result_told, wakes_told, task_told;
	uint64_t said_tracks; /* number of the track of the first task */
	uint32_t task_n;      /* that many; then tracks of regions */
	uint8_t *tasks_told;  /* by row: has its track */
};

/* Numbers of names: those of slices follow. */
#define CT_PERFETTO_NAME_WAKES	1u
#define CT_PERFETTO_NAME_SLICES 1u
#define CT_PERFETTO_NAME_TASK	2u /* of annotations */

/* What an event refers to. */
struct ct_perfetto_refs {
	uint32_t name, stack;
	uint32_t categories_before; /* as many there were before its own */
	bool result, wakes, task;
};

/*
 * ct_perfetto_category - number of a category
 * ct_perfetto_tell_refs - tell what an event refers to and what was not told yet, before it in its packet
 * Context: tools.
 */
uint32_t ct_perfetto_category(struct ct_perfetto *x, const char *text);
void ct_perfetto_tell_refs(struct ct_perfetto *x, const struct ct_perfetto_refs *i);

/* ct_perfetto_text - a field of text; bytes that are not UTF-8 are taken for Latin-1 */
void ct_perfetto_text(struct ct_wire *b, uint32_t field, const char *text);

/*
 * ct_perfetto_begin, ct_perfetto_end - a packet of the sequence of events
 * Context: tools.
 */
size_t ct_perfetto_begin(struct ct_perfetto *x, uint64_t ns);
void ct_perfetto_end(struct ct_perfetto *x, size_t packet);

/* Tracks have small numbers, so that they take few bytes. */
static inline uint64_t ct_perfetto_thread_track(uint32_t row)
{
	return row + 1u;
}
uint64_t ct_perfetto_counter_track(const struct ct_perfetto *x, uint32_t process,
				   enum ct_slices_number which);

/*
 * ct_perfetto_tell_clocks, ct_perfetto_tell_system - what has to come first
 * ct_perfetto_tell_process, ct_perfetto_tell_thread, ct_perfetto_tell_counter - a track; of a process once
 * ct_perfetto_tell_missing - lost records, times without switches, notes; returns 0 or a negative error
 * Context: tools.
 */
void ct_perfetto_tell_clocks(struct ct_perfetto *x, uint64_t ns);
void ct_perfetto_tell_system(struct ct_perfetto *x);
void ct_perfetto_tell_process(struct ct_perfetto *x, uint32_t process, uint64_t ns);
void ct_perfetto_tell_thread(struct ct_perfetto *x, uint32_t row, uint64_t ns);
void ct_perfetto_tell_counter(struct ct_perfetto *x, uint32_t process, enum ct_slices_number which,
			      uint64_t ns);
int ct_perfetto_tell_missing(struct ct_perfetto *x, uint64_t ns);

/* ct_perfetto_process_track - the track of the process itself */
uint64_t ct_perfetto_process_track(const struct ct_perfetto *x, uint32_t process);

/*
 * ct_perfetto_said_init - after ct_perfetto_tell_missing(); returns 0 or -ENOMEM
 * ct_perfetto_region and so on - as in struct ct_slices_sink
 * Context: tools.
 */
int ct_perfetto_said_init(struct ct_perfetto *x);
void ct_perfetto_region(void *arg, const struct ct_slices_said *s);
void ct_perfetto_region_end(void *arg, uint32_t thread, uint64_t ns, uint32_t aside);
void ct_perfetto_task(void *arg, const struct ct_slices_said *s);
void ct_perfetto_task_end(void *arg, const struct ct_slices_said *s);
void ct_perfetto_message(void *arg, const struct ct_slices_said *s);

#endif
