/*
 * record.c - see record.h.
 */
#include "record.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <ctrace/version.h>

#include "capture/capture.h"
#include "run/resolve.h"

#define TICK_MIN_MS 2
#define TICK_MAX_MS 20 /* while a process uses something: 10 */

static uint64_t now_ns(void)
{
	return ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
}

/* --- opening ------------------------------------------------------------------------------------------------------------------------- */

static void fill_header(struct ct_recording *r)
{
	struct ct_header *h = r->store.arena.header;
	const struct ct_record_options *o = r->options;
	struct ct_clock_source *clock = &ct_cap.clock;
	struct utsname u;
	uint64_t rate;

	/* asked of the kernel: libc's may be that of a preloaded object which makes up the time */
	ct_clock_choose(clock, NULL);
	rate = ct_clock_rate(clock, 500000);
	if (getrandom(h->trace_id, sizeof(h->trace_id), 0) != sizeof(h->trace_id))
		memcpy(h->trace_id, &rate, sizeof(rate));
	h->clock = clock->kind;
	h->tick_shift = clock->shift;
	h->ticks_per_second = rate;
	h->wait_threshold_ns = o->wait_threshold_ns;
	h->call_threshold_ns = o->call_threshold_ns;
	h->wait_threshold_ticks = (uint64_t)((double)o->wait_threshold_ns * (double)rate / 1e9);
	h->call_threshold_ticks = (uint64_t)((double)o->call_threshold_ns * (double)rate / 1e9);
	h->recorder_pid = (uint32_t)getpid();
	h->start_mono_ns = ct_clock_ns(clock, CLOCK_MONOTONIC);
	h->start_real_ns = ct_clock_ns(clock, CLOCK_REALTIME);
	h->samples[0] = ct_clock_sample(clock);
	h->clock_samples = 1;
	if (uname(&u) == 0) {
		snprintf(h->host, sizeof(h->host), "%.*s", (int)sizeof(h->host) - 1, u.nodename);
		snprintf(h->kernel, sizeof(h->kernel), "%.*s", (int)sizeof(h->kernel) - 1,
			 u.release);
	}
	snprintf(h->version, sizeof(h->version), "%s", CTRACE_VERSION);
}

/* Where the file goes; when it cannot go there, beside the arena, so that nothing is lost. */
static int open_stream(struct ct_recording *r)
{
	struct ct_header h = *r->store.arena.header;
	int err;

	snprintf(h.arena_path, sizeof(h.arena_path), "%.*s", (int)sizeof(h.arena_path) - 1,
		 r->store.path);
	err = ct_stream_create(r->output, &h, &r->stream);
	if (!err)
		return 0;
	snprintf(r->trouble, sizeof(r->trouble), "cannot write %s: %s", r->output, strerror(-err));
	if (snprintf(r->output, sizeof(r->output), "%s/trace.ctrace", r->store.dir) >=
	    (int)sizeof(r->output))
		return err;
	return ct_stream_create(r->output, &h, &r->stream);
}

/* The recorder's own functions work on the arena from here too, for the slots of the dead and for records of ours. */
static void become_writer(struct ct_recording *r)
{
	static _Atomic uint64_t generation = 1;

	ct_cap.arena = r->store.arena;
	ct_cap.generation = &generation;
	ct_cap.ring = r->options->ring_bytes != 0;
	r->fds.slot = ct_slot_claim();
	if (r->fds.slot) {
		r->fds.slot->thread = 0; /* no thread of the program's */
		r->fds.slot->process = 0;
		atomic_store(&r->store.arena.header->next_thread, 1);
	}
}

int ct_record_open(struct ct_recording *r, const struct ct_record_options *options,
		   const char *name, pid_t pid)
{
	char copy[PATH_MAX], *dir;
	int err;

	memset(r, 0, sizeof(*r));
	r->options = options;
	if (options->output)
		snprintf(r->output, sizeof(r->output), "%s", options->output);
	else
		snprintf(r->output, sizeof(r->output), "%s.%d.ctrace", name, (int)pid);
	snprintf(copy, sizeof(copy), "%s", r->output);
	dir = dirname(copy);
	err = ct_store_create(&r->store, options->ring_bytes, dir, r->trouble, sizeof(r->trouble));
	if (err)
		return err;
	r->store.arena.shared->root_pid = (uint32_t)pid;
	r->store.arena.shared->no_follow = options->no_follow;
	memcpy(r->store.arena.shared->filter, options->filter, sizeof(options->filter));
	fill_header(r);
	err = open_stream(r);
	if (err) {
		ct_store_remove(&r->store);
		return err;
	}
	become_writer(r);
	r->fds.store = &r->store;
	r->fds.reap = &r->reap;
	r->comms.reap = &r->reap;
	r->comms.slot = r->fds.slot;
	r->numbers.reap = &r->reap;
	r->numbers.slot = r->fds.slot;
	r->drain.store = &r->store;
	r->drain.stream = r->stream;
	r->drain.fds = options->ring_bytes ? NULL : &r->fds;
	ct_reap_open(&r->reap, &r->store);
	r->blind.reap = &r->reap;
	r->mappings.reap = &r->reap;
	r->mappings.slot = r->fds.slot;
	r->looks =
		(struct ct_looks){.reap = &r->reap, .blind = &r->blind, .mappings = &r->mappings};
	r->usage.reap = &r->reap;
	r->usage.slot = r->fds.slot;
	r->usage.sched = &r->sched;
	ct_sched_open(&r->sched, options->sched, options->sched_from, pid, r->stream,
		      options->ring_bytes);
	r->unreached.reap = &r->reap;
	r->unreached.sched = &r->sched;
	r->unreached.no_follow = options->no_follow;
	r->sched.lives = &r->unreached.lives;
	r->blind.unreached = &r->unreached;
	ct_cpustat_open(&r->cpustat, options->sched == CT_SCHED_OFF ? NULL : r->fds.slot);
	ct_snapshot_open(r);
	atomic_store_explicit(&r->store.arena.header->enabled, 1, memory_order_release);
	return 0;
}

