/* Three-way merge of a ref into a branch. */
#include "engine/engine.h"

#include "base/fault.h"
#include "base/metric.h"
#include "engine/actions.h"
#include "engine/area.h"
#include "engine/branches.h"
#include "engine/commit.h"
#include "engine/merge_base.h"
#include "engine/three.h"
#include "tree/claim.h"

struct merging {
	struct engine		*eng;
	struct str		 repo, source, branch;
	const struct merge_opts	*opt;
	/* set anew by each run of merge_look_fn */
	struct repo		 r;
	struct branch		 br;		/* clean, as first seen */
	struct commit		 src, dst;
	struct gc_state		 gs;
	bool			 staged;	/* rows wait */
	/* between the transactions */
	struct commit		 base;
	struct three		 three;
	struct oid		 tree;		/* the result */
	/* set anew by each run of merge_fn */
	bool			 moved;		/* the branch did */
	struct commit		*out;
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
	bool			same;

	if ((e = kv_read(cx, m->eng->kv, merge_look_fn, m)) != OK)
		return e;
	if (m->staged) {
		if ((e = fold_help(cx, m->eng, m->repo, m->branch)) != OK ||
		    (e = kv_write(cx, m->eng->kv, merge_seal_fn, m)) != OK)
			return e;
		id = (struct branch_id){ m->r.ruid, m->br.uid, m->branch };
		if ((e = fold_to(cx, m->eng, &id, m->br.open)) != OK ||
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
	enum err		e;

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

/* Is the branch another than it was?  Then the merge looks again. */
static enum err
merge_moved(struct cx *cx, struct kv_tx *tx, struct merging *m,
    const struct branch *br)
{
	enum err	e;
	bool		empty;

	if ((e = area_is_empty(cx, tx, br, br->open, &empty)) != OK)
		return e;
	m->moved = !uid_is(&br->uid, &m->br.uid) ||
	    !oid_is(&br->head, &m->br.head);
	/* A write in between was judged before the merge.  (N_MERGE) */
	if (!fault_skip("N_MERGE") && (!empty || br->low != m->br.low ||
	    br->open != m->br.open))
		m->moved = true;
	return OK;
}

/* What was looked at, all still there: no gc took it. */
static enum err
merge_check(struct cx *cx, struct kv_tx *tx, const struct merging *m,
    const struct gc_state *gs)
{
	const struct uid	*ruid = &m->r.ruid;
	struct commit		 c;
	enum err		 e;

	if ((e = claim_check_epoch(cx, gs, m->gs.epoch)) != OK ||
	    (e = commit_need(cx, tx, ruid, &m->src.id, &c)) != OK ||
	    (e = commit_need(cx, tx, ruid, &m->dst.id, &c)) != OK)
		return e;
	return oid_is_zero(&m->base.id) ? OK :
	    commit_need(cx, tx, ruid, &m->base.id, &c);
}

/* The merge's parents, the larger of their generations and orders. */
static struct commit
merge_commit(const struct merging *m)
{
	struct commit	c = { .tree = m->tree, .n_parents = 1,
	    .parents = { m->dst.id }, .generation = m->dst.generation,
	    .order = commit_latest(&m->dst) };

	if (m->opt->squash)
		return c;
	c.parents[c.n_parents++] = m->src.id;
	if (c.generation < m->src.generation && !fault_skip("GENERATION"))
		c.generation = m->src.generation;
	if (c.order < commit_latest(&m->src))
		c.order = commit_latest(&m->src);
	return c;
}

static enum err
merge_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct merging	*m = arg;
	struct branch	 br;
	struct gc_state	 gs;
	struct repo	 r;
	enum err	 e;

	if ((e = repo_find(cx, tx, m->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, m->opt->commit.force)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, m->branch, &br)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = merge_moved(cx, tx, m, &br)) != OK || m->moved ||
	    (e = merge_check(cx, tx, m, &gs)) != OK)
		return e;
	*m->out = merge_commit(m);
	commit_describe(cx, &m->opt->commit, m->out);
	br.working = m->tree;
	br.open++;
	br.low = br.open;
	if ((e = commit_on(cx, tx, &gs, &r.ruid, &br, m->out, "merge")) != OK)
		return e;
	return branch_put(cx, tx, &r.ruid, &br);
}

/* Has the source nothing that the base has not?  The first commit of a
 * repository has no tree at all, so that what is committed over it is a change,
 * be it empty.  [REST mergeIntoBranch] */
static bool
merge_is_empty(const struct merging *m)
{
	return oid_is(&m->src.tree, &m->base.tree) &&
	    (m->base.n_parents > 0 || oid_is(&m->src.id, &m->base.id));
}

static enum err
merge_once(struct cx *cx, struct merging *m)
{
	struct oid	base;
	enum err	e;
	bool		found;

	if ((e = merge_clean(cx, m)) != OK ||
	    (e = merge_base_of(cx, m->eng, &m->r.ruid, &m->dst.id, &m->src.id,
	    &base, &found)) != OK)
		return e;
	m->base = (struct commit){ .n_parents = 0 };
	if (found && (e = commit_load(cx, m->eng->kv, &m->r.ruid, &base,
	    &m->base)) != OK)
		return e;
	if (merge_is_empty(m) && !m->opt->commit.allow_empty &&
	    !m->opt->commit.force)
		return fail(cx, E_NO_CHANGES, "merge: no changes on "
		    "\"%.*s\" since the merge base", STRF(m->source));
	if ((e = merge_tree(cx, m)) != OK ||
	    (e = actions_check(cx, m->eng, &m->dst.tree, &m->tree)) != OK)
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
