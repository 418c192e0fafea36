/*
 * What operations cost, counted and not timed: what they read, and what a
 * write transaction holds the one writer lock for.
 */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "upkeep/upkeep.h"

enum { CHAIN = 2000, PAGE = 100 };

/* ---- counts ------------------------------------------------------------ */

enum err __real_kv_find(struct cx *, struct kv_tx *, struct str, struct str *,
    bool *);
enum err __wrap_kv_find(struct cx *, struct kv_tx *, struct str, struct str *,
    bool *);
enum err __real_kv_put(struct cx *, struct kv_tx *, struct str,
    const struct buf *);
enum err __wrap_kv_put(struct cx *, struct kv_tx *, struct str,
    const struct buf *);
enum err __real_kv_put_bytes(struct cx *, struct kv_tx *, struct str,
    struct str);
enum err __wrap_kv_put_bytes(struct cx *, struct kv_tx *, struct str,
    struct str);
enum err __real_kv_delete(struct cx *, struct kv_tx *, struct str);
enum err __wrap_kv_delete(struct cx *, struct kv_tx *, struct str);
enum err __real_kv_clear(struct cx *, struct kv_tx *, struct str, struct str,
    size_t, size_t *);
enum err __wrap_kv_clear(struct cx *, struct kv_tx *, struct str, struct str,
    size_t, size_t *);
enum err __real_kv_write(struct cx *, struct kv *, kv_fn *, void *);
enum err __wrap_kv_write(struct cx *, struct kv *, kv_fn *, void *);

static struct {
	size_t	commits;		/* read */
	size_t	writes;			/* transactions */
	size_t	nodes;			/* read within them */
	size_t	rows, most;		/* changed: in this one, in one */
} count;

enum err
__wrap_kv_find(struct cx *cx, struct kv_tx *tx, struct str key,
    struct str *value, bool *there)
{
	count.commits += key.p[0] == 'C';
	count.nodes += tx->writing && key.p[0] == 'n';
	return __real_kv_find(cx, tx, key, value, there);
}

static void
changed(size_t n)
{
	count.rows += n;
	if (count.rows > count.most)
		count.most = count.rows;
}

enum err
__wrap_kv_put(struct cx *cx, struct kv_tx *tx, struct str key,
    const struct buf *value)
{
	changed(1);
	return __real_kv_put(cx, tx, key, value);
}

enum err
__wrap_kv_put_bytes(struct cx *cx, struct kv_tx *tx, struct str key,
    struct str value)
{
	changed(1);
	return __real_kv_put_bytes(cx, tx, key, value);
}

enum err
__wrap_kv_delete(struct cx *cx, struct kv_tx *tx, struct str key)
{
	changed(1);
	return __real_kv_delete(cx, tx, key);
}

enum err
__wrap_kv_clear(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    size_t max, size_t *n)
{
	enum err	e;

	e = __real_kv_clear(cx, tx, lo, hi, max, n);
	changed(*n);
	return e;
}

enum err
__wrap_kv_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	count.writes++;
	count.rows = 0;
	return __real_kv_write(cx, kv, fn, arg);
}

/* ---- a lake ------------------------------------------------------------ */

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
};

static const struct str	repo = STR_INIT("repo"), trunk = STR_INIT("main");

static int
setup(void **state)
{
	struct fixture		*f = calloc(1, sizeof *f);
	struct repo		 r = { .name = repo, .default_branch = trunk,
	    .storage_namespace = STR("x") };
	struct engine_opts	 o;

	cx_init(&f->cx, arena_new());
	f->cx.now = 1700000000000;
	f->kv = kv_mem_open();
	f->block = block_mem_open();
	engine_defaults(&o);
	o.part_least = 1;
	f->eng = engine_open(f->kv, f->block, &o);
	assert_ok(&f->cx, engine_init(&f->cx, f->eng));
	assert_ok(&f->cx, repo_create(&f->cx, f->eng, &r, STR("me")));
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

/* Later by some seconds: the log is by date. */
static struct commit
commit(struct fixture *f, struct str branch, int64_t later)
{
	const struct commit_opts	opt = { .allow_empty = true,
	    .message = STR("m"), .committer = STR("me") };
	struct commit			c;

	f->cx.now += later * 1000;
	assert_ok(&f->cx, commit_create(&f->cx, f->eng, repo, branch, &opt,
	    &c));
	return c;
}

/* ---- logs -------------------------------------------------------------- */

static struct commit_page
log_page(struct fixture *f, size_t amount, struct str after, bool first_parent)
{
	const struct commit_log_query	q = { .ref = trunk, .after = after,
	    .amount = amount, .first_parent = first_parent };
	struct commit_page		page;

	assert_ok(&f->cx, commit_log(&f->cx, f->eng, repo, &q, &page));
	return page;
}

/* The log in pages is the log in one; what the last page has read. */
static size_t
log_in_pages(struct fixture *f, size_t amount, bool first_parent)
{
	struct commit_page	all = log_page(f, 2 * CHAIN, STR(""),
	    first_parent), page = { .next = STR("") };
	size_t			i, n = 0;

	assert_false(all.more);
	do {
		count.commits = 0;
		page = log_page(f, amount, page.next, first_parent);
		for (i = 0; i < page.n; i++, n++) {
			assert_true(n < all.n);
			assert_memory_equal(&page.at[i].id, &all.at[n].id,
			    sizeof all.at[n].id);
		}
	} while (page.more);
	assert_int_equal(all.n, n);
	return count.commits;
}

static void
a_page_of_a_chain_reads_that_page(void **state)
{
	struct fixture		*f = *state;
	struct commit_page	 page;
	size_t			 i;

	for (i = 0; i < CHAIN; i++)
		commit(f, trunk, i % 3);
	assert_in_range(log_in_pages(f, PAGE, false), 1, 3 * PAGE);
	/* A page that nobody gave as the next begins at the ref. */
	page = log_page(f, 1, STR(""), false);
	page = log_page(f, 1, str_of(oid_hex(&page.at[0].id).z), false);
	assert_int_equal(1, page.n);
	assert_true(page.more);
	page = log_page(f, 1, STR("main~1999"), false);
	assert_str("Repository created", page.at[0].message);
}

static void
the_log_in_pages_is_the_log(void **state)
{
	static const size_t	 amounts[] = { 1, 2, 3, 7 };
	struct fixture		*f = *state;
	struct branch_opts	 from = { .source = trunk };
	struct merge_opts	 opt = { .commit = { .committer = STR("me"),
	    .force = true, .allow_empty = true } };
	struct commit		 c;
	struct oid		 head;
	size_t			 i, round;

	assert_ok(&f->cx, branch_create(&f->cx, f->eng, repo, STR("dev"),
	    &from, STR("me"), &head));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 5; i++) {
			commit(f, trunk, 2);
			/* Some of them younger than what follows them. */
			commit(f, STR("dev"), i == 3 ? -3 : 1);
		}
		assert_ok(&f->cx, branch_merge(&f->cx, f->eng, repo,
		    STR("dev"), trunk, &opt, &c));
		commit(f, trunk, 1);
		commit(f, trunk, 1);
	}
	for (i = 0; i < 4; i++) {
		log_in_pages(f, amounts[i], false);
		log_in_pages(f, amounts[i], true);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_page_of_a_chain_reads_that_page, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_in_pages_is_the_log,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
