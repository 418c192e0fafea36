/*
 * Logs and merge bases of histories made by hand: of any shape and any dates,
 * of both forms of records, by pages of any size, with what goes on beside
 * them.
 */
#include "unit/unit_lake.h"

#include "engine/merge_base.h"
#include "engine/walk.h"
#include "lake/frontier.h"

enum { MANY = 400 };

struct history {
	struct lake	l;
	struct uid	ruid;
	struct commit	made[MANY];	/* parents before their children */
	size_t		n;
};

static void
begin(struct history *h)
{
	struct repo	r;

	memset(h, 0, sizeof *h);
	lake_begin(&h->l);
	assert_ok(&h->l.cx, repo_get(&h->l.cx, h->l.eng, REPO, &r));
	h->ruid = r.ruid;
}

/* As it was written until commits had milliseconds. */
static void
format_1(struct buf *b, struct commit *c)
{
	size_t	i;

	buf_byte(b, 1);
	buf_add(b, c->tree.b, sizeof c->tree);
	buf_varint(b, c->n_parents);
	for (i = 0; i < c->n_parents; i++)
		buf_add(b, c->parents[i].b, sizeof c->parents[i]);
	buf_varint(b, c->generation);
	buf_varint(b, (uint64_t)c->date / 1000);
	buf_field(b, c->committer);
	buf_field(b, c->message);
	buf_varint(b, 0);
	digest_of(DIGEST_SHA256, b->p, b->n, c->id.b);
}

static void
write_commit(struct history *h, struct commit *c, bool old)
{
	struct cx	*cx = &h->l.cx;
	struct buf	 b;

	buf_init(&b, cx->mem, 1000);
	if (old)
		format_1(&b, c);
	else
		commit_format(&b, c);
	lake_set(&h->l, key_commit(cx, &h->ruid, oid_str(&c->id)),
	    buf_as_str(&b));
}

/* A commit on none, one or two of those made before. */
static struct commit *
make(struct history *h, int64_t date, const struct commit *left,
    const struct commit *right, bool old)
{
	const struct commit	*parents[] = { left, right };
	struct commit		*c = &h->made[h->n];
	size_t			 i;

	assert_true(h->n < MANY);
	*c = (struct commit){ .date = date, .message =
	    str_printf(h->l.cx.mem, "%zu", h->n) };
	for (i = 0; i < 2; i++) {
		if (parents[i] == NULL)
			continue;
		c->parents[c->n_parents++] = parents[i]->id;
		if (c->generation < parents[i]->generation)
			c->generation = parents[i]->generation;
		if (c->order < commit_latest(parents[i]) && !old)
			c->order = commit_latest(parents[i]);
	}
	c->generation++;
	write_commit(h, c, old);
	return &h->made[h->n++];
}

static struct str
id_of(struct history *h, const struct commit *c)
{
	return str_dup(h->l.cx.mem, str_of(oid_hex(&c->id).z));
}

static enum err
try_log(struct history *h, const struct commit *from, struct str after,
    size_t amount, bool first_parent, struct commit_page *page)
{
	const struct commit_log_query	q = { .ref = id_of(h, from),
	    .after = after, .amount = amount, .first_parent = first_parent };

	return commit_log(&h->l.cx, h->l.eng, REPO, &q, page);
}

static struct commit_page
whole_log(struct history *h, const struct commit *from, bool first_parent)
{
	struct commit_page	page;

	assert_ok(&h->l.cx, try_log(h, from, STR(""), MANY, first_parent,
	    &page));
	assert_false(page.more);
	return page;
}

static void
check_pages(struct history *h, const struct commit *from, size_t amount,
    bool first_parent)
{
	struct commit_page	all = whole_log(h, from, first_parent);
	struct commit_page	page = { .next = STR("") };
	size_t			i, n = 0;

	do {
		assert_ok(&h->l.cx, try_log(h, from, page.next, amount,
		    first_parent, &page));
		for (i = 0; i < page.n; i++, n++) {
			assert_true(n < all.n);
			assert_true(oid_is(&all.at[n].id, &page.at[i].id));
		}
	} while (page.more);
	assert_int_equal(all.n, n);
}

/* A parent stands behind all of its children, and each commit stands once. */
static void
check_order(const struct commit_page *page)
{
	size_t	i, k, p;

	for (i = 0; i < page->n; i++)
		for (k = i + 1; k < page->n; k++) {
			assert_false(oid_is(&page->at[i].id,
			    &page->at[k].id));
			for (p = 0; p < page->at[k].n_parents; p++)
				assert_false(oid_is(&page->at[i].id,
				    &page->at[k].parents[p]));
		}
}

