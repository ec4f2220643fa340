/*
 * format.h - the bytes of a trace: what the recorder writes into its arena and what a finished file holds.
 *
 * This is the C side of src/file/FORMAT.md, which is the contract; here are only layouts, sizes and numbers.  It is the one
 * header both sides of the process border share, so it includes nothing but the compiler's own headers and contains no code.
 * Everything is little-endian and naturally aligned.  `_Atomic` members are written by several threads or processes at once
 * while an arena is live; in a finished file they are plain numbers.
 *
 * Two containers hold the same parts:
 *
 *   arena (mapped by the traced processes)        stream (what is drained from it, and the finished file)
 *   +--------+-------------------------------+    +--------+-------+-------+-------+-   -+--------+
 *   | header | regions: processes, slots,    |    | header | block | block | block | ... | footer |
 *   | 4 KiB  | nodes, modules, strings,      |    | 4 KiB  | chunks| nodes | strings ...  | block  |
 *   |        | chunks, recorder-private      |    |        | (zstd)|       |       |      |        |
 *   +--------+-------------------------------+    +--------+-------+-------+-------+-   -+--------+
 */
#ifndef CTRACE_FORMAT_H
#define CTRACE_FORMAT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* --- identity ------------------------------------------------------------------------------------------------------------ */

#define CT_MAGIC	0x0a45434152544393ull /* bytes 93 'C' 'T' 'R' 'A' 'C' 'E' 0a */
#define CT_FORMAT_MAJOR 1		      /* a reader refuses any other */
#define CT_FORMAT_MINOR 1		      /* additions an older reader may skip */
#define CT_HEADER_BYTES 4096

enum ct_container { CT_ARENA = 1, CT_STREAM = 2 };

/* header.features: a reader that does not know a bit that is set refuses the file. */
#define CT_FEATURES_KNOWN 0ull

enum ct_policy {
	CT_POLICY_STREAM = 1, /* full: new records are lost (and counted); somebody drains */
	CT_POLICY_RING = 2    /* full: the oldest sealed chunk is overwritten (and counted) */
};

enum ct_clock { CT_CLOCK_TSC = 1, CT_CLOCK_MONOTONIC = 2, CT_CLOCK_CNTVCT = 3 };

/* Why records are missing.  Counted in the header, per reason; views show every one that is not zero. */
enum ct_loss {
	CT_LOSS_NO_CHUNK = 0,	 /* stream policy: no free chunk */
	CT_LOSS_NO_SLOT = 1,	 /* more threads than slots: the record of a thread without one */
	CT_LOSS_OVERWRITTEN = 2, /* ring policy: the chunk was recycled; counted in records */
	CT_LOSS_NESTED = 3,	 /* signal handlers interrupted the recorder too deeply */
	CT_LOSS_DICT_FULL = 4,	 /* the record is there, its stack is not */
	CT_LOSS_TORN = 5, /* reserved but not completed when the thread died (found by readers) */
	CT_LOSS_DAMAGED = 6, /* unreadable part of a file (found by readers) */
	CT_LOSS_DISK = 7,    /* drained, but the disk refused it */
	CT_LOSS_NO_CLOCK =
		8, /* counted in processes: whose program forbade itself the counter; not recorded from then on */
	CT_LOSS_REASONS = 16
};

enum ct_thread_end {
	CT_END_RETURN = 0,
	CT_END_UNWOUND = 1 /* pthread_exit or cancelled */,
	CT_END_GONE = 2 /* seen from outside */
};

/* wait.flags */
#define CT_WAIT_CANCELLED 1u /* the thread was cancelled in the call */
#define CT_WAIT_READ_LOCK 2u /* rwlock: the owner field names no one because readers held it */

/* --- operations ------------------------------------------------------------------------------------------------------------ */

enum ct_op {
#define CT_OP(id, name, class, label) CT_OP_##name = id,
#include "ops.def"
#undef CT_OP
	CT_OP_LIMIT = 128
};
#define CT_OP_FIRST_CALL                                                                           \
	32 /* ops from here on are counted in slots; their objects are numbers plus one, of descriptors for most */

