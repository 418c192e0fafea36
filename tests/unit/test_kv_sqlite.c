/* kv on SQLite, beyond what every driver promises. */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kv/kv.h"

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
	char		 dir[64], db[80], wal[80];
};

/* ---- the system, as the test wants it ---------------------------------- */

int		__real_clock_gettime(clockid_t id, struct timespec *out);
int		__wrap_clock_gettime(clockid_t id, struct timespec *out);

static bool	time_is_past, time_flies, disk_is_broken;
static int	full;		/* the errno of a disk that is */
static time_t	flown;

/* The time of day, which somebody sets back, or not. */
int
__wrap_clock_gettime(clockid_t id, struct timespec *out)
{
	int	rc = __real_clock_gettime(id, out);

	if (id == CLOCK_REALTIME && time_is_past)
		out->tv_sec -= 3600;
	if (id == CLOCK_MONOTONIC && time_flies)
		out->tv_sec += flown += 5;
	return rc;
}

/* The disk is told to keep what was written. */
int		__real_fsync(int fd);
int		__wrap_fsync(int fd);
int		__real_fdatasync(int fd);
int		__wrap_fdatasync(int fd);

static atomic_int	syncs;

int
__wrap_fsync(int fd)
{
	syncs++;
	return __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	syncs++;
	return __real_fdatasync(fd);
}

static ssize_t
write_at(int fd, const void *p, size_t n, off_t off)
{
	if (full != 0) {
		errno = full;
		return -1;
	}
	return pwrite(fd, p, n, off);
}

static ssize_t
read_at(int fd, void *p, size_t n, off_t off)
{
	if (disk_is_broken) {
		errno = EIO;
		return -1;
	}
	return pread(fd, p, n, off);
}

static void
take_over_calls(void)
{
	sqlite3_vfs	*vfs = sqlite3_vfs_find("unix");

	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_at);
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write_at);
	vfs->xSetSystemCall(vfs, "pread64", (sqlite3_syscall_ptr)read_at);
	vfs->xSetSystemCall(vfs, "pread", (sqlite3_syscall_ptr)read_at);
}

static int
setup(void **state)
{
	struct kv_sqlite_opts	 o = { .create = true };
	struct fixture		*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	snprintf(f->dir, sizeof f->dir, "/tmp/kv-sqlite.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->db, sizeof f->db, "%s/meta.db", f->dir);
	snprintf(f->wal, sizeof f->wal, "%s/meta.db-wal", f->dir);
	assert_ok(&f->cx, kv_sqlite_open(&f->cx, f->dir, &o, &f->kv));
	take_over_calls();
	time_is_past = time_flies = disk_is_broken = false;
	full = 0;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const	names[] = { "meta.db", "meta.db-wal",
	    "meta.db-shm", "queue.lock", "writer.lock" };
	struct fixture			*f = *state;
	char				 path[100];
	size_t				 i;

	time_is_past = time_flies = disk_is_broken = false;
	full = 0;
	kv_close(f->kv);
	for (i = 0; i < 5; i++) {
		snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

/* ---- the log ----------------------------------------------------------- */

static char	answer[16];

static int
answer_row(void *arg, int n, char **value, char **name)
{
	(void)arg;
	(void)n;
	(void)name;
	snprintf(answer, sizeof answer, "%s", value[0]);
	return 0;
}

static void
by_hand(struct fixture *f, const char *sql)
{
	sqlite3	*db;

	assert_int_equal(SQLITE_OK, sqlite3_open(f->db, &db));
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, answer_row, NULL,
	    NULL));
	sqlite3_close(db);
}

/* As a copy made by VACUUM INTO comes: it works, but one at a time. */
static void
a_database_without_its_log_gets_it_back(void **state)
{
	struct kv_sqlite_opts	 o = { .create = false };
	struct fixture		*f = *state;

	kv_close(f->kv);
	by_hand(f, "PRAGMA journal_mode=DELETE");
	assert_string_equal("delete", answer);
	assert_ok(&f->cx, kv_sqlite_open(&f->cx, f->dir, &o, &f->kv));
	by_hand(f, "PRAGMA journal_mode");
	assert_string_equal("wal", answer);
}

enum { READERS = 6, VALUE = 8000, VALUES = 100, WRITES = 90 };

static bool	readers_end;

static enum err
read_slowly_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct timespec	nap = { 0, 4 * 1000 * 1000 };
	struct str		value;
	enum err		e;
	bool			there;

	(void)arg;
	if ((e = kv_find(cx, tx, STR("v0"), &value, &there)) != OK)
		return e;
	nanosleep(&nap, NULL);
	return kv_find(cx, tx, STR("v1"), &value, &there);
}

