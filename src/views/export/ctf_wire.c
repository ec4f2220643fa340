/*
 * ctf_wire.c - see ctf_wire.h: packets.
 */
#include "views/export/ctf_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/export/go_text.h"

#define MAGIC 0xc1fc1fc1u
#define PACKET_BYTES                                                                               \
	(256u * 1024) /* a packet is full when it has so many; its last event may be of any size */

/* Where in a packet's head what is known at its end goes. */
#define AT_FROM	     24
#define AT_TO	     32
#define AT_CONTENT   40
#define AT_SIZE	     48
#define AT_DISCARDED 64

static unsigned char *more(struct ct_ctf_wire *w, size_t n)
{
	unsigned char *p;
	size_t room;

	if (w->error)
		return NULL;
	if (w->used + n > w->room) {
		room = w->used + n + PACKET_BYTES;
		p = realloc(w->bytes, room);
		if (!p) {
			w->error = -ENOMEM;
			return NULL;
		}
		w->bytes = p;
		w->room = room;
	}
	p = w->bytes + w->used;
	w->used += n;
	return p;
}

static void store(unsigned char *p, uint64_t value, size_t n)
{
	size_t i;

	for (i = 0; p && i < n; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

static void put(struct ct_ctf_wire *w, uint64_t value, size_t n)
{
	store(more(w, n), value, n);
}

static void begin_packet(struct ct_ctf_wire *w, uint64_t ns)
{
	unsigned char *p;

	put(w, MAGIC, 4);
	p = more(w, sizeof(w->uuid));
	if (p)
		memcpy(p, w->uuid, sizeof(w->uuid));
	put(w, 0, 4); /* stream */
	put(w, 0, 8); /* from */
	put(w, 0, 8); /* to */
	put(w, 0, 8); /* bits of content */
	put(w, 0, 8); /* bits in all */
	put(w, w->packets, 8);
	put(w, 0, 8); /* discarded */
	w->from_ns = ns;
}

static void end_packet(struct ct_ctf_wire *w)
{
	if (w->error || !w->used)
		return;
	store(w->bytes + AT_FROM, w->from_ns, 8);
	store(w->bytes + AT_TO, w->last_ns, 8);
	store(w->bytes + AT_CONTENT, (uint64_t)w->used * 8, 8);
	store(w->bytes + AT_SIZE, (uint64_t)w->used * 8, 8);
	store(w->bytes + AT_DISCARDED, w->discarded, 8);
	if (fwrite(w->bytes, 1, w->used, w->f) != w->used)
		w->error = errno ? -errno : -EIO;
	w->written += w->used;
	w->packets++;
	w->used = 0;
}

void ct_ctf_event(struct ct_ctf_wire *w, enum ct_ctf_event id, uint64_t ns, uint32_t pid,
		  uint32_t tid, uint32_t serial)
{
	if (ns < w->last_ns)
		ns = w->last_ns;
	if (w->used >= PACKET_BYTES)
		end_packet(w);
	if (!w->used)
		begin_packet(w, ns);
	w->last_ns = ns;
	put(w, id, 2);
	put(w, ns, 8);
	put(w, pid, 4);
	put(w, tid, 4);
	put(w, serial, 4);
	w->events++;
}

void ct_ctf_u8(struct ct_ctf_wire *w, uint8_t value)
{
	put(w, value, 1);
}

void ct_ctf_u32(struct ct_ctf_wire *w, uint32_t value)
{
	put(w, value, 4);
}

void ct_ctf_u64(struct ct_ctf_wire *w, uint64_t value)
{
	put(w, value, 8);
}

void ct_ctf_text(struct ct_ctf_wire *w, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	unsigned char *p = more(w, n + 1);

	if (!p)
		return;
	n = ct_go_text_clean((char *)p, n, text);
	p[n] = 0;
	w->used = (size_t)(p - w->bytes) + n + 1;
}

void ct_ctf_flush(struct ct_ctf_wire *w)
{
	if (!w->used && !w->packets)
		begin_packet(w, w->last_ns);
	end_packet(w);
}

void ct_ctf_finish(struct ct_ctf_wire *w)
{
	if (!w->used)
		begin_packet(w, w->last_ns); /* it may have to tell of what was lost */
	end_packet(w);
	free(w->bytes);
	w->bytes = NULL;
	w->room = 0;
}
