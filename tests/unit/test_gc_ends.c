/* How gc ends: under load, killed, beside another, and over what is damaged. */
#include "unit/unit_lake.h"

#include <unistd.h>

#include "base/spool.h"
#include "tree/claim.h"
#include "tree/node.h"

enum { PARTS = 5, NOTES = 2500 };

static const char	kinds[] = "NnCDMyXgZPUrcH";

/* cmocka's fail_msg is no friend of our fail. */
#define wrong(...)	(print_error(__VA_ARGS__), print_error("\n"), \
			    assert_true(false))

/* ---- what there is ----------------------------------------------------- */

struct tally {
	size_t	rows[sizeof kinds], files;
};

struct rows {
	struct str	prefix, first, value;
	size_t		n;
};

static enum err
rows_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct rows		*r = arg;
	struct keys_range	 in = key_range(cx, r->prefix);
	struct kv_cursor	*cur;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	r->n = 0;
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there)
		if (r->n++ == 0) {
			r->first = str_dup(cx->mem, k);
			r->value = str_dup(cx->mem, v);
		}
	return e;
}

static struct rows
rows_of(struct lake *l, char letter)
{
	struct rows	r = { .prefix = key_letter(&l->cx, letter) };

	assert_ok(&l->cx, kv_read(&l->cx, l->kv, rows_fn, &r));
	return r;
}

static enum err
count_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	(void)cx;
	(void)id;
	(void)size;
	++*(size_t *)arg;
	return OK;
}

static struct tally
tally(struct lake *l)
{
	struct tally	t;
	size_t		i;

	memset(&t, 0, sizeof t);
	for (i = 0; kinds[i] != '\0'; i++)
		t.rows[i] = rows_of(l, kinds[i]).n;
	assert_ok(&l->cx, block_each(&l->cx, l->block, count_file, &t.files));
	return t;
}

static struct gc_state
state_of(struct lake *l)
{
	struct gc_state	gs;

	assert_ok(&l->cx, gc_state_read(&l->cx, l->kv, &gs));
	return gs;
}

static bool
is_quiet(struct lake *l)
{
	return !state_of(l).marking && rows_of(l, 'g').n == 0;
}

/* ---- what is done ------------------------------------------------------ */

/* A put without assertions: gc may be in its way. */
static enum err
try_put(struct cx *cx, struct engine *eng, const char *ref, const char *path,
    const char *bytes)
{
	struct target	at = lake_at(ref, path);
	struct entry	en;

	return lake_try_put(cx, eng, &at, str_of(bytes), &en);
}

static void
put_long(struct lake *l, const char *ref, const char *path)
{
	assert_ok(&l->cx, try_put(&l->cx, l->eng, ref, path, "an object that "
	    "is a file, since it has more bytes than the kv holds of one"));
}

static enum err
copy(struct cx *cx, struct engine *eng, struct str ref, const char *from,
    const char *to)
{
	static const struct object_copy_opts	opt;
	struct target	src = lake_at("main", from);
	struct target	dst = lake_at("main", to);
	struct entry	en;

	src.ref = ref;
	return object_copy(cx, eng, &src, &dst, &opt, &en);
}

static void
put_parts(struct lake *l, const char *path, bool complete)
{
	struct target			at = lake_at("main", path);
	struct upload			u = { .sum_kind = STR(""),
	    .meta = { .etag = STR("") } };
	struct upload_complete_item	items[PARTS];
	struct upload_complete_opts	opt = { .items = items, .n = PARTS };
	struct upload_part		part;
	struct source			src;
	struct entry			en;
	struct body			*body;
	unsigned			i;

	assert_ok(&l->cx, upload_create(&l->cx, l->eng, &at, &u));
	memset(items, 0, sizeof items);
	for (i = 0; i < PARTS; i++) {
		src = source_of_str(&l->cx, STR("a part"));
		assert_ok(&l->cx, body_take(&l->cx, l->eng, &src, 100, NULL,
		    NULL, &body));
		part = (struct upload_part){ .number = i + 1 };
		part.en.etag = body_etag(&l->cx, body);
		items[i].number = i + 1;
		items[i].etag = part.en.etag;
		assert_ok(&l->cx, upload_part(&l->cx, l->eng, &at, &u.id,
		    &part, body));
	}
	if (complete)
		assert_ok(&l->cx, upload_complete(&l->cx, l->eng, &at, &u.id,
		    &opt, &en));
}

