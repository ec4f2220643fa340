/*
 * store.c - see store.h.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/err.h"

#define LOAD_MAX       (8ull << 30) /* address space a file may ask for */
#define CT_MAP_PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define SHM	       "/dev/shm"
#define SLOTS_SPARE    12 /* fewer free ones than this: more are made */
#define CHUNKS_SPARE   48
#define THREADS_KEPT   4096 /* of a ring: ended ones of which it is known how much they had written */
#define SLOTS_REACH    512 /* slots the program may make by itself before we look again */

static int make_dir(struct ct_store *s, const char *parent, const char *prefix)
{
	char full[PATH_MAX];

	/* the program may change its working directory before it executes the next */
	if (!realpath(parent, full))
		return -errno;
	if (snprintf(s->dir, sizeof(s->dir), "%s/%sctrace-XXXXXX", full, prefix) >=
	    (int)sizeof(s->dir) - 8)
		return -ENAMETOOLONG;
	if (!mkdtemp(s->dir)) /* 0700 */
		return -errno;
	snprintf(s->path, sizeof(s->path), "%.*s/arena", (int)sizeof(s->path) - 8, s->dir);
	return 0;
}

/* Memory for a part of the file, or the reason why not. */
static int back(int fd, uint64_t offset, uint64_t length)
{
	return posix_fallocate(fd, (off_t)offset, (off_t)length);
}

/* The header, the private part, and of each other part what it starts with. */
static int back_plan(int fd, const struct ct_header *h, const struct ct_arena_plan *plan)
{
	const struct {
		enum ct_region_type type;
		uint64_t items;
	} parts[] = {
		{CT_REGION_PROCESSES, plan->processes_backed},
		{CT_REGION_NODES, plan->nodes_backed},
		{CT_REGION_MODULES, plan->modules_backed},
		{CT_REGION_STRINGS, plan->strings_backed},
		{CT_REGION_CHUNKS, plan->chunks_backed},
		{CT_REGION_SLOTS, plan->slots_backed},
		{CT_REGION_THREADS, plan->threads},
	};
	const struct ct_region *private =
		ct_arena_region((struct ct_header *)(uintptr_t)h, CT_REGION_PRIVATE);
	uint64_t at, length;
	size_t i;
	int err = back(fd, 0, CT_HEADER_BYTES);

	if (!err)
		err = back(fd, private->offset, private->items);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++) {
		ct_arena_extent(h, parts[i].type, 0, parts[i].items, &at, &length);
		err = back(fd, at, length);
	}
	return err;
}

static int make_file(struct ct_store *s, const struct ct_arena_plan *plan, enum ct_policy policy)
{
	struct ct_header head = {0};
	uint64_t at, length, reach;
	int err;

	ct_arena_plan_header(&head, plan);
	s->bytes = head.file_bytes;
	s->fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return -errno;
	err = back_plan(s->fd, &head, plan);
	if (err)
		return -err;
	s->memory =
		mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, s->fd, 0);
	if (s->memory == MAP_FAILED) {
		s->memory = NULL;
		return -errno;
	}
	ct_arena_format(s->memory, plan, policy);
	if (!ct_arena_attach(&s->arena, s->memory, s->bytes))
		return -EINVAL;
	reach = plan->slots < SLOTS_REACH ? plan->slots : SLOTS_REACH;
	ct_arena_extent(&head, CT_REGION_SLOTS, 0, reach, &at, &length);
	if (ftruncate(s->fd, (off_t)(at + length)) == 0)
		atomic_store(&s->arena.shared->reach[CT_REGION_SLOTS], (uint32_t)reach);
	if (policy == CT_POLICY_STREAM)
		atomic_store(&s->arena.shared->reach[CT_REGION_CHUNKS], plan->chunks);
	return 0;
}

