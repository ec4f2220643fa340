/*
 * cache.c - reading and writing the files cache.h describes.
 *
 * Two reports may finish at the same time: each writes its own temporary file and renames it, the
 * last one wins, and a reader sees one or the other.  Nothing is locked.
 */
#include "symbol/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/names.h"

#define MAGIC	       UINT64_C(0x31304d5953435443) /* "CTCSYM01" */
#define FILE_MAX_BYTES ((uint64_t)256 * 1024 * 1024)
#define FILES_MAX      1024
#define NO_STRING      UINT32_MAX

enum {
	FRAME_INLINED = 1,
	FRAME_APPROXIMATE = 2,
};

struct header {
	uint64_t magic, sum, fingerprint;
	uint64_t n_answers, n_frames, strings_bytes;
	uint64_t build_id_len;
};

struct disk_answer {
	uint64_t addr;
	uint32_t first;
	uint16_t n;
	uint8_t kind, pad;
};

struct disk_frame {
	uint32_t function, linkage_name, file, line;
	uint64_t function_offset;
	uint32_t flags, pad;
};

_Static_assert(sizeof(struct header) == 56, "documented size");
_Static_assert(sizeof(struct disk_answer) == 16, "documented size");
_Static_assert(sizeof(struct disk_frame) == 32, "documented size");

static uint64_t sum_of(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	for (; len; p++, len--)
		h = (h ^ *p) * UINT64_C(0x100000001b3);
	return h ^ (h >> 29);
}

static bool is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022);
}

/* mkdir -p with mode 0700 for what is missing */
static void make_dirs(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

char *ct_cache_dir(const char *dir)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n;

	if (dir)
		n = dir[0] ? asprintf(&path, "%s", dir) : -1;
	else if (base && base[0] == '/')
		n = asprintf(&path, "%s/ctrace/symbols", base);
	else if (home && home[0] == '/')
		n = asprintf(&path, "%s/.cache/ctrace/symbols", home);
	else
		n = -1;
	if (n < 0)
		return NULL;
	make_dirs(path);
	if (!is_ours(path)) {
		free(path);
		return NULL;
	}
	return path;
}

static int file_path(char *out, size_t size, const char *dir, const struct ct_cache_key *key)
{
	int n = snprintf(out, size, "%s/", dir);

	for (size_t i = 0; i < key->build_id_len && n > 0 && (size_t)n < size; i++)
		n += snprintf(out + n, size - (size_t)n, "%02x", key->build_id[i]);
	if (n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "-%016llx.sym",
			      (unsigned long long)key->fingerprint);
	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static char *read_file(const char *path, size_t *len)
{
	char *bytes = NULL;
	struct stat st;
	size_t at = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size < (off_t)sizeof(struct header) || (uint64_t)st.st_size > FILE_MAX_BYTES)
		goto out;
	*len = (size_t)st.st_size;
	bytes = malloc(*len);
	while (bytes && at < *len) {
		ssize_t n = read(fd, bytes + at, *len - at);

		if (n <= 0) {
			free(bytes);
			bytes = NULL;
		} else {
			at += (size_t)n;
		}
	}
out:
	close(fd);
	return bytes;
}

static bool header_is_good(const struct header *h, const char *bytes, size_t len,
			   const struct ct_cache_key *key)
{
	uint64_t left = len - sizeof(*h);

	if (h->magic != MAGIC || h->fingerprint != key->fingerprint ||
	    h->build_id_len != key->build_id_len ||
	    h->sum != sum_of(bytes + sizeof(*h), (size_t)left))
		return false;
	if (h->n_answers > left / sizeof(struct disk_answer))
		return false;
	left -= h->n_answers * sizeof(struct disk_answer);
	if (h->n_frames > left / sizeof(struct disk_frame))
		return false;
	left -= h->n_frames * sizeof(struct disk_frame);
	/* the last string ends inside the file, so all of them do */
	return h->strings_bytes == left && (left == 0 || bytes[len - 1] == '\0');
}

static bool string_at(const char *strings, uint64_t size, uint32_t at, const char **out)
{
	*out = at == NO_STRING ? NULL : strings + at;
	return at == NO_STRING || at < size;
}

