/* Edits laid over a tree: a new tree, of which only new nodes are written. */
#include "tree/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "kv/kv.h"
#include "lake/keys.h"
#include "tree/gc_state.h"
#include "tree/tree_inside.h"

enum { PENDING_NODES = 256 };

struct fresh_node {
	struct oid	id;
	struct str	bytes;
};

struct tree_build {
	struct trees		*trees;
	struct node_builder	 lv[TREE_LEVELS];
	struct oid		 newest[TREE_LEVELS];	/* child added last */
	const struct edits	*edits;
	struct edit		 ed;		/* the next edit */
	bool			 has_ed;
	struct arena		*pending_mem;
	struct fresh_node	 pending[PENDING_NODES];
	size_t			 n_pending;
};

static enum err
store_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct tree_build	*tb = arg;
	struct gc_state		 gs;
	struct buf		 stamp;
	struct str		 old;
	struct fresh_node	*f;
	enum err		 e;
	bool			 there;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	buf_init(&stamp, cx->mem, 16);
	buf_be64(&stamp, gs.epoch);
	for (f = tb->pending; f < tb->pending + tb->n_pending; f++) {
		if ((e = kv_find(cx, tx, key_stamp(cx, &f->id), &old,
		    &there)) != OK)
			return e;
		/* Found or not, it carries this epoch from here on. */
		if (!there && (e = kv_put_bytes(cx, tx, key_node(cx, &f->id),
		    f->bytes)) != OK)
			return e;
		if ((!there || !str_is(old, buf_as_str(&stamp))) &&
		    (e = kv_put(cx, tx, key_stamp(cx, &f->id),
		    &stamp)) != OK)
			return e;
	}
	return OK;
}

static enum err
store_pending(struct cx *cx, struct tree_build *tb)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	enum err		e;

	if (tb->n_pending == 0)
		return OK;
	e = kv_write(cx, tb->trees->kv, store_fn, tb);
	arena_back(cx->mem, mark);
	tb->n_pending = 0;
	arena_empty(tb->pending_mem);
	return e;
}

static enum err	add_child(struct cx *cx, struct tree_build *tb,
		    unsigned level, struct str key, const struct oid *child,
		    uint64_t below);

/* End the node under construction at a level and hang it in above. */
static enum err
end_node(struct cx *cx, struct tree_build *tb, unsigned level)
{
	struct node_builder	*b = &tb->lv[level];
	struct fresh_node	*f;
	struct str		 bytes, key;
	uint64_t		 below = b->below;
	struct oid		 id;
	enum err		 e;

	if (tb->n_pending == PENDING_NODES &&
	    (e = store_pending(cx, tb)) != OK)
		return e;
	bytes = node_finish(b);
	digest_of(DIGEST_SHA256, bytes.p, bytes.n, id.b);
	f = &tb->pending[tb->n_pending++];
	f->id = id;
	f->bytes = str_dup(tb->pending_mem, bytes);
	key = (struct str){ (const char *)b->key, b->nkey };
	e = add_child(cx, tb, level + 1, key, &id, below);
	node_build(b, b->mem, level);
	return e;
}

static struct node_builder *
level_of(struct cx *cx, struct tree_build *tb, unsigned level)
{
	struct node_builder	*b = &tb->lv[level];

	if (b->p == NULL)
		node_build(b, cx->mem, level);
	return b;
}

static enum err
add_child(struct cx *cx, struct tree_build *tb, unsigned level,
    struct str key, const struct oid *child, uint64_t below)
{
	if (level == TREE_LEVELS)
		return fail(cx, E_STORE, "a tree would be too deep");
	tb->newest[level] = *child;
	if (node_add_child(level_of(cx, tb, level), key, child, below))
		return end_node(cx, tb, level);
	return OK;
}

static enum err
add_value(struct cx *cx, struct tree_build *tb, struct str key,
    struct str value)
{
	if (node_add_value(level_of(cx, tb, 0), key, value))
		return end_node(cx, tb, 0);
	return OK;
}

static enum err
next_edit(struct cx *cx, struct tree_build *tb)
{
	return tb->edits->next(cx, tb->edits->self, &tb->ed, &tb->has_ed);
}

/* Edits before this key (all that are left when key is NULL). */
static enum err
edits_before(struct cx *cx, struct tree_build *tb, const struct str *key)
{
	enum err	e = OK;

	while (e == OK && tb->has_ed &&
	    (key == NULL || str_cmp(tb->ed.key, *key) < 0)) {
		if (!tb->ed.gone)
			e = add_value(cx, tb, tb->ed.key, tb->ed.value);
		if (e == OK)
			e = next_edit(cx, tb);
	}
	return e;
}

