/*
 * Interleavings.  Operation B runs, whole, before the n-th transaction of
 * operation A, for every pair of operations, every n and every state of a
 * branch: staged rows, sealed areas, a commit whose process died, a gc that
 * died, an upload.  What both were told and what is then seen must be what one
 * of the two orders without interleaving gives; gc twice and fsck must leave it
 * so.
 *
 * kv_mem runs one transaction at a time, so these are all interleavings of one
 * operation within another that a serializable kv allows.  The clock stands
 * still, but for naps and for those who look whether time has passed.
 *
 * And two operations within a gc, of which nothing may be seen.
 *
 * By itself it asks one pair in PART, chosen by the day; PAIRS=all asks all, and
 * PAIRS=state:A:B those that match ("*": any), with what they saw.
 */
#include "unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/when.h"
#include "block/block.h"
#include "engine/engine_inside.h"
#include "kv/kv.h"
#include "tree/gc_state.h"
#include "lake/keys.h"
#include "upkeep/upkeep.h"

enum { PART = 30, TRIPLES = 200, STEPS = 400, INLINE = 8, AREA_ROWS = 3 };

/* ---- time -------------------------------------------------------------- */

int64_t	__wrap_when_monotonic(void);
int	__wrap_nanosleep(const struct timespec *want, struct timespec *left);

static int64_t	clock_us;

int64_t
__wrap_when_monotonic(void)
{
	return clock_us;
}

int
__wrap_nanosleep(const struct timespec *want, struct timespec *left)
{
	(void)want;
	(void)left;
	clock_us += 1000000;
	return 0;
}

/* ---- a kv that stops before a transaction ------------------------------ */

struct step_kv {
	struct kv	 kv;
	struct kv	*inner;
	unsigned	 n, writes;	/* transactions so far; of them writing */
	unsigned	 most;
	/* Before these hook runs, the smaller one first; 0: never. */
	unsigned	 at, then;
	void		 (*hook)(void *arg);
	void		*arg;
	bool		 dies;		/* from `at` on there is no store */
};

static void *
run_hook(void *arg)
{
	struct step_kv	*s = arg;

	s->hook(s->arg);
	return NULL;
}

static enum err
step(struct cx *cx, struct step_kv *s)
{
	pthread_t	thread;

	if (++s->n > s->most)
		return fail(cx, E_STORE, "an operation goes on for ever");
	if (s->dies && s->n >= s->at)
		return fail(cx, E_STORE, "the process died");
	/* On a thread of its own: a transaction is about to begin here. */
	if (!s->dies && (s->n == s->at || s->n == s->then) &&
	    (pthread_create(&thread, NULL, run_hook, s) != 0 ||
	    pthread_join(thread, NULL) != 0))
		abort();
	return OK;
}

static enum err
step_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct step_kv	*s = (struct step_kv *)kv;
	enum err	 e;

	if ((e = step(cx, s)) != OK)
		return e;
	return s->inner->ops->read(cx, s->inner, fn, arg);
}

static enum err
step_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct step_kv	*s = (struct step_kv *)kv;
	enum err	 e;

	if ((e = step(cx, s)) != OK)
		return e;
	s->writes++;
	return s->inner->ops->write(cx, s->inner, fn, arg);
}

static enum err
step_trim(struct cx *cx, struct kv *kv)
{
	struct step_kv	*s = (struct step_kv *)kv;

	return s->inner->ops->trim(cx, s->inner);
}

static const struct kv_ops step_ops = { .read = step_read,
	.write = step_write, .trim = step_trim };

/* ---- a lake ------------------------------------------------------------ */

struct world {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct uid	 upload;	/* of the state "upload" */
	struct oid	 orphan;	/* of the state "orphan": a commit */
};

static const struct str	repo = { "repo", 4 };

static struct engine *
engine_of(struct kv *kv, struct block *block)
{
	struct engine_opts	o;

	engine_defaults(&o);
	o.inline_max = INLINE;
	o.area_rows = AREA_ROWS;
	o.fold_rows = 1;		/* each area is a slice */
	o.area_tombs = 100;
	o.part_least = 1;
	return engine_open(kv, block, &o);
}

struct actor {			/* a process, as far as the engine sees */
	struct world	*w;
	struct step_kv	 kv;
	struct engine	*eng;
	struct cx	 cx;
};

static void
actor_begin(struct actor *a, struct world *w)
{
	*a = (struct actor){ .w = w, .kv = { .kv = { &step_ops },
	    .inner = w->kv, .most = STEPS } };
	a->eng = engine_of(&a->kv.kv, w->block);
	cx_init(&a->cx, arena_new());
	a->cx.now = w->cx.now;
}

static void
actor_end(struct actor *a)
{
	arena_free(a->cx.mem);
	engine_close(a->eng);
}

/* ---- operations -------------------------------------------------------- */

static struct target
at(const char *ref, const char *path)
{
	return (struct target){ .repo = repo, .ref = str_of(ref),
	    .path = str_of(path) };
}

static struct str
md5(struct cx *cx, struct str bytes)
{
	unsigned char	sum[16];
	char		*hex = arena_get(cx->mem, 33);

	digest_of(DIGEST_MD5, bytes.p, bytes.n, sum);
	enc_hex(hex, sum, sizeof sum);
	return (struct str){ hex, 32 };
}

static enum err
take(struct actor *a, const char *bytes, struct entry *en, struct body **body)
{
	struct source	src = source_of_str(&a->cx, str_of(bytes));

	*en = (struct entry){ .content_type = STR("t"),
	    .etag = md5(&a->cx, str_of(bytes)) };
	return body_take(&a->cx, a->eng, &src, 1 << 20, NULL, NULL, body);
}

static enum err
put(struct actor *a, const char *ref, const char *path, const char *bytes,
    const struct cond *cond)
{
	static const struct cond	none;
	struct target			where = at(ref, path);
	struct entry			en;
	struct body			*body;
	enum err			e;

	if ((e = take(a, bytes, &en, &body)) != OK)
		return e;
	return object_put(&a->cx, a->eng, &where, body, &en,
	    cond != NULL ? cond : &none, false);
}

static enum err
put_large(struct actor *a)
{
	return put(a, "main", "a", "a as a file, once more", NULL);
}

