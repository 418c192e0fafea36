/* fsck: what it must find, and what it must not cry about beside gc. */
#include "unit/unit_lake.h"

enum { MIB = 1 << 20, BIG = 5 * MIB, MANY = 200 };

/* ---- bytes ------------------------------------------------------------- */

static char	pattern[BIG + 100];

/* A byte of a block becomes another, or what it was. */
static void
flip(struct lake *l, const struct uid *id, uint64_t at)
{
	struct block_reader	*r;
	struct block_writer	*w;
	uint64_t		 size;
	size_t			 got;
	char			*p;
	struct str		 v;
	bool			 there;

	if (!block_id_is_file(id)) {
		v = lake_get(l, key_small(&l->cx, id), &there);
		p = arena_dup(l->cx.mem, v.p, v.n);
		p[at] ^= 1;
		lake_set(l, key_small(&l->cx, id), (struct str){ p, v.n });
		return;
	}
	assert_ok(&l->cx, block_size(&l->cx, l->block, id, &size, &there));
	p = arena_raw(l->cx.mem, size);
	assert_ok(&l->cx, block_open(&l->cx, l->block, id, &r));
	assert_ok(&l->cx, block_read(&l->cx, r, 0, p, size, &got));
	p[at] ^= 1;
	assert_ok(&l->cx, block_delete(&l->cx, l->block, id));
	assert_ok(&l->cx, block_create(&l->cx, l->block, &w));
	assert_ok(&l->cx, block_write(&l->cx, w, p, size));
	assert_ok(&l->cx, block_keep(&l->cx, w, id));
}

/* Parts of 5 MiB, the last of some bytes; each but the first of other bytes. */
static struct str
part_bytes(unsigned i, unsigned n)
{
	return (struct str){ pattern + i, i + 1 < n ? BIG : 20 + i };
}

static const struct kind {
	const char	*what;
	unsigned	 parts;		/* 0: a put */
	size_t		 size;		/* of a put */
	const char	*sum;		/* "": none */
	bool		 composite;
	bool		 wrong;		/* the sum that is recorded */
} kinds[] = {
	{ "small", 0, 30, "", false, false },
	{ "file", 0, 3000, "", false, false },
	{ "etag of parts", 2, 0, "", false, false },
	{ "crc64nvme", 2, 0, "crc64nvme", false, false },
	{ "crc32", 2, 0, "crc32", false, false },
	{ "crc32c of parts", 2, 0, "crc32c", true, false },
	{ "sha1", 2, 0, "sha1", true, false },
	{ "sha256", 2, 0, "sha256", true, false },
	{ "manifest", 6, 0, "crc32c", false, false },
	{ "wrong crc32", 2, 0, "crc32", false, true },
	{ "wrong sha256", 2, 0, "sha256", true, true },
	{ "wrong in a manifest", 5, 0, "crc32", false, true },
};

static struct upload_complete_item
put_part(struct lake *l, const struct target *at, const struct uid *id,
    const struct kind *k, unsigned i)
{
	struct str		bytes = part_bytes(i, k->parts);
	struct source		src = source_of_str(&l->cx, bytes);
	const struct digest_sum	*kind = digest_sum_named(str_of(k->sum));
	struct upload_part	part = { .number = i + 1,
	    .en = { .content_type = STR("") } };
	unsigned char		raw[DIGEST_MAX];
	struct pair		sum;
	struct body		*body;

	assert_ok(&l->cx, body_take(&l->cx, l->eng, &src, BIG, NULL, NULL,
	    &body));
	part.en.etag = body_etag(&l->cx, body);
	if (kind != NULL) {
		digest_of(kind->kind, bytes.p, bytes.n, raw);
		raw[0] ^= k->wrong && i == 0;
		sum = (struct pair){ str_of(k->sum), enc_base64(l->cx.mem, raw,
		    digest_size(kind->kind)) };
		part.en.sums = &sum;
		part.en.n_sums = 1;
	}
	assert_ok(&l->cx, upload_part(&l->cx, l->eng, at, id, &part, body));
	return (struct upload_complete_item){ .number = i + 1,
	    .etag = part.en.etag };
}

