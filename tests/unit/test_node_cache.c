/* The cache of nodes: what it drops, what it shares, and what it never keeps. */
#include "unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "kv/kv.h"
#include "lake/keys.h"
#include "tree/node_cache.h"

enum { BYTES = 100, THINGS = 5, SHARDS = 8, BUCKETS = 1024, MANY = 60000 };

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
};

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	f->kv = kv_mem_open();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	kv_close(f->kv);
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

struct node_change {
	const struct oid	*id;
	struct str		 bytes;		/* p NULL: it goes */
};

static enum err
change_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct node_change	*c = arg;

	return c->bytes.p == NULL ? kv_delete(cx, tx, key_node(cx, c->id)) :
	    kv_put_bytes(cx, tx, key_node(cx, c->id), c->bytes);
}

static void
store(struct fixture *f, const struct oid *id, struct str bytes)
{
	struct node_change	c = { id, bytes };

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, change_fn, &c));
}

/* The bytes of node i, of some size, and their name. */
static struct str
bytes_of(unsigned char *p, size_t n, unsigned i, struct oid *id)
{
	memset(p, 'n', n);
	memcpy(p, &i, sizeof i);
	digest_of(DIGEST_SHA256, p, n, id->b);
	return (struct str){ (const char *)p, n };
}

/* Put a few nodes of one shard into the kv; of one bucket, if asked. */
static void
store_some(struct fixture *f, bool one_bucket, struct oid ids[THINGS])
{
	unsigned char	p[BYTES];
	struct oid	id;
	unsigned	i, n = 0;

	for (i = 0; n < THINGS && i < MANY; i++) {
		struct str	s = bytes_of(p, BYTES, i, &id);

		if (n > 0 && (id.b[0] % SHARDS != ids[0].b[0] % SHARDS ||
		    (one_bucket && ((id.b[1] | id.b[2] << 8) % BUCKETS !=
		    (ids[0].b[1] | ids[0].b[2] << 8) % BUCKETS))))
			continue;
		ids[n++] = id;
		store(f, &id, s);
	}
	assert_int_equal(THINGS, n);
}

static enum err
look(struct fixture *f, struct trees *ts, const struct oid *id)
{
	struct node	*n;
	enum err	 e;

	if ((e = node_get(&f->cx, ts, NULL, id, &n)) == OK) {
		assert_true(oid_is(&n->id, id));
		node_release(n);
	}
	cx_forget(&f->cx);
	return e;
}

/* Nodes a … e of one shard that holds three of them. */
static const struct {
	const char	*asked, *kept;
} orders[] = {
	{ "", "" }, { "a", "a" }, { "aaaaa", "a" }, { "abc", "abc" },
	{ "abcd", "bcd" }, { "abcde", "cde" },
	{ "abcad", "acd" }, { "abcbad", "abd" },	/* use keeps */
	{ "abccbad", "abd" }, { "abcdab", "dab" },
	{ "abcdeabcde", "cde" }, { "abcdedc", "cde" },
	{ "abacadae", "ade" },
};

static void
what_was_used_longest_ago_goes(void **state)
{
	struct fixture	*f = *state;
	struct oid	 ids[2][THINGS];
	size_t		 i, k, way;
	const char	*p;

	store_some(f, false, ids[0]);
	store_some(f, true, ids[1]);
	for (i = 0; i < 2 * sizeof orders / sizeof orders[0]; i++) {
		struct trees	ts = { f->kv,
		    node_cache_open(SHARDS * (3 * BYTES + 50)) };

		way = i % 2;
		for (p = orders[i / 2].asked; *p != '\0'; p++)
			assert_ok(&f->cx, look(f, &ts, &ids[way][*p - 'a']));
		/* What is gone from the kv is there from the cache alone. */
		for (k = 0; k < THINGS; k++)
			store(f, &ids[way][k], (struct str){ NULL, 0 });
		for (k = 0; k < THINGS; k++)
			assert_err(strchr(orders[i / 2].kept, 'a' + (int)k) !=
			    NULL ? OK : E_CORRUPT, look(f, &ts, &ids[way][k]));
		node_cache_close(ts.cache);
		store_some(f, way == 1, ids[way]);
	}
}

