/*
 * Nodes that are built obey asserts, each of which is shown to bite; nodes that
 * are read may hold any bytes, and no such bytes reach an assert.
 */
#include "unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "block/block.h"
#include "engine/engine.h"
#include "engine/records.h"
#include "upkeep/upkeep.h"
/* Instead of the library's: what ends a node is static. */
#include "tree/tree_build.c"

static struct fixture {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
	struct trees	 trees;
	size_t		 found;
} f;

static int
setup(void **state)
{
	struct repo		r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct engine_opts	o;

	(void)state;
	memset(&f, 0, sizeof f);
	cx_init(&f.cx, arena_new());
	f.kv = kv_mem_open();
	f.block = block_mem_open();
	engine_defaults(&o);
	f.eng = engine_open(f.kv, f.block, &o);
	assert_ok(&f.cx, engine_init(&f.cx, f.eng));
	assert_ok(&f.cx, repo_create(&f.cx, f.eng, &r, STR("me")));
	f.trees = (struct trees){ f.kv, node_cache_open(1 << 20) };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	node_cache_close(f.trees.cache);
	arena_free(f.cx.mem);
	engine_close(f.eng);
	block_close(f.block);
	kv_close(f.kv);
	return 0;
}

/* ---- asserts ----------------------------------------------------------- */

static const struct oid	child = { { 1 } };
static char		large[NODE_VALUE_MAX + 1];

static struct node_builder *
builder(unsigned level)
{
	struct node_builder	*b = arena_get(f.cx.mem, sizeof *b);

	node_build(b, f.cx.mem, level);
	return b;
}

static struct str
key_long(size_t n)
{
	char	*p = arena_raw(f.cx.mem, n);

	memset(p, 'k', n);
	return (struct str){ p, n };
}

static void
add_two(const char *first, const char *second)
{
	struct node_builder	*b = builder(0);

	node_add_value(b, str_of(first), STR("v"));
	node_add_value(b, str_of(second), STR("v"));
}

static void
level_too_high(void)
{
	builder(TREE_LEVELS);
}

static void
highest_level(void)
{
	node_add_child(builder(TREE_LEVELS - 1), STR("k"), &child, 1);
}

static void
value_above_leaves(void)
{
	node_add_value(builder(1), STR("k"), STR("v"));
}

static void
child_of_a_leaf(void)
{
	node_add_child(builder(0), STR("k"), &child, 1);
}

static void
child_without_entries(void)
{
	node_add_child(builder(1), STR("k"), &child, 0);
}

static void
value_too_long(void)
{
	node_add_value(builder(0), STR("k"),
	    (struct str){ large, sizeof large });
}

static void
values_of_any_size(void)
{
	struct node_builder	*b = builder(0);
	struct str		 v = { large, NODE_VALUE_MAX };

	node_add_value(b, STR("a"), v);
	node_add_value(b, key_long(LIMIT_PATH), v);
	node_finish(b);
}

static void
key_empty(void)
{
	node_add_value(builder(0), STR(""), STR("v"));
}

static void
key_too_long(void)
{
	node_add_value(builder(0), key_long(LIMIT_PATH + 1), STR("v"));
}

static void
keys_rise(void)
{
	add_two("a", "aa");
}

static void
keys_equal(void)
{
	add_two("a", "a");
}

static void
keys_fall(void)
{
	add_two("b", "a");
}

static void
keys_fall_to_a_prefix(void)
{
	add_two("aa", "a");
}

/* At a restart nothing is shared, and the order is looked at all the same. */
static void
keys_fall_at_a_restart(void)
{
	struct node_builder	*b = builder(0);
	char			 key[8];
	unsigned		 i;

	for (i = 0; i < NODE_RESTART; i++) {
		snprintf(key, sizeof key, "k%02u", i);
		node_add_value(b, str_of(key), STR("v"));
	}
	node_add_value(b, STR("k07"), STR("v"));
}

static void
builder_not_begun(void)
{
	node_add_value(arena_get(f.cx.mem, sizeof(struct node_builder)),
	    STR("k"), STR("v"));
}

static void
item_after_the_end(void)
{
	struct node_builder	*b = builder(0);
	char			 key[16];
	unsigned		 i;
	bool			 ended = false;

	for (i = 0; i < 100000 && !ended; i++) {
		snprintf(key, sizeof key, "k%06u", i);
		ended = node_add_value(b, str_of(key), STR("some value"));
	}
	if (ended)
		node_add_value(b, STR("z"), STR("v"));
}

