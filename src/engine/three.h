/* What two trees changed of a third, path by path. */
#ifndef ENGINE_THREE_H
#define ENGINE_THREE_H

#include "engine/engine_inside.h"

struct three {
	struct tree_diff	src, dst; /* base -> source, -> destination */
	struct tree_change	s, d;
	bool			has_s, has_d;
	bool			use_s, use_d;	/* what the item at hand took */
};

/* One path that differs from the base on one side or on both. */
struct three_item {
	struct str	path, base, src, dst;	/* p NULL: not there */
	bool		by_src, by_dst;		/* who changed it */
};

/*
 * From the first path >= from, each node in a snapshot of its own.  Close it
 * on every path, also when this fails.
 */
enum err	three_open(struct cx *cx, struct engine *eng,
		    const struct oid *base, const struct oid *src,
		    const struct oid *dst, struct str from, struct three *t);
/*
 * The next path, in order.  One whose entries are of different bytes and the
 * same content may come: then neither side changed it.  Slices are valid until
 * the next call.
 */
enum err	three_next(struct cx *cx, struct three *t,
		    struct three_item *it, bool *there);
/* Gives back what it holds; harmless twice. */
void		three_close(struct three *t);

#endif
