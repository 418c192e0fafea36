/* The gc record: which epoch it is, and what was condemned. */
#ifndef TREE_GC_STATE_H
#define TREE_GC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cx;
struct kv;
struct kv_tx;

struct gc_state {
	uint64_t	epoch;		/* that new blocks and stamps carry */
	uint64_t	floor;		/* unmarked and older: condemned */
	bool		marking;	/* a marker is at work */
};

/* Writes the record of a new lake, in a transaction of its own. */
enum err	gc_state_init(struct cx *cx, struct kv *kv);
/* The record, as tx has it.  E_CORRUPT where there is none: this is no lake. */
enum err	gc_state_find(struct cx *cx, struct kv_tx *tx,
		    struct gc_state *out);
/* Replaces the record.  Only gc calls it. */
enum err	gc_state_put(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs);
/* gc_state_find in a snapshot of its own.  Not inside a transaction. */
enum err	gc_state_read(struct cx *cx, struct kv *kv,
		    struct gc_state *out);

#endif