static enum err
put_small(struct actor *a)
{
	return put(a, "main", "b", "b new", NULL);
}

static enum err
put_if_absent(struct actor *a)
{
	const struct cond	cond = { .if_none_match = STR("*") };

	return put(a, "main", "new", "only if absent", &cond);
}

static enum err
put_if_match(struct actor *a)
{
	const struct cond	cond = { .if_match = md5(&a->cx, STR("a one")) };

	return put(a, "main", "a", "only over the first", &cond);
}

static enum err
delete(struct actor *a, const char *path)
{
	static const struct cond	none;
	struct target			where = at("main", path);
	bool				marker;

	return object_delete(&a->cx, a->eng, &where, &none, false, &marker);
}

static enum err
delete_a(struct actor *a)
{
	return delete(a, "a");
}

static enum err
delete_b(struct actor *a)
{
	return delete(a, "b");
}

static enum err
delete_many(struct actor *a)
{
	struct object_delete_item	items[3] = { { .path = STR("d/1") },
	    { .path = STR("new") }, { .path = STR("a") } };

	return objects_delete(&a->cx, a->eng, repo, STR("main"), items, 3,
	    false);
}

static enum err
copy(struct actor *a, const char *ref, const char *from, const char *to,
    bool move)
{
	const struct object_copy_opts	opt = { .move = move };
	struct target		src = at(ref, from), dst = at("main", to);
	struct entry		en;

	return object_copy(&a->cx, a->eng, &src, &dst, &opt, &en);
}

static enum err
copy_here(struct actor *a)
{
	return copy(a, "main", "b", "c", false);
}

static enum err
copy_many_parts(struct actor *a)
{
	return copy(a, "main", "many", "c", false);
}

static enum err
copy_from_dev(struct actor *a)
{
	return copy(a, "dev", "only-dev", "c", false);
}

static enum err
copy_from_tag(struct actor *a)
{
	return copy(a, "v1", "a", "restored", false);
}

static enum err
copy_in_prefix(struct actor *a)
{
	return copy(a, "main", "d/3", "d/9", false);
}

static enum err
move(struct actor *a)
{
	return copy(a, "main", "a", "d/moved", true);
}

static enum err
move_staged(struct actor *a)
{
	return copy(a, "main", "b", "z", true);
}

static enum err
set_meta(struct actor *a)
{
	struct pair	meta = { STR("k"), STR("v") };
	struct target	where = at("main", "a");

	return object_set_meta(&a->cx, a->eng, &where, &meta, 1, false);
}

static enum err
reset_all(struct actor *a)
{
	return branch_reset(&a->cx, a->eng, repo, STR("main"), false);
}

static enum err
reset_path(struct actor *a)
{
	return branch_reset_path(&a->cx, a->eng, repo, STR("main"), STR("a"),
	    false, false);
}

static enum err
reset_prefix(struct actor *a)
{
	return branch_reset_path(&a->cx, a->eng, repo, STR("main"), STR("d/"),
	    true, false);
}

static enum err
commit(struct actor *a)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	struct commit			c;

	return commit_create(&a->cx, a->eng, repo, STR("main"), &opt, &c);
}

static enum err
merge_dev(struct actor *a)
{
	const struct merge_opts	opt = { .strategy = STRATEGY_SOURCE,
	    .commit = { .committer = STR("me") } };
	struct commit		c;

	return branch_merge(&a->cx, a->eng, repo, STR("dev"), STR("main"),
	    &opt, &c);
}

static enum err
create_branch(struct actor *a)
{
	const struct branch_opts	opt = { .source = STR("main") };
	struct oid			head;

	return branch_create(&a->cx, a->eng, repo, STR("third"), &opt,
	    STR("me"), &head);
}

static enum err
delete_branch(struct actor *a)
{
	return branch_delete(&a->cx, a->eng, repo, STR("dev"), false,
	    STR("me"));
}

static enum err
create_tag(struct actor *a)
{
	struct oid	id;

	return tag_create(&a->cx, a->eng, repo, STR("t"), STR("main"), false,
	    &id);
}

/* What a worker does after an answer. */
static enum err
maintain(struct actor *a)
{
	struct branch	br;
	struct repo	r;
	enum err	e;
	bool		more;

	if ((e = repo_get(&a->cx, a->eng, repo, &r)) != OK ||
	    (e = branch_get(&a->cx, a->eng, repo, STR("main"), &br)) != OK)
		return e;
	todo_add(&a->eng->todo, &r.ruid, STR("main"), &br.uid);
	do
		e = engine_maintain(&a->cx, a->eng, &more);
	while (e == OK && more);
	return e;
}

/* ---- multipart --------------------------------------------------------- */

enum { PARTS = 5 };		/* more extents than an entry holds */

static const char *const part_bytes[PARTS] = { "part one, which is a file",
	"two", "part three, which is a file", "four", "five" };

static enum err
put_part(struct actor *a, const struct target *where, const struct uid *id,
    uint32_t number, const char *bytes)
{
	struct upload_part	part = { .number = number };
	struct body	*body;
	enum err	e;

	/* A client sends again what gc overtook. */
	do {
		if ((e = take(a, bytes, &part.en, &body)) != OK)
			return e;
		e = upload_part(&a->cx, a->eng, where, id, &part, body);
	} while (e == E_CONDEMNED && a->kv.n <= STEPS);
	return e;
}

static enum err
complete_upload(struct actor *a, const struct target *where, const struct uid *id)
{
	struct upload_complete_item	items[PARTS];
	struct upload_complete_opts	opt = { .items = items, .n = PARTS };
	struct entry		en;
	size_t			i;

	memset(items, 0, sizeof items);
	for (i = 0; i < PARTS; i++) {
		items[i].number = (uint32_t)i + 1;
		items[i].etag = md5(&a->cx, str_of(part_bytes[i]));
	}
	return upload_complete(&a->cx, a->eng, where, id, &opt, &en);
}

static enum err
begin_upload(struct actor *a, const struct target *where, struct uid *id)
{
	struct upload	u = { .meta = { .content_type = STR("t") } };
	enum err	e;
	uint32_t	i;

	if ((e = upload_create(&a->cx, a->eng, where, &u)) != OK)
		return e;
	*id = u.id;
	for (i = 0; e == OK && i < PARTS; i++)
		e = put_part(a, where, id, i + 1, part_bytes[i]);
	return e;
}