static void
node_without_items(void)
{
	node_finish(builder(0));
}

static void
end_without_items(void)
{
	struct tree_build	*tb = arena_get(f.cx.mem, sizeof *tb);

	node_build(&tb->lv[0], f.cx.mem, 0);
	build_end_node(&f.cx, tb, 0);
}

static void
end_of_another_level(void)
{
	struct tree_build	*tb = arena_get(f.cx.mem, sizeof *tb);

	node_build(&tb->lv[1], f.cx.mem, 0);
	node_add_value(&tb->lv[1], STR("k"), STR("v"));
	build_end_node(&f.cx, tb, 1);
}

static void
top_of_an_empty_cursor(void)
{
	struct tree_cursor	c = { .depth = 0 };

	tree_top(&c);
}

static void
descent_from_a_leaf(void)
{
	struct node_it		it = { .level = 0 };
	struct tree_cursor	c = { .trees = &f.trees, .depth = 1,
	    .stack = { &it } };

	tree_descend(&f.cx, NULL, &c);
}

static void
stack_is_full(void)
{
	struct node_it		it = { .level = 1 };
	struct tree_cursor	c = { .trees = &f.trees,
	    .depth = TREE_LEVELS };

	c.stack[TREE_LEVELS - 1] = &it;
	tree_descend(&f.cx, NULL, &c);
}

static const struct {
	void		(*run)(void);
	bool		 bites;
} asserts[] = {
	{ level_too_high, true }, { highest_level, false },
	{ value_above_leaves, true }, { child_of_a_leaf, true },
	{ child_without_entries, true }, { value_too_long, true },
	{ values_of_any_size, false }, { key_empty, true },
	{ key_too_long, true }, { keys_rise, false }, { keys_equal, true },
	{ keys_fall, true }, { keys_fall_to_a_prefix, true },
	{ keys_fall_at_a_restart, true }, { builder_not_begun, true },
	{ item_after_the_end, true }, { node_without_items, true },
	{ end_without_items, true }, { end_of_another_level, true },
	{ top_of_an_empty_cursor, true }, { descent_from_a_leaf, true },
	{ stack_is_full, true },
};

/* Does it end the process by an assert?  Its words are not for the log. */
static bool
bites(void (*run)(void))
{
	const struct rlimit	none = { 0, 0 };
	int			status;
	pid_t			pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		if (freopen("/dev/null", "w", stderr) != NULL)
			run();
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		return true;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static void
asserts_bite(void **state)
{
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof asserts / sizeof asserts[0]; i++)
		if (bites(asserts[i].run) != asserts[i].bites) {
			print_error("row %zu\n", i);
			_fail(__FILE__, __LINE__);
		}
}

/* ---- damaged nodes ----------------------------------------------------- */

struct item {
	const char	*key;
	size_t		 value;		/* of a leaf: so many bytes */
	uint64_t	 below;
	int		 child;		/* a row of nodes[] */
};

enum { LEAF_AB = 1, LEAF_CD, LEAF_Z, INNER, NODES = 5, NONE = -1 };

/* Nodes as no builder makes them, some of them whole, for others to name. */
static const struct raw {
	unsigned	 level;
	struct item	 items[4];
} nodes[NODES] = {
	[LEAF_AB] = { 0, { { "a", 1, 1, 0 }, { "b", 1, 1, 0 } } },
	[LEAF_CD] = { 0, { { "c", 1, 1, 0 }, { "d", 1, 1, 0 } } },
	[LEAF_Z] = { 0, { { "y", 1, 1, 0 }, { "z", 1, 1, 0 } } },
	[INNER] = { 1, { { "b", 0, 2, LEAF_AB }, { "d", 0, 2, LEAF_CD } } },
};

enum { WALK = 1, APPLY = 2, FSCK = 4, ALL = 7 };

