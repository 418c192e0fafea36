/* Trees: lookup, cursors, diff, and folding edits in. */
#include "engine/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "engine/give.h"
#include "engine/keys.h"

static enum err
damaged(struct cx *cx, const struct node *n)
{
	return fail(cx, E_CORRUPT, "tree node %s cannot be read",
	    oid_hex(&n->id).z);
}

enum err
tree_find(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct oid *root, struct str key, struct str *value, bool *there)
{
	struct node_it	 it;
	struct node	*n;
	struct oid	 id = *root;
	enum err	 e;

	*there = false;
	if (oid_is_zero(&id))
		return OK;
	for (;;) {
		if ((e = node_get(cx, eng, tx, &id, &n)) != OK)
			return e;
		if (!node_seek(&it, n, key)) {
			e = it.bad ? damaged(cx, n) : OK;
			break;
		}
		if (it.level == 0) {
			*there = str_is(node_key(&it), key);
			if (*there)
				*value = str_dup(cx->mem, it.value);
			break;
		}
		id = it.child;
		node_release(n);
	}
	node_release(n);
	return e;
}

enum err
tree_count(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct oid *root, uint64_t *n)
{
	struct node	*node;
	enum err	 e;

	*n = 0;
	if (oid_is_zero(root))
		return OK;
	if ((e = node_get(cx, eng, tx, root, &node)) != OK)
		return e;
	*n = node_entries(node);
	node_release(node);
	return OK;
}

/* ---- cursors ----------------------------------------------------------- */

static struct node_it *
top(const struct tree_cursor *c)
{
	return c->stack[c->depth - 1];
}

/* Put a node on the stack; the caller steps or seeks in it. */
static enum err
push(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    const struct oid *id)
{
	struct node	*n;
	enum err	 e;

	if (c->depth == TREE_LEVELS)
		return fail(cx, E_CORRUPT, "a tree is too deep");
	if ((e = node_get(cx, c->eng, tx, id, &n)) != OK)
		return e;
	if (c->stack[c->depth] == NULL &&
	    (c->stack[c->depth] = malloc(sizeof **c->stack)) == NULL)
		abort();
	node_begin(c->stack[c->depth], n);
	c->depth++;
	return top(c)->bad ? damaged(cx, n) : OK;
}

static void
pop(struct tree_cursor *c)
{
	node_release(top(c)->node);
	c->depth--;
}

void
tree_close(struct tree_cursor *c)
{
	size_t	i;

	while (c->depth > 0)
		pop(c);
	for (i = 0; i < TREE_LEVELS; i++)
		free(c->stack[i]);
	memset(c->stack, 0, sizeof c->stack);
}

/* The next item at this level or above; nodes that end are left. */
static enum err
advance(struct cx *cx, struct tree_cursor *c)
{
	while (c->depth > 0 && !node_step(top(c))) {
		if (top(c)->bad)
			return damaged(cx, top(c)->node);
		pop(c);
	}
	return OK;
}

enum err
tree_seek(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    struct str from)
{
	struct oid	id = c->root;
	enum err	e;

	while (c->depth > 0)
		pop(c);
	c->fresh = false;
	while (!oid_is_zero(&id)) {
		if ((e = push(cx, tx, c, &id)) != OK)
			return e;
		if (!node_seek(top(c), top(c)->node, from)) {
			if (top(c)->bad)
				return damaged(cx, top(c)->node);
			while (c->depth > 0)	/* beyond the last key */
				pop(c);
			return OK;
		}
		if (top(c)->level == 0)
			break;
		id = top(c)->child;
	}
	c->fresh = c->depth > 0;
	return OK;
}

enum err
tree_open(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct oid *root, struct str from, struct tree_cursor *c)
{
	memset(c, 0, sizeof *c);
	c->eng = eng;
	c->root = *root;
	return tree_seek(cx, tx, c, from);
}

/* Go down to a leaf item. */
static enum err
descend(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c)
{
	enum err	e;

	if ((e = push(cx, tx, c, &top(c)->child)) != OK)
		return e;
	return node_step(top(c)) ? OK : damaged(cx, top(c)->node);
}

enum err
tree_next(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    struct str *key, struct str *value, bool *there)
{
	enum err	e;

	if (!c->fresh && (e = advance(cx, c)) != OK)
		return e;
	c->fresh = false;
	while (c->depth > 0 && top(c)->level > 0)
		if ((e = descend(cx, tx, c)) != OK)
			return e;
	*there = c->depth > 0;
	if (*there) {
		*key = node_key(top(c));
		*value = top(c)->value;
	}
	return OK;
}

