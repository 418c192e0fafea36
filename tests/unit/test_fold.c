/*
 * Folds in slices: each advance lasts, whenever the process dies; a commit ends
 * at its cut, or says that it cannot; rows that a disk damaged are told.
 */
#include "unit/unit_lake.h"

#include "engine/area.h"
#include "engine/fold.h"
#include "engine/records.h"

enum { AREAS = 12, ROWS = 10, FEW = 40 };

/* ---- a branch with areas that wait ------------------------------------- */

static struct branch
branch_now(struct lake *l)
{
	struct branch	br;

	assert_ok(&l->cx, branch_get(&l->cx, l->eng, REPO, STR("main"), &br));
	return br;
}

static struct branch_id
branch_id(struct lake *l)
{
	struct repo	r;

	assert_ok(&l->cx, repo_get(&l->cx, l->eng, REPO, &r));
	return (struct branch_id){ r.ruid, branch_now(l).uid, STR("main") };
}

/* Rows as the engine stages them, but nobody helps to fold them. */
struct staging {
	struct engine	*eng;
	struct branch_id id;
	struct str	 path, bytes;
};

static enum err
stage_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct staging	*s = arg;
	struct branch	 br;
	enum err	 e;
	bool		 there, sealed;

	if ((e = branch_find(cx, tx, &s->id.ruid, s->id.name, &br,
	    &there)) != OK || (e = area_put(cx, s->eng, tx, &br, s->path,
	    s->bytes, &sealed)) != OK)
		return e;
	return branch_put(cx, tx, &s->id.ruid, &br);
}

static struct str
path_of(struct lake *l, unsigned i)
{
	return str_printf(l->cx.mem, "key/%05u", i * 7919 % 100000);
}

static struct str
entry_of(struct lake *l, unsigned i)
{
	struct entry	en = { .content_type = STR("t"),
	    .etag = str_printf(l->cx.mem, "%u", i) };
	struct buf	b;

	buf_init(&b, l->cx.mem, 1000);
	entry_format(&b, &en);
	return buf_as_str(&b);
}

static void
stage(struct lake *l, unsigned from, unsigned n)
{
	struct staging	s = { .eng = l->eng, .id = branch_id(l) };
	unsigned	i;

	for (i = from; i < from + n; i++) {
		s.path = path_of(l, i);
		s.bytes = entry_of(l, i);
		assert_ok(&l->cx, kv_write(&l->cx, l->kv, stage_fn, &s));
	}
}

static void
begin(struct lake *l)
{
	lake_begin(l);
	stage(l, 0, AREAS * ROWS);
	assert_int_equal(AREAS, branch_now(l).open - branch_now(l).low);
}

static bool
shows(struct lake *l, const char *ref, unsigned i)
{
	struct target	at = lake_at(ref, path_of(l, i).p);
	struct entry	en;
	enum err	e;

	e = object_stat(&l->cx, l->eng, &at, &en);
	cx_forget(&l->cx);
	return e == OK && str_is(en.etag, str_printf(l->cx.mem, "%u", i));
}

static void
shows_all(struct lake *l, const char *ref, unsigned n)
{
	unsigned	i;

	for (i = 0; i < n; i++)
		assert_true(shows(l, ref, i));
}

/* A process that lives for so many transactions; 0: for ever. */
static enum err
fold_all(struct lake *l, unsigned last)
{
	struct branch_id	id = branch_id(l);
	enum err		e;
	bool			did;

	l->hook.n = 0;
	l->hook.last = last;
	do
		e = fold_branch(&l->cx, l->hooked, &id, &did);
	while (e == OK && did);
	cx_forget(&l->cx);
	return e;
}

/* ---- slices ------------------------------------------------------------ */

static void
a_slice_is_whole_areas(void **state)
{
	static const struct {
		size_t		rows;
		unsigned	areas;
	} cases[] = { { 1, 1 }, { ROWS, 1 }, { 2 * ROWS - 1, 1 },
	    { 2 * ROWS, 2 }, { 5 * ROWS + 3, 5 }, { 1000, AREAS } };
	struct branch_id	id;
	struct lake		l;
	size_t			i;
	bool			did;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin(&l);
		id = branch_id(&l);
		l.eng->opt.fold_rows = cases[i].rows;
		assert_ok(&l.cx, fold_branch(&l.cx, l.eng, &id, &did));
		assert_true(did);
		assert_int_equal(1 + cases[i].areas, branch_now(&l).low);
		shows_all(&l, "main", AREAS * ROWS);
		assert_int_equal(0, lake_fsck(&l, false));
		lake_end(&l);
	}
}