static const struct {
	const char	*why;
	struct raw	 root;
	unsigned	 wrong;		/* who says so */
} damaged[] = {
	{ "nothing is wrong with it but where it is cut",
	    { 0, { { "a", 1, 1, 0 }, { "b", 1, 1, 0 } } }, 0 },
	{ "nothing is wrong with its children either",
	    { 1, { { "b", 0, 2, LEAF_AB }, { "d", 0, 2, LEAF_CD } } }, FSCK },
	{ "no items", { 0, { { NULL, 0, 0, 0 } } }, 0 },
	{ "keys fall", { 0, { { "b", 1, 1, 0 }, { "a", 1, 1, 0 } } },
	    APPLY | FSCK },
	{ "a key twice", { 0, { { "a", 1, 1, 0 }, { "a", 1, 1, 0 } } },
	    APPLY | FSCK },
	{ "a value that no node has",
	    { 0, { { "a", 200000, 1, 0 }, { "b", 1, 1, 0 } } },
	    APPLY | FSCK },
	{ "values far beyond where a node ends",
	    { 0, { { "a", 60000, 1, 0 }, { "b", 60000, 1, 0 },
	    { "c", 60000, 1, 0 }, { "d", 60000, 1, 0 } } }, FSCK },
	{ "level 12", { TREE_LEVELS, { { "a", 0, 1, LEAF_AB } } }, ALL },
	{ "level 255", { 255, { { "a", 0, 1, LEAF_AB } } }, ALL },
	{ "inner keys fall",
	    { 1, { { "d", 0, 2, LEAF_CD }, { "b", 0, 2, LEAF_AB } } },
	    APPLY | FSCK },
	{ "a child without entries",
	    { 1, { { "b", 0, 2, LEAF_AB }, { "d", 0, 0, LEAF_CD } } },
	    APPLY | FSCK },
	{ "a child of the same level",
	    { 1, { { "b", 0, 2, LEAF_AB }, { "d", 0, 4, INNER } } }, ALL },
	{ "a child two levels below",
	    { 2, { { "b", 0, 2, LEAF_AB }, { "d", 0, 4, INNER } } }, ALL },
	{ "a leaf at the highest level",
	    { 11, { { "b", 0, 2, LEAF_AB } } }, ALL },
	{ "a child that is not there",
	    { 1, { { "b", 0, 2, LEAF_AB }, { "d", 0, 2, NONE } } }, ALL },
	{ "a child with keys above its own",
	    { 1, { { "b", 0, 2, LEAF_Z }, { "d", 0, 2, LEAF_CD } } },
	    APPLY | FSCK },
};

static struct oid	ids[NODES];

struct put {
	struct oid	id;
	struct str	bytes;
};

static enum err
put_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct put	*p = arg;
	struct buf	 stamp;
	enum err	 e;

	buf_init(&stamp, cx->mem, 16);
	buf_be64(&stamp, 1);
	if ((e = kv_put_bytes(cx, tx, key_node(cx, &p->id), p->bytes)) != OK)
		return e;
	return kv_put(cx, tx, key_stamp(cx, &p->id), &stamp);
}

static struct oid
put_bytes(struct str bytes)
{
	struct put	p = { .bytes = bytes };

	digest_of(DIGEST_SHA256, bytes.p, bytes.n, p.id.b);
	assert_ok(&f.cx, kv_write(&f.cx, f.kv, put_fn, &p));
	return p.id;
}

static struct str
raw_bytes(const struct raw *r)
{
	const struct item	*it;
	struct buf		 b;
	uint64_t		 below = 0;

	for (it = r->items; it < r->items + 4 && it->key != NULL; it++)
		below += it->below;
	buf_init(&b, f.cx.mem, 1 << 20);
	buf_byte(&b, (unsigned char)r->level);
	buf_be64(&b, below);
	for (it = r->items; it < r->items + 4 && it->key != NULL; it++) {
		buf_varint(&b, 0);
		buf_varint(&b, strlen(it->key));
		buf_z(&b, it->key);
		if (r->level == 0) {
			buf_varint(&b, it->value);
			buf_str(&b, (struct str){ arena_get(f.cx.mem,
			    it->value), it->value });
			continue;
		}
		if (it->child == NONE)
			buf_str(&b, STR("there is no node of such an id!!"));
		else
			buf_str(&b, oid_str(&ids[it->child]));
		buf_varint(&b, it->below);
	}
	buf_be64(&b, (uint64_t)NODE_HEADER << 32 | 1);	/* one restart */
	return buf_as_str(&b);
}

struct few_edits {
	const char	*key[4];
	bool		 gone;
	size_t		 at;
};

static enum err
few_next(struct cx *cx, void *self, struct tree_edit *out, bool *there)
{
	struct few_edits	*few = self;

	(void)cx;
	*there = few->at < 4 && few->key[few->at] != NULL;
	if (*there)
		*out = (struct tree_edit){ str_of(few->key[few->at++]), STR("new"),
		    few->gone };
	return OK;
}

