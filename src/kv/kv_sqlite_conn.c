/* The connections of kv on SQLite, and what they ask. */
#include "kv/kv_sqlite_conn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/log.h"

static const char *const sql[S_COUNT] = {
	[S_BEGIN] = "BEGIN",
	[S_IMMEDIATE] = "BEGIN IMMEDIATE",
	[S_COMMIT] = "COMMIT",
	[S_ROLLBACK] = "ROLLBACK",
	[S_SAVE] = "SAVEPOINT s",
	[S_RELEASE] = "RELEASE s",
	[S_BACK] = "ROLLBACK TO s",
	[S_FORMAT] = "PRAGMA user_version",
	[S_FIND] = "SELECT v FROM record WHERE k = ?1",
	[S_PUT] = "INSERT OR REPLACE INTO record(k, v) VALUES(?1, ?2)",
	[S_DELETE] = "DELETE FROM record WHERE k = ?1",
	[S_BIG_FIND] = "SELECT v FROM large WHERE id = ?1",
	[S_BIG_SIZE] = "SELECT length(v) FROM large WHERE id = ?1",
	[S_BIG_PUT] = "INSERT INTO large(v) VALUES(?1)",
	[S_BIG_DELETE] = "DELETE FROM large WHERE id = ?1",
	[S_BIG_IDS] = "SELECT id FROM large WHERE id >= ?1 ORDER BY id "
	    "LIMIT ?2",
	[S_BIG_ROWS] = "SELECT k, v, (SELECT 1 FROM large b WHERE b.id = "
	    "record.v) FROM record WHERE k > ?1 AND k <= ?2 AND "
	    "typeof(v) = 'integer'",
	[S_PAGE_END] = "SELECT k FROM record WHERE k > ?1 ORDER BY k LIMIT 1 "
	    "OFFSET ?2",
	[S_LAST] = "SELECT k, v FROM record WHERE k >= ?1 AND k < ?2 "
	    "ORDER BY k DESC LIMIT 1",
	/* The chunk's end first: one lower and one upper bound, or SQLite
	 * walks the whole rest of the range for each chunk. */
	[S_NTH] = "SELECT k FROM record WHERE k >= ?1 AND k < ?2 "
	    "ORDER BY k LIMIT 1 OFFSET ?3",
	[S_CLEAR_BIG] = "DELETE FROM large WHERE id IN (SELECT v FROM record "
	    "WHERE k >= ?1 AND k < ?2 AND typeof(v) = 'integer')",
	[S_CLEAR] = "DELETE FROM record WHERE k >= ?1 AND k < ?2",
	[S_SCAN] = "SELECT k, v FROM record WHERE k >= ?1 AND k < ?2 "
	    "ORDER BY k",
};

/* Of the log's last write: a quota that is used up is a full disk, but not to
 * SQLite. */
static bool
kv_sqlite_quota(const struct kv_sqlite_conn *c)
{
	sqlite3_file	*log = NULL;
	int		 no = 0;

	return sqlite3_file_control(c->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log != NULL && log->pMethods != NULL &&
	    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO,
	    &no) == SQLITE_OK && no == EDQUOT;
}

enum err
kv_sqlite_bad(struct cx *cx, struct kv_sqlite_conn *c, const char *what)
{
	c->rc = sqlite3_extended_errcode(c->db);
	if (c->rc == SQLITE_IOERR_WRITE && !fault_skip("KV_QUOTA") &&
	    kv_sqlite_quota(c))
		c->rc = SQLITE_FULL;
	return fail(cx, (c->rc & 0xff) == SQLITE_FULL ? E_DISK_FULL :
	    (c->rc & 0xff) == SQLITE_CORRUPT ? E_CORRUPT : E_STORE,
	    "database %s: %s", what, sqlite3_errmsg(c->db));
}

