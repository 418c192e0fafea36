/*
 * Two sorted streams are merged, the staged rows and what differs between the
 * commit and the working tree.  If both have a path, the staged row wins.
 */
#include "engine/staged.h"

#include "base/fault.h"

enum err
staged_open(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct branch *br, const struct oid *tree, struct str from,
    struct staged *s)
{
	const struct merged_range	rows = { br->uid, br->low, br->open,
	    NULL };
	enum err			e;

	*s = (struct staged){ .eng = eng, .tx = tx, .tree = *tree,
	    .working = br->working, .row = true, .differs = true,
	    .used_row = true, .used_diff = true, .mem = arena_new() };
	if ((e = merged_open(cx, eng, tx, &rows, from, &s->rows)) != OK)
		return e;
	return tree_diff_open(cx, &eng->trees, tx, tree, &br->working, from,
	    &s->diff);
}

/* What the commit has under a staged row: of many, one at a time. */
static enum err
staged_find_old(struct cx *cx, struct staged *s, struct str *old)
{
	struct cx	in = cx_aside(cx);
	enum err	e;
	bool		there;

	in.mem = s->mem;
	if (!fault_skip("STAGED_MEMORY"))
		arena_empty(s->mem);
	if ((e = tree_find(&in, &s->eng->trees, s->tx, &s->tree, s->path, old,
	    &there)) != OK)
		return cx_pass(cx, &in);
	if (!there)
		*old = (struct str){ NULL, 0 };
	return OK;
}

enum err
staged_next(struct cx *cx, struct staged *s, struct tree_change *out,
    bool *there)
{
	enum err	e;
	int		o;

	if (s->used_row && s->row && (e = merged_next(cx, &s->rows, &s->path,
	    &s->value, &s->row)) != OK)
		return e;
	if (s->used_diff && s->differs && (e = tree_diff_next(cx, &s->diff,
	    &s->ch, &s->differs)) != OK)
		return e;
	*there = s->row || s->differs;
	if (!*there)
		return OK;
	o = !s->differs ? -1 : !s->row ? 1 : str_cmp(s->path, s->ch.key);
	s->used_row = o <= 0;
	s->used_diff = o >= 0;
	*out = s->ch;
	if (o > 0)
		return OK;
	out->key = s->path;
	out->b = s->value;
	return o == 0 ? OK : staged_find_old(cx, s, &out->a);
}

enum err
staged_seek(struct cx *cx, struct staged *s, struct str from)
{
	enum err	e;

	if ((e = merged_seek(cx, &s->rows, from)) != OK)
		return e;
	s->used_row = s->used_diff = s->row = s->differs = true;
	tree_diff_close(&s->diff);
	return tree_diff_open(cx, &s->eng->trees, s->tx, &s->tree, &s->working,
	    from, &s->diff);
}

void
staged_close(struct staged *s)
{
	tree_diff_close(&s->diff);
	merged_close(&s->rows);
	arena_free(s->mem);
	s->mem = NULL;
}
