/*
 * kv on SQLite: one file in WAL mode, group commit, a turnstile between
 * processes.  Home of SQLite.
 *
 * Layout: kv(k, v) WITHOUT ROWID; a value over INLINE bytes sits in big(id, v)
 * and the kv row holds the id, so that ordered scans stay dense and key
 * compares never read an overflow chain.
 *
 * Writers queue in the process (kv/group.h); a leader takes the lock between
 * processes, then the batch, runs each fn under a savepoint, and commits once.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/log.h"
#include "base/vec.h"
#include "kv/group.h"

enum {
	INLINE = 1000,		/* a quarter of the smallest page */
	FORMAT = 1,		/* user_version */
	APPLICATION = 0x4c414b45
};

enum which {
	S_BEGIN, S_IMMEDIATE, S_COMMIT, S_ROLLBACK, S_SAVE, S_RELEASE, S_BACK,
	S_FIND, S_PUT, S_DELETE, S_BIG_FIND, S_BIG_PUT, S_BIG_DELETE, S_LAST,
	S_NTH, S_CLEAR_BIG, S_CLEAR, S_SCAN, S_COUNT
};

static const char *const sql[S_COUNT] = {
	[S_BEGIN] = "BEGIN",
	[S_IMMEDIATE] = "BEGIN IMMEDIATE",
	[S_COMMIT] = "COMMIT",
	[S_ROLLBACK] = "ROLLBACK",
	[S_SAVE] = "SAVEPOINT s",
	[S_RELEASE] = "RELEASE s",
	[S_BACK] = "ROLLBACK TO s",
	[S_FIND] = "SELECT v FROM kv WHERE k = ?1",
	[S_PUT] = "INSERT OR REPLACE INTO kv(k, v) VALUES(?1, ?2)",
	[S_DELETE] = "DELETE FROM kv WHERE k = ?1",
	[S_BIG_FIND] = "SELECT v FROM big WHERE id = ?1",
	[S_BIG_PUT] = "INSERT INTO big(v) VALUES(?1)",
	[S_BIG_DELETE] = "DELETE FROM big WHERE id = ?1",
	[S_LAST] = "SELECT k, v FROM kv WHERE k >= ?1 AND k < ?2 "
	    "ORDER BY k DESC LIMIT 1",
	/* The chunk's end first: one lower and one upper bound, or SQLite
	 * walks the whole rest of the range for each chunk. */
	[S_NTH] = "SELECT k FROM kv WHERE k >= ?1 AND k < ?2 "
	    "ORDER BY k LIMIT 1 OFFSET ?3",
	[S_CLEAR_BIG] = "DELETE FROM big WHERE id IN (SELECT v FROM kv "
	    "WHERE k >= ?1 AND k < ?2 AND typeof(v) = 'integer')",
	[S_CLEAR] = "DELETE FROM kv WHERE k >= ?1 AND k < ?2",
	[S_SCAN] = "SELECT k, v FROM kv WHERE k >= ?1 AND k < ?2 ORDER BY k",
};

struct conn {	/* one connection, used by one thread at a time */
	struct conn		*next;		/* free list */
	sqlite3			*db;
	sqlite3_stmt		*st[S_COUNT];
	struct kv_cursor	*spare;		/* closed cursors */
	struct kv_cursor	*open;		/* of this transaction */
	int			 rc;		/* last bad result code */
};

struct kv_cursor {
	struct kv_cursor	*next;
	struct conn		*conn;
	sqlite3_stmt		*st;
	bool			 keys_only;
};

struct sqlite_kv {
	struct kv		 kv;
	char			*path;
	struct kv_sqlite_opts	 opt;
	int			 queue_fd, writer_fd;	/* the turnstile */
	pthread_mutex_t		 lock;			/* of free */
	struct conn		*free;
	struct group		 group;
	struct conn		*writer;	/* the leader's */
};

struct sqlite_tx {
	struct kv_tx	 tx;
	struct conn	*conn;
};

