/* lake: the mapping, names, ref expressions, conditions, records. */
#include "unit/unit_cx.h"

#include <string.h>

#include "base/buf.h"
#include "base/limit.h"
#include "lake/cond.h"
#include "lake/lakepath.h"
#include "lake/lifecycle.h"
#include "lake/names.h"
#include "lake/record.h"
#include "lake/frontier.h"
#include "lake/refexpr.h"
#include "lake/target.h"

#define COMMIT_ID \
	"13c27c822f87853f057d496442df247ab87961e31bc8f7741738a9d38585b070"
/* Of form 1, which was written until commits had milliseconds. */
#define COMMIT_ID_1 \
	"a44ba65b9cb68acfce75eaf030a43c6443204357723d8876d32c3ff978bc75ab"

static void
keys_map_to_ref_and_path(void **state)
{
	static const struct {
		const char	*key, *ref, *path;
		bool		 slash;
	} cases[] = {
		{ "main/a/b.txt", "main", "a/b.txt", true },
		{ "main/", "main", "", true },
		{ "main", "main", "", false },
		{ "main~2/a", "main~2", "a", true },
		{ "main//a", "main", "/a", true },
		{ "/a", "", "a", true },
		{ "", "", "", false },
		{ "main/../x", "main", "../x", true },
	};
	struct lakepath	lp;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		lp = lakepath_parse(STR("repo"), str_of(cases[i].key));
		assert_str(cases[i].ref, lp.ref);
		assert_str(cases[i].path, lp.path);
		assert_int_equal(cases[i].slash, lp.slash);
		if (lp.slash)
			assert_str(cases[i].key, lakepath_key(cx.mem, lp.ref,
			    lp.path));
	}
}

static void
names_are_checked(void **state)
{
	static const struct {
		enum err	(*check)(struct cx *, struct str);
		const char	*name;
		enum err	 want;
	} cases[] = {
		{ name_check_repo, "abc", OK },
		{ name_check_repo, "a-b-9", OK },
		{ name_check_repo, "ab", E_BAD_NAME },
		{ name_check_repo, "Abc", E_BAD_NAME },
		{ name_check_repo, "-abc", E_BAD_NAME },
		{ name_check_repo, "a.bc", E_BAD_NAME },
		{ name_check_repo, "metrics", E_BAD_NAME },
		{ name_check_branch, "main_2-x", OK },
		{ name_check_branch, "-x", E_BAD_NAME },
		{ name_check_branch, "a/b", E_BAD_NAME },
		{ name_check_branch, "", E_BAD_NAME },
		{ name_check_tag, "v1.0", OK },
		{ name_check_tag, "-x", OK },
		{ name_check_tag, "a..b", E_BAD_NAME },
		{ name_check_tag, "a@b", E_BAD_NAME },
		{ name_check_tag, "a~1", E_BAD_NAME },
		{ name_check_tag, "x.lock", E_BAD_NAME },
		{ name_check_tag, "a b", E_BAD_NAME },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, cases[i].check(&cx,
		    str_of(cases[i].name)));
}

/* n times a byte, for names at their limits */
static struct str
times(size_t n, char c)
{
	char	*p = arena_get(cx.mem, n + 1);

	memset(p, c, n);
	return (struct str){ p, n };
}

static void
lifecycle_rules_fit_keys(void **state)
{
	static struct lifecycle_rule	rules[] = {
		{ .prefix = { "main/tmp/", 9 }, .enabled = true, .days = 1 },
		{ .prefix = { "main/", 5 }, .enabled = true, .days = 3 },
		{ .prefix = { "d", 1 }, .enabled = true, .days = 5 },
		{ .prefix = { "", 0 }, .enabled = false, .days = 2 },
	};
	static const struct {
		const char	*branch, *path;
		int		 days;	/* 0: none fits */
	} cases[] = {
		{ "main", "tmp/a", 1 }, { "main", "tmp", 3 },
		{ "main", "x", 3 }, { "dev", "tmp/a", 5 },
		{ "mai", "n/x", 0 }, { "mainly", "x", 0 },
		{ "main2", "tmp/a", 0 }, { "other", "main/tmp/a", 0 },
	};
	const struct lifecycle	l = { rules, 4 };
	size_t			i;
	int64_t			ms;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ms = 0;
		assert_int_equal(cases[i].days > 0, lifecycle_age(&l,
		    str_of(cases[i].branch), str_of(cases[i].path), &ms));
		assert_true(ms == (int64_t)cases[i].days * 24 * 3600 * 1000);
	}
}

