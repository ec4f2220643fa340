/*
 * text.c - prints pieces of the text form.  parse.c reads them back; text.h says what they look like.
 */
#include "text.h"

#include <inttypes.h>
#include <string.h>

#include "words.h"

void ct_text_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putc('"', out);
	for (; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\x%02x", *p);
		else
			putc(*p, out);
	}
	putc('"', out);
}

void ct_text_frame(FILE *out, uint64_t frame)
{
	uint64_t module = frame >> CT_FRAME_MODULE_SHIFT;

	if (module == 0)
		fprintf(out, "0x%" PRIx64, frame);
	else if (module == CT_MODULE_TRUNCATED)
		fprintf(out, "stop:%" PRIu64,
			(uint64_t)(frame & ((1ull << CT_FRAME_MODULE_SHIFT) - 1)));
	else
		fprintf(out, "%" PRIu64 ":0x%" PRIx64 "%s", module,
			(uint64_t)(frame & CT_FRAME_OFFSET), frame & CT_FRAME_EXACT ? "!" : "");
}

void ct_text_thread_name(const struct ct_record *r, char *name)
{
	memcpy(name, &r->v[CT_F_thread_name_name_lo], 8);
	memcpy(name + 8, &r->v[CT_F_thread_name_name_hi], 8);
	name[16] = 0;
}

/* A thread's name is sent as two numbers; as text only if the text gives the same numbers back. */
static bool name_is_clean(const char *name)
{
	size_t n = strlen(name);

	for (; n < 16; n++)
		if (name[n])
			return false;
	return true;
}

int ct_text_words(const struct ct_record *r, char *text)
{
	int first = -1;
	unsigned i, n = 0;

	for (i = 0; i < CT_FIELDS_MAX && ct_field_name(r->type, i); i++) {
		if (ct_field_type(r->type, i) != CT_TYPE_text)
			continue;
		if (first < 0)
			first = (int)i;
		memcpy(text + n, &r->v[i], 8);
		n += 8;
	}
	text[n] = 0;
	return first;
}

/* As with names: as text only where that gives the same fields back. */
static bool print_text(FILE *out, const struct ct_record *r, unsigned field)
{
	char text[CT_TEXT_BYTES + 1];
	size_t n;

	if (ct_field_type(r->type, field) != CT_TYPE_text)
		return false;
	ct_text_words(r, text);
	for (n = strlen(text); field < CT_FIELDS_MAX && ct_field_name(r->type, field); field++)
		if (n < 8 && r->v[field] >> (8 * n))
			return false;
		else
			n -= n < 8 ? n : 8;
	if (text[0]) {
		fputs(" text=", out);
		ct_text_string(out, text);
	}
	return true;
}

static void print_value(FILE *out, enum ct_field_type type, uint64_t v)
{
	switch (type) {
	case CT_TYPE_s: fprintf(out, "%" PRId64, (int64_t)v); break;
	case CT_TYPE_addr: fprintf(out, v > 4096 ? "0x%" PRIx64 : "%" PRIu64, v); break;
	case CT_TYPE_frame: ct_text_frame(out, v); break;
	case CT_TYPE_op:
		if (ct_op_name(v))
			fputs(ct_op_name(v), out);
		else
			fprintf(out, "%" PRIu64, v);
		break;
	default: fprintf(out, "%" PRIu64, v); break;
	}
}

static void print_unknown(FILE *out, const struct ct_record *r)
{
	unsigned i;

	fprintf(out, "event%u @%" PRIu64 "%s", r->type, r->ticks, r->plain ? " plain" : "");
	for (i = 0; i < CT_FIELDS_MAX; i++)
		if (r->v[i])
			fprintf(out, " f%u=%" PRIu64, i, r->v[i]);
	putc('\n', out);
}

void ct_text_record(FILE *out, const struct ct_record *r)
{
	const char *name = ct_event_name(r->type), *field;
	unsigned i;

	if (!name) {
		print_unknown(out, r);
		return;
	}
	fprintf(out, "%s @%" PRIu64 "%s", name, r->ticks, r->plain ? " plain" : "");
	for (i = 0; i < CT_FIELDS_MAX && (field = ct_field_name(r->type, i)); i++) {
		char text[17];

		if (r->type == CT_EV_thread_name && i == CT_F_thread_name_name_lo) {
			ct_text_thread_name(r, text);
			if (text[0] && name_is_clean(text)) {
				fputs(" name=", out);
				ct_text_string(out, text);
				break;
			}
		}
		if (print_text(out, r, i))
			break; /* they are the last ones */
		if (!r->v[i])
			continue;
		fprintf(out, " %s=", field);
		print_value(out, ct_field_type(r->type, i), r->v[i]);
	}
	putc('\n', out);
}
