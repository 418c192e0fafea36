/* Staged rows of several areas, laid over each other and over a tree. */
#ifndef ENGINE_MERGED_H
#define ENGINE_MERGED_H

#include "engine/area.h"
#include "engine/engine_inside.h"

struct merged_range {		/* what is laid over what */
	struct uid		 uid;		/* of the branch */
	uint64_t		 low, high;	/* areas; high < low: none */
	const struct oid	*tree;		/* under them, or NULL */
};

struct merged {
	struct kv_tx		*tx;
	struct tree_cursor	 tree;
	bool			 with_tree;
	struct uid		 uid;
	uint64_t		 low;
	size_t			 n;		/* areas */
	bool			 returned;	/* last is to be stepped over */
	unsigned char		 last[LIMIT_PATH];
	size_t			 nlast;
	struct merged_layer {
		struct kv_cursor	*cur;	/* NULL: the tree */
		struct str		 key, value;
		bool			 there;
	} layer[SEALED_MAX + 4];	/* newest first, then the tree */
};

/*
 * Paths from the first >= from, each once, as its newest row has it.  In one
 * transaction; close it on every path, also when this fails.
 */
enum err	merged_open(struct cx *cx, struct engine *eng,
		    struct kv_tx *tx, const struct merged_range *in,
		    struct str from, struct merged *m);
/*
 * The next path.  value.p NULL is a tombstone.  Slices are valid until the
 * next call.
 */
enum err	merged_next(struct cx *cx, struct merged *m,
		    struct str *path, struct str *value, bool *there);
/* Go on from the first path >= from, which is ahead. */
enum err	merged_seek(struct cx *cx, struct merged *m,
		    struct str from);
/* Gives back what it holds; harmless twice. */
void		merged_close(struct merged *m);

#endif