static bool take_answer(const struct header *h, const struct disk_answer *da, const char *frames,
			const char *strings, struct ct_answers *out)
{
	struct ct_sym_frame f[CT_SYM_FRAMES_MAX];

	if (da->kind > CT_ANSWER_DATA || da->n > CT_SYM_FRAMES_MAX || da->first > h->n_frames ||
	    da->n > h->n_frames - da->first || ct_answers_find(out, da->kind, da->addr))
		return false;
	for (size_t i = 0; i < da->n; i++) {
		struct disk_frame df;

		memcpy(&df, frames + (da->first + i) * sizeof(df), sizeof(df));
		if (!string_at(strings, h->strings_bytes, df.function, &f[i].function) ||
		    !string_at(strings, h->strings_bytes, df.linkage_name, &f[i].linkage_name) ||
		    !string_at(strings, h->strings_bytes, df.file, &f[i].file))
			return false;
		f[i].line = df.line;
		f[i].inlined = (df.flags & FRAME_INLINED) != 0;
		f[i].approximate = (df.flags & FRAME_APPROXIMATE) != 0;
		f[i].function_offset = df.function_offset;
	}
	return ct_answers_add(out, da->kind, da->addr, f, da->n) != NULL;
}

int ct_cache_load(const char *dir, const struct ct_cache_key *key, struct ct_answers *out,
		  char **bytes)
{
	const char *answers, *frames, *strings;
	char path[PATH_MAX];
	struct header h;
	size_t len;

	*bytes = NULL;
	if (file_path(path, sizeof(path), dir, key) != 0)
		return -ENOENT;
	*bytes = read_file(path, &len);
	if (!*bytes)
		return -ENOENT;
	memcpy(&h, *bytes, sizeof(h));
	if (!header_is_good(&h, *bytes, len, key))
		goto bad;
	answers = *bytes + sizeof(h);
	frames = answers + h.n_answers * sizeof(struct disk_answer);
	strings = frames + h.n_frames * sizeof(struct disk_frame);
	for (uint64_t i = 0; i < h.n_answers; i++) {
		struct disk_answer da;

		memcpy(&da, answers + i * sizeof(da), sizeof(da));
		if (!take_answer(&h, &da, frames, strings, out))
			goto bad;
	}
	out->dirty = false;
	return 0;
bad:
	ct_answers_clear(out);
	free(*bytes);
	*bytes = NULL;
	return -ENOENT;
}

/* The strings of a file being written, each once: names.h gives equal strings one address. */
struct string_table {
	struct ct_names *names;
	struct {
		const char *s;
		uint32_t at;
	} * slots;
	size_t n_slots;
	char *bytes;
	size_t len, size;
};

