/* Trees as they are kept: nodes in a kv, and those read lately in memory. */
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

/* Of at most so many bytes of nodes, for all threads of the process. */
struct node_cache *node_cache_open(size_t bytes);
/* Nodes that are still in use outlive it. */
void		 node_cache_close(struct node_cache *c);

/*
 * The node, from the cache or kv; tx NULL: in a snapshot of its own.
 * E_CORRUPT when it is missing or its hash is wrong.
 */
enum err	node_get(struct cx *cx, struct trees *ts, struct kv_tx *tx,
		    const struct oid *id, struct node **out);

#endif