static enum err
upload_once(struct actor *a)
{
	struct target	where = at("main", "many");
	struct uid	id;
	enum err	e;

	if ((e = begin_upload(a, &where, &id)) != OK)
		return e;
	return complete_upload(a, &where, &id);
}

static enum err
replace_part(struct actor *a)
{
	struct target	where = at("main", "up");

	return put_part(a, &where, &a->w->upload, 2, "another second part");
}

static enum err
copy_part_of(struct actor *a, const char *path)
{
	static const struct cond	none;
	struct upload_part			part = { .number = 3 };
	struct target			where = at("main", "up");
	struct target			src = at("main", path);
	const struct upload_copy	copy = { .src = &src, .cond = &none };

	return upload_part_copy(&a->cx, a->eng, &where, &a->w->upload, &part,
	    &copy);
}

static enum err
copy_part(struct actor *a)
{
	return copy_part_of(a, "a");
}

static enum err
complete(struct actor *a)
{
	struct target	where = at("main", "up");

	return complete_upload(a, &where, &a->w->upload);
}

static enum err
abort_upload(struct actor *a)
{
	struct target	where = at("main", "up");

	return upload_abort(&a->cx, a->eng, &where, &a->w->upload);
}

static enum err
collect(struct actor *a)
{
	const struct gc_opts	opt = { .grace = 0, .upload_age = INT64_MAX / 4,
	    .head_age = INT64_MAX / 4 };
	struct gc_report	r;

	return gc_run(&a->cx, a->eng, &opt, &r);
}

/* A tree that was there before, from copies: no id in it is new. */
static enum err
copy_and_fold(struct actor *a)
{
	enum err	e;

	if ((e = copy_from_dev(a)) != OK ||
	    (e = copy(a, "dev", "only-dev", "c2", false)) != OK ||
	    (e = copy(a, "dev", "only-dev", "c3", false)) != OK)
		return e;
	return maintain(a);
}

/* To a row that gc reads before the one that the copy is of, which goes. */
static enum err
copy_back(struct actor *a)
{
	enum err	e;

	if ((e = copy(a, "main", "zz", "a0", false)) != OK)
		return e;
	return delete(a, "zz");
}

static enum err
copy_only(struct actor *a)
{
	return copy(a, "main", "only", "c", false);
}

static enum err
drop_only(struct actor *a)
{
	enum err	e;

	if ((e = delete(a, "only")) != OK)
		return e;
	return collect(a);
}

/* A name for a commit that has none, by its id. */
static enum err
branch_of_orphan(struct actor *a)
{
	const struct branch_opts	opt = {
	    .source = str_of(oid_hex(&a->w->orphan).z) };
	struct oid			head;

	return branch_create(&a->cx, a->eng, repo, STR("third"), &opt,
	    STR("me"), &head);
}

static enum err
tag_of_orphan(struct actor *a)
{
	struct oid	id;

	return tag_create(&a->cx, a->eng, repo, STR("t"),
	    str_of(oid_hex(&a->w->orphan).z), false, &id);
}

/* The part's bytes are named by it alone then. */
static enum err
copy_part_away(struct actor *a)
{
	enum err	e;

	if ((e = copy_part_of(a, "only")) != OK)
		return e;
	return delete(a, "only");
}

/* The working tree moves on, and what it was is collected. */
static enum err
churn(struct actor *a)
{
	enum err	e;
	int		i;

	for (i = 0; i < AREA_ROWS; i++)
		if ((e = put(a, "main", "churned", "once more", NULL)) != OK)
			return e;
	if ((e = put(a, "main", "d/5", "d5", NULL)) != OK ||
	    (e = put(a, "main", "d/6", "d6", NULL)) != OK ||
	    (e = maintain(a)) != OK)
		return e;
	return collect(a);
}

typedef enum err operation(struct actor *a);

/*
 * UPLOAD: only where there is one; ORPHAN: likewise; ROWS: only where there are
 * many, and nothing else there but gc.  SEVERAL calls: only as B, in one piece.
 */
static const struct {
	const char	*name;
	operation	*run;
	enum { ANY, UPLOAD = 1, SEVERAL = 2, ORPHAN = 4, ROWS = 8 } kind;
} operations[] = {
	{ "put_large", put_large, ANY },
	{ "put_small", put_small, ANY },
	{ "put_if_absent", put_if_absent, ANY },
	{ "put_if_match", put_if_match, ANY },
	{ "delete_a", delete_a, ANY },
	{ "delete_b", delete_b, ANY },
	{ "delete_many", delete_many, ANY },
	{ "copy_here", copy_here, ANY },
	{ "copy_many_parts", copy_many_parts, ANY },
	{ "copy_from_dev", copy_from_dev, ANY },
	{ "copy_from_tag", copy_from_tag, ANY },
	{ "copy_in_prefix", copy_in_prefix, ANY },
	{ "move", move, ANY },
	{ "move_staged", move_staged, ANY },
	{ "set_meta", set_meta, ANY },
	{ "reset_all", reset_all, ANY },
	{ "reset_path", reset_path, ANY },
	{ "reset_prefix", reset_prefix, ANY },
	{ "commit", commit, ANY },
	{ "merge_dev", merge_dev, ANY },
	{ "create_branch", create_branch, ANY },
	{ "delete_branch", delete_branch, ANY },
	{ "create_tag", create_tag, ANY },
	{ "maintain", maintain, ANY },
	{ "upload", upload_once, ANY },
	{ "gc", collect, ANY },
	{ "copy_and_fold", copy_and_fold, SEVERAL },
	{ "churn", churn, SEVERAL },
	{ "replace_part", replace_part, UPLOAD },
	{ "copy_part", copy_part, UPLOAD },
	{ "complete", complete, UPLOAD },
	{ "abort", abort_upload, UPLOAD },
	{ "copy_part_away", copy_part_away, UPLOAD | SEVERAL },
	{ "copy_only", copy_only, UPLOAD },
	{ "drop_only", drop_only, UPLOAD | SEVERAL },
	{ "branch_of_orphan", branch_of_orphan, ORPHAN },
	{ "tag_of_orphan", tag_of_orphan, ORPHAN },
	{ "copy_back", copy_back, ROWS | SEVERAL },
};

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

