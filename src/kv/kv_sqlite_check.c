/* What the database keeps of values: their sizes. */
#include "kv/kv_sqlite_check.h"

#include "base/cx.h"

enum err
kv_sqlite_check_next(struct cx *cx, struct kv_cursor *cur, struct str *key,
    uint64_t *size, bool *there)
{
	sqlite3_stmt	*big;
	enum err	 e;
	bool		 kept;

	if ((e = kv_sqlite_step_row(cx, cur->conn, cur->st, there)) != OK ||
	    !*there)
		return e;
	*key = kv_sqlite_column(cur->st, 0);
	if (sqlite3_column_type(cur->st, 1) != SQLITE_INTEGER) {
		*size = (uint64_t)sqlite3_column_bytes(cur->st, 1);
		return OK;
	}
	if ((big = kv_sqlite_statement(cur->conn, S_BIG_SIZE)) == NULL)
		return kv_sqlite_bad(cx, cur->conn, "prepare");
	sqlite3_bind_int64(big, 1, sqlite3_column_int64(cur->st, 1));
	e = kv_sqlite_step_row(cx, cur->conn, big, &kept);
	*size = kept ? (uint64_t)sqlite3_column_int64(big, 0) : KV_NO_VALUE;
	sqlite3_reset(big);
	return e;
}