static int put_string(struct string_table *t, const char *s, uint32_t *out)
{
	const char *kept;
	size_t len, at;

	*out = NO_STRING;
	if (!s)
		return 0;
	kept = ct_names_add_z(t->names, s);
	if (!kept)
		return -ENOMEM;
	at = (size_t)(((uintptr_t)kept * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (t->n_slots - 1);
	for (; t->slots[at].s; at = (at + 1) & (t->n_slots - 1)) {
		if (t->slots[at].s == kept) {
			*out = t->slots[at].at;
			return 0;
		}
	}
	len = strlen(kept) + 1;
	if (t->len + len > t->size) {
		size_t size = (t->len + len) * 2;
		char *bytes = size < UINT32_MAX ? realloc(t->bytes, size) : NULL;

		if (!bytes)
			return -ENOMEM;
		t->bytes = bytes;
		t->size = size;
	}
	memcpy(t->bytes + t->len, kept, len);
	t->slots[at].s = kept;
	t->slots[at].at = *out = (uint32_t)t->len;
	t->len += len;
	return 0;
}

static int string_table_init(struct string_table *t, const struct ct_answers *a)
{
	memset(t, 0, sizeof(*t));
	t->names = ct_names_new();
	for (t->n_slots = 64; t->n_slots < a->n_frames * 6; t->n_slots *= 2)
		;
	t->slots = calloc(t->n_slots, sizeof(*t->slots));
	return t->names && t->slots ? 0 : -ENOMEM;
}

static void string_table_clear(struct string_table *t)
{
	ct_names_free(t->names);
	free(t->slots);
	free(t->bytes);
}

/* Header, answers, frames and strings as one piece of memory. */
static char *encode(const struct ct_cache_key *key, const struct ct_answers *a, size_t *len)
{
	size_t fixed = sizeof(struct header) + a->n * sizeof(struct disk_answer) +
		       a->n_frames * sizeof(struct disk_frame);
	struct header h = {.magic = MAGIC,
			   .fingerprint = key->fingerprint,
			   .n_answers = a->n,
			   .n_frames = a->n_frames,
			   .build_id_len = key->build_id_len};
	struct string_table t;
	char *bytes, *out = NULL, *at;

	bytes = calloc(1, fixed);
	if (string_table_init(&t, a) != 0 || !bytes)
		goto out;
	at = bytes + sizeof(h);
	for (size_t i = 0; i < a->n; i++, at += sizeof(struct disk_answer)) {
		struct disk_answer da = {.addr = a->items[i].addr,
					 .first = a->items[i].first,
					 .n = a->items[i].n,
					 .kind = a->items[i].kind};

		memcpy(at, &da, sizeof(da));
	}
	for (size_t i = 0; i < a->n_frames; i++, at += sizeof(struct disk_frame)) {
		const struct ct_sym_frame *f = &a->frames[i];
		struct disk_frame df = {.line = f->line,
					.function_offset = f->function_offset,
					.flags = (f->inlined ? FRAME_INLINED : 0u) |
						 (f->approximate ? FRAME_APPROXIMATE : 0u)};

		if (put_string(&t, f->function, &df.function) != 0 ||
		    put_string(&t, f->linkage_name, &df.linkage_name) != 0 ||
		    put_string(&t, f->file, &df.file) != 0)
			goto out;
		memcpy(at, &df, sizeof(df));
	}
	h.strings_bytes = t.len;
	*len = fixed + t.len;
	out = *len <= FILE_MAX_BYTES ? realloc(bytes, *len) : NULL;
	if (!out)
		goto out;
	bytes = NULL;
	if (t.len)
		memcpy(out + fixed, t.bytes, t.len);
	h.sum = sum_of(out + sizeof(h), *len - sizeof(h));
	memcpy(out, &h, sizeof(h));
out:
	string_table_clear(&t);
	free(bytes);
	return out;
}

struct old_file {
	struct dirent *entry;
	struct timespec when;
};

static int compare_age(const void *pa, const void *pb)
{
	const struct timespec *a = &((const struct old_file *)pa)->when;
	const struct timespec *b = &((const struct old_file *)pb)->when;

	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

static int is_cache_file(const struct dirent *e)
{
	/* ours, and what a killed writer left behind */
	return strstr(e->d_name, ".sym") != NULL || strncmp(e->d_name, ".new.", 5) == 0;
}

/* Every build of every program leaves a file; keep the newest. */
static void prune(const char *dir)
{
	struct dirent **entries;
	struct old_file *files;
	int n = scandir(dir, &entries, is_cache_file, alphasort);
	int fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	if (n < 0)
		goto out;
	files = n > FILES_MAX ? calloc((size_t)n, sizeof(*files)) : NULL;
	for (int i = 0; files && i < n; i++) {
		struct stat st = {0};

		fstatat(fd, entries[i]->d_name, &st, AT_SYMLINK_NOFOLLOW);
		files[i] = (struct old_file){entries[i], st.st_mtim};
	}
	if (files)
		qsort(files, (size_t)n, sizeof(*files), compare_age);
	for (int i = 0; files && i < n - FILES_MAX; i++)
		unlinkat(fd, files[i].entry->d_name, 0);
	free(files);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
out:
	if (fd >= 0)
		close(fd);
}

int ct_cache_save(const char *dir, const struct ct_cache_key *key, const struct ct_answers *a)
{
	char path[PATH_MAX], temp[PATH_MAX];
	size_t len, at = 0;
	char *bytes;
	int fd, err;

	if (file_path(path, sizeof(path), dir, key) != 0 ||
	    (size_t)snprintf(temp, sizeof(temp), "%s/.new.XXXXXX", dir) >= sizeof(temp))
		return -ENAMETOOLONG;
	bytes = encode(key, a, &len);
	if (!bytes)
		return -ENOMEM;
	fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	err = 0;
	while (err == 0 && at < len) {
		ssize_t n = write(fd, bytes + at, len - at);

		if (n < 0)
			err = -errno;
		else
			at += (size_t)n;
	}
	if (close(fd) != 0 && err == 0)
		err = -errno;
	if (err == 0 && rename(temp, path) != 0)
		err = -errno;
	if (err != 0)
		unlink(temp);
	else
		prune(dir);
out:
	free(bytes);
	return err;
}
