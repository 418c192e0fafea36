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

/* The first record of a new lake. */
enum err	gc_state_init(struct cx *cx, struct kv *kv);
/* E_CORRUPT where there is no record: this is no lake. */
enum err	gc_state_find(struct cx *cx, struct kv_tx *tx,
		    struct gc_state *out);
/* In the transactions of a gc alone. */
enum err	gc_state_put(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs);
/* The same as gc_state_find, in a snapshot of its own. */
enum err	gc_state_read(struct cx *cx, struct kv *kv,
		    struct gc_state *out);

#endif
