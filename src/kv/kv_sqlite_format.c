/* The format of a database: read, checked, made and raised. */
#include "kv/kv_sqlite_format.h"

#include "base/cx.h"
#include "base/fault.h"

enum { APPLICATION = 0x4c414b45 };

static enum err
kv_sqlite_format_exec(struct cx *cx, struct kv_sqlite_conn *c, const char *sql)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK :
	    kv_sqlite_bad(cx, c, "format");
}

enum err
kv_sqlite_format_make(struct cx *cx, struct kv_sqlite_conn *c)
{
	char	z[300];

	sqlite3_snprintf(sizeof z, z, "PRAGMA application_id=%d;"
	    "PRAGMA user_version=%d;"
	    "CREATE TABLE record(k BLOB PRIMARY KEY, v) WITHOUT ROWID;"
	    "CREATE TABLE large(id INTEGER PRIMARY KEY, v BLOB);",
	    APPLICATION, KV_SQLITE_FORMAT);
	return kv_sqlite_format_exec(cx, c, z);
}

enum err
kv_sqlite_format_read(struct cx *cx, struct kv_sqlite_conn *c, int *format)
{
	sqlite3_stmt	*st = kv_sqlite_statement(c, S_FORMAT);
	enum err	 e;
	bool		 there;

	*format = 0;
	if (st == NULL)
		return kv_sqlite_bad(cx, c, "format");
	if ((e = kv_sqlite_step_row(cx, c, st, &there)) == OK && there)
		*format = sqlite3_column_int(st, 0);
	sqlite3_reset(st);
	return e;
}

static enum err
kv_sqlite_format_fail(struct cx *cx, int format)
{
	if (format > KV_SQLITE_FORMAT)
		return fail(cx, E_FORMAT, "the lake has format %d and this "
		    "program knows %d: restart it after the update", format,
		    KV_SQLITE_FORMAT);
	if (format > 0)
		return fail(cx, E_FORMAT, "the lake has format %d and this "
		    "program needs %d: run `lakegate upgrade`", format,
		    KV_SQLITE_FORMAT);
	return fail(cx, E_CORRUPT, "meta.db is no database of a lake");
}

enum err
kv_sqlite_format_check(struct cx *cx, struct kv_sqlite_conn *c)
{
	enum err	e;
	int		format;

	if ((e = kv_sqlite_format_read(cx, c, &format)) != OK)
		return e;
	return format == KV_SQLITE_FORMAT ? OK :
	    kv_sqlite_format_fail(cx, format);
}

/*
 * What knows format 1 looked at the number when it opened the lake, and never
 * again: it is stopped by the names that its statements have.
 */
enum err
kv_sqlite_format_raise(struct cx *cx, struct kv_sqlite_conn *c)
{
	enum err	e;
	char		z[40];
	int		format;

	if ((e = kv_sqlite_format_read(cx, c, &format)) != OK)
		return e;
	if (format != 1)
		return kv_sqlite_format_fail(cx, format);
	if (!fault_skip("UPGRADE_RENAME") && (e = kv_sqlite_format_exec(cx, c,
	    "ALTER TABLE kv RENAME TO record;"
	    "ALTER TABLE big RENAME TO large;")) != OK)
		return e;
	sqlite3_snprintf(sizeof z, z, "PRAGMA user_version=%d",
	    KV_SQLITE_FORMAT);
	return kv_sqlite_format_exec(cx, c, z);
}
