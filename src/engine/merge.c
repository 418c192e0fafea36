/* Diffs between refs and of a branch with its head; three-way merge. */
#include "engine/engine.h"

#include <string.h>

#include "base/metric.h"
#include "base/vec.h"
#include "engine/area.h"
#include "engine/branches.h"
#include "engine/commit.h"
#include "engine/history.h"
#include "engine/listing.h"
#include "engine/records.h"
#include "engine/staged.h"
#include "engine/walk.h"
#include "lake/keys.h"
#include "tree/claim.h"

/* ---- three-way --------------------------------------------------------- */

/* One path that differs from the base on one side or on both. */
struct three {
	struct tree_diff	src, dst; /* base -> source, -> destination */
	struct tree_change	s, d;
	bool			has_s, has_d;
	bool			use_s, use_d;	/* what the item at hand took */
};

struct three_item {
	struct str	path, base, src, dst;	/* p NULL: not there */
	bool		by_src, by_dst;		/* who changed it */
};

static enum err
three_open(struct cx *cx, struct engine *eng, const struct oid *base,
    const struct oid *src, const struct oid *dst, struct str from,
    struct three *t)
{
	enum err	e;

	memset(t, 0, sizeof *t);
	t->use_s = t->use_d = true;
	e = tree_diff_open(cx, &eng->trees, NULL, base, src, from, &t->src);
	if (e == OK)
		e = tree_diff_open(cx, &eng->trees, NULL, base, dst, from,
		    &t->dst);
	return e;
}

static void
three_close(struct three *t)
{
	tree_diff_close(&t->src);
	tree_diff_close(&t->dst);
}

static enum err
three_next(struct cx *cx, struct three *t, struct three_item *it, bool *there)
{
	enum err	e;
	int		o;

	if (t->use_s && (e = tree_diff_next(cx, &t->src, &t->s,
	    &t->has_s)) != OK)
		return e;
	if (t->use_d && (e = tree_diff_next(cx, &t->dst, &t->d,
	    &t->has_d)) != OK)
		return e;
	*there = t->has_s || t->has_d;
	o = !t->has_d ? -1 : !t->has_s ? 1 : str_cmp(t->s.key, t->d.key);
	t->use_s = t->has_s && o <= 0;
	t->use_d = t->has_d && o >= 0;
	if (!*there)
		return OK;
	it->path = t->use_s ? t->s.key : t->d.key;
	it->base = t->use_s ? t->s.a : t->d.a;
	it->src = t->use_s ? t->s.b : it->base;
	it->dst = t->use_d ? t->d.b : it->base;
	/* Different bytes may still be the same content. */
	if ((e = entry_bytes_same(cx, it->base, it->src, &it->by_src)) != OK ||
	    (e = entry_bytes_same(cx, it->base, it->dst, &it->by_dst)) != OK)
		return e;
	it->by_src = !it->by_src;
	it->by_dst = !it->by_dst;
	return OK;
}

/* ---- diff pages -------------------------------------------------------- */

struct pager {
	const struct list_query	*q;
	struct diff_page	*out;
	VEC(struct diff_item)	 items;
	size_t			 cost;
	bool			 done;
};

/* Groups by delimiter; the page ends one past its limit, or the prefix. */
static enum err
page_add(struct cx *cx, struct pager *p, enum change type, struct str path,
    struct str value)
{
	const struct list_query	*q = p->q;
	struct diff_item	*it;
	struct str		 group;

	if (!str_starts(path, q->prefix)) {
		p->done = str_cmp(path, q->prefix) > 0;
		return OK;
	}
	if (list_group(q, path, &group)) {
		path = group;
		type = CHANGE_PREFIX;
		if (str_is(path, q->after) || (p->items.n > 0 &&
		    str_is(p->items.at[p->items.n - 1].path, path)))
			return OK;
	}
	if (str_cmp(path, q->after) <= 0 && q->after.n > 0)
		return OK;
	if (list_full(q->limit, p->items.n, p->cost)) {
		p->out->more = p->done = true;
		return OK;
	}
	it = VEC_PUSH(cx->mem, &p->items);
	it->type = type;
	it->path = str_dup(cx->mem, path);
	p->cost += list_cost(path) + list_cost(value);
	return type == CHANGE_PREFIX ? OK :
	    entry_parse(cx, str_dup(cx->mem, value), &it->en);
}

static struct str
page_start(const struct list_query *q)
{
	return str_cmp(q->after, q->prefix) > 0 ? q->after : q->prefix;
}

