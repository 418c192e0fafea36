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

/* A branch by its name; one that cannot be a name is not there. */
enum err	branch_find(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name,
		    struct branch *out, bool *there);
/* Writes br, all of it, under br->name. */
enum err	branch_put(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, const struct branch *br);
/* The commit of a tag, as branch_find. */
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

/* The bytes of an entry.  E_METADATA_TOO_LARGE over LIMIT_ENTRY. */
enum err	entry_bytes(struct cx *cx, const struct entry *en,
		    struct str *out);
/*
 * Fills the extents of an entry that has a manifest; E_CORRUPT when that is
 * missing.  The path is for the words.
 */
enum err	entry_find_extents(struct cx *cx, struct kv_tx *tx,
		    struct str path, struct entry *en);

#endif
