/*
 * walk.c - the trace in order of time for <ctrace/reader.h>: the timeline of model/, item by item.
 */
#include "reader_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/err.h"
#include "file/words.h"

/* All but waits, which are states. */
static uint64_t all_records(void)
{
	uint64_t bits = 0;
	unsigned type;

	for (type = 1; type < CT_EV_LIMIT; type++)
		if (type != CT_EV_wait && ct_event_name(type))
			bits |= 1ull << type;
	return bits;
}

/* "wake,thread_create" */
static int records_named(struct ctr_trace *t, const char *names, uint64_t *bits)
{
	const char *p = names;
	char one[32];
	unsigned type;
	size_t n;

	*bits = 0;
	if (!names)
		return 0;
	if (!strcmp(names, "*")) {
		*bits = all_records();
		return 0;
	}
	for (;; p += n + 1) {
		n = strcspn(p, ",");
		snprintf(one, sizeof(one), "%.*s", (int)(n < sizeof(one) ? n : sizeof(one)), p);
		type = ct_event_find(one);
		if (type == CT_EV_wait)
			return ctr_fail(t, CTR_ERR_ARGUMENT,
					"ctr_walk_open: waits are states, not records");
		if (!type)
			return ctr_fail(t, CTR_ERR_ARGUMENT,
					"ctr_walk_open: no record is called %s", one);
		*bits |= 1ull << type;
		if (!p[n])
			return 0;
	}
}

int ctr_walk_open(struct ctr_trace *t, const char *records, struct ctr_walk **out)
{
	struct ct_timeline_options o = {0};
	struct ctr_walk *w;
	int err;

	if (!out)
		return ctr_fail(t, CTR_ERR_ARGUMENT, "ctr_walk_open: no place for the walk");
	*out = NULL;
	err = records_named(t, records, &o.events);
	if (err)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w)
		return ctr_fail(t, CTR_ERR_MEMORY, "ctr_walk_open: out of memory");
	w->t = t;
	err = ct_timeline_build(t->v.trace, t->v.model, &o, NULL, NULL, &w->timeline);
	if (err) {
		free(w);
		return ctr_fail(t, ctr_code(err), "ctr_walk_open: %s", ct_err_text(err));
	}
	*out = w;
	return 0;
}

int ctr_walk_next(struct ctr_walk *w)
{
	w->on = ct_timeline_next(w->timeline, &w->item);
	return w->on;
}

void ctr_walk_rewind(struct ctr_walk *w)
{
	ct_timeline_rewind(w->timeline);
	w->on = false;
}

void ctr_walk_close(struct ctr_walk *w)
{
	if (!w)
		return;
	ct_timeline_free(w->timeline);
	free(w);
}

/* --- where it stands ----------------------------------------------------------------------------------------------------- */

static const struct ct_timeline_item *item_of(const struct ctr_walk *w, unsigned kind)
{
	static const struct ct_timeline_item none = {
		.thread = CTR_NONE, .cell = CTR_NONE, .kind = UINT8_MAX};

	return w->on && w->item.kind == kind ? &w->item : &none;
}

enum ctr_item_kind ctr_item_kind(const struct ctr_walk *w)
{
	if (!w->on)
		return (enum ctr_item_kind)0;
	switch (w->item.kind) {
	case CT_TIMELINE_BEGIN: return CTR_ITEM_BEGIN;
	case CT_TIMELINE_STATE: return CTR_ITEM_STATE;
	case CT_TIMELINE_END: return CTR_ITEM_END;
	default: return CTR_ITEM_RECORD;
	}
}

uint64_t ctr_item_ns(const struct ctr_walk *w)
{
	return w->on ? ct_view_when(&w->t->v, w->item.ticks) : 0;
}

uint64_t ctr_item_end_ns(const struct ctr_walk *w)
{
	if (!w->on)
		return 0;
	return ct_view_when(&w->t->v,
			    w->item.kind == CT_TIMELINE_STATE ? w->item.to : w->item.ticks);
}

uint32_t ctr_item_thread(const struct ctr_walk *w)
{
	return w->on ? w->item.thread : CTR_NONE;
}

bool ctr_item_ended(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_END)->ended;
}

