/*
 * ctrace.h - what a program can say of itself while it is traced: tasks, regions, logs, labels; and recording on and off.
 *
 * Include it and nothing else: there is nothing to link.  Where the program runs without ctrace each call here is one load and one branch; where
 * it runs below ctrace-run, or with libctrace.so preloaded, it is recorded.  C (C99 on, GNU C) and C++; ctrace.hpp has the same by scope.  From
 * other languages the functions are found by dlsym(RTLD_DEFAULT, "ctrace_region_begin") and so on, under the names they have here.
 *
 *	task     a piece of the program's work (a request, a job) with a name and perhaps a parent; it may begin in one thread and end in another
 *	region   what one thread does from here to there; regions nest, and may belong to a task
 *	log      a message with a category, at a moment, of a task or none
 *	label    a key and a value that hold for the calling thread from now on
 *
 * Every function may be called from any thread at any time: in signal handlers, in a child of fork, before main and while the program exits.
 * None allocates, locks, waits, sets errno or fails in a way that the caller has to look at.
 *
 * Names (of tasks, regions, categories, keys) are meant to be few: a trace keeps the first 2,000 or so it meets, of at most 120 bytes each.  What
 * changes with every request belongs into messages and values, of which the first 1,000 bytes are kept.  What was not kept is told by the trace.
 */
#ifndef CTRACE_CTRACE_H
#define CTRACE_CTRACE_H

#include <errno.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What libctrace.so offers under the name ctrace_api_1.  Later versions have more behind the last member, and tell by `size`.  No member has a
 * name that a header may have as a macro, as tgmath.h has log().
 */
struct ctrace_api {
	uint64_t size; /* bytes */
	int (*enabled)(void);
	uint64_t (*task_begin)(const char *name, uint64_t parent);
	void (*task_end)(uint64_t task);
	uint64_t (*region_begin)(const char *name, uint64_t task);
	void (*region_end)(uint64_t region);
	void (*log_message)(uint64_t task, const char *category, const char *message);
	void (*label)(const char *key, const char *value);
	int (*start_recording)(void);
	int (*stop_recording)(void);
	int (*snapshot)(const char *name);
};

#ifndef CTRACE_API_ONLY

/*
 * The table, or NULL.  A weak reference that the program's linker would answer itself in executables that are not position independent, unless it
 * goes by way of the global offset table; compilers do not do that there, so it is written out.
 */
static inline const struct ctrace_api *ctrace_api_get(void)
{
	const struct ctrace_api *api = 0;

#if defined(__x86_64__) && defined(__LP64__)
	__asm__(".weak ctrace_api_1\n\tmovq ctrace_api_1@GOTPCREL(%%rip), %0" : "=r"(api));
#elif defined(__aarch64__) && defined(__LP64__)
	__asm__(".weak ctrace_api_1\n\tadrp %0, :got:ctrace_api_1\n\tldr %0, [%0, "
		"#:got_lo12:ctrace_api_1]"
		: "=r"(api));
#endif
	return api;
}

#define CTRACE_API_(api) __builtin_expect(((api) = ctrace_api_get()) != 0, 0)

/* ctrace_enabled - is this program recorded at this moment?  For what is dear to prepare: a message, most of all. */
static inline int ctrace_enabled(void)
{
	const struct ctrace_api *api;

	return CTRACE_API_(api) ? api->enabled() : 0;
}

/*
 * ctrace_task_begin - a task begins
 * @parent: the task it is part of, or 0
 * Returns its number, for ctrace_task_end() in whatever thread; 0 when nothing is recorded, which all functions take.
 */
static inline uint64_t ctrace_task_begin(const char *name, uint64_t parent)
{
	const struct ctrace_api *api;

	return CTRACE_API_(api) ? api->task_begin(name, parent) : 0;
}

static inline void ctrace_task_end(uint64_t task)
{
	const struct ctrace_api *api;

	if (CTRACE_API_(api))
		api->task_end(task);
}

