/*
 * program.h - finding the program to run, and whether a preloaded object can be put into it.
 */
#ifndef CT_RUN_PROGRAM_H
#define CT_RUN_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct ct_program {
	char path[PATH_MAX]; /* what to exec */
	int status; /* 0: can be traced; 126 or 127 as a shell would exit: it cannot be run, or not be traced */
	int runnable; /* 1: it can be run, only not traced */
	const char *
		what; /* of one that can be run, and whose switches can be recorded: "a static program"; NULL: of no other */
	bool obeys;   /* LD_PRELOAD in its environment does no harm */
	char why[256]; /* one line when status is not 0 */
	char wants_first
		[PATH_MAX]; /* a sanitizer's library, which must come before ours in LD_PRELOAD; "" none */
};

/*
 * ct_program_find - look a command up as execvp() does and judge it
 * @name: as on the command line
 * A script is judged by its interpreter.  Nothing is run.
 * Context: tools.
 */
void ct_program_find(struct ct_program *p, const char *name);

/*
 * ct_program_judge - the same of one whose path is known
 * Context: tools.
 */
void ct_program_judge(struct ct_program *p, const char *path);

#endif