static void drop(struct ct_store *s)
{
	if (s->memory)
		munmap(s->memory, s->bytes);
	s->memory = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void ct_store_remove(struct ct_store *s)
{
	drop(s);
	unlink(s->path);
	rmdir(s->dir);
}

void ct_store_leave(struct ct_store *s)
{
	drop(s);
}

/* The program will have it too, and every byte we map is one it cannot. */
static bool has_address_limit(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_AS, &r) == 0 && r.rlim_cur != RLIM_INFINITY;
}

int ct_store_create(struct ct_store *s, uint64_t ring_bytes, const char *beside, char *why,
		    size_t why_size)
{
	struct ct_arena_plan plan = has_address_limit() ? ct_arena_plan_alone : ct_arena_plan_run;
	const char *parents[2] = {SHM, beside}, *prefixes[2] = {"", "."};
	int err = 0, i;

	plan.threads = ring_bytes ? THREADS_KEPT : 1;
	if (ring_bytes) {
		uint64_t chunks = ring_bytes / CT_CHUNK_BYTES;

		plan.chunks = chunks < 16		     ? 16
			      : chunks > CT_CHUNK_WORDS * 64 ? CT_CHUNK_WORDS * 64
							     : (uint32_t)chunks;
		plan.chunks_backed = plan.chunks;
	}
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	for (i = 0; i < 2; i++) {
		err = make_dir(s, parents[i], prefixes[i]);
		if (err)
			continue;
		err = make_file(s, &plan, ring_bytes ? CT_POLICY_RING : CT_POLICY_STREAM);
		if (!err)
			return 0;
		ct_store_remove(s);
	}
	snprintf(why, why_size, "no room for the recording in %s or %s: %s", SHM, beside,
		 strerror(-err));
	return err;
}

/* --- what somebody left ------------------------------------------------------------------------------------------------------------- */

