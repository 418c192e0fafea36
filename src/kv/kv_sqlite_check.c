/*
 * What the database keeps of values: their sizes, and those in the table big
 * against the rows of kv that have their ids.  [K7]
 *
 * A window of ids is a bit each: set when the value is there, cleared when a
 * row has it, page by page.  What is left is in doubt, for a row may have come
 * or gone meanwhile; one snapshot of all rows settles it.  Who bounds the log
 * does not wait for that one, as for a copy of the database (kv_sqlite_copy).
 */
#include "kv/kv_sqlite_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/vec.h"
#include "kv/kv_sqlite_copy.h"

enum { WINDOW = 1 << 26, PAGE = 20000 };

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

struct check {
	struct kv		*kv;
	kv_wrong_fn		*fn;
	void			*arg;
	unsigned char		*bits;
	sqlite3_int64		 begin;		/* of the window */
	sqlite3_int64		 next;		/* id, and then beyond it */
	bool			 more;		/* ids in the window */
	bool			 lost;		/* look for lost values */
	/* a page of rows */
	struct str		 from, to;
	VEC(sqlite3_int64)	 ids;
	VEC(struct str)		 keys;
};

static bool
check_in(const struct check *c, sqlite3_int64 id)
{
	return id >= c->begin && (uint64_t)id - (uint64_t)c->begin < WINDOW;
}

static void
check_set(struct check *c, sqlite3_int64 id, bool on)
{
	sqlite3_int64	at;

	if (!check_in(c, id))
		return;
	at = id - c->begin;
	if (on)
		c->bits[at / 8] |= (unsigned char)(1 << at % 8);
	else
		c->bits[at / 8] &= (unsigned char)~(1 << at % 8);
}

static bool
check_is_set(const struct check *c, sqlite3_int64 id)
{
	sqlite3_int64	at = id - c->begin;

	return (c->bits[at / 8] >> at % 8 & 1) != 0;
}

/* A page of the ids that have values. */
static enum err
check_ids_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct check		*c = arg;
	struct kv_sqlite_conn	*conn = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st = kv_sqlite_statement(conn, S_BIG_IDS);
	enum err		 e;
	bool			 there = true;

	c->ids.at = NULL;
	c->ids.n = c->ids.room = 0;
	if (st == NULL)
		return kv_sqlite_bad(cx, conn, "prepare");
	sqlite3_bind_int64(st, 1, c->next);
	sqlite3_bind_int64(st, 2, PAGE);
	while ((e = kv_sqlite_step_row(cx, conn, st, &there)) == OK && there)
		*VEC_PUSH(cx->mem, &c->ids) = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return e;
}

/* The window begins at the first id that is left; false: none is. */
static enum err
check_window(struct cx *cx, struct check *c, bool *there)
{
	struct arena_mark	back = arena_mark(cx->mem);
	size_t			i;
	enum err		e;

	*there = false;
	memset(c->bits, 0, WINDOW / 8);
	do {
		if ((e = kv_read(cx, c->kv, check_ids_fn, c)) != OK)
			return e;
		if (!*there && c->ids.n > 0)
			c->begin = c->ids.at[0];
		*there = *there || c->ids.n > 0;
		c->more = c->ids.n == PAGE;
		for (i = 0; i < c->ids.n && check_in(c, c->ids.at[i]); i++) {
			check_set(c, c->ids.at[i], true);
			c->next = c->ids.at[i] + 1;
		}
		c->more = c->more && i == c->ids.n;
		arena_back(cx->mem, back);
	} while (c->more);
	return OK;
}

static enum err
check_page_end(struct cx *cx, struct kv_sqlite_conn *conn, struct check *c)
{
	sqlite3_stmt	*st = kv_sqlite_statement(conn, S_PAGE_END);
	enum err	 e;
	bool		 there;

	if (st == NULL)
		return kv_sqlite_bad(cx, conn, "prepare");
	kv_sqlite_bind(st, 1, c->from);
	sqlite3_bind_int64(st, 2, PAGE);
	if ((e = kv_sqlite_step_row(cx, conn, st, &there)) == OK)
		c->to = there ? str_dup(cx->mem, kv_sqlite_column(st, 0)) :
		    (struct str){ NULL, 0 };
	sqlite3_reset(st);
	return e;
}

