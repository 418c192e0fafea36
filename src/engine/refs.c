/* Branches, tags, and what a ref resolves to. */
#include "engine/refs.h"

#include <fnmatch.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/ident.h"
#include "base/limit.h"
#include "base/vec.h"
#include "engine/keys.h"
#include "lake/names.h"
#include "lake/refexpr.h"

enum { RECORD_MAX = 1 << 20 };

/* ---- records ----------------------------------------------------------- */

enum err
branch_find(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name, struct branch *out, bool *there)
{
	struct str	v;
	enum err	e;

	*there = false;
	if (name.n == 0 || name.n > LIMIT_NAME)
		return OK;
	if ((e = kv_find(cx, tx, key_branch(cx, ruid, name), &v,
	    there)) != OK || !*there)
		return e;
	if ((e = branch_parse(cx, v, out)) != OK)
		return e;
	out->name = name;
	return OK;
}

enum err
branch_put(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    const struct branch *br)
{
	struct buf	b;

	buf_init(&b, cx->mem, RECORD_MAX);
	branch_format(&b, br);
	return kv_put(cx, tx, key_branch(cx, ruid, br->name), &b);
}

static enum err
tag_find(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name, struct oid *out, bool *there)
{
	struct str	v;
	enum err	e;

	*there = false;
	if (name.n == 0 || name.n > LIMIT_NAME)
		return OK;
	if ((e = kv_find(cx, tx, key_tag(cx, ruid, name), &v, there)) != OK ||
	    !*there)
		return e;
	return take_bytes(&v, sizeof *out, out->b) ? OK :
	    fail(cx, E_CORRUPT, "tag record cannot be read");
}

enum err
commit_need(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    const struct oid *id, struct commit *out)
{
	struct gc_state	gs;
	enum err	e;
	bool		there;

	if ((e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = give_commit_find(cx, tx, &gs, ruid, id, out, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_REF, "commit %s not found",
	    oid_hex(id).z);
}

enum err
commit_put(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, struct commit *c)
{
	struct buf	b;
	enum err	e;

	buf_init(&b, cx->mem, RECORD_MAX);
	commit_format(&b, c);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "a commit's message and metadata "
		    "may have 1 MiB");
	if ((e = kv_put(cx, tx, key_commit(cx, ruid, oid_str(&c->id)),
	    &b)) != OK ||
	    (e = kv_delete(cx, tx, key_doom(cx, ruid, &c->id))) != OK ||
	    (e = give_commit(cx, tx, gs, ruid, &c->id)) != OK)
		return e;
	return give_tree(cx, tx, gs, &c->tree);
}

/* ---- resolving --------------------------------------------------------- */

/* A unique prefix of a commit id; ambiguous is not found. */
static enum err
prefix_find(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str hex, struct oid *out, bool *there)
{
	struct kv_cursor	*cur;
	struct range		 in;
	struct str		 k, v;
	struct oid_hex		 h;
	struct oid		 id;
	unsigned char		 lead[32];
	enum err		 e;
	bool			 more;
	size_t			 i;

	*there = false;
	for (i = 0; i < hex.n; i++)
		if (!((hex.p[i] >= '0' && hex.p[i] <= '9') ||
		    (hex.p[i] >= 'a' && hex.p[i] <= 'f')))
			return OK;
	if (hex.n == 0 || hex.n > 64 ||
	    !enc_unhex(str_to(hex, hex.n / 2 * 2), lead, hex.n / 2))
		return OK;
	in = key_range(cx, key_commit(cx, ruid,
	    (struct str){ (char *)lead, hex.n / 2 }));
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &more)) == OK && more) {
		k = str_from(k, 1 + sizeof(struct uid));
		if (!take_bytes(&k, sizeof id, id.b))
			continue;
		h = oid_hex(&id);
		if (!str_starts(str_of(h.z), hex))
			continue;
		if (*there) {
			*there = false;
			break;
		}
		*there = true;
		*out = id;
	}
	return e;
}

struct base {			/* what the base name of an expression is */
	bool		is_branch;
	struct branch	br;
	struct oid	commit;
};

