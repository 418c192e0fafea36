/*
 * Objects through history: one at a version, and pages of versions.
 *
 * A version is a commit whose entry for a path is not its first parent's; what
 * is staged is the version "null".  A page goes along the first parents from
 * the newest commit, and reads of each what it changed within the page:
 * memory is the page's, time is a look at every commit.
 */
#include "engine/versions.h"

#include <string.h>

#include "base/fault.h"
#include "base/limit.h"
#include "base/vec.h"
#include "engine/listing.h"
#include "engine/records.h"
#include "engine/staged.h"
#include "engine/walk.h"
#include "lake/keys.h"
#include "lake/names.h"

/* ---- one --------------------------------------------------------------- */

static struct str
hex_of(struct cx *cx, const struct oid *id)
{
	return str_dup(cx->mem, str_of(oid_hex(id).z));
}

struct str
version_staged(const struct repo *r)
{
	return repo_has_versions(r) ? STR("null") : STR("");
}

static enum err
tree_before(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
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

static enum err
get_at_commit(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct repo *r, const struct target *at, struct entry *out)
{
	struct gc_state	gs;
	struct commit	c;
	struct oid	id, before;
	struct str	bytes;
	enum err	e;
	bool		there = false;

	if (repo_has_versions(r) && oid_parse(at->version, &id) &&
	    ((e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = commit_find(cx, tx, &gs, &r->ruid, &id, &c, &there)) != OK))
		return e;
	if (!there)
		return fail(cx, E_NO_SUCH_VERSION, repo_has_versions(r) ?
		    "The specified version does not exist: there is no such "
		    "commit." : "The specified version does not exist: "
		    "commits are versions once PutBucketVersioning enables "
		    "it.");
	if ((e = tree_find(cx, &eng->trees, tx, &c.tree, at->path, &bytes,
	    &there)) != OK)
		return e;
	if (there) {
		e = entry_parse(cx, bytes, out);
		out->version = at->version;
		return e;
	}
	if ((e = tree_before(cx, tx, &r->ruid, &c, &before)) != OK ||
	    (e = tree_find(cx, &eng->trees, tx, &before, at->path, &bytes,
	    &there)) != OK)
		return e;
	return there ? fail(cx, E_DELETE_MARKER, "The specified method is not "
	    "allowed against this resource: this commit deleted the object.") :
	    fail(cx, E_NO_SUCH_VERSION, "The specified version does not "
	    "exist: the commit has no such object.");
}

/* The version that a view shows: its commit, unless something is staged. */
static enum err
version_of(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct repo *r, const struct view *v, struct str path,
    struct str bytes, struct str *version, bool *committed)
{
	struct commit	c;
	struct str	old;
	enum err	e;
	bool		same = true;

	*committed = true;
	if (v->staged) {
		if ((e = commit_need(cx, tx, &r->ruid, &v->commit, &c)) != OK ||
		    (e = tree_find(cx, &eng->trees, tx, &c.tree, path, &old,
		    committed)) != OK)
			return e;
		if (bytes.p == NULL || !*committed)
			same = false;
		else if ((e = entry_bytes_same(cx, old, bytes, &same)) != OK)
			return e;
	}
	*version = same ? hex_of(cx, &v->commit) : STR("null");
	return OK;
}

enum err
version_get(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct target *at, struct entry *out)
{
	struct repo	r;
	struct view	v;
	struct str	bytes = { NULL, 0 }, version = STR("");
	enum err	e;
	bool		null = str_is(at->version, STR("null"));
	bool		there, committed = false;

	if ((e = repo_find(cx, tx, at->repo, &r)) != OK ||
	    (e = ref_view(cx, tx, &r, at->ref, &v)) != OK)
		return e;
	if (at->version.n > 0 && !null)
		return get_at_commit(cx, eng, tx, &r, at, out);
	if ((e = view_find(cx, eng, tx, &v, at->path, &bytes, &there)) != OK)
		return e;
	if (!there)
		bytes.p = NULL;
	if (repo_has_versions(&r) && (there || null) &&
	    (e = version_of(cx, eng, tx, &r, &v, at->path, bytes, &version,
	    &committed)) != OK)
		return e;
	if (null && version.n > 0 && !str_is(version, STR("null")))
		return fail(cx, E_NO_SUCH_VERSION, "The specified version "
		    "does not exist: nothing is staged for this object.");
	if (null && !there)
		return committed ? fail(cx, E_DELETE_MARKER, "The specified "
		    "method is not allowed against this resource: the object "
		    "is deleted, and that is not committed.") :
		    fail(cx, E_NO_SUCH_VERSION, "The specified version does "
		    "not exist.");
	if (!there)
		return fail(cx, E_NO_SUCH_OBJECT, "object \"%.*s\" not found",
		    STRF(at->path));
	e = entry_parse(cx, bytes, out);
	out->version = version;
	return e;
}

/* ---- pages ------------------------------------------------------------- */

struct found {			/* a version in the page, so far */
	struct version	v;
	struct str	bytes;		/* of the entry */
	size_t		cost;
};

struct page {
	struct engine		*eng;
	struct str		 repo, ref;
	const struct list_query	*q;
	struct str		 marker; /* version of q->after, or "" */
	struct str		 from;	/* the first path that may be in it */
	bool			 past_marker;
	struct repo		 r;
	struct commit		 at;	/* the commit whose changes are read */
	struct found		**found;	/* in order, limit + 1 */
	size_t			 n;
	struct arena		*mem;	/* of what is found */
	size_t			 most;		/* the limit, or what fits */
	size_t			 cost;		/* of what is found */
	size_t			 dropped;	/* cost that is still in mem */
	/* the changes being read */
	bool			 is_staged;
	struct staged		 staged;
	struct tree_diff	 diff;
};

static void
page_release(void *thing)
{
	arena_free(((struct page *)thing)->mem);
}

/* What later commits pushed out of the page is not kept for ever. */
static void
page_tidy(struct page *p)
{
	struct arena	*fresh;
	struct found	*f;
	size_t		 i;

	if (p->dropped <= LIMIT_PAGE_BYTES)
		return;
	fresh = arena_new();
	for (i = 0; i < p->n; i++) {
		f = arena_get(fresh, sizeof *f);
		*f = *p->found[i];
		f->v.path = str_dup(fresh, f->v.path);
		f->bytes = str_dup(fresh, f->bytes);
		p->found[i] = f;
	}
	arena_free(p->mem);
	p->mem = fresh;
	p->dropped = 0;
}

static void
page_drop(struct page *p)
{
	const struct found	*f = p->found[--p->n];

	p->cost -= f->cost;
	p->dropped += f->cost;
}

/* Behind all of its path, since each commit read is older than the last. */
static void
page_insert(struct page *p, struct str path, bool is_prefix,
    const struct tree_change *ch)
{
	struct found	*f;
	size_t		 lo = 0, hi = p->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (str_cmp(p->found[mid]->v.path, path) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (is_prefix && lo > 0 && p->found[lo - 1]->v.is_prefix &&
	    str_is(p->found[lo - 1]->v.path, path))
		return;
	f = arena_get(p->mem, sizeof *f);
	f->v.path = str_dup(p->mem, path);
	f->v.is_prefix = is_prefix;
	if (!is_prefix) {
		f->v.is_deleted = ch->b.p == NULL;
		f->v.time = p->at.date * 1000;
		if (!p->is_staged)
			f->v.commit = p->at.id;
		if (ch->b.p != NULL)
			f->bytes = str_dup(p->mem, ch->b);
	}
	f->cost = list_cost(path) + list_cost(f->bytes);
	memmove(&p->found[lo + 1], &p->found[lo],
	    (p->n - lo) * sizeof *p->found);
	p->found[lo] = f;
	p->n++;
	p->cost += f->cost;
	if (p->n > p->most + 1)
		page_drop(p);
	/* What is behind the last that fits is for the next page. */
	while (!fault_skip("PAGE_BYTES") && p->cost > LIMIT_PAGE_BYTES &&
	    p->n > 2) {
		page_drop(p);
		p->most = p->n - 1;
	}
	page_tidy(p);
}

/* Does nothing from this path on fit into the page any more? */
static bool
page_ends(const struct page *p, struct str path)
{
	return !str_starts(path, p->q->prefix) || (p->n > p->most &&
	    str_cmp(path, p->found[p->n - 1]->v.path) >= 0);
}

static enum err
page_change(struct cx *cx, struct page *p, const struct tree_change *ch,
    struct str *skip_to)
{
	struct str	group;
	enum err	e;
	bool		same;

	if ((e = entry_bytes_same(cx, ch->a, ch->b, &same)) != OK || same)
		return e;
	if (p->marker.n > 0 && !p->past_marker &&
	    str_is(ch->key, p->q->after))
		return OK;
	if (list_group(p->q, ch->key, &group)) {
		page_insert(p, group, true, NULL);
		*skip_to = key_end(cx, str_dup(cx->mem, group));
	} else
		page_insert(p, ch->key, false, ch);
	return OK;
}

static enum err
page_next(struct cx *cx, struct page *p, struct tree_change *ch, bool *there)
{
	return p->is_staged ? staged_next(cx, &p->staged, ch, there) :
	    tree_diff_next(cx, &p->diff, ch, there);
}

static enum err
page_seek(struct cx *cx, struct page *p, struct str from)
{
	const struct oid	a = p->diff.a.root, b = p->diff.b.root;

	if (p->is_staged)
		return staged_seek(cx, &p->staged, from);
	tree_diff_close(&p->diff);
	return tree_diff_open(cx, &p->eng->trees, NULL, &a, &b, from, &p->diff);
}

/* The changes of one commit, or the staged ones, into the page. */
static enum err
page_read(struct cx *cx, struct page *p)
{
	struct tree_change	ch;
	struct str		skip_to;
	enum err		e;
	bool			there;

	while ((e = page_next(cx, p, &ch, &there)) == OK && there &&
	    !page_ends(p, ch.key)) {
		skip_to = STR("");
		if ((e = page_change(cx, p, &ch, &skip_to)) != OK ||
		    (skip_to.n > 0 && (e = page_seek(cx, p, skip_to)) != OK))
			return e;
	}
	return e;
}

/* The newest commit, and what is staged over it. */
static enum err
newest_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct page	*p = arg;
	struct view	 v;
	enum err	 e;

	p->n = p->cost = 0;
	p->most = p->q->limit;
	if ((e = repo_find(cx, tx, p->repo, &p->r)) != OK ||
	    (e = ref_view(cx, tx, &p->r, p->ref, &v)) != OK ||
	    (e = commit_need(cx, tx, &p->r.ruid, &v.commit, &p->at)) != OK ||
	    !v.staged || p->q->limit == 0)
		return e;
	p->is_staged = true;
	e = staged_open(cx, p->eng, tx, &v.br, &p->at.tree, p->from,
	    &p->staged);
	if (e == OK)
		e = page_read(cx, p);
	staged_close(&p->staged);
	p->is_staged = false;
	p->past_marker = str_is(p->marker, STR("null"));
	return e;
}

/* p->at against its first parent, which is then the next. */
static enum err
page_commit(struct cx *cx, struct page *p, bool *more)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct commit		before = { .n_parents = 0 };
	enum err		e;

	*more = p->at.n_parents > 0;
	if (*more && (e = commit_load(cx, p->eng->kv, &p->r.ruid,
	    &p->at.parents[0], &before)) != OK)
		return e;
	e = tree_diff_open(cx, &p->eng->trees, NULL, &before.tree, &p->at.tree,
	    p->from, &p->diff);
	if (e == OK)
		e = page_read(cx, p);
	tree_diff_close(&p->diff);
	if (e != OK)
		return e;
	p->past_marker = p->past_marker ||
	    str_is(p->marker, str_of(oid_hex(&p->at.id).z));
	p->at = before;		/* its strings are not looked at */
	arena_back(cx->mem, mark);
	return OK;
}

