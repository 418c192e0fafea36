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

void		walk_init(struct walk *w, struct arena *mem);
/* fresh: it was not seen before, and walk_load is next. */
enum err	walk_see(struct cx *cx, struct walk *w, const struct oid *id,
		    struct walk_commit **out, bool *fresh);
enum walk_rank { BY_DATE, BY_GENERATION };
/* The rest of a fresh one, read from the store; then it is in the queue. */
enum err	walk_load(struct cx *cx, struct walk *w, struct engine *eng,
		    const struct uid *ruid, enum walk_rank rank,
		    struct walk_commit *c);
struct walk_commit *walk_take(struct walk *w);		/* NULL at the end */

#endif