/* Full commit id, branch, tag, unique commit id prefix, in this order. */
static enum err
base_find(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str name, struct base *out)
{
	struct gc_state	gs;
	struct commit	c;
	enum err	e;
	bool		there = false;

	out->is_branch = false;
	if (name_is_commit_id(name) && oid_parse(name, &out->commit)) {
		if ((e = gc_state_find(cx, tx, &gs)) != OK ||
		    (e = give_commit_find(cx, tx, &gs, &r->ruid, &out->commit,
		    &c, &there)) != OK)
			return e;
	}
	if (!there) {
		if ((e = branch_find(cx, tx, &r->ruid, name, &out->br,
		    &there)) != OK)
			return e;
		out->is_branch = there;
		if (there)
			out->commit = out->br.head;
	}
	if (!there && (e = tag_find(cx, tx, &r->ruid, name, &out->commit,
	    &there)) != OK)
		return e;
	if (!there && (e = prefix_find(cx, tx, &r->ruid, name, &out->commit,
	    &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_REF, "ref \"%.*s\" not found "
	    "in repository \"%.*s\"", STRF(name), STRF(r->name));
}

static enum err
walk_steps(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    const struct refexpr *x, struct commit *c)
{
	const struct ref_step	*s;
	uint32_t		 i, n;
	struct oid		 parent;
	size_t			 which;
	enum err		 e;

	for (s = x->steps; s < x->steps + x->n_steps; s++) {
		n = s->op == '~' ? s->n : s->n > 0;
		which = s->op == '~' ? 0 : s->n - 1;
		for (i = 0; i < n; i++) {
			if (which >= c->n_parents)
				return fail(cx, E_NO_SUCH_REF, "commit %s has "
				    "no parent %zu", oid_hex(&c->id).z,
				    which + 1);
			parent = c->parents[which];
			if ((e = commit_need(cx, tx, &r->ruid, &parent,
			    c)) != OK)
				return e;
		}
	}
	return OK;
}

static enum err
resolve(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str ref, struct refexpr *x, struct base *b, struct commit *c)
{
	enum err	e;

	if ((e = refexpr_parse(cx, ref, x)) != OK ||
	    (e = base_find(cx, tx, r, x->base, b)) != OK)
		return e;
	if (x->mode != REF_PLAIN && !b->is_branch)
		return fail(cx, E_BAD_REF, "\"%.*s\": only a branch takes "
		    "@ or $", STRF(ref));
	if ((e = commit_need(cx, tx, &r->ruid, &b->commit, c)) != OK)
		return e;
	return walk_steps(cx, tx, r, x, c);
}

enum err
ref_find(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str ref, struct commit *out)
{
	struct refexpr	x;
	struct base	b;
	enum err	e;

	if ((e = resolve(cx, tx, r, ref, &x, &b, out)) != OK)
		return e;
	if (x.mode == REF_STAGED)
		return fail(cx, E_BAD_REF, "\"%.*s\" is staged data, and a "
		    "commit is needed here", STRF(ref));
	return OK;
}

enum err
ref_view(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str ref, struct view *out)
{
	struct refexpr	x;
	struct base	b;
	struct commit	c;
	enum err	e;
	bool		there;

	/* The common case by one lookup: the ref is a branch's name. */
	*out = (struct view){ .staged = false };
	if (!name_is_commit_id(ref)) {
		if ((e = branch_find(cx, tx, &r->ruid, ref, &out->br,
		    &there)) != OK)
			return e;
		if (there) {
			out->staged = true;
			out->commit = out->br.head;
			out->tree = out->br.working;
			return OK;
		}
	}
	if ((e = resolve(cx, tx, r, ref, &x, &b, &c)) != OK)
		return e;
	out->staged = b.is_branch && x.n_steps == 0 && x.mode != REF_HEAD;
	if (out->staged)
		out->br = b.br;
	out->commit = c.id;
	out->tree = out->staged ? b.br.working : c.tree;
	return OK;
}

struct resolve_args {
	struct str	 repo, ref;
	struct commit	*out;
};

static enum err
resolve_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct resolve_args	*a = arg;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK)
		return e;
	return ref_find(cx, tx, &r, a->ref, a->out);
}

enum err
ref_commit(struct cx *cx, struct engine *eng, struct str repo,
    struct str ref, struct commit *out)
{
	struct resolve_args	a = { repo, ref, out };

	return kv_read(cx, eng->kv, resolve_fn, &a);
}

/* ---- branches ---------------------------------------------------------- */

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

