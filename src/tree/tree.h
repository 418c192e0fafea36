/*
 * Trees of nodes: lookup, cursors, comparing two, and laying edits over one.
 *
 * A tree is named by its root's id; the zero id is the empty tree.  Where a
 * function takes tx, NULL is allowed: each node is then read in a snapshot of
 * its own.  That is safe because nodes are immutable.  Every call that reads
 * gives E_CORRUPT when a node is missing or makes no sense.
 */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include "base/limit.h"
#include "tree/node_cache.h"

/* The value of a key, copied to the memory of cx; or *there is false. */
enum err	tree_find(struct cx *cx, struct trees *ts, struct kv_tx *tx,
		    const struct oid *root, struct str key,
		    struct str *value, bool *there);
/* How many entries a tree has, as its root says. */
enum err	tree_count(struct cx *cx, struct trees *ts,
		    struct kv_tx *tx, const struct oid *root, uint64_t *n);

struct tree_cursor {
	struct trees	*trees;
	struct oid	 root;
	struct node_it	*stack[TREE_LEVELS];	/* top is stack[depth - 1] */
	size_t		 depth;
	bool		 fresh;	/* the item at hand is not given out */
};

/* A cursor before the first key >= from.  Close it on every path, that of an
 * error too. */
enum err	tree_open(struct cx *cx, struct trees *ts,
		    struct kv_tx *tx, const struct oid *root,
		    struct str from, struct tree_cursor *c);
/* Move an open cursor before the first key >= from, forwards or backwards. */
enum err	tree_seek(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c, struct str from);
/* The next entry, in key order; key and value are valid until the next call on
 * the cursor.  *there is false after the last one. */
enum err	tree_next(struct cx *cx, struct kv_tx *tx,
		    struct tree_cursor *c, struct str *key,
		    struct str *value, bool *there);
/* Gives back what the cursor holds; harmless twice. */
void		tree_close(struct tree_cursor *c);

/*
 * What differs between two trees, in key order, without looking below equal
 * nodes.  a or b with p NULL: the key is not on that side.
 */
struct tree_diff {
	struct str		 to;	/* not beyond; p NULL: to the end */
	/*
	 * Asked, when it is set, before nodes are read that differ: do changes
	 * of keys above one and up to another not matter?  Then *to is the
	 * first key that may matter again, in cx->mem or longer.
	 */
	bool			(*dull)(struct cx *cx, void *arg,
				    struct str above, struct str upto,
				    struct str *to);
	void			*arg;
	struct kv_tx		*tx;
	struct tree_cursor	 a, b;
	bool			 step_a, step_b;
	char			 last[LIMIT_PATH]; /* both are beyond it */
	size_t			 nlast;
};
struct tree_change {
	struct str	key, a, b;
};
/*
 * Compare a with b from the first key >= from.  Close it on every path, that of
 * an error too.  Keys from d->to on do not come, and nodes that have no others
 * are not looked at; the caller sets it, to a key beyond those that came, at
 * any time after this.
 */
enum err	tree_diff_open(struct cx *cx, struct trees *ts,
		    struct kv_tx *tx, const struct oid *a,
		    const struct oid *b, struct str from,
		    struct tree_diff *d);
/* The next key whose values differ; slices are valid until the next call. */
enum err	tree_diff_next(struct cx *cx, struct tree_diff *d,
		    struct tree_change *out, bool *there);
/* Gives back what the comparison holds; harmless twice. */
void		tree_diff_close(struct tree_diff *d);
/* Whether two trees have the same entries, by entry_same. */
enum err	tree_entries_same(struct cx *cx, struct trees *ts,
		    const struct oid *a, const struct oid *b, bool *same);

/* What a key is to have: a value, or nothing. */
struct tree_edit {
	struct str	key, value;
	bool		gone;
};
/* Edits in key order, each key once; slices are valid until the next call. */
struct tree_edits {
	enum err	(*next)(struct cx *cx, void *self,
			    struct tree_edit *out, bool *there);
	void		*self;
};
/*
 * The tree that a tree becomes by these edits.  It is the one tree of its
 * content, whatever way it came about.  [I10]  Its new nodes are in the kv,
 * stamped with the present epoch, when it returns; no name is given to it.
 * E_CORRUPT also where edits are out of order, or larger than a node takes.
 */
enum err	tree_apply(struct cx *cx, struct trees *ts,
		    const struct oid *root, const struct tree_edits *edits,
		    struct oid *out);

#endif
