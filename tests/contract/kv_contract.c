/* What every kv driver promises (kv/kv.h, K1 to K6), run against each. */
#include "unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "kv/kv.h"

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
	char		 dir[64];
};

static int
open_mem(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	f->kv = kv_mem_open();
	*state = f;
	return 0;
}

static int
open_sqlite(void **state)
{
	struct kv_sqlite_opts	 o = { .create = true };
	struct fixture		*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	snprintf(f->dir, sizeof f->dir, "/tmp/kv-contract.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_ok(&f->cx, kv_sqlite_open(&f->cx, f->dir, &o, &f->kv));
	*state = f;
	return 0;
}

static int
close_any(void **state)
{
	static const char *const	files[] = { "meta.db", "meta.db-wal",
	    "meta.db-shm", "queue.lock", "writer.lock", "copy.lock" };
	struct fixture			*f = *state;
	size_t				 i;

	kv_close(f->kv);
	for (i = 0; f->dir[0] != '\0' && i < 6; i++)
		unlink(str_printf(f->cx.mem, "%s/%s", f->dir, files[i]).p);
	if (f->dir[0] != '\0')
		rmdir(f->dir);
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

/* ---- one call each ----------------------------------------------------- */

struct one {
	struct str	key, value, hi;
	bool		there;
	size_t		n, max;
	enum err	then;		/* what fn gives in the end */
	struct str	seen[8];
};

static enum err
put_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct one	*o = arg;
	enum err	 e;

	if ((e = kv_put_bytes(cx, tx, o->key, o->value)) != OK)
		return e;
	return o->then == OK ? OK : fail(cx, o->then, "as the test wants");
}

/* A record that outgrew its buffer, after one that did not. */
static enum err
put_cut_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct one	*o = arg;
	struct buf	 b;

	buf_init(&b, cx->mem, 8);
	buf_str(&b, STR("whole"));
	if (o->value.n > 0)
		buf_str(&b, o->value);
	return kv_put(cx, tx, o->key, &b);
}

static enum err
delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return kv_delete(cx, tx, ((struct one *)arg)->key);
}

static enum err
scan_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct kv_cursor	*cur;
	struct one		*o = arg;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	o->n = 0;
	if ((e = kv_scan(cx, tx, o->key, o->hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there)
		o->seen[o->n++] = str_dup(cx->mem, k);
	return e;
}

static enum err
clear_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct one	*o = arg;

	return kv_clear(cx, tx, o->key, o->hi, o->max, &o->n);
}

static enum err
last_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct one	*o = arg;
	struct str	 v;

	return kv_last(cx, tx, o->key, o->hi, &o->seen[0], &v, &o->there);
}

static void
put(struct fixture *f, const char *key, struct str value)
{
	struct one	o = { .key = str_of(key), .value = value };

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_fn, &o));
}

static struct one
find(struct fixture *f, const char *key)
{
	struct one	o = { .key = str_of(key) };

	assert_ok(&f->cx, kv_get(&f->cx, f->kv, o.key, &o.value, &o.there));
	return o;
}

static void
values_small_and_large_are_kept(void **state)
{
	static const size_t	sizes[] = { 0, 1, 999, 1000, 1001, 70000,
	    1 << 20 };
	struct fixture		*f = *state;
	struct one		 o;
	size_t			 i, j;
	char			*p;

	/* Each over each: a large value gives its place back. */
	for (i = 0; i < 7; i++)
		for (j = 0; j < 7; j++) {
			p = arena_get(f->cx.mem, sizes[j] + 1);
			memset(p, 'a' + (int)j, sizes[j]);
			put(f, "k", (struct str){ p, sizes[j] });
			o = find(f, "k");
			assert_true(o.there);
			assert_int_equal(sizes[j], o.value.n);
			assert_memory_equal(p, o.value.p, sizes[j]);
		}
	o = (struct one){ .key = STR("k") };
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, delete_fn, &o));
	assert_false(find(f, "k").there);
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, delete_fn, &o));
}

static enum err
sizes_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct one		*o = arg;
	struct kv_cursor	*cur;
	struct str		 k;
	uint64_t		 size;
	enum err		 e;

	if ((e = kv_scan_keys(cx, tx, o->key, o->hi, &cur)) != OK)
		return e;
	for (o->n = 0; (e = kv_next_size(cx, tx, cur, &k, &size,
	    &o->there)) == OK && o->there; o->n++) {
		assert_string_equal(str_dup(cx->mem, k).p, o->seen[o->n].p);
		assert_int_equal(size, o->seen[o->n].n);
	}
	return e;
}

