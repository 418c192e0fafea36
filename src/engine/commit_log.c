/* The log of a ref. */
#include "engine/engine.h"

#include "base/fault.h"
#include "base/vec.h"
#include "engine/listing.h"
#include "engine/refs.h"
#include "engine/walk.h"
#include "lake/frontier.h"
#include "lake/keys.h"

/* Comparisons and commits without effect, then a page ends as it is. */
enum { LOG_LOOKS = 50000 };

struct log {
	struct engine		*eng;
	const struct commit_log_query *q;
	struct walk		 w;
	size_t			 looks;
	bool			 skipping;	/* up to `after` */
	/* set anew by each run of log_start_fn */
	struct repo		 r;
	struct commit		 stop;
	struct oid		 after;		/* where it is a ref */
	struct frontier		 from;
	/* the page */
	struct list_fill	 fill;
	VEC(struct commit)	 found;
	bool			 tired;		/* it ends before it is full */
};

/*
 * Where a page goes on: what would be looked at next, the commit that the page
 * did not take and those in the queue.  Of too many, the page that follows
 * walks from the ref to the last commit of this one.
 */
static struct str
log_next(struct cx *cx, const struct log *l)
{
	struct frontier	f = { .n = 0 };
	size_t		i;

	if (!l->fill.more && !l->tired)
		return STR("");
	if (l->w.n + !l->tired > LIMIT_FRONTIER)
		return str_dup(cx->mem, str_of(oid_hex(
		    &l->found.at[l->found.n - 1].id).z));
	if (!l->tired)
		f.at[f.n++] = l->w.taken->id;
	for (i = 0; i < l->w.n; i++)
		f.at[f.n++] = l->w.heap[i]->id;
	return frontier_format(cx, &f);
}

/* Each commit of a frontier is one of this repository, and not condemned. */
static enum err
log_check_frontier(struct cx *cx, struct kv_tx *tx, const struct log *l)
{
	struct gc_state	gs;
	struct commit	c;
	size_t		i;
	enum err	e;
	bool		there;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	for (i = 0; i < l->from.n; i++) {
		if ((e = commit_find(cx, tx, &gs, &l->r.ruid, &l->from.at[i],
		    &c, &there)) != OK)
			return e;
		if (!there && !fault_skip("LOG_FRONTIER"))
			return fail(cx, E_BAD_REQUEST, "parameter \"after\" "
			    "goes on at commit %s, which is not there any "
			    "more: begin without it",
			    oid_hex(&l->from.at[i]).z);
	}
	return OK;
}

static enum err
log_start_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct log	*l = arg;
	struct str	 after = l->q->after;
	struct commit	 c;
	enum err	 e;

	if ((e = repo_find(cx, tx, l->r.name, &l->r)) != OK ||
	    (e = ref_find(cx, tx, &l->r, l->q->ref, &c)) != OK)
		return e;
	l->from.n = 1;
	l->from.at[0] = c.id;
	if (l->q->stop_at.n > 0 && (e = ref_find(cx, tx, &l->r, l->q->stop_at,
	    &l->stop)) != OK)
		return e;
	if (frontier_is(after))
		return (e = frontier_parse(cx, after, &l->from)) != OK ? e :
		    log_check_frontier(cx, tx, l);
	if (after.n > 0 && (e = ref_find(cx, tx, &l->r, after, &c)) != OK)
		return e;
	l->after = c.id;
	return OK;
}

static enum err
log_see(struct cx *cx, struct log *l, const struct oid *id)
{
	struct walk_commit	*wc;
	enum err		 e;
	bool			 fresh;

	if ((e = walk_see(cx, &l->w, id, &wc, &fresh)) != OK || !fresh)
		return e;
	return walk_load(cx, &l->w, l->eng, &l->r.ruid, BY_DATE, wc);
}

static enum err
log_start(struct cx *cx, struct log *l)
{
	size_t		i;
	enum err	e;

	if ((e = kv_read(cx, l->eng->kv, log_start_fn, l)) != OK)
		return e;
	l->skipping = l->q->after.n > 0 && !frontier_is(l->q->after);
	for (i = 0; i < l->from.n; i++)
		if ((e = log_see(cx, l, &l->from.at[i])) != OK)
			return e;
	return OK;
}

/* ---- which commits ----------------------------------------------------- */