static enum err
bad(struct cx *cx, struct conn *c, const char *what)
{
	c->rc = sqlite3_extended_errcode(c->db);
	return fail(cx, (c->rc & 0xff) == SQLITE_FULL ? E_DISK_FULL :
	    (c->rc & 0xff) == SQLITE_CORRUPT ? E_CORRUPT : E_STORE,
	    "database %s: %s", what, sqlite3_errmsg(c->db));
}

static sqlite3_stmt *
statement(struct conn *c, enum which w)
{
	if (c->st[w] == NULL && sqlite3_prepare_v3(c->db, sql[w], -1,
	    SQLITE_PREPARE_PERSISTENT, &c->st[w], NULL) != SQLITE_OK)
		return NULL;
	return c->st[w];
}

static void
bind_str(sqlite3_stmt *st, int i, struct str s)
{
	sqlite3_bind_blob(st, i, s.n > 0 ? s.p : "", (int)s.n, SQLITE_STATIC);
}

static struct str
column(sqlite3_stmt *st, int i)
{
	const void	*p = sqlite3_column_blob(st, i);

	return (struct str){ p != NULL ? p : "",
	    (size_t)sqlite3_column_bytes(st, i) };
}

/* Run a statement without parameters or rows. */
static enum err
run(struct cx *cx, struct conn *c, enum which w)
{
	sqlite3_stmt	*st = statement(c, w);
	int		 rc;

	if (st == NULL)
		return bad(cx, c, sql[w]);
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? OK : bad(cx, c, sql[w]);
}

/* Step a bound statement that gives at most one row; the caller resets. */
static enum err
step_row(struct cx *cx, struct conn *c, sqlite3_stmt *st, bool *there)
{
	int	rc = sqlite3_step(st);

	*there = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? OK :
	    bad(cx, c, "read");
}

static enum err
step_done(struct cx *cx, struct conn *c, sqlite3_stmt *st)
{
	int	rc = sqlite3_step(st);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? OK : bad(cx, c, "write");
}

static void
conn_close(struct conn *c)
{
	struct kv_cursor	*cur;
	size_t			 i;

	if (c == NULL)
		return;
	for (i = 0; i < S_COUNT; i++)
		sqlite3_finalize(c->st[i]);
	while ((cur = c->spare) != NULL) {
		c->spare = cur->next;
		sqlite3_finalize(cur->st);
		free(cur);
	}
	sqlite3_close(c->db);
	free(c);
}

static enum err
conn_setup(struct cx *cx, struct sqlite_kv *s, struct conn *c)
{
	char	z[400];

	sqlite3_busy_timeout(c->db, 10000);	/* foreign tools only */
	sqlite3_snprintf(sizeof z, z, "%s"
	    "PRAGMA synchronous=%s; PRAGMA secure_delete=OFF;"
	    "PRAGMA cache_size=-1024; PRAGMA mmap_size=0;"
	    "PRAGMA wal_autocheckpoint=500; PRAGMA temp_store=MEMORY;",
	    s->opt.create ? "PRAGMA page_size=8192;"
	    "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;" : "",
	    s->opt.relaxed ? "NORMAL" : "FULL");
	if (sqlite3_exec(c->db, z, NULL, NULL, NULL) != SQLITE_OK)
		return bad(cx, c, "setup");
	return OK;
}

static enum err
conn_open(struct cx *cx, struct sqlite_kv *s, struct conn **out)
{
	struct conn	*c;
	enum err	 e;
	int		 flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	if (s->opt.create)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(s->path, &c->db, flags, s->opt.vfs) != SQLITE_OK)
		e = bad(cx, c, s->path);
	else
		e = conn_setup(cx, s, c);
	if (e != OK) {
		conn_close(c);
		return e;
	}
	*out = c;
	return OK;
}

static enum err
conn_take(struct cx *cx, struct sqlite_kv *s, struct conn **out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->free;
	if (*out != NULL)
		s->free = (*out)->next;
	pthread_mutex_unlock(&s->lock);
	return *out != NULL ? OK : conn_open(cx, s, out);
}

