/*
 * child.h - the program as ctrace-run's child: started, signalled, waited for, and its end made ours.
 *
 * Transparent means: same terminal, process group, descriptors, signal dispositions and mask as it would have had; a signal sent to
 * ctrace-run reaches the program; when it stops, ctrace-run stops; when it ends, ctrace-run ends the same way.
 */
#ifndef CT_RUN_CHILD_H
#define CT_RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct ct_child {
	pid_t pid;
	int go; /* pipe: the child waits here until it may exec; and tells an exec that failed */
	int signals;	 /* signalfd */
	sigset_t before; /* ctrace-run's own mask as it was */
	bool stopped;	 /* the last that was told of it is a stop */
	bool ended;
	int status; /* as wait(2) gives it */
};

/*
 * ct_child_fill_standard - something harmless on those of descriptors 0 to 2 that are closed; before anything is opened
 * The program gets them closed, as we did.
 * Context: tools.
 */
void ct_child_fill_standard(void);

/*
 * ct_child_fork - make the process; it waits for ct_child_go()
 * Signals are blocked in the caller from here on and read through c->signals.  Of the descriptors it was started with, the caller keeps
 * standard error alone, and timers go to the program.
 * Returns 0 or -errno.
 * Context: tools.
 */
int ct_child_fork(struct ct_child *c);

/* What is set in the program's environment. */
struct ct_child_env {
	char preload[8192];
	char arena[4096];
};

/*
 * ct_child_go - let it exec
 * @env: variables for the child; NULL: run it untraced
 * Returns 0, or the errno of an exec that failed (the child is gone then).
 * Context: tools.
 */
int ct_child_go(struct ct_child *c, const struct ct_child_env *env);

/* ct_child_run - in the child after ct_child_fork(): does not return */
_Noreturn void ct_child_run(struct ct_child *c, const char *path, char **argv);

/*
 * ct_child_signals - handle what has arrived on c->signals: forward, stop, continue, reap
 * Context: tools.
 */
void ct_child_signals(struct ct_child *c);

/* ct_child_wait - handle signals until it has ended */
void ct_child_wait(struct ct_child *c);

/*
 * ct_child_mirror - end as the program did: same exit status, or killed by the same signal
 * Context: tools; does not return.
 */
_Noreturn void ct_child_mirror(const struct ct_child *c);

#endif
