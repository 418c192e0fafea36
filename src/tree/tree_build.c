/* Edits laid over a tree: a new tree, of which only new nodes are written. */
#include "tree/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/fault.h"
#include "kv/kv.h"
#include "lake/keys.h"
#include "tree/gc_state.h"
#include "tree/tree_inside.h"

enum { PENDING_NODES = 256, PENDING_BYTES = 4 << 20 };

struct fresh_node {
	struct oid	id;
	struct str	bytes;
};

struct tree_build {
	struct trees		*trees;
	struct node_builder	 lv[TREE_LEVELS];
	struct oid		 newest[TREE_LEVELS];	/* child added last */
	const struct tree_edits	*edits;
	struct tree_edit		 ed;		/* the next edit */
	bool			 has_ed;
	/* Keys rise: of the edits as they come, of all that is added. */
	struct build_key {
		size_t		 n;
		unsigned char	 p[LIMIT_PATH];
	} ed_last, last;
	struct arena		*pending_mem;
	struct fresh_node	 pending[PENDING_NODES];
	size_t			 n_pending, pending_bytes;
};

static struct str
build_key_str(const struct build_key *k)
{
	return (struct str){ (const char *)k->p, k->n };
}

static void
build_key_set(struct build_key *k, struct str key)
{
	memcpy(k->p, key.p, key.n);
	k->n = key.n;
}

static enum err
build_store_fn(struct cx *cx, struct kv_tx *tx, void *arg)
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
		/* What a cache has, the store may have no more.  (N_CACHE) */
		if (fault_skip("N_CACHE") && node_is_cached(tb->trees, &f->id))
			continue;
		/* Found or not, it carries this epoch from here on. */
		if (!there && (e = kv_put_bytes(cx, tx, key_node(cx, &f->id),
		    f->bytes)) != OK)
			return e;
		if ((!there || (!str_is(old, buf_as_str(&stamp)) &&
		    !fault_skip("N_TOUCH"))) &&
		    (e = kv_put(cx, tx, key_stamp(cx, &f->id),
		    &stamp)) != OK)
			return e;
	}
	return OK;
}

static enum err
build_store_pending(struct cx *cx, struct tree_build *tb)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	enum err		e;

	if (tb->n_pending == 0)
		return OK;
	e = kv_write(cx, tb->trees->kv, build_store_fn, tb);
	arena_back(cx->mem, mark);
	tb->n_pending = tb->pending_bytes = 0;
	arena_empty(tb->pending_mem);
	return e;
}

static enum err	build_add_child(struct cx *cx, struct tree_build *tb,
		    unsigned level, struct str key, const struct oid *child,
		    uint64_t below);

/* End the node under construction at a level and hang it in above. */
static enum err
build_end_node(struct cx *cx, struct tree_build *tb, unsigned level)
{
	struct node_builder	*b = &tb->lv[level];
	struct fresh_node	*f;
	struct str		 bytes, key;
	uint64_t		 below = b->below;
	struct oid		 id;
	enum err		 e;

	assert(level < TREE_LEVELS && b->level == level);
	bytes = node_finish(b);
	if ((tb->n_pending == PENDING_NODES || (!fault_skip("NODES_BYTES") &&
	    tb->pending_bytes + bytes.n > PENDING_BYTES)) &&
	    (e = build_store_pending(cx, tb)) != OK)
		return e;
	digest_of(DIGEST_SHA256, bytes.p, bytes.n, id.b);
	f = &tb->pending[tb->n_pending++];
	f->id = id;
	f->bytes = str_dup(tb->pending_mem, bytes);
	tb->pending_bytes += bytes.n;
	key = (struct str){ (const char *)b->key, b->nkey };
	e = build_add_child(cx, tb, level + 1, key, &id, below);
	node_build(b, b->mem, level);
	return e;
}

static struct node_builder *
build_level(struct cx *cx, struct tree_build *tb, unsigned level)
{
	struct node_builder	*b = &tb->lv[level];

	if (b->p == NULL)
		node_build(b, cx->mem, level);
	return b;
}

static enum err
build_add_child(struct cx *cx, struct tree_build *tb, unsigned level,
    struct str key, const struct oid *child, uint64_t below)
{
	if (level == TREE_LEVELS)
		return fail(cx, E_STORE, "a tree would be too deep");
	if (below == 0)		/* what damaged counts can sum to */
		return fail(cx, E_CORRUPT, "the counts of a tree make no "
		    "sense");
	tb->newest[level] = *child;
	if (node_add_child(build_level(cx, tb, level), key, child, below))
		return build_end_node(cx, tb, level);
	return OK;
}

static enum err
build_add_value(struct cx *cx, struct tree_build *tb, struct str key,
    struct str value)
{
	build_key_set(&tb->last, key);
	if (node_add_value(build_level(cx, tb, 0), key, value))
		return build_end_node(cx, tb, 0);
	return OK;
}

/*
 * Edits come from rows and trees that a disk may have damaged: their order and
 * sizes are checked here, what nodes hold by build_may_add.  What passes both
 * rises: edits before a node's key are added before it, and all others are
 * greater.
 */
