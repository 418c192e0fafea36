/*
 * Connections to the database file: a pool of them, each with its prepared
 * statements and cursors.  Inner header of the driver kv_sqlite, in SQLite's
 * own types.
 *
 * A connection is used by one thread at a time.  Calls that fail record the
 * failure in cx (E_DISK_FULL, E_CORRUPT, else E_STORE) and in conn->rc; a
 * connection whose rc is not SQLITE_OK goes back as not good.
 */
#ifndef KV_KV_SQLITE_CONN_H
#define KV_KV_SQLITE_CONN_H

#include <pthread.h>
#include <sqlite3.h>

#include "kv/kv.h"

enum kv_sqlite_which {
	S_BEGIN, S_IMMEDIATE, S_COMMIT, S_ROLLBACK, S_SAVE, S_RELEASE, S_BACK,
	S_FORMAT, S_FIND, S_PUT, S_DELETE, S_BIG_FIND, S_BIG_SIZE, S_BIG_PUT,
	S_BIG_DELETE, S_BIG_IDS, S_BIG_ROWS, S_PAGE_END, S_LAST, S_NTH,
	S_CLEAR_BIG, S_CLEAR, S_SCAN, S_COUNT
};

struct kv_sqlite_conn {
	struct kv_sqlite_conn	*next;		/* in the pool */
	sqlite3			*db;
	sqlite3_stmt		*st[S_COUNT];
	struct kv_cursor	*spare;		/* closed cursors */
	struct kv_cursor	*open;		/* of this transaction */
	int			 rc;	/* last bad result code */
	int			 wal_pages;	/* that are in the log */
	int			 wal_tried;	/* then, at a checkpoint */
};

struct kv_sqlite_tx {
	struct kv_tx		 tx;
	struct kv_sqlite_conn	*conn;
};

struct kv_cursor {
	struct kv_cursor	*next;
	struct kv_sqlite_conn	*conn;
	sqlite3_stmt		*st;
	bool			 keys_only;
	char			*large;		/* its last large value */
	size_t			 room;		/* for one */
};

struct kv_sqlite_pool {
	char			*path;		/* of the database */
	struct kv_sqlite_opts	 opt;
	pthread_mutex_t		 lock;		/* of free */
	struct kv_sqlite_conn	*free;
};

/* An empty pool for the database at path. */
void		kv_sqlite_pool_init(struct kv_sqlite_pool *p, const char *path,
		    const struct kv_sqlite_opts *opt);
/* Closes the connections in the pool, those that were given back. */
void		kv_sqlite_pool_release(struct kv_sqlite_pool *p);

/* A connection out of the pool, or a new one: the caller's until it is given
 * back or closed. */
enum err	kv_sqlite_conn_take(struct cx *cx, struct kv_sqlite_pool *p,
		    struct kv_sqlite_conn **out);
/* Back into the pool, its cursors closed; one that is not good is closed. */
void		kv_sqlite_conn_give(struct kv_sqlite_pool *p,
		    struct kv_sqlite_conn *c, bool good);
/* c may be NULL. */
void		kv_sqlite_conn_close(struct kv_sqlite_conn *c);

/* Record what SQLite says of its last call on this connection. */
enum err	kv_sqlite_bad(struct cx *cx, struct kv_sqlite_conn *c,
		    const char *what);

/* What a failed statement says to all: an error kind of its own where the disk
 * is full or the database is damaged. */
enum err	kv_sqlite_kind(const struct kv_sqlite_conn *c);

/* A statement, prepared once for each connection; NULL: kv_sqlite_bad. */
sqlite3_stmt	*kv_sqlite_statement(struct kv_sqlite_conn *c,
		    enum kv_sqlite_which w);
/* Bytes as parameter i; they must last until the statement is done. */
void		kv_sqlite_bind(sqlite3_stmt *st, int i, struct str s);
/* The bytes of column i, valid until the next step. */
struct str	kv_sqlite_column(sqlite3_stmt *st, int i);
/* Run a statement that has neither parameters nor rows. */
enum err	kv_sqlite_run(struct cx *cx, struct kv_sqlite_conn *c,
		    enum kv_sqlite_which w);
/* Step a bound statement to its next row; the caller resets it. */
enum err	kv_sqlite_step_row(struct cx *cx, struct kv_sqlite_conn *c,
		    sqlite3_stmt *st, bool *there);
/* Step a bound statement that has no rows, and reset it. */
enum err	kv_sqlite_step_done(struct cx *cx, struct kv_sqlite_conn *c,
		    sqlite3_stmt *st);

/* Pages of the database that hold nothing. */
int		kv_sqlite_free_pages(struct kv_sqlite_conn *c);

/* A cursor of this connection, unbound. */
enum err	kv_sqlite_cursor_open(struct cx *cx,
		    struct kv_sqlite_conn *c, struct kv_cursor **out);
void		kv_sqlite_cursor_close(struct kv_cursor *cur);
/*
 * A copy of a large value.  It is the cursor's, until that keeps another or is
 * closed, so that a scan of many takes the memory of one; cur NULL: of cx.
 */
struct str	kv_sqlite_keep(struct cx *cx, struct kv_cursor *cur,
		    struct str s);
/* All that are open: the transaction ends. */
void		kv_sqlite_cursors_close(struct kv_sqlite_conn *c);

#endif
