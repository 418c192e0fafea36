/*
 * The engine against a model: random operations on two branches, with areas so
 * small that seals and folds happen all the time, gc in between, and fsck.
 */
#include "unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "engine/engine_inside.h"
#include "engine/records.h"
#include "kv/kv.h"
#include "upkeep/upkeep.h"

enum { KEYS = 60, BRANCHES = 2, HISTORY = 1000 };

struct state {			/* values by key; 0: absent */
	unsigned	v[KEYS];
};

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
	struct state	 view[BRANCHES], head[BRANCHES];
	struct {			/* along the first parents */
		struct oid	id;
		struct state	state;
	}		 history[BRANCHES][HISTORY];
	size_t		 n_history[BRANCHES];
	unsigned	 value;
	char		 problem[400];
};

static const char *const names[BRANCHES] = { "main", "dev" };

static int
setup(void **state)
{
	struct fixture		*f = calloc(1, sizeof *f);
	struct repo		 r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct branch_opts	 from = { .source = STR("main") };
	struct engine_opts	 o;
	struct oid		 head;

	cx_init(&f->cx, arena_new());
	f->kv = kv_mem_open();
	f->block = block_mem_open();
	engine_defaults(&o);
	o.area_rows = 10;
	o.area_tombs = 6;
	o.inline_max = 8;
	f->eng = engine_open(f->kv, f->block, &o);
	assert_ok(&f->cx, engine_init(&f->cx, f->eng));
	assert_ok(&f->cx, repo_create(&f->cx, f->eng, &r, STR("me")));
	assert_ok(&f->cx, branch_create(&f->cx, f->eng, STR("repo"),
	    STR("dev"), &from, STR("me"), &head));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	arena_free(f->cx.mem);		/* what it defers needs the rest */
	engine_close(f->eng);
	block_close(f->block);
	kv_close(f->kv);
	free(f);
	return 0;
}

static struct target
at_of(struct fixture *f, int b, size_t k)
{
	return (struct target){ .repo = STR("repo"), .ref = str_of(names[b]),
	    .path = str_printf(f->cx.mem, "%c/key-%02zu", "abc"[k % 3],
	    k) };
}

static enum err
try_put(struct cx *cx, struct engine *eng, const struct target *at,
    struct str bytes, struct str if_none)
{
	const struct cond	cond = { .if_none_match = if_none };
	struct source		src = source_of_str(cx, bytes);
	struct entry		en = { .content_type = STR("t") };
	struct body		*body;
	enum err		e;

	if ((e = body_take(cx, eng, &src, 1 << 20, NULL, NULL, &body)) != OK)
		return e;
	en.etag = bytes;		/* as good as a hash here */
	return object_put(cx, eng, at, body, &en, &cond, false);
}

static void
put(struct fixture *f, int b, size_t k)
{
	struct target	at = at_of(f, b, k);
	struct str	none = { NULL, 0 };
	bool		only_new = rand() % 4 == 0;
	enum err	e;

	f->value++;
	e = try_put(&f->cx, f->eng, &at, str_printf(f->cx.mem, "%*u",
	    rand() % 2 ? 4 : 20, f->value), only_new ? STR("*") : none);
	if (only_new && f->view[b].v[k] != 0) {
		assert_err(E_PRECONDITION, e);
		cx_forget(&f->cx);
		return;
	}
	assert_ok(&f->cx, e);
	f->view[b].v[k] = f->value;
}

static void
delete(struct fixture *f, int b, size_t k)
{
	const struct cond	none = { .mtime = 0 };
	struct target		at = at_of(f, b, k);
	bool			marker;

	assert_ok(&f->cx, object_delete(&f->cx, f->eng, &at, &none, false,
	    &marker));
	assert_false(marker);
	f->view[b].v[k] = 0;
}

static void
copy(struct fixture *f, int b, size_t k)
{
	const struct object_copy_opts	opt = { .replace = NULL };
	size_t			from = (size_t)rand() % KEYS;
	struct target		src = at_of(f, 1 - b, from);
	struct target		dst = at_of(f, b, k);
	struct entry		en;
	enum err		e;

	e = object_copy(&f->cx, f->eng, &src, &dst, &opt, &en);
	if (f->view[1 - b].v[from] == 0) {
		assert_err(E_NO_SUCH_OBJECT, e);
		cx_forget(&f->cx);
		return;
	}
	assert_ok(&f->cx, e);
	f->view[b].v[k] = f->view[1 - b].v[from];
}

