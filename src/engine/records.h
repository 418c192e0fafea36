/* Repositories, branches, tags and commits as they are kept. */
#ifndef ENGINE_RECORDS_H
#define ENGINE_RECORDS_H

#include "lake/record.h"
#include "tree/gc_state.h"

struct kv;

/* E_NO_SUCH_REPO, or E_BAD_NAME for what cannot be one. */
enum err	repo_find(struct cx *cx, struct kv_tx *tx, struct str name,
		    struct repo *out);
/* E_TOO_LARGE: its metadata and settings are over 1 MiB. */
enum err	repo_put(struct cx *cx, struct kv_tx *tx, const struct repo *r);
/* E_READ_ONLY_REPO, but with force. */
enum err	repo_writable(struct cx *cx, const struct repo *r, bool force);

enum err	branch_find(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name,
		    struct branch *out, bool *there);
enum err	branch_put(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, const struct branch *br);
enum err	tag_find(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name,
		    struct oid *commit, bool *there);

/* A commit; one that gc has condemned is not there.  [I19] */
enum err	commit_find(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    const struct oid *id, struct commit *out, bool *there);
/* The same of a commit that must be there: E_NO_SUCH_REF. */
enum err	commit_need(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, const struct oid *id,
		    struct commit *out);
/* The same in a snapshot of its own. */
enum err	commit_load(struct cx *cx, struct kv *kv,
		    const struct uid *ruid, const struct oid *id,
		    struct commit *out);
/* Formats, names (c->id), writes and claims a commit.  E_TOO_LARGE. */
enum err	commit_put(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    struct commit *c);

#endif