static void
targets_are_checked(void **state)
{
	const struct {
		struct str	repo, ref, path;
		enum err	want;
		const char	*why;
	} cases[] = {
		{ STR("repo"), STR("main"), STR("a//b"), OK, "" },
		{ STR("repo"), STR(""), STR(""), E_BAD_PATH, "no object" },
		{ STR("repo"), STR("main"), STR("\xff"), E_BAD_PATH, "" },
		{ STR("repo"), STR("main"), STR("a\0b"), OK, "NUL is legal" },
		{ STR("repo"), STR("ma\xc3in"), STR("a"), E_BAD_PATH, "" },
		{ STR("Repo"), STR("main"), STR("a"), E_BAD_NAME, "" },
		{ STR("re\0po"), STR("main"), STR("a"), E_BAD_NAME, "" },
		{ times(64, 'r'), STR("main"), STR("a"), E_BAD_NAME, "" },
		{ STR("repo"), STR("main"), times(LIMIT_PATH, 'a'), OK, "" },
		{ STR("repo"), STR("main"), times(LIMIT_PATH, '\0'), OK, "" },
		{ STR("repo"), STR("main"), times(LIMIT_PATH + 1, 'a'),
		    E_KEY_TOO_LONG, "" },
		{ STR("repo"), times(LIMIT_REF, 'm'), STR("a"), OK, "" },
		{ STR("repo"), times(LIMIT_REF + 1, 'm'), STR("a"),
		    E_KEY_TOO_LONG, "" },
	};
	struct list_query	q = { .prefix = STR("a") };
	struct target		at;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, target_object(&cx, cases[i].repo,
		    cases[i].ref, cases[i].path, &at));
	assert_err(OK, target_make(&cx, STR("repo"), STR(""), STR(""), &at));
	assert_err(OK, target_list(&cx, &q));
	q.after = times(LIMIT_PATH + 1, 'a');
	assert_err(E_KEY_TOO_LONG, target_list(&cx, &q));
	q.after = STR("");
	q.delimiter = STR("\xff");
	assert_err(E_BAD_PATH, target_list(&cx, &q));
}

static void
ref_expressions_parse(void **state)
{
	static const struct {
		const char	*text, *base, *steps;	/* "~2^1" */
		enum refexpr_mode	 mode;
		enum err	 want;
	} cases[] = {
		{ "main", "main", "", REF_PLAIN, OK },
		{ "main@", "main", "", REF_HEAD, OK },
		{ "main$", "main", "", REF_STAGED, OK },
		{ "main~", "main", "~1", REF_PLAIN, OK },
		{ "main~2^2~", "main", "~2^2~1", REF_PLAIN, OK },
		{ "main^0", "main", "^0", REF_PLAIN, OK },
		{ "main@~1", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "main~1@", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "main~x", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "main@{1}", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "~1", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "@", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "ma in", NULL, NULL, REF_PLAIN, E_BAD_REF },
		{ "main~99999999", NULL, NULL, REF_PLAIN, E_BAD_REF },
	};
	struct refexpr	x;
	struct buf	b;
	size_t		i, k;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_err(cases[i].want, refexpr_parse(&cx,
		    str_of(cases[i].text), &x));
		if (cases[i].want != OK)
			continue;
		assert_str(cases[i].base, x.base);
		assert_int_equal(cases[i].mode, x.mode);
		buf_init(&b, cx.mem, 100);
		for (k = 0; k < x.n_steps; k++)
			buf_printf(&b, "%c%u", x.steps[k].op, x.steps[k].n);
		assert_str(cases[i].steps, buf_as_str(&b));
	}
}

static void
conditions_judge(void **state)
{
	static const struct {
		const char	*match, *none;
		int64_t		 since, until;	/* modified, unmodified */
		enum cond_use	 use;
		bool		 there;
		enum err	 want;
	} cases[] = {
		{ NULL, NULL, 0, 0, COND_WRITE, false, OK },
		{ "\"e\"", NULL, 0, 0, COND_WRITE, true, OK },
		{ "e", NULL, 0, 0, COND_WRITE, true, OK },
		{ "\"x\", \"e\"", NULL, 0, 0, COND_WRITE, true, OK },
		{ "*", NULL, 0, 0, COND_WRITE, true, OK },
		{ "\"x\"", NULL, 0, 0, COND_WRITE, true, E_PRECONDITION },
		{ "\"e\"", NULL, 0, 0, COND_WRITE, false, E_NO_SUCH_OBJECT },
		{ NULL, "*", 0, 0, COND_WRITE, false, OK },
		{ NULL, "*", 0, 0, COND_WRITE, true, E_PRECONDITION },
		{ NULL, "\"x\"", 0, 0, COND_WRITE, true, OK },
		{ NULL, "W/\"e\"", 0, 0, COND_READ, true, E_NOT_MODIFIED },
		{ NULL, NULL, 9000, 0, COND_READ, true, E_NOT_MODIFIED },
		{ NULL, NULL, 4000, 0, COND_READ, true, OK },
		{ NULL, NULL, 0, 4000, COND_READ, true, E_PRECONDITION },
		/* If-Match that holds overrides the date. */
		{ "\"e\"", NULL, 0, 4000, COND_READ, true, OK },
		/* and so does If-None-Match that does not hit. */
		{ NULL, "\"x\"", 9000, 0, COND_READ, true, OK },
	};
	const struct entry	en = { .etag = STR("e"), .mtime = 5000 };
	struct cond		c;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memset(&c, 0, sizeof c);
		if (cases[i].match != NULL)
			c.if_match = str_of(cases[i].match);
		if (cases[i].none != NULL)
			c.if_none_match = str_of(cases[i].none);
		c.modified_since = cases[i].since;
		c.unmodified_since = cases[i].until;
		assert_err(cases[i].want, cond_check(&cx, &c, cases[i].use,
		    cases[i].there ? &en : NULL));
	}
}

