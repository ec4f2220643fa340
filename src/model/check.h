/*
 * check.h - the promises of the model: each thread is in one state at every instant of its life, and what is summed is what was told.
 *
 * They hold for every trace there may be, right or damaged: where they do not, it is the model that is wrong.
 */
#ifndef CT_MODEL_CHECK_H
#define CT_MODEL_CHECK_H

#include <stdint.h>

#include "read/trace.h"

/*
 * ct_model_check - make the lives of all threads of a trace, and look whether they keep the promises
 * The spans of a thread follow one another from its begin to its end, no time between two or twice, and the sums of its states are
 * their lengths; no CPU has two threads at once.
 * @tell: called for each thing that is wrong, in a line; NULL: just count
 * Returns how many there are, -ENOMEM or -EIO.
 * Context: tools.
 */
int64_t ct_model_check(struct ct_trace *t, void (*tell)(void *arg, const char *text), void *arg);

#endif
