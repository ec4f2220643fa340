/*
 * finish.c - see finish.h.
 *
 *   OUT.ctrace --reader--> which chunks are not in it yet, when the last thing happened
 *   arena ------copy-----> mended --bury, drain--> appended to OUT.ctrace --> tables, symbols, index, footer --> arena removed
 *
 * Nobody saw when the threads ended, only that they were there when the last record was written; so that is when they end, and the time at
 * which somebody thought of finishing the trace does not come into it.  For the recorder's functions the clock stands still there, which also
 * makes a trace of an earlier boot, or of another machine, one like any other.
 */
#include "finish.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/capture.h"
#include "file/err.h"
#include "read/trace.h"
#include "run/holder.h"
#include "run/mend.h"
#include "run/record.h"
#include "run/still.h"

#define BURY_STEP 32 /* slots between two drainings: a chunk each */

static const struct ct_record_options options = {.quiet = true};

struct work {
	struct ct_finish *f;
	const char *path;
	struct ct_trace *trace;
	struct ct_recording r;
	char arena[PATH_MAX]; /* where it is, or was; "" unknown */
	bool has_arena;
	struct ct_clock_sample end;
	struct ct_clock_sample samples[CT_CLOCK_SAMPLES];
	uint32_t clock_samples;
};

__attribute__((format(printf, 3, 4))) static enum ct_finished
say(struct work *w, enum ct_finished result, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(w->f->why, sizeof(w->f->why), fmt, args);
	va_end(args);
	return result;
}

/* --- what there is ------------------------------------------------------------------------------------------------------------------- */

static void find_arena(struct work *w)
{
	const struct ct_trace_info *info = ct_trace_info(w->trace);
	const char *name = info->container == CT_ARENA ? w->path : info->arena_path;

	w->has_arena = name && realpath(name, w->arena);
	if (!w->has_arena)
		snprintf(w->arena, sizeof(w->arena), "%s", ct_trace_header(w->trace)->arena_path);
}

/* The process that still records, or 0. */
static pid_t find_living(const struct work *w)
{
	const struct ct_process_rec *rows;
	size_t n = ct_trace_processes(w->trace, &rows), i;
	uint32_t recorder = ct_trace_header(w->trace)->recorder_pid;
	pid_t pid;

	if (!w->arena[0])
		return 0;
	pid = ct_holder_find(w->arena);
	if (!pid && ct_holder_may(recorder, w->arena))
		pid = (pid_t)recorder;
	for (i = 0; i < n && !pid; i++)
		if (rows[i].state == CT_PROC_LIVE && ct_holder_may(rows[i].pid, w->arena))
			pid = (pid_t)rows[i].pid;
	return pid;
}

static void move_end(uint64_t *end, uint64_t ticks)
{
	if (ticks > *end)
		*end = ticks;
}

/* When the last thing happened. */
static void find_end(struct work *w)
{
	const struct ct_trace_chunk *chunks;
	const struct ct_trace_slot *slots;
	size_t n, i;

	w->end.ticks = ct_trace_info(w->trace)->last_ticks;
	n = ct_trace_chunks(w->trace, &chunks);
	for (i = 0; i < n; i++)
		move_end(&w->end.ticks, chunks[i].last_ticks);
	n = ct_trace_slots(w->trace, &slots);
	for (i = 0; i < n; i++) {
		move_end(&w->end.ticks, slots[i].begin_ticks);
		move_end(&w->end.ticks, slots[i].op ? slots[i].start_ticks : 0);
	}
	w->end.mono_ns = ct_trace_ns(w->trace, w->end.ticks);
}

/* --- the recorder, with a clock that stands still ------------------------------------------------------------------------------------ */

static void become_writer(struct work *w)
{
	struct ct_recording *r = &w->r;
	const struct ct_header *h = r->store.arena.header;

	ct_cap.arena = r->store.arena;
	ct_still(w->end);
	ct_cap.ring = h->policy == CT_POLICY_RING;
	memcpy(w->samples, h->samples, sizeof(w->samples));
	w->clock_samples = atomic_load(&h->clock_samples);
	r->options = &options;
	r->drain.store = &r->store;
	r->drain.stream = r->stream;
	ct_reap_open(&r->reap, &r->store);
	r->blind.reap = &r->reap;
}

