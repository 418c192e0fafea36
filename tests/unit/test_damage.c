/*
 * fsck finds each kind of damage that DESIGN 3 says data can show, and repair
 * takes what cannot be read out of the way, whenever it is killed.
 */
#include "unit/unit_lake.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fileio.h"
#include "tree/node.h"

/* ---- one of each ------------------------------------------------------- */

static struct branch
main_branch(struct lake *l)
{
	struct branch	br;

	assert_ok(&l->cx, branch_get(&l->cx, l->eng, REPO, STR("main"), &br));
	br.name = STR("main");
	return br;
}

static struct uid
ruid(struct lake *l)
{
	struct repo	r;

	assert_ok(&l->cx, repo_get(&l->cx, l->eng, REPO, &r));
	return r.ruid;
}

static void
set_branch(struct lake *l, const struct branch *br)
{
	struct uid	id = ruid(l);
	struct buf	b;

	buf_init(&b, l->cx.mem, 2000);
	branch_format(&b, br);
	lake_set(l, key_branch(&l->cx, &id, br->name), buf_as_str(&b));
}

static void
low_over_open(struct lake *l)
{
	struct branch	br = main_branch(l);

	br.low = br.open + 1;
	set_branch(l, &br);
}

static void
row_over_open(struct lake *l)
{
	struct branch	br = main_branch(l);

	lake_set(l, key_row(&l->cx, &br.uid, br.open + 1, STR("late")),
	    (struct str){ "\0", 1 });
}

static void
cut_over_open(struct lake *l)
{
	struct branch	br = main_branch(l);

	br.cut = (struct branch_cut){ .live = true, .upto = br.open };
	set_branch(l, &br);
}

static void
head_moved_alone(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct str	v;
	struct commit	c;
	struct uid	id = ruid(l);
	bool		there;

	v = lake_get(l, key_commit(&l->cx, &id, oid_str(&br.head)), &there);
	assert_ok(&l->cx, commit_parse(&l->cx, v, &c));
	br.head = c.parents[0];
	set_branch(l, &br);
}

static void
head_log_gap(struct lake *l)
{
	struct uid	id = ruid(l);

	/* The rows of main: its creation and two commits. */
	lake_set(l, key_head(&l->cx, &id, STR("main"), 2),
	    (struct str){ NULL, 0 });
}

static void
commit_gone(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct uid	id = ruid(l);

	lake_set(l, key_commit(&l->cx, &id, oid_str(&br.head)),
	    (struct str){ NULL, 0 });
}

/* A node whose bytes have a hash, and are wrong, as the working tree. */
static void
plant_node(struct lake *l, size_t at)
{
	struct branch	br = main_branch(l);
	struct str	v;
	struct oid	id;
	char		*p;
	bool		there;

	v = lake_get(l, key_node(&l->cx, &br.working), &there);
	assert_true(there);
	p = arena_dup(l->cx.mem, v.p, v.n);
	p[at] ^= 1;
	digest_of(DIGEST_SHA256, p, v.n, id.b);
	lake_set(l, key_node(&l->cx, &id), (struct str){ p, v.n });
	lake_set(l, key_stamp(&l->cx, &id), lake_get(l, key_stamp(&l->cx,
	    &br.working), &there));
	br.working = id;
	set_branch(l, &br);
}

static void
count_wrong(struct lake *l)
{
	plant_node(l, NODE_HEADER - 1);
}

static void
size_wrong(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct target	at = lake_at("main", "small");
	struct entry	en;
	struct buf	b;

	assert_ok(&l->cx, object_open(&l->cx, l->eng, &at, &en));
	en.size++;
	buf_init(&b, l->cx.mem, 10000);
	buf_byte(&b, 1);
	entry_format(&b, &en);
	lake_set(l, key_row(&l->cx, &br.uid, br.open, STR("small")),
	    buf_as_str(&b));
}

static void
stamp_late(struct lake *l)
{
	struct branch	br = main_branch(l);

	lake_set(l, key_stamp(&l->cx, &br.working),
	    (struct str){ "\0\0\0\1\0\0\0\0", 8 });
}

static void
generation_wrong(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct uid	id = ruid(l);
	struct commit	c;
	struct buf	b;
	bool		there;

	assert_ok(&l->cx, commit_parse(&l->cx, lake_get(l, key_commit(&l->cx,
	    &id, oid_str(&br.head)), &there), &c));
	c.generation += 5;
	buf_init(&b, l->cx.mem, 10000);
	commit_format(&b, &c);
	lake_set(l, key_commit(&l->cx, &id, oid_str(&c.id)), buf_as_str(&b));
	lake_set(l, key_tag(&l->cx, &id, STR("t")), oid_str(&c.id));
}