/* As a process of its own, which has read nothing yet. */
static struct gc_report
collect(struct lake *l)
{
	const struct gc_opts	opt = { .upload_age = INT64_MAX / 4 };
	struct engine		*eng = lake_engine(l->kv, l->block);
	struct gc_report	r;

	assert_ok(&l->cx, gc_run(&l->cx, eng, &opt, &r));
	engine_close(eng);
	return r;
}

/* A lake that has all kinds of records, and garbage of all kinds. */
static void
begin(struct lake *l)
{
	struct branch_opts	from = { .source = STR("main") };
	struct oid		head;
	char			name[20];
	unsigned		i;

	lake_begin(l);
	l->eng->opt.part_least = l->hooked->opt.part_least = 1;
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "o/%u", i);
		lake_put(l, "main", name, "committed, and small");
	}
	put_long(l, "main", "long");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "main"));
	assert_ok(&l->cx, tag_create(&l->cx, l->eng, REPO, STR("v1"),
	    STR("main"), false, &head));
	assert_ok(&l->cx, branch_create(&l->cx, l->eng, REPO, STR("gone"),
	    &from, STR("me"), &head));
	put_long(l, "gone", "of a deleted branch");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "gone"));
	put_long(l, "gone", "staged");
	put_parts(l, "many", true);
	put_parts(l, "forgotten", true);
	put_parts(l, "kept", false);
	lake_put(l, "main", "staged", "staged, and small");
	put_long(l, "main", "staged, long");
	lake_put(l, "main", "deleted", "nobody names this soon");
	put_long(l, "main", "deleted, long");
	lake_delete(l, "main", "deleted");
	lake_delete(l, "main", "deleted, long");
	lake_delete(l, "main", "forgotten");
	assert_ok(&l->cx, branch_delete(&l->cx, l->eng, REPO, STR("gone"),
	    false, STR("me")));
	l->cx.now += 1000;
}

/* ---- under load -------------------------------------------------------- */

struct load {
	struct lake	*l;
	unsigned	 runs;
	bool		 blocks;	/* alone are named */
};

static void
load(void *arg, bool writes)
{
	struct load	*d = arg;
	struct cx	 cx;

	(void)writes;
	cx_init(&cx, arena_new());
	if (!d->blocks)
		lake_try_commit(&cx, d->l->eng, "dev");
	else
		copy(&cx, d->l->eng, STR("main"), "staged", "another");
	d->runs++;
	arena_free(cx.mem);
}

static void
load_without_end(void **state)
{
	struct gc_opts		opt = { .upload_age = 1, .rounds = 7 };
	struct lake		l;
	struct load		d = { .l = &l };
	struct gc_report	r;

	(void)state;
	begin(&l);
	l.hook.hook = load;
	l.hook.arg = &d;
	assert_err(E_BUSY, gc_run(&l.cx, l.hooked, &opt, &r));
	assert_non_null(strstr(l.cx.words, "did not come to its end"));
	cx_forget(&l.cx);
	assert_true(is_quiet(&l));
	assert_int_equal(1, state_of(&l).floor);
	/* Blocks alone do not keep it from its end. */
	d.blocks = true;
	opt.rounds = 1;
	assert_ok(&l.cx, gc_run(&l.cx, l.hooked, &opt, &r));
	assert_true(r.nodes > 0);
	assert_true(is_quiet(&l));
	assert_int_equal(0, lake_fsck(&l, true));
	lake_end(&l);
}

