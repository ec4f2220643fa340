/*
 * members.c - the tables of text_int.h, and printing by them.
 */
#include <inttypes.h>
#include <string.h>

#include "text_int.h"

#define ROW(key, type, member, kind, always, fallback)                                             \
	{                                                                                          \
		key, offsetof(struct type, member), sizeof(((struct type *)0)->member), kind,      \
			always, fallback                                                           \
	}
#define M(type, member, kind)		      ROW(#member, type, member, kind, false, 0)
#define MK(key, type, member, kind)	      ROW(key, type, member, kind, false, 0)
#define MD(key, type, member, kind, fallback) ROW(key, type, member, kind, false, fallback)
#define MA(key, type, member, kind)	      ROW(key, type, member, kind, true, 0)
#define END                                                                                        \
	{                                                                                          \
		NULL, 0, 0, 0, false, 0                                                            \
	}

const struct ct_member ct_header_members[] = {
	MD("major", ct_header, major, CT_MEMBER_NUMBER, CT_FORMAT_MAJOR),
	MD("minor", ct_header, minor, CT_MEMBER_NUMBER, CT_FORMAT_MINOR),
	MK("features", ct_header, features, CT_MEMBER_HEX),
	MD("machine", ct_header, machine, CT_MEMBER_NUMBER, 62),
	M(ct_header, trace_id, CT_MEMBER_BYTES),
	MD("policy", ct_header, policy, CT_MEMBER_NUMBER, CT_POLICY_STREAM),
	MD("clock", ct_header, clock, CT_MEMBER_NUMBER, CT_CLOCK_MONOTONIC),
	M(ct_header, tick_shift, CT_MEMBER_NUMBER),
	MD("ticks_per_second", ct_header, ticks_per_second, CT_MEMBER_NUMBER, 1000000000),
	M(ct_header, wait_threshold_ticks, CT_MEMBER_NUMBER),
	M(ct_header, call_threshold_ticks, CT_MEMBER_NUMBER),
	M(ct_header, wait_threshold_ns, CT_MEMBER_NUMBER),
	M(ct_header, call_threshold_ns, CT_MEMBER_NUMBER),
	M(ct_header, next_thread, CT_MEMBER_NUMBER),
	M(ct_header, clock_samples, CT_MEMBER_NUMBER),
	M(ct_header, recorder_pid, CT_MEMBER_NUMBER),
	MD("finished", ct_header, finished, CT_MEMBER_NUMBER, 1),
	M(ct_header, start_mono_ns, CT_MEMBER_NUMBER),
	M(ct_header, start_real_ns, CT_MEMBER_NUMBER),
	M(ct_header, end_mono_ns, CT_MEMBER_NUMBER),
	M(ct_header, arena_path, CT_MEMBER_TEXT),
	M(ct_header, host, CT_MEMBER_TEXT),
	M(ct_header, kernel, CT_MEMBER_TEXT),
	M(ct_header, version, CT_MEMBER_TEXT),
	END};

const struct ct_member ct_process_members[] = {
	MD("state", ct_process_rec, state, CT_MEMBER_NUMBER, CT_PROC_LIVE),
	M(ct_process_rec, pid, CT_MEMBER_NUMBER),
	M(ct_process_rec, ppid, CT_MEMBER_NUMBER),
	M(ct_process_rec, forked_from, CT_MEMBER_NUMBER),
	MK("begin", ct_process_rec, begin_ticks, CT_MEMBER_NUMBER),
	MK("end", ct_process_rec, end_ticks, CT_MEMBER_NUMBER),
	MK("exit", ct_process_rec, exit_status, CT_MEMBER_NUMBER),
	M(ct_process_rec, exe, CT_MEMBER_STRING),
	M(ct_process_rec, cmdline, CT_MEMBER_STRING),
	M(ct_process_rec, glibc, CT_MEMBER_NUMBER),
	M(ct_process_rec, flags, CT_MEMBER_NUMBER),
	MK("ns", ct_process_rec, pid_namespace, CT_MEMBER_NUMBER),
	M(ct_process_rec, next_image, CT_MEMBER_NUMBER),
	M(ct_process_rec, outside_pid, CT_MEMBER_NUMBER),
	M(ct_process_rec, outside_parent, CT_MEMBER_NUMBER),
	M(ct_process_rec, looks, CT_MEMBER_NUMBER),
	MK("ipc", ct_process_rec, ipc_namespace, CT_MEMBER_NUMBER),
	M(ct_process_rec, deepbind_loads, CT_MEMBER_NUMBER),
	M(ct_process_rec, deepbind_path, CT_MEMBER_STRING),
	M(ct_process_rec, namespace_loads, CT_MEMBER_NUMBER),
	M(ct_process_rec, namespace_path, CT_MEMBER_STRING),
	END};

