/* What the files of trees share. */
#ifndef TREE_TREE_INSIDE_H
#define TREE_TREE_INSIDE_H

#include "tree/tree.h"

/* E_CORRUPT, with the node's id. */
enum err	tree_damaged(struct cx *cx, const struct node *n);
/* The item at hand; the cursor is not at its end. */
struct node_it	*tree_top(const struct tree_cursor *c);
/* The next item at this level or above; nodes that end are left. */
enum err	tree_advance(struct cx *cx, struct tree_cursor *c);
/* To the first item of the node below the one at hand. */
enum err	tree_descend(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c);

#endif
