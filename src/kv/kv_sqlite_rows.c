/*
 * The rows of kv on SQLite.
 *
 * Layout: record(k, v) WITHOUT ROWID; a value over INLINE bytes sits in
 * large(id, v) and the row of record holds the id, so that ordered scans stay
 * dense and key compares never read an overflow chain.
 */
#include "kv/kv_sqlite_rows.h"

#include "base/cx.h"
#include "base/fault.h"

enum { INLINE = 1000 };		/* a quarter of the smallest page */

/* The value of a row: itself, or what its id stands for; cur NULL: a copy. */
static enum err
kv_sqlite_value_of(struct cx *cx, struct kv_sqlite_conn *c, sqlite3_stmt *st,
    int i, struct kv_cursor *cur, struct str *value)
{
	sqlite3_stmt	*big;
	enum err	 e;
	bool		 there;

	if (sqlite3_column_type(st, i) != SQLITE_INTEGER) {
		*value = kv_sqlite_column(st, i);
		if (cur == NULL)
			*value = str_dup(cx->mem, *value);
		return OK;
	}
	if ((big = kv_sqlite_statement(c, S_BIG_FIND)) == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	sqlite3_bind_int64(big, 1, sqlite3_column_int64(st, i));
	e = kv_sqlite_step_row(cx, c, big, &there);
	if (e == OK && !there)
		e = fail(cx, E_CORRUPT, "a large value is missing");
	if (e == OK)
		*value = kv_sqlite_keep(cx, cur, kv_sqlite_column(big, 0));
	sqlite3_reset(big);
	return e;
}

enum err
kv_sqlite_find(struct cx *cx, struct kv_tx *tx, struct str key,
    struct str *value, bool *there)
{
	struct kv_sqlite_conn	*c = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st = kv_sqlite_statement(c, S_FIND);
	enum err		 e;

	if (st == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	kv_sqlite_bind(st, 1, key);
	e = kv_sqlite_step_row(cx, c, st, there);
	if (e == OK && *there)
		e = kv_sqlite_value_of(cx, c, st, 0, NULL, value);
	sqlite3_reset(st);
	return e;
}

/* A large value that this key has is about to lose its key. */
static enum err
kv_sqlite_big_drop(struct cx *cx, struct kv_sqlite_conn *c, struct str key)
{
	sqlite3_stmt	*st = kv_sqlite_statement(c, S_FIND), *del;
	sqlite3_int64	 id = 0;
	enum err	 e;
	bool		 there;

	if (st == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	kv_sqlite_bind(st, 1, key);
	e = kv_sqlite_step_row(cx, c, st, &there);
	if (e == OK && there && sqlite3_column_type(st, 0) == SQLITE_INTEGER)
		id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (e != OK || id == 0)
		return e;
	if ((del = kv_sqlite_statement(c, S_BIG_DELETE)) == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	sqlite3_bind_int64(del, 1, id);
	return kv_sqlite_step_done(cx, c, del);
}

enum err
kv_sqlite_put(struct cx *cx, struct kv_tx *tx, struct str key, struct str value)
{
	struct kv_sqlite_conn	*c = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st, *big;
	enum err		 e;

	if ((e = kv_sqlite_big_drop(cx, c, key)) != OK)
		return e;
	if ((st = kv_sqlite_statement(c, S_PUT)) == NULL ||
	    (big = kv_sqlite_statement(c, S_BIG_PUT)) == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	if (value.n <= INLINE) {
		kv_sqlite_bind(st, 2, value);
	} else {
		kv_sqlite_bind(big, 1, value);
		if ((e = kv_sqlite_step_done(cx, c, big)) != OK)
			return e;
		sqlite3_bind_int64(st, 2, sqlite3_last_insert_rowid(c->db));
	}
	kv_sqlite_bind(st, 1, key);
	return kv_sqlite_step_done(cx, c, st);
}

enum err
kv_sqlite_delete(struct cx *cx, struct kv_tx *tx, struct str key)
{
	struct kv_sqlite_conn	*c = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st;
	enum err		 e;

	if ((e = kv_sqlite_big_drop(cx, c, key)) != OK)
		return e;
	if ((st = kv_sqlite_statement(c, S_DELETE)) == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	kv_sqlite_bind(st, 1, key);
	return kv_sqlite_step_done(cx, c, st);
}

enum err
kv_sqlite_scan(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    bool keys_only, struct kv_cursor **out)
{
	struct kv_sqlite_conn	*c = ((struct kv_sqlite_tx *)tx)->conn;
	struct kv_cursor	*cur;
	enum err		 e;

	if ((e = kv_sqlite_cursor_open(cx, c, &cur)) != OK)
		return e;
	cur->keys_only = keys_only;
	sqlite3_bind_blob(cur->st, 1, lo.p, (int)lo.n, SQLITE_TRANSIENT);
	sqlite3_bind_blob(cur->st, 2, hi.p, (int)hi.n, SQLITE_TRANSIENT);
	*out = cur;
	return OK;
}

enum err
kv_sqlite_next(struct cx *cx, struct kv_cursor *cur, struct str *key,
    struct str *value, bool *there)
{
	enum err	e;

	if ((e = kv_sqlite_step_row(cx, cur->conn, cur->st, there)) != OK ||
	    !*there)
		return e;
	*key = kv_sqlite_column(cur->st, 0);
	if (cur->keys_only && sqlite3_column_type(cur->st, 1) ==
	    SQLITE_INTEGER) {
		*value = STR("");
		return OK;
	}
	return kv_sqlite_value_of(cx, cur->conn, cur->st, 1, cur, value);
}

enum err
kv_sqlite_seek(struct cx *cx, struct kv_cursor *cur, struct str lo)
{
	(void)cx;
	sqlite3_reset(cur->st);
	sqlite3_bind_blob(cur->st, 1, lo.p, (int)lo.n, SQLITE_TRANSIENT);
	return OK;
}

enum err
kv_sqlite_last(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct str *key, struct str *value, bool *there)
{
	struct kv_sqlite_conn	*c = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st = kv_sqlite_statement(c, S_LAST);
	enum err		 e;

	if (st == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	kv_sqlite_bind(st, 1, lo);
	kv_sqlite_bind(st, 2, hi);
	e = kv_sqlite_step_row(cx, c, st, there);
	if (e == OK && *there) {
		*key = str_dup(cx->mem, kv_sqlite_column(st, 0));
		e = kv_sqlite_value_of(cx, c, st, 1, NULL, value);
	}
	sqlite3_reset(st);
	return e;
}

enum err
kv_sqlite_clear(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    size_t max, size_t *n)
{
	struct kv_sqlite_conn	*c = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*nth = kv_sqlite_statement(c, S_NTH);
	sqlite3_stmt		*big = kv_sqlite_statement(c, S_CLEAR_BIG);
	sqlite3_stmt		*st = kv_sqlite_statement(c, S_CLEAR);
	enum err		 e;
	bool			 more;

	if (nth == NULL || big == NULL || st == NULL)
		return kv_sqlite_bad(cx, c, "prepare");
	kv_sqlite_bind(nth, 1, lo);
	kv_sqlite_bind(nth, 2, hi);
	sqlite3_bind_int64(nth, 3, (sqlite3_int64)max);
	e = kv_sqlite_step_row(cx, c, nth, &more);
	if (e == OK && more)
		hi = str_dup(cx->mem, kv_sqlite_column(nth, 0));
	sqlite3_reset(nth);
	if (e != OK)
		return e;
	kv_sqlite_bind(big, 1, lo);
	kv_sqlite_bind(big, 2, hi);
	kv_sqlite_bind(st, 1, lo);
	kv_sqlite_bind(st, 2, hi);
	if ((!fault_skip("CLEAR_LARGE") &&
	    (e = kv_sqlite_step_done(cx, c, big)) != OK) ||
	    (e = kv_sqlite_step_done(cx, c, st)) != OK)
		return e;
	*n = (size_t)sqlite3_changes64(c->db);
	return OK;
}