static void
page_end(struct pager *p)
{
	p->out->at = p->items.at;
	p->out->n = p->items.n;
}

static enum err
page_change(struct cx *cx, struct pager *p, struct str path, struct str a,
    struct str b)
{
	enum err	e;
	bool		same;

	if ((e = entry_bytes_same(cx, a, b, &same)) != OK || same)
		return e;
	return page_add(cx, p, a.p == NULL ? CHANGE_ADDED :
	    b.p == NULL ? CHANGE_REMOVED : CHANGE_CHANGED, path,
	    b.p == NULL ? a : b);
}

static enum err
two_dot(struct cx *cx, struct engine *eng, const struct oid *a,
    const struct oid *b, struct pager *p)
{
	struct tree_change	ch;
	struct tree_diff	d;
	enum err		e;
	bool			there;

	e = tree_diff_open(cx, &eng->trees, NULL, a, b, page_start(p->q), &d);
	while (e == OK && !p->done &&
	    (e = tree_diff_next(cx, &d, &ch, &there)) == OK && there)
		e = page_change(cx, p, ch.key, ch.a, ch.b);
	tree_diff_close(&d);
	return e;
}

/* What merging right into left would do. */
static enum err
three_dot(struct cx *cx, struct engine *eng, const struct oid *base,
    const struct oid *left, const struct oid *right, struct pager *p)
{
	struct three_item	it;
	struct three		t;
	enum err		e;
	bool			there, same;

	e = three_open(cx, eng, base, right, left, page_start(p->q), &t);
	while (e == OK && !p->done &&
	    (e = three_next(cx, &t, &it, &there)) == OK && there) {
		if (!it.by_src)
			continue;
		if ((e = entry_bytes_same(cx, it.src, it.dst, &same)) != OK ||
		    same)
			continue;
		if (it.by_dst)
			e = page_add(cx, p, CHANGE_CONFLICT, it.path,
			    it.src.p != NULL ? it.src : it.base.p != NULL ?
			    it.base : it.dst);
		else
			e = page_change(cx, p, it.path, it.base, it.src);
	}
	three_close(&t);
	return e;
}

struct uncommitted {
	struct engine	*eng;
	struct str	 repo, branch;
	struct str	 left;		/* ref to compare with; "": the head */
	struct pager	 p;
};

static enum err
uncommitted_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uncommitted	*u = arg;
	struct str		 from = page_start(u->p.q);
	struct tree_change	 ch;
	struct staged		 s;
	struct branch		 br;
	struct commit		 head;
	struct repo		 r;
	enum err		 e;
	bool			 there;

	u->p.items.n = u->p.cost = 0;
	u->p.done = u->p.out->more = false;
	if ((e = repo_find(cx, tx, u->repo, &r)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, u->branch, &br)) != OK ||
	    (e = u->left.n > 0 ? ref_find(cx, tx, &r, u->left, &head) :
	    commit_need(cx, tx, &r.ruid, &br.head, &head)) != OK)
		return e;
	e = staged_open(cx, u->eng, tx, &br, &head.tree, from, &s);
	while (e == OK && !u->p.done &&
	    (e = staged_next(cx, &s, &ch, &there)) == OK && there)
		e = page_change(cx, &u->p, ch.key, ch.a, ch.b);
	staged_close(&s);
	return e;
}

enum err
diff_uncommitted(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, const struct list_query *q, struct diff_page *out)
{
	struct uncommitted	u = { .eng = eng, .repo = repo,
	    .branch = branch, .p = { .q = q, .out = out } };
	enum err		e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	e = kv_read(cx, eng->kv, uncommitted_fn, &u);
	page_end(&u.p);
	return e;
}

enum err
diff_refs(struct cx *cx, struct engine *eng, struct str repo, struct str left,
    struct str right, enum diff_kind kind, const struct list_query *q,
    struct diff_page *out)
{
	struct uncommitted	u = { .eng = eng, .repo = repo,
	    .branch = str_to(right, right.n - 1), .left = left,
	    .p = { .q = q, .out = out } };
	struct pager		p = { .q = q, .out = out };
	struct commit		l, r, base = { .n_parents = 0 };
	enum err		e;
	bool			found;

