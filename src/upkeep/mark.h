/*
 * Walking everything that has a name: what gc keeps and fsck checks.
 *
 * Commits, nodes and manifests are remembered exactly (seen.h): wrongly
 * treating one as seen would delete everything below it.  Blocks have nothing
 * below them; the caller is told of each one, repeatedly.  Memory is bounded:
 * 8 MiB, and 1.5 bytes for each thing that does not fit there.
 */
#ifndef UPKEEP_MARK_H
#define UPKEEP_MARK_H

#include "engine/engine_inside.h"
#include "tree/claim.h"
#include "tree/node.h"
#include "upkeep/upkeep.h"

/* Branches, tags, head log, parts, rows: the records that a walk begins at. */
#define MARK_ROOTS	"BTHPr"

/*
 * A walk.  After mark_init the caller sets what it wants to be told of; what
 * is NULL is not told, but entry must be set.  A call that fails ends the walk
 * with its error.
 */
struct mark {
	struct engine	*eng;
	struct trees	 trees;		/* the engine's, or without its cache */
	void		*arg;		/* the caller's */
	/* An entry of a tree, a row or a part; or, with path "", a manifest,
	 * whose extents alone are set.  The same block may come many times. */
	enum err	(*entry)(struct cx *cx, struct mark *m,
			    struct str path, const struct entry *en);
	/* Where a node, and the record of a commit or manifest, come from: they
	 * give what node_get and kv_get give.  NULL: those. */
	enum err	(*get_node)(struct cx *cx, struct mark *m,
			    const struct oid *id, struct node **out);
	enum err	(*get_record)(struct cx *cx, struct mark *m,
			    struct str key, struct str *value, bool *there);
	/* Something named is not there, or a record cannot be read: E_CORRUPT
	 * is in cx.  OK, after cx_forget: the walk goes on with what else there
	 * is.  NULL: it ends. */
	enum err	(*on_missing)(struct cx *cx, struct mark *m);
	/* A commit, once, before its tree and its parents. */
	enum err	(*commit)(struct cx *cx, struct mark *m,
			    const struct uid *ruid, const struct commit *c);
	/* A node, once, before what is below it; rightmost: nothing of its tree
	 * is to its right. */
	enum err	(*node)(struct cx *cx, struct mark *m,
			    const struct node *n, bool rightmost);
	progress_fn	*progress;
	void		*progress_arg;
	struct seen	*seen;
	struct pile	*todo;		/* commits of a history */
	size_t		 n;		/* things that were seen */
	uint64_t	 commits, nodes, entries;
};

/* A walk that has seen nothing; mark_release on every path. */
void		mark_init(struct mark *m, struct engine *eng);
/* The same, with so few things in memory, a power of two: for tests. */
void		mark_init_small(struct mark *m, struct engine *eng,
		    size_t slots);
/* Frees what it remembers; the counts stay. */
void		mark_release(struct mark *m);
/* Forget what was seen: the walk goes there again.  The counts stay. */
void		mark_forget(struct mark *m);
/* Has all that mark_has and mark_see said been right?  E_STORE: what was seen
 * could not be read, and they said "seen".  Walks end with the same. */
enum err	mark_check(struct cx *cx, const struct mark *m);
/*
 * Walk from every root: what branches, tags, the head log, rows and uploads
 * name.  Each page of roots and each record is read in a short snapshot of its
 * own, so what gets its name during the walk may be missed.
 */
enum err	mark_roots(struct cx *cx, struct mark *m);
/* Walk from one root, a record whose key begins with one of MARK_ROOTS. */
enum err	mark_root(struct cx *cx, struct mark *m, struct str key,
		    struct str value);
/* Walk from one commit of a repository; the zero id is no commit: OK. */
enum err	mark_commit(struct cx *cx, struct mark *m,
		    const struct uid *ruid, const struct oid *id);
/* Walk from the root of one tree; the zero id is the empty tree. */
enum err	mark_tree(struct cx *cx, struct mark *m,
		    const struct oid *root);
/* Walk from one manifest. */
enum err	mark_manifest(struct cx *cx, struct mark *m,
		    const struct uid *id);
/* Remember a thing; false: it was seen before.  kind and id as for mark_has. */
bool		mark_see(struct mark *m, char kind, struct str id);
/* Whether the walk saw it: kind is an enum grey, id as its grey note has it. */
bool		mark_has(const struct mark *m, char kind, struct str id);

#endif
