/*
 * snapshot.c - see snapshot.h.
 *
 *   program     ask -------------------------------------------------> goes on
 *   ctrace-run      looks, forks                does not drain   drains again                  ready again
 *   the fork             freezes the arena ----> "copied"   OUT so far + arena -> file ----> "written"
 *
 * The fork has ctrace-run's tables as they were, and its stream, which goes on in the new file.  It asks nothing of the kernel that others would
 * notice: what it has inherited (perf, BPF, pidfds) is ctrace-run's.
 */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/note.h"
#include "run/freeze.h"
#include "run/mend.h"
#include "run/record.h"
#include "run/still.h"

#define TAKEN_MAX_NS                                                                               \
	1000000000ull /* who has taken the word and asks for nothing is stopped or dead */
#define COPY_MAX_NS                                                                                \
	5000000000ull /* it takes some 10 ms of a processor's time, which it may have to wait for */
#define FULL_MAX_NS 500000000ull /* so long only, when the arena runs full meanwhile */
#define TOTALS_STEP 32		 /* slots between two drainings: a chunk each */
#define NAMES	    1000	 /* NAME, NAME-2, ... */
/* Of a CPU that the program uses up this gives a tenth, where 19 gives 1.5 %: half a second's work took minutes, and no other snapshot was to be had. */
#define NICE 10

#define SAYS_COPIED  'c'
#define SAYS_WRITTEN 'w' /* and where */
#define SAYS_FAILED  'f' /* and why */

/* --- the file ------------------------------------------------------------------------------------------------------------------------- */

struct place {
	char base[PATH_MAX]; /* OUT without .ctrace */
	char temp[PATH_MAX]; /* "": it has no name yet */
	char path[PATH_MAX]; /* where it is in the end */
	int fd;
};