/* --- while it runs --------------------------------------------------------------------------------------------------------------------- */

void ct_record_unreached(struct ct_recording *r, pid_t pid, const char *path, char *const *argv,
			 const char *what)
{
	ct_unreached_root(&r->unreached, pid, path, argv, what);
}

/* The kernel's word on who has ended comes before it is seen: it knows when. */
static void look_at_processes(struct ct_recording *r)
{
	ct_sched_look(&r->sched, now_ns());
	ct_unreached_look(&r->unreached, now_ns());
	ct_reap_look(&r->reap);
}

/* One round; returns how long the next may be off. */
static int tick(struct ct_recording *r, int pause_ms)
{
	unsigned taken = 0;
	bool may_drain;
	int most;

	look_at_processes(r);
	ct_looks_take(&r->looks, now_ns());
	ct_usage_look(&r->usage, now_ns());
	ct_cpustat_look(&r->cpustat, now_ns());
	ct_numbers_look(&r->numbers, now_ns());
	ct_store_grow(&r->store);
	may_drain = ct_snapshot_look(r, now_ns());
	if (!r->options->ring_bytes) {
		ct_drain_peek(&r->drain);
		ct_comms_look(&r->comms, now_ns());
		if (may_drain)
			taken = ct_drain_take(&r->drain, now_ns(), false);
	}
	if (taken || !may_drain)
		return TICK_MIN_MS;
	most = ct_usage_is_busy(&r->usage) ? TICK_MAX_MS / 2 : TICK_MAX_MS;
	return pause_ms * 2 > most ? most : pause_ms * 2;
}

void ct_record_run(struct ct_recording *r, struct ct_child *child)
{
	struct pollfd p[3] = {{.fd = child->signals, .events = POLLIN},
			      {.fd = r->reap.ends, .events = POLLIN},
			      {.events = POLLIN}};
	int pause_ms = TICK_MIN_MS;

	while (!child->ended) {
		pause_ms = tick(r, pause_ms);
		p[2].fd = ct_sched_ready(&r->sched);
		if (poll(p, 3, pause_ms) > 0 && p[0].revents) {
			ct_usage_last(&r->usage, now_ns());
			ct_child_signals(child);
		}
	}
	look_at_processes(r);
	ct_reap_exit(&r->reap, child->pid, child->status);
}

bool ct_record_goes_on(struct ct_recording *r)
{
	int pause_ms = TICK_MIN_MS;

	ct_reap_look(&r->reap);
	while (!ct_reap_living(&r->reap) && !ct_store_is_shared(&r->store)) {
		if (!ct_reap_unsettled(&r->reap))
			return false;
		poll(NULL, 0, pause_ms);
		pause_ms = tick(r, pause_ms);
	}
	return true;
}

void ct_record_rest(struct ct_recording *r)
{
	struct pollfd p[2] = {{.fd = r->reap.ends, .events = POLLIN}, {.events = POLLIN}};
	int pause_ms = TICK_MIN_MS;

	while (ct_record_goes_on(r)) {
		pause_ms = tick(r, pause_ms);
		p[1].fd = ct_sched_ready(&r->sched);
		poll(p, 2, pause_ms);
	}
}

/* --- the end ---------------------------------------------------------------------------------------------------------------------------- */

/* All rows of a region that are in use. */
static int write_region(struct ct_recording *r, enum ct_block_type block, enum ct_region_type type,
			const void *rows)
{
	const struct ct_region *region = ct_arena_region(r->store.arena.header, type);
	uint64_t used = atomic_load(&region->used),
		 limit = atomic_load(&r->store.arena.shared->limit[type]);

	if (used > limit)
		used = limit;
	return used ? ct_stream_rows(r->stream, block, 0, rows, used * region->item_bytes) : 0;
}