enum err
kv_sqlite_kind(const struct kv_sqlite_conn *c)
{
	switch (c->rc & 0xff) {
	case SQLITE_FULL: return E_DISK_FULL;
	case SQLITE_CORRUPT: case SQLITE_NOTADB: return E_CORRUPT;
	case SQLITE_BUSY: return E_BUSY;
	default: return E_STORE;
	}
}

sqlite3_stmt *
kv_sqlite_statement(struct kv_sqlite_conn *c, enum kv_sqlite_which w)
{
	if (c->st[w] == NULL && sqlite3_prepare_v3(c->db, sql[w], -1,
	    SQLITE_PREPARE_PERSISTENT, &c->st[w], NULL) != SQLITE_OK)
		return NULL;
	return c->st[w];
}

void
kv_sqlite_bind(sqlite3_stmt *st, int i, struct str s)
{
	sqlite3_bind_blob(st, i, s.n > 0 ? s.p : "", (int)s.n, SQLITE_STATIC);
}

struct str
kv_sqlite_column(sqlite3_stmt *st, int i)
{
	const void	*p = sqlite3_column_blob(st, i);

	return (struct str){ p != NULL ? p : "",
	    (size_t)sqlite3_column_bytes(st, i) };
}

enum err
kv_sqlite_run(struct cx *cx, struct kv_sqlite_conn *c, enum kv_sqlite_which w)
{
	sqlite3_stmt	*st = kv_sqlite_statement(c, w);
	int		 rc;

	if (st == NULL)
		return kv_sqlite_bad(cx, c, sql[w]);
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? OK : kv_sqlite_bad(cx, c, sql[w]);
}

enum err
kv_sqlite_step_row(struct cx *cx, struct kv_sqlite_conn *c, sqlite3_stmt *st,
    bool *there)
{
	int	rc = sqlite3_step(st);

	*there = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? OK :
	    kv_sqlite_bad(cx, c, "read");
}

enum err
kv_sqlite_step_done(struct cx *cx, struct kv_sqlite_conn *c, sqlite3_stmt *st)
{
	int	rc = sqlite3_step(st);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? OK : kv_sqlite_bad(cx, c, "write");
}

void
kv_sqlite_conn_close(struct kv_sqlite_conn *c)
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
kv_sqlite_conn_setup(struct cx *cx, struct kv_sqlite_pool *p,
    struct kv_sqlite_conn *c)
{
	char	z[400];

	sqlite3_busy_timeout(c->db, 10000);	/* foreign tools only */
	sqlite3_snprintf(sizeof z, z, "%s"
	    "PRAGMA synchronous=%s; PRAGMA secure_delete=OFF;"
	    "PRAGMA cache_size=-1024; PRAGMA mmap_size=0;"
	    "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
	    "PRAGMA journal_size_limit=16777216;",
	    p->opt.create ? "PRAGMA page_size=8192;"
	    "PRAGMA auto_vacuum=INCREMENTAL;" : "",
	    p->opt.relaxed || fault_skip("KV_SYNC") ? "NORMAL" : "FULL");
	if (sqlite3_exec(c->db, z, NULL, NULL, NULL) != SQLITE_OK)
		return kv_sqlite_bad(cx, c, "setup");
	return OK;
}

static enum err
kv_sqlite_conn_open(struct cx *cx, struct kv_sqlite_pool *p,
    struct kv_sqlite_conn **out)
{
	struct kv_sqlite_conn	*c;
	enum err		 e;
	int			 flags = SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX;

	c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	if (p->opt.create)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(p->path, &c->db, flags, p->opt.vfs) != SQLITE_OK)
		e = kv_sqlite_bad(cx, c, p->path);
	else
		e = kv_sqlite_conn_setup(cx, p, c);
	if (e != OK) {
		kv_sqlite_conn_close(c);
		return e;
	}
	*out = c;
	return OK;
}

