/* gc: what it must take, what it must leave, and how it ends. */
#include "unit/unit_lake.h"

#define DAY	((int64_t)24 * 3600 * 1000)

enum { COMMITS = 400, PART = 1000 };

static struct str
part_of(char c)
{
	static char	bytes[2][PART];

	memset(bytes[c == 'b'], c, PART);
	return (struct str){ bytes[c == 'b'], PART };
}

/* ---- an object being read ---------------------------------------------- */

/* An object of a file and of a piece in the kv, as multipart ones are. */
static void
put_pieces(struct lake *l, const struct target *at)
{
	struct entry_extent	x[2];
	struct target		a = lake_at("main", "piece-a");
	struct target		b = lake_at("main", "piece-b");
	struct entry		en, more;
	struct buf		buf;
	struct branch		br;

	assert_ok(&l->cx, lake_try_put(&l->cx, l->eng, &a, part_of('a'), &en));
	assert_ok(&l->cx, lake_try_put(&l->cx, l->eng, &b, STR("last piece"),
	    &more));
	x[0] = en.extents[0];
	x[1] = more.extents[0];
	assert_true(block_id_is_file(&x[0].block));
	assert_false(block_id_is_file(&x[1].block));
	en.extents = x;
	en.n_extents = 2;
	en.size += more.size;
	en.etag = STR("not looked at");
	assert_ok(&l->cx, branch_get(&l->cx, l->eng, REPO, STR("main"), &br));
	buf_init(&buf, l->cx.mem, 10000);
	buf_byte(&buf, 1);
	entry_format(&buf, &en);
	lake_set(l, key_row(&l->cx, &br.uid, br.open, at->path),
	    buf_as_str(&buf));
	lake_delete(l, "main", "piece-a");
	lake_delete(l, "main", "piece-b");
}

/* A GET under way, the object deleted, gc: it ends whole within the grace. */
static void
readers_have_the_grace(void **state)
{
	struct gc_opts		opt = { .grace = DAY, .upload_age = 1 };
	struct target		at = lake_at("main", "o");
	struct lake		l;
	struct gc_report	r;
	struct source		src;
	struct entry		en;
	struct str		rest;
	char			window[100];
	size_t			got;

	(void)state;
	lake_begin(&l);
	put_pieces(&l, &at);
	assert_ok(&l.cx, object_open(&l.cx, l.eng, &at, &en));
	assert_ok(&l.cx, object_source(&l.cx, l.eng, &en, 0, en.size, &src));
	assert_ok(&l.cx, source_read(&l.cx, &src, window, 100, &got));
	lake_delete(&l, "main", "o");
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	l.cx.now += DAY - 1;
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	assert_int_equal(0, r.blocks);
	assert_ok(&l.cx, source_all(&l.cx, &src, 10000, &rest));
	assert_int_equal(PART + 10, got + rest.n);
	assert_memory_equal("alast piece", rest.p + rest.n - 11, 11);
	l.cx.now += 1;
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	assert_int_equal(2, r.blocks);
	assert_int_equal(PART, r.bytes);
	assert_false(lake_has_block(&l, &en.extents[0].block));
	assert_false(lake_has_block(&l, &en.extents[1].block));
	assert_int_equal(0, lake_fsck(&l, false));
	lake_end(&l);
}

/* ---- parts ------------------------------------------------------------- */

/* An upload with two parts. */
static struct upload
begin_upload(struct lake *l, struct upload_part parts[2])
{
	struct target		at = lake_at("main", "mp");
	struct upload		u = { .sum_kind = STR(""),
	    .meta = { .etag = STR("") } };
	struct source		src;
	struct body		*body;
	unsigned		i;

	assert_ok(&l->cx, upload_create(&l->cx, l->eng, &at, &u));
	for (i = 0; i < 2; i++) {
		src = source_of_str(&l->cx, part_of((char)('a' + i)));
		assert_ok(&l->cx, body_take(&l->cx, l->eng, &src, PART, NULL,
		    NULL, &body));
		parts[i] = (struct upload_part){ .number = i + 1 };
		parts[i].en.etag = body_etag(&l->cx, body);
		assert_ok(&l->cx, upload_part(&l->cx, l->eng, &at, &u.id,
		    &parts[i], body));
	}
	return u;
}

/* As a gc that died after the first of its transactions left them, once. */
static void
parts_without_an_upload_go(void **state)
{
	struct upload_part	parts[2], kept[2];
	struct upload		u;
	struct lake		l;
	struct gc_opts		opt = { .upload_age = DAY };
	struct gc_report	r;
	unsigned		i;

	(void)state;
	lake_begin(&l);
	u = begin_upload(&l, parts);
	begin_upload(&l, kept);
	lake_set(&l, key_upload(&l.cx, &u.uid, STR("mp"), &u.id),
	    (struct str){ NULL, 0 });
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	for (i = 0; i < 2; i++) {
		assert_false(lake_has_block(&l, &parts[i].en.extents[0].block));
		assert_true(lake_has_block(&l, &kept[i].en.extents[0].block));
	}
	assert_int_equal(2, r.rows);
	assert_int_equal(0, lake_fsck(&l, false));
	lake_end(&l);
}