static void
cursor_close(struct kv_cursor *cur)
{
	struct kv_cursor	**at;

	for (at = &cur->conn->open; *at != cur; at = &(*at)->next)
		assert(*at != NULL);
	*at = cur->next;
	sqlite3_reset(cur->st);
	sqlite3_clear_bindings(cur->st);
	cur->next = cur->conn->spare;
	cur->conn->spare = cur;
}

static void
cursors_close(struct conn *c)
{
	while (c->open != NULL)
		cursor_close(c->open);
}

/* A connection that failed is not used again. */
static void
conn_give(struct sqlite_kv *s, struct conn *c, bool good)
{
	cursors_close(c);
	if (!good) {
		conn_close(c);
		return;
	}
	pthread_mutex_lock(&s->lock);
	c->next = s->free;
	s->free = c;
	pthread_mutex_unlock(&s->lock);
}

static enum err
sqlite_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct sqlite_kv	*s = (struct sqlite_kv *)kv;
	struct sqlite_tx	 tx = { { kv, false }, NULL };
	enum err		 e;
	bool			 good;

	if ((e = conn_take(cx, s, &tx.conn)) != OK)
		return e;
	tx.conn->rc = SQLITE_OK;
	if ((e = run(cx, tx.conn, S_BEGIN)) == OK) {
		e = fn(cx, &tx.tx, arg);
		cursors_close(tx.conn);
	}
	good = tx.conn->rc == SQLITE_OK;
	if (!sqlite3_get_autocommit(tx.conn->db))
		good = sqlite3_step(statement(tx.conn, S_ROLLBACK)) ==
		    SQLITE_DONE && good;
	if (good)
		sqlite3_reset(tx.conn->st[S_ROLLBACK]);
	conn_give(s, tx.conn, good);
	return e;
}

/* One member inside the open transaction; its failure leaves no trace. */
static void
member_run(struct sqlite_kv *s, struct conn *c, struct member *m, bool alone)
{
	struct sqlite_tx	 tx = { { &s->kv, true }, c };
	struct arena_mark	 mark = arena_mark(m->cx->mem);

	if (!alone && (m->result = run(m->cx, c, S_SAVE)) != OK)
		return;
	m->result = m->fn(m->cx, &tx.tx, m->arg);
	cursors_close(c);
	if (m->result != OK)
		arena_back(m->cx->mem, mark);
	if (sqlite3_get_autocommit(c->db) || alone)
		return;
	if (m->result != OK && run(m->cx, c, S_BACK) != OK)
		return;
	run(m->cx, c, S_RELEASE);
}

/*
 * All members in one transaction.  false: it was lost for a reason that does
 * not concern all, and each should be tried alone.  [K4, K5, K6]
 */
static bool
members_run(struct sqlite_kv *s, struct conn *c, struct member *first)
{
	struct member	*m;
	bool		 alone = first->next == NULL;
	struct cx	*cx = first->cx;

	c->rc = SQLITE_OK;
	if (fault("kv.begin") || run(cx, c, S_IMMEDIATE) != OK) {
		group_fail(first, E_BUSY, "the database is locked");
		return true;
	}
	for (m = first; m != NULL; m = m->next) {
		member_run(s, c, m, alone);
		if (!sqlite3_get_autocommit(c->db))
			continue;
		/* SQLite rolled everything back by itself. */
		if (alone)
			return true;
		if ((c->rc & 0xff) != SQLITE_FULL &&
		    (c->rc & 0xff) != SQLITE_IOERR)
			return false;
		group_fail(first, (c->rc & 0xff) == SQLITE_FULL ?
		    E_DISK_FULL : E_STORE, "the transaction was lost");
		return true;
	}
	if (alone && first->result != OK) {
		if (sqlite3_step(statement(c, S_ROLLBACK)) != SQLITE_DONE)
			c->rc = SQLITE_ERROR;
		sqlite3_reset(c->st[S_ROLLBACK]);
		return true;
	}
	if (fault("kv.commit") || run(cx, c, S_COMMIT) != OK) {
		c->rc = SQLITE_IOERR;
		group_fail(first, E_STORE, "the commit failed: whether it "
		    "took effect is not known");
	}
	return true;
}