static void
commit_renamed(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct uid	id = ruid(l);
	struct oid	other = { { 7 } };
	bool		there;

	lake_set(l, key_commit(&l->cx, &id, oid_str(&other)), lake_get(l,
	    key_commit(&l->cx, &id, oid_str(&br.head)), &there));
	lake_set(l, key_tag(&l->cx, &id, STR("t")), oid_str(&other));
}

static void
branch_and_tag(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct uid	id = ruid(l);

	lake_set(l, key_tag(&l->cx, &id, STR("main")), oid_str(&br.head));
}

static void
upload_of_nobody(struct lake *l)
{
	struct target	at = lake_at("main", "mp");
	struct upload	u = { .sum_kind = STR(""), .meta = { .etag = STR("") } };
	struct branch	br = main_branch(l);
	struct uid	nobody = { { 9 } };
	struct str	key;
	bool		there;

	assert_ok(&l->cx, upload_create(&l->cx, l->eng, &at, &u));
	key = key_upload(&l->cx, &br.uid, STR("mp"), &u.id);
	lake_set(l, key_upload(&l->cx, &nobody, STR("mp"), &u.id), lake_get(l,
	    key, &there));
	lake_set(l, key, (struct str){ NULL, 0 });
}

static void
block_cut(struct lake *l)
{
	struct target	at = lake_at("main", "small");
	struct entry	en;

	assert_ok(&l->cx, object_open(&l->cx, l->eng, &at, &en));
	lake_set(l, key_small(&l->cx, &en.extents[0].block), STR("x"));
}

static void
block_gone(struct lake *l)
{
	struct target	at = lake_at("main", "small");
	struct entry	en;

	assert_ok(&l->cx, object_open(&l->cx, l->eng, &at, &en));
	lake_set(l, key_small(&l->cx, &en.extents[0].block),
	    (struct str){ NULL, 0 });
}

static void
condemned_head(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct uid	id = ruid(l);

	lake_set(l, key_doom(&l->cx, &id, &br.head),
	    (struct str){ "\0\0\0\0\0\0\0\1", 8 });
}

static void
long_row(struct lake *l)
{
	struct branch	br = main_branch(l);
	struct buf	b;
	size_t		i;

	buf_init(&b, l->cx.mem, 3000);
	buf_str(&b, key_area(&l->cx, &br.uid, br.open));
	for (i = 0; i < 1025; i++)
		buf_byte(&b, 'p');
	lake_set(l, buf_as_str(&b), (struct str){ "\0", 1 });
}

static void
bad_row(struct lake *l)
{
	struct branch	br = main_branch(l);

	lake_set(l, key_row(&l->cx, &br.uid, br.open, STR("small")),
	    STR("\1damaged"));
}

static void
bad_tag(struct lake *l)
{
	struct uid	id = ruid(l);

	lake_set(l, key_tag(&l->cx, &id, STR("bad")), STR("short"));
}

static void
bad_upload(struct lake *l)
{
	struct uid	id = { { 5 } };
	struct branch	br = main_branch(l);

	lake_set(l, key_upload(&l->cx, &br.uid, STR("mp"), &id),
	    STR("damaged"));
}

static void
bad_part(struct lake *l)
{
	struct target	at = lake_at("main", "mp");
	struct upload	u = { .sum_kind = STR(""), .meta = { .etag = STR("") } };

	assert_ok(&l->cx, upload_create(&l->cx, l->eng, &at, &u));
	lake_set(l, key_part(&l->cx, &u.id, 1), STR("damaged"));
}

static const struct damage {
	const char	*what, *invariant;
	void		(*plant)(struct lake *l);
	bool		 repaired;
} damages[] = {
	{ "low over open", "I2", low_over_open, false },
	{ "row over open", "I2", row_over_open, false },
	{ "cut over open", "I5", cut_over_open, false },
	{ "head without its log", "I7", head_moved_alone, false },
	{ "a gap in the head log", "I7", head_log_gap, false },
	{ "a commit is gone", "I8", commit_gone, false },
	{ "a block is gone", "I8", block_gone, false },
	{ "a node's count", "I10", count_wrong, false },
	{ "a size", "I11", size_wrong, false },
	{ "a stamp", "I12", stamp_late, false },
	{ "a generation", "I13", generation_wrong, false },
	{ "a commit of another name", "I13", commit_renamed, false },
	{ "a branch and a tag", "I14", branch_and_tag, false },
	{ "an upload of nobody", "I15", upload_of_nobody, false },
	{ "a short block", "I17", block_cut, false },
	{ "a condemned head", "I19", condemned_head, false },
	{ "a row with a long path", "I8", long_row, true },
	{ "a row", "I8", bad_row, true },
	{ "a tag", "I8", bad_tag, true },
	{ "an upload", "I8", bad_upload, true },
	{ "a part", "I8", bad_part, true },
};