/* ---- states ------------------------------------------------------------ */

static void
must(struct actor *a, enum err e)
{
	if (e == OK)
		return;
	print_error("a state: %s: %s (%s:%d)\n", err_name(e), a->cx.words,
	    a->cx.file, a->cx.line);
	abort();
}

static void
committed(struct actor *a)
{
	struct repo			r = { .name = repo,
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	const struct commit_opts	opt = { .message = STR("dev"),
	    .committer = STR("me") };
	struct commit			c;
	const struct branch_opts	from = { .source = STR("main") };
	struct oid			head;

	must(a, repo_create(&a->cx, a->eng, &r, STR("me")));
	must(a, put(a, "main", "a", "a one", NULL));
	must(a, put(a, "main", "b", "b one, as a file", NULL));
	must(a, put(a, "main", "d/1", "d1", NULL));
	must(a, put(a, "main", "d/2", "d two, as a file", NULL));
	must(a, commit(a));
	must(a, tag_create(&a->cx, a->eng, repo, STR("v1"), STR("main"), false,
	    &head));
	must(a, branch_create(&a->cx, a->eng, repo, STR("dev"), &from,
	    STR("me"), &head));
	must(a, put(a, "dev", "only-dev", "of dev, as a file", NULL));
	must(a, commit_create(&a->cx, a->eng, repo, STR("dev"), &opt, &c));
	must(a, maintain(a));
}

static void
staged(struct actor *a)
{
	committed(a);
	must(a, put(a, "main", "b", "b two", NULL));
	must(a, delete(a, "d/1"));
}

static void
many_parts(struct actor *a)
{
	committed(a);
	must(a, upload_once(a));
}

/* Areas wait to be folded; a tombstone lies over a sealed row. */
static void
sealed(struct actor *a)
{
	staged(a);
	must(a, put(a, "main", "new", "new, as a file", NULL));
	must(a, put(a, "main", "d/3", "d3", NULL));
	must(a, delete(a, "new"));
	must(a, put(a, "main", "a", "a two, as a file", NULL));
	must(a, delete(a, "a"));
	must(a, put(a, "main", "d/4", "d4", NULL));
}

/* A commit whose process died: before its tree was known, and after. */
static void
dies_in_commit(struct actor *a, bool known)
{
	struct actor	dying;
	struct branch	br;
	unsigned	n;

	sealed(a);
	for (n = 2;; n++) {
		actor_begin(&dying, a->w);
		dying.kv.at = n;
		dying.kv.dies = true;
		if (commit(&dying) == OK)
			abort();
		actor_end(&dying);
		must(a, branch_get(&a->cx, a->eng, repo, STR("main"), &br));
		if (br.cut.live && br.cut.known == known)
			return;
		clock_us += 60000000;
	}
}

static void
cut(struct actor *a)
{
	dies_in_commit(a, false);
}

static void
cut_known(struct actor *a)
{
	dies_in_commit(a, true);
}

/* A gc that died while it marked: every claim is told to the next one. */
static void
marking(struct actor *a)
{
	struct actor	dying;
	struct gc_state	gs = { .marking = false };
	unsigned	n;

	sealed(a);
	for (n = 12; !gs.marking; n++) {
		actor_begin(&dying, a->w);
		dying.kv.at = n;
		dying.kv.dies = true;
		if (collect(&dying) == OK)
			abort();
		actor_end(&dying);
		must(a, gc_state_read(&a->cx, a->w->kv, &gs));
	}
}

/* Nodes that a copy would make again lie about without a name. */
static void
garbage(struct actor *a)
{
	committed(a);
	must(a, copy_and_fold(a));
	must(a, branch_reset(&a->cx, a->eng, repo, STR("main"), false));
}

static void
upload(struct actor *a)
{
	struct target	where = at("main", "up");

	staged(a);
	must(a, put(a, "main", "a", "a staged, as a file", NULL));
	must(a, put(a, "main", "only", "of one row of the open area", NULL));
	must(a, begin_upload(a, &where, &a->w->upload));
}

enum { ROWS_OF_GC = 600 };	/* more than gc reads at once */

static enum err
tombs_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct branch	*br = arg;
	struct str	 path;
	enum err	 e = OK;
	int		 i;

	for (i = 0; e == OK && i < ROWS_OF_GC; i++) {
		path = str_printf(cx->mem, "x%03d", i);
		e = kv_put_bytes(cx, tx, key_row(cx, &br->uid, br->open,
		    path), (struct str){ "", 1 });
	}
	return e;
}

static void
rows(struct actor *a)
{
	struct branch	br;

	committed(a);
	must(a, put(a, "main", "zz", "zz, as a file", NULL));
	must(a, branch_get(&a->cx, a->eng, repo, STR("main"), &br));
	must(a, kv_write(&a->cx, a->eng->kv, tombs_fn, &br));
}

static enum err
forget_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct str	heads = key_heads(cx, arg, STR("gone"));
	struct keys_range in = key_range(cx, heads);
	size_t		n;

	return kv_clear(cx, tx, in.lo, in.hi, 100, &n);
}

/* A commit that nothing leads to: its branch is gone, and the head log was
 * trimmed. */
static void
orphan(struct actor *a)
{
	const struct branch_opts	from = { .source = STR("main") };
	const struct commit_opts	opt = { .message = STR("orphan"),
	    .committer = STR("me") };
	struct commit			c;
	struct repo			r;

	committed(a);
	must(a, branch_create(&a->cx, a->eng, repo, STR("gone"), &from,
	    STR("me"), &a->w->orphan));
	must(a, put(a, "gone", "orphan", "of an orphan, as a file", NULL));
	must(a, commit_create(&a->cx, a->eng, repo, STR("gone"), &opt, &c));
	must(a, branch_delete(&a->cx, a->eng, repo, STR("gone"), false,
	    STR("me")));
	must(a, repo_get(&a->cx, a->eng, repo, &r));
	must(a, kv_write(&a->cx, a->eng->kv, forget_fn, &r.ruid));
	a->w->orphan = c.id;
}