static void
members_each(struct sqlite_kv *s, struct conn *c, struct member *first)
{
	struct member	*m, *rest;

	for (m = first; m != NULL; m = m->next) {
		rest = m->next;
		m->next = NULL;
		members_run(s, c, m);
		m->next = rest;
	}
}

/* Two locks, so that who releases cannot overtake who waits. */
static enum err
turnstile_enter(struct cx *cx, struct sqlite_kv *s)
{
	enum err	e;

	if ((e = file_lock(cx, s->queue_fd)) != OK)
		return e;
	e = file_lock(cx, s->writer_fd);
	file_unlock(s->queue_fd);
	return e;
}

/*
 * All batches go through one connection: another's commit would make it forget
 * its pages.  Only a leader comes here.
 */
static enum err
writer_take(struct cx *cx, struct sqlite_kv *s, struct conn **out)
{
	enum err	e = OK;

	if (s->writer == NULL)
		e = conn_take(cx, s, &s->writer);
	*out = s->writer;
	return e;
}

static void
writer_give(struct sqlite_kv *s, bool good)
{
	if (s->writer == NULL)
		return;
	cursors_close(s->writer);
	if (good)
		return;
	conn_close(s->writer);
	s->writer = NULL;
}

/* Lead one batch: the locks first, so that the queue fills meanwhile. */
static struct member *
batch_run(struct cx *cx, void *self)
{
	struct sqlite_kv	*s = self;
	struct member		*first;
	struct conn		*c = NULL;
	struct cx		 note = cx_bare(cx->mem);
	enum err		 e;

	if ((e = turnstile_enter(&note, s)) == OK)
		e = writer_take(&note, s, &c);
	first = group_take(&s->group);
	if (e != OK)
		group_fail(first, e, note.words);
	else if (!members_run(s, c, first))
		members_each(s, c, first);
	if (c != NULL)
		writer_give(s, c->rc == SQLITE_OK &&
		    sqlite3_get_autocommit(c->db));
	file_unlock(s->writer_fd);
	return first;
}

static enum err
sqlite_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	return group_write(cx, &((struct sqlite_kv *)kv)->group, fn, arg);
}

/* The value of a row: itself, or what its id stands for. */
static enum err
value_of(struct cx *cx, struct conn *c, sqlite3_stmt *st, int i, bool copy,
    struct str *value)
{
	sqlite3_stmt	*big;
	enum err	 e;
	bool		 there;

	if (sqlite3_column_type(st, i) != SQLITE_INTEGER) {
		*value = column(st, i);
		if (copy)
			*value = str_dup(cx->mem, *value);
		return OK;
	}
	if ((big = statement(c, S_BIG_FIND)) == NULL)
		return bad(cx, c, "prepare");
	sqlite3_bind_int64(big, 1, sqlite3_column_int64(st, i));
	e = step_row(cx, c, big, &there);
	if (e == OK && !there)
		e = fail(cx, E_CORRUPT, "a large value is missing");
	if (e == OK)
		*value = str_dup(cx->mem, column(big, 0));
	sqlite3_reset(big);
	return e;
}

static enum err
sqlite_find(struct cx *cx, struct kv_tx *tx, struct str key,
    struct str *value, bool *there)
{
	struct conn	*c = ((struct sqlite_tx *)tx)->conn;
	sqlite3_stmt	*st = statement(c, S_FIND);
	enum err	 e;

	if (st == NULL)
		return bad(cx, c, "prepare");
	bind_str(st, 1, key);
	e = step_row(cx, c, st, there);
	if (e == OK && *there)
		e = value_of(cx, c, st, 0, true, value);
	sqlite3_reset(st);
	return e;
}

