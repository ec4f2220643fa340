/*
 * tasks.c - see tasks.h.
 */
#include "tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/capture.h"

#define FORGET_FROM 64u /* rows; fewer may be of threads that have ended */

void ct_tasks_open(struct ct_tasks *t, const char *path)
{
	*t = (struct ct_tasks){.dir = opendir(path), .walk = 1};
}

void ct_tasks_close(struct ct_tasks *t)
{
	if (t->dir)
		closedir(t->dir);
	ct_set_free(&t->by_tid);
	free(t->all);
	*t = (struct ct_tasks){0};
}

/* The text of a thread's file.  False: it has ended, or the kernel has no such file. */
static bool read_file(const struct ct_tasks *t, uint32_t tid, const char *file, char *text,
		      size_t room)
{
	char name[64];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "%u/%s", tid, file);
	fd = openat(dirfd(t->dir), name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, room - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

static bool number_after(const char *text, const char *key, uint32_t *n)
{
	const char *at = strstr(text, key);

	if (at)
		*n = (uint32_t)strtoul(at + strlen(key), NULL, 10);
	return at != NULL;
}

static bool read_task(const struct ct_tasks *t, bool timed, struct ct_task *is)
{
	char text[4096], *at;

	/* not after reading: we may lose our CPU in between, and what it ran meanwhile would be told by nobody */
	is->ticks = ct_now();
	if (timed && read_file(t, is->tid, "schedstat", text, sizeof(text))) {
		is->run_ns = strtoull(text, &at, 10);
		is->delay_ns = strtoull(at, &at, 10);
		is->turns = strtoull(at, NULL, 10);
		is->timed = true;
	}
	return read_file(t, is->tid, "status", text, sizeof(text)) &&
	       number_after(text, "\nvoluntary_ctxt_switches:", &is->voluntary) &&
	       number_after(text, "\nnonvoluntary_ctxt_switches:", &is->involuntary);
}

/* Its row, made when it is new. */
static struct ct_task *row_of(struct ct_tasks *t, uint32_t tid)
{
	struct ct_set_row *row = ct_set_at(&t->by_tid, tid, NULL);
	struct ct_task *p;

	if (!row)
		return NULL;
	if (row->value)
		return &t->all[row->value - 1];
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 16;

		p = realloc(t->all, room * sizeof(*p));
		if (!p)
			return NULL;
		t->all = p;
		t->room = room;
	}
	p = &t->all[t->n++];
	*p = (struct ct_task){.tid = tid};
	row->value = t->n;
	return p;
}

static void take_task(struct ct_tasks *t, uint32_t tid, bool timed,
		      void (*take)(void *arg, const struct ct_task *was, const struct ct_task *is),
		      void *arg)
{
	struct ct_task is = {.tid = tid, .walk = t->walk}, was;
	struct ct_task *row;

	if (!read_task(t, timed, &is))
		return;
	row = row_of(t, tid);
	if (!row)
		return;
	was = *row;
	/* fewer than before: it is another one with the same number */
	if (is.voluntary < was.voluntary || is.involuntary < was.involuntary ||
	    (is.timed && is.run_ns < was.run_ns))
		was = (struct ct_task){.tid = tid};
	if (!is.timed) {
		is.run_ns = was.run_ns;
		is.delay_ns = was.delay_ns;
		is.turns = was.turns;
	}
	*row = is;
	take(arg, &was, &is);
}

/* A program may make threads for ever: those that the last walk did not find are forgotten when they are more than the others. */
static void forget_ended(struct ct_tasks *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += t->all[i].walk == t->walk;
	if (t->n < FORGET_FROM || n > t->n / 2)
		return;
	ct_set_free(&t->by_tid);
	for (i = n = 0; i < t->n; i++) {
		struct ct_set_row *row;

		if (t->all[i].walk != t->walk)
			continue;
		row = ct_set_at(&t->by_tid, t->all[i].tid, NULL);
		if (!row)
			continue;
		t->all[n++] = t->all[i];
		row->value = n;
	}
	t->n = n;
}

int ct_tasks_walk(struct ct_tasks *t, unsigned room, bool timed,
		  void (*take)(void *arg, const struct ct_task *was, const struct ct_task *is),
		  void *arg)
{
	const struct dirent *e;

	if (!t->dir)
		return (int)room;
	while (room) {
		/* cppcheck-suppress readdirCalled ; one thread alone reads it */
		e = readdir(t->dir);
		if (!e) {
			rewinddir(t->dir);
			forget_ended(t);
			t->walk++;
			return (int)room;
		}
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		room--;
		take_task(t, (uint32_t)strtoul(e->d_name, NULL, 10), timed, take, arg);
	}
	return -1;
}
