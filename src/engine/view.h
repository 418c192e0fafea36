/* What a ref shows to a reader. */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include "engine/merged.h"

struct view {
	bool		staged;		/* a branch: areas over working */
	struct branch	br;
	struct oid	commit;		/* the branch's head, or that named */
	struct oid	tree;		/* working, or the commit's */
};

/* What a branch shows, in the transaction that read it. */
struct view	view_of_branch(const struct branch *br);
/* The same as rows over a tree; it points into v. */
struct merged_range view_range(const struct view *v);
/* The entry's bytes in a view, copied; there is false for a tombstone. */
enum err	view_find(struct cx *cx, struct engine *eng,
		    struct kv_tx *tx, const struct view *v, struct str path,
		    struct str *bytes, bool *there);
/* The same, parsed; E_NO_SUCH_OBJECT. */
enum err	view_get(struct cx *cx, struct engine *eng, struct kv_tx *tx,
		    const struct view *v, struct str path,
		    struct entry *out);

#endif
