/* Where nodes are kept: in a kv, and those read lately in memory, too. */
#ifndef TREE_NODE_CACHE_H
#define TREE_NODE_CACHE_H

#include "base/err.h"
#include "tree/node.h"

struct cx;
struct kv;
struct kv_tx;
struct node_cache;

struct trees {			/* what every call on trees works with */
	struct kv		*kv;
	struct node_cache	*cache;
};

/* An empty cache of at most so many bytes of nodes, for all threads of the
 * process: what was not used for longest is dropped first. */
struct node_cache *node_cache_open(size_t bytes);
/* Frees it, once no thread calls it any more; nodes still held outlive it. */
void		 node_cache_close(struct node_cache *c);

/*
 * The node, from the cache or from the kv: there in tx, or when tx is NULL in a
 * snapshot of its own.  The caller gives it back with node_release.  E_CORRUPT
 * when it is missing or its hash is wrong.  From the cache it comes even when
 * gc has deleted it since: whether it is there, its stamp says alone.
 */
enum err	node_get(struct cx *cx, struct trees *ts, struct kv_tx *tx,
		    const struct oid *id, struct node **out);
/* Is the node among those read lately?  That says nothing of the store. */
bool		 node_is_cached(struct trees *ts, const struct oid *id);

#endif
