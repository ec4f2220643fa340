/*
 * go_stacks.c - see go_stacks.h.
 */
#include "views/export/go_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/names.h"
#include "views/export/go_ops.h"

#define KEY_START (1ull << 63)

struct line_row {
	uint32_t function, file, line, pad; /* key */
};

struct frame_row {
	uint64_t frame; /* key */
	uint32_t first, count;
};

int ct_go_stacks_init(struct ct_go_stacks *s, struct ct_view *v)
{
	memset(s, 0, sizeof(*s));
	s->v = v;
	if (ct_table_init(&s->lines, sizeof(struct line_row), sizeof(struct line_row)) < 0 ||
	    ct_table_init(&s->frames, sizeof(struct frame_row), 8) < 0) {
		ct_go_stacks_free(s);
		return -ENOMEM;
	}
	return 0;
}

void ct_go_stacks_free(struct ct_go_stacks *s)
{
	ct_table_free(&s->lines);
	ct_table_free(&s->frames);
	free(s->of_frames);
}

/* A line; of a path that is too long the end is kept, which tells more. */
static uint32_t add_line(struct ct_go_stacks *s, const char *function, const char *file,
			 uint32_t line)
{
	size_t n = file ? strlen(file) : 0;
	struct line_row key = {
		.function = ct_go_string(s->wire, function && *function ? function : "??"),
		.file = ct_go_string(s->wire, !n		     ? "??"
					      : n > CT_GO_STRING_MAX ? file + n - CT_GO_STRING_MAX
								     : file),
		.line = line ? line : 1,
	};

	return ct_table_put(&s->lines, &key);
}

static struct ct_go_frame line_frame(const struct ct_go_stacks *s, uint32_t row)
{
	const struct line_row *l = ct_table_row(&s->lines, row);

	return (struct ct_go_frame){row + 1ull, l->function, l->file, l->line, 0};
}

static bool keep_line(struct ct_go_stacks *s, uint32_t line)
{
	if (s->of_frames_n == s->of_frames_room) {
		uint32_t room = s->of_frames_room * 2 + 256;
		uint32_t *p = realloc(s->of_frames, room * sizeof(*p));

		if (!p) {
			s->failed = true;
			return false;
		}
		s->of_frames = p;
		s->of_frames_room = room;
	}
	s->of_frames[s->of_frames_n++] = line;
	return true;
}

static void find_lines(struct ct_go_stacks *s, uint64_t frame, struct frame_row *row)
{
	const struct ct_module_rec *rec = ct_trace_module(s->v->trace, frame);
	const char *module = rec ? ct_trace_string(s->v->trace, rec->path) : NULL;
	const struct ct_name_line *l;
	size_t n = ct_name_lines(s->v, frame, &l), i;
	char name[CT_NAME_MAX];

	row->first = s->of_frames_n;
	for (i = 0; i < n; i++)
		keep_line(s, add_line(s, l[i].function, l[i].file ? l[i].file : module, l[i].line));
	if (!n)
		keep_line(s,
			  add_line(s, ct_name_module(s->v, frame, name, sizeof(name)), module, 1));
	row->count = s->of_frames_n - row->first;
}

static struct frame_row lines_of(struct ct_go_stacks *s, uint64_t frame)
{
	uint32_t before = s->frames.count, i = ct_table_put(&s->frames, &frame);
	struct frame_row *row = ct_table_row(&s->frames, i);

	if (s->frames.failed)
		return (struct frame_row){0};
	if (s->frames.count != before)
		find_lines(s, frame, row);
	return *row;
}

uint64_t ct_go_start_key(struct ct_go_stacks *s, const struct ct_thread *t)
{
	const struct ct_name_line *l;
	char name[CT_NAME_MAX];
	size_t n = 0;
	uint32_t row;

	if (t->routine && !t->main)
		n = ct_name_lines(s->v, t->routine | CT_FRAME_EXACT, &l);
	if (n)
		row = add_line(s, l[n - 1].function, l[n - 1].file, l[n - 1].line);
	else
		row = add_line(
			s, ct_name_start(s->v, t, name, sizeof(name)),
			ct_name_process(s->v, t->process, (char[CT_NAME_MAX]){0}, CT_NAME_MAX), 1);
	return KEY_START | row;
}

size_t ct_go_stack_frames(void *stacks, uint64_t key, struct ct_go_frame frame[CT_GO_FRAMES_MAX])
{
	struct ct_go_stacks *s = stacks;
	uint64_t own[CT_TRACE_STACK_MAX];
	uint32_t op = (uint32_t)(key >> 32 & 255);
	size_t n, i, k, used = 0;

	if (key & KEY_START) {
		frame[0] = line_frame(s, (uint32_t)key);
		return 1;
	}
	if (key >> 41 & 1)
		frame[used++] = line_frame(
			s, add_line(s,
				    op == CT_GO_OUTSIDE	    ? "off the CPU in no recorded wait"
				    : op == CT_GO_PREEMPTED ? "preempted"
							    : ct_go_op_function(op, key >> 40 & 1),
				    "libc", 1));
	n = ct_name_own_frames(s->v, (uint32_t)key, own);
	for (i = 0; i < n; i++) {
		struct frame_row row = lines_of(s, own[i]);

		for (k = 0; k < row.count && used < CT_GO_FRAMES_MAX; k++)
			frame[used++] = line_frame(s, s->of_frames[row.first + k]);
	}
	return used;
}
