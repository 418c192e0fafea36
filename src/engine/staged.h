/* What a branch shows that a commit does not, path by path. */
#ifndef ENGINE_STAGED_H
#define ENGINE_STAGED_H

#include "engine/merged.h"

struct staged {
	struct engine		*eng;
	struct kv_tx		*tx;
	struct arena		*mem;		/* of what was given last */
	struct oid		 tree, working;	/* the commit's, the branch's */
	struct merged		 rows;
	struct tree_diff	 diff;		/* commit to working tree */
	struct str		 path, value;	/* the row at hand */
	struct tree_change	 ch;		/* the difference at hand */
	bool			 row, differs;	/* they are there */
	bool			 used_row, used_diff;
};

/* In one snapshot, from the first path >= from.  Close it on every path. */
enum err	staged_open(struct cx *cx, struct engine *eng,
		    struct kv_tx *tx, const struct branch *br,
		    const struct oid *tree, struct str from,
		    struct staged *s);
/* In the order of paths; a and b of the same bytes may come.  Slices are valid
 * until the next call. */
enum err	staged_next(struct cx *cx, struct staged *s,
		    struct tree_change *out, bool *there);
/* Go on from the first path >= from, which is ahead. */
enum err	staged_seek(struct cx *cx, struct staged *s,
		    struct str from);
/* Gives back what it holds. */
void		staged_close(struct staged *s);

#endif
