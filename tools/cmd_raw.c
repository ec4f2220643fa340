/*
 * cmd_raw.c - `ctrace raw`: a trace as text, and text as a trace.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "file/text.h"
#include "file/words.h"
#include "read/dump.h"

static const char help[] =
	"usage: ctrace raw [options] TRACE\n"
	"       ctrace raw --encode TEXT -o TRACE\n"
	"\n"
	"Prints a trace as text, a line for everything in it: what `--encode` reads back is the "
	"same\n"
	"trace.  With any of the options below only records are printed, in the order of time, "
	"each\n"
	"below a line that says where it comes from.\n"
	"\n"
	"  --thread T    only records of one thread: tid or #serial\n"
	"  --from S      only records S seconds or more after the start\n"
	"  --to S        only records at most S seconds after the start\n"
	"  --event NAME  only these events: names of events.def, separated by commas\n"
	"  --records     all records\n"
	"  --json        a JSON object for each record, a line each\n"
	"\n"
	"  --encode TEXT make a trace of text; - is standard input\n"
	"  -o TRACE      the file to write\n"
	"  --help        this text\n"
	"\n"
	"example: ctrace raw --event wait,wake --from 1.5 --to 1.6 server.ctrace\n";

struct arguments {
	const char *thread, *encode, *output, *path;
	double from, to;
	uint64_t events;
	bool records, json, has_from, has_to;
};

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "ctrace raw: %s%s%s; try ctrace raw --help\n", what, word ? ": " : "",
		word ? word : "");
	return CT_EXIT_USAGE;
}

/* Names separated by commas as a mask of events; 0 when one is unknown. */
static uint64_t event_mask(const char *names)
{
	uint64_t mask = 0;
	char one[32];
	size_t n;

	for (; *names; names += n + (names[n] == ',')) {
		unsigned event;

		n = strcspn(names, ",");
		snprintf(one, sizeof(one), "%.*s", (int)n, names);
		event = ct_event_find(one);
		if (!event)
			return 0;
		mask |= 1ull << event;
	}
	return mask;
}

static bool seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0 && *out < 1e9;
}

static int parse(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"thread", required_argument, NULL, 't'}, {"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 'u'},	  {"event", required_argument, NULL, 'e'},
		{"records", no_argument, NULL, 'r'},	  {"json", no_argument, NULL, 'j'},
		{"encode", required_argument, NULL, 'E'}, {"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (c) {
		case 't': a->thread = optarg; break;
		case 'f':
			a->has_from = true;
			if (!seconds(optarg, &a->from))
				return usage("--from takes seconds", optarg);
			break;
		case 'u':
			a->has_to = true;
			if (!seconds(optarg, &a->to))
				return usage("--to takes seconds", optarg);
			break;
		case 'e':
			a->events = event_mask(optarg);
			if (!a->events)
				return usage("no such event", optarg);
			break;
		case 'r': a->records = true; break;
		case 'j': a->json = true; break;
		case 'E': a->encode = optarg; break;
		case 'o': a->output = optarg; break;
		case 'h': fputs(help, stdout); return 0;
		default: return usage("unknown option, or one without its value", argv[optind - 1]);
		}
	}
	a->path = argv[optind];
	if (a->encode ? a->path != NULL : !a->path || argv[optind + 1])
		return usage("expected one trace", NULL);
	if (!a->encode != !a->output)
		return usage("--encode and -o go together", NULL);
	return -1;
}

static int encode(const struct arguments *a)
{
	bool standard = !strcmp(a->encode, "-");
	FILE *in = standard ? stdin : fopen(a->encode, "re");
	char why[512];
	int err;

	if (!in) {
		fprintf(stderr, "ctrace raw: %s: %s\n", a->encode, strerror(errno));
		return CT_EXIT_USAGE;
	}
	err = ct_text_parse(in, standard ? "<stdin>" : a->encode, a->output, why, sizeof(why));
	if (!standard)
		fclose(in);
	if (err)
		fprintf(stderr, "ctrace raw: %s\n", why);
	return err ? CT_EXIT_USAGE : 0;
}

/* A tid names a thread as long as it was used once; else its serial number must be said. */
static int find_thread(struct ct_trace *t, const char *name, uint32_t *serial)
{
	struct ct_filter filter = CT_FILTER_NONE;
	const struct ct_event *e;
	struct ct_walk *w;
	unsigned long tid;
	char *end;
	int err;

	tid = strtoul(name + (*name == '#'), &end, 10);
	if (!tid || *end || tid > UINT32_MAX)
		return usage("--thread takes a tid or #serial", name);
	*serial = *name == '#' ? (uint32_t)tid : 0;
	if (*serial)
		return 0;
	err = ct_walk_open(t, CT_ORDER_CHUNK, &filter, &w);
	if (err)
		return -err;
	while ((err = ct_walk_next(w, &e)) > 0) {
		if (e->tid != tid || e->thread == *serial)
			continue;
		if (*serial) {
			fprintf(stderr, "ctrace raw: several threads had tid %lu: say #%u or #%u\n",
				tid, *serial, e->thread);
			err = CT_EXIT_USAGE;
			break;
		}
		*serial = e->thread;
	}
	ct_walk_close(w);
	if (!err && !*serial)
		return usage("no thread had this tid", name);
	return err < 0 ? -err : err;
}

static int print(struct ct_trace *t, const struct arguments *a)
{
	uint64_t start = ct_trace_ns(t, ct_trace_info(t)->first_ticks);
	struct ct_filter filter = CT_FILTER_NONE;
	int err;

	if (!a->records && !a->json && !a->thread && !a->has_from && !a->has_to && !a->events)
		return ct_trace_dump(t, stdout);
	if (a->thread) {
		err = find_thread(t, a->thread, &filter.thread);
		if (err)
			return err;
	}
	filter.events = a->events;
	if (a->has_from)
		filter.from_ticks = ct_trace_ticks(t, start + (uint64_t)(a->from * 1e9));
	if (a->has_to)
		filter.to_ticks = ct_trace_ticks(t, start + (uint64_t)(a->to * 1e9) + 1) - 1;
	return ct_trace_dump_records(t, &filter, a->json, stdout);
}

int ct_cmd_raw(int argc, char **argv)
{
	struct arguments a = {0};
	const struct ct_trace_damage *damage;
	struct ct_trace *t;
	uint64_t more;
	char why[512];
	size_t n, i;
	int status = parse(&a, argc, argv), err;

	if (status >= 0)
		return status;
	if (a.encode)
		return encode(&a);
	if (ct_trace_open(a.path, &t, why, sizeof(why)) < 0) {
		fprintf(stderr, "ctrace raw: %s\n", why);
		return CT_EXIT_USAGE;
	}
	err = print(t, &a);
	if (err < 0 || fflush(stdout) != 0) {
		fprintf(stderr, "ctrace raw: %s\n", ct_err_text(err < 0 ? err : -errno));
		status = CT_EXIT_DAMAGED;
	} else {
		status = err;
	}
	n = ct_trace_damage(t, &damage, &more);
	for (i = 0; i < n; i++)
		fprintf(stderr, "ctrace raw: %s: offset %llu: %s\n", a.path,
			(unsigned long long)damage[i].offset, damage[i].text);
	ct_trace_close(t);
	return n && !status ? CT_EXIT_DAMAGED : status;
}