static bool
same(const struct state *a, const struct state *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void
remember(struct fixture *f, int b, const struct commit *c)
{
	size_t	n = f->n_history[b]++;

	assert_true(n < HISTORY);
	f->history[b][n].id = c->id;
	f->history[b][n].state = f->head[b];
}

static void
commit(struct fixture *f, int b)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	struct commit			c;
	enum err			e;

	e = commit_create(&f->cx, f->eng, STR("repo"), str_of(names[b]), &opt,
	    &c);
	if (same(&f->view[b], &f->head[b])) {
		assert_err(E_NO_CHANGES, e);
		cx_forget(&f->cx);
		return;
	}
	assert_ok(&f->cx, e);
	f->head[b] = f->view[b];
	remember(f, b, &c);
}

/* Merging the other head in, source winning, and then again: no changes. */
static void
merge(struct fixture *f, int b)
{
	const struct merge_opts	opt = { .strategy = STRATEGY_SOURCE,
	    .commit = { .committer = STR("me"), .allow_empty = true } };
	struct str		src = str_of(names[1 - b]);
	const struct diff_sides	sides = { str_of(names[b]), src,
	    DIFF_THREE_DOT };
	struct list_query	q = { .limit = 1000 };
	struct diff_page	page;
	struct commit		c;
	enum err		e;
	size_t			i, k;

	assert_ok(&f->cx, diff_refs(&f->cx, f->eng, STR("repo"),
	    &sides, &q, &page));
	e = branch_merge(&f->cx, f->eng, STR("repo"), src, str_of(names[b]),
	    &opt, &c);
	if (!same(&f->view[b], &f->head[b])) {
		assert_err(E_DIRTY, e);
		cx_forget(&f->cx);
		return;
	}
	assert_ok(&f->cx, e);
	/* What the diff promised is what the merge took. */
	for (i = 0; i < page.n; i++) {
		k = (size_t)atoi(str_from(page.at[i].path, 6).p);
		f->head[b].v[k] = f->head[1 - b].v[k];
	}
	f->view[b] = f->head[b];
	remember(f, b, &c);
}

static void
reset(struct fixture *f, int b, size_t k)
{
	struct str	name = str_of(names[b]);
	size_t		i;

	switch (rand() % 3) {
	case 0:
		assert_ok(&f->cx, branch_reset(&f->cx, f->eng, STR("repo"),
		    name, false));
		f->view[b] = f->head[b];
		break;
	case 1:
		assert_ok(&f->cx, branch_reset_path(&f->cx, f->eng,
		    STR("repo"), name, at_of(f, b, k).path, false, false));
		f->view[b].v[k] = f->head[b].v[k];
		break;
	default:
		assert_ok(&f->cx, branch_reset_path(&f->cx, f->eng,
		    STR("repo"), name, STR("a/"), true, false));
		for (i = 0; i < KEYS; i += 3)
			f->view[b].v[i] = f->head[b].v[i];
	}
}

static void
found(void *arg, const char *invariant, const char *what)
{
	struct fixture	*f = arg;

	snprintf(f->problem, sizeof f->problem, "%s: %s", invariant, what);
}

static void
fsck(struct fixture *f)
{
	const struct fsck_opts	opt = { .found = found, .arg = f };
	struct fsck_report	r;

	f->problem[0] = '\0';
	assert_ok(&f->cx, fsck_run(&f->cx, f->eng, &opt, &r));
	assert_string_equal("", f->problem);
}

static void
gc(struct fixture *f)
{
	const struct gc_opts	opt = { .grace = 0, .upload_age = 1 };
	struct gc_report	r;

	assert_ok(&f->cx, gc_run(&f->cx, f->eng, &opt, &r));
}

static void
tend(struct fixture *f)
{
	bool	more = true;

	while (more)
		assert_ok(&f->cx, engine_maintain(&f->cx, f->eng, &more));
}

/* Everything there, in order, with its bytes. */
static void
check_listing(struct fixture *f, int b, const struct state *want,
    struct str ref)
{
	struct list_query	q = { .limit = 7 };
	struct list_page	page = { .more = true };
	size_t			k, group, n = 0, i = 0;
	struct source		src;
	struct entry		en;
	struct str		bytes;
	struct target		at;