static void
put_parts(struct lake *l, const struct target *at, const struct kind *k)
{
	struct upload_complete_item	items[8];
	struct upload_complete_opts	opt = { .items = items,
	    .n = k->parts };
	struct upload			u = { .sum_kind = str_of(k->sum),
	    .sum_composite = k->composite, .meta = { .etag = STR("") } };
	struct entry			en;
	unsigned			i;

	assert_ok(&l->cx, upload_create(&l->cx, l->eng, at, &u));
	for (i = 0; i < k->parts; i++)
		items[i] = put_part(l, at, &u.id, k, i);
	assert_ok(&l->cx, upload_complete(&l->cx, l->eng, at, &u.id, &opt,
	    &en));
}

static void
each_byte_is_checked(void **state)
{
	struct target	at = lake_at("main", "o");
	struct lake	l;
	struct entry	en;
	size_t		i, k, way;
	uint64_t	where;

	(void)state;
	for (i = 0; i < sizeof pattern; i++)
		pattern[i] = (char)(i * 131 >> 3);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const struct kind	*kd = &kinds[i];

		lake_begin(&l);
		if (kd->parts > 0)
			put_parts(&l, &at, kd);
		else
			assert_ok(&l.cx, lake_try_put(&l.cx, l.eng, &at,
			    (struct str){ pattern, kd->size }, &en));
		assert_int_equal(kd->wrong, lake_fsck(&l, true));
		assert_ok(&l.cx, object_open(&l.cx, l.eng, &at, &en));
		for (k = 0; k < en.n_extents && !kd->wrong; k++)
			for (way = 0; way < 2; way++) {
				where = way == 0 ? 0 : en.extents[k].len - 1;
				flip(&l, &en.extents[k].block, where);
				if (lake_fsck(&l, true) != 1 ||
				    strncmp(l.last, "I11", 3) != 0) {
					print_error("%s: extent %zu: %s\n",
					    kd->what, k, l.last);
					_fail(__FILE__, __LINE__);
				}
				flip(&l, &en.extents[k].block, where);
			}
		assert_int_equal(kd->wrong, lake_fsck(&l, true));
		lake_end(&l);
	}
}

/* Records of checksums, one wrong at a time, over bytes that are right. */
static void
each_checksum_is_compared(void **state)
{
	const struct kind	crc = { "", 2, 0, "crc32", false, false };
	struct target		at = lake_at("main", "o");
	struct lake		l;
	struct entry		en, wrong;
	struct branch		br;
	struct buf		b;
	struct pair		sum;
	unsigned		i;

	(void)state;
	lake_begin(&l);
	put_parts(&l, &at, &crc);
	assert_ok(&l.cx, object_open(&l.cx, l.eng, &at, &en));
	assert_ok(&l.cx, branch_get(&l.cx, l.eng, REPO, STR("main"), &br));
	for (i = 0; i < 4; i++) {
		char	*sums = arena_dup(l.cx.mem, en.part_sums.p,
		    en.part_sums.n);

		wrong = en;
		sums[en.part_sums.n - 1] ^= i == 1;
		wrong.part_sums.p = sums;
		if (i == 2) {
			sum = (struct pair){ STR("crc32"), STR("AAAAAA==") };
			wrong.sums = &sum;
		}
		if (i == 3)
			wrong.etag = STR("00000000000000000000000000000000-2");
		buf_init(&b, l.cx.mem, 10000);
		buf_byte(&b, 1);
		entry_format(&b, &wrong);
		lake_set(&l, key_row(&l.cx, &br.uid, br.open, at.path),
		    buf_as_str(&b));
		assert_int_equal(i > 0, lake_fsck(&l, true));
		if (i > 0)
			assert_memory_equal("I11", l.last, 3);
	}
	lake_end(&l);
}

/* ---- beside others ----------------------------------------------------- */

static void
drop_dev(struct lake *l, struct cx *cx)
{
	branch_delete(cx, l->eng, REPO, STR("dev"), false, STR("me"));
	lake_try_gc(cx, l->eng);
}

static void
drop_repo(struct lake *l, struct cx *cx)
{
	repo_delete(cx, l->eng, STR("other"), false);
	lake_try_gc(cx, l->eng);
}

static void
overwrite(struct lake *l, struct cx *cx)
{
	struct target	at = lake_at("main", "staged");
	struct entry	en;

	lake_try_put(cx, l->eng, &at, STR("other bytes"), &en);
	lake_try_gc(cx, l->eng);
}

