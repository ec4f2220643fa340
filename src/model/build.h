/*
 * build.h - the model of a whole trace.
 */
#ifndef CT_MODEL_BUILD_H
#define CT_MODEL_BUILD_H

#include "model/ended.h"
#include "model/model.h"
#include "model/states.h"
#include "read/trace.h"

/* Called now and then while records are read. @done: 0 to 1. */
typedef void ct_progress_fn(void *arg, double done);

/*
 * ct_model_build - read every record of a trace into a model
 * @t:        stays open as long as the model lives
 * @progress: may be NULL
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_model_build(struct ct_trace *t, const struct ct_model_options *options,
		   ct_progress_fn *progress, void *arg, struct ct_model **out);

/*
 * ct_states_build - the lives of all threads of a model that ct_model_build() made of the same trace
 * @span, @span_arg: see ct_states_new()
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_states_build(struct ct_trace *t, struct ct_model *m,
		    void (*span)(void *arg, const struct ct_span *s), void *span_arg,
		    ct_progress_fn *progress, void *arg, struct ct_states **out);

/*
 * ct_states_build_with - the same without what holders did, and on the way other records as they come
 * @events: bit 1 << enum ct_event_type of those that @record is called for; not CT_EV_wait
 * @record: in the order of CT_ORDER_CHUNK
 * Context: tools.
 */
int ct_states_build_with(struct ct_trace *t, struct ct_model *m,
			 void (*span)(void *arg, const struct ct_span *s), uint64_t events,
			 void (*record)(void *arg, const struct ct_event *e), void *span_arg,
			 ct_progress_fn *progress, void *arg, struct ct_states **out);

/*
 * ct_ended_build - every recorded wait of a trace once more, thread by thread in order of their ends
 * @m:    that ct_model_build() made of the same trace
 * @wait: called for each of them, those outside the window too
 * Returns 0, -ENOMEM or -EIO.
 * Context: tools.
 */
int ct_ended_build(struct ct_trace *t, struct ct_model *m,
		   void (*wait)(void *arg, const struct ct_ended *e), void *arg);

#endif