static int copy_part(struct ct_store *s, int fd, uint64_t from, uint64_t to)
{
	while (from < to) {
		ssize_t n = pread(fd, (char *)s->memory + from, to - from, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		from += (uint64_t)n;
	}
	return 0;
}

/* Only the parts that have memory: the rest is zero in both. */
static int copy_file(struct ct_store *s, int fd, uint64_t size)
{
	off_t at = 0, hole;
	int err = 0;

	while (!err && (at = lseek(fd, at, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
		hole = lseek(fd, at, SEEK_HOLE);
		if (hole < 0 || (uint64_t)hole > size)
			hole = (off_t)size;
		err = copy_part(s, fd, (uint64_t)at, (uint64_t)hole);
		at = hole;
	}
	return !err && at < 0 && errno != ENXIO ? -errno : err;
}

static int load(struct ct_store *s, int fd)
{
	struct ct_header head;
	struct stat st;
	ssize_t n = pread(fd, &head, sizeof(head), 0);

	if (n < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (n != (ssize_t)sizeof(head) || head.magic != CT_MAGIC || head.container != CT_ARENA ||
	    head.file_bytes > LOAD_MAX)
		return -CT_ERR_FOREIGN;
	s->bytes = head.file_bytes > sizeof(head) ? head.file_bytes : sizeof(head);
	/* cppcheck-suppress invalidFunctionArg ; an anonymous mapping has no file */
	s->memory = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, CT_MAP_PRIVATE, -1, 0);
	if (s->memory == MAP_FAILED) {
		s->memory = NULL;
		return -errno;
	}
	n = copy_file(s, fd, (uint64_t)st.st_size < s->bytes ? (uint64_t)st.st_size : s->bytes);
	if (n < 0)
		return (int)n;
	return ct_arena_attach(&s->arena, s->memory, s->bytes) ? 0 : -CT_ERR_FOREIGN;
}

int ct_store_load(struct ct_store *s, const char *path)
{
	char *slash;
	int fd, err;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	if (!realpath(path, s->path))
		return -errno;
	memcpy(s->dir, s->path, sizeof(s->dir));
	slash = strrchr(s->dir, '/');
	*slash = 0;
	fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	err = load(s, fd);
	close(fd);
	if (err)
		drop(s);
	return err;
}

bool ct_store_is_ours(const struct ct_store *s)
{
	const char *dir = strrchr(s->dir, '/');

	if (!dir || strcmp(s->path + strlen(s->dir), "/arena") != 0)
		return false;
	dir += dir[1] == '.' ? 2 : 1;
	return !strncmp(dir, "ctrace-", 7) && strlen(dir) == 13;
}

/* --- who else has it -------------------------------------------------------------------------------------------------------------- */

bool ct_store_is_shared(const struct ct_store *s)
{
	if (fcntl(s->fd, F_SETLEASE, F_WRLCK) == 0) {
		fcntl(s->fd, F_SETLEASE, F_UNLCK);
		return false;
	}
	return errno == EAGAIN;
}

/* --- growing -------------------------------------------------------------------------------------------------------------------- */

static unsigned count_free(const _Atomic uint64_t *bits, uint64_t items, unsigned enough)
{
	unsigned n = 0;
	uint64_t w;

	for (w = 0; w < (items + 63) / 64 && n < enough; w++)
		n += (unsigned)__builtin_popcountll(
			atomic_load_explicit(&bits[w], memory_order_relaxed));
	return n;
}

/* Memory for more of a region, at least double what it has, so that a burst is caught up with. */
static void grow_table(struct ct_store *s, enum ct_region_type type, uint64_t step)
{
	const struct ct_region *r = ct_arena_region(s->arena.header, type);
	uint64_t used = atomic_load(&r->used), from = atomic_load(&s->arena.shared->limit[type]);
	uint64_t more = from > step ? from : step, offset, length;

	if (more > r->items - from)
		more = r->items - from;
	if (used <= from / 2 || !more)
		return;
	ct_arena_extent(s->arena.header, type, from, from + more, &offset, &length);
	if (back(s->fd, offset, length) != 0)
		return; /* what is lost for want of room is counted by those who lose it */
	ct_arena_publish(&s->arena, type, from, from + more);
}

/* Slots and chunks in advance of their use: the program makes them itself only when it is faster than we are. */
static void grow_items(struct ct_store *s, enum ct_region_type type, const _Atomic uint64_t *bits,
		       unsigned spare)
{
	uint64_t limit = atomic_load(&s->arena.shared->limit[type]);
	unsigned n = count_free(bits, limit, spare);

	for (; n < spare; n++) {
		int64_t i = ct_arena_extend(&s->arena, type);

		if (i < 0)
			return;
		ct_arena_publish(&s->arena, type, (uint64_t)i, (uint64_t)i + 1);
	}
}

/* More of the file for slots to be made in. */
static void reach_further(struct ct_store *s)
{
	const struct ct_region *r = ct_arena_region(s->arena.header, CT_REGION_SLOTS);
	_Atomic uint32_t *reach = &s->arena.shared->reach[CT_REGION_SLOTS];
	uint64_t now = atomic_load(reach), to = now * 2 > r->items ? r->items : now * 2, offset,
		 length;

	if (atomic_load(&s->arena.shared->limit[CT_REGION_SLOTS]) <= now / 2 || to == now)
		return;
	ct_arena_extent(s->arena.header, CT_REGION_SLOTS, 0, to, &offset, &length);
	if (ftruncate(s->fd, (off_t)(offset + length)) == 0)
		atomic_store(reach, (uint32_t)to);
}

void ct_store_grow(struct ct_store *s)
{
	const struct ct_shared *sh = s->arena.shared;

	reach_further(s);
	grow_items(s, CT_REGION_SLOTS, sh->slot_free, SLOTS_SPARE);
	if (s->arena.header->policy == CT_POLICY_STREAM)
		grow_items(s, CT_REGION_CHUNKS, sh->chunk_free, CHUNKS_SPARE);
	grow_table(s, CT_REGION_PROCESSES, 256);
	grow_table(s, CT_REGION_NODES, 16384);
	grow_table(s, CT_REGION_MODULES, 1024);
	grow_table(s, CT_REGION_STRINGS, 131072);
}
