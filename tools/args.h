/*
 * args.h - options and ending that all commands about a trace have in common.
 */
#ifndef CT_TOOLS_ARGS_H
#define CT_TOOLS_ARGS_H

#include "views/analyze/view.h"
#include "views/export/export.h"

struct ct_args {
	struct ct_view_options view;
	const char *path;
	uint32_t live; /* process id; 0: not asked for */
	bool blocked;
	bool coverage;
	const char *output; /* NULL: standard output */
	const char *format; /* NULL: as the output's name says, or the command's own */
	const char *lock;   /* NULL: all */
	uint64_t least_ns;  /* 0: all */
	/* profile */
	const char *kind; /* the word before the trace */
	const char *task; /* NULL: all */
	bool by_unlock, by_waker, no_idle, no_labels, by_cum;
	struct ct_export_options export;
};

/* What a command takes besides --json, --colour and --help. */
#define CT_ARGS_FILTER	 1u   /* --thread --process --from --to */
#define CT_ARGS_TOP	 2u   /* --top */
#define CT_ARGS_STACKS	 4u   /* --stacks */
#define CT_ARGS_EACH	 8u   /* --each */
#define CT_ARGS_IDLE	 16u  /* --idle */
#define CT_ARGS_LIVE	 32u  /* --live --blocked */
#define CT_ARGS_MAYFILE	 64u  /* works without a trace too */
#define CT_ARGS_COVERAGE 128u /* --coverage */
#define CT_ARGS_BLIND	 256u /* --blind */
#define CT_ARGS_GROUP	 512u /* --group */
#define CT_ARGS_PROFILE                                                                            \
	1024u /* a word before the trace, and --blame --no-idle --no-labels --cum --task */
#define CT_ARGS_EXPORT 2048u  /* the options of formats */
#define CT_ARGS_OUTPUT 4096u  /* --output --format */
#define CT_ARGS_SELECT 8192u  /* --lock --min-duration */
#define CT_ARGS_LOG    16384u /* --log */
#define CT_ARGS_LABEL  32768u /* --label */

/* The lines of a help text for the options above. */
#define CT_HELP_FILTER                                                                             \
	"  --thread T    only waits of one thread: name as printed, tid, or #serial\n"             \
	"  --process P   only one process: pid or name of the executable\n"                        \
	"  --from S      only waits that ended S seconds or more after the start\n"                \
	"  --to S        only waits that ended at most S seconds after the start\n"
#define CT_HELP_COMMON                                                                             \
	"  --json        as JSON: times in ns, sizes in bytes; new members may be added\n"         \
	"  --colour WHEN always, never or auto (on a terminal, the default)\n"                     \
	"  --help        this text\n"
#define CT_HELP_JSON_HEAD "JSON: command, version, trace, lost {reason: records}, notes [text],\n"
#define CT_HELP_ROW                                                                                \
	"  kind, name, variable, file, line, created, first_waited, objects, pid, waits,\n"        \
	"  short_waits, unfinished, timeouts, abandoned, abandoned_at_most_ns, total_ns,\n"        \
	"  short_total_ns, p50_ns, p99_ns, max_ns,\n"                                              \
	"  by_reason {contention, others, io, calls, sleep, idle: {waits, total_ns}}"

/*
 * ct_args_parse - read the options of a command
 * @args:  holds the defaults; filled in
 * @takes: CT_ARGS_*
 * @help:  printed for --help
 * Returns -1 to go on, else the exit status.
 * Context: tools.
 */
int ct_args_parse(struct ct_args *args, unsigned takes, const char *help, int argc, char **argv);

/*
 * ct_args_open - open the trace and see that the filter matches something; else one line on standard error
 * Returns 0, or the exit status.
 * Context: tools.
 */
int ct_args_open(const char *command, const struct ct_args *args, struct ct_view *v);

/*
 * ct_args_run - open the trace, print a view of it, and say how it went
 * Returns the exit status.
 * Context: tools.
 */
int ct_args_run(const char *command, const struct ct_args *args, int (*view)(struct ct_view *));

/*
 * ct_args_run_with - the same, and the view takes an argument of the command's
 * Context: tools.
 */
int ct_args_run_with(const char *command, const struct ct_args *args,
		     int (*view)(struct ct_view *, void *arg), void *arg);

/*
 * ct_args_usage - say what is wrong with the arguments
 * @arg: of which, NULL
 * Returns CT_EXIT_USAGE.
 * Context: tools.
 */
int ct_args_usage(const char *command, const char *what, const char *arg);

/*
 * ct_args_finish - flush standard output
 * Returns `status`, or CT_EXIT_DAMAGED with a line on standard error when the output could not be written.
 * Context: tools.
 */
int ct_args_finish(const char *command, int status);

#endif
