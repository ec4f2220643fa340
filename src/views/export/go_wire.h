/*
 * go_wire.h - writes a Go execution trace: batches, generations, and their tables of strings and stacks.
 *
 * Every event goes through the rules of the reader first (go_order.h).  What it writes is in order of time over all threads: times that are not after
 * the one before are made so, by as many ns as it takes, which is what the reader would do.
 *
 *	generation   batch of thread 1 | batch of thread 2 | batch of thread 1 | ... | frequency | stacks | strings
 *
 * A generation stands alone: it begins with the state of everything there is and has its own tables.  One is closed after so many events that a
 * reader need not hold the whole trace.
 *
 * Strings and stacks have numbers of the writer's own that stay the same; what they are in a generation is the writer's business.
 */
#ifndef CT_VIEWS_GO_WIRE_H
#define CT_VIEWS_GO_WIRE_H

#include <stdio.h>

#include "views/export/go_order.h"

#define CT_GO_STRING_MAX 1024u
#define CT_GO_FRAMES_MAX 128u

struct ct_go_frame {
	uint64_t pc;		 /* one for each (function, file, line) */
	uint32_t function, file; /* strings */
	uint32_t line;
	uint32_t pad;
};

struct ct_go_wire_options {
	FILE *out;
	unsigned version;	    /* 22, 23, 25 or 26 */
	uint64_t generation_events; /* about so many in each; 0: 300,000 */
	/* the frames of a stack, innermost first; may call ct_go_string() */
	size_t (*stack)(void *arg, uint64_t key, struct ct_go_frame frame[CT_GO_FRAMES_MAX]);
	/* ns since 1970 at a time */
	uint64_t (*wall)(void *arg, uint64_t ns);
	void *arg;
};

struct ct_go_wire;

/*
 * ct_go_wire_new - begin a trace
 * @ns: when it begins; of a clock that does not go back, above 0 and below 2^53
 * Returns NULL when out of memory.
 * Context: tools.
 */
struct ct_go_wire *ct_go_wire_new(const struct ct_go_wire_options *o, uint64_t ns);

/*
 * ct_go_string - the number of a text
 * @text: any bytes: what is no UTF-8 becomes '?', and of what is too long the beginning is kept
 * Returns 0 for "" and NULL, and when out of memory (which the wire remembers).
 * Context: tools.
 */
uint32_t ct_go_string(struct ct_go_wire *w, const char *text);

/*
 * ct_go_stack - the number of a stack
 * @key: for options.stack, which is asked for its frames once in each generation; 0: none
 * Returns 0 for none, and when out of memory.
 * Context: tools.
 */
uint32_t ct_go_stack(struct ct_go_wire *w, uint64_t key);

/*
 * ct_go_event - write an event
 * @m:    thread; 0: none
 * @ns:   when; raised when it is not after the event before
 * @args: threads, processors and goroutines as in go_order.h; strings and stacks as ct_go_string() and ct_go_stack() number them
 * Returns 0; -EPROTO when the reader would refuse it, which is a fault of the caller: see ct_go_why(); -ENOMEM.
 * Context: tools.
 */
int ct_go_event(struct ct_go_wire *w, uint32_t m, uint64_t ns, enum ct_go_event event,
		const uint64_t *args);

/*
 * ct_go_full - is it time for the next generation?
 * ct_go_next_generation - begin it
 * Context: tools.
 */
bool ct_go_full(const struct ct_go_wire *w);
int ct_go_next_generation(struct ct_go_wire *w);

/* ct_go_order - the state of everything, to look at */
const struct ct_go_order *ct_go_order(const struct ct_go_wire *w);

/* ct_go_why - why -EPROTO */
const char *ct_go_why(const struct ct_go_wire *w);

/* ct_go_now - the time of the event before, in ns */
uint64_t ct_go_now(const struct ct_go_wire *w);

struct ct_go_sizes {
	uint64_t events, bytes, generations;
};

/*
 * ct_go_wire_end - close the last generation
 * Returns 0, -ENOMEM or -errno of what could not be written.
 * Context: tools.
 */
int ct_go_wire_end(struct ct_go_wire *w, struct ct_go_sizes *sizes);

/* ct_go_wire_free - NULL is allowed */
void ct_go_wire_free(struct ct_go_wire *w);

#endif
