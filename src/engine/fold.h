/* Folding sealed areas into the working tree. */
#ifndef ENGINE_FOLD_H
#define ENGINE_FOLD_H

#include "engine/engine_inside.h"

/*
 * One fold of what is sealed, as far as a cut allows.  *did: the working tree
 * advanced; false when there was nothing to do or another was faster.  E_BUSY
 * when it was overtaken again and again.
 */
enum err	fold_branch(struct cx *cx, struct engine *eng,
		    const struct branch_id *id, bool *did);
/* Drop rows of areas below low, at most `rows` of them; *more: there are
 * others.  A slice of maintenance. */
enum err	fold_drop(struct cx *cx, struct engine *eng,
		    const struct uid *uid, uint64_t low, size_t rows,
		    bool *more);
/* One fold of a branch on which SEALED_HELP areas wait or more.  A branch that
 * is not there is left alone. */
enum err	fold_help(struct cx *cx, struct engine *eng, struct str repo,
		    struct str branch);

#endif