enum ct_op_class {
	CT_CLASS_NONE,
	CT_CLASS_LOCK, /* contention: somebody holds what this thread wants */
	CT_CLASS_COND, /* waiting to be told */
	CT_CLASS_SEM,
	CT_CLASS_BARRIER,
	CT_CLASS_ONCE,
	CT_CLASS_JOIN,
	CT_CLASS_FUTEX,
	CT_CLASS_SLEEP,
	CT_CLASS_IO,
	CT_CLASS_NET,
	CT_CLASS_POLL,
	CT_CLASS_FILE_LOCK, /* contention too, but nobody says who holds it; the object is a descriptor */
	CT_CLASS_RESOLVE, /* names of hosts */
	CT_CLASS_PROCESS, /* children */
	CT_CLASS_SIGNAL,
	CT_CLASS_IPC,	/* System V; the object is an identifier plus one */
	CT_CLASS_QUEUE, /* POSIX message queues, which are descriptors */
	CT_CLASS_AIO,	/* completions; the object is a descriptor or 0 */
	CT_CLASS_LIMIT
};

/* --- events ---------------------------------------------------------------------------------------------------------------- */

enum ct_event_type {
#define CT_EVENT(id, name, nfields, text) CT_EV_##name = id,
#define CT_FIELD(event, index, name, type, predicted)
#include "events.def"
#undef CT_EVENT
#undef CT_FIELD
	CT_EV_LIMIT = 64
};

/* Field numbers: CT_F_<event>_<field>. */
enum ct_event_field {
#define CT_EVENT(id, name, nfields, text)
#define CT_FIELD(event, index, name, type, predicted) CT_F_##event##_##name = index,
#include "events.def"
#undef CT_EVENT
#undef CT_FIELD
};

/* How many there are: CT_FIELDS_<event>. */
enum ct_event_fields {
#define CT_EVENT(id, name, nfields, text) CT_FIELDS_##name = nfields,
#define CT_FIELD(event, index, name, type, predicted)
#include "events.def"
#undef CT_EVENT
#undef CT_FIELD
};

#define CT_FIELDS_MAX 12

/*
 * A record:   tag u8 | dt varint | [op u8] | mask varint | the fields whose mask bit is set, varints
 * tag: low six bits the event, never 0; CT_TAG_PLAIN: fields stand for themselves and change no predictor (written by a signal
 * handler that interrupted the recorder); CT_TAG_BACK: the time is the chunk's running time minus dt, which stays as it is.
 * The tag byte is stored last: 0 means that this record, and so the rest of the chunk, was never completed.
 */
#define CT_TAG_EVENT 0x3fu
#define CT_TAG_PLAIN 0x40u
#define CT_TAG_BACK  0x80u
#define CT_RECORD_MAX                                                                              \
	160 /* tag 1, dt 10, op 1, mask 2, 12 fields of at most 10 bytes: 134; rounded up */

/* --- chunks ---------------------------------------------------------------------------------------------------------------- */

#define CT_CHUNK_BYTES 16384u
#define CT_CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */

enum ct_chunk_state { CT_CHUNK_FREE = 0, CT_CHUNK_OPEN = 1, CT_CHUNK_SEALED = 2 };

/*
 * One writer (the thread that owns slot `slot`) from open to seal.  `cursor` is the writer's whole state in one word so that a
 * signal handler and the code it interrupted agree by one compare-and-swap:  time since base_ticks << 16 | bytes reserved.
 */
struct ct_chunk {
	uint32_t magic;
	_Atomic uint32_t state; /* enum ct_chunk_state */
	uint32_t slot;		/* stream of records this chunk continues */
	uint32_t sequence;	/* 0, 1, 2... within the slot; a gap is a loss */
	uint32_t process;	/* of the first record */
	uint32_t thread;	/* serial of the thread the first record belongs to */
	uint32_t tid;
	uint32_t lost; /* records this slot lost since the chunk before */
	uint64_t base_ticks;
	uint64_t base_mono_ns; /* CLOCK_MONOTONIC at base_ticks: a clock sample */
	_Atomic uint64_t cursor;
	_Atomic uint32_t records; /* reserved; only a hint while open */
	uint32_t epoch;		  /* times this piece of memory was opened before */
	uint8_t bytes[CT_CHUNK_BYTES - 64];
};
#define CT_CHUNK_PAYLOAD (CT_CHUNK_BYTES - 64u)