static void *
read_on_and_on(void *arg)
{
	struct fixture	*f = arg;
	struct cx	 cx;
	enum err	 e = OK;

	cx_init(&cx, arena_new());
	while (e == OK && !__atomic_load_n(&readers_end, __ATOMIC_ACQUIRE)) {
		e = kv_read(&cx, f->kv, read_slowly_fn, NULL);
		arena_empty(cx.mem);
	}
	arena_free(cx.mem);
	return e == OK ? NULL : f;
}

static enum err
put_many_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct str	value = { arena_get(cx->mem, VALUE), VALUE };
	enum err	e = OK;
	int		i;

	(void)arg;
	for (i = 0; e == OK && i < VALUES; i++)
		e = kv_put_bytes(cx, tx, str_printf(cx->mem, "v%d", i), value);
	return e;
}

/* Six readers whose snapshots overlap, so that there is always one. */
static void
the_log_is_bounded_beside_readers(void **state)
{
	struct fixture	*f = *state;
	pthread_t	 thread[READERS];
	struct stat	 st;
	off_t		 most = 0;
	void		*bad;
	int		 i;

	__atomic_store_n(&readers_end, false, __ATOMIC_RELEASE);
	for (i = 0; i < READERS; i++)
		assert_int_equal(0, pthread_create(&thread[i], NULL,
		    read_on_and_on, f));
	for (i = 0; i < WRITES; i++) {
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_many_fn, NULL));
		arena_empty(f->cx.mem);
		if (stat(f->wal, &st) == 0 && st.st_size > most)
			most = st.st_size;
	}
	__atomic_store_n(&readers_end, true, __ATOMIC_RELEASE);
	for (i = 0; i < READERS; i++) {
		pthread_join(thread[i], &bad);
		assert_null(bad);
	}
	assert_true(most > 0);
	assert_in_range(most, 1, 32 << 20);
}

/* ---- large values ------------------------------------------------------ */

static enum err
clear_all_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	size_t	n;

	(void)arg;
	return kv_clear(cx, tx, STR("a"), STR("z"), 1000, &n);
}

static void
what_is_cleared_is_gone(void **state)
{
	struct fixture	*f = *state;

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_many_fn, NULL));
	by_hand(f, "SELECT count(*) FROM large");
	assert_string_equal("100", answer);
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, clear_all_fn, NULL));
	by_hand(f, "SELECT count(*) FROM large");
	assert_string_equal("0", answer);
}

/* ---- errors that say what is wrong ------------------------------------- */

static enum err
put_one_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct str	value = { arena_get(cx->mem, 200000), 200000 };

	(void)arg;
	return kv_put_bytes(cx, tx, STR("large"), value);
}

struct wrongs {
	unsigned	 leaked, lost, damaged;
	uint64_t	 id;		/* leaked last */
	char		 key[20];	/* lost last */
	struct fixture	*f;
};

static enum err
count_wrong(struct cx *cx, void *arg, enum kv_wrong kind, struct str s,
    uint64_t id)
{
	struct wrongs	*w = arg;

	(void)cx;
	w->leaked += kind == KV_LEAKED;
	w->lost += kind == KV_LOST;
	w->damaged += kind == KV_DAMAGED;
	if (kind == KV_LEAKED)
		w->id = id;
	if (kind == KV_LOST)
		snprintf(w->key, sizeof w->key, "%.*s", STRF(s));
	return OK;
}