static void
move_on(struct lake *l, struct cx *cx)
{
	struct target	at = lake_at("main", "new");
	struct entry	en;

	lake_try_gc(cx, l->eng);
	lake_try_put(cx, l->eng, &at, STR("in the later epoch, and "
	    "longer than what lies in the kv, which is sixty-four bytes"), &en);
	lake_try_commit(cx, l->eng, "main");
	branch_reset(cx, l->eng, REPO, STR("main"), false);
}

static void
make_tag(struct lake *l, struct cx *cx)
{
	struct oid	id;

	branch_delete(cx, l->eng, REPO, STR("dev"), false, STR("me"));
	tag_create(cx, l->eng, REPO, STR("dev"), STR("main"), false, &id);
}

static void
end_upload(struct lake *l, struct cx *cx)
{
	struct list_query	q = { .limit = 10 };
	struct target		at = lake_at("dev", "mp");
	struct upload_page	page;

	if (upload_list(cx, l->eng, REPO, STR("dev"), &q, STR(""),
	    &page) == OK && page.n > 0)
		upload_abort(cx, l->eng, &at, &page.at[0].id);
	branch_delete(cx, l->eng, REPO, STR("dev"), false, STR("me"));
	lake_try_gc(cx, l->eng);
}

static const struct beside {
	const char	*what;
	void		(*run)(struct lake *l, struct cx *cx);
} besides[] = {
	{ "a branch goes, gc", drop_dev }, { "a repository goes", drop_repo },
	{ "an overwrite, gc", overwrite }, { "commit, reset", move_on },
	{ "a tag for a branch", make_tag }, { "an upload ends", end_upload },
};

struct besiding {
	struct lake		*l;
	const struct beside	*b;
};

static void
run_beside(void *arg, bool writes)
{
	struct besiding	*b = arg;
	struct cx	 cx;

	(void)writes;
	cx_init(&cx, arena_new());
	cx.now += 1000;
	b->b->run(b->l, &cx);
	arena_free(cx.mem);
}

/* Two branches, an upload, another repository, staged rows. */
static void
fill(struct lake *l)
{
	struct repo	r = { .name = STR("other"),
	    .default_branch = STR("main"), .storage_namespace = STR("y") };
	struct target	at = lake_at("dev", "mp");
	struct upload	u = { .sum_kind = STR(""), .meta = { .etag = STR("") } };
	const struct kind	small = { "", 1, 0, "", false, false };
	struct target	in_other = { .repo = STR("other"),
	    .ref = STR("main"), .path = STR("o") };
	struct entry	en;
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	struct commit	c;

	lake_put(l, "main", "a", "kept in the kv");
	lake_put(l, "main", "named", "kept in a file, as it is longer than the "
	    "sixty-four bytes that may lie in the kv");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "main"));
	lake_put(l, "dev", "only-dev", "some");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "dev"));
	lake_put(l, "dev", "only-dev", "others");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "dev"));
	lake_put(l, "main", "staged", "first");
	lake_put(l, "dev", "staged", "first");
	assert_ok(&l->cx, upload_create(&l->cx, l->eng, &at, &u));
	put_part(l, &at, &u.id, &small, 0);
	assert_ok(&l->cx, repo_create(&l->cx, l->eng, &r, STR("me")));
	assert_ok(&l->cx, lake_try_put(&l->cx, l->eng, &in_other, STR("x"),
	    &en));
	assert_ok(&l->cx, commit_create(&l->cx, l->eng, STR("other"),
	    STR("main"), &opt, &c));
	assert_ok(&l->cx, lake_try_gc(&l->cx, l->eng));
}

