/*
 * locks.c - every object that threads waited on: figures, who waited where, who held it or woke them.
 */
#include <errno.h>
#include <stdlib.h>

#include "views/analyze/lines.h"
#include "views/analyze/names.h"
#include "views/analyze/text.h"

static int print_section(struct ct_view *v, const char *title, uint32_t whys, uint32_t kinds)
{
	struct ct_rows rows;
	char n[2][CT_TEXT_NUMBER];
	uint32_t i;
	int err = ct_rows_build(v, whys, kinds, &rows);

	if (err)
		return err;
	if (!rows.count) {
		fprintf(v->out, "%s%s:%s none\n\n", ct_bold(v), title, ct_plain(v));
		ct_rows_free(&rows);
		return 0;
	}
	fprintf(v->out, "%s%s:%s %s, %s\n\n", ct_bold(v), title, ct_plain(v),
		ct_text_waits(n[0], rows.waits), ct_text_ns(n[1], ct_view_ns(v, rows.total)));
	ct_line_head(v, "object");
	for (i = 0; i < rows.count && i < v->o.top && !err; i++) {
		err = ct_line_row(v, &rows, i);
		if (!err)
			err = ct_line_stacks(v, &rows, i);
		if (v->o.stacks)
			fputc('\n', v->out);
	}
	if (i < rows.count)
		fprintf(v->out, "%10s and %u more; --top %u shows them\n", "", rows.count - i,
			rows.count);
	if (!v->o.stacks || i < rows.count)
		fputc('\n', v->out);
	ct_rows_free(&rows);
	return err;
}

static int print_idle(struct ct_view *v)
{
	struct ct_rows rows;
	char n[2][CT_TEXT_NUMBER];
	int err;

	if (v->o.idle)
		return print_section(v, "idle", CT_WHY_BIT(CT_WHY_IDLE), CT_KINDS_SYNC);
	err = ct_rows_build(v, CT_WHY_BIT(CT_WHY_IDLE), CT_KINDS_SYNC, &rows);
	if (!err && rows.count)
		fprintf(v->out, "idle, not listed (--idle does): %s of workers for work, %s\n",
			ct_text_waits(n[0], rows.waits),
			ct_text_ns(n[1], ct_view_ns(v, rows.total)));
	if (!err)
		ct_rows_free(&rows);
	return err;
}

static int print_json(struct ct_view *v)
{
	struct ct_json j;
	struct ct_rows rows;
	uint32_t i;
	int err = ct_rows_build(v, CT_WHY_ALL, CT_KINDS_SYNC, &rows);

	if (err)
		return err;
	ct_line_head_json(v, &j, "locks");
	ct_json_number(&j, "waits", rows.waits);
	ct_json_number(&j, "total_ns", ct_view_ns(v, rows.total));
	ct_json_array(&j, "objects");
	for (i = 0; i < rows.count && i < v->o.top && !err; i++)
		err = ct_line_row_json(v, &j, &rows, i, true);
	ct_json_close(&j, ']');
	ct_json_finish(&j);
	ct_rows_free(&rows);
	return err;
}

int ct_view_locks(struct ct_view *v)
{
	int err = ct_view_states(v, NULL, NULL);

	if (err)
		return err;
	if (v->o.json)
		return print_json(v);
	ct_view_window(v);
	err = print_section(v, "contention", CT_WHY_BIT(CT_WHY_LOCK), CT_KINDS_SYNC);
	if (!err)
		err = print_section(v, "waiting for others", CT_WHY_BIT(CT_WHY_OTHERS),
				    CT_KINDS_SYNC);
	if (!err)
		err = print_idle(v);
	ct_view_blind(v, "");
	return err;
}