/* Does a key from `from` on and before `to` differ? */
static enum err
log_differs(struct cx *cx, struct log *l, const struct oid *a,
    const struct oid *b, const struct keys_range *in, bool *yes)
{
	struct tree_change	ch;
	struct tree_diff	d;
	enum err		e;
	bool			there, same;

	l->looks++;
	e = tree_diff_open(cx, &l->eng->trees, NULL, a, b, in->lo, &d);
	d.to = in->hi;
	while (e == OK && !*yes &&
	    (e = tree_diff_next(cx, &d, &ch, &there)) == OK && there)
		if ((e = entry_bytes_same(cx, ch.a, ch.b, &same)) == OK)
			*yes = !same;
	tree_diff_close(&d);
	return e;
}

/* What begins with a prefix; "" is all there is. */
static struct keys_range
log_prefix(struct cx *cx, struct str prefix)
{
	return prefix.n > 0 ? key_range(cx, prefix) :
	    (struct keys_range){ STR(""), { NULL, 0 } };
}

/* Did the commit touch a wanted path?  Merges and the root never do. */
static enum err
log_touches(struct cx *cx, struct log *l, const struct commit *c, bool *yes)
{
	const struct commit_log_query	*q = l->q;
	struct keys_range		 in;
	struct commit			 parent;
	size_t				 i;
	enum err			 e;

	*yes = q->n_paths + q->n_prefixes == 0;
	if (*yes || c->n_parents != 1)
		return OK;
	if ((e = commit_load(cx, l->eng->kv, &l->r.ruid, &c->parents[0],
	    &parent)) != OK)
		return e;
	for (i = 0; i < q->n_paths + q->n_prefixes && !*yes; i++) {
		in = i < q->n_paths ? (struct keys_range){ q->paths[i],
		    str_after(cx->mem, q->paths[i]) } :
		    log_prefix(cx, q->prefixes[i - q->n_paths]);
		if ((e = log_differs(cx, l, &parent.tree, &c->tree, &in,
		    yes)) != OK)
			return e;
	}
	return OK;
}

static size_t
log_cost(const struct commit *c)
{
	size_t	i, n = list_cost(c->message);

	for (i = 0; i < c->n_meta; i++)
		n += list_cost(c->meta[i].name) + list_cost(c->meta[i].value);
	return n;
}

static enum err
log_visit(struct cx *cx, struct log *l, const struct oid *id)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct commit		c;
	enum err		e;
	bool			yes = false;

	if (l->skipping) {
		l->skipping = !oid_is(id, &l->after);
		return OK;
	}
	if ((e = commit_load(cx, l->eng->kv, &l->r.ruid, id, &c)) != OK ||
	    (c.date >= l->q->since &&
	    (e = log_touches(cx, l, &c, &yes)) != OK))
		return e;
	l->looks++;
	if (!yes)
		arena_back(cx->mem, mark);
	else if (list_takes(&l->fill, log_cost(&c)))
		*VEC_PUSH(cx->mem, &l->found) = c;
	return OK;
}

static enum err
log_see_parents(struct cx *cx, struct log *l, const struct walk_commit *wc)
{
	size_t		i, n = wc->n_parents;
	enum err	e;

	/* What is older has only what is older before it. */
	if (wc->latest < l->q->since)
		return OK;
	if (l->q->first_parent && n > 1)
		n = 1;
	for (i = 0; i < n; i++)
		if ((e = log_see(cx, l, &wc->parents[i])) != OK)
			return e;
	return OK;
}

/* Has it looked at enough?  Then the page ends, if another can go on there. */
static bool
log_is_tired(const struct log *l)
{
	return l->looks > LOG_LOOKS && l->w.n > 0 && l->w.n <= LIMIT_FRONTIER &&
	    !fault_skip("LOG_LOOKS");
}

enum err
commit_log(struct cx *cx, struct engine *eng, struct str repo,
    const struct commit_log_query *q, struct commit_page *out)
{
	struct log		*l = arena_get(cx->mem, sizeof *l);
	struct walk_commit	*wc;
	enum err		 e;

	l->eng = eng;
	l->q = q;
	l->r.name = repo;
	l->fill.limit = q->amount;
	walk_init(&l->w, cx->mem);
	if ((e = list_claim(cx, q->amount)) != OK ||
	    (e = log_start(cx, l)) != OK)
		return e;
	while ((wc = walk_take(&l->w)) != NULL) {
		if ((e = log_visit(cx, l, &wc->id)) != OK)
			return e;
		if (l->fill.more ||
		    (q->stop_at.n > 0 && oid_is(&wc->id, &l->stop.id)))
			break;
		if ((e = log_see_parents(cx, l, wc)) != OK)
			return e;
		if (q->limit && l->found.n == q->amount)
			break;
		if ((l->tired = log_is_tired(l)))
			break;
	}
	*out = (struct commit_page){ l->found.at, l->found.n,
	    l->fill.more || l->tired, log_next(cx, l) };
	return OK;
}
