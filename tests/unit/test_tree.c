/* Trees: equal content is one tree whatever the order of edits; diff is exact. */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kv/kv.h"
#include "tree/gc_state.h"
#include "tree/tree_inside.h"

#define FORMAT_ROOT \
	"1cfe66a4e12290e4f025c281125f077a266aaa0858b6e54beba912971f4cd16c"

struct model {			/* keys 0 … N-1; value 0: not there */
	unsigned	v[6000];
	size_t		n;
};

struct fixture {
	struct cx	 cx;
	struct trees	 trees;
};

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	f->trees = (struct trees){ kv_mem_open(), node_cache_open(8 << 20) };
	assert_ok(&f->cx, gc_state_init(&f->cx, f->trees.kv));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	node_cache_close(f->trees.cache);
	kv_close(f->trees.kv);
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

static struct str
key_of(struct cx *cx, size_t i)
{
	return str_printf(cx->mem, "data/p=%05zu/part-%03zu.parquet", i / 7,
	    i % 7);
}

static struct str
value_of(struct cx *cx, unsigned v)
{
	return str_printf(cx->mem, "%0*u", 20 + (int)(v % 150), v);
}

struct list {
	struct tree_edit	*at;
	size_t		 n, i;
};

static enum err
list_next(struct cx *cx, void *self, struct tree_edit *out, bool *there)
{
	struct list	*l = self;

	(void)cx;
	*there = l->i < l->n;
	if (*there)
		*out = l->at[l->i++];
	return OK;
}

/* Bring the tree to the model by the edits that differ from another model. */
static void
apply(struct fixture *f, struct oid *root, const struct model *was,
    const struct model *m)
{
	struct list	l = { .n = 0 };
	struct tree_edits	e = { list_next, &l };
	size_t		i;

	l.at = arena_get(f->cx.mem, m->n * sizeof *l.at);
	for (i = 0; i < m->n; i++) {
		if (was != NULL && was->v[i] == m->v[i])
			continue;
		if (was == NULL && m->v[i] == 0)
			continue;
		l.at[l.n].key = key_of(&f->cx, i);
		l.at[l.n].gone = m->v[i] == 0;
		l.at[l.n++].value = value_of(&f->cx, m->v[i]);
	}
	assert_ok(&f->cx, tree_apply(&f->cx, &f->trees, root, &e, root));
}

static void
check_content(struct fixture *f, const struct oid *root,
    const struct model *m)
{
	struct tree_cursor	c;
	struct str		key, value;
	uint64_t		count, want = 0;
	size_t			i;
	bool			there;

	assert_ok(&f->cx, tree_open(&f->cx, &f->trees, NULL, root, STR(""), &c));
	for (i = 0; i < m->n; i++) {
		if (m->v[i] == 0)
			continue;
		want++;
		assert_ok(&f->cx, tree_next(&f->cx, NULL, &c, &key, &value,
		    &there));
		assert_true(there);
		assert_true(str_is(key, key_of(&f->cx, i)));
		assert_true(str_is(value, value_of(&f->cx, m->v[i])));
	}
	assert_ok(&f->cx, tree_next(&f->cx, NULL, &c, &key, &value, &there));
	assert_false(there);
	tree_close(&c);
	assert_ok(&f->cx, tree_count(&f->cx, &f->trees, NULL, root, &count));
	assert_int_equal(want, count);
	for (i = 0; i < m->n; i += 13) {
		assert_ok(&f->cx, tree_find(&f->cx, &f->trees, NULL, root,
		    key_of(&f->cx, i), &value, &there));
		assert_int_equal(m->v[i] != 0, there);
	}
}

static void
check_diff(struct fixture *f, const struct oid *a, const struct model *ma,
    const struct oid *b, const struct model *mb)
{
	struct tree_change	ch;
	struct tree_diff	d;
	size_t			i;
	bool			there;

	assert_ok(&f->cx, tree_diff_open(&f->cx, &f->trees, NULL, a, b, STR(""),
	    &d));
	for (i = 0; i < ma->n; i++) {
		if (ma->v[i] == mb->v[i])
			continue;
		assert_ok(&f->cx, tree_diff_next(&f->cx, &d, &ch, &there));
		assert_true(there);
		assert_true(str_is(ch.key, key_of(&f->cx, i)));
		assert_int_equal(ma->v[i] != 0, ch.a.p != NULL);
		assert_int_equal(mb->v[i] != 0, ch.b.p != NULL);
	}
	assert_ok(&f->cx, tree_diff_next(&f->cx, &d, &ch, &there));
	assert_false(there);
	tree_diff_close(&d);
}