/* A mark that died has left more notes than go in a transaction. */
static void
notes_of_the_dead(void **state)
{
	const struct gc_opts	opt = { .upload_age = 1 };
	struct lake		l;
	struct gc_report	r;
	struct oid		id = { { 0 } };
	unsigned		i;

	(void)state;
	begin(&l);
	l.hook.last = 12;
	while (!state_of(&l).marking) {
		l.hook.n = 0;
		l.hook.last++;
		assert_err(E_STORE, gc_run(&l.cx, l.hooked, &opt, &r));
		cx_forget(&l.cx);
	}
	for (i = 0; i < NOTES; i++) {
		id.b[0] = (unsigned char)i;
		id.b[1] = (unsigned char)(i >> 8);
		lake_set(&l, key_grey(&l.cx, GREY_NODE, oid_str(&id)),
		    STR(""));
	}
	/* Such notes name nothing: had they been followed, it would say so. */
	assert_int_equal(0, collect(&l).unreadable);
	assert_true(is_quiet(&l));
	lake_end(&l);
}

/* ---- beside others ----------------------------------------------------- */

enum beside { PASSES, DIES, RESTORES, NAMES_COMMIT, COLLECTS };

struct other {
	struct lake	*l;
	enum beside	 what;
	struct oid	 commit;	/* that has no name */
	unsigned	 done;		/* it, or what is in it, got one */
};

static enum err
gc_that_dies(struct cx *cx, struct lake *l)
{
	const struct gc_opts	opt = { .upload_age = INT64_MAX / 4 };
	struct hook_kv		dying = { .kv = { &hook_ops }, .inner = l->kv };
	struct engine		*eng = lake_engine(&dying.kv, l->block);
	struct gc_report	r;
	struct gc_state		gs;
	uint64_t		epoch;

	if (gc_state_read(cx, l->kv, &gs) != OK)
		return cx->code;
	/* Marking is off, and the notes are gone. */
	for (epoch = gs.epoch; gs.marking; dying.last++) {
		dying.n = 0;
		gc_run(cx, eng, &opt, &r);
		cx_forget(cx);
		if (gc_state_read(cx, l->kv, &gs) != OK)
			return cx->code;
	}
	engine_close(eng);
	return gs.epoch >= epoch ? OK : E_CORRUPT;
}

static void
beside(void *arg, bool writes)
{
	struct other		*o = arg;
	struct branch_opts	 from;
	struct gc_state		 gs;
	struct cx		 cx;
	struct oid		 head;

	(void)writes;
	cx_init(&cx, arena_new());
	from.source = str_of(oid_hex(&o->commit).z);
	from.hidden = false;
	switch (o->what) {
	case PASSES:
	case DIES:
		assert_ok(&cx, gc_state_read(&cx, o->l->kv, &gs));
		assert_ok(&cx, lake_try_commit(&cx, o->l->eng, "main"));
		if (o->what == DIES)
			assert_ok(&cx, gc_that_dies(&cx, o->l));
		else
			lake_try_gc(&cx, o->l->eng);
		break;
	case RESTORES:
		o->done += copy(&cx, o->l->eng, from.source, "z", "z") ==
		    OK;
		break;
	case NAMES_COMMIT:
		o->done += branch_create(&cx, o->l->eng, REPO, STR("again"),
		    &from, STR("me"), &head) == OK;
		break;
	case COLLECTS:
		assert_ok(&cx, lake_try_gc(&cx, o->l->eng));
		break;
	}
	arena_free(cx.mem);
}

