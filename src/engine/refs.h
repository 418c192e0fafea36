/* Repositories, branches and refs, inside a transaction. */
#ifndef ENGINE_REFS_H
#define ENGINE_REFS_H

#include "engine/give.h"

/* E_NO_SUCH_REPO, or E_BAD_NAME for what cannot be one. */
enum err	repo_find(struct cx *cx, struct kv_tx *tx, struct str name,
		    struct repo *out);
enum err	repo_put(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r);
/* E_READ_ONLY_REPO */
enum err	repo_writable(struct cx *cx, const struct repo *r, bool force);

enum err	branch_find(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name,
		    struct branch *out, bool *there);
/* E_NO_SUCH_BRANCH, or E_READ_ONLY_REF where the name is another ref's. */
enum err	branch_need(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name,
		    struct branch *out);
enum err	branch_put(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, const struct branch *br);
/* Repository and branch for staging: also E_PROTECTED, E_READ_ONLY_REPO. */
enum err	branch_open(struct cx *cx, struct kv_tx *tx, struct str repo,
		    struct str branch, bool force, struct repo *r,
		    struct branch *br);
bool		branch_is_protected(const struct repo *r, struct str name);

/*
 * Move the head: head log row and end of any cut in the same tx.  [I7]  The
 * caller writes the branch record.  A zero commit: created or deleted.
 */
enum err	branch_move(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct branch *br,
		    const struct oid *old, const struct oid *new,
		    struct str who, const char *what);

/* What a ref shows to a reader. */
struct view {
	bool		staged;		/* a branch: areas over working */
	struct branch	br;
	struct oid	commit;		/* the branch's head, or that named */
	struct oid	tree;		/* working, or the commit's */
};
/* E_NO_SUCH_REF, E_BAD_REF */
enum err	ref_view(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r, struct str ref, struct view *out);
enum err	ref_find(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r, struct str ref,
		    struct commit *out);
/* A commit that must be there. */
enum err	commit_need(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, const struct oid *id,
		    struct commit *out);
/* Formats, names (c->id) and writes a commit with its notes. */
enum err	commit_put(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    struct commit *c);

#endif
