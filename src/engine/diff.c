/* Pages of what differs: between refs, and of a branch with its head. */
#include "engine/engine.h"

#include <string.h>

#include "base/vec.h"
#include "engine/branches.h"
#include "engine/listing.h"
#include "engine/merge_base.h"
#include "engine/staged.h"
#include "engine/three.h"

struct diff_pager {
	const struct list_query	*q;
	/* set anew by each run of a transaction */
	struct list_fill	 fill;
	VEC(struct diff_item)	 found;
	bool			 done;		/* or past the prefix */
};

static void
diff_page_begin(struct diff_pager *p)
{
	p->fill = (struct list_fill){ .limit = p->q->limit };
	memset(&p->found, 0, sizeof p->found);
	p->done = false;
}

/* The last that the page took, or that the page before ended with. */
static bool
diff_page_has(const struct diff_pager *p, struct str group)
{
	return str_is(group, p->q->after) || (p->found.n > 0 &&
	    str_is(p->found.at[p->found.n - 1].path, group));
}

/* Groups by delimiter; the page ends one past its limit, or the prefix. */
static enum err
diff_page_add(struct cx *cx, struct diff_pager *p, enum change type,
    struct str path, struct str value)
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
		if (diff_page_has(p, path))
			return OK;
	}
	if (str_cmp(path, q->after) <= 0 && q->after.n > 0)
		return OK;
	if (!list_takes(&p->fill, list_cost(path) + list_cost(value))) {
		p->done = true;
		return OK;
	}
	it = VEC_PUSH(cx->mem, &p->found);
	it->type = type;
	it->path = str_dup(cx->mem, path);
	return type == CHANGE_PREFIX ? OK :
	    entry_parse(cx, str_dup(cx->mem, value), &it->en);
}

static struct str
diff_page_start(const struct list_query *q)
{
	return str_cmp(q->after, q->prefix) > 0 ? q->after : q->prefix;
}

static void
diff_page_end(const struct diff_pager *p, struct diff_page *out)
{
	*out = (struct diff_page){ p->found.at, p->found.n, p->fill.more };
}

static enum err
diff_page_change(struct cx *cx, struct diff_pager *p, struct str path,
    struct str a, struct str b)
{
	enum err	e;
	bool		same;

	if ((e = entry_bytes_same(cx, a, b, &same)) != OK || same)
		return e;
	return diff_page_add(cx, p, a.p == NULL ? CHANGE_ADDED :
	    b.p == NULL ? CHANGE_REMOVED : CHANGE_CHANGED, path,
	    b.p == NULL ? a : b);
}

static enum err
diff_two_dot(struct cx *cx, struct engine *eng, const struct merge_base *b,
    struct diff_pager *p)
{
	struct tree_change	ch;
	struct tree_diff	d;
	enum err		e;
	bool			there;

	e = tree_diff_open(cx, &eng->trees, NULL, &b->left.tree,
	    &b->right.tree, diff_page_start(p->q), &d);
	while (e == OK && !p->done &&
	    (e = tree_diff_next(cx, &d, &ch, &there)) == OK && there)
		e = diff_page_change(cx, p, ch.key, ch.a, ch.b);
	tree_diff_close(&d);
	return e;
}

/* What merging right into left would do. */
static enum err
diff_three_dot(struct cx *cx, struct engine *eng, const struct merge_base *b,
    struct diff_pager *p)
{
	struct three_item	it;
	struct three		t;
	enum err		e;
	bool			there, same;

	e = three_open(cx, eng, &b->base.tree, &b->right.tree, &b->left.tree,
	    diff_page_start(p->q), &t);
	while (e == OK && !p->done &&
	    (e = three_next(cx, &t, &it, &there)) == OK && there) {
		if (!it.by_src)
			continue;
		if ((e = entry_bytes_same(cx, it.src, it.dst, &same)) != OK ||
		    same)
			continue;
		if (it.by_dst)
			e = diff_page_add(cx, p, CHANGE_CONFLICT, it.path,
			    it.src.p != NULL ? it.src : it.base.p != NULL ?
			    it.base : it.dst);
		else
			e = diff_page_change(cx, p, it.path, it.base, it.src);
	}
	three_close(&t);
	return e;
}

/* ---- what is staged ---------------------------------------------------- */

struct diff_staged {
	struct engine		*eng;
	struct str		 repo, branch;
	struct str		 left;	/* ref to compare with; "": the head */
	struct diff_pager	 p;
};

static enum err
diff_staged_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct diff_staged	*d = arg;
	struct tree_change	 ch;
	struct staged		 s;
	struct branch		 br;
	struct commit		 left;
	struct repo		 r;
	enum err		 e;
	bool			 there;

	diff_page_begin(&d->p);
	if ((e = repo_find(cx, tx, d->repo, &r)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, d->branch, &br)) != OK ||
	    (e = d->left.n > 0 ? ref_find(cx, tx, &r, d->left, &left) :
	    commit_need(cx, tx, &r.ruid, &br.head, &left)) != OK)
		return e;
	e = staged_open(cx, d->eng, tx, &br, &left.tree,
	    diff_page_start(d->p.q), &s);
	while (e == OK && !d->p.done &&
	    (e = staged_next(cx, &s, &ch, &there)) == OK && there)
		e = diff_page_change(cx, &d->p, ch.key, ch.a, ch.b);
	staged_close(&s);
	return e;
}

/* The branch against a ref, or against its head where left is "". */
static enum err
diff_staged(struct cx *cx, struct diff_staged *d, struct diff_page *out)
{
	enum err	e;

	e = kv_read(cx, d->eng->kv, diff_staged_fn, d);
	diff_page_end(&d->p, out);
	return e;
}

enum err
diff_uncommitted(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, const struct list_query *q, struct diff_page *out)
{
	struct diff_staged	d = { .eng = eng, .repo = repo,
	    .branch = branch, .p = { .q = q } };
	enum err		e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	return diff_staged(cx, &d, out);
}

/* ---- two refs ---------------------------------------------------------- */

enum err
diff_refs(struct cx *cx, struct engine *eng, struct str repo,
    const struct diff_sides *sides, const struct list_query *q,
    struct diff_page *out)
{
	struct diff_staged	d = { .eng = eng, .repo = repo,
	    .branch = str_to(sides->right, sides->right.n - 1),
	    .left = sides->left, .p = { .q = q } };
	struct merge_base	b;
	enum err		e;

	out->more = false;
	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	/* "branch$" on the right is its staging view. */
	if (sides->kind == DIFF_TWO_DOT && str_ends(sides->right, STR("$")))
		return diff_staged(cx, &d, out);
	diff_page_begin(&d.p);
	if (sides->kind == DIFF_TWO_DOT) {
		if ((e = ref_commit(cx, eng, repo, sides->left,
		    &b.left)) == OK &&
		    (e = ref_commit(cx, eng, repo, sides->right,
		    &b.right)) == OK)
			e = diff_two_dot(cx, eng, &b, &d.p);
	} else if ((e = merge_base(cx, eng, repo, sides->left, sides->right,
	    &b)) == OK)
		e = diff_three_dot(cx, eng, &b, &d.p);
	diff_page_end(&d.p, out);
	return e;
}
