/*
 * Claiming a thing: the one way to give it a name.  [I9]  Every transaction
 * that makes a commit, tree, manifest or block reachable by a new way reads the
 * gc record, checks the epoch in which the thing was made, and claims it here:
 * while a mark phase runs the claim records a grey note, so that the marker
 * visits what was named behind its back.
 */
#ifndef TREE_CLAIM_H
#define TREE_CLAIM_H

#include "lake/entry.h"
#include "tree/gc_state.h"

enum grey { GREY_NODE = 'N', GREY_COMMIT = 'C', GREY_MANIFEST = 'M',
	GREY_BLOCK = 'B' };

/* E_CONDEMNED when gc may have condemned what was made in that epoch: the
 * request makes it anew. */
enum err	claim_check_epoch(struct cx *cx, const struct gc_state *gs,
		    uint64_t epoch);
/*
 * A job over several transactions that began in this epoch met error e.  When
 * gc has condemned since, a missing node is its work, not damage:
 * E_CONDEMNED, and the job starts over.  Else e as it was.
 */
enum err	claim_overtaken(struct cx *cx, struct kv *kv, uint64_t epoch,
		    enum err e);
/* Claim the tree under a root; the zero root needs no claim. */
enum err	claim_tree(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct oid *root);
/* Claim a commit, and so all that it names. */
enum err	claim_commit(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    const struct oid *id);
/* Claim the blocks or the manifest of an entry.  A block that is made now needs
 * no note: only what is older than the present epoch is ever condemned. */
enum err	claim_entry(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct entry *en);

#endif
