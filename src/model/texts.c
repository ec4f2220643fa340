/*
 * texts.c - see texts.h.
 */
#include "texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/text.h"

struct ct_texts {
	void (*whole)(void *arg, const struct ct_whole_text *t);
	void *arg;
	uint32_t threads;
	struct ct_whole_text **now; /* by thread; first.type 0: none */
	bool failed;
};

struct ct_texts *ct_texts_new(uint32_t threads,
			      void (*whole)(void *arg, const struct ct_whole_text *t), void *arg)
{
	struct ct_texts *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct ct_texts){whole, arg, threads, calloc(threads + 1u, sizeof(*t->now)), false};
	if (t->now)
		return t;
	free(t);
	return NULL;
}

static void hand_out(struct ct_texts *t, uint32_t thread)
{
	struct ct_whole_text *w = t->now[thread];

	if (!w || !w->first.type)
		return;
	t->whole(t->arg, w);
	w->first.type = 0;
}

void ct_whole_text_add(struct ct_whole_text *w, const struct ct_record *r)
{
	char piece[CT_TEXT_BYTES + 1];
	uint32_t n;

	ct_text_words(r, piece);
	n = (uint32_t)strlen(piece);
	if (w->n + n >= sizeof(w->text))
		n = (uint32_t)sizeof(w->text) - 1 - w->n;
	memcpy(w->text + w->n, piece, n);
	w->n += n;
	w->text[w->n] = 0;
}

void ct_texts_take(struct ct_texts *t, uint32_t thread, const struct ct_record *r)
{
	struct ct_whole_text *w = t->now[thread];

	if (r->type == CT_EV_text) {
		if (w && w->first.type && w->first.ticks == r->ticks && w->n == r->v[CT_F_text_at])
			ct_whole_text_add(w, r);
		return;
	}
	hand_out(t, thread);
	if (!w)
		w = t->now[thread] = malloc(sizeof(*w));
	if (!w) {
		t->failed = true;
		return;
	}
	w->first = *r;
	w->thread = thread;
	w->n = 0;
	w->text[0] = 0;
	ct_whole_text_add(w, r);
}

int ct_texts_finish(struct ct_texts *t)
{
	uint32_t i;

	for (i = 0; i < t->threads; i++)
		hand_out(t, i);
	return t->failed ? -ENOMEM : 0;
}

void ct_texts_free(struct ct_texts *t)
{
	uint32_t i;

	if (!t)
		return;
	for (i = 0; i < t->threads; i++)
		free(t->now[i]);
	free(t->now);
	free(t);
}
