/* Branches. */
#include "engine/branches.h"

#include <fnmatch.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/ident.h"
#include "engine/disk.h"
#include "engine/engine_inside.h"
#include "engine/records.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "tree/claim.h"

enum { HEADMOVE_MAX = 1 << 20 };	/* bytes of a row of the head log */

enum err
branch_need(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name, struct branch *out)
{
	struct repo	r = { .name = STR(""), .ruid = *ruid };
	struct commit	c;
	enum err	e;
	bool		there;

	if ((e = branch_find(cx, tx, ruid, name, out, &there)) != OK || there)
		return e;
	e = ref_find(cx, tx, &r, name, &c);
	if (e == OK || e == E_BAD_REF)
		return fail(cx, E_READ_ONLY_REF, "\"%.*s\" is a read-only "
		    "ref: only branches can be changed", STRF(name));
	if (e != E_NO_SUCH_REF)
		return e;
	return fail(cx, E_NO_SUCH_BRANCH, "branch \"%.*s\" not found",
	    STRF(name));
}

/* By a pattern of the repository: only merges change it. */
static bool
branch_is_protected(const struct repo *r, struct str name)
{
	char	pattern[256], z[256];
	size_t	i;

	if (name.n >= sizeof z)
		return false;
	snprintf(z, sizeof z, "%.*s", STRF(name));
	for (i = 0; i < r->n_protect; i++) {
		snprintf(pattern, sizeof pattern, "%.*s", STRF(r->protect[i]));
		if (fnmatch(pattern, z, 0) == 0)
			return true;
	}
	return false;
}

enum err
branch_open(struct cx *cx, struct kv_tx *tx, struct str repo,
    struct str branch, bool force, struct repo *r, struct branch *br)
{
	enum err	e;

	if ((e = repo_find(cx, tx, repo, r)) != OK ||
	    (e = repo_writable(cx, r, force)) != OK ||
	    (e = branch_need(cx, tx, &r->ruid, branch, br)) != OK)
		return e;
	if (branch_is_protected(r, branch))
		return fail(cx, E_PROTECTED, "branch \"%.*s\" is protected: "
		    "change it by merging", STRF(branch));
	return OK;
}

enum err
branch_move(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct branch *br, const struct headmove *move)
{
	struct keys_range	in = key_range(cx, key_heads(cx, ruid,
	    br->name));
	struct headmove		m = *move, last;
	struct str		k, v;
	struct buf		b;
	uint64_t		seq = 1;
	enum err		e;
	bool			there;

	m.time = cx->now;
	m.uid = br->uid;
	if ((e = kv_last(cx, tx, in.lo, in.hi, &k, &v, &there)) != OK)
		return e;
	if (there) {
		if ((e = headmove_parse(cx, v, &last)) != OK)
			return e;
		k = str_from(k, in.lo.n);
		if (!take_be64(&k, &seq))
			return fail(cx, E_CORRUPT, "head log key");
		seq++;
		/* The clock went back; the log does not. */
		if (m.time < last.time && !fault_skip("HEAD_TIME"))
			m.time = last.time;
	}
	br->head = m.new;
	br->cut = (struct branch_cut){ .live = false };
	buf_init(&b, cx->mem, HEADMOVE_MAX);
	headmove_format(&b, &m);
	return kv_put(cx, tx, key_head(cx, ruid, br->name, seq), &b);
}

/* ---- create ------------------------------------------------------------ */

struct branch_create {
	struct str	 repo, name, who;
	const struct branch_opts *opt;
	struct uid	 uid;
	struct oid	*head;			/* out */
};

static enum err
branch_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct branch_create	*a = arg;
	struct branch		 br = { .name = a->name, .uid = a->uid,
	    .low = 1, .open = 1, .hidden = a->opt->hidden };
	struct headmove		 m = { .who = a->who, .what = STR("create") };
	struct gc_state		 gs;
	struct commit		 c;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, false)) != OK ||
	    (e = ref_check_free(cx, tx, &r.ruid, a->name)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = ref_find(cx, tx, &r, a->opt->source, &c)) != OK)
		return e;
	br.working = c.tree;
	*a->head = m.new = c.id;
	if ((!fault_skip("BRANCH_NOTE") &&
	    (e = claim_commit(cx, tx, &gs, &r.ruid, &c.id)) != OK) ||
	    (e = branch_move(cx, tx, &r.ruid, &br, &m)) != OK)
		return e;
	return branch_put(cx, tx, &r.ruid, &br);
}

enum err
branch_create(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, const struct branch_opts *opt, struct str who,
    struct oid *head)
{
	struct branch_create	a = { .repo = repo, .name = name, .who = who,
	    .opt = opt, .head = head };
	enum err		e;

	if ((e = name_check_branch(cx, name)) != OK ||
	    (e = disk_check_record(cx, eng)) != OK)
		return e;
	ident_random(a.uid.b, sizeof a.uid);
	return kv_write(cx, eng->kv, branch_create_fn, &a);
}

/* ---- look up ----------------------------------------------------------- */

struct branch_get {
	struct str	 repo, name;
	struct branch	*out;
};

static enum err
branch_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct branch_get	*a = arg;
	struct repo		 r;
	enum err		 e;
	bool			 there;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = branch_find(cx, tx, &r.ruid, a->name, a->out, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_BRANCH,
	    "branch \"%.*s\" not found", STRF(a->name));
}

enum err
branch_get(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, struct branch *out)
{
	struct branch_get	a = { repo, name, out };

	return kv_read(cx, eng->kv, branch_get_fn, &a);
}

/* ---- delete ------------------------------------------------------------ */

struct branch_delete {
	struct str	repo, name, who;
	bool		force;
};

static enum err
branch_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct branch_delete	*a = arg;
	struct headmove		 m = { .who = a->who, .what = STR("delete") };
	struct branch		 br;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, a->name, &br)) != OK)
		return e;
	if (str_is(a->name, r.default_branch))
		return fail(cx, E_DEFAULT_BRANCH, "\"%.*s\" is the default "
		    "branch and cannot be deleted", STRF(a->name));
	m.old = br.head;
	if ((e = branch_move(cx, tx, &r.ruid, &br, &m)) != OK ||
	    (e = kv_delete(cx, tx, key_branch(cx, &r.ruid, a->name))) != OK)
		return e;
	return kv_put_bytes(cx, tx, key_reap(cx, 'B', &br.uid), STR(""));
}

enum err
branch_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, bool force, struct str who)
{
	struct branch_delete	a = { repo, name, who, force };

	return kv_write(cx, eng->kv, branch_delete_fn, &a);
}