/* The same within a range, whose end is known late. */
static void
check_diff_within(struct fixture *f, const struct oid *a,
    const struct model *ma, const struct oid *b, const struct model *mb)
{
	size_t			from = (size_t)rand() % ma->n;
	size_t			to = from + (size_t)rand() % 400, i, n = 0;
	size_t			late = (size_t)rand() % 4;
	struct tree_change	ch;
	struct tree_diff	d;
	bool			there;

	assert_ok(&f->cx, tree_diff_open(&f->cx, &f->trees, NULL, a, b,
	    key_of(&f->cx, from), &d));
	for (i = from; i < to && i < ma->n; i++) {
		if (n == late)
			d.to = key_of(&f->cx, to);
		if (ma->v[i] == mb->v[i])
			continue;
		assert_ok(&f->cx, tree_diff_next(&f->cx, &d, &ch, &there));
		assert_true(there && str_is(ch.key, key_of(&f->cx, i)));
		assert_int_equal(ma->v[i] != 0, ch.a.p != NULL);
		assert_int_equal(mb->v[i] != 0, ch.b.p != NULL);
		n++;
	}
	d.to = key_of(&f->cx, to);
	assert_ok(&f->cx, tree_diff_next(&f->cx, &d, &ch, &there));
	assert_false(there);
	tree_diff_close(&d);
}

static void
change(struct model *m, unsigned kind)
{
	size_t	i, k, at, n;

	switch (kind % 6) {
	case 0:				/* scattered */
		for (k = 0; k < 30; k++)
			m->v[(size_t)rand() % m->n] = (unsigned)rand() % 3 == 0
			    ? 0 : (unsigned)rand() % 1000 + 1;
		break;
	case 1:				/* a run goes */
		at = (size_t)rand() % m->n;
		n = (size_t)rand() % 2000;
		for (i = at; i < at + n && i < m->n; i++)
			m->v[i] = 0;
		break;
	case 2:				/* the end changes */
		for (i = m->n - (size_t)rand() % 300; i < m->n; i++)
			m->v[i] = (unsigned)rand() % 2 ? (unsigned)rand() : 0;
		break;
	case 3:				/* one key */
		m->v[(size_t)rand() % m->n] = (unsigned)rand() % 100;
		break;
	case 4:				/* all but a corner goes */
		at = (size_t)rand() % m->n;
		for (i = 0; i < m->n; i++)
			if (i < at || i > at + 40)
				m->v[i] = 0;
		break;
	default:			/* much comes */
		for (i = 0; i < m->n; i++)
			if (rand() % 2)
				m->v[i] = (unsigned)rand() % 1000 + 1;
	}
}

static void
equal_content_is_one_tree(void **state)
{
	struct fixture		*f = *state;
	static struct model	 m, was;
	struct oid		 root = { { 0 } }, fresh, old;
	unsigned		 round, i;

	srand(7);
	m.n = sizeof m.v / sizeof m.v[0];
	for (round = 0; round < 60; round++) {
		struct arena_mark	mark = arena_mark(f->cx.mem);

		was = m;
		old = root;
		change(&m, (unsigned)rand());
		apply(f, &root, &was, &m);
		memset(&fresh, 0, sizeof fresh);
		apply(f, &fresh, NULL, &m);
		assert_string_equal(oid_hex(&fresh).z, oid_hex(&root).z);
		check_content(f, &root, &m);
		check_diff(f, &old, &was, &root, &m);
		for (i = 0; i < 20; i++)
			check_diff_within(f, &old, &was, &root, &m);
		arena_back(f->cx.mem, mark);
	}
}

static void
emptied_tree_is_the_zero_id(void **state)
{
	struct fixture		*f = *state;
	static struct model	 m, was;
	struct oid		 root = { { 0 } };

	m.n = was.n = 500;
	change(&m, 5);
	apply(f, &root, NULL, &m);
	was = m;
	memset(m.v, 0, sizeof m.v);
	apply(f, &root, &was, &m);
	assert_true(oid_is_zero(&root));
}

/* The format: a tree made years ago must get the same name today. */
static void
format_is_fixed(void **state)
{
	struct fixture		*f = *state;
	static struct model	 m;
	struct oid		 root = { { 0 } };
	size_t			 i;

	m.n = sizeof m.v / sizeof m.v[0];
	for (i = 0; i < m.n; i++)
		m.v[i] = (unsigned)i + 1;
	apply(f, &root, NULL, &m);
	assert_string_equal(FORMAT_ROOT, oid_hex(&root).z);
}