static const enum ctr_state states[CT_STATES] = {
	[CT_STATE_RUNNING] = CTR_STATE_RUNNING, [CT_STATE_CALL] = CTR_STATE_CALL,
	[CT_STATE_WOKEN] = CTR_STATE_WOKEN,	[CT_STATE_PREEMPTED] = CTR_STATE_PREEMPTED,
	[CT_STATE_BLOCKED] = CTR_STATE_BLOCKED, [CT_STATE_SHORT] = CTR_STATE_SHORT,
	[CT_STATE_OUTSIDE] = CTR_STATE_OUTSIDE, [CT_STATE_AWAKE] = CTR_STATE_AWAKE,
	[CT_STATE_PAUSED] = CTR_STATE_PAUSED,	[CT_STATE_STOPPED] = CTR_STATE_STOPPED,
};

enum ctr_state ctr_item_state(const struct ctr_walk *w)
{
	const struct ct_timeline_item *i = item_of(w, CT_TIMELINE_STATE);

	return i == &w->item && i->state < CT_STATES ? states[i->state] : CTR_STATE_UNKNOWN;
}

const char *ctr_state_name(enum ctr_state state)
{
	unsigned i;

	for (i = 0; i < CT_STATES; i++)
		if (states[i] == state)
			return ct_state_name((enum ct_state)i);
	return "unknown";
}

bool ctr_item_seen(const struct ctr_walk *w)
{
	const struct ct_timeline_item *i = item_of(w, CT_TIMELINE_STATE);

	return i == &w->item && i->source == CT_SOURCE_SWITCHES;
}

int ctr_item_cpu(const struct ctr_walk *w)
{
	const struct ct_timeline_item *i = item_of(w, CT_TIMELINE_STATE);

	return i == &w->item ? ct_timeline_cpu(i) : -1;
}

uint32_t ctr_item_wait(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->wait;
}

uint32_t ctr_item_op(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->op;
}

uint32_t ctr_item_object(const struct ctr_walk *w)
{
	uint32_t cell = item_of(w, CT_TIMELINE_STATE)->cell;

	return cell == CT_NONE ? CTR_NONE : ct_model_cell(w->t->v.model, cell)->object;
}

uint32_t ctr_item_stack(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->stack;
}

enum ctr_reason ctr_item_reason(const struct ctr_walk *w)
{
	return ctr_public_reason(w->t, item_of(w, CT_TIMELINE_STATE)->cell);
}

bool ctr_item_open(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->open;
}

uint32_t ctr_item_waker(const struct ctr_walk *w)
{
	return ctr_row(w->t, item_of(w, CT_TIMELINE_STATE)->waker);
}

uint32_t ctr_item_waker_stack(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->waker_stack;
}

uint32_t ctr_item_stranger(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->stranger;
}

uint32_t ctr_item_owner_tid(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->owner;
}

int64_t ctr_item_result(const struct ctr_walk *w)
{
	return item_of(w, CT_TIMELINE_STATE)->result;
}

/* --- records ------------------------------------------------------------------------------------------------------------- */

const char *ctr_item_record(const struct ctr_walk *w)
{
	const struct ct_timeline_item *i = item_of(w, CT_TIMELINE_RECORD);

	return i->record ? ct_event_name(i->record->type) : NULL;
}

int ctr_item_field(const struct ctr_walk *w, const char *field, uint64_t *value)
{
	const struct ct_timeline_item *i = item_of(w, CT_TIMELINE_RECORD);
	const struct ct_record *r = i->record;
	int n = r ? ct_field_find(r->type, field) : -1;

	if (n < 0)
		return ctr_fail(w->t, CTR_ERR_ARGUMENT, "ctr_item_field: this item has no field %s",
				field);
	switch (ct_field_type(r->type, (unsigned)n)) {
	case CT_TYPE_ticks: *value = ct_trace_span_ns(w->t->v.trace, r->ticks, r->v[n]); break;
	case CT_TYPE_thread: *value = ctr_row(w->t, r->v[n]); break;
	default: *value = r->v[n]; break;
	}
	return 0;
}

const char *ctr_item_field_text(const struct ctr_walk *w, const char *field)
{
	const struct ct_record *r = item_of(w, CT_TIMELINE_RECORD)->record;
	int n = r ? ct_field_find(r->type, field) : -1;

	return n >= 0 && ct_field_type(r->type, (unsigned)n) == CT_TYPE_str
		       ? ct_trace_string(w->t->v.trace, (uint32_t)r->v[n])
		       : NULL;
}
