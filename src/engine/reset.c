/* Reset: drop what is staged, wholly or by path. */
#include "engine/engine.h"

#include <string.h>

#include "base/vec.h"
#include "engine/area.h"
#include "engine/branches.h"
#include "engine/records.h"
#include "tree/claim.h"

struct reset {
	struct engine	*eng;
	struct str	 repo, branch, path;
	bool		 force, sealed;
	struct repo	 r;
	struct branch	 br;
	struct diff_item *items;
	size_t		 n;
};

static enum err
all_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reset	*s = arg;
	struct gc_state	 gs;
	struct commit	 head;
	enum err	 e;

	if ((e = branch_open(cx, tx, s->repo, s->branch, s->force, &s->r,
	    &s->br)) != OK || (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = commit_need(cx, tx, &s->r.ruid, &s->br.head, &head)) != OK)
		return e;
	s->br.working = head.tree;
	s->br.open++;
	s->br.low = s->br.open;		/* all rows mean nothing now */
	s->br.cut.live = false;
	if ((e = claim_tree(cx, tx, &gs, &head.tree)) != OK)
		return e;
	return branch_put(cx, tx, &s->r.ruid, &s->br);
}

enum err
branch_reset(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, bool force)
{
	struct reset	s = { .eng = eng, .repo = repo, .branch = branch,
	    .force = force };
	enum err	e;

	if ((e = kv_write(cx, eng->kv, all_fn, &s)) == OK)
		todo_add(&eng->todo, &s.r.ruid, branch, &s.br.uid);
	return e;
}

/*
 * A row that restores the head's entry, or its absence; never a row taken out
 * of a sealed area, which a fold may have read.  (N_RESETROW)  The cut is
 * cleared, or the commit under way would publish the write.  (N_RESET)
 */
static enum err
restore_one(struct cx *cx, struct kv_tx *tx, struct reset *s,
    const struct gc_state *gs, const struct oid *head, struct str path)
{
	struct view	v = { .staged = true, .br = s->br,
	    .tree = s->br.working };
	struct str	now, old;
	struct entry	en;
	enum err	e;
	bool		has_now, has_old, sealed;

	if ((e = view_find(cx, s->eng, tx, &v, path, &now, &has_now)) != OK ||
	    (e = tree_find(cx, &s->eng->trees, tx, head, path, &old,
	    &has_old)) != OK)
		return e;
	if (has_now == has_old && (!has_now || str_is(now, old)))
		return OK;
	if (has_old && ((e = entry_parse(cx, old, &en)) != OK ||
	    (e = claim_entry(cx, tx, gs, &en)) != OK))
		return e;
	e = area_put(cx, s->eng, tx, &s->br, path,
	    has_old ? old : (struct str){ NULL, 0 }, &sealed);
	s->sealed = s->sealed || sealed;
	return e;
}

static enum err
paths_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reset	*s = arg;
	struct gc_state	 gs;
	struct commit	 head;
	size_t		 i;
	enum err	 e;

	s->sealed = false;
	if ((e = branch_open(cx, tx, s->repo, s->branch, s->force, &s->r,
	    &s->br)) != OK || (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = commit_need(cx, tx, &s->r.ruid, &s->br.head, &head)) != OK)
		return e;
	for (i = 0; i < s->n; i++)
		if ((e = restore_one(cx, tx, s, &gs, &head.tree,
		    s->items[i].path)) != OK)
			return e;
	s->br.cut.live = false;
	return branch_put(cx, tx, &s->r.ruid, &s->br);
}

static enum err
reset_paths(struct cx *cx, struct reset *s)
{
	enum err	e;

	if ((e = kv_write(cx, s->eng->kv, paths_fn, s)) == OK && s->sealed)
		todo_add(&s->eng->todo, &s->r.ruid, s->branch, &s->br.uid);
	return e;
}

enum err
branch_reset_path(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, struct str path, bool prefix, bool force)
{
	struct reset		s = { .eng = eng, .repo = repo,
	    .branch = branch, .force = force };
	struct list_query	q = { .prefix = path, .limit = OPS_PATHS };
	struct diff_item	one = { .path = path };
	struct diff_page	page = { .more = true };
	enum err		e = OK;

	if (!prefix) {
		s.items = &one;
		s.n = 1;
		return reset_paths(cx, &s);
	}
	while (e == OK && page.more) {
		if ((e = diff_uncommitted(cx, eng, repo, branch, &q,
		    &page)) != OK)
			return e;
		s.items = page.at;
		s.n = page.n;
		e = reset_paths(cx, &s);
		if (page.n > 0)
			q.after = page.at[page.n - 1].path;
	}
	return e;
}
