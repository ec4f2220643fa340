/*
 * names.h - what a person calls a frame, a stack, an object, a thread.
 *
 * Symbols come from the trace when ctrace-run resolved them, else from the files on this machine, and only for what is really
 * printed.  Without a symbol the name is `module+0xoffset`, which addr2line understands.  Names never invent: an object whose
 * variable and creation are unknown is named by the place that first waited for it, and says so.
 *
 * Text forms are safe to print: control characters are gone.
 */
#ifndef CT_VIEWS_NAMES_H
#define CT_VIEWS_NAMES_H

#include "views/analyze/view.h"

#define CT_NAME_MAX 512

/* One source line of a frame; a frame has several when functions were inlined, innermost first. */
struct ct_name_line {
	const char *function; /* NULL unknown */
	const char *file;     /* NULL unknown */
	uint32_t line;
	uint32_t inlined;
};

/* The variable an object is. */
struct ct_name_data {
	const char *name; /* NULL: no symbol */
	const char *function;
	const char *file;
	uint32_t line;
	uint64_t offset; /* from the start of the variable */
	uint64_t base;	 /* frame of the start of the variable; without a symbol the frame itself */
};

/*
 * ct_name_forget - forget all names of a view
 * Context: tools.
 */
void ct_name_forget(struct ct_view *v);

/*
 * ct_name_lines - source lines of a code frame
 * Returns their number; 0 when the frame has no symbol.
 * Context: tools.
 */
size_t ct_name_lines(struct ct_view *v, uint64_t frame, const struct ct_name_line **lines);

/*
 * ct_name_function - the function of a line, shortened as everywhere, without its place
 * Context: tools.
 */
char *ct_name_function(const struct ct_name_line *l, char *buf, size_t size);

/*
 * ct_name_frame - "item_get (items.c:120)", "item_get", "memcached+0x1234"; the function the frame is physically in
 * Context: tools.
 */
char *ct_name_frame(struct ct_view *v, uint64_t frame, char *buf, size_t size);

/*
 * ct_name_module - "libfoo.so.1+0x1234" for a frame, "0x7f..." when it lies in no module
 * Context: tools.
 */
char *ct_name_module(struct ct_view *v, uint64_t frame, char *buf, size_t size);

/*
 * ct_name_site - the innermost line of a stack that is the program's own: "conn_new (conn.c:44)"; "" for an unknown stack
 * Context: tools.
 */
char *ct_name_site(struct ct_view *v, uint32_t stack, char *buf, size_t size);

/*
 * ct_name_site_frame - the frame ct_name_site() speaks of; 0 for an unknown stack
 * Context: tools.
 */
uint64_t ct_name_site_frame(struct ct_view *v, uint32_t stack);

/*
 * ct_name_own_frames - the frames of a stack, innermost first, down to the first of the program's own: without what of the C library starts
 * threads and programs
 * Returns their number; 0 for an unknown stack.
 * Context: tools.
 */
size_t ct_name_own_frames(struct ct_view *v, uint32_t stack, uint64_t frame[CT_TRACE_STACK_MAX]);

/*
 * ct_name_chain - a stack in one line, innermost first: "item_get (items.c:120) <- process (conn.c:9) <- worker (main.c:3)"
 * Context: tools.
 */
char *ct_name_chain(struct ct_view *v, uint32_t stack, char *buf, size_t size);

/*
 * ct_name_start - the start routine of a thread, whatever its name; who made it where the routine says nothing
 * Returns @buf.
 * Context: tools.
 */
char *ct_name_start(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size);

/*
 * ct_name_thread_json - members tid, pid and thread of an object; 0, 0 and null for NULL
 * @prefix: of their names: "waker_"
 * Context: tools.
 */
void ct_name_thread_json(struct ct_view *v, struct ct_json *j, const char *prefix,
			 const struct ct_thread *t);

/*
 * ct_name_stack_json - an array of frames: {function, file, line, inlined} or {module, offset}
 * Context: tools.
 */
void ct_name_stack_json(struct ct_view *v, struct ct_json *j, const char *key, uint32_t stack);

/*
 * ct_name_data - what variable a data frame points into
 * Context: tools.
 */
void ct_name_data(struct ct_view *v, uint64_t frame, struct ct_name_data *out);

/*
 * ct_name_object - "cache_lock in memcached.c:120", "created in conn_new (conn.c:44)", "fd 7 socket 127.0.0.1:6379"...
 * The kind is not part of it.  A descriptor's name that was found only once has a ? behind it.
 * @op: what was waited for; a descriptor's name that contradicts it is none
 * Context: tools.
 */
char *ct_name_object(struct ct_view *v, uint32_t object, uint32_t op, char *buf, size_t size);

/*
 * ct_name_wait - what a wait was for: "mutex cache_lock in memcached.c:120", "read fd 7"; one object, not the row it is grouped into
 * Context: tools.
 */
char *ct_name_wait(struct ct_view *v, const struct ct_cell *c, char *buf, size_t size);

/*
 * ct_name_thread - "conn-worker (1234)"; the name is the one it was given, else "main", its start routine or who made it
 * @t: NULL: "unknown thread"
 * Context: tools.
 */
char *ct_name_thread(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size);

/*
 * ct_name_thread_apart - the same with its pid, unless it is of this process
 * @process: index; CT_NONE: always with its pid
 * Context: tools.
 */
char *ct_name_thread_apart(struct ct_view *v, const struct ct_thread *t, uint32_t process,
			   char *buf, size_t size);

/*
 * ct_name_thread_bare - the same without the tid
 * Context: tools.
 */
char *ct_name_thread_bare(struct ct_view *v, const struct ct_thread *t, char *buf, size_t size);

/*
 * ct_name_process - "memcached (pid 1234)"
 * Context: tools.
 */
char *ct_name_process(struct ct_view *v, uint32_t process, char *buf, size_t size);

/*
 * ct_kind_label, ct_kind_name - "mutex", "condvar"... for people; "mutex", "cond"... for JSON
 * Context: tools.
 */
const char *ct_kind_label(enum ct_kind kind);
const char *ct_kind_name(enum ct_kind kind);

#endif
