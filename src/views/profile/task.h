/*
 * task.h - when threads worked for the tasks of a name, or for one: in their regions, as `ctrace tasks` has it.
 *
 * What lies in no region of a task, nobody said who did; so it is in none of its profiles.
 */
#ifndef CT_VIEWS_PROFILE_TASK_H
#define CT_VIEWS_PROFILE_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/split.h"
#include "views/analyze/view.h"

struct ct_profile_task {
	struct ct_stretch *stretch; /* by thread and time; those of a thread do not overlap */
	uint32_t count;
	uint32_t *first; /* by row of the thread, one more than there are */
	uint32_t tasks;	 /* that were asked for */
	uint32_t bare;	 /* of these: without a region */
};

/*
 * ct_profile_task_find - the tasks of a name, or the one with an id such as 2.17
 * Returns 0, -ENOENT when there is none, -ENOMEM or another error of reading.
 * Context: tools.
 */
int ct_profile_task_find(struct ct_profile_task *t, struct ct_view *v, const char *task);

/*
 * ct_profile_task_part - how much of a time a thread worked for them
 * @t: NULL: all of it
 * Returns ticks.
 * Context: tools.
 */
uint64_t ct_profile_task_part(const struct ct_profile_task *t, uint32_t thread, uint64_t from,
			      uint64_t to);

/*
 * ct_profile_task_free - give it back
 * Context: tools.
 */
void ct_profile_task_free(struct ct_profile_task *t);

#endif