static void
sizes_are_those_of_values(void **state)
{
	struct fixture	*f = *state;
	static char	 bytes[100000];
	struct one	 o = { .key = STR("z"), .hi = STR("{"), .seen = {
	    { "z0", 0 }, { "z1", 1000 }, { "z2", 1001 }, { "z3", 100000 } } };
	struct one	 put;
	size_t		 i;

	for (i = 0; i < 4; i++) {
		put = (struct one){ .key = str_of(o.seen[i].p),
		    .value = { bytes, o.seen[i].n } };
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_fn, &put));
	}
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, sizes_fn, &o));
	assert_int_equal(4, o.n);
}

static void
scans_are_in_the_order_of_bytes(void **state)
{
	struct fixture	*f = *state;
	struct one	 o = { .key = STR("a"), .hi = STR("b") };

	put(f, "a\377", STR("4"));
	put(f, "a", STR("1"));
	put(f, "b", STR("5"));
	put(f, "a\001", STR("2"));
	put(f, "aZ", STR("3"));
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, scan_fn, &o));
	assert_int_equal(4, o.n);
	assert_str("a", o.seen[0]);
	assert_str("a\001", o.seen[1]);
	assert_str("aZ", o.seen[2]);
	assert_str("a\377", o.seen[3]);
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, last_fn, &o));
	assert_true(o.there);
	assert_str("a\377", o.seen[0]);
	o.max = 3;
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, clear_fn, &o));
	assert_int_equal(3, o.n);
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, scan_fn, &o));
	assert_int_equal(1, o.n);
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, clear_fn, &o));
	assert_int_equal(1, o.n);
	assert_true(find(f, "b").there);
}

static void
failed_write_leaves_no_trace(void **state)
{
	struct fixture	*f = *state;
	struct one	 o = { .key = STR("k"), .value = STR("new"),
	    .then = E_PRECONDITION };

	put(f, "k", STR("old"));
	assert_err(E_PRECONDITION, kv_write(&f->cx, f->kv, put_fn, &o));
	assert_string_equal("as the test wants", f->cx.words);
	assert_str("old", find(f, "k").value);
}

static void
records_that_were_cut_are_refused(void **state)
{
	struct fixture	*f = *state;
	struct one	 o = { .key = STR("k") };

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_cut_fn, &o));
	assert_str("whole", find(f, "k").value);
	o.value = STR("and more");
	put(f, "k", STR("old"));
	assert_err(E_TOO_LARGE, kv_write(&f->cx, f->kv, put_cut_fn, &o));
	assert_str("old", find(f, "k").value);
}

static void
keys_at_their_limit_are_kept(void **state)
{
	struct fixture	*f = *state;
	char		*key = arena_get(f->cx.mem, KV_KEY_MAX + 1);

	memset(key, 'k', KV_KEY_MAX);
	put(f, key, STR("v"));
	assert_str("v", find(f, key).value);
}

/* K6: a COMMIT that fails is E_STORE, and the store goes on. */
static void
failed_commit_is_said_and_survived(void **state)
{
	struct fixture	*f = *state;
	struct one	 o = { .key = STR("k"), .value = STR("v") };

	setenv("LAKEGATE_FAULT", "kv.commit:1", 1);
	fault_init();
	assert_err(E_STORE, kv_write(&f->cx, f->kv, put_fn, &o));
	put(f, "k2", STR("v2"));
	assert_str("v2", find(f, "k2").value);
}

/* Free pages go back, and nothing is lost. */
static void
trim_gives_pages_back(void **state)
{
	struct fixture	*f = *state;
	struct one	 o = { .key = STR("t/"), .hi = STR("t0"),
	    .max = 1000 };
	char		*p = arena_get(f->cx.mem, 20000);
	char		 key[16];
	int		 i;

	put(f, "kept", STR("kept"));
	for (i = 0; i < 300; i++) {
		snprintf(key, sizeof key, "t/%03d", i);
		put(f, key, (struct str){ p, 20000 });
	}
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, clear_fn, &o));
	assert_int_equal(300, o.n);
	assert_ok(&f->cx, kv_trim(&f->cx, f->kv));
	assert_str("kept", find(f, "kept").value);
	put(f, "after", STR("after"));
}

/* ---- many at once ------------------------------------------------------ */

enum { THREADS = 8, EACH = 150 };

struct worker {
	struct fixture	*f;
	pthread_t	 thread;
	unsigned	 id;
	kv_fn		*fn;
	unsigned	 won, refused;
	enum err	 odd;		/* neither OK nor refused */
};