/* fsck, with all of b before its n-th transaction; false: it has fewer. */
static bool
fsck_at(const struct beside *b, unsigned n, bool damage, bool deep)
{
	struct target	at = lake_at("main", "named");
	struct lake	l;
	struct besiding	arg = { &l, b };
	struct entry	en;
	unsigned	found;
	bool		more;

	lake_begin(&l);
	fill(&l);
	if (damage) {
		assert_ok(&l.cx, object_open(&l.cx, l.eng, &at, &en));
		assert_ok(&l.cx, block_delete(&l.cx, l.block,
		    &en.extents[0].block));
	}
	l.hook.hook = run_beside;
	l.hook.arg = &arg;
	l.hook.at = n;
	assert_ok(&l.cx, lake_try_fsck(&l, &l.cx, l.hooked, deep));
	more = l.hook.n >= n;
	found = l.found;
	if (found != damage || (damage && strncmp(l.last, "I8", 2) != 0)) {
		print_error("%s before transaction %u: %u found: %s\n",
		    b->what, n, found, l.last);
		_fail(__FILE__, __LINE__);
	}
	lake_end(&l);
	return more;
}

static void
no_false_alarm_and_no_miss(void **state)
{
	unsigned	i, n, deep;

	(void)state;
	for (i = 0; i < sizeof besides / sizeof besides[0]; i++)
		for (deep = 0; deep < 2; deep++)
			for (n = 1; fsck_at(&besides[i], n, false, deep) &&
			    n < MANY; n++)
				fsck_at(&besides[i], n, true, deep);
}

/* ---- beside many ------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 150, CHECKS = 25, PATIENCE = 200 };

struct worker {
	struct lake	*l;
	pthread_t	 thread;
	unsigned	 id;
	char		 words[300];
};

static enum err
work(struct worker *w, struct cx *cx, unsigned i)
{
	char		path[30];
	struct target	at;
	struct entry	en;

	if (w->id == 0)
		return i % 3 == 0 ? lake_try_gc(cx, w->l->eng) : OK;
	if (i % 7 == 0)
		return lake_try_commit(cx, w->l->eng, "main");
	if (i % 29 == 0)
		return branch_reset(cx, w->l->eng, REPO, STR("main"), false);
	snprintf(path, sizeof path, "p%u/%u", w->id, i % 11);
	at = lake_at("main", path);
	return lake_try_put(cx, w->l->eng, &at, str_printf(cx->mem, "%u", i),
	    &en);
}

static void *
work_on(void *arg)
{
	struct worker	*w = arg;
	struct cx	 cx;
	unsigned	 i;
	enum err	 e;
	bool		 more;

	for (i = 0; i < ROUNDS; i++) {
		cx_init(&cx, arena_new());
		if ((e = work(w, &cx, i)) != OK && e != E_TIP_MOVED &&
		    e != E_BUSY && e != E_CONDEMNED)
			snprintf(w->words, sizeof w->words, "%s: %.200s",
			    err_name(e), cx.words);
		engine_maintain(&cx, w->l->eng, &more);
		arena_free(cx.mem);
	}
	return NULL;
}

/* fsck again and again; now and then a block of a committed object is gone. */
static void
fsck_beside_many(void **state)
{
	struct target	at = lake_at("main@", "named");
	struct worker	w[THREADS];
	struct lake	l;
	struct entry	en;
	struct cx	cx;
	unsigned	i, want, tries;
	enum err	e;

	(void)state;
	lake_begin(&l);
	fill(&l);
	assert_ok(&l.cx, object_open(&l.cx, l.eng, &at, &en));
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .l = &l, .id = i };
		pthread_create(&w[i].thread, NULL, work_on, &w[i]);
	}
	for (i = 0; i < CHECKS; i++) {
		want = i == CHECKS / 2;
		if (want)
			assert_ok(&l.cx, block_delete(&l.cx, l.block,
			    &en.extents[0].block));
		cx_init(&cx, arena_new());
		/* Where fsck runs seldom, gc after gc passes it: it says so. */
		for (tries = 0; (e = lake_try_fsck(&l, &cx, l.eng,
		    false)) == E_BUSY && tries < PATIENCE; tries++)
			cx_forget(&cx);
		assert_ok(&cx, e);
		arena_free(cx.mem);
		assert_string_equal("", want ? "" : l.last);
		assert_int_equal(want, l.found);
		if (want)
			break;
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_string_equal("", w[i].words);
	}
	lake_end(&l);
}

/* ---- what it costs, and how much it says ------------------------------- */