/* OK or E_CORRUPT: true says corrupt. */
static bool
corrupt(enum err e)
{
	if (e != OK)
		assert_err(E_CORRUPT, e);
	cx_forget(&f.cx);
	return e != OK;
}

static bool
walk_fails(const struct oid *root)
{
	static const struct oid	empty;
	struct tree_change	ch;
	struct tree_cursor	c;
	struct tree_diff	d;
	struct str		key, value;
	enum err		e;
	bool			there = true, failed;

	e = tree_open(&f.cx, &f.trees, NULL, root, STR(""), &c);
	while (e == OK && there)
		e = tree_next(&f.cx, NULL, &c, &key, &value, &there);
	failed = corrupt(e);
	/* Whoever goes on after an error comes to an end, too. */
	for (there = true; e != OK && there;) {
		there = false;
		corrupt(tree_next(&f.cx, NULL, &c, &key, &value, &there));
	}
	tree_close(&c);
	corrupt(tree_find(&f.cx, &f.trees, NULL, root, STR("c"), &value,
	    &there));
	there = true;
	e = tree_diff_open(&f.cx, &f.trees, NULL, root, &empty, STR(""), &d);
	while (e == OK && there)
		e = tree_diff_next(&f.cx, &d, &ch, &there);
	assert_int_equal(failed, corrupt(e));
	tree_diff_close(&d);
	return failed;
}

static bool
apply_fails(const struct oid *root)
{
	static const struct few_edits	some[] = {
		{ .key = { "0" } }, { .key = { "a", "b", "c", "d" } },
		{ .key = { "bb" } }, { .key = { "zz" } },
		{ .key = { "a", "b", "c", "d" }, .gone = true },
		{ .key = { "0", "c" }, .gone = true },
	};
	struct few_edits		few;
	struct tree_edits		edits = { few_next, &few };
	struct oid			out;
	size_t				i, failed = 0;

	for (i = 0; i < sizeof some / sizeof some[0]; i++) {
		few = some[i];
		failed += corrupt(tree_apply(&f.cx, &f.trees, root, &edits,
		    &out));
	}
	return failed > 0;
}

struct working {
	struct oid	root;
};

static enum err
working_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct kv_cursor	*cur;
	struct keys_range	 in = key_range(cx, key_letter(cx, 'B'));
	struct branch		 br;
	struct uid		 ruid;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK ||
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) != OK ||
	    (e = branch_parse(cx, v, &br)) != OK)
		return e;
	memcpy(ruid.b, k.p + 1, sizeof ruid);
	br.name = str_dup(cx->mem, str_from(k, 1 + sizeof ruid));
	br.working = ((struct working *)arg)->root;
	return branch_put(cx, tx, &ruid, &br);
}

static void
found(void *arg, const char *invariant, const char *what)
{
	(void)arg;
	(void)invariant;
	(void)what;
	f.found++;
}

static bool
fsck_finds(const struct oid *root)
{
	const struct fsck_opts	opt = { .found = found };
	struct fsck_report	r;
	struct working		w = { *root };

	f.found = 0;
	assert_ok(&f.cx, kv_write(&f.cx, f.kv, working_fn, &w));
	assert_ok(&f.cx, fsck_run(&f.cx, f.eng, &opt, &r));
	/* The values are no entries: that is not what is asked here. */
	assert_int_equal(f.found, r.problems);
	return f.found > 0;
}

static void
damage_is_no_assert(void **state)
{
	struct oid	root;
	size_t		i;
	unsigned	wrong;

	(void)state;
	for (i = 1; i < NODES; i++)
		ids[i] = put_bytes(raw_bytes(&nodes[i]));
	for (i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
		root = put_bytes(raw_bytes(&damaged[i].root));
		wrong = walk_fails(&root) ? WALK : 0;
		wrong |= apply_fails(&root) ? APPLY : 0;
		wrong |= fsck_finds(&root) ? FSCK : 0;
		if ((wrong & (WALK | APPLY)) !=
		    (damaged[i].wrong & (WALK | APPLY)) ||
		    (damaged[i].wrong & FSCK & ~wrong) != 0) {
			print_error("%s: %u\n", damaged[i].why, wrong);
			_fail(__FILE__, __LINE__);
		}
	}
}

