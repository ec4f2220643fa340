/*
 * ctf_wire.h - one stream of a CTF 1.8 trace, packet after packet, and the text that says what is in it.
 *
 *	metadata   text (TSDL): types, clock, events: ctf_wire_metadata()
 *	stream_0   packet | packet | ...     packet: header (magic, uuid, stream), context (times, sizes, discarded events), events
 *
 * All threads are in one stream, because the events come in order of time already and a viewer opens every stream's file.
 * Everything is little-endian and aligned to bytes.  Errors are kept: look at `error` when done.
 */
#ifndef CT_VIEWS_CTF_WIRE_H
#define CT_VIEWS_CTF_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum ct_ctf_event {
	CT_CTF_PROCESS,
	CT_CTF_THREAD_BEGIN,
	CT_CTF_THREAD_END,
	CT_CTF_STATE,
	CT_CTF_WAIT_BEGIN,
	CT_CTF_WAIT_END,
	CT_CTF_STACK,
	CT_CTF_LOST,
	CT_CTF_NOTE,
	CT_CTF_TASK_BEGIN,
	CT_CTF_TASK_END,
	CT_CTF_REGION_BEGIN,
	CT_CTF_REGION_END,
	CT_CTF_LOG,
	CT_CTF_EVENTS
};

struct ct_ctf_wire {
	FILE *f;
	uint8_t uuid[16];
	unsigned char *bytes; /* the packet that is being filled */
	size_t used, room;
	uint64_t from_ns, last_ns; /* of its events */
	uint64_t packets, events, written;
	uint64_t discarded; /* events that are missing up to now; the caller counts it up */
	int error;	    /* 0 or negative */
};

/*
 * ct_ctf_event - begin an event; its fields follow
 * @ns: when; raised when it is before the one before
 * @pid, @tid, @serial: of the thread it is about, 0 of none
 * Context: tools.
 */
void ct_ctf_event(struct ct_ctf_wire *w, enum ct_ctf_event id, uint64_t ns, uint32_t pid,
		  uint32_t tid, uint32_t serial);

/*
 * ct_ctf_u8, ct_ctf_u32, ct_ctf_u64, ct_ctf_text - a field
 * A text is made UTF-8 without control characters; NULL: "".
 * Context: tools.
 */
void ct_ctf_u8(struct ct_ctf_wire *w, uint8_t value);
void ct_ctf_u32(struct ct_ctf_wire *w, uint32_t value);
void ct_ctf_u64(struct ct_ctf_wire *w, uint64_t value);
void ct_ctf_text(struct ct_ctf_wire *w, const char *text);

/*
 * ct_ctf_flush - end the packet, an empty one if it is the first
 * Viewers know how much was discarded only from one packet to the next.
 * Context: tools.
 */
void ct_ctf_flush(struct ct_ctf_wire *w);

/*
 * ct_ctf_finish - write the last packet, and forget what was kept
 * Context: tools.
 */
void ct_ctf_finish(struct ct_ctf_wire *w);

/* What the metadata says besides types and events. */
struct ct_ctf_env {
	const uint8_t *uuid;
	const char *host, *file;
	uint64_t start_mono_ns, start_real_ns;
	uint64_t short_wait_ns, short_call_ns;
};

/*
 * ct_ctf_metadata - the text
 * Context: tools.
 */
void ct_ctf_metadata(FILE *f, const struct ct_ctf_env *env);

#endif