static void
entries_go_both_ways_and_cut_ones_are_refused(void **state)
{
	struct pair		meta[] = { { STR("k"), STR("v") } };
	struct entry_extent	ext[] = { { { { 7 } }, 5, 10 },
	    { { { 8 } }, 0, 3 } };
	uint64_t		parts[] = { 10, 3 };
	struct entry		en = { .size = 13, .mtime = 99,
	    .etag = STR("e-2"), .content_type = STR("t"), .meta = meta,
	    .n_meta = 1, .sums = meta, .n_sums = 1, .sums_composite = true,
	    .extents = ext, .n_extents = 2, .parts = parts, .n_parts = 2 };
	struct entry		back;
	struct buf		b;
	size_t			n;

	(void)state;
	buf_init(&b, cx.mem, 4096);
	entry_format(&b, &en);
	assert_ok(&cx, entry_parse(&cx, buf_as_str(&b), &back));
	assert_true(entry_same(&en, &back));
	assert_int_equal(2, back.n_extents);
	assert_int_equal(10, back.extents[0].len);
	assert_int_equal(3, back.parts[1]);
	assert_true(back.sums_composite);
	for (n = 0; n < b.n; n++)
		assert_err(E_CORRUPT, entry_parse(&cx,
		    str_to(buf_as_str(&b), n), &back));

	en.part_sum_kind = STR("crc32");
	en.part_sums = STR("12345678");
	buf_init(&b, cx.mem, 4096);
	entry_format(&b, &en);
	assert_ok(&cx, entry_parse(&cx, buf_as_str(&b), &back));
	assert_true(str_is(back.part_sums, STR("12345678")));
	for (n = 0; n < b.n; n++)
		assert_err(E_CORRUPT, entry_parse(&cx,
		    str_to(buf_as_str(&b), n), &back));
}

static void
repositories_keep_their_settings(void **state)
{
	struct pair	set[] = { { STR(SETTING_VERSIONING),
	    STR("Enabled") } };
	struct repo	r = { .created = 5, .default_branch = STR("main"),
	    .storage_namespace = STR("x"), .settings = set,
	    .n_settings = 1 }, back;
	struct buf	b;

	(void)state;
	buf_init(&b, cx.mem, 4096);
	repo_format(&b, &r);
	assert_ok(&cx, repo_parse(&cx, buf_as_str(&b), &back));
	assert_true(repo_has_versions(&back));
	assert_int_equal(0, repo_setting(&back, SETTING_CORS).n);
	/* Records from before there were settings. */
	r.n_settings = 0;
	buf_init(&b, cx.mem, 4096);
	repo_format(&b, &r);
	assert_ok(&cx, repo_parse(&cx, str_to(buf_as_str(&b), b.n - 1),
	    &back));
	assert_false(repo_has_versions(&back));
}

/* Part of the format: a commit keeps its id for ever. */
static void
commit_ids_are_fixed(void **state)
{
	struct pair	meta[] = { { STR("b"), STR("2") },
	    { STR("a"), STR("1") } };
	struct commit	c = { .n_parents = 1, .generation = 2, .date = 1000000,
	    .committer = STR("me"), .message = STR("m"), .meta = meta,
	    .n_meta = 2 }, back;
	struct buf	b;

	(void)state;
	buf_init(&b, cx.mem, 4096);
	commit_format(&b, &c);
	assert_string_equal(COMMIT_ID, oid_hex(&c.id).z);
	assert_ok(&cx, commit_parse(&cx, buf_as_str(&b), &back));
	assert_true(oid_is(&c.id, &back.id));
	assert_str("a", back.meta[0].name);
}

