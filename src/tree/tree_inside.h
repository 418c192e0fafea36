/* What the files of trees share. */
#ifndef TREE_TREE_INSIDE_H
#define TREE_TREE_INSIDE_H

#include "tree/tree.h"

/* E_CORRUPT: the node, which the caller keeps, cannot be read. */
enum err	tree_damaged(struct cx *cx, const struct node *n);
/* The iterator that has the item at hand; the cursor is not at its end. */
struct node_it	*tree_top(const struct tree_cursor *c);
/* Step to the next item at this level or, where nodes end, above; after the
 * last one depth is 0. */
enum err	tree_advance(struct cx *cx, struct tree_cursor *c);
/* Put a node on top, at its first item >= from; where it has none the cursor is
 * at its end. */
enum err	tree_enter(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c, const struct oid *id,
		    struct str from);
/* Step to the first item of the child at hand, which is no leaf's. */
enum err	tree_descend(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c);

#endif
