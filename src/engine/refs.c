/* What a ref resolves to. */
#include "engine/refs.h"

#include "base/buf.h"
#include "base/enc.h"
#include "engine/records.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "lake/refexpr.h"

/* Lower-case digits of an id: its first whole bytes. */
static bool
ref_prefix_parse(struct str hex, unsigned char lead[sizeof(struct oid)])
{
	size_t	i;

	for (i = 0; i < hex.n; i++)
		if (!((hex.p[i] >= '0' && hex.p[i] <= '9') ||
		    (hex.p[i] >= 'a' && hex.p[i] <= 'f')))
			return false;
	return hex.n > 0 && hex.n <= 2 * sizeof(struct oid) &&
	    enc_unhex(str_to(hex, hex.n / 2 * 2), lead, hex.n / 2);
}

/* A unique prefix of a commit id; ambiguous is not found. */
static enum err
ref_prefix_find(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str hex, struct oid *out, bool *there)
{
	struct kv_cursor	*cur;
	struct keys_range	 in;
	struct str		 k, v;
	struct oid		 id;
	unsigned char		 lead[sizeof id];
	enum err		 e;
	bool			 more;

	*there = false;
	if (!ref_prefix_parse(hex, lead))
		return OK;
	in = key_range(cx, key_commit(cx, ruid,
	    (struct str){ (char *)lead, hex.n / 2 }));
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &more)) == OK && more) {
		k = str_from(k, 1 + sizeof(struct uid));
		if (!take_bytes(&k, sizeof id, id.b) ||
		    !str_starts(str_of(oid_hex(&id).z), hex))
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

struct ref_base {		/* what the base name of an expression is */
	bool		is_branch;
	struct branch	br;
	struct oid	commit;
};

/* Full commit id, branch, tag, unique commit id prefix, in this order. */
static enum err
ref_base_find(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str name, struct ref_base *out)
{
	struct gc_state	gs;
	struct commit	c;
	enum err	e;
	bool		there = false;

	out->is_branch = false;
	if (name_is_commit_id(name) && oid_parse(name, &out->commit)) {
		if ((e = gc_state_find(cx, tx, &gs)) != OK ||
		    (e = commit_find(cx, tx, &gs, &r->ruid, &out->commit,
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
	if (!there && (e = ref_prefix_find(cx, tx, &r->ruid, name,
	    &out->commit, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_REF, "ref \"%.*s\" not found "
	    "in repository \"%.*s\"", STRF(name), STRF(r->name));
}

static enum err
ref_walk(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    const struct refexpr *x, struct commit *c)
{
	const struct refexpr_step	*s;
	uint32_t			 i, n;
	struct oid			 parent;
	size_t				 which;
	enum err			 e;

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
ref_resolve(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str ref, struct refexpr *x, struct ref_base *b, struct commit *c)
{
	enum err	e;

	if ((e = refexpr_parse(cx, ref, x)) != OK ||
	    (e = ref_base_find(cx, tx, r, x->base, b)) != OK)
		return e;
	if (x->mode != REF_PLAIN && !b->is_branch)
		return fail(cx, E_BAD_REF, "\"%.*s\": only a branch takes "
		    "@ or $", STRF(ref));
	if ((e = commit_need(cx, tx, &r->ruid, &b->commit, c)) != OK)
		return e;
	return ref_walk(cx, tx, r, x, c);
}

enum err
ref_find(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str ref, struct commit *out)
{
	struct refexpr	x;
	struct ref_base	b;
	enum err	e;

	if ((e = ref_resolve(cx, tx, r, ref, &x, &b, out)) != OK)
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
	struct ref_base	b;
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
	if ((e = ref_resolve(cx, tx, r, ref, &x, &b, &c)) != OK)
		return e;
	out->staged = b.is_branch && x.n_steps == 0 && x.mode != REF_HEAD;
	if (out->staged)
		out->br = b.br;
	out->commit = c.id;
	out->tree = out->staged ? b.br.working : c.tree;
	return OK;
}

struct ref_commit {
	struct str	 repo, ref;
	struct commit	*out;
};

static enum err
ref_commit_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct ref_commit	*a = arg;
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
	struct ref_commit	a = { repo, ref, out };

	return kv_read(cx, eng->kv, ref_commit_fn, &a);
}

enum err
ref_check_free(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name)
{
	struct gc_state	 gs;
	struct branch	 br;
	struct commit	 c;
	struct oid	 id;
	const char	*what = NULL;
	enum err	 e;
	bool		 there;

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
		    (e = commit_find(cx, tx, &gs, ruid, &id, &c, &there)) != OK)
			return e;
		if (there)
			what = "commit";
	}
	return what == NULL ? OK : fail(cx, E_NAME_TAKEN,
	    "%s already exists: \"%.*s\"", what, STRF(name));
}
