/*
 * Pages of versions against a model: random histories with merges, deletions
 * and what is staged, in a tree of several levels, by all prefixes, delimiters
 * and sizes of pages.
 */
#include "unit/unit_lake.h"

enum { PATHS = 240, COMMITS = 40, LARGE = 3000 };

/* What a commit, or the staged view, shows: an object's value, 0: none. */
struct shown {
	struct str	version;
	unsigned	v[PATHS];
};

struct story {
	struct lake	 l;
	struct shown	 shown[COMMITS + 1];	/* of main, oldest first */
	size_t		 n;
	unsigned	 value;
};

struct row {
	struct str	path, version;
	bool		is_prefix, is_latest, is_deleted;
	unsigned	value;
};

struct rows {
	struct row	*at;
	size_t		 n;
};

/* In order: folders of several sizes, and names that sort beside them. */
static struct str
path_of(struct cx *cx, size_t k)
{
	static const char	*const folders[] = { "a-", "a", "a/b", "b",
	    "b/c/d", "c", "d/e", "dd" };

	return str_printf(cx->mem, "%s/%03zu", folders[k * 8 / PATHS],
	    k % (PATHS / 8));
}

static void
put(struct story *s, const char *branch, size_t k)
{
	static const struct cond	none;
	static char			large[LARGE];
	struct cx	*cx = &s->l.cx;
	struct target	 at = { .repo = REPO, .ref = str_of(branch),
	    .path = path_of(cx, k) };
	struct source	 src = source_of_str(cx, STR("x"));
	struct entry	 en = { .content_type = STR("t"),
	    .etag = str_printf(cx->mem, "%032u", ++s->value) };
	struct pair	 meta = { STR("m"), { large, LARGE } };
	struct body	*body;

	memset(large, 'x', LARGE);
	en.meta = &meta;
	en.n_meta = 1;
	assert_ok(cx, body_take(cx, s->l.eng, &src, 10, NULL, NULL, &body));
	assert_ok(cx, object_put(cx, s->l.eng, &at, body, &en, &none, false));
}

static void
delete(struct story *s, const char *branch, size_t k)
{
	lake_delete(&s->l, branch, path_of(&s->l.cx, k).p);
}

static void
merge(struct story *s, const char *source, const char *branch)
{
	const struct merge_opts	opt = { .commit = { .committer = STR("me"),
	    .force = true, .allow_empty = true }, .strategy = STRATEGY_SOURCE };
	struct commit		c;

	assert_ok(&s->l.cx, branch_merge(&s->l.cx, s->l.eng, REPO,
	    str_of(source), str_of(branch), &opt, &c));
}

/* Remembers what main shows now, under a version's name. */
static void
see(struct story *s, struct str version)
{
	struct cx		*cx = &s->l.cx;
	struct list_query	 q = { .limit = 1000 };
	struct shown		*now = &s->shown[s->n++];
	struct list_page	 page;
	size_t			 i, k = 0;

	memset(now, 0, sizeof *now);
	now->version = version;
	assert_ok(cx, object_list(cx, s->l.eng, REPO, STR("main"), &q, &page));
	assert_false(page.more);
	for (i = 0; i < page.n; i++) {
		for (k = 0; !str_is(path_of(cx, k), page.at[i].path); k++)
			assert_true(k < PATHS);
		now->v[k] = (unsigned)atoi(str_z(cx->mem,
		    page.at[i].en.etag));
	}
}

static void
see_head(struct story *s)
{
	struct commit	c;

	assert_ok(&s->l.cx, ref_commit(&s->l.cx, s->l.eng, REPO, STR("main"),
	    &c));
	see(s, str_dup(s->l.cx.mem, str_of(oid_hex(&c.id).z)));
}

/* Some changes of a branch: all over, of one folder, or of one object. */
static void
change(struct story *s, const char *branch)
{
	size_t	i, n = (size_t)rand() % 12, k, kind = (size_t)rand() % 3;

	for (i = 0; i < n; i++) {
		k = kind == 0 ? (size_t)rand() % PATHS : kind == 1 ?
		    (size_t)rand() % (PATHS / 8) : 7;
		if (rand() % 3 == 0)
			delete(s, branch, k);
		else
			put(s, branch, k);
	}
}

static void
make(struct story *s, unsigned seed)
{
	size_t	i;

	memset(s, 0, sizeof *s);
	lake_begin(&s->l);
	s->l.cx.now = 1700000000000;
	srand(seed);
	see_head(s);
	while (s->n < COMMITS) {
		s->l.cx.now += rand() % 3000;
		if (rand() % 4 == 0) {
			change(s, "dev");
			assert_ok(&s->l.cx, lake_try_commit(&s->l.cx,
			    s->l.eng, "dev"));
			merge(s, "dev", "main");
		} else {
			for (i = 0; s->n == 1 && i < PATHS; i += 2)
				put(s, "main", i);
			change(s, "main");
			assert_ok(&s->l.cx, lake_try_commit(&s->l.cx,
			    s->l.eng, "main"));
		}
		see_head(s);
	}
	change(s, "main");
	see(s, STR("null"));
}