/* Bytes at random places become others; the names are made to fit. */
static void
random_damage_is_no_assert(void **state)
{
	struct str	bytes = raw_bytes(&nodes[INNER]), leaf;
	struct oid	root;
	char		copy[400];
	int		i, k;

	(void)state;
	leaf = raw_bytes(&nodes[LEAF_AB]);
	srand(11);
	for (i = 0; i < 3000; i++) {
		struct arena_mark	back = arena_mark(f.cx.mem);
		struct str		s = i % 2 ? bytes : leaf;

		memcpy(copy, s.p, s.n);
		for (k = rand() % 3; k >= 0; k--)
			copy[(size_t)rand() % s.n] = (char)(rand() % 2 ?
			    rand() : rand() % 4);
		root = put_bytes((struct str){ copy, s.n });
		walk_fails(&root);
		apply_fails(&root);
		arena_back(f.cx.mem, back);
	}
}

/* Edits come from records, too: damage there is told, never obeyed. */
static void
edits_are_checked(void **state)
{
	static const struct {
		const char	*key[4];
		bool		 ok;
	} cases[] = {
		{ { "a", "b", "c" }, true }, { { "a", "a" }, false },
		{ { "b", "a" }, false }, { { "ab", "a" }, false },
		{ { "" }, false },
	};
	struct few_edits	few;
	struct tree_edits	edits = { few_next, &few };
	struct oid		empty = { { 0 } }, out;
	char			name[LIMIT_PATH + 2];
	size_t			i, k;

	(void)state;
	for (i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		few = (struct few_edits){ .gone = i % 2 };
		for (k = 0; k < 4; k++)
			few.key[k] = cases[i / 2].key[k];
		assert_int_equal(!cases[i / 2].ok, corrupt(tree_apply(&f.cx,
		    &f.trees, &empty, &edits, &out)));
	}
	for (i = 0; i < 2; i++) {
		memset(name, 'n', sizeof name);
		name[LIMIT_PATH + i] = '\0';
		few = (struct few_edits){ .key = { name } };
		assert_int_equal(i == 1, corrupt(tree_apply(&f.cx, &f.trees,
		    &empty, &edits, &out)));
	}
}

/* A child that is kept as it is counts: what comes behind it is greater. */
static void
a_kept_child_is_in_order(void **state)
{
	static const struct raw	falls = { 1, { { "d", 0, 2, LEAF_CD },
	    { "z", 0, 2, LEAF_AB } } };
	/* With "zz", the counts of these sum to 2^64. */
	static const struct raw	sums = { 1, { { "b", 0, INT64_MAX, LEAF_AB },
	    { "d", 0, (uint64_t)INT64_MAX - 1, LEAF_CD },
	    { "z", 0, 2, LEAF_Z } } };
	struct few_edits	few = { .key = { "zz" } };
	struct tree_edits	edits = { few_next, &few };
	struct oid		root, out;
	size_t			i;

	(void)state;
	for (i = 1; i < NODES; i++)
		ids[i] = put_bytes(raw_bytes(&nodes[i]));
	root = put_bytes(raw_bytes(&falls));
	assert_true(corrupt(tree_apply(&f.cx, &f.trees, &root, &edits, &out)));
	few.at = 0;
	assert_false(corrupt(tree_apply(&f.cx, &f.trees, &ids[INNER], &edits,
	    &out)));
	few.at = 0;
	root = put_bytes(raw_bytes(&sums));
	assert_true(corrupt(tree_apply(&f.cx, &f.trees, &root, &edits, &out)));
}

/* Bytes that are not those of the name, or too few. */
static void
wrong_bytes_are_not_read(void **state)
{
	struct put	p = { .bytes = STR("short") };
	struct oid	id;
	size_t		n;

	(void)state;
	for (n = 0; n < NODE_HEADER + 4; n++) {
		id = put_bytes(str_to(STR("\0ninebytes..."), n));
		assert_true(walk_fails(&id));
		assert_true(apply_fails(&id));
	}
	memset(p.id.b, 7, sizeof p.id.b);
	assert_ok(&f.cx, kv_write(&f.cx, f.kv, put_fn, &p));
	assert_true(walk_fails(&p.id));
	assert_true(apply_fails(&p.id));
	p.bytes = raw_bytes(&nodes[LEAF_AB]);
	assert_ok(&f.cx, kv_write(&f.cx, f.kv, put_fn, &p));
	assert_true(walk_fails(&p.id));
	assert_true(apply_fails(&p.id));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(asserts_bite, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_no_assert, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(random_damage_is_no_assert,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_kept_child_is_in_order,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(edits_are_checked, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(wrong_bytes_are_not_read,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