/* Chunks of ctrace-run's about a CPU: slot CT_SLOT_CPU + its number. */
#define CT_SLOT_CPU 0x80000000u

static inline int ct_slot_is_cpu(uint32_t slot, uint64_t cpu)
{
	return slot >= CT_SLOT_CPU && slot - CT_SLOT_CPU == cpu;
}
#define CT_CPUS_MAX 0x10000u /* numbers of CPUs are smaller */

enum ct_cpu_off {
	CT_OFF_WAITS = 0,     /* it sleeps or is dead; or is stopped, where that was not told */
	CT_OFF_PREEMPTED = 1, /* it could have gone on */
	CT_OFF_STOPPED = 2    /* by a signal or a debugger; sources that tell: bpf */
};

enum ct_sched_what {
	CT_SCHED_FROM = 1,    /* every switch on this CPU is recorded from here on */
	CT_SCHED_TO = 2,      /* up to here */
	CT_SCHED_MISSING = 3, /* the kernel had no room for some */
	CT_SCHED_REFUSED = 4  /* no switch is recorded at all; count: the errno */
};

enum ct_sched_source { CT_SCHED_PERF = 1, CT_SCHED_BPF = 2 };
enum ct_waking_how {
	CT_WAKING_DIRECT = 0,	 /* by the waker itself */
	CT_WAKING_SOFT = 1,	 /* by an interrupt on the waker's time, perhaps for it */
	CT_WAKING_INTERRUPT = 2, /* by another interrupt; there is no waker */
	CT_WAKING_NEW = 3	 /* it is new: the waker has made it */
};

/* --- dictionary ------------------------------------------------------------------------------------------------------------ */

struct ct_trie_node {
	uint64_t frame;	 /* module id << 48 | ELF address; id 0: raw address */
	uint32_t parent; /* node of the caller; 0: outermost */
	uint32_t next;	 /* hash chain; means nothing to readers */
};
#define CT_FRAME_MODULE_SHIFT 48
#define CT_FRAME_EXACT	      (1ull << 47) /* an interrupted pc, not a return address */
#define CT_FRAME_OFFSET	      (CT_FRAME_EXACT - 1)
#define CT_MODULE_TRUNCATED                                                                        \
	0xffffu /* as module id: the walk stopped here; the offset is enum ct_stack_stop */
enum ct_stack_stop { CT_STOP_DEPTH = 1, CT_STOP_NO_CFI = 2, CT_STOP_BOUND = 3, CT_STOP_NESTED = 4 };

struct ct_module_rec {
	_Atomic uint32_t state; /* 0 free, 1 being written, 2 complete */
	uint32_t path;		/* string id */
	uint8_t build_id_len;
	uint8_t build_id[20];
	uint8_t pad[3];
	uint64_t vaddr_lo, vaddr_hi; /* ELF addresses its segments cover */
	uint64_t first_seen_ticks;
	uint64_t reserved;
};

/* --- processes --------------------------------------------------------------------------------------------------------------- */

enum ct_process_state {
	CT_PROC_FREE = 0,
	CT_PROC_CLAIMED = 1,
	CT_PROC_LIVE = 2,
	CT_PROC_ENDED = 3
};
#define CT_EXIT_UNKNOWN 0x80000000u

