/*
 * Pages of versions.
 *
 * A version is a commit whose entry for a path is not its first parent's; what
 * is staged is the version "null".  A page goes along the first parents from
 * the newest commit, and reads of each what it changed within the page:
 * memory is the page's, time is a look at every commit, which costs its record
 * and one node as long as nothing within the page is different in it.
 */
#include "engine/engine.h"

#include <string.h>

#include "base/fault.h"
#include "base/limit.h"
#include "engine/listing.h"
#include "engine/refs.h"
#include "engine/staged.h"
#include "engine/walk.h"
#include "lake/keys.h"

struct versions_found {			/* a version in the page, so far */
	struct version	v;
	struct str	bytes;		/* of the entry */
	size_t		cost;
};

/* Commits along the first parents, so many in a snapshot. */
enum { VERSIONS_CHAIN = 64 };

struct versions_commit {
	struct oid	id, tree, parent;
	bool		has_parent;
	int64_t		time;			/* ms since 1970 */
};

struct versions {
	struct engine		*eng;
	struct str		 repo, ref;
	const struct list_query	*q;
	struct str		 marker; /* version of q->after, or "" */
	struct str		 from;	/* the first path that may be in it */
	struct str		 to;	/* beyond the page; p NULL: nothing */
	bool			 past_marker;
	struct repo		 r;
	struct versions_commit	 at;	/* whose changes are read */
	/* set anew by each run of versions_chain_fn */
	struct versions_commit	 chain[VERSIONS_CHAIN];
	size_t			 n_chain;
	size_t			 i_chain;	/* those that were taken */
	struct versions_found	**found;	/* in order, limit + 1 */
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
versions_release(void *thing)
{
	arena_free(((struct versions *)thing)->mem);
}

/* What later commits pushed out of the page is not kept for ever. */
static void
versions_tidy(struct versions *p)
{
	struct arena		*fresh;
	struct versions_found	*f;
	size_t			 i;

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
versions_drop(struct versions *p)
{
	const struct versions_found	*f = p->found[--p->n];

	p->cost -= f->cost;
	p->dropped += f->cost;
}

/* Behind all of its path, since each commit read is older than the last. */
static size_t
versions_place(const struct versions *p, struct str path)
{
	size_t	lo = 0, hi = p->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (str_cmp(p->found[mid]->v.path, path) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A version of a path, or a group where ch is NULL. */
static struct versions_found *
versions_found(struct versions *p, struct str path,
    const struct tree_change *ch)
{
	struct versions_found	*f = arena_get(p->mem, sizeof *f);

	f->v.path = str_dup(p->mem, path);
	f->v.is_prefix = ch == NULL;
	if (ch != NULL) {
		f->v.is_deleted = ch->b.p == NULL;
		f->v.time = p->at.time;
		if (!p->is_staged)
			f->v.commit = p->at.id;
		if (ch->b.p != NULL)
			f->bytes = str_dup(p->mem, ch->b);
	}
	f->cost = list_cost(path) + list_cost(f->bytes);
	return f;
}

static void
versions_insert(struct versions *p, struct str path,
    const struct tree_change *ch)
{
	size_t	i = versions_place(p, path);

	if (ch == NULL && i > 0 && p->found[i - 1]->v.is_prefix &&
	    str_is(p->found[i - 1]->v.path, path))
		return;
	memmove(&p->found[i + 1], &p->found[i],
	    (p->n - i) * sizeof *p->found);
	p->found[i] = versions_found(p, path, ch);
	p->cost += p->found[i]->cost;
	p->n++;
	if (p->n > p->most + 1)
		versions_drop(p);
	/* What is behind the last that fits is for the next page. */
	while (!fault_skip("PAGE_BYTES") && p->cost > LIMIT_PAGE_BYTES &&
	    p->n > 2) {
		versions_drop(p);
		p->most = p->n - 1;
	}
	versions_tidy(p);
}

/* Does nothing from this path on fit into the page any more? */
static bool
versions_ends(const struct versions *p, struct str path)
{
	return !str_starts(path, p->q->prefix) || (p->n > p->most &&
	    str_cmp(path, p->found[p->n - 1]->v.path) >= 0);
}

static enum err
versions_change(struct cx *cx, struct versions *p, const struct tree_change *ch,
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
		versions_insert(p, group, NULL);
		*skip_to = key_end(cx, str_dup(cx->mem, group));
	} else
		versions_insert(p, ch->key, ch);
	return OK;
}

static enum err
versions_seek(struct cx *cx, struct versions *p, struct str from)
{
	const struct oid	a = p->diff.a.root, b = p->diff.b.root;

	if (p->is_staged)
		return staged_seek(cx, &p->staged, from);
	tree_diff_close(&p->diff);
	return tree_diff_open(cx, &p->eng->trees, NULL, &a, &b, from, &p->diff);
}

/* A page that is full goes no further than the last that it has. */
static struct str
versions_to(const struct versions *p)
{
	return p->n > p->most ? p->found[p->n - 1]->v.path : p->to;
}

/* What is in a group that the page has already changes nothing of it. */
static bool
versions_dull(struct cx *cx, void *arg, struct str above, struct str upto,
    struct str *to)
{
	const struct versions	*p = arg;
	struct str		 group;
	size_t			 i;

	if (!list_group(p->q, upto, &group) || str_cmp(above, group) < 0)
		return false;
	i = versions_place(p, group);
	if (i == 0 || !p->found[i - 1]->v.is_prefix ||
	    !str_is(p->found[i - 1]->v.path, group))
		return false;
	*to = key_end(cx, str_dup(cx->mem, group));
	return true;
}

static enum err
versions_next(struct cx *cx, struct versions *p, struct tree_change *ch,
    bool *there)
{
	if (p->is_staged)
		return staged_next(cx, &p->staged, ch, there);
	if (!fault_skip("VERSIONS_BOUND"))
		p->diff.to = versions_to(p);
	p->diff.dull = p->q->delimiter.n > 0 && !fault_skip("VERSIONS_GROUP") ?
	    versions_dull : NULL;
	p->diff.arg = p;
	return tree_diff_next(cx, &p->diff, ch, there);
}

/* The changes of one commit, or the staged ones, into the page. */
static enum err
versions_read(struct cx *cx, struct versions *p)
{
	struct tree_change	ch;
	struct str		skip_to;
	enum err		e;
	bool			there;

	while ((e = versions_next(cx, p, &ch, &there)) == OK && there &&
	    !versions_ends(p, ch.key)) {
		skip_to = STR("");
		if ((e = versions_change(cx, p, &ch, &skip_to)) != OK ||
		    (skip_to.n > 0 &&
		    (e = versions_seek(cx, p, skip_to)) != OK))
			return e;
	}
	return e;
}

static struct versions_commit
versions_commit_of(const struct commit *c)
{
	return (struct versions_commit){ .id = c->id, .tree = c->tree,
	    .parent = c->parents[0], .has_parent = c->n_parents > 0,
	    .time = c->date };
}

/* The newest commit, and what is staged over it. */
static enum err
versions_newest_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct versions	*p = arg;
	struct commit	 c;
	struct view	 v;
	enum err	 e;

	p->n = p->cost = 0;
	p->most = p->q->limit;
	if ((e = repo_find(cx, tx, p->repo, &p->r)) != OK ||
	    (e = ref_view(cx, tx, &p->r, p->ref, &v)) != OK ||
	    (e = commit_need(cx, tx, &p->r.ruid, &v.commit, &c)) != OK)
		return e;
	p->at = versions_commit_of(&c);
	if (!v.staged || p->q->limit == 0)
		return OK;
	p->is_staged = true;
	e = staged_open(cx, p->eng, tx, &v.br, &c.tree, p->from, &p->staged);
	if (e == OK)
		e = versions_read(cx, p);
	staged_close(&p->staged);
	p->is_staged = false;
	p->past_marker = str_is(p->marker, STR("null"));
	return e;
}

/* The parent of p->at, and its first parents. */
static enum err
versions_chain_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct versions		*p = arg;
	struct arena_mark	 mark = arena_mark(cx->mem);
	struct oid		 next = p->at.parent;
	struct gc_state		 gs;
	struct commit		 c;
	enum err		 e;
	bool			 there;

	p->n_chain = p->i_chain = 0;
	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	do {
		if ((e = commit_find(cx, tx, &gs, &p->r.ruid, &next, &c,
		    &there)) != OK)
			return e;
		if (!there)
			return fail(cx, E_NO_SUCH_REF, "commit %s not found",
			    oid_hex(&next).z);
		p->chain[p->n_chain++] = versions_commit_of(&c);
		next = c.parents[0];
		arena_back(cx->mem, mark);
	} while (c.n_parents > 0 && p->n_chain < VERSIONS_CHAIN);
	return OK;
}

/* The first parent of p->at; of the first commit, the empty tree. */
static enum err
versions_before(struct cx *cx, struct versions *p,
    struct versions_commit *before)
{
	enum err	e;

