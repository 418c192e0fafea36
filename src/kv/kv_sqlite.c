/*
 * kv on SQLite: one file in WAL mode, group commit, a turnstile between
 * processes.  Home of SQLite, with the other files of its name.
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
#include "kv/kv_sqlite_format.h"
#include "kv/kv_sqlite_rows.h"
#include "kv/kv_sqlite_wal.h"

struct kv_sqlite {
	struct kv		 kv;
	struct kv_sqlite_pool	 pool;
	int			 queue_fd, writer_fd;	/* the turnstile */
	struct kv_group		 group;
	struct kv_sqlite_conn	*writer;		/* the leader's */
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
		if (fault_skip("FORMAT_READ") ||
		    (e = kv_sqlite_format_check(cx, tx.conn)) == OK)
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
	if (!fault_skip("FORMAT_WRITE") &&
	    (e = kv_sqlite_format_check(cx, c)) != OK) {
		kv_sqlite_rollback(c);
		kv_sqlite_all_fail(first, e);
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

static enum err
kv_sqlite_trim_step(struct cx *cx, struct kv_sqlite *s, int *left)
{
	struct kv_sqlite_conn	*c;
	enum err		 e;

	if ((e = kv_sqlite_writer_take(cx, s, &c)) != OK)
		return e;
	if ((e = kv_sqlite_format_check(cx, c)) == OK &&
	    sqlite3_exec(c->db, "PRAGMA incremental_vacuum(500)", NULL, NULL,
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

/* The pool with its first connection, which the caller closes or gives. */
static enum err
kv_sqlite_begin(struct cx *cx, struct kv_sqlite *s, struct kv_sqlite_conn **c)
{
	enum err	e;

	if ((e = kv_sqlite_conn_take(cx, &s->pool, c)) == OK &&
	    s->pool.opt.create)
		e = kv_sqlite_format_make(cx, *c);
	s->pool.opt.create = false;
	return e;
}

/* Tables of this format, and the log. */
static enum err
kv_sqlite_accept(struct cx *cx, struct kv_sqlite *s)
{
	struct kv_sqlite_conn	*c = NULL;
	enum err		 e;

	if ((e = kv_sqlite_begin(cx, s, &c)) == OK &&
	    (e = kv_sqlite_format_check(cx, c)) == OK &&
	    !fault_skip("WAL_MODE"))
		e = kv_sqlite_wal_require(cx, c);
	if (c != NULL)
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
	.trim = kv_sqlite_trim, .copy = kv_sqlite_copy,
	.check = kv_sqlite_check, .leaked = kv_sqlite_check_value,
	.leaked_delete = kv_sqlite_check_delete, .close = kv_sqlite_close
};

static enum err
kv_sqlite_make(struct cx *cx, const char *dir,
    const struct kv_sqlite_opts *opt, struct kv_sqlite **out)
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
	    dir).p, &s->queue_fd)) == OK)
		e = file_lock_open(cx, str_printf(cx->mem, "%s/writer.lock",
		    dir).p, &s->writer_fd);
	if (e != OK)
		kv_sqlite_close(&s->kv);
	else
		*out = s;
	return e;
}

enum err
kv_sqlite_open(struct cx *cx, const char *dir,
    const struct kv_sqlite_opts *opt, struct kv **out)
{
	struct kv_sqlite	*s;
	enum err		 e;

	if ((e = kv_sqlite_make(cx, dir, opt, &s)) != OK)
		return e;
	if ((e = kv_sqlite_accept(cx, s)) != OK)
		kv_sqlite_close(&s->kv);
	else
		*out = &s->kv;
	return e;
}

/* ---- formats ----------------------------------------------------------- */

/* Points at which tests stop it, or kill it. */
static enum err
kv_sqlite_upgrade_point(struct cx *cx, const char *point)
{
	return fault(point) ? fail(cx, E_DISK_FULL, "stopped by a test") : OK;
}

/* What is in the transaction that raises the format. */
static enum err
kv_sqlite_upgrade_fn(struct cx *cx, struct kv_sqlite *s,
    struct kv_sqlite_conn *c, struct kv_sqlite_upgrade *up)
{
	struct kv_sqlite_tx	tx = { { &s->kv, true }, c };
	enum err		e;

	/* Another may have done it since we looked. */
	if ((e = kv_sqlite_format_read(cx, c, &up->from)) != OK ||
	    (up->from == up->to && !fault_skip("UPGRADE_ONCE")))
		return e;
	if ((e = kv_sqlite_format_raise(cx, c)) != OK ||
	    (e = kv_sqlite_upgrade_point(cx, "upgrade.renamed")) != OK)
		return e;
	e = up->fn(cx, &tx.tx, up->arg);
	kv_sqlite_cursors_close(c);
	return e != OK ? e : kv_sqlite_upgrade_point(cx, "upgrade.written");
}

static enum err
kv_sqlite_upgrade_commit(struct cx *cx, struct kv_sqlite *s,
    struct kv_sqlite_conn *c, struct kv_sqlite_upgrade *up)
{
	enum err	e;

	if ((e = kv_sqlite_wal_require(cx, c)) != OK ||
	    (e = kv_sqlite_run(cx, c, S_IMMEDIATE)) != OK)
		return e;
	if ((e = kv_sqlite_upgrade_fn(cx, s, c, up)) == OK)
		e = kv_sqlite_run(cx, c, S_COMMIT);
	if (e != OK) {
		kv_sqlite_rollback(c);
		return e;
	}
	if ((e = kv_sqlite_upgrade_point(cx, "upgrade.committed")) == OK &&
	    up->from != up->to)
		kv_sqlite_wal_empty(c);
	return e;
}

static enum err
kv_sqlite_upgrade_locked(struct cx *cx, struct kv_sqlite *s,
    struct kv_sqlite_conn *c, struct kv_sqlite_upgrade *up)
{
	enum err	e = OK;

	if (!fault_skip("UPGRADE_LOCK") &&
	    (e = kv_sqlite_turnstile_enter(cx, s)) != OK)
		return e;
	e = kv_sqlite_upgrade_commit(cx, s, c, up);
	file_unlock(s->writer_fd);
	return e;
}

enum err
kv_sqlite_upgrade(struct cx *cx, const char *dir, struct kv_sqlite_upgrade *up)
{
	const struct kv_sqlite_opts	 durable = { .relaxed = false };
	struct kv_sqlite_conn		*c = NULL;
	struct kv_sqlite		*s;
	enum err			 e;

	up->to = KV_SQLITE_FORMAT;
	if ((e = kv_sqlite_make(cx, dir, &durable, &s)) != OK)
		return e;
	if ((e = kv_sqlite_begin(cx, s, &c)) == OK &&
	    (e = kv_sqlite_format_read(cx, c, &up->from)) == OK &&
	    up->from != 1)
		e = kv_sqlite_format_check(cx, c);
	else if (e == OK &&
	    (e = kv_sqlite_upgrade_point(cx, "upgrade.begin")) == OK)
		e = kv_sqlite_upgrade_locked(cx, s, c, up);
	kv_sqlite_conn_close(c);
	kv_sqlite_close(&s->kv);
	return e;
}
