/* A copy of the database while it is in use. */
#include "kv/kv_sqlite_copy.h"

#include <time.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"

enum {
	STEP = 250,		/* pages of 8 KiB, then it is told */
	REST_MOST = 100000000	/* ns */
};

static const char *
kv_sqlite_copy_lock(struct cx *cx, const char *path)
{
	struct str	rest = str_of(path);
	size_t		at;

	while ((at = str_find(rest, '/')) < rest.n)
		rest = str_from(rest, at + 1);
	return str_printf(cx->mem, "%.*scopy.lock",
	    (int)(str_of(path).n - rest.n), path).p;
}

enum err
kv_sqlite_copy_begin(struct cx *cx, const char *path, int *lock)
{
	enum err	e;

	if ((e = file_lock_open(cx, kv_sqlite_copy_lock(cx, path),
	    lock)) != OK)
		return e;
	if ((e = file_lock(cx, *lock)) != OK)
		file_close(*lock);
	return e;
}

bool
kv_sqlite_copy_runs(struct kv_sqlite_conn *c)
{
	struct cx	cx = cx_bare(arena_new());
	bool		runs = false;
	int		fd;

	if (file_lock_open(&cx, kv_sqlite_copy_lock(&cx,
	    sqlite3_db_filename(c->db, "main")), &fd) == OK) {
		runs = !file_try_lock(fd);
		file_close(fd);
	}
	arena_free(cx.mem);
	return runs;
}

static enum err
kv_sqlite_copy_bad(struct cx *cx, sqlite3 *db, const char *to)
{
	int	rc = sqlite3_errcode(db) & 0xff;

	return fail(cx, rc == SQLITE_FULL ? E_DISK_FULL :
	    rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? E_CORRUPT : E_STORE,
	    "copy of the database to %s: %s", to, sqlite3_errmsg(db));
}

/* As long as the step took: writers have half of the disk and of a core. */
static void
kv_sqlite_copy_rest(const struct timespec *since)
{
	struct timespec	now, nap = { .tv_sec = 0 };
	int64_t		took;

	clock_gettime(CLOCK_MONOTONIC, &now);
	took = (now.tv_sec - since->tv_sec) * INT64_C(1000000000) +
	    now.tv_nsec - since->tv_nsec;
	nap.tv_nsec = (long)(took < REST_MOST ? took : REST_MOST);
	nanosleep(&nap, NULL);
}

static enum err
kv_sqlite_copy_steps(struct cx *cx, sqlite3_backup *b, sqlite3 *db,
    const struct kv_sqlite_copying *as)
{
	struct timespec	since;
	int		rc, total;

	do {
		clock_gettime(CLOCK_MONOTONIC, &since);
		if (fault("kv.copy"))
			return fail(cx, E_DISK_FULL, "copy of the database to "
			    "%s: stopped by a test", as->to);
		rc = sqlite3_backup_step(b, STEP);
		total = sqlite3_backup_pagecount(b);
		if (as->told != NULL)
			as->told(as->arg, (uint64_t)(total -
			    sqlite3_backup_remaining(b)), (uint64_t)total);
		if (rc == SQLITE_OK)
			kv_sqlite_copy_rest(&since);
	} while (rc == SQLITE_OK);
	return rc == SQLITE_DONE ? OK : kv_sqlite_copy_bad(cx, db, as->to);
}

/* Nothing but this process knows the new file: it needs no journal, and is
 * synced when it is whole. */
static enum err
kv_sqlite_copy_into(struct cx *cx, struct kv_sqlite_conn *c, sqlite3 *db,
    const struct kv_sqlite_copying *as)
{
	sqlite3_backup	*b;
	enum err	 e;

	if (sqlite3_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
	    "PRAGMA cache_size=-1024;", NULL, NULL, NULL) != SQLITE_OK ||
	    (b = sqlite3_backup_init(db, "main", c->db, "main")) == NULL)
		return kv_sqlite_copy_bad(cx, db, as->to);
	e = kv_sqlite_copy_steps(cx, b, db, as);
	if (sqlite3_backup_finish(b) != SQLITE_OK && e == OK)
		e = kv_sqlite_copy_bad(cx, db, as->to);
	return e;
}

enum err
kv_sqlite_copy_pages(struct cx *cx, struct kv_sqlite_conn *c,
    const struct kv_sqlite_copying *as)
{
	sqlite3		*db;
	enum err	 e;
	int		 fd;

	if (sqlite3_open_v2(as->to, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		e = kv_sqlite_copy_bad(cx, db, as->to);
	else
		e = kv_sqlite_copy_into(cx, c, db, as);
	sqlite3_close(db);
	if (e != OK || (e = file_open(cx, as->to, &fd)) != OK)
		return e;
	e = file_sync(cx, fd);
	file_close(fd);
	return e;
}
