/*
 * header.c - the first 4096 bytes of a trace: is this one of ours, and may we read it?  Everything a reader refuses is refused
 * here, in one line; whatever is wrong behind the header is damage and not an error.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace_int.h"

/* Strings of the header may fill their field; ours always end. */
static void terminate(struct ct_header *h)
{
	h->arena_path[sizeof(h->arena_path) - 1] = 0;
	h->host[sizeof(h->host) - 1] = 0;
	h->kernel[sizeof(h->kernel) - 1] = 0;
	h->version[sizeof(h->version) - 1] = 0;
}

static int refuse(int err, char *why, size_t why_size, const char *path, const char *text)
{
	if (why_size)
		snprintf(why, why_size, "%s: %s", path, text);
	return err;
}

int ct_header_read(const struct ct_source *s, const char *path, struct ct_header *out, char *why,
		   size_t why_size)
{
	static const struct ct_header blank;
	char text[128];
	int64_t n;

	*out = blank;
	n = ct_source_read(s, 0, out, sizeof(*out));
	if (n < 0)
		return refuse((int)n, why, why_size, path, strerror((int)-n));
	if (n == 0)
		return refuse(-CT_ERR_FOREIGN, why, why_size, path, "the file is empty");
	if (n < 8 || out->magic != CT_MAGIC)
		return refuse(-CT_ERR_FOREIGN, why, why_size, path, "not a ctrace file");
	if (n >= 12 && out->major != CT_FORMAT_MAJOR) {
		snprintf(text, sizeof(text), "format version %u.%u; this ctrace reads %u.x",
			 (unsigned)out->major, (unsigned)out->minor, (unsigned)CT_FORMAT_MAJOR);
		return refuse(-CT_ERR_NEWER, why, why_size, path, text);
	}
	if (n < (int64_t)sizeof(*out)) {
		snprintf(text, sizeof(text),
			 "the file ends inside its header (%" PRId64 " of %d bytes)", n,
			 CT_HEADER_BYTES);
		return refuse(-CT_ERR_TRUNCATED, why, why_size, path, text);
	}
	if (out->features & ~CT_FEATURES_KNOWN) {
		snprintf(text, sizeof(text),
			 "needs features 0x%" PRIx64 " that this ctrace does not know",
			 (uint64_t)(out->features & ~CT_FEATURES_KNOWN));
		return refuse(-CT_ERR_NEWER, why, why_size, path, text);
	}
	if (out->header_bytes != CT_HEADER_BYTES ||
	    (out->container != CT_ARENA && out->container != CT_STREAM))
		return refuse(-CT_ERR_DAMAGED, why, why_size, path, "the header is damaged");
	terminate(out);
	return 0;
}