static enum err
put_large_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	static char	bytes[5000];

	(void)arg;
	return kv_put_bytes(cx, tx, STR("large"),
	    (struct str){ bytes, sizeof bytes });
}

struct leak {
	uint64_t	id;
	struct str	value;
	bool		there;
};

static enum err
leak_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct leak	*l = arg;
	enum err	 e;

	if ((e = kv_leaked(cx, tx, l->id, &l->value, &l->there)) != OK ||
	    !tx->writing)
		return e;
	return kv_leaked_delete(cx, tx, l->id);
}

static struct wrongs
wrongs(struct fixture *f, bool deep)
{
	struct wrongs	w = { .f = f };

	assert_ok(&f->cx, kv_check(&f->cx, f->kv, deep, count_wrong, &w));
	assert_int_equal(0, w.damaged);
	return w;
}

/* A large value without its key, and a key without its large value. [K7] */
static void
large_values_have_keys(void **state)
{
	struct fixture	*f = *state;
	struct wrongs	 w;
	struct leak	 l;

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_large_fn, NULL));
	w = wrongs(f, true);
	assert_int_equal(0, w.leaked + w.lost);
	by_hand(f, "INSERT INTO large(id, v) VALUES(100000000, x'616263')");
	w = wrongs(f, false);
	assert_int_equal(1, w.leaked);
	assert_int_equal(100000000, w.id);
	assert_int_equal(0, w.lost);
	l = (struct leak){ .id = w.id };
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, leak_fn, &l));
	assert_true(l.there && str_is(l.value, STR("abc")));
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, leak_fn, &l));
	assert_int_equal(0, wrongs(f, false).leaked);
	by_hand(f, "DELETE FROM large");
	w = wrongs(f, false);
	assert_int_equal(1, w.lost);
	assert_string_equal("large", w.key);
	assert_int_equal(0, w.leaked);
}

static enum err
move_large_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct str	v;
	enum err	e;
	bool		there;

	(void)arg;
	if ((e = kv_find(cx, tx, STR("z"), &v, &there)) != OK ||
	    (e = kv_delete(cx, tx, STR("z"))) != OK)
		return e;
	return kv_put_bytes(cx, tx, STR("b"), v);
}

/* A page was read; a value goes from a page to come to this one, with its id. */
static enum err
move_large(struct cx *cx, void *arg, enum kv_wrong kind, struct str s,
    uint64_t id)
{
	struct wrongs	*w = arg;

	if (kind == KV_LOST)
		return kv_write(cx, w->f->kv, move_large_fn, NULL);
	return count_wrong(cx, arg, kind, s, id);
}

static void
no_leak_is_cried_beside_writers(void **state)
{
	struct fixture	*f = *state;
	struct wrongs	 w = { .f = f };

	by_hand(f, "INSERT INTO record VALUES(x'61', 7)");
	by_hand(f, "INSERT INTO large VALUES(9, zeroblob(2000))");
	by_hand(f, "INSERT INTO record VALUES(x'7a', 9)");
	by_hand(f, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM c WHERE i < 25000) INSERT INTO record "
	    "SELECT CAST(printf('m%06d', i) AS BLOB), x'00' FROM c");
	assert_ok(&f->cx, kv_check(&f->cx, f->kv, false, move_large, &w));
	assert_int_equal(0, w.leaked);
}

static void
a_full_disk_is_said(void **state)
{
	static const int	errors[] = { ENOSPC, EDQUOT };
	struct fixture		*f = *state;
	size_t			 i;

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_many_fn, NULL));
	for (i = 0; i < 2; i++) {
		full = errors[i];
		assert_err(E_DISK_FULL, kv_write(&f->cx, f->kv, put_one_fn,
		    NULL));
		cx_forget(&f->cx);
		full = 0;
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	}
}

/* Whoever comes again and again for a lock would never hear of the disk. */
static void
a_broken_disk_is_no_lock_that_is_held(void **state)
{
	struct fixture	*f = *state;

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_many_fn, NULL));
	/* What was read before is out of date. */
	by_hand(f, "INSERT OR REPLACE INTO record VALUES(x'00', x'00');"
	    "PRAGMA user_version");
	disk_is_broken = true;
	/* SQLite says so of EIO, and E_BUSY was said of anything. */
	assert_err(E_CORRUPT, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	cx_forget(&f->cx);
	disk_is_broken = false;
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
}