/* Threads that have ended: the rows that are whole. */
static int write_threads(struct ct_recording *r)
{
	const struct ct_arena *a = &r->store.arena;
	struct ct_thread_rec *rows;
	size_t n = 0;
	uint32_t i;
	int err;

	if (a->header->policy != CT_POLICY_RING || !a->thread_rows)
		return 0;
	rows = malloc(a->thread_rows * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (i = 0; i < a->thread_rows; i++)
		n += ct_count_read(&a->threads[i], &rows[n]);
	err = n ? ct_stream_rows(r->stream, CT_BLOCK_THREADS, 0, rows, n * sizeof(*rows)) : 0;
	free(rows);
	return err;
}

static int write_dictionary(struct ct_recording *r)
{
	const struct ct_arena *a = &r->store.arena;
	int err = write_region(r, CT_BLOCK_STRINGS, CT_REGION_STRINGS, a->dict.strings);

	if (!err)
		err = write_region(r, CT_BLOCK_MODULES, CT_REGION_MODULES, a->dict.modules);
	if (!err)
		err = write_region(r, CT_BLOCK_NODES, CT_REGION_NODES, a->dict.nodes);
	if (!err)
		err = write_region(r, CT_BLOCK_PROCESSES, CT_REGION_PROCESSES, a->processes);
	if (!err)
		err = write_threads(r);
	if (!err && r->reap.last_words_count)
		err = ct_stream_rows(r->stream, CT_BLOCK_SLOTS, 0, r->reap.last_words,
				     r->reap.last_words_count * sizeof(r->reap.last_words[0]));
	return err;
}

static void count_refused(struct ct_recording *r)
{
	struct ct_stream_stats st = ct_stream_stats(r->stream);

	if (!r->drain.error)
		return;
	atomic_store(&r->store.arena.header->lost[CT_LOSS_DISK], st.refused_records);
	snprintf(r->trouble, sizeof(r->trouble), "%s: %s; %llu records were lost", r->output,
		 strerror(-r->drain.error), (unsigned long long)st.refused_records);
}

void ct_record_rate(struct ct_recording *r, struct ct_clock_sample end)
{
	struct ct_header *h = r->store.arena.header;
	uint64_t ticks = end.ticks - h->samples[0].ticks, ns = end.mono_ns - h->samples[0].mono_ns;

	if (ns)
		h->ticks_per_second = (uint64_t)((double)ticks * 1e9 / (double)ns);
	ct_clock_note(end);
}

int ct_record_end(struct ct_recording *r)
{
	/* first, because it adds texts */
	int err = ct_blind_rows(&r->blind);

	if (!err)
		err = write_dictionary(r);
	if (!err && r->blind.rows_n)
		err = ct_stream_rows(r->stream, CT_BLOCK_BLIND, 0, r->blind.rows,
				     r->blind.rows_n * sizeof(r->blind.rows[0]));
	if (!err)
		err = ct_resolve(&r->store.arena, &r->drain.code, &r->drain.data, r->stream,
				 !r->options->quiet && isatty(2));
	if (!err)
		err = ct_stream_finish(r->stream, r->store.arena.header);
	return err;
}

static void tell_cut_short(struct ct_recording *r, int err)
{
	size_t at = strlen(r->trouble);

	snprintf(r->trouble + at, sizeof(r->trouble) - at,
		 "%s%s: %s; make room and run: ctrace finish %s", at ? "; " : "", r->output,
		 strerror(-err), r->output);
}

int ct_record_finish(struct ct_recording *r)
{
	struct ct_header *h = r->store.arena.header;
	int err;

	ct_snapshot_close(r, now_ns());
	atomic_store(&h->end_mono_ns, now_ns());
	ct_record_rate(r, ct_clock_sample(&ct_cap.clock));
	look_at_processes(r);
	/* so that what the slots still have to say finds chunks */
	ct_drain_take(&r->drain, now_ns(), true);
	ct_reap_close(&r->reap);
	ct_reap_free_slots(&r->reap);
	ct_reap_strays(&r->reap);
	ct_cpustat_last(&r->cpustat);
	ct_drain_take(&r->drain, now_ns(), true);
	if (r->fds.slot)
		ct_chunk_finish(r->fds.slot);
	ct_drain_take(&r->drain, now_ns(), true);
	err = ct_sched_finish(&r->sched);
	if (err && !r->drain.error)
		r->drain.error = err;
	count_refused(r);
	err = ct_record_end(r);
	if (err)
		tell_cut_short(r, err);
	ct_stream_close(r->stream);
	/*
	 * What did not get into the file is in the arena still, which the unfinished file names: then it stays.  And where the file
	 * lies beside the arena for want of a better place, the folder stays.
	 */
	if (err)
		ct_store_leave(&r->store);
	else
		ct_store_remove(&r->store);
	ct_drain_free(&r->drain);
	ct_blind_free(&r->blind);
	ct_mappings_free(&r->mappings);
	ct_looks_free(&r->looks);
	ct_usage_free(&r->usage);
	ct_cpustat_close(&r->cpustat);
	ct_numbers_free(&r->numbers);
	ct_reap_free(&r->reap);
	ct_fds_free(&r->fds);
	ct_set_free(&r->comms.seen);
	ct_unreached_free(&r->unreached);
	ct_snapshot_wait(r);
	return err;
}