bool
branch_is_protected(const struct repo *r, struct str name)
{
	char	pattern[256], z[256];
	size_t	i;

	if (name.n >= sizeof z)
		return false;
	snprintf(z, sizeof z, "%.*s", STRF(name));
	for (i = 0; i < r->n_protect; i++) {
		snprintf(pattern, sizeof pattern, "%.*s",
		    STRF(r->protect[i]));
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
    struct branch *br, const struct oid *old, const struct oid *new,
    struct str who, const char *what)
{
	struct range	in = key_range(cx, key_heads(cx, ruid, br->name));
	struct headmove	m = { .time = cx->now, .uid = br->uid, .old = *old,
	    .new = *new, .who = who, .what = str_of(what) }, last;
	struct str	k, v;
	struct buf	b;
	uint64_t	seq = 1;
	enum err	e;
	bool		there;

	if ((e = kv_last(cx, tx, in.lo, in.hi, &k, &v, &there)) != OK)
		return e;
	if (there) {
		if ((e = headmove_parse(cx, v, &last)) != OK)
			return e;
		k = str_from(k, in.lo.n);
		if (!take_be64(&k, &seq))
			return fail(cx, E_CORRUPT, "head log key");
		seq++;
		if (m.time < last.time)	/* the clock went back; the log not */
			m.time = last.time;
	}
	br->head = *new;
	br->cut = (struct cut){ .live = false };
	buf_init(&b, cx->mem, RECORD_MAX);
	headmove_format(&b, &m);
	return kv_put(cx, tx, key_head(cx, ruid, br->name, seq), &b);
}

/* Branch, tag and full commit id are one name space.  [I14] */
static enum err
name_free(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name)
{
	struct gc_state	gs;
	struct branch	br;
	struct commit	c;
	struct oid	id;
	const char	*what = NULL;
	enum err	e;
	bool		there;

	if ((e = branch_find(cx, tx, ruid, name, &br, &there)) != OK)
		return e;
	if (there)
		what = "branch";
	if ((e = tag_find(cx, tx, ruid, name, &id, &there)) != OK)
		return e;
	if (there)
		what = "tag";
	if (name_is_commit_id(name) && oid_parse(name, &id)) {
		if ((e = gc_state_find(cx, tx, &gs)) != OK ||
		    (e = give_commit_find(cx, tx, &gs, ruid, &id, &c,
		    &there)) != OK)
			return e;
		if (there)
			what = "commit";
	}
	return what == NULL ? OK : fail(cx, E_NAME_TAKEN,
	    "a %s \"%.*s\" exists already", what, STRF(name));
}

struct name_args {
	struct str	 repo, name, source, who;
	struct uid	 uid;
	bool		 hidden, force;
	struct oid	*commit;
};

static enum err
branch_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	static const struct oid	 none;
	struct name_args	*a = arg;
	struct branch		 br = { .name = a->name, .uid = a->uid,
	    .low = 1, .open = 1, .hidden = a->hidden };
	struct gc_state		 gs;
	struct commit		 c;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK ||
	    (e = name_free(cx, tx, &r.ruid, a->name)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = ref_find(cx, tx, &r, a->source, &c)) != OK)
		return e;
	br.working = c.tree;
	*a->commit = c.id;
	if ((e = give_commit(cx, tx, &gs, &r.ruid, &c.id)) != OK ||
	    (e = branch_move(cx, tx, &r.ruid, &br, &none, &c.id, a->who,
	    "create")) != OK)
		return e;
	return branch_put(cx, tx, &r.ruid, &br);
}

enum err
branch_create(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, struct str source, bool hidden, struct str who,
    struct oid *head)
{
	struct name_args	a = { .repo = repo, .name = name,
	    .source = source, .who = who, .hidden = hidden, .commit = head };
	enum err		e;

	if ((e = name_check_branch(cx, name)) != OK)
		return e;
	ident_random(a.uid.b, sizeof a.uid);
	return kv_write(cx, eng->kv, branch_create_fn, &a);
}

struct branch_get_args {
	struct str	 repo, name;
	struct branch	*out;
};

static enum err
branch_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct branch_get_args	*a = arg;
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
	struct branch_get_args	a = { repo, name, out };

	return kv_read(cx, eng->kv, branch_get_fn, &a);
}

static enum err
branch_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	static const struct oid	 none;
	struct name_args	*a = arg;
	struct branch		 br;
	struct oid		 head;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, a->name, &br)) != OK)
		return e;
	if (str_is(a->name, r.default_branch))
		return fail(cx, E_DEFAULT_BRANCH, "\"%.*s\" is the default "
		    "branch and cannot be deleted", STRF(a->name));
	head = br.head;
	if ((e = branch_move(cx, tx, &r.ruid, &br, &head, &none, a->who,
	    "delete")) != OK ||
	    (e = kv_delete(cx, tx, key_branch(cx, &r.ruid, a->name))) != OK)
		return e;
	return kv_put_bytes(cx, tx, key_reap(cx, 'B', &br.uid), STR(""));
}

enum err
branch_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, bool force, struct str who)
{
	struct name_args	a = { .repo = repo, .name = name,
	    .force = force, .who = who };

	return kv_write(cx, eng->kv, branch_delete_fn, &a);
}

/* ---- tags -------------------------------------------------------------- */

