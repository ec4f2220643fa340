/*
 * words.c - see words.h.
 */
#include "words.h"

#include <string.h>

struct event_words {
	const char *name, *text;
	const char *field[CT_FIELDS_MAX];
	uint8_t type[CT_FIELDS_MAX];
};

static const struct event_words events[CT_EV_LIMIT] = {
#define CT_EVENT(id, ename, nfields, etext)                                                        \
	[CT_EV_##ename].name = #ename, [CT_EV_##ename].text = etext,
#define CT_FIELD(event, index, fname, ftype, predicted)                                            \
	[CT_EV_##event].field[index] = #fname, [CT_EV_##event].type[index] = CT_TYPE_##ftype,
#include <ctrace/events.def>
#undef CT_EVENT
#undef CT_FIELD
};

static const struct {
	const char *name, *label;
	enum ct_op_class class;
} ops[CT_OP_LIMIT] = {
#define CT_OP(id, oname, oclass, olabel) [id] = {#oname, olabel, CT_CLASS_##oclass},
#include <ctrace/ops.def>
#undef CT_OP
};

const char *ct_event_name(unsigned type)
{
	return type < CT_EV_LIMIT ? events[type].name : NULL;
}

const char *ct_event_text(unsigned type)
{
	return type < CT_EV_LIMIT ? events[type].text : NULL;
}

unsigned ct_event_find(const char *name)
{
	unsigned i;

	for (i = 1; i < CT_EV_LIMIT; i++)
		if (events[i].name && !strcmp(events[i].name, name))
			return i;
	return 0;
}

const char *ct_field_name(unsigned type, unsigned field)
{
	return type < CT_EV_LIMIT && field < CT_FIELDS_MAX ? events[type].field[field] : NULL;
}

enum ct_field_type ct_field_type(unsigned type, unsigned field)
{
	if (type >= CT_EV_LIMIT || field >= CT_FIELDS_MAX)
		return CT_TYPE_u;
	return (enum ct_field_type)events[type].type[field];
}

int ct_field_find(unsigned type, const char *name)
{
	int i;

	for (i = 0; type < CT_EV_LIMIT && i < CT_FIELDS_MAX && events[type].field[i]; i++)
		if (!strcmp(events[type].field[i], name))
			return i;
	return -1;
}

const char *ct_op_name(uint64_t op)
{
	return op < CT_OP_LIMIT ? ops[op].name : NULL;
}

const char *ct_op_label(uint64_t op)
{
	return op < CT_OP_LIMIT ? ops[op].label : NULL;
}

enum ct_op_class ct_op_class(uint64_t op)
{
	return op < CT_OP_LIMIT ? ops[op].class : CT_CLASS_NONE;
}

bool ct_op_has_fd(uint64_t op)
{
	switch (ct_op_class(op)) {
	case CT_CLASS_IO:
	case CT_CLASS_NET:
	case CT_CLASS_POLL:
	case CT_CLASS_FILE_LOCK:
	case CT_CLASS_QUEUE:
	case CT_CLASS_AIO: return true;
	default: return false;
	}
}

unsigned ct_op_find(const char *name)
{
	unsigned i;

	for (i = 1; i < CT_OP_LIMIT; i++)
		if (ops[i].name && !strcmp(ops[i].name, name))
			return i;
	return 0;
}