/* One executed image of one process; a fork without exec is a process of its own with the same exe. */
struct ct_process_rec {
	_Atomic uint32_t state;
	uint32_t pid;
	uint32_t ppid;
	uint32_t
		forked_from; /* index + 1 of the process whose memory this one copied; 0: exec or first */
	uint64_t begin_ticks;
	_Atomic uint64_t end_ticks;   /* seen by ctrace-run; 0: not seen */
	_Atomic uint32_t exit_status; /* as of wait(2), or CT_EXIT_UNKNOWN */
	uint32_t exe;		      /* string id: path of the executable */
	uint32_t cmdline;	      /* string id: arguments joined by spaces */
	uint32_t glibc;		      /* major << 16 | minor, as found; 0 unknown */
	uint32_t flags;		      /* CT_PROC_* */
	uint32_t pad;
	uint64_t pid_namespace; /* inode; of an executed image, 0 of a forked one */
	/* what ctrace-run saw from outside; 0: it did not */
	uint32_t next_image;	 /* index + 1 of the image this process executed after this one */
	uint32_t outside_pid;	 /* its pid as ctrace-run sees it */
	uint32_t outside_parent; /* index + 1 of its parent, where ppid means nothing out here */
	uint32_t looks;		 /* how often ctrace-run read what it has mapped */
	/* loads that the dynamic linker binds past us: how many, and the path of the first (string id) */
	_Atomic uint32_t deepbind_loads, namespace_loads;
	uint32_t deepbind_path, namespace_path;
	_Atomic uint32_t
		shared_met; /* `shared` records written: ctrace-run then looks at what is mapped */
	uint32_t reserved0;
	_Atomic uint64_t shared_last; /* address in the last one */
	uint64_t ipc_namespace;	      /* inode, as ctrace-run saw it; 0: it did not */
	uint64_t reserved;
};
#define CT_PROC_OWNER_READABLE                                                                     \
	1u /* the self-test found __lock and __owner of a mutex where expected */
#define CT_PROC_SEM_READABLE 2u
#define CT_PROC_FIND_OBJECT  4u /* _dl_find_object is there: libraries loaded later can be unwound */
#define CT_PROC_LEFT_OUT     8u /* by --only or --skip: nothing else is recorded of it */
#define CT_PROC_UNREACHED                                                                          \
	16u /* ctrace-run wrote its row and its threads' beginnings and ends: nothing in it records */

/* --- blind spots ------------------------------------------------------------------------------------------------------------- */

/* A part of a process that can wait where nothing is recorded.  Written by ctrace-run, when it finishes the file. */
enum ct_blind {
	CT_BLIND_CALLS =
		1, /* system call instructions of its own, of calls that may wait or whose number is not plain */
	CT_BLIND_GO = 2,	/* the same, of a Go runtime */
	CT_BLIND_URING = 3,	/* waits in io_uring_enter by itself */
	CT_BLIND_DEEPBIND = 4,	/* loaded with RTLD_DEEPBIND: binds to libc first */
	CT_BLIND_NAMESPACE = 5, /* loaded by dlmopen, with a libc of its own */
	CT_BLIND_OWN = 6,	/* has functions of its own that we have wrappers for */
	CT_BLIND_MADE = 7,	/* code made while the program ran: nobody looked into it */
	CT_BLIND_UNSEEN =
		8, /* the process ended before anybody saw what it had loaded: only its executable was looked at */
	CT_BLIND_UNREAD = 9, /* a file that could not be read */
	CT_BLIND_IMAGE =
		10, /* an executable that the process went on with, out of reach of the recording */
	CT_BLIND_UNREACHED = 11, /* the process itself; `detail`: what it is */
	CT_BLIND_THREADS = 12, /* of such a process: threads that came and went between two looks */
	CT_BLIND_PROGRAMS = 13, /* of any: programs that did */
	CT_BLIND_LIMIT
};

struct ct_blind_rec {
	uint32_t process; /* index */
	uint32_t kind;	  /* enum ct_blind */
	uint32_t path;	  /* string id: of the module; 0 none */
	uint32_t detail;  /* string id: names of system calls or functions; 0 none */
	uint64_t count;	  /* instructions, functions, loads, or bytes of code made */
	uint64_t reserved;
};

/* --- slots ------------------------------------------------------------------------------------------------------------------- */

#define CT_SLOT_BYTES	  49152u /* stride; 48 KiB, of which the tail is private to the recorder */
#define CT_TALLY_ROWS	  64
#define CT_OPSTAT_ROWS	  (CT_OP_LIMIT - CT_OP_FIRST_CALL)
#define CT_OPSTAT_BUCKETS 24

