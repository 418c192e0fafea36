/*
 * What operations cost, counted and not timed: what they read, and what a
 * write transaction holds the one writer lock for.
 */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "engine/engine_inside.h"
#include "kv/kv.h"
#include "lake/keys.h"
#include "tree/gc_state.h"
#include "upkeep/upkeep.h"

enum { CHAIN = 2000, PAGE = 100, OBJECTS = 3000, DELETED = 1000, PARTS = 2500,
	REPOS = 300 };

/* ---- counts ------------------------------------------------------------ */

enum err __real_kv_find(struct cx *, struct kv_tx *, struct str, struct str *,
    bool *);
enum err __wrap_kv_find(struct cx *, struct kv_tx *, struct str, struct str *,
    bool *);
enum err __real_kv_get(struct cx *, struct kv *, struct str, struct str *,
    bool *);
enum err __wrap_kv_get(struct cx *, struct kv *, struct str, struct str *,
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

enum err __real_kv_next(struct cx *, struct kv_tx *, struct kv_cursor *,
    struct str *, struct str *, bool *);
enum err __wrap_kv_next(struct cx *, struct kv_tx *, struct kv_cursor *,
    struct str *, struct str *, bool *);

static struct {
	size_t	reads;			/* of one record each */
	size_t	commits;		/* read */
	size_t	writes;			/* transactions */
	size_t	nodes;			/* read within them */
	size_t	looks;			/* nodes read in snapshots of their own */
	size_t	rows, most;		/* changed: in this one, in one */
	size_t	last;			/* that there is a store for; 0: all */
} count;

enum err
__wrap_kv_find(struct cx *cx, struct kv_tx *tx, struct str key,
    struct str *value, bool *there)
{
	count.reads++;
	count.commits += key.p[0] == 'C';
	count.nodes += tx->writing && key.p[0] == 'n';
	return __real_kv_find(cx, tx, key, value, there);
}

enum err
__wrap_kv_get(struct cx *cx, struct kv *kv, struct str key, struct str *value,
    bool *there)
{
	count.looks += key.p[0] == 'n';
	return __real_kv_get(cx, kv, key, value, there);
}

enum err
__wrap_kv_next(struct cx *cx, struct kv_tx *tx, struct kv_cursor *cur,
    struct str *key, struct str *value, bool *there)
{
	count.reads++;
	return __real_kv_next(cx, tx, cur, key, value, there);
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
	if (count.last > 0 && count.writes > count.last)
		return fail(cx, E_STORE, "there is no store any more");
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

	memset(&count, 0, sizeof count);
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

/* With merges: the page, and what lies beside it. */
static void
a_page_behind_merges_reads_that_page(void **state)
{
	struct fixture		*f = *state;
	struct branch_opts	 from = { .source = trunk };
	struct merge_opts	 opt = { .commit = { .committer = STR("me"),
	    .force = true, .allow_empty = true } };
	struct commit		 c;
	struct oid		 head;
	size_t			 i;

	assert_ok(&f->cx, branch_create(&f->cx, f->eng, repo, STR("dev"),
	    &from, STR("me"), &head));
	for (i = 0; i < CHAIN / 4; i++) {
		commit(f, STR("dev"), 1);
		commit(f, trunk, 1);
		assert_ok(&f->cx, branch_merge(&f->cx, f->eng, repo,
		    STR("dev"), trunk, &opt, &c));
	}
	assert_in_range(log_in_pages(f, PAGE, false), 1, 3 * PAGE);
	assert_in_range(log_in_pages(f, PAGE, true), 1, 3 * PAGE);
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

/* ---- repositories ------------------------------------------------------ */

static void
create(struct fixture *f, unsigned n)
{
	struct repo	r = { .name = str_printf(f->cx.mem, "repo%u", n),
	    .default_branch = trunk, .storage_namespace = str_printf(
	    f->cx.mem, "local://of/%u", n) };

	memset(&count, 0, sizeof count);
	assert_ok(&f->cx, repo_create(&f->cx, f->eng, &r, STR("me")));
}

static void
a_creation_reads_no_other_repository(void **state)
{
	struct fixture	*f = *state;
	size_t		 reads, rows;
	unsigned	 i;

	create(f, 0);
	reads = count.reads;
	rows = count.most;
	assert_in_range(reads, 1, 10);
	for (i = 1; i < REPOS; i++) {
		create(f, i);
		assert_int_equal(reads, count.reads);
		assert_int_equal(rows, count.most);
	}
}

/* ---- the writer lock --------------------------------------------------- */

static struct target
at(struct fixture *f, const char *ref, size_t k)
{
	return (struct target){ .repo = repo, .ref = str_of(ref),
	    .path = str_printf(f->cx.mem, "%08zu/%080d", k, 0) };
}

static void
put_all(struct fixture *f)
{
	static const struct cond	none;
	struct source	src;
	struct target	where;
	struct entry	en;
	struct body	*body;
	size_t		 k;

	for (k = 0; k < OBJECTS; k++) {
		where = at(f, "main", k);
		src = source_of_str(&f->cx, STR("bytes"));
		en = (struct entry){ .content_type = STR("t"),
		    .etag = STR("etag") };
		assert_ok(&f->cx, body_take(&f->cx, f->eng, &src, 100, NULL,
		    NULL, &body));
		assert_ok(&f->cx, object_put(&f->cx, f->eng, &where, body, &en,
		    &none, false));
	}
	commit(f, trunk, 1);
}

/* Begin to count, as a process that has read nothing yet. */
static void
begin(struct fixture *f)
{
	struct engine_opts	o;

	engine_close(f->eng);
	engine_defaults(&o);
	o.part_least = 1;
	f->eng = engine_open(f->kv, f->block, &o);
	memset(&count, 0, sizeof count);
}

static struct object_delete_item *
some(struct fixture *f, size_t n)
{
	struct object_delete_item	*all;
	size_t				 i;

	all = arena_get(f->cx.mem, n * sizeof *all);
	memset(all, 0, n * sizeof *all);
	for (i = 0; i < n; i++)
		all[i].path = at(f, "main", i * OBJECTS / n).path;
	return all;
}

static bool
is_there(struct fixture *f, struct str path)
{
	const struct target	where = { .repo = repo, .ref = trunk,
	    .path = path };
	struct entry		en;
	enum err		e;

	e = object_stat(&f->cx, f->eng, &where, &en);
	cx_forget(&f->cx);
	return e == OK;
}

static void
deletions_go_in_slices(void **state)
{
	struct fixture			*f = *state;
	struct object_delete_item	*all = some(f, DELETED);
	size_t				 i;

	put_all(f);
	begin(f);
	assert_ok(&f->cx, objects_delete(&f->cx, f->eng, repo, trunk, all,
	    DELETED, false));
	assert_int_equal((DELETED + 255) / 256, count.writes);
	assert_int_equal(0, count.nodes);
	/* A tombstone each, and a count. */
	assert_in_range(count.most, 256, 2 * 256 + 8);
	for (i = 0; i < DELETED; i++)
		assert_false(is_there(f, all[i].path));
}

static void
what_an_error_leaves_says_so(void **state)
{
	struct fixture			*f = *state;
	struct object_delete_item	*all = some(f, DELETED);
	size_t				 i;

	put_all(f);
	all[7].cond.if_match = STR("another");
	all[900].cond.if_match = STR("another");
	begin(f);
	count.last = 2;
	assert_err(E_STORE, objects_delete(&f->cx, f->eng, repo, trunk, all,
	    DELETED, false));
	cx_forget(&f->cx);
	count.last = 0;
	for (i = 0; i < DELETED; i++) {
		assert_err(i == 7 ? E_PRECONDITION : i < 512 ? OK : E_STORE,
		    all[i].result);
		assert_int_equal(all[i].result != OK,
		    is_there(f, all[i].path));
		assert_int_equal(all[i].result != OK, all[i].words.n > 0);
	}
}

static enum err
copy_one(struct fixture *f, bool move)
{
	struct object_copy_opts	opt = { .move = move };
	struct target		src = at(f, "main", OBJECTS / 2), dst = src;
	struct entry		en;

	opt.dst_cond.if_none_match = STR("*");
	dst.path = at(f, "main", OBJECTS + 1 + move).path;
	return object_copy(&f->cx, f->eng, &src, &dst, &opt, &en);
}

static void
trees_are_read_before_the_writer_lock_is_held(void **state)
{
	static const struct cond	none;
	struct fixture	*f = *state;
	struct target	where = at(f, "main", 5);
	bool		marker;

	put_all(f);
	begin(f);
	assert_ok(&f->cx, object_delete(&f->cx, f->eng, &where, &none, false,
	    &marker));
	assert_int_equal(0, count.nodes);
	begin(f);
	assert_ok(&f->cx, branch_reset_path(&f->cx, f->eng, repo, trunk,
	    where.path, false, false));
	assert_int_equal(0, count.nodes);
	assert_true(is_there(f, where.path));
	assert_ok(&f->cx, objects_delete(&f->cx, f->eng, repo, trunk,
	    some(f, DELETED), DELETED, false));
	begin(f);
	assert_ok(&f->cx, branch_reset_path(&f->cx, f->eng, repo, trunk,
	    STR("0"), true, false));
	assert_int_equal(0, count.nodes);
	begin(f);
	assert_ok(&f->cx, copy_one(f, false));
	assert_int_equal(0, count.nodes);
	begin(f);
	assert_ok(&f->cx, copy_one(f, true));
	assert_int_equal(0, count.nodes);
}

/* ---- every write ------------------------------------------------------- */

static enum err
put_if(struct fixture *f, const char *ref, const struct cond *cond)
{
	struct target	where = at(f, ref, 17);
	struct source	src = source_of_str(&f->cx, STR("other bytes"));
	struct entry	en = { .content_type = STR("t"),
	    .etag = STR("another") };
	struct body	*body;
	enum err	e;

	if ((e = body_take(&f->cx, f->eng, &src, 100, NULL, NULL,
	    &body)) != OK)
		return e;
	return object_put(&f->cx, f->eng, &where, body, &en, cond, false);
}

static enum err
put_plainly(struct fixture *f)
{
	static const struct cond	none;

	return put_if(f, "main", &none);
}

static enum err
put_if_match(struct fixture *f)
{
	const struct cond	cond = { .if_match = STR("etag") };

	return put_if(f, "main", &cond);
}

static enum err
set_meta(struct fixture *f)
{
	struct pair	meta = { STR("k"), STR("v") };
	struct target	where = at(f, "main", 9);

	return object_set_meta(&f->cx, f->eng, &where, &meta, 1, false);
}

static enum err
set_tags(struct fixture *f)
{
	struct pair	tag = { STR("k"), STR("v") };
	struct target	where = at(f, "main", 9);

	return object_set_tags(&f->cx, f->eng, &where, &tag, 1);
}

static enum err
copy_object(struct fixture *f)
{
	return copy_one(f, false);
}

static enum err
move_object(struct fixture *f)
{
	return copy_one(f, true);
}

static enum err
restore(struct fixture *f)
{
	const struct object_copy_opts	opt = { .move = false };
	struct target		src = at(f, "first", 11), dst = at(f, "main", 11);
	struct entry		en;

	return object_copy(&f->cx, f->eng, &src, &dst, &opt, &en);
}

static enum err
delete_one(struct fixture *f)
{
	static const struct cond	none;
	struct target	where = at(f, "main", 5);
	bool		marker;

	return object_delete(&f->cx, f->eng, &where, &none, false, &marker);
}

static enum err
delete_many(struct fixture *f)
{
	return objects_delete(&f->cx, f->eng, repo, trunk, some(f, DELETED),
	    DELETED, false);
}

static enum err
reset_path(struct fixture *f)
{
	return branch_reset_path(&f->cx, f->eng, repo, trunk,
	    at(f, "main", 0).path, false, false);
}

static enum err
reset_prefix(struct fixture *f)
{
	return branch_reset_path(&f->cx, f->eng, repo, trunk, STR("0"), true,
	    false);
}

static enum err
reset_all(struct fixture *f)
{
	return branch_reset(&f->cx, f->eng, repo, trunk, false);
}

static enum err
commit_trunk(struct fixture *f)
{
	const struct commit_opts	opt = { .committer = STR("me") };
	struct commit			c;

	return commit_create(&f->cx, f->eng, repo, trunk, &opt, &c);
}

static enum err
maintain(struct fixture *f)
{
	struct branch	br;
	struct repo	r;
	enum err	e;
	bool		more;

	if ((e = repo_get(&f->cx, f->eng, repo, &r)) != OK ||
	    (e = branch_get(&f->cx, f->eng, repo, trunk, &br)) != OK)
		return e;
	todo_add(&f->eng->todo, &r.ruid, trunk, &br.uid);
	do
		e = engine_maintain(&f->cx, f->eng, &more);
	while (e == OK && more);
	return e;
}

static enum err
create_branch(struct fixture *f)
{
	const struct branch_opts	from = { .source = trunk };
	struct oid			head;

	return branch_create(&f->cx, f->eng, repo, STR("dev"), &from,
	    STR("me"), &head);
}

static enum err
put_to_branch(struct fixture *f)
{
	const struct cond	cond = { .if_match = STR("*") };

	return put_if(f, "dev", &cond);
}

static enum err
commit_branch(struct fixture *f)
{
	commit(f, STR("dev"), 1);
	return OK;
}

static enum err
merge_branch(struct fixture *f)
{
	const struct merge_opts	opt = { .strategy = STRATEGY_SOURCE,
	    .commit = { .committer = STR("me") } };
	struct commit		c;

	return branch_merge(&f->cx, f->eng, repo, STR("dev"), trunk, &opt, &c);
}

static enum err
delete_branch(struct fixture *f)
{
	return branch_delete(&f->cx, f->eng, repo, STR("dev"), false,
	    STR("me"));
}

static enum err
create_tag(struct fixture *f)
{
	struct oid	id;

	return tag_create(&f->cx, f->eng, repo, STR("first"), trunk, false,
	    &id);
}

static enum err
delete_tag(struct fixture *f)
{
	return tag_delete(&f->cx, f->eng, repo, STR("first"), false);
}

static enum err
multipart(struct fixture *f)
{
	static const struct cond	none;
	struct upload_complete_item	item = { .number = 1 };
	struct upload_complete_opts	opt = { .items = &item, .n = 1,
	    .cond = { .if_match = STR("etag") } };
	struct target			where = at(f, "main", 21);
	struct target			src = at(f, "main", 2000);
	const struct upload_copy	from = { .src = &src, .cond = &none };
	struct upload			u = { .meta = { .content_type =
	    STR("t") } };
	struct upload_part		part = { .number = 1 };
	struct entry			en;
	enum err			e;

	if ((e = upload_create(&f->cx, f->eng, &where, &u)) != OK ||
	    (e = upload_part_copy(&f->cx, f->eng, &where, &u.id, &part,
	    &from)) != OK)
		return e;
	item.etag = part.en.etag;
	return upload_complete(&f->cx, f->eng, &where, &u.id, &opt, &en);
}

/* One after another, each by a process that has read nothing yet. */
static const struct {
	const char	*name;
	enum err	(*run)(struct fixture *f);
} writes[] = {
	{ "create_tag", create_tag }, { "put", put_plainly },
	{ "reset_all", reset_all }, { "put_if_match", put_if_match },
	{ "set_meta", set_meta }, { "set_tags", set_tags },
	{ "copy", copy_object }, { "move", move_object },
	{ "restore", restore }, { "delete", delete_one },
	{ "multipart", multipart },
	{ "delete_many", delete_many }, { "reset_path", reset_path },
	{ "reset_prefix", reset_prefix },
	{ "create_branch", create_branch },
	{ "put_to_branch", put_to_branch },
	{ "commit_branch", commit_branch },
	{ "delete_one_more", delete_one }, { "commit", commit_trunk },
	{ "merge", merge_branch }, { "maintain", maintain },
	{ "delete_branch", delete_branch },
	{ "delete_tag", delete_tag },
};

/* No node is read, so none is hashed, and no more than a thousand rows are
 * written, while the lock of the writers is held.  [K7] */
static void
writes_hold_the_lock_for_little(void **state)
{
	struct fixture	*f = *state;
	size_t		 i;

	put_all(f);
	for (i = 0; i < sizeof writes / sizeof writes[0]; i++) {
		begin(f);
		assert_ok(&f->cx, writes[i].run(f));
		if (count.nodes > 0 || count.most > 1000 || count.writes == 0)
			print_error("%s: %zu nodes, %zu rows, %zu writes\n",
			    writes[i].name, count.nodes, count.most,
			    count.writes);
		assert_int_equal(0, count.nodes);
		assert_in_range(count.most, 1, 1000);
	}
}

/* ---- parts ------------------------------------------------------------- */

static struct uid
upload(struct fixture *f, const struct target *where,
    struct upload_complete_item *items)
{
	struct upload		 u = { .meta = { .content_type = STR("t") } };
	struct upload_part	 part;
	struct source		 src;
	struct body		*body;
	size_t			 i;

	assert_ok(&f->cx, upload_create(&f->cx, f->eng, where, &u));
	for (i = 0; i < PARTS; i++) {
		src = source_of_str(&f->cx, STR("bytes"));
		assert_ok(&f->cx, body_take(&f->cx, f->eng, &src, 100, NULL,
		    NULL, &body));
		part = (struct upload_part){ .number = (uint32_t)i + 1,
		    .en = { .etag = body_etag(&f->cx, body) } };
		items[i] = (struct upload_complete_item){
		    .number = part.number, .etag = part.en.etag };
		assert_ok(&f->cx, upload_part(&f->cx, f->eng, where, &u.id,
		    &part, body));
	}
	return u.id;
}

struct rows {
	struct str	prefix;
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
	e = kv_scan_keys(cx, tx, in.lo, in.hi, &cur);
	while (e == OK && (e = kv_next(cx, tx, cur, &k, &v, &there)) == OK &&
	    there)
		r->n++;
	return e;
}

static size_t
rows(struct fixture *f, const char *prefix)
{
	struct rows	r = { .prefix = str_of(prefix) };

	assert_ok(&f->cx, kv_read(&f->cx, f->kv, rows_fn, &r));
	return r.n;
}

static void
parts_go_in_slices(void **state)
{
	static struct upload_complete_item	items[PARTS];
	const struct upload_complete_opts	opt = { .items = items,
	    .n = PARTS };
	const struct gc_opts	gc = { .upload_age = INT64_MAX / 4,
	    .head_age = INT64_MAX / 4 };
	struct fixture	*f = *state;
	struct target	 where = at(f, "main", 1);
	struct gc_report r;
	struct entry	 en;
	struct uid	 id;
	int		 i, abort;

	for (i = 0; i < 6; i++) {
		abort = i % 2;
		id = upload(f, &where, items);
		begin(f);
		count.last = (size_t)i / 2;
		assert_ok(&f->cx, abort ?
		    upload_abort(&f->cx, f->eng, &where, &id) :
		    upload_complete(&f->cx, f->eng, &where, &id, &opt, &en));
		assert_in_range(count.most, 1000, 1010);
		if (i < 2) {
			assert_int_equal(3, count.writes);
			assert_int_equal(0, rows(f, "P") + rows(f, "ZU"));
			continue;
		}
		/* The process died after it, or the store: gc finds the note. */
		assert_int_equal(1, rows(f, "ZU"));
		assert_int_equal(PARTS - 1000 * count.last, rows(f, "P"));
		begin(f);
		assert_ok(&f->cx, gc_run(&f->cx, f->eng, &gc, &r));
		assert_int_equal(0, rows(f, "P") + rows(f, "ZU"));
	}
}

/* ---- versions ---------------------------------------------------------- */

static void
put(struct fixture *f, size_t k, const char *etag)
{
	static const struct cond	none;
	struct target	where = at(f, "main", k);
	struct source	src = source_of_str(&f->cx, STR("bytes"));
	struct entry	en = { .content_type = STR("t"),
	    .etag = str_of(etag) };
	struct body	*body;

	assert_ok(&f->cx, body_take(&f->cx, f->eng, &src, 100, NULL, NULL,
	    &body));
	assert_ok(&f->cx, object_put(&f->cx, f->eng, &where, body, &en, &none,
	    false));
}

/* A page, by a process that has read nothing: what it has, what it read. */
static size_t
versions_grouped(struct fixture *f, struct str prefix, struct str after,
    struct str delimiter)
{
	struct list_query	q = { .prefix = prefix, .delimiter = delimiter, .after = after,
	    .limit = PAGE };
	struct version_page	page;

	begin(f);
	assert_ok(&f->cx, object_versions(&f->cx, f->eng, repo, trunk, &q,
	    STR(""), &page));
	return page.n;
}

static size_t
versions_page(struct fixture *f, struct str prefix, struct str after)
{
	return versions_grouped(f, prefix, after, STR(""));
}

/* Each commit costs its record and its root, where the page is not changed. */
static void
a_page_of_versions_compares_roots(void **state)
{
	struct fixture		*f = *state;
	struct arena_mark	 mark;
	size_t			 i, k;

	put_all(f);
	for (i = 0; i < CHAIN; i++) {
		mark = arena_mark(f->cx.mem);
		for (k = 0; k < 2; k++)
			put(f, 1000 + (i * 37 + k * 900) % 1900,
			    i % 2 ? "a" : "b");
		commit(f, trunk, 1);
		arena_back(f->cx.mem, mark);
	}
	/* None of them changed what the first page has. */
	assert_int_equal(PAGE, versions_page(f, STR(""), STR("")));
	assert_in_range(count.commits, CHAIN, CHAIN + 3);
	assert_in_range(count.looks, CHAIN, CHAIN + 20);
	assert_int_equal(10, versions_page(f, STR("0000010"), STR("")));
	assert_in_range(count.looks, CHAIN, CHAIN + 20);
	assert_int_equal(0, versions_page(f, STR("x"), STR("")));
	assert_in_range(count.looks, CHAIN, CHAIN + 20);
	/* They changed this, and a page of it has but a few objects. */
	assert_int_equal(PAGE, versions_page(f, STR(""),
	    at(f, "main", 1200).path));
	assert_in_range(count.commits, CHAIN, CHAIN + 3);
	assert_in_range(count.looks, CHAIN, CHAIN + CHAIN / 2);
	/* They changed what is in a group that the page has: no leaf is read,
	 * only what is between the root and the first key. */
	assert_int_equal(1, versions_grouped(f, STR(""), STR(""), STR("00")));
	assert_in_range(count.looks, CHAIN, 2 * CHAIN + 50);
}

/* ---- gc ---------------------------------------------------------------- */

enum { NOTES = 2500 };

static enum err
mark_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc_state	gs;
	struct oid	id = { { 0 } };
	size_t		i;
	enum err	e;

	(void)arg;
	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	gs.marking = true;
	for (i = 0; e == OK && i < NOTES; i++) {
		memcpy(id.b, &i, sizeof i);
		e = kv_put_bytes(cx, tx, key_grey(cx, 'N', oid_str(&id)),
		    STR(""));
	}
	return e == OK ? gc_state_put(cx, tx, &gs) : e;
}

/* After a gc that died in its mark, of a lake that is mostly garbage. */
static void
gc_goes_in_slices(void **state)
{
	const struct gc_opts	opt = { .upload_age = 1 };
	struct fixture		*f = *state;
	struct gc_report	r;

	put_all(f);
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, mark_fn, NULL));
	assert_ok(&f->cx, repo_delete(&f->cx, f->eng, repo, true));
	f->cx.now += 1000;
	begin(f);
	assert_ok(&f->cx, gc_run(&f->cx, f->eng, &opt, &r));
	assert_int_equal(OBJECTS, r.blocks);
	assert_in_range(count.most, 512, 1000);
	assert_int_equal(0, rows(f, "g") + rows(f, "y") + rows(f, "N"));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_page_of_a_chain_reads_that_page, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_page_behind_merges_reads_that_page, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_in_pages_is_the_log,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_page_of_versions_compares_roots, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_creation_reads_no_other_repository, setup, teardown),
		cmocka_unit_test_setup_teardown(deletions_go_in_slices, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(what_an_error_leaves_says_so,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    trees_are_read_before_the_writer_lock_is_held, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    writes_hold_the_lock_for_little, setup, teardown),
		cmocka_unit_test_setup_teardown(parts_go_in_slices, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(gc_goes_in_slices, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