/* A repository's own rules: sooner than the setting for some keys, later for
 * others; what no rule names goes by the setting. */
static void
lifecycle_rules_are_obeyed(void **state)
{
	static const char	rules[] = "<LifecycleConfiguration>"
	    "<Rule><Filter><Prefix>main/tmp/</Prefix></Filter>"
	    "<Status>Enabled</Status><AbortIncompleteMultipartUpload>"
	    "<DaysAfterInitiation>1</DaysAfterInitiation>"
	    "</AbortIncompleteMultipartUpload></Rule>"
	    "<Rule><Filter><Prefix>main/kept/</Prefix></Filter>"
	    "<Status>Enabled</Status><AbortIncompleteMultipartUpload>"
	    "<DaysAfterInitiation>30</DaysAfterInitiation>"
	    "</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
	static const char	*const paths[] = { "tmp/a", "b", "kept/c" };
	const struct gc_opts	opt = { .upload_age = 7 * DAY };
	struct target		at;
	struct upload		u;
	struct lake		l;
	struct gc_report	r;
	size_t			i;

	(void)state;
	lake_begin(&l);
	assert_ok(&l.cx, repo_set(&l.cx, l.eng, REPO, SETTING_LIFECYCLE,
	    str_of(rules)));
	for (i = 0; i < 3; i++) {
		at = lake_at("main", paths[i]);
		u = (struct upload){ .created = 0 };
		assert_ok(&l.cx, upload_create(&l.cx, l.eng, &at, &u));
	}
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	assert_int_equal(0, r.uploads);
	l.cx.now += 2 * DAY;
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	assert_int_equal(1, r.uploads);
	l.cx.now += 6 * DAY;
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	assert_int_equal(1, r.uploads);
	l.cx.now += 23 * DAY;
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	assert_int_equal(1, r.uploads);
	lake_end(&l);
}

struct look {
	struct lake	*l;
	struct engine	*aside;
	unsigned	 found, runs;
};

static void
look_fsck(void *arg, bool writes)
{
	struct look	*k = arg;
	struct cx	 cx;

	(void)writes;
	cx_init(&cx, arena_new());
	if (lake_try_fsck(k->l, &cx, k->l->eng, false) != OK)
		k->found++;
	k->found += k->l->found;
	k->runs++;
	arena_free(cx.mem);
}

/* Before each transaction of a gc everything is in order. */
static void
each_step_of_gc_is_clean(void **state)
{
	struct upload_part	parts[2];
	struct lake		l;
	struct look		k = { .l = &l };
	const struct gc_opts	opt = { .upload_age = 1 };
	struct gc_report	r;

	(void)state;
	lake_begin(&l);
	begin_upload(&l, parts);
	lake_put(&l, "dev", "o", "committed");
	assert_ok(&l.cx, lake_try_commit(&l.cx, l.eng, "dev"));
	lake_put(&l, "dev", "o", "staged");
	assert_ok(&l.cx, branch_delete(&l.cx, l.eng, REPO, STR("dev"), false,
	    STR("me")));
	l.cx.now += 1000;
	l.hook.hook = look_fsck;
	l.hook.arg = &k;
	assert_ok(&l.cx, gc_run(&l.cx, l.hooked, &opt, &r));
	assert_int_equal(1, r.uploads);
	assert_int_equal(1, r.commits);
	assert_int_equal(0, k.found);
	assert_true(k.runs > 20);
	lake_end(&l);
}

/* ---- memory ------------------------------------------------------------ */

static void
look_memory(void *arg, bool writes)
{
	struct lake	*l = arg;
	size_t		 held = arena_held(l->cx.mem);

	(void)writes;
	if (held > l->found)
		l->found = (unsigned)held;
}

/* Marking holds no more for a long history than for a short one. */
static void
a_long_history_takes_no_memory(void **state)
{
	const struct gc_opts	opt = { .upload_age = 1, .head_age = DAY };
	struct lake		l;
	struct gc_report	r;
	struct cx		aside;
	size_t			before;
	unsigned		i;

	(void)state;
	lake_begin(&l);
	for (i = 0; i < COMMITS; i++) {
		cx_init(&aside, arena_new());
		assert_ok(&aside, lake_try_commit(&aside, l.eng, "main"));
		arena_free(aside.mem);
	}
	/* All of them from the branch, none from the head log. */
	l.cx.now += 2 * DAY;
	assert_ok(&l.cx, gc_run(&l.cx, l.eng, &opt, &r));
	before = arena_held(l.cx.mem);
	l.hook.hook = look_memory;
	l.hook.arg = &l;
	assert_ok(&l.cx, gc_run(&l.cx, l.hooked, &opt, &r));
	assert_true(l.found > before);
	assert_true(l.found < before + COMMITS * 200);
	lake_end(&l);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(readers_have_the_grace),
		cmocka_unit_test(parts_without_an_upload_go),
		cmocka_unit_test(lifecycle_rules_are_obeyed),
		cmocka_unit_test(each_step_of_gc_is_clean),
		cmocka_unit_test(a_long_history_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