/* A large value that this key has is about to lose its key. */
static enum err
big_drop(struct cx *cx, struct conn *c, struct str key)
{
	sqlite3_stmt	*st = statement(c, S_FIND), *del;
	sqlite3_int64	 id = 0;
	enum err	 e;
	bool		 there;

	if (st == NULL)
		return bad(cx, c, "prepare");
	bind_str(st, 1, key);
	e = step_row(cx, c, st, &there);
	if (e == OK && there && sqlite3_column_type(st, 0) == SQLITE_INTEGER)
		id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (e != OK || id == 0)
		return e;
	if ((del = statement(c, S_BIG_DELETE)) == NULL)
		return bad(cx, c, "prepare");
	sqlite3_bind_int64(del, 1, id);
	return step_done(cx, c, del);
}

static enum err
sqlite_put(struct cx *cx, struct kv_tx *tx, struct str key, struct str value)
{
	struct conn	*c = ((struct sqlite_tx *)tx)->conn;
	sqlite3_stmt	*st, *big;
	enum err	 e;

	if ((e = big_drop(cx, c, key)) != OK)
		return e;
	if ((st = statement(c, S_PUT)) == NULL ||
	    (big = statement(c, S_BIG_PUT)) == NULL)
		return bad(cx, c, "prepare");
	if (value.n <= INLINE) {
		bind_str(st, 2, value);
	} else {
		bind_str(big, 1, value);
		if ((e = step_done(cx, c, big)) != OK)
			return e;
		sqlite3_bind_int64(st, 2, sqlite3_last_insert_rowid(c->db));
	}
	bind_str(st, 1, key);
	return step_done(cx, c, st);
}

static enum err
sqlite_delete(struct cx *cx, struct kv_tx *tx, struct str key)
{
	struct conn	*c = ((struct sqlite_tx *)tx)->conn;
	sqlite3_stmt	*st;
	enum err	 e;

	if ((e = big_drop(cx, c, key)) != OK)
		return e;
	if ((st = statement(c, S_DELETE)) == NULL)
		return bad(cx, c, "prepare");
	bind_str(st, 1, key);
	return step_done(cx, c, st);
}

static enum err
sqlite_scan(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    bool keys_only, struct kv_cursor **out)
{
	struct conn		*c = ((struct sqlite_tx *)tx)->conn;
	struct kv_cursor	*cur = c->spare;

	if (cur != NULL) {
		c->spare = cur->next;
	} else {
		cur = calloc(1, sizeof *cur);
		if (cur == NULL)
			abort();
		if (sqlite3_prepare_v3(c->db, sql[S_SCAN], -1,
		    SQLITE_PREPARE_PERSISTENT, &cur->st, NULL) != SQLITE_OK) {
			free(cur);
			return bad(cx, c, "prepare");
		}
	}
	cur->conn = c;
	cur->keys_only = keys_only;
	cur->next = c->open;
	c->open = cur;
	sqlite3_bind_blob(cur->st, 1, lo.p, (int)lo.n, SQLITE_TRANSIENT);
	sqlite3_bind_blob(cur->st, 2, hi.p, (int)hi.n, SQLITE_TRANSIENT);
	*out = cur;
	return OK;
}

static enum err
sqlite_next(struct cx *cx, struct kv_cursor *cur, struct str *key,
    struct str *value, bool *there)
{
	enum err	e;

	if ((e = step_row(cx, cur->conn, cur->st, there)) != OK || !*there)
		return e;
	*key = column(cur->st, 0);
	if (cur->keys_only && sqlite3_column_type(cur->st, 1) ==
	    SQLITE_INTEGER) {
		*value = STR("");
		return OK;
	}
	return value_of(cx, cur->conn, cur->st, 1, false, value);
}

