/*
 * frames.h - a sample's stack as names of functions, for the forms that know no addresses.
 *
 * Functions of one name are one.  Inlined functions have a name of their own; a frame without a symbol is `module+0xoffset`.
 */
#ifndef CT_VIEWS_PROFILE_FRAMES_H
#define CT_VIEWS_PROFILE_FRAMES_H

#include <stddef.h>

#include "views/profile/profile.h"

struct ct_frames {
	struct ct_profile *p;
	struct ct_strings names, files;
	uint32_t *file; /* by name: in files, of the first one of that name; 0 unknown */
	uint32_t file_room;
	struct ct_table known; /* frame -> its names, in ids */
	uint32_t *ids;
	uint32_t id_n, id_room;
	uint32_t *stack; /* the answer of ct_frames_of() */
	bool failed;
};

/*
 * ct_frames_init - for a profile, which must outlive it
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_frames_init(struct ct_frames *f, struct ct_profile *p);

/*
 * ct_frames_of - names of a sample's functions, outermost first
 * @ids: out: numbers in f->names, valid until the next call
 * Returns their number, at least 1; when out of memory f->failed is set and some may be missing.
 * Context: tools.
 */
size_t ct_frames_of(struct ct_frames *f, const struct ct_sample *s, const uint32_t **ids);

/*
 * ct_frames_free - give it back
 * Context: tools.
 */
void ct_frames_free(struct ct_frames *f);

#endif