static int open_place(struct place *p, const char *output, const char *name)
{
	size_t n = strlen(output), end = strlen(".ctrace");
	char copy[PATH_MAX];

	if (n > end && !strcmp(output + n - end, ".ctrace"))
		n -= end;
	snprintf(p->base, sizeof(p->base), "%.*s", (int)n, output);
	snprintf(copy, sizeof(copy), "%s", output);
	/* a file that nobody sees, and that is gone with us, where the filesystem has such */
	p->fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (p->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	if (snprintf(p->temp, sizeof(p->temp), "%s.%s.ctrace.XXXXXX", p->base, name) >=
	    (int)sizeof(p->temp))
		return -ENAMETOOLONG;
	p->fd = mkostemp(p->temp, O_CLOEXEC);
	if (p->fd < 0)
		p->temp[0] = 0;
	return p->fd < 0 ? -errno : 0;
}

/* Never in the place of another. */
static int give_name(const struct place *p)
{
	char self[64];

	if (p->temp[0])
		return renameat2(AT_FDCWD, p->temp, AT_FDCWD, p->path, RENAME_NOREPLACE) < 0
			       ? -errno
			       : 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", p->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, p->path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int settle_place(struct place *p, const char *name)
{
	int err = -EEXIST, i;

	for (i = 1; i < NAMES && err == -EEXIST; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		if (snprintf(p->path, sizeof(p->path), "%s.%s%s.ctrace", p->base, name, number) >=
		    (int)sizeof(p->path))
			return -ENAMETOOLONG;
		err = give_name(p);
	}
	if (!err)
		p->temp[0] = 0;
	return err;
}

static void close_place(struct place *p)
{
	if (p->temp[0])
		unlink(p->temp);
}

/* --- in the fork ------------------------------------------------------------------------------------------------------------------------ */

static void drain(struct ct_recording *r, const struct ct_clock_sample *moment)
{
	ct_still_chunks(&r->store.arena);
	ct_drain_take(&r->drain, moment->mono_ns, true);
}

/* What living threads have summed up and not written, and what they wait for.  They have no end. */
static void write_living(struct ct_recording *r, const struct ct_clock_sample *moment)
{
	struct ct_arena *a = &r->store.arena;
	uint32_t n = atomic_load(&a->shared->limit[CT_REGION_SLOTS]), i, written = 0;

	for (i = 0; i < n; i++) {
		struct ct_slot *s = ct_arena_slot(a, i);

		/* one that is claimed and has not run yet has nothing to say */
		if (atomic_load(&s->state) != CT_SLOT_CLAIMED || !s->thread || !s->tid ||
		    ct_own(s)->begun != s->thread)
			continue;
		if (atomic_load(&s->inflight.op))
			ct_reap_keep(&r->reap, s);
		ct_slot_totals(s, moment->ticks);
		ct_chunk_finish(s);
		if (++written % TOTALS_STEP == 0)
			drain(r, moment);
	}
	drain(r, moment);
}

/* A recording of its own for whoever looks for what belongs together: finishing one does not remove the other's memory. */
static void settle_header(struct ct_recording *r, const struct ct_clock_sample *moment)
{
	struct ct_header *h = r->store.arena.header;
	uint8_t id[sizeof(h->trace_id)];
	unsigned i;

	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		memcpy(id, moment, sizeof(id));
	for (i = 0; i < sizeof(id); i++)
		h->trace_id[i] ^= id[i];
	atomic_store(&h->end_mono_ns, moment->mono_ns);
	ct_record_rate(r, *moment);
	atomic_store(&h->lost[CT_LOSS_DISK], ct_stream_stats(r->stream).refused_records);
}

static int write_all(struct ct_recording *r, const struct ct_clock_sample *moment)
{
	static struct ct_record_options quiet;
	int err = ct_mend_frozen(&r->store);

	if (err)
		return err;
	quiet = *r->options;
	ct_still(*moment);
	settle_header(r, moment);
	quiet.quiet = true;
	r->options = &quiet;
	r->drain.fds = NULL; /* what descriptors are called now is not of that moment */
	r->drain.error = 0;
	drain(r, moment);
	write_living(r, moment);
	err = r->drain.error;
	if (!err)
		err = ct_sched_write(&r->sched, r->stream);
	return err ? err : ct_record_end(r);
}

static void say(int to, const char *text, size_t n)
{
	while (write(to, text, n) < 0 && errno == EINTR)
		;
}

_Noreturn static void be_snapshot(struct ct_recording *r, const char *name, int to)
{
	static struct place place;
	static char answer[2 * PATH_MAX];
	struct ct_clock_sample moment;
	int err = ct_freeze(&r->store, &moment), null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;

	say(to, (char[]){SAYS_COPIED}, 1);
	for (fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	setpriority(PRIO_PROCESS, 0, NICE);
	if (!err)
		err = open_place(&place, r->output, name);
	if (!err)
		err = ct_stream_branch(r->stream, place.fd);
	if (!err)
		err = write_all(r, &moment);
	if (!err)
		err = settle_place(&place, name);
	close_place(&place);
	if (err)
		snprintf(answer, sizeof(answer), "%cno snapshot %s beside %s: %s", SAYS_FAILED,
			 name, r->output, err == -EINVAL ? "not a file" : strerror(-err));
	else
		snprintf(answer, sizeof(answer), "%c%s", SAYS_WRITTEN, place.path);
	say(to, answer, strlen(answer));
	_exit(0);
}

/* --- in ctrace-run ---------------------------------------------------------------------------------------------------------------------- */

static void note_failed(struct ct_snapshots *s, const char *why)
{
	if (!s->failed++)
		snprintf(s->why, sizeof(s->why), "%s", why);
}

static void start(struct ct_recording *r, uint64_t now_ns)
{
	struct ct_snapshots *s = &r->snapshots;
	const struct ct_header *h = r->store.arena.header;
	int pair[2];

	memcpy(s->name, h->ask_name, sizeof(s->name) - 1);
	s->name[sizeof(s->name) - 1] = 0;
	if (!ct_note_is_snapshot_name(s->name)) {
		note_failed(s, "a snapshot was asked for under a name that is none");
		return;
	}
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) {
		note_failed(s, "no snapshot: no descriptor to spare");
		return;
	}
	s->pid = fork();
	if (s->pid == 0) {
		close(pair[0]);
		be_snapshot(r, s->name, pair[1]);
	}
	close(pair[1]);
	if (s->pid < 0) {
		close(pair[0]);
		note_failed(s, "no snapshot: no process to spare");
		return;
	}
	s->from = pair[0];
	s->is_running = s->is_copying = true;
	s->answer_n = 0;
	s->since_ns = now_ns;
}

static void end(struct ct_snapshots *s)
{
	char why[sizeof(s->name) + 64];

	close(s->from);
	/* it may be the child of the ctrace-run that we were forked from, and then is not ours to wait for */
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->answer[s->answer_n] = 0;
	if (s->answer_n > 1 && s->answer[1] == SAYS_WRITTEN) {
		if (!s->written++)
			snprintf(s->first, sizeof(s->first), "%.*s", (int)sizeof(s->first) - 1,
				 s->answer + 2);
	} else if (s->answer_n > 1) {
		note_failed(s, s->answer + 2);
	} else {
		snprintf(why, sizeof(why),
			 s->is_copying ? "no snapshot %s: copying the memory took too long"
				       : "no snapshot %s: its writer was killed",
			 s->name);
		note_failed(s, why);
	}
	s->is_running = s->is_copying = false;
}

/* Three quarters of the arena are full, and nothing is drained: what is recorded goes before what was asked for. */
static bool is_crowded(const struct ct_arena *a)
{
	uint64_t room = ct_arena_region(a->header, CT_REGION_CHUNKS)->items,
		 limit = atomic_load(&a->shared->limit[CT_REGION_CHUNKS]), free = room - limit, w;

	if (a->header->policy == CT_POLICY_RING)
		return false;
	for (w = 0; w < CT_CHUNK_WORDS; w++)
		free += (unsigned)__builtin_popcountll(
			atomic_load_explicit(&a->shared->chunk_free[w], memory_order_relaxed));
	return free < room / 4;
}

static void listen_to(struct ct_recording *r, uint64_t now_ns)
{
	struct ct_snapshots *s = &r->snapshots;
	ssize_t n = read(s->from, s->answer + s->answer_n, sizeof(s->answer) - 1 - s->answer_n);

	if (n > 0)
		s->answer_n += (size_t)n;
	if (s->answer_n)
		s->is_copying = false;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(s);
	else if (s->is_copying &&
		 now_ns - s->since_ns > (is_crowded(&r->store.arena) ? FULL_MAX_NS : COPY_MAX_NS))
		kill(s->pid, SIGKILL);
}

/* Takes the word back from who was stopped before he could ask. */
static void look_at_taken(struct ct_snapshots *s, struct ct_header *h, uint32_t ask,
			  uint64_t now_ns)
{
	if (s->taken != ask) {
		s->taken = ask;
		s->since_ns = now_ns;
	} else if (now_ns - s->since_ns > TAKEN_MAX_NS) {
		atomic_compare_exchange_strong(&h->ask, &ask, CT_ASK_NEXT(ask) | CT_ASK_READY);
	}
}

void ct_snapshot_open(struct ct_recording *r)
{
	atomic_store(&r->store.arena.header->ask, CT_ASK_READY);
}

bool ct_snapshot_look(struct ct_recording *r, uint64_t now_ns)
{
	struct ct_snapshots *s = &r->snapshots;
	struct ct_header *h = r->store.arena.header;
	uint32_t ask = atomic_load(&h->ask);

	if (s->is_running)
		listen_to(r, now_ns);
	if (s->is_running)
		return !s->is_copying;
	if (CT_ASK_STATE(ask) == CT_ASK_ASKED) {
		atomic_store(&h->ask, CT_ASK_WITH(ask, CT_ASK_UNDER_WAY));
		start(r, now_ns);
	} else if (CT_ASK_STATE(ask) == CT_ASK_UNDER_WAY) {
		atomic_store(&h->ask, CT_ASK_NEXT(ask) | CT_ASK_READY);
	} else if (CT_ASK_STATE(ask) == CT_ASK_TAKEN) {
		look_at_taken(s, h, ask, now_ns);
	}
	return !s->is_copying;
}

static void wait_for(struct ct_recording *r, bool all)
{
	struct ct_snapshots *s = &r->snapshots;

	while (s->is_running && (all || s->is_copying)) {
		struct pollfd p = {.fd = s->from, .events = POLLIN};

		poll(&p, 1, 100);
		listen_to(r, ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC));
	}
}

void ct_snapshot_close(struct ct_recording *r, uint64_t now_ns)
{
	struct ct_header *h = r->store.arena.header;

	if (CT_ASK_STATE(atomic_load(&h->ask)) == CT_ASK_ASKED) {
		wait_for(r, true);
		ct_snapshot_look(r, now_ns);
	}
	atomic_store(&h->ask, CT_ASK_NOBODY);
	wait_for(r, false);
}

void ct_snapshot_wait(struct ct_recording *r)
{
	wait_for(r, true);
}

void ct_snapshot_tell(const struct ct_snapshots *s, FILE *to, bool quiet)
{
	if (s->written == 1 && !quiet)
		fprintf(to, "ctrace-run: snapshot %s\n", s->first);
	else if (s->written && !quiet)
		fprintf(to, "ctrace-run: %u snapshots, the first is %s\n", s->written, s->first);
	if (s->failed == 1)
		fprintf(to, "ctrace-run: %s\n", s->why);
	else if (s->failed)
		fprintf(to, "ctrace-run: %s; and %u more could not be written\n", s->why,
			s->failed - 1);
}