	out->more = false;
	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	/* "branch$" on the right is its staging view. */
	if (kind == DIFF_TWO_DOT && str_ends(right, STR("$"))) {
		e = kv_read(cx, eng->kv, uncommitted_fn, &u);
		page_end(&u.p);
		return e;
	}
	if (kind == DIFF_TWO_DOT) {
		if ((e = ref_commit(cx, eng, repo, left, &l)) == OK &&
		    (e = ref_commit(cx, eng, repo, right, &r)) == OK)
			e = two_dot(cx, eng, &l.tree, &r.tree, &p);
	} else if ((e = merge_base(cx, eng, repo, left, right, &l, &r, &base,
	    &found)) == OK)
		e = three_dot(cx, eng, &base.tree, &l.tree, &r.tree, &p);
	page_end(&p);
	return e;
}

/* ---- merge ------------------------------------------------------------- */

struct merging {
	struct engine		*eng;
	struct str		 repo, source, branch;
	const struct merge_opts	*opt;
	struct repo		 r;
	struct branch		 br;		/* clean, as first seen */
	struct commit		 src, dst, base;
	struct gc_state		 gs;
	bool			 staged, moved;
	struct oid		 tree;
	struct commit		*out;
	/* edits */
	struct three		 three;
};

/* Branch, commits and E in one snapshot; staged: rows wait. */
static enum err
merge_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct merging	*m = arg;
	enum err	 e;
	bool		 empty;

	/* Protection does not stop a merge, a read-only repository does. */
	if ((e = repo_find(cx, tx, m->repo, &m->r)) != OK ||
	    (e = repo_writable(cx, &m->r, m->opt->commit.force)) != OK ||
	    (e = branch_need(cx, tx, &m->r.ruid, m->branch, &m->br)) != OK ||
	    (e = ref_find(cx, tx, &m->r, m->source, &m->src)) != OK ||
	    (e = commit_need(cx, tx, &m->r.ruid, &m->br.head, &m->dst)) != OK ||
	    (e = gc_state_find(cx, tx, &m->gs)) != OK ||
	    (e = area_is_empty(cx, tx, &m->br, m->br.open, &empty)) != OK)
		return e;
	m->staged = !empty || m->br.low < m->br.open;
	return OK;
}

static enum err
merge_seal_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct merging	*m = arg;
	enum err	 e;
	bool		 empty;

	if ((e = branch_need(cx, tx, &m->r.ruid, m->branch, &m->br)) != OK ||
	    (e = area_is_empty(cx, tx, &m->br, m->br.open, &empty)) != OK ||
	    empty || (e = area_check_backlog(cx, &m->br)) != OK)
		return e;
	m->br.open++;
	return branch_put(cx, tx, &m->r.ruid, &m->br);
}

/* Nothing staged, or only rows that change nothing. */
static enum err
merge_clean(struct cx *cx, struct merging *m)
{
	struct branch_id	id;
	enum err		e;
	bool			did, same;

	if ((e = kv_read(cx, m->eng->kv, merge_look_fn, m)) != OK)
		return e;
	if (m->staged) {
		if ((e = fold_help(cx, m->eng, m->repo, m->branch)) != OK ||
		    (e = kv_write(cx, m->eng->kv, merge_seal_fn, m)) != OK)
			return e;
		id = (struct branch_id){ m->r.ruid, m->br.uid, m->branch };
		if ((e = fold_branch(cx, m->eng, &id, &did)) != OK ||
		    (e = kv_read(cx, m->eng->kv, merge_look_fn, m)) != OK)
			return e;
	}
	same = !m->staged;
	if (same && (e = tree_entries_same(cx, &m->eng->trees,
	    &m->dst.tree, &m->br.working, &same)) != OK)
		return e;
	return same ? OK : fail(cx, E_DIRTY, "branch \"%.*s\" is a dirty "
	    "branch: commit or reset its changes first", STRF(m->branch));
}

/* The edits that turn the destination into the merge. */
static enum err
merge_edit(struct cx *cx, void *self, struct tree_edit *out, bool *there)
{
	struct merging		*m = self;
	struct three_item	 it;
	enum err		 e;
	bool			 same;

	while ((e = three_next(cx, &m->three, &it, there)) == OK && *there) {
		if (!it.by_src)
			continue;
		if ((e = entry_bytes_same(cx, it.src, it.dst, &same)) != OK)
			return e;
		if (same)
			continue;
		if (it.by_dst && m->opt->strategy == STRATEGY_NONE)
			return fail(cx, E_CONFLICT, "conflict found: "
			    "\"%.*s\" changed on both sides", STRF(it.path));
		if (it.by_dst && m->opt->strategy == STRATEGY_DEST)
			continue;
		out->key = it.path;
		out->gone = it.src.p == NULL;
		out->value = it.src;
		return OK;
	}
	return e;
}