	page.n = 0;
	for (group = 0; group < 3; group++)
		for (k = group; k < KEYS; k += 3) {
			if (want->v[k] == 0)
				continue;
			if (i == page.n) {
				assert_true(page.more);
				assert_ok(&f->cx, object_list(&f->cx, f->eng,
				    STR("repo"), ref, &q, &page));
				i = 0;
				assert_true(page.n > 0);
				q.after = page.at[page.n - 1].path;
			}
			at = at_of(f, b, k);
			at.ref = ref;
			assert_true(str_is(at.path, page.at[i++].path));
			assert_ok(&f->cx, object_open(&f->cx, f->eng, &at,
			    &en));
			assert_ok(&f->cx, object_source(&f->cx, f->eng, &en, 0,
			    en.size, &src));
			assert_ok(&f->cx, source_all(&f->cx, &src, 100,
			    &bytes));
			assert_int_equal(want->v[k], atoi(str_z(f->cx.mem,
			    bytes)));
			n++;
		}
	assert_int_equal(i, page.n);
	assert_true(n == 0 || !page.more);
}

static void
check_uncommitted(struct fixture *f, int b)
{
	struct list_query	q = { .limit = 1000 };
	struct diff_page	page;
	size_t			k, n = 0;

	assert_ok(&f->cx, diff_uncommitted(&f->cx, f->eng, STR("repo"),
	    str_of(names[b]), &q, &page));
	for (k = 0; k < KEYS; k++)
		n += f->view[b].v[k] != f->head[b].v[k];
	assert_int_equal(n, page.n);
}

/* Versions one by one, in small pages that each go on from the last. */
struct versions {
	struct list_query	q;
	struct str		marker;
	struct version_page	page;
	size_t			i;
};

static void
expect_version(struct fixture *f, int b, struct versions *v, size_t k,
    const struct oid *id, unsigned value, bool latest)
{
	static const struct oid	zero;
	const struct version	*got;

	if (v->i == v->page.n) {
		assert_true(v->page.more);
		assert_ok(&f->cx, object_versions(&f->cx, f->eng, STR("repo"),
		    str_of(names[b]), &v->q, v->marker, &v->page));
		assert_true(v->page.n > 0);
		v->i = 0;
	}
	got = &v->page.at[v->i++];
	assert_true(str_is(got->path, at_of(f, b, k).path));
	assert_true(oid_is(&got->commit, id != NULL ? id : &zero));
	assert_int_equal(latest, got->is_latest);
	assert_int_equal(value == 0, got->is_deleted);
	if (value != 0)
		assert_int_equal(value, atoi(str_z(f->cx.mem, got->en.etag)));
	v->q.after = got->path;
	v->marker = id == NULL ? STR("null") :
	    str_dup(f->cx.mem, str_of(oid_hex(id).z));
}

static void
check_versions(struct fixture *f, int b)
{
	struct versions	v = { .q = { .limit = 47 }, .marker = STR(""),
	    .page = { .more = true } };
	unsigned	now, before;
	size_t		k, group, i;
	bool		latest;

	for (group = 0; group < 3; group++)
		for (k = group; k < KEYS; k += 3) {
			latest = true;
			if (f->view[b].v[k] != f->head[b].v[k]) {
				expect_version(f, b, &v, k, NULL,
				    f->view[b].v[k], latest);
				latest = false;
			}
			for (i = f->n_history[b]; i-- > 0;) {
				now = f->history[b][i].state.v[k];
				before = i == 0 ? 0 :
				    f->history[b][i - 1].state.v[k];
				if (now == before)
					continue;
				expect_version(f, b, &v, k,
				    &f->history[b][i].id, now, latest);
				latest = false;
			}
		}
	assert_int_equal(v.i, v.page.n);
	assert_true(v.i == 0 || !v.page.more);
}

