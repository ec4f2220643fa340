/*
 * losses.c - what is missing, for <ctrace/reader.h>.
 */
#include "reader_int.h"

#include <stdlib.h>
#include <string.h>

#include "views/analyze/text.h"

uint64_t ctr_lost(const struct ctr_trace *t)
{
	return ct_view_lost(&t->v);
}

static const struct ct_trace_loss *loss_at(const struct ctr_trace *t, uint32_t loss)
{
	static const struct ct_trace_loss none = {.reason = CT_LOSS_REASONS};

	return loss < t->loss_count ? &t->losses[loss] : &none;
}

uint32_t ctr_losses(const struct ctr_trace *t)
{
	return (uint32_t)t->loss_count;
}

uint32_t ctr_loss_thread(const struct ctr_trace *t, uint32_t loss)
{
	return ctr_row(t, loss_at(t, loss)->thread);
}

uint64_t ctr_loss_records(const struct ctr_trace *t, uint32_t loss)
{
	return loss_at(t, loss)->records;
}

uint64_t ctr_loss_from_ns(const struct ctr_trace *t, uint32_t loss)
{
	return ct_view_when(&t->v, loss_at(t, loss)->from_ticks);
}

uint64_t ctr_loss_to_ns(const struct ctr_trace *t, uint32_t loss)
{
	return ct_view_when(&t->v, loss_at(t, loss)->to_ticks);
}

const char *ctr_loss_name(const struct ctr_trace *t, uint32_t loss)
{
	return loss < t->loss_count ? ct_trace_loss_name(loss_at(t, loss)->reason) : NULL;
}

const char *ctr_loss_text(const struct ctr_trace *t, uint32_t loss)
{
	return loss < t->loss_count ? ct_trace_loss_text(loss_at(t, loss)->reason) : NULL;
}

static void add_note(void *arg, const char *text)
{
	struct ctr_trace *t = arg;
	char safe[512], **notes = realloc(t->notes, (t->note_count + 1u) * sizeof(*notes));

	if (!notes)
		return;
	t->notes = notes;
	notes[t->note_count] = strdup(ct_text_safe(safe, sizeof(safe), text));
	t->note_count += notes[t->note_count] != NULL;
}

uint32_t ctr_notes(struct ctr_trace *t)
{
	if (!t->noted) {
		t->noted = true;
		ct_view_missing(&t->v, add_note, t);
	}
	return t->note_count;
}

const char *ctr_note(struct ctr_trace *t, uint32_t note)
{
	return note < ctr_notes(t) ? t->notes[note] : NULL;
}