const struct ct_member ct_blind_members[] = {MA("process", ct_blind_rec, process, CT_MEMBER_NUMBER),
					     MA("kind", ct_blind_rec, kind, CT_MEMBER_NUMBER),
					     M(ct_blind_rec, path, CT_MEMBER_STRING),
					     M(ct_blind_rec, detail, CT_MEMBER_STRING),
					     M(ct_blind_rec, count, CT_MEMBER_NUMBER),
					     END};

const struct ct_member ct_thread_members[] = {
	MA("thread", ct_thread_rec, thread, CT_MEMBER_NUMBER),
	M(ct_thread_rec, process, CT_MEMBER_NUMBER),
	M(ct_thread_rec, tid, CT_MEMBER_NUMBER),
	MK("begin", ct_thread_rec, begin_ticks, CT_MEMBER_NUMBER),
	MK("end", ct_thread_rec, end_ticks, CT_MEMBER_NUMBER),
	M(ct_thread_rec, records, CT_MEMBER_NUMBER),
	M(ct_thread_rec, waits, CT_MEMBER_NUMBER),
	M(ct_thread_rec, name, CT_MEMBER_TEXT),
	END};

const struct ct_member ct_module_members[] = {
	MD("state", ct_module_rec, state, CT_MEMBER_NUMBER, 2),
	M(ct_module_rec, path, CT_MEMBER_STRING),
	M(ct_module_rec, build_id, CT_MEMBER_BYTES),
	M(ct_module_rec, build_id_len, CT_MEMBER_NUMBER),
	MK("lo", ct_module_rec, vaddr_lo, CT_MEMBER_HEX),
	MK("hi", ct_module_rec, vaddr_hi, CT_MEMBER_HEX),
	MK("first_seen", ct_module_rec, first_seen_ticks, CT_MEMBER_NUMBER),
	END};

const struct ct_member ct_node_members[] = {MA("frame", ct_trie_node, frame, CT_MEMBER_FRAME),
					    MK("parent", ct_trie_node, parent, CT_MEMBER_STACK),
					    END};

const struct ct_member ct_slot_members[] = {
	M(ct_slot, process, CT_MEMBER_NUMBER),
	M(ct_slot, tid, CT_MEMBER_NUMBER),
	M(ct_slot, thread, CT_MEMBER_NUMBER),
	M(ct_slot, parent, CT_MEMBER_NUMBER),
	M(ct_slot, routine, CT_MEMBER_FRAME),
	MK("begin", ct_slot, begin_ticks, CT_MEMBER_NUMBER),
	M(ct_slot, name, CT_MEMBER_TEXT),
	MK("lost", ct_slot, lost_total, CT_MEMBER_NUMBER),
	M(ct_slot, waits, CT_MEMBER_NUMBER),
	MK("op", ct_slot, inflight.op, CT_MEMBER_OP),
	MK("object", ct_slot, inflight.object, CT_MEMBER_ADDR),
	MK("start", ct_slot, inflight.start_ticks, CT_MEMBER_NUMBER),
	MK("owner", ct_slot, inflight.owner, CT_MEMBER_NUMBER),
	MK("stack", ct_slot, inflight.stack, CT_MEMBER_STACK),
	MK("site", ct_slot, inflight.site, CT_MEMBER_HEX),
	MK("mutex", ct_slot, inflight.mutex, CT_MEMBER_ADDR),
	END};