static void
random_operations_match_the_model(void **state)
{
	struct fixture		*f = *state;
	struct arena_mark	 mark;
	unsigned		 step;
	size_t			 k;
	int			 b;

	srand(11);
	for (step = 0; step < 4000; step++) {
		mark = arena_mark(f->cx.mem);
		b = rand() % BRANCHES;
		k = (size_t)rand() % KEYS;
		switch (rand() % 20) {
		case 0: case 1: case 2: case 3: delete(f, b, k); break;
		case 4: copy(f, b, k); break;
		case 5: commit(f, b); break;
		case 6: merge(f, b); break;
		case 7: reset(f, b, k); break;
		case 8: tend(f); break;
		case 9: if (step % 3 == 0) gc(f); break;
		default: put(f, b, k);
		}
		if (step % 50 == 0) {
			check_listing(f, b, &f->view[b], str_of(names[b]));
			check_listing(f, b, &f->head[b], str_printf(f->cx.mem,
			    "%s@", names[b]));
			check_uncommitted(f, b);
			if (step % 500 == 0)
				check_versions(f, b);
			fsck(f);
		}
		arena_back(f->cx.mem, mark);
	}
}

/* gc keeps all that has a name and, in the end, nothing else. */
static void
gc_leaves_nothing_behind(void **state)
{
	const struct gc_opts	opt = { .grace = 0, .upload_age = 1 };
	struct fixture		*f = *state;
	struct fsck_opts	 check = { .found = found, .arg = f };
	struct gc_report	 r;
	struct fsck_report	 before, after;
	size_t			 k;

	for (k = 0; k < KEYS; k++)
		put(f, 0, k);
	commit(f, 0);
	for (k = 0; k < KEYS; k++)
		delete(f, 0, k);
	tend(f);
	gc(f);
	assert_ok(&f->cx, fsck_run(&f->cx, f->eng, &check, &before));
	check_listing(f, 0, &f->head[0], STR("main@"));
	assert_ok(&f->cx, repo_delete(&f->cx, f->eng, STR("repo"), false));
	gc(f);
	gc(f);
	assert_ok(&f->cx, gc_run(&f->cx, f->eng, &opt, &r));
	assert_ok(&f->cx, fsck_run(&f->cx, f->eng, &check, &after));
	assert_string_equal("", f->problem);
	assert_true(before.blocks >= KEYS);
	assert_int_equal(0, after.blocks);
	assert_int_equal(0, after.commits + after.nodes + after.entries);
}

/* A deleted branch's commits live as long as its moves are remembered. */
static void
deleted_branches_are_forgotten_in_time(void **state)
{
	struct gc_opts		 opt = { .grace = 0, .upload_age = 1,
	    .head_age = 1000000 };
	struct fixture		*f = *state;
	struct gc_report	 r;
	struct branch		 br;
	struct commit		 c;
	struct oid_hex		 id;

	put(f, 1, 3);
	commit(f, 1);
	assert_ok(&f->cx, branch_get(&f->cx, f->eng, STR("repo"), STR("dev"),
	    &br));
	id = oid_hex(&br.head);
	assert_ok(&f->cx, branch_delete(&f->cx, f->eng, STR("repo"),
	    STR("dev"), false, STR("me")));
	assert_ok(&f->cx, gc_run(&f->cx, f->eng, &opt, &r));
	assert_ok(&f->cx, ref_commit(&f->cx, f->eng, STR("repo"),
	    str_of(id.z), &c));
	opt.head_age = 0;
	f->cx.now += 10;
	assert_ok(&f->cx, gc_run(&f->cx, f->eng, &opt, &r));
	assert_int_equal(1, r.commits);
	assert_err(E_NO_SUCH_REF, ref_commit(&f->cx, f->eng, STR("repo"),
	    str_of(id.z), &c));
	fsck(f);
}

/* ---- many threads ------------------------------------------------------ */

enum { THREADS = 6, ROUNDS = 120 };

struct racer {
	struct fixture	*f;
	pthread_t	 thread;
	unsigned	 id;
	unsigned	 done;
	char		 words[300];
};

/* A counter in an object, raised by compare-and-swap on its ETag. */
static enum err
raise_counter(struct cx *cx, struct racer *r)
{
	struct target	at = { .repo = STR("repo"), .ref = STR("main"),
	    .path = STR("counter") };
	struct str	next;
	struct entry	en, new = { .content_type = STR("t") };
	struct cond	cond = { .mtime = 0 };
	struct source	src;
	struct body	*body;
	enum err	e;

	e = object_stat(cx, r->f->eng, &at, &en);
	if (e == E_NO_SUCH_OBJECT) {
		cx_forget(cx);
		cond.if_none_match = STR("*");
		next = STR("1");
	} else if (e != OK) {
		return e;
	} else {
		cond.if_match = en.etag;
		next = str_printf(cx->mem, "%d",
		    atoi(str_z(cx->mem, en.etag)) + 1);
	}
	src = source_of_str(cx, next);
	if ((e = body_take(cx, r->f->eng, &src, 100, NULL, NULL, &body)) != OK)
		return e;
	new.etag = next;
	e = object_put(cx, r->f->eng, &at, body, &new, &cond, false);
	if (e == OK)
		r->done++;
	return e;
}