/* ---- diff -------------------------------------------------------------- */

enum err
tree_diff_open(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct oid *a, const struct oid *b, struct str from,
    struct tree_diff *d)
{
	static const struct oid	none;
	enum err		e;

	memset(d, 0, sizeof *d);
	d->tx = tx;
	if (oid_is(a, b))
		a = b = &none;
	e = tree_open(cx, eng, tx, a, from, &d->a);
	if (e == OK)
		e = tree_open(cx, eng, tx, b, from, &d->b);
	return e;
}

void
tree_diff_close(struct tree_diff *d)
{
	tree_close(&d->a);
	tree_close(&d->b);
}

/*
 * Bring both sides to leaf items, or their ends, passing over equal subtrees.
 * Cuts depend on keys alone, so after a change both sides leave a node at the
 * same key again, and meet at an item of the same level with the same child.
 */
static enum err
align(struct cx *cx, struct kv_tx *tx, struct tree_cursor *a,
    struct tree_cursor *b)
{
	unsigned	la, lb;
	enum err	e = OK;

	while (e == OK) {
		la = a->depth > 0 ? top(a)->level : 0;
		lb = b->depth > 0 ? top(b)->level : 0;
		if (la == 0 && lb == 0)
			break;
		if (la == lb && oid_is(&top(a)->child, &top(b)->child)) {
			if ((e = advance(cx, a)) == OK)
				e = advance(cx, b);
			continue;
		}
		if (la >= lb)
			e = descend(cx, tx, a);
		if (e == OK && lb >= la)
			e = descend(cx, tx, b);
	}
	return e;
}

static int
order(const struct tree_cursor *a, const struct tree_cursor *b)
{
	if (a->depth == 0)
		return 1;
	if (b->depth == 0)
		return -1;
	return str_cmp(node_key(top(a)), node_key(top(b)));
}

enum err
tree_diff_next(struct cx *cx, struct tree_diff *d, struct tree_change *out,
    bool *there)
{
	enum err	e;
	int		o;

	for (;;) {
		if (d->step_a && (e = advance(cx, &d->a)) != OK)
			return e;
		if (d->step_b && (e = advance(cx, &d->b)) != OK)
			return e;
		d->step_a = d->step_b = false;
		if ((e = align(cx, d->tx, &d->a, &d->b)) != OK)
			return e;
		*there = d->a.depth > 0 || d->b.depth > 0;
		if (!*there)
			return OK;
		o = order(&d->a, &d->b);
		d->step_a = o <= 0;
		d->step_b = o >= 0;
		*out = (struct tree_change){ .a = { NULL, 0 } };
		if (o <= 0) {
			out->key = node_key(top(&d->a));
			out->a = top(&d->a)->value;
		}
		if (o >= 0) {
			out->key = node_key(top(&d->b));
			out->b = top(&d->b)->value;
		}
		if (o != 0 || !str_is(out->a, out->b))
			return OK;
	}
}

/* ---- building ---------------------------------------------------------- */

enum { PENDING_NODES = 256 };

struct fresh_node {
	struct oid	id;
	struct str	bytes;
};

struct tree_build {
	struct engine		*eng;
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
	e = kv_write(cx, tb->eng->kv, store_fn, tb);
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
	return it->bad ? damaged(cx, it->node) : OK;
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
	if ((e = node_get(cx, tb->eng, NULL, id, &n)) != OK)
		return e;
	if ((it = malloc(sizeof *it)) == NULL)
		abort();
	node_begin(it, n);
	if (it->bad || it->level != level)
		e = damaged(cx, n);
	else if (level == 0)
		e = apply_leaf(cx, tb, it);
	else
		while (e == OK && node_step(it))
			e = apply_node(cx, tb, &it->child, level - 1,
			    node_key(it), it->below,
			    rightmost && it->off >= it->end);
	if (e == OK && it->bad)
		e = damaged(cx, n);
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
		if ((e = node_get(cx, tb->eng, NULL, root, &n)) != OK)
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
	if ((e = node_get(cx, tb->eng, NULL, root, &n)) != OK)
		return e;
	level = node_level(n);
	below = node_entries(n);
	node_release(n);
	/* Its last key is asked for only when it is kept whole, and then
	 * becomes the single child of a root that collapses. */
	return apply_node(cx, tb, root, level, STR("\377"), below, true);
}

enum err
tree_apply(struct cx *cx, struct engine *eng, const struct oid *root,
    const struct edits *edits, struct oid *out)
{
	struct tree_build	*tb = arena_get(cx->mem, sizeof *tb);
	enum err		 e;

	tb->eng = eng;
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