const struct ct_member ct_chunk_members[] = {
	MA("slot", ct_chunk, slot, CT_MEMBER_NUMBER),
	MA("seq", ct_chunk, sequence, CT_MEMBER_NUMBER),
	MA("process", ct_chunk, process, CT_MEMBER_NUMBER),
	MA("thread", ct_chunk, thread, CT_MEMBER_NUMBER),
	MA("tid", ct_chunk, tid, CT_MEMBER_NUMBER),
	MA("base", ct_chunk, base_ticks, CT_MEMBER_NUMBER),
	MA("mono", ct_chunk, base_mono_ns, CT_MEMBER_NUMBER),
	MK("lost", ct_chunk, lost, CT_MEMBER_NUMBER),
	MK("epoch", ct_chunk, epoch, CT_MEMBER_NUMBER),
	MD("state", ct_chunk, state, CT_MEMBER_NUMBER, CT_CHUNK_SEALED),
	END};

uint64_t ct_member_get(const struct ct_member *m, const void *row)
{
	uint64_t v = 0;

	memcpy(&v, (const char *)row + m->offset, m->bytes < 8 ? m->bytes : 8);
	return v;
}

void ct_member_set(const struct ct_member *m, void *row, uint64_t v)
{
	memcpy((char *)row + m->offset, &v, m->bytes < 8 ? m->bytes : 8);
}

static void print_text(FILE *out, const struct ct_member *m, const char *text)
{
	char copy[513] = {0};

	if (!text[0])
		return;
	memcpy(copy, text, m->bytes < sizeof(copy) ? m->bytes : sizeof(copy) - 1);
	fprintf(out, " %s=", m->key);
	ct_text_string(out, copy);
}

/* Trailing zero bytes are left out; a build-id's length stands beside it. */
static void print_bytes(FILE *out, const struct ct_member *m, const uint8_t *bytes)
{
	unsigned n = m->bytes, i;

	while (n && !bytes[n - 1])
		n--;
	if (!n)
		return;
	fprintf(out, " %s=", m->key);
	for (i = 0; i < n; i++)
		fprintf(out, "%02x", bytes[i]);
}

static void print_members(FILE *out, const struct ct_member *m, const void *row)
{
	for (; m->key; m++) {
		const void *at = (const char *)row + m->offset;
		uint64_t v;

		if (m->kind == CT_MEMBER_TEXT) {
			print_text(out, m, at);
			continue;
		}
		if (m->kind == CT_MEMBER_BYTES) {
			print_bytes(out, m, at);
			continue;
		}
		v = ct_member_get(m, row);
		if (v == m->fallback && !m->always)
			continue;
		fprintf(out, " %s=", m->key);
		if (m->kind == CT_MEMBER_FRAME)
			ct_text_frame(out, v);
		else if (m->kind == CT_MEMBER_OP && ct_op_name(v))
			fputs(ct_op_name(v), out);
		else if (m->kind == CT_MEMBER_HEX || (m->kind == CT_MEMBER_ADDR && v > 4096))
			fprintf(out, "0x%" PRIx64, v);
		else
			fprintf(out, "%" PRIu64, v);
	}
}

void ct_text_header(FILE *out, const struct ct_header *row)
{
	print_members(out, ct_header_members, row);
}

void ct_text_process(FILE *out, const struct ct_process_rec *row)
{
	print_members(out, ct_process_members, row);
}

void ct_text_blind(FILE *out, const struct ct_blind_rec *row)
{
	print_members(out, ct_blind_members, row);
}

void ct_text_thread(FILE *out, const struct ct_thread_rec *row)
{
	print_members(out, ct_thread_members, row);
}

void ct_text_module(FILE *out, const struct ct_module_rec *row)
{
	static const uint8_t none[sizeof(row->build_id)];

	print_members(out, ct_module_members, row);
	/* which is what it is when not said, unless there are bytes */
	if (!row->build_id_len && memcmp(row->build_id, none, sizeof(none)) != 0)
		fputs(" build_id_len=0", out);
}

void ct_text_node(FILE *out, const struct ct_trie_node *row)
{
	print_members(out, ct_node_members, row);
}

void ct_text_slot(FILE *out, const struct ct_slot *row)
{
	print_members(out, ct_slot_members, row);
}

void ct_text_chunk(FILE *out, const struct ct_chunk *head)
{
	print_members(out, ct_chunk_members, head);
}
