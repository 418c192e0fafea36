/* Trees: lookup, and cursors. */
#include "tree/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "tree/tree_inside.h"

enum err
tree_damaged(struct cx *cx, const struct node *n)
{
	return fail(cx, E_CORRUPT, "tree node %s cannot be read",
	    oid_hex(&n->id).z);
}

enum err
tree_find(struct cx *cx, struct trees *ts, struct kv_tx *tx,
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
		if ((e = node_get(cx, ts, tx, &id, &n)) != OK)
			return e;
		if (!node_seek(&it, n, key)) {
			e = it.bad ? tree_damaged(cx, n) : OK;
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
tree_count(struct cx *cx, struct trees *ts, struct kv_tx *tx,
    const struct oid *root, uint64_t *n)
{
	struct node	*node;
	enum err	 e;

	*n = 0;
	if (oid_is_zero(root))
		return OK;
	if ((e = node_get(cx, ts, tx, root, &node)) != OK)
		return e;
	*n = node_entries(node);
	node_release(node);
	return OK;
}

/* ---- cursors ----------------------------------------------------------- */

struct node_it *
tree_top(const struct tree_cursor *c)
{
	assert(c->depth > 0);
	return c->stack[c->depth - 1];
}

/*
 * Put a node on the stack; the caller steps or seeks in it.  Levels fall by one
 * from node to node, as is checked here, so the stack has room for all.
 */
static enum err
tree_push(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    const struct oid *id)
{
	struct node_it	*it;
	struct node	*n;
	enum err	 e;

	assert(c->depth < TREE_LEVELS);
	if ((e = node_get(cx, c->trees, tx, id, &n)) != OK)
		return e;
	if (c->stack[c->depth] == NULL &&
	    (c->stack[c->depth] = malloc(sizeof **c->stack)) == NULL)
		abort();
	it = c->stack[c->depth];
	node_begin(it, n);
	if (it->bad || (c->depth > 0 && it->level + 1 != tree_top(c)->level)) {
		e = tree_damaged(cx, n);
		node_release(n);
		return e;
	}
	c->depth++;
	return OK;
}

static void
tree_pop(struct tree_cursor *c)
{
	node_release(tree_top(c)->node);
	c->depth--;
}

void
tree_close(struct tree_cursor *c)
{
	size_t	i;

	while (c->depth > 0)
		tree_pop(c);
	for (i = 0; i < TREE_LEVELS; i++)
		free(c->stack[i]);
	memset(c->stack, 0, sizeof c->stack);
}

enum err
tree_advance(struct cx *cx, struct tree_cursor *c)
{
	while (c->depth > 0 && !node_step(tree_top(c))) {
		if (tree_top(c)->bad)
			return tree_damaged(cx, tree_top(c)->node);
		tree_pop(c);
	}
	return OK;
}

enum err
tree_enter(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    const struct oid *id, struct str from)
{
	enum err	e;

	if ((e = tree_push(cx, tx, c, id)) != OK)
		return e;
	if (node_seek(tree_top(c), tree_top(c)->node, from))
		return OK;
	if (tree_top(c)->bad)
		return tree_damaged(cx, tree_top(c)->node);
	while (c->depth > 0)		/* beyond the last key */
		tree_pop(c);
	return OK;
}

enum err
tree_seek(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    struct str from)
{
	struct oid	id = c->root;
	enum err	e;

	while (c->depth > 0)
		tree_pop(c);
	c->fresh = false;
	while (!oid_is_zero(&id)) {
		if ((e = tree_enter(cx, tx, c, &id, from)) != OK)
			return e;
		if (c->depth == 0 || tree_top(c)->level == 0)
			break;
		id = tree_top(c)->child;
	}
	c->fresh = c->depth > 0;
	return OK;
}

enum err
tree_open(struct cx *cx, struct trees *ts, struct kv_tx *tx,
    const struct oid *root, struct str from, struct tree_cursor *c)
{
	memset(c, 0, sizeof *c);
	c->trees = ts;
	c->root = *root;
	return tree_seek(cx, tx, c, from);
}

enum err
tree_descend(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c)
{
	enum err	e;

	assert(tree_top(c)->level > 0);
	if ((e = tree_push(cx, tx, c, &tree_top(c)->child)) != OK)
		return e;
	return node_step(tree_top(c)) ? OK :
	    tree_damaged(cx, tree_top(c)->node);
}

enum err
tree_next(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    struct str *key, struct str *value, bool *there)
{
	enum err	e;

	if (!c->fresh && (e = tree_advance(cx, c)) != OK)
		return e;
	c->fresh = false;
	while (c->depth > 0 && tree_top(c)->level > 0)
		if ((e = tree_descend(cx, tx, c)) != OK)
			return e;
	*there = c->depth > 0;
	if (*there) {
		*key = node_key(tree_top(c));
		*value = tree_top(c)->value;
	}
	return OK;
}