static enum err
tag_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct name_args	*a = arg;
	struct gc_state		 gs;
	struct commit		 c;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK ||
	    (e = name_free(cx, tx, &r.ruid, a->name)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = ref_find(cx, tx, &r, a->source, &c)) != OK ||
	    (e = give_commit(cx, tx, &gs, &r.ruid, &c.id)) != OK)
		return e;
	*a->commit = c.id;
	return kv_put_bytes(cx, tx, key_tag(cx, &r.ruid, a->name),
	    oid_str(&c.id));
}

enum err
tag_create(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, struct str source, bool force, struct oid *commit)
{
	struct name_args	a = { .repo = repo, .name = name,
	    .source = source, .force = force, .commit = commit };
	enum err		e;

	if ((e = name_check_tag(cx, name)) != OK)
		return e;
	return kv_write(cx, eng->kv, tag_create_fn, &a);
}

static enum err
tag_need(struct cx *cx, struct kv_tx *tx, struct str repo, struct str name,
    struct repo *r, struct oid *out)
{
	enum err	e;
	bool		there;

	if ((e = repo_find(cx, tx, repo, r)) != OK ||
	    (e = tag_find(cx, tx, &r->ruid, name, out, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_TAG, "tag \"%.*s\" not found",
	    STRF(name));
}

static enum err
tag_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct name_args	*a = arg;
	struct repo		 r;

	return tag_need(cx, tx, a->repo, a->name, &r, a->commit);
}

enum err
tag_get(struct cx *cx, struct engine *eng, struct str repo, struct str name,
    struct oid *commit)
{
	struct name_args	a = { .repo = repo, .name = name,
	    .commit = commit };

	return kv_read(cx, eng->kv, tag_get_fn, &a);
}

static enum err
tag_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct name_args	*a = arg;
	struct repo		 r;
	struct oid		 id;
	enum err		 e;

	if ((e = tag_need(cx, tx, a->repo, a->name, &r, &id)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK)
		return e;
	return kv_delete(cx, tx, key_tag(cx, &r.ruid, a->name));
}

enum err
tag_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, bool force)
{
	struct name_args	a = { .repo = repo, .name = name,
	    .force = force };

	return kv_write(cx, eng->kv, tag_delete_fn, &a);
}

/* ---- lists of names ---------------------------------------------------- */

struct names_args {
	struct str		 repo;
	const struct list_query	*q;
	bool			 tags, hidden;
	struct ref_page		*out;
};

static enum err
names_item(struct cx *cx, const struct names_args *a, struct str name,
    struct str v, struct ref *out, bool *wanted)
{
	struct branch	br;
	enum err	e;

	*wanted = true;
	out->name = str_dup(cx->mem, name);
	if (a->tags)
		return take_bytes(&v, sizeof out->commit, out->commit.b) ? OK :
		    fail(cx, E_CORRUPT, "tag record cannot be read");
	if ((e = branch_parse(cx, v, &br)) != OK)
		return e;
	out->commit = br.head;
	*wanted = !br.hidden || a->hidden;
	return OK;
}

static enum err
names_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct names_args	*a = arg;
	struct str		 (*key)(struct cx *, const struct uid *,
	    struct str) = a->tags ? key_tag : key_branch;
	VEC(struct ref)		 found = { 0 };
	struct kv_cursor	*cur;
	struct range		 in;
	struct repo		 r;
	struct ref		 item;
	struct str		 k, v;
	enum err		 e;
	bool			 there, wanted;

	a->out->more = false;
	if ((e = repo_find(cx, tx, a->repo, &r)) != OK)
		return e;
	in = key_range(cx, key(cx, &r.ruid, a->q->prefix));
	k = key(cx, &r.ruid, a->q->after);
	if (a->q->after.n > 0 && str_cmp(k, in.lo) >= 0)
		in.lo = str_after(cx->mem, k);
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if ((e = names_item(cx, a, str_from(k, 1 + sizeof(struct uid)),
		    v, &item, &wanted)) != OK)
			return e;
		if (!wanted)
			continue;
		if (found.n == a->q->limit) {
			a->out->more = true;
			break;
		}
		*VEC_PUSH(cx->mem, &found) = item;
	}
	a->out->at = found.at;
	a->out->n = found.n;
	return e;
}

enum err
branch_list(struct cx *cx, struct engine *eng, struct str repo,
    const struct list_query *q, bool show_hidden, struct ref_page *out)
{
	struct names_args	a = { repo, q, false, show_hidden, out };

	return kv_read(cx, eng->kv, names_fn, &a);
}

enum err
tag_list(struct cx *cx, struct engine *eng, struct str repo,
    const struct list_query *q, struct ref_page *out)
{
	struct names_args	a = { repo, q, true, true, out };

	return kv_read(cx, eng->kv, names_fn, &a);
}