/*
 * ctrace_region_begin - the calling thread begins to do something
 * @task: what for; 0: for the task of the region around it, if any
 * Returns what ctrace_region_end() wants, in the same thread; 0 when nothing is recorded.
 */
static inline uint64_t ctrace_region_begin(const char *name, uint64_t task)
{
	const struct ctrace_api *api;

	return CTRACE_API_(api) ? api->region_begin(name, task) : 0;
}

/* ctrace_region_end - it is done.  Who leaves it otherwise (longjmp, an end that is forgotten) leaves a region that the answers call not ended. */
static inline void ctrace_region_end(uint64_t region)
{
	const struct ctrace_api *api;

	if (CTRACE_API_(api))
		api->region_end(region);
}

/*
 * ctrace_log - something to remember
 * @task: whom it concerns; 0: the task of the region around it, if any
 */
static inline void ctrace_log(uint64_t task, const char *category, const char *message)
{
	const struct ctrace_api *api;

	if (CTRACE_API_(api))
		api->log_message(task, category, message);
}

/*
 * ctrace_label - key has this value in the calling thread from now on
 * @value: NULL or empty: none any more
 */
static inline void ctrace_label(const char *key, const char *value)
{
	const struct ctrace_api *api;

	if (CTRACE_API_(api))
		api->label(key, value);
}

/*
 * ctrace_stop, ctrace_start - this process is not recorded from here on; it is again
 * What is in progress at the stop is recorded to its end.  Children forked meanwhile are not recorded, until they start it themselves.  The trace
 * says from when to when, and what a thread did from then on until it was seen to wait again counts as not known.
 * Return 0; EALREADY when it is so already (a second start: tracing is on); EAGAIN when there is no room to note it, and nothing changes; ENOSYS
 * without ctrace, or when the program has forbidden itself what recording needs.
 */
static inline int ctrace_start(void)
{
	const struct ctrace_api *api;

	return CTRACE_API_(api) ? api->start_recording() : ENOSYS;
}

static inline int ctrace_stop(void)
{
	const struct ctrace_api *api;

	return CTRACE_API_(api) ? api->stop_recording() : ENOSYS;
}

/*
 * ctrace_snapshot - keep under a name what is recorded by now: of a ring, what it still holds
 * @name: at most 63 letters, digits, "-", "_" and ".", which does not come first
 * The program only asks and goes on; ctrace-run, which looks every few milliseconds, writes a whole trace beside its own, as OUT.NAME.ctrace for
 * OUT.ctrace, or OUT.NAME-2.ctrace and so on when there is such a file: none is ever overwritten.  It appears there when it is whole.  What
 * could not be written ctrace-run tells at its end.  What is recorded until ctrace-run comes to look is in it too.
 * Returns 0 when it was asked for; EBUSY while another one is under way, of whichever process of the recording; EINVAL: not such a name;
 * EOPNOTSUPP (ENOTSUP) where libctrace.so was preloaded without ctrace-run, so that nobody could do it; ENOSYS without ctrace.
 */
static inline int ctrace_snapshot(const char *name)
{
	const struct ctrace_api *api;

	return CTRACE_API_(api) ? api->snapshot(name) : ENOSYS;
}

#else /* CTRACE_API_ONLY: what libctrace.so exports, for whoever wants the names and not the functions above */

int ctrace_enabled(void);
uint64_t ctrace_task_begin(const char *name, uint64_t parent);
void ctrace_task_end(uint64_t task);
uint64_t ctrace_region_begin(const char *name, uint64_t task);
void ctrace_region_end(uint64_t region);
void ctrace_log(uint64_t task, const char *category, const char *message);
void ctrace_label(const char *key, const char *value);
int ctrace_start(void);
int ctrace_stop(void);
int ctrace_snapshot(const char *name);
extern const struct ctrace_api ctrace_api_1;

#endif

#ifdef __cplusplus
}
#endif
#endif