/* How many entries a cursor comes to that descends for so many levels. */
static uint64_t
entries_below(struct fixture *f, const struct oid *root, unsigned levels,
    uint64_t *items)
{
	struct tree_cursor	c;
	uint64_t		n = 0;
	unsigned		top;

	*items = 0;
	assert_ok(&f->cx, tree_open(&f->cx, &f->trees, NULL, root, STR(""),
	    &c));
	/* Back to the root's first item, as a comparison begins. */
	while (c.depth > 1)
		node_release(c.stack[--c.depth]->node);
	top = tree_top(&c)->level;
	while (c.depth > 0) {
		if (tree_top(&c)->level > 0 &&
		    tree_top(&c)->level + levels > top) {
			unsigned	level = tree_top(&c)->level;

			assert_ok(&f->cx, tree_descend(&f->cx, NULL, &c));
			assert_int_equal(level - 1, tree_top(&c)->level);
			assert_int_equal(1, tree_top(&c)->index);
			continue;
		}
		n += tree_top(&c)->below;
		++*items;
		assert_ok(&f->cx, tree_advance(&f->cx, &c));
	}
	/* At the end it stays. */
	assert_ok(&f->cx, tree_advance(&f->cx, &c));
	assert_int_equal(0, c.depth);
	tree_close(&c);
	tree_close(&c);
	return n;
}

/* Whatever is passed over in whole, a walk comes to all there is. */
static void
every_level_has_all_entries(void **state)
{
	struct fixture		*f = *state;
	static struct model	 m;
	struct oid		 root = { { 0 } };
	uint64_t		 items, before = 0;
	unsigned		 levels;
	size_t			 i;

	m.n = sizeof m.v / sizeof m.v[0];
	for (i = 0; i < m.n; i++)
		m.v[i] = (unsigned)i + 1;
	apply(f, &root, NULL, &m);
	for (levels = 0; levels < 4; levels++) {
		assert_int_equal(m.n, entries_below(f, &root, levels, &items));
		assert_true(items > before || items == m.n);
		before = items;
	}
	assert_int_equal(m.n, items);
}

static void
damage_says_which_node(void **state)
{
	struct fixture	*f = *state;
	struct node	*n = node_wrap("a node without sense", 20);

	assert_err(E_CORRUPT, tree_damaged(&f->cx, n));
	assert_non_null(strstr(f->cx.words, oid_hex(&n->id).z));
	node_release(n);
}

/* A cursor moves to any key, and gives what a new one would. */
static void
seeking_is_opening(void **state)
{
	struct fixture		*f = *state;
	static struct model	 m;
	struct tree_cursor	 c, fresh;
	struct oid		 root = { { 0 } };
	struct str		 from, key[2], value[2];
	size_t			 i, k;
	bool			 there[2];

	m.n = sizeof m.v / sizeof m.v[0];
	for (i = 0; i < m.n; i += 2)
		m.v[i] = (unsigned)i + 1;
	apply(f, &root, NULL, &m);
	assert_ok(&f->cx, tree_open(&f->cx, &f->trees, NULL, &root, STR(""),
	    &c));
	srand(3);
	for (i = 0; i < 300; i++) {
		from = i % 50 == 7 ? STR("z") : i % 50 == 9 ? STR("") :
		    key_of(&f->cx, (size_t)rand() % m.n);
		assert_ok(&f->cx, tree_seek(&f->cx, NULL, &c, from));
		assert_ok(&f->cx, tree_open(&f->cx, &f->trees, NULL, &root,
		    from, &fresh));
		for (k = 0; k < 100; k++) {
			assert_ok(&f->cx, tree_next(&f->cx, NULL, &c, &key[0],
			    &value[0], &there[0]));
			assert_ok(&f->cx, tree_next(&f->cx, NULL, &fresh,
			    &key[1], &value[1], &there[1]));
			assert_int_equal(there[1], there[0]);
			if (!there[0])
				break;
			assert_true(str_is(key[0], key[1]));
			assert_true(str_is(value[0], value[1]));
			assert_true(str_cmp(key[0], from) >= 0);
		}
		tree_close(&fresh);
	}
	tree_close(&c);
}

static void
node_sizes_stay_near_the_target(void **state)
{
	size_t		s = 0, n = 0, largest = 0, i;
	char		key[64];

	(void)state;
	for (i = 0; i < 200000; i++) {
		struct str	k = { key, (size_t)snprintf(key, sizeof key,
		    "key-%zu", i) };

		if (node_cut(k, 0, s, s + 60)) {
			largest = s + 60 > largest ? s + 60 : largest;
			s = 0;
			n++;
		} else
			s += 60;
	}
	assert_in_range(200000 * 60 / n, 6500, 10000);
	assert_in_range(largest, 10000, NODE_HARD);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(equal_content_is_one_tree,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(emptied_tree_is_the_zero_id,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(format_is_fixed, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(every_level_has_all_entries,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(damage_says_which_node, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(seeking_is_opening, setup,
		    teardown),
		cmocka_unit_test(node_sizes_stay_near_the_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