static void *
race(void *arg)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	const struct gc_opts		gco = { .grace = 0, .upload_age = 1 };
	struct racer			*r = arg;
	struct gc_report		 gcr;
	struct commit			 c;
	struct cx			 cx;
	enum err			 e = OK;
	bool				 more;
	int				 i;

	for (i = 0; i < ROUNDS; i++) {
		cx_init(&cx, arena_new());
		e = r->id == 0 && i % 8 == 0 ? gc_run(&cx, r->f->eng, &gco,
		    &gcr) : r->id == 1 && i % 3 == 0 ? commit_create(&cx,
		    r->f->eng, STR("repo"), STR("main"), &opt, &c) :
		    raise_counter(&cx, r);
		if (e != OK && e != E_PRECONDITION && e != E_NO_CHANGES)
			snprintf(r->words, sizeof r->words, "%s: %.200s",
			    err_name(e), cx.words);
		engine_maintain(&cx, r->f->eng, &more);
		arena_free(cx.mem);
	}
	return NULL;
}

static void
no_update_is_lost_under_commits_and_gc(void **state)
{
	struct fixture	*f = *state;
	struct racer	 r[THREADS];
	struct target	 at = { .repo = STR("repo"), .ref = STR("main"),
	    .path = STR("counter") };
	struct entry	 en;
	unsigned	 i, done = 0;

	memset(r, 0, sizeof r);
	for (i = 0; i < THREADS; i++) {
		r[i].f = f;
		r[i].id = i;
		pthread_create(&r[i].thread, NULL, race, &r[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(r[i].thread, NULL);
		assert_string_equal("", r[i].words);
		done += r[i].done;
	}
	assert_ok(&f->cx, object_stat(&f->cx, f->eng, &at, &en));
	assert_int_equal(done, atoi(str_z(f->cx.mem, en.etag)));
	fsck(f);
}

static enum err
protect_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	static struct str	pattern = { "ma*", 3 };
	struct repo		*r = arg;

	r->protect = &pattern;
	r->n_protect = 1;
	return repo_put(cx, tx, r);
}

/* A branch is protected after an upload began: what it holds can be seen and
 * given back, and that is all. */
static void
an_upload_of_a_protected_branch_can_be_aborted(void **state)
{
	struct fixture		*f = *state;
	struct target		 at = at_of(f, 0, 1);
	struct upload		 u = { .meta = { .content_type = STR("t") } };
	struct upload_part_page	 parts;
	struct upload		 seen;
	struct repo		 r;

	assert_ok(&f->cx, upload_create(&f->cx, f->eng, &at, &u));
	assert_ok(&f->cx, repo_get(&f->cx, f->eng, STR("repo"), &r));
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, protect_fn, &r));
	assert_err(E_PROTECTED, upload_create(&f->cx, f->eng, &at, &seen));
	cx_forget(&f->cx);
	assert_err(E_PROTECTED, upload_get(&f->cx, f->eng, &at, &u.id, &seen));
	cx_forget(&f->cx);
	assert_ok(&f->cx, upload_list_parts(&f->cx, f->eng, &at, &u.id, 0, 10,
	    &seen, &parts));
	assert_ok(&f->cx, upload_abort(&f->cx, f->eng, &at, &u.id));
	assert_err(E_NO_SUCH_UPLOAD, upload_list_parts(&f->cx, f->eng, &at,
	    &u.id, 0, 10, &seen, &parts));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(
		    random_operations_match_the_model, setup, teardown),
		cmocka_unit_test_setup_teardown(gc_leaves_nothing_behind,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    deleted_branches_are_forgotten_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    no_update_is_lost_under_commits_and_gc, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    an_upload_of_a_protected_branch_can_be_aborted, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
