/*
 * kv on SQLite: one file in WAL mode, group commit, a turnstile between
 * processes.  Home of SQLite, with kv_sqlite_conn.
 *
 * Layout: kv(k, v) WITHOUT ROWID; a value over INLINE bytes sits in big(id, v)
 * and the kv row holds the id, so that ordered scans stay dense and key
 * compares never read an overflow chain.
 *
 * Writers queue in the process (kv/kv_group.h); a leader takes the lock between
 * processes, then the batch, runs each fn under a savepoint, and commits once.
 */
#include <stdlib.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "kv/kv_group.h"
#include "kv/kv_sqlite_check.h"
#include "kv/kv_sqlite_copy.h"
#include "kv/kv_sqlite_wal.h"

enum { INLINE = 1000 };		/* a quarter of the smallest page */

struct kv_sqlite {
	struct kv		 kv;
	struct kv_sqlite_pool	 pool;
	int			 queue_fd, writer_fd;	/* the turnstile */
	struct kv_group		 group;
	struct kv_sqlite_conn	*writer;		/* the leader's */
};

struct kv_sqlite_tx {
	struct kv_tx		 tx;
	struct kv_sqlite_conn	*conn;
};

static enum err
kv_sqlite_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct kv_sqlite	*s = (struct kv_sqlite *)kv;
	struct kv_sqlite_tx	 tx = { { kv, false }, NULL };
	enum err		 e;
	bool			 good;

	if ((e = kv_sqlite_conn_take(cx, &s->pool, &tx.conn)) != OK)
		return e;
	tx.conn->rc = SQLITE_OK;
	if ((e = kv_sqlite_run(cx, tx.conn, S_BEGIN)) == OK) {
		e = fn(cx, &tx.tx, arg);
		kv_sqlite_cursors_close(tx.conn);
	}
	good = tx.conn->rc == SQLITE_OK;
	if (!sqlite3_get_autocommit(tx.conn->db))
		good = sqlite3_step(kv_sqlite_statement(tx.conn, S_ROLLBACK)) ==
		    SQLITE_DONE && good;
	if (good)
		sqlite3_reset(tx.conn->st[S_ROLLBACK]);
	kv_sqlite_conn_give(&s->pool, tx.conn, good);
	return e;
}

/*
 * One member inside the open transaction; its failure leaves no trace.  False:
 * the transaction is lost, or what the member wrote cannot be taken back.
 */
static bool
kv_sqlite_member_run(struct kv_sqlite *s, struct kv_sqlite_conn *c,
    struct kv_group_member *m, bool alone)
{
	struct kv_sqlite_tx	tx = { { &s->kv, true }, c };
	struct arena_mark	mark = arena_mark(m->cx->mem);

	if (!alone && (m->result = kv_sqlite_run(m->cx, c, S_SAVE)) != OK)
		return !sqlite3_get_autocommit(c->db);
	m->result = m->fn(m->cx, &tx.tx, m->arg);
	kv_sqlite_cursors_close(c);
	if (m->result != OK)
		arena_back(m->cx->mem, mark);
	if (sqlite3_get_autocommit(c->db))
		return false;
	if (alone)
		return true;
	return (m->result == OK || fault_skip("KV_BACK") ||
	    kv_sqlite_run(m->cx, c, S_BACK) == OK) &&
	    kv_sqlite_run(m->cx, c, S_RELEASE) == OK;
}

static void
kv_sqlite_rollback(struct kv_sqlite_conn *c)
{
	if (sqlite3_get_autocommit(c->db))
		return;
	if (sqlite3_step(kv_sqlite_statement(c, S_ROLLBACK)) != SQLITE_DONE)
		c->rc = SQLITE_ERROR;
	sqlite3_reset(c->st[S_ROLLBACK]);
}

