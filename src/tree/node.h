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
	NODE_ROOM = 128 * 1024,	/* two entries of LIMIT_ENTRY and more */
	TREE_LEVELS = 12
};

struct node {				/* shared by reference count */
	atomic_int	refs;
	struct oid	id;
	size_t		n;
	unsigned char	b[];
};

struct node_it {
	struct node	*node;
	size_t		 off, end;	/* next item; end of items */
	uint32_t	 index;		/* items given out */
	unsigned	 level;
	bool		 bad;		/* the bytes make no sense */
	size_t		 nkey;
	unsigned char	 key[LIMIT_PATH];
	struct str	 value;		/* of a leaf */
	struct oid	 child;		/* of an inner node */
	uint64_t	 below;
};

/* Gives back a reference; NULL is harmless. */
void		node_release(struct node *n);
/* 0: a leaf. */
unsigned	node_level(const struct node *n);
/* How many entries are below it. */
uint64_t	node_entries(const struct node *n);
/* Wrap bytes (not checked) for an iterator; for tests and fsck. */
struct node	*node_wrap(const void *p, size_t n);

/* Iterate: node_begin, then node_step until false (then look at bad). */
void		node_begin(struct node_it *it, struct node *n);
/* The next item; false at the end, or at one that cannot be read (bad). */
bool		node_step(struct node_it *it);
/* Step to the first item whose key is >= key; false: there is none. */
bool		node_seek(struct node_it *it, struct node *n, struct str key);
/* The key of the item at hand, valid until the next step. */
struct str	node_key(const struct node_it *it);

/* Building: one node at a time, bytes in the builder. */
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
};

/* Begin a node of a level; mem outlives the builder. */
void		node_build(struct node_builder *b, struct arena *mem,
		    unsigned level);
/* Add an item; true: the node ends after it. */
bool		node_add_value(struct node_builder *b, struct str key,
		    struct str value);
/* The same with a child, and how many entries are below it. */
bool		node_add_child(struct node_builder *b, struct str key,
		    const struct oid *child, uint64_t below);
/* The finished bytes; the builder begins anew with node_build. */
struct str	node_finish(struct node_builder *b);

/* Whether a node that grew from s0 to s1 bytes by this key ends there. */
bool		node_cut(struct str key, unsigned level, size_t s0, size_t s1);

#endif