/* The rows of a page whose values are kept apart; without an end it is the
 * last page. */
static enum err
check_page(struct cx *cx, struct kv_sqlite_conn *conn, struct check *c)
{
	sqlite3_stmt	*st = kv_sqlite_statement(conn, S_BIG_ROWS);
	char		*top;
	enum err	 e;
	bool		 there;

	if (st == NULL)
		return kv_sqlite_bad(cx, conn, "prepare");
	top = arena_raw(cx->mem, KV_KEY_MAX);
	memset(top, 0xff, KV_KEY_MAX);
	kv_sqlite_bind(st, 1, c->from);
	kv_sqlite_bind(st, 2, c->to.p != NULL ? c->to :
	    (struct str){ top, KV_KEY_MAX });
	while ((e = kv_sqlite_step_row(cx, conn, st, &there)) == OK && there) {
		check_set(c, sqlite3_column_int64(st, 1), false);
		if (c->lost && sqlite3_column_type(st, 2) == SQLITE_NULL)
			*VEC_PUSH(cx->mem, &c->keys) = str_dup(cx->mem,
			    kv_sqlite_column(st, 0));
	}
	sqlite3_reset(st);
	return e;
}

static enum err
check_page_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct check		*c = arg;
	struct kv_sqlite_conn	*conn = ((struct kv_sqlite_tx *)tx)->conn;
	enum err		 e;

	c->keys.at = NULL;
	c->keys.n = c->keys.room = 0;
	if ((e = check_page_end(cx, conn, c)) != OK)
		return e;
	return check_page(cx, conn, c);
}

/* All rows, page by page; keys that have lost their values are told. */
static enum err
check_rows(struct cx *cx, struct check *c)
{
	struct arena_mark	back;
	char			from[KV_KEY_MAX];
	size_t			i;
	enum err		e = OK;

	c->from = STR("");
	do {
		back = arena_mark(cx->mem);
		e = kv_read(cx, c->kv, check_page_fn, c);
		for (i = 0; e == OK && i < c->keys.n; i++)
			e = c->fn(cx, c->arg, KV_LOST, c->keys.at[i], 0);
		c->more = c->to.p != NULL;
		if (c->more && c->to.n > sizeof from)
			e = fail(cx, E_CORRUPT, "the database has a key of "
			    "%zu bytes: it is damaged", c->to.n);
		else if (c->more) {
			memcpy(from, c->to.p, c->to.n);
			c->from = (struct str){ from, c->to.n };
		}
		arena_back(cx->mem, back);
	} while (e == OK && c->more);
	return e;
}

static enum err
check_there(struct cx *cx, struct kv_sqlite_conn *conn, sqlite3_int64 id,
    bool *there)
{
	sqlite3_stmt	*st = kv_sqlite_statement(conn, S_BIG_SIZE);
	enum err	 e;

	if (st == NULL)
		return kv_sqlite_bad(cx, conn, "prepare");
	sqlite3_bind_int64(st, 1, id);
	e = kv_sqlite_step_row(cx, conn, st, there);
	sqlite3_reset(st);
	return e;
}

/* All rows and all values that are in doubt, in one snapshot. */
static enum err
check_settle_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct check		*c = arg;
	struct kv_sqlite_conn	*conn = ((struct kv_sqlite_tx *)tx)->conn;
	enum err		 e;
	bool			 there;
	sqlite3_int64		 at;

	c->from = STR("");
	c->to = (struct str){ NULL, 0 };
	if ((e = check_page(cx, conn, c)) != OK)
		return e;
	for (at = 0; e == OK && at < WINDOW; at++) {
		if (at % 8 == 0 && c->bits[at / 8] == 0)
			at += 7;
		else if (check_is_set(c, c->begin + at)) {
			e = check_there(cx, conn, c->begin + at, &there);
			check_set(c, c->begin + at, there);
		}
	}
	return e;
}

static enum err
check_path_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	*(struct str *)arg = str_dup(cx->mem, str_of(sqlite3_db_filename(
	    ((struct kv_sqlite_tx *)tx)->conn->db, "main")));
	return OK;
}