static const struct {
	const char	*name;
	void		 (*make)(struct actor *a);
	unsigned	 has;		/* of the kinds of operations */
} states[] = {
	{ "committed", committed, 0 },
	{ "staged", staged, 0 },
	{ "sealed", sealed, 0 },
	{ "cut", cut, 0 },
	{ "cut_known", cut_known, 0 },
	{ "marking", marking, 0 },
	{ "many_parts", many_parts, 0 },
	{ "garbage", garbage, 0 },
	{ "upload", upload, UPLOAD },
	{ "rows", rows, ROWS },
	{ "orphan", orphan, ORPHAN },
};

enum { STATES = sizeof states / sizeof states[0] };

static size_t
state_of(const char *name)
{
	size_t	i;

	for (i = 0; strcmp(states[i].name, name) != 0; i++)
		continue;
	return i;
}

static bool
is_possible(size_t state, size_t op)
{
	unsigned	kind = operations[op].kind & ~(unsigned)SEVERAL;

	if (states[state].has & ROWS)
		return kind == ROWS || operations[op].run == collect;
	return (kind & ~states[state].has) == 0;
}

static void
world_begin(struct world *w, size_t state)
{
	struct actor	a;

	memset(w, 0, sizeof *w);
	clock_us = 1;
	cx_init(&w->cx, arena_new());
	w->cx.now = 1700000000000;
	w->kv = kv_mem_open();
	w->block = block_mem_open();
	actor_begin(&a, w);
	a.kv.n = 0;
	must(&a, engine_init(&a.cx, a.eng));
	for (a.kv.at = 0; a.kv.at == 0; a.kv.at = 1)
		states[state].make(&a);
	actor_end(&a);
}

static void
world_end(struct world *w)
{
	arena_free(w->cx.mem);
	block_close(w->block);
	kv_close(w->kv);
}

/* ---- what is seen ------------------------------------------------------ */

static void
see_bytes(struct cx *cx, struct engine *eng, const struct target *where,
    struct buf *out)
{
	struct entry	en;
	struct source	src;
	struct str	bytes;

	if (object_open(cx, eng, where, &en) != OK ||
	    object_source(cx, eng, &en, 0, en.size, &src) != OK ||
	    source_all(cx, &src, 1 << 20, &bytes) != OK) {
		buf_printf(out, " CANNOT BE READ: %s", cx->words);
		cx_forget(cx);
		return;
	}
	buf_printf(out, "=%.*s;%zu;%zu", STRF(bytes), en.n_meta, en.n_parts);
}

static void
see_ref(struct cx *cx, struct engine *eng, struct str ref, struct buf *out)
{
	const struct list_query	q = { .limit = 1000 };
	struct list_page	page;
	struct target		where = { .repo = repo, .ref = ref };
	size_t			i;

	buf_printf(out, "\n%.*s:", STRF(ref));
	if (object_list(cx, eng, repo, ref, &q, &page) != OK) {
		buf_printf(out, " %s", cx->words);
		cx_forget(cx);
		return;
	}
	for (i = 0; i < page.n; i++) {
		where.path = page.at[i].path;
		buf_printf(out, " %.*s", STRF(where.path));
		see_bytes(cx, eng, &where, out);
	}
}

static void
see_log(struct cx *cx, struct engine *eng, struct str ref, struct buf *out)
{
	const struct commit_log_query	q = { .ref = ref, .amount = 100,
	    .first_parent = true };
	struct commit_page	page;
	size_t			i;

	if (commit_log(cx, eng, repo, &q, &page) != OK) {
		buf_printf(out, " %s", cx->words);
		cx_forget(cx);
		return;
	}
	for (i = 0; i < page.n; i++)
		buf_printf(out, " [%.*s %zu]", STRF(page.at[i].message),
		    page.at[i].n_parents);
}

static void
see_uploads(struct cx *cx, struct engine *eng, struct buf *out)
{
	const struct list_query	q = { .limit = 100 };
	struct upload_page	page;
	struct upload_part_page	parts;
	struct upload		u;
	struct target		where = at("main", "");
	size_t			i, k;

	if (upload_list(cx, eng, repo, STR("main"), &q, STR(""), &page) != OK)
		return;
	for (i = 0; i < page.n; i++) {
		where.path = page.at[i].path;
		buf_printf(out, "\nupload %.*s:", STRF(where.path));
		if (upload_list_parts(cx, eng, &where, &page.at[i].id, 0, 100, &u,
		    &parts) != OK)
			continue;
		for (k = 0; k < parts.n; k++)
			buf_printf(out, " %u %.*s", parts.at[k].number,
			    STRF(parts.at[k].en.etag));
	}
}

/* All that a client can ask, without ids: those are random, or hold times. */
static struct str
see(struct world *w)
{
	const struct list_query	q = { .limit = 100 };
	struct engine		*eng = engine_of(w->kv, w->block);
	struct ref_page		branches, tags;
	struct buf		out;
	struct str		head;
	size_t			i;

	buf_init(&out, w->cx.mem, 1 << 20);
	assert_ok(&w->cx, branch_list(&w->cx, eng, repo, &q, true, &branches));
	for (i = 0; i < branches.n; i++) {
		see_ref(&w->cx, eng, branches.at[i].name, &out);
		head = str_printf(w->cx.mem, "%.*s@",
		    STRF(branches.at[i].name));
		see_ref(&w->cx, eng, head, &out);
		see_log(&w->cx, eng, head, &out);
	}
	assert_ok(&w->cx, tag_list(&w->cx, eng, repo, &q, &tags));
	for (i = 0; i < tags.n; i++)
		see_ref(&w->cx, eng, tags.at[i].name, &out);
	see_uploads(&w->cx, eng, &out);
	engine_close(eng);
	return buf_as_str(&out);
}

/* ---- one interleaving -------------------------------------------------- */

struct pair_of {
	size_t		state, a, b;
	struct actor	other;
	enum err	answer[2];
	unsigned	n;		/* transactions of A */
	bool		ran;		/* B did, before A's end */
	char		words[2][600];
};

static void
run_other(void *arg)
{
	struct pair_of	*p = arg;

	p->ran = true;
	p->answer[1] = operations[p->b].run(&p->other);
	snprintf(p->words[1], sizeof p->words[1], "%s", p->other.cx.words);
}