/* Whenever the process dies, what is done twice is at most a slice. */
static void
what_a_fold_did_lasts(void **state)
{
	struct lake	l;
	unsigned	all, slice, n, most;

	(void)state;
	begin(&l);
	assert_ok(&l.cx, fold_all(&l, 0));
	all = l.hook.n;
	slice = all / AREAS + 1;
	lake_end(&l);
	for (n = 1; n < all; n++) {
		begin(&l);
		assert_err(E_STORE, fold_all(&l, n));
		assert_ok(&l.cx, fold_all(&l, 0));
		most = n + l.hook.n;
		assert_in_range(most, all, all + slice);
		assert_int_equal(AREAS + 1, branch_now(&l).low);
		shows_all(&l, "main", AREAS * ROWS);
		lake_end(&l);
	}
}

/* A server that ends its workers after their time: each gets somewhere. */
static void
processes_that_live_for_a_slice_end_a_fold(void **state)
{
	struct lake	l;
	unsigned	all, slice, lives = 0;

	(void)state;
	begin(&l);
	assert_ok(&l.cx, fold_all(&l, 0));
	all = l.hook.n;
	slice = all / AREAS + 1;
	lake_end(&l);
	begin(&l);
	while (fold_all(&l, slice + 1) != OK)
		assert_true(++lives <= 2 * AREAS);
	assert_in_range(lives, 2, 2 * AREAS);
	shows_all(&l, "main", AREAS * ROWS);
	assert_int_equal(0, lake_fsck(&l, false));
	lake_end(&l);
}

/* Nodes are not written again by the process that does a slice again. */
static void
a_commit_that_died_goes_on(void **state)
{
	struct lake	l;
	unsigned	all, n;

	(void)state;
	begin(&l);
	l.hook.n = 0;
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.hooked, "main"));
	all = l.hook.n;
	lake_end(&l);
	for (n = 1; n < all; n++) {
		begin(&l);
		l.hook.last = n;
		l.hook.n = 0;
		assert_err(E_STORE, lake_try_commit(&l.cx, l.hooked, "main"));
		cx_forget(&l.cx);
		/* What is staged now is not in the commit that died. */
		stage(&l, AREAS * ROWS, 3);
		assert_ok(&l.cx, fold_all(&l, 0));
		shows_all(&l, "main", AREAS * ROWS + 3);
		assert_int_equal(0, lake_fsck(&l, false));
		lake_end(&l);
	}
}

/* ---- a cut ------------------------------------------------------------- */

static void
stage_more(void *arg, bool writes)
{
	struct lake	*l = arg;

	(void)writes;
	if (branch_now(l).cut.live && l->found < FEW)
		stage(l, AREAS * ROWS + l->found++, 1);
}

/* Slices end at the cut, whatever is sealed behind it meanwhile.  [I5, I6] */
static void
slices_end_at_the_cut(void **state)
{
	struct lake	l;
	unsigned	i;

	(void)state;
	begin(&l);
	l.found = 0;
	l.hook.hook = stage_more;
	l.hook.arg = &l;
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.hooked, "main"));
	l.hook.hook = NULL;
	assert_true(l.found > 10);
	shows_all(&l, "main@", AREAS * ROWS);
	for (i = 0; i < l.found; i++)
		assert_false(shows(&l, "main@", AREAS * ROWS + i));
	assert_int_equal(0, lake_fsck(&l, false));
	lake_end(&l);
}

/* The rows of a commit under way are gone, by damage: it does not spin. */
static void
lose_rows(void *arg, bool writes)
{
	struct lake	*l = arg;
	struct branch	 br = branch_now(l);
	struct branch_id id = branch_id(l);
	struct buf	 b;

	(void)writes;
	if (!br.cut.live || br.cut.known)
		return;
	br.low = br.cut.upto + 1;
	buf_init(&b, l->cx.mem, 1000);
	branch_format(&b, &br);
	lake_set(l, key_branch(&l->cx, &id.ruid, br.name), buf_as_str(&b));
}

static void
a_cut_that_no_fold_reaches_is_told(void **state)
{
	struct lake	l;

	(void)state;
	begin(&l);
	l.hook.hook = lose_rows;
	l.hook.arg = &l;
	l.hook.last = 1000;
	assert_err(E_CORRUPT, lake_try_commit(&l.cx, l.hooked, "main"));
	assert_non_null(strstr(l.cx.words, "main"));
	assert_true(l.hook.n < 100);
	cx_forget(&l.cx);
	/* Nothing is left to wait for. */
	l.hook.hook = NULL;
	assert_false(branch_now(&l).cut.live);
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "main"));
	lake_end(&l);
}

