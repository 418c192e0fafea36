/* Which trees bring an action file, and what it costs to know. */
#include "unit/unit_lake.h"

#include "engine/actions.h"
#include "engine/records.h"
#include "lake/entry.h"

enum { MANY = 20000, LOOKUPS = 12 };

struct fill {			/* the edits that make a tree */
	struct lake	*l;
	const char	*path, *etag;	/* etag NULL: the path goes */
	size_t		 many, at;
	int64_t		 mtime;
};

static enum err
fill_next(struct cx *cx, void *self, struct tree_edit *out, bool *there)
{
	struct fill	*f = self;
	struct entry	 en = { .content_type = STR("t") };
	struct buf	 b;

	*there = f->at < f->many || (f->path != NULL && f->at == f->many);
	if (!*there)
		return OK;
	*out = (struct tree_edit){ .key = f->at < f->many ?
	    str_printf(cx->mem, "A/%06zu", f->at) : str_of(f->path) };
	f->at++;
	out->gone = f->etag == NULL;
	en.etag = str_of(f->etag != NULL ? f->etag : "");
	en.mtime = f->mtime;
	buf_init(&b, cx->mem, 1024);
	entry_format(&b, &en);
	out->value = buf_as_str(&b);
	return OK;
}

/* A tree with one more path, or one less. */
static struct oid
with(struct lake *l, const struct oid *root, const char *path,
    const char *etag, int64_t mtime)
{
	struct fill		f = { .l = l, .path = path, .etag = etag,
	    .mtime = mtime };
	struct tree_edits	edits = { fill_next, &f };
	struct oid		out;

	assert_ok(&l->cx, tree_apply(&l->cx, &l->eng->trees, root, &edits,
	    &out));
	return out;
}

static const struct {
	const char	*path, *old, *now, *why;
	bool		 refused;
} cases[] = {
	{ "_lakefs_actions/a.yaml", NULL, "1", "new", true },
	{ "_lakefs_actions/a.yml", NULL, "1", "new", true },
	{ "_lakefs_actions/b/c.yaml", NULL, "1", "deeper", true },
	{ "_lakefs_actions/a.yaml", "1", "2", "changed", true },
	{ "_lakefs_actions/a.yaml", "1", "1", "written again", false },
	{ "_lakefs_actions/a.yaml", "1", NULL, "removed", false },
	{ "_lakefs_actions/a.lua", NULL, "1", "a script", false },
	{ "_lakefs_actions.yaml", NULL, "1", "beside the folder", false },
	{ "_lakefs_actiont/a.yaml", NULL, "1", "behind it", false },
	{ "x/_lakefs_actions/a.yaml", NULL, "1", "inside another", false },
};

static void
new_and_changed_ones_are_refused(void **state)
{
	static const struct oid	none;
	struct lake		l;
	struct oid		old, now;
	enum err		e;
	size_t			i;

	(void)state;
	lake_begin(&l);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		old = with(&l, &none, "_lakefs_actions/z.yaml", "kept", 1);
		if (cases[i].old != NULL)
			old = with(&l, &old, cases[i].path, cases[i].old, 1);
		now = with(&l, &old, cases[i].path, cases[i].now, 2);
		now = with(&l, &now, "something/else", "new", 2);
		e = actions_check(&l.cx, l.eng, &old, &now);
		if (e != (cases[i].refused ? E_NOT_IMPLEMENTED : OK))
			print_error("%s %s: %s\n", cases[i].path,
			    cases[i].why, l.cx.words);
		assert_int_equal(cases[i].refused ? E_NOT_IMPLEMENTED : OK, e);
		cx_forget(&l.cx);
	}
	lake_end(&l);
}

/* Whatever else changed, few nodes are looked at. */
static void
it_costs_a_few_lookups(void **state)
{
	static const struct oid	none;
	struct lake		l;
	struct fill		first = { .etag = "1", .many = MANY },
	    second = { .etag = "2", .many = MANY };
	struct tree_edits	edits = { fill_next, &first };
	struct oid		old, now;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, tree_apply(&l.cx, &l.eng->trees, &none, &edits,
	    &old));
	edits.self = &second;
	assert_ok(&l.cx, tree_apply(&l.cx, &l.eng->trees, &old, &edits, &now));
	old = with(&l, &old, "z", "1", 1);
	now = with(&l, &now, "z", "2", 1);
	l.hook.n = 0;
	assert_ok(&l.cx, actions_check(&l.cx, l.hooked, &old, &now));
	assert_in_range(l.hook.n, 1, LOOKUPS);
	lake_end(&l);
}

/* A commit of a program that knew nothing of action files, on dev. */
static enum err
old_commit_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct commit	c = { .tree = *(struct oid *)arg, .n_parents = 1,
	    .generation = 2, .date = 1 };
	struct gc_state	gs;
	struct branch	br;
	struct repo	r;
	enum err	e;
	bool		there;

	if ((e = repo_find(cx, tx, REPO, &r)) != OK ||
	    (e = branch_find(cx, tx, &r.ruid, STR("dev"), &br,
	    &there)) != OK || (e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	c.parents[0] = br.head;
	if ((e = commit_put(cx, tx, &gs, &r.ruid, &c)) != OK)
		return e;
	br.head = c.id;
	br.working = c.tree;
	return branch_put(cx, tx, &r.ruid, &br);
}

/* What is there already stays, may go, and is merged nowhere. */
static void
of_an_old_lake_they_stay_where_they_are(void **state)
{
	static const struct oid	none;
	struct merge_opts	opt = { .commit.committer = STR("me") };
	struct commit		c;
	struct lake		l;
	struct oid		tree;
	struct branch		before, after;

	(void)state;
	lake_begin(&l);
	tree = with(&l, &none, "_lakefs_actions/a.yaml", "1", 1);
	assert_ok(&l.cx, kv_write(&l.cx, l.kv, old_commit_fn, &tree));
	assert_ok(&l.cx, branch_get(&l.cx, l.eng, REPO, STR("main"),
	    &before));
	assert_err(E_NOT_IMPLEMENTED, branch_merge(&l.cx, l.eng, REPO,
	    STR("dev"), STR("main"), &opt, &c));
	opt.squash = opt.commit.force = opt.commit.allow_empty = true;
	assert_err(E_NOT_IMPLEMENTED, branch_merge(&l.cx, l.eng, REPO,
	    STR("dev"), STR("main"), &opt, &c));
	assert_ok(&l.cx, branch_get(&l.cx, l.eng, REPO, STR("main"), &after));
	assert_true(oid_is(&before.head, &after.head));
	lake_put(&l, "dev", "other", "x");
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "dev"));
	lake_delete(&l, "dev", "_lakefs_actions/a.yaml");
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "dev"));
	assert_ok(&l.cx, branch_merge(&l.cx, l.eng, REPO, STR("dev"),
	    STR("main"), &opt, &c));
	lake_end(&l);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(new_and_changed_ones_are_refused),
		cmocka_unit_test(it_costs_a_few_lookups),
		cmocka_unit_test(of_an_old_lake_they_stay_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
