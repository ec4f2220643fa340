/*
 * tables_schema.c - the tables and their columns.  TABLES.md says the same to people; tests/interop/csv.sh holds one against the other.
 */
#include "tables_int.h"

#define INT(name, text)                                                                            \
	{                                                                                          \
		name, CT_COLUMN_INTEGER, text                                                      \
	}
#define TEXT(name, text)                                                                           \
	{                                                                                          \
		name, CT_COLUMN_TEXT, text                                                         \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, CT_COLUMN_TEXT, NULL                                                         \
	}

static const struct ct_column schema[] = {
	TEXT("table_name", "table"),	   TEXT("table_text", "what its rows are"),
	TEXT("column_name", "column"),	   TEXT("type", "integer or text"),
	TEXT("column_text", "what it is"), END,
};

static const struct ct_column trace[] = {
	TEXT("key", "fact about the whole trace"),
	TEXT("value", "as text; times in ns"),
	END,
};

static const struct ct_column processes[] = {
	INT("id", "number in the trace"),
	INT("pid", "process id; an executed image is a row of its own with the same one"),
	INT("parent_pid", "of the parent"),
	TEXT("exe", "path of the program"),
	TEXT("cmdline", "its arguments with blanks between them"),
	INT("begin_ns", "when it began"),
	INT("end_ns", "when it ended; null: not seen"),
	INT("exit_status", "as wait(2) gives it; null: not seen"),
	END,
};

static const struct ct_column threads[] = {
	INT("id", "number in the trace, never used again"),
	INT("process_id", "processes.id"),
	INT("tid", "thread id"),
	INT("parent_id", "threads.id of who made it; null: unknown"),
	TEXT("name", "as ctrace prints it: given, or main, or from the start routine"),
	TEXT("start", "start routine"),
	INT("is_main", "1: the first thread of its process"),
	INT("begin_ns", "when its life began, or it was first seen"),
	INT("end_ns", "when it ended, or was last seen"),
	INT("ended", "1: its end was seen"),
	INT("create_stack_id", "stacks.id where it was made; null: unknown"),
	END,
};

static const struct ct_column objects[] = {
	INT("id", "number in the trace"),
	INT("process_id", "processes.id; null: of none"),
	TEXT("kind", "mutex, rwlock, spin, cond, sem, barrier, once, thread, futex, sleep, fd, "
		     "poll, call, ipc or other"),
	TEXT("name", "as ctrace prints it; several can have the same; empty: it has none"),
	INT("address", "in the program; of descriptors and System V objects their number + 1, of "
		       "a joined thread its threads.id"),
	INT("create_stack_id", "stacks.id where it was initialised; null: unknown"),
	END,
};

static const struct ct_column locks[] = {
	INT("id", "number of the row, most waited for first"),
	TEXT("kind", "as in ctrace locks --json"),
	TEXT("name", "object, or what several objects have in common"),
	INT("pid", "of the process"),
	INT("objects", "how many objects"),
	INT("waits", "all of them, short and unfinished ones too"),
	INT("short_waits", "of these, without a row in waits"),
	INT("unfinished", "of these, that had not ended"),
	INT("timeouts", "of these, that ran out"),
	INT("total_ns", "time waited in all"),
	INT("short_total_ns", "of it, in short waits"),
	INT("p50_ns", "median wait"),
	INT("p99_ns", "wait that 1 % are longer than"),
	INT("max_ns", "longest wait"),
	INT("contention_ns", "of total_ns: somebody held it"),
	INT("others_ns", "of total_ns: another thread had to do something"),
	INT("idle_ns", "of total_ns: workers without work"),
	END,
};

static const struct ct_column sums[] = {
	INT("id", "number of the row"),
	INT("thread_id", "threads.id of who waited"),
	INT("object_id", "objects.id"),
	INT("lock_id", "locks.id; null: it is no row there"),
	TEXT("op", "operation, as ops are called in ctrace raw"),
	INT("stack_id", "stacks.id of the waiter; null: unknown"),
	TEXT("reason", "contention, others, io, calls, sleep or idle"),
	INT("waits", "all of them, short and unfinished ones too"),
	INT("total_ns", "time waited in all"),
	INT("max_ns", "longest wait"),
	INT("short_waits", "of these, without a row in waits"),
	INT("short_total_ns", "of total_ns, in short waits"),
	END,
};