static enum err
apply_leaf(struct cx *cx, struct tree_build *tb, struct node_it *it)
{
	struct str	key;
	enum err	e;

	while (node_step(it)) {
		key = node_key(it);
		if ((e = edits_before(cx, tb, &key)) != OK)
			return e;
		if (tb->has_ed && str_is(tb->ed.key, key)) {
			if (!tb->ed.gone && (e = add_value(cx, tb, key,
			    tb->ed.value)) != OK)
				return e;
			if ((e = next_edit(cx, tb)) != OK)
				return e;
			continue;
		}
		if ((e = add_value(cx, tb, key, it->value)) != OK)
			return e;
	}
	return it->bad ? tree_damaged(cx, it->node) : OK;
}

/* Nothing is under construction up to this level: a node fits in whole. */
static bool
at_boundary(const struct tree_build *tb, unsigned level)
{
	unsigned	i;

	for (i = 0; i <= level; i++)
		if (tb->lv[i].count > 0)
			return false;
	return true;
}

/*
 * Lay edits over one node.  A node without edits that begins where a new one
 * would is kept as it is: cutting is a function of the entries since the last
 * cut, so it would come out the same.  [I10]  The last node of a level ended
 * because the entries did; it is kept only when they end there again.
 */
static enum err
apply_node(struct cx *cx, struct tree_build *tb, const struct oid *id,
    unsigned level, struct str last, uint64_t below, bool rightmost)
{
	struct node_it	*it;
	struct node	*n;
	enum err	 e;

	if (at_boundary(tb, level) && (!tb->has_ed ||
	    (!rightmost && str_cmp(tb->ed.key, last) > 0)))
		return add_child(cx, tb, level + 1, last, id, below);
	if ((e = node_get(cx, tb->trees, NULL, id, &n)) != OK)
		return e;
	if ((it = malloc(sizeof *it)) == NULL)
		abort();
	node_begin(it, n);
	if (it->bad || it->level != level)
		e = tree_damaged(cx, n);
	else if (level == 0)
		e = apply_leaf(cx, tb, it);
	else
		while (e == OK && node_step(it))
			e = apply_node(cx, tb, &it->child, level - 1,
			    node_key(it), it->below,
			    rightmost && it->off >= it->end);
	if (e == OK && it->bad)
		e = tree_damaged(cx, n);
	free(it);
	node_release(n);
	return e;
}

/* A root with one child is not a root. */
static enum err
collapse(struct cx *cx, struct tree_build *tb, struct oid *root)
{
	struct node_it	*it;
	struct node	*n;
	enum err	 e;
	bool		 single;

	for (;;) {
		if ((e = node_get(cx, tb->trees, NULL, root, &n)) != OK)
			return e;
		if ((it = malloc(sizeof *it)) == NULL)
			abort();
		node_begin(it, n);
		single = it->level > 0 && node_step(it) && it->off >= it->end;
		if (single)
			*root = it->child;
		free(it);
		node_release(n);
		if (!single)
			return OK;
	}
}

/* End what is open at every level; the last single child is the root. */
static enum err
finish(struct cx *cx, struct tree_build *tb, struct oid *out)
{
	struct node_builder	*b;
	unsigned		 level, high;
	enum err		 e;

	memset(out, 0, sizeof *out);
	for (level = 0; level < TREE_LEVELS; level++) {
		b = &tb->lv[level];
		if (b->count == 0)
			continue;
		for (high = level + 1; high < TREE_LEVELS; high++)
			if (tb->lv[high].count > 0)
				break;
		if (level == 0 || high < TREE_LEVELS || b->count > 1) {
			if ((e = end_node(cx, tb, level)) != OK)
				return e;
			continue;
		}
		*out = tb->newest[level];
		break;
	}
	if ((e = store_pending(cx, tb)) != OK || oid_is_zero(out))
		return e;
	return collapse(cx, tb, out);
}

static enum err
apply_root(struct cx *cx, struct tree_build *tb, const struct oid *root)
{
	struct node	*n;
	unsigned	 level;
	uint64_t	 below;
	enum err	 e;

	if (oid_is_zero(root))
		return OK;
	if ((e = node_get(cx, tb->trees, NULL, root, &n)) != OK)
		return e;
	level = node_level(n);
	below = node_entries(n);
	node_release(n);
	/* Its last key is asked for only when it is kept whole, and then
	 * becomes the single child of a root that collapses. */
	return apply_node(cx, tb, root, level, STR("\377"), below, true);
}

enum err
tree_apply(struct cx *cx, struct trees *ts, const struct oid *root,
    const struct edits *edits, struct oid *out)
{
	struct tree_build	*tb = arena_get(cx->mem, sizeof *tb);
	enum err		 e;

	tb->trees = ts;
	tb->edits = edits;
	tb->pending_mem = arena_new();
	if ((e = next_edit(cx, tb)) == OK && !tb->has_ed) {
		*out = *root;
	} else if (e == OK && (e = apply_root(cx, tb, root)) == OK &&
	    (e = edits_before(cx, tb, NULL)) == OK)
		e = finish(cx, tb, out);
	arena_free(tb->pending_mem);
	return e;
}
