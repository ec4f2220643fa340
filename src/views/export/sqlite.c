/*
 * sqlite.c - a database of SQLite with the tables of tables.h.
 *
 * Everything is one transaction of prepared statements into a file that nobody else has a name of, so no journal is kept; indexes are made when the
 * rows are there.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "views/export/go_text.h"
#include "views/export/tables.h"

#define APPLICATION_ID 0x43545243 /* "CTRC" */

struct database {
	struct ct_sink sink; /* the first member, so that a pointer to it is one to this */
	sqlite3 *db;
	sqlite3_stmt *insert;
	int column;
	char *text;
	size_t room;
	char why[160];
};

static void fail(struct database *d)
{
	if (d->sink.error)
		return;
	switch (sqlite3_errcode(d->db)) {
	case SQLITE_NOMEM: d->sink.error = -ENOMEM; break;
	case SQLITE_FULL: d->sink.error = -ENOSPC; break;
	default: d->sink.error = -EIO; break;
	}
	snprintf(d->why, sizeof(d->why), "SQLite: %s", sqlite3_errmsg(d->db));
}

static void run(struct database *d, const char *sql)
{
	if (!d->sink.error && sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(d);
}

static void take_integer(struct ct_sink *s, int64_t value)
{
	struct database *d = (struct database *)s;

	if (!s->error && sqlite3_bind_int64(d->insert, ++d->column, value) != SQLITE_OK)
		fail(d);
}

static void take_text(struct ct_sink *s, const char *value)
{
	struct database *d = (struct database *)s;
	size_t n = value ? strlen(value) : 0;
	char *more;

	d->column++;
	if (s->error || !value)
		return;
	if (n > d->room) {
		more = realloc(d->text, n);
		if (!more) {
			s->error = -ENOMEM;
			return;
		}
		d->text = more;
		d->room = n;
	}
	n = n ? ct_go_text_clean(d->text, n, value) : 0;
	if (sqlite3_bind_text(d->insert, d->column, n ? d->text : "", (int)n, SQLITE_TRANSIENT) !=
	    SQLITE_OK)
		fail(d);
}

static void take_nothing(struct ct_sink *s)
{
	((struct database *)s)->column++;
}

static void take_row(struct ct_sink *s)
{
	struct database *d = (struct database *)s;

	d->column = 0;
	if (s->error)
		return;
	if (sqlite3_step(d->insert) != SQLITE_DONE)
		fail(d);
	sqlite3_reset(d->insert);
	sqlite3_clear_bindings(d->insert); /* what is not bound is null */
}

static void begin_table(struct ct_sink *s, const struct ct_export_table *t)
{
	struct database *d = (struct database *)s;
	sqlite3_str *make = sqlite3_str_new(d->db), *insert = sqlite3_str_new(d->db);
	const struct ct_column *c;
	char *sql;

	sqlite3_str_appendf(make, "CREATE TABLE %s (", t->name);
	sqlite3_str_appendf(insert, "INSERT INTO %s VALUES (", t->name);
	for (c = t->columns; c->name; c++) {
		sqlite3_str_appendf(make, "%s%s %s", c == t->columns ? "" : ", ", c->name,
				    c->type == CT_COLUMN_INTEGER ? "INTEGER" : "TEXT");
		if (!strcmp(c->name, "id"))
			sqlite3_str_appendall(make, " PRIMARY KEY");
		sqlite3_str_appendf(insert, "%s?", c == t->columns ? "" : ", ");
	}
	sqlite3_str_appendall(make, ")");
	sqlite3_str_appendall(insert, ")");
	sql = sqlite3_str_finish(make);
	run(d, sql ? sql : "no memory");
	sqlite3_free(sql);
	sql = sqlite3_str_finish(insert);
	if (!s->error &&
	    sqlite3_prepare_v2(d->db, sql ? sql : "no memory", -1, &d->insert, NULL) != SQLITE_OK)
		fail(d);
	sqlite3_free(sql);
	d->column = 0;
}

static void end_table(struct ct_sink *s)
{
	struct database *d = (struct database *)s;

	sqlite3_finalize(d->insert);
	d->insert = NULL;
}

static void make_indexes(struct database *d)
{
	const struct ct_export_table *t;
	const char *p;
	char sql[160];
	unsigned i;
	int n;

	for (i = 0; (t = ct_export_table(i)); i++)
		for (p = t->index; p && *p; p += n + (p[n] == ' ')) {
			n = (int)strcspn(p, " ");
			snprintf(sql, sizeof(sql), "CREATE INDEX %s_%.*s ON %s (%.*s)", t->name, n,
				 p, t->name, n, p);
			run(d, sql);
		}
}

static int write_all(struct database *d, struct ct_view *v, const struct ct_export_options *o,
		     struct ct_export_sums *sums)
{
	char sql[80];
	int err;

	run(d, "PRAGMA journal_mode = OFF");
	run(d, "PRAGMA synchronous = OFF");
	run(d, "PRAGMA locking_mode = EXCLUSIVE");
	run(d, "PRAGMA cache_size = -16384"); /* KiB: what indexes are sorted in */
	run(d, "BEGIN");
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
	run(d, sql);
	run(d, "PRAGMA user_version = 1");
	err = ct_export_tables(v, o, &d->sink, sums);
	if (!err)
		make_indexes(d);
	run(d, "COMMIT");
	return err ? err : d->sink.error;
}

int ct_export_sqlite(struct ct_view *v, const struct ct_export_options *o, const char *path,
		     struct ct_export_sums *sums)
{
	struct database d = {.sink = {begin_table, take_integer, take_text, take_nothing, take_row,
				      end_table, 0}};
	struct stat st;
	int err;

	if (sqlite3_open_v2(path, &d.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		fail(&d);
		err = d.sink.error;
	} else {
		err = write_all(&d, v, o, sums);
	}
	if (sqlite3_close(d.db) != SQLITE_OK && !err)
		err = -EIO;
	if (d.why[0])
		snprintf(sums->why, sizeof(sums->why), "%s", d.why);
	if (!err && stat(path, &st) == 0)
		sums->bytes = (uint64_t)st.st_size;
	free(d.text);
	return err;
}