static const struct ct_column calls[] = {
	INT("thread_id", "threads.id"),
	TEXT("op", "operation"),
	INT("calls", "all calls, the short ones too"),
	INT("total_ns", "time in them"),
	INT("max_ns", "the longest"),
	INT("recorded", "of these, with a row in waits"),
	INT("recorded_ns", "of total_ns, in those"),
	END,
};

static const struct ct_column waits[] = {
	INT("id", "number of the row, in order of their ends"),
	INT("thread_id", "threads.id of who waited"),
	INT("number", "of the wait among the thread's, as in states"),
	TEXT("op", "operation"),
	INT("object_id", "objects.id; null: it ended after the chosen time"),
	INT("sum_id", "sums.id; null: it ended after the chosen time"),
	INT("stack_id", "stacks.id of the waiter; null: unknown"),
	TEXT("reason", "contention, others, io, calls, sleep, idle or unknown"),
	INT("begin_ns", "when it began, or the chosen time did"),
	INT("end_ns", "when it ended, or the chosen time did"),
	INT("dur_ns", "end_ns - begin_ns"),
	INT("off_ns", "of dur_ns: blocked; the rest woken, preempted, or on a CPU in the call"),
	INT("open", "1: it had not ended"),
	INT("waker_id", "threads.id of who ended it; null: unknown"),
	INT("waker_stack_id", "stacks.id where; null: unknown"),
	INT("stranger_tid", "thread id of a waker that was not traced; null: none"),
	INT("owner_tid", "thread id of who held it at the beginning; null: unknown"),
	INT("result", "what the call returned"),
	END,
};

static const struct ct_column states[] = {
	INT("thread_id", "threads.id"),
	INT("begin_ns", "from"),
	INT("end_ns", "to; the next state of the thread begins there"),
	TEXT("state",
	     "running, call, woken, preempted, blocked, short, outside, awake, paused or stopped"),
	INT("seen", "1: it rests on what the kernel told of CPUs, 0: on waits alone"),
	INT("cpu",
	    "on a CPU: which; woken, preempted: the one it got at last; null: none or unknown"),
	INT("wait_number", "waits.number of the same thread; null: in no wait"),
	END,
};

static const struct ct_column switches[] = {
	INT("cpu", "CPU"),
	INT("thread_id", "threads.id; null: not known who had this tid"),
	INT("tid", "thread id"),
	INT("on_ns", "when it got the CPU"),
	INT("off_ns", "when it left it; null: not seen"),
	TEXT("off", "waits, preempted, stopped or unseen: how it left"),
	INT("woken_ns", "when it had been woken; null: not told"),
	INT("waker_tid", "thread id of who woke it; null: nobody, or not told"),
	END,
};

static const struct ct_column tasks[] = {
	INT("id", "number in the trace, as ctrace raw has it; 4294967298 is 1.2 elsewhere"),
	TEXT("name", "as the program called it; null: it did not, or that is lost"),
	INT("parent_id", "tasks.id of the task it is part of, which may be missing; null: none"),
	INT("thread_id", "threads.id of where it began; null: unknown"),
	INT("end_thread_id", "threads.id of where it ended; null: unknown"),
	INT("begin_ns", "when it began; null: unknown"),
	INT("end_ns", "when it ended; null: not seen"),
	INT("dur_ns", "end_ns - begin_ns; null: one of them is not known"),
	INT("regions", "how many regions belong to it"),
	INT("messages", "how many messages name it"),
	INT("ended_again", "1: it was ended more than once; the first time counts"),
	END,
};

static const struct ct_column regions[] = {
	INT("id", "number of the row, by thread and beginning; not all are here where some were "
		  "left out"),
	INT("thread_id", "threads.id"),
	TEXT("name", "as the program called it; null: it did not, or that is lost"),
	INT("task_id", "tasks.id of its own, or of the region around it; null: none"),
	INT("parent_id", "regions.id of the region around it; null: none"),
	INT("begin_ns", "when it began"),
	INT("end_ns", "when it ended, or the latest it can have"),
	INT("dur_ns", "end_ns - begin_ns"),
	INT("begun", "0: the record of its beginning is lost; when it began is known from its end"),
	INT("ended", "1: the program ended it"),
	INT("crosses", "1: it ended after the region around it"),
	END,
};