/* A snapshot that the leader does not wait for. */
static enum err
check_long(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct str	path;
	enum err	e;
	int		lock;

	if ((e = kv_read(cx, kv, check_path_fn, &path)) != OK ||
	    (e = kv_sqlite_copy_begin(cx, str_z(cx->mem, path), &lock)) != OK)
		return e;
	e = kv_read(cx, kv, fn, arg);
	file_close(lock);
	return e;
}

static enum err
check_leaked(struct cx *cx, struct check *c)
{
	sqlite3_int64	at;
	size_t		i;
	enum err	e = OK;

	for (i = 0; i < WINDOW / 8 && c->bits[i] == 0; i++)
		continue;
	if (i == WINDOW / 8)
		return OK;
	c->lost = false;		/* that was told */
	if (!fault_skip("LEAK_LOOK") &&
	    (e = check_long(cx, c->kv, check_settle_fn, c)) != OK)
		return e;
	for (at = (sqlite3_int64)i * 8; e == OK && at < WINDOW; at++)
		if (check_is_set(c, c->begin + at))
			e = c->fn(cx, c->arg, KV_LEAKED, STR(""),
			    (uint64_t)(c->begin + at));
	return e;
}

struct check_made {
	VEC(struct str)	 words;
};

/* What SQLite says of its pages; "ok" when all is well. */
static enum err
check_made_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct check_made	*m = arg;
	struct kv_sqlite_conn	*conn = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st;
	struct str		 words;
	enum err		 e = OK;
	bool			 there = true;

	m->words.at = NULL;
	m->words.n = m->words.room = 0;
	if (sqlite3_prepare_v2(conn->db, "PRAGMA quick_check(20)", -1, &st,
	    NULL) != SQLITE_OK)
		return kv_sqlite_bad(cx, conn, "check");
	while ((e = kv_sqlite_step_row(cx, conn, st, &there)) == OK && there) {
		words = kv_sqlite_column(st, 0);
		if (!str_is(words, STR("ok")))
			*VEC_PUSH(cx->mem, &m->words) = str_dup(cx->mem,
			    words);
	}
	sqlite3_finalize(st);
	return e;
}

static enum err
check_made(struct cx *cx, struct check *c)
{
	struct check_made	m = { .words = { .n = 0 } };
	size_t			i;
	enum err		e;

	if ((e = check_long(cx, c->kv, check_made_fn, &m)) != OK)
		return e;
	for (i = 0; e == OK && i < m.words.n; i++)
		e = c->fn(cx, c->arg, KV_DAMAGED, m.words.at[i], 0);
	return e;
}

enum err
kv_sqlite_check(struct cx *cx, struct kv *kv, bool deep, kv_wrong_fn *fn,
    void *arg)
{
	struct check	c = { .kv = kv, .fn = fn, .arg = arg, .lost = true,
	    .next = INT64_MIN };
	enum err	e = OK;
	bool		there;

	if (deep && (e = check_made(cx, &c)) != OK)
		return e;
	if ((c.bits = calloc(WINDOW / 8, 1)) == NULL)
		abort();
	do {
		if ((e = check_window(cx, &c, &there)) == OK &&
		    (there || c.lost))
			e = check_rows(cx, &c);
		c.lost = false;
		if (e == OK && there)
			e = check_leaked(cx, &c);
	} while (e == OK && there);
	free(c.bits);
	return e;
}

enum err
kv_sqlite_check_value(struct cx *cx, struct kv_tx *tx, uint64_t id,
    struct str *value, bool *there)
{
	struct kv_sqlite_conn	*conn = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st = kv_sqlite_statement(conn, S_BIG_FIND);
	enum err		 e;

	if (st == NULL)
		return kv_sqlite_bad(cx, conn, "prepare");
	sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
	e = kv_sqlite_step_row(cx, conn, st, there);
	if (e == OK && *there)
		*value = str_dup(cx->mem, kv_sqlite_column(st, 0));
	sqlite3_reset(st);
	return e;
}

enum err
kv_sqlite_check_delete(struct cx *cx, struct kv_tx *tx, uint64_t id)
{
	struct kv_sqlite_conn	*conn = ((struct kv_sqlite_tx *)tx)->conn;
	sqlite3_stmt		*st = kv_sqlite_statement(conn, S_BIG_DELETE);

	if (st == NULL)
		return kv_sqlite_bad(cx, conn, "prepare");
	sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
	return kv_sqlite_step_done(cx, conn, st);
}
