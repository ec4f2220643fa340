/*
 * arena.c - see arena.h.
 */
#include "arena.h"

#include <asm/errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <ctrace/version.h>

#include "capture/capture.h"
#include "plain.h"

#define WAIT_NS 5000u
#define CALL_NS 20000u

/* --- small things ---------------------------------------------------------------------------------------------------------------- */

static long sys_open(const char *path, int flags, int mode)
{
	return ct_syscall4(__NR_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

static void sys_close(long fd)
{
	ct_syscall1(__NR_close, fd);
}

static bool append_number(char *to, size_t room, uint64_t v)
{
	char digits[24] = "";
	int i = sizeof(digits) - 1;

	digits[i] = 0;
	do
		digits[--i] = (char)('0' + v % 10);
	while (v /= 10);
	return ct_plain_append(to, room, digits + i);
}

/* --- an arena of ctrace-run's ------------------------------------------------------------------------------------------------------ */

/* Memory behind what is used from the first event on.  Further slots and chunks are asked for before they are touched. */
static bool has_memory(struct ct_header *h, enum ct_region_type type, uint64_t items, int64_t bytes)
{
	const struct ct_region *r = ct_arena_region(h, type);

	return r && r->offset + items * r->item_bytes <= (uint64_t)bytes;
}

/* Whatever the name leads to: nothing is waited for (a fifo), nothing is changed (a device), and a file cut off is not used. */
bool ct_arena_open(const char *path)
{
	static struct ct_header head; /* a page; start-up is one thread */
	long fd = sys_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st = {0};
	void *p = 0;

	if (fd < 0)
		return false;
	/* the file may be shorter than the mapping: it grows (src/capture/arena.c) */
	if (ct_syscall4(__NR_newfstatat, fd, "", &st, AT_EMPTY_PATH) == 0 && S_ISREG(st.st_mode) &&
	    ct_syscall3(__NR_read, fd, &head, sizeof(head)) == sizeof(head) &&
	    head.magic == CT_MAGIC && head.container == CT_ARENA &&
	    has_memory(&head, CT_REGION_CHUNKS, 0, st.st_size))
		p = ct_plain_map(head.file_bytes, MAP_SHARED | MAP_NORESERVE, fd);
	sys_close(fd);
	if (!p)
		return false;
	if (ct_arena_attach(&ct_cap.arena, p, head.file_bytes) &&
	    has_memory(p, CT_REGION_CHUNKS, ct_cap.arena.shared->limit[CT_REGION_CHUNKS],
		       st.st_size) &&
	    has_memory(p, CT_REGION_SLOTS, ct_cap.arena.shared->limit[CT_REGION_SLOTS], st.st_size))
		return true;
	ct_cap.arena.header = 0;
	ct_syscall2(__NR_munmap, p, head.file_bytes);
	return false;
}

/* --- a ring of our own -------------------------------------------------------------------------------------------------------------- */

/* A file-size limit would turn our own allocation into SIGXFSZ for the program. */
static bool may_make_file(uint64_t bytes)
{
	struct rlimit r = {0, 0};

	if (ct_syscall4(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, &r) < 0)
		return false;
	return r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= bytes;
}

static uint64_t threshold_ns(char **env)
{
	const char *s = ct_plain_env(env, "CTRACE_THRESHOLD");
	uint64_t us = 0;

	if (!s || !*s)
		return WAIT_NS;
	for (; *s >= '0' && *s <= '9' && us < 1000000000u; s++)
		us = us * 10 + (uint64_t)(*s - '0');
	return *s ? WAIT_NS : us * 1000;
}

/* A threshold of minutes times the ticks of a second is more than 64 bits hold. */
static uint64_t ticks_of(uint64_t ns, uint64_t rate)
{
	return ns / 1000000000u * rate + ns % 1000000000u * rate / 1000000000u;
}

static void fill_header(struct ct_header *h, char **env)
{
	uint64_t rate = ct_clock_rate(&ct_cap.clock, 100000);
	static struct utsname u;

	ct_syscall3(__NR_getrandom, h->trace_id, sizeof(h->trace_id), 1 /* GRND_NONBLOCK */);
	h->clock = ct_cap.clock.kind;
	h->tick_shift = ct_cap.clock.shift;
	h->ticks_per_second = rate;
	h->wait_threshold_ns = threshold_ns(env);
	h->call_threshold_ns = h->wait_threshold_ns ? CALL_NS : 0;
	h->wait_threshold_ticks = ticks_of(h->wait_threshold_ns, rate);
	h->call_threshold_ticks = ticks_of(h->call_threshold_ns, rate);
	h->start_mono_ns = ct_clock_ns(&ct_cap.clock, CLOCK_MONOTONIC);
	h->start_real_ns = ct_clock_ns(&ct_cap.clock, CLOCK_REALTIME);
	h->samples[0] = ct_clock_sample(&ct_cap.clock);
	h->clock_samples = 1;
	if (ct_syscall1(__NR_uname, &u) == 0) {
		ct_plain_append(h->host, sizeof(h->host), u.nodename);
		ct_plain_append(h->kernel, sizeof(h->kernel), u.release);
	}
	ct_plain_append(h->version, sizeof(h->version), CTRACE_VERSION);
}

static const char *own_dir(char **env)
{
	const char *dir = ct_plain_env(env, "CTRACE_DIR");

	return dir && *dir ? dir : ".";
}

/* The n-th name to try: a program that executes itself again has a file of the first already. */
static bool own_path(char *path, size_t room, char **env, const char *comm, uint64_t n)
{
	path[0] = 0;
	return ct_plain_append(path, room, own_dir(env)) &&
	       ct_plain_append(path, room, "/ctrace.") && ct_plain_append(path, room, comm) &&
	       ct_plain_append(path, room, ".") &&
	       append_number(path, room, (uint64_t)ct_getpid()) &&
	       (n == 1 || (ct_plain_append(path, room, ".") && append_number(path, room, n))) &&
	       ct_plain_append(path, room, ".ctrace");
}

/* Gives the nameless file fd its name, or with fd -1 makes a named one. */
static long name_file(char *path, size_t room, char **env, const char *comm, long fd)
{
	char self[64] = "/proc/self/fd/";
	long r = -EEXIST;
	uint64_t n;

	if (fd >= 0)
		append_number(self, sizeof(self), (uint64_t)fd);
	for (n = 1; n < 100 && r == -EEXIST; n++) {
		if (!own_path(path, room, env, comm, n))
			return -ENAMETOOLONG;
		if (fd >= 0)
			r = ct_syscall6(__NR_linkat, AT_FDCWD, (long)self, AT_FDCWD, (long)path,
					AT_SYMLINK_FOLLOW, 0);
		else
			r = sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	}
	return r;
}

static void *format_file(char **env, long fd)
{
	uint64_t bytes = ct_arena_bytes(&ct_arena_plan_alone);
	void *p = 0;

	if (ct_syscall4(__NR_fallocate, fd, 0, 0, bytes) == 0)
		p = ct_plain_map(bytes, MAP_SHARED, fd);
	if (p) {
		ct_arena_format(p, &ct_arena_plan_alone, CT_POLICY_RING);
		fill_header(p, env);
	}
	return p;
}

/*
 * Without ctrace-run: a ring of our own, in a file that is a trace from its first byte on.  So that this is true of a process killed while
 * it makes one, the file has no name until it is ready, where the file system can do that.
 */
bool ct_arena_make(char **env, const char *comm)
{
	uint64_t bytes = ct_arena_bytes(&ct_arena_plan_alone);
	char path[1536];
	void *p = 0;
	long fd;

	if (!may_make_file(bytes))
		return false;
	fd = sys_open(own_dir(env), O_RDWR | O_TMPFILE, 0600);
	if (fd >= 0) {
		p = format_file(env, fd);
		if (p && name_file(path, sizeof(path), env, comm, fd) < 0) {
			ct_syscall2(__NR_munmap, p, bytes);
			p = 0;
		}
		sys_close(fd);
	}
	if (!p) {
		fd = name_file(path, sizeof(path), env, comm, -1);
		if (fd < 0)
			return false;
		p = format_file(env, fd);
		sys_close(fd);
		if (!p) {
			ct_syscall3(__NR_unlinkat, AT_FDCWD, path, 0);
			return false;
		}
	}
	return ct_arena_attach(&ct_cap.arena, p, bytes);
}