/* The words of the first are those of all. */
static void
kv_sqlite_all_fail(struct kv_group_member *first, enum err code)
{
	struct str	words = str_dup(first->cx->mem,
	    str_of(first->cx->words));

	kv_group_fail(first, code, words.p);
}

/*
 * All members in one transaction.  false: it was lost for a reason that does
 * not concern all, and each should be tried alone.  [K4, K5, K6]
 */
static bool
kv_sqlite_members_run(struct kv_sqlite *s, struct kv_sqlite_conn *c,
    struct kv_group_member *first)
{
	struct kv_group_member	*m;
	bool			 alone = first->next == NULL;
	struct cx		*cx = first->cx;
	enum err		 e;

	c->rc = SQLITE_OK;
	if (fault("kv.begin")) {
		kv_group_fail(first, E_BUSY, "the database is locked");
		return true;
	}
	if (kv_sqlite_run(cx, c, S_IMMEDIATE) != OK) {
		kv_sqlite_all_fail(first, kv_sqlite_kind(c));
		return true;
	}
	for (m = first; m != NULL; m = m->next) {
		if (kv_sqlite_member_run(s, c, m, alone))
			continue;
		if (alone)
			return true;
		kv_sqlite_rollback(c);
		if ((c->rc & 0xff) != SQLITE_FULL &&
		    (c->rc & 0xff) != SQLITE_IOERR)
			return false;
		kv_group_fail(first, kv_sqlite_kind(c),
		    "the transaction was lost");
		return true;
	}
	if (alone && first->result != OK) {
		kv_sqlite_rollback(c);
		return true;
	}
	if ((fault("kv.commit") || kv_sqlite_run(cx, c, S_COMMIT) != OK) &&
	    !fault_skip("KV_COMMIT")) {
		e = kv_sqlite_kind(c);
		c->rc = SQLITE_IOERR;
		kv_group_fail(first, e == E_DISK_FULL ? e : E_STORE,
		    "the commit failed: whether it took effect is not known");
		return true;
	}
	kv_sqlite_wal_bound(c);
	return true;
}

static void
kv_sqlite_members_each(struct kv_sqlite *s, struct kv_sqlite_conn *c,
    struct kv_group_member *first)
{
	struct kv_group_member	*m, *rest;

	for (m = first; m != NULL; m = m->next) {
		rest = m->next;
		m->next = NULL;
		kv_sqlite_members_run(s, c, m);
		m->next = rest;
	}
}

/* Two locks, so that who releases cannot overtake who waits. */
static enum err
kv_sqlite_turnstile_enter(struct cx *cx, struct kv_sqlite *s)
{
	int64_t		until = kv_group_patience();
	enum err	e;

	if ((e = file_lock_until(cx, s->queue_fd, until)) == OK)
		e = file_lock_until(cx, s->writer_fd, until);
	file_unlock(s->queue_fd);
	return e;
}

/*
 * All batches go through one connection: another's commit would make it forget
 * its pages.  Only a leader comes here.
 */
static enum err
kv_sqlite_writer_take(struct cx *cx, struct kv_sqlite *s,
    struct kv_sqlite_conn **out)
{
	enum err	e = OK;

	if (s->writer == NULL &&
	    (e = kv_sqlite_conn_take(cx, &s->pool, &s->writer)) == OK)
		kv_sqlite_wal_watch(s->writer);
	*out = s->writer;
	return e;
}

static void
kv_sqlite_writer_give(struct kv_sqlite *s, bool good)
{
	if (s->writer == NULL)
		return;
	kv_sqlite_cursors_close(s->writer);
	if (good)
		return;
	kv_sqlite_conn_close(s->writer);
	s->writer = NULL;
}

