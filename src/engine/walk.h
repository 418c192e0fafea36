/* Walking the commit graph, best commit first. */
#ifndef ENGINE_WALK_H
#define ENGINE_WALK_H

#include "engine/engine_inside.h"

/* Commits in all, and at once, then an honest error. */
enum { WALK_MAX = 1000000, WALK_WIDE = 100000 };

struct walk_commit {
	struct oid		 id;
	struct oid		 parents[COMMIT_PARENTS];
	size_t			 n_parents;
	int64_t			 order;	/* 0: by generation alone */
	uint64_t		 generation;
	int64_t			 latest;	/* see commit_latest */
	unsigned		 colour;
	struct walk_commit	*next;		/* of those to be used again */
};

/*
 * A queue of commits that gives each once, latest order first, ties by larger
 * generation, then by larger id.  Colours of a commit that is put several times
 * are united.
 *
 * A commit has no larger order than its children have, and a smaller
 * generation: when it is taken, none of its descendants is to come.  So what
 * was taken need not be remembered, and the queue alone says how the walk goes
 * on.  Commits of form 1, whose dates prove nothing, have the order 0: they
 * come behind all others, which are not among their ancestors.
 */
struct walk {
	struct arena		*mem;
	struct walk_commit	**heap;
	size_t			 n, room;
	struct walk_commit	**table;	/* what is in heap, by id */
	size_t			 size, n_seen;
	struct walk_commit	*taken, *spare;
};

/* An empty queue, whose memory is mem's. */
void		walk_init(struct walk *w, struct arena *mem);
/* The commit, whether it is in the queue or not (fresh: walk_load is next).
 * E_TOO_LARGE when WALK_MAX were, or WALK_WIDE are. */
enum err	walk_see(struct cx *cx, struct walk *w, const struct oid *id,
		    struct walk_commit **out, bool *fresh);
enum walk_rank { BY_DATE, BY_GENERATION };
/* The rest of a fresh one, read from the store; then it is in the queue.
 * E_NO_SUCH_REF. */
enum err	walk_load(struct cx *cx, struct walk *w, struct engine *eng,
		    const struct uid *ruid, enum walk_rank rank,
		    struct walk_commit *c);
/* The best of the queue, which is then out of it, and good until the next is
 * taken; NULL at the end. */
struct walk_commit *walk_take(struct walk *w);

#endif
