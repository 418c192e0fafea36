/*
 * Memory of one request: taken piecewise, given back all at once.
 *
 * What is not memory (a descriptor, a statement) is registered with
 * arena_defer and released, last in first out, when the arena is emptied or
 * taken back past it.  Out of memory ends the process: no call returns NULL.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

/* A point in what was handed out. */
struct arena_mark {
	void		*chunk;
	size_t		 used;
	void		*defers;
};

/* An empty arena; ends with arena_free. */
struct arena	*arena_new(void);
/* Empty it, then free it; a may be NULL. */
void		 arena_free(struct arena *a);

/* n bytes, zeroed, aligned for any type; valid until the arena is emptied. */
void		*arena_get(struct arena *a, size_t n);
/* The same, with whatever bytes are there: for windows and copies. */
void		*arena_raw(struct arena *a, size_t n);
/* A copy with a NUL behind it. */
void		*arena_dup(struct arena *a, const void *p, size_t n);

/* Bytes that the arena has from the system. */
size_t		 arena_held(const struct arena *a);

/* Call fn(thing) when the arena is emptied or taken back before this point. */
void		 arena_defer(struct arena *a, void (*fn)(void *), void *thing);

/* Where the arena stands now. */
struct arena_mark arena_mark(struct arena *a);
/* Take back everything handed out since the mark; defers run, last first. */
void		 arena_back(struct arena *a, struct arena_mark m);
/* Take back everything. */
void		 arena_empty(struct arena *a);

#endif