/* K2: an answer comes after the disk has what it says, unless the lake is set
 * up otherwise. */
static void
a_commit_is_synced_before_its_answer(void **state)
{
	struct kv_sqlite_opts	 o = { .relaxed = true };
	struct fixture		*f = *state;
	int			 i;

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	for (i = 0; i < 5; i++) {
		syncs = 0;
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
		assert_in_range(syncs, 1, 100);
	}
	kv_close(f->kv);
	assert_ok(&f->cx, kv_sqlite_open(&f->cx, f->dir, &o, &f->kv));
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	syncs = 0;
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	assert_int_equal(0, syncs);
}

static void *
write_once(void *arg)
{
	struct fixture	*f = arg;
	struct cx	 cx;
	enum err	 e = OK;
	int		 i;

	cx_init(&cx, arena_new());
	for (i = 0; e == OK && i < 10; i++) {
		e = kv_write(&cx, f->kv, put_one_fn, NULL);
		arena_empty(cx.mem);
	}
	arena_free(cx.mem);
	return e == OK ? NULL : f;
}

/* Whose turn it is does not depend on the time of day. */
static void
the_time_may_be_set_back(void **state)
{
	struct fixture	*f = *state;
	pthread_t	 thread[8];
	void		*bad;
	int		 i;

	time_is_past = true;
	for (i = 0; i < 8; i++)
		assert_int_equal(0, pthread_create(&thread[i], NULL,
		    write_once, f));
	for (i = 0; i < 8; i++) {
		pthread_join(thread[i], &bad);
		assert_null(bad);
	}
}

/* Who has the lock was stopped: writes have an answer, and go on after it. */
static void
a_lock_that_is_held_for_ever_is_not_waited_for(void **state)
{
	static const char *const	names[] = { "queue.lock",
	    "writer.lock" };
	struct fixture			*f = *state;
	char				 path[100];
	size_t				 i;
	int				 fd;

	alarm(20);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
		fd = open(path, O_RDWR);
		assert_int_equal(0, flock(fd, LOCK_EX));
		time_flies = true;
		assert_err(E_BUSY, kv_write(&f->cx, f->kv, put_one_fn, NULL));
		assert_non_null(strstr(cx_public(&f->cx), "another process"));
		time_flies = false;
		cx_forget(&f->cx);
		close(fd);
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	}
	alarm(0);
}

/* ---- formats ----------------------------------------------------------- */

static enum err
count_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	(void)cx;
	(void)tx;
	(*(int *)arg)++;
	return OK;
}

static void
another_format_is_seen_in_each_transaction(void **state)
{
	struct fixture	*f = *state;
	int		 n = 0;

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_one_fn, NULL));
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, count_fn, &n));
	by_hand(f, "PRAGMA user_version=3");
	assert_err(E_FORMAT, kv_write(&f->cx, f->kv, count_fn, &n));
	assert_non_null(strstr(f->cx.words, "format 3 and this program knows "
	    "2: restart it after the update"));
	cx_forget(&f->cx);
	assert_err(E_FORMAT, kv_read(&f->cx, f->kv, count_fn, &n));
	cx_forget(&f->cx);
	assert_int_equal(1, n);
	by_hand(f, "PRAGMA user_version=2");
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, count_fn, &n));
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, count_fn, &n));
	assert_int_equal(3, n);
}

/* The tables of format 1, with a value of each kind. */
static void
make_old(struct fixture *f)
{
	kv_close(f->kv);
	f->kv = NULL;
	by_hand(f, "DROP TABLE record; DROP TABLE large;"
	    "CREATE TABLE kv(k BLOB PRIMARY KEY, v) WITHOUT ROWID;"
	    "CREATE TABLE big(id INTEGER PRIMARY KEY, v BLOB);"
	    "INSERT INTO kv VALUES(x'61', x'62');"
	    "INSERT INTO big VALUES(7, zeroblob(2000));"
	    "INSERT INTO kv VALUES(x'63', 7);"
	    "PRAGMA user_version=1");
}