static enum err
merge_tree(struct cx *cx, struct merging *m)
{
	struct tree_edits	edits = { merge_edit, m };
	enum err	e;

	if (oid_is(&m->dst.tree, &m->base.tree)) {
		m->tree = m->src.tree;
		return OK;
	}
	e = three_open(cx, m->eng, &m->base.tree, &m->src.tree, &m->dst.tree,
	    STR(""), &m->three);
	if (e == OK)
		e = tree_apply(cx, &m->eng->trees, &m->dst.tree, &edits,
		    &m->tree);
	three_close(&m->three);
	return e;
}

static enum err
merge_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct merging	*m = arg;
	struct branch	 br;
	struct gc_state	 gs;
	struct commit	 c;
	struct repo	 r;
	enum err	 e;
	bool		 empty;

	if ((e = repo_find(cx, tx, m->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, m->opt->commit.force)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, m->branch, &br)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	m->moved = !uid_is(&br.uid, &m->br.uid) ||
	    !oid_is(&br.head, &m->br.head);
	if (m->moved)
		return OK;
	if ((e = area_is_empty(cx, tx, &br, br.open, &empty)) != OK)
		return e;
	/* A write in between was judged before the merge.  (N_MERGE) */
	if (!empty || br.low != m->br.low || br.open != m->br.open)
		return fail(cx, E_DIRTY, "branch \"%.*s\" is a dirty branch: "
		    "it was written to during the merge", STRF(m->branch));
	if ((e = claim_check_epoch(cx, &gs, m->gs.epoch)) != OK ||
	    (e = commit_need(cx, tx, &r.ruid, &m->src.id, &c)) != OK ||
	    (e = commit_need(cx, tx, &r.ruid, &m->dst.id, &c)) != OK ||
	    (!oid_is_zero(&m->base.id) &&
	    (e = commit_need(cx, tx, &r.ruid, &m->base.id, &c)) != OK))
		return e;
	*m->out = (struct commit){ .tree = m->tree,
	    .n_parents = m->opt->squash ? 1 : 2,
	    .parents = { m->dst.id, m->src.id },
	    .generation = m->dst.generation > m->src.generation ||
	    m->opt->squash ? m->dst.generation : m->src.generation };
	br.working = m->tree;
	br.open++;
	br.low = br.open;
	if ((e = commit_on(cx, tx, &gs, &r.ruid, &br, &m->opt->commit,
	    m->out, "merge")) != OK)
		return e;
	return branch_put(cx, tx, &r.ruid, &br);
}

static enum err
merge_once(struct cx *cx, struct merging *m)
{
	struct oid	base;
	enum err	e;
	bool		found;

	if ((e = merge_clean(cx, m)) != OK ||
	    (e = history_base(cx, m->eng, &m->r.ruid, &m->dst.id, &m->src.id,
	    &base, &found)) != OK)
		return e;
	m->base = (struct commit){ .n_parents = 0 };
	if (found && (e = commit_load(cx, m->eng->kv, &m->r.ruid, &base,
	    &m->base)) != OK)
		return e;
	if (oid_is(&m->src.tree, &m->base.tree) &&
	    !m->opt->commit.allow_empty && !m->opt->commit.force)
		return fail(cx, E_NO_CHANGES, "merge: no changes on "
		    "\"%.*s\" since the merge base", STRF(m->source));
	if ((e = merge_tree(cx, m)) != OK)
		return e;
	return kv_write(cx, m->eng->kv, merge_fn, m);
}

enum err
branch_merge(struct cx *cx, struct engine *eng, struct str repo,
    struct str source, struct str branch, const struct merge_opts *opt,
    struct commit *out)
{
	struct merging	m = { .eng = eng, .repo = repo, .source = source,
	    .branch = branch, .opt = opt, .out = out };
	enum err	e;
	int		i;

	if ((e = commit_check_text(cx, &opt->commit)) != OK)
		return e;
	for (i = 0; i < 10; i++) {
		e = merge_once(cx, &m);
		e = claim_overtaken(cx, eng->kv, m.gs.epoch, e);
		if (e == E_CONDEMNED) {
			cx_forget(cx);
			continue;
		}
		if (e == OK && m.moved)
			continue;
		if (e == OK)
			metric_add(METRIC_commits, 1);
		return e;
	}
	return fail(cx, E_TIP_MOVED, "branch \"%.*s\" moved %d times during "
	    "the merge", STRF(branch), i);
}