/* How many commits a commit reaches, with itself. */
static size_t
reached(const struct history *h, const struct commit *from)
{
	bool	is[MANY] = { false };
	size_t	i, k, p, n = 0;

	is[from - h->made] = true;
	for (i = h->n; i-- > 0;) {
		n += is[i];
		for (p = 0; is[i] && p < h->made[i].n_parents; p++)
			for (k = 0; k < i; k++)
				if (oid_is(&h->made[k].id,
				    &h->made[i].parents[p]))
					is[k] = true;
	}
	return n;
}

static void
logs_of_any_history_are_in_order(void **state)
{
	static struct history	 h;
	struct commit_page	 all;
	struct commit		*c;
	unsigned		 seed;
	size_t			 i, a, b, n;

	(void)state;
	for (seed = 1; seed < 9; seed++) {
		srand(seed);
		begin(&h);
		for (i = 0; i < 120; i++) {
			/* Lines of some length, merged now and then. */
			a = i < 10 ? (size_t)rand() % (i + 1) :
			    (size_t)rand() % 10;
			b = (size_t)rand() % 30;
			make(&h, 1000 * (rand() % (seed % 2 ? 5 : 1000)),
			    i > a ? &h.made[i - 1 - a] : NULL,
			    i > b && b != a && rand() % 3 == 0 ?
			    &h.made[i - 1 - b] : NULL, seed % 4 == 3 ||
			    i < (seed % 4) * 40);
		}
		for (i = 100; i < 120; i += 5) {
			c = &h.made[i];
			all = whole_log(&h, c, false);
			assert_int_equal(reached(&h, c), all.n);
			check_order(&all);
			for (n = 1; n < 12; n += 3) {
				check_pages(&h, c, n, false);
				check_pages(&h, c, n, true);
			}
		}
		lake_end(&h.l);
	}
}

/* A hundred first commits, merged one by one: too many for a text. */
static void
wide_histories_have_pages_too(void **state)
{
	static struct history	 h;
	struct commit_page	 page;
	struct commit		*tip, *c;
	size_t			 i;

	(void)state;
	begin(&h);
	tip = make(&h, 1000, NULL, NULL, false);
	for (i = 0; i < 100; i++) {
		c = make(&h, 1000, NULL, NULL, false);
		tip = make(&h, 5000, tip, c, false);
	}
	check_pages(&h, tip, 7, false);
	check_pages(&h, tip, 33, false);
	assert_ok(&h.l.cx, try_log(&h, tip, STR(""), 63, false, &page));
	assert_true(frontier_is(page.next));
	assert_ok(&h.l.cx, try_log(&h, tip, STR(""), 64, false, &page));
	assert_true(page.more && !frontier_is(page.next));
	lake_end(&h.l);
}

static void
pages_go_on_whatever_the_ref_does(void **state)
{
	static struct history	 h;
	struct commit_page	 all, page;
	struct commit		*left, *right, *tip, out;
	struct str		 after;

	(void)state;
	begin(&h);
	left = make(&h, 1000, NULL, NULL, false);
	right = make(&h, 2000, left, NULL, false);
	tip = make(&h, 3000, make(&h, 2500, left, NULL, false), right, false);
	all = whole_log(&h, tip, false);
	assert_ok(&h.l.cx, try_log(&h, tip, STR(""), 2, false, &page));
	after = page.next;
	/* The ref is elsewhere: the log that was begun goes on. */
	assert_ok(&h.l.cx, try_log(&h, left, after, 10, false, &page));
	assert_int_equal(2, page.n);
	assert_true(oid_is(&all.at[2].id, &page.at[0].id));
	/* A commit's id, a prefix of it, or a ref: what comes behind it. */
	assert_ok(&h.l.cx, try_log(&h, tip, id_of(&h, &all.at[1]), 10, false,
	    &page));
	assert_int_equal(2, page.n);
	assert_ok(&h.l.cx, try_log(&h, tip, str_to(id_of(&h, &all.at[1]), 20),
	    10, false, &page));
	assert_int_equal(2, page.n);
	assert_err(E_NO_SUCH_REF, try_log(&h, tip, STR("nosuch"), 10, false,
	    &page));
	cx_forget(&h.l.cx);
	/* Nothing names them: gc takes them, between two pages. */
	assert_ok(&h.l.cx, lake_try_commit(&h.l.cx, h.l.eng, "main"));
	assert_ok(&h.l.cx, lake_try_gc(&h.l.cx, h.l.eng));
	assert_ok(&h.l.cx, ref_commit(&h.l.cx, h.l.eng, REPO, STR("main"),
	    &out));
	assert_err(E_BAD_REQUEST, try_log(&h, &out, after, 10, false, &page));
	assert_non_null(strstr(h.l.cx.words, "not there any more"));
	cx_forget(&h.l.cx);
	lake_end(&h.l);
}