static enum err
sqlite_seek(struct cx *cx, struct kv_cursor *cur, struct str lo)
{
	(void)cx;
	sqlite3_reset(cur->st);
	sqlite3_bind_blob(cur->st, 1, lo.p, (int)lo.n, SQLITE_TRANSIENT);
	return OK;
}

static enum err
sqlite_last(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct str *key, struct str *value, bool *there)
{
	struct conn	*c = ((struct sqlite_tx *)tx)->conn;
	sqlite3_stmt	*st = statement(c, S_LAST);
	enum err	 e;

	if (st == NULL)
		return bad(cx, c, "prepare");
	bind_str(st, 1, lo);
	bind_str(st, 2, hi);
	e = step_row(cx, c, st, there);
	if (e == OK && *there) {
		*key = str_dup(cx->mem, column(st, 0));
		e = value_of(cx, c, st, 1, true, value);
	}
	sqlite3_reset(st);
	return e;
}

static enum err
sqlite_clear(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    size_t max, size_t *n)
{
	struct conn	*c = ((struct sqlite_tx *)tx)->conn;
	sqlite3_stmt	*nth = statement(c, S_NTH);
	sqlite3_stmt	*big = statement(c, S_CLEAR_BIG);
	sqlite3_stmt	*st = statement(c, S_CLEAR);
	enum err	 e;
	bool		 more;

	if (nth == NULL || big == NULL || st == NULL)
		return bad(cx, c, "prepare");
	bind_str(nth, 1, lo);
	bind_str(nth, 2, hi);
	sqlite3_bind_int64(nth, 3, (sqlite3_int64)max);
	e = step_row(cx, c, nth, &more);
	if (e == OK && more)
		hi = str_dup(cx->mem, column(nth, 0));
	sqlite3_reset(nth);
	if (e != OK)
		return e;
	bind_str(big, 1, lo);
	bind_str(big, 2, hi);
	bind_str(st, 1, lo);
	bind_str(st, 2, hi);
	if ((e = step_done(cx, c, big)) != OK ||
	    (e = step_done(cx, c, st)) != OK)
		return e;
	*n = (size_t)sqlite3_changes64(c->db);
	return OK;
}

