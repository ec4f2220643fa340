/*
 * words.h - names of events, fields and operations, made from events.def and ops.def.
 */
#ifndef CT_FILE_WORDS_H
#define CT_FILE_WORDS_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <ctrace/format.h>

enum ct_field_type {
	CT_TYPE_u,
	CT_TYPE_s,
	CT_TYPE_ticks,
	CT_TYPE_op,
	CT_TYPE_addr,
	CT_TYPE_stack,
	CT_TYPE_frame,
	CT_TYPE_thread,
	CT_TYPE_tid,
	CT_TYPE_str,
	CT_TYPE_text
};

/*
 * ct_event_name, ct_event_text - "wait" and "a wait ended"; NULL for an event this version does not know
 * ct_event_find - the event with this name, 0 when there is none
 * Context: tools; no allocation.
 */
const char *ct_event_name(unsigned type);
const char *ct_event_text(unsigned type);
unsigned ct_event_find(const char *name);

/*
 * ct_field_name, ct_field_type - of a field of an event this version knows; NULL and CT_TYPE_u else
 * ct_field_find - its number, -1 when the event has none of this name
 * Context: tools; no allocation.
 */
const char *ct_field_name(unsigned type, unsigned field);
enum ct_field_type ct_field_type(unsigned type, unsigned field);
int ct_field_find(unsigned type, const char *name);

/*
 * ct_op_name, ct_op_label, ct_op_class - "rwlock_read", "rwlock read", CT_CLASS_LOCK; NULL, NULL, CT_CLASS_NONE for others
 * ct_op_has_fd - is its object, when it has one, the number of a descriptor plus one?
 * ct_op_find - the operation with this name, 0 when there is none
 * Context: tools; no allocation.
 */
const char *ct_op_name(uint64_t op);
const char *ct_op_label(uint64_t op);
enum ct_op_class ct_op_class(uint64_t op);
bool ct_op_has_fd(uint64_t op);
unsigned ct_op_find(const char *name);

#endif
