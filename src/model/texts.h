/*
 * texts.h - messages and values whole again: a `log` or `label` record and the `text` records that go on with it.
 *
 * Pieces are of one thread and one time; records of signal handlers may lie between them, and some may be lost.  What comes out is what is there from
 * the beginning without a gap, so it may be shorter than the program's.
 */
#ifndef CT_MODEL_TEXTS_H
#define CT_MODEL_TEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "file/decode.h"

#define CT_TEXT_ROOM 1024u /* more than is ever recorded of one */

/* What is handed out: the first record of it, in row `thread` of the model's threads. */
struct ct_whole_text {
	struct ct_record first;
	uint32_t thread;
	uint32_t n; /* bytes of text */
	char text[CT_TEXT_ROOM];
};

struct ct_texts;

/*
 * ct_whole_text_add - one more piece: of the first record, or of a `text` record that goes on where it ends
 * Context: tools.
 */
void ct_whole_text_add(struct ct_whole_text *w, const struct ct_record *r);

/*
 * ct_texts_new - for so many threads
 * @whole, @arg: called with each text, not before the next one of its thread comes
 * Returns NULL when out of memory.  Memory: 1 KiB for each thread that has any.
 * Context: tools.
 */
struct ct_texts *ct_texts_new(uint32_t threads,
			      void (*whole)(void *arg, const struct ct_whole_text *t), void *arg);

/*
 * ct_texts_take - a log, label or text record, in the order its thread wrote them
 * Context: tools.
 */
void ct_texts_take(struct ct_texts *t, uint32_t thread, const struct ct_record *r);

/*
 * ct_texts_finish - hand out what is left
 * Returns 0, or -ENOMEM when memory ran out at any time.
 * Context: tools.
 */
int ct_texts_finish(struct ct_texts *t);

/* ct_texts_free - NULL is allowed */
void ct_texts_free(struct ct_texts *t);

#endif