enum err
kv_sqlite_conn_take(struct cx *cx, struct kv_sqlite_pool *p,
    struct kv_sqlite_conn **out)
{
	pthread_mutex_lock(&p->lock);
	*out = p->free;
	if (*out != NULL)
		p->free = (*out)->next;
	pthread_mutex_unlock(&p->lock);
	return *out != NULL ? OK : kv_sqlite_conn_open(cx, p, out);
}

enum err
kv_sqlite_cursor_open(struct cx *cx, struct kv_sqlite_conn *c,
    struct kv_cursor **out)
{
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
			return kv_sqlite_bad(cx, c, "prepare");
		}
	}
	cur->conn = c;
	cur->next = c->open;
	c->open = cur;
	*out = cur;
	return OK;
}

void
kv_sqlite_cursor_close(struct kv_cursor *cur)
{
	struct kv_cursor	**at;

	for (at = &cur->conn->open; *at != cur; at = &(*at)->next)
		assert(*at != NULL);
	*at = cur->next;
	sqlite3_reset(cur->st);
	sqlite3_clear_bindings(cur->st);
	free(cur->large);
	cur->large = NULL;
	cur->room = 0;
	cur->next = cur->conn->spare;
	cur->conn->spare = cur;
}

struct str
kv_sqlite_keep(struct cx *cx, struct kv_cursor *cur, struct str s)
{
	if (cur == NULL || fault_skip("CURSOR_MEMORY"))
		return str_dup(cx->mem, s);
	if (cur->room < s.n) {
		free(cur->large);
		if ((cur->large = malloc(s.n)) == NULL)
			abort();
		cur->room = s.n;
	}
	memcpy(cur->large, s.p, s.n);
	return (struct str){ cur->large, s.n };
}

void
kv_sqlite_cursors_close(struct kv_sqlite_conn *c)
{
	while (c->open != NULL)
		kv_sqlite_cursor_close(c->open);
}

void
kv_sqlite_conn_give(struct kv_sqlite_pool *p, struct kv_sqlite_conn *c,
    bool good)
{
	kv_sqlite_cursors_close(c);
	if (!good) {
		kv_sqlite_conn_close(c);
		return;
	}
	pthread_mutex_lock(&p->lock);
	c->next = p->free;
	p->free = c;
	pthread_mutex_unlock(&p->lock);
}

/*
 * SQLite's locks.  It takes an interrupted call for a lock that is held, and
 * when a lock cannot be given back it counts it as held for as long as the
 * process lives, so that nobody reads any more: then the process ends, which
 * gives all of them back, and the web server starts another.
 */
static int
kv_sqlite_lock_call(int fd, int what, ...)
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
kv_sqlite_library_setup(void)
{
	sqlite3_vfs	*vfs;

	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	vfs = sqlite3_vfs_find("unix");
	if (vfs != NULL && vfs->iVersion >= 3)
		vfs->xSetSystemCall(vfs, "fcntl",
		    (sqlite3_syscall_ptr)kv_sqlite_lock_call);
}

void
kv_sqlite_pool_init(struct kv_sqlite_pool *p, const char *path,
    const struct kv_sqlite_opts *opt)
{
	static pthread_once_t	once = PTHREAD_ONCE_INIT;

	pthread_once(&once, kv_sqlite_library_setup);
	*p = (struct kv_sqlite_pool){ .opt = *opt };
	if ((p->path = strdup(path)) == NULL)
		abort();
	pthread_mutex_init(&p->lock, NULL);
}

void
kv_sqlite_pool_release(struct kv_sqlite_pool *p)
{
	struct kv_sqlite_conn	*c;

	while ((c = p->free) != NULL) {
		p->free = c->next;
		kv_sqlite_conn_close(c);
	}
	pthread_mutex_destroy(&p->lock);
	free(p->path);
}

int
kv_sqlite_free_pages(struct kv_sqlite_conn *c)
{
	sqlite3_stmt	*st;
	int		 n = 0;

	if (sqlite3_prepare_v2(c->db, "PRAGMA freelist_count", -1, &st,
	    NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return n;
}