/* What the thread is blocked in now.  seq is odd while the line is being written. */
struct ct_inflight {
	_Atomic uint32_t seq;
	_Atomic uint32_t op; /* 0: not in a wait */
	uint64_t object;     /* as field `object` of a wait */
	uint64_t start_ticks;
	uint32_t owner; /* tid; 0 unknown */
	uint32_t stack; /* 0 unknown; of a system call only the innermost frame */
	uint64_t site;	/* not used by this version */
	uint64_t sp;	/* an entry of ours with a higher sp shows that longjmp left this wait */
	uint64_t mutex; /* cond: the mutex */
	uint64_t reserved;
};

struct ct_tally {
	uint64_t object;
	uint32_t stack;
	uint32_t op;
	uint64_t count;
	uint64_t total_ticks;
	uint64_t max_ticks;
	uint64_t reserved;
};

struct ct_opstat {
	uint64_t count;
	uint64_t total_ticks;
	uint64_t max_ticks;
	uint32_t bucket[CT_OPSTAT_BUCKETS]; /* floor(log2(ticks)), last one holds the rest */
};

enum ct_slot_state { CT_SLOT_FREE = 0, CT_SLOT_CLAIMED = 1 };

struct ct_slot {
	/* line 0: who */
	_Atomic uint32_t state;
	uint32_t index;
	uint32_t process;
	uint32_t tid;
	uint32_t thread;	 /* serial, never reused within a trace */
	uint32_t parent;	 /* serial */
	uint64_t routine;	 /* frame of the start routine */
	uint64_t thread_pointer; /* fs base: tells whether the slot is still this thread's */
	uint64_t begin_ticks;
	char name[16];
	/* line 1: blocked in */
	struct ct_inflight inflight;
	/* line 2: writing */
	_Atomic uint64_t chunk; /* index + 1 of the open chunk; 0 none */
	uint32_t next_sequence;
	uint32_t lost; /* since the last chunk was opened */
	uint64_t lost_total;
	_Atomic uint64_t waits;	   /* wait records and tallied waits of this thread, in all */
	uint64_t tally_used;	   /* bit per row of tally */
	uint64_t opstat_used[2];   /* bit per row of opstat */
	_Atomic uint64_t recorded; /* records of this thread in chunks it has left, modulo 2^64 */
	/* totals not yet written as records */
	struct ct_tally tally[CT_TALLY_ROWS];
	struct ct_opstat opstat[CT_OPSTAT_ROWS];
	/* the rest up to CT_SLOT_BYTES is the recorder's own (predictors, stack cache) */
};

/* --- threads that have ended --------------------------------------------------------------------------------------------------- */

/*
 * What a thread of a ring had written when it ended, since by the end of the trace none of its records may be left.  A thread has row
 * serial % items, so the latest ones have theirs.
 */
struct ct_thread_rec {
	_Atomic uint32_t thread; /* serial; 0: nobody's, or not complete */
	_Atomic uint32_t writer; /* who is writing it: see count.c; 0: nobody */
	uint32_t process;
	uint32_t tid;
	uint64_t begin_ticks, end_ticks;
	uint64_t records; /* in all, overwritten or not */
	uint64_t waits;	  /* of these: waits, also those that `tally` records sum up */
	char name[16];
};

/* --- header ------------------------------------------------------------------------------------------------------------------ */

enum ct_region_type {
	CT_REGION_PROCESSES = 1,
	CT_REGION_SLOTS = 2,
	CT_REGION_NODES = 3,
	CT_REGION_MODULES = 4,
	CT_REGION_STRINGS = 5,
	CT_REGION_CHUNKS = 6,
	CT_REGION_PRIVATE = 7, /* hash tables and boards of the recorder; readers skip it */
	CT_REGION_THREADS = 8, /* of a ring: threads that have ended */
	CT_REGIONS = 8
};

struct ct_region {
	uint32_t type;
	uint32_t item_bytes;
	uint64_t offset; /* from the start of the arena */
	uint64_t items;	 /* room */
	_Atomic uint64_t
		used; /* items in use; for chunks and slots: items that have memory behind them */
};