/* at 0: B after A; at UINT_MAX: B before A. */
static struct str
outcome(struct arena *mem, struct world *w, struct pair_of *p, unsigned at_tx)
{
	struct actor	a;
	struct str	seen;

	world_begin(w, p->state);
	actor_begin(&a, w);
	actor_begin(&p->other, w);
	p->ran = false;
	if (at_tx == UINT32_MAX)
		run_other(p);
	a.kv.at = at_tx == UINT32_MAX ? 0 : at_tx;
	a.kv.hook = run_other;
	a.kv.arg = p;
	p->answer[0] = operations[p->a].run(&a);
	snprintf(p->words[0], sizeof p->words[0], "%s", a.cx.words);
	p->n = a.kv.n;
	if (!p->ran && at_tx == 0)
		run_other(p);
	seen = see(w);
	seen = str_printf(mem, "%s: %s, %s: %s%.*s", operations[p->a].name,
	    err_name(p->answer[0]), operations[p->b].name,
	    err_name(p->answer[1]), STRF(seen));
	actor_end(&p->other);
	actor_end(&a);
	return seen;
}

static void
found(void *arg, const char *invariant, const char *what)
{
	snprintf(arg, 600, "%s: %s", invariant, what);
}

/* What B alone gives. */
static struct str
without(struct arena *mem, struct pair_of *p)
{
	struct world	w;
	struct str	seen;

	world_begin(&w, p->state);
	actor_begin(&p->other, &w);
	run_other(p);
	seen = str_printf(mem, "\n%.*s", STRF(see(&w)));
	actor_end(&p->other);
	world_end(&w);
	return seen;
}

/* A client is told to try again, and nothing was done. */
static bool
is_refusal(enum err e)
{
	return e == E_BUSY || e == E_CONDEMNED || e == E_TIP_MOVED;
}

static bool
same_world(struct str seen, struct str alone)
{
	while (seen.n > 0 && seen.p[0] != '\n')
		seen = str_from(seen, 1);
	return str_is(str_from(seen, seen.n > 0), str_from(alone, 2));
}

/* gc twice keeps what is seen; fsck finds nothing. */
static bool
holds(struct world *w, struct str *before, struct str *after, char *problem)
{
	const struct fsck_opts	opt = { .deep = true, .found = found,
	    .arg = problem };
	struct fsck_report	r;
	struct actor		a;

	problem[0] = '\0';
	*before = see(w);
	actor_begin(&a, w);
	a.kv.most *= 10;
	if (collect(&a) != OK || collect(&a) != OK ||
	    fsck_run(&a.cx, a.eng, &opt, &r) != OK)
		snprintf(problem, 600, "%s", a.cx.words);
	actor_end(&a);
	*after = see(w);
	return problem[0] == '\0' && str_is(*before, *after);
}

static unsigned	n_asked, n_bad;

static void
complain(const struct pair_of *p, unsigned n, const char *what)
{
	n_bad++;
	print_error("%s: %s, and before its transaction %u %s: %s\n"
	    "\t%s: %s\n\t%s: %s\n", states[p->state].name,
	    operations[p->a].name, n, operations[p->b].name, what,
	    err_name(p->answer[0]), p->words[0], err_name(p->answer[1]),
	    p->words[1]);
}

static void
ask(size_t state, size_t i, size_t k, bool loud)
{
	struct pair_of	p = { .state = state, .a = i, .b = k };
	struct arena	*mem = arena_new();
	struct world	w;
	struct str	ab, ba, alone, seen, before, after;
	char		problem[600];
	unsigned	n, most;

	ab = outcome(mem, &w, &p, 0);
	most = p.n;
	world_end(&w);
	ba = outcome(mem, &w, &p, UINT32_MAX);
	world_end(&w);
	alone = without(mem, &p);
	for (n = 1; n <= most; n++) {
		n_asked++;
		seen = outcome(mem, &w, &p, n);
		if (p.n > STEPS)
			complain(&p, n, "goes on for ever");
		else if (p.ran && !str_is(seen, ab) && !str_is(seen, ba) &&
		    !(is_refusal(p.answer[0]) && same_world(seen, alone))) {
			complain(&p, n, "neither order gives this");
			print_error("\tseen  %.*s\n\tA, B  %.*s\n\tB, A  %.*s\n",
			    STRF(seen), STRF(ab), STRF(ba));
		}
		if (!holds(&w, &before, &after, problem)) {
			complain(&p, n, problem[0] != '\0' ? problem :
			    "gc changed what is seen");
			if (problem[0] == '\0')
				print_error("\tbefore %.*s\n\tafter %.*s\n",
				    STRF(before), STRF(after));
		}
		if (loud)
			print_message("%s %s %s %u: %.*s\n",
			    states[state].name, operations[i].name,
			    operations[k].name, n, STRF(seen));
		world_end(&w);
	}
	arena_free(mem);
}

/* Is this one of those that PAIRS or the day asks for? */
static bool
is_asked(size_t state, size_t a, size_t b, const char *pattern)
{
	char	name[100], want[3][40] = { "*", "*", "*" };

	if (pattern == NULL)
		return (state * 31 + a * 7 + b +
		    (size_t)(time(NULL) / 86400)) % PART == 0;
	if (strcmp(pattern, "all") == 0)
		return true;
	sscanf(pattern, "%39[^:]:%39[^:]:%39[^:]", want[0], want[1], want[2]);
	snprintf(name, sizeof name, "%s", states[state].name);
	return (want[0][0] == '*' || strcmp(want[0], name) == 0) &&
	    (want[1][0] == '*' || strcmp(want[1], operations[a].name) == 0) &&
	    (want[2][0] == '*' || strcmp(want[2], operations[b].name) == 0);
}

static void
every_interleaving_is_one_of_the_orders(void **state)
{
	const char	*pattern = getenv("PAIRS");
	bool		 loud = pattern != NULL && strcmp(pattern, "all") != 0 &&
	    strchr(pattern, '*') == NULL;
	size_t		 s, a, b;

	(void)state;
	for (s = 0; s < STATES; s++)
		for (a = 0; a < OPERATIONS; a++)
			for (b = 0; b < OPERATIONS; b++)
				if (is_asked(s, a, b, pattern) &&
				    is_possible(s, a) &&
				    !(operations[a].kind & SEVERAL) &&
				    is_possible(s, b))
					ask(s, a, b, loud);
	print_message("%u interleavings, %u of them wrong\n", n_asked, n_bad);
	assert_true(n_asked > 0);
	assert_int_equal(0, n_bad);
}

