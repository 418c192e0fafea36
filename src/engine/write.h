/* The shape of every write to what a branch has staged. */
#ifndef ENGINE_WRITE_H
#define ENGINE_WRITE_H

#include "engine/engine_inside.h"
#include "tree/gc_state.h"

/*
 * What such a write works with.  Each operation has a struct of its own with
 * this one in it: what it asks, and what its transaction sets.
 */
struct write {
	struct engine	*eng;
	struct str	 repo, branch;
	bool		 force;
	/* set anew by each run of the transaction [K3] */
	struct repo	 r;
	struct branch	 br;
	struct gc_state	 gs;
	bool		 sealed;		/* an area: the branch record
						 * is to be written */
};

/*
 * In a snapshot before it: what branch_open refuses.  Then, for each path, the
 * nodes that the transaction looks at are read.  They are cached by content, so
 * what was read stays true whatever happens between, and the writer lock is
 * not held for it.
 */
enum err	write_look(struct cx *cx, struct kv_tx *tx, struct write *w);
enum err	write_look_path(struct cx *cx, struct kv_tx *tx,
		    const struct write *w, struct str path);
/* First in the transaction: what branch_open refuses, and E_BUSY. */
enum err	write_open(struct cx *cx, struct kv_tx *tx, struct write *w);
/* The condition, judged on the whole view in this tx: as cond_check. */
enum err	write_cond(struct cx *cx, struct kv_tx *tx,
		    const struct write *w, struct str path,
		    const struct cond *cond);
/* Stages an entry.  E_METADATA_TOO_LARGE. */
enum err	write_row(struct cx *cx, struct kv_tx *tx, struct write *w,
		    struct str path, const struct entry *en);
/* Stages that a path is not there; *marker as in object_delete. */
enum err	write_delete(struct cx *cx, struct kv_tx *tx,
		    struct write *w, struct str path, bool *marker);
/* Last in the transaction. */
enum err	write_close(struct cx *cx, struct kv_tx *tx,
		    struct write *w);
/*
 * Runs a write whose fn gets arg, which has w in it.  Then folds where much
 * waits, and leaves what was sealed to engine_maintain.
 */
enum err	write_run(struct cx *cx, struct write *w, kv_fn *fn,
		    void *arg);

#endif
