/* Staging areas: rows of a branch, its view, and everything laid over it. */
#ifndef ENGINE_AREA_H
#define ENGINE_AREA_H

#include "engine/refs.h"
#include "tree/tree.h"

enum { SEALED_HELP = 8, SEALED_MAX = 16, OPS_PATHS = 1000 };

/* The entry's bytes in a view, copied; there is false for a tombstone. */
enum err	view_find(struct cx *cx, struct engine *eng,
		    struct kv_tx *tx, const struct view *v, struct str path,
		    struct str *bytes, bool *there);
/* The same, parsed; E_NO_SUCH_OBJECT. */
enum err	view_get(struct cx *cx, struct engine *eng, struct kv_tx *tx,
		    const struct view *v, struct str path,
		    struct entry *out);

/* The record of an entry, whole.  E_METADATA_TOO_LARGE. */
enum err	entry_bytes(struct cx *cx, const struct entry *en,
		    struct str *out);
/*
 * Stage an entry (bytes), or with bytes.p NULL its absence.  Only into the
 * open area.  [I3]  Seals the area when it is full; the caller then writes
 * the branch record (*sealed), and after the tx calls todo_add.
 */
enum err	area_put(struct cx *cx, struct engine *eng, struct kv_tx *tx,
		    struct branch *br, struct str path, struct str bytes,
		    bool *sealed);
/* E_BUSY when too many areas wait to be folded. */
enum err	area_check_backlog(struct cx *cx, const struct branch *br);
enum err	area_is_empty(struct cx *cx, struct kv_tx *tx,
		    const struct branch *br, uint64_t area, bool *empty);

/* Rows of areas low … high, newest wins, and the tree under them. */
struct merged {
	struct kv_tx		*tx;
	struct tree_cursor	 tree;
	bool			 with_tree;
	struct uid		 uid;
	uint64_t		 low;
	size_t			 n;		/* areas */
	bool			 given;		/* last is to be stepped over */
	unsigned char		 last[LIMIT_PATH];
	size_t			 nlast;
	struct layer {
		struct kv_cursor	*cur;	/* NULL: the tree */
		struct str		 key, value;
		bool			 there;
	} layer[SEALED_MAX + 4];	/* newest first, then the tree */
};

enum err	merged_open(struct cx *cx, struct engine *eng,
		    struct kv_tx *tx, const struct uid *uid, uint64_t low,
		    uint64_t high, const struct oid *tree, struct str from,
		    struct merged *m);
/*
 * The next path.  value.p NULL is a tombstone.  Slices are valid until the
 * next call.
 */
enum err	merged_next(struct cx *cx, struct merged *m,
		    struct str *path, struct str *value, bool *there);
enum err	merged_seek(struct cx *cx, struct merged *m,
		    struct str from);
void		merged_close(struct merged *m);

#endif