/* ---- time, by itself --------------------------------------------------- */

/* A commit whose process died is waited for, without writing again and again,
 * and then taken over. */
static void
a_cut_is_left_alone_for_ten_seconds(void **state)
{
	struct actor	a;
	struct world	w;
	int64_t		since;

	(void)state;
	world_begin(&w, state_of("cut"));
	actor_begin(&a, &w);
	since = clock_us;
	assert_ok(&a.cx, commit(&a));
	assert_in_range(clock_us - since, 10000000, 20000000);
	assert_in_range(a.kv.writes, 1, 12);
	actor_end(&a);
	world_end(&w);
}

/* The head log's time never falls, whatever the clock does.  [I7] */
static void
a_clock_may_go_back(void **state)
{
	struct actor	a;
	struct world	w;
	struct str	before, after;
	char		problem[600];

	(void)state;
	world_begin(&w, 0);
	actor_begin(&a, &w);
	a.cx.now -= 3600 * 1000;
	assert_ok(&a.cx, put(&a, "main", "late", "and yet earlier", NULL));
	assert_ok(&a.cx, commit(&a));
	actor_end(&a);
	assert_true(holds(&w, &before, &after, problem));
	world_end(&w);
}

/* ---- crafted interleavings --------------------------------------------- */

static void
run_dying_commit(void *arg)
{
	struct actor	*dying = arg;

	clock_us += 60000000;
	commit(dying);
}

static void
assert_tree_of(struct world *w, struct engine *eng, const struct oid *id,
    struct str want)
{
	struct buf	out;

	buf_init(&out, w->cx.mem, 1 << 20);
	see_ref(&w->cx, eng, str_of(oid_hex(id).z), &out);
	/* From the paths on: the name of the ref differs. */
	assert_true(str_is(str_from(want, str_find(want, ':')),
	    str_from(buf_as_str(&out), str_find(buf_as_str(&out), ':'))));
}

/* Does a commit that a second one has taken over, which died before its m-th
 * transaction, still say nothing but the truth? */
static bool
taken_over_at(unsigned n, unsigned m)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	struct world	w;
	struct actor	a, dying;
	struct commit	c;
	struct buf	view;
	enum err	e;
	bool		ran;

	world_begin(&w, state_of("sealed"));
	actor_begin(&a, &w);
	actor_begin(&dying, &w);
	buf_init(&view, w.cx.mem, 1 << 20);
	see_ref(&w.cx, a.eng, STR("main"), &view);
	dying.kv.at = m;
	dying.kv.dies = true;
	a.kv.n = 0;
	a.kv.at = n;
	a.kv.hook = run_dying_commit;
	a.kv.arg = &dying;
	e = commit_create(&a.cx, a.eng, repo, STR("main"), &opt, &c);
	ran = a.kv.n >= n && dying.kv.n >= m;
	/* E_NO_CHANGES: the second one was done but for its answer. */
	assert_true(e == OK || e == E_NO_CHANGES);
	if (e == OK)
		assert_tree_of(&w, a.eng, &c.id, buf_as_str(&view));
	actor_end(&dying);
	actor_end(&a);
	world_end(&w);
	return ran;
}

/* A ticket names whose cut it is.  (N_TICKET) */
static void
a_commit_that_was_taken_over_knows_it(void **state)
{
	unsigned	n, m;

	(void)state;
	for (n = 2; taken_over_at(n, 1); n++)
		for (m = 2; taken_over_at(n, m); m++)
			continue;
	assert_in_range(n, 4, STEPS);
}

/* Nodes that a process remembers may be gone from the store.  (N_CACHE) */
static void
what_is_remembered_may_be_gone(void **state)
{
	struct actor	a, gc;
	struct world	w;
	struct str	before, after;
	struct buf	seen;
	char		problem[600];

	(void)state;
	world_begin(&w, state_of("committed"));
	actor_begin(&a, &w);
	actor_begin(&gc, &w);
	assert_ok(&a.cx, copy_and_fold(&a));
	buf_init(&seen, w.cx.mem, 1 << 20);
	see_ref(&a.cx, a.eng, STR("main"), &seen);
	assert_ok(&a.cx, reset_all(&a));
	assert_ok(&gc.cx, collect(&gc));
	assert_ok(&gc.cx, collect(&gc));
	assert_ok(&a.cx, copy_and_fold(&a));
	actor_end(&gc);
	actor_end(&a);
	assert_true(holds(&w, &before, &after, problem));
	world_end(&w);
}

/* ---- an operation that begins before a gc, and ends within it ---------- */

struct overlap {
	struct actor	a, gc;
	size_t		op;
	enum err	answer;
	pthread_mutex_t	lock;
	pthread_cond_t	moved;
	bool		reached, goes_on;
};

static void
overlap_set(struct overlap *o, bool *what)
{
	pthread_mutex_lock(&o->lock);
	*what = true;
	pthread_cond_broadcast(&o->moved);
	pthread_mutex_unlock(&o->lock);
}

static void
overlap_wait(struct overlap *o, const bool *what)
{
	pthread_mutex_lock(&o->lock);
	while (!*what)
		pthread_cond_wait(&o->moved, &o->lock);
	pthread_mutex_unlock(&o->lock);
}

static void
stop_here(void *arg)
{
	struct overlap	*o = arg;

	overlap_set(o, &o->reached);
	overlap_wait(o, &o->goes_on);
}

static void *
overlap_run(void *arg)
{
	struct overlap	*o = arg;

	o->answer = operations[o->op].run(&o->a);
	overlap_set(o, &o->reached);
	return NULL;
}

static pthread_t	overlapping;

static void
go_on(void *arg)
{
	struct overlap	*o = arg;

	overlap_set(o, &o->goes_on);
	pthread_join(overlapping, NULL);
}

/* The operation stops before its n-th transaction, gc begins, and before the
 * m-th of gc the operation goes on.  False: one of them has not so many. */
