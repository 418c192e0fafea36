/* The write-ahead log of a database, and its bounds. */
#include "kv/kv_sqlite_wal.h"

#include "base/cx.h"
#include "base/fault.h"
#include "base/log.h"
#include "kv/kv_sqlite_copy.h"

enum { RESTART_WAIT_MS = 2000, FOREIGN_WAIT_MS = 10000 };

static int
kv_sqlite_wal_committed(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct kv_sqlite_conn	*c = arg;

	(void)db;
	(void)name;
	if (pages < c->wal_pages)
		c->wal_tried = 0;	/* it began anew */
	c->wal_pages = pages;
	return SQLITE_OK;
}

void
kv_sqlite_wal_watch(struct kv_sqlite_conn *c)
{
	sqlite3_wal_hook(c->db, kv_sqlite_wal_committed, c);
}

enum err
kv_sqlite_wal_require(struct cx *cx, struct kv_sqlite_conn *c)
{
	sqlite3_stmt	*st;
	char		 mode[16] = "";
	enum err	 e = OK;

	if (sqlite3_prepare_v2(c->db, "PRAGMA journal_mode=WAL", -1, &st,
	    NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		e = kv_sqlite_bad(cx, c, "journal mode");
	else
		sqlite3_snprintf(sizeof mode, mode, "%s",
		    sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	if (e == OK && sqlite3_stricmp(mode, "wal") != 0)
		return fail(cx, E_STORE, "the database cannot keep a "
		    "write-ahead log here (journal mode %s); the lake must "
		    "lie on a local file system", mode);
	return e;
}

/* RESTART waits for readers of the log, the other modes for nobody. */
static void
kv_sqlite_wal_checkpoint(struct kv_sqlite_conn *c, int mode)
{
	int	rc;

	sqlite3_busy_timeout(c->db, RESTART_WAIT_MS);
	rc = sqlite3_wal_checkpoint_v2(c->db, NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(c->db, FOREIGN_WAIT_MS);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		log_line(LOG_WARN, "database words=\"checkpoint: %s\"",
		    sqlite3_errmsg(c->db));
}

void
kv_sqlite_wal_bound(struct kv_sqlite_conn *c)
{
	if (c->wal_pages < c->wal_tried + KV_WAL_STEP)
		return;
	kv_sqlite_wal_checkpoint(c, c->wal_pages >= KV_WAL_MOST &&
	    !fault_skip("WAL_RESTART") && !kv_sqlite_copy_runs(c) ?
	    SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
	c->wal_tried = c->wal_pages;
}

void
kv_sqlite_wal_empty(struct kv_sqlite_conn *c)
{
	kv_sqlite_wal_checkpoint(c, SQLITE_CHECKPOINT_TRUNCATE);
	c->wal_pages = c->wal_tried = 0;
}
