/*
 * Trees of nodes: lookup, cursors, comparing two, and laying edits over one.
 *
 * Where a function takes tx, NULL is allowed: each node is then read in a
 * snapshot of its own.  That is safe because nodes are immutable.
 */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include "tree/node_cache.h"

/* The value is copied. */
enum err	tree_find(struct cx *cx, struct trees *ts, struct kv_tx *tx,
		    const struct oid *root, struct str key,
		    struct str *value, bool *there);
/* How many entries it has. */
enum err	tree_count(struct cx *cx, struct trees *ts,
		    struct kv_tx *tx, const struct oid *root, uint64_t *n);

struct tree_cursor {
	struct trees	*trees;
	struct oid	 root;
	struct node_it	*stack[TREE_LEVELS];	/* top is stack[depth - 1] */
	size_t		 depth;
	bool		 fresh;	/* the item at hand is not given out */
};

/* Before the first key >= from.  Close it on every path. */
enum err	tree_open(struct cx *cx, struct trees *ts,
		    struct kv_tx *tx, const struct oid *root,
		    struct str from, struct tree_cursor *c);
/* Go on before the first key >= from, wherever the cursor is. */
enum err	tree_seek(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c, struct str from);
/* Key and value are valid until the next call on the cursor. */
enum err	tree_next(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c, struct str *key,
		    struct str *value, bool *there);
/* Gives back what it holds; harmless twice. */
void		tree_close(struct tree_cursor *c);

/*
 * What differs between two trees, in key order, without looking below equal
 * nodes.  a or b with p NULL: the key is not on that side.
 */
struct tree_diff {
	struct kv_tx		*tx;
	struct tree_cursor	 a, b;
	bool			 step_a, step_b;
};
struct tree_change {
	struct str	key, a, b;
};
/* From the first key >= from.  Close it on every path. */
enum err	tree_diff_open(struct cx *cx, struct trees *ts,
		    struct kv_tx *tx, const struct oid *a,
		    const struct oid *b, struct str from,
		    struct tree_diff *d);
/* Slices are valid until the next call. */
enum err	tree_diff_next(struct cx *cx, struct tree_diff *d,
		    struct tree_change *out, bool *there);
/* Gives back what it holds; harmless twice. */
void		tree_diff_close(struct tree_diff *d);
/* Whether two trees have the same entries, by entry_same. */
enum err	tree_entries_same(struct cx *cx, struct trees *ts,
		    const struct oid *a, const struct oid *b, bool *same);

/* Edits in key order, each key once; slices are valid until the next call. */
struct edit {
	struct str	key, value;
	bool		gone;
};
struct edits {
	enum err	(*next)(struct cx *cx, void *self, struct edit *out,
			    bool *there);
	void		*self;
};
/* New nodes are in the store, stamped, when it returns. */
enum err	tree_apply(struct cx *cx, struct trees *ts,
		    const struct oid *root, const struct edits *edits,
		    struct oid *out);

#endif