enum { DAMAGES = sizeof damages / sizeof damages[0] };

static void
fill(struct lake *l)
{
	lake_begin(l);
	lake_put(l, "main", "small", "some");
	lake_put(l, "main", "other", "some more");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "main"));
	lake_put(l, "main", "third", "again");
	assert_ok(&l->cx, lake_try_commit(&l->cx, l->eng, "main"));
	assert_int_equal(0, lake_fsck(l, false));
}

static void
find_among(void *arg, const char *invariant, const char *what)
{
	struct lake	*l = arg;

	if (strcmp(invariant, l->last) == 0)
		l->found++;
	(void)what;
}

/* How often fsck tells of this invariant. */
static unsigned
tells(struct lake *l, const char *invariant, bool deep)
{
	const struct fsck_opts	opt = { .found = find_among, .arg = l,
	    .deep = deep };
	struct fsck_report	r;

	l->found = 0;
	snprintf(l->last, sizeof l->last, "%s", invariant);
	assert_ok(&l->cx, fsck_run(&l->cx, l->eng, &opt, &r));
	return l->found;
}

static void
each_damage_is_found(void **state)
{
	struct lake	l;
	size_t		i;

	(void)state;
	for (i = 0; i < DAMAGES; i++) {
		fill(&l);
		if (damages[i].plant == condemned_head)
			assert_ok(&l.cx, lake_try_gc(&l.cx, l.eng));
		damages[i].plant(&l);
		if (tells(&l, damages[i].invariant, false) == 0 ||
		    tells(&l, damages[i].invariant, true) == 0) {
			print_error("missed: %s\n", damages[i].what);
			_fail(__FILE__, __LINE__);
		}
		lake_end(&l);
	}
}

/* ---- repair ------------------------------------------------------------ */

struct repairing {
	char			 dir[40], folder[60], lock[60];
	struct fsck_opts	 opt;
	struct fsck_report	 r;
};

