/*
 * One immutable node: a run of sorted keys, and its byte form.  [I10]
 *
 *	level (1 byte), entries below it (8 bytes, big-endian), items, trailer
 *	item	 varint bytes shared with the key before, varint others, they,
 *		 then in a leaf varint length and value,
 *		 else child id (32 bytes) and varint entries below it
 *	trailer	 offsets of every 16th item (4 bytes each), how many (4 bytes)
 *
 * An item of an inner node has its child's last key.
 *
 * Building asserts level, order of keys, sizes, and that a node ends where it
 * must.  Bytes that are read may be anything: the reader stays inside them and
 * sets bad where they make no sense, and node_may_follow says whether an item
 * that was read may be built with.
 */
#ifndef TREE_NODE_H
#define TREE_NODE_H

#include <stdatomic.h>

#include "base/limit.h"
#include "lake/ids.h"

struct arena;

enum {
	NODE_TARGET = 8192,
	NODE_HARD = 3 * NODE_TARGET,
	NODE_RESTART = 16,
	NODE_HEADER = 9,
	NODE_VALUE_MAX = 60 * 1024,	/* for all time, LIMIT_ENTRY for now */
	NODE_ROOM = 128 * 1024,
	TREE_LEVELS = 12
};

_Static_assert((int)LIMIT_ENTRY <= NODE_VALUE_MAX, "an entry is a value");
_Static_assert(2 * (NODE_VALUE_MAX + (int)LIMIT_PATH + 64) <= NODE_ROOM &&
    2 * NODE_HARD + NODE_VALUE_MAX + (int)LIMIT_PATH <= NODE_ROOM,
    "a node has two items of any size, or less than NODE_HARD and one more");

struct node {				/* shared, never changed */
	atomic_int	refs;		/* who holds it */
	struct oid	id;
	size_t		n;
	unsigned char	b[];
};

struct node_it {
	struct node	*node;		/* not counted: the caller holds it */
	size_t		 off, end;	/* next item; end of items */
	uint32_t	 index;		/* of the next item */
	unsigned	 level;
	bool		 bad;		/* the bytes make no sense */
	size_t		 nkey;
	unsigned char	 key[LIMIT_PATH];
	struct str	 value;		/* of a leaf */
	struct oid	 child;		/* of an inner node */
	uint64_t	 below;
};

/* Give back a reference; the last one frees it.  NULL is harmless. */
void		node_release(struct node *n);
/* 0: a leaf.  As the bytes say: node_begin checks it. */
unsigned	node_level(const struct node *n);
/* How many entries are below it, as the bytes say; of a leaf, its own. */
uint64_t	node_entries(const struct node *n);
/* A node of these bytes, copied and not checked, at least NODE_HEADER + 4: its
 * id is their hash.  The caller holds the one reference. */
struct node	*node_wrap(const void *p, size_t n);

/* Before the first item; bad at once when the ends of n make no sense.  Then
 * node_step until false, and look at bad. */
void		node_begin(struct node_it *it, struct node *n);
/* The next item; false at the end, or at one that cannot be read (bad). */
bool		node_step(struct node_it *it);
/* Step to the first item whose key is >= key; false: there is none (or bad). */
bool		node_seek(struct node_it *it, struct node *n, struct str key);
/* The key of the item at hand, valid until the next step. */
struct str	node_key(const struct node_it *it);

/*
 * Whether the item at hand may be built with, after this key: its key is
 * greater, and its value or its count is one that a node may have.
 */
bool		node_may_follow(const struct node_it *it, struct str after);

/* Building: one node at a time, bytes in the builder.  Begins zeroed. */
struct node_builder {
	struct arena	*mem;
	unsigned char	*p;
	size_t		 n;
	uint32_t	 count;
	unsigned	 level;
	uint64_t	 below;
	uint32_t	*restarts;
	size_t		 n_restarts, room_restarts;
	size_t		 nkey;
	unsigned char	 key[LIMIT_PATH];	/* the last one */
	bool		 ended;			/* no item fits any more */
};

/* Begin a node of a level below TREE_LEVELS; mem outlives the builder. */
void		node_build(struct node_builder *b, struct arena *mem,
		    unsigned level);
/*
 * Add an item to a leaf; true: the node ends after it, and node_finish comes
 * next.  The key is greater than the one before and at most LIMIT_PATH, the
 * value at most NODE_VALUE_MAX.
 */
bool		node_add_value(struct node_builder *b, struct str key,
		    struct str value);
/* The same above leaves: a child, its last key, and how many entries, which are
 * some, it has. */
bool		node_add_child(struct node_builder *b, struct str key,
		    const struct oid *child, uint64_t below);
/* The bytes of a node of at least one item, valid until the builder begins anew
 * with node_build. */
struct str	node_finish(struct node_builder *b);

/* Whether a node that grew from s0 to s1 bytes by this key ends there. */
bool		node_cut(struct str key, unsigned level, size_t s0, size_t s1);

#endif