static enum err
build_next_edit(struct cx *cx, struct tree_build *tb)
{
	enum err	e;

	if ((e = tb->edits->next(cx, tb->edits->self, &tb->ed,
	    &tb->has_ed)) != OK || !tb->has_ed)
		return e;
	if (tb->ed.key.n > LIMIT_PATH || tb->ed.value.n > NODE_VALUE_MAX ||
	    str_cmp(tb->ed.key, build_key_str(&tb->ed_last)) <= 0)
		return fail(cx, E_CORRUPT, "the changes to lay over a tree "
		    "are out of order or too long");
	build_key_set(&tb->ed_last, tb->ed.key);
	return OK;
}

static enum err
build_may_add(struct cx *cx, struct tree_build *tb, const struct node_it *it)
{
	return node_may_follow(it, build_key_str(&tb->last)) ? OK :
	    tree_damaged(cx, it->node);
}

/* Edits before this key (all that are left when key is NULL). */
static enum err
build_edits_before(struct cx *cx, struct tree_build *tb, const struct str *key)
{
	enum err	e = OK;

	while (e == OK && tb->has_ed &&
	    (key == NULL || str_cmp(tb->ed.key, *key) < 0)) {
		if (!tb->ed.gone)
			e = build_add_value(cx, tb, tb->ed.key, tb->ed.value);
		if (e == OK)
			e = build_next_edit(cx, tb);
	}
	return e;
}

static enum err
build_leaf(struct cx *cx, struct tree_build *tb, struct node_it *it)
{
	struct str	key;
	enum err	e;

	while (node_step(it)) {
		key = node_key(it);
		if ((e = build_edits_before(cx, tb, &key)) != OK ||
		    (e = build_may_add(cx, tb, it)) != OK)
			return e;
		if (tb->has_ed && str_is(tb->ed.key, key)) {
			if (!tb->ed.gone && (e = build_add_value(cx, tb, key,
			    tb->ed.value)) != OK)
				return e;
			if ((e = build_next_edit(cx, tb)) != OK)
				return e;
			continue;
		}
		if ((e = build_add_value(cx, tb, key, it->value)) != OK)
			return e;
	}
	return it->bad ? tree_damaged(cx, it->node) : OK;
}

/* Nothing is under construction up to this level: a node fits in whole. */
static bool
build_at_boundary(const struct tree_build *tb, unsigned level)
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
build_node(struct cx *cx, struct tree_build *tb, const struct oid *id,
    unsigned level, struct str last, uint64_t below, bool rightmost)
{
	struct node_it	*it;
	struct node	*n;
	enum err	 e;

	if (build_at_boundary(tb, level) && (!tb->has_ed ||
	    (!rightmost && str_cmp(tb->ed.key, last) > 0))) {
		build_key_set(&tb->last, last);
		return build_add_child(cx, tb, level + 1, last, id, below);
	}
	if ((e = node_get(cx, tb->trees, NULL, id, &n)) != OK)
		return e;
	if ((it = malloc(sizeof *it)) == NULL)
		abort();
	node_begin(it, n);
	if (it->bad || it->level != level)
		e = tree_damaged(cx, n);
	else if (level == 0)
		e = build_leaf(cx, tb, it);
	else
		while (e == OK && node_step(it) &&
		    (e = build_may_add(cx, tb, it)) == OK)
			e = build_node(cx, tb, &it->child, level - 1,
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
build_collapse(struct cx *cx, struct tree_build *tb, struct oid *root)
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
build_finish(struct cx *cx, struct tree_build *tb, struct oid *out)
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
			if ((e = build_end_node(cx, tb, level)) != OK)
				return e;
			continue;
		}
		*out = tb->newest[level];
		break;
	}
	if ((e = build_store_pending(cx, tb)) != OK || oid_is_zero(out))
		return e;
	return build_collapse(cx, tb, out);
}

static enum err
build_root(struct cx *cx, struct tree_build *tb, const struct oid *root)
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
	if (level >= TREE_LEVELS)
		e = tree_damaged(cx, n);
	node_release(n);
	if (e != OK)
		return e;
	/* There is an edit, so the root is not kept, nor its last key used. */
	return build_node(cx, tb, root, level, STR("\377"), below, true);
}

enum err
tree_apply(struct cx *cx, struct trees *ts, const struct oid *root,
    const struct tree_edits *edits, struct oid *out)
{
	struct tree_build	*tb = arena_get(cx->mem, sizeof *tb);
	enum err		 e;

	tb->trees = ts;
	tb->edits = edits;
	tb->pending_mem = arena_new();
	if ((e = build_next_edit(cx, tb)) == OK && !tb->has_ed) {
		*out = *root;
	} else if (e == OK && (e = build_root(cx, tb, root)) == OK &&
	    (e = build_edits_before(cx, tb, NULL)) == OK)
		e = build_finish(cx, tb, out);
	arena_free(tb->pending_mem);
	return e;
}