struct ct_clock_sample {
	uint64_t ticks;
	uint64_t mono_ns;
};
#define CT_CLOCK_SAMPLES 32

/*
 * header.ask.  Who finds it ready takes it, writes the name, and has asked; ctrace-run takes that, and makes it ready again when the file is
 * there.  It takes back what somebody has taken and not asked in a second, and then counts on, so that he cannot ask any more.
 */
enum ct_ask {
	CT_ASK_NOBODY = 0, /* nobody looks here */
	CT_ASK_READY = 1,
	CT_ASK_TAKEN = 2, /* somebody writes the name */
	CT_ASK_ASKED = 3,
	CT_ASK_UNDER_WAY = 4
};
#define CT_ASK_STATE(ask)    ((ask)&7u)
#define CT_ASK_WITH(ask, to) (((ask) & ~7u) | (to)) /* the same round in another state */
#define CT_ASK_NEXT(ask)     (((ask) & ~7u) + 8u)   /* the next round, nobody */
#define CT_ASK_NAME_BYTES                                                                          \
	64 /* with its NUL; letters, digits, - _ and ., which does not come first */

struct ct_header {
	/* 0: identity */
	uint64_t magic;
	uint16_t major, minor;
	uint32_t header_bytes;
	uint64_t features;
	uint32_t container; /* enum ct_container */
	uint32_t machine;   /* ELF e_machine of the traced program */
	uint8_t trace_id[16];
	uint64_t reserved0[2];

	/* 64: read by every wrapper, written rarely */
	_Atomic uint32_t enabled;
	uint32_t policy;
	uint32_t clock;	     /* enum ct_clock */
	uint32_t tick_shift; /* ticks = counter >> tick_shift */
	uint64_t wait_threshold_ticks;
	uint64_t call_threshold_ticks;
	uint64_t wait_threshold_ns;
	uint64_t call_threshold_ns;
	uint64_t ticks_per_second; /* first estimate; the samples say better */
	uint64_t reserved1;

	/* 128: counters */
	_Atomic uint32_t next_thread; /* serial */
	_Atomic uint32_t clock_samples;
	uint32_t recorder_pid; /* ctrace-run; 0: none */
	uint32_t finished;     /* stream: 1 when the footer was written */
	uint64_t start_mono_ns;
	uint64_t start_real_ns;
	_Atomic uint64_t end_mono_ns; /* 0: still running, or nobody saw the end */
	uint64_t reserved2[3];
	_Atomic uint64_t lost[CT_LOSS_REASONS];

	/* 320 */
	struct ct_region regions[CT_REGIONS];
	/* 576 */
	struct ct_clock_sample samples[CT_CLOCK_SAMPLES];
	/* 1088 */
	char arena_path[512]; /* stream that is not finished: where its arena is */
	char host[64];
	char kernel[64];
	char version[32]; /* of ctrace */
	/* 1760 */
	uint64_t file_bytes; /* arena: size of the mapping */
	uint64_t reserved3;
	/* 1776: arena: the program asks ctrace-run for a snapshot; 0 where nobody does it, as in streams and older arenas */
	_Atomic uint32_t ask; /* CT_ASK_* and, above it, how often that has gone round */
	uint32_t reserved4;
	char ask_name[CT_ASK_NAME_BYTES];
	uint8_t reserved5[CT_HEADER_BYTES - 1784 - CT_ASK_NAME_BYTES];
};

/* --- stream blocks ------------------------------------------------------------------------------------------------------------- */

#define CT_BLOCK_MAGIC 0x4b434f4c42544393ull /* bytes 93 'C' 'T' 'B' 'L' 'O' 'C' 'K' */

