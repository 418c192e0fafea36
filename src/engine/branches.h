/* Branches, inside a transaction. */
#ifndef ENGINE_BRANCHES_H
#define ENGINE_BRANCHES_H

#include "engine/refs.h"

/* E_NO_SUCH_BRANCH, or E_READ_ONLY_REF where the name is another ref's. */
enum err	branch_need(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name,
		    struct branch *out);
/* Repository and branch for staging: also E_PROTECTED, E_READ_ONLY_REPO. */
enum err	branch_open(struct cx *cx, struct kv_tx *tx, struct str repo,
		    struct str branch, bool force, struct repo *r,
		    struct branch *br);

/*
 * Move the head, by m's old, new, who and what: head log row and end of any
 * cut in the same tx.  [I7]  The caller writes the branch record.  A zero
 * commit: created or deleted.
 */
enum err	branch_move(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct branch *br,
		    const struct headmove *m);

#endif