/* Lead one batch: the locks first, so that the queue fills meanwhile. */
static struct kv_group_member *
kv_sqlite_batch_run(struct cx *cx, void *self)
{
	struct kv_sqlite	*s = self;
	struct kv_group_member	*first;
	struct kv_sqlite_conn	*c = NULL;
	struct cx		 note = cx_bare(cx->mem);
	enum err		 e;

	if ((e = kv_sqlite_turnstile_enter(&note, s)) == OK)
		e = kv_sqlite_writer_take(&note, s, &c);
	first = kv_group_take(&s->group);
	if (e != OK)
		kv_group_fail(first, e, note.words);
	else if (!kv_sqlite_members_run(s, c, first))
		kv_sqlite_members_each(s, c, first);
	if (c != NULL)
		kv_sqlite_writer_give(s, c->rc == SQLITE_OK &&
		    sqlite3_get_autocommit(c->db));
	file_unlock(s->writer_fd);
	return first;
}

static enum err
kv_sqlite_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	return kv_group_write(cx, &((struct kv_sqlite *)kv)->group, fn, arg);
}

/* The value of a row: itself, or what its id stands for. */
static enum err
kv_sqlite_value_of(struct cx *cx, struct kv_sqlite_conn *c, sqlite3_stmt *st,
    int i, bool copy, struct str *value)
{
	sqlite3_stmt	*big;
	enum err	 e;
	bool		 there;

	if (sqlite3_column_type(st, i) != SQLITE_INTEGER) {
		*value = kv_sqlite_column(st, i);
		if (copy)
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
		*value = str_dup(cx->mem, kv_sqlite_column(big, 0));
	sqlite3_reset(big);
	return e;
}

static enum err
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
		e = kv_sqlite_value_of(cx, c, st, 0, true, value);
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

static enum err
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

static enum err
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

static enum err
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

static enum err
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
	return kv_sqlite_value_of(cx, cur->conn, cur->st, 1, false, value);
}

static enum err
kv_sqlite_seek(struct cx *cx, struct kv_cursor *cur, struct str lo)
{
	(void)cx;
	sqlite3_reset(cur->st);
	sqlite3_bind_blob(cur->st, 1, lo.p, (int)lo.n, SQLITE_TRANSIENT);
	return OK;
}

static enum err
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
		e = kv_sqlite_value_of(cx, c, st, 1, true, value);
	}
	sqlite3_reset(st);
	return e;
}

static enum err
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

static enum err
kv_sqlite_trim_step(struct cx *cx, struct kv_sqlite *s, int *left)
{
	struct kv_sqlite_conn	*c;
	enum err		 e;

	if ((e = kv_sqlite_writer_take(cx, s, &c)) != OK)
		return e;
	if (sqlite3_exec(c->db, "PRAGMA incremental_vacuum(500)", NULL, NULL,
	    NULL) != SQLITE_OK)
		e = kv_sqlite_bad(cx, c, "vacuum");
	*left = kv_sqlite_free_pages(c);
	kv_sqlite_writer_give(s, e == OK);
	return e;
}

static enum err
kv_sqlite_trim(struct cx *cx, struct kv *kv)
{
	struct kv_sqlite	*s = (struct kv_sqlite *)kv;
	enum err		 e = OK;
	int			 left = 1;

	while (e == OK && left > 0) {
		kv_group_lead_begin(&s->group);
		if ((e = kv_sqlite_turnstile_enter(cx, s)) == OK) {
			e = kv_sqlite_trim_step(cx, s, &left);
			file_unlock(s->writer_fd);
		}
		kv_group_lead_end(&s->group);
	}
	return e;
}

/* What is found first is the snapshot that all pages are read in. */
static enum err
kv_sqlite_copy_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct str	v;
	enum err	e;
	bool		there;

	if ((e = kv_sqlite_find(cx, tx, STR("G"), &v, &there)) != OK)
		return e;
	return kv_sqlite_copy_pages(cx, ((struct kv_sqlite_tx *)tx)->conn,
	    arg);
}

