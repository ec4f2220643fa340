/*
 * shape.c - the table the record coders run on, made from events.def.  It is data only, linked into recorder and tools alike.
 */
#include "encode.h"

#define FLAG_u	    0
#define FLAG_s	    CT_FIELD_SIGNED
#define FLAG_ticks  0
#define FLAG_op	    CT_FIELD_OP
#define FLAG_addr   0
#define FLAG_stack  0
#define FLAG_frame  0
#define FLAG_thread 0
#define FLAG_tid    0
#define FLAG_str    0
#define FLAG_text   0

const struct ct_event_shape ct_event_shapes[CT_EV_LIMIT] = {
#define CT_EVENT(id, name, nfields, text) [CT_EV_##name].fields = nfields,
#define CT_FIELD(event, index, name, type, predicted)                                              \
	[CT_EV_##event].field[index] = FLAG_##type | (predicted ? CT_FIELD_PREDICTED : 0),
#include <ctrace/events.def>
#undef CT_EVENT
#undef CT_FIELD
	[CT_EV_wait].column = 0,
	[CT_EV_wake].column = 12,
	[CT_EV_tally].column = 16,
};
