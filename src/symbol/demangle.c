/*
 * demangle.c - libiberty's demanglers, fenced in.
 *
 * A mangled name from a corrupt or hostile file can ask for three things: unlimited recursion (a
 * long chain of pointers), unlimited output (substitutions that double at every step, so 600
 * characters ask for 2^100), and unlimited memory.  libiberty answers the first by refusing names of
 * more than 1024 characters, which real template code exceeds.  So:
 *
 *   - output goes through the callback interface, which keeps no heap for C++, and is left by longjmp
 *     at the limit;
 *   - short names run on the caller's stack with libiberty's own recursion limit;
 *   - long names run without that limit on a thread whose stack is big enough for the deepest
 *     recursion their length allows.  One frame of the parser consumes at least one character.
 *
 * What may go wrong: the Rust demangler may hold one small heap buffer when it is left by longjmp;
 * that buffer leaks, once for a name that was built to misbehave.
 */
#include "symbol/demangle.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbol/symbol.h"

#define SHORT_BYTES ((size_t)1000) /* libiberty's limit is 1024 */
#define LONG_BYTES  ((size_t)32768)
#define LONG_STACK  ((size_t)256 * 1024 * 1024)
/* Calls without output are bounded too: empty pieces can double as well as full ones. */
#define CALLS_MAX (CT_SYM_NAME_MAX * 4)

struct job {
	const char *name;
	int options;
	char *out;
	size_t len, size, calls;
	jmp_buf leave;
};

bool ct_demangle_wanted(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

static void collect(const char *s, size_t len, void *opaque)
{
	struct job *job = opaque;

	if (len > CT_SYM_NAME_MAX - 1 - job->len || ++job->calls > CALLS_MAX)
		longjmp(job->leave, 1);
	if (job->len + len + 1 > job->size) {
		size_t size = (job->len + len + 1) * 2;
		char *out = realloc(job->out, size);

		if (!out)
			longjmp(job->leave, 1);
		job->out = out;
		job->size = size;
	}
	memcpy(job->out + job->len, s, len);
	job->len += len;
	job->out[job->len] = '\0';
}

static int demangle_one(struct job *job, bool rust)
{
	if (setjmp(job->leave) != 0)
		return 0;
	job->len = 0;
	job->calls = 0;
	return rust ? rust_demangle_callback(job->name, job->options, collect, job)
		    : cplus_demangle_v3_callback(job->name, job->options, collect, job);
}

static void *demangle_any(void *arg)
{
	struct job *job = arg;

	/* Rust's old scheme is valid C++ as well; only the Rust reader knows its hash and escapes. */
	if (!demangle_one(job, true) && (job->name[1] != 'Z' || !demangle_one(job, false)))
		job->len = 0;
	return NULL;
}

static void run_deep(struct job *job)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;

	if (pthread_attr_init(&attr) != 0)
		return;
	/* the caller's signals must not land on this thread */
	sigfillset(&all);
	if (pthread_attr_setstacksize(&attr, LONG_STACK) == 0 &&
	    pthread_sigmask(SIG_SETMASK, &all, &old) == 0) {
		int err = pthread_create(&thread, &attr, demangle_any, job);

		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (err == 0)
			pthread_join(thread, NULL);
	}
	pthread_attr_destroy(&attr);
}

char *ct_demangle(const char *name)
{
	struct job job = {.name = name, .options = DMGL_PARAMS | DMGL_ANSI};
	size_t len = strlen(name);

	if (!ct_demangle_wanted(name) || len > LONG_BYTES)
		return NULL;
	if (len <= SHORT_BYTES) {
		demangle_any(&job);
	} else {
		job.options |= DMGL_NO_RECURSE_LIMIT;
		run_deep(&job);
	}
	if (job.len == 0) {
		free(job.out);
		return NULL;
	}
	return job.out;
}