static enum err
add_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct worker	*w = arg;
	struct str	 v;
	uint64_t	 n = 0;
	enum err	 e;
	bool		 there;

	if ((e = kv_find(cx, tx, STR("counter"), &v, &there)) != OK)
		return e;
	if (there)
		str_u64(v, UINT64_MAX, &n);
	v = str_printf(cx->mem, "%llu", (unsigned long long)n + 1);
	if ((e = kv_put_bytes(cx, tx, STR("counter"), v)) != OK)
		return e;
	/* A third of the members fail, in the middle of a group. */
	return rand() % 3 == 0 ? fail(cx, E_PRECONDITION, "w%u", w->id) : OK;
}

/* Write skew: at most one of a and b may be set; each looks at the other. */
static enum err
skew_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct worker	*w = arg;
	struct str	 v;
	enum err	 e;
	bool		 there;

	if ((e = kv_find(cx, tx, w->id % 2 ? STR("skew/a") : STR("skew/b"),
	    &v, &there)) != OK)
		return e;
	if (there)
		return fail(cx, E_PRECONDITION, "the other is set");
	return kv_put_bytes(cx, tx, w->id % 2 ? STR("skew/b") : STR("skew/a"),
	    STR("x"));
}

/* Phantoms: a range may hold at most three; each counts, then adds its own. */
static enum err
phantom_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct kv_cursor	*cur;
	struct worker		*w = arg;
	struct str		 k, v;
	unsigned		 n = 0;
	enum err		 e;
	bool			 there;

	if ((e = kv_scan(cx, tx, STR("p/"), STR("p0"), &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there)
		n++;
	if (e != OK || n >= 3)
		return e != OK ? e : fail(cx, E_PRECONDITION, "full");
	return kv_put_bytes(cx, tx, str_printf(cx->mem, "p/%u-%u", w->id,
	    w->won), STR(""));
}

static void *
work(void *arg)
{
	struct worker	*w = arg;
	struct cx	 cx;
	enum err	 e;
	int		 i;

	cx_init(&cx, arena_new());
	for (i = 0; i < EACH; i++) {
		e = kv_write(&cx, w->f->kv, w->fn, w);
		if (e == OK)
			w->won++;
		else if (e == E_PRECONDITION)
			w->refused++;
		else
			w->odd = e;
		arena_empty(cx.mem);
	}
	arena_free(cx.mem);
	return NULL;
}

static unsigned
all_work(struct fixture *f, kv_fn *fn)
{
	struct worker	w[THREADS];
	unsigned	i, won = 0;

	memset(w, 0, sizeof w);
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .f = f, .id = i, .fn = fn };
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_err(OK, w[i].odd);
		assert_int_equal(EACH, w[i].won + w[i].refused);
		won += w[i].won;
	}
	return won;
}

static void
no_update_is_lost_beside_failing_members(void **state)
{
	struct fixture	*f = *state;
	unsigned	 won = all_work(f, add_fn);
	uint64_t	 n;

	assert_true(str_u64(find(f, "counter").value, UINT64_MAX, &n));
	assert_int_equal(won, n);
}

static void
write_skew_is_impossible(void **state)
{
	struct fixture	*f = *state;

	all_work(f, skew_fn);
	assert_true(find(f, "skew/a").there != find(f, "skew/b").there);
}

static void
phantoms_are_impossible(void **state)
{
	assert_int_equal(3, all_work(*state, phantom_fn));
}

/* A snapshot shows one state, whatever is written meanwhile. */
struct twice {
	struct fixture	*f;
	struct str	 first, second;
};

static void *
overwrite(void *arg)
{
	struct one	o = { .key = STR("s"), .value = STR("new") };
	struct cx	cx;
	enum err	e;

	cx_init(&cx, arena_new());
	e = kv_write(&cx, ((struct fixture *)arg)->kv, put_fn, &o);
	arena_free(cx.mem);
	return e == OK ? arg : NULL;
}

static enum err
twice_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct twice	*t = arg;
	pthread_t	 thread;
	enum err	 e;
	bool		 there;

	if ((e = kv_find(cx, tx, STR("s"), &t->first, &there)) != OK)
		return e;
	pthread_create(&thread, NULL, overwrite, t->f);
	pthread_join(thread, NULL);
	return kv_find(cx, tx, STR("s"), &t->second, &there);
}

static void
snapshots_stand_still(void **state)
{
	struct fixture	*f = *state;
	struct twice	 t = { .f = f };

	put(f, "s", STR("old"));
	assert_ok(&f->cx, kv_read(&f->cx, f->kv, twice_fn, &t));
	assert_str("old", t.first);
	assert_str("old", t.second);
	assert_str("new", find(f, "s").value);
}