static void drain(struct work *w)
{
	ct_still_chunks(&w->r.store.arena);
	ct_drain_take(&w->r.drain, w->end.mono_ns, true);
}

static void bury_all(struct work *w)
{
	struct ct_arena *a = &w->r.store.arena;
	uint64_t n = atomic_load(&a->shared->limit[CT_REGION_SLOTS]), i, buried = 0;
	uint64_t used = atomic_load(&ct_arena_region(a->header, CT_REGION_PROCESSES)->used);

	for (i = 0; i < n; i++) {
		struct ct_slot *s = ct_arena_slot(a, (uint32_t)i);

		if (atomic_load(&s->state) != CT_SLOT_CLAIMED || !s->thread)
			continue;
		ct_reap_bury(&w->r.reap, s, 0);
		ct_chunk_finish(s);
		if (++buried % BURY_STEP == 0)
			drain(w);
	}
	drain(w);
	n = atomic_load(&a->shared->limit[CT_REGION_PROCESSES]);
	for (i = 0; i < used && i < n; i++) {
		struct ct_process_rec *p = &a->processes[i];

		if (atomic_load(&p->state) != CT_PROC_LIVE)
			continue;
		if (!atomic_load(&p->end_ticks))
			atomic_store(&p->end_ticks, w->end.ticks);
		atomic_store(&p->state, CT_PROC_ENDED);
	}
}

/* --- finishing ------------------------------------------------------------------------------------------------------------------------- */

static int open_stream(struct work *w)
{
	struct ct_header h;

	if (!w->f->output)
		return ct_stream_reopen(w->path, w->has_arena, &w->r.stream);
	h = *w->r.store.arena.header;
	snprintf(h.arena_path, sizeof(h.arena_path), "%.*s", (int)sizeof(h.arena_path) - 1,
		 w->arena);
	return ct_stream_create(w->f->output, &h, &w->r.stream);
}

static int write_rest(struct work *w)
{
	struct ct_header *h = w->r.store.arena.header;
	uint64_t before = ct_stream_stats(w->r.stream).records;

	become_writer(w);
	drain(w);
	w->f->drained = ct_stream_stats(w->r.stream).records - before;
	bury_all(w);
	if (w->r.drain.error)
		return w->r.drain
			.error; /* the arena still has it: no end, so that nobody thinks that this is all */
	memcpy(h->samples, w->samples, sizeof(w->samples));
	atomic_store(&h->clock_samples, w->clock_samples);
	atomic_store(&h->end_mono_ns, w->end.mono_ns);
	return ct_record_end(&w->r);
}

/* No arena: the end of what the file holds. */
static int write_end(struct work *w)
{
	struct ct_header h = *ct_trace_header(w->trace);

	h.end_mono_ns = w->end.mono_ns;
	return ct_stream_finish(w->r.stream, &h);
}

static enum ct_finished fail(struct work *w, const char *path, int err)
{
	enum ct_finished result = err == -CT_ERR_FOREIGN || err == -CT_ERR_NEWER
					  ? CT_FINISHED_NO_TRACE
					  : CT_FINISHED_NOT;

	if (err == -EWOULDBLOCK)
		return say(w, result, "%s: another ctrace finish is at work on it", path);
	return say(w, result, "%s: %s", path, ct_err_text(err));
}

static enum ct_finished write_all(struct work *w)
{
	struct ct_recording *r = &w->r;
	const char *file = w->f->output ? w->f->output : w->path;
	int err = 0;

	if (w->has_arena) {
		err = ct_store_load(&r->store, w->arena);
		if (!err)
			err = ct_mend(&r->store, w->trace);
		if (err)
			return fail(w, w->arena, err);
	}
	err = open_stream(w);
	if (err)
		return fail(w, file, err);
	err = w->has_arena ? write_rest(w) : write_end(w);
	w->f->records = ct_stream_stats(r->stream).records;
	if (err && w->f->output)
		unlink(w->f->output);
	if (err)
		return fail(w, file, err);
	if (!w->has_arena)
		say(w, CT_FINISHED,
		    "%s: its memory %s is gone, and with it the names and stacks, and what had not "
		    "been written",
		    w->path, w->arena[0] ? w->arena : "(an arena)");
	else if (!w->f->output && ct_store_is_ours(&r->store))
		ct_store_remove(&r->store);
	return CT_FINISHED;
}