/* What another does before the n-th transaction of a gc, for every n. */
static void
gc_beside(enum beside what)
{
	const struct gc_opts	opt = { .upload_age = INT64_MAX / 4 };
	struct lake		l;
	struct other		o = { .l = &l, .what = what };
	struct gc_report	r;
	struct commit		c;
	unsigned		n, most, i;

	for (n = most = 0; n <= most; n++) {
		begin(&l);
		put_long(&l, "dev", "z");
		assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "dev"));
		assert_ok(&l.cx, ref_commit(&l.cx, l.eng, REPO, STR("dev"),
		    &c));
		o.commit = c.id;
		assert_ok(&l.cx, branch_delete(&l.cx, l.eng, REPO, STR("dev"),
		    false, STR("me")));
		/* All of it is of an earlier epoch. */
		l.hook.last = 25;
		gc_run(&l.cx, l.hooked, &opt, &r);
		cx_forget(&l.cx);
		l.hook.last = l.hook.n = 0;
		l.hook.at = n;
		l.hook.hook = n > 0 ? beside : NULL;
		l.hook.arg = &o;
		l.cx.now += 1000;
		assert_ok(&l.cx, gc_run(&l.cx, l.hooked, &opt, &r));
		most = n == 0 ? l.hook.n : most;
		for (i = 0; i < 2; i++) {
			if (lake_fsck(&l, true) != 0)
				wrong("%d before %u: %s", what, n, l.last);
			collect(&l);
		}
		assert_int_equal(0, r.unreadable);
		assert_true(is_quiet(&l));
		lake_end(&l);
	}
	assert_true(most > 20);
	if (what == RESTORES || what == NAMES_COMMIT)
		assert_in_range(o.done, 10, most - 2);
}

static void
another_gc_passes(void **state)
{
	(void)state;
	gc_beside(PASSES);
	gc_beside(DIES);
}

static void
names_that_come_late(void **state)
{
	(void)state;
	gc_beside(RESTORES);
	gc_beside(NAMES_COMMIT);
}

/* A file that gc without grace removes before it has its name. */
static void
a_put_is_not_refused(void **state)
{
	const char	bytes[] = "an object that is a file, since it has more "
	    "bytes than the kv holds of one";
	struct lake	l;
	struct other	o = { .l = &l, .what = COLLECTS };
	struct target	at = lake_at("main", "late");
	struct source	src;
	struct entry	en;
	struct str	all;
	unsigned	n, most;

	(void)state;
	for (n = 1, most = 2; n <= most; n++) {
		begin(&l);
		l.hook.at = n;
		l.hook.hook = beside;
		l.hook.arg = &o;
		assert_ok(&l.cx, lake_try_put(&l.cx, l.hooked, &at,
		    str_of(bytes), &en));
		most = l.hook.n;
		assert_ok(&l.cx, object_open(&l.cx, l.eng, &at, &en));
		assert_ok(&l.cx, object_source(&l.cx, l.eng, &en, 0, en.size,
		    &src));
		assert_ok(&l.cx, source_all(&l.cx, &src, 10000, &all));
		assert_str(bytes, all);
		collect(&l);
		assert_int_equal(0, lake_fsck(&l, true));
		lake_end(&l);
	}
	assert_in_range(most, 2, 10);
}

/* ---- killed ------------------------------------------------------------ */

/* What goes on after it: some writes, gc again, and again. */
static struct tally
go_on(struct lake *l)
{
	static const char *const	kept[] = { "o/7", "long", "many",
	    "staged", "staged, long", "more" };
	struct target	at;
	struct entry	en;
	struct tally	t;
	size_t		i;

	lake_put(l, "main", "more", "written after the kill");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "main"));
	collect(l);
	l->cx.now += 1000;
	collect(l);
	t = tally(l);
	if (lake_fsck(l, true) != 0)
		wrong("%s", l->last);
	assert_true(is_quiet(l));
	for (i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		at = lake_at("main", kept[i]);
		assert_ok(&l->cx, object_stat(&l->cx, l->eng, &at, &en));
	}
	return t;
}

/* After each of its transactions: nothing is lost, nothing stays for ever. */
static void
a_gc_may_be_killed(void **state)
{
	const struct gc_opts	opt = { .upload_age = INT64_MAX / 4 };
	struct lake		l;
	struct gc_report	r;
	struct tally		want, t;
	unsigned		n;
	enum err		e = E_STORE;

	(void)state;
	begin(&l);
	want = go_on(&l);
	lake_end(&l);
	for (n = 1; e != OK; n++) {
		begin(&l);
		l.hook.last = n;
		e = gc_run(&l.cx, l.hooked, &opt, &r);
		cx_forget(&l.cx);
		l.cx.now += 1000;
		t = go_on(&l);
		/* A commit more or less stamps other nodes, and no more. */
		if (memcmp(&want, &t, sizeof t) != 0)
			wrong("killed after %u: N %zu %zu, C %zu %zu, y "
			    "%zu %zu, files %zu %zu", n, want.rows[0],
			    t.rows[0], want.rows[2], t.rows[2], want.rows[5],
			    t.rows[5], want.files, t.files);
		lake_end(&l);
	}
	assert_true(n > 40);
}