static bool
overlap_at(size_t state, size_t op, unsigned n, unsigned m, bool *has_n)
{
	struct overlap	o = { .op = op };
	struct world	w;
	struct str	before, after;
	char		problem[600];
	bool		ran;

	world_begin(&w, state);
	actor_begin(&o.a, &w);
	actor_begin(&o.gc, &w);
	pthread_mutex_init(&o.lock, NULL);
	pthread_cond_init(&o.moved, NULL);
	o.a.kv.at = n;
	o.a.kv.hook = stop_here;
	o.gc.kv.at = m;
	o.gc.kv.hook = go_on;
	o.a.kv.arg = o.gc.kv.arg = &o;
	if (pthread_create(&overlapping, NULL, overlap_run, &o) != 0)
		abort();
	overlap_wait(&o, &o.reached);
	assert_ok(&o.gc.cx, collect(&o.gc));
	if (!(ran = o.gc.kv.n >= m))
		go_on(&o);
	*has_n = o.a.kv.n >= n;
	actor_end(&o.gc);
	actor_end(&o.a);
	n_asked++;
	if (!holds(&w, &before, &after, problem)) {
		n_bad++;
		print_error("%s: %s, stopped before its transaction %u until "
		    "gc came to %u: %s: %s\n", states[state].name,
		    operations[op].name, n, m, err_name(o.answer), problem);
	}
	world_end(&w);
	return ran && *has_n;
}

static void
overlap_all(size_t state, size_t op)
{
	unsigned	n, m;
	bool		has_n = true;

	for (n = 2; has_n; n++)
		for (m = 1; overlap_at(state, op, n, m, &has_n); m++)
			continue;
}

static void
a_gc_that_began_later(void **state)
{
	const char	*pattern = getenv("PAIRS");
	bool		 all;
	size_t		 s, op;

	(void)state;
	all = pattern != NULL && strcmp(pattern, "all") == 0;
	n_asked = n_bad = 0;
	for (s = 0; s < STATES; s++)
		for (op = 0; op < OPERATIONS; op++)
			if (is_possible(s, op) &&
			    !(operations[op].kind & SEVERAL) && (all ||
			    (s == state_of("committed") &&
			    operations[op].run == put_large)))
				overlap_all(s, op);
	print_message("%u interleavings, %u of them wrong\n", n_asked, n_bad);
	assert_true(n_asked > 10);
	assert_int_equal(0, n_bad);
}

/* ---- two operations within a gc ---------------------------------------- */

struct triple {
	size_t		state, op[2];
	unsigned	at[2];
	struct actor	actor[2];
	enum err	answer[2];
	size_t		ran;
};

static void
run_next(void *arg)
{
	struct triple	*t = arg;
	size_t		 i = t->ran++;

	t->answer[i] = operations[t->op[i]].run(&t->actor[i]);
}

static struct str
triple_outcome(struct arena *mem, struct world *w, struct triple *t,
    bool with_gc)
{
	struct actor	gc;
	struct str	seen;

	world_begin(w, t->state);
	actor_begin(&t->actor[0], w);
	actor_begin(&t->actor[1], w);
	actor_begin(&gc, w);
	gc.kv.at = t->at[0];
	gc.kv.then = t->at[1];
	gc.kv.hook = run_next;
	gc.kv.arg = t;
	t->ran = 0;
	if (with_gc)
		collect(&gc);
	while (t->ran < 2)
		run_next(t);
	seen = see(w);
	seen = str_printf(mem, "%s, %s%.*s", err_name(t->answer[0]),
	    err_name(t->answer[1]), STRF(seen));
	actor_end(&gc);
	actor_end(&t->actor[1]);
	actor_end(&t->actor[0]);
	return seen;
}

/* False: a client was told to send again, which is no wrong either. */
static bool
triple_is_told(const struct triple *t)
{
	return !is_refusal(t->answer[0]) && !is_refusal(t->answer[1]);
}

static void
ask_triple(struct triple *t)
{
	struct arena	*mem = arena_new();
	struct world	 w;
	struct str	 want, seen, before, after;
	char		 problem[600];

	n_asked++;
	want = triple_outcome(mem, &w, t, false);
	world_end(&w);
	seen = triple_outcome(mem, &w, t, true);
	if ((triple_is_told(t) && !str_is(want, seen)) ||
	    !holds(&w, &before, &after, problem)) {
		n_bad++;
		print_error("%s: gc, before its transaction %u %s, before %u "
		    "%s: %s\n\twant %.*s\n\tseen %.*s\n", states[t->state].name,
		    t->at[0], operations[t->op[0]].name, t->at[1],
		    operations[t->op[1]].name, problem, STRF(want),
		    STRF(seen));
	}
	world_end(&w);
	arena_free(mem);
}

/* What gc takes, an operation does not find: that is seen of a gc, rightly. */
static size_t
any_operation(size_t state)
{
	size_t	i;

	do
		i = (size_t)rand() % OPERATIONS;
	while (operations[i].run == collect ||
	    (operations[i].kind & ORPHAN) || !is_possible(state, i));
	return i;
}

static void
two_operations_within_a_gc(void **state)
{
	const char	*pattern = getenv("PAIRS");
	unsigned	 left = TRIPLES, n;
	struct triple	 t;

	(void)state;
	if (pattern != NULL && strcmp(pattern, "all") == 0)
		left *= 60;
	else if (pattern != NULL)
		return;
	srand((unsigned)(time(NULL) / 86400));
	n_asked = n_bad = 0;
	while (left-- > 0) {
		memset(&t, 0, sizeof t);
		t.state = (size_t)rand() % STATES;
		t.op[0] = any_operation(t.state);
		t.op[1] = any_operation(t.state);
		n = 1 + (unsigned)rand() % 60;
		t.at[0] = n;
		t.at[1] = n + 1 + (unsigned)rand() % 12;
		ask_triple(&t);
	}
	print_message("%u triples, %u of them wrong\n", n_asked, n_bad);
	assert_int_equal(0, n_bad);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(every_interleaving_is_one_of_the_orders),
		cmocka_unit_test(a_cut_is_left_alone_for_ten_seconds),
		cmocka_unit_test(a_clock_may_go_back),
		cmocka_unit_test(a_commit_that_was_taken_over_knows_it),
		cmocka_unit_test(what_is_remembered_may_be_gone),
		cmocka_unit_test(a_gc_that_began_later),
		cmocka_unit_test(two_operations_within_a_gc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
