/* Reset: drop what is staged, wholly or by path. */
#include "engine/engine.h"

#include <string.h>

#include "base/fault.h"
#include "base/limit.h"
#include "base/vec.h"
#include "engine/branches.h"
#include "engine/fold.h"
#include "engine/records.h"
#include "engine/staged.h"
#include "engine/view.h"
#include "lake/keys.h"
#include "tree/claim.h"

struct reset {
	struct engine	*eng;
	struct str	 repo, branch;
	bool		 force;
	/* set anew by each run of the transaction */
	struct repo	 r;
	struct branch	 br;
};

struct reset_paths {
	struct reset	 to;
	struct str	 path;		/* one, or with prefix their head */
	bool		 prefix;
	struct str	 after;		/* those behind it; "": all */
	/* set anew by each run of the transaction */
	VEC(struct str)	 paths;
	bool		 more;		/* than one transaction takes */
	bool		 sealed;
};

/* The branch, and the head that it goes back to. */
static enum err
reset_look(struct cx *cx, struct kv_tx *tx, struct reset *s,
    struct gc_state *gs, struct commit *head)
{
	enum err	e;

	if ((e = branch_open(cx, tx, s->repo, s->branch, s->force, &s->r,
	    &s->br)) != OK || (e = gc_state_find(cx, tx, gs)) != OK)
		return e;
	return commit_need(cx, tx, &s->r.ruid, &s->br.head, head);
}

static enum err
reset_all_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reset	*s = arg;
	struct gc_state	 gs;
	struct commit	 head;
	enum err	 e;

	if ((e = reset_look(cx, tx, s, &gs, &head)) != OK)
		return e;
	s->br.working = head.tree;
	s->br.open++;
	if (!fault_skip("RESET_LOW"))
		s->br.low = s->br.open;	/* all rows mean nothing now */
	if (!fault_skip("RESET_CUT"))
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

	if ((e = kv_write(cx, eng->kv, reset_all_fn, &s)) == OK)
		todo_add(&eng->todo, &s.r.ruid, branch, &s.br.uid);
	return e;
}

/*
 * A row that restores the head's entry, or its absence; never a row taken out
 * of a sealed area, which a fold may have read.  (N_RESETROW)  The cut is
 * cleared, or the commit under way would publish the write.  (N_RESET)
 */
static enum err
reset_one(struct cx *cx, struct kv_tx *tx, struct reset_paths *p,
    const struct gc_state *gs, const struct oid *head, struct str path)
{
	struct engine	*eng = p->to.eng;
	struct view	 v = view_of_branch(&p->to.br);
	struct str	 now, old;
	struct entry	 en;
	enum err	 e;
	bool		 has_now, has_old, sealed;

	if ((e = view_find(cx, eng, tx, &v, path, &now, &has_now)) != OK ||
	    (e = tree_find(cx, &eng->trees, tx, head, path, &old,
	    &has_old)) != OK)
		return e;
	if (has_now == has_old && (!has_now || str_is(now, old)))
		return OK;
	if (fault_skip("N_RESETROW"))
		return kv_delete(cx, tx, key_row(cx, &p->to.br.uid,
		    p->to.br.open - 1, path));
	if (has_old && ((e = entry_parse(cx, old, &en)) != OK ||
	    (e = claim_entry(cx, tx, gs, &en)) != OK))
		return e;
	e = area_put(cx, eng, tx, &p->to.br, path,
	    has_old ? old : (struct str){ NULL, 0 }, &sealed);
	p->sealed = p->sealed || sealed;
	return e;
}

/* The nodes of both trees that lead to a path are in the cache then. */
static enum err
reset_read(struct cx *cx, struct kv_tx *tx, const struct reset_paths *p,
    const struct oid *head, struct str path)
{
	struct trees		*ts = &p->to.eng->trees;
	struct arena_mark	 mark = arena_mark(cx->mem);
	struct str		 bytes;
	enum err		 e;
	bool			 there;

	if ((e = tree_find(cx, ts, tx, &p->to.br.working, path, &bytes,
	    &there)) == OK &&
	    (e = tree_find(cx, ts, tx, head, path, &bytes, &there)) == OK)
		arena_back(cx->mem, mark);
	return e;
}

/* Those whose entry is not the head's, in order, as far as one transaction
 * goes. */
