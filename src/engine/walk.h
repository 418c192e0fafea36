/* Walking the commit graph, best commit first. */
#ifndef ENGINE_WALK_H
#define ENGINE_WALK_H

#include "engine/engine_inside.h"

enum { WALK_MAX = 1000000 };	/* commits, then an honest error */

struct walk_commit {
	struct oid	id;
	struct oid	parents[COMMIT_PARENTS];
	size_t		n_parents;
	uint64_t	rank;		/* generation, or date */
	unsigned	colour;
};

/*
 * A queue of commits that gives each once, largest rank first, ties by larger
 * id.  Colours of a commit that is put several times are united.
 */
struct walk {
	struct arena		*mem;
	struct walk_commit	**heap;
	size_t			 n, room;
	struct walk_commit	**table;	/* seen, by id */
	size_t			 n_seen, size;
};

/* An empty queue, whose memory is mem's. */
void		walk_init(struct walk *w, struct arena *mem);
/* The commit, whether it was seen before or not (fresh: walk_load is next).
 * E_TOO_LARGE when WALK_MAX were. */
enum err	walk_see(struct cx *cx, struct walk *w, const struct oid *id,
		    struct walk_commit **out, bool *fresh);
enum walk_rank { BY_DATE, BY_GENERATION };
/* The rest of a fresh one, read from the store; then it is in the queue.
 * E_NO_SUCH_REF. */
enum err	walk_load(struct cx *cx, struct walk *w, struct engine *eng,
		    const struct uid *ruid, enum walk_rank rank,
		    struct walk_commit *c);
/* The best of the queue, which is then out of it; NULL at the end. */
struct walk_commit *walk_take(struct walk *w);

#endif
