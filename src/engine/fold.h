/* Folding sealed areas into the working tree. */
#ifndef ENGINE_FOLD_H
#define ENGINE_FOLD_H

#include "engine/engine_inside.h"

/*
 * One slice of what is sealed, as far as a cut allows: whole areas, the oldest
 * first, one or as many as have opt.fold_rows rows together.  It lasts when
 * this returns, whatever becomes of the process: the next slice begins behind
 * it.  *did: the working tree advanced; false when there was nothing to do or
 * another was faster.  E_BUSY when it was overtaken again and again.
 */
enum err	fold_branch(struct cx *cx, struct engine *eng,
		    const struct branch_id *id, bool *did);
/*
 * Slice by slice, until all areas before this one, which are sealed, are in the
 * working tree, by whoever's folds; or the branch is there no more.  E_CORRUPT
 * when a cut is in the way that no fold can reach.  [I5]
 */
enum err	fold_to(struct cx *cx, struct engine *eng,
		    const struct branch_id *id, uint64_t area);
/* Drop rows of areas below low, at most `rows` of them, and the counts of some
 * areas; *more: there are others.  A slice of maintenance. */
enum err	fold_drop(struct cx *cx, struct engine *eng,
		    const struct uid *uid, uint64_t low, size_t rows,
		    bool *more);
/* One slice of a branch on which SEALED_HELP areas wait or more.  A branch that
 * is not there is left alone. */
enum err	fold_help(struct cx *cx, struct engine *eng, struct str repo,
		    struct str branch);

#endif