static enum err
reset_collect(struct cx *cx, struct kv_tx *tx, struct reset_paths *p,
    const struct oid *head)
{
	struct tree_change	ch;
	struct staged		s;
	size_t			bytes = 0;
	enum err		e;
	bool			there, same;

	memset(&p->paths, 0, sizeof p->paths);
	p->more = false;
	e = staged_open(cx, p->to.eng, tx, &p->to.br, head,
	    p->after.n > 0 ? p->after : p->path, &s);
	while (e == OK &&
	    (e = staged_next(cx, &s, &ch, &there)) == OK && there &&
	    str_starts(ch.key, p->path)) {
		if (str_is(ch.key, p->after) || (e = entry_bytes_same(cx,
		    ch.a, ch.b, &same)) != OK || same)
			continue;
		p->more = p->paths.n == OPS_PATHS || bytes > OPS_BYTES;
		if (p->more)
			break;
		*VEC_PUSH(cx->mem, &p->paths) = str_dup(cx->mem, ch.key);
		bytes += ch.a.n;
	}
	staged_close(&s);
	return e;
}

/* The same, and nothing else: the nodes are read before the writer lock is
 * held. */
static enum err
reset_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reset_paths	*p = arg;
	struct gc_state		 gs;
	struct commit		 head;
	size_t			 i;
	enum err		 e;

	if ((e = reset_look(cx, tx, &p->to, &gs, &head)) != OK)
		return e;
	if (!p->prefix)
		return reset_read(cx, tx, p, &head.tree, p->path);
	e = reset_collect(cx, tx, p, &head.tree);
	for (i = 0; e == OK && i < p->paths.n; i++)
		e = reset_read(cx, tx, p, &head.tree, p->paths.at[i]);
	return e;
}

static enum err
reset_paths_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reset_paths	*p = arg;
	struct branch		*br = &p->to.br;
	struct arena_mark	 mark;
	struct gc_state		 gs;
	struct commit		 head;
	size_t			 i;
	enum err		 e;

	p->sealed = false;
	if ((e = reset_look(cx, tx, &p->to, &gs, &head)) != OK)
		return e;
	if (!p->prefix) {
		memset(&p->paths, 0, sizeof p->paths);
		*VEC_PUSH(cx->mem, &p->paths) = p->path;
	} else if (!fault_skip("RESET_LOOK") &&
	    (e = reset_collect(cx, tx, p, &head.tree)) != OK)
		return e;
	mark = arena_mark(cx->mem);
	for (i = 0; i < p->paths.n; i++) {
		if ((e = reset_one(cx, tx, p, &gs, &head.tree,
		    p->paths.at[i])) != OK)
			return e;
		if (!fault_skip("RESET_MEMORY"))
			arena_back(cx->mem, mark);
	}
	if (!fault_skip("N_RESET"))
		br->cut.live = false;
	return branch_put(cx, tx, &p->to.r.ruid, br);
}

static enum err
reset_some(struct cx *cx, struct reset_paths *p)
{
	struct reset	*s = &p->to;
	struct cx	 aside;
	enum err	 e;

	if ((e = kv_read(cx, s->eng->kv, reset_look_fn, p)) != OK ||
	    (e = kv_write(cx, s->eng->kv, reset_paths_fn, p)) != OK)
		return e;
	if (p->sealed)
		todo_add(&s->eng->todo, &s->r.ruid, s->branch, &s->br.uid);
	/* Of many paths, or the last area would take them all. */
	if (s->br.open - s->br.low >= SEALED_HELP) {
		aside = cx_aside(cx);
		fold_help(&aside, s->eng, s->repo, s->branch);
	}
	return OK;
}

/* Of what one transaction reset only where it ended is kept for the next. */
static enum err
reset_go_on(struct cx *cx, struct reset_paths *p, char *last,
    struct arena_mark mark)
{
	struct str	path = p->paths.at[p->paths.n - 1];

	if (path.n > LIMIT_PATH)
		return fail(cx, E_CORRUPT, "a staged path is too long");
	memcpy(last, path.p, path.n);
	p->after = (struct str){ last, path.n };
	if (!fault_skip("RESET_MEMORY"))
		arena_back(cx->mem, mark);
	return OK;
}

enum err
branch_reset_path(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, struct str path, bool prefix, bool force)
{
	struct reset_paths	p = { .to = { .eng = eng, .repo = repo,
	    .branch = branch, .force = force }, .path = path,
	    .prefix = prefix };
	char			*last = arena_raw(cx->mem, LIMIT_PATH);
	struct arena_mark	mark = arena_mark(cx->mem);
	enum err		e;

	while ((e = reset_some(cx, &p)) == OK && p.more &&
	    (e = reset_go_on(cx, &p, last, mark)) == OK)
		continue;
	return e;
}