/* The log grew while nobody could begin it anew. */
static void
kv_sqlite_log_empty(struct cx *cx, struct kv_sqlite *s)
{
	struct kv_sqlite_conn	*c;

	kv_group_lead_begin(&s->group);
	if (kv_sqlite_turnstile_enter(cx, s) == OK) {
		if (kv_sqlite_writer_take(cx, s, &c) == OK) {
			kv_sqlite_wal_empty(c);
			kv_sqlite_writer_give(s, true);
		}
		file_unlock(s->writer_fd);
	}
	kv_group_lead_end(&s->group);
}

static enum err
kv_sqlite_copy(struct cx *cx, struct kv *kv, const char *dir, kv_told *told,
    void *arg)
{
	struct kv_sqlite		*s = (struct kv_sqlite *)kv;
	struct kv_sqlite_copying	 as = { .told = told, .arg = arg };
	struct cx			 aside = cx_aside(cx);
	enum err			 e;
	int				 lock;

	as.to = str_printf(cx->mem, "%s/meta.db", dir).p;
	if ((e = kv_sqlite_copy_begin(cx, s->pool.path, &lock)) != OK)
		return e;
	e = kv_sqlite_read(cx, kv, kv_sqlite_copy_fn, &as);
	file_close(lock);
	kv_sqlite_log_empty(&aside, s);
	return e;
}

static void
kv_sqlite_close(struct kv *kv)
{
	struct kv_sqlite	*s = (struct kv_sqlite *)kv;

	/* Properly, so that the last process leaves no WAL to recover. */
	kv_sqlite_conn_close(s->writer);
	kv_sqlite_pool_release(&s->pool);
	file_close(s->queue_fd);
	file_close(s->writer_fd);
	kv_group_release(&s->group);
	free(s);
}

/* The pool with its first connection, and the log. */
static enum err
kv_sqlite_begin(struct cx *cx, struct kv_sqlite *s)
{
	struct kv_sqlite_conn	*c;
	enum err		 e;

	if ((e = kv_sqlite_pool_open(cx, &s->pool)) != OK ||
	    (e = kv_sqlite_conn_take(cx, &s->pool, &c)) != OK)
		return e;
	if (!fault_skip("WAL_MODE"))
		e = kv_sqlite_wal_require(cx, c);
	kv_sqlite_conn_give(&s->pool, c, e == OK);
	return e;
}

static const struct kv_ops kv_sqlite_ops = {
	.read = kv_sqlite_read, .write = kv_sqlite_write,
	.find = kv_sqlite_find, .put = kv_sqlite_put,
	.del = kv_sqlite_delete, .scan = kv_sqlite_scan,
	.next = kv_sqlite_next, .next_size = kv_sqlite_check_next,
	.seek = kv_sqlite_seek, .cursor_close = kv_sqlite_cursor_close,
	.last = kv_sqlite_last, .clear = kv_sqlite_clear,
	.trim = kv_sqlite_trim, .copy = kv_sqlite_copy, .close = kv_sqlite_close
};

enum err
kv_sqlite_open(struct cx *cx, const char *dir,
    const struct kv_sqlite_opts *opt, struct kv **out)
{
	struct kv_sqlite	*s = calloc(1, sizeof *s);
	enum err		 e;

	if (s == NULL)
		abort();
	s->kv.ops = &kv_sqlite_ops;
	kv_sqlite_pool_init(&s->pool, str_printf(cx->mem, "%s/meta.db",
	    dir).p, opt);
	kv_group_init(&s->group, kv_sqlite_batch_run, s);
	s->queue_fd = s->writer_fd = -1;
	if ((e = file_lock_open(cx, str_printf(cx->mem, "%s/queue.lock",
	    dir).p, &s->queue_fd)) != OK ||
	    (e = file_lock_open(cx, str_printf(cx->mem, "%s/writer.lock",
	    dir).p, &s->writer_fd)) != OK ||
	    (e = kv_sqlite_begin(cx, s)) != OK) {
		kv_sqlite_close(&s->kv);
		return e;
	}
	*out = &s->kv;
	return OK;
}
