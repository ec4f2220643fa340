/*
 * mend.h - makes the copy of an arena whose writers were all killed fit for the recorder's own functions: they trust an arena, because in a
 * living one only they write.
 */
#ifndef CT_RUN_MEND_H
#define CT_RUN_MEND_H

#include "read/trace.h"
#include "run/store.h"

/*
 * ct_mend - close what was open, free what was written elsewhere, believe nothing that was not checked
 * @s: of ct_store_load()
 * @t: the same trace, opened: it tells which chunks of the arena are not in the stream
 * Afterwards every chunk that has to be written is sealed and marked so, all others are free, and slots own none.
 * Returns 0, -ENOMEM, or -CT_ERR_FOREIGN when its parts are not where they may be.
 * Context: tools.
 */
int ct_mend(struct ct_store *s, const struct ct_trace *t);

/*
 * ct_mend_frozen - the same for a copy of ct_freeze(): all chunks in it have to be written
 * Returns 0 or -ENOMEM.
 * Context: tools; ct_cap.arena is the copy.
 */
int ct_mend_frozen(struct ct_store *s);

#endif