/* ---- what cannot be read ----------------------------------------------- */

static enum err
set_working_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct rows	*r = arg;
	struct branch	 br;
	struct buf	 b;
	enum err	 e;

	if ((e = branch_parse(cx, r->value, &br)) != OK)
		return e;
	memcpy(br.working.b, r->prefix.p, sizeof br.working);
	buf_init(&b, cx->mem, 1000);
	branch_format(&b, &br);
	return kv_put(cx, tx, r->first, &b);
}

/* A branch whose tree is one that nobody has built. */
static void
set_working(struct lake *l, const struct oid *root)
{
	struct rows	r = rows_of(l, 'B');

	r.prefix = oid_str(root);
	assert_ok(&l->cx, kv_write(&l->cx, l->kv, set_working_fn, &r));
}

static struct oid
keep_node(struct lake *l, struct node_builder *b)
{
	struct str	bytes = node_finish(b);
	struct node	*n = node_wrap(bytes.p, bytes.n);
	struct oid	id = n->id;

	lake_set(l, key_node(&l->cx, &id), bytes);
	lake_set(l, key_stamp(&l->cx, &id), STR("\0\0\0\0\0\0\0\1"));
	node_release(n);
	return id;
}

static struct oid
make_leaf(struct lake *l, struct str value)
{
	struct node_builder	b = { .p = NULL };

	node_build(&b, l->cx.mem, 0);
	node_add_value(&b, STR("path"), value);
	return keep_node(l, &b);
}

/* A chain in which a node of level 2 has one of level 2 below it, and so on. */
static struct oid
make_chain(struct lake *l, unsigned depth)
{
	struct node_builder	b;
	struct oid		id = make_leaf(l, STR("not looked at"));
	unsigned		i;

	for (i = 0; i < depth; i++) {
		memset(&b, 0, sizeof b);
		node_build(&b, l->cx.mem, i == 0 ? 1 : 2);
		node_add_child(&b, STR("path"), &id, 1);
		id = keep_node(l, &b);
	}
	return id;
}

/*
 * The first record of a kind gets other bytes, or none.  blind: what it names
 * is not known then, so nothing else goes either.
 */
static const struct unread {
	const char	*why;
	char		 kind;
	const char	*bytes;		/* NULL: it is gone */
	bool		 blind;
} unreads[] = {
	{ "a branch", 'B', "?", true },
	{ "a tag", 'T', "?", true },
	{ "a move of a head", 'H', "?", true },
	{ "a staged row", 'r', "?", true },
	{ "an empty row", 'r', "", true },
	{ "a staged entry", 'r', "\1?", true },
	{ "a part", 'P', "?", true },
	{ "a manifest", 'M', "?", true },
	{ "a manifest that is gone", 'M', NULL, true },
	{ "a commit", 'C', "?", true },
	{ "a commit that is gone", 'C', NULL, true },
	{ "a node", 'n', "?", true },
	{ "a node that is gone", 'n', NULL, true },
	{ "an upload", 'U', "?", false },
};

