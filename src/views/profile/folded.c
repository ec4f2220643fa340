/*
 * folded.c - a line for each stack, "root;mid;leaf nanoseconds", as flamegraph.pl, inferno and speedscope read it.  The format has no place
 * for comments.
 */
#include "views/profile/frames.h"

#include <errno.h>

/* A semicolon parts frames. */
static void put_frame(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : *name, out);
}

int ct_profile_folded(struct ct_profile *p, FILE *out)
{
	struct ct_frames f;
	const uint32_t *ids;
	uint32_t i;
	size_t n, k;
	int err = ct_frames_init(&f, p);

	for (i = 0; i < p->samples.count && !err; i++) {
		const struct ct_sample *s = ct_profile_sample(p, i);

		n = ct_frames_of(&f, s, &ids);
		for (k = 0; k < n; k++) {
			if (k)
				fputc(';', out);
			put_frame(out, ct_strings_at(&f.names, ids[k]));
		}
		fprintf(out, " %llu\n", (unsigned long long)ct_view_ns(p->v, s->total));
		err = f.failed ? -ENOMEM : 0;
	}
	ct_frames_free(&f);
	return err;
}