static void
repair_begin(struct repairing *r)
{
	memset(r, 0, sizeof *r);
	snprintf(r->dir, sizeof r->dir, "/tmp/repair.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->folder, sizeof r->folder, "%s/report", r->dir);
	snprintf(r->lock, sizeof r->lock, "%s/lock", r->dir);
	r->opt.repair = r->folder;
	r->opt.repair_lock = r->lock;
}

static void
repair_end(struct lake *l, struct repairing *r)
{
	assert_ok(&l->cx, file_remove_tree(&l->cx, r->dir));
}

static void
what_cannot_be_read_goes(void **state)
{
	struct lake		l;
	struct repairing	r;
	struct str		list;
	size_t			i;

	(void)state;
	for (i = 0; i < DAMAGES; i++) {
		fill(&l);
		repair_begin(&r);
		damages[i].plant(&l);
		assert_ok(&l.cx, fsck_run(&l.cx, l.eng, &r.opt, &r.r));
		assert_true(r.r.problems > 0);
		assert_int_equal(damages[i].repaired, r.r.repaired);
		assert_ok(&l.cx, file_read_all(&l.cx, str_printf(l.cx.mem,
		    "%s/list", r.folder).p, 1 << 20, &list));
		assert_non_null(strstr(str_z(l.cx.mem, list), "found "));
		assert_true(damages[i].repaired == file_exists(str_printf(
		    l.cx.mem, "%s/000001.value", r.folder).p));
		if (damages[i].repaired && lake_fsck(&l, false) != 0) {
			print_error("%s: %s\n", damages[i].what, l.last);
			_fail(__FILE__, __LINE__);
		}
		/* Again: there is nothing left to move. */
		snprintf(r.folder, sizeof r.folder, "%s/again", r.dir);
		assert_ok(&l.cx, fsck_run(&l.cx, l.eng, &r.opt, &r.r));
		assert_int_equal(0, r.r.repaired);
		repair_end(&l, &r);
		lake_end(&l);
	}
}

/* The row is written anew before the n-th transaction: then it stays. */
static void
write_anew(void *arg, bool writes)
{
	struct lake	*l = arg;
	struct branch	br;
	struct cx	 cx;

	if (!writes)
		return;
	cx_init(&cx, arena_new());
	if (branch_get(&cx, l->eng, REPO, STR("main"), &br) == OK) {
		struct lake_record	w = { key_row(&cx, &br.uid, br.open,
		    STR("small")), STR("\1also damaged") };

		kv_write(&cx, l->kv, lake_record_fn, &w);
	}
	arena_free(cx.mem);
}

static void
a_record_written_meanwhile_stays(void **state)
{
	struct lake		l;
	struct repairing	r;

	(void)state;
	fill(&l);
	repair_begin(&r);
	bad_row(&l);
	l.hook.hook = write_anew;
	l.hook.arg = &l;
	assert_ok(&l.cx, fsck_run(&l.cx, l.hooked, &r.opt, &r.r));
	assert_int_equal(0, r.r.repaired);
	l.hook.hook = NULL;
	snprintf(r.folder, sizeof r.folder, "%s/again", r.dir);
	assert_ok(&l.cx, fsck_run(&l.cx, l.hooked, &r.opt, &r.r));
	assert_int_equal(1, r.r.repaired);
	repair_end(&l, &r);
	lake_end(&l);
}

static void
only_one_repairs(void **state)
{
	struct lake		l;
	struct repairing	r;
	int			fd;

	(void)state;
	fill(&l);
	repair_begin(&r);
	assert_ok(&l.cx, file_lock_open(&l.cx, r.lock, &fd));
	assert_true(file_try_lock(fd));
	assert_int_equal(E_BUSY, fsck_run(&l.cx, l.eng, &r.opt, &r.r));
	cx_forget(&l.cx);
	file_close(fd);
	assert_ok(&l.cx, fsck_run(&l.cx, l.eng, &r.opt, &r.r));
	repair_end(&l, &r);
	lake_end(&l);
}

/* What fails between the report and the removal has removed nothing; the next
 * run does. */
static void
stopped_between(void **state)
{
	struct lake		l;
	struct repairing	r;
	pid_t			child;
	int			status;

	(void)state;
	fill(&l);
	repair_begin(&r);
	bad_row(&l);
	bad_tag(&l);
	if ((child = fork()) == 0) {
		setenv("LAKEGATE_FAULT", "repair.saved:2:kill", 1);
		fault_init();
		fsck_run(&l.cx, l.eng, &r.opt, &r.r);
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_true(file_exists(str_printf(l.cx.mem, "%s/000001.value",
	    r.folder).p));
	/* The child's memory is not ours: here all is as it was. */
	snprintf(r.folder, sizeof r.folder, "%s/again", r.dir);
	assert_ok(&l.cx, fsck_run(&l.cx, l.eng, &r.opt, &r.r));
	assert_int_equal(2, r.r.repaired);
	assert_int_equal(0, lake_fsck(&l, false));
	repair_end(&l, &r);
	lake_end(&l);
}

/* Keys that are too short or too long for what they begin with: told, and no
 * reason to read beyond them. */
static void
keys_of_no_length(void **state)
{
	static const char	letters[] = "BTHUPrCNnMyXDZgc";
	char			key[KV_KEY_MAX];
	struct lake		l;
	struct repairing	r;
	size_t			i;

	(void)state;
	memset(key, 'x', sizeof key);
	for (i = 0; letters[i] != '\0'; i++) {
		fill(&l);
		repair_begin(&r);
		key[0] = letters[i];
		lake_set(&l, (struct str){ key, 2 }, STR("x"));
		lake_set(&l, (struct str){ key, sizeof key }, STR("x"));
		assert_ok(&l.cx, fsck_run(&l.cx, l.eng, &r.opt, &r.r));
		if (strchr("BTHUPr", letters[i]) != NULL) {
			assert_true(r.r.problems > 0);
			lake_try_gc(&l.cx, l.eng);
			cx_forget(&l.cx);
		}
		repair_end(&l, &r);
		lake_end(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(each_damage_is_found),
		cmocka_unit_test(what_cannot_be_read_goes),
		cmocka_unit_test(a_record_written_meanwhile_stays),
		cmocka_unit_test(only_one_repairs),
		cmocka_unit_test(stopped_between),
		cmocka_unit_test(keys_of_no_length),
	};

	fault_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
