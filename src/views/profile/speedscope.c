/*
 * speedscope.c - JSON of speedscope.app: one profile of weighted stacks.
 */
#include "views/profile/frames.h"

#include <errno.h>

#include <ctrace/version.h>

#include "views/analyze/json.h"

/* Numbers stand in a line each of their own in the JSON of commands; here there would be millions. */
static void put_stacks(struct ct_frames *f, FILE *out)
{
	struct ct_profile *p = f->p;
	const uint32_t *ids;
	uint32_t i;
	size_t n, k;

	for (i = 0; i < p->samples.count; i++) {
		n = ct_frames_of(f, ct_profile_sample(p, i), &ids);
		fprintf(out, "%s\n[", i ? "," : "");
		for (k = 0; k < n; k++)
			fprintf(out, "%s%u", k ? "," : "", ids[k]);
		fputc(']', out);
	}
}

int ct_profile_speedscope(struct ct_profile *p, FILE *out)
{
	struct ct_frames f;
	struct ct_json j;
	uint64_t all = 0;
	uint32_t i;
	int err = ct_frames_init(&f, p);

	if (err)
		return err;
	ct_json_start(&j, out);
	ct_json_text(&j, "$schema", "https://www.speedscope.app/file-format-schema.json");
	ct_json_text(&j, "exporter", "ctrace " CTRACE_VERSION);
	ct_json_text(&j, "name", ct_profile_name(p->o.kind));
	ct_json_array(&j, "comments");
	for (i = 0; i < p->comments; i++)
		ct_json_text(&j, NULL, p->comment[i]);
	ct_json_close(&j, ']');
	ct_json_array(&j, "profiles");
	ct_json_object(&j, NULL);
	ct_json_text(&j, "type", "sampled");
	ct_json_text(&j, "name", ct_profile_name(p->o.kind));
	ct_json_text(&j, "unit", "nanoseconds");
	ct_json_array(&j, "samples");
	put_stacks(&f, out);
	j.first = !p->samples.count;
	ct_json_close(&j, ']');
	ct_json_array(&j, "weights");
	for (i = 0; i < p->samples.count; i++) {
		uint64_t ns = ct_view_ns(p->v, ct_profile_sample(p, i)->total);

		all += ns;
		ct_json_number(&j, NULL, ns);
	}
	ct_json_close(&j, ']');
	ct_json_number(&j, "startValue", 0);
	ct_json_number(&j, "endValue", all);
	ct_json_close(&j, '}');
	ct_json_close(&j, ']');
	ct_json_object(&j, "shared");
	ct_json_array(&j, "frames");
	for (i = 0; i < f.names.count; i++) {
		ct_json_object(&j, NULL);
		ct_json_text(&j, "name", ct_strings_at(&f.names, i));
		if (i && i < f.file_room && f.file[i])
			ct_json_text(&j, "file", ct_strings_at(&f.files, f.file[i]));
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_close(&j, '}');
	ct_json_finish(&j);
	err = f.failed ? -ENOMEM : 0;
	ct_frames_free(&f);
	return err;
}
