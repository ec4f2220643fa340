/*
 * ctf_metadata.c - see ctf_wire.h: the text that describes a stream.  The order of events is that of enum ct_ctf_event, and the fields of each are in
 * the order that ctf.c writes them.
 */
#include <string.h>

#include <ctrace/format.h>
#include <ctrace/version.h>

#include "file/words.h"
#include "model/states.h"
#include "views/analyze/view.h"
#include "views/export/ctf_wire.h"
#include "views/export/go_text.h"

static const char types[] =
	"typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
	"typealias integer { size = 16; align = 8; signed = false; } := uint16_t;\n"
	"typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
	"typealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
	"typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
	"typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
	"typealias integer { size = 64; align = 8; signed = false; base = 16; } := address_t;\n\n";

static const char stream[] =
	"typealias integer { size = 64; align = 8; signed = false;\n"
	"\tmap = clock.ctrace.value; } := time_t;\n\n"
	"stream {\n"
	"\tid = 0;\n"
	"\tevent.header := struct { uint16_t id; time_t timestamp; };\n"
	"\tevent.context := struct { uint32_t vpid; uint32_t vtid; uint32_t thread; };\n"
	"\tpacket.context := struct {\n"
	"\t\ttime_t timestamp_begin;\n"
	"\t\ttime_t timestamp_end;\n"
	"\t\tuint64_t content_size;\n"
	"\t\tuint64_t packet_size;\n"
	"\t\tuint64_t packet_seq_num;\n"
	"\t\tuint64_t events_discarded;\n"
	"\t};\n"
	"};\n\n";

static const struct {
	const char *name, *fields;
} events[CT_CTF_EVENTS] = {
	[CT_CTF_PROCESS] = {"process", "string exe; string cmdline; uint32_t parent_pid;"},
	[CT_CTF_THREAD_BEGIN] = {"thread_begin", "string name; string start; uint32_t parent;"},
	[CT_CTF_THREAD_END] = {"thread_end", "uint8_t ended;"},
	[CT_CTF_STATE] = {"state", "enum ct_state state; uint64_t until; int32_t cpu; "
				   "uint8_t seen; uint32_t wait;"},
	[CT_CTF_WAIT_BEGIN] = {"wait_begin", "uint32_t wait; enum ct_op op; enum ct_reason reason; "
					     "string object; address_t address; uint32_t stack; "
					     "uint32_t owner_tid;"},
	[CT_CTF_WAIT_END] = {"wait_end", "uint32_t wait; int64_t result; uint8_t open; "
					 "uint32_t waker; uint32_t waker_tid; "
					 "uint32_t waker_stack;"},
	[CT_CTF_STACK] = {"stack", "uint32_t stack; string frames;"},
	[CT_CTF_LOST] = {"lost", "string reason; uint64_t records; uint64_t from; uint64_t to;"},
	[CT_CTF_NOTE] = {"note", "string text;"},
	[CT_CTF_TASK_BEGIN] = {"task_begin", "uint64_t task; uint64_t parent; string name; "
					     "string unsure;"},
	[CT_CTF_TASK_END] = {"task_end", "uint64_t task; uint8_t ended;"},
	[CT_CTF_REGION_BEGIN] = {"region_begin", "uint32_t region; string name; uint64_t task; "
						 "string unsure;"},
	[CT_CTF_REGION_END] = {"region_end", "uint32_t region; uint8_t ended;"},
	[CT_CTF_LOG] = {"log", "string category; string message; uint64_t task;"},
};

/* A text in quotes, for what cannot be in one. */
static void put_text(FILE *f, const char *key, const char *text)
{
	char clean[256];
	size_t n = ct_go_text_clean(clean, sizeof(clean), text), i;

	fprintf(f, "\t%s = \"", key);
	for (i = 0; i < n; i++)
		putc(clean[i] == '"' || clean[i] == '\\' ? '?' : clean[i], f);
	fputs("\";\n", f);
}

static void put_enums(FILE *f)
{
	unsigned i;

	fputs("enum ct_state : uint8_t {\n", f);
	for (i = 0; i < CT_STATES; i++)
		fprintf(f, "\t\"%s\" = %u,\n", ct_state_name((enum ct_state)i), i);
	fputs("};\n\nenum ct_reason : uint8_t {\n", f);
	for (i = 0; i < CT_WHYS; i++)
		fprintf(f, "\t\"%s\" = %u,\n", ct_why_name((enum ct_why)i), i);
	fprintf(f, "\t\"unknown\" = %u,\n};\n\nenum ct_op : uint8_t {\n", i);
	for (i = 1; i < CT_OP_LIMIT; i++)
		if (ct_op_name(i))
			fprintf(f, "\t\"%s\" = %u,\n", ct_op_name(i), i);
	fprintf(f, "\t\"unknown\" = 0,\n};\n\n");
}

static void put_uuid(FILE *f, const uint8_t *uuid)
{
	unsigned i;

	fputs("\tuuid = \"", f);
	for (i = 0; i < 16; i++)
		fprintf(f, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	fputs("\";\n", f);
}

void ct_ctf_metadata(FILE *f, const struct ct_ctf_env *env)
{
	unsigned i;

	fputs("/* CTF 1.8 */\n\n", f);
	fputs(types, f);
	fputs("trace {\n\tmajor = 1;\n\tminor = 8;\n", f);
	put_uuid(f, env->uuid);
	fputs("\tbyte_order = le;\n"
	      "\tpacket.header := struct { uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; "
	      "};\n};\n\nenv {\n",
	      f);
	put_text(f, "domain", "ust");
	put_text(f, "tracer_name", "ctrace");
	put_text(f, "tracer_version", CTRACE_VERSION);
	put_text(f, "hostname", env->host);
	put_text(f, "ctrace_file", env->file);
	fprintf(f, "\tstart_mono_ns = %llu;\n", (unsigned long long)env->start_mono_ns);
	fprintf(f, "\tshort_wait_ns = %llu;\n", (unsigned long long)env->short_wait_ns);
	fprintf(f, "\tshort_call_ns = %llu;\n};\n\n", (unsigned long long)env->short_call_ns);
	fputs("clock {\n\tname = \"ctrace\";\n", f);
	put_uuid(f, env->uuid);
	fprintf(f,
		"\tdescription = \"ns since the start of the trace, by CLOCK_MONOTONIC\";\n"
		"\tfreq = 1000000000;\n\toffset_s = %llu;\n\toffset = %llu;\n\tabsolute = "
		"true;\n};\n\n",
		(unsigned long long)(env->start_real_ns / 1000000000),
		(unsigned long long)(env->start_real_ns % 1000000000));
	put_enums(f);
	fputs(stream, f);
	for (i = 0; i < CT_CTF_EVENTS; i++)
		fprintf(f,
			"event {\n\tname = \"ctrace:%s\";\n\tid = %u;\n\tstream_id = 0;\n"
			"\tfields := struct { %s };\n};\n\n",
			events[i].name, i, events[i].fields);
}
