/*
 * frames.c - see frames.h.
 */
#include "views/profile/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/symbol.h"
#include "views/analyze/names.h"

#define DEEPEST (CT_TRACE_STACK_MAX * CT_SYM_FRAMES_MAX + 3)

struct known {
	uint64_t frame; /* key */
	uint32_t first, count;
};

int ct_frames_init(struct ct_frames *f, struct ct_profile *p)
{
	memset(f, 0, sizeof(*f));
	f->p = p;
	f->stack = malloc(DEEPEST * sizeof(*f->stack));
	if (!f->stack || ct_table_init(&f->known, sizeof(struct known), 8) < 0) {
		ct_frames_free(f);
		return -ENOMEM;
	}
	return 0;
}

void ct_frames_free(struct ct_frames *f)
{
	ct_strings_free(&f->names);
	ct_strings_free(&f->files);
	ct_table_free(&f->known);
	free(f->file);
	free(f->ids);
	free(f->stack);
	memset(f, 0, sizeof(*f));
}

static uint32_t put_name(struct ct_frames *f, const char *name, const char *file)
{
	uint32_t id = ct_strings_put(&f->names, *name ? name : "??"), of = 0, room, *more;

	if (file)
		of = ct_strings_put(&f->files, file);
	if (f->names.count > f->file_room) {
		room = f->names.room;
		more = realloc(f->file, room * sizeof(*more));
		if (!more) {
			f->failed = true;
			return 0;
		}
		memset(more + f->file_room, 0, (room - f->file_room) * sizeof(*more));
		f->file = more;
		f->file_room = room;
	}
	if (id && !f->file[id])
		f->file[id] = of;
	return id;
}

static void put_id(struct ct_frames *f, uint32_t id)
{
	uint32_t room, *more;

	if (f->id_n == f->id_room) {
		room = f->id_room ? f->id_room * 2 : 256;
		more = realloc(f->ids, room * sizeof(*more));
		if (!more) {
			f->failed = true;
			return;
		}
		f->ids = more;
		f->id_room = room;
	}
	f->ids[f->id_n++] = id;
}

/* The names of a frame, innermost inlined function first. */
static struct known names_of(struct ct_frames *f, uint64_t frame)
{
	uint32_t before = f->known.count, row = ct_table_put(&f->known, &frame);
	struct known *k = ct_table_row(&f->known, row);
	const struct ct_name_line *l;
	char name[CT_NAME_MAX];
	size_t n, i;

	if (f->known.count == before)
		return *k;
	k->first = f->id_n;
	n = ct_name_lines(f->p->v, frame, &l);
	for (i = 0; i < n && i < CT_SYM_FRAMES_MAX; i++)
		put_id(f, put_name(f, ct_name_function(&l[i], name, sizeof(name)), l[i].file));
	if (!n)
		put_id(f, put_name(f, ct_name_module(f->p->v, frame, name, sizeof(name)), NULL));
	k->count = f->id_n - k->first;
	return *k;
}

size_t ct_frames_of(struct ct_frames *f, const struct ct_sample *s, const uint32_t **ids)
{
	uint64_t frame[CT_TRACE_STACK_MAX];
	size_t n = ct_trace_stack(f->p->v->trace, s->stack, frame, CT_TRACE_STACK_MAX), at = 0;
	struct known k;

	if (n && frame[n - 1] >> CT_FRAME_MODULE_SHIFT == CT_MODULE_TRUNCATED) {
		f->stack[at++] = put_name(f, "[cut]", NULL);
		n--;
	}
	if (s->root) {
		k = names_of(f, s->root);
		if (k.count)
			f->stack[at++] = f->ids[k.first + k.count - 1];
	}
	while (n) {
		k = names_of(f, frame[--n]);
		while (k.count)
			f->stack[at++] = f->ids[k.first + --k.count];
	}
	if (s->leaf || !at)
		f->stack[at++] = put_name(
			f, ct_leaf_text(s->leaf ? (enum ct_leaf)s->leaf : CT_LEAF_NO_STACK), NULL);
	f->failed |= f->names.failed || f->files.failed || f->known.failed;
	*ids = f->stack;
	return at;
}
