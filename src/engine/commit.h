/* What commit and merge share. */
#ifndef ENGINE_COMMIT_H
#define ENGINE_COMMIT_H

#include "engine/fold.h"
#include "engine/refs.h"

/* E_TOO_LARGE: the message and metadata are over LIMIT_COMMIT. */
enum err	commit_check_text(struct cx *cx, const struct commit_opts *opt);

/* Date, committer, message and metadata, as they are asked for. */
void		commit_describe(struct cx *cx, const struct commit_opts *opt,
		    struct commit *c);
/*
 * Put a commit on top of a branch, in a tx: record, head, head log, end of any
 * cut.  c is described, has tree and parents, in c->generation the largest of
 * theirs and in c->order the latest; its id is known afterwards.  The caller
 * writes the branch record.  E_TOO_LARGE.
 */
enum err	commit_on(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    struct branch *br, struct commit *c, const char *what);

#endif