/* A page of records is read in one snapshot. */
static void
a_page_is_a_snapshot(void **state)
{
	struct lake	l;
	char		path[20];
	unsigned	i, few;

	(void)state;
	lake_begin(&l);
	lake_put(&l, "main", "first", "x");
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "main"));
	assert_ok(&l.cx, lake_try_fsck(&l, &l.cx, l.hooked, false));
	few = l.hook.n;
	for (i = 0; i < 3000; i++) {
		snprintf(path, sizeof path, "o%u", i);
		lake_put(&l, i < 2000 ? "main" : "dev", path, "x");
		if (i == 1999)
			assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng,
			    "main"));
	}
	l.hook.n = 0;
	assert_ok(&l.cx, lake_try_fsck(&l, &l.cx, l.hooked, false));
	assert_int_equal(0, l.found);
	assert_in_range(l.hook.n, few, few + 30);
	lake_end(&l);
}

struct told {
	unsigned	n;
	char		last[200];
};

static void
count_told(void *arg, const char *invariant, const char *what)
{
	struct told	*t = arg;

	t->n++;
	snprintf(t->last, sizeof t->last, "%s: %s", invariant, what);
}

/* Many problems of a kind are few lines, and do not hide one of another. */
static void
many_problems_are_few_lines(void **state)
{
	struct told		t = { 0 };
	struct fsck_opts	opt = { .found = count_told, .arg = &t,
	    .most = 5 };
	struct fsck_report	r;
	struct branch		br;
	struct lake		l;
	unsigned		i;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, branch_get(&l.cx, l.eng, REPO, STR("main"), &br));
	for (i = 0; i < 300; i++)
		lake_set(&l, key_row(&l.cx, &br.uid, br.open + 1 + i % 2,
		    str_printf(l.cx.mem, "o%u", i)), STR("\001damaged"));
	assert_ok(&l.cx, fsck_run(&l.cx, l.eng, &opt, &r));
	assert_in_range(r.problems, 2, 301);
	assert_in_range(t.n, 3, 10);
	lake_end(&l);
}

/* ---- parts without an upload ------------------------------------------- */

static void
parts_belong_to_an_upload(void **state)
{
	const struct kind	two = { "", 2, 0, "", false, false };
	struct target	at = lake_at("main", "mp");
	struct upload	u = { .sum_kind = STR(""), .meta = { .etag = STR("") } };
	struct lake	l;
	struct str	key, record;
	bool		there;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, upload_create(&l.cx, l.eng, &at, &u));
	put_part(&l, &at, &u.id, &two, 0);
	put_part(&l, &at, &u.id, &two, 1);
	assert_int_equal(0, lake_fsck(&l, false));
	/* As the first transaction of a gc that died left it, once. */
	key = key_upload(&l.cx, &u.uid, STR("mp"), &u.id);
	record = lake_get(&l, key, &there);
	assert_true(there);
	lake_set(&l, key, (struct str){ NULL, 0 });
	assert_int_equal(1, lake_fsck(&l, false));
	assert_memory_equal("I15", l.last, 3);
	/* As it leaves it now: the reaper knows. */
	lake_set(&l, key_reap(&l.cx, 'U', &u.id), STR(""));
	assert_int_equal(0, lake_fsck(&l, false));
	lake_set(&l, key_reap(&l.cx, 'U', &u.id), (struct str){ NULL, 0 });
	lake_set(&l, key, record);
	assert_int_equal(0, lake_fsck(&l, false));
	lake_end(&l);
}

/* ---- namespaces -------------------------------------------------------- */

static void
fsck_says(struct lake *l, const char *invariant)
{
	assert_int_equal(*invariant != '\0', lake_fsck(l, false));
	if (*invariant != '\0')
		assert_memory_equal(invariant, l->last, strlen(invariant));
}