/* Nothing but what was dead before goes; the gc record says so, too. */
static void
gc_is_blind(struct lake *l, const char *why, bool blind)
{
	struct entry		small, large;
	struct target		at = lake_at("main", "dead, long");
	struct gc_report	r;
	uint64_t		floor = state_of(l).floor;

	small = lake_put(l, "main", "dead", "of the garbage");
	assert_ok(&l->cx, lake_try_put(&l->cx, l->eng, &at, STR("an object "
	    "that is a file, since it has more bytes than the kv holds of "
	    "one"), &large));
	lake_delete(l, "main", "dead");
	lake_delete(l, "main", "dead, long");
	lake_set(l, key_dead(&l->cx, &(struct uid){ { 'd', 'e', 'a', 'd' } }),
	    STR("\0\0\0\0\0\0\0\0"));
	l->cx.now += 1000;
	/* Its epoch is over. */
	lake_set(l, key_grey(&l->cx, GREY_BLOCK, STR("0123456789abcdef")),
	    STR(""));
	r = collect(l);
	if (r.unreadable != 1)
		wrong("%s: %u records", why, (unsigned)r.unreadable);
	assert_int_equal(!blind, state_of(l).floor > floor);
	assert_true(is_quiet(l));
	assert_int_equal(blind, lake_has_block(l, &small.extents[0].block));
	assert_int_equal(blind, lake_has_block(l, &large.extents[0].block));
	assert_int_equal(0, rows_of(l, 'X').n);
	if (blind)
		assert_int_equal(0, r.nodes + r.commits);
}

static void
what_cannot_be_read_is_passed_over(void **state)
{
	const struct unread	*u;
	struct lake		 l;
	struct rows		 was;
	struct gc_report	 r;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof unreads / sizeof unreads[0]; i++) {
		u = &unreads[i];
		begin(&l);
		/* All that is left has a name: that of each kind, too. */
		collect(&l);
		collect(&l);
		was = rows_of(&l, u->kind);
		lake_set(&l, was.first, u->bytes == NULL ?
		    (struct str){ NULL, 0 } : str_of(u->bytes));
		gc_is_blind(&l, u->why, u->blind);
		/* The record is there again: it has lost nothing. */
		lake_set(&l, was.first, was.value);
		r = collect(&l);
		assert_int_equal(0, r.unreadable);
		assert_int_equal(!u->blind, r.blocks == 0);
		assert_int_equal(0, lake_fsck(&l, true));
		lake_end(&l);
	}
}

/* An entry that cannot be read, and levels that do not fall. */
static void
trees_that_nobody_built(void **state)
{
	struct lake	l;
	struct oid	root;
	int		i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(&l);
		collect(&l);
		collect(&l);
		root = i == 0 ? make_leaf(&l, STR("?")) : make_chain(&l, 300);
		set_working(&l, &root);
		gc_is_blind(&l, i == 0 ? "an entry" : "a chain", true);
		assert_true(lake_fsck(&l, false) > 0);
		if (i == 1)
			assert_non_null(strstr(l.last, "level"));
		lake_end(&l);
	}
}

/* ---- memory ------------------------------------------------------------ */

/* With 16 slots for what was seen it does what it does with half a million. */
static void
what_was_seen_may_be_on_disk(void **state)
{
	char			folder[] = "/tmp/lakegate-gc-XXXXXX";
	struct gc_opts		opt = { .upload_age = INT64_MAX / 4 };
	struct lake		l;
	struct gc_report	r[2];
	struct tally		t[2];
	int			i;

	(void)state;
	assert_non_null(mkdtemp(folder));
	spool_init(folder, 0);
	for (i = 0; i < 2; i++) {
		begin(&l);
		put_long(&l, "main", "one more");
		opt.slots = i == 0 ? 0 : 16;
		assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r[i]));
		t[i] = tally(&l);
		assert_int_equal(0, lake_fsck(&l, true));
		lake_end(&l);
	}
	spool_init(NULL, 0);
	assert_int_equal(0, rmdir(folder));
	assert_memory_equal(&r[0], &r[1], sizeof r[0]);
	assert_memory_equal(&t[0], &t[1], sizeof t[0]);
	assert_true(r[0].nodes > 0 && r[0].commits > 0 && r[0].blocks > 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(load_without_end),
		cmocka_unit_test(notes_of_the_dead),
		cmocka_unit_test(another_gc_passes),
		cmocka_unit_test(names_that_come_late),
		cmocka_unit_test(a_put_is_not_refused),
		cmocka_unit_test(a_gc_may_be_killed),
		cmocka_unit_test(what_cannot_be_read_is_passed_over),
		cmocka_unit_test(trees_that_nobody_built),
		cmocka_unit_test(what_was_seen_may_be_on_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