/* A record of form 1 is read, and keeps its id. */
static void
commits_of_form_1_are_read(void **state)
{
	static const char	head[] = "\1", tail[] = "\2\350\7\2me\1m"
	    "\2\1a\0011\1b\0012", zero[32];
	struct commit		c;
	struct buf		b;
	size_t			n;

	(void)state;
	buf_init(&b, cx.mem, 4096);
	buf_add(&b, head, 1);
	buf_add(&b, zero, sizeof zero);
	buf_add(&b, head, 1);
	buf_add(&b, zero, sizeof zero);
	buf_add(&b, tail, sizeof tail - 1);
	assert_ok(&cx, commit_parse(&cx, buf_as_str(&b), &c));
	assert_string_equal(COMMIT_ID_1, oid_hex(&c.id).z);
	assert_int_equal(1, c.n_parents);
	assert_int_equal(2, c.generation);
	assert_int_equal(1000000, c.date);
	assert_int_equal(0, c.order);
	assert_int_equal(1000000, commit_latest(&c));
	assert_str("me", c.committer);
	assert_str("2", c.meta[1].value);
	/* A date of any size has a place. */
	n = b.n;
	b.n = 67;
	buf_varint(&b, INT64_MAX / 999);
	buf_add(&b, tail + 3, sizeof tail - 4);
	assert_true(b.n > n);
	assert_ok(&cx, commit_parse(&cx, buf_as_str(&b), &c));
	assert_true(c.date == INT64_MAX);
}

/* A clock that went back shows in the date alone. */
static void
a_commit_is_in_order_after_its_parents(void **state)
{
	struct commit	c = { .date = 5000, .order = 70000 }, back;
	struct buf	b;

	(void)state;
	buf_init(&b, cx.mem, 4096);
	commit_format(&b, &c);
	assert_ok(&cx, commit_parse(&cx, buf_as_str(&b), &back));
	assert_int_equal(5000, back.date);
	assert_int_equal(70000, back.order);
	assert_int_equal(70000, commit_latest(&back));
	/* No sum of two times is over what a time can be. */
	b.n = 35;
	buf_varint(&b, INT64_MAX);
	buf_varint(&b, 1);
	buf_add(&b, "\0\0\0", 3);
	assert_err(E_CORRUPT, commit_parse(&cx, buf_as_str(&b), &back));
	cx_forget(&cx);
}

static void
frontiers_go_both_ways(void **state)
{
	static const char	*const bad[] = { "", ":", "x", ":x",
	    "13c27c822f87853f057d496442df247ab87961e31bc8f7741738a9d38585b070",
	    ":" COMMIT_ID ":", ":" COMMIT_ID "\n", ":" COMMIT_ID "~0",
	    ":" COMMIT_ID COMMIT_ID, ":" COMMIT_ID ":" COMMIT_ID,
	    ":13C27C822F87853F057D496442DF247AB87961E31BC8F7741738A9D38585B070",
	    ":" COMMIT_ID ".a44ba65b9cb68acfce75eaf030a43c6443204357723d8876d32"
	    "c3ff978bc75ab" };
	struct frontier	f = { .n = 0 }, back;
	struct str	text;
	size_t		i;

	(void)state;
	for (i = 0; i < LIMIT_FRONTIER; i++) {
		f.at[i].b[7] = (unsigned char)i;
		f.n = i + 1;
		text = frontier_format(&cx, &f);
		assert_true(frontier_is(text));
		assert_ok(&cx, frontier_parse(&cx, text, &back));
		assert_int_equal(f.n, back.n);
		assert_memory_equal(f.at, back.at, f.n * sizeof f.at[0]);
	}
	text = str_printf(cx.mem, "%.*s:" COMMIT_ID, STRF(text));
	assert_err(E_BAD_REQUEST, frontier_parse(&cx, text, &back));
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(E_BAD_REQUEST, frontier_parse(&cx, str_of(bad[i]),
		    &back));
	cx_forget(&cx);
	assert_false(frontier_is(STR(COMMIT_ID)));
	assert_false(frontier_is(STR("")));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(keys_map_to_ref_and_path),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(lifecycle_rules_fit_keys),
		cmocka_unit_test(targets_are_checked),
		cmocka_unit_test(ref_expressions_parse),
		cmocka_unit_test(conditions_judge),
		cmocka_unit_test(entries_go_both_ways_and_cut_ones_are_refused),
		cmocka_unit_test(repositories_keep_their_settings),
		cmocka_unit_test(commit_ids_are_fixed),
		cmocka_unit_test(commits_of_form_1_are_read),
		cmocka_unit_test(a_commit_is_in_order_after_its_parents),
		cmocka_unit_test(frontiers_go_both_ways),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