static enum err
raise_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct str	v;
	enum err	e;
	bool		there;

	assert_true(tx->writing);
	assert_ok(cx, kv_find(cx, tx, STR("c"), &v, &there));
	assert_true(there);
	assert_int_equal(2000, v.n);
	e = kv_put_bytes(cx, tx, STR("d"), v);
	return e != OK || arg == NULL ? e : fail(cx, E_CORRUPT, "as asked");
}

static void
an_old_format_is_raised_once_and_whole(void **state)
{
	struct kv_sqlite_upgrade	 up = { .fn = raise_fn, .arg = state };
	struct kv_sqlite_opts		 o = { .create = false };
	struct fixture			*f = *state;
	struct str			 v;
	bool				 there;

	make_old(f);
	assert_err(E_FORMAT, kv_sqlite_open(&f->cx, f->dir, &o, &f->kv));
	assert_non_null(strstr(f->cx.words, "lakegate upgrade"));
	cx_forget(&f->cx);
	/* What fails leaves it as it was. */
	assert_err(E_CORRUPT, kv_sqlite_upgrade(&f->cx, f->dir, &up));
	cx_forget(&f->cx);
	by_hand(f, "SELECT count(*) FROM kv");
	assert_string_equal("2", answer);
	up.arg = NULL;
	assert_ok(&f->cx, kv_sqlite_upgrade(&f->cx, f->dir, &up));
	assert_int_equal(1, up.from);
	assert_int_equal(2, up.to);
	assert_ok(&f->cx, kv_sqlite_upgrade(&f->cx, f->dir, &up));
	assert_int_equal(2, up.from);
	assert_ok(&f->cx, kv_sqlite_open(&f->cx, f->dir, &o, &f->kv));
	assert_ok(&f->cx, kv_get(&f->cx, f->kv, STR("a"), &v, &there));
	assert_true(there && str_is(v, STR("b")));
	assert_ok(&f->cx, kv_get(&f->cx, f->kv, STR("d"), &v, &there));
	assert_true(there && v.n == 2000);
}

static void
what_is_no_lake_and_what_is_newer_is_not_raised(void **state)
{
	static const struct {
		const char	*sql;
		enum err	 e;
	} cases[] = {
		{ "PRAGMA user_version=3", E_FORMAT },
		{ "PRAGMA user_version=0", E_CORRUPT },
		{ "PRAGMA user_version=-1", E_CORRUPT },
	};
	struct kv_sqlite_upgrade	 up = { .fn = raise_fn };
	struct kv_sqlite_opts		 o = { .create = false };
	struct fixture			*f = *state;
	size_t				 i;

	kv_close(f->kv);
	f->kv = NULL;
	for (i = 0; i < 3; i++) {
		by_hand(f, cases[i].sql);
		assert_err(cases[i].e, kv_sqlite_upgrade(&f->cx, f->dir, &up));
		cx_forget(&f->cx);
		assert_err(cases[i].e, kv_sqlite_open(&f->cx, f->dir, &o,
		    &f->kv));
		cx_forget(&f->cx);
	}
}

#define CASE(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		CASE(a_database_without_its_log_gets_it_back),
		CASE(the_log_is_bounded_beside_readers),
		CASE(what_is_cleared_is_gone),
		CASE(large_values_have_keys),
		CASE(no_leak_is_cried_beside_writers),
		CASE(a_full_disk_is_said),
		CASE(a_broken_disk_is_no_lock_that_is_held),
		CASE(a_commit_is_synced_before_its_answer),
		CASE(the_time_may_be_set_back),
		CASE(a_lock_that_is_held_for_ever_is_not_waited_for),
		CASE(another_format_is_seen_in_each_transaction),
		CASE(an_old_format_is_raised_once_and_whole),
		CASE(what_is_no_lake_and_what_is_newer_is_not_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