static int
free_pages(struct conn *c)
{
	sqlite3_stmt	*st;
	int		 n = 0;

	if (sqlite3_prepare_v2(c->db, "PRAGMA freelist_count", -1, &st,
	    NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return n;
}

static enum err
trim_step(struct cx *cx, struct sqlite_kv *s, int *left)
{
	struct conn	*c;
	enum err	 e;

	if ((e = writer_take(cx, s, &c)) != OK)
		return e;
	if (sqlite3_exec(c->db, "PRAGMA incremental_vacuum(500)", NULL, NULL,
	    NULL) != SQLITE_OK)
		e = bad(cx, c, "vacuum");
	*left = free_pages(c);
	writer_give(s, e == OK);
	return e;
}

static enum err
sqlite_trim(struct cx *cx, struct kv *kv)
{
	struct sqlite_kv	*s = (struct sqlite_kv *)kv;
	enum err		 e = OK;
	int			 left = 1;

	while (e == OK && left > 0) {
		group_lead_begin(&s->group);
		if ((e = turnstile_enter(cx, s)) == OK) {
			e = trim_step(cx, s, &left);
			file_unlock(s->writer_fd);
		}
		group_lead_end(&s->group);
	}
	return e;
}

static void
sqlite_close_all(struct kv *kv)
{
	struct sqlite_kv	*s = (struct sqlite_kv *)kv;
	struct conn		*c;

	/* Properly, so that the last process leaves no WAL to recover. */
	conn_close(s->writer);
	while ((c = s->free) != NULL) {
		s->free = c->next;
		conn_close(c);
	}
	file_close(s->queue_fd);
	file_close(s->writer_fd);
	group_release(&s->group);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

static const struct kv_ops sqlite_ops = {
	.read = sqlite_read, .write = sqlite_write, .find = sqlite_find,
	.put = sqlite_put, .del = sqlite_delete, .scan = sqlite_scan,
	.next = sqlite_next, .seek = sqlite_seek,
	.cursor_close = cursor_close, .last = sqlite_last,
	.clear = sqlite_clear, .trim = sqlite_trim, .close = sqlite_close_all,
};

static enum err
schema_make(struct cx *cx, struct conn *c)
{
	char	z[300];

	sqlite3_snprintf(sizeof z, z, "PRAGMA application_id=%d;"
	    "PRAGMA user_version=%d;"
	    "CREATE TABLE kv(k BLOB PRIMARY KEY, v) WITHOUT ROWID;"
	    "CREATE TABLE big(id INTEGER PRIMARY KEY, v BLOB);",
	    APPLICATION, FORMAT);
	return sqlite3_exec(c->db, z, NULL, NULL, NULL) == SQLITE_OK ? OK :
	    bad(cx, c, "make tables");
}

static enum err
format_check(struct cx *cx, struct conn *c)
{
	sqlite3_stmt	*st;
	int		 version = -1;

	if (sqlite3_prepare_v2(c->db, "PRAGMA user_version", -1, &st, NULL) !=
	    SQLITE_OK)
		return bad(cx, c, "format");
	if (sqlite3_step(st) == SQLITE_ROW)
		version = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return version == FORMAT ? OK : fail(cx, E_STORE,
	    "the lake's database has format %d, this program knows %d",
	    version, FORMAT);
}

/*
 * SQLite's locks.  It takes an interrupted call for a lock that is held, and
 * when a lock cannot be given back it counts it as held for as long as the
 * process lives, so that nobody reads any more: then the process ends, which
 * gives all of them back, and the web server starts another.
 */
static int
lock_call(int fd, int what, ...)
{
	va_list		 ap;
	void		*arg;
	int		 rc;

	va_start(ap, what);
	arg = va_arg(ap, void *);
	va_end(ap);
	do
		rc = fcntl(fd, what, arg);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && what == F_SETLK &&
	    ((struct flock *)arg)->l_type == F_UNLCK) {
		log_line(LOG_ERROR, "database words=\"a lock cannot be "
		    "released: %s\"", strerror(errno));
		_exit(1);
	}
	return rc;
}

static void
library_setup(void)
{
	sqlite3_vfs	*vfs;

	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	vfs = sqlite3_vfs_find("unix");
	if (vfs != NULL && vfs->iVersion >= 3)
		vfs->xSetSystemCall(vfs, "fcntl",
		    (sqlite3_syscall_ptr)lock_call);
}

enum err
kv_sqlite_open(struct cx *cx, const char *dir,
    const struct kv_sqlite_opts *opt, struct kv **out)
{
	static pthread_once_t	 once = PTHREAD_ONCE_INIT;
	struct sqlite_kv	*s;
	struct conn		*c = NULL;
	struct str		 path;
	enum err		 e;

	pthread_once(&once, library_setup);
	s = calloc(1, sizeof *s);
	path = str_printf(cx->mem, "%s/meta.db", dir);
	if (s == NULL || (s->path = strdup(path.p)) == NULL)
		abort();
	s->kv.ops = &sqlite_ops;
	s->opt = *opt;
	group_init(&s->group, batch_run, s);
	s->queue_fd = s->writer_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	if ((e = file_lock_open(cx, str_printf(cx->mem, "%s/queue.lock",
	    dir).p, &s->queue_fd)) == OK &&
	    (e = file_lock_open(cx, str_printf(cx->mem, "%s/writer.lock",
	    dir).p, &s->writer_fd)) == OK &&
	    (e = conn_open(cx, s, &c)) == OK)
		e = opt->create ? schema_make(cx, c) : format_check(cx, c);
	s->opt.create = false;
	if (e != OK) {
		conn_close(c);
		sqlite_close_all(&s->kv);
		return e;
	}
	s->free = c;
	*out = &s->kv;
	return OK;
}
