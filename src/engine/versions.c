/* What an object was at a version. */
#include "engine/versions.h"

#include <string.h>

#include "engine/engine_inside.h"
#include "engine/refs.h"

static struct str
version_hex(struct cx *cx, const struct oid *id)
{
	return str_dup(cx->mem, str_of(oid_hex(id).z));
}

struct str
version_staged(const struct repo *r)
{
	return repo_has_versions(r) ? STR("null") : STR("");
}

static enum err
version_tree_before(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    const struct commit *c, struct oid *tree)
{
	struct commit	parent;
	enum err	e;

	memset(tree, 0, sizeof *tree);
	if (c->n_parents == 0)
		return OK;
	if ((e = commit_need(cx, tx, ruid, &c->parents[0], &parent)) != OK)
		return e;
	*tree = parent.tree;
	return OK;
}

/* The commit that a version's id names. */
static enum err
version_commit(struct cx *cx, struct kv_tx *tx, const struct repo *r,
    struct str version, struct commit *out)
{
	struct gc_state	gs;
	struct oid	id;
	enum err	e;
	bool		there = false;

	if (repo_has_versions(r) && oid_parse(version, &id) &&
	    ((e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = commit_find(cx, tx, &gs, &r->ruid, &id, out, &there)) != OK))
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_VERSION, repo_has_versions(r) ?
	    "The specified version does not exist: there is no such commit." :
	    "The specified version does not exist: commits are versions once "
	    "PutBucketVersioning enables it.");
}

static enum err
version_get_committed(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct repo *r, const struct target *at, struct entry *out)
{
	struct commit	c;
	struct oid	before;
	struct str	bytes;
	enum err	e;
	bool		there;

	if ((e = version_commit(cx, tx, r, at->version, &c)) != OK ||
	    (e = tree_find(cx, &eng->trees, tx, &c.tree, at->path, &bytes,
	    &there)) != OK)
		return e;
	if (there) {
		e = entry_parse(cx, bytes, out);
		out->version = at->version;
		return e;
	}
	if ((e = version_tree_before(cx, tx, &r->ruid, &c, &before)) != OK ||
	    (e = tree_find(cx, &eng->trees, tx, &before, at->path, &bytes,
	    &there)) != OK)
		return e;
	return there ? fail(cx, E_DELETE_MARKER, "The specified method is not "
	    "allowed against this resource: this commit deleted the object.") :
	    fail(cx, E_NO_SUCH_VERSION, "The specified version does not "
	    "exist: the commit has no such object.");
}

struct version_look {		/* an object as a view shows it */
	struct repo	r;
	struct view	v;
	struct str	bytes;		/* p NULL: it is not there */
	struct str	version;	/* "" where versions are not shown */
	bool		committed;	/* the commit has one too */
};

/* Its version is the view's commit, unless something is staged. */
static enum err
version_name(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    struct str path, struct version_look *k)
{
	struct commit	c;
	struct str	old;
	enum err	e;
	bool		same = true;

	k->committed = true;
	if (k->v.staged) {
		if ((e = commit_need(cx, tx, &k->r.ruid, &k->v.commit,
		    &c)) != OK ||
		    (e = tree_find(cx, &eng->trees, tx, &c.tree, path, &old,
		    &k->committed)) != OK)
			return e;
		if (k->bytes.p == NULL || !k->committed)
			same = false;
		else if ((e = entry_bytes_same(cx, old, k->bytes,
		    &same)) != OK)
			return e;
	}
	k->version = same ? version_hex(cx, &k->v.commit) : STR("null");
	return OK;
}

/* Whether the version "null" can be given out: it is what is staged. */
static enum err
version_check_staged(struct cx *cx, const struct version_look *k)
{
	if (k->version.n > 0 && !str_is(k->version, STR("null")))
		return fail(cx, E_NO_SUCH_VERSION, "The specified version "
		    "does not exist: nothing is staged for this object.");
	if (k->bytes.p != NULL)
		return OK;
	return k->committed ? fail(cx, E_DELETE_MARKER, "The specified "
	    "method is not allowed against this resource: the object is "
	    "deleted, and that is not committed.") :
	    fail(cx, E_NO_SUCH_VERSION, "The specified version does not "
	    "exist.");
}

enum err
version_get(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct target *at, struct entry *out)
{
	struct version_look	k = { .version = STR("") };
	enum err		e;
	bool			null = str_is(at->version, STR("null"));
	bool			there;

	if ((e = repo_find(cx, tx, at->repo, &k.r)) != OK ||
	    (e = ref_view(cx, tx, &k.r, at->ref, &k.v)) != OK)
		return e;
	if (at->version.n > 0 && !null)
		return version_get_committed(cx, eng, tx, &k.r, at, out);
	if ((e = view_find(cx, eng, tx, &k.v, at->path, &k.bytes,
	    &there)) != OK)
		return e;
	if (!there)
		k.bytes.p = NULL;
	if (repo_has_versions(&k.r) && (there || null) &&
	    (e = version_name(cx, eng, tx, at->path, &k)) != OK)
		return e;
	if (null && (e = version_check_staged(cx, &k)) != OK)
		return e;
	if (!there)
		return fail(cx, E_NO_SUCH_OBJECT, "object \"%.*s\" not found",
		    STRF(at->path));
	e = entry_parse(cx, k.bytes, out);
	out->version = k.version;
	return e;
}