/* A folder that was left when somebody was killed between the footer and its removal. */
static void remove_left_over(const struct work *w)
{
	char copy[PATH_MAX], pattern[PATH_MAX + 32];
	const char *patterns[] = {"/dev/shm/ctrace-*/arena", pattern};
	size_t i, k;
	glob_t g;

	snprintf(copy, sizeof(copy), "%s", w->path);
	snprintf(pattern, sizeof(pattern), "%s/.ctrace-*/arena", dirname(copy));
	for (k = 0; k < 2; k++) {
		if (glob(patterns[k], 0, NULL, &g) != 0)
			continue;
		for (i = 0; i < g.gl_pathc; i++) {
			struct ct_store s = {.fd = -1};
			struct ct_header h;
			int fd =
				open(g.gl_pathv[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

			if (fd < 0)
				continue;
			if (pread(fd, &h, sizeof(h), 0) == sizeof(h) && h.magic == CT_MAGIC &&
			    h.container == CT_ARENA &&
			    !memcmp(h.trace_id, ct_trace_header(w->trace)->trace_id,
				    sizeof(h.trace_id)) &&
			    realpath(g.gl_pathv[i], s.path) && !ct_holder_find(s.path)) {
				snprintf(s.dir, sizeof(s.dir), "%.*s",
					 (int)(strlen(s.path) - strlen("/arena")), s.path);
				ct_store_remove(&s);
			}
			close(fd);
		}
		globfree(&g);
	}
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Another reason than being gone: then it is there, and finishing without it would lose it. */
static int arena_trouble(const struct work *w)
{
	int fd;

	if (w->has_arena || !w->arena[0])
		return 0;
	fd = open(w->arena, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		close(fd); /* another trace's */
	return fd >= 0 || errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

static enum ct_finished finish(struct work *w)
{
	const struct ct_trace_info *info = ct_trace_info(w->trace);
	pid_t pid;
	int err;

	if (info->container == CT_STREAM && ct_trace_header(w->trace)->finished) {
		remove_left_over(w);
		return say(w, CT_FINISHED_BEFORE, "%s: finished already", w->path);
	}
	if (info->container == CT_STREAM && w->f->output)
		return say(w, CT_FINISHED_NO_TRACE,
			   "%s: finished where it is: -o is for an arena that a program wrote",
			   w->path);
	if (info->container == CT_ARENA && !w->f->output)
		return say(w, CT_FINISHED_NO_TRACE,
			   "%s: an arena, not a file without an end: -o OUT makes a finished file "
			   "of it",
			   w->path);
	if (w->f->output && same_file(w->f->output, w->path))
		return say(w, CT_FINISHED_NO_TRACE, "%s: -o names the file itself", w->path);
	find_arena(w);
	pid = find_living(w);
	if (pid)
		return say(w, CT_FINISHED_NOT, "%s: process %d still records into it", w->path,
			   (int)pid);
	err = arena_trouble(w);
	if (err)
		return fail(w, w->arena, err);
	find_end(w);
	return write_all(w);
}

enum ct_finished ct_finish(struct ct_finish *f, const char *path)
{
	static struct work work;
	struct work *w = &work;
	enum ct_finished result;

	memset(w, 0, sizeof(*w));
	w->f = f;
	w->path = path;
	f->why[0] = 0;
	f->records = f->drained = 0;
	w->r.store.fd = -1;
	if (ct_trace_open(path, &w->trace, f->why, sizeof(f->why)) < 0)
		return CT_FINISHED_NO_TRACE;
	result = finish(w);
	ct_trace_close(w->trace);
	ct_stream_close(w->r.stream);
	ct_store_leave(&w->r.store);
	ct_drain_free(&w->r.drain);
	ct_blind_free(&w->r.blind);
	ct_reap_free(&w->r.reap);
	return result;
}