/* A node as large as a shard is kept, a larger one is given and not kept. */
static void
a_large_node_drops_nothing(void **state)
{
	struct fixture	*f = *state;
	unsigned char	 p[BYTES + 1];
	struct trees	 ts = { f->kv, node_cache_open(SHARDS * BYTES) };
	struct oid	 id[2];
	struct str	 s;
	unsigned	 i, k = 0;

	for (i = 0; i < 2; i++) {
		do
			s = bytes_of(p, BYTES + i, k++, &id[i]);
		while (id[i].b[0] % SHARDS != id[0].b[0] % SHARDS);
		store(f, &id[i], s);
		assert_ok(&f->cx, look(f, &ts, &id[i]));
		store(f, &id[i], (struct str){ NULL, 0 });
		assert_err(i == 0 ? OK : E_CORRUPT, look(f, &ts, &id[i]));
	}
	assert_err(OK, look(f, &ts, &id[0]));
	node_cache_close(ts.cache);
}

static void
a_held_node_outlives_the_cache(void **state)
{
	struct fixture	*f = *state;
	struct trees	 ts = { f->kv, node_cache_open(SHARDS * BYTES) };
	unsigned char	 p[BYTES];
	struct node	*held, *again;
	struct oid	 ids[THINGS];

	store_some(f, false, ids);
	assert_ok(&f->cx, node_get(&f->cx, &ts, NULL, &ids[0], &held));
	assert_ok(&f->cx, node_get(&f->cx, &ts, NULL, &ids[0], &again));
	assert_ptr_equal(held, again);		/* shared, not copied */
	node_release(again);
	assert_ok(&f->cx, look(f, &ts, &ids[1]));	/* drops it */
	assert_ok(&f->cx, node_get(&f->cx, &ts, NULL, &ids[0], &again));
	assert_ptr_not_equal(held, again);
	node_cache_close(ts.cache);
	assert_memory_equal(held->b, again->b, BYTES);
	memcpy(p, held->b, BYTES);
	node_release(held);
	assert_memory_equal(p, again->b, BYTES);
	node_release(again);
	node_release(NULL);
}

/* What does not have the name's hash is refused, and not kept. */
static void
wrong_bytes_are_never_kept(void **state)
{
	static const struct {
		size_t	n;
		int	flip;		/* this byte, or -1 */
	} cases[] = {
		{ 0, -1 }, { 1, -1 }, { NODE_HEADER + 3, -1 },
		{ BYTES - 1, -1 }, { BYTES, 0 }, { BYTES, BYTES - 1 },
	};
	struct fixture	*f = *state;
	struct trees	 ts = { f->kv, node_cache_open(1 << 20) };
	unsigned char	 p[BYTES];
	struct oid	 id;
	struct str	 s;
	size_t		 i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		s = bytes_of(p, BYTES, (unsigned)i, &id);
		if (cases[i].flip >= 0)
			p[cases[i].flip] ^= 1;
		store(f, &id, str_to(s, cases[i].n));
		assert_err(E_CORRUPT, look(f, &ts, &id));
		store(f, &id, bytes_of(p, BYTES, (unsigned)i, &id));
		assert_ok(&f->cx, look(f, &ts, &id));
	}
	node_cache_close(ts.cache);
}

struct in_tx {
	struct trees	*trees;
	struct oid	 id;
	struct node	*n;
};

static enum err
in_tx_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct in_tx	*t = arg;
	struct node_change	 c = { &t->id, { NULL, 0 } };
	enum err	 e;

	if ((e = change_fn(cx, tx, &c)) != OK)
		return e;
	return node_get(cx, t->trees, tx, &t->id, &t->n);
}