static const struct ct_column logs[] = {
	INT("at_ns", "when"),
	INT("thread_id", "threads.id of who said it"),
	INT("task_id",
	    "tasks.id it concerns, or of the region around it, which may be missing; null: none"),
	TEXT("category", "as the program called it; null: it did not, or that is lost"),
	TEXT("message", "what was kept of it"),
	INT("bytes", "of all of it; 65535: or more"),
	END,
};

static const struct ct_column stacks[] = {
	INT("id", "number in the trace"),
	INT("parent_id", "stacks.id of the caller; null: this is the outermost frame"),
	INT("frame_id", "frames.frame_id of the innermost frame"),
	TEXT("site",
	     "innermost line of the program's own; null: nothing tells of this stack itself"),
	TEXT("chain", "its lines in one, innermost first, cut where very long; null as site"),
	END,
};

static const struct ct_column frames[] = {
	INT("frame_id", "number, the same for the lines of one frame"),
	INT("line_number", "0: innermost; more where functions were inlined"),
	TEXT("function", "name; null: no symbol"),
	TEXT("file", "of the source; null: unknown"),
	INT("line", "in it; null: unknown"),
	TEXT("module", "path of the program or library; (cut): the stack could not be followed"),
	TEXT("build_id", "of the module, in hexadecimal"),
	INT("offset", "address in the module's file"),
	END,
};

static const struct ct_column losses[] = {
	INT("thread_id", "threads.id; null: of several, or unknown"),
	TEXT("reason", "why, as in ctrace info --json"),
	INT("records", "how many are missing"),
	INT("from_ns", "no earlier"),
	INT("to_ns", "no later"),
	END,
};

static const struct ct_column notes[] = {
	TEXT("note", "what one should know who reads figures of this trace"),
	END,
};

static const struct ct_export_table tables[CT_TABLES] = {
	[CT_TABLE_SCHEMA] = {"schema", "this list", schema, NULL},
	[CT_TABLE_TRACE] = {"trace", "facts about the whole trace", trace, NULL},
	[CT_TABLE_PROCESSES] = {"processes", "processes, and images they executed", processes,
				NULL},
	[CT_TABLE_THREADS] = {"threads", "threads", threads, "tid"},
	[CT_TABLE_OBJECTS] = {"objects", "what was waited on", objects, NULL},
	[CT_TABLE_LOCKS] = {"locks", "the rows of ctrace locks", locks, NULL},
	[CT_TABLE_SUMS] = {"sums", "all waits of a thread on an object from one stack, added up",
			   sums, "thread_id object_id"},
	[CT_TABLE_CALLS] = {"calls", "all calls of a thread into the kernel by operation", calls,
			    NULL},
	[CT_TABLE_WAITS] = {"waits", "recorded waits", waits, "thread_id object_id begin_ns"},
	[CT_TABLE_STATES] = {"states", "lives of threads, without a gap", states,
			     "thread_id begin_ns"},
	[CT_TABLE_SWITCHES] = {"switches", "who had which CPU when, as the kernel told", switches,
			       "thread_id on_ns"},
	[CT_TABLE_TASKS] = {"tasks", "what the program called its tasks (ctrace.h)", tasks,
			    "parent_id begin_ns"},
	[CT_TABLE_REGIONS] = {"regions", "what its threads were doing, as it said", regions,
			      "thread_id task_id begin_ns"},
	[CT_TABLE_LOGS] = {"logs", "its messages", logs, "task_id at_ns"},
	[CT_TABLE_STACKS] = {"stacks", "stacks, as a tree of callers", stacks, NULL},
	[CT_TABLE_FRAMES] = {"frames", "frames of stacks, a row for each source line", frames,
			     "frame_id function"},
	[CT_TABLE_LOSSES] = {"losses", "records that are missing", losses, NULL},
	[CT_TABLE_NOTES] = {"notes", "what could not be seen or known", notes, NULL},
};

const struct ct_export_table *ct_export_table(unsigned number)
{
	return number < CT_TABLES ? &tables[number] : NULL;
}