/* A text that someone made up names no commit of another repository. */
static void
frontiers_stay_in_their_repository(void **state)
{
	static struct history	 h;
	struct repo		 r = { .name = STR("other"),
	    .default_branch = STR("main"), .storage_namespace = STR("y") };
	struct commit_log_query	 q = { .ref = STR("main"), .amount = 10 };
	struct commit_page	 page;
	struct commit		*c;
	struct str		 id;

	(void)state;
	begin(&h);
	h.l.cx.now = 12345;
	assert_ok(&h.l.cx, repo_create(&h.l.cx, h.l.eng, &r, STR("me")));
	c = make(&h, 1000, NULL, NULL, false);
	id = id_of(&h, c);
	q.after = str_printf(h.l.cx.mem, ":%.*s", STRF(id));
	assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q, &page));
	assert_int_equal(1, page.n);
	assert_err(E_BAD_REQUEST, commit_log(&h.l.cx, h.l.eng, STR("other"),
	    &q, &page));
	q.after = str_printf(h.l.cx.mem, ":%.*s:%.*s", STRF(id), STRF(id));
	assert_err(E_BAD_REQUEST, commit_log(&h.l.cx, h.l.eng, REPO, &q,
	    &page));
	q.ref = STR("nosuch");
	assert_err(E_NO_SUCH_REF, commit_log(&h.l.cx, h.l.eng, REPO, &q,
	    &page));
	cx_forget(&h.l.cx);
	lake_end(&h.l);
}

static struct commit
commit_at(struct history *h, int64_t now, int64_t date)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me"), .allow_empty = true,
	    .has_date = date != 0, .date = date };
	struct commit			c;

	h->l.cx.now = now;
	assert_ok(&h->l.cx, commit_create(&h->l.cx, h->l.eng, REPO,
	    STR("main"), &opt, &c));
	return c;
}

/* The clock goes back, and a client gives a date of its own. */
static void
commits_are_in_order_whatever_the_clock_says(void **state)
{
	static struct history		h;
	const struct merge_opts		opt = { .commit = { .force = true,
	    .committer = STR("me"), .allow_empty = true } };
	struct commit_log_query		q = { .ref = STR("main"),
	    .amount = 100 };
	struct commit_page		page;
	struct commit			c;
	int64_t				t;

	(void)state;
	begin(&h);
	t = h.l.cx.now;
	c = commit_at(&h, t + 50999, 0);
	assert_int_equal(t + 50999, c.date);
	c = commit_at(&h, t + 20001, 0);
	assert_int_equal(t + 20001, c.date);
	assert_int_equal(t + 50999, c.order);
	c = commit_at(&h, t + 20002, t + 99000);
	assert_int_equal(t + 99000, c.date);
	h.l.cx.now = t + 30000;
	assert_ok(&h.l.cx, lake_try_commit(&h.l.cx, h.l.eng, "dev"));
	assert_ok(&h.l.cx, branch_merge(&h.l.cx, h.l.eng, REPO, STR("dev"),
	    STR("main"), &opt, &c));
	assert_int_equal(t + 99000, c.order);
	c = commit_at(&h, t + 30001, 0);
	assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q, &page));
	assert_int_equal(7, page.n);
	check_order(&page);
	/* Since: to the millisecond, and by the date that is shown. */
	q.since = t + 30000;
	assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q, &page));
	assert_int_equal(5, page.n);
	q.since = t + 50999;
	assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q, &page));
	assert_int_equal(2, page.n);
	q.since = t + 51000;
	assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q, &page));
	assert_int_equal(1, page.n);
	lake_end(&h.l);
}

