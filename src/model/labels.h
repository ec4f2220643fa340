/*
 * labels.h - which labels a thread had at a time.  A label holds from where it was set until it is set anew or taken away.
 */
#ifndef CT_MODEL_LABELS_H
#define CT_MODEL_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/texts.h"

struct ct_label {
	uint64_t from; /* ticks */
	uint32_t thread;
	uint32_t key;	/* string id */
	uint32_t value; /* offset in labels->text; CT_NO_VALUE: it was taken away */
	uint32_t bytes; /* as the program had it */
};
#define CT_NO_VALUE UINT32_MAX

#define CT_LABELS_MAX	   (4u << 20)
#define CT_LABEL_TEXTS_MAX (256u << 20)

struct ct_labels {
	struct ct_label *label; /* by thread, key and time, after ct_labels_finish() */
	uint32_t count, room;
	char *text;
	uint32_t used, text_room;
	uint64_t left_out; /* more than are kept */
	bool failed;
};

/*
 * ct_labels_add, ct_labels_finish - take one in; sort them
 * ct_labels_finish() returns 0 or -ENOMEM.
 * Context: tools.
 */
void ct_labels_add(struct ct_labels *l, const struct ct_whole_text *t);
int ct_labels_finish(struct ct_labels *l);

/*
 * ct_labels_at - the labels of a thread at a time, one of each key
 * @room: at most so many
 * Returns their number.
 * Context: tools.
 */
#define CT_LABELS_AT 16u
uint32_t ct_labels_at(const struct ct_labels *l, uint32_t thread, uint64_t ticks,
		      const struct ct_label **out, uint32_t room);

static inline const char *ct_label_value(const struct ct_labels *l, const struct ct_label *label)
{
	return l->text + label->value;
}

/* ct_labels_free - its memory */
void ct_labels_free(struct ct_labels *l);

#endif
