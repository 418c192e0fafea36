/* What differs between two trees. */
#include "tree/tree.h"

#include <string.h>

#include "base/cx.h"
#include "lake/entry.h"
#include "tree/tree_inside.h"

enum err
tree_diff_open(struct cx *cx, struct trees *ts, struct kv_tx *tx,
    const struct oid *a, const struct oid *b, struct str from,
    struct tree_diff *d)
{
	static const struct oid	none;
	enum err		e;

	memset(d, 0, sizeof *d);
	d->tx = tx;
	if (oid_is(a, b))
		a = b = &none;
	e = tree_open(cx, ts, tx, a, from, &d->a);
	if (e == OK)
		e = tree_open(cx, ts, tx, b, from, &d->b);
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
tree_diff_align(struct cx *cx, struct kv_tx *tx, struct tree_cursor *a,
    struct tree_cursor *b)
{
	unsigned	la, lb;
	enum err	e = OK;

	while (e == OK) {
		la = a->depth > 0 ? tree_top(a)->level : 0;
		lb = b->depth > 0 ? tree_top(b)->level : 0;
		if (la == 0 && lb == 0)
			break;
		if (la == lb &&
		    oid_is(&tree_top(a)->child, &tree_top(b)->child)) {
			if ((e = tree_advance(cx, a)) == OK)
				e = tree_advance(cx, b);
			continue;
		}
		if (la >= lb)
			e = tree_descend(cx, tx, a);
		if (e == OK && lb >= la)
			e = tree_descend(cx, tx, b);
	}
	return e;
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

enum err
tree_diff_next(struct cx *cx, struct tree_diff *d, struct tree_change *out,
    bool *there)
{
	enum err	e;
	int		o;

	for (;;) {
		if (d->step_a && (e = tree_advance(cx, &d->a)) != OK)
			return e;
		if (d->step_b && (e = tree_advance(cx, &d->b)) != OK)
			return e;
		d->step_a = d->step_b = false;
		if ((e = tree_diff_align(cx, d->tx, &d->a, &d->b)) != OK)
			return e;
		*there = d->a.depth > 0 || d->b.depth > 0;
		if (!*there)
			return OK;
		o = tree_diff_order(&d->a, &d->b);
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
		if (o != 0 || !str_is(out->a, out->b))
			return OK;
	}
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
