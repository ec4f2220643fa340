/*
 * cmd_finish.c - `ctrace finish`: the end of a trace whose ctrace-run was killed.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "run/finish.h"

static const char help[] =
	"usage: ctrace finish TRACE...\n"
	"       ctrace finish -o FILE ARENA\n"
	"\n"
	"Gives a trace its end when ctrace-run was killed: what was recorded and not yet written "
	"is\n"
	"appended, with symbols and index, and the memory it lay in (/dev/shm/ctrace-XXXXXX) is\n"
	"given back.  Threads that nobody saw end, end with the last record.  A trace can be read\n"
	"without this; but its memory stays until the next boot, and is lost then.\n"
	"\n"
	"  -o, --output FILE  make a finished trace of the file that a program wrote by itself, "
	"with\n"
	"                     LD_PRELOAD and no ctrace-run; that file stays as it is\n"
	"      --help         this text\n"
	"\n"
	"Until the end is written the trace is only appended to and its memory only read, so that\n"
	"nothing is lost when this fails or is killed.  Where the memory is gone, what the file\n"
	"holds gets its end, and a line tells what is missing.\n"
	"\n"
	"exit status: 0 finished, now or before; 1 somebody still records, or it cannot be "
	"written;\n"
	"2 a file is no trace, or a bad argument\n"
	"\n"
	"example: ctrace finish server.ctrace\n";

static int finish_one(const char *path, const char *output)
{
	static struct ct_finish f;
	enum ct_finished result;

	f.output = output;
	result = ct_finish(&f, path);
	if (result == CT_FINISHED)
		printf("%s: finished, %" PRIu64 " records, %" PRIu64 " of them saved\n",
		       output ? output : path, f.records, f.drained);
	if (result == CT_FINISHED_BEFORE)
		printf("%s\n", f.why);
	else if (f.why[0])
		fprintf(stderr, "ctrace finish: %s\n", f.why);
	switch (result) {
	case CT_FINISHED_NOT: return CT_EXIT_DAMAGED;
	case CT_FINISHED_NO_TRACE: return CT_EXIT_USAGE;
	default: return 0;
	}
}

static int usage(const char *what, const char *arg)
{
	fprintf(stderr, "ctrace finish: %s%s%s; try ctrace finish --help\n", what, arg ? ": " : "",
		arg ? arg : "");
	return CT_EXIT_USAGE;
}

int ct_cmd_finish(int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *output = NULL;
	int status = 0, c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		switch (c) {
		case 'o': output = optarg; break;
		case 'h': fputs(help, stdout); return 0;
		case ':': return usage("needs a value", argv[optind - 1]);
		default: return usage("unknown option", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage("which trace?", NULL);
	if (output && (!*output || optind + 1 != argc))
		return usage(*output ? "-o takes one file" : "-o wants a file name", NULL);
	for (; optind < argc; optind++) {
		int one = finish_one(argv[optind], output);

		status = one > status ? one : status;
	}
	if (fflush(stdout) != 0) {
		perror("ctrace finish");
		return CT_EXIT_DAMAGED;
	}
	return status;
}