/* A copy is one state of the store, whatever is written meanwhile. */
struct pairs {
	struct fixture	*f;
	bool		 stop;
	pthread_mutex_t	 lock;
};

static enum err
both_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	enum err	e;

	if ((e = kv_put_bytes(cx, tx, STR("left"), *(struct str *)arg)) != OK)
		return e;
	return kv_put_bytes(cx, tx, STR("right"), *(struct str *)arg);
}

/* The same value under both keys, another one each time, small and large. */
static void *
write_pairs(void *arg)
{
	struct pairs	*p = arg;
	struct cx	 cx;
	struct str	 v;
	enum err	 e = OK;
	bool		 stop = false;
	int		 i;

	for (i = 0; e == OK && !stop; i++) {
		cx_init(&cx, arena_new());
		v = str_printf(cx.mem, "%*d", i % 2 == 0 ? 10 : 5000, i);
		e = kv_write(&cx, p->f->kv, both_fn, &v);
		arena_free(cx.mem);
		pthread_mutex_lock(&p->lock);
		stop = p->stop;
		pthread_mutex_unlock(&p->lock);
	}
	return e == OK ? arg : NULL;
}

static void
told(void *arg, uint64_t done, uint64_t total)
{
	uint64_t	*last = arg;

	assert_true(done >= *last && done <= total);
	*last = done;
}

static void
copied_and_read(struct fixture *f, const char *dir)
{
	const struct kv_sqlite_opts	 o = { .create = false };
	struct one			 l = { .key = STR("left") };
	struct one			 r = { .key = STR("right") };
	struct fixture			 copy = { .kv = NULL };
	uint64_t			 done = 0;

	assert_ok(&f->cx, kv_copy(&f->cx, f->kv, dir, told, &done));
	assert_true(done > 0);
	cx_init(&copy.cx, arena_new());
	assert_ok(&copy.cx, kv_sqlite_open(&copy.cx, dir, &o, &copy.kv));
	l = find(&copy, "left");
	r = find(&copy, "right");
	assert_true(l.there && r.there && str_is(l.value, r.value));
	assert_str("whole", find(&copy, "large").value.n == 300000 ?
	    STR("whole") : STR("cut"));
	put(&copy, "more", STR("it can be written"));
	kv_close(copy.kv);
	arena_free(copy.cx.mem);
}

static void
copies_are_one_state(void **state)
{
	struct fixture	*f = *state;
	struct pairs	 p = { .f = f, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct str	 first = STR("0"), name;
	pthread_t	 thread;
	void		*well;
	int		 i;

	put(f, "large", str_printf(f->cx.mem, "%300000d", 1));
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, both_fn, &first));
	pthread_create(&thread, NULL, write_pairs, &p);
	for (i = 0; i < 8; i++) {
		name = str_printf(f->cx.mem, "%s/copy%d", f->dir, i);
		assert_int_equal(0, mkdir(name.p, 0700));
		copied_and_read(f, name.p);
		assert_ok(&f->cx, file_remove_tree(&f->cx, name.p));
	}
	pthread_mutex_lock(&p.lock);
	p.stop = true;
	pthread_mutex_unlock(&p.lock);
	pthread_join(thread, &well);
	assert_ptr_equal(&p, well);
}

static void
a_store_in_memory_has_no_copy(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(E_NOT_IMPLEMENTED, kv_copy(&f->cx, f->kv, "/tmp",
	    NULL, NULL));
}

#define BOTH(t)								\
	cmocka_unit_test_setup_teardown(t, open_mem, close_any),	\
	cmocka_unit_test_setup_teardown(t, open_sqlite, close_any)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		BOTH(values_small_and_large_are_kept),
		BOTH(scans_are_in_the_order_of_bytes),
		BOTH(sizes_are_those_of_values),
		BOTH(failed_write_leaves_no_trace),
		BOTH(records_that_were_cut_are_refused),
		BOTH(keys_at_their_limit_are_kept),
		BOTH(no_update_is_lost_beside_failing_members),
		BOTH(trim_gives_pages_back),
		BOTH(write_skew_is_impossible),
		BOTH(phantoms_are_impossible),
		cmocka_unit_test_setup_teardown(
		    failed_commit_is_said_and_survived, open_sqlite,
		    close_any),
		cmocka_unit_test_setup_teardown(copies_are_one_state,
		    open_sqlite, close_any),
		cmocka_unit_test_setup_teardown(a_store_in_memory_has_no_copy,
		    open_mem, close_any),
		/* The memory driver runs one transaction at a time. */
		cmocka_unit_test_setup_teardown(snapshots_stand_still,
		    open_sqlite, close_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
