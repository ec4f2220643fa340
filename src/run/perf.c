/*
 * perf.c - switches from perf_event_open(2): one event and one ring for each CPU.
 *
 * It needs no privilege where kernel.perf_event_paranoid is at most 2: the event counts nothing (software dummy) and asks for switch
 * records of user tasks only.  It is inherited by all that come from the process, and begins by itself when that process executes.
 */
#include "switches.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * 200,000 switches a second on one CPU are 13 MB/s: the largest ring holds them for 80 ms.  The smallest is what an ordinary user may
 * lock for each CPU (kernel.perf_event_mlock_kb, 516) when others of his have taken most of it.
 */
#define PAGES_MAX 256u
#define PAGES_MIN 8u

struct perf_ring {
	int fd;
	void *page; /* head page, and the data behind it */
	size_t bytes;
};

static int open_event(pid_t pid, unsigned cpu, size_t bytes)
{
	struct perf_event_attr a;

	memset(&a, 0, sizeof(a));
	a.size = sizeof(a);
	a.type = PERF_TYPE_SOFTWARE;
	a.config = PERF_COUNT_SW_DUMMY;
	a.context_switch = 1;
	a.task = 1;
	a.comm = 1;
	a.comm_exec = 1;
	a.exclude_kernel = 1;
	a.exclude_hv = 1;
	a.inherit = 1;
	a.disabled = 1;
	a.enable_on_exec = 1;
	a.sample_id_all = 1;
	a.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	a.use_clockid = 1;
	a.clockid = CLOCK_MONOTONIC;
	a.watermark = 1;
	a.wakeup_watermark = (uint32_t)(bytes / 4);
	return (int)syscall(SYS_perf_event_open, &a, pid, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Returns 0 or -errno; -ENODEV: the CPU is off; -ENOBUFS: so much memory may not be locked. */
static int open_ring(struct perf_ring *r, pid_t pid, unsigned cpu, size_t bytes)
{
	int err;

	r->bytes = bytes;
	r->fd = open_event(pid, cpu, bytes);
	if (r->fd < 0)
		return -errno;
	r->page = mmap(NULL, bytes + (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		       MAP_SHARED, r->fd, 0);
	if (r->page != MAP_FAILED)
		return 0;
	err = errno == EPERM || errno == ENOMEM ? -ENOBUFS : -errno;
	close(r->fd);
	return err;
}

static void close_rings(struct ct_switches *s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_ring *ring = s->own;
	unsigned i;

	for (i = 0; ring && i < s->n; i++) {
		if (ring[i].page)
			munmap(ring[i].page, ring[i].bytes + page);
		close(ring[i].fd);
	}
	s->n = 0;
}

static void close_all(struct ct_switches *s)
{
	close_rings(s);
	free(s->own);
	free(s->cpu);
	if (s->ready >= 0)
		close(s->ready);
}

/* All CPUs or none: one that is left out would look as if no thread of the program ever ran there. */
static int open_rings(struct ct_switches *s, pid_t pid, unsigned cpus, size_t bytes)
{
	struct perf_ring *ring = s->own;
	struct epoll_event e = {.events = EPOLLIN};
	unsigned i;
	int err;

	s->off = 0;
	for (i = 0; i < cpus; i++) {
		err = open_ring(&ring[s->n], pid, i, bytes);
		if (err == -ENODEV) {
			s->cpu[cpus - ++s->off] = i;
			continue;
		}
		if (!err && epoll_ctl(s->ready, EPOLL_CTL_ADD, ring[s->n].fd, &e) < 0)
			err = -errno;
		if (err) {
			close_rings(s);
			return err;
		}
		s->cpu[s->n++] = i;
	}
	return s->n ? 0 : -ENODEV;
}

/* With rings as large as may be had. */
static int open_largest(struct ct_switches *s, pid_t pid, unsigned cpus)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages;
	int err = -ENOBUFS;

	for (pages = PAGES_MAX; pages >= PAGES_MIN && err == -ENOBUFS; pages /= 2)
		err = open_rings(s, pid, cpus, pages * page);
	return err;
}

static int open_all(struct ct_switches *s, pid_t pid)
{
	long conf = sysconf(_SC_NPROCESSORS_CONF);
	unsigned cpus = conf > 0 ? (unsigned)conf : 1;
	int err;

	s->own = calloc(cpus, sizeof(struct perf_ring));
	s->cpu = calloc(cpus, sizeof(*s->cpu));
	s->ready = epoll_create1(EPOLL_CLOEXEC);
	if (!s->own || !s->cpu)
		err = -ENOMEM;
	else
		err = s->ready < 0 ? -errno : open_largest(s, pid, cpus);
	if (err)
		close_all(s);
	return err; /* -EACCES by kernel.perf_event_paranoid, -EPERM by others, such as a seccomp filter */
}

/* Rings are not mapped in a copy; the events are its own. */
static int map_again(struct ct_switches *s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_ring *ring = s->own;
	unsigned i;
	int err = 0;

	for (i = 0; i < s->n; i++) {
		ring[i].page = err ? NULL
				   : mmap(NULL, ring[i].bytes + page, PROT_READ | PROT_WRITE,
					  MAP_SHARED, ring[i].fd, 0);
		if (ring[i].page == MAP_FAILED) {
			err = -errno;
			ring[i].page = NULL;
		}
	}
	return err;
}

static bool enable(struct ct_switches *s, bool on)
{
	const struct perf_ring *ring = s->own;
	unsigned i;

	for (i = 0; i < s->n; i++)
		ioctl(ring[i].fd, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
	return true;
}

/* What follows the kind of record with this sample_type: process, thread, time. */
struct id {
	uint32_t pid, tid;
	uint64_t ns;
};

struct missing_record {
	struct perf_event_header head;
	uint64_t id, count;
	struct id when;
};

struct switch_record {
	struct perf_event_header head;
	struct id when;
};

struct task_record {
	struct perf_event_header head;
	uint32_t pid, ppid;
	uint32_t tid, ptid;
	uint64_t ns;
};

struct comm_record {
	struct perf_event_header head;
	uint32_t pid, tid;
	uint8_t rest[sizeof(struct id) + 64]; /* the name, padded, then when */
};

union record {
	struct perf_event_header head;
	struct task_record task;
	struct comm_record comm;
	struct switch_record sw;
	struct missing_record missing;
};

/* Copies a record's beginning out of the ring, where it may go on at the front.  Returns its size, 0 when none is whole. */
static size_t copy_record(const struct perf_ring *r, const uint8_t *data, uint64_t at, uint64_t end,
			  union record *to)
{
	size_t i, size;

	if (end - at < sizeof(to->head))
		return 0;
	for (i = 0; i < sizeof(to->head); i++)
		((uint8_t *)to)[i] = data[(at + i) & (r->bytes - 1)];
	size = to->head.size;
	if (size < sizeof(to->head) || size > end - at)
		return 0;
	for (; i < size && i < sizeof(*to); i++)
		((uint8_t *)to)[i] = data[(at + i) & (r->bytes - 1)];
	return size;
}

/* A thread or process was made or is gone, or has executed a program; another new name is no news.  False: nothing of that. */
static bool understand_life(const union record *u, struct ct_switch *s)
{
	struct id when;

	if ((u->head.type == PERF_RECORD_FORK || u->head.type == PERF_RECORD_EXIT) &&
	    u->head.size >= sizeof(u->task)) {
		s->kind = u->head.type == PERF_RECORD_FORK ? CT_SWITCH_MADE : CT_SWITCH_GONE;
		s->pid = u->task.pid;
		s->tid = u->task.tid;
		s->waker = u->task.ptid;
		s->ns = u->task.ns;
		return true;
	}
	if (u->head.type == PERF_RECORD_COMM && (u->head.misc & PERF_RECORD_MISC_COMM_EXEC) &&
	    u->head.size >= sizeof(u->head) + 8 + sizeof(when) && u->head.size <= sizeof(u->comm)) {
		memcpy(&when, (const uint8_t *)u + u->head.size - sizeof(when), sizeof(when));
		s->kind = CT_SWITCH_EXECUTED;
		s->pid = u->comm.pid;
		s->tid = u->comm.tid;
		s->ns = when.ns;
		return true;
	}
	return false;
}

/* False: a record of another kind. */
static bool understand(const union record *u, struct ct_switch *s)
{
	if (u->head.type == PERF_RECORD_SWITCH && u->head.size >= sizeof(u->sw)) {
		s->tid = u->sw.when.tid;
		s->ns = u->sw.when.ns;
		s->kind = !(u->head.misc & PERF_RECORD_MISC_SWITCH_OUT)	       ? CT_SWITCH_ON
			  : u->head.misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT ? CT_SWITCH_PREEMPTED
									       : CT_SWITCH_WAITS;
		return true;
	}
	if (u->head.type == PERF_RECORD_LOST && u->head.size >= sizeof(u->missing)) {
		s->tid = 0;
		s->ns = u->missing.when.ns;
		s->count = u->missing.count;
		s->kind = CT_SWITCH_MISSING;
		return true;
	}
	return understand_life(u, s);
}

static void read_ring(struct ct_switches *switches, unsigned i, uint64_t until_ns,
		      ct_switch_fn *take, void *arg)
{
	struct perf_ring *r = (struct perf_ring *)switches->own + i;
	struct perf_event_mmap_page *page = r->page;
	const uint8_t *data = (const uint8_t *)r->page + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), at = page->data_tail;
	union record record;
	size_t size;

	while (at != head && (size = copy_record(r, data, at, head, &record)) != 0) {
		struct ct_switch s = {0};

		if (understand(&record, &s)) {
			if (s.ns >= until_ns)
				break;
			take(arg, &s);
		}
		at += size;
	}
	__atomic_store_n(&page->data_tail, at, __ATOMIC_RELEASE);
}

const struct ct_switch_source ct_switches_perf = {
	.id = CT_SCHED_PERF,
	/* 0.6 us for the record where a call takes 166 ns, and what a switch costs more because there are events at all */
	.cost_calls = 6,
	/* a thread's events are scheduled in and out with it also when they are off */
	.can_pause = false,
	.open = open_all,
	.enable = enable,
	.read = read_ring,
	.forked = map_again,
	.close = close_all,
};
