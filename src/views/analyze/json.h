/*
 * json.h - writes JSON as it goes.  Nesting is the caller's promise; commas, indentation and escapes are kept here.  Text that is
 * not UTF-8 is written byte by byte as Latin-1, so that the output always parses.
 */
#ifndef CT_VIEWS_JSON_H
#define CT_VIEWS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ct_json {
	FILE *out;
	unsigned depth;
	bool first; /* nothing was written in this object or array yet */
};

/*
 * ct_json_start, ct_json_finish - the outermost object
 * Context: tools.
 */
void ct_json_start(struct ct_json *j, FILE *out);
void ct_json_finish(struct ct_json *j);

/*
 * ct_json_object, ct_json_array, ct_json_close - nested ones
 * @key:  NULL inside an array
 * @with: '}' or ']'
 * Context: tools.
 */
void ct_json_object(struct ct_json *j, const char *key);
void ct_json_array(struct ct_json *j, const char *key);
void ct_json_close(struct ct_json *j, char with);

/*
 * ct_json_text, ct_json_number, ct_json_signed, ct_json_real, ct_json_bool - one value; text NULL is null
 * Context: tools.
 */
void ct_json_text(struct ct_json *j, const char *key, const char *value);
void ct_json_number(struct ct_json *j, const char *key, uint64_t value);
void ct_json_signed(struct ct_json *j, const char *key, int64_t value);
void ct_json_real(struct ct_json *j, const char *key, double value);
void ct_json_bool(struct ct_json *j, const char *key, bool value);

#endif
