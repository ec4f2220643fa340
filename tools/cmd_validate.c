/*
 * cmd_validate.c - `ctrace validate`: is a trace what FORMAT.md promises?
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "file/words.h"
#include "model/check.h"
#include "read/validate.h"

static const char help[] =
	"usage: ctrace validate [--json] TRACE...\n"
	"\n"
	"Checks every promise of the trace format: checksums, sequence numbers, times, threads "
	"that\n"
	"began, stacks and strings that exist, index and footer; and that what the other commands "
	"tell\n"
	"of it adds up: each thread is in one state at every instant of its life, each CPU has\n"
	"one thread at a time.  Prints one line for each problem.\n"
	"Records that were lost and counted are no problem, nor is a trace whose writer was "
	"killed.\n"
	"\n"
	"  --json        a JSON object for each problem, a line each: file, offset, problem, and "
	"in\n"
	"                chunks slot, chunk, thread, event; then one with file and problems\n"
	"  --help        this text\n"
	"\n"
	"exit status: 0 all is well; 1 there are problems; 2 a file is no trace\n"
	"\n"
	"example: ctrace validate server.ctrace\n";

#define SHOWN_MAX 100

struct report {
	const char *path;
	bool json;
	int64_t shown;
};

static void json_text(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putchar('"');
	for (; *p; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void tell_json(const struct report *r, const struct ct_problem *p)
{
	const char *event = ct_event_name(p->event);

	fputs("{\"file\":", stdout);
	json_text(r->path);
	printf(",\"offset\":%" PRIu64, p->offset);
	if (p->in_chunk)
		printf(",\"slot\":%u,\"chunk\":%u,\"thread\":%u", p->slot, p->sequence, p->thread);
	if (event)
		printf(",\"event\":\"%s\"", event);
	else if (p->event)
		printf(",\"event\":\"event%u\"", p->event);
	fputs(",\"problem\":", stdout);
	json_text(p->text);
	puts("}");
}

static void tell(void *arg, const struct ct_problem *p)
{
	struct report *r = arg;
	const char *event = ct_event_name(p->event);

	if (r->shown++ >= SHOWN_MAX)
		return;
	if (r->json) {
		tell_json(r, p);
		return;
	}
	printf("%s: ", r->path);
	if (p->in_chunk)
		printf("slot %u chunk %u ", p->slot, p->sequence);
	printf("offset %" PRIu64, p->offset);
	if (p->in_chunk)
		printf(" thread %u", p->thread);
	if (event)
		printf(" %s", event);
	else if (p->event)
		printf(" event%u", p->event);
	printf(": %s\n", p->text);
}

/* What is said of threads has no place in the file. */
static void tell_model(void *arg, const char *text)
{
	struct ct_problem p = {.offset = 0};

	snprintf(p.text, sizeof(p.text), "%s", text);
	tell(arg, &p);
}

/* Returns the number of problems, or a negative error. */
static int64_t find(struct ct_trace *t, struct report *r)
{
	int64_t format = ct_validate(t, tell, r), model;

	if (format < 0)
		return format;
	model = ct_model_check(t, tell_model, r);
	return model < 0 ? model : format + model;
}

static int check(const char *path, bool json)
{
	struct report r = {.path = path, .json = json};
	struct ct_trace *t;
	char why[512];
	int64_t n;

	if (ct_trace_open(path, &t, why, sizeof(why)) < 0) {
		fprintf(stderr, "ctrace validate: %s\n", why);
		return 2;
	}
	n = find(t, &r);
	if (n < 0) {
		fprintf(stderr, "ctrace validate: %s: %s\n", path, ct_err_text((int)n));
	} else if (json) {
		fputs("{\"file\":", stdout);
		json_text(path);
		printf(",\"problems\":%" PRId64 "}\n", n);
	} else if (n) {
		if (n > SHOWN_MAX)
			printf("%s: and %" PRId64 " more\n", path, n - SHOWN_MAX);
	} else {
		printf("%s: ok, %" PRIu64 " records in %" PRIu64 " chunks%s\n", path,
		       ct_trace_info(t)->records, ct_trace_info(t)->chunks,
		       ct_trace_info(t)->finished || ct_trace_info(t)->container == CT_ARENA
			       ? ""
			       : ", not finished");
	}
	ct_trace_close(t);
	return n != 0;
}

int ct_cmd_validate(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool json = false;
	int status = 0, c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'j': json = true; break;
		case 'h': fputs(help, stdout); return 0;
		default:
			fprintf(stderr,
				"ctrace validate: unknown option: %s; try ctrace validate --help\n",
				argv[optind - 1]);
			return CT_EXIT_USAGE;
		}
	}
	if (optind == argc) {
		fputs("ctrace validate: expected a trace; try ctrace validate --help\n", stderr);
		return CT_EXIT_USAGE;
	}
	for (; optind < argc; optind++) {
		int one = check(argv[optind], json);

		status = one > status ? one : status;
	}
	if (fflush(stdout) != 0) {
		fprintf(stderr, "ctrace validate: %s\n", strerror(errno));
		return CT_EXIT_DAMAGED;
	}
	return status;
}