/* In a transaction that deleted it, a node that is not cached is missing. */
static void
a_transaction_reads_its_own(void **state)
{
	struct fixture	*f = *state;
	struct trees	 ts = { f->kv, node_cache_open(1 << 20) };
	unsigned char	 p[BYTES];
	struct in_tx	 t = { .trees = &ts };

	store(f, &t.id, bytes_of(p, BYTES, 1, &t.id));
	assert_err(E_CORRUPT, kv_write(&f->cx, f->kv, in_tx_fn, &t));
	cx_forget(&f->cx);
	assert_ok(&f->cx, look(f, &ts, &t.id));
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, in_tx_fn, &t));
	node_release(t.n);
	node_cache_close(ts.cache);
}

/* The cache has the node; the memory of the caller keeps no copy of it. */
static void
a_reader_holds_one_copy(void **state)
{
	struct fixture	*f = *state;
	struct trees	 ts = { f->kv, node_cache_open(0) };
	unsigned char	 p[BYTES];
	struct oid	 id;
	size_t		 before;
	unsigned	 i;

	store(f, &id, bytes_of(p, BYTES, 1, &id));
	before = arena_held(f->cx.mem);
	for (i = 0; i < 2000; i++)
		assert_ok(&f->cx, look(f, &ts, &id));
	assert_int_equal(before, arena_held(f->cx.mem));
	node_cache_close(ts.cache);
}

enum { THREADS = 4, NODES = 40, ROUNDS = 3000 };

struct reader {
	pthread_t	 thread;
	struct trees	*trees;
	struct oid	*ids;
	unsigned	 seed, wrong;
};

static void *
read_some(void *arg)
{
	struct reader	*r = arg;
	struct node	*held[4] = { NULL };
	unsigned char	 p[BYTES];
	struct oid	 id;
	struct cx	 cx;
	unsigned	 i, k, x = r->seed;

	cx_init(&cx, arena_new());
	for (i = 0; i < ROUNDS; i++) {
		x = x * 1103515245 + 12345;
		k = (x >> 16) % NODES;
		node_release(held[i % 4]);
		held[i % 4] = NULL;
		if (node_get(&cx, r->trees, NULL, &r->ids[k],
		    &held[i % 4]) != OK) {
			r->wrong++;
			continue;
		}
		bytes_of(p, BYTES, k, &id);
		if (!oid_is(&held[i % 4]->id, &id) ||
		    held[i % 4]->n != BYTES ||
		    memcmp(held[i % 4]->b, p, BYTES) != 0)
			r->wrong++;
		if (i % 64 == 0)
			arena_empty(cx.mem);
	}
	for (i = 0; i < 4; i++)
		node_release(held[i]);
	arena_free(cx.mem);
	return NULL;
}

/* Threads take, hold and drop the same nodes in a cache that holds a few. */
static void
threads_share(void **state)
{
	static const size_t	sizes[] = { 0, 1, 2, 100 };	/* a shard */
	struct fixture		*f = *state;
	struct reader		 r[THREADS];
	struct oid		 ids[NODES];
	unsigned char		 p[BYTES];
	unsigned		 i;
	size_t			 k;

	for (i = 0; i < NODES; i++)
		store(f, &ids[i], bytes_of(p, BYTES, i, &ids[i]));
	for (k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		struct trees	ts = { f->kv,
		    node_cache_open(SHARDS * BYTES * sizes[k]) };

		for (i = 0; i < THREADS; i++) {
			r[i] = (struct reader){ .trees = &ts, .ids = ids,
			    .seed = i + 1 };
			assert_int_equal(0, pthread_create(&r[i].thread, NULL,
			    read_some, &r[i]));
		}
		for (i = 0; i < THREADS; i++) {
			pthread_join(r[i].thread, NULL);
			assert_int_equal(0, r[i].wrong);
		}
		node_cache_close(ts.cache);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(what_was_used_longest_ago_goes,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_node_drops_nothing,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_held_node_outlives_the_cache,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_bytes_are_never_kept,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_transaction_reads_its_own,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_holds_one_copy,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(threads_share, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