/* A page that finds nothing ends, and says where the next one goes on. */
static void
a_search_in_vain_comes_in_pages(void **state)
{
	static struct history	 h;
	static struct str	 prefixes[200];
	struct commit_log_query	 q = { .ref = STR("main"), .amount = 10,
	    .prefixes = prefixes, .n_prefixes = 200 };
	struct commit_page	 page;
	size_t			 i, pages = 0, n = 0;

	(void)state;
	begin(&h);
	for (i = 0; i < 200; i++)
		prefixes[i] = STR("none");
	lake_put(&h.l, "main", "wanted", "x");
	for (i = 0; i < 300; i++)
		assert_ok(&h.l.cx, lake_try_commit(&h.l.cx, h.l.eng, "main"));
	do {
		assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q,
		    &page));
		q.after = page.next;
		n += page.n;
		pages++;
	} while (page.more);
	assert_int_equal(0, n);
	assert_int_equal(2, pages);
	prefixes[199] = STR("want");
	q.after = STR("");
	for (pages = 0; pages == 0 || page.more; pages++) {
		assert_ok(&h.l.cx, commit_log(&h.l.cx, h.l.eng, REPO, &q,
		    &page));
		q.after = page.next;
		n += page.n;
	}
	assert_int_equal(1, n);
	assert_int_equal(2, pages);
	lake_end(&h.l);
}

/* A commit that says it is earlier than its parent.  [I13] */
static void
an_order_that_lies_is_damage(void **state)
{
	static struct history	 h;
	struct commit		 c = { .n_parents = 1, .date = 1 };
	const struct commit	*parent;
	struct branch_opts	 from;
	struct oid		 head;

	(void)state;
	begin(&h);
	parent = make(&h, 5000, NULL, NULL, true);
	parent = make(&h, 1000, parent, NULL, false);
	from.source = id_of(&h, parent);
	from.hidden = false;
	assert_ok(&h.l.cx, branch_create(&h.l.cx, h.l.eng, REPO, STR("good"),
	    &from, STR("me"), &head));
	assert_int_equal(0, lake_fsck(&h.l, false));
	c.parents[0] = parent->id;
	c.generation = parent->generation + 1;
	write_commit(&h, &c, false);
	from.source = id_of(&h, &c);
	assert_ok(&h.l.cx, branch_create(&h.l.cx, h.l.eng, REPO, STR("bad"),
	    &from, STR("me"), &head));
	assert_int_equal(1, lake_fsck(&h.l, false));
	assert_non_null(strstr(h.l.last, "I13: commit"));
	lake_end(&h.l);
}

/* What was taken is not kept. */
static void
a_walk_holds_its_queue_alone(void **state)
{
	static struct history	 h;
	struct commit		*tip, *side, *base = NULL;
	struct commit		 ring[2];
	struct walk		 w;
	struct walk_commit	*wc;
	struct oid		 id;
	size_t			 i, held;
	bool			 fresh, found;

	(void)state;
	begin(&h);
	tip = base = make(&h, 0, NULL, NULL, false);
	for (i = 0; i < 5000; i++) {
		h.n = 1 + 2 * (i % 2);
		side = make(&h, 1000 * (int64_t)i, tip, NULL, false);
		tip = make(&h, 1000 * (int64_t)i, tip, side, false);
	}
	ring[0] = *base;
	ring[1] = *tip;
	held = arena_held(h.l.cx.mem);
	assert_ok(&h.l.cx, merge_base_of(&h.l.cx, h.l.eng, &h.ruid,
	    &ring[1].id, &ring[0].id, &id, &found));
	assert_true(found && oid_is(&id, &ring[0].id));
	assert_in_range(arena_held(h.l.cx.mem) - held, 0, 200000);
	/* There is an end to what may wait. */
	walk_init(&w, h.l.cx.mem);
	w.n = WALK_WIDE;
	assert_err(E_TOO_LARGE, walk_see(&h.l.cx, &w, &id, &wc, &fresh));
	cx_forget(&h.l.cx);
	w.n = 0;
	w.n_seen = WALK_MAX;
	assert_err(E_TOO_LARGE, walk_see(&h.l.cx, &w, &id, &wc, &fresh));
	cx_forget(&h.l.cx);
	lake_end(&h.l);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(logs_of_any_history_are_in_order),
		cmocka_unit_test(wide_histories_have_pages_too),
		cmocka_unit_test(pages_go_on_whatever_the_ref_does),
		cmocka_unit_test(frontiers_stay_in_their_repository),
		cmocka_unit_test(commits_are_in_order_whatever_the_clock_says),
		cmocka_unit_test(a_search_in_vain_comes_in_pages),
		cmocka_unit_test(an_order_that_lies_is_damage),
		cmocka_unit_test(a_walk_holds_its_queue_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
