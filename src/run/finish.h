/*
 * finish.h - gives a trace its end when ctrace-run could not: it was killed, or there never was one.
 */
#ifndef CT_RUN_FINISH_H
#define CT_RUN_FINISH_H

#include <limits.h>
#include <stdint.h>

enum ct_finished {
	CT_FINISHED = 0,    /* it has its end now */
	CT_FINISHED_BEFORE, /* it had it already */
	CT_FINISHED_NOT, /* somebody still records, or it could not be written: nothing is lost */
	CT_FINISHED_NO_TRACE, /* no trace, or one that cannot be finished like this */
};

struct ct_finish {
	const char *
		output; /* where an arena's trace goes; NULL: the file is a stream and is finished in place */
	char why[2 * PATH_MAX +
		 256];		   /* one line: what went wrong, or what is missing; "" nothing */
	uint64_t records, drained; /* in all; of them, in the arena until now */
};

/*
 * ct_finish - write what the arena of an unfinished trace still holds, tables, symbols, index and footer; then remove the arena
 * @path: stream whose ctrace-run was killed; or an arena, with f->output
 * The file is only appended to, and the arena only read, until the footer is written: whatever fails or is killed meanwhile, all that was
 * recorded can still be read and this can be called again.
 * Context: tools; not beside another recording of the same process (it uses the recorder's functions).
 */
enum ct_finished ct_finish(struct ct_finish *f, const char *path);

#endif