/* What a listing has to say, by looking at everything. */
static struct rows
expect(struct story *s, const struct list_query *q)
{
	struct cx	*cx = &s->l.cx;
	struct rows	 r = { arena_get(cx->mem, PATHS * (COMMITS + 2) *
	    sizeof *r.at), 0 };
	struct str	 path, group = { NULL, 0 }, rest;
	size_t		 k, i, n, at;
	unsigned	 before;

	for (k = 0; k < PATHS; k++) {
		path = path_of(cx, k);
		for (n = 0, i = 0; i < s->n; i++)
			n += s->shown[i].v[k] != 0;
		if (n == 0 || !str_starts(path, q->prefix))
			continue;
		rest = str_from(path, q->prefix.n);
		at = q->delimiter.n > 0 ? str_find_str(rest, q->delimiter) :
		    rest.n;
		if (at < rest.n) {
			path = str_to(path, q->prefix.n + at + q->delimiter.n);
			if (group.p == NULL || !str_is(path, group))
				r.at[r.n++] = (struct row){ .path = path,
				    .is_prefix = true, .is_latest = true };
			group = path;
			continue;
		}
		for (i = s->n, n = 0; i-- > 0;) {
			before = i > 0 ? s->shown[i - 1].v[k] : 0;
			if (s->shown[i].v[k] != before)
				r.at[r.n++] = (struct row){ path,
				    s->shown[i].version, false, n++ == 0,
				    s->shown[i].v[k] == 0, s->shown[i].v[k] };
		}
	}
	return r;
}

static void
check_row(struct story *s, const struct row *want, const struct version *got)
{
	struct str	version = oid_is_zero(&got->commit) ? STR("null") :
	    str_of(oid_hex(&got->commit).z);

	assert_true(str_is(want->path, got->path));
	assert_int_equal(want->is_prefix, got->is_prefix);
	assert_int_equal(want->is_latest, got->is_latest);
	if (want->is_prefix)
		return;
	assert_true(str_is(want->version, version));
	assert_int_equal(want->is_deleted, got->is_deleted);
	if (!want->is_deleted)
		assert_int_equal(want->value, atoi(str_z(s->l.cx.mem,
		    got->en.etag)));
}

static void
check_pages(struct story *s, struct list_query q)
{
	struct cx		*cx = &s->l.cx;
	struct arena_mark	 mark = arena_mark(cx->mem), back;
	struct rows		 want = expect(s, &q);
	struct version_page	 page;
	struct str		 marker = STR("");
	size_t			 i, n = 0;

	do {
		back = arena_mark(cx->mem);
		assert_ok(cx, object_versions(cx, s->l.eng, REPO, STR("main"),
		    &q, marker, &page));
		assert_int_equal(want.n - n > q.limit, page.more);
		assert_int_equal(page.more ? q.limit : want.n - n, page.n);
		for (i = 0; i < page.n; i++)
			check_row(s, &want.at[n++], &page.at[i]);
		arena_back(cx->mem, back);
		q.after = n > 0 ? want.at[n - 1].path : STR("");
		marker = n > 0 ? want.at[n - 1].version : STR("");
	} while (page.more);
	assert_int_equal(want.n, n);
	arena_back(cx->mem, mark);
}

static void
pages_of_versions_are_the_model(void **state)
{
	static struct story	s;
	static const size_t	sizes[] = { 1, 2, 5, 17, 100, 1000 };
	static const char	*const prefixes[] = { "", "a", "a/", "a/b/",
	    "a/b/00", "b/", "d", "dd/029", "x" };
	static const char	*const delimiters[] = { "", "/", "0" };
	struct list_query	q;
	unsigned		seed;
	size_t			i, p, d;

	(void)state;
	for (seed = 1; seed < 4; seed++) {
		make(&s, seed);
		for (p = 0; p < sizeof prefixes / sizeof *prefixes; p++)
			for (d = 0; d < 3; d++)
				for (i = p == 0 && d != 1 ? 3 : 0; i < 6; i++) {
					q = (struct list_query){
					    str_of(prefixes[p]),
					    str_of(delimiters[d]), STR(""),
					    sizes[i] };
					check_pages(&s, q);
				}
		assert_int_equal(0, lake_fsck(&s.l, false));
		lake_end(&s.l);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(pages_of_versions_are_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
