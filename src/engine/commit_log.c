/* The log of a ref. */
#include "engine/engine.h"

#include "base/fault.h"
#include "base/vec.h"
#include "engine/listing.h"
#include "engine/refs.h"
#include "engine/walk.h"
#include "lake/names.h"

struct log {
	struct engine		*eng;
	const struct commit_log_query *q;
	struct repo		 r;
	struct commit		 from, stop;
	bool			 stopping;
	struct oid		 after;
	bool			 skipping;	/* up to `after` */
	bool			 merged;	/* a merge came before */
	bool			 alone;		/* none before the last found */
	struct list_fill	 fill;
	VEC(struct commit)	 found;
};

/*
 * Where a page goes on.  Before the first merge the walk has one commit at a
 * time, so it may begin again at any of them: "~0" behind an id says so, and
 * names the same commit as a ref.  Behind a merge what waits is known only by
 * walking from the ref.
 */
static const struct str	alone = STR_INIT("~0");

static bool
log_is_alone(struct str after)
{
	return after.n > alone.n && name_is_commit_id(str_to(after,
	    after.n - alone.n)) && str_is(str_from(after,
	    after.n - alone.n), alone);
}

static struct str
log_next(struct cx *cx, const struct log *l)
{
	if (l->found.n == 0)
		return STR("");
	return str_printf(cx->mem, "%s%.*s",
	    oid_hex(&l->found.at[l->found.n - 1].id).z,
	    l->alone ? (int)alone.n : 0, alone.p);
}

static enum err
log_start_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct log	*l = arg;
	struct commit	 after;
	enum err	 e;

	if ((e = repo_find(cx, tx, l->r.name, &l->r)) != OK ||
	    (e = ref_find(cx, tx, &l->r, l->q->ref, &l->from)) != OK)
		return e;
	l->stopping = l->q->stop_at.n > 0;
	if (l->stopping && (e = ref_find(cx, tx, &l->r, l->q->stop_at,
	    &l->stop)) != OK)
		return e;
	l->skipping = l->q->after.n > 0;
	if (!l->skipping)
		return OK;
	if ((e = ref_find(cx, tx, &l->r, l->q->after, &after)) != OK)
		return e;
	l->after = after.id;
	if (log_is_alone(l->q->after))
		l->from = after;
	return OK;
}

static enum err
log_see(struct cx *cx, struct log *l, struct walk *w, const struct oid *id)
{
	struct walk_commit	*wc;
	enum err		 e;
	bool			 fresh;

	if ((e = walk_see(cx, w, id, &wc, &fresh)) != OK || !fresh)
		return e;
	return walk_load(cx, w, l->eng, &l->r.ruid, BY_DATE, wc);
}

static bool
log_wants(const struct commit_log_query *q, struct str path)
{
	size_t	i;

	for (i = 0; i < q->n_paths; i++)
		if (str_is(q->paths[i], path))
			return true;
	for (i = 0; i < q->n_prefixes; i++)
		if (str_starts(path, q->prefixes[i]))
			return true;
	return false;
}

/* Where a diff can show the first wanted path. */
static struct str
log_least_path(const struct commit_log_query *q)
{
	struct str	least = { NULL, 0 }, s;
	size_t		i;

	for (i = 0; i < q->n_paths + q->n_prefixes; i++) {
		s = i < q->n_paths ? q->paths[i] : q->prefixes[i - q->n_paths];
		if (least.p == NULL || str_cmp(s, least) < 0)
			least = s;
	}
	return least;
}

/* Did the commit touch a wanted path?  Merges and the root never do. */
static enum err
log_touches(struct cx *cx, struct log *l, const struct commit *c, bool *yes)
{
	struct tree_change	ch;
	struct tree_diff	d;
	struct commit		parent;
	enum err		e;
	bool			there, same;

	*yes = l->q->n_paths + l->q->n_prefixes == 0;
	if (*yes || c->n_parents != 1)
		return OK;
	if ((e = commit_load(cx, l->eng->kv, &l->r.ruid, &c->parents[0],
	    &parent)) != OK)
		return e;
	e = tree_diff_open(cx, &l->eng->trees, NULL, &parent.tree, &c->tree,
	    log_least_path(l->q), &d);
	while (e == OK && !*yes &&
	    (e = tree_diff_next(cx, &d, &ch, &there)) == OK && there)
		if (log_wants(l->q, ch.key) && (e = entry_bytes_same(cx,
		    ch.a, ch.b, &same)) == OK)
			*yes = !same;
	tree_diff_close(&d);
	return e;
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
	struct commit	c;
	enum err	e;
	bool		yes;

	if (l->skipping) {
		l->skipping = !oid_is(id, &l->after);
		return OK;
	}
	if ((e = commit_load(cx, l->eng->kv, &l->r.ruid, id, &c)) != OK)
		return e;
	if (l->q->since != 0 && c.date < l->q->since)
		return OK;
	if ((e = log_touches(cx, l, &c, &yes)) != OK || !yes)
		return e;
	if (list_takes(&l->fill, log_cost(&c))) {
		*VEC_PUSH(cx->mem, &l->found) = c;
		l->alone = !l->merged;
	}
	return OK;
}

enum err
commit_log(struct cx *cx, struct engine *eng, struct str repo,
    const struct commit_log_query *q, struct commit_page *out)
{
	struct log		 l = { .eng = eng, .q = q,
	    .r = { .name = repo }, .fill = { .limit = q->amount } };
	struct walk_commit	*wc;
	struct walk		 w;
	size_t			 i, n;
	enum err		 e;

	walk_init(&w, cx->mem);
	if ((e = list_claim(cx, q->amount)) != OK ||
	    (e = kv_read(cx, eng->kv, log_start_fn, &l)) != OK ||
	    (e = log_see(cx, &l, &w, &l.from.id)) != OK)
		return e;
	while (!l.fill.more && (wc = walk_take(&w)) != NULL) {
		if ((e = log_visit(cx, &l, &wc->id)) != OK)
			return e;
		if (l.stopping && oid_is(&wc->id, &l.stop.id))
			break;
		if (q->limit && l.found.n == q->amount)
			break;
		if (q->since != 0 && (int64_t)wc->rank < q->since)
			continue;
		n = q->first_parent && wc->n_parents > 1 ? 1 : wc->n_parents;
		if (n > 1 && !fault_skip("LOG_MERGE"))
			l.merged = true;
		for (i = 0; i < n; i++)
			if ((e = log_see(cx, &l, &w, &wc->parents[i])) != OK)
				return e;
	}
	*out = (struct commit_page){ l.found.at, l.found.n, l.fill.more,
	    log_next(cx, &l) };
	return OK;
}