static void
namespaces_are_their_repositories(void **state)
{
	struct repo	r = { .name = STR("other"), .default_branch =
	    STR("main"), .storage_namespace = STR("y") };
	struct str	key, record, gone = { NULL, 0 };
	struct lake	l;
	bool		there;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, repo_create(&l.cx, l.eng, &r, STR("me")));
	key = key_namespace(&l.cx, STR("x"));
	record = lake_get(&l, key, &there);
	assert_true(there);
	fsck_says(&l, "");
	/* A repository without one. */
	lake_set(&l, key, gone);
	fsck_says(&l, "I21");
	/* A namespace of none. */
	lake_set(&l, key, record);
	lake_set(&l, key_namespace(&l.cx, STR("z")), record);
	fsck_says(&l, "I21");
	lake_set(&l, key_namespace(&l.cx, STR("z")), gone);
	/* Another's, and what cannot be read: seen from both sides. */
	lake_set(&l, key, lake_get(&l, key_namespace(&l.cx, STR("y")),
	    &there));
	assert_int_equal(2, lake_fsck(&l, false));
	lake_set(&l, key, STR("?"));
	assert_int_equal(2, lake_fsck(&l, false));
	lake_set(&l, key, record);
	fsck_says(&l, "");
	/* A repository that cannot be read has one that is not known. */
	key = key_repo(&l.cx, STR("other"));
	record = lake_get(&l, key, &there);
	lake_set(&l, key, STR("?"));
	assert_int_equal(2, lake_fsck(&l, false));
	lake_set(&l, key, record);
	lake_end(&l);
}

static void
a_namespace_goes_with_its_repository(void **state)
{
	struct repo	r = { .name = STR("other"), .default_branch =
	    STR("main"), .storage_namespace = STR("y") };
	struct lake	l;
	bool		there;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, repo_create(&l.cx, l.eng, &r, STR("me")));
	assert_ok(&l.cx, repo_delete(&l.cx, l.eng, STR("other"), false));
	lake_get(&l, key_namespace(&l.cx, STR("y")), &there);
	assert_false(there);
	r.name = STR("third");
	assert_ok(&l.cx, repo_create(&l.cx, l.eng, &r, STR("me")));
	r.name = STR("fourth");
	assert_err(E_BAD_ARGUMENT, repo_create(&l.cx, l.eng, &r, STR("me")));
	cx_forget(&l.cx);
	assert_ok(&l.cx, repo_delete_unused(&l.cx, l.eng, STR("third")));
	assert_ok(&l.cx, repo_create(&l.cx, l.eng, &r, STR("me")));
	fsck_says(&l, "");
	lake_end(&l);
}

/* What a lake of format 1 lacks. */
static void
upgraded_repositories_have_theirs(void **state)
{
	struct repo	r = { .name = STR("other"), .default_branch =
	    STR("main"), .storage_namespace = STR("y") };
	struct str	gone = { NULL, 0 };
	struct lake	l;
	uint64_t	n;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, repo_create(&l.cx, l.eng, &r, STR("me")));
	lake_set(&l, key_namespace(&l.cx, STR("x")), gone);
	lake_set(&l, key_namespace(&l.cx, STR("y")), gone);
	assert_int_equal(2, lake_fsck(&l, false));
	assert_ok(&l.cx, kv_write(&l.cx, l.kv, upgrade_records, &n));
	assert_int_equal(2, n);
	fsck_says(&l, "");
	lake_end(&l);
}

/* ---- keys -------------------------------------------------------------- */

/* As no program of ours writes them: they are walked past, and fit nowhere. */
static void
keys_may_have_any_length(void **state)
{
	static const char	letters[] = "RBTHrcUPyMXDgNnZC";
	struct lake	l;
	struct str	key;
	char		*p;
	size_t		i, n;

	(void)state;
	for (i = 0; letters[i / 2] != '\0'; i++) {
		n = i % 2 == 0 ? KV_KEY_MAX : 3;
		lake_begin(&l);
		p = malloc(n);
		memset(p, 'k', n);
		p[0] = letters[i / 2];
		key = (struct str){ p, n };
		lake_set(&l, key, STR("12345678 value"));
		free(p);
		lake_try_fsck(&l, &l.cx, l.eng, true);
		lake_try_gc(&l.cx, l.eng);
		lake_end(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(keys_may_have_any_length),
		cmocka_unit_test(each_byte_is_checked),
		cmocka_unit_test(each_checksum_is_compared),
		cmocka_unit_test(no_false_alarm_and_no_miss),
		cmocka_unit_test(fsck_beside_many),
		cmocka_unit_test(a_page_is_a_snapshot),
		cmocka_unit_test(many_problems_are_few_lines),
		cmocka_unit_test(parts_belong_to_an_upload),
		cmocka_unit_test(namespaces_are_their_repositories),
		cmocka_unit_test(a_namespace_goes_with_its_repository),
		cmocka_unit_test(upgraded_repositories_have_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
