/*
 * csv.c - a folder with a CSV file for each table of tables.h.
 *
 * As RFC 4180 has it, with LF at the ends of lines: a head with names; texts always in quotes; nothing between two commas is null.
 * Control characters, line feeds too, are '?', so a row is a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "views/export/go_text.h"
#include "views/export/tables.h"

struct csv {
	struct ct_sink sink; /* the first member, so that a pointer to it is one to this */
	int folder;
	FILE *f;
	bool first; /* of its row */
	char *text;
	size_t room;
	uint64_t bytes;
};

static void fail(struct csv *c, int err)
{
	if (!c->sink.error)
		c->sink.error = err ? err : -EIO;
}

static void comma(struct csv *c)
{
	if (!c->first)
		putc_unlocked(',', c->f);
	c->first = false;
}

static void take_text(struct ct_sink *s, const char *value)
{
	struct csv *c = (struct csv *)s;
	size_t n = value ? strlen(value) : 0, i;
	char *more;

	if (!c->f)
		return;
	comma(c);
	if (!value)
		return;
	if (n > c->room) {
		more = realloc(c->text, n);
		if (!more) {
			fail(c, -ENOMEM);
			return;
		}
		c->text = more;
		c->room = n;
	}
	n = n ? ct_go_text_clean(c->text, n, value) : 0;
	putc_unlocked('"', c->f);
	for (i = 0; i < n; i++) {
		if (c->text[i] == '"')
			putc_unlocked('"', c->f);
		putc_unlocked(c->text[i], c->f);
	}
	putc_unlocked('"', c->f);
}

/* Most of what is written are numbers, and printf() took half the time. */
static void take_integer(struct ct_sink *s, int64_t value)
{
	struct csv *c = (struct csv *)s;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char text[24], *p = text + sizeof(text);

	if (!c->f)
		return;
	comma(c);
	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--p = '-';
	fwrite_unlocked(p, 1, (size_t)(text + sizeof(text) - p), c->f);
}

static void take_nothing(struct ct_sink *s)
{
	struct csv *c = (struct csv *)s;

	if (c->f)
		comma(c);
}

static void take_row(struct ct_sink *s)
{
	struct csv *c = (struct csv *)s;

	if (!c->f)
		return;
	putc_unlocked('\n', c->f);
	/* also what a value before it ran into, while errno still says why */
	if (ferror_unlocked(c->f))
		fail(c, -errno);
	c->first = true;
}

static void begin_table(struct ct_sink *s, const struct ct_export_table *t)
{
	struct csv *c = (struct csv *)s;
	const struct ct_column *column;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s.csv", t->name);
	fd = openat(c->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	c->f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!c->f) {
		fail(c, -errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	c->first = true;
	for (column = t->columns; column->name; column++) {
		comma(c);
		fputs(column->name, c->f);
	}
	take_row(s);
}

static void end_table(struct ct_sink *s)
{
	struct csv *c = (struct csv *)s;
	long size;

	if (!c->f)
		return;
	size = ftell(c->f);
	c->bytes += size > 0 ? (uint64_t)size : 0;
	if (ferror(c->f))
		fail(c, -EIO);
	if (fclose(c->f) != 0)
		fail(c, -errno);
	c->f = NULL;
}

int ct_export_csv(struct ct_view *v, const struct ct_export_options *o, const char *path,
		  struct ct_export_sums *sums)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	struct csv c = {.sink = {begin_table, take_integer, take_text, take_nothing, take_row,
				 end_table, 0},
			.folder = folder};

	if (folder < 0)
		return -errno;
	err = ct_export_tables(v, o, &c.sink, sums);
	sums->bytes = c.bytes;
	close(folder);
	free(c.text);
	return err;
}