/* A cut whose areas are folded already: merges wait for those behind it. */
static void
folds_that_stand_still_are_told(void **state)
{
	struct branch_id	id;
	struct branch		br;
	struct lake		l;
	struct buf		b;

	(void)state;
	begin(&l);
	br = branch_now(&l);
	id = branch_id(&l);
	br.low = 5;
	br.cut = (struct branch_cut){ .live = true, .upto = 4 };
	buf_init(&b, l.cx.mem, 1000);
	branch_format(&b, &br);
	lake_set(&l, key_branch(&l.cx, &id.ruid, br.name), buf_as_str(&b));
	l.hook.last = 100;
	assert_err(E_CORRUPT, fold_to(&l.cx, l.hooked, &id, br.open));
	cx_forget(&l.cx);
	assert_ok(&l.cx, fold_to(&l.cx, l.hooked, &id, 5));
	/* As the words say. */
	assert_ok(&l.cx, branch_reset(&l.cx, l.eng, REPO, STR("main"),
	    false));
	assert_int_equal(0, lake_fsck(&l, false));
	lake_end(&l);
}

/* ---- a merge ----------------------------------------------------------- */

static enum err
merge_dev(struct lake *l, struct engine *eng)
{
	const struct merge_opts	opt = { .commit = { .committer = STR("me") } };
	struct commit		c;

	return branch_merge(&l->cx, eng, REPO, STR("dev"), STR("main"), &opt,
	    &c);
}

/* Another folds all of the time; a branch without changes is still clean. */
static void
help(void *arg, bool writes)
{
	struct lake		*l = arg;
	struct branch_id	 id = branch_id(l);
	bool			 did;

	if (writes)
		assert_ok(&l->cx, fold_branch(&l->cx, l->eng, &id, &did));
}

static void
a_merge_folds_all_slices(void **state)
{
	struct lake	l;
	int		helped;

	(void)state;
	for (helped = 0; helped < 2; helped++) {
		lake_begin(&l);
		lake_put(&l, "dev", "new", "bytes");
		assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "dev"));
		stage(&l, 0, AREAS * ROWS);
		assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "main"));
		/* Rows that change nothing. */
		stage(&l, 0, AREAS * ROWS);
		l.hook.hook = helped ? help : NULL;
		l.hook.arg = &l;
		assert_ok(&l.cx, merge_dev(&l, l.hooked));
		lake_end(&l);
	}
}

/* ---- damage ------------------------------------------------------------ */

static void
rows_that_are_damaged_are_told(void **state)
{
	static const size_t	 lengths[] = { LIMIT_PATH + 1, LIMIT_PATH + 200,
	    2000 };
	struct list_query	 q = { .limit = 10 };
	struct diff_page	 diff;
	struct list_page	 list;
	struct branch_id	 id;
	struct lake		 l;
	struct str		 path;
	size_t			 i;
	char			*p;
	bool			 did;

	(void)state;
	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		begin(&l);
		id = branch_id(&l);
		p = arena_get(l.cx.mem, lengths[i]);
		memset(p, 'x', lengths[i]);
		path = (struct str){ p, lengths[i] };
		lake_set(&l, key_row(&l.cx, &id.uid, 1, path), STR("\0"));
		assert_err(E_CORRUPT, fold_branch(&l.cx, l.eng, &id, &did));
		assert_err(E_CORRUPT, lake_try_commit(&l.cx, l.eng, "main"));
		assert_err(E_CORRUPT, merge_dev(&l, l.eng));
		q.prefix = STR("x");
		assert_err(E_CORRUPT, object_list(&l.cx, l.eng, REPO,
		    STR("main"), &q, &list));
		assert_err(E_CORRUPT, diff_uncommitted(&l.cx, l.eng, REPO,
		    STR("main"), &q, &diff));
		assert_err(E_CORRUPT, branch_reset_path(&l.cx, l.eng, REPO,
		    STR("main"), STR("x"), true, false));
		cx_forget(&l.cx);
		assert_ok(&l.cx, branch_reset(&l.cx, l.eng, REPO, STR("main"),
		    false));
		lake_end(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(a_slice_is_whole_areas),
		cmocka_unit_test(what_a_fold_did_lasts),
		cmocka_unit_test(processes_that_live_for_a_slice_end_a_fold),
		cmocka_unit_test(a_commit_that_died_goes_on),
		cmocka_unit_test(slices_end_at_the_cut),
		cmocka_unit_test(a_cut_that_no_fold_reaches_is_told),
		cmocka_unit_test(folds_that_stand_still_are_told),
		cmocka_unit_test(a_merge_folds_all_slices),
		cmocka_unit_test(rows_that_are_damaged_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