enum ct_block_type {
	CT_BLOCK_CHUNKS =
		1, /* chunks one after another: struct ct_chunk's 64 bytes, then the bytes in use, padded to 8 */
	CT_BLOCK_PROCESSES = 2, /* struct ct_process_rec from index `first` on */
	CT_BLOCK_SLOTS =
		3, /* heads of struct ct_slot: threads that were there at the end, what they were blocked in */
	CT_BLOCK_NODES = 4,   /* struct ct_trie_node from index `first` on */
	CT_BLOCK_MODULES = 5, /* struct ct_module_rec from index `first` on */
	CT_BLOCK_STRINGS = 6, /* bytes of the string blob from offset `first` on */
	CT_BLOCK_SYMBOLS = 7, /* resolved frames: see FORMAT.md */
	CT_BLOCK_INDEX = 8,   /* struct ct_index_row for every chunk block */
	CT_BLOCK_FOOTER = 9,  /* struct ct_footer */
	CT_BLOCK_BLIND = 10,  /* struct ct_blind_rec */
	CT_BLOCK_THREADS = 11 /* struct ct_thread_rec, complete ones */
};
#define CT_BLOCK_ZSTD	 1u /* flags: the payload is one zstd frame */
#define CT_BLOCK_COLUMNS 2u /* only with the other, only of chunks: in the frame are columns */

struct ct_block {
	uint64_t magic;
	uint32_t type;
	uint32_t flags;
	uint64_t first; /* see enum ct_block_type */
	uint64_t
		stored_bytes; /* payload as stored, without padding; the next block starts at the next multiple of 8 */
	uint64_t raw_bytes; /* payload after decompression */
	uint64_t checksum;  /* XXH64 of the stored payload, seed 0 */
	uint64_t min_ticks; /* chunk blocks: times inside */
	uint64_t max_ticks;
};

struct ct_index_row {
	uint64_t offset; /* of the block, from the start of the file */
	uint64_t stored_bytes;
	uint64_t raw_bytes;
	uint64_t min_ticks, max_ticks;
	uint64_t records;
	uint64_t waits;	     /* wait records in it */
	uint64_t wait_ticks; /* and their sum */
};

struct ct_footer {
	uint64_t index_offset; /* of the index block */
	uint64_t records;
	uint64_t end_mono_ns;
	uint64_t reserved[4];
	uint64_t magic; /* CT_MAGIC: the last eight bytes of a finished file */
};

#define CT_ASSERT_FORMAT(cond, text) _Static_assert(cond, text)
CT_ASSERT_FORMAT(sizeof(struct ct_header) == CT_HEADER_BYTES, "header is one page");
CT_ASSERT_FORMAT(offsetof(struct ct_header, enabled) == 64, "hot words have their own line");
CT_ASSERT_FORMAT(offsetof(struct ct_header, next_thread) == 128, "counters have theirs");
CT_ASSERT_FORMAT(offsetof(struct ct_header, regions) == 320, "regions");
CT_ASSERT_FORMAT(offsetof(struct ct_header, arena_path) == 1088, "arena path");
CT_ASSERT_FORMAT(offsetof(struct ct_header, ask) == 1776, "asking");
CT_ASSERT_FORMAT(sizeof(struct ct_chunk) == CT_CHUNK_BYTES, "chunk size");
CT_ASSERT_FORMAT(offsetof(struct ct_chunk, bytes) == 64, "chunk head is one line");
CT_ASSERT_FORMAT(sizeof(struct ct_trie_node) == 16, "node size");
CT_ASSERT_FORMAT(sizeof(struct ct_module_rec) == 64, "module size");
CT_ASSERT_FORMAT(sizeof(struct ct_process_rec) == 128, "process size");
CT_ASSERT_FORMAT(sizeof(struct ct_blind_rec) == 32, "blind spot size");
CT_ASSERT_FORMAT(sizeof(struct ct_thread_rec) == 64, "ended thread size");
CT_ASSERT_FORMAT(offsetof(struct ct_slot, inflight) == 64, "in-flight line");
CT_ASSERT_FORMAT(sizeof(struct ct_inflight) == 64, "in-flight line is one line");
CT_ASSERT_FORMAT(sizeof(struct ct_slot) <= 20480, "slot head leaves room for the recorder's part");
CT_ASSERT_FORMAT(sizeof(struct ct_block) == 64, "block head");
CT_ASSERT_FORMAT(sizeof(struct ct_footer) == 64, "footer");

#endif
