/* What the steps of one garbage collection share; gc.c runs them in order. */
#ifndef UPKEEP_GC_INSIDE_H
#define UPKEEP_GC_INSIDE_H

#include "upkeep/bloom.h"
#include "upkeep/mark.h"
#include "upkeep/rows.h"

enum { GC_BATCH = 256 };		/* records in one transaction */

struct gc {
	struct engine		*eng;
	const struct gc_opts	*opt;
	struct gc_report	*r;
	uint64_t		 epoch;		/* g: of this cycle */
	bool			 overtaken;	/* by another collector */
	bool			 began;		/* the epoch is this one's */
	bool			 condemned;	/* marking has ended */
	bool			 unknown; /* what may be named: see upkeep.h */
	size_t			 cleared;	/* notes, in a transaction */
	struct mark		 m;		/* commits, nodes, manifests */
	struct bloom		 bloom;		/* blocks */
	int			 lease;	/* see lease.h */
	/* a batch of records, for one transaction of batch_fn */
	kv_fn			*batch_fn;
	struct arena		*batch_mem;	/* of the keys */
	struct str		 keys[GC_BATCH];
	size_t			 n;
};

/*
 * The gc record, and whether this is still the cycle that it is about: another
 * collector that began since has overtaken this one, which then ends without
 * another change.  (N_TWO)
 */
enum err	gc_cycle_check(struct cx *cx, struct kv_tx *tx, struct gc *gc,
		    struct gc_state *gs);
/* Report a phase to whoever runs gc, with what was removed so far. */
void		gc_cycle_tell(const struct gc *gc, const char *phase);
/*
 * Read all records of a kind.  pick, whose arg is gc, adds what is to change to
 * the batch; batch_fn, whose arg is gc, changes a batch in one transaction, and
 * looks again at each of its records.
 */
enum err	gc_cycle_pass(struct cx *cx, struct gc *gc, char letter,
		    bool keys_only, row_fn *pick, kv_fn *batch_fn);
/* Add a key, which is copied, to the batch; a full one is run first. */
enum err	gc_cycle_add(struct cx *cx, struct gc *gc, struct str key);
/* Run what the batch has; then it is empty. */
enum err	gc_cycle_flush(struct cx *cx, struct gc *gc);
/* The key of another kind with the same rest: C… and D…, in cx's memory. */
struct str	gc_cycle_twin(struct cx *cx, struct str key, char letter);

/*
 * Steps 2 to 4: mark all that has a name, and condemn the rest; or end without:
 * gc->overtaken, or gc->unknown.  E_BUSY when there are always new notes.
 */
enum err	gc_mark(struct cx *cx, struct gc *gc);
/* Step 3: doom the commits that were not marked, pardon those that were.  From
 * then on gc_doom_pardon keeps up with what is marked. */
enum err	gc_doom(struct cx *cx, struct gc *gc);
/* The commit of a mark (struct mark): it was marked late. */
enum err	gc_doom_pardon(struct cx *cx, struct mark *m,
		    const struct uid *ruid, const struct commit *c);
/* Step 5: what was condemned goes, or is dead from now on. */
enum err	gc_sweep(struct cx *cx, struct gc *gc);
/* Step 6: remove what was dead for long, and what dead writers left. */
enum err	gc_sweep_dead(struct cx *cx, struct gc *gc);

#endif