	*before = (struct versions_commit){ .has_parent = false };
	if (!p->at.has_parent)
		return OK;
	if (p->i_chain == p->n_chain && (e = kv_read(cx, p->eng->kv,
	    versions_chain_fn, p)) != OK)
		return e;
	*before = p->chain[p->i_chain++];
	return OK;
}

/* p->at against its first parent, which is then the next. */
static enum err
versions_commit(struct cx *cx, struct versions *p, bool *more)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct versions_commit	before;
	enum err		e;

	*more = p->at.has_parent;
	if ((e = versions_before(cx, p, &before)) != OK)
		return e;
	e = tree_diff_open(cx, &p->eng->trees, NULL, &before.tree, &p->at.tree,
	    p->from, &p->diff);
	if (e == OK)
		e = versions_read(cx, p);
	tree_diff_close(&p->diff);
	if (e != OK)
		return e;
	p->past_marker = p->past_marker ||
	    str_is(p->marker, str_of(oid_hex(&p->at.id).z));
	p->at = before;
	arena_back(cx->mem, mark);
	return OK;
}

/*
 * What the newest commit has, has versions, one a path at least: the page ends
 * where these alone would fill it.  Of the path of the marker there may be none
 * left.
 */
static enum err
versions_bound(struct cx *cx, struct versions *p)
{
	struct str		key, value, group;
	struct tree_cursor	c;
	size_t			n = 0;
	enum err		e;
	bool			there = true;

	e = tree_open(cx, &p->eng->trees, NULL, &p->at.tree, p->from, &c);
	while (e == OK && n <= p->q->limit &&
	    (e = tree_next(cx, NULL, &c, &key, &value, &there)) == OK &&
	    there && str_starts(key, p->q->prefix)) {
		if (p->marker.n > 0 && str_is(key, p->q->after))
			continue;
		if (++n > p->q->limit)
			p->to = str_after(cx->mem, key);
		else if (list_group(p->q, key, &group))
			e = tree_seek(cx, NULL, &c, key_end(cx, group));
	}
	tree_close(&c);
	return e;
}

static enum err
versions_answer(struct cx *cx, const struct versions *p,
    struct version_page *out)
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
	struct versions	*p = arena_get(cx->mem, sizeof *p);
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
	if (q->prefix.n > 0)
		p->to = key_end(cx, q->prefix);
	p->found = arena_get(cx->mem, (q->limit + 2) * sizeof *p->found);
	p->mem = arena_new();
	arena_defer(cx->mem, versions_release, p);
	if ((e = kv_read(cx, eng->kv, versions_newest_fn, p)) != OK ||
	    (e = versions_bound(cx, p)) != OK)
		return e;
	for (seen = 0; more && !versions_ends(p, p->from); seen++) {
		if (seen == WALK_MAX)
			return fail(cx, E_TOO_LARGE, "The history has more "
			    "than %d commits.", WALK_MAX);
		if ((e = versions_commit(cx, p, &more)) != OK)
			return e;
	}
	return versions_answer(cx, p, out);
}
