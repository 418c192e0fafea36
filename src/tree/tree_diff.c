/* What differs between two trees. */
#include "tree/tree.h"

#include <string.h>

#include "base/cx.h"
#include "lake/entry.h"
#include "tree/tree_inside.h"

/* The level of the item at hand, 0 at the end as well. */
static unsigned
tree_diff_level(const struct tree_cursor *c)
{
	return c->depth > 0 ? tree_top(c)->level : 0;
}

/* Are both at the same child?  Then nothing differs below it. */
static bool
tree_diff_meets(const struct tree_cursor *a, const struct tree_cursor *b)
{
	return tree_diff_level(a) > 0 &&
	    tree_diff_level(a) == tree_diff_level(b) &&
	    oid_is(&tree_top(a)->child, &tree_top(b)->child);
}

/* The child at hand, from the first item >= from. */
static enum err
tree_diff_enter(struct cx *cx, struct kv_tx *tx, struct tree_cursor *c,
    struct str from)
{
	const struct oid	id = tree_top(c)->child;

	return tree_enter(cx, tx, c, &id, from);
}

/* Every key that is to come is beyond this one. */
static void
tree_diff_leave(struct tree_diff *d, struct str key)
{
	if (d->dull == NULL || key.n > sizeof d->last)
		return;
	memcpy(d->last, key.p, key.n);
	d->nlast = key.n;
}

/* Both sides down to the first keys >= from, or to where they meet. */
static enum err
tree_diff_seek(struct cx *cx, struct tree_diff *d, struct str from)
{
	unsigned	la, lb;
	enum err	e = OK;

	if (!oid_is_zero(&d->a.root))
		e = tree_enter(cx, d->tx, &d->a, &d->a.root, from);
	if (e == OK && !oid_is_zero(&d->b.root))
		e = tree_enter(cx, d->tx, &d->b, &d->b.root, from);
	while (e == OK && !tree_diff_meets(&d->a, &d->b)) {
		la = tree_diff_level(&d->a);
		lb = tree_diff_level(&d->b);
		if (la == 0 && lb == 0)
			break;
		if (la >= lb)
			e = tree_diff_enter(cx, d->tx, &d->a, from);
		if (e == OK && lb >= la)
			e = tree_diff_enter(cx, d->tx, &d->b, from);
	}
	return e;
}

enum err
tree_diff_open(struct cx *cx, struct trees *ts, struct kv_tx *tx,
    const struct oid *a, const struct oid *b, struct str from,
    struct tree_diff *d)
{
	memset(d, 0, sizeof *d);
	d->tx = tx;
	d->a.trees = d->b.trees = ts;
	if (oid_is(a, b))
		return OK;
	d->a.root = *a;
	d->b.root = *b;
	return tree_diff_seek(cx, d, from);
}

void
tree_diff_close(struct tree_diff *d)
{
	tree_close(&d->a);
	tree_close(&d->b);
}

/* One side goes on; when all that follows is beyond `to`, it is at its end. */
static enum err
tree_diff_step(struct cx *cx, struct tree_diff *d, struct tree_cursor *c)
{
	if (c->depth > 0)
		tree_diff_leave(d, node_key(tree_top(c)));
	if (d->to.p == NULL || c->depth == 0 ||
	    str_cmp(node_key(tree_top(c)), d->to) < 0)
		return tree_advance(cx, c);
	tree_close(c);
	return OK;
}

static int
tree_diff_order(const struct tree_cursor *a, const struct tree_cursor *b)
{
	if (a->depth == 0)
		return 1;
	if (b->depth == 0)
		return -1;
	return str_cmp(node_key(tree_top(a)), node_key(tree_top(b)));
}

/* Both differ as far as the nearer of the keys at hand: does that matter? */
static enum err
tree_diff_pass(struct cx *cx, struct tree_diff *d, bool *passed)
{
	struct str	above = { d->last, d->nlast }, upto, to;

	*passed = false;
	if (d->dull == NULL || d->nlast == 0)
		return OK;
	upto = node_key(tree_top(tree_diff_order(&d->a, &d->b) <= 0 ?
	    &d->a : &d->b));
	if (!d->dull(cx, d->arg, above, upto, &to))
		return OK;
	*passed = true;
	tree_diff_leave(d, to);
	tree_diff_close(d);
	return tree_diff_seek(cx, d, to);
}

/*
 * Bring both sides to leaf items, or their ends, passing over equal subtrees.
 * Cuts depend on keys alone, so after a change both sides leave a node at the
 * same key again, and meet at an item of the same level with the same child.
 */
static enum err
tree_diff_align(struct cx *cx, struct tree_diff *d)
{
	unsigned	la, lb;
	enum err	e = OK;
	bool		passed;

	while (e == OK) {
		la = tree_diff_level(&d->a);
		lb = tree_diff_level(&d->b);
		if (la == 0 && lb == 0)
			break;
		if (tree_diff_meets(&d->a, &d->b)) {
			if ((e = tree_diff_step(cx, d, &d->a)) == OK)
				e = tree_diff_step(cx, d, &d->b);
			continue;
		}
		if ((e = tree_diff_pass(cx, d, &passed)) != OK || passed)
			continue;
		if (la >= lb)
			e = tree_descend(cx, d->tx, &d->a);
		if (e == OK && lb >= la)
			e = tree_descend(cx, d->tx, &d->b);
	}
	return e;
}

/* The item at hand of the side that is behind, or of both. */
static void
tree_diff_take(struct tree_diff *d, struct tree_change *out)
{
	int	o = tree_diff_order(&d->a, &d->b);

	d->step_a = o <= 0;
	d->step_b = o >= 0;
	*out = (struct tree_change){ .a = { NULL, 0 } };
	if (o <= 0) {
		out->key = node_key(tree_top(&d->a));
		out->a = tree_top(&d->a)->value;
	}
	if (o >= 0) {
		out->key = node_key(tree_top(&d->b));
		out->b = tree_top(&d->b)->value;
	}
}

enum err
tree_diff_next(struct cx *cx, struct tree_diff *d, struct tree_change *out,
    bool *there)
{
	enum err	e;

	do {
		if (d->step_a && (e = tree_diff_step(cx, d, &d->a)) != OK)
			return e;
		if (d->step_b && (e = tree_diff_step(cx, d, &d->b)) != OK)
			return e;
		d->step_a = d->step_b = false;
		if ((e = tree_diff_align(cx, d)) != OK)
			return e;
		*there = d->a.depth > 0 || d->b.depth > 0;
		if (!*there)
			return OK;
		tree_diff_take(d, out);
		*there = d->to.p == NULL || str_cmp(out->key, d->to) < 0;
	} while (*there && d->step_a && d->step_b && str_is(out->a, out->b));
	return OK;
}

enum err
tree_entries_same(struct cx *cx, struct trees *ts,
    const struct oid *a, const struct oid *b, bool *same)
{
	struct tree_change	ch;
	struct tree_diff	d;
	enum err		e;
	bool			there = true;

	*same = true;
	e = tree_diff_open(cx, ts, NULL, a, b, STR(""), &d);
	while (e == OK && *same &&
	    (e = tree_diff_next(cx, &d, &ch, &there)) == OK && there)
		e = entry_bytes_same(cx, ch.a, ch.b, same);
	tree_diff_close(&d);
	return e;
}