static enum err
page_answer(struct cx *cx, const struct page *p, struct version_page *out)
{
	struct version	*v;
	struct str	 before = p->marker.n > 0 ? p->q->after :
	    (struct str){ NULL, 0 };
	size_t		 i;
	enum err	 e;

	out->more = p->n > p->most;
	out->n = out->more ? p->most : p->n;
	out->at = arena_get(cx->mem, out->n * sizeof *out->at);
	for (i = 0; i < out->n; i++) {
		v = &out->at[i];
		*v = p->found[i]->v;
		v->path = str_dup(cx->mem, v->path);
		v->is_latest = before.p == NULL || !str_is(before, v->path);
		before = v->path;
		if (!v->is_prefix && !v->is_deleted && (e = entry_parse(cx,
		    str_dup(cx->mem, p->found[i]->bytes), &v->en)) != OK)
			return e;
		if (!v->is_prefix && !v->is_deleted)
			v->time = v->en.mtime;
	}
	return OK;
}

enum err
object_versions(struct cx *cx, struct engine *eng, struct str repo,
    struct str ref, const struct list_query *q, struct str marker,
    struct version_page *out)
{
	struct page	*p = arena_get(cx->mem, sizeof *p);
	size_t		 seen;
	enum err	 e;
	bool		 more = q->limit > 0;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	p->eng = eng;
	p->repo = repo;
	p->ref = ref;
	p->q = q;
	p->marker = marker;
	p->from = marker.n > 0 && str_starts(q->after, q->prefix) ?
	    q->after : list_first(cx, q);
	p->found = arena_get(cx->mem, (q->limit + 2) * sizeof *p->found);
	p->mem = arena_new();
	arena_defer(cx->mem, page_release, p);
	if ((e = kv_read(cx, eng->kv, newest_fn, p)) != OK)
		return e;
	for (seen = 0; more; seen++) {
		if (seen == WALK_MAX)
			return fail(cx, E_TOO_LARGE, "The history has more "
			    "than %d commits.", WALK_MAX);
		if ((e = page_commit(cx, p, &more)) != OK)
			return e;
	}
	return page_answer(cx, p, out);
}
