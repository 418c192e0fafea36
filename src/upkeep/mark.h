/*
 * Walking everything that has a name: what gc keeps and fsck checks.
 *
 * Commits, nodes and manifests are remembered exactly (128 bits of a keyed
 * hash): to pass one over by mistake would lose what is under it.  Blocks have
 * nothing under them; who looks at them is told of each one.
 */
#ifndef UPKEEP_MARK_H
#define UPKEEP_MARK_H

#include "engine/engine_inside.h"
#include "tree/claim.h"
#include "tree/node.h"
#include "upkeep/upkeep.h"

struct mark {
	struct engine	*eng;
	void		*arg;
	/* All may be called many times for the same block. */
	enum err	(*entry)(struct cx *cx, struct mark *m,
			    struct str path, const struct entry *en);
	/* Something named is not there: E_CORRUPT in cx.  OK: go on. */
	enum err	(*missing)(struct cx *cx, struct mark *m);
	enum err	(*commit)(struct cx *cx, struct mark *m,
			    const struct uid *ruid, const struct commit *c);
	enum err	(*node)(struct cx *cx, struct mark *m,
			    const struct node *n, bool rightmost);
	progress_fn	*progress;
	void		*progress_arg;
	/* what was seen */
	struct seen	*table;
	size_t		 n, size;
	unsigned char	 seed[16];
	uint64_t	 commits, nodes, entries;
};

void		mark_init(struct mark *m, struct engine *eng);
void		mark_release(struct mark *m);
/* Every root that branches, tags, head log, rows and uploads hold. */
enum err	mark_roots(struct cx *cx, struct mark *m);
enum err	mark_commit(struct cx *cx, struct mark *m,
		    const struct uid *ruid, const struct oid *id);
enum err	mark_tree(struct cx *cx, struct mark *m,
		    const struct oid *root);
enum err	mark_manifest(struct cx *cx, struct mark *m,
		    const struct uid *id);
bool		mark_has(const struct mark *m, char kind, struct str id);

#endif
